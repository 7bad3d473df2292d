/* SPDX-License-Identifier: MIT */
/*
 * Kernels whose sources include files that change, go or come while the kernels live:
 * whatever is built of a kernel, now or later, is built of the text that it was created
 * with. On CPU workers through PoCL and on the OpenCL devices of all drivers there are.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source_setup.h"

enum { ITEMS = 4096, MOST_WORKERS = 8 };

static const char include_cl[] =
    "#include \"common.h\"\n"
    "__kernel void f(__global uint *out) { out[get_global_id(0)] = K; }\n";

static char folder[64];
static yoke_pool *pool;
static uint32_t *out;

/* ---- files ---- */

static int set_up_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/yoke-headers-%ld", (long)getpid());
    return mkdir(folder, 0700) == 0 && chdir(folder) == 0 && mkdir("inc", 0700) == 0
               ? 0
               : -1;
}

static int tear_down_folder(void **state)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? yt_test_teardown(state) : -1;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void write_number(const char *path, unsigned number)
{
    char text[64];

    (void)snprintf(text, sizeof text, "#define K %uu\n", number);
    write_text(path, text);
}

/* ---- pools ---- */

/* False: there is no such device here. */
static bool open_pool(const source_device *device)
{
    pool = source_open(device);
    out = pool != NULL ? api_numbers(pool, ITEMS) : NULL;
    return pool != NULL;
}

static yoke_kernel *create(const char *source, const char *options)
{
    const yoke_kernel_options described = {
        .name = "f", .source = source, .build_options = options};
    yoke_kernel *kernel;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &described));
    return kernel;
}

/* Every item of a job is what the kernel's text says. */
static void check_items(yoke_kernel *kernel, size_t items, uint32_t value)
{
    memset(out, 0, ITEMS * sizeof *out);
    assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(items),
                                       &(yoke_map_options){.chunk = 64},
                                       YOKE_ARGS(yoke_out(out, 4))));
    if (!api_all(out, items, value)) {
        fail_msg("an item is not %u; the first is %u, the last %u", value, out[0],
                 out[items - 1]);
    }
}

static bool none_is_starting(void *arg)
{
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;

    (void)arg;
    if (yoke_pool_workers(pool, workers, MOST_WORKERS, &count) != YOKE_OK) {
        return false;
    }
    for (size_t i = 0; i < count && i < MOST_WORKERS; i++) {
        if (workers[i].state == YOKE_WORKER_STARTING) {
            return false;
        }
    }
    return true;
}

/* All that was built is gone. */
static void replace_workers(void)
{
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;

    assert_true(yt_wait_until(none_is_starting, NULL, 60));
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count));
    for (size_t i = 0; i < count && i < MOST_WORKERS; i++) {
        if (workers[i].state == YOKE_WORKER_READY) {
            assert_int_equal(kill(workers[i].pid, SIGKILL), 0);
        }
    }
}

/* ---- tests ---- */

static void check_change(const source_device *device)
{
    yoke_kernel *before;
    yoke_kernel *after;

    write_number("inc/common.h", 1);
    if (!open_pool(device)) {
        return;
    }
    before = create(include_cl, "-I inc");
    check_items(before, ITEMS, 1);
    write_number("inc/common.h", 2);
    after = create(include_cl, "-I inc");
    check_items(after, ITEMS, 2);
    check_items(before, ITEMS, 1);
    assert_int_equal(unlink("inc/common.h"), 0);
    replace_workers();
    for (int i = 0; i < 4; i++) {
        check_items(after, ITEMS, 2);
        check_items(before, ITEMS, 1);
    }
    yoke_kernel_destroy(before);
    yoke_kernel_destroy(after);
    write_number("inc/common.h", 3);
    after = create(include_cl, "-I inc");
    check_items(after, ITEMS, 3);
    yoke_kernel_destroy(after);
    api_close(pool);
}

static void a_kernel_keeps_the_text_it_was_created_with(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        check_change(&source_devices[i]);
    }
}

/* Builds for a range come with its first job. */
static void check_ranges(const source_device *device)
{
    static const char source[] =
        "#include <common.h>\n"
        "__kernel void f(__global uint *out) { out[get_global_id(0)] = VALUE; }\n";
    yoke_kernel *kernel;

    write_text("inc/common.h", "#define VALUE (get_global_size(0) + 1)\n");
    if (!open_pool(device)) {
        return;
    }
    kernel = create(source, "-I inc");
    check_items(kernel, 640, 641);
    write_text("inc/common.h", "#define VALUE (get_global_size(0) + 2)\n");
    check_items(kernel, 1280, 1281);
    assert_int_equal(unlink("inc/common.h"), 0);
    check_items(kernel, 2560, 2561);
    replace_workers();
    check_items(kernel, 640, 641);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void builds_for_a_range_are_of_the_same_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        check_ranges(&source_devices[i]);
    }
}

/* Headers within headers, names that are macros, forced files, links. */
static void files_are_found_in_every_way_and_kept(void **state)
{
    static const char source[] = "#define LAST \"last.h\"\n"
                                 "#include \"inc/first.h\"\n"
                                 "#include LAST\n"
                                 "__kernel void f(__global uint *out) { "
                                 "out[get_global_id(0)] = A + B + C + D; }\n";
    yoke_kernel *kernel;

    (void)state;
    if (!open_pool(&source_devices[0])) {
        skip();
    }
    write_text("inc/first.h", "#pragma once\n#include \"second.h\"\n");
    write_text("inc/second.h", "#include \"first.h\"\n#define A 1\n");
    write_text("last.h", "#define B 20\n");
    write_text("forced.h", "#define C 300\n");
    write_text("linked-1.h", "#define D 4000\n");
    write_text("linked-2.h", "#define D 8000\n");
    assert_int_equal(symlink("linked-1.h", "linked.h"), 0);
    kernel = create(source, "-include forced.h -include linked.h");
    assert_int_equal(unlink("linked.h"), 0);
    assert_int_equal(symlink("linked-2.h", "linked.h"), 0);
    write_text("inc/second.h", "#define A 2\n");
    write_text("last.h", "#define B 30\n");
    write_text("forced.h", "#define C 400\n");
    check_items(kernel, ITEMS, 4321);
    replace_workers();
    check_items(kernel, ITEMS, 4321);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* Names are relative to where the program is when it creates the kernel. */
static void the_working_directory_may_change(void **state)
{
    yoke_kernel *kernel;
    yoke_kernel *other;

    (void)state;
    if (!open_pool(&source_devices[0])) {
        skip();
    }
    write_number("inc/common.h", 5);
    assert_int_equal(mkdir("there", 0700), 0);
    assert_int_equal(mkdir("there/inc", 0700), 0);
    write_number("there/inc/common.h", 6);
    kernel = create(include_cl, "-I inc");
    assert_int_equal(chdir("there"), 0);
    other = create(include_cl, "-Iinc");
    check_items(other, ITEMS, 6);
    replace_workers();
    check_items(kernel, ITEMS, 5);
    check_items(other, ITEMS, 6);
    assert_int_equal(chdir(".."), 0);
    yoke_kernel_destroy(kernel);
    yoke_kernel_destroy(other);
    api_close(pool);
}

/* What was not there when the kernel was created never is, neither for the compiler nor
 * for a build that comes later. */
static void check_late_file(const source_device *device)
{
    static const char source[] =
        "#if __has_include(<late.h>)\n"
        "#include <late.h>\n"
        "#endif\n"
        "#ifndef K\n"
        "#define K 7\n"
        "#endif\n"
        "__kernel void f(__global uint *out)\n"
        "{ out[get_global_id(0)] = get_global_size(0) > 0 ? K : 0; }\n";
    yoke_kernel *kernel;

    if (!open_pool(device)) {
        return;
    }
    kernel = create(source, "");
    check_items(kernel, 640, 7);
    write_number("late.h", 8);
    check_items(kernel, 1280, 7);
    replace_workers();
    check_items(kernel, 640, 7);
    assert_int_equal(unlink("late.h"), 0);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void a_file_that_comes_later_is_not_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        check_late_file(&source_devices[i]);
    }
}

/* The second form of a kernel is built when the first has run for a while. */
static void never_run(const yoke_span *span, void *const args[])
{
    (void)args;
    yoke_span_fail(span, 1, "the source was asked for");
}

static void the_second_form_is_of_the_same_text(void **state)
{
    yoke_kernel_options described = {.name = "f",
                                     .source = include_cl,
                                     .build_options = "-I inc",
                                     .native = never_run,
                                     .cpu_form = YOKE_FORM_SOURCE};
    yoke_kernel *kernel;

    (void)state;
    if (!open_pool(&source_devices[0])) {
        skip();
    }
    write_number("inc/common.h", 9);
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &described));
    write_number("inc/common.h", 10);
    check_items(kernel, ITEMS, 9);
    replace_workers();
    check_items(kernel, ITEMS, 9);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* Messages of compilers name the files and their lines. */
static void messages_name_the_file_and_its_line(void **state)
{
    const yoke_kernel_options described = {
        .name = "f", .source = include_cl, .build_options = "-I inc"};
    yoke_kernel *kernel = NULL;

    (void)state;
    if (!open_pool(&source_devices[0])) {
        skip();
    }
    write_text("inc/common.h", "#define K 1\n\nint wrong(void) { return nowhere; }\n");
    assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &described),
                       YOKE_EBUILD);
    assert_contains(yoke_pool_error(pool), "inc/common.h:3:");
    write_text("inc/common.h", "#define K nowhere\n");
    assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &described),
                       YOKE_EBUILD);
    assert_contains(yoke_pool_error(pool), "<source>:2:");
    assert_int_equal(unlink("inc/common.h"), 0);
    assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &described),
                       YOKE_EBUILD);
    assert_contains(yoke_pool_error(pool), "<source>:1:");
    assert_contains(yoke_pool_error(pool), "'common.h' file not found");
    assert_int_equal(mkfifo("inc/common.h", 0600), 0);
    assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &described),
                       YOKE_EBUILD);
    assert_contains(yoke_pool_error(pool), "\"common.h\" cannot be read");
    assert_int_equal(unlink("inc/common.h"), 0);
    api_check_works(pool);
    api_close(pool);
}

/* In a folder with a blank in its name: the file, and beside it what it includes in both ways. */
static void a_source_may_be_a_file(void **state)
{
    const yoke_kernel_options options = {
        .name = "f", .source_file = "a folder/f.cl", .build_options = "-DMORE=2"};
    yoke_kernel *kernel;

    (void)state;
    (void)mkdir("a folder", 0700);
    write_text("a folder/f.cl",
               "#include \"quoted.h\"\n#include <angled.h>\n"
               "__kernel void f(__global uint *out) { out[get_global_id(0)] = K + L + MORE; }\n");
    write_text("a folder/quoted.h", "#define K 30\n");
    write_text("a folder/angled.h", "#define L 10\n");
    if (!open_pool(&source_devices[0])) {
        return;
    }
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    check_items(kernel, ITEMS, 42);
    write_text("a folder/f.cl", "__kernel void f(__global uint *out)\n{ out = nothing; }\n");
    assert_int_equal(yoke_kernel_create(&kernel, pool, &options), YOKE_EBUILD);
    assert_non_null(strstr(yoke_pool_error(pool), "a folder/f.cl:2"));
    yoke_pool_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(a_source_may_be_a_file),
        yt_unit_test(a_kernel_keeps_the_text_it_was_created_with),
        yt_unit_test(builds_for_a_range_are_of_the_same_text),
        yt_unit_test(files_are_found_in_every_way_and_kept),
        yt_unit_test(the_working_directory_may_change),
        yt_unit_test(a_file_that_comes_later_is_not_taken),
        yt_unit_test(the_second_form_is_of_the_same_text),
        yt_unit_test(messages_name_the_file_and_its_line),
    };

    return yt_run_group_with(tests, set_up_folder, tear_down_folder);
}
