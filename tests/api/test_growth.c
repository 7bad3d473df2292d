/* SPDX-License-Identifier: MIT */
/*
 * Structs of other versions: one word longer (a program of a later version), shorter (an older
 * one), and with reserved bytes set.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "support/yoke_test.h"
#include "yoke/yoke.h"

enum { N = 1000, ROOM = 512, MORE = sizeof(size_t) };

static yoke_pool *pool;
static yoke_kernel *increment; /* inout uint32, scalar uint32: so many more */
static yoke_kernel *copy;      /* out double, in uint32 */
static uint32_t *numbers;

static void growth_add(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i] += *(const uint32_t *)args[1];
    }
}

static void growth_copy(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((double *)args[0])[i] = ((const uint32_t *)args[1])[i];
    }
}

static int growth_task(yoke_task *task)
{
    *(uint32_t *)task->args[0] += *(const uint32_t *)task->args[1];
    return 0;
}

static int growth_process(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return 0;
}

static int growth_source(void *item, size_t index, void *context)
{
    (void)context;
    *(uint32_t *)item = (uint32_t)index;
    return index < 3;
}

static void growth_sum(void *into, const void *from, void *context)
{
    (void)context;
    *(double *)into += *(const double *)from;
}

/* The future is looked at when the call has been made. */
static yoke_status growth_finish(yoke_status status, yoke_future **future)
{
    assert_true((*future != NULL) == (status == YOKE_OK));
    if (status == YOKE_OK) {
        assert_ok(yoke_future_wait(*future, 60));
        assert_ok(yoke_future_destroy(*future));
    }
    return status;
}

/* ---- options: what a call returns that gets them with this size ---- */

static const yoke_arg *growth_args(void)
{
    static yoke_arg args[2];

    args[0] = yoke_inout(numbers, sizeof *numbers);
    args[1] = yoke_scalar((uint32_t)1);
    return args;
}

static const yoke_arg *growth_partials(void)
{
    static yoke_arg args[2];

    args[0] = yoke_out_partial(sizeof(double));
    args[1] = yoke_in(numbers, sizeof *numbers);
    return args;
}

static yoke_status with_pool(const void *options, size_t size)
{
    yoke_pool *made = NULL;
    const yoke_status status = yoke_pool_create_sized(&made, options, size);

    assert_true((made != NULL) == (status == YOKE_OK));
    assert_ok(yoke_pool_close(made));
    return status;
}

static yoke_status with_kernel(const void *options, size_t size)
{
    yoke_kernel *made = NULL;
    const yoke_status status = yoke_kernel_create_sized(&made, pool, options, size);

    assert_true((made != NULL) == (status == YOKE_OK));
    assert_ok(yoke_kernel_destroy(made));
    return status;
}

static yoke_status with_map(const void *options, size_t size)
{
    return yoke_map_with_sized(pool, increment, yoke_range_1d(N), options, size,
                               growth_args(), 2, sizeof(yoke_arg));
}

static yoke_status with_map_async(const void *options, size_t size)
{
    yoke_future *future = NULL;

    return growth_finish(yoke_map_async_sized(&future, pool, increment,
                                              yoke_range_1d(N), options, size,
                                              growth_args(), 2, sizeof(yoke_arg)),
                         &future);
}

static yoke_status with_reduce(const void *options, size_t size)
{
    const yoke_reduction what =
        yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N);
    yoke_reduced result;

    return yoke_reduce_sized(pool, &what, sizeof what, &result, sizeof result, options,
                             size);
}

static yoke_status with_reduce_async(const void *options, size_t size)
{
    const yoke_reduction what =
        yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N);
    yoke_reduced result;
    yoke_future *future = NULL;

    return growth_finish(yoke_reduce_async_sized(&future, pool, &what, sizeof what,
                                                 &result, sizeof result, options, size),
                         &future);
}

static yoke_status with_reduction(const void *reduction, size_t size)
{
    yoke_reduced result;

    return yoke_reduce_sized(pool, reduction, size, &result, sizeof result, NULL, 0);
}

static yoke_status with_map_reduce(const void *options, size_t size)
{
    const yoke_reducer reducer = {.bytes = sizeof(double), .combine = growth_sum};
    double result;

    return yoke_map_reduce_sized(pool, copy, yoke_range_1d(N), &reducer, sizeof reducer,
                                 &result, options, size, growth_partials(), 2,
                                 sizeof(yoke_arg));
}

static yoke_status with_reducer(const void *reducer, size_t size)
{
    double result;
    yoke_future *future = NULL;
    const yoke_status status =
        growth_finish(yoke_map_reduce_async_sized(
                          &future, pool, copy, yoke_range_1d(N), reducer, size, &result,
                          NULL, 0, growth_partials(), 2, sizeof(yoke_arg)),
                      &future);

    assert_int_equal(status, yoke_map_reduce_sized(
                                 pool, copy, yoke_range_1d(N), reducer, size, &result,
                                 NULL, 0, growth_partials(), 2, sizeof(yoke_arg)));
    return status;
}

static yoke_status with_task(const void *options, size_t size)
{
    return yoke_apply_sized(pool, growth_task, "", 0, NULL, NULL, options, size);
}

static yoke_status with_task_async(const void *options, size_t size)
{
    yoke_future *future = NULL;

    return growth_finish(yoke_apply_each_async_sized(&future, pool, growth_task, N,
                                                     options, size, growth_args(), 2,
                                                     sizeof(yoke_arg)),
                         &future);
}

static yoke_status with_tasks(const void *options, size_t size)
{
    return yoke_apply_each_sized(pool, growth_task, N, options, size, growth_args(), 2,
                                 sizeof(yoke_arg));
}

static yoke_status with_stream(const void *options, size_t size)
{
    yoke_stream *made = NULL;
    const yoke_status status = yoke_stream_create_sized(
        &made, pool, options, size, sizeof(yoke_arg), growth_source, NULL);

    assert_true((made != NULL) == (status == YOKE_OK));
    assert_ok(yoke_stream_destroy(made));
    return status;
}

static yoke_status with_process(const void *options, size_t size)
{
    yoke_process *made = NULL;
    const yoke_status status =
        yoke_process_start_sized(&made, pool, growth_process, NULL, 0, options, size);

    assert_true((made != NULL) == (status == YOKE_OK));
    if (made != NULL) {
        assert_ok(yoke_process_wait(made, NULL, 60));
    }
    assert_ok(yoke_process_destroy(made));
    return status;
}

static yoke_status with_shm(const void *options, size_t size)
{
    yoke_shm *made = NULL, *opened = NULL;
    const yoke_status status =
        yoke_shm_create_sized(&made, pool, NULL, 4096, options, size);

    assert_true((made != NULL) == (status == YOKE_OK));
    if (made == NULL) {
        assert_status(yoke_shm_open_sized(&opened, pool, "none", options, size),
                      status);
        assert_status(yoke_shm_open_file_sized(&opened, pool, "/none", options, size),
                      status);
        return status;
    }
    assert_ok(yoke_shm_unlink(yoke_shm_name(made)));
    assert_ok(yoke_shm_close(made));
    return status;
}

#define WITH_OBJECT(noun, ...)                                                         \
    static yoke_status with_##noun(const void *options, size_t size)                   \
    {                                                                                  \
        yoke_##noun *made = NULL;                                                      \
        const yoke_status status =                                                     \
            yoke_##noun##_create_sized(&made, pool, __VA_ARGS__ options, size);        \
                                                                                       \
        assert_true((made != NULL) == (status == YOKE_OK));                            \
        assert_ok(yoke_##noun##_destroy(made));                                        \
        return status;                                                                 \
    }

#define NOTHING
#define LIST(...) __VA_ARGS__,
WITH_OBJECT(queue, NOTHING)
WITH_OBJECT(mutex, NOTHING)
WITH_OBJECT(event, NOTHING)
WITH_OBJECT(condition, NOTHING)
WITH_OBJECT(semaphore, LIST(1))
WITH_OBJECT(barrier, LIST(1))
WITH_OBJECT(array, LIST(2, 4))

static yoke_status with_pipe(const void *options, size_t size)
{
    yoke_pipe *ends[2];
    const yoke_status status = yoke_pipe_create_sized(ends, pool, options, size);

    assert_true((ends[0] != NULL) == (status == YOKE_OK));
    assert_ok(yoke_pipe_destroy(ends[0]));
    return status;
}

/* ---- the tests ---- */

/* `least` bytes of it are needed. */
typedef struct growth_row {
    const char *name;
    yoke_status (*call)(const void *options, size_t size);
    size_t bytes;
    size_t least;
    size_t reserved; /* where such bytes are, and how many */
    size_t reserved_bytes;
    const void *example;
} growth_row;

static const char *growth_error(const growth_row *row)
{
    return yoke_pool_error(row->call == with_pool ? NULL : pool);
}

static void check_longer(const growth_row *row, unsigned char *longer)
{
    assert_status(row->call(longer, row->bytes + MORE), YOKE_OK);
    for (size_t i = row->bytes; i < row->bytes + MORE; i += MORE - 1) {
        longer[i] = 1;
        assert_status(row->call(longer, row->bytes + MORE), YOKE_EUNSUPPORTED);
        assert_contains(growth_error(row), row->name);
        assert_contains(growth_error(row), "newer library");
        assert_contains(growth_error(row), "8 bytes more");
        longer[i] = 0;
    }
}

static void check_reserved(const growth_row *row, unsigned char *bytes)
{
    for (size_t i = 0; i < row->reserved_bytes; i++) {
        bytes[row->reserved + i] = 1;
        assert_status(row->call(bytes, row->bytes), YOKE_EUNSUPPORTED);
        assert_contains(growth_error(row), row->name);
        assert_contains(growth_error(row), "reserved");
        bytes[row->reserved + i] = 0;
    }
}

#define ROW(noun, type, needed, from)                                                  \
    {                                                                                  \
#type, with_##noun, sizeof(type), needed, 0, 0, from                           \
    }
#define ROW_RESERVED(noun, type, needed, from)                                         \
    {                                                                                  \
#type, with_##noun, sizeof(type), needed, offsetof(type, reserved),            \
            sizeof(((type *)NULL)->reserved), from                                     \
    }
#define NEEDS(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

static void test_options(void **state)
{
    const yoke_kernel_options kernel = {.native = growth_add};
    const yoke_pool_options devices = {.devices = "cpu:1"};
    const yoke_stream_options stream = {.function = growth_task, .input_bytes = 4};
    const yoke_reducer reducer = {.bytes = sizeof(double), .combine = growth_sum};
    const yoke_reduction sum =
        yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N);
    const growth_row rows[] = {
        ROW_RESERVED(pool, yoke_pool_options, NEEDS(yoke_pool_options, devices),
                     &devices),
        ROW(kernel, yoke_kernel_options, NEEDS(yoke_kernel_options, native), &kernel),
        ROW(map, yoke_map_options, 0, NULL),
        ROW(map_async, yoke_map_options, 0, NULL),
        ROW(reduce, yoke_map_options, 0, NULL),
        ROW(reduce_async, yoke_map_options, 0, NULL),
        ROW(reduction, yoke_reduction, NEEDS(yoke_reduction, count), &sum),
        ROW(map_reduce, yoke_map_options, 0, NULL),
        ROW(reducer, yoke_reducer, NEEDS(yoke_reducer, combine), &reducer),
        ROW_RESERVED(task_async, yoke_task_options, 0, NULL),
        ROW_RESERVED(tasks, yoke_task_options, 0, NULL),
        ROW_RESERVED(stream, yoke_stream_options,
                     NEEDS(yoke_stream_options, input_bytes), &stream),
        ROW_RESERVED(process, yoke_process_options, 0, NULL),
        ROW_RESERVED(shm, yoke_shm_options, 0, NULL),
        ROW_RESERVED(queue, yoke_queue_options, 0, NULL),
        ROW_RESERVED(mutex, yoke_mutex_options, 0, NULL),
        ROW_RESERVED(event, yoke_event_options, 0, NULL),
        ROW_RESERVED(condition, yoke_condition_options, 0, NULL),
        ROW_RESERVED(semaphore, yoke_semaphore_options, 0, NULL),
        ROW_RESERVED(barrier, yoke_barrier_options, 0, NULL),
        ROW(array, yoke_array_options, 0, NULL),
        ROW(pipe, yoke_pipe_options, 0, NULL),
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const growth_row *row = &rows[i];
        _Alignas(16) unsigned char bytes[ROOM] = {0};

        if (row->example != NULL) {
            memcpy(bytes, row->example, row->bytes);
        }
        check_longer(row, bytes);
        check_reserved(row, bytes);
        for (size_t size = row->least; size < row->bytes; size += 4) {
            assert_status(row->call(bytes, size), YOKE_OK);
        }
        assert_status(row->call(bytes, row->bytes), YOKE_OK);
    }
    assert_status(
        with_task(&(yoke_task_options){.reserved = {1}}, sizeof(yoke_task_options)),
        YOKE_EUNSUPPORTED);
}

/* What an older program does not know has its default, whatever lies behind its struct. */
static void test_default_of_the_unknown(void **state)
{
    const yoke_map_options options = {.grain = N, .recovery = (yoke_recovery)77};

    (void)state;
    assert_status(with_map(&options, sizeof options), YOKE_EINVAL);
    assert_status(with_map(&options, offsetof(yoke_map_options, recovery)), YOKE_OK);
}

/* The arguments of a program in which each has `size` bytes. */
typedef struct growth_list {
    unsigned char *bytes;
    size_t size;
} growth_list;

static growth_list growth_list_of(const yoke_arg args[2], size_t size)
{
    const size_t known = size < sizeof *args ? size : sizeof *args;
    growth_list list = {calloc(2, size), size};

    assert_non_null(list.bytes);
    for (size_t i = 0; i < 2; i++) {
        memcpy(list.bytes + i * size, &args[i], known);
    }
    return list;
}

static yoke_status growth_map(const growth_list *list)
{
    return yoke_map_with_sized(pool, increment, yoke_range_1d(N), NULL, 0,
                               (const yoke_arg *)list->bytes, 2, list->size);
}

static yoke_status growth_map_async(const growth_list *list)
{
    yoke_future *future = NULL;

    return growth_finish(
        yoke_map_async_sized(&future, pool, increment, yoke_range_1d(N), NULL, 0,
                             (const yoke_arg *)list->bytes, 2, list->size),
        &future);
}

static yoke_status growth_each(const growth_list *list)
{
    return yoke_apply_each_sized(pool, growth_task, N, NULL, 0,
                                 (const yoke_arg *)list->bytes, 2, list->size);
}

static yoke_status growth_each_async(const growth_list *list)
{
    yoke_future *future = NULL;

    return growth_finish(
        yoke_apply_each_async_sized(&future, pool, growth_task, N, NULL, 0,
                                    (const yoke_arg *)list->bytes, 2, list->size),
        &future);
}

static void check_numbers(uint32_t value)
{
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(numbers[i], value);
    }
}

/* Each such call adds 1, or is refused. */
static void test_arguments(void **state)
{
    yoke_status (*const calls[])(const growth_list *) = {
        growth_map, growth_map_async, growth_each, growth_each_async};
    const size_t sizes[] = {sizeof(yoke_arg), sizeof(yoke_arg) + MORE,
                            sizeof(yoke_arg) + 2 * MORE, offsetof(yoke_arg, reserved)};
    uint32_t value = 0;

    (void)state;
    memset(numbers, 0, N * sizeof *numbers);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const growth_list list = growth_list_of(growth_args(), sizes[i]);
        const size_t unknown =
            sizes[i] > sizeof(yoke_arg) ? sizes[i] - 1 : offsetof(yoke_arg, reserved);

        for (size_t c = 0; c < sizeof calls / sizeof calls[0]; c++) {
            assert_status(calls[c](&list), YOKE_OK);
            check_numbers(++value);
            if (sizes[i] < sizeof(yoke_arg)) {
                continue;
            }
            list.bytes[list.size + unknown] = 1;
            assert_status(calls[c](&list), YOKE_EUNSUPPORTED);
            assert_contains(yoke_pool_error(pool), "argument 2: ");
            assert_contains(yoke_pool_error(pool), "yoke_arg");
            list.bytes[list.size + unknown] = 0;
        }
        free(list.bytes);
    }
    check_numbers(value);
}

static void test_arguments_of_reductions(void **state)
{
    const yoke_reducer reducer = {.bytes = sizeof(double), .combine = growth_sum};
    const size_t sizes[] = {sizeof(yoke_arg) + MORE, offsetof(yoke_arg, reserved)};

    (void)state;
    for (size_t i = 0; i < N; i++) {
        numbers[i] = (uint32_t)i;
    }
    for (size_t i = 0; i < 2; i++) {
        const growth_list list = growth_list_of(growth_partials(), sizes[i]);
        double sum = 0;

        assert_ok_pool(pool, yoke_map_reduce_sized(pool, copy, yoke_range_1d(N),
                                                   &reducer, sizeof reducer, &sum, NULL,
                                                   0, (const yoke_arg *)list.bytes, 2,
                                                   list.size));
        assert_true(sum == N * (N - 1) / 2.0);
        free(list.bytes);
    }
}

static void test_arguments_of_streams(void **state)
{
    const yoke_arg args[] = {yoke_inout(NULL, 4), yoke_scalar((uint32_t)5)};
    const growth_list list = growth_list_of(args, sizeof(yoke_arg) + MORE);
    const yoke_stream_options options = {.kernel = increment,
                                         .range = yoke_range_1d(1),
                                         .args = (const yoke_arg *)list.bytes,
                                         .arg_count = 2};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_stream_create_sized(&stream, pool, &options, sizeof options,
                                            list.size, growth_source, NULL));
    memset(list.bytes, 0xff, 2 * list.size);
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
        assert_int_equal(*(const uint32_t *)result, i + 5);
    }
    assert_ok_pool(pool, yoke_stream_destroy(stream));
    assert_status_pool(pool,
                       yoke_stream_create_sized(&stream, pool, &options, sizeof options,
                                                list.size, growth_source, NULL),
                       YOKE_EUNSUPPORTED);
    assert_null(stream);
    free(list.bytes);
}

static void test_ranges(void **state)
{
    const yoke_reducer reducer = {
        .bytes = sizeof(double), .combine = growth_sum, .identity = &(double){0}};
    yoke_range range = yoke_range_1d(0);
    double result;

    (void)state;
    range.reserved[1] = 1;
    assert_status_pool(pool,
                       yoke_map_with(pool, increment, range, NULL, growth_args(), 2),
                       YOKE_EUNSUPPORTED);
    assert_contains(yoke_pool_error(pool), "yoke_range");
    assert_status_pool(pool,
                       yoke_map_reduce(pool, copy, range, &reducer, &result, NULL,
                                       growth_partials(), 2),
                       YOKE_EUNSUPPORTED);
}

/* ---- what the library fills in ---- */

/* Elements of `size` bytes, of which the first `known` are as in `right`, the others zero. */
static void check_elements(const unsigned char *got, size_t size, const void *right,
                           size_t own, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t known = size < own ? size : own;

        assert_memory_equal(got + i * size, (const char *)right + i * own, known);
        for (size_t b = known; b < size; b++) {
            assert_int_equal(got[i * size + b], 0);
        }
    }
    for (size_t b = count * size; b < count * size + 8; b++) {
        assert_int_equal(got[b], 0xee);
    }
}

static void test_reports(void **state)
{
    const size_t more[] = {0, MORE, (size_t)-MORE};
    unsigned char *got = malloc(8192);
    yoke_worker_info infos[2];
    yoke_worker_stats stats[3];
    yoke_kernel_worker_info builds[2];
    size_t count = 0;

    (void)state;
    assert_non_null(got);
    assert_ok(yoke_pool_workers(pool, infos, 2, NULL));
    assert_ok(yoke_pool_stats(pool, stats, 3, NULL));
    assert_ok(yoke_kernel_workers(increment, builds, 2, NULL));
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        memset(got, 0xee, 8192);
        assert_ok(yoke_pool_workers_sized(pool, (yoke_worker_info *)got, 2, &count,
                                          sizeof infos[0] + more[i]));
        check_elements(got, sizeof infos[0] + more[i], infos, sizeof infos[0], 2);
        memset(got, 0xee, 8192);
        assert_ok(yoke_pool_stats_sized(pool, (yoke_worker_stats *)got, 3, &count,
                                        sizeof stats[0] + more[i]));
        check_elements(got, sizeof stats[0] + more[i], stats, sizeof stats[0], 3);
        memset(got, 0xee, 8192);
        assert_ok(yoke_kernel_workers_sized(increment, (yoke_kernel_worker_info *)got,
                                            2, &count, sizeof builds[0] + more[i]));
        check_elements(got, sizeof builds[0] + more[i], builds, sizeof builds[0], 2);
    }
    free(got);
}

static void test_parameters(void **state)
{
    const yoke_kernel_options options = {
        .name = "nothing", .source = "kernel void nothing(global float *x, uint n) {}"};
    const size_t sizes[] = {sizeof(yoke_parameter_info),
                            sizeof(yoke_parameter_info) + MORE,
                            offsetof(yoke_parameter_info, type)};
    yoke_parameter_info infos[2];
    unsigned char got[512];
    yoke_kernel *kernel = NULL;
    size_t count = 0;

    (void)state;
    if (yoke_kernel_create(&kernel, pool, &options) != YOKE_OK) {
        skip(); /* there is no PoCL */
    }
    assert_ok_pool(pool, yoke_kernel_parameters(kernel, infos, 2, &count));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(got, 0xee, sizeof got);
        assert_ok_pool(pool,
                       yoke_kernel_parameters_sized(kernel, (yoke_parameter_info *)got,
                                                    2, &count, sizes[i]));
        check_elements(got, sizes[i], infos, sizeof infos[0], 2);
    }
    assert_ok_pool(pool, yoke_kernel_destroy(kernel));
}

static void test_results(void **state)
{
    const yoke_reduction sums[] = {
        yoke_reduction_of(YOKE_REDUCE_ARGMAX, YOKE_TYPE_UINT32, numbers, N),
        yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, 0)};
    const size_t sizes[] = {sizeof(yoke_reduced), sizeof(yoke_reduced) + MORE,
                            offsetof(yoke_reduced, index)};
    unsigned char got[64];

    (void)state;
    memset(numbers, 0, N * sizeof *numbers);
    numbers[5] = 9;
    for (size_t i = 0; i < 6; i++) {
        const yoke_reduced right = {.value.u = i < 3 ? 9 : 0, .index = i < 3 ? 5 : 0};
        yoke_future *future = NULL;

        memset(got, 0xee, sizeof got);
        assert_ok_pool(pool,
                       yoke_reduce_sized(pool, &sums[i / 3], sizeof sums[0],
                                         (yoke_reduced *)got, sizes[i % 3], NULL, 0));
        check_elements(got, sizes[i % 3], &right, sizeof right, 1);
        memset(got, 0xee, sizeof got);
        assert_ok_pool(pool,
                       growth_finish(yoke_reduce_async_sized(
                                         &future, pool, &sums[i / 3], sizeof sums[0],
                                         (yoke_reduced *)got, sizes[i % 3], NULL, 0),
                                     &future));
        check_elements(got, sizes[i % 3], &right, sizeof right, 1);
    }
}

static int growth_setup(void **state)
{
    (void)state;
    assert_ok_pool(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                                .wait_ready = true}));
    numbers = yoke_alloc(pool, N * sizeof *numbers);
    assert_non_null(numbers);
    assert_ok_pool(pool,
                   yoke_kernel_create(&increment, pool,
                                      &(yoke_kernel_options){.native = growth_add}));
    assert_ok_pool(
        pool,
        yoke_kernel_create(&copy, pool, &(yoke_kernel_options){.native = growth_copy}));
    return 0;
}

static int growth_teardown(void **state)
{
    (void)state;
    assert_ok(yoke_pool_close(pool));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_default_of_the_unknown),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_arguments_of_reductions),
        cmocka_unit_test(test_arguments_of_streams),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_results),
    };

    return yt_run_group_with(tests, growth_setup, growth_teardown);
}
