/* SPDX-License-Identifier: MIT */
/* What a program that is executed again is told. */
#include "sys/exec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/yoke_test.h"
#include "sys/mapping.h"

static void test_sealed_files(void **state)
{
    const char text[16] = "some words";
    char got[16] = "";
    char more[32];
    int fd = yk_sealed_file(text, sizeof text);

    (void)state;
    assert_true(fd >= 0);
    assert_true(yk_sealed_read(fd, got, sizeof got));
    assert_string_equal(got, text);
    assert_false(yk_sealed_read(fd, more, sizeof more));
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    (void)close(fd);
    assert_false(yk_sealed_read(fd, got, sizeof got));
    fd = yk_memory_file("open");
    assert_true(yk_file_write(fd, text, sizeof text, 0));
    assert_false(yk_sealed_read(fd, got, sizeof got));
    (void)close(fd);
}

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

/* Where vm.memfd_noexec is not 0 the system adds a seal. */
static void test_more_seals_than_ours(void **state)
{
    const char text[16] = "some words";
    const int wanted = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    const int fd = memfd_create("more seals", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char got[16] = "";

    (void)state;
    assert_int_equal(pwrite(fd, text, sizeof text, 0), sizeof text);
    assert_int_equal(fchmod(fd, 0600), 0);
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC) != 0) {
        (void)close(fd);
        skip(); /* before Linux 6.3 */
    }
    assert_int_equal(fcntl(fd, F_ADD_SEALS, wanted & ~F_SEAL_WRITE & ~F_SEAL_SEAL), 0);
    assert_false(yk_sealed_read(fd, got, sizeof got));
    assert_int_equal(fcntl(fd, F_ADD_SEALS, wanted), 0);
    assert_true(yk_sealed_read(fd, got, sizeof got));
    assert_string_equal(got, text);
    (void)close(fd);
}

/* The library's other memory files take no seals. */
static void test_memory_file_takes_no_seals(void **state)
{
    const int fd = yk_memory_file("unsealed");

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_true(yk_file_write(fd, "x", 1, 0));
    (void)close(fd);
}

/* This process was executed by the test runner. */
static void test_not_executed_again(void **state)
{
    (void)state;
    assert_false(yk_exec_is_again());
    yk_exec_settle();
    assert_false(yk_exec_is_again());
}

/* Where something else lies, it stays; where nothing does, the bytes are the same. */
static void test_restored_mapping(void **state)
{
    yk_mapping mapping;
    char *bytes;

    (void)state;
    assert_ok(yk_mapping_create(&mapping, "test", 1 << 20, 1 << 20, NULL));
    bytes = mapping.base;
    bytes[1000] = 7;
    assert_false(yk_mapping_restore(&mapping));
    assert_int_equal(bytes[1000], 7);
    assert_int_equal(munmap(mapping.base, mapping.size), 0);
    assert_true(yk_mapping_restore(&mapping));
    assert_int_equal(bytes[1000], 7);
    yk_mapping_destroy(&mapping);
}

static void test_no_obstacle(void **state)
{
    (void)state;
    assert_null(yk_exec_obstacle());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_sealed_files),
        yt_unit_test(test_more_seals_than_ours),
        yt_unit_test(test_memory_file_takes_no_seals),
        yt_unit_test(test_not_executed_again),
        yt_unit_test(test_restored_mapping),
        yt_unit_test(test_no_obstacle),
    };

    return yt_run_group(tests);
}
