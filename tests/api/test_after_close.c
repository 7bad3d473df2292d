/* SPDX-License-Identifier: MIT */
/* What can be asked of handles whose pool was closed: it is answered rightly or refused, also
 * when another pool has its place. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 100, BYTES = 5000 };

/* What a closed pool leaves in the program's hands. */
static struct {
    yoke_future *untaken; /* of a result; its job ended before the close */
    yoke_future *unseen;  /* the same, and nothing was asked of it */
    yoke_future *taken;
    yoke_future *without; /* a result */
    yoke_future *failed;
    yoke_future *sum;
    yoke_reduced value;
    yoke_process *process;
    yoke_stream *stream;
    yoke_kernel *kernel;
    yoke_shm *shm;
} left;

static int give_bytes(yoke_task *task)
{
    char *output = yoke_task_output(task, BYTES);

    if (output == NULL) {
        return 1;
    }
    memset(output, 7, BYTES);
    return 0;
}

static int give_nothing(yoke_task *task)
{
    (void)task;
    return 0;
}

static int end_with_three(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return 3;
}

static int next_number(void *item, size_t index, void *context)
{
    (void)context;
    *(uint32_t *)item = (uint32_t)index;
    return 1;
}

static void submit_jobs(yoke_pool *pool)
{
    yoke_kernel *refuse = api_kernel(pool, "refuse", api_refuse);
    uint32_t *numbers = api_numbers(pool, N);
    void *result = NULL;

    numbers[1] = 42;
    assert_ok_pool(pool,
                   yoke_apply_async(&left.untaken, pool, give_bytes, NULL, 0, NULL));
    assert_ok(yoke_future_wait(left.untaken, API_SECONDS));
    assert_ok_pool(pool,
                   yoke_apply_async(&left.unseen, pool, give_bytes, NULL, 0, NULL));
    assert_ok_pool(pool,
                   yoke_apply_async(&left.taken, pool, give_bytes, NULL, 0, NULL));
    assert_ok(yoke_future_wait(left.taken, API_SECONDS));
    assert_ok(yoke_future_result(left.taken, &result, NULL));
    assert_non_null(result);
    assert_ok_pool(pool,
                   yoke_apply_async(&left.without, pool, give_nothing, NULL, 0, NULL));
    assert_ok_pool(pool,
                   yoke_reduce_async(
                       &left.sum, pool,
                       yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N),
                       &left.value, NULL));
    assert_ok(yoke_future_wait(left.sum, API_SECONDS));
    assert_ok_pool(pool, yoke_map_async(&left.failed, pool, refuse, yoke_range_1d(N),
                                        NULL, YOKE_ARGS(yoke_out(numbers, 4))));
}

static void open_rest(yoke_pool *pool)
{
    const yoke_stream_options options = {
        .function = give_nothing, .input_bytes = 4, .output_bytes = 4};
    char name[64];
    void *result = NULL;

    left.kernel = api_kernel(pool, "number", api_number);
    assert_ok_pool(
        pool, yoke_process_start(&left.process, pool, end_with_three, NULL, 0, NULL));
    assert_ok_pool(pool, yoke_process_wait(left.process, NULL, API_SECONDS));
    assert_ok_pool(pool,
                   yoke_stream_create(&left.stream, pool, &options, next_number, NULL));
    assert_ok_pool(pool, yoke_stream_next(left.stream, &result, 60));
    (void)snprintf(name, sizeof name, "yoke-after-close-%d", (int)getpid());
    assert_ok_pool(pool, yoke_shm_create(&left.shm, pool, name, BYTES, NULL));
    assert_ok(yoke_shm_unlink(name));
}

/* ---- the table ---- */

static int code = 77;
static void *result;
static size_t bytes = 77;

static yoke_status take_untaken(void)
{
    return yoke_future_result(left.untaken, &result, &bytes);
}

static yoke_status take_unseen(void)
{
    return yoke_future_result(left.unseen, &result, &bytes);
}

static yoke_status take_taken(void)
{
    return yoke_future_result(left.taken, &result, &bytes);
}

static yoke_status take_nothing(void)
{
    return yoke_future_result(left.without, &result, &bytes);
}

static yoke_status take_failed(void)
{
    return yoke_future_result(left.failed, &result, &bytes);
}

static yoke_status wait_for_untaken(void)
{
    return yoke_future_wait(left.untaken, 0);
}

static yoke_status wait_for_failed(void)
{
    return yoke_future_wait(left.failed, YOKE_FOREVER);
}

static yoke_status wait_for_sum(void)
{
    return yoke_future_wait(left.sum, 0);
}

static yoke_status cancel(void)
{
    return yoke_future_cancel(left.unseen);
}

static yoke_status join(void)
{
    return yoke_process_wait(left.process, NULL, 0);
}

static yoke_status exitcode(void)
{
    return yoke_process_wait(left.process, &code, 0);
}

static yoke_status terminate(void)
{
    return yoke_process_terminate(left.process);
}

static yoke_status kill_it(void)
{
    return yoke_process_kill(left.process);
}

static yoke_status next(void)
{
    return yoke_stream_next(left.stream, &result, 0);
}

static yoke_status parameters(void)
{
    size_t count;

    return yoke_kernel_parameters(left.kernel, NULL, 0, &count);
}

static yoke_status workers(void)
{
    return yoke_kernel_workers(left.kernel, NULL, 0, NULL);
}

static yoke_status close_shm(void)
{
    return yoke_shm_close(left.shm);
}

static const struct {
    yoke_status (*ask)(void);
    yoke_status answer;
    const char *words;
} questions[] = {
    {take_untaken, YOKE_ECLOSED, "the job's result was freed with its pool"},
    {take_unseen, YOKE_ECLOSED, "the job's result was freed with its pool"},
    {take_taken, YOKE_OK, ""},
    {take_nothing, YOKE_OK, ""},
    {take_failed, YOKE_EKERNEL, "no hay"},
    {wait_for_untaken, YOKE_OK, ""},
    {wait_for_failed, YOKE_EKERNEL, "no hay"},
    {wait_for_sum, YOKE_OK, ""},
    {cancel, YOKE_OK, ""},
    {join, YOKE_ECLOSED, "pool was closed"},
    {exitcode, YOKE_ECLOSED, "pool was closed"},
    {terminate, YOKE_ECLOSED, "pool was closed"},
    {kill_it, YOKE_ECLOSED, "pool was closed"},
    {next, YOKE_ECLOSED, ""},
    {parameters, YOKE_ECLOSED, "pool was closed"},
    {workers, YOKE_ECLOSED, "pool was closed"},
    {close_shm, YOKE_EINVAL, "its pool was"},
};

static void ask_all(void)
{
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        result = &result;
        if (questions[i].ask() != questions[i].answer) {
            fail_msg("question %zu: %s, not %s", i, yoke_pool_error(NULL),
                     yoke_strerror(questions[i].answer));
        }
        assert_contains(yoke_pool_error(NULL), questions[i].words);
        assert_true(result == NULL || result == (void *)&result);
    }
    assert_int_equal(code, 77);
    assert_int_equal(bytes, 0);
    assert_int_equal(left.value.value.u, 42);
    assert_true(yoke_future_is_done(left.unseen));
    assert_true(yoke_future_progress(left.unseen) >= 1);
    assert_string_equal(yoke_future_error(left.unseen), "");
    assert_contains(yoke_future_error(left.failed), "no hay");
    assert_int_equal(yoke_process_pid(left.process), 0);
    assert_int_equal(yoke_process_fd(left.process), -1);
    assert_false(yoke_process_is_alive(left.process));
    assert_null(yoke_shm_pointer(left.shm));
    assert_int_equal(yoke_shm_bytes(left.shm), 0);
    assert_string_equal(yoke_shm_name(left.shm), "");
}

static void give_back_all(void)
{
    yoke_future_destroy(left.untaken);
    yoke_future_destroy(left.unseen);
    yoke_future_destroy(left.taken);
    yoke_future_destroy(left.without);
    yoke_future_destroy(left.failed);
    yoke_future_destroy(left.sum);
    yoke_process_destroy(left.process);
    yoke_stream_destroy(left.stream);
    yoke_kernel_destroy(left.kernel);
}

static void test_closed(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_pool *other;

    (void)state;
    submit_jobs(pool);
    open_rest(pool);
    api_close(pool);
    ask_all();
    other = api_open("cpu:1"); /* may get the other's addresses */
    ask_all();
    api_check_works(other);
    give_back_all();
    api_close(other);
}

/* Jobs that had not ended were given up; who asks is told. */
static void test_terminated(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
    uint32_t *numbers = api_numbers(pool, N);
    api_gate *gate = api_gate_create(pool);
    yoke_future *held = NULL;
    yoke_future *behind = NULL;
    void *taken = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&held, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok_pool(pool, yoke_apply_async(&behind, pool, give_bytes, NULL, 0, NULL));
    api_gate_await(gate, 1);
    assert_ok(yoke_pool_terminate(pool));
    assert_status(yoke_future_result(behind, &taken, NULL), YOKE_ECANCELED);
    assert_null(taken);
    assert_status(yoke_future_wait(held, 0), YOKE_ECANCELED);
    assert_contains(yoke_future_error(behind), "terminated");
    yoke_future_destroy(held);
    yoke_future_destroy(behind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_closed),
        yt_unit_test(test_terminated),
    };

    return yt_run_group(tests);
}
