/* SPDX-License-Identifier: MIT */
#include "sys/process/hidden_process.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/access.h"
#include "sys/elf.h"
#include "sys/futex.h"
#include "sys/process/process_stack.h"
#include "sys/wakeup.h"

/* ---- aside ---- */

bool yk_process_run_aside(yk_process_main *entry, void *context)
{
    const size_t bytes = YK_STACK_BYTES;
    char *stack = yk_stack_map(bytes);
    yk_signals before;
    pid_t pid;
    int problem;
    int status;

    if (stack == NULL) {
        return false;
    }
    yk_signals_block(&before);
    pid = clone(entry, stack + bytes, CLONE_VM | CLONE_VFORK | CLONE_FILES, context);
    problem = errno;
    if (pid > 0 && yk_process_reap(pid, true, &status) && WIFSIGNALED(status)) {
        pid = -1;
        problem = YK_PROCESS_KILLED;
    }
    yk_signals_restore(&before);
    (void)munmap(stack, bytes);
    errno = problem;
    return pid > 0;
}

typedef struct hidden_child_args {
    yk_process_main *entry;
    void *context;
    pid_t pid; /* -1: there is none */
    int pidfd;
    int error; /* errno of the fork */
} hidden_child_args;

/* A process that it forks sends SIGCHLD to it, not to the application. The application notices
 * its end only by the descriptor, so without a descriptor there is no process. */
static int fork_aside(void *context)
{
    hidden_child_args *self = context;

    self->pid = fork();
    if (self->pid == 0) {
        _exit(self->entry(self->context));
    }
    self->error = errno;
    if (self->pid > 0) {
        self->pidfd = yk_process_open(self->pid);
    }
    if (self->pid > 0 && self->pidfd < 0) {
        self->error = errno;
        yk_process_kill(self->pid);
        self->pid = -1;
    }
    return 0;
}

/* A fork without an exit signal. The arguments after the flags, in whatever order the
 * architecture has them, are all 0. */
static void clone_directly(hidden_child_args *self)
{
    yk_signals before;

    yk_signals_block(&before);
    self->pid = (pid_t)syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
    if (self->pid == 0) {
        _exit(self->entry(self->context));
    }
    self->error = errno;
    yk_signals_restore(&before);
    if (self->pid > 0) {
        self->pidfd = yk_process_open(self->pid);
    }
}

/* ---- by a process aside ---- */

/*
 * fork() takes the C library's locks, and those of libraries that have asked for it by
 * pthread_atfork(). A process aside takes them in the application's memory:
 *
 *     step                                       | process     | if it dies here
 *     fork(): takes locks                        | aside       | they stay held in the application
 *     fork(): the system makes the copy          | aside       | the same; the copy, which has its
 *                                                |             | own, sees that it is not wanted
 *     fork(): gives the locks back               | aside       | the same, as far as it has not
 *     opens the pid; ends                        | aside       | the copy is not wanted
 *     it was killed: copies itself, to try       | application | -
 *     fork(), of which the copy dies             | the copy    | it is tried again
 *
 * No other process can give the locks back. What is left is to know: a copy of the application
 * has the locks as they are here, and tries whether it can fork. Another thread may hold one of
 * them for a moment, so it is tried several times.
 */
enum { LOCK_TRIALS = 4 };

static const uint64_t lock_trial_ns = UINT64_C(300000000);
static const uint64_t lock_poll_ns = UINT64_C(5000000);

static _Noreturn void try_locks(void)
{
    const pid_t pid = fork();

    _exit(pid < 0 ? 1 : 0);
}

/* Whether a copy of this process can fork. */
static bool copy_can_fork(void)
{
    _Atomic uint32_t never = 0;
    uint64_t waited = 0;
    yk_signals before;
    int status = 1;
    pid_t pid;

    yk_signals_block(&before);
    pid = (pid_t)syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
    if (pid == 0) {
        try_locks();
    }
    yk_signals_restore(&before);
    for (; pid > 0 && waited < lock_trial_ns && !yk_process_has_ended(pid);
         waited += lock_poll_ns) {
        yk_futex_wait(&never, 0, lock_poll_ns);
    }
    if (pid > 0) {
        if (!yk_process_has_ended(pid)) {
            yk_process_kill(pid);
        }
        (void)yk_process_reap(pid, true, &status);
    }
    return pid > 0 && status == 0;
}

static bool locks_are_free(void)
{
    for (int i = 0; i < LOCK_TRIALS; i++) {
        if (copy_can_fork()) {
            return true;
        }
    }
    return false;
}

static void clone_through_fork(hidden_child_args *self)
{
    if (!yk_process_run_aside(fork_aside, self) && self->pidfd < 0) {
        self->error = errno;
        self->pid = -1; /* if it was forked, it sees that it is not wanted */
        if (self->error == YK_PROCESS_KILLED && !locks_are_free()) {
            self->error = YK_PROCESS_LOCKED;
        }
    }
}

/* ---- by two forks ---- */

/*
 * A process aside that calls fork() takes locks of the C library in the application's memory. If
 * it is killed there, they stay locked. Where no SIGCHLD can be noticed, the application's own
 * thread calls fork() instead, and the child makes the hidden process:
 *
 *     step                                       | process     | if it dies here
 *     fork()                                     | application | -
 *     clones; pid, then state = CLONED           | child       | the application sees its end;
 *                                                |             | the process, if there is one,
 *                                                |             | sees that it is not wanted
 *     opens the pid, which is not reused while   | application | both end: the child looks at
 *       the child lives; state = OPENED          |             | its parent
 *     ends                                       | child       | -
 */
enum { NOT_CLONED = 0, CLONED = 1, OPENED = 2 };

typedef struct between {
    _Atomic uint32_t state;
    pid_t pid; /* -1: there is none */
    int error; /* errno of the clone */
} between;

static const uint64_t between_poll_ns = UINT64_C(5000000);

/* Whether nothing is done at SIGCHLD, and it is not read from a descriptor. */
static bool ignores_child_signals(void)
{
    struct sigaction action;
    sigset_t blocked;

    return sigaction(SIGCHLD, NULL, &action) == 0 &&
           (action.sa_flags & SA_SIGINFO) == 0 &&
           (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) &&
           pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0 &&
           sigismember(&blocked, SIGCHLD) == 0;
}

static void between_main(between *shared, hidden_child_args *self, pid_t parent)
{
    clone_directly(self);
    shared->pid = self->pid;
    shared->error = self->error;
    atomic_store(&shared->state, CLONED);
    yk_futex_wake(&shared->state, YK_WAKE_ALL);
    while (atomic_load(&shared->state) == CLONED && getppid() == parent) {
        yk_futex_wait(&shared->state, CLONED, between_poll_ns);
    }
    _exit(0);
}

static void between_collect(between *shared, hidden_child_args *self, pid_t child)
{
    bool has_ended = false;
    int status;

    while (atomic_load(&shared->state) == NOT_CLONED && !has_ended) {
        yk_futex_wait(&shared->state, NOT_CLONED, between_poll_ns);
        has_ended = yk_process_has_ended(child);
    }
    if (atomic_load(&shared->state) == CLONED) {
        self->pid = shared->pid;
        self->error = shared->error;
        self->pidfd = self->pid > 0 ? yk_process_open(self->pid) : -1;
        self->error = self->pid > 0 && self->pidfd < 0 ? errno : self->error;
        has_ended = yk_process_has_ended(child);
    }
    if (self->pid > 0 && self->pidfd < 0 && !has_ended) {
        yk_process_kill(self->pid); /* nothing would tell when it ends */
        self->pid = -1;
    }
    if (has_ended) { /* killed: the pid may have been another's */
        yk_fd_close(&self->pidfd);
        self->pid = -1;
        self->error = YK_PROCESS_KILLED;
    }
    atomic_store(&shared->state, OPENED);
    yk_futex_wake(&shared->state, YK_WAKE_ALL);
    (void)yk_process_reap(child, true, &status);
}

static void clone_by_two_forks(hidden_child_args *self)
{
    const pid_t parent = getpid();
    between *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    yk_signals before;
    pid_t child;

    self->error = errno;
    if (shared == MAP_FAILED) {
        return;
    }
    yk_signals_block(&before);
    child = fork();
    self->error = errno;
    if (child == 0) {
        between_main(shared, self, parent);
    }
    yk_signals_restore(&before);
    if (child > 0) {
        between_collect(shared, self, child);
    }
    (void)munmap(shared, sizeof *shared);
}

/* Under valgrind no process can share memory with another. ThreadSanitizer takes such a process
 * for a forked one, and resets what belongs to the program. */
static bool can_share_memory(void)
{
    return !yk_elf_has_valgrind() && !yk_elf_has_address_rules();
}

static void fork_visibly(hidden_child_args *self)
{
    self->pid = yk_process_fork(self->entry, self->context);
    self->error = errno;
}

pid_t yk_process_clone_hidden(yk_process_main *entry, void *context, int *pidfd)
{
    hidden_child_args self = {
        .entry = entry, .context = context, .pid = -1, .pidfd = -1};

    if (yk_process_thread_count() == 1) {
        clone_directly(&self);
    } else if (ignores_child_signals() && !yk_elf_has_valgrind()) {
        clone_by_two_forks(&self);
    } else if (can_share_memory()) {
        clone_through_fork(&self);
    } else {
        fork_visibly(&self);
    }
    *pidfd = self.pidfd;
    errno = self.error;
    return self.pid;
}
