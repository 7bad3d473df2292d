/* SPDX-License-Identifier: MIT */
/* A worker that dies at any place of the protocol, inside of a step of a graph or between two, costs
 * only time: all steps are computed, each once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"

enum { N = 3 * YOKE_REDUCE_BLOCK, STEPS = 12, MOST_RUNS = 60 };

static const char *const points[] = {
    "after-enter",   "after-take",   "after-claim",  "after-save",
    "before-run",    "after-run",    "after-commit", "between-marks",
    "before-leave",  "after-leave",  "after-end",
};

enum { POINTS = sizeof points / sizeof points[0] };

static void mix(const yoke_span *span, void *const args[])
{
    uint32_t *to = args[0];
    const uint32_t *from = args[1];
    const uint32_t seed = *(const uint32_t *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        to[i] = from[i] * 3 + seed;
    }
}

static void change(const yoke_span *span, void *const args[])
{
    uint32_t *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] = x[i] * 5 + (uint32_t)i;
    }
}

static void draw(const yoke_span *span, void *const args[])
{
    uint32_t *seed = args[0];

    (void)span;
    *seed = *seed * 7 + (uint32_t)*(const uint64_t *)args[1];
}

typedef struct bench {
    yoke_pool *pool;
    yoke_graph *graph;
    uint32_t *a;
    uint32_t *b;
    uint32_t *seed;
    yoke_reduced *sum;
    uint32_t *expected; /* what a is after all steps so far */
    uint32_t expected_seed;
} bench;

static yoke_kernel *kernel_of(yoke_pool *pool, const char *name, yoke_native *native)
{
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){.name = name,
                                                                   .native = native}));
    return kernel;
}

static void bench_init(bench *t, yoke_pool *pool)
{
    yoke_map_options options = {.grain = 256};

    t->pool = pool;
    t->a = yoke_alloc(pool, N * sizeof *t->a);
    t->b = yoke_alloc(pool, N * sizeof *t->b);
    t->seed = yoke_alloc(pool, sizeof *t->seed);
    t->sum = yoke_alloc(pool, sizeof *t->sum);
    t->expected = calloc(N, sizeof *t->expected);
    assert_non_null(t->expected);
    memset(t->a, 0, N * sizeof *t->a);
    *t->seed = t->expected_seed = 1;
    assert_ok_pool(pool, yoke_graph_create(&t->graph, pool));
    options.graph = t->graph;
    assert_ok_pool(pool, yoke_map_with(pool, kernel_of(pool, "mix", mix), yoke_range_1d(N),
                                       &options,
                                       YOKE_ARGS(yoke_out(t->b, 4), yoke_in(t->a, 4),
                                                 yoke_scalar_from(t->seed))));
    assert_ok_pool(pool, yoke_map_with(pool, kernel_of(pool, "change", change),
                                       yoke_range_1d(N), &options,
                                       YOKE_ARGS(yoke_inout(t->b, 4))));
    assert_ok_pool(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, t->b, N),
                               t->sum, &options));
    assert_ok_pool(pool, yoke_map_with(pool, kernel_of(pool, "draw", draw), yoke_range_1d(1),
                                       &options,
                                       YOKE_ARGS(yoke_inout(t->seed, 4),
                                                 yoke_in_whole(t->sum, 8))));
    assert_ok_pool(pool, yoke_graph_swap(t->graph, t->a, t->b));
}

static void bench_expect(bench *t)
{
    for (int step = 0; step < STEPS; step++) {
        uint64_t sum = 0;

        for (uint32_t i = 0; i < N; i++) {
            t->expected[i] = (t->expected[i] * 3 + t->expected_seed) * 5 + i;
            sum += t->expected[i];
        }
        t->expected_seed = t->expected_seed * 7 + (uint32_t)sum;
    }
}

/* An even number of steps: the last one computes a. */
static void bench_run(bench *t)
{
    assert_ok_pool(t->pool, yoke_graph_run(t->graph, STEPS));
    bench_expect(t);
    assert_int_equal(*t->seed, t->expected_seed);
    assert_memory_equal(t->a, t->expected, N * sizeof *t->a);
}

static void run_through(const char *point, unsigned count)
{
    char fault[64];
    unsigned runs = 0;
    bench t;

    (void)snprintf(fault, sizeof fault, "%s:%u", point, count);
    bench_init(&t, ft_pool("cpu:2", fault));
    while (ft_restarts(t.pool) == 0 && runs++ < MOST_RUNS) {
        bench_run(&t);
    }
    if (!ft_recovers(t.pool, 1)) {
        fail_msg("%s: no worker died, or there was no replacement", fault);
    }
    bench_run(&t);
    assert_ok(yoke_graph_destroy(t.graph));
    free(t.expected);
    ft_close(t.pool);
}

/* The first job, and one of a later step. */
static void test_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < POINTS; i++) {
        run_through(points[i], i % 2 == 0 ? 1 : 30);
        if (yt_is_turn(1, 2)) {
            run_through(points[i], i % 2 == 0 ? 31 : 2);
        }
    }
}

/* All die that come there: what no worker can compute is an error, and no later step has begun. */
static void test_no_way_on(void **state)
{
    yoke_pool *pool = ft_pool("cpu:2", "before-run+:20");
    bench t;

    (void)state;
    bench_init(&t, pool);
    assert_status_pool(pool, yoke_graph_run(t.graph, STEPS), YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "step ");
    assert_true(yoke_graph_steps(t.graph) < STEPS);
    assert_ok(yoke_graph_destroy(t.graph));
    free(t.expected);
    assert_ok(yoke_pool_terminate(pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_points),
        yt_unit_test(test_no_way_on),
    };

    return yt_run_group(tests);
}
