/* SPDX-License-Identifier: MIT */
#include "sys/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/process.h"

enum { PATH_BYTES = 40, STAT_BYTES = 512 };

typedef struct thread_stat {
    char state;
    long threads; /* of its process */
    unsigned long long start;
} thread_stat;

/* False if there is no such file, or it cannot be read. */
static bool read_stat(const char *path, thread_stat *stat)
{
    char text[STAT_BYTES];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *name_end;
    ssize_t length;

    if (fd < 0) {
        return false;
    }
    length = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (length <= 0) {
        return false;
    }
    text[length] = '\0';
    name_end = strrchr(text, ')'); /* the name may contain anything */
    return name_end != NULL &&
           sscanf(name_end + 1,
                  " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                  "%ld %*s %llu",
                  &stat->state, &stat->threads, &stat->start) == 3;
}

static yk_identity make(uint64_t id, unsigned long long start)
{
    return id | (start & 0x7fffffff) << 32;
}

static yk_identity identity_of(pid_t id)
{
    thread_stat stat = {.start = 0};
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)id);
    (void)read_stat(path, &stat);
    return make((uint64_t)id, stat.start);
}

typedef struct own_identities {
    pid_t pid; /* whose they are: a fork's copy is somebody else's */
    yk_identity thread;
    yk_identity process;
} own_identities;

static _Thread_local own_identities own;

static const own_identities *own_now(void)
{
    const pid_t pid = yk_process_self();

    if (own.pid != pid) {
        own.thread = identity_of((pid_t)syscall(SYS_gettid));
        own.process = identity_of(pid);
        own.pid = pid;
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

/* Whether somebody has this id, and is the one who is meant. Without /proc it is taken
 * for him. */
static bool find(yk_identity identity, thread_stat *stat)
{
    const pid_t id = (pid_t)(uint32_t)identity;
    char path[PATH_BYTES];

    if (kill(id, 0) != 0 && errno == ESRCH) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)id);
    if (!read_stat(path, stat)) {
        *stat = (thread_stat){.state = 'R', .threads = 1};
        return kill(id, 0) == 0 || errno != ESRCH;
    }
    return identity >> 32 == 0 || make((uint64_t)id, stat->start) == identity;
}

static bool has_ended(const thread_stat *stat)
{
    return stat->state == 'Z' || stat->state == 'X';
}

bool yk_identity_thread_lives(yk_identity thread)
{
    thread_stat stat;

    return find(thread & ~YK_IDENTITY_FLAG, &stat) && !has_ended(&stat);
}

bool yk_identity_process_lives(yk_identity process)
{
    thread_stat stat;

    /* Its first thread may have ended before the others. */
    return find(process & ~YK_IDENTITY_FLAG, &stat) &&
           (!has_ended(&stat) || stat.threads > 1);
}
