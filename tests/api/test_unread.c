/* SPDX-License-Identifier: MIT */
/* Failures of jobs that the program has no future of: a wait for all, or the end of the pool,
 * reports them, once. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"
#include "pool/pool.h"

enum { N = 100, JOBS = 5, FIRST_REFUSED = 2 };

static const char reason[] = "no hay for item 5";

static yoke_pool *pool;
static yoke_kernel *refuse;
static yoke_kernel *number;
static yoke_kernel *increment;
static yoke_kernel *hold;
static uint32_t *numbers;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    refuse = api_kernel(pool, "refuse", api_refuse);
    number = api_kernel(pool, "number", api_number);
    increment = api_kernel(pool, "increment", api_increment);
    hold = api_kernel(pool, "hold", api_hold);
    numbers = api_numbers(pool, N);
    return 0;
}

/* The pool reports nothing: it was reported before, or nothing is to be. */
static int tear_down(void **state)
{
    const bool failed = pool != NULL && yoke_pool_close(pool) != YOKE_OK;

    pool = NULL;
    return yt_test_teardown(state) != 0 || failed ? -1 : 0;
}

static yoke_future *start_refused(void)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, refuse, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(numbers, sizeof *numbers))));
    return future;
}

static void submit(yoke_kernel *kernel)
{
    assert_ok_pool(pool,
                   yoke_map_async(NULL, pool, kernel, yoke_range_1d(N), NULL,
                                  YOKE_ARGS(yoke_inout(numbers, sizeof *numbers))));
}

/* ---- the wait ---- */

static void test_wait_reports_once(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS; i++) {
        submit(refuse);
    }
    assert_refused(pool, yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL, reason);
    assert_contains(yoke_pool_error(pool), "4 more unreported failures");
    assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    submit(refuse);
    assert_refused(pool, yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL, reason);
    assert_null(strstr(yoke_pool_error(pool), "more"));
}

/* A wait whose time runs out says that, and leaves the failure to the next. */
static void test_wait_that_is_over(void **state)
{
    api_gate *gate = api_gate_create(pool);
    uint32_t *held = api_numbers(pool, 1);

    (void)state;
    submit(refuse);
    assert_ok_pool(pool, yoke_map_async(NULL, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(held, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_status(yoke_pool_wait(pool, 0.05), YOKE_ETIMEDOUT);
    (void)yoke_pool_poll(pool);
    assert_status(yoke_pool_wait(pool, 0), YOKE_ETIMEDOUT);
    api_gate_open(gate);
    assert_refused(pool, yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL, reason);
}

typedef struct inside {
    bool called;
    yoke_status status;
    char text[256];
} inside;

static void wait_inside(yoke_future *future, yoke_status status, void *context)
{
    inside *self = context;

    (void)future;
    (void)status;
    self->called = true;
    self->status = yoke_pool_wait(pool, API_SECONDS);
    (void)snprintf(self->text, sizeof self->text, "%s", yoke_pool_error(pool));
}

static void test_wait_in_a_callback(void **state)
{
    yoke_future *future = NULL;
    inside self = {.called = false};

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&future, pool, number, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(numbers, sizeof *numbers))));
    submit(refuse); /* before the callback can be called, which is to see it fail */
    assert_ok(yoke_future_on_done(future, wait_inside, &self));
    assert_ok(yoke_future_wait(future, API_SECONDS));
    assert_true(self.called);
    assert_status(self.status, YOKE_EKERNEL);
    assert_contains(self.text, reason);
    yoke_future_destroy(future);
}

/* ---- all ways to submit ---- */

static int refuse_task(yoke_task *task)
{
    return yoke_task_fail(task, 42, "no hay for item 5");
}

static void add(void *into, const void *part, void *context)
{
    (void)context;
    *(uint32_t *)into += *(const uint32_t *)part;
}

static void ignore(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    if (context != NULL) {
        ++*(int *)context;
    }
}

static bool is_done(void *future)
{
    return yoke_future_is_done(future);
}

static bool polls_some(void *unused)
{
    (void)unused;
    return yoke_pool_poll(pool) > 0;
}

static void without_future(void)
{
    submit(refuse);
}

static void given_back_at_once(void)
{
    yoke_future_destroy(start_refused());
}

static void given_back_unread(void)
{
    yoke_future *future = start_refused();

    assert_true(yt_wait_until(is_done, future, 60));
    yoke_future_destroy(future);
}

static void polled(void)
{
    submit(refuse);
    assert_true(yt_wait_until(polls_some, NULL, 60));
}

/* The callback goes with the future, before the job has begun. */
static void given_back_with_its_callback(void)
{
    api_gate *gate = api_gate_create(pool);
    uint32_t *held = api_numbers(pool, 1);
    yoke_future *first = NULL;
    yoke_future *second = NULL;
    const yoke_map_options options = {.after = &first, .after_count = 1};

    assert_ok_pool(pool, yoke_map_async(&first, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(held, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok_pool(pool, yoke_map_async(&second, pool, refuse, yoke_range_1d(N),
                                        &options, YOKE_ARGS(yoke_out(numbers, 4))));
    assert_ok(yoke_future_on_done(second, ignore, NULL));
    yoke_future_destroy(second);
    api_gate_open(gate);
    assert_ok(yoke_future_wait(first, API_SECONDS));
    yoke_future_destroy(first);
}

static void apply(void)
{
    const yoke_task_options options = {.on_success = ignore};

    assert_ok_pool(pool, yoke_apply_async(NULL, pool, refuse_task, NULL, 0, &options));
}

static void map_items(void)
{
    assert_ok_pool(pool, yoke_apply_each_async(NULL, pool, refuse_task, 1, NULL,
                                               YOKE_ARGS(yoke_out(numbers, 4))));
}

static void starmap(void)
{
    const yoke_arg args[] = {yoke_in(numbers, 4)};

    assert_ok_pool(pool,
                   yoke_apply_each_async(NULL, pool, refuse_task, 1, NULL, args, 1));
}

static void reduce_map(void)
{
    static uint32_t sum;
    const yoke_reducer reducer = {.bytes = sizeof sum, .combine = add};

    assert_ok_pool(pool, yoke_map_reduce_async(
                             NULL, pool, refuse, yoke_range_1d(N), &reducer, &sum, NULL,
                             YOKE_ARGS(yoke_out_partial(sizeof sum))));
}

/* The first item that is refused becomes a job whatever was ready before. */
static int next_number(void *item, size_t index, void *context)
{
    if (index == FIRST_REFUSED) {
        api_gate_open(context);
    }
    *(uint32_t *)item = (uint32_t)index;
    return index < JOBS;
}

static yoke_stream *open_stream(yoke_task_function *function)
{
    api_gate *gate = api_gate_create(pool);
    const yoke_stream_options options = {.function = function,
                                         .input_bytes = 4,
                                         .output_bytes = 4,
                                         .chunk = 1,
                                         .context = &gate,
                                         .context_bytes = sizeof gate};
    yoke_stream *stream = NULL;

    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, next_number, gate));
    return stream;
}

/* No result is handed out before there is an item that is refused. */
static int refuse_late(yoke_task *task)
{
    const api_gate *gate = *(api_gate *const *)task->context;

    while (atomic_load(&gate->open) == 0) {
        (void)usleep(100);
    }
    return task->index < FIRST_REFUSED ? 0 : refuse_task(task);
}

static bool is_quiet(void *unused)
{
    (void)unused;
    return yoke_pool_wait(pool, 0) != YOKE_ETIMEDOUT;
}

/* The items that the program did not read. */
static void left_stream(void)
{
    yoke_stream *stream = open_stream(refuse_late);
    void *result = NULL;

    assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
    assert_true(yt_wait_until(is_quiet, NULL, 60));
    yoke_stream_destroy(stream);
}

typedef void way_to_fail(void);

static way_to_fail *const untold[] = {
    without_future,
    given_back_at_once,
    given_back_unread,
    polled,
    given_back_with_its_callback,
    apply,
    map_items,
    starmap,
    reduce_map,
    left_stream,
};

static void test_all_that_is_not_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof untold / sizeof untold[0]; i++) {
        untold[i]();
        assert_refused(pool, yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL, reason);
        assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    }
}

/* ---- what was told ---- */

static void waited_for(void)
{
    yoke_future *future = start_refused();

    assert_status(yoke_future_wait(future, API_SECONDS), YOKE_EKERNEL);
    yoke_future_destroy(future);
}

static bool has_result(void *future)
{
    void *result;

    return yoke_future_result(future, &result, NULL) != YOKE_EAGAIN;
}

static void asked_for_its_result(void)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_apply_async(&future, pool, refuse_task, NULL, 0, NULL));
    assert_true(yt_wait_until(has_result, future, 60));
    yoke_future_destroy(future);
}

static void asked_for_its_text(void)
{
    yoke_future *future = start_refused();

    assert_true(yt_wait_until(is_done, future, 60));
    assert_contains(yoke_future_error(future), reason);
    yoke_future_destroy(future);
}

static bool was_called(void *calls)
{
    (void)yoke_pool_poll(pool);
    return *(int *)calls != 0;
}

static void told_on_error(void)
{
    int calls = 0;
    const yoke_task_options options = {.on_error = ignore, .on_context = &calls};

    assert_ok_pool(pool, yoke_apply_async(NULL, pool, refuse_task, NULL, 0, &options));
    assert_true(yt_wait_until(was_called, &calls, 60));
}

static void told_on_done(void)
{
    yoke_future *future = start_refused();
    int calls = 0;

    assert_ok(yoke_future_on_done(future, ignore, &calls));
    assert_true(yt_wait_until(was_called, &calls, 60));
    yoke_future_destroy(future);
}

static void told_late(void)
{
    yoke_future *future = start_refused();
    int calls = 0;

    assert_true(yt_wait_until(is_done, future, 60));
    assert_ok(yoke_future_on_done(future, ignore, &calls));
    assert_int_equal(calls, 1);
    yoke_future_destroy(future);
}

static void at_once(void)
{
    assert_status(yoke_map(pool, refuse, yoke_range_1d(N), yoke_out(numbers, 4)),
                  YOKE_EKERNEL);
    assert_status(yoke_apply(pool, refuse_task, NULL, 0, NULL, NULL, NULL),
                  YOKE_EKERNEL);
}

static void told_to_those_after_it(void)
{
    yoke_future *future = start_refused();
    const yoke_map_options options = {.after = &future, .after_count = 1};

    assert_true(yt_wait_until(is_done, future, 60));
    assert_status(yoke_map_async(NULL, pool, number, yoke_range_1d(N), &options,
                                 YOKE_ARGS(yoke_out(numbers, 4))),
                  YOKE_EDEPENDENCY);
    yoke_future_destroy(future);
}

/* The program asked for it. */
static void cancelled(void)
{
    api_gate *gate = api_gate_create(pool);
    uint32_t *held = api_numbers(pool, 1);
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(held, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok(yoke_future_cancel(future));
    yoke_future_destroy(future);
    api_gate_open(gate);
}

static void read_from_the_stream(void)
{
    yoke_stream *stream = open_stream(refuse_task);
    void *result = NULL;

    assert_status(yoke_stream_next(stream, &result, 60), YOKE_EKERNEL);
    yoke_stream_destroy(stream);
}

static way_to_fail *const told[] = {
    waited_for,
    asked_for_its_result,
    asked_for_its_text,
    told_on_error,
    told_on_done,
    told_late,
    at_once,
    told_to_those_after_it,
    cancelled,
    read_from_the_stream,
};

static void test_what_was_told_is_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        told[i]();
        assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    }
}

/* A future that is there is asked, not the pool, also when that is closed. */
static void test_futures_are_asked(void **state)
{
    yoke_future *future = start_refused();

    (void)state;
    assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    api_close(pool);
    pool = NULL;
    assert_status(yoke_future_wait(future, 0), YOKE_EKERNEL);
    assert_contains(yoke_future_error(future), reason);
    yoke_future_destroy(future);
}

/* ---- causes ---- */

static void test_cause_comes_before_what_follows(void **state)
{
    (void)state;
    submit(refuse);
    for (int i = 0; i < 200; i++) {
        submit(increment);
    }
    assert_refused(pool, yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL, reason);
    submit(refuse);
    submit(increment);
    assert_status(yoke_map(pool, increment, yoke_range_1d(N), yoke_inout(numbers, 4)),
                  YOKE_EDEPENDENCY);
    assert_refused(pool, yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL, reason);
}

/* Looking, and freeing something, is no report: what was not computed is not computed with. */
static void test_looking_hides_nothing(void **state)
{
    uint32_t *other = api_numbers(pool, N);
    yoke_reduced sum;

    (void)state;
    submit(refuse);
    assert_true(yt_wait_until(polls_some, NULL, 60));
    assert_int_equal(yoke_pool_poll(pool), 0); /* counted once */
    assert_ok_pool(pool, yoke_free(other));
    assert_status(
        yoke_reduce(pool,
                    yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N),
                    &sum, NULL),
        YOKE_EDEPENDENCY);
    assert_contains(yoke_pool_error(pool), reason);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
    assert_ok_pool(pool, yoke_reduce(pool,
                                     yoke_reduction_of(YOKE_REDUCE_SUM,
                                                       YOKE_TYPE_UINT32, numbers, N),
                                     &sum, NULL));
    submit(refuse);
    assert_true(yt_wait_until(polls_some, NULL, 60));
    assert_ok_pool(pool, yoke_free(numbers)); /* no job can read that any more */
    numbers = api_numbers(pool, N);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
}

/* A step of a simulation that changes its state in place and dies once. */
static void die_once(const yoke_span *span, void *const args[])
{
    if (atomic_exchange((_Atomic uint32_t *)args[1], 0) != 0) {
        (void)raise(SIGKILL);
    }
    api_increment(span, args);
}

static void test_lost_worker_without_recovery(void **state)
{
    static const yoke_map_options options = {.recovery = YOKE_RECOVER_NONE};
    yoke_kernel *step = api_kernel(pool, "step", die_once);
    _Atomic uint32_t *armed = yoke_alloc(pool, sizeof *armed);

    (void)state;
    assert_non_null(armed);
    for (int i = 0; i < 100; i++) {
        if (i == 50) {
            assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
            atomic_store(armed, 1);
        }
        assert_ok_pool(pool,
                       yoke_map_async(NULL, pool, step, yoke_range_1d(N), &options,
                                      YOKE_ARGS(yoke_inout(numbers, 4),
                                                yoke_in_whole(armed, sizeof *armed))));
    }
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "step");
}

/* ---- the end of the pool ---- */

static void check_end(yoke_status end(yoke_pool *))
{
    yoke_pool *ended = pool;

    submit(refuse);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
    given_back_unread();
    pool = NULL;
    assert_status(end(ended), YOKE_EKERNEL);
    assert_contains(yoke_pool_error(NULL), reason);
    assert_contains(yoke_pool_error(ended), reason);
    api_check_sentence(yoke_pool_error(NULL));
}

static void test_close(void **state)
{
    (void)state;
    check_end(yoke_pool_close);
}

static void test_terminate(void **state)
{
    (void)state;
    check_end(yoke_pool_terminate);
}

/* What a terminated pool gives up it was told to give up. */
static void test_terminate_while_at_work(void **state)
{
    api_gate *gate = api_gate_create(pool);
    uint32_t *held = api_numbers(pool, 1);
    yoke_pool *ended = pool;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(NULL, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(held, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    pool = NULL;
    assert_ok(yoke_pool_terminate(ended));
}

static void test_close_with_an_open_stream(void **state)
{
    yoke_stream *stream = open_stream(refuse_late);
    yoke_pool *ended = pool;
    void *result = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
    assert_true(yt_wait_until(is_quiet, NULL, 60));
    pool = NULL;
    assert_status(yoke_pool_close(ended), YOKE_EKERNEL);
    assert_contains(yoke_pool_error(NULL), reason);
    assert_status(yoke_stream_next(stream, &result, 0), YOKE_ECLOSED);
    yoke_stream_destroy(stream);
}

static bool has_no_supervisor(void *unused)
{
    (void)unused;
    return yk_pool_supervisor_ended(pool);
}

static int say_parent(yoke_task *task)
{
    *(pid_t *)task->output = getppid();
    return 0;
}

static void test_broken_pool(void **state)
{
    yoke_pool *ended = pool;
    pid_t supervisor = 0;

    (void)state;
    assert_ok_pool(
        pool, yoke_apply_each(pool, say_parent, 1, NULL,
                              YOKE_ARGS(yoke_out(&supervisor, sizeof supervisor))));
    given_back_unread();
    assert_true(supervisor > 1);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_true(yt_wait_until(has_no_supervisor, NULL, 60));
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EBROKEN);
    assert_contains(yoke_pool_error(pool), reason);
    pool = NULL;
    assert_status(yoke_pool_close(ended), YOKE_EBROKEN);
    assert_null(strstr(yoke_pool_error(NULL), reason));
}

#define with_pool(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_pool(test_wait_reports_once),
        with_pool(test_wait_that_is_over),
        with_pool(test_wait_in_a_callback),
        with_pool(test_all_that_is_not_told),
        with_pool(test_what_was_told_is_over),
        with_pool(test_futures_are_asked),
        with_pool(test_cause_comes_before_what_follows),
        with_pool(test_looking_hides_nothing),
        with_pool(test_lost_worker_without_recovery),
        with_pool(test_close),
        with_pool(test_terminate),
        with_pool(test_terminate_while_at_work),
        with_pool(test_close_with_an_open_stream),
        with_pool(test_broken_pool),
    };

    return yt_run_group(tests);
}
