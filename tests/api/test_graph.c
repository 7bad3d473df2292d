/* SPDX-License-Identifier: MIT */
/* A step that is recorded once and replayed gives what its calls give one by one. */
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "source_setup.h"

enum { N = 6000 };

/* ---- kernels ---- */

static const char source[] =
    "__kernel void blend(__global uint *b, __global const uint *a, const uint seed, const uint n)\n"
    "{\n"
    "    const size_t i = get_global_id(0);\n"
    "    const uint left = i > 0 ? a[i - 1] : 7u;\n"
    "    const uint right = i + 1 < n ? a[i + 1] : 9u;\n"
    "    b[i] = a[i] * 1664525u + left * 3u + right + seed;\n"
    "}\n"
    "__kernel void reseed(__global uint *seed, __global const ulong *sum)\n"
    "{ seed[0] = seed[0] * 5u + (uint)sum[0] + 1u; }\n"
    "__kernel void gather(__global uint *c, __global const uint *b, const uint seed)\n"
    "{ const size_t i = get_global_id(0); c[i] = c[i] * 3u + (b[i] ^ seed); }\n";

static void blend(const yoke_span *span, void *const args[])
{
    uint32_t *b = args[0];
    const uint32_t *a = args[1];
    const uint32_t seed = *(const uint32_t *)args[2];
    const uint32_t n = *(const uint32_t *)args[3];

    for (size_t i = span->begin; i < span->end; i++) {
        b[i] = a[i] * 1664525u + (i > 0 ? a[i - 1] : 7u) * 3u + (i + 1 < n ? a[i + 1] : 9u) +
               seed;
    }
}

static void reseed(const yoke_span *span, void *const args[])
{
    uint32_t *seed = args[0];

    (void)span;
    *seed = *seed * 5u + (uint32_t)*(const uint64_t *)args[1] + 1u;
}

static void gather(const yoke_span *span, void *const args[])
{
    uint32_t *c = args[0];
    const uint32_t *b = args[1];
    const uint32_t seed = *(const uint32_t *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        c[i] = c[i] * 3u + (b[i] ^ seed);
    }
}

/* Fails when the number is the limit. */
static void refuse_at(const yoke_span *span, void *const args[])
{
    const uint32_t *number = args[0];

    if (*number == *(const uint32_t *)args[1]) {
        yoke_span_fail(span, 42, "the number is %u", *number);
        return;
    }
    *(uint32_t *)args[2] += 1;
}

static void halve(const yoke_span *span, void *const args[])
{
    (void)span;
    *(double *)args[0] /= 2;
}

/* ---- the loop ---- */

typedef struct loop {
    yoke_pool *pool;
    yoke_kernel *blend;
    yoke_kernel *reseed;
    yoke_kernel *gather;
    yoke_graph *graph;
    uint32_t *a;
    uint32_t *b;
    uint32_t *c;
    uint32_t *seed;
    yoke_reduced *sum;
} loop;

static yoke_kernel *loop_kernel(yoke_pool *pool, const char *name, yoke_native *native,
                                bool from_source)
{
    const yoke_kernel_options options = {
        .name = name, .native = native, .source = from_source ? source : NULL};
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    return kernel;
}

static void loop_fill(loop *l)
{
    for (uint32_t i = 0; i < N; i++) {
        l->a[i] = i * 2654435761u;
        l->b[i] = 0;
        l->c[i] = i;
    }
    *l->seed = 5;
}

static void loop_init(loop *l, yoke_pool *pool, bool from_source)
{
    l->pool = pool;
    l->blend = loop_kernel(pool, "blend", blend, from_source);
    l->reseed = loop_kernel(pool, "reseed", reseed, from_source);
    l->gather = loop_kernel(pool, "gather", gather, from_source);
    l->a = api_numbers(pool, N);
    l->b = api_numbers(pool, N);
    l->c = api_numbers(pool, N);
    l->seed = api_numbers(pool, 1);
    l->sum = yoke_alloc(pool, sizeof *l->sum);
    loop_fill(l);
}

/* What a step submits; with NULL as the graph it runs. */
static void loop_step(const loop *l, yoke_graph *graph, uint32_t *from, uint32_t *to)
{
    const yoke_map_options options = {.graph = graph};

    assert_ok_pool(l->pool,
                   yoke_map_async(NULL, l->pool, l->blend, yoke_range_1d(N), &options,
                                  YOKE_ARGS(yoke_out(to, 4),
                                            yoke_in_halo(from, 4, 1, 1, YOKE_EDGE_CLIPPED),
                                            yoke_scalar_from(l->seed), yoke_scalar((uint32_t)N))));
    assert_ok_pool(l->pool,
                   yoke_reduce(l->pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, to, N),
                               l->sum, &options));
    assert_ok_pool(l->pool, yoke_map_async(NULL, l->pool, l->reseed, yoke_range_1d(1), &options,
                                           YOKE_ARGS(yoke_inout_whole(l->seed, 4),
                                                     yoke_in_whole(l->sum, 8))));
    assert_ok_pool(l->pool, yoke_map_async(NULL, l->pool, l->gather, yoke_range_1d(N), &options,
                                           YOKE_ARGS(yoke_inout(l->c, 4), yoke_in(to, 4),
                                                     yoke_scalar_from(l->seed))));
}

static void loop_record(loop *l)
{
    assert_ok_pool(l->pool, yoke_graph_create(&l->graph, l->pool));
    loop_step(l, l->graph, l->a, l->b);
    assert_ok_pool(l->pool, yoke_graph_swap(l->graph, l->a, l->b));
}

static void loop_direct(const loop *l, size_t steps)
{
    for (size_t s = 0; s < steps; s++) {
        loop_step(l, NULL, s % 2 == 0 ? l->a : l->b, s % 2 == 0 ? l->b : l->a);
    }
    assert_ok_pool(l->pool, yoke_pool_wait(l->pool, YOKE_FOREVER));
}

/* All that it computes, as plain loops. */
static void loop_expect(uint32_t *c, uint32_t *seed, size_t steps)
{
    uint32_t *x = malloc(N * sizeof *x);
    uint32_t *y = malloc(N * sizeof *y);
    const yoke_span one = {.begin = 0, .end = 1};
    const yoke_span all = {.begin = 0, .end = N};
    uint32_t n = N;

    *seed = 5;
    for (uint32_t i = 0; i < N; i++) {
        x[i] = i * 2654435761u;
        c[i] = i;
    }
    for (size_t s = 0; s < steps; s++) {
        uint32_t *swap = x;
        uint64_t sum = 0;

        blend(&all, (void *[]){y, x, seed, &n});
        for (size_t i = 0; i < N; i++) {
            sum += y[i];
        }
        reseed(&one, (void *[]){seed, &sum});
        gather(&all, (void *[]){c, y, seed});
        x = y;
        y = swap;
    }
    free(x);
    free(y);
}

static void loop_check(const loop *l, size_t steps)
{
    uint32_t *c = malloc(N * sizeof *c);
    uint32_t seed;

    loop_expect(c, &seed, steps);
    assert_int_equal(seed, *l->seed);
    assert_memory_equal(c, l->c, N * sizeof *c);
    free(c);
}

static void loop_fini(loop *l)
{
    assert_ok(yoke_graph_destroy(l->graph));
    assert_ok(yoke_free(l->a));
    assert_ok(yoke_free(l->b));
    assert_ok(yoke_free(l->c));
    assert_ok(yoke_free(l->seed));
    assert_ok(yoke_free(l->sum));
}

static void check_pool(yoke_pool *pool, bool from_source)
{
    loop l = {.pool = NULL};

    loop_init(&l, pool, from_source);
    loop_direct(&l, 12);
    loop_check(&l, 12);
    loop_fill(&l);
    loop_record(&l);
    /* The graph holds its kernels. */
    assert_ok(yoke_kernel_destroy(l.blend));
    assert_int_equal(l.c[1], 1);
    assert_ok_pool(pool, yoke_graph_run(l.graph, 7));
    loop_check(&l, 7);
    assert_ok_pool(pool, yoke_graph_run(l.graph, 0));
    assert_ok_pool(pool, yoke_graph_run(l.graph, 33));
    loop_check(&l, 40);
    assert_int_equal(yoke_graph_steps(l.graph), 40);
    assert_ok_pool(pool, yoke_graph_run(l.graph, 1));
    loop_fill(&l);
    assert_ok_pool(pool, yoke_graph_run_with(
                             l.graph, &(yoke_graph_options){.steps = 3, .restart = true}));
    loop_check(&l, 3);
    assert_int_equal(yoke_graph_steps(l.graph), 3);
    loop_fini(&l);
}

static void test_as_one_by_one(void **state)
{
    static const char *const devices[] = {"cpu:3", "fake:2x1/private", "cpu:1,fake:1x1/private"};

    (void)state;
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        yoke_pool *pool = api_open(devices[i]);

        check_pool(pool, false);
        api_close(pool);
    }
}

static void test_spawned(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:2", .start = YOKE_START_SPAWN};
    yoke_pool *pool = NULL;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    check_pool(pool, false);
    api_close(pool);
}

/* PoCL in place and with copies. */
static void test_sources(void **state)
{
    (void)state;
    for (size_t i = 1; i < 3; i++) {
        yoke_pool *pool = source_open(&source_devices[i]);

        if (pool != NULL) {
            check_pool(pool, true);
            api_close(pool);
        }
    }
}

static void test_lent(void **state)
{
    yoke_pool *pool = api_open("cpu:1,fake:2x1/private");
    loop l = {.pool = NULL};

    (void)state;
    loop_init(&l, pool, false);
    loop_record(&l);
    assert_ok_pool(pool, yoke_graph_run(l.graph, 3));
    assert_ok_pool(pool, yoke_lend(l.a));
    assert_ok_pool(pool, yoke_lend(l.c));
    assert_ok_pool(pool, yoke_graph_run(l.graph, 5));
    assert_ok_pool(pool, yoke_reclaim(l.c));
    loop_check(&l, 8);
    assert_ok_pool(pool, yoke_graph_run(l.graph, 2));
    assert_ok_pool(pool, yoke_reclaim(l.a));
    loop_check(&l, 10);
    loop_fini(&l);
    api_close(pool);
}

/* ---- reductions ---- */

static bool is_operation(yoke_reduce_operation operation, yoke_type type)
{
    return operation != YOKE_REDUCE_SUM_COMPENSATED || type <= YOKE_TYPE_DOUBLE;
}

static void fill_elements(void *x, yoke_type type, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t word = (uint32_t)(i * 2654435761u + seed);

        if (type == YOKE_TYPE_FLOAT) {
            ((float *)x)[i] = (float)(int32_t)word / 3e5f;
        } else if (type == YOKE_TYPE_DOUBLE) {
            ((double *)x)[i] = (double)(int32_t)word / 7e5;
        } else if (type == YOKE_TYPE_INT32 || type == YOKE_TYPE_UINT32) {
            ((uint32_t *)x)[i] = word;
        } else {
            ((uint64_t *)x)[i] = (uint64_t)word * word;
        }
    }
}

static void check_reduction(yoke_pool *pool, const yoke_reduction *reduction,
                            yoke_reduced *recorded)
{
    yoke_reduced direct;
    yoke_graph *graph = NULL;

    assert_ok_pool(pool, yoke_reduce(pool, *reduction, &direct, NULL));
    assert_ok_pool(pool, yoke_graph_create(&graph, pool));
    assert_ok_pool(pool, yoke_reduce(pool, *reduction, recorded,
                                     &(yoke_map_options){.graph = graph}));
    memset(recorded, 0x55, sizeof *recorded);
    assert_ok_pool(pool, yoke_graph_run(graph, 2));
    if (memcmp(recorded, &direct, sizeof direct) != 0) {
        fail_msg("operation %d, type %d, %zu elements: %.17g at %llu, not %.17g at %llu",
                 (int)reduction->operation, (int)reduction->type, reduction->count,
                 recorded->value.f, (unsigned long long)recorded->index, direct.value.f,
                 (unsigned long long)direct.index);
    }
    assert_ok_pool(pool, yoke_graph_destroy(graph));
}

/* One in `of` of all operations on all types. */
static void check_reductions(yoke_pool *pool, size_t of)
{
    static const size_t counts[] = {1, YOKE_REDUCE_BLOCK * 5 + 17, YOKE_REDUCE_BLOCK * 130};
    const size_t most = counts[2];
    void *x = yoke_alloc(pool, most * 8);
    void *y = yoke_alloc(pool, most * 8);
    yoke_reduced *result = yoke_alloc(pool, sizeof *result);
    size_t turn = 0;

    for (int type = 1; type <= YOKE_TYPE_UINT64; type++) {
        fill_elements(x, (yoke_type)type, most, 1);
        fill_elements(y, (yoke_type)type, most, 99);
        for (int op = 1; op <= YOKE_REDUCE_SUM_COMPENSATED; op++) {
            for (size_t k = 0; k < 3; k++) {
                yoke_reduction all = yoke_reduction_of((yoke_reduce_operation)op,
                                                       (yoke_type)type, x, counts[k]);

                all.y = op == YOKE_REDUCE_DOT ? y : NULL;
                if (is_operation(all.operation, all.type) && yt_is_turn(turn / 3, of)) {
                    check_reduction(pool, &all, result);
                }
                turn++;
            }
        }
    }
    assert_ok(yoke_free(x));
    assert_ok(yoke_free(y));
    assert_ok(yoke_free(result));
}

/* Elements whose place in the order, sign or kind matters. */
static void check_special(yoke_pool *pool, size_t of)
{
    static const float values[] = {-0.0f, 0.0f, 1e-41f, -1e-41f, __builtin_inff(),
                                   -__builtin_inff(), __builtin_nanf(""), 3.0f};
    enum { COUNT = YOKE_REDUCE_BLOCK * 70, VALUES = sizeof values / sizeof values[0] };
    float *x = yoke_alloc(pool, COUNT * sizeof *x);
    yoke_reduced *result = yoke_alloc(pool, sizeof *result);

    for (size_t v = 0; v < VALUES; v++) {
        for (size_t i = 0; i < COUNT; i++) {
            x[i] = i % 20000 == 17 ? values[v] : v % 2 == 0 ? -0.0f : 0.0f;
        }
        for (int op = YOKE_REDUCE_SUM; op <= YOKE_REDUCE_SUM_COMPENSATED; op++) {
            yoke_reduction all =
                yoke_reduction_of((yoke_reduce_operation)op, YOKE_TYPE_FLOAT, x, COUNT);

            all.y = op == YOKE_REDUCE_DOT ? x : NULL;
            if (yt_is_turn((size_t)op, of)) {
                check_reduction(pool, &all, result);
            }
        }
    }
    assert_ok(yoke_free(x));
    assert_ok(yoke_free(result));
}

static void test_reductions(void **state)
{
    yoke_pool *pool = api_open("cpu:2");

    (void)state;
    check_reductions(pool, 1);
    check_special(pool, 1);
    api_close(pool);
}

static void test_reductions_of_sources(void **state)
{
    yoke_pool *pool = source_open(&source_devices[1]);

    (void)state;
    if (pool != NULL) {
        check_reductions(pool, 17);
        check_special(pool, 8);
        api_close(pool);
    }
}

/* ---- failures ---- */

static yoke_pool *pool;
static yoke_graph *graph;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    assert_ok_pool(pool, yoke_graph_create(&graph, pool));
    return 0;
}

static int tear_down(void **state)
{
    assert_ok(yoke_graph_destroy(graph));
    api_close(pool);
    return yt_test_teardown(state);
}

static yoke_status record(yoke_kernel *kernel, size_t items, const yoke_arg *args, size_t count)
{
    return yoke_map_async(NULL, pool, kernel, yoke_range_1d(items),
                          &(yoke_map_options){.graph = graph}, args, count);
}

/* Steps before the failure are whole, none after it has begun, also where nothing else orders
 * them; and the next run repeats the step. */
static void test_a_failure(void **state)
{
    yoke_kernel *refuse = api_kernel(pool, "refuse_at", refuse_at);
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    uint32_t *number = api_numbers(pool, 1);
    uint32_t *limit = api_numbers(pool, 1);
    uint32_t *passed = api_numbers(pool, 1);
    uint32_t *other = api_numbers(pool, N);

    (void)state;
    memset(other, 0, N * 4);
    *number = *passed = 0;
    *limit = 20;
    assert_ok_pool(pool, record(increment, 1, YOKE_ARGS(yoke_inout(number, 4))));
    assert_ok_pool(pool, record(refuse, 1,
                                YOKE_ARGS(yoke_in_whole(number, 4), yoke_in_whole(limit, 4),
                                          yoke_inout(passed, 4))));
    assert_ok_pool(pool, record(increment, N, YOKE_ARGS(yoke_inout(other, 4))));
    assert_refused(pool, yoke_graph_run(graph, 300), YOKE_EKERNEL,
                   "step 19, job 2 of 3 ('refuse_at'): ");
    assert_contains(yoke_pool_error(pool), "the number is 20");
    assert_int_equal(yoke_graph_steps(graph), 19);
    assert_int_equal(*number, 20);
    assert_int_equal(*passed, 19);
    assert_between(other[0], 19, 20);
    assert_true(api_all(other, N, other[0]));
    /* It was reported, and nothing is left of it. */
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_graph_run(graph, 10));
    assert_int_equal(yoke_graph_steps(graph), 29);
    assert_int_equal(*passed, 29);
    assert_ok(yoke_free(number));
    assert_refused(pool, yoke_graph_run(graph, 1), YOKE_EINVAL,
                   "job 1 of 3: kernel 'increment': argument 1: ");
    number = api_numbers(pool, 1);
    assert_refused(pool, yoke_graph_run(graph, 1), YOKE_EINVAL, "was freed");
    assert_int_equal(*passed, 29);
    assert_ok(yoke_free(number));
    assert_ok(yoke_free(limit));
    assert_ok(yoke_free(passed));
    assert_ok(yoke_free(other));
}

/* ---- the end of a run ---- */

static void test_a_value(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "halve", halve);
    double *value = yoke_alloc(pool, 2 * sizeof *value);
    yoke_graph_options options = {.steps = 1000, .value = value, .tolerance = 0.01};

    (void)state;
    *value = 1;
    assert_ok_pool(pool, record(kernel, 1, YOKE_ARGS(yoke_inout(value, sizeof *value))));
    assert_ok_pool(pool, yoke_graph_run_with(graph, &options));
    assert_int_equal(yoke_graph_steps(graph), 16);
    options.every = 5;
    options.tolerance = 1e-300;
    options.steps = 12;
    assert_ok_pool(pool, yoke_graph_run_with(graph, &options));
    assert_int_equal(yoke_graph_steps(graph), 28);
    options.value = (const double *)((const char *)value + 4);
    assert_refused(pool, yoke_graph_run_with(graph, &options), YOKE_EINVAL, "is not a double");
    options.value = &options.tolerance;
    assert_refused(pool, yoke_graph_run_with(graph, &options), YOKE_EINVAL, "is not a double");
    options.value = value;
    assert_ok_pool(pool, yoke_lend(value));
    assert_refused(pool, yoke_graph_run_with(graph, &options), YOKE_EINVAL, "lent");
    assert_ok_pool(pool, yoke_reclaim(value));
    assert_int_equal(yoke_graph_steps(graph), 28);
    assert_ok(yoke_free(value));
}

static jmp_buf back;

static void jump(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    (void)context;
    longjmp(back, 1);
}

/* A callback that the run calls leaves it. */
static void test_left(void **state)
{
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
    api_gate *gate = api_gate_create(pool);
    uint32_t *numbers = api_numbers(pool, N);
    uint32_t *other = api_numbers(pool, 1);
    yoke_future *future = NULL;

    (void)state;
    memset(numbers, 0, N * 4);
    assert_ok_pool(pool, record(increment, N, YOKE_ARGS(yoke_inout(numbers, 4))));
    assert_ok_pool(pool, yoke_map_async(&future, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(other, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok(yoke_future_on_done(future, jump, NULL));
    api_gate_open(gate);
    if (setjmp(back) == 0) {
        (void)yoke_graph_run(graph, 100000000);
        fail();
    }
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    memset(numbers, 0, N * 4);
    assert_refused(pool, yoke_graph_run(graph, 100), YOKE_EINVAL, ".restart begins again");
    assert_ok_pool(pool, yoke_graph_run_with(graph, &(yoke_graph_options){.steps = 100,
                                                                          .restart = true}));
    assert_true(api_all(numbers, N, 100));
    yoke_future_destroy(future);
    assert_ok(yoke_free(gate));
    assert_ok(yoke_free(numbers));
    assert_ok(yoke_free(other));
}

/* ---- jobs that are checked with each submission ---- */

static void add_up(const yoke_span *span, void *const args[])
{
    uint64_t *sum = args[0];
    const uint32_t *x = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        *sum += x[i];
    }
}

static void test_staged_and_sums(void **state)
{
    static uint32_t plain[N];
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    yoke_kernel *successor = api_kernel(pool, "successor", api_successor);
    yoke_kernel *add = api_kernel(pool, "add_up", add_up);
    uint32_t *numbers = api_numbers(pool, N);
    uint64_t *sum = yoke_alloc(pool, sizeof *sum);

    (void)state;
    memset(plain, 0, sizeof plain);
    *sum = 0;
    assert_ok_pool(pool, yoke_map_with(pool, increment, yoke_range_1d(N),
                                       &(yoke_map_options){.graph = graph, .stage = true},
                                       YOKE_ARGS(yoke_inout(plain, 4))));
    assert_ok_pool(pool, yoke_map_with(pool, successor, yoke_range_1d(N),
                                       &(yoke_map_options){.graph = graph, .stage = true},
                                       YOKE_ARGS(yoke_out(numbers, 4), yoke_in(plain, 4))));
    assert_ok_pool(pool, record(add, N,
                                YOKE_ARGS(yoke_sum_into(sum, YOKE_TYPE_UINT64, 1),
                                          yoke_in(numbers, 4))));
    assert_ok_pool(pool, record(increment, N, YOKE_ARGS(yoke_inout(numbers, 4))));
    assert_ok_pool(pool, yoke_graph_run(graph, 10));
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    assert_true(api_all(plain, N, 10));
    assert_true(api_all(numbers, N, 12));
    assert_int_equal(*sum, (uint64_t)N * (2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11));
    assert_ok(yoke_free(numbers));
    assert_ok(yoke_free(sum));
}

/* Their memory is the graph's as long as it runs, as that of other jobs. */
static void test_staged_and_freed(void **state)
{
    static uint32_t plain[N];
    yoke_kernel *successor = api_kernel(pool, "successor", api_successor);
    uint32_t *numbers = api_numbers(pool, N);

    (void)state;
    assert_ok_pool(pool, yoke_map_with(pool, successor, yoke_range_1d(N),
                                       &(yoke_map_options){.graph = graph, .stage = true},
                                       YOKE_ARGS(yoke_out(plain, 4), yoke_in(numbers, 4))));
    assert_ok_pool(pool, yoke_graph_run(graph, 2));
    assert_ok(yoke_free(numbers));
    numbers = api_numbers(pool, N);
    assert_refused(pool, yoke_graph_run(graph, 1), YOKE_EINVAL,
                   "argument 2: its memory was freed");
    assert_ok(yoke_free(numbers));
}

/* args: numbers, of which an item has the run that the tables say; begins, behind them ends. */
static void raise_runs(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];
    const uint64_t *begins = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        numbers[begins[i]] += (uint32_t)i;
    }
}

/* Tables that lie in exchanged memory are exchanged, both of them. */
static void test_tables_that_are_exchanged(void **state)
{
    enum { ITEMS = 100 };
    yoke_kernel *raise = api_kernel(pool, "raise_runs", raise_runs);
    uint32_t *numbers = api_numbers(pool, ITEMS);
    uint64_t *up = yoke_alloc(pool, 2 * ITEMS * sizeof *up);
    uint64_t *down = yoke_alloc(pool, 2 * ITEMS * sizeof *down);

    (void)state;
    memset(numbers, 0, ITEMS * sizeof *numbers);
    for (uint64_t i = 0; i < ITEMS; i++) {
        up[i] = i;
        down[i] = ITEMS - 1 - i;
        up[ITEMS + i] = up[i] + 1;
        down[ITEMS + i] = down[i] + 1;
    }
    assert_ok_pool(pool, record(raise, ITEMS,
                                YOKE_ARGS(yoke_arg_between(yoke_inout(numbers, 4), up, up + ITEMS),
                                          yoke_in_whole(up, 2 * ITEMS * sizeof *up))));
    assert_ok_pool(pool, yoke_graph_swap(graph, up, down));
    assert_ok_pool(pool, yoke_graph_run(graph, 4));
    assert_true(api_all(numbers, ITEMS, 2 * (ITEMS - 1)));
    assert_ok(yoke_free(numbers));
    assert_ok(yoke_free(up));
    assert_ok(yoke_free(down));
}

/* ---- images ---- */

static const char next_source[] =
    "__kernel void next(__write_only image2d_t to, __read_only image2d_t from, sampler_t edge)\n"
    "{ int2 at = (int2)((int)get_global_id(0), (int)get_global_id(1));\n"
    "  write_imageui(to, at, read_imageui(from, edge, at + (int2)(1, 0)) + 1u); }\n";

typedef struct picture_pair {
    unsigned width;
    unsigned height;
    uint32_t *to;
    uint32_t *from;
} picture_pair;

static picture_pair make_pictures(unsigned width, unsigned height)
{
    picture_pair pair = {width, height, yoke_alloc(pool, (size_t)width * height * 4),
                         yoke_alloc(pool, (size_t)width * height * 4)};

    assert_non_null(pair.to);
    assert_non_null(pair.from);
    for (unsigned i = 0; i < width * height; i++) {
        pair.from[i] = i * 3;
    }
    return pair;
}

static yoke_status take_next(yoke_kernel *next, const picture_pair *pair, yoke_graph *into)
{
    const yoke_image image = {.width = pair->width,
                              .height = pair->height,
                              .channels = YOKE_CHANNELS_R,
                              .type = YOKE_CHANNEL_UINT32};

    return yoke_map_with(pool, next, yoke_range_2d(pair->width, pair->height),
                         &(yoke_map_options){.graph = into},
                         YOKE_ARGS(yoke_arg_image(yoke_out(pair->to, 0), image),
                                   yoke_arg_image(yoke_in(pair->from, 0), image),
                                   yoke_sampler(YOKE_ADDRESSING_CLAMP_TO_EDGE,
                                                YOKE_FILTER_NEAREST, false)));
}

static void check_pictures(const picture_pair *pair)
{
    for (unsigned i = 0; i < pair->width * pair->height; i++) {
        const unsigned x = i % pair->width;

        assert_int_equal(pair->to[i], pair->from[i + (x + 1 < pair->width)] + 1);
    }
}

/* The descriptions of images go with the jobs, whatever the jobs before had. */
static void test_images(void **state)
{
    const yoke_kernel_options options = {.name = "next", .source = next_source};
    picture_pair pairs[3];
    yoke_kernel *next = NULL;
    const yoke_status status = yoke_kernel_create(&next, pool, &options);

    (void)state;
    if (status == YOKE_ENODEVICE) {
        skip();
    }
    assert_ok_pool(pool, status);
    pairs[0] = make_pictures(16, 9);
    pairs[1] = make_pictures(7, 30);
    pairs[2] = make_pictures(40, 20);
    for (unsigned i = 0; i < 8; i++) {
        assert_ok_pool(pool, take_next(next, &pairs[2], NULL));
    }
    assert_ok_pool(pool, take_next(next, &pairs[0], graph));
    assert_ok_pool(pool, take_next(next, &pairs[1], graph));
    assert_ok_pool(pool, yoke_graph_run(graph, 3));
    for (unsigned i = 0; i < 3; i++) {
        check_pictures(&pairs[i]);
        assert_ok(yoke_free(pairs[i].to));
        assert_ok(yoke_free(pairs[i].from));
    }
    yoke_kernel_destroy(next);
}

/* ---- what is refused ---- */

static void test_swap_is_refused(void **state)
{
    yoke_kernel *successor = api_kernel(pool, "successor", api_successor);
    uint32_t *a = api_numbers(pool, N);
    uint32_t *b = api_numbers(pool, N);
    uint32_t *c = api_numbers(pool, N + 1);

    (void)state;
    assert_ok_pool(pool, record(successor, 5,
                                YOKE_ARGS(yoke_out(a, 4), yoke_in(b, 4), yoke_uses(c, 64, YOKE_ACCESS_READ))));
    assert_refused(pool, yoke_graph_swap(graph, a, c), YOKE_EINVAL,
                   "only allocations of the same size can be exchanged");
    assert_refused(pool, yoke_graph_swap(graph, a, a), YOKE_EINVAL, "the same");
    assert_refused(pool, yoke_graph_swap(graph, a + 1, b), YOKE_EINVAL, "a, ");
    assert_refused(pool, yoke_graph_swap(graph, a, NULL), YOKE_EINVAL, "NULL");
    c = yoke_realloc(pool, c, N * sizeof *c);
    assert_refused(pool, yoke_graph_swap(graph, b, c), YOKE_EINVAL, "cannot be exchanged");
    assert_ok_pool(pool, yoke_graph_swap(graph, a, b));
    assert_refused(pool, yoke_graph_swap(graph, b, c), YOKE_EINVAL, "exchanged with another");
    assert_refused(pool,
                   record(successor, 5,
                          YOKE_ARGS(yoke_out(c, 4), yoke_in(b, 4), yoke_uses(a, 64, YOKE_ACCESS_READ))),
                   YOKE_EINVAL, "argument 3");
    assert_ok(yoke_free(a));
    assert_refused(pool, yoke_graph_run(graph, 1), YOKE_EINVAL, "exchanged on odd steps");
    assert_ok(yoke_free(b));
    assert_ok(yoke_free(c));
}

static void combine_none(void *into, const void *from, void *context)
{
    (void)into;
    (void)from;
    (void)context;
}

static void test_recording_is_refused(void **state)
{
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    uint32_t *numbers = api_numbers(pool, N);
    const yoke_reducer reducer = {.bytes = 4, .combine = combine_none};
    yoke_map_options options = {.graph = graph};
    yoke_future *future = NULL;
    yoke_reduced own;
    yoke_pool *second = api_open("cpu:1");
    yoke_graph *foreign = NULL;

    (void)state;
    assert_refused(pool, yoke_graph_run(graph, 1), YOKE_EINVAL, "the graph has no jobs");
    assert_refused(pool,
                   yoke_map_async(&future, pool, increment, yoke_range_1d(N), &options,
                                  YOKE_ARGS(yoke_inout(numbers, 4))),
                   YOKE_EINVAL, "has no future");
    assert_null(future);
    assert_refused(pool,
                   yoke_map_reduce(pool, increment, yoke_range_1d(N), &reducer, &own, &options,
                                   YOKE_ARGS(yoke_out_partial(4))),
                   YOKE_EINVAL, "cannot be recorded");
    assert_refused(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N),
                               &own, &options),
                   YOKE_EINVAL, "the result");
    assert_refused(pool, record(increment, N + 1, YOKE_ARGS(yoke_inout(numbers, 4))),
                   YOKE_EINVAL, "argument 1");
    assert_ok_pool(second, yoke_graph_create(&foreign, second));
    options.graph = foreign;
    assert_refused(pool,
                   yoke_map_with(pool, increment, yoke_range_1d(N), &options,
                                 YOKE_ARGS(yoke_inout(numbers, 4))),
                   YOKE_EINVAL, "another pool");
    api_close(second);
    assert_status(yoke_graph_run(foreign, 1), YOKE_ECLOSED);
    assert_ok(yoke_graph_destroy(foreign));
    assert_status(yoke_graph_destroy(foreign), YOKE_ECLOSED);
    options.graph = (yoke_graph *)(void *)pool;
    assert_refused(pool,
                   yoke_map_with(pool, increment, yoke_range_1d(N), &options,
                                 YOKE_ARGS(yoke_inout(numbers, 4))),
                   YOKE_EINVAL, "is not a graph but a pool");
    assert_refused(pool, yoke_graph_run(graph, 1), YOKE_EINVAL, "the graph has no jobs");
    assert_ok(yoke_graph_destroy(NULL));
    assert_ok(yoke_free(numbers));
}

/* ---- threads ---- */

enum { THREAD_STEPS = 150 };

static void *run_loop(void *context)
{
    loop *l = context;

    return yoke_graph_run(l->graph, THREAD_STEPS) == YOKE_OK ? NULL : l;
}

static void test_two_threads(void **state)
{
    yoke_pool *shared = api_open("cpu:2");
    loop both[2] = {{.pool = NULL}};
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        loop_init(&both[i], shared, false);
        loop_record(&both[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_loop, &both[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        void *failed = NULL;

        (void)pthread_join(threads[i], &failed);
        assert_null(failed);
        loop_check(&both[i], THREAD_STEPS);
        loop_fini(&both[i]);
    }
    api_close(shared);
}

/* While it runs: other calls on the graph, and what its memory is needed for. */
static void *run_graph(void *context)
{
    (void)context;
    return yoke_graph_run(graph, 2) == YOKE_OK ? NULL : graph;
}

static void test_meanwhile(void **state)
{
    yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
    api_gate *gate = api_gate_create(pool);
    uint32_t *number = api_numbers(pool, 1);
    pthread_t thread;
    void *failed = NULL;

    (void)state;
    *number = 0;
    assert_ok_pool(pool, record(hold, 1, YOKE_ARGS(yoke_inout(number, 4),
                                                   yoke_in_whole(gate, sizeof *gate))));
    assert_int_equal(pthread_create(&thread, NULL, run_graph, NULL), 0);
    api_gate_await(gate, 1);
    assert_status_pool(pool, yoke_graph_run(graph, 1), YOKE_EBUSY);
    assert_status_pool(pool, yoke_graph_destroy(graph), YOKE_EBUSY);
    assert_status_pool(pool, yoke_graph_swap(graph, number, gate), YOKE_EBUSY);
    assert_status_pool(pool, yoke_free(number), YOKE_EBUSY);
    assert_ok_pool(pool, yoke_lend(number));
    api_gate_open(gate);
    (void)pthread_join(thread, &failed);
    assert_null(failed);
    assert_ok_pool(pool, yoke_reclaim(number));
    assert_int_equal(*number, 2);
    assert_ok(yoke_free(number));
    assert_ok(yoke_free(gate));
}

/* A thread that runs a graph learns of the pool's end. */
static void *run_for_ever(void *context)
{
    loop *l = context;
    const yoke_status status = yoke_graph_run(l->graph, SIZE_MAX);

    return status == YOKE_ECLOSED || status == YOKE_ECANCELED ? NULL : l;
}

static bool has_begun(void *context)
{
    return *(volatile const uint32_t *)((const loop *)context)->seed != 5;
}

static void test_the_pool_ends(void **state)
{
    loop l = {.pool = NULL};
    pthread_t thread;
    void *failed = NULL;

    (void)state;
    loop_init(&l, api_open("cpu:2"), false);
    loop_record(&l);
    assert_int_equal(pthread_create(&thread, NULL, run_for_ever, &l), 0);
    assert_true(yt_wait_until(has_begun, &l, 60));
    (void)yoke_pool_terminate(l.pool);
    (void)pthread_join(thread, &failed);
    assert_null(failed);
    assert_ok(yoke_graph_destroy(l.graph));
}

#define WITH_GRAPH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_as_one_by_one),
        yt_unit_test(test_spawned),
        yt_unit_test(test_sources),
        yt_unit_test(test_lent),
        yt_unit_test(test_reductions),
        yt_unit_test(test_reductions_of_sources),
        WITH_GRAPH(test_a_failure),
        WITH_GRAPH(test_a_value),
        WITH_GRAPH(test_left),
        WITH_GRAPH(test_staged_and_sums),
        WITH_GRAPH(test_staged_and_freed),
        WITH_GRAPH(test_tables_that_are_exchanged),
        WITH_GRAPH(test_images),
        WITH_GRAPH(test_swap_is_refused),
        WITH_GRAPH(test_recording_is_refused),
        yt_unit_test(test_two_threads),
        WITH_GRAPH(test_meanwhile),
        yt_unit_test(test_the_pool_ends),
    };

    return yt_run_group(tests);
}
