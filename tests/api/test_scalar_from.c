/* SPDX-License-Identifier: MIT */
/* Scalars that are read in the pool's memory when their job starts (yoke_scalar_from). */
#include <signal.h>
#include <string.h>

#include "source_setup.h"

enum { N = 5000 };

static const char fill_source[] =
    "__kernel void fill(__global uint *out, const uint value)\n"
    "{ out[get_global_id(0)] = value; }\n";

typedef struct line {
    yoke_pool *pool;
    yoke_kernel *hold;
    yoke_kernel *fill; /* out, value */
    yoke_kernel *number;
    api_gate *gate;
    uint32_t *value; /* 40 at first */
    uint32_t *out;
} line;

static void line_init(line *l, yoke_pool *pool)
{
    *l = (line){.pool = pool};
    l->hold = api_kernel(pool, "hold", api_hold);
    l->fill = api_kernel(pool, "fill", api_fill);
    l->number = api_kernel(pool, "number", api_number);
    l->gate = api_gate_create(pool);
    l->value = api_numbers(pool, 1);
    l->out = api_numbers(pool, N);
    *l->value = 40;
}

static void line_fini(line *l)
{
    assert_ok(yoke_free(l->gate));
    assert_ok(yoke_free(l->value));
    assert_ok(yoke_free(l->out));
    api_close(l->pool);
}

static yoke_future *begin(const line *l, yoke_kernel *kernel, size_t n,
                          const yoke_map_options *options, const yoke_arg *args, size_t count)
{
    yoke_future *future = NULL;

    assert_ok_pool(l->pool, yoke_map_async(&future, l->pool, kernel, yoke_range_1d(n), options,
                                           args, count));
    return future;
}

static void finish(yoke_future *future, yoke_status expected)
{
    assert_status(yoke_future_wait(future, 120), expected);
    yoke_future_destroy(future);
}

/* Waits at the gate, then the value is one more. */
#define CHANGE(l)                                                                        \
    YOKE_ARGS(yoke_inout((l)->value, 4), yoke_in_whole((l)->gate, sizeof *(l)->gate))
#define FILL(l) YOKE_ARGS(yoke_out((l)->out, 4), yoke_scalar_from((l)->value))

/* ---- order ---- */

/* The job is submitted before the value is computed; the next change waits for the job. */
static void check_order(line *l, const yoke_map_options *options)
{
    const yoke_map_options on_cpu = {.devices = "cpu"};
    yoke_future *all[4];

    all[0] = begin(l, l->hold, 1, &on_cpu, CHANGE(l));
    all[1] = begin(l, l->fill, N, options, FILL(l));
    all[2] = begin(l, l->hold, 1, &on_cpu, CHANGE(l));
    all[3] = begin(l, l->hold, 1, &on_cpu, CHANGE(l));
    api_gate_await(l->gate, 1);
    assert_false(yoke_future_is_done(all[1]));
    assert_status_pool(l->pool, yoke_free(l->value), YOKE_EBUSY);
    api_gate_open(l->gate);
    for (size_t i = 0; i < 4; i++) {
        finish(all[i], YOKE_OK);
    }
    assert_true(api_all(l->out, N, 41));
    finish(begin(l, l->fill, N, options, FILL(l)), YOKE_OK);
    assert_true(api_all(l->out, N, 43));
}

static void native_functions(void **state)
{
    line l;

    (void)state;
    line_init(&l, api_open("cpu:2"));
    check_order(&l, NULL);
    line_fini(&l);
    line_init(&l, api_open("cpu:1,fake:2x1/private"));
    check_order(&l, &(yoke_map_options){.devices = "fake"});
    line_fini(&l);
    line_init(&l, api_open("cpu:1,fake:2x1/private"));
    check_order(&l, NULL);
    line_fini(&l);
}

/* CPU workers, and PoCL in place or with copies. */
static void check_source(const char *discrete)
{
    static const char *const devices[] = {"cpu", "opencl"};
    yoke_pool *pool = source_open(
        &(source_device){.devices = "cpu:1,opencl:pocl", .discrete = discrete});
    line l;

    if (pool == NULL) {
        return;
    }
    line_init(&l, pool);
    yoke_kernel_destroy(l.fill);
    assert_ok_pool(pool, yoke_kernel_create(&l.fill, pool,
                                            &(yoke_kernel_options){.name = "fill",
                                                                   .source = fill_source}));
    for (size_t i = 0; i < 2; i++) {
        *l.value = 40;
        atomic_store(&l.gate->arrived, 0);
        atomic_store(&l.gate->open, 0);
        check_order(&l, &(yoke_map_options){.devices = devices[i]});
    }
    assert_refused(pool,
                   yoke_map(pool, l.fill, yoke_range_1d(N), yoke_out(l.out, 4),
                            yoke_scalar_from_sized(l.value, 2)),
                   YOKE_EINVAL, "a value of 2 bytes given, the kernel takes 4");
    yoke_kernel_destroy(l.fill);
    line_fini(&l);
}

static void sources(void **state)
{
    (void)state;
    check_source("0");
    check_source("1");
}

/* ---- lent memory ---- */

/* A device has the only copy of the value, and gives it back before any worker reads it. */
static void a_value_on_a_device(void **state)
{
    const yoke_map_options keep = {
        .devices = "fake", .recovery = YOKE_RECOVER_NONE, .grain = N};
    const yoke_map_options none = {.recovery = YOKE_RECOVER_NONE};
    uint32_t *numbers;
    line l;

    (void)state;
    line_init(&l, api_open("cpu:1,fake:1x1/private"));
    numbers = api_numbers(l.pool, N);
    memset(numbers, 0, N * sizeof *numbers);
    assert_ok_pool(l.pool, yoke_lend(numbers));
    assert_ok_pool(l.pool, yoke_lend(l.out));
    for (int i = 0; i < 3; i++) {
        const yoke_map_options *options = i == 0 ? &keep : i == 1 ? &none : NULL;

        finish(begin(&l, l.number, N, &keep, YOKE_ARGS(yoke_out(numbers, 4))), YOKE_OK);
        finish(begin(&l, l.fill, N, options,
                     YOKE_ARGS(yoke_out(l.out, 4), yoke_scalar_from(&numbers[700 + i]))),
               YOKE_OK);
        assert_ok_pool(l.pool, yoke_reclaim(l.out));
        assert_true(api_all(l.out, N, 700 + (uint32_t)i));
        assert_ok_pool(l.pool, yoke_lend(l.out));
    }
    assert_ok_pool(l.pool, yoke_reclaim(numbers));
    assert_ok(yoke_free(numbers));
    line_fini(&l);
}

static yoke_worker_info fake_worker(yoke_pool *pool)
{
    yoke_worker_info all[4];
    size_t count = 0;

    assert_ok(yoke_pool_workers(pool, all, 4, &count));
    for (size_t i = 0; i < count; i++) {
        if (all[i].kind == YOKE_WORKER_FAKE) {
            return all[i];
        }
    }
    fail_msg("no fake worker");
    return all[0];
}

static bool is_replaced(void *pool)
{
    return fake_worker(pool).restarts > 0;
}

static void a_value_that_is_lost(void **state)
{
    const yoke_map_options keep = {
        .devices = "fake", .recovery = YOKE_RECOVER_NONE, .grain = N};
    yoke_future *future;
    uint32_t *numbers;
    line l;

    (void)state;
    line_init(&l, api_open("cpu:1,fake:1x1/private"));
    numbers = api_numbers(l.pool, N);
    assert_ok_pool(l.pool, yoke_lend(numbers));
    finish(begin(&l, l.number, N, &keep, YOKE_ARGS(yoke_out(numbers, 4))), YOKE_OK);
    assert_int_equal(kill((pid_t)fake_worker(l.pool).pid, SIGKILL), 0);
    assert_true(yt_wait_until(is_replaced, l.pool, 60));
    future = begin(&l, l.fill, N, NULL,
                   YOKE_ARGS(yoke_out(l.out, 4), yoke_scalar_from(&numbers[9])));
    assert_status(yoke_future_wait(future, API_SECONDS), YOKE_ELOST);
    assert_contains(yoke_future_error(future), "of argument 2 were lost");
    yoke_future_destroy(future);
    assert_status(yoke_reclaim(numbers), YOKE_ELOST);
    assert_ok(yoke_free(numbers));
    line_fini(&l);
}

/* ---- deaths and failures ---- */

/* out uint32[i], value, in_whole deaths: some processes die in the middle. */
static void fill_and_die(const yoke_span *span, void *const args[])
{
    _Atomic uint32_t *deaths = args[2];

    api_fill(span, args);
    if (span->end > N / 2 && atomic_fetch_add(deaths, 1) < 2) {
        (void)raise(SIGKILL);
    }
}

static void workers_that_die(void **state)
{
    yoke_kernel *kernel;
    uint32_t *deaths;
    yoke_future *all[3];
    line l;

    (void)state;
    line_init(&l, api_open("cpu:2"));
    kernel = api_kernel(l.pool, "fill_and_die", fill_and_die);
    deaths = api_numbers(l.pool, 1);
    *deaths = 0;
    all[0] = begin(&l, l.hold, 1, NULL, CHANGE(&l));
    all[1] = begin(&l, kernel, N, NULL,
                   YOKE_ARGS(yoke_out(l.out, 4), yoke_scalar_from(l.value),
                             yoke_in_whole(deaths, 4)));
    all[2] = begin(&l, l.hold, 1, NULL, CHANGE(&l));
    api_gate_open(l.gate);
    for (size_t i = 0; i < 3; i++) {
        finish(all[i], YOKE_OK);
    }
    assert_true(*deaths >= 2);
    assert_true(api_all(l.out, N, 41));
    assert_ok(yoke_free(deaths));
    line_fini(&l);
}

static bool has_ended(void *future)
{
    return yoke_future_is_done(future);
}

static void a_value_that_is_spoiled(void **state)
{
    yoke_kernel *refuse;
    yoke_future *failed;
    line l;

    (void)state;
    line_init(&l, api_open("cpu:2"));
    refuse = api_kernel(l.pool, "refuse", api_refuse);
    failed = begin(&l, refuse, 1, NULL, YOKE_ARGS(yoke_out_whole(l.value, 4)));
    finish(failed, YOKE_OK); /* it has no item 5 */
    failed = begin(&l, refuse, 6, NULL, YOKE_ARGS(yoke_out_whole(l.value, 4)));
    assert_true(yt_wait_until(has_ended, failed, 60));
    finish(begin(&l, l.fill, N, NULL, FILL(&l)), YOKE_EDEPENDENCY);
    finish(failed, YOKE_EKERNEL);
    line_fini(&l);
}

/* ---- other calls ---- */

static int copy_task(yoke_task *task)
{
    *(uint32_t *)task->output = *(const uint32_t *)task->args[1];
    return 0;
}

static int next_number(void *item, size_t index, void *context)
{
    (void)context;
    *(uint32_t *)item = (uint32_t)index;
    return index < 10;
}

/* in, out, value */
static void add_value(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[1])[i] = ((const uint32_t *)args[0])[i] + *(const uint32_t *)args[2];
    }
}

static void tasks_and_streams(void **state)
{
    const yoke_arg args[] = {yoke_in_stream(4), yoke_out_stream(4), yoke_null()};
    yoke_arg with_value[3];
    yoke_stream *stream = NULL;
    void *result;
    line l;

    (void)state;
    line_init(&l, api_open("cpu:2"));
    assert_ok_pool(l.pool, yoke_apply_each(l.pool, copy_task, N, NULL,
                                           YOKE_ARGS(yoke_out(l.out, 4),
                                                     yoke_scalar_from(l.value))));
    assert_true(api_all(l.out, N, 40));
    memcpy(with_value, args, sizeof args);
    with_value[2] = yoke_scalar_from(l.value);
    assert_ok_pool(
        l.pool, yoke_stream_create(&stream, l.pool,
                                   &(yoke_stream_options){
                                       .kernel = api_kernel(l.pool, "add", add_value),
                                       .range = yoke_range_1d(1),
                                       .args = with_value,
                                       .arg_count = 3},
                                   next_number, NULL));
    for (uint32_t i = 0; i < 10; i++) {
        assert_ok_pool(l.pool, yoke_stream_next(stream, &result, 60));
        assert_int_equal(*(uint32_t *)result, 40 + i);
    }
    assert_ok(yoke_stream_destroy(stream));
    line_fini(&l);
}

static void the_checking_mode(void **state)
{
    yoke_pool *pool = NULL;
    line l;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                                      .check = true}));
    line_init(&l, pool);
    finish(begin(&l, l.fill, 50, NULL, FILL(&l)), YOKE_OK);
    assert_true(api_all(l.out, 50, 40));
    line_fini(&l);
}

static void what_is_refused(void **state)
{
    const yoke_map_options stage = {.stage = true};
    static uint32_t outside;
    line l;

    (void)state;
    line_init(&l, api_open("cpu:1"));
#define TRY(...)                                                                         \
    yoke_map_with(l.pool, l.fill, yoke_range_1d(1), &stage, YOKE_ARGS(__VA_ARGS__))
    assert_refused(l.pool, TRY(yoke_out(l.out, 4), yoke_scalar_from(&outside)), YOKE_EINVAL,
                   "argument 2: it is read when the job starts, and its memory is not memory of "
                   "this pool");
    assert_refused(l.pool, TRY(yoke_out(l.out, 4), yoke_scalar_from_sized(NULL, 4)),
                   YOKE_EINVAL, "the value's address is NULL");
    assert_refused(l.pool, TRY(yoke_out(l.out, 4), yoke_scalar_from_sized(l.value, 0)),
                   YOKE_EINVAL, "0 bytes");
    assert_refused(l.pool, TRY(yoke_out(l.out, 4), yoke_scalar_from_sized(l.out, 16385)),
                   YOKE_EINVAL, "at most 16384");
    assert_refused(l.pool, TRY(yoke_out(l.out, 4), yoke_scalar_from_sized(l.value, 2048)),
                   YOKE_EINVAL, "its allocation ends after");
    assert_refused(l.pool, TRY(yoke_out(l.out, 4), yoke_scalar_from(l.out)), YOKE_EINVAL,
                   "argument 1 is written and overlaps the memory of a scalar argument");
    assert_refused(l.pool,
                   TRY(yoke_out(l.out, 4), yoke_scalar_from(l.value),
                       yoke_uses(l.value, 4, YOKE_ACCESS_WRITE)),
                   YOKE_EINVAL,
                   "argument 3 is written and overlaps the memory of a scalar argument");
#undef TRY
    line_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(native_functions),
        cmocka_unit_test(sources),
        cmocka_unit_test(a_value_on_a_device),
        cmocka_unit_test(a_value_that_is_lost),
        cmocka_unit_test(workers_that_die),
        cmocka_unit_test(a_value_that_is_spoiled),
        cmocka_unit_test(tasks_and_streams),
        cmocka_unit_test(the_checking_mode),
        cmocka_unit_test(what_is_refused),
    };

    return yt_run_group(tests);
}
