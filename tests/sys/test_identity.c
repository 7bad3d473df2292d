/* SPDX-License-Identifier: MIT */
/* Identities: threads, processes, forks, ids that are used again, pid namespaces. */
#include "support/yoke_test.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/identity.h"

enum { SECONDS = 30, SKIPPED = 77 };

/* Shared with the children. */
typedef struct board {
    _Atomic yk_identity thread;
    _Atomic yk_identity process;
    _Atomic int pid;
    _Atomic int go_on;
} board;

static board *b;

static int map_board(void **state)
{
    (void)state;
    b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
             0);
    return b == MAP_FAILED ? -1 : 0;
}

static int unmap_board(void **state)
{
    (void)state;
    return munmap(b, sizeof *b) == 0 && yt_nothing_alive() ? 0 : -1;
}

static void tell(void)
{
    atomic_store(&b->thread, yk_identity_thread());
    atomic_store(&b->process, yk_identity_process());
    atomic_store(&b->pid, (int)getpid());
}

static bool has_told(void *arg)
{
    (void)arg;
    return atomic_load(&b->pid) != 0;
}

static bool may_go_on(void *arg)
{
    (void)arg;
    return atomic_load(&b->go_on) != 0;
}

static int tell_and_wait(void *arg)
{
    tell();
    return arg != NULL || yt_wait_until(may_go_on, NULL, SECONDS) ? 0 : 1;
}

/* ---- threads and processes ---- */

static void test_process(void **state)
{
    siginfo_t info;
    int pid;

    (void)state;
    assert_true(yk_identity_thread() == yk_identity_process());
    assert_true(yk_identity_thread_lives(yk_identity_thread()));
    assert_true(yk_identity_process_lives(yk_identity_process()));
    assert_int_equal(yk_identity_thread() & YK_IDENTITY_FLAG, 0);
    assert_true(yk_identity_thread_lives(yk_identity_thread() | YK_IDENTITY_FLAG));
    pid = yt_start_child(tell_and_wait, NULL);
    assert_true(yt_wait_until(has_told, NULL, SECONDS));
    assert_true(b->process != yk_identity_process());
    assert_true(yk_identity_process_lives(b->process));
    assert_true(yk_identity_thread_lives(b->thread));
    atomic_store(&b->go_on, 1);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_false(yk_identity_process_lives(b->process)); /* not waited for */
    assert_false(yk_identity_thread_lives(b->thread));
    assert_int_equal(yt_wait_child(pid, SECONDS), 0);
    assert_false(yk_identity_process_lives(b->process));
}

static void *tell_in_thread(void *arg)
{
    tell();
    (void)yt_wait_until(may_go_on, NULL, SECONDS);
    return arg;
}

static bool is_gone(void *arg)
{
    (void)arg;
    return !yk_identity_thread_lives(b->thread);
}

static void test_thread(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, tell_in_thread, NULL), 0);
    assert_true(yt_wait_until(has_told, NULL, SECONDS));
    assert_true(b->thread != yk_identity_thread());
    assert_true(b->process == yk_identity_process());
    assert_true(yk_identity_thread_lives(b->thread));
    atomic_store(&b->go_on, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(yt_wait_until(is_gone, NULL, SECONDS)); /* joined is not yet gone */
}

static void *outlive(void *arg)
{
    (void)tell_in_thread(arg);
    _exit(0);
}

/* Its first thread ends, another goes on. */
static int outlive_first_thread(void *arg)
{
    static pthread_t thread;

    (void)arg;
    tell();
    if (pthread_create(&thread, NULL, outlive, NULL) != 0) {
        return 1;
    }
    atomic_store(&b->thread, yk_identity_thread());
    pthread_exit(NULL);
}

static bool first_is_gone(void *arg)
{
    return !yk_identity_thread_lives(*(yk_identity *)arg);
}

static void test_first_thread_ends(void **state)
{
    const int pid = yt_start_child(outlive_first_thread, NULL);
    yk_identity first;

    (void)state;
    assert_true(yt_wait_until(has_told, NULL, SECONDS));
    first = b->process; /* also its first thread's */
    assert_true(yt_wait_until(first_is_gone, &first, SECONDS));
    assert_true(yk_identity_process_lives(b->process));
    atomic_store(&b->go_on, 1);
    assert_int_equal(yt_wait_child(pid, SECONDS), 0);
    assert_false(yk_identity_process_lives(b->process));
}

/* ---- ids that are used again ---- */

static pid_t fork_with_pid(pid_t wanted)
{
    struct clone_args args = {.exit_signal = SIGCHLD,
                              .set_tid = (uint64_t)(uintptr_t)&wanted,
                              .set_tid_size = 1};

    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static bool is_reaped(void *arg)
{
    return kill(*(pid_t *)arg, 0) != 0;
}

/* A copy of what a dead process knew of itself, in a process with the same pid. */
static int take_the_dead_ones_pid(pid_t dead)
{
    int status = -1;
    pid_t pid;

    if (!yt_wait_until(is_reaped, &dead, SECONDS)) {
        return 1;
    }
    (void)usleep(50000); /* a start is known to a clock tick */
    pid = fork_with_pid(dead);
    if (pid < 0) {
        return SKIPPED;
    }
    if (pid == 0) {
        const yk_identity own = yk_identity_thread();

        _exit(own == b->thread || !yk_identity_thread_lives(own) ||
              yk_identity_thread_lives(b->thread));
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                : 2;
}

/* Knows itself; its child does not look before its parent has died. */
static int leave_a_child(void *arg)
{
    const pid_t self = getpid();
    pid_t pid;

    (void)arg;
    tell();
    pid = fork();
    if (pid == 0) {
        const int code = take_the_dead_ones_pid(self);

        atomic_store(&b->go_on, 1 + code);
        _exit(0);
    }
    return pid < 0;
}

static void test_pid_used_again(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(leave_a_child, NULL, SECONDS), 0);
    assert_true(yt_wait_until(may_go_on, NULL, SECONDS));
    if (b->go_on == 1 + SKIPPED) {
        skip(); /* pids cannot be chosen here */
    }
    assert_int_equal(b->go_on, 1);
}

/* ---- pid namespaces ---- */

/* Its first process, with this /proc or with one of its own. */
static int enter_namespace(void *arg)
{
    const bool own_proc = arg != NULL;
    const yk_identity outside = yk_identity_process();
    int status = -1;
    pid_t pid;

    if (unshare(CLONE_NEWPID | (own_proc ? CLONE_NEWNS : 0)) != 0) {
        return SKIPPED;
    }
    pid = fork();
    if (pid != 0) {
        return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
                   ? WEXITSTATUS(status)
                   : 2;
    }
    if (own_proc && (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
                     mount("proc", "/proc", "proc", 0, NULL) != 0)) {
        _exit(SKIPPED);
    }
    tell();
    if (!yk_identity_process_lives(yk_identity_process()) ||
        !yk_identity_process_lives(outside)) {
        _exit(3);
    }
    _exit(yt_wait_until(may_go_on, NULL, SECONDS) ? 0 : 4);
}

static bool has_told_or_ended(void *arg)
{
    siginfo_t info = {.si_pid = 0};

    return has_told(NULL) ||
           (waitid(P_PID, *(id_t *)arg, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
            info.si_pid != 0);
}

/* Numbers of another namespace are not taken for those of this one. */
static void test_namespace(void **state)
{
    int pid = yt_start_child(enter_namespace, NULL);
    yk_identity inside;
    int code;

    (void)state;
    assert_true(yt_wait_until(has_told_or_ended, &pid, SECONDS));
    inside = b->process;
    if (has_told(NULL)) {
        assert_int_equal(b->pid, 1);
        assert_true(yk_identity_process_lives(inside));
        atomic_store(&b->go_on, 1);
    }
    code = yt_wait_child(pid, SECONDS);
    if (code == SKIPPED) {
        skip();
    }
    assert_int_equal(code, 0);
    assert_false(yk_identity_process_lives(inside));
}

/* If the other process's /proc is not this one, no thread counts as dead, or is taken for
 * another. */
static void test_namespace_with_its_own_proc(void **state)
{
    yk_identity inside[2];
    int pids[2];
    int codes[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        atomic_store(&b->pid, 0);
        pids[i] = yt_start_child(enter_namespace, b);
        assert_true(yt_wait_until(has_told_or_ended, &pids[i], SECONDS));
        inside[i] = b->process;
    }
    atomic_store(&b->go_on, 1);
    for (int i = 0; i < 2; i++) {
        codes[i] = yt_wait_child(pids[i], SECONDS);
    }
    if (codes[0] == SKIPPED) {
        skip();
    }
    assert_int_equal(codes[0], 0);
    assert_int_equal(codes[1], 0);
    assert_true(inside[0] != inside[1]);
    assert_true(yk_identity_process_lives(inside[0])); /* this cannot be known */
}

#define board_test(function)                                                           \
    cmocka_unit_test_setup_teardown(function, map_board, unmap_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        board_test(test_process),
        board_test(test_thread),
        board_test(test_first_thread_ends),
        board_test(test_pid_used_again),
        board_test(test_namespace),
        board_test(test_namespace_with_its_own_proc),
    };

    return yt_run_group(tests);
}
