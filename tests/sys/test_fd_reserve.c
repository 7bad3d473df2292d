/* SPDX-License-Identifier: MIT */
/* Numbers that are in use stay in use, for nothing; all in children, whose tables these are. */
#include "sys/fd_reserve.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/yoke_test.h"

static bool is_null(int fd)
{
    struct stat null;
    struct stat status;

    return stat("/dev/null", &null) == 0 && fstat(fd, &status) == 0 &&
           status.st_rdev == null.st_rdev;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

/* A pipe's ends at two numbers. */
static bool open_at(int reader, int writer)
{
    int ends[2];

    return pipe(ends) == 0 && fcntl(ends[0], F_DUPFD, 300) >= 0 &&
           dup2(ends[0], reader) == reader && dup2(ends[1], writer) == writer;
}

static int reserve(void *arg)
{
    const int own[] = {160, 170};
    const int kept[] = {0, 165};
    yk_fd_reserve self;

    (void)arg;
    if (!open_at(160, 165) || !open_at(170, 166) || !open_at(180, 181) ||
        !yk_fd_reserve_all(&self, own, 2, kept, 2)) {
        return 1;
    }
    if (is_null(160) || is_null(165) || is_null(170) || !is_null(166) ||
        !is_null(180) || !is_null(181) || !is_null(300)) {
        return 2;
    }
    if (!yk_fd_is_reserved(&self, 0) || yk_fd_is_reserved(&self, 1) ||
        yk_fd_is_reserved(&self, 160) || !yk_fd_is_reserved(&self, 165) ||
        !yk_fd_is_reserved(&self, 166) || yk_fd_is_reserved(&self, 167)) {
        return 3;
    }
    if (dup2(1, 167) != 167 || dup2(1, 299) != 299 || dup2(1, 400) != 400) {
        return 4;
    }
    yk_fd_close_others(&self, own, 1);
    return is_open(160) && is_open(165) && is_open(166) && !is_open(170) &&
                   !is_open(167) && !is_open(299) && !is_open(400) && is_open(300)
               ? 0
               : 5;
}

static void test_reserve(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(reserve, NULL, 30), 0);
}

static int count_null(void)
{
    int count = 0;

    for (int fd = 3; fd < 2000; fd++) {
        count += is_null(fd);
    }
    return count;
}

/* The next free numbers, but not all of what the limit allows. */
static int reserve_next(void *arg)
{
    const int limit = *(int *)arg;
    const struct rlimit both = {(rlim_t)limit, (rlim_t)limit};
    const int before = count_null();
    const int next = dup(1);

    (void)close(next);
    if (setrlimit(RLIMIT_NOFILE, &both) != 0) {
        return 1;
    }
    yk_fd_reserve_next();
    if (count_null() - before != (limit >= 1024 ? YK_FD_MOST_EXTRA : limit / 8)) {
        return 2;
    }
    return is_null(next) && yk_fd_renumber(next) > next ? 0 : 3;
}

static void test_next_numbers(void **state)
{
    int limits[] = {1024, 64};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(yt_in_child(reserve_next, &limits[i], 30), 0);
    }
}

/* Nothing is left to open /dev/null with: then the numbers are closed at least. */
static int reserve_without_room(void *arg)
{
    const struct rlimit both = {64, 64};
    yk_fd_reserve self;

    (void)arg;
    for (int fd = 3; fd < 64; fd++) {
        if (dup2(1, fd) != fd) {
            return 1;
        }
    }
    if (setrlimit(RLIMIT_NOFILE, &both) != 0) {
        return 2;
    }
    yk_fd_reserve_next();
    return yk_fd_reserve_all(&self, NULL, 0, NULL, 0) && !is_open(3) && !is_open(63)
               ? 0
               : 3;
}

static void test_full_table(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(reserve_without_room, NULL, 30), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_reserve),
        yt_unit_test(test_next_numbers),
        yt_unit_test(test_full_table),
    };

    return yt_run_group(tests);
}
