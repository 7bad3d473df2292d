/* SPDX-License-Identifier: MIT */
/* longjmp() from every function of the program that the library calls in the program's own
 * threads, and the end of a thread in one. The library is not notified; it detects it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls_setup.h"

static yoke_pool *pool;
static jmp_buf back;

static int set_up(void **state)
{
    (void)state;
    pool = calls_open();
    return 0;
}

static int tear_down(void **state)
{
    calls_check_and_close(pool);
    return yt_test_teardown(state);
}

/* ---- what jumps ---- */

static void jump_callback(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    ++*(int *)context;
    longjmp(back, 1);
}

static void count_callback(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    ++*(int *)context;
}

static void jump_combine(void *into, const void *from, void *context)
{
    (void)into;
    (void)from;
    (void)context;
    longjmp(back, 1);
}

static int jump_source(void *item, size_t index, void *context)
{
    (void)context;
    if (index == 30) {
        longjmp(back, 1);
    }
    *(int *)item = (int)index;
    return 1;
}

static void jump_kernel(const yoke_span *span, void *const *args)
{
    calls_number(span, args);
    longjmp(back, 1);
}

static int give_one(yoke_task *task)
{
    return yoke_task_output(task, 1) == NULL;
}

/* ---- callbacks ---- */

typedef struct events {
    yoke_future *future;
    int first;
    int second;
} events;

static void begin_job(events *seen)
{
    const yoke_task_options options = {.on_success = jump_callback,
                                       .on_context = &seen->first};

    *seen = (events){.future = NULL};
    assert_ok_pool(pool,
                   yoke_apply_async(&seen->future, pool, give_one, NULL, 0, &options));
    assert_ok_pool(pool,
                   yoke_future_on_done(seen->future, count_callback, &seen->second));
}

static void wait_for_it(events *seen)
{
    (void)yoke_future_wait(seen->future, 60);
}

static void wait_for_all(events *seen)
{
    (void)seen;
    (void)yoke_pool_wait(pool, 60);
}

static void poll_all(events *seen)
{
    while (seen->first == 0) {
        (void)yoke_pool_poll(pool);
    }
}

static void submit_more(events *seen)
{
    while (seen->first == 0) {
        (void)yoke_apply_async(NULL, pool, give_one, NULL, 0, NULL);
    }
}

/* Whether it jumped back. */
static bool jumps(void (*function)(events *seen), events *seen)
{
    if (setjmp(back) == 0) {
        function(seen);
        return false;
    }
    return true;
}

static void test_callbacks(void **state)
{
    void (*const calls[])(events *) = {wait_for_it, wait_for_all, poll_all,
                                       submit_more};

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        events seen;

        begin_job(&seen);
        assert_true(jumps(calls[i], &seen));
        assert_ok_pool(pool, yoke_future_wait(seen.future, 60));
        assert_int_equal(seen.first, 1);
        assert_int_equal(seen.second, 1);
        yoke_future_destroy(seen.future);
        calls_check_usable(pool);
    }
}

/* The next call comes from a frame that lies deeper than those that were left, with room that
 * was never written to where they were. */
static __attribute__((noinline)) void call_from_deep_down(events *seen)
{
    char room[100000];

    __asm__ volatile("" : : "r"(room) : "memory");
    assert_ok_pool(pool, yoke_future_wait(seen->future, 60));
    assert_int_equal(seen->second, 1);
    calls_check_and_close(pool);
    __asm__ volatile("" : : "r"(room) : "memory");
}

static void test_the_next_call_is_deeper(void **state)
{
    events seen;

    (void)state;
    begin_job(&seen);
    assert_true(jumps(wait_for_it, &seen));
    call_from_deep_down(&seen);
    yoke_future_destroy(seen.future);
    pool = calls_open();
}

static void test_again_and_again(void **state)
{
    (void)state;
    for (int turn = 0; turn < 300; turn++) {
        events seen;

        begin_job(&seen);
        assert_true(jumps(turn % 2 == 0 ? wait_for_it : wait_for_all, &seen));
        yoke_future_destroy(seen.future);
    }
}

/* ---- a call inside of a call ---- */

static int waiting_source(void *item, size_t index, void *context)
{
    (void)item;
    (void)index;
    wait_for_it(context);
    return 1;
}

static const yoke_stream_options stream_options = {
    .function = calls_one, .input_bytes = sizeof(int), .output_bytes = sizeof(int)};

/* A stream's source waits for a job, whose callback jumps over all of it. */
static void test_over_two_calls(void **state)
{
    yoke_stream *stream;
    events seen;
    void *result;

    (void)state;
    begin_job(&seen);
    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &stream_options,
                                            waiting_source, &seen));
    if (setjmp(back) == 0) {
        (void)yoke_stream_next(stream, &result, 60);
        fail();
    }
    assert_status_pool(pool, yoke_stream_next(stream, &result, 60), YOKE_EKERNEL);
    yoke_stream_destroy(stream);
    assert_ok_pool(pool, yoke_future_wait(seen.future, 60));
    assert_int_equal(seen.second, 1);
    yoke_future_destroy(seen.future);
}

static void nested_callback(yoke_future *future, yoke_status status, void *context)
{
    events inner;

    (void)future;
    (void)status;
    begin_job(&inner);
    ++*(int *)context;
    /* Inside of a callback no others are called; but a call from it works. */
    assert_ok_pool(pool, yoke_future_wait(inner.future, 60));
    assert_int_equal(inner.first, 0);
    assert_status_pool(pool, yoke_pool_close(pool), YOKE_EBUSY);
    yoke_future_destroy(inner.future);
}

static void test_calls_inside_know_that_they_are(void **state)
{
    const yoke_task_options options = {.on_success = nested_callback};
    yoke_task_options with = options;
    yoke_future *future;
    int calls = 0;

    (void)state;
    with.on_context = &calls;
    assert_ok_pool(pool, yoke_apply_async(&future, pool, give_one, NULL, 0, &with));
    assert_ok_pool(pool, yoke_future_wait(future, 60));
    assert_int_equal(calls, 1);
    yoke_future_destroy(future);
}

/* ---- streams, reductions ---- */

static void test_sources(void **state)
{
    yoke_stream *stream;
    yoke_status status;
    volatile int count = 0;
    volatile int jumped = 0;
    void *result;

    (void)state;
    assert_ok_pool(
        pool, yoke_stream_create(&stream, pool, &stream_options, jump_source, NULL));
    if (setjmp(back) != 0) {
        jumped++;
    }
    while ((status = yoke_stream_next(stream, &result, 60)) == YOKE_OK) {
        assert_non_null(result);
        count++;
    }
    assert_int_equal(jumped, 1);
    assert_int_equal(count, 30);
    assert_status_pool(pool, status, YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "has not returned for item 30");
    yoke_stream_destroy(stream);
}

static const yoke_reducer jump_reducer = {.bytes = sizeof(int),
                                          .combine = jump_combine};

static void test_combining(void **state)
{
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int sum = -5;

    (void)state;
    if (setjmp(back) == 0) {
        (void)yoke_map_reduce(pool, kernel, yoke_range_1d(100), &jump_reducer, &sum,
                              NULL, YOKE_ARGS(yoke_out_partial(sizeof(int))));
        fail();
    }
    assert_int_equal(sum, -5);
}

static void test_combining_later(void **state)
{
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    yoke_future *future;
    int sum = -5;

    (void)state;
    assert_ok_pool(pool, yoke_map_reduce_async(
                             &future, pool, kernel, yoke_range_1d(100), &jump_reducer,
                             &sum, NULL, YOKE_ARGS(yoke_out_partial(sizeof(int)))));
    if (setjmp(back) == 0) {
        (void)yoke_future_wait(future, 60);
        fail();
    }
    assert_status_pool(pool, yoke_future_wait(future, 60), YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "the function that combines did not return");
    assert_int_equal(sum, -5);
    yoke_future_destroy(future);
}

static void jump_parts(size_t item, size_t *begin, size_t *end, void *context)
{
    (void)context;
    *begin = *end = item;
    if (item == 50) {
        longjmp(back, 1);
    }
}

/* Nothing is left of the job, neither the memory of partial results nor the table. */
static void test_parts(void **state)
{
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int *in = yoke_alloc(pool, 100 * sizeof *in);
    int sum = -5;

    (void)state;
    for (volatile int i = 0; i < 3; i++) {
        if (setjmp(back) == 0) {
            (void)yoke_map_reduce(pool, kernel, yoke_range_1d(100), &jump_reducer, &sum, NULL,
                                  YOKE_ARGS(yoke_out_partial(sizeof(int)),
                                            yoke_arg_by(yoke_in(in, sizeof *in), jump_parts,
                                                        NULL)));
            fail();
        }
    }
    assert_int_equal(sum, -5);
    assert_ok_pool(pool, yoke_free(in));
}

/* ---- kernels ---- */

/* Kernels of spawned workers do not have main()'s variables. */
static void jump_unless_worker(const yoke_span *span, void *const *args)
{
    if (*(const pid_t *)args[1] == getpid()) {
        jump_kernel(span, args);
    }
    calls_number(span, args);
}

static void test_a_kernel_of_the_caller(void **state)
{
    const yoke_map_options helped = {.caller_helps = true, .chunk = 1};
    yoke_kernel *kernel = calls_kernel(pool, "jump", jump_unless_worker);
    int *out = yoke_alloc(pool, CALLS_ITEMS * sizeof *out);
    volatile int jumped = 0;
    const pid_t self = getpid();

    (void)state;
    for (volatile int turn = 0; turn < 50; turn++) {
        if (setjmp(back) == 0) {
            (void)yoke_map_with(
                pool, kernel, yoke_range_1d(64), &helped,
                YOKE_ARGS(yoke_out(out, sizeof *out), yoke_scalar(self)));
        } else {
            jumped++;
        }
        /* The job is over, its arrays can be used. */
        assert_ok_pool(pool,
                       yoke_map(pool, kernel, yoke_range_1d(CALLS_ITEMS),
                                yoke_out(out, sizeof *out), yoke_scalar((pid_t)0)));
    }
    assert_true(jumped > 0);
    assert_ok_pool(pool, yoke_free(out));
}

/* In a forked worker the buffer is a copy of the program's, and leads to a copy of its
 * frames: the first call there ends it. */
static void test_a_kernel_of_a_worker(void **state)
{
    const pid_t self = getpid();
    yoke_kernel *kernel;
    yoke_status status;
    int *out;

    (void)state;
    if (setjmp(back) != 0) {
        (void)yoke_pool_wait(pool, 0);
        _exit(getpid() == self ? 1 : 99);
    }
    /* Workers are forked with the buffer as it is now. */
    calls_check_and_close(pool);
    pool = calls_open();
    kernel = calls_kernel(pool, "jump", jump_kernel);
    out = yoke_alloc(pool, CALLS_ITEMS * sizeof *out);
    status =
        yoke_map(pool, kernel, yoke_range_1d(CALLS_ITEMS), yoke_out(out, sizeof *out));
    assert_true(status == YOKE_EKERNEL || status == YOKE_ECRASHED);
}

/* ---- threads ---- */

static void *wait_and_leave(void *seen)
{
    (void)jumps(wait_for_it, seen);
    return NULL;
}

static void *wait_and_end(void *seen)
{
    wait_for_it(seen);
    return NULL;
}

static void end_thread_callback(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    ++*(int *)context;
    pthread_exit(NULL);
}

static void run_thread(void *(*function)(void *), events *seen)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, function, seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* The thread makes no call any more: its end says that it has left the callback. */
static void test_a_thread_that_ends(void **state)
{
    events seen;

    (void)state;
    begin_job(&seen);
    run_thread(wait_and_leave, &seen);
    assert_ok_pool(pool, yoke_future_wait(seen.future, 60));
    assert_int_equal(seen.first, 1);
    assert_int_equal(seen.second, 1);
    yoke_future_destroy(seen.future);
}

static void test_a_thread_that_ends_in_a_callback(void **state)
{
    events seen = {.future = NULL};
    const yoke_task_options options = {.on_success = end_thread_callback,
                                       .on_context = &seen.first};

    (void)state;
    assert_ok_pool(pool,
                   yoke_apply_async(&seen.future, pool, give_one, NULL, 0, &options));
    assert_ok_pool(pool,
                   yoke_future_on_done(seen.future, count_callback, &seen.second));
    run_thread(wait_and_end, &seen);
    assert_ok_pool(pool, yoke_future_wait(seen.future, 60));
    assert_int_equal(seen.first, 1);
    assert_int_equal(seen.second, 1);
    yoke_future_destroy(seen.future);
}

static int end_thread_task(yoke_task *task)
{
    (void)task;
    pthread_exit(NULL);
}

/* In a worker, forked or spawned. */
static void test_a_task_that_ends_its_thread(void **state)
{
    void *result;

    (void)state;
    assert_status_pool(
        pool, yoke_apply(pool, end_thread_task, NULL, 0, &result, NULL, NULL),
        YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "did not return");
}

static int end_thread_process(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    pthread_exit(NULL);
}

static void test_a_process_that_ends_its_thread(void **state)
{
    yoke_process *process;

    (void)state;
    assert_ok_pool(
        pool, yoke_process_start(&process, pool, end_thread_process, NULL, 0, NULL));
    assert_status_pool(pool, yoke_process_wait(process, NULL, 60), YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "did not return");
    assert_ok_pool(pool, yoke_process_destroy(process));
}

/* ---- closing ---- */

static void test_closing(void **state)
{
    volatile int jumped = 0;
    int calls = 0;
    yoke_future *first = NULL;
    const yoke_task_options options = {.on_success = jump_callback,
                                       .on_context = &calls,
                                       .after = &first,
                                       .after_count = 1};
    _Atomic int *gate;

    (void)state;
    pool = calls_open();
    gate = calls_gate(pool);
    first = calls_held(pool, gate);
    for (int i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_apply_async(NULL, pool, give_one, NULL, 0, &options));
    }
    atomic_store(gate, 1);
    if (setjmp(back) != 0) {
        jumped++;
    }
    if (jumped < 3) {
        (void)yoke_pool_close(pool);
        fail();
    }
    assert_int_equal(calls, 3);
    assert_ok(yoke_pool_close(pool));
    yoke_future_destroy(first);
}

int main(void)
{
#define ON_A_POOL(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_A_POOL(test_callbacks),
        ON_A_POOL(test_the_next_call_is_deeper),
        ON_A_POOL(test_again_and_again),
        ON_A_POOL(test_over_two_calls),
        ON_A_POOL(test_calls_inside_know_that_they_are),
        ON_A_POOL(test_sources),
        ON_A_POOL(test_combining),
        ON_A_POOL(test_combining_later),
        ON_A_POOL(test_parts),
        ON_A_POOL(test_a_kernel_of_the_caller),
        ON_A_POOL(test_a_kernel_of_a_worker),
        ON_A_POOL(test_a_thread_that_ends),
        ON_A_POOL(test_a_thread_that_ends_in_a_callback),
        ON_A_POOL(test_a_task_that_ends_its_thread),
        ON_A_POOL(test_a_process_that_ends_its_thread),
        yt_unit_test(test_closing),
    };

    return yt_run_group(tests);
}
