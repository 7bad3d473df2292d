/* SPDX-License-Identifier: MIT */
/*
 * A program of an earlier version: compiled with the headers that were saved at its release, it
 * runs with the library as it is. It uses each part of the interface, and sets each field of
 * each options struct once. What a later version adds stands behind a check of YOKE_VERSION_MINOR.
 */
#include <yoke/yoke.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ITEMS = 4096, GROUP = 16 };

static int failures;

static void program_check(int holds, const yoke_pool *pool, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "line %d: %s: %s\n", line, what, yoke_pool_error(pool));
        failures++;
    }
}

#define CHECK(condition) program_check((condition) != 0, pool, #condition, __LINE__)
#define CHECK_OK(call) program_check((call) == YOKE_OK, pool, #call, __LINE__)

/* ---- what the workers call ---- */

static int program_prepare(const void *argument, size_t bytes)
{
    return argument != NULL && bytes == sizeof(int) && *(const int *)argument == 7 ? 0
                                                                                   : 1;
}

static void kernel_scale(const yoke_span *span, void *const args[])
{
    const float *x = args[0];
    float *y = args[1];
    const float by = *(const float *)args[2];
    float *scratch = args[3];

    if (span->range.size[0] != ITEMS) {
        yoke_span_fail(span, 1, "a range of %zu items", span->range.size[0]);
        return;
    }
    for (size_t i = span->begin; i < span->end; i++) {
        scratch[i % GROUP] = x[i];
        y[i] = by * scratch[i % GROUP];
    }
}

static void kernel_partial(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((double *)args[0])[i] = ((const float *)args[1])[i];
    }
}

static void program_add(void *into, const void *from, void *context)
{
    *(double *)into += *(const double *)from;
    ++*(int *)context;
}

static int task_square(yoke_task *task)
{
    const float x = *(const float *)task->input;
    const float by = task->context != NULL ? *(const float *)task->context : 1.0f;

    if (task->input_bytes != sizeof x) {
        return yoke_task_fail(task, 1, "an input of %zu bytes", task->input_bytes);
    }
    *(float *)task->output = by * x * x;
    return 0;
}

static int task_reverse(yoke_task *task)
{
    unsigned char *result = yoke_task_output(task, task->input_bytes);

    for (size_t i = 0; result != NULL && i < task->input_bytes; i++) {
        result[i] = ((const unsigned char *)task->input)[task->input_bytes - 1 - i];
    }
    return result == NULL;
}

static int process_echo(void *argument, size_t bytes)
{
    yoke_queue *const *queues = argument;
    int value = 0;
    size_t room = sizeof value;

    return bytes == 2 * sizeof *queues &&
                   yoke_queue_get(queues[0], &value, &room, 60) == YOKE_OK &&
                   yoke_queue_put(queues[1], &value, sizeof value, 60) == YOKE_OK
               ? value
               : 1;
}

/* ---- in the program ---- */

static void program_note(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(yoke_status *)context = status;
}

static int source_next(void *item, size_t index, void *context)
{
    *(float *)item = (float)index;
    return index < *(const size_t *)context;
}

static float *program_floats(yoke_pool *pool)
{
    float *x = yoke_alloc(pool, ITEMS * sizeof *x);

    for (size_t i = 0; x != NULL && i < ITEMS; i++) {
        x[i] = (float)(i % 7);
    }
    return x;
}

static void test_maps(yoke_pool *pool)
{
    float *x = program_floats(pool), *y = program_floats(pool);
    yoke_future *first = NULL, *second = NULL;
    yoke_kernel *kernel = NULL;
    yoke_kernel_worker_info workers[4];
    yoke_parameter_info parameters[4];
    yoke_status noted = YOKE_ECANCELED;
    size_t count = 0, wrong = 0;

    CHECK_OK(yoke_kernel_create(&kernel, pool,
                                &(yoke_kernel_options){.name = "scale",
                                                       .source = NULL,
                                                       .native = kernel_scale,
                                                       .build_options = NULL,
                                                       .group = {GROUP},
                                                       .cpu_form = YOKE_FORM_NATIVE,
                                                       .build_timeout = 60,
                                                       .parameters = 4}));
    CHECK_OK(yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_in(x, sizeof *x),
                      yoke_out(y, sizeof *y), yoke_scalar(2.0f),
                      yoke_local(GROUP * sizeof *x)));
    CHECK_OK(
        yoke_map_async(&first, pool, kernel, yoke_range_1d(ITEMS), NULL,
                       YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y),
                                 yoke_scalar(3.0f), yoke_local(GROUP * sizeof *x))));
    CHECK_OK(
        yoke_map_async(&second, pool, kernel, yoke_range_1d(ITEMS),
                       &(yoke_map_options){.devices = "cpu",
                                           .timeout = 60,
                                           .recovery = YOKE_RECOVER_RETRY,
                                           .grain = 64,
                                           .after = &first,
                                           .after_count = 1,
                                           .round_up = true,
                                           .stage = true,
                                           .caller_helps = false,
                                           .chunk = 1024},
                       YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y),
                                 yoke_scalar(4.0f), yoke_local(GROUP * sizeof *x))));
    CHECK_OK(yoke_future_on_done(second, program_note, &noted));
    CHECK_OK(yoke_future_wait(second, 60));
    (void)yoke_pool_poll(pool);
    CHECK_OK(yoke_pool_wait(pool, 60));
    CHECK(noted == YOKE_OK && yoke_future_is_done(first));
    CHECK(yoke_future_progress(first) == 1.0 && yoke_future_error(first)[0] == '\0');
    for (size_t i = 0; i < ITEMS; i++) {
        wrong += y[i] != 4.0f * x[i];
    }
    CHECK(wrong == 0);
    CHECK_OK(yoke_map_with(
        pool, kernel, yoke_range_1d(ITEMS), &(yoke_map_options){.caller_helps = true},
        YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y), yoke_scalar(5.0f),
                  yoke_local(GROUP * sizeof *x))));
    CHECK(y[ITEMS - 1] == 5.0f * x[ITEMS - 1]);
    CHECK(yoke_map_with(pool, kernel, yoke_range_1d(GROUP), NULL,
                        YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y),
                                  yoke_scalar(5.0f), yoke_local(GROUP * sizeof *x))) ==
          YOKE_EKERNEL);
    CHECK(strstr(yoke_pool_error(pool), "a range of 16 items") != NULL);
    CHECK_OK(yoke_kernel_workers(kernel, workers, 4, &count));
    CHECK(count == 2 && strcmp(workers[1].name, "cpu1") == 0);
    CHECK(workers[1].state != YOKE_KERNEL_FAILED && workers[1].reason[0] == '\0');
    CHECK(yoke_kernel_parameters(kernel, parameters, 4, &count) == YOKE_EUNSUPPORTED);
    CHECK_OK(yoke_future_destroy(first));
    CHECK_OK(yoke_future_destroy(second));
    CHECK_OK(yoke_kernel_destroy(kernel));
    CHECK_OK(yoke_lend(x));
    CHECK_OK(yoke_reclaim(x));
    CHECK_OK(yoke_free(x));
    CHECK_OK(yoke_free(y));
}

static void test_reductions(yoke_pool *pool)
{
    float *x = program_floats(pool);
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    yoke_reduced sum, greatest, product;
    double total = 0, identity = 0, expected = 0;
    int calls = 0;
    const yoke_reducer reducer = {.bytes = sizeof total,
                                  .combine = program_add,
                                  .context = &calls,
                                  .identity = &identity};

    for (size_t i = 0; i < ITEMS; i++) {
        expected += x[i];
    }
    CHECK_OK(yoke_reduce(pool,
                         yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, ITEMS),
                         &sum, NULL));
    CHECK(sum.value.f == expected && sum.index == 0);
    CHECK_OK(yoke_reduce_async(
        &future, pool, yoke_reduction_of(YOKE_REDUCE_ARGMAX, YOKE_TYPE_FLOAT, x, ITEMS),
        &greatest, &(yoke_map_options){.timeout = 60}));
    CHECK_OK(yoke_future_wait(future, YOKE_FOREVER));
    CHECK(greatest.value.f == 6.0 && greatest.index == 6);
    CHECK_OK(yoke_future_destroy(future));
    CHECK_OK(yoke_reduce(
        pool, yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT, x, x, 3),
        &product, NULL));
    CHECK(product.value.f == 5.0);

    CHECK_OK(yoke_kernel_create(&kernel, pool,
                                &(yoke_kernel_options){.native = kernel_partial}));
    CHECK_OK(yoke_map_reduce(
        pool, kernel, yoke_range_1d(ITEMS), &reducer, &total, NULL,
        YOKE_ARGS(yoke_out_partial(sizeof total), yoke_in(x, sizeof *x))));
    CHECK(total == expected && calls == ITEMS - 1);
    total = 0;
    CHECK_OK(yoke_map_reduce_async(
        &future, pool, kernel, yoke_range_1d(ITEMS), &reducer, &total,
        &(yoke_map_options){.timeout = 60},
        YOKE_ARGS(yoke_out_partial(sizeof total), yoke_in(x, sizeof *x))));
    CHECK_OK(yoke_future_wait(future, 60));
    CHECK(total == expected);
    CHECK_OK(yoke_future_destroy(future));
    CHECK_OK(yoke_kernel_destroy(kernel));
    CHECK_OK(yoke_free(x));
}

static void test_tasks(yoke_pool *pool)
{
    float in[64], out[64], by = 2.0f;
    yoke_status noted = YOKE_ECANCELED;
    yoke_future *future = NULL;
    void *result = NULL;
    size_t bytes = 0, wrong = 0;
    const yoke_task_options all = {.devices = "cpu",
                                   .timeout = 60,
                                   .chunk = 4,
                                   .after = NULL,
                                   .after_count = 0,
                                   .context = &by,
                                   .context_bytes = sizeof by,
                                   .max_result_bytes = 4096,
                                   .on_success = program_note,
                                   .on_error = program_note,
                                   .on_context = &noted,
                                   .on_device = false};

    for (int i = 0; i < 64; i++) {
        in[i] = (float)i;
    }
    CHECK_OK(yoke_apply_each(
        pool, task_square, 64, NULL,
        YOKE_ARGS(yoke_in(in, sizeof *in), yoke_out(out, sizeof *out))));
    CHECK_OK(yoke_apply_each_async(
        &future, pool, task_square, 64, &all,
        YOKE_ARGS(yoke_in(in, sizeof *in), yoke_out(out, sizeof *out))));
    CHECK_OK(yoke_future_wait(future, 60));
    CHECK_OK(yoke_future_destroy(future));
    CHECK(noted == YOKE_OK);
    for (int i = 0; i < 64; i++) {
        wrong += out[i] != 2.0f * in[i] * in[i];
    }
    CHECK(wrong == 0);
    CHECK_OK(yoke_apply(pool, task_reverse, "abc", 3, &result, &bytes, &all));
    CHECK(bytes == 3 && result != NULL && memcmp(result, "cba", 3) == 0);
    CHECK_OK(yoke_free(result));
    CHECK_OK(yoke_apply_async(&future, pool, task_reverse, "xyz", 3, NULL));
    CHECK_OK(yoke_future_wait(future, 60));
    CHECK_OK(yoke_future_result(future, &result, &bytes));
    CHECK(bytes == 3 && memcmp(result, "zyx", 3) == 0);
    CHECK_OK(yoke_future_cancel(future));
    CHECK_OK(yoke_future_destroy(future));
    CHECK_OK(yoke_free(result));
}

static void stream_drain(yoke_pool *pool, const yoke_stream_options *options,
                         float factor)
{
    size_t count = 100, taken = 0, wrong = 0;
    yoke_stream *stream = NULL;
    void *result = NULL;

    CHECK_OK(yoke_stream_create(&stream, pool, options, source_next, &count));
    while (stream != NULL && taken <= count) {
        const yoke_status status = yoke_stream_next(stream, &result, 60);

        CHECK_OK(status);
        if (status != YOKE_OK || result == NULL) {
            break;
        }
        wrong += *(float *)result != factor * (float)taken * (float)taken;
        taken++;
    }
    CHECK(taken == count && wrong == 0);
    CHECK_OK(yoke_stream_destroy(stream));
}

static void kernel_square(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        const float x = ((const float *)args[0])[i];

        ((float *)args[1])[i] = x * x;
    }
}

static void test_streams(yoke_pool *pool)
{
    const float by = 3.0f;
    const yoke_arg args[] = {yoke_in_stream(sizeof by), yoke_out_stream(sizeof by)};
    yoke_kernel *kernel = NULL;

    stream_drain(pool,
                 &(yoke_stream_options){.function = task_square,
                                        .input_bytes = sizeof by,
                                        .output_bytes = sizeof by,
                                        .context = &by,
                                        .context_bytes = sizeof by,
                                        .on_device = false,
                                        .devices = "cpu",
                                        .timeout = 60,
                                        .window = 16,
                                        .chunk = 2,
                                        .unordered = false},
                 by);
    CHECK_OK(yoke_kernel_create(&kernel, pool,
                                &(yoke_kernel_options){.native = kernel_square}));
    stream_drain(
        pool,
        &(yoke_stream_options){
            .kernel = kernel, .range = yoke_range_1d(1), .args = args, .arg_count = 2},
        1.0f);
    CHECK_OK(yoke_kernel_destroy(kernel));
}

static void test_processes(yoke_pool *pool)
{
    yoke_queue *queues[2] = {NULL, NULL};
    yoke_process *process = NULL;
    int value = 23, code = -1, got = 0;
    size_t bytes = sizeof got;

    for (int i = 0; i < 2; i++) {
        CHECK_OK(yoke_queue_create(&queues[i], pool,
                                   &(yoke_queue_options){.item_bytes = sizeof value,
                                                         .capacity = 4,
                                                         .track_done = true}));
    }
    CHECK_OK(
        yoke_process_start(&process, pool, process_echo, queues, sizeof queues,
                           &(yoke_process_options){.name = "echo", .daemon = true}));
    CHECK(yoke_process_pid(process) > 0);
    CHECK_OK(yoke_queue_put(queues[0], &value, sizeof value, 60));
    CHECK_OK(yoke_queue_get(queues[1], &got, &bytes, 60));
    CHECK(got == value && yoke_queue_count(queues[1]) == 0);
    CHECK_OK(yoke_queue_mark_done(queues[1]));
    CHECK_OK(yoke_queue_wait(queues[1], 60));
    CHECK_OK(yoke_process_wait(process, &code, 60));
    CHECK(code == value && !yoke_process_is_alive(process));
    CHECK_OK(yoke_process_terminate(process));
    CHECK_OK(yoke_process_kill(process));
    CHECK_OK(yoke_process_destroy(process));
    CHECK_OK(yoke_queue_shutdown(queues[0]));
    CHECK_OK(yoke_queue_destroy(queues[0]));
    CHECK_OK(yoke_queue_destroy(queues[1]));
}

static void test_locks(yoke_pool *pool)
{
    yoke_mutex *mutex = NULL, *plain = NULL;
    yoke_event *event = NULL;
    yoke_semaphore *semaphore = NULL;
    yoke_condition *condition = NULL;
    yoke_barrier *barrier = NULL;
    uint32_t index = 9;

    CHECK_OK(yoke_mutex_create(&mutex, pool, &(yoke_mutex_options){.recursive = true}));
    CHECK_OK(yoke_mutex_create(&plain, pool, NULL));
    CHECK_OK(yoke_mutex_lock(mutex, 60));
    CHECK_OK(yoke_mutex_lock(mutex, 60));
    CHECK_OK(yoke_mutex_unlock(mutex));
    CHECK_OK(yoke_mutex_unlock(mutex));
    CHECK_OK(yoke_event_create(&event, pool, &(yoke_event_options){.is_set = true}));
    CHECK_OK(yoke_event_wait(event, 0));
    CHECK_OK(yoke_event_clear(event));
    CHECK(!yoke_event_is_set(event) && yoke_event_wait(event, 0) == YOKE_ETIMEDOUT);
    CHECK_OK(yoke_event_set(event));
    CHECK_OK(yoke_semaphore_create(&semaphore, pool, 1,
                                   &(yoke_semaphore_options){.max_permits = 1}));
    CHECK(yoke_semaphore_release(semaphore, 1) == YOKE_EINVAL);
    CHECK_OK(yoke_semaphore_acquire(semaphore, 60));
    CHECK(yoke_semaphore_count(semaphore) == 0);
    CHECK_OK(yoke_condition_create(&condition, pool, &(yoke_condition_options){0}));
    CHECK_OK(yoke_mutex_lock(plain, 60));
    CHECK(yoke_condition_wait(condition, plain, 0) == YOKE_ETIMEDOUT);
    CHECK_OK(yoke_condition_notify(condition, 1));
    CHECK_OK(yoke_condition_notify_all(condition));
    CHECK_OK(yoke_mutex_unlock(plain));
    CHECK_OK(yoke_barrier_create(&barrier, pool, 1, &(yoke_barrier_options){0}));
    CHECK_OK(yoke_barrier_wait(barrier, &index, 60));
    CHECK(index == 0 && yoke_barrier_waiting(barrier) == 0);
    CHECK_OK(yoke_barrier_abort(barrier));
    CHECK_OK(yoke_barrier_reset(barrier));
    CHECK_OK(yoke_barrier_destroy(barrier));
    CHECK_OK(yoke_condition_destroy(condition));
    CHECK_OK(yoke_semaphore_destroy(semaphore));
    CHECK_OK(yoke_event_destroy(event));
    CHECK_OK(yoke_mutex_destroy(mutex));
    CHECK_OK(yoke_mutex_destroy(plain));
}

static void test_arrays_and_pipes(yoke_pool *pool)
{
    const int64_t initial[2] = {11, 12};
    int64_t got = 0;
    yoke_array *array = NULL;
    yoke_pipe *ends[2] = {NULL, NULL};
    size_t bytes = sizeof got;

    CHECK_OK(yoke_array_create(&array, pool, 2, sizeof got,
                               &(yoke_array_options){.initial = initial}));
    CHECK_OK(yoke_array_lock(array, 60));
    CHECK_OK(yoke_array_get(array, 1, &got));
    CHECK_OK(yoke_array_set(array, 0, &got));
    CHECK_OK(yoke_array_unlock(array));
    CHECK(yoke_array_count(array) == 2 && *(int64_t *)yoke_array_pointer(array) == 12);
    CHECK_OK(yoke_array_destroy(array));
    CHECK_OK(yoke_pipe_create(ends, pool,
                              &(yoke_pipe_options){.simplex = true, .capacity = 4096}));
    CHECK_OK(yoke_pipe_send(ends[1], &initial[0], sizeof initial[0], 60));
    CHECK_OK(yoke_pipe_wait(ends[0], 60));
    CHECK_OK(yoke_pipe_recv(ends[0], &got, &bytes, 60));
    CHECK(got == 11 && bytes == sizeof got);
    CHECK_OK(yoke_pipe_shutdown(ends[1]));
    CHECK_OK(yoke_pipe_destroy(ends[0]));
}

static void test_segments(yoke_pool *pool)
{
    yoke_shm *made = NULL, *opened = NULL;
    char name[64];

    CHECK_OK(yoke_shm_create(&made, pool, NULL, 4096,
                             &(yoke_shm_options){.access = YOKE_SHM_READ_WRITE}));
    snprintf(name, sizeof name, "%s", yoke_shm_name(made));
    CHECK(yoke_shm_pointer(made) != NULL && yoke_shm_bytes(made) == 4096);
    CHECK_OK(yoke_shm_open(&opened, pool, name, NULL));
    CHECK(yoke_shm_pointer(opened) == yoke_shm_pointer(made));
    CHECK_OK(yoke_shm_close(opened));
    CHECK_OK(yoke_shm_close(made));
    CHECK_OK(yoke_shm_unlink(name));
    CHECK(yoke_shm_open_file(&opened, pool, "/nowhere",
                             &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}) ==
          YOKE_ENOENT);
}

static void test_reports(yoke_pool *pool)
{
    yoke_worker_info workers[8];
    yoke_worker_stats stats[8];
    size_t count = 0;
    uint64_t items = 0;

    CHECK_OK(yoke_pool_workers(pool, workers, 8, &count));
    CHECK(count >= 2 && workers[0].kind == YOKE_WORKER_CPU);
    CHECK(workers[0].state == YOKE_WORKER_READY && workers[0].pid > 0);
    CHECK(strcmp(workers[1].name, "cpu1") == 0);
    CHECK_OK(yoke_pool_stats(pool, stats, 8, &count));
    for (size_t i = 0; i < count && i < 8; i++) {
        items += stats[i].items;
    }
    CHECK(items >= ITEMS);
    CHECK(yoke_pool_fd(pool) >= 0);
    CHECK_OK(yoke_trace_stop(pool));
    CHECK_OK(yoke_trace_write(pool, "/dev/null"));
}

int main(void)
{
    const int argument = 7, keep[] = {STDOUT_FILENO};
    yoke_pool *pool = NULL;

    CHECK_OK(yoke_pool_create(&pool,
                              &(yoke_pool_options){.devices = "cpu:2",
                                                   .arena_bytes = (size_t)1 << 32,
                                                   .wait_ready = true,
                                                   .discover = false,
                                                   .start_timeout = 60,
                                                   .start = YOKE_START_FORK,
                                                   .initializer = program_prepare,
                                                   .initializer_argument = &argument,
                                                   .initializer_bytes = sizeof argument,
                                                   .items_per_process = 1 << 30,
                                                   .keep_fds = keep,
                                                   .keep_fd_count = 1,
                                                   .check = false}));
    if (pool == NULL) {
        return 1;
    }
    CHECK(yoke_version()[0] != '\0' && strcmp(yoke_strerror(YOKE_OK), "success") == 0);
    CHECK(yoke_pool_start_method(pool) == YOKE_START_FORK);
    CHECK_OK(yoke_trace_start(pool));
    test_maps(pool);
    test_reductions(pool);
    test_tasks(pool);
    test_streams(pool);
    test_processes(pool);
    test_locks(pool);
    test_arrays_and_pipes(pool);
    test_segments(pool);
    test_reports(pool);
    CHECK_OK(yoke_pool_close(pool));
    pool = NULL;
    CHECK_OK(yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1"}));
    CHECK_OK(yoke_pool_terminate(pool));
    return failures != 0;
}
