/* SPDX-License-Identifier: MIT */
/* The checks that the other tests rely on do notice things. */
#include "support/yoke_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARED_NAME "/yoke-test-harness"

static int give(void *arg)
{
    return *(const int *)arg;
}

static int crash(void *arg)
{
    (void)arg;
    (void)signal(SIGABRT, SIG_DFL);
    return raise(SIGKILL);
}

static int hang(void *arg)
{
    (void)arg;
    for (;;) {
        (void)pause();
    }
    return 0;
}

static void test_child_results(void **state)
{
    int code = 42;

    (void)state;
    assert_int_equal(yt_in_child(give, &code, 10.0), 42);
    assert_int_equal(yt_in_child(crash, NULL, 10.0), -SIGKILL);
    assert_int_equal(yt_in_child(hang, NULL, 0.05), YT_TIMED_OUT);
}

static bool notices(void)
{
    return !yt_is_clean(0.1);
}

static int leave_child(void *arg)
{
    (void)arg;
    yt_remember();
    (void)yt_start_child(hang, NULL);
    return notices();
}

static int leave_hidden_child(void *arg)
{
    (void)arg;
    yt_remember();
    if (syscall(SYS_clone, 0, NULL, NULL, NULL, NULL) == 0) {
        (void)hang(NULL);
    }
    return notices();
}

static int leave_grandchild(void *arg)
{
    (void)arg;
    yt_remember();
    if (fork() == 0) {
        (void)yt_start_child(hang, NULL);
        _exit(0);
    }
    (void)wait(NULL);
    return notices();
}

static int leave_descriptor(void *arg)
{
    (void)arg;
    yt_remember();
    (void)open("/dev/null", O_RDONLY);
    return notices();
}

static int leave_mapping(void *arg)
{
    int fd;

    (void)arg;
    yt_remember();
    fd = memfd_create("yoke", MFD_CLOEXEC);
    (void)ftruncate(fd, 4096);
    (void)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd);
    return notices();
}

static int leave_shared_memory(void *arg)
{
    int found;

    (void)arg;
    yt_remember();
    (void)close(shm_open(SHARED_NAME, O_CREAT | O_RDWR, 0600));
    found = notices();
    (void)shm_unlink(SHARED_NAME);
    return found;
}

static int leave_nothing(void *arg)
{
    int code = 0;

    (void)arg;
    yt_remember();
    (void)yt_in_child(give, &code, 10.0);
    (void)close(open("/dev/null", O_RDONLY));
    return notices();
}

/* Whatever such a child leaves running is ended through its process group. */
static int in_own_group(int (*function)(void *arg))
{
    const int pid = yt_start_child(function, NULL);
    int result;

    (void)setpgid(pid, pid);
    result = yt_wait_child(pid, 30.0);
    (void)kill(-pid, SIGKILL);
    return result;
}

static void test_notices_what_is_left(void **state)
{
    (void)state;
    assert_int_equal(in_own_group(leave_child), 1);
    assert_int_equal(in_own_group(leave_hidden_child), 1);
    assert_int_equal(in_own_group(leave_grandchild), 1);
    assert_int_equal(in_own_group(leave_descriptor), 1);
    assert_int_equal(in_own_group(leave_mapping), 1);
    assert_int_equal(in_own_group(leave_shared_memory), 1);
    assert_int_equal(in_own_group(leave_nothing), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_results),
        cmocka_unit_test(test_notices_what_is_left),
    };

    return yt_run_group(tests);
}
