/* SPDX-License-Identifier: MIT */
/* Named segments as the system has them, and the mapping that one lies over. */
#include "support/yoke_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sys/mapping.h"
#include "sys/segment.h"

enum { PAGE_COUNT = 16 };

static char name[64];
static yk_error error;

static int start(void **state)
{
    (void)state;
    (void)snprintf(name, sizeof name, "yoke_test_%d_segment", (int)getpid());
    yk_error_clear(&error);
    return 0;
}

static void test_names(void **state)
{
    char longest[YK_SEGMENT_NAME + 2];

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[YK_SEGMENT_NAME + 1] = '\0';
    assert_status(yk_segment_check_name(longest, &error), YOKE_EINVAL);
    longest[YK_SEGMENT_NAME] = '\0';
    assert_ok(yk_segment_check_name(longest, &error));
    assert_ok(yk_segment_check_name(".hidden", &error));
    assert_status(yk_segment_check_name(".", &error), YOKE_EINVAL);
    assert_status(yk_segment_check_name(NULL, &error), YOKE_EINVAL);
}

static void test_create_open_unlink(void **state)
{
    yk_segment first;
    yk_segment second;

    (void)state;
    assert_ok(yk_segment_create(&first, name, 5000, &error));
    assert_int_equal(first.bytes, 5000);
    assert_status(yk_segment_create(&second, name, 1, &error), YOKE_EEXIST);
    assert_int_equal(second.fd, -1);
    assert_ok(yk_segment_open(&second, name, true, &error));
    assert_true(second.inode == first.inode && second.device == first.device &&
                second.bytes == 5000);
    assert_ok(yk_segment_unlink(name, &error));
    assert_status(yk_segment_unlink(name, &error), YOKE_ENOENT);
    yk_segment_close(&second);
    assert_status(yk_segment_open(&second, name, true, &error), YOKE_ENOENT);
    yk_segment_close(&second); /* of what was not opened */
    yk_segment_close(&first);
    assert_int_equal(first.fd, -1);
}

/* More than /dev/shm has left is an error, and no name is left behind. */
static void test_no_space(void **state)
{
    struct statvfs info;
    yk_segment segment;
    uint64_t left;

    (void)state;
    if (statvfs("/dev/shm", &info) != 0 || info.f_blocks == 0) {
        skip();
    }
    left = (uint64_t)info.f_bavail * info.f_frsize;
    assert_status(yk_segment_create(&segment, name, 2 * left + 4096, &error),
                  YOKE_ENOMEM);
    assert_contains(error.text, "/dev/shm has");
    assert_status(yk_segment_unlink(name, &error), YOKE_ENOENT);
}

/* The limit of file sizes is an error and no signal. */
static int create_limited(void *unused)
{
    const struct rlimit limit = {4096, 4096};
    yk_segment segment;

    (void)unused;
    return setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                   yk_segment_create(&segment, name, 4097, &error) == YOKE_ENOMEM &&
                   strstr(error.text, "ulimit -f") != NULL &&
                   yk_segment_unlink(name, &error) == YOKE_ENOENT
               ? 0
               : 1;
}

static void test_file_limit(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(create_limited, NULL, 30), 0);
}

/* Another process's descriptor, with and without the name; a number that means something
 * else by now; one that is gone. */
static void test_borrow(void **state)
{
    yk_segment segment;
    yk_segment other;
    int fd;

    (void)state;
    assert_ok(yk_segment_create(&segment, name, 100, &error));
    other = segment;
    fd = yk_segment_borrow(&segment, getpid(), name, false);
    assert_true(fd >= 0 && fd != segment.fd);
    (void)close(fd);
    other.fd = 0;
    fd = yk_segment_borrow(&other, getpid(), name, true); /* by name */
    assert_true(fd >= 0);
    (void)close(fd);
    assert_ok(yk_segment_unlink(name, &error));
    assert_int_equal(yk_segment_borrow(&other, getpid(), name, true), -1);
    other.fd = 999;
    assert_int_equal(yk_segment_borrow(&other, getpid(), name, true), -1);
    assert_int_equal(yk_segment_size_now(&other, getpid(), name), UINT64_MAX);
    fd = yk_segment_borrow(&segment, getpid(), name, false); /* by descriptor */
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 50), 0);
    assert_int_equal(yk_segment_size_now(&segment, getpid(), name), 50);
    (void)close(fd);
    yk_segment_close(&segment);
}

static void test_invented_names_differ(void **state)
{
    char first[YK_SEGMENT_NAME + 1];
    char second[YK_SEGMENT_NAME + 1];

    (void)state;
    yk_segment_invent_name(first);
    yk_segment_invent_name(second);
    assert_string_not_equal(first, second);
    assert_ok(yk_segment_check_name(first, &error));
}

static int read_byte(void *byte)
{
    (void)signal(SIGSEGV, SIG_DFL); /* not the test runner's */
    return *(const volatile char *)byte == 0 ? 0 : 1;
}

/* A window over a mapping, in this process alone, and nothing there afterwards. */
static void test_cover(void **state)
{
    const size_t page = yk_page_size();
    yk_mapping mapping;
    yk_segment segment;
    char *pages;

    (void)state;
    assert_ok(yk_mapping_create(&mapping, "test", PAGE_COUNT * page, PAGE_COUNT * page,
                                &error));
    pages = mapping.base;
    memset(pages, 'm', PAGE_COUNT * page);
    assert_ok(yk_segment_create(&segment, name, page + 10, &error));
    assert_ok(yk_segment_unlink(name, &error));
    assert_false(yk_mapping_overlay(&mapping, 3 * page, 2 * page, -1, false));
    assert_int_equal(pages[3 * page], 'm');
    assert_true(yk_mapping_overlay(&mapping, 3 * page, 2 * page, segment.fd, false));
    assert_int_equal(pages[3 * page], 0);
    assert_int_equal(pages[3 * page - 1], 'm');
    assert_int_equal(pages[5 * page], 'm');
    pages[4 * page] = 's';
    assert_true(yk_file_write(segment.fd, "t", 1, 0));
    assert_int_equal(pages[3 * page], 't');
    assert_true(yk_mapping_remove_overlay(&mapping, 3 * page, 2 * page));
    assert_int_equal(yt_in_child(read_byte, &pages[3 * page], 30), -SIGSEGV);
    assert_int_equal(yt_in_child(read_byte, &pages[5 * page - 1], 30), -SIGSEGV);
    assert_int_equal(pages[3 * page - 1], 'm');
    assert_int_equal(pages[5 * page], 'm');
    assert_true(yk_mapping_overlay(&mapping, 0, 2 * page, segment.fd, true));
    assert_int_equal(pages[page], 's');
    yk_segment_close(&segment);
    yk_mapping_destroy(&mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, start, yt_test_teardown),
        cmocka_unit_test_setup_teardown(test_create_open_unlink, start,
                                        yt_test_teardown),
        cmocka_unit_test_setup_teardown(test_no_space, start, yt_test_teardown),
        cmocka_unit_test_setup_teardown(test_file_limit, start, yt_test_teardown),
        cmocka_unit_test_setup_teardown(test_borrow, start, yt_test_teardown),
        cmocka_unit_test_setup_teardown(test_invented_names_differ, start,
                                        yt_test_teardown),
        cmocka_unit_test_setup_teardown(test_cover, start, yt_test_teardown),
    };

    return yt_run_group(tests);
}
