/* SPDX-License-Identifier: MIT */
/* .memory_per_process: a worker's process that has grown too much is replaced, and nothing is
 * lost. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api_setup.h"

/* The system's figures are behind by some dozens of pages. */
enum { ITEMS = 40, LEAK = 1 << 20, LIMIT = 5 << 20, BIG = 3 * LIMIT, FEW = 6 };

typedef struct answer {
    uint32_t number;
    pid_t pid;
} answer;

/* Not malloc(): the heap may have free memory from before the fork, which does not count. */
static char *memory_map(size_t bytes)
{
    char *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        return NULL;
    }
    memset(memory, 1, bytes);
    return memory;
}

static void answer_item(yoke_task *task)
{
    answer *result = task->output;

    *result = (answer){.number = (uint32_t)(3 * task->index + 1), .pid = getpid()};
}

static int answer_and_leak(yoke_task *task)
{
    answer_item(task);
    return memory_map(LEAK) == NULL;
}

/* Takes more than the limit, and gives it back. */
static int answer_in_passing(yoke_task *task)
{
    char *memory = memory_map(BIG);

    answer_item(task);
    return memory == NULL || munmap(memory, BIG) != 0;
}

static int answer_only(yoke_task *task)
{
    answer_item(task);
    return 0;
}

/* Touches memory that all share. */
static int answer_in_arena(yoke_task *task)
{
    char *const *arena = task->context;

    memset(*arena, 1, BIG);
    answer_item(task);
    return 0;
}

static int leak_at_first(const void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return memory_map(BIG) == NULL;
}

typedef struct outcome {
    uint64_t items;
    uint64_t restarts;
    uint64_t max_bytes;
    unsigned processes;
} outcome;

static outcome figures_of(yoke_pool *pool)
{
    outcome sum = {.items = 0};
    yoke_worker_stats stats[4];
    yoke_worker_info info[4];
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_stats(pool, stats, 4, &count));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        sum.items += stats[i].items;
        sum.restarts += stats[i].memory_restarts;
        sum.max_bytes =
            stats[i].max_memory_bytes > sum.max_bytes ? stats[i].max_memory_bytes : sum.max_bytes;
    }
    assert_int_equal(stats[2].max_memory_bytes, 0); /* the caller's */
    assert_ok_pool(pool, yoke_pool_workers(pool, info, 4, &count));
    for (size_t i = 0; i < count; i++) {
        sum.processes += info[i].restarts;
    }
    return sum;
}

static void run_all(yoke_pool *pool, yoke_task_function *function, uint32_t count,
                    const yoke_task_options *options)
{
    answer *answers = yoke_alloc(pool, count * sizeof *answers);

    assert_non_null(answers);
    assert_ok_pool(pool, yoke_apply_each(pool, function, count, options,
                                         YOKE_ARGS(yoke_out(answers, sizeof *answers))));
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(answers[i].number, 3 * i + 1);
        assert_true(answers[i].pid > 0);
    }
    assert_ok(yoke_free(answers));
}

static yoke_pool *memory_open(yoke_start start, uint64_t limit,
                              yoke_initializer *initializer)
{
    yoke_pool *pool = NULL;

    assert_ok_pool(NULL, yoke_pool_create(&pool, &(yoke_pool_options){
                                                     .devices = "cpu:2",
                                                     .start = start,
                                                     .initializer = initializer,
                                                     .memory_per_process = limit}));
    return pool;
}

/* The replacement begins while the result is on its way. */
static bool has_restarts(void *context)
{
    return figures_of(context).processes > 0;
}

static void check_leak(yoke_start start, yoke_on_failure on_failure)
{
    yoke_pool *pool = memory_open(start, LIMIT, NULL);
    outcome after;

    run_all(pool, answer_and_leak, ITEMS,
            &(yoke_task_options){.chunk = 1, .on_failure = on_failure});
    yt_wait_until(has_restarts, pool, 20);
    after = figures_of(pool);
    assert_int_equal(after.items, ITEMS);
    /* Each process leaks at most as much as the limit and one item more; an item that is computed
     * right after a measurement is not measured at once. */
    assert_between(after.restarts, ITEMS * LEAK / (LIMIT + 8 * LEAK) - 2,
                   ITEMS * LEAK / LIMIT + 1);
    assert_between(after.max_bytes, LIMIT, LIMIT + 10 * LEAK);
    api_close(pool);
}

static void test_leak(void **state)
{
    (void)state;
    check_leak(YOKE_START_FORK, YOKE_ON_FAILURE_DEFAULT);
    check_leak(YOKE_START_SPAWN, YOKE_ON_FAILURE_KEEP);
}

/* What does not count: memory that was given back, shared or there before the fork. */
static void test_what_counts(void **state)
{
    char *before = malloc(BIG);
    yoke_pool *pool;
    char *arena;

    (void)state;
    assert_non_null(before);
    memset(before, 1, BIG);
    pool = memory_open(YOKE_START_FORK, LIMIT, NULL);
    arena = yoke_alloc(pool, BIG);
    assert_non_null(arena);
    run_all(pool, answer_only, ITEMS, NULL);
    run_all(pool, answer_in_arena, FEW,
            &(yoke_task_options){.context = &arena, .context_bytes = sizeof arena});
    run_all(pool, answer_in_passing, FEW, NULL);
    assert_int_equal(figures_of(pool).restarts, 0);
    assert_int_equal(figures_of(pool).processes, 0);
    api_close(pool);
    free(before);
}

/* One item of such a process is computed each time: the work gets done. */
static void test_initializer(void **state)
{
    yoke_pool *pool = memory_open(YOKE_START_FORK, LIMIT, leak_at_first);

    (void)state;
    run_all(pool, answer_only, ITEMS, &(yoke_task_options){.chunk = 10});
    yt_wait_until(has_restarts, pool, 20);
    assert_true(figures_of(pool).restarts >= 1);
    assert_true(figures_of(pool).max_bytes >= BIG / 10 * 9);
    api_close(pool);
}

static void test_measures_only(void **state)
{
    yoke_pool *pool = memory_open(YOKE_START_FORK, UINT64_MAX, leak_at_first);
    yoke_pool *without = memory_open(YOKE_START_FORK, 0, leak_at_first);

    (void)state;
    run_all(pool, answer_only, ITEMS, NULL);
    assert_int_equal(figures_of(pool).processes, 0);
    assert_true(figures_of(pool).max_bytes >= BIG / 10 * 9);
    run_all(without, answer_only, ITEMS, NULL);
    assert_int_equal(figures_of(without).max_bytes, 0);
    api_close(pool);
    api_close(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_leak),
        yt_unit_test(test_what_counts),
        yt_unit_test(test_initializer),
        yt_unit_test(test_measures_only),
    };

    return yt_run_group(tests);
}
