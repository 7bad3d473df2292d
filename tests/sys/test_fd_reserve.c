/* SPDX-License-Identifier: MIT */
/* Numbers that are in use stay in use, for nothing; all in children, whose tables these are. */
#include "sys/fd_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* ---- where close_range() is missing ---- */

/* Without close_range(), and killed if it asks about one of the unused numbers in between. */
static bool deny_range(unsigned first_unused, unsigned last_unused)
{
    enum { NUMBER = offsetof(struct seccomp_data, nr), FD = offsetof(struct seccomp_data, args) };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 436, 6, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FD),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first_unused, 0, 1),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_unused, 0, 2),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog filter = {sizeof code / sizeof code[0], code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* Of 3 to 170, all but 160 and 170 are closed, and so is `high`. */
static int close_most(int high)
{
    const int own[] = {160, 170};
    const yk_fd_reserve none = {NULL, 0, 0};

    yk_fd_close_others(&none, own, 2);
    for (int fd = 3; fd < 170; fd++) {
        if (is_open(fd) != (fd == 160)) {
            return 2;
        }
    }
    return is_open(170) && !is_open(300) && !is_open(high) ? 0 : 3;
}

/* The limit is high, and all numbers in use are low. */
static int close_low(void *arg)
{
    struct rlimit limit;

    (void)arg;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < 5000) {
        return 77;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || !open_at(160, 165) ||
        !open_at(170, 166)) {
        return 1;
    }
    return deny_range(4500, (unsigned)limit.rlim_max) ? close_most(166) : 77;
}

/* One number is near a high limit. The numbers between are not tried, here and in reserving. */
static int close_high(void *arg)
{
    const int own[] = {160};
    yk_fd_reserve self;
    struct rlimit limit;
    int high;
    int code;

    (void)arg;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < 300000) {
        return 77;
    }
    limit.rlim_cur = limit.rlim_max < 900000 ? limit.rlim_max : 900000;
    high = (int)limit.rlim_cur - 1;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || !open_at(160, 165) ||
        !open_at(170, high)) {
        return 1;
    }
    if (!deny_range(1000, (unsigned)high - 1)) {
        return 77;
    }
    code = close_most(high);
    if (code == 0 && (dup2(160, high) != high ||
                      !yk_fd_reserve_all(&self, own, 1, NULL, 0))) {
        return 4;
    }
    return code != 0 || (is_null(high) && is_null(170) && !is_null(160)) ? code : 5;
}

static void check_denied(int (*test)(void *))
{
    const int code = yt_in_child(test, NULL, 60);

    if (code == 77) {
        skip();
    }
    assert_int_equal(code, 0);
}

static void test_low_numbers(void **state)
{
    (void)state;
    check_denied(close_low);
}

static void test_high_number(void **state)
{
    (void)state;
    check_denied(close_high);
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
        yt_unit_test(test_low_numbers),
        yt_unit_test(test_high_number),
        yt_unit_test(test_next_numbers),
        yt_unit_test(test_full_table),
    };

    return yt_run_group(tests);
}
