/* SPDX-License-Identifier: MIT */
/* C++ exceptions from every function of the program that the library calls. Functions that
 * compute fail, whatever called them; others let the exception through. The pool stays usable
 * in either case. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls_setup.h"
#include "throwers.h"

static yoke_pool *pool;

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

/* ---- functions that compute, in workers ---- */

static void throwing_kernel(const yoke_span *span, void *const *args)
{
    int *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        if (i == THROW_AT) {
            throw_error();
        }
        out[i] = (int)i;
    }
}

static int throwing_task(yoke_task *task)
{
    if (task->index == THROW_AT) {
        throw_error();
    }
    return calls_one(task);
}

static int throwing_apply(yoke_task *task)
{
    thrown_kinds[*(const unsigned *)task->input].raise();
    return 0;
}

static pid_t worker_pid(unsigned index)
{
    yoke_worker_info workers[4];
    size_t count;

    assert_ok_pool(pool, yoke_pool_workers(pool, workers, 4, &count));
    assert_true(index < count);
    return workers[index].pid;
}

static void assert_failed(yoke_status status, const char *words)
{
    assert_status_pool(pool, status, YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), words);
}

static void test_a_kernel_fails_at_once(void **state)
{
    yoke_kernel *kernel = calls_kernel(pool, "throwing", throwing_kernel);
    int *out = yoke_alloc(pool, CALLS_ITEMS * sizeof *out);
    const pid_t before[] = {worker_pid(0), worker_pid(1)};

    (void)state;
    for (int turn = 0; turn < 20; turn++) {
        assert_failed(yoke_map(pool, kernel, yoke_range_1d(CALLS_ITEMS),
                               yoke_out(out, sizeof *out)),
                      "noisy: bad row 7");
        assert_contains(yoke_pool_error(pool), "kernel 'throwing' on ");
    }
    /* No worker has died of it. */
    assert_int_equal(worker_pid(0), before[0]);
    assert_int_equal(worker_pid(1), before[1]);
}

static void test_it_makes_no_difference_who_gets_the_item(void **state)
{
    const yoke_map_options helped = {.caller_helps = true, .chunk = 1};
    yoke_kernel *kernel = calls_kernel(pool, "throwing", throwing_kernel);
    int *out = yoke_alloc(pool, CALLS_ITEMS * sizeof *out);

    (void)state;
    for (int turn = 0; turn < 50; turn++) {
        assert_failed(yoke_map_with(pool, kernel, yoke_range_1d(THROW_AT + 1), &helped,
                                    YOKE_ARGS(yoke_out(out, sizeof *out))),
                      "noisy: bad row 7");
        assert_int_equal(exceptions_on_their_way(), 0);
        assert_int_equal(objects_alive(), 0);
    }
}

static void test_tasks_name_their_item(void **state)
{
    int out[100];

    (void)state;
    assert_failed(yoke_apply_each(pool, throwing_task, 100, NULL,
                                  YOKE_ARGS(yoke_out(out, sizeof out[0]))),
                  "item 7: exception of type");
    assert_contains(yoke_pool_error(pool), "bad row 7");
}

static void test_whatever_is_thrown_has_words(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < thrown_kind_count; kind++) {
        void *result;

        assert_failed(
            yoke_apply(pool, throwing_apply, &kind, sizeof kind, &result, NULL, NULL),
            thrown_kinds[kind].words);
        assert_null(result);
    }
}

/* What a later call in the same process sees. */
static int look_around(yoke_task *task)
{
    int *seen = task->output;

    seen[0] = exceptions_on_their_way();
    seen[1] = objects_alive();
    return 0;
}

static void test_nothing_is_left_in_the_worker(void **state)
{
    int seen[64][2];

    (void)state;
    for (unsigned kind = 0; kind < thrown_kind_count; kind++) {
        void *result;

        (void)yoke_apply(pool, throwing_apply, &kind, sizeof kind, &result, NULL, NULL);
    }
    assert_ok_pool(pool, yoke_apply_each(pool, look_around, 64, NULL,
                                         YOKE_ARGS(yoke_out(seen, sizeof seen[0]))));
    for (int i = 0; i < 64; i++) {
        assert_int_equal(seen[i][0], 0);
        assert_int_equal(seen[i][1], 0);
    }
}

/* ---- functions that combine ---- */

static void throwing_combine(void *into, const void *from, void *context)
{
    (void)into;
    (void)from;
    (void)context;
    throw_error();
}

static const yoke_reducer throwing_reducer = {.bytes = sizeof(int),
                                              .combine = throwing_combine};

static void test_combining_fails(void **state)
{
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int result = -5;

    (void)state;
    assert_failed(yoke_map_reduce(pool, kernel, yoke_range_1d(100), &throwing_reducer,
                                  &result, NULL,
                                  YOKE_ARGS(yoke_out_partial(sizeof(int)))),
                  "the function that combines: exception of type");
    assert_contains(yoke_pool_error(pool), "bad row 7");
    assert_int_equal(result, -5);
    assert_int_equal(exceptions_on_their_way(), 0);
}

static void note_failure(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(yoke_status *)context = status;
}

static void test_combining_fails_later(void **state)
{
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    yoke_status told = YOKE_OK;
    yoke_future *future;
    int result = -5;

    (void)state;
    assert_ok_pool(pool,
                   yoke_map_reduce_async(&future, pool, kernel, yoke_range_1d(100),
                                         &throwing_reducer, &result, NULL,
                                         YOKE_ARGS(yoke_out_partial(sizeof(int)))));
    assert_ok_pool(pool, yoke_future_on_done(future, note_failure, &told));
    assert_failed(yoke_future_wait(future, 60), "bad row 7");
    assert_status(told, YOKE_EKERNEL);
    assert_failed(yoke_future_wait(future, 60), "bad row 7");
    assert_contains(yoke_future_error(future), "bad row 7");
    assert_int_equal(result, -5);
    yoke_future_destroy(future);
}

/* ---- functions that say which parts an item has ---- */

static void throwing_parts(size_t item, size_t *begin, size_t *end, void *context)
{
    (void)context;
    *begin = item;
    *end = item + 1;
    if (item == 50) {
        throw_error();
    }
}

static void test_parts_fail(void **state)
{
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int *out = yoke_alloc(pool, 100 * sizeof *out);

    (void)state;
    assert_failed(yoke_map(pool, kernel, yoke_range_1d(100),
                           yoke_arg_by(yoke_out(out, sizeof *out), throwing_parts, NULL)),
                  "the function that says which parts an item has: exception of type");
    assert_int_equal(exceptions_on_their_way(), 0);
    assert_ok_pool(pool, yoke_free(out));
}

/* ---- callbacks ---- */

typedef struct events {
    yoke_future *future;
    int calls;
    int second;
} events;

static void throwing_callback(yoke_future *future, yoke_status status, void *context)
{
    events *self = context;

    (void)future;
    (void)status;
    self->calls++;
    throw_error();
}

static void second_callback(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    ((events *)context)->second++;
}

static void wait_for_it(void *context)
{
    (void)yoke_future_wait(((events *)context)->future, 60);
}

static void wait_for_all(void *context)
{
    (void)context;
    (void)yoke_pool_wait(pool, 60);
}

static void poll_all(void *context)
{
    events *self = context;

    while (self->calls == 0) {
        (void)yoke_pool_poll(pool);
    }
}

static int give_one(yoke_task *task)
{
    return yoke_task_output(task, 1) == NULL;
}

static void submit_more(void *context)
{
    events *self = context;
    void *result;

    while (self->calls == 0) {
        (void)yoke_apply(pool, give_one, NULL, 0, &result, NULL, NULL);
        (void)yoke_free(result);
    }
}

static void test_callbacks_let_it_through(void **state)
{
    void (*const calls[])(void *) = {wait_for_it, wait_for_all, poll_all, submit_more};
    char text[100];

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        events seen = {.calls = 0};
        const yoke_task_options options = {.on_success = throwing_callback,
                                           .on_context = &seen};

        assert_ok_pool(
            pool, yoke_apply_async(&seen.future, pool, give_one, NULL, 0, &options));
        assert_ok_pool(pool, yoke_future_on_done(seen.future, second_callback, &seen));
        assert_int_equal(caught(calls[i], &seen, text, sizeof text), 1);
        assert_string_equal(text, "bad row 7");
        assert_int_equal(seen.calls, 1);
        /* It counts as called; the one after it has its turn. */
        assert_ok_pool(pool, yoke_future_wait(seen.future, 60));
        assert_int_equal(seen.calls, 1);
        assert_int_equal(seen.second, 1);
        yoke_future_destroy(seen.future);
        calls_check_usable(pool);
    }
}

static void give_callback(void *context)
{
    events *self = context;

    (void)yoke_future_on_done(self->future, throwing_callback, self);
}

static void test_a_callback_of_a_job_that_has_ended(void **state)
{
    events seen = {.calls = 0};
    char text[100];

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(&seen.future, pool, give_one, NULL, 0, NULL));
    assert_ok_pool(pool, yoke_future_wait(seen.future, 60));
    assert_int_equal(caught(give_callback, &seen, text, sizeof text), 1);
    assert_int_equal(seen.calls, 1);
    yoke_future_destroy(seen.future);
}

/* ---- a wait that another job's callback ends ---- */

typedef struct left_call {
    yoke_kernel *kernel;
    int *out; /* memory of the program's */
} left_call;

static void slow_fill(const yoke_span *span, void *const *args)
{
    int *out = args[0];

    (void)usleep(300000);
    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 1;
    }
}

static void map_staged(void *context)
{
    const left_call *self = context;
    const yoke_map_options options = {.stage = true};

    (void)yoke_map_with(pool, self->kernel, yoke_range_1d(8), &options,
                        YOKE_ARGS(yoke_out(self->out, sizeof *self->out)));
}

/* yoke_map() was left while its job was running: the memory that it was given may be anything
 * by now. */
static void test_a_call_that_was_left_writes_nothing(void **state)
{
    events seen = {.calls = 0};
    const yoke_task_options options = {.on_success = throwing_callback,
                                       .on_context = &seen};
    int out[8] = {0};
    const left_call call = {calls_kernel(pool, "slow", slow_fill), out};
    char text[100];

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(NULL, pool, give_one, NULL, 0, &options));
    (void)usleep(50000);
    assert_int_equal(caught(map_staged, (void *)(uintptr_t)&call, text, sizeof text),
                     1);
    assert_ok_pool(pool, yoke_pool_wait(pool, 60));
    for (int i = 0; i < 8; i++) {
        assert_int_equal(out[i], 0);
    }
}

/* ---- sources of streams ---- */

static int throwing_source(void *item, size_t index, void *context)
{
    (void)context;
    if (index == 100) {
        throw_error();
    }
    *(int *)item = (int)index;
    return 1;
}

static int double_it(yoke_task *task)
{
    *(int *)task->output = 2 * *(const int *)task->input;
    return 0;
}

typedef struct taker {
    yoke_stream *stream;
    yoke_status status;
    void *result;
} taker;

static void take_next(void *context)
{
    taker *self = context;

    self->status = yoke_stream_next(self->stream, &self->result, 60);
}

/* What it gave before comes, in order and right, then the error. */
static void check_stream(bool ordered)
{
    const yoke_stream_options options = {.function = double_it,
                                         .input_bytes = sizeof(int),
                                         .output_bytes = sizeof(int),
                                         .unordered = !ordered};
    taker self = {.stream = NULL};
    int thrown = 0;
    int count = 0;
    long sum = 0;
    char text[100];

    assert_ok_pool(
        pool, yoke_stream_create(&self.stream, pool, &options, throwing_source, NULL));
    for (;;) {
        if (caught(take_next, &self, text, sizeof text)) {
            thrown++;
            continue;
        }
        if (self.status != YOKE_OK) {
            break;
        }
        assert_non_null(self.result);
        assert_true(!ordered || *(int *)self.result == 2 * count);
        sum += *(int *)self.result;
        count++;
    }
    assert_int_equal(thrown, 1);
    assert_int_equal(count, 100);
    assert_int_equal(sum, 9900);
    assert_failed(self.status,
                  "the source of the stream has not returned for item 100");
    yoke_stream_destroy(self.stream);
}

static void test_sources_let_it_through(void **state)
{
    (void)state;
    check_stream(true);
    check_stream(false);
}

/* ---- the end ---- */

static void close_it(void *context)
{
    *(yoke_status *)context = yoke_pool_close(pool);
}

static void terminate_it(void *context)
{
    *(yoke_status *)context = yoke_pool_terminate(pool);
}

static void check_end(void (*end)(void *context))
{
    events seen = {.calls = 0};
    yoke_future *first = NULL;
    const yoke_task_options options = {.on_success = throwing_callback,
                                       .on_error = throwing_callback,
                                       .on_context = &seen,
                                       .after = &first,
                                       .after_count = 1};
    yoke_status status = YOKE_OK;
    _Atomic int *gate;
    char text[100];

    pool = calls_open();
    gate = calls_gate(pool);
    first = calls_held(pool, gate);
    for (int i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_apply_async(NULL, pool, give_one, NULL, 0, &options));
    }
    atomic_store(gate, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(caught(end, &status, text, sizeof text), 1);
        assert_int_equal(seen.calls, i + 1);
    }
    assert_int_equal(caught(end, &status, text, sizeof text), 0);
    assert_ok(status);
    yoke_future_destroy(first);
}

/* It is not closed then: it can be closed again, and nothing is called twice. */
static void test_closing_is_left(void **state)
{
    (void)state;
    check_end(close_it);
    check_end(terminate_it);
}

/* ---- nobody catches ---- */

static int wait_uncaught(void *arg)
{
    events seen = {.calls = 0};
    const yoke_task_options options = {.on_success = throwing_callback,
                                       .on_context = &seen};
    const yoke_pool_options pool_options = {.devices = "cpu:1"};
    yoke_pool *own;

    (void)arg;
    (void)freopen("/dev/null", "w", stderr);
    if (yoke_pool_create(&own, &pool_options) != YOKE_OK ||
        yoke_apply_async(&seen.future, own, give_one, NULL, 0, &options) != YOKE_OK) {
        return 1;
    }
    (void)yoke_future_wait(seen.future, 60);
    return 2;
}

static void test_nobody_catches(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(wait_uncaught, NULL, 60), -SIGABRT);
}

/* ---- initializers and processes ---- */

static int throwing_initializer(const void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    throw_error();
    return 0;
}

static void test_an_initializer_fails(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:2",
                                       .initializer = throwing_initializer};
    yoke_pool *none;

    (void)state;
    assert_status(yoke_pool_create(&none, &options), YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(NULL), "the initializer: exception of type");
    assert_contains(yoke_pool_error(NULL), "bad row 7");
}

static int throwing_process(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    throw_error();
    return 0;
}

static void test_a_process_fails(void **state)
{
    yoke_process *process;
    int code = -1;

    (void)state;
    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, throwing_process, NULL, 0, NULL));
    assert_failed(yoke_process_wait(process, NULL, 60), "exception of type");
    assert_contains(yoke_pool_error(pool), "bad row 7");
    assert_failed(yoke_process_wait(process, &code, 0), "bad row 7");
    yoke_process_destroy(process);
}

/* ---- what C++ prints ---- */

static int printing_task(yoke_task *task)
{
    char line[16];

    (void)snprintf(line, sizeof line, "[%zu] ", task->index);
    cout_print(line);
    if (task->index == 30) { /* what was computed before is there */
        (void)raise(SIGKILL);
    }
    return 0;
}

static int printing_process(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    cout_print("(process) ");
    return 0;
}

static int print_into(void *file)
{
    const int fd = fileno(file);
    yoke_process *process = NULL;
    yoke_pool *own = NULL;

    cout_use_own_buffer();
    if (dup2(fd, STDOUT_FILENO) < 0) {
        return 1;
    }
    cout_print("(program) "); /* is still in its buffer when it forks */
    if (yoke_pool_create(&own, &(yoke_pool_options){.devices = "cpu:2"}) != YOKE_OK ||
        yoke_apply_each(own, printing_task, 31, &(yoke_task_options){.chunk = 1}, NULL, 0) !=
            YOKE_ECRASHED ||
        yoke_process_start(&process, own, printing_process, NULL, 0, NULL) != YOKE_OK ||
        yoke_process_wait(process, NULL, 60) != YOKE_OK || yoke_pool_close(own) != YOKE_OK) {
        return 2;
    }
    return 0; /* without exit(): the program's own text stays where it is */
}

static unsigned count_text(const char *text, const char *part)
{
    unsigned count = 0;

    while ((text = strstr(text, part)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static void test_streams_are_written(void **state)
{
    static char text[2000];
    FILE *file = tmpfile();
    char line[16];
    size_t bytes;

    (void)state;
    assert_non_null(file);
    assert_int_equal(yt_in_child(print_into, file, 60), 0);
    rewind(file);
    bytes = fread(text, 1, sizeof text - 1, file);
    text[bytes] = '\0';
    for (int i = 0; i < 30; i++) {
        (void)snprintf(line, sizeof line, "[%d] ", i);
        assert_int_equal(count_text(text, line), 1);
    }
    assert_int_equal(count_text(text, "(process) "), 1);
    assert_int_equal(count_text(text, "(program) "), 0);
    (void)fclose(file);
}

int main(void)
{
#define ON_A_POOL(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_A_POOL(test_a_kernel_fails_at_once),
        ON_A_POOL(test_it_makes_no_difference_who_gets_the_item),
        ON_A_POOL(test_tasks_name_their_item),
        ON_A_POOL(test_whatever_is_thrown_has_words),
        ON_A_POOL(test_nothing_is_left_in_the_worker),
        ON_A_POOL(test_combining_fails),
        ON_A_POOL(test_combining_fails_later),
        ON_A_POOL(test_parts_fail),
        ON_A_POOL(test_callbacks_let_it_through),
        ON_A_POOL(test_a_callback_of_a_job_that_has_ended),
        ON_A_POOL(test_a_call_that_was_left_writes_nothing),
        ON_A_POOL(test_sources_let_it_through),
        ON_A_POOL(test_a_process_fails),
        yt_unit_test(test_closing_is_left),
        yt_unit_test(test_streams_are_written),
        yt_unit_test(test_nobody_catches),
        yt_unit_test(test_an_initializer_fails),
    };

    return yt_run_group(tests);
}
