/* SPDX-License-Identifier: MIT */
/* Memory that kernels reach through pointers (yoke_uses): order, lending, failures, deaths, and
 * devices that cannot follow pointers. */
#include <signal.h>
#include <string.h>

#include "source_setup.h"

enum { ROWS = 300, WIDTH = 40, ROW_BYTES = WIDTH * sizeof(uint32_t), CELLS = ROWS * WIDTH };

typedef struct jagged {
    yoke_pool *pool;
    uint32_t *data;
    uint32_t **rows; /* the last row first */
    uint64_t *sums;
} jagged;

static void jagged_init(jagged *j, yoke_pool *pool)
{
    j->pool = pool;
    j->data = api_numbers(pool, CELLS);
    j->rows = yoke_alloc(pool, ROWS * sizeof *j->rows);
    j->sums = yoke_alloc(pool, ROWS * sizeof *j->sums);
    assert_true(j->rows != NULL && j->sums != NULL);
    for (size_t i = 0; i < CELLS; i++) {
        j->data[i] = (uint32_t)(i * 7919 % 1000);
    }
    for (size_t i = 0; i < ROWS; i++) {
        j->rows[i] = j->data + (ROWS - 1 - i) * WIDTH;
        j->sums[i] = 0;
    }
}

static void jagged_fini(jagged *j)
{
    assert_ok(yoke_free(j->sums));
    assert_ok(yoke_free(j->rows));
    assert_ok(yoke_free(j->data));
}

static uint64_t row_sum(const uint32_t *row)
{
    uint64_t sum = 0;

    for (size_t k = 0; k < WIDTH; k++) {
        sum += row[k];
    }
    return sum;
}

/* How much more each cell has than at first. */
static bool has_sums(const jagged *j, uint32_t more)
{
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t sum = (uint64_t)more * WIDTH;

        for (size_t k = 0; k < WIDTH; k++) {
            sum += ((ROWS - 1 - i) * WIDTH + k) * 7919 % 1000;
        }
        if (j->sums[i] != sum) {
            return false;
        }
    }
    return true;
}

/* out uint64[i], in_whole rows */
static void sum_rows(const yoke_span *span, void *const args[])
{
    uint64_t *sums = args[0];
    uint32_t *const *rows = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        sums[i] = row_sum(rows[i]);
    }
}

/* in rows[i], in_whole deaths: the first process that comes dies half-way. */
static void raise_rows(const yoke_span *span, void *const args[])
{
    uint32_t *const *rows = args[0];
    _Atomic uint32_t *deaths = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t k = 0; k < WIDTH; k++) {
            rows[i][k]++;
        }
        if (i == ROWS / 2 && deaths != NULL && atomic_fetch_add(deaths, 1) == 0) {
            (void)raise(SIGKILL);
        }
    }
}

/* in rows[i]: fails in the middle */
static void spoil_rows(const yoke_span *span, void *const args[])
{
    raise_rows(span, (void *const[]){args[0], NULL});
    yoke_span_fail(span, 7, "no rows today");
}

#define READS(j) yoke_uses((j)->data, CELLS * sizeof *(j)->data, YOKE_ACCESS_READ)
#define CHANGES(j) yoke_uses((j)->data, CELLS * sizeof *(j)->data, YOKE_ACCESS_READ_WRITE)
#define SUM(j)                                                                           \
    YOKE_ARGS(yoke_out((j)->sums, sizeof *(j)->sums),                                    \
              yoke_in_whole((j)->rows, ROWS * sizeof *(j)->rows), READS(j))
#define RAISE(j, deaths)                                                                 \
    YOKE_ARGS(yoke_in((j)->rows, sizeof *(j)->rows), deaths, CHANGES(j))

static yoke_future *begin(const jagged *j, yoke_kernel *kernel, size_t n,
                          const yoke_map_options *options, const yoke_arg *args, size_t count)
{
    yoke_future *future = NULL;

    assert_ok_pool(j->pool, yoke_map_async(&future, j->pool, kernel, yoke_range_1d(n), options,
                                           args, count));
    return future;
}

static void finish(yoke_future *future, yoke_status expected)
{
    assert_status(yoke_future_wait(future, API_SECONDS), expected);
    yoke_future_destroy(future);
}

/* ---- order ---- */

/* Each waits for the one before: what is held at the gate writes what is used, then reads it. */
static void jobs_are_ordered(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
    yoke_kernel *raise_all = api_kernel(pool, "raise", raise_rows);
    yoke_kernel *sum = api_kernel(pool, "sum", sum_rows);
    api_gate *gate = api_gate_create(pool);
    yoke_future *all[5];

    (void)state;
    jagged_init(&j, pool);
    all[0] = begin(&j, hold, CELLS, NULL,
                   YOKE_ARGS(yoke_inout(j.data, 4), yoke_in_whole(gate, sizeof *gate)));
    all[1] = begin(&j, raise_all, ROWS, NULL, RAISE(&j, yoke_null()));
    all[2] = begin(&j, sum, ROWS, NULL, SUM(&j));
    all[3] = begin(&j, raise_all, ROWS, NULL, RAISE(&j, yoke_null()));
    all[4] = begin(&j, hold, CELLS, NULL,
                   YOKE_ARGS(yoke_inout(j.data, 4), yoke_in_whole(gate, sizeof *gate)));
    api_gate_await(gate, 1);
    assert_false(yoke_future_is_done(all[1]));
    api_gate_open(gate);
    for (size_t i = 0; i < 5; i++) {
        finish(all[i], YOKE_OK);
    }
    assert_true(has_sums(&j, 2));
    assert_int_equal(row_sum(j.data), row_sum(j.rows[ROWS - 1]));
    assert_ok_pool(pool, yoke_map_with(pool, sum, yoke_range_1d(ROWS), NULL, SUM(&j)));
    assert_true(has_sums(&j, 4));
    jagged_fini(&j);
    assert_ok(yoke_free(gate));
    api_close(pool);
}

/* ---- deaths and failures ---- */

static void what_is_changed_is_restored(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *raise_all = api_kernel(pool, "raise", raise_rows);
    yoke_kernel *sum = api_kernel(pool, "sum", sum_rows);
    uint32_t *deaths = api_numbers(pool, 1);

    (void)state;
    jagged_init(&j, pool);
    *deaths = 0;
    finish(begin(&j, raise_all, ROWS, NULL, RAISE(&j, yoke_in_whole(deaths, 4))), YOKE_OK);
    assert_ok_pool(pool, yoke_map_with(pool, sum, yoke_range_1d(ROWS), NULL, SUM(&j)));
    assert_true(has_sums(&j, 1));
    *deaths = 0;
    finish(begin(&j, raise_all, ROWS, &(yoke_map_options){.recovery = YOKE_RECOVER_NONE},
                 RAISE(&j, yoke_in_whole(deaths, 4))),
           YOKE_ECRASHED);
    jagged_fini(&j);
    assert_ok(yoke_free(deaths));
    api_close(pool);
}

static bool has_ended(void *future)
{
    return yoke_future_is_done(future);
}

static void a_failure_spoils_what_is_used(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *spoil = api_kernel(pool, "spoil", spoil_rows);
    yoke_kernel *sum = api_kernel(pool, "sum", sum_rows);
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    uint32_t *other = api_numbers(pool, CELLS);
    yoke_future *failed;

    (void)state;
    jagged_init(&j, pool);
    failed = begin(&j, spoil, ROWS, NULL,
                   YOKE_ARGS(yoke_in(j.rows, sizeof *j.rows), CHANGES(&j)));
    assert_true(yt_wait_until(has_ended, failed, 60));
    (void)yoke_pool_poll(pool);
    finish(begin(&j, sum, ROWS, NULL, SUM(&j)), YOKE_EDEPENDENCY);
    finish(begin(&j, increment, CELLS, NULL, YOKE_ARGS(yoke_inout(j.data, 4))),
           YOKE_OK); /* it was told */
    finish(begin(&j, increment, CELLS, NULL, YOKE_ARGS(yoke_inout(other, 4))), YOKE_OK);
    finish(failed, YOKE_EKERNEL);
    jagged_fini(&j);
    assert_ok(yoke_free(other));
    api_close(pool);
}

/* ---- devices ---- */

static void devices_of_their_own_stand_aside(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    yoke_kernel *sum = api_kernel(pool, "sum", sum_rows);
    yoke_future *future;

    (void)state;
    jagged_init(&j, pool);
    future = begin(&j, sum, ROWS, &(yoke_map_options){.devices = "fake"}, SUM(&j));
    assert_status(yoke_future_wait(future, API_SECONDS), YOKE_ENODEVICE);
    assert_contains(yoke_future_error(future), "cannot follow pointers");
    yoke_future_destroy(future);
    assert_int_equal(j.sums[0], 0);
    finish(begin(&j, sum, ROWS, NULL, SUM(&j)), YOKE_OK);
    assert_true(has_sums(&j, 0));
    jagged_fini(&j);
    api_close(pool);
}

static const char sum_source[] =
    "__kernel void sum(__global ulong *sums, __global const ulong *rows)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    __global const uint *row = (__global const uint *)rows[i];\n"
    "    ulong sum = 0;\n"
    "    for (int k = 0; k < 40; k++) { sum += row[k]; }\n"
    "    sums[i] = sum;\n"
    "}\n";

/* Right or refused, whatever the driver. */
static void check_source(const source_device *device)
{
    jagged j;
    yoke_pool *pool = source_open(device);
    yoke_kernel *kernel = NULL;
    yoke_future *future;
    yoke_status status;

    if (pool == NULL) {
        return;
    }
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){
                                                .name = "sum", .source = sum_source}));
    jagged_init(&j, pool);
    future = begin(&j, kernel, ROWS, NULL, SUM(&j));
    status = yoke_future_wait(future, 120);
    if (status == YOKE_OK) {
        assert_true(has_sums(&j, 0));
    } else {
        assert_status(status, YOKE_ENODEVICE);
        assert_contains(yoke_future_error(future), "cannot follow pointers");
    }
    assert_true(strcmp(device->discrete, "1") != 0 || status == YOKE_ENODEVICE);
    assert_true(strcmp(device->devices, "cpu:2") != 0 || status == YOKE_OK);
    yoke_future_destroy(future);
    jagged_fini(&j);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void sources(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) { /* CPU workers, PoCL in place and with copies */
        check_source(&source_devices[i]);
    }
}

/* A device has the only copy of what is used. */
static void lent_memory_comes_back(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    yoke_kernel *raise_all = api_kernel(pool, "raise", raise_rows);
    yoke_kernel *sum = api_kernel(pool, "sum", sum_rows);
    const yoke_map_options keep = {.devices = "fake", .recovery = YOKE_RECOVER_NONE};
    const yoke_map_options none = {.recovery = YOKE_RECOVER_NONE};

    (void)state;
    jagged_init(&j, pool);
    assert_ok_pool(pool, yoke_lend(j.data));
    finish(begin(&j, increment, CELLS, &keep, YOKE_ARGS(yoke_inout(j.data, 4))), YOKE_OK);
    finish(begin(&j, sum, ROWS, &none, SUM(&j)), YOKE_OK);
    assert_true(has_sums(&j, 1));
    finish(begin(&j, increment, CELLS, &keep, YOKE_ARGS(yoke_inout(j.data, 4))), YOKE_OK);
    finish(begin(&j, raise_all, ROWS, &none, RAISE(&j, yoke_null())), YOKE_OK);
    finish(begin(&j, increment, CELLS, &keep, YOKE_ARGS(yoke_inout(j.data, 4))), YOKE_OK);
    finish(begin(&j, sum, ROWS, NULL, SUM(&j)), YOKE_OK);
    assert_true(has_sums(&j, 4));
    assert_ok_pool(pool, yoke_reclaim(j.data));
    jagged_fini(&j);
    api_close(pool);
}

/* ---- other calls ---- */

static int sum_task(yoke_task *task)
{
    uint32_t *const *row = task->args[1];

    if (task->arg_count != 2 || *(const uint32_t *)task->context != 5) {
        return 1;
    }
    *(uint64_t *)task->args[0] = row_sum(*row);
    return 0;
}

static void tasks_use_memory(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:2");
    const uint32_t five = 5;
    const yoke_task_options options = {.context = &five, .context_bytes = sizeof five};
    static uint32_t outside[4];

    (void)state;
    jagged_init(&j, pool);
    assert_ok_pool(pool, yoke_apply_each(pool, sum_task, ROWS, &options,
                                         YOKE_ARGS(yoke_out(j.sums, sizeof *j.sums),
                                                   yoke_in(j.rows, sizeof *j.rows), READS(&j))));
    assert_true(has_sums(&j, 0));
    assert_refused(pool,
                   yoke_apply_each(pool, sum_task, ROWS, &options,
                                   YOKE_ARGS(yoke_out(j.sums, sizeof *j.sums),
                                             yoke_in(j.rows, sizeof *j.rows),
                                             yoke_uses(outside, 16, YOKE_ACCESS_READ))),
                   YOKE_EINVAL, ".stage cannot copy memory that is reached through pointers");
    jagged_fini(&j);
    api_close(pool);
}

/* Item f of a stream is a table of two rows. */
static int next_table(void *item, size_t index, void *context)
{
    const jagged *j = context;
    uint32_t **table = item;

    table[0] = j->rows[index];
    table[1] = j->rows[2 * index];
    return index < 20;
}

/* in rows[2] of an item, out one sum */
static void sum_two(const yoke_span *span, void *const args[])
{
    uint32_t *const *rows = args[0];
    uint64_t *sums = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        sums[i] = row_sum(rows[2 * i]) + row_sum(rows[2 * i + 1]);
    }
}

static void streams_use_memory(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "sum_two", sum_two);
    yoke_stream *stream = NULL;
    void *sum;

    (void)state;
    jagged_init(&j, pool);
    const yoke_arg args[] = {yoke_in_stream(2 * sizeof *j.rows), yoke_out_stream(8), READS(&j)};
    assert_ok_pool(pool, yoke_stream_create(&stream, pool,
                                            &(yoke_stream_options){.kernel = kernel,
                                                                   .range = yoke_range_1d(1),
                                                                   .args = args,
                                                                   .arg_count = 3},
                                            next_table, &j));
    for (size_t i = 0; i < 20; i++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &sum, 60));
        assert_true(*(uint64_t *)sum == row_sum(j.rows[i]) + row_sum(j.rows[2 * i]));
    }
    assert_ok(yoke_stream_destroy(stream));
    jagged_fini(&j);
    api_close(pool);
}

/* What is written through pointers is written once. */
static void the_checking_mode(void **state)
{
    jagged j;
    yoke_pool *pool = NULL;
    yoke_kernel *raise_all;
    yoke_kernel *sum;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                                      .check = true}));
    raise_all = api_kernel(pool, "raise", raise_rows);
    sum = api_kernel(pool, "sum", sum_rows);
    jagged_init(&j, pool);
    finish(begin(&j, raise_all, ROWS, NULL, RAISE(&j, yoke_null())), YOKE_OK);
    finish(begin(&j, sum, ROWS, NULL, SUM(&j)), YOKE_OK);
    assert_true(has_sums(&j, 1));
    jagged_fini(&j);
    api_close(pool);
}

/* A table outside the pool's memory is copied; the rows stay where they are. */
static void staged_tables(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *sum = api_kernel(pool, "sum", sum_rows);
    const yoke_map_options stage = {.stage = true};
    static uint32_t *outside[ROWS];

    (void)state;
    jagged_init(&j, pool);
    memcpy(outside, j.rows, sizeof outside);
    finish(begin(&j, sum, ROWS, &stage,
                 YOKE_ARGS(yoke_out(j.sums, sizeof *j.sums),
                           yoke_in_whole(outside, sizeof outside), READS(&j))),
           YOKE_OK);
    assert_true(has_sums(&j, 0));
    jagged_fini(&j);
    api_close(pool);
}

static void what_is_refused(void **state)
{
    jagged j;
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *sum = api_kernel(pool, "sum", sum_rows);
    static uint32_t outside[4];

    (void)state;
    jagged_init(&j, pool);
#define TRY(...) yoke_map(pool, sum, yoke_range_1d(ROWS), __VA_ARGS__)
    assert_refused(pool, TRY(READS(&j), yoke_out(j.sums, 8)), YOKE_EINVAL,
                   "argument 2: a parameter of the kernel follows a yoke_uses()");
    assert_refused(pool, TRY(yoke_uses(outside, 16, YOKE_ACCESS_READ)), YOKE_EINVAL,
                   "argument 1: ");
    assert_refused(pool, TRY(yoke_uses(j.rows, 0, YOKE_ACCESS_READ)), YOKE_EINVAL, "0 bytes");
    assert_refused(pool, TRY(yoke_uses(NULL, 4, YOKE_ACCESS_READ)), YOKE_EINVAL, "is NULL");
    assert_refused(pool, TRY(yoke_uses(j.sums, ROWS * 8 + 1, YOKE_ACCESS_READ)), YOKE_EINVAL,
                   "its allocation");
    assert_refused(pool, TRY(yoke_arg_per_group(READS(&j))), YOKE_EINVAL, "has no parts");
    assert_refused(pool, TRY(yoke_arg_at(READS(&j), 1)), YOKE_EINVAL, "not divided");
    assert_refused(pool, TRY(yoke_out(j.data, 4), READS(&j)), YOKE_EINVAL,
                   "arguments 1 and 2 overlap and one of them is written");
    assert_refused(pool, TRY(yoke_in(j.data, 4), CHANGES(&j)), YOKE_EINVAL,
                   "arguments 1 and 2 overlap and one of them is written");
    assert_ok_pool(pool, yoke_map(pool, sum, yoke_range_1d(ROWS), yoke_out(j.sums, 8),
                                  yoke_in(j.rows, sizeof *j.rows), READS(&j), READS(&j),
                                  yoke_arg_strided(yoke_uses(j.data, 4, YOKE_ACCESS_READ),
                                                   ROWS, ROW_BYTES)));
#undef TRY
    jagged_fini(&j);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_ordered),
        cmocka_unit_test(what_is_changed_is_restored),
        cmocka_unit_test(a_failure_spoils_what_is_used),
        cmocka_unit_test(devices_of_their_own_stand_aside),
        cmocka_unit_test(sources),
        cmocka_unit_test(lent_memory_comes_back),
        cmocka_unit_test(tasks_use_memory),
        cmocka_unit_test(streams_use_memory),
        cmocka_unit_test(the_checking_mode),
        cmocka_unit_test(staged_tables),
        cmocka_unit_test(what_is_refused),
    };

    return yt_run_group(tests);
}
