/* SPDX-License-Identifier: MIT */
/* Kills and stops processes of a pool, and of nothing else. */
#include "soak.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_VICTIMS = 64, STOP_MS = 300 };

#define MARK "YOKE_SOAK_MARK"

soak_kills soak_kill_count;

static char mark[SOAK_NAME_BYTES]; /* "NAME=PID" */

/* The environment with which a program was executed stays to be seen in /proc, also of what it
 * has forked. */
void soak_mark(char **argv)
{
    const char *value = getenv(MARK);
    char own[32], path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    (void)snprintf(own, sizeof own, "%d", (int)getpid());
    (void)snprintf(mark, sizeof mark, MARK "=%s", own);
    if (length > 0 && (value == NULL || strcmp(value, own) != 0)) {
        path[length] = '\0';
        (void)setenv(MARK, own, 1);
        (void)execv(path, argv);
    }
}

static size_t read_file(pid_t pid, const char *name, char *text, size_t bytes)
{
    char path[64];
    size_t length = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    file = fopen(path, "re");
    if (file != NULL) {
        length = fread(text, 1, bytes - 1, file);
        (void)fclose(file);
    }
    text[length] = '\0';
    return length;
}

static bool has_mark(pid_t pid)
{
    static _Thread_local char text[32768];
    const size_t length = read_file(pid, "environ", text, sizeof text);

    for (size_t i = 0; i < length; i += strlen(text + i) + 1) {
        if (strcmp(text + i, mark) == 0) {
            return true;
        }
    }
    return false;
}

static pid_t parent_of(pid_t pid)
{
    char text[1024];
    const char *close;
    int parent = 0;

    (void)read_file(pid, "stat", text, sizeof text);
    close = strrchr(text, ')');
    return close != NULL && sscanf(close + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Sends a signal to a process if it is one of this program's; the descriptor sees to it that
 * the process that was looked at is the one that is meant. */
static bool send_to(pid_t pid, int number, void (*before)(soak_pool *home),
                    soak_pool *home)
{
    const int fd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    bool is_sent = false;

    if (fd < 0) {
        return false;
    }
    if (pid != getpid() && has_mark(pid)) {
        if (before != NULL) {
            before(home);
        }
        is_sent = syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) == 0;
    }
    (void)close(fd);
    return is_sent;
}

/* ---- victims ---- */

typedef struct victims {
    size_t count;
    pid_t pids[MOST_VICTIMS];
    pid_t supervisor;
} victims;

static void find_workers(soak_pool *home, victims *found)
{
    yoke_worker_info info[MOST_VICTIMS];
    size_t count = 0;

    found->count = 0;
    found->supervisor = 0;
    if (yoke_pool_workers(home->pool, info, MOST_VICTIMS, &count) != YOKE_OK) {
        return;
    }
    for (size_t i = 0; i < count && i < MOST_VICTIMS; i++) {
        /* Two deaths while it starts are the end of a device. */
        const bool is_spared =
            info[i].kind != YOKE_WORKER_CPU && info[i].state != YOKE_WORKER_READY;

        if (info[i].pid > 1 && !is_spared) {
            found->pids[found->count++] = info[i].pid;
        }
        if (info[i].pid > 1 && found->supervisor == 0) {
            found->supervisor = parent_of(info[i].pid);
        }
    }
}

/* All that the supervisor has started: workers, probes, the program's processes. */
static void find_children(victims *found)
{
    char name[64], text[4096];
    char *next = text;

    (void)snprintf(name, sizeof name, "task/%d/children", (int)found->supervisor);
    if (found->supervisor <= 1 || found->supervisor == getpid() ||
        !has_mark(found->supervisor) ||
        read_file(found->supervisor, name, text, sizeof text) == 0) {
        return;
    }
    found->count = 0;
    while (found->count < MOST_VICTIMS) {
        const long pid = strtol(next, &next, 10);

        if (pid <= 1) {
            break;
        }
        found->pids[found->count++] = (pid_t)pid;
    }
}

/* ---- what is done to them ---- */

static void count_kill(soak_pool *home)
{
    (void)atomic_fetch_add(&home->killed, 1);
}

static void count_hard_kill(soak_pool *home)
{
    (void)atomic_fetch_add(&home->killed_hard, 1);
    count_kill(home);
}

static void count_supervisor(soak_pool *home)
{
    atomic_store(&home->broken_ms, soak_now_ms());
    atomic_store(&home->broken, true);
    count_kill(home);
}

static void kill_one(soak_pool *home, pid_t victim)
{
    static const int hard[] = {SIGSEGV, SIGABRT, SIGBUS};
    const bool is_hard = home->kills_hard && soak_chance(&home->killer_random, 40);
    const int number =
        is_hard ? hard[soak_between(&home->killer_random, 0, 2)] : SIGKILL;

    if (send_to(victim, number, is_hard ? count_hard_kill : count_kill, home)) {
        (void)atomic_fetch_add(&soak_kill_count.killed, 1);
    }
}

static void stop_one(soak_pool *home, pid_t victim)
{
    if (send_to(victim, SIGSTOP, NULL, home)) {
        (void)atomic_fetch_add(&soak_kill_count.stopped, 1);
        soak_sleep_ms(soak_between(&home->killer_random, 1, STOP_MS));
        (void)send_to(victim, SIGCONT, NULL, home);
    }
}

static void strike(soak_pool *home)
{
    victims found;
    pid_t victim;

    find_workers(home, &found);
    if (home->has_cpu && soak_chance(&home->killer_random, 30)) {
        find_children(&found);
    }
    if (found.count == 0) {
        return;
    }
    victim =
        found.pids[soak_between(&home->killer_random, 0, (uint32_t)found.count - 1)];
    if (soak_chance(&home->killer_random, 8)) {
        stop_one(home,
                 soak_chance(&home->killer_random, 20) ? found.supervisor : victim);
    } else {
        kill_one(home, victim);
    }
}

static void kill_supervisor(soak_pool *home)
{
    victims found;

    find_workers(home, &found);
    if (found.supervisor > 1 &&
        send_to(found.supervisor, SIGKILL, count_supervisor, home)) {
        (void)atomic_fetch_add(&soak_kill_count.supervisors, 1);
        home->breaks = false;
    }
}

static void pause_between(soak_pool *home)
{
    unsigned left = soak_between(&home->killer_random, 1, 2 * home->pause_ms);

    while (left > 0 && !atomic_load(&home->stop)) {
        const unsigned now = left < 20 ? left : 20;

        soak_sleep_ms(now);
        left -= now;
    }
}

static void *run_killer(void *argument)
{
    soak_pool *home = argument;
    const int64_t breaks_at =
        soak_now_ms() + soak_between(&home->killer_random, 100, 1500);

    while (!atomic_load(&home->stop) && !atomic_load(&home->broken)) {
        pause_between(home);
        if (home->breaks && soak_now_ms() >= breaks_at) {
            kill_supervisor(home);
        } else if (!atomic_load(&home->stop)) {
            strike(home);
        }
    }
    return NULL;
}

void soak_killer_start(soak_pool *home)
{
    if (!soak_set.kills || home->pause_ms == 0) {
        return;
    }
    home->has_killer = pthread_create(&home->killer, NULL, run_killer, home) == 0;
}

void soak_killer_stop(soak_pool *home)
{
    if (home->has_killer) {
        (void)pthread_join(home->killer, NULL);
        home->has_killer = false;
    }
}
