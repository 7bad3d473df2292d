/* SPDX-License-Identifier: MIT */
#include "sys/process.h"

#include <assert.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fp_environment.h"
#include "base/text.h"
#include "sys/access.h"
#include "sys/call_guard.h"
#include "sys/cxx_exception.h"
#include "sys/elf.h"
#include "sys/process/process_stack.h"
#include "sys/wakeup.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

unsigned yk_process_thread_count(void)
{
    YK_NOT_CANCELLED;
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry;
    unsigned count = 0;

    if (tasks == NULL) {
        return 2;
    }
    while ((entry = readdir(tasks)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(tasks);
    return count;
}

enum { P_PIDFD_TYPE = 3 }; /* P_PIDFD, which older C libraries do not have */

pid_t yk_process_fork(yk_process_main *entry, void *context)
{
    yk_signals before;
    pid_t pid;
    int problem;

    yk_signals_block(&before);
    pid = fork();
    problem = errno;
    if (pid == 0) {
        _exit(yk_stack_run(entry, context));
    }
    yk_signals_restore(&before);
    errno = problem;
    return pid;
}

/* The signals that the program ignored when it created this process's pool. */
static sigset_t ignored_signals;
static sigset_t handled_signals; /* those for which it had a function then */

void yk_process_note_signals(void)
{
    struct sigaction action;

    (void)sigemptyset(&ignored_signals);
    (void)sigemptyset(&handled_signals);
    for (int number = 1; number < _NSIG; number++) {
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL) {
            (void)sigaddset(action.sa_handler == SIG_IGN ? &ignored_signals
                                                         : &handled_signals,
                            number);
        }
    }
}

static bool reports_a_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
           number == SIGILL || number == SIGTRAP || number == SIGABRT ||
           number == SIGSYS;
}

typedef enum process_role { IS_SUPERVISOR, IS_WORKER, IS_PROGRAM } process_role;

/* What the program expects and handles, such as a profiler's timer or a signal to all of its
 * processes, must not end the pool. */
static bool process_outlives(int number, process_role role)
{
    return role == IS_SUPERVISOR && sigismember(&handled_signals, number) == 1 &&
           number != SIGCHLD && !reports_a_fault(number);
}

/* Signals that the program ignored stay ignored, as in a program that it executes, except
 * SIGCHLD in processes that wait for children: if SIGCHLD is ignored, the system reaps children
 * itself. */
static bool stays_ignored(int number, process_role role)
{
    return number == SIGINT || number == SIGQUIT || number == SIGHUP ||
           (number == SIGTERM && role != IS_PROGRAM) ||
           process_outlives(number, role) ||
           (sigismember(&ignored_signals, number) == 1 &&
            (number != SIGCHLD || role == IS_PROGRAM));
}

/* Resets signals to the default, or ignores them. Ignoring a signal discards pending ones. */
static void reset_signals(process_role role)
{
    sigset_t none;

    for (int number = 1; number < _NSIG; number++) {
        const bool ignored = stays_ignored(number, role);
        const struct sigaction action = {.sa_handler = ignored ? SIG_IGN : SIG_DFL};

        (void)sigaction(number, &action, NULL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Nothing to read, and if standard output or error is closed, something in its place, so that
 * no other file gets the number. */
static void fill_standard_streams(const yk_fd_reserve *reserve)
{
    const int null = open("/dev/null", O_RDWR);

    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++) {
        if (fd != null && !yk_fd_is_reserved(reserve, fd) &&
            (fd == STDIN_FILENO || fcntl(fd, F_GETFD) == -1)) {
            (void)dup2(null, fd);
        }
    }
    if (null > STDERR_FILENO) {
        (void)close(null);
    }
}

/* A constructor of an executed program may have started them. A fork does not inherit them. */
static void stop_timers(void)
{
    const struct itimerval none = {.it_value = {0, 0}};

    (void)setitimer(ITIMER_REAL, &none, NULL);
    (void)setitimer(ITIMER_VIRTUAL, &none, NULL);
    (void)setitimer(ITIMER_PROF, &none, NULL);
}

static void process_make_clean(const yk_fd_reserve *reserve, const int *own,
                               size_t count, process_role role)
{
    stop_timers();
    yk_guard_forget();
    (void)yk_fp_use_default();
    reset_signals(role);
    __fpurge(stdout);
    __fpurge(stderr);
    fill_standard_streams(reserve);
    yk_fd_close_others(reserve, own, count);
}

void yk_process_start_supervisor(const yk_fd_reserve *reserve, const int *own,
                                 size_t count)
{
    process_make_clean(reserve, own, count, IS_SUPERVISOR);
}

void yk_process_start_clean(const yk_fd_reserve *reserve, const int *own, size_t count)
{
    process_make_clean(reserve, own, count, IS_WORKER);
}

void yk_process_start_program(const yk_fd_reserve *reserve, const int *own,
                              size_t count)
{
    process_make_clean(reserve, own, count, IS_PROGRAM);
}

void yk_process_set_name(const char *name)
{
    (void)prctl(PR_SET_NAME, name);
}

static char process_name_here[64];

void yk_process_set_own_name(const char *name)
{
    yk_text_copy(process_name_here, sizeof process_name_here, name);
}

const char *yk_process_own_name(void)
{
    return process_name_here;
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

/* Valgrind before 3.21 does not know this call, and would print a warning each time. */
int yk_process_open(pid_t pid)
{
    if (yk_elf_has_valgrind()) {
        errno = ENOSYS;
        return -1;
    }
    return yk_fd_move_up((int)syscall(SYS_pidfd_open, pid, 0U));
}

void yk_process_kill_open(int pidfd)
{
    (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0U);
}

int yk_process_child_bell(void)
{
    sigset_t child;

    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

void yk_process_clear_child_bell(int fd)
{
    YK_NOT_CANCELLED;
    struct signalfd_siginfo info;

    (void)!read(fd, &info, sizeof info);
}

pid_t yk_process_ended_child(void)
{
    YK_NOT_CANCELLED;
    siginfo_t info = {.si_pid = 0};

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0
               ? info.si_pid
               : 0;
}

bool yk_process_reap(pid_t pid, bool block, int *status)
{
    YK_NOT_CANCELLED;
    pid_t got;

    *status = 0;
    do {
        got = waitpid(pid, status, __WALL | (block ? 0 : WNOHANG));
    } while (got < 0 && errno == EINTR);
    return got != 0;
}

static uint64_t process_time_ns(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
}

bool yk_process_reap_counted(pid_t pid, int *status, yk_cpu_time *used)
{
    YK_NOT_CANCELLED;
    struct rusage usage = {.ru_nvcsw = 0};
    pid_t got;

    *status = 0;
    do {
        got = wait4(pid, status, __WALL | WNOHANG, &usage);
    } while (got < 0 && errno == EINTR);
    *used = (yk_cpu_time){process_time_ns(usage.ru_utime),
                          process_time_ns(usage.ru_stime)};
    return got != 0;
}

/* The last that is in /proc/PID/stat, of this process's own time and its children's. */
static bool process_parse_times(const char *text, pid_t parent, yk_cpu_time *used)
{
    const char *name_end = strrchr(text, ')'); /* the name may contain anything */
    const double tick_ns = 1e9 / (double)sysconf(_SC_CLK_TCK);
    unsigned long long own[2];
    long long waited[2];
    int is;

    if (name_end == NULL ||
        sscanf(name_end + 1,
               " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %lld %lld", &is,
               &own[0], &own[1], &waited[0], &waited[1]) != 5 ||
        is != parent) {
        return false;
    }
    used->user_ns = (uint64_t)(((double)own[0] + (double)waited[0]) * tick_ns);
    used->system_ns = (uint64_t)(((double)own[1] + (double)waited[1]) * tick_ns);
    return true;
}

bool yk_process_cpu_time(pid_t pid, pid_t parent, yk_cpu_time *used)
{
    YK_NOT_CANCELLED;
    char path[32];
    char text[512];
    ssize_t count = -1;
    int file;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        count = read(file, text, sizeof text - 1);
        (void)close(file);
    }
    text[count > 0 ? count : 0] = '\0';
    return process_parse_times(text, parent, used);
}

void yk_process_reap_open(int pidfd)
{
    YK_NOT_CANCELLED;
    siginfo_t info;

    while (waitid((idtype_t)P_PIDFD_TYPE, (id_t)pidfd, &info, WEXITED | __WALL) != 0 &&
           errno == EINTR) {
    }
}

bool yk_process_has_ended(pid_t pid)
{
    YK_NOT_CANCELLED;
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 ||
           info.si_pid != 0;
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

int yk_process_terminate_signal(void)
{
    return SIGTERM;
}

int yk_process_kill_signal(void)
{
    return SIGKILL;
}

static_assert(NSIG <= 256, "the number of a signal fits into a byte");

bool yk_process_is_signal(int number)
{
    return number > 0 && number < NSIG;
}

int yk_process_signal(pid_t pid, int number)
{
    return pid > 0 && kill(pid, number) == 0 ? 0 : errno;
}

/* Every call on a pool needs the pid, and getpid() is a system call: the result is kept in a
 * page that the kernel clears in every forked process, however it was forked. */
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

bool yk_process_ended_itself(int status)
{
    return WIFEXITED(status) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
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

void yk_process_save_output(void)
{
#if defined(__GLIBC__)
    const char *text = stdout->_IO_write_base;
    const size_t bytes = (size_t)(stdout->_IO_write_ptr - text);
    const size_t room = (size_t)(stdout->_IO_buf_end - stdout->_IO_buf_base);

    if (text != NULL && bytes > 0 && bytes <= room) {
        stdout->_IO_write_ptr = stdout->_IO_write_base; /* not once more, if it goes on */
        if (write(stdout->_fileno, text, bytes) < 0) {
            return; /* the process is about to end, and cannot report it */
        }
    }
#endif
}

void yk_process_write_lines(void)
{
    enum { NO_BUFFER = 1 };

    if (!__flbf(stdout) && __fbufsize(stdout) != NO_BUFFER) {
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
    }
}

/* Why an earlier write failed, which has left no more than errno: if that has changed since, it is
 * not one of a write. */
static int process_write_problem(int last)
{
    return last == ENOSPC || last == EPIPE || last == EDQUOT || last == EFBIG ||
                   last == EBADF
               ? last
               : EIO;
}

int yk_process_flush_output(void)
{
    const int last = errno;
    int problem = 0;

    yk_cxx_flush_streams();
    if (__fpending(stdout) > 0 && fflush(stdout) != 0) {
        problem = errno;
    }
    if (ferror(stdout) != 0) { /* also of an earlier write, of a line */
        problem = problem != 0 ? problem : process_write_problem(last);
        clearerr(stdout);
    }
    return problem;
}

void yk_process_flush_all_output(void)
{
    yk_cxx_find_streams();
    (void)yk_process_flush_output();
    if (__fpending(stderr) > 0) {
        (void)fflush(stderr);
    }
}

/* ---- OpenMP ---- */

void yk_openmp_run_alone(void)
{
    void *library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD);
    void (*set_levels)(int) = NULL;
    void *address;

    if (library == NULL) {
        return;
    }
    address = dlsym(library, "omp_set_max_active_levels");
    memcpy(&set_levels, &address, sizeof set_levels);
    if (set_levels != NULL) {
        set_levels(0);
    }
    (void)dlclose(library);
}
