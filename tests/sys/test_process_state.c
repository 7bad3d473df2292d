/* SPDX-License-Identifier: MIT */
#include "sys/process/process_state.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/yoke_test.h"

enum { SECONDS = 20 };

typedef struct expected {
    pid_t pid;
    yk_process_state state;
} expected;

static bool is_in_state(void *arg)
{
    const expected *self = arg;

    return yk_process_look(self->pid, NULL) == self->state;
}

static void check_state(pid_t pid, yk_process_state state)
{
    assert_true(yt_wait_until(is_in_state, &(expected){pid, state}, SECONDS));
}

static int sleep_long(void *unused)
{
    (void)unused;
    for (;;) {
        (void)pause();
    }
    return 0;
}

static void test_stopped_and_dead(void **state)
{
    const int pid = yt_start_child(sleep_long, NULL);
    pid_t parent = 0;

    (void)state;
    assert_int_equal(yk_process_look(pid, &parent), YK_LOOK_GOES);
    assert_int_equal(parent, getpid());
    assert_int_equal(kill(pid, SIGSTOP), 0);
    check_state(pid, YK_LOOK_STOPPED);
    assert_int_equal(kill(pid, SIGCONT), 0);
    check_state(pid, YK_LOOK_GOES);
    assert_int_equal(kill(pid, SIGKILL), 0);
    check_state(pid, YK_LOOK_DEAD);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(yk_process_look(pid, NULL), YK_LOOK_UNKNOWN);
}

/* The system lets a process wait where no signal but SIGKILL reaches it while the child of its
 * vfork() has its memory. */
static int wait_inside_system(void *unused)
{
    (void)unused;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    if (vfork() == 0) {
#pragma GCC diagnostic pop
        for (;;) {
            (void)pause();
        }
    }
    return 0;
}

static int stuck_group(void *arg)
{
    (void)setpgid(0, 0);
    return wait_inside_system(arg);
}

static void test_stuck(void **state)
{
    const int pid = yt_start_child(stuck_group, NULL);

    (void)state;
    check_state(pid, YK_LOOK_STUCK);
    assert_int_equal(kill(-pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_stopped_and_dead),
        yt_unit_test(test_stuck),
    };

    return yt_run_group(tests);
}
