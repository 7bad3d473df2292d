/* SPDX-License-Identifier: MIT */
/* Signals and timers that the program has in use, and what they do to a pool. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <yoke/yoke.h>

#include "support/yoke_test.h"
#include "surroundings_setup.h"

enum { ITEMS = 1000, ROUNDS = 20 };

static const char variable[] = "YOKE_TEST_TIMERS";

static void nothing(int number)
{
    (void)number;
}

/* What a profiler that is linked with the program does, also where the program is executed for a
 * pool. */
__attribute__((constructor)) static void start_timers(void)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}};

    if (getenv(variable) != NULL) {
        (void)signal(SIGALRM, nothing);
        (void)signal(SIGPROF, nothing);
        (void)setitimer(ITIMER_REAL, &often, NULL);
        (void)setitimer(ITIMER_PROF, &often, NULL);
    }
}

static yoke_pool *open_pool(yoke_start start)
{
    yoke_pool *pool;

    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                     .start = start}) != YOKE_OK) {
        (void)fprintf(stderr, "%s\n", yoke_pool_error(NULL));
    }
    return pool;
}

static int live_with_timers(void *start)
{
    yoke_pool *pool;
    int code = 0;

    if (setenv(variable, "1", 1) != 0) {
        return 1;
    }
    start_timers();
    pool = open_pool(*(yoke_start *)start);
    if (pool == NULL) {
        return 2;
    }
    for (int i = 0; i < ROUNDS && code == 0; i++) {
        code = surroundings_use(pool, ITEMS);
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 3;
}

static void test_timers(void **state)
{
    yoke_start starts[] = {YOKE_START_FORK, YOKE_START_SPAWN};

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        assert_int_equal(yt_in_child(live_with_timers, &starts[i], 60), 0);
    }
}

/* The parent of a worker; 0: unknown. */
static pid_t find_supervisor(yoke_pool *pool)
{
    yoke_worker_info workers[8];
    size_t count = 0;
    char path[64];
    char text[512] = "";
    FILE *file;
    const char *end;

    if (yoke_pool_workers(pool, workers, 8, &count) != YOKE_OK || count == 0) {
        return 0;
    }
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)workers[0].pid);
    file = fopen(path, "re");
    if (file != NULL) {
        (void)!fgets(text, sizeof text, file);
        (void)fclose(file);
    }
    end = strrchr(text, ')'); /* then the state, then the parent */
    return end != NULL && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

/* As `kill -USR1` to the program's process group does, or a batch system before a job's end. */
static int live_with_signals(void *start)
{
    yoke_pool *pool;
    pid_t supervisor;
    int code;

    (void)signal(SIGUSR1, nothing);
    pool = open_pool(*(yoke_start *)start);
    supervisor = pool != NULL ? find_supervisor(pool) : 0;
    if (supervisor <= 1 || kill(supervisor, SIGUSR1) != 0) {
        return 1;
    }
    code = surroundings_use(pool, ITEMS);
    return yoke_pool_close(pool) == YOKE_OK ? code : 2;
}

static void test_handled_signal(void **state)
{
    yoke_start start = YOKE_START_FORK;

    (void)state;
    assert_int_equal(yt_in_child(live_with_signals, &start, 60), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {yt_unit_test(test_timers),
                                       yt_unit_test(test_handled_signal)};

    return yt_run_group(tests);
}
