/* SPDX-License-Identifier: MIT */
#include "sys/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/call_guard.h"
#include "sys/mapping.h"
#include "sys/process.h"

enum { PATH_BYTES = 40, STAT_BYTES = 512 };

/* Linux has fewer ids than 2^22. */
enum { ID_BITS = 22, ID_MASK = (1 << ID_BITS) - 1, PROC_MASK = 0x3ff };

typedef struct thread_stat {
    char state;
    long threads; /* of its process */
    unsigned long long start;
} thread_stat;

/* 0, or an errno. */
static int read_file(int id, char *text, size_t room)
{
    YK_NOT_CANCELLED;
    char path[PATH_BYTES];
    ssize_t length;
    int fd, failure;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", id);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    length = read(fd, text, room - 1);
    failure = length < 0 ? errno : 0;
    (void)close(fd);
    text[length > 0 ? length : 0] = '\0';
    return failure;
}

/* 0, or why it is not known. */
static int read_stat(int id, thread_stat *stat)
{
    char text[STAT_BYTES];
    const int failure = read_file(id, text, sizeof text);
    const char *name_end;

    if (failure != 0) {
        return failure;
    }
    name_end = strrchr(text, ')'); /* the name may contain anything */
    return name_end != NULL &&
                   sscanf(name_end + 1,
                          " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                          "%*s %*s %ld %*s %llu",
                          &stat->state, &stat->threads, &stat->start) == 3
               ? 0
               : EIO;
}

/* ---- own identity ---- */

/* The ids that /proc shows for a thread and its process, and a number for that /proc; 0: there
 * is none. */
typedef struct proc_names {
    int thread;
    int process;
    unsigned proc;
} proc_names;

static proc_names own_names(void)
{
    YK_NOT_CANCELLED;
    proc_names names = {.proc = 0};
    struct stat proc;
    char link[PATH_BYTES];
    const ssize_t length = readlink("/proc/thread-self", link, sizeof link - 1);

    link[length > 0 ? length : 0] = '\0';
    if (sscanf(link, "%d/task/%d", &names.process, &names.thread) == 2 &&
        stat("/proc", &proc) == 0) {
        names.proc = 1 + (unsigned)(proc.st_dev % PROC_MASK);
        return names;
    }
    return (proc_names){(int)syscall(SYS_gettid), (int)yk_process_self(), 0};
}

static yk_identity identity_make(int id, unsigned proc, unsigned long long start)
{
    return (yk_identity)(unsigned)id | (yk_identity)proc << ID_BITS |
           (start & 0x7fffffff) << 32;
}

static yk_identity identity_of(int id, unsigned proc)
{
    thread_stat stat = {.start = 0};

    (void)read_stat(id, &stat);
    return identity_make(id, proc, stat.start);
}

/* ---- ... still, or a fork of it ---- */

/*
 * A page that the system clears in whatever is forked, however it is forked. There the
 * process gets a number that no ancestor's thread has seen. Pids would not do: that of a dead
 * ancestor is used again.
 */
static _Atomic(_Atomic uint64_t *) mark;
static _Atomic uint64_t
    no_mark; /* what `mark` points to where there are no such pages */
static _Atomic uint64_t last_number;

static _Atomic uint64_t *make_mark(void)
{
    const size_t bytes = yk_page_size();
    _Atomic uint64_t *expected = NULL;
    void *page =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const bool made = page != MAP_FAILED && madvise(page, bytes, MADV_WIPEONFORK) == 0;

    if (atomic_compare_exchange_strong(&mark, &expected, made ? page : &no_mark)) {
        expected = made ? page : &no_mark;
    }
    if (page != MAP_FAILED && expected != page) {
        (void)munmap(page, bytes);
    }
    return expected;
}

static uint64_t number_process(_Atomic uint64_t *place)
{
    uint64_t number = 0;

    if (place == &no_mark) {
        return (uint64_t)yk_process_self();
    }
    (void)atomic_compare_exchange_strong(place, &number,
                                         atomic_fetch_add(&last_number, 1) + 1);
    return atomic_load(place);
}

/* A number that differs in every process that has this thread's memory, or a copy of it. */
static uint64_t process_number(void)
{
    _Atomic uint64_t *place = atomic_load_explicit(&mark, memory_order_acquire);
    uint64_t number;

    if (place == NULL) {
        place = make_mark();
    }
    number = atomic_load_explicit(place, memory_order_relaxed);
    return number != 0 ? number : number_process(place);
}

typedef struct own_identities {
    /* the process that they belong to: a forked copy belongs to another */
    uint64_t number;
    yk_identity thread;
    yk_identity process;
    unsigned proc;
    bool has_outer_names; /* /proc is of another pid namespace */
} own_identities;

static _Thread_local own_identities own;

static const own_identities *own_now(void)
{
    const uint64_t number = process_number();

    if (own.number != number) {
        const proc_names names = own_names();

        own.thread = identity_of(names.thread, names.proc);
        own.process = identity_of(names.process, names.proc);
        own.proc = names.proc;
        own.has_outer_names = names.process != yk_process_self();
        own.number = number;
    }
    return &own;
}

yk_identity yk_identity_thread(void)
{
    return own_now()->thread;
}

yk_identity yk_identity_process(void)
{
    return own_now()->process;
}

yk_identity yk_identity_of_pid(int pid)
{
    const own_identities *self = own_now();
    thread_stat stat;

    /* Ids in memory are those that /proc shows, and these are of another namespace. */
    return pid <= 0 || self->has_outer_names || read_stat(pid, &stat) != 0
               ? 0
               : identity_make(pid, self->proc, stat.start);
}

/* ---- liveness ---- */

/* If /proc does not show it, or there is no /proc: other users' processes may be hidden there,
 * and there may be no free descriptor. */
static bool identity_answers(int id, int failure)
{
    const own_identities *self = own_now();

    if (self->proc != 0 && self->has_outer_names) {
        return failure != ENOENT && failure != ESRCH;
    }
    return kill(id, 0) == 0 || errno != ESRCH;
}

/* Whether a thread has this id, and is the one that is meant. */
static bool identity_find(yk_identity identity, thread_stat *stat)
{
    const int id = (int)(identity & ID_MASK);
    const unsigned proc = (unsigned)(identity >> ID_BITS) & PROC_MASK;
    int failure;

    *stat = (thread_stat){.state = 'R', .threads = 1};
    if (id == 0) { /* kill() would take it for a group */
        return false;
    }
    if (proc != 0 && own_now()->proc != 0 && proc != own_now()->proc) {
        return true;
    }
    failure = read_stat(id, stat);
    if (failure != 0) {
        return identity_answers(id, failure);
    }
    return identity >> 32 == 0 || identity_make(id, proc, stat->start) == identity;
}

bool yk_identity_is_certain(yk_identity identity)
{
    const unsigned proc = (unsigned)(identity >> ID_BITS) & PROC_MASK;

    return proc != 0 && proc == own_now()->proc &&
           (identity & ~YK_IDENTITY_FLAG) >> 32 != 0;
}

static bool identity_has_ended(const thread_stat *stat)
{
    return stat->state == 'Z' || stat->state == 'X';
}

bool yk_identity_thread_lives(yk_identity thread)
{
    thread_stat stat;

    return identity_find(thread & ~YK_IDENTITY_FLAG, &stat) &&
           !identity_has_ended(&stat);
}

bool yk_identity_process_lives(yk_identity process)
{
    thread_stat stat;

    /* The first thread of a process may have ended before the others. */
    return identity_find(process & ~YK_IDENTITY_FLAG, &stat) &&
           (!identity_has_ended(&stat) || stat.threads > 1);
}
