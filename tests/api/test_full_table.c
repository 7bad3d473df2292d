/* SPDX-License-Identifier: MIT */
/* More jobs in flight than the workers come to: the table of jobs grows, and submissions that cannot
 * go on keep their limits. */
#include <stdlib.h>
#include <string.h>

#include "api_setup.h"
#include "pool/pool.h"

enum {
    MOST = YK_LEAST_JOBS, /* where a test needs a table that is full */
    BLOCKED = 75,
    MANY = 1000,
    ITEMS = 20, /* of a stream */
};

static yoke_pool *pool;
static yoke_event *gate;
static yoke_future *futures[MANY];
static size_t count;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    count = 0;
    return pool == NULL || yoke_event_create(&gate, pool, NULL) != YOKE_OK;
}

static int tear_down(void **state)
{
    (void)state;
    (void)yoke_event_destroy(gate);
    api_close(pool);
    return 0;
}

/* Waits for the gate, and returns its input plus 1. */
static int wait_for_gate(yoke_task *task)
{
    yoke_event *const event = *(yoke_event *const *)task->context;
    size_t *result = yoke_task_output(task, sizeof *result);

    if (result == NULL || yoke_event_wait(event, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    *result = *(const size_t *)task->input + 1;
    return 0;
}

static int copy_plus_one(yoke_task *task)
{
    *(size_t *)task->output = *(const size_t *)task->input + 1;
    return 0;
}

static int add_one(yoke_task *task)
{
    *(size_t *)task->args[0] += 1;
    return 0;
}

static int wait_and_add(yoke_task *task)
{
    yoke_event *const event = *(yoke_event *const *)task->context;

    return yoke_event_wait(event, YOKE_FOREVER) == YOKE_OK ? add_one(task) : 1;
}

static yoke_status submit(yoke_future **future, const yoke_task_options *more)
{
    yoke_task_options options = more != NULL ? *more : (yoke_task_options){.timeout = 0};

    options.context = &gate;
    options.context_bytes = sizeof gate;
    return yoke_apply_async(future, pool, wait_for_gate, &count, sizeof count, &options);
}

static void fill_table(size_t until)
{
    if (until == MOST) {
        pool->control->max_jobs = MOST;
    }
    while (count < until) {
        assert_ok_pool(pool, submit(&futures[count], NULL));
        count++;
    }
}

/* Lets all go, and looks at all results. */
static void open_gate(void)
{
    assert_ok_pool(pool, yoke_event_set(gate));
    for (size_t i = 0; i < count; i++) {
        void *result = NULL;

        assert_ok_pool(pool, yoke_future_wait(futures[i], YOKE_FOREVER));
        assert_ok_pool(pool, yoke_future_result(futures[i], &result, NULL));
        assert_int_equal(*(size_t *)result, i + 1);
        assert_ok_pool(pool, yoke_free(result));
        assert_ok_pool(pool, yoke_future_destroy(futures[i]));
    }
    count = 0;
}

/* What the tasks wait for is done by the thread that submits them. */
static void test_blocked_tasks_do_not_hold_up_submission(void **state)
{
    (void)state;
    fill_table(BLOCKED);
    open_gate();
}

static void test_a_thousand_blocked_tasks(void **state)
{
    (void)state;
    fill_table(MANY);
    open_gate();
}

/* The table keeps the order of jobs when it has grown. */
static void test_a_chain_longer_than_usual(void **state)
{
    enum { CHAIN = 300 };
    size_t *number = yoke_alloc(pool, sizeof *number);
    yoke_future *last = NULL;

    (void)state;
    assert_non_null(number);
    *number = 0;
    fill_table(BLOCKED);
    for (size_t i = 0; i < CHAIN; i++) {
        assert_ok_pool(pool, yoke_future_destroy(last));
        assert_ok_pool(pool, yoke_apply_each_async(
                                 &last, pool, add_one, 1, NULL,
                                 YOKE_ARGS(yoke_inout(number, sizeof *number))));
    }
    assert_int_equal(*number, 0);
    open_gate();
    assert_ok_pool(pool, yoke_future_wait(last, YOKE_FOREVER));
    assert_int_equal(*number, CHAIN);
    assert_ok_pool(pool, yoke_future_destroy(last));
    assert_ok_pool(pool, yoke_free(number));
}

/* ---- no room at all ---- */

static void test_submission_keeps_its_limit(void **state)
{
    yoke_future *none = NULL;

    (void)state;
    fill_table(MOST);
    assert_refused(pool, submit(&none, &(yoke_task_options){.no_wait = true}), YOKE_EAGAIN,
                   "in flight");
    assert_null(none);
    assert_refused(pool, submit(&none, &(yoke_task_options){.timeout = 0.2}),
                   YOKE_EDEADLINE, "in flight");
    assert_null(none);
    open_gate();
    assert_ok_pool(pool, submit(&none, &(yoke_task_options){.no_wait = true}));
    assert_ok_pool(pool, yoke_future_wait(none, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_future_destroy(none));
}

static int make_item(void *item, size_t index, void *context)
{
    (void)context;
    *(size_t *)item = index;
    return index < ITEMS;
}

/* The items that have been made stay where they are until there is room. */
static void test_stream_keeps_its_limit(void **state)
{
    const yoke_stream_options options = {.function = copy_plus_one,
                                         .input_bytes = sizeof(size_t),
                                         .output_bytes = sizeof(size_t),
                                         .chunk = 3,
                                         .window = 9};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    fill_table(MOST);
    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &options, make_item, NULL));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(yoke_stream_next(stream, &result, i * 0.1), YOKE_ETIMEDOUT);
    }
    open_gate();
    for (size_t i = 0; i < ITEMS; i++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, YOKE_FOREVER));
        assert_non_null(result);
        assert_int_equal(*(size_t *)result, i + 1);
    }
    assert_ok_pool(pool, yoke_stream_next(stream, &result, YOKE_FOREVER));
    assert_null(result);
    assert_ok_pool(pool, yoke_stream_destroy(stream));
}

/* ---- arrays outside the pool's memory ---- */

/* A job may be waiting for what only this thread does. */
static void test_staged_arrays_keep_the_limit(void **state)
{
    size_t number = 0;
    yoke_future *first = NULL;
    yoke_future *none = NULL;
    yoke_task_options options = {.context = &gate, .context_bytes = sizeof gate};

    (void)state;
    assert_ok_pool(pool, yoke_apply_each_async(&first, pool, wait_and_add, 1, &options,
                                               YOKE_ARGS(yoke_inout(&number, 8))));
    options.no_wait = true;
    assert_refused(pool,
                   yoke_apply_each_async(&none, pool, wait_and_add, 1, &options,
                                         YOKE_ARGS(yoke_inout(&number, 8))),
                   YOKE_EAGAIN, "outside the pool");
    options.no_wait = false;
    options.timeout = 0.2;
    assert_refused(pool,
                   yoke_apply_each_async(&none, pool, wait_and_add, 1, &options,
                                         YOKE_ARGS(yoke_inout(&number, 8))),
                   YOKE_EDEADLINE, "outside the pool");
    assert_ok_pool(pool, yoke_event_set(gate));
    assert_ok_pool(pool, yoke_future_wait(first, YOKE_FOREVER));
    assert_int_equal(number, 1);
    assert_ok_pool(pool, yoke_future_destroy(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_blocked_tasks_do_not_hold_up_submission,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_thousand_blocked_tasks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_chain_longer_than_usual, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_submission_keeps_its_limit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_stream_keeps_its_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_staged_arrays_keep_the_limit, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
