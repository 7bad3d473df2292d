/* SPDX-License-Identifier: MIT */
/* Arrays whose parts are not one per item in order: sparse matrices, resized and turned pictures,
 * records; their offsets, which are memory of the program and are read while a job runs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_setup.h"

enum { ROWS = 3000, PER_ROW = 7 };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2,fake:1x1/private");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- a sparse matrix ---- */

typedef struct matrix {
    uint32_t *offsets;
    uint32_t *columns;
    double *values;
} matrix;

static uint32_t row_length(uint32_t row)
{
    return row * 2654435761U >> 16 & PER_ROW;
}

static void fill_offsets(uint32_t *offsets)
{
    offsets[0] = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        offsets[row + 1] = offsets[row] + row_length(row);
    }
}

static matrix make_matrix(void)
{
    matrix m = {.offsets = api_numbers(pool, ROWS + 1)};
    uint32_t count;

    fill_offsets(m.offsets);
    count = m.offsets[ROWS];
    m.columns = api_numbers(pool, count);
    m.values = yoke_alloc(pool, count * sizeof *m.values);
    assert_non_null(m.values);
    for (uint32_t k = 0; k < count; k++) {
        m.columns[k] = k * 40503U % ROWS;
        m.values[k] = k % 11;
    }
    return m;
}

static void free_matrix(const matrix *m)
{
    assert_ok(yoke_free(m->offsets));
    assert_ok(yoke_free(m->columns));
    assert_ok(yoke_free(m->values));
}

static double row_product(const matrix *m, const double *x, size_t row)
{
    double sum = 0;

    for (uint32_t k = m->offsets[row]; k < m->offsets[row + 1]; k++) {
        sum += m->values[k] * x[m->columns[k]];
    }
    return sum;
}

static void multiply(const yoke_span *span, void *const args[])
{
    const matrix m = {args[1], args[2], args[3]};
    double *y = args[0];

    for (size_t row = span->begin; row < span->end; row++) {
        y[row] = row_product(&m, args[4], row);
    }
}

static yoke_arg row_parts(const matrix *m, yoke_arg arg)
{
    return yoke_arg_ragged(arg, m->offsets);
}

static yoke_status multiply_map(yoke_kernel *kernel, const matrix *m, double *y,
                                const double *x)
{
    return yoke_map(pool, kernel, yoke_range_1d(ROWS), yoke_out(y, sizeof *y),
                    yoke_in_halo(m->offsets, sizeof *m->offsets, 0, 1, YOKE_EDGE_PRESENT),
                    row_parts(m, yoke_in(m->columns, sizeof *m->columns)),
                    row_parts(m, yoke_in(m->values, sizeof *m->values)),
                    yoke_in_whole(x, ROWS * sizeof *x));
}

static double *make_vector(void)
{
    double *x = yoke_alloc(pool, ROWS * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < ROWS; i++) {
        x[i] = (double)(i % 17);
    }
    return x;
}

static void a_sparse_matrix(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "multiply", multiply);
    const matrix m = make_matrix();
    double *x = make_vector();
    double *y = make_vector();

    (void)state;
    assert_ok_pool(pool, multiply_map(kernel, &m, y, x));
    for (size_t row = 0; row < ROWS; row++) {
        assert_true(y[row] == row_product(&m, x, row));
    }
    assert_ok(yoke_free(x));
    assert_ok(yoke_free(y));
    free_matrix(&m);
}

/* ---- results of any length ---- */

/* Once for each row: what is changed in place is put back if a worker dies. */
static void raise_rows(const yoke_span *span, void *const args[])
{
    uint32_t *values = args[0];
    const uint32_t *offsets = args[1];
    _Atomic uint32_t *deaths = *(_Atomic uint32_t *const *)args[2];

    for (size_t row = span->begin; row < span->end; row++) {
        for (uint32_t k = offsets[row]; k < offsets[row + 1]; k++) {
            values[k] += (uint32_t)row;
        }
        if (row % 500 == 250 && atomic_fetch_add(deaths, 1) < 3) {
            (void)raise(SIGKILL);
        }
    }
}

static void rows_that_are_changed_and_workers_that_die(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "raise_rows", raise_rows);
    const matrix m = make_matrix();
    uint32_t *deaths = api_numbers(pool, 1);

    (void)state;
    for (uint32_t k = 0; k < m.offsets[ROWS]; k++) {
        m.columns[k] = k;
    }
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(ROWS),
                                  row_parts(&m, yoke_inout(m.columns, 4)),
                                  yoke_in_whole(m.offsets, (ROWS + 1) * 4),
                                  yoke_scalar(deaths)));
    assert_true(*deaths > 3);
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t k = m.offsets[row]; k < m.offsets[row + 1]; k++) {
            assert_int_equal(m.columns[k], k + row);
        }
    }
    assert_ok(yoke_free(deaths));
    free_matrix(&m);
}

/* Each result is a list: 2 * i of record i. */
static int repeat(yoke_task *task)
{
    const uint32_t *from = task->input;
    uint32_t *to = task->output;

    if (task->input_bytes != task->output_bytes) {
        return 1;
    }
    for (size_t k = 0; k < task->input_bytes / sizeof *from; k++) {
        to[k] = 2 * from[k] + (uint32_t)task->index;
    }
    return 0;
}

static void tasks_on_records(void **state)
{
    const matrix m = make_matrix();
    uint32_t *results = api_numbers(pool, m.offsets[ROWS]);

    (void)state;
    assert_ok_pool(pool, yoke_apply_each(pool, repeat, ROWS, NULL,
                                         YOKE_ARGS(row_parts(&m, yoke_in(m.columns, 4)),
                                                   row_parts(&m, yoke_out(results, 4)))));
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t k = m.offsets[row]; k < m.offsets[row + 1]; k++) {
            assert_int_equal(results[k], 2 * m.columns[k] + row);
        }
    }
    assert_ok(yoke_free(results));
    free_matrix(&m);
}

/* ---- offsets in flight ---- */

/* The gate is passed by its address: no device has a copy of it. */
static void pass_gate(void *const argument)
{
    const struct timespec moment = {0, 200000};
    api_gate *gate = *(api_gate *const *)argument;

    (void)atomic_fetch_add(&gate->arrived, 1);
    while (atomic_load(&gate->open) == 0) {
        (void)nanosleep(&moment, NULL);
    }
}

static void make_offsets(const yoke_span *span, void *const args[])
{
    (void)span;
    pass_gate(args[1]);
    fill_offsets(args[0]);
}

/* The offsets do not even ascend before the job that computes them has run. */
static void offsets_that_a_job_computes(void **state)
{
    yoke_kernel *producer = api_kernel(pool, "make_offsets", make_offsets);
    yoke_kernel *kernel = api_kernel(pool, "multiply", multiply);
    const yoke_map_options hurry = {.no_wait = true};
    const matrix m = make_matrix();
    api_gate *gate = api_gate_create(pool);
    double *x = make_vector();
    double *y = make_vector();
    yoke_future *made;
    yoke_future *none;

    (void)state;
    m.offsets[7] = 5 * ROWS;
    assert_ok_pool(pool, yoke_map_async(&made, pool, producer, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_out_whole(m.offsets,
                                                                 (ROWS + 1) * 4),
                                                  yoke_scalar(gate))));
    api_gate_await(gate, 1);
    assert_refused(pool,
                   yoke_map_async(&none, pool, kernel, yoke_range_1d(ROWS), &hurry,
                                  YOKE_ARGS(row_parts(&m, yoke_in(m.values, 8)))),
                   YOKE_EAGAIN, "changes the offsets");
    api_gate_open(gate);
    assert_ok_pool(pool, multiply_map(kernel, &m, y, x));
    for (size_t row = 0; row < ROWS; row++) {
        assert_true(y[row] == row_product(&m, x, row));
    }
    assert_ok(yoke_future_wait(made, YOKE_FOREVER));
    yoke_future_destroy(made);
    assert_ok(yoke_free(x));
    assert_ok(yoke_free(y));
    assert_ok(yoke_free(gate));
    free_matrix(&m);
}

static void wait_there(const yoke_span *span, void *const args[])
{
    (void)span;
    pass_gate(args[1]);
}

/* The offsets are in use like any argument: they are not freed, and what changes them waits. */
static void offsets_that_a_job_reads(void **state)
{
    yoke_kernel *reader = api_kernel(pool, "wait_there", wait_there);
    yoke_kernel *writer = api_kernel(pool, "fill", api_fill);
    const matrix m = make_matrix();
    api_gate *gate = api_gate_create(pool);
    yoke_future *read;
    yoke_future *written;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&read, pool, reader, yoke_range_1d(ROWS), NULL,
                                        YOKE_ARGS(row_parts(&m, yoke_in(m.values, 8)),
                                                  yoke_scalar(gate))));
    api_gate_await(gate, 1);
    assert_status(yoke_free(m.offsets), YOKE_EBUSY);
    assert_ok_pool(pool, yoke_map_async(&written, pool, writer, yoke_range_1d(ROWS), NULL,
                                        YOKE_ARGS(yoke_out(m.offsets, 4),
                                                  yoke_scalar((uint32_t)9))));
    assert_status(yoke_future_wait(written, 0.05), YOKE_ETIMEDOUT);
    assert_int_equal(m.offsets[0], 0);
    api_gate_open(gate);
    assert_ok(yoke_future_wait(read, YOKE_FOREVER));
    assert_ok(yoke_future_wait(written, YOKE_FOREVER));
    assert_int_equal(m.offsets[0], 9);
    yoke_future_destroy(read);
    yoke_future_destroy(written);
    assert_ok(yoke_free(gate));
    free_matrix(&m);
}

static void fail_at_once(const yoke_span *span, void *const args[])
{
    (void)args;
    yoke_span_fail(span, 3, "never mind");
}

/* A job that failed is remembered by what it wrote, when its offsets are long gone. */
static void offsets_of_a_job_that_failed(void **state)
{
    yoke_kernel *failing = api_kernel(pool, "fail_at_once", fail_at_once);
    yoke_kernel *user = api_kernel(pool, "increment", api_increment);
    const matrix m = make_matrix();
    yoke_future *failed;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&failed, pool, failing, yoke_range_1d(ROWS), NULL,
                                        YOKE_ARGS(row_parts(&m, yoke_out(m.columns, 4)))));
    while (!yoke_future_is_done(failed)) {
        (void)yoke_pool_poll(pool);
    }
    assert_ok(yoke_free(m.offsets));
    assert_status_pool(pool,
                       yoke_map(pool, user, yoke_range_1d(ROWS), yoke_inout(m.columns, 4)),
                       YOKE_EDEPENDENCY);
    assert_status(yoke_future_wait(failed, YOKE_FOREVER), YOKE_EKERNEL);
    yoke_future_destroy(failed);
    assert_ok(yoke_free(m.columns));
    assert_ok(yoke_free(m.values));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sparse_matrix),
        cmocka_unit_test(rows_that_are_changed_and_workers_that_die),
        cmocka_unit_test(tasks_on_records),
        cmocka_unit_test(offsets_that_a_job_computes),
        cmocka_unit_test(offsets_that_a_job_reads),
        cmocka_unit_test(offsets_of_a_job_that_failed),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
