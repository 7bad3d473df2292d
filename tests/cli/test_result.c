/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/interrupt.h"
#include "cli/run/kernel_file.h"
#include "cli/formats/array_file.h"
#include "cli/run/result.h"

static char folder[64];

static int enter_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/yoke-test-XXXXXX");
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

/* Fails if anything but the names that the test removed is there. */
static int leave_folder(void **state)
{
    (void)state;
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

static yk_shape array_of(size_t count)
{
    yk_shape array = {.element = yk_element_named("int32", 5), .axes = 1};
    yk_complaint complaint;

    array.shape[0] = count;
    assert_true(yk_shape_measure(&array, &complaint));
    return array;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void expect_text(const char *path, const char *wanted)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    (void)fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    assert_string_equal(text, wanted);
}

static void expect_values(const char *path, const int32_t *wanted, size_t count)
{
    int32_t values[16];
    yk_complaint complaint;
    yk_array_file file;

    assert_true(yk_array_file_open(&file, path, NULL, &complaint));
    assert_int_equal(file.shape.count, count);
    assert_true(yk_array_file_load(&file, values, &complaint));
    yk_array_file_close(&file);
    assert_memory_equal(values, wanted, count * sizeof *wanted);
}

static void a_result_appears_when_committed(void **state)
{
    static const int32_t values[] = {1, 2, 3};
    const yk_shape array = array_of(3);
    yk_complaint complaint;
    yk_result result;

    (void)state;
    assert_true(yk_result_prepare(&result, "a.npy", NULL, &complaint));
    assert_true(yk_result_write(&result, &array, values, &complaint));
    assert_int_equal(access("a.npy", F_OK), -1);
    assert_true(yk_result_commit(&result, &complaint));
    yk_result_fini(&result);
    expect_values("a.npy", values, 3);
    assert_int_equal(unlink("a.npy"), 0);
}

static void what_is_not_committed_is_removed(void **state)
{
    static const int32_t values[] = {1, 2, 3};
    const yk_shape array = array_of(3);
    yk_complaint complaint;
    yk_result result;

    (void)state;
    write_text("a.npy", "old");
    assert_true(yk_result_prepare(&result, "a.npy", NULL, &complaint));
    assert_true(yk_result_write(&result, &array, values, &complaint));
    yk_result_fini(&result);
    expect_text("a.npy", "old");
    assert_int_equal(unlink("a.npy"), 0);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    enum { COUNT = 1 << 16 };
    const struct rlimit little = {1 << 12, RLIM_INFINITY};
    const struct rlimit much = {RLIM_INFINITY, RLIM_INFINITY};
    const yk_shape array = array_of(COUNT);
    int32_t *values = calloc(COUNT, sizeof *values);
    yk_complaint complaint;
    yk_result result;
    bool good;

    (void)state;
    assert_non_null(values);
    yk_interrupt_watch();
    write_text("a.npy", "old");
    assert_true(yk_result_prepare(&result, "a.npy", NULL, &complaint));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    good = yk_result_write(&result, &array, values, &complaint);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &much), 0);
    assert_false(good);
    assert_string_equal(complaint.text, "the file cannot be written: File too large");
    yk_result_fini(&result);
    expect_text("a.npy", "old");
    assert_int_equal(unlink("a.npy"), 0);
    free(values);
}

static void permissions_and_links_stay(void **state)
{
    static const int32_t value = 7;
    const yk_shape array = array_of(1);
    yk_complaint complaint;
    struct stat status;
    yk_result result;

    (void)state;
    write_text("a.npy", "old");
    assert_int_equal(chmod("a.npy", 0604), 0);
    assert_int_equal(symlink("a.npy", "link.npy"), 0);
    assert_true(yk_result_prepare(&result, "link.npy", NULL, &complaint));
    assert_true(yk_result_write(&result, &array, &value, &complaint));
    assert_true(yk_result_commit(&result, &complaint));
    yk_result_fini(&result);
    expect_values("a.npy", &value, 1);
    assert_int_equal(lstat("link.npy", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat("a.npy", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0604);
    assert_int_equal(unlink("a.npy"), 0);
    assert_int_equal(unlink("link.npy"), 0);
}

static void a_new_file_obeys_the_umask(void **state)
{
    static const int32_t value = 7;
    const mode_t mask = umask(027);
    const yk_shape array = array_of(1);
    yk_complaint complaint;
    struct stat status;
    yk_result result;

    (void)state;
    assert_true(yk_result_prepare(&result, "a.npy", NULL, &complaint));
    (void)umask(mask);
    assert_true(yk_result_write(&result, &array, &value, &complaint));
    assert_true(yk_result_commit(&result, &complaint));
    yk_result_fini(&result);
    assert_int_equal(stat("a.npy", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(unlink("a.npy"), 0);
}

static void expect_no_place(const char *path, const char *why)
{
    yk_complaint complaint = {""};
    yk_result result;
    const bool good = yk_result_prepare(&result, path, NULL, &complaint);

    yk_result_fini(&result);
    assert_false(good);
    assert_non_null(strstr(complaint.text, why));
}

static void places_without_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    expect_no_place("nowhere/a.npy", "No such file or directory");
    expect_no_place("sub", "not a regular file");
    expect_no_place("sub/", "folder");
    expect_no_place("a.npy/", "folder");
    expect_no_place("/dev/null", "not a regular file");
    assert_int_equal(rmdir("sub"), 0);
}

static void the_same_place_by_two_names(void **state)
{
    yk_complaint complaint;
    yk_result one;
    yk_result other;

    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_true(yk_result_prepare(&one, "a.npy", NULL, &complaint));
    assert_true(yk_result_prepare(&other, "sub/../a.npy", NULL, &complaint));
    assert_string_equal(one.target, other.target);
    yk_result_fini(&one);
    yk_result_fini(&other);
    assert_int_equal(rmdir("sub"), 0);
}

static void a_kernel_file(void **state)
{
    yk_complaint complaint;
    yk_kernel_file file;

    (void)state;
    write_text("k.cl", "kernel");
    assert_true(yk_kernel_file_read(&file, "k.cl", "-DN=1", &complaint));
    assert_string_equal(file.text, "#line 1 \"k.cl\"\nkernel");
    assert_string_equal(file.build_options, "-DN=1");
    yk_kernel_file_fini(&file);
    assert_false(yk_kernel_file_read(&file, "missing.cl", NULL, &complaint));
    assert_string_equal(complaint.text, "missing.cl: No such file or directory");
    yk_kernel_file_fini(&file);
    assert_int_equal(unlink("k.cl"), 0);
}

/* The folder is an option only where it may be needed. */
static void a_kernel_file_that_includes(void **state)
{
    char wanted[128];
    yk_complaint complaint;
    yk_kernel_file file;

    (void)state;
    write_text("k.cl", "#include \"k.h\"");
    (void)snprintf(wanted, sizeof wanted, "-DN=1 -I\"%s\"", folder);
    assert_true(yk_kernel_file_read(&file, "k.cl", "-DN=1", &complaint));
    assert_string_equal(file.build_options, wanted);
    yk_kernel_file_fini(&file);
    assert_true(yk_kernel_file_read(&file, "k.cl", NULL, &complaint));
    assert_string_equal(file.build_options, wanted + strlen("-DN=1 "));
    yk_kernel_file_fini(&file);
    write_text("k.cl", "kernel");
    (void)snprintf(wanted, sizeof wanted, "-include k.h -I\"%s\"", folder);
    assert_true(yk_kernel_file_read(&file, "k.cl", "-include k.h", &complaint));
    assert_string_equal(file.build_options, wanted);
    yk_kernel_file_fini(&file);
    assert_int_equal(unlink("k.cl"), 0);
}

/* The option is quoted, for the library, which takes it away. */
static void a_kernel_file_in_an_odd_folder(void **state)
{
    char wanted[128];
    yk_complaint complaint;
    yk_kernel_file file;

    (void)state;
    assert_int_equal(mkdir("my \"ker\\nels\"", 0700), 0);
    write_text("my \"ker\\nels\"/k.cl", "#include");
    assert_true(yk_kernel_file_read(&file, "my \"ker\\nels\"/k.cl", NULL, &complaint));
    assert_string_equal(file.text,
                        "#line 1 \"my \\\"ker\\\\nels\\\"/k.cl\"\n#include");
    (void)snprintf(wanted, sizeof wanted, "-I\"%s/my \\\"ker\\\\nels\\\"\"", folder);
    assert_string_equal(file.build_options, wanted);
    yk_kernel_file_fini(&file);
    assert_int_equal(unlink("my \"ker\\nels\"/k.cl"), 0);
    assert_int_equal(rmdir("my \"ker\\nels\""), 0);
}

#define IN_FOLDER(test)                                                                \
    cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_result_appears_when_committed),
        IN_FOLDER(what_is_not_committed_is_removed),
        IN_FOLDER(a_full_disk_leaves_the_old_file),
        IN_FOLDER(permissions_and_links_stay),
        IN_FOLDER(a_new_file_obeys_the_umask),
        IN_FOLDER(places_without_files),
        IN_FOLDER(the_same_place_by_two_names),
        IN_FOLDER(a_kernel_file),
        IN_FOLDER(a_kernel_file_that_includes),
        IN_FOLDER(a_kernel_file_in_an_odd_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
