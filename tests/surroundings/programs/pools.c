/* SPDX-License-Identifier: MIT */
/*
 * pools METHOD THREADS: a program that uses two pools, for builds that are unlike the usual one.
 * METHOD is fork or spawn. THREADS is 0, 1 (there is another thread when the pools are created)
 * or 2 (and a handler for SIGCHLD). Prints "fine", or what went wrong.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yoke/yoke.h>

enum { ITEMS = 20000, JOBS = 3, ANSWER = 40, POOLS = 2 };

static void square(const yoke_span *span, void *const args[])
{
    uint64_t *out = args[0];
    const uint64_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in[i] * in[i];
    }
}

static int increment(yoke_task *task)
{
    *(uint64_t *)task->output = *(const uint64_t *)task->input + 1;
    return 0;
}

static int answer(void *argument, size_t bytes)
{
    (void)argument;
    return ANSWER + (int)bytes;
}

static int failed(yoke_pool *pool, const char *what)
{
    printf("%s: %s\n", what, yoke_pool_error(pool));
    return 1;
}

static int compare(const uint64_t *out, size_t count, const char *what, uint64_t power)
{
    for (uint64_t i = 0; i < count; i++) {
        if (out[i] != (power == 2 ? i * i : i + 1)) {
            printf("%s: wrong at %llu\n", what, (unsigned long long)i);
            return 1;
        }
    }
    return 0;
}

static int use_kernel(yoke_pool *pool, uint64_t *in, uint64_t *out)
{
    yoke_kernel *kernel;

    if (yoke_kernel_create(&kernel, pool,
                           &(yoke_kernel_options){.native = square}) != YOKE_OK) {
        return failed(pool, "kernel");
    }
    for (int job = 0; job < JOBS; job++) {
        memset(out, 0, ITEMS * sizeof *out);
        if (yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(out, sizeof *out),
                     yoke_in(in, sizeof *in)) != YOKE_OK) {
            return failed(pool, "map");
        }
        if (compare(out, ITEMS, "map", 2) != 0) {
            return 1;
        }
    }
    return 0;
}

static int use_pool(yoke_pool *pool)
{
    uint64_t *in = yoke_alloc(pool, ITEMS * sizeof *in);
    uint64_t *out = yoke_alloc(pool, ITEMS * sizeof *out);
    yoke_process *process;
    int code = 0;

    if (in == NULL || out == NULL) {
        return failed(pool, "memory");
    }
    for (uint64_t i = 0; i < ITEMS; i++) {
        in[i] = i;
    }
    if (use_kernel(pool, in, out) != 0) {
        return 1;
    }
    if (yoke_apply_each(pool, increment, 100, NULL,
                        YOKE_ARGS(yoke_in(in, sizeof *in),
                                  yoke_out(out, sizeof *out))) != YOKE_OK) {
        return failed(pool, "tasks");
    }
    if (yoke_process_start(&process, pool, answer, NULL, 0, NULL) != YOKE_OK ||
        yoke_process_wait(process, &code, YOKE_FOREVER) != YOKE_OK) {
        return failed(pool, "process");
    }
    if (code != ANSWER) {
        printf("process: code %d\n", code);
        return 1;
    }
    return compare(out, 100, "tasks", 1);
}

static int use_pools(yoke_start start)
{
    yoke_pool *pools[POOLS] = {NULL};
    int code = 0;

    for (int i = 0; i < POOLS && code == 0; i++) {
        if (yoke_pool_create(&pools[i], &(yoke_pool_options){
                                            .devices = "cpu:2", .start = start}) != YOKE_OK) {
            return failed(NULL, "create");
        }
        code = use_pool(pools[i]);
    }
    for (int i = 0; i < POOLS; i++) {
        if (pools[i] != NULL && yoke_pool_close(pools[i]) != YOKE_OK && code == 0) {
            code = failed(NULL, "close");
        }
    }
    return code;
}

static int end_pipe[2];

static void *wait_for_end(void *unused)
{
    char byte;

    (void)!read(end_pipe[0], &byte, 1);
    return unused;
}

static void on_child(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    const int threads = argc > 2 ? atoi(argv[2]) : 0;
    const int spawns = argc > 1 && strcmp(argv[1], "spawn") == 0;
    pthread_t other;
    int code;

    if (threads > 1) {
        (void)signal(SIGCHLD, on_child);
    }
    if (threads > 0 &&
        (pipe(end_pipe) != 0 || pthread_create(&other, NULL, wait_for_end, NULL) != 0)) {
        return 2;
    }
    code = use_pools(spawns ? YOKE_START_SPAWN : YOKE_START_FORK);
    if (threads > 0) {
        (void)!write(end_pipe[1], "", 1);
        (void)pthread_join(other, NULL);
    }
    if (code == 0) {
        (void)puts("fine");
    }
    return code;
}
