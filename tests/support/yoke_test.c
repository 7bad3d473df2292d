/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct status_entry {
    yoke_status status;
    const char *name;
    const char *text;
} status_entry;

static const status_entry statuses[] = {
#define ENTRY(name, value, text) {name, #name, text},
    YOKE_STATUS_TABLE(ENTRY)
#undef ENTRY
};

static status_entry entry_of(yoke_status status)
{
    const status_entry unknown = {status, "not a status", "?"};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].status == status) {
            return statuses[i];
        }
    }
    return unknown;
}

void yt_check_status(yoke_status status, yoke_status expected, const char *call,
                     const char *detail, const char *file, int line)
{
    const status_entry got = entry_of(status);

    if (status == expected) {
        return;
    }
    print_error("%s\n  gave %s (%d: %s), expected %s\n", call, got.name, (int)status,
                got.text, entry_of(expected).name);
    if (detail != NULL && *detail != '\0') {
        print_error("  %s\n", detail);
    }
    _fail(file, line);
}

void yt_check_contains(const char *text, const char *part, const char *file, int line)
{
    if (text != NULL && strstr(text, part) != NULL) {
        return;
    }
    print_error("\"%s\"\n  does not contain \"%s\"\n", text == NULL ? "(null)" : text,
                part);
    _fail(file, line);
}

void yt_check_between(uint64_t number, uint64_t low, uint64_t high, const char *what,
                      const char *file, int line)
{
    if (number >= low && number <= high) {
        return;
    }
    print_error("%s is %llu\n  and should be in %llu to %llu\n", what,
                (unsigned long long)number, (unsigned long long)low,
                (unsigned long long)high);
    _fail(file, line);
}

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- limits that follow the load ---- */

/* The part of the processors' time that a thread gets that wants to run all the time: 1 on a quiet
 * machine. Threads of this test count as load, too. */
static double machine_share(void)
{
    FILE *file = fopen("/proc/loadavg", "re");
    const double processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double share = 1;
    int runnable = 0;

    if (file != NULL) {
        if (fscanf(file, "%*s %*s %*s %d/", &runnable) == 1 && runnable > processors) {
            share = processors / runnable;
        }
        (void)fclose(file);
    }
    return share > 1.0 / YT_MOST_PATIENCE ? share : 1.0 / YT_MOST_PATIENCE;
}

bool yt_is_turn(size_t i, size_t of)
{
    return i % of == 0 || getenv("YOKE_TEST_FULL") != NULL;
}

void yt_limit_start(yt_limit *limit, double seconds)
{
    limit->left = seconds;
    limit->last = now();
}

bool yt_limit_is_over(yt_limit *limit)
{
    const double time = now();

    limit->left -= (time - limit->last) * machine_share();
    limit->last = time;
    return limit->left < 0;
}

/* Sleeps for *ms milliseconds and longer the next time. */
static void pause_briefly(long *ms)
{
    const struct timespec time = {0, *ms * 1000000};

    (void)nanosleep(&time, NULL);
    *ms = *ms < 16 ? *ms * 2 : *ms;
}

int yt_start_child(int (*function)(void *arg), void *arg)
{
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        _exit(function(arg));
    }
    return pid;
}

int yt_wait_child(int pid, double seconds)
{
    yt_limit limit;
    bool killed = false;
    int status = 0;
    long ms = 1;

    yt_limit_start(&limit, seconds);
    for (;;) {
        const pid_t got = waitpid(pid, &status, killed ? 0 : WNOHANG);

        if (got == pid) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return -errno;
        }
        if (!killed && yt_limit_is_over(&limit)) {
            (void)kill(pid, SIGKILL);
            killed = true;
        }
        pause_briefly(&ms);
    }
    if (killed) {
        return YT_TIMED_OUT;
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int yt_in_child(int (*function)(void *arg), void *arg, double seconds)
{
    const int pid = yt_start_child(function, arg);

    return pid < 0 ? -errno : yt_wait_child(pid, seconds);
}

bool yt_wait_until(bool (*condition)(void *arg), void *arg, double seconds)
{
    yt_limit limit;
    long ms = 1;

    yt_limit_start(&limit, seconds);
    while (!condition(arg)) {
        if (yt_limit_is_over(&limit)) {
            return false;
        }
        pause_briefly(&ms);
    }
    return true;
}
