/* SPDX-License-Identifier: MIT */
#include "sys/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

unsigned yk_process_thread_count(void)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry;
    unsigned count = 0;

    if (tasks == NULL) {
        return 1;
    }
    while ((entry = readdir(tasks)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(tasks);
    return count;
}

/* A fork without exit signal. The arguments after the flags, in whatever order the
 * architecture has them, are all 0. */
static pid_t clone_without_signal(void)
{
    return (pid_t)syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
}

static pid_t clone_and_run(yk_process_main *entry, void *context)
{
    const pid_t pid = clone_without_signal();

    if (pid == 0) {
        _exit(entry(context));
    }
    return pid;
}

/* The intermediate process: reports the pid of the one it made through a pipe. */
static void clone_and_report(yk_process_main *entry, void *context, int to)
{
    const pid_t pid = clone_and_run(entry, context);

    _exit(write(to, &pid, sizeof pid) == (ssize_t)sizeof pid ? 0 : 1);
}

static pid_t clone_through_fork(yk_process_main *entry, void *context)
{
    int ends[2];
    pid_t result = -1;
    pid_t intermediate;
    int status;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    intermediate = fork();
    if (intermediate == 0) {
        clone_and_report(entry, context, ends[1]);
    }
    (void)close(ends[1]);
    if (intermediate > 0) {
        ssize_t got;

        do {
            got = read(ends[0], &result, sizeof result);
        } while (got < 0 && errno == EINTR);
        (void)yk_process_reap(intermediate, true, &status);
        if (got != (ssize_t)sizeof result) {
            result = -1;
        }
    }
    (void)close(ends[0]);
    return result;
}

pid_t yk_process_clone_hidden(yk_process_main *entry, void *context)
{
    return yk_process_thread_count() == 1 ? clone_and_run(entry, context)
                                          : clone_through_fork(entry, context);
}

pid_t yk_process_fork(yk_process_main *entry, void *context)
{
    sigset_t all, before;
    pid_t pid;
    int problem;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    problem = errno;
    if (pid == 0) {
        _exit(entry(context));
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = problem;
    return pid;
}

/* To the default, or to be ignored. To ignore one discards those that are pending. */
static void reset_signals(bool ignore_termination)
{
    sigset_t none;

    for (int number = 1; number < _NSIG; number++) {
        const bool ignored = number == SIGINT || number == SIGQUIT ||
                             number == SIGHUP ||
                             (number == SIGTERM && ignore_termination);
        const struct sigaction action = {.sa_handler = ignored ? SIG_IGN : SIG_DFL};

        (void)sigaction(number, &action, NULL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool is_kept(int fd, const int *keep, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keep[i] == fd) {
            return true;
        }
    }
    return false;
}

static void close_others(const int *keep, size_t count)
{
    int highest = 2;

    for (size_t i = 0; i < count; i++) {
        highest = keep[i] > highest ? keep[i] : highest;
    }
    for (int fd = 3; fd <= highest; fd++) {
        if (!is_kept(fd, keep, count)) {
            (void)close(fd);
        }
    }
    if (syscall(SYS_close_range, highest + 1, ~0U, 0) != 0) {
        const long limit = sysconf(_SC_OPEN_MAX);

        for (int fd = highest + 1; fd < limit; fd++) {
            (void)close(fd);
        }
    }
}

static void replace_standard_input(void)
{
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (null > 0) {
        (void)dup2(null, 0);
        (void)close(null);
    }
}

static void start_clean(const int *keep, size_t count, bool ignore_termination)
{
    reset_signals(ignore_termination);
    __fpurge(stdout);
    __fpurge(stderr);
    replace_standard_input();
    close_others(keep, count);
}

void yk_process_start_clean(const int *keep, size_t count)
{
    start_clean(keep, count, true);
}

void yk_process_start_program(const int *keep, size_t count)
{
    start_clean(keep, count, false);
}

void yk_process_set_name(const char *name)
{
    (void)prctl(PR_SET_NAME, name);
}

bool yk_process_die_with_parent(pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == parent;
}

void yk_process_adopt_orphans(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static pid_t next_child(void)
{
    FILE *file = fopen("/proc/thread-self/children", "re");
    long pid = 0;

    if (file != NULL) {
        if (fscanf(file, "%ld", &pid) != 1) {
            pid = 0;
        }
        (void)fclose(file);
    }
    return (pid_t)pid;
}

void yk_process_kill_children(void)
{
    pid_t pid;
    int status;

    while ((pid = next_child()) > 0) {
        yk_process_kill(pid);
        (void)yk_process_reap(pid, true, &status);
    }
    while (waitpid(-1, &status, __WALL | WNOHANG) > 0) {
    }
}

void yk_process_prefer_for_oom(void)
{
    char text[16];
    long score = 0;
    const int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    ssize_t length;

    if (fd < 0) {
        return;
    }
    length = read(fd, text, sizeof text - 1);
    if (length > 0) {
        text[length] = '\0';
        score = strtol(text, NULL, 10);
    }
    score = score + 200 > 1000 ? 1000 : score + 200;
    length = snprintf(text, sizeof text, "%ld", score);
    (void)!pwrite(fd, text, (size_t)length, 0);
    (void)close(fd);
}

uint64_t yk_process_private_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long total;
    unsigned long resident = 0;
    unsigned long shared = 0;

    if (file == NULL || fscanf(file, "%lu %lu %lu", &total, &resident, &shared) != 3) {
        resident = shared = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

int yk_process_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0U);
}

bool yk_process_reap(pid_t pid, bool block, int *status)
{
    pid_t got;

    *status = 0;
    do {
        got = waitpid(pid, status, __WALL | (block ? 0 : WNOHANG));
    } while (got < 0 && errno == EINTR);
    return got != 0;
}

void yk_process_exit_now(int code)
{
    _exit(code);
}

void yk_process_raise_fd_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void yk_process_kill(pid_t pid)
{
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
    }
}

void yk_process_terminate(pid_t pid)
{
    if (pid > 0) {
        (void)kill(pid, SIGTERM);
    }
}

/* Every call on a pool asks who it is, and getpid() is a system call: the answer is kept in
 * a page that the kernel clears in whatever is forked, however it is forked. */
static _Atomic pid_t *kept_pid;
static pthread_once_t kept_pid_once = PTHREAD_ONCE_INIT;

static void map_kept_pid(void)
{
    const size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *page =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        return;
    }
    if (madvise(page, bytes, MADV_WIPEONFORK) == 0) {
        kept_pid = page;
    } else {
        (void)munmap(page, bytes);
    }
}

pid_t yk_process_self(void)
{
    pid_t self;

    (void)pthread_once(&kept_pid_once, map_kept_pid);
    if (kept_pid == NULL) {
        return getpid();
    }
    self = atomic_load_explicit(kept_pid, memory_order_relaxed);
    if (self == 0) {
        self = getpid();
        atomic_store_explicit(kept_pid, self, memory_order_relaxed);
    }
    return self;
}

int yk_process_exit_code(int status)
{
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool yk_process_was_killed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

bool yk_process_had_bus_error(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

void yk_process_describe_exit(int status, char *text, size_t bytes)
{
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);

        (void)snprintf(text, bytes, "killed by signal %d (%s)", number,
                       strsignal(number));
    } else {
        (void)snprintf(text, bytes, "exited with code %d", WEXITSTATUS(status));
    }
}

void yk_process_flush_output(void)
{
    if (__fpending(stdout) > 0) {
        (void)fflush(stdout);
    }
}

void yk_process_flush_all_output(void)
{
    yk_process_flush_output();
    if (__fpending(stderr) > 0) {
        (void)fflush(stderr);
    }
}
