/* SPDX-License-Identifier: MIT */
/* Reductions of the program's own: a kernel writes partial results, a function combines
 * them, in the calling thread or as callbacks are called. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reduce_setup.h"

/* out map[i], in uint32[i]: x -> a x + b, modulo 2^32. Composition does not commute. */
typedef struct affine {
    uint32_t a, b;
} affine;

static void affine_native(const yoke_span *span, void *const args[])
{
    affine *out = args[0];
    const uint32_t *in = args[1];
    const size_t group = span->group[0];

    for (size_t i = span->begin; i < span->end; i++) {
        const affine map = {2 * in[i] + 1, in[i]};

        if (group == 0) {
            out[i] = map;
        } else if (i % group == 0) {
            out[i / group] = map;
        } else {
            out[i / group].b = map.a * out[i / group].b + map.b;
            out[i / group].a *= map.a;
        }
    }
}

static void compose(void *into, const void *from, void *context)
{
    affine *first = into;
    const affine *second = from;

    first->b = second->a * first->b + second->b;
    first->a *= second->a;
    ++*(size_t *)context;
}

static affine plain_compose(const uint32_t *in, size_t begin, size_t end)
{
    affine all = {1, 0};
    size_t calls;

    for (size_t i = begin; i < end; i++) {
        compose(&all, &(affine){2 * in[i] + 1, in[i]}, &calls);
    }
    return all;
}

static void expect_composed(yoke_pool *pool, yoke_kernel *kernel, yoke_range range,
                            const uint32_t *in, const yoke_map_options *options,
                            yoke_arg partial, size_t partials)
{
    const size_t end = range.begin[0] + range.size[0];
    const affine right = plain_compose(in, range.begin[0], end);
    size_t calls = 0;
    const yoke_reducer reducer = {sizeof(affine), compose, &calls, NULL};
    const yoke_arg input = yoke_in(in, sizeof *in);
    yoke_future *future = NULL;
    affine got[3] = {{0, 0}, {0, 0}, {0, 0}};

    assert_ok_pool(pool, yoke_map_reduce(pool, kernel, range, &reducer, &got[0],
                                         options, YOKE_ARGS(partial, input)));
    assert_int_equal(calls, partials - 1);
    assert_ok_pool(pool,
                   yoke_map_reduce_async(&future, pool, kernel, range, &reducer,
                                         &got[1], options, YOKE_ARGS(partial, input)));
    assert_ok_pool(pool, yoke_future_wait(future, API_SECONDS));
    yoke_future_destroy(future);
    assert_int_equal(calls, 2 * (partials - 1));
    assert_ok_pool(pool,
                   yoke_map_reduce_async(NULL, pool, kernel, range, &reducer, &got[2],
                                         options, YOKE_ARGS(partial, input)));
    assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(got[i].a, right.a);
        assert_int_equal(got[i].b, right.b);
    }
}

static void test_whatever_pool(void **state)
{
    static const char *const devices[] = {"cpu:1", "cpu:3", "fake:2x0.5/private"};
    enum { N = 3001, GROUP = 50 };

    (void)state;
    for (size_t d = 0; d < 3; d++) {
        yoke_pool *pool = api_open(devices[d]);
        yoke_kernel *kernel = api_kernel(pool, "affine", affine_native);
        yoke_kernel *grouped;
        uint32_t *in = yoke_alloc(pool, N * sizeof *in);
        yoke_range part = yoke_range_1d(500);
        const yoke_map_options by_ones = {.chunk = 1};
        const yoke_map_options padded = {.round_up = true};

        assert_ok_pool(
            pool, yoke_kernel_create(&grouped, pool,
                                     &(yoke_kernel_options){.name = "grouped",
                                                            .native = affine_native,
                                                            .group = {GROUP}}));
        plain_fill(YOKE_TYPE_UINT32, in, N, 3);
        expect_composed(pool, kernel, yoke_range_1d(N), in, NULL,
                        yoke_out_partial(sizeof(affine)), N);
        expect_composed(pool, kernel, yoke_range_1d(1), in, NULL,
                        yoke_out_partial(sizeof(affine)), 1);
        part.begin[0] = 700;
        expect_composed(pool, kernel, part, in, &by_ones,
                        yoke_out_partial(sizeof(affine)), 500);
        expect_composed(pool, grouped, yoke_range_1d(3000), in, NULL,
                        yoke_arg_per_group(yoke_out_partial(sizeof(affine))), 60);
        expect_composed(pool, grouped, yoke_range_1d(N), in, &padded,
                        yoke_arg_per_group(yoke_out_partial(sizeof(affine))), 61);
        yoke_kernel_destroy(kernel);
        yoke_kernel_destroy(grouped);
        api_close(pool);
    }
}

static void test_bad_input(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "affine", affine_native);
    yoke_kernel *refuse = api_kernel(pool, "refuse", api_refuse);
    uint32_t *in = yoke_alloc(pool, 100 * sizeof *in);
    const affine identity = {1, 0};
    size_t calls = 0;
    yoke_reducer reducer = {sizeof(affine), compose, &calls, NULL};
    const yoke_reducer small = {4, compose, &calls, NULL};
    const yoke_reducer none = {8, NULL, NULL, NULL};
    const yoke_reducer empty = {0, compose, NULL, NULL};
    const yoke_range range = yoke_range_1d(100);
    const yoke_arg partial = yoke_out_partial(sizeof(affine));
    const yoke_arg input = yoke_in(in, sizeof *in);
    yoke_future *future = (yoke_future *)kernel;
    affine r = {7, 7};

    (void)state;
    assert_refused(
        pool,
        yoke_map_reduce(pool, kernel, range, NULL, &r, NULL, YOKE_ARGS(partial, input)),
        YOKE_EINVAL, "reducer is NULL");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &none, &r, NULL,
                                   YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "combines");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &empty, &r, NULL,
                                   YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "at least a byte");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &reducer, NULL, NULL,
                                   YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "result");
    assert_refused(pool,
                   yoke_map_reduce(pool, NULL, range, &reducer, &r, NULL,
                                   YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "kernel is NULL");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &reducer, &r, NULL,
                                   YOKE_ARGS(input, input)),
                   YOKE_EINVAL, "0 arguments are");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &reducer, &r, NULL,
                                   YOKE_ARGS(partial, partial)),
                   YOKE_EINVAL, "2 arguments are");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &small, &r, NULL,
                                   YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "of 8 bytes");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &reducer, &r, NULL,
                                   YOKE_ARGS(yoke_arg_per_group(partial), input)),
                   YOKE_EINVAL, ".group");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &reducer, &r, NULL, NULL, 3),
                   YOKE_EINVAL, "0 arguments are");
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, yoke_range_1d(0), &reducer, &r, NULL,
                                   YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "identity");
    assert_status(yoke_map_reduce(pool, kernel, yoke_range_1d(101), &reducer, &r, NULL,
                                  YOKE_ARGS(partial, input)),
                  YOKE_EINVAL);
    assert_status(yoke_map_reduce(pool, refuse, range, &small, &r, NULL,
                                  YOKE_ARGS(yoke_out_partial(4))),
                  YOKE_EKERNEL);
    assert_refused(pool,
                   yoke_map_reduce_async(&future, pool, kernel, range, &small, &r, NULL,
                                         YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "of 8 bytes");
    assert_null(future);
    assert_refused(pool,
                   yoke_map_reduce_async(&future, pool, kernel, yoke_range_1d(0),
                                         &reducer, &r, NULL, YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "identity");
    assert_int_equal(calls, 0);
    assert_int_equal(r.a, 7);
    reducer.identity = &identity;
    assert_ok_pool(pool, yoke_map_reduce_async(&future, pool, kernel, yoke_range_1d(0),
                                               &reducer, &r, NULL,
                                               YOKE_ARGS(partial, input)));
    assert_true(yoke_future_is_done(future));
    assert_int_equal(r.a, 1);
    yoke_future_destroy(future);
    r.a = 7;
    assert_ok_pool(pool, yoke_map_reduce(pool, kernel, yoke_range_1d(0), &reducer, &r,
                                         NULL, YOKE_ARGS(partial, input)));
    assert_int_equal(r.a, 1);
    assert_int_equal(r.b, 0);
    yoke_kernel_destroy(kernel);
    assert_refused(pool,
                   yoke_map_reduce(pool, kernel, range, &reducer, &r, NULL,
                                   YOKE_ARGS(partial, input)),
                   YOKE_EINVAL, "destroyed");
    api_close(pool);
}

/* ---- without waiting ---- */

enum { ITEMS = 1000 };

/* A pool with something to reduce. */
typedef struct stage {
    yoke_pool *pool;
    yoke_kernel *kernel;
    uint32_t *in;
    affine right;
} stage;

static stage open_stage(void)
{
    stage s = {.pool = api_open("cpu:2")};

    s.kernel = api_kernel(s.pool, "affine", affine_native);
    s.in = yoke_alloc(s.pool, ITEMS * sizeof *s.in);
    assert_non_null(s.in);
    plain_fill(YOKE_TYPE_UINT32, s.in, ITEMS, 3);
    s.right = plain_compose(s.in, 0, ITEMS);
    return s;
}

static yoke_future *submit(const stage *s, const yoke_reducer *reducer, affine *result)
{
    yoke_future *future = NULL;

    assert_ok_pool(s->pool,
                   yoke_map_reduce_async(&future, s->pool, s->kernel,
                                         yoke_range_1d(ITEMS), reducer, result, NULL,
                                         YOKE_ARGS(yoke_out_partial(sizeof(affine)),
                                                   yoke_in(s->in, sizeof *s->in))));
    return future;
}

static void assert_right(const stage *s, affine got)
{
    assert_int_equal(got.a, s->right.a);
    assert_int_equal(got.b, s->right.b);
}

/* What a callback saw: the result is there. */
static void look(yoke_future *future, yoke_status status, void *context)
{
    affine *seen = context;

    (void)future;
    if (status == YOKE_OK) {
        seen[1] = seen[0];
    }
}

/* Many at a time. Some futures are given back at once, and the others are not waited for: they
 * are polled, as an event loop does. */
static void test_many(void **state)
{
    enum { JOBS = 100 };
    stage s = open_stage();
    struct pollfd events = {.fd = yoke_pool_fd(s.pool), .events = POLLIN};
    yoke_future *futures[JOBS];
    affine got[JOBS][2];
    size_t calls = 0;
    size_t ended = 0;
    const yoke_reducer reducer = {sizeof(affine), compose, &calls, NULL};

    (void)state;
    memset(got, 0, sizeof got);
    for (size_t i = 0; i < JOBS; i++) {
        futures[i] = submit(&s, &reducer, got[i]);
        if (i % 4 == 0) {
            yoke_future_destroy(futures[i]);
        } else {
            assert_ok(yoke_future_on_done(futures[i], look, got[i]));
        }
    }
    while (calls < JOBS * (ITEMS - 1)) {
        assert_int_equal(poll(&events, 1, 60000), 1);
        ended += yoke_pool_poll(s.pool);
        assert_true(ended <= JOBS);
    }
    for (size_t i = 0; i < JOBS; i++) {
        assert_right(&s, got[i][0]);
        if (i % 4 != 0) {
            assert_right(&s, got[i][1]);
            assert_true(yoke_future_is_done(futures[i]));
            yoke_future_destroy(futures[i]);
        }
    }
    assert_int_equal(calls, JOBS * (ITEMS - 1));
    api_close(s.pool);
}

/* Closing waits for it, even if the program has not kept the future. */
static void test_closed(void **state)
{
    stage s = open_stage();
    affine got[2] = {{0, 0}, {0, 0}};
    size_t calls = 0;
    const yoke_reducer reducer = {sizeof(affine), compose, &calls, NULL};
    yoke_future *kept = submit(&s, &reducer, &got[0]);

    (void)state;
    yoke_future_destroy(submit(&s, &reducer, &got[1]));
    api_close(s.pool);
    assert_right(&s, got[0]);
    assert_right(&s, got[1]);
    assert_ok(yoke_future_wait(kept, YOKE_FOREVER));
    yoke_future_destroy(kept);
}

/* One that waits for a job that is held, cancelled: its result is not touched. */
static void test_cancelled(void **state)
{
    stage s = open_stage();
    yoke_kernel *hold = api_kernel(s.pool, "hold", api_hold);
    api_gate *gate = api_gate_create(s.pool);
    affine got = {7, 7};
    size_t calls = 0;
    const yoke_reducer reducer = {sizeof(affine), compose, &calls, NULL};
    yoke_future *held;
    yoke_future *future;

    (void)state;
    assert_ok_pool(s.pool,
                   yoke_map_async(&held, s.pool, hold, yoke_range_1d(ITEMS), NULL,
                                  YOKE_ARGS(yoke_inout(s.in, sizeof *s.in),
                                            yoke_in_whole(gate, sizeof *gate))));
    future = submit(&s, &reducer, &got);
    assert_status(yoke_future_wait(future, 0), YOKE_ETIMEDOUT);
    assert_ok(yoke_future_cancel(future));
    api_gate_open(gate);
    assert_status(yoke_future_wait(future, API_SECONDS), YOKE_ECANCELED);
    assert_int_equal(got.a, 7);
    assert_int_equal(calls, 0);
    yoke_future_destroy(future);
    assert_ok(yoke_future_wait(held, API_SECONDS));
    yoke_future_destroy(held);
    api_close(s.pool);
}

/* ---- the function makes calls ---- */

typedef struct meddler {
    const stage *s;
    yoke_future *own; /* NULL: the call waits */
    yoke_status waited;
    yoke_status closed;
    yoke_status mapped;
    size_t calls;
} meddler;

static void meddle(void *into, const void *from, void *context)
{
    meddler *self = context;
    yoke_pool *pool = self->s->pool;
    size_t inner = 0;
    affine got;
    const yoke_reducer reducer = {sizeof(affine), compose, &inner, NULL};

    compose(into, from, &self->calls);
    if (self->calls == 1) {
        self->waited = yoke_future_wait(self->own, YOKE_FOREVER);
        self->closed = yoke_pool_close(pool);
        self->mapped = yoke_map_reduce(
            pool, self->s->kernel, yoke_range_1d(10), &reducer, &got, NULL,
            YOKE_ARGS(yoke_out_partial(sizeof(affine)), yoke_in(self->s->in, 4)));
        yoke_future_destroy(self->own);
    }
}

static void test_inner_calls(void **state)
{
    stage s = open_stage();
    meddler self = {.s = &s};
    const yoke_reducer reducer = {sizeof(affine), meddle, &self, NULL};
    affine got = {0, 0};

    (void)state;
    for (int round = 0; round < 3; round++) {
        self = (meddler){.s = &s};
        if (round == 0) {
            assert_ok_pool(s.pool,
                           yoke_map_reduce(s.pool, s.kernel, yoke_range_1d(ITEMS),
                                           &reducer, &got, NULL,
                                           YOKE_ARGS(yoke_out_partial(sizeof(affine)),
                                                     yoke_in(s.in, 4))));
        } else {
            self.own = submit(&s, &reducer, &got);
            while (round == 1 && self.calls < ITEMS - 1) {
                (void)yoke_pool_poll(s.pool);
            }
            if (round == 2) {
                assert_ok(yoke_future_wait(self.own, API_SECONDS));
            }
            assert_int_equal(self.waited, YOKE_EBUSY);
        }
        assert_int_equal(self.calls, ITEMS - 1);
        assert_int_equal(self.closed, YOKE_EBUSY);
        assert_ok(self.mapped);
        assert_right(&s, got);
    }
    api_close(s.pool);
}

typedef struct waiter {
    yoke_future *other;
    yoke_status status;
} waiter;

static void wait_inside(yoke_future *future, yoke_status status, void *context)
{
    waiter *self = context;

    (void)future;
    (void)status;
    self->status = yoke_future_wait(self->other, API_SECONDS);
}

/* A callback may wait for one: it is made there. */
static void test_waited_for_in_callback(void **state)
{
    stage s = open_stage();
    waiter self = {.status = YOKE_ETIMEDOUT};
    affine got[2] = {{0, 0}, {0, 0}};
    size_t calls = 0;
    const yoke_reducer reducer = {sizeof(affine), compose, &calls, NULL};
    yoke_future *first = submit(&s, &reducer, &got[0]);

    (void)state;
    self.other = submit(&s, &reducer, &got[1]);
    assert_ok(yoke_future_on_done(first, wait_inside, &self));
    assert_ok(yoke_future_on_done(self.other, look, &got[0]));
    assert_ok(yoke_future_wait(first, API_SECONDS));
    assert_ok(self.status);
    assert_right(&s, got[0]);
    assert_right(&s, got[1]);
    assert_int_equal(calls, 2 * (ITEMS - 1));
    yoke_future_destroy(first);
    yoke_future_destroy(self.other);
    api_close(s.pool);
}

/* ---- threads ---- */

static void *await(void *future)
{
    return yoke_future_wait(future, API_SECONDS) == YOKE_OK ? NULL : future;
}

/* Slow enough that others come to wait for who makes it. */
static void compose_slowly(void *into, const void *from, void *context)
{
    compose(into, from, context);
    if (*(size_t *)context % 200 == 0) {
        (void)usleep(1000);
    }
}

static void test_threads(void **state)
{
    enum { THREADS = 4 };
    stage s = open_stage();
    pthread_t threads[THREADS];

    (void)state;
    for (int round = 0; round < 30; round++) {
        affine got = {0, 0};
        size_t calls = 0;
        const yoke_reducer reducer = {sizeof(affine), compose_slowly, &calls, NULL};
        yoke_future *future = submit(&s, &reducer, &got);

        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, await, future), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            void *failed = future;

            (void)pthread_join(threads[i], &failed);
            assert_null(failed);
        }
        assert_int_equal(calls, ITEMS - 1);
        assert_right(&s, got);
        yoke_future_destroy(future);
    }
    api_close(s.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_whatever_pool), yt_unit_test(test_bad_input),
        yt_unit_test(test_many),          yt_unit_test(test_closed),
        yt_unit_test(test_cancelled),     yt_unit_test(test_inner_calls),
        yt_unit_test(test_threads),       yt_unit_test(test_waited_for_in_callback),
    };

    return yt_run_group(tests);
}
