/* SPDX-License-Identifier: MIT */
/* What the program's own functions may do while the library is calling them: callbacks, and
 * the sources of streams. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"
#include "pool/pool.h"

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- tasks ---- */

static int succeed(yoke_task *task)
{
    return yoke_task_output(task, 5000) != NULL ? 0 : 1;
}

static int refuse(yoke_task *task)
{
    return yoke_task_fail(task, 9, "not today");
}

static int hold(yoke_task *task)
{
    api_gate *gate = *(void *const *)task->context;

    atomic_fetch_add(&gate->arrived, 1);
    while (atomic_load(&gate->open) == 0) {
        (void)usleep(100);
    }
    return 0;
}

static int hold_and_refuse(yoke_task *task)
{
    (void)hold(task);
    return refuse(task);
}

static bool has_ended(void *arg)
{
    const yoke_future *future = arg;

    return yk_state_of(atomic_load(
               &yk_job_at(future->pool->control, future->ref)->state)) == YK_JOB_ENDED;
}

/* A job that has ended, of which the program has not heard yet. */
static yoke_future *ended(const yoke_task_options *options)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_apply_async(&future, pool, succeed, NULL, 0, options));
    assert_true(yt_wait_until(has_ended, future, 60));
    return future;
}

/* ---- futures that a callback gives back ---- */

typedef struct giver {
    yoke_future *other; /* to be given back beside its own; NULL: none */
    unsigned calls;
} giver;

static void give_back(yoke_future *future, yoke_status status, void *context)
{
    giver *self = context;

    (void)status;
    self->calls++;
    yoke_future_destroy(future);
    yoke_future_destroy(self->other);
}

/* Whether or not the program waits for it. */
static void test_own_future(void **state)
{
    giver self = {0};
    const yoke_task_options options = {
        .on_success = give_back, .on_error = give_back, .on_context = &self};
    yoke_future *future = NULL;
    void *result = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(&future, pool, succeed, NULL, 0, &options));
    assert_ok(yoke_future_wait(future, API_SECONDS));
    assert_ok_pool(pool, yoke_apply_async(&future, pool, refuse, NULL, 0, &options));
    assert_status_pool(pool, yoke_future_wait(future, API_SECONDS), YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "not today");
    assert_int_equal(self.calls, 2);

    future = ended(&options);
    assert_ok(yoke_future_result(future, &result, NULL));
    assert_ok_pool(pool, yoke_free(result));
    future = ended(NULL);
    assert_ok(yoke_future_on_done(future, give_back, &self));
    assert_true(yoke_future_is_done(future));
    future = ended(NULL);
    assert_ok(yoke_future_wait(future, API_SECONDS));
    assert_ok(yoke_future_on_done(future, give_back, &self)); /* at once */
    assert_int_equal(self.calls, 5);
}

/* A call that waits, or one without a future, has no future to give back. */
static void test_future_of_nobody(void **state)
{
    giver self = {0};
    const yoke_task_options options = {
        .on_success = give_back, .on_error = give_back, .on_context = &self};
    void *result = NULL;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_ok_pool(pool,
                       yoke_apply(pool, succeed, NULL, 0, &result, NULL, &options));
        assert_non_null(result);
        assert_ok_pool(pool, yoke_free(result));
        assert_status_pool(pool,
                           yoke_apply(pool, refuse, NULL, 0, NULL, NULL, &options),
                           YOKE_EKERNEL);
        assert_ok_pool(pool, yoke_apply_async(NULL, pool, succeed, NULL, 0, &options));
        assert_ok_pool(pool, yoke_apply_each(pool, hold, 0, &options, NULL, 0));
    }
    while (self.calls < 80) {
        assert_true(yoke_pool_poll(pool) < 80);
    }
    assert_int_equal(self.calls, 80);
}

/* The one that is being waited for: the wait goes on. */
static void test_others_future(void **state)
{
    giver self = {0};

    (void)state;
    for (int i = 0; i < 20; i++) {
        api_gate *gate = api_gate_create(pool);
        const yoke_task_options options = {.on_success = give_back,
                                           .on_context = &self,
                                           .context = &gate,
                                           .context_bytes = sizeof gate};
        const yoke_task_options other = {.context = &gate,
                                         .context_bytes = sizeof gate};
        yoke_future *first = NULL;

        assert_ok_pool(pool, yoke_apply_async(&first, pool, hold, NULL, 0, &options));
        assert_ok_pool(pool, yoke_apply_async(&self.other, pool, hold_and_refuse, NULL,
                                              0, &other));
        api_gate_open(gate);
        assert_true(yt_wait_until(has_ended, first, 60));
        assert_true(yt_wait_until(has_ended, self.other, 60));
        /* A failure that is told collects all that have ended. */
        assert_status(yoke_future_wait(self.other, API_SECONDS), YOKE_EKERNEL);
        assert_int_equal(self.calls, i + 1);
        assert_ok_pool(pool, yoke_free(gate));
    }
}

/* ---- order ---- */

enum { MANY = 12 };

typedef struct diary {
    unsigned count;
    unsigned order[MANY];
} diary;

typedef struct entry {
    diary *of;
    unsigned number;
} entry;

static void write_down(yoke_future *future, yoke_status status, void *context)
{
    const entry *self = context;

    (void)future;
    (void)status;
    self->of->order[self->of->count++] = self->number;
}

static yoke_future *held(api_gate *gate, entry *about)
{
    const yoke_task_options options = {.on_success = about != NULL ? write_down : NULL,
                                       .on_context = about,
                                       .context = &gate,
                                       .context_bytes = sizeof gate};
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_apply_async(&future, pool, hold, NULL, 0, &options));
    return future;
}

/* Callbacks of jobs that have ended before they are collected are called in the order of
 * submission, whatever slots the jobs have. */
static void test_order(void **state)
{
    api_gate *early = api_gate_create(pool);
    api_gate *late = api_gate_create(pool);
    yoke_future *first = held(early, NULL);
    yoke_future *futures[MANY];
    entry entries[MANY];
    diary notes = {0};

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        entries[i] = (entry){&notes, i};
        futures[i] = held(late, &entries[i]);
        if (i == MANY / 2) { /* the next one gets the slot of a job before all these */
            api_gate_open(early);
            assert_ok(yoke_future_wait(first, API_SECONDS));
        }
    }
    api_gate_open(late);
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(yt_wait_until(has_ended, futures[i], 60));
    }
    assert_int_equal(notes.count, 0);
    assert_int_equal(yoke_pool_poll(pool), MANY);
    assert_int_equal(notes.count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(notes.order[i], i);
        yoke_future_destroy(futures[i]);
    }
    yoke_future_destroy(first);
    assert_ok_pool(pool, yoke_free(early));
    assert_ok_pool(pool, yoke_free(late));
}

/* A callback that takes its time in one thread, while another thread looks. */
typedef struct slow {
    _Atomic int begun;
    _Atomic int may_end;
    _Atomic int ended;
    _Atomic int too_early;
} slow;

static void take_time(yoke_future *future, yoke_status status, void *context)
{
    slow *self = context;

    (void)future;
    (void)status;
    atomic_store(&self->begun, 1);
    while (atomic_load(&self->may_end) == 0) {
        (void)usleep(100);
    }
    atomic_store(&self->ended, 1);
}

static void come_after(yoke_future *future, yoke_status status, void *context)
{
    slow *self = context;

    (void)future;
    (void)status;
    atomic_store(&self->too_early, atomic_load(&self->ended) == 0);
    atomic_store(&self->ended, 2);
}

static void *poll_once(void *arg)
{
    (void)arg;
    (void)yoke_pool_poll(pool);
    return NULL;
}

static bool has_begun(void *arg)
{
    return atomic_load(&((slow *)arg)->begun) != 0;
}

static void test_two_threads(void **state)
{
    slow self = {0};
    pthread_t thread;
    yoke_future *future =
        ended(&(yoke_task_options){.on_success = take_time, .on_context = &self});

    (void)state;
    assert_ok(yoke_future_on_done(future, come_after, &self));
    assert_int_equal(pthread_create(&thread, NULL, poll_once, NULL), 0);
    assert_true(yt_wait_until(has_begun, &self, 60));
    (void)yoke_pool_poll(pool);
    atomic_store(&self.may_end, 1);
    (void)pthread_join(thread, NULL);
    assert_false(self.too_early);
    assert_int_equal(self.ended, 2);
    yoke_future_destroy(future);
}

static void count(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(unsigned *)context += status == YOKE_OK;
}

/* A job of no items has ended well, too. */
static void test_no_items(void **state)
{
    unsigned calls = 0;
    const yoke_task_options options = {
        .on_success = count, .on_error = count, .on_context = &calls};
    const yoke_task_options bad = {.devices = "nonsense", .on_device = true};
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_apply_each_async(&future, pool, hold, 0, &options, NULL, 0));
    assert_ok(yoke_future_wait(future, 0));
    assert_int_equal(calls, 1);
    yoke_future_destroy(future);
    assert_ok_pool(pool, yoke_apply_each_async(NULL, pool, hold, 0, &options, NULL, 0));
    (void)yoke_pool_poll(pool);
    assert_int_equal(calls, 2);
    assert_ok_pool(pool, yoke_apply_each(pool, hold, 0, &options, NULL, 0));
    assert_int_equal(calls, 3);
    assert_refused(pool, yoke_apply_each(pool, hold, 0, &bad, NULL, 0), YOKE_EINVAL,
                   "devices: ");
}

/* ---- calls from inside ---- */

typedef struct caller {
    unsigned inner; /* callbacks of calls made inside */
    yoke_status status;
    yoke_pool *to_close;
    yoke_future *to_await;
} caller;

static void call_and_wait(yoke_future *future, yoke_status status, void *context)
{
    caller *self = context;
    const yoke_task_options options = {.on_success = count, .on_context = &self->inner};

    (void)future;
    self->status = status == YOKE_OK
                       ? yoke_apply(pool, succeed, NULL, 0, NULL, NULL, &options)
                       : status;
}

/* Its callback comes once the one that made the call has returned. */
static void test_blocking_call(void **state)
{
    caller self = {.status = YOKE_ETIMEDOUT};
    yoke_future *future =
        ended(&(yoke_task_options){.on_success = call_and_wait, .on_context = &self});

    (void)state;
    assert_ok(yoke_future_wait(future, API_SECONDS));
    assert_ok(self.status);
    assert_int_equal(self.inner, 1);
    yoke_future_destroy(future);
}

static void close_it(yoke_future *future, yoke_status status, void *context)
{
    caller *self = context;

    (void)future;
    (void)status;
    self->status = yoke_pool_close(self->to_close);
    self->inner++;
}

static void await_other(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    (void)yoke_future_wait(((caller *)context)->to_await, 60);
}

/* From a callback of its own, also if another pool's callback is in between. */
static void test_close(void **state)
{
    caller self = {.to_close = pool};
    yoke_pool *other = api_open("cpu:1");
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_apply(pool, succeed, NULL, 0, NULL, NULL,
                                    &(yoke_task_options){.on_success = close_it,
                                                         .on_context = &self}));
    assert_int_equal(self.status, YOKE_EBUSY);
    assert_contains(yoke_pool_error(pool), "cannot close");

    self.status = YOKE_OK;
    assert_ok_pool(other, yoke_apply_async(&self.to_await, other, succeed, NULL, 0,
                                           &(yoke_task_options){.on_success = close_it,
                                                                .on_context = &self}));
    future =
        ended(&(yoke_task_options){.on_success = await_other, .on_context = &self});
    assert_ok(yoke_future_wait(future, API_SECONDS));
    assert_int_equal(self.inner, 2);
    assert_int_equal(self.status, YOKE_EBUSY);
    yoke_future_destroy(future);
    yoke_future_destroy(self.to_await);
    api_check_works(pool);
    api_close(other);
}

typedef struct ending {
    yoke_pool *pool;
    unsigned calls;
    yoke_status status; /* of the job */
    yoke_status inner;  /* of a call on the pool */
} ending;

static void end_with_pool(yoke_future *future, yoke_status status, void *context)
{
    ending *self = context;

    self->calls++;
    self->status = status;
    self->inner = yoke_apply_async(NULL, self->pool, succeed, NULL, 0, NULL);
    yoke_future_destroy(future);
}

/* Callbacks that come while the pool is being closed, or is terminated: for them it is
 * closed already. */
static void test_closing(void **state)
{
    (void)state;
    for (int kill = 0; kill < 2; kill++) {
        ending self = {.pool = api_open("cpu:1")};
        api_gate *gate = api_gate_create(self.pool);
        const yoke_task_options options = {.on_success = end_with_pool,
                                           .on_error = end_with_pool,
                                           .on_context = &self,
                                           .context = &gate,
                                           .context_bytes = sizeof gate};
        yoke_future *future = NULL;

        assert_ok_pool(self.pool,
                       yoke_apply_async(&future, self.pool, hold, NULL, 0, &options));
        assert_ok_pool(self.pool,
                       yoke_apply_async(NULL, self.pool, hold, NULL, 0, &options));
        api_gate_await(gate, 1);
        if (kill != 0) {
            assert_ok(yoke_pool_terminate(self.pool));
        } else {
            api_gate_open(gate);
            assert_ok(yoke_pool_close(self.pool));
        }
        assert_int_equal(self.calls, 2);
        assert_int_equal(self.status, kill != 0 ? YOKE_ECANCELED : YOKE_OK);
        assert_int_equal(self.inner, YOKE_ECLOSED);
    }
}

/* ---- sources of streams ---- */

typedef struct source {
    yoke_stream *stream;
    yoke_status closed;
    yoke_status mapped;
    unsigned noticed;
    unsigned made;
} source;

/* Calls on the pool are allowed, and their callbacks come; what would take the stream away
 * is not. */
static int make_item(void *item, size_t index, void *context)
{
    source *self = context;
    const yoke_task_options options = {.on_success = count,
                                       .on_context = &self->noticed};

    *(uint64_t *)item = index;
    self->made++;
    self->mapped = yoke_apply(pool, succeed, NULL, 0, NULL, NULL, &options);
    self->closed = yoke_pool_close(pool);
    yoke_stream_destroy(self->stream);
    return index < 3;
}

static int copy(yoke_task *task)
{
    *(uint64_t *)task->output = *(const uint64_t *)task->input;
    return 0;
}

static void test_source(void **state)
{
    const yoke_stream_options options = {
        .function = copy, .input_bytes = 8, .output_bytes = 8, .window = 1};
    source self = {.closed = YOKE_OK};
    void *result = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_stream_create(&self.stream, pool, &options, make_item, &self));
    for (uint64_t i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_stream_next(self.stream, &result, 60));
        assert_int_equal(*(uint64_t *)result, i);
        assert_int_equal(self.closed, YOKE_EBUSY);
        assert_ok(self.mapped);
    }
    assert_ok_pool(pool, yoke_stream_next(self.stream, &result, 60));
    assert_null(result);
    assert_int_equal(self.noticed, self.made);
    yoke_stream_destroy(self.stream);
}

typedef struct meddler {
    yoke_stream *stream;
    yoke_status status;
    unsigned calls;
} meddler;

static void meddle(yoke_future *future, yoke_status status, void *context)
{
    meddler *self = context;
    void *result = NULL;

    (void)future;
    (void)status;
    self->calls++;
    self->status = yoke_stream_next(self->stream, &result, 0);
    yoke_stream_destroy(self->stream);
}

static int count_up(void *item, size_t index, void *context)
{
    (void)context;
    *(uint64_t *)item = index;
    return 1;
}

/* A callback that comes while the stream is being destroyed. */
static void test_destroying(void **state)
{
    api_gate *gate = api_gate_create(pool);
    const yoke_stream_options options = {.function = hold,
                                         .input_bytes = 8,
                                         .context = &gate,
                                         .context_bytes = sizeof gate,
                                         .devices = "cpu:1",
                                         .window = 4};
    meddler self = {.status = YOKE_OK};
    yoke_future *future;
    void *result = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_stream_create(&self.stream, pool, &options, count_up, NULL));
    assert_status(yoke_stream_next(self.stream, &result, 0), YOKE_ETIMEDOUT);
    api_gate_await(gate, 1);
    future = ended(&(yoke_task_options){.on_success = meddle, .on_context = &self});
    api_gate_open(gate);
    yoke_stream_destroy(self.stream);
    (void)yoke_pool_poll(pool);
    assert_int_equal(self.calls, 1);
    assert_int_equal(self.status, YOKE_ECLOSED);
    yoke_future_destroy(future);
    assert_ok_pool(pool, yoke_free(gate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_future),    cmocka_unit_test(test_future_of_nobody),
        cmocka_unit_test(test_others_future), cmocka_unit_test(test_order),
        cmocka_unit_test(test_two_threads),   cmocka_unit_test(test_no_items),
        cmocka_unit_test(test_blocking_call), cmocka_unit_test(test_close),
        cmocka_unit_test(test_closing),       cmocka_unit_test(test_source),
        cmocka_unit_test(test_destroying),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
