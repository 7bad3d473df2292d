/* SPDX-License-Identifier: MIT */
/* What a program that is executed again is told. */
#include "sys/exec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/mapping.h"
#include "support/yoke_test.h"

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
        yt_unit_test(test_restored_mapping),
        yt_unit_test(test_no_obstacle),
    };

    return yt_run_group(tests);
}
