/* SPDX-License-Identifier: MIT */
/* The floating-point environment: functions that compute find the default one, whatever the
 * program, a library or another function has left behind, and leave the caller's alone. */
#include <dlfcn.h>
#include <fenv.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "calls_setup.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* ---- what is there ---- */

typedef struct environment {
    int rounding;
    int flags;
    int traps;
    int flushes;         /* results to zero, or operands */
    int extended_digits; /* of long double that count */
    uint32_t third;      /* bits of 1.0f / 3 */
} environment;

static volatile float one = 1.0F, three = 3.0F, least = FLT_MIN;
static volatile long double tiny = LDBL_EPSILON, unit = 1.0L;

static environment look(void)
{
    environment seen;
    float quotient;
    float half_of_least;

    memset(&seen, 0, sizeof seen);
    seen.flags = fetestexcept(FE_ALL_EXCEPT);
    seen.rounding = fegetround();
    seen.traps = fegetexcept();
    seen.extended_digits = unit + tiny > unit ? LDBL_MANT_DIG : 0;
    quotient = one / three;
    memcpy(&seen.third, &quotient, sizeof quotient);
    half_of_least = least / 2;
    seen.flushes = half_of_least == 0 || half_of_least * 2 == 0;
    return seen;
}

static environment usual;

/* One part of it changed. */
static void leave_downward(void)
{
    (void)fesetround(FE_DOWNWARD);
}
static void leave_flags(void)
{
    (void)feraiseexcept(FE_DIVBYZERO | FE_OVERFLOW);
}
static void leave_traps(void)
{
    (void)feenableexcept(FE_INVALID | FE_DIVBYZERO);
}
static void leave_nothing(void)
{
}
#if defined(__x86_64__)
static void leave_flushing(void)
{
    _mm_setcsr(_mm_getcsr() | 0x8040);
}
static void leave_float_precision(void)
{
    const unsigned short word = 0x007f;

    __asm__ volatile("fldcw %0" : : "m"(word));
}
static void leave_mmx(void)
{
    __asm__ volatile("pxor %%mm0, %%mm0\n\tpxor %%mm7, %%mm7" : : : "mm0", "mm7");
}
#elif defined(__aarch64__)
static void leave_flushing(void)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(UINT64_C(1) << 24));
}
static void leave_float_precision(void)
{
}
static void leave_mmx(void)
{
}
#else
static void leave_flushing(void)
{
}
static void leave_float_precision(void)
{
}
static void leave_mmx(void)
{
}
#endif

static void (*const changes[])(void) = {
    leave_downward,        leave_flags, leave_traps,  leave_flushing,
    leave_float_precision, leave_mmx,   leave_nothing};
enum { CHANGES = sizeof changes / sizeof changes[0] };

static void assert_usual(const environment *seen)
{
    assert_int_equal(seen->rounding, usual.rounding);
    assert_int_equal(seen->flags, 0);
    assert_int_equal(seen->traps, usual.traps);
    assert_int_equal(seen->flushes, usual.flushes);
    assert_int_equal(seen->extended_digits, usual.extended_digits);
    assert_int_equal(seen->third, usual.third);
}

/* ---- functions ---- */

static void look_kernel(const yoke_span *span, void *const *args)
{
    environment *out = args[0];
    const environment seen = look();

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = seen;
    }
}

static void change_kernel(const yoke_span *span, void *const *args)
{
    int *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 1;
    }
    changes[*(const int *)args[1]]();
}

static int look_task(yoke_task *task)
{
    *(environment *)task->output = look();
    changes[task->index % CHANGES]();
    return 0;
}

/* A process's own. */
static environment at_start;

static int look_at_start(const void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    at_start = look();
    leave_downward(); /* does not reach the process's calls */
    return 0;
}

static int tell_start(yoke_task *task)
{
    memcpy(task->output, &at_start, sizeof at_start);
    return 0;
}

static int give_one(yoke_task *task)
{
    return yoke_task_output(task, 1) == NULL;
}

static int look_process(void *argument, size_t bytes)
{
    environment *seen;

    memcpy(&seen, argument, bytes);
    *seen = look();
    return 0;
}

/* ---- in workers ---- */

static yoke_pool *open_one(void)
{
    const yoke_pool_options options = {.devices = "cpu:1"};
    yoke_pool *pool;

    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    return pool;
}

static void check_looks(yoke_pool *pool, const yoke_map_options *options)
{
    yoke_kernel *kernel = calls_kernel(pool, "look", look_kernel);
    environment *seen = yoke_alloc(pool, 16 * sizeof *seen);

    assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(16), options,
                                       YOKE_ARGS(yoke_out(seen, sizeof *seen))));
    for (int i = 0; i < 16; i++) {
        assert_usual(&seen[i]);
    }
    assert_ok_pool(pool, yoke_free(seen));
    yoke_kernel_destroy(kernel);
}

static void test_a_kernel_leaves_something(void **state)
{
    yoke_pool *pool = open_one();
    yoke_kernel *kernel = calls_kernel(pool, "change", change_kernel);
    int *out = yoke_alloc(pool, sizeof *out);

    (void)state;
    for (int change = 0; change < CHANGES; change++) {
        assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(1),
                                      yoke_out(out, sizeof *out), yoke_scalar(change)));
        check_looks(pool, NULL);
    }
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

/* Whatever item came before, in the same chunk or not. */
static void test_a_task_leaves_something(void **state)
{
    environment seen[10 * CHANGES];
    yoke_pool *pool = open_one();

    (void)state;
    assert_ok_pool(pool, yoke_apply_each(pool, look_task, 10 * (size_t)CHANGES, NULL,
                                         YOKE_ARGS(yoke_out(seen, sizeof seen[0]))));
    for (size_t i = 0; i < 10 * CHANGES; i++) {
        assert_usual(&seen[i]);
    }
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

static void check_process(yoke_pool *pool)
{
    environment *seen = yoke_alloc(pool, sizeof *seen);
    yoke_process *process;

    assert_ok_pool(pool, yoke_process_start(&process, pool, look_process, &seen,
                                            sizeof(seen), NULL));
    assert_ok_pool(pool, yoke_process_wait(process, NULL, 60));
    assert_usual(seen);
    yoke_process_destroy(process);
}

/* The program's own, when it makes the pool and when it calls. */
static void test_the_program_has_something_else(void **state)
{
    (void)state;
    for (int change = 0; change < CHANGES; change++) {
        yoke_pool *pool;

        changes[change]();
        pool = open_one();
        check_looks(pool, NULL);
        check_process(pool);
        assert_ok_pool(NULL, yoke_pool_close(pool));
        assert_int_equal(fesetenv(FE_DFL_ENV), 0);
    }
}

static void test_initializers(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:1",
                                       .initializer = look_at_start};

    (void)state;
    for (int change = 0; change < CHANGES; change++) {
        environment seen;
        yoke_pool *pool;

        changes[change]();
        assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
        assert_ok_pool(pool, yoke_apply_each(pool, tell_start, 1, NULL,
                                             YOKE_ARGS(yoke_out(&seen, sizeof seen))));
        assert_usual(&seen);
        check_looks(pool, NULL);
        assert_ok_pool(NULL, yoke_pool_close(pool));
        assert_int_equal(fesetenv(FE_DFL_ENV), 0);
    }
}

/* ---- in the caller ---- */

static void test_the_caller_helps(void **state)
{
    const yoke_map_options helped = {.caller_helps = true, .chunk = 1};
    yoke_pool *pool = open_one();
    yoke_kernel *kernel = calls_kernel(pool, "change", change_kernel);
    int *out = yoke_alloc(pool, 64 * sizeof *out);

    (void)state;
    for (int change = 0; change < CHANGES - 1; change++) {
        for (int other = 0; other < CHANGES - 1; other++) {
            fenv_t before;
            fenv_t after;

            changes[change]();
            check_looks(pool, &helped);
            (void)fegetenv(&before);
            assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(64), &helped,
                                               YOKE_ARGS(yoke_out(out, sizeof *out),
                                                         yoke_scalar(other))));
            (void)fegetenv(&after);
            (void)fesetenv(FE_DFL_ENV);
#if defined(__x86_64__)
            assert_int_equal(before.__mxcsr, after.__mxcsr);
            assert_int_equal(before.__control_word, after.__control_word);
            assert_int_equal(before.__status_word & 0x3f, after.__status_word & 0x3f);
#else
            assert_memory_equal(&before, &after, sizeof before);
#endif
        }
    }
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

/* A trap is the caller's own setting, and the result is the same whichever process computes. */
static void divide_kernel(const yoke_span *span, void *const *args)
{
    float *out = args[0];
    volatile float zero = 0;

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 1 / zero;
    }
}

static void test_traps_of_the_caller(void **state)
{
    const yoke_map_options helped = {.caller_helps = true, .chunk = 1};
    yoke_pool *pool = open_one();
    yoke_kernel *kernel = calls_kernel(pool, "divide", divide_kernel);
    float *out = yoke_alloc(pool, 64 * sizeof *out);

    (void)state;
    (void)feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    for (int turn = 0; turn < 20; turn++) {
        assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(64), &helped,
                                           YOKE_ARGS(yoke_out(out, sizeof *out))));
    }
    assert_int_equal(fetestexcept(FE_DIVBYZERO), 0);
    (void)fesetenv(FE_DFL_ENV);
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

/* ---- reductions ---- */

enum { NUMBERS = 100001 };

static void reduce_all(yoke_pool *pool, const double *x, yoke_reduced *results)
{
    static const yoke_reduce_operation operations[] = {
        YOKE_REDUCE_SUM, YOKE_REDUCE_SUM_OF_SQUARES, YOKE_REDUCE_SUM_COMPENSATED};

    for (int i = 0; i < 3; i++) {
        memset(&results[i], 0, sizeof results[i]);
        assert_ok_pool(
            pool,
            yoke_reduce(pool,
                        yoke_reduction_of(operations[i], YOKE_TYPE_DOUBLE, x, NUMBERS),
                        &results[i], NULL));
    }
}

static void product(void *into, const void *from, void *context)
{
    (void)context;
    *(double *)into *= *(const double *)from;
    (void)fesetround(FE_TOWARDZERO); /* does not reach the next call */
}

static void factor_kernel(const yoke_span *span, void *const *args)
{
    double *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 1 + 1 / (double)(i + 3);
    }
}

static double multiply_all(yoke_pool *pool, yoke_kernel *kernel)
{
    const yoke_reducer reducer = {.bytes = sizeof(double), .combine = product};
    double result = 0;

    assert_ok_pool(pool,
                   yoke_map_reduce(pool, kernel, yoke_range_1d(1000), &reducer, &result,
                                   NULL, YOKE_ARGS(yoke_out_partial(sizeof(double)))));
    return result;
}

static void test_reductions(void **state)
{
    yoke_pool *pool = open_one();
    yoke_kernel *kernel = calls_kernel(pool, "factor", factor_kernel);
    double *x = yoke_alloc(pool, NUMBERS * sizeof *x);
    yoke_reduced right[3];
    double right_product;

    (void)state;
    for (size_t i = 0; i < NUMBERS; i++) {
        x[i] = 1 / (double)(i + 1);
    }
    reduce_all(pool, x, right);
    right_product = multiply_all(pool, kernel);
    assert_int_equal(fegetround(), FE_TONEAREST);
    for (int change = 0; change < CHANGES - 1; change++) {
        yoke_reduced results[3];
        double result;
        int rounding;

        changes[change]();
        reduce_all(pool, x, results);
        result = multiply_all(pool, kernel);
        rounding = fegetround();
        (void)fesetenv(FE_DFL_ENV);
        assert_memory_equal(results, right, sizeof right);
        assert_memory_equal(&result, &right_product, sizeof result);
        assert_int_equal(rounding, change == 0 ? FE_DOWNWARD : FE_TONEAREST);
    }
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

/* ---- what is the caller's own ---- */

static void look_callback(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    *(int *)context = fegetround();
}

static int look_source(void *item, size_t index, void *context)
{
    *(int *)item = (int)index;
    *(int *)context = fegetround();
    return index < 3;
}

static void test_callbacks_and_sources_have_the_callers(void **state)
{
    const yoke_stream_options options = {
        .function = calls_one, .input_bytes = sizeof(int), .output_bytes = sizeof(int)};
    yoke_pool *pool = open_one();
    int in_callback = 0;
    int in_source = 0;
    yoke_stream *stream;
    yoke_future *future;
    void *result;

    (void)state;
    leave_downward();
    assert_ok_pool(pool, yoke_apply_async(&future, pool, give_one, NULL, 0, NULL));
    assert_ok_pool(pool, yoke_future_on_done(future, look_callback, &in_callback));
    (void)yoke_future_wait(future, 60);
    assert_ok_pool(
        pool, yoke_stream_create(&stream, pool, &options, look_source, &in_source));
    assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
    (void)fesetenv(FE_DFL_ENV);
    assert_int_equal(in_callback, FE_DOWNWARD);
    assert_int_equal(in_source, FE_DOWNWARD);
    yoke_stream_destroy(stream);
    yoke_future_destroy(future);
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

/* ---- libraries ---- */

static void test_a_library_that_is_loaded_later(void **state)
{
    yoke_pool *pool = open_one();
    void *library = dlopen(YOKE_FAST_LIBRARY, RTLD_NOW);
    yoke_native *function;
    yoke_kernel *kernel;
    int *out = yoke_alloc(pool, 16 * sizeof *out);

    (void)state;
    assert_non_null(library);
    assert_int_equal(fegetround(), FE_DOWNWARD); /* its constructor has run here */
    (void)fesetenv(FE_DFL_ENV);
    *(void **)(void *)&function = dlsym(library, "fast_library_kernel");
    assert_non_null(*(void **)(void *)&function);
    kernel = calls_kernel(pool, "fast", function);
    assert_ok_pool(
        pool, yoke_map(pool, kernel, yoke_range_1d(16), yoke_out(out, sizeof *out)));
    for (int i = 0; i < 16; i++) {
        assert_int_equal(out[i], FE_TONEAREST);
    }
    check_looks(pool, NULL);
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

/* ---- sources ---- */

static const char source[] =
    "kernel void third(global float *out)\n"
    "{ size_t i = get_global_id(0); float x = i + 1; out[i] = x / 3.0f; }\n"
    "kernel void small(global float *out)\n"
    "{ size_t i = get_global_id(0); float x = (i + 1) * 1.1754944e-38f; out[i] = x / "
    "100; }\n";

enum { QUOTIENTS = 4096 };

static bool run_sources(const char *devices, float *third, float *small)
{
    const yoke_pool_options options = {.devices = devices};
    yoke_kernel_options kernel_options = {.name = "third", .source = source};
    yoke_pool *pool;
    yoke_kernel *kernels[2];
    float *out;

    if (yoke_pool_create(&pool, &options) != YOKE_OK) {
        return false;
    }
    if (yoke_kernel_create(&kernels[0], pool, &kernel_options) != YOKE_OK) {
        assert_ok_pool(NULL, yoke_pool_close(pool));
        return false;
    }
    kernel_options.name = "small";
    assert_ok_pool(pool, yoke_kernel_create(&kernels[1], pool, &kernel_options));
    out = yoke_alloc(pool, QUOTIENTS * sizeof *out);
    for (int i = 0; i < 2; i++) {
        assert_ok_pool(pool, yoke_map(pool, kernels[i], yoke_range_1d(QUOTIENTS),
                                      yoke_out(out, sizeof *out)));
        memcpy(i == 0 ? third : small, out, QUOTIENTS * sizeof *out);
    }
    assert_ok_pool(NULL, yoke_pool_close(pool));
    return true;
}

static void check_sources(const char *devices)
{
    float *all = malloc(4 * QUOTIENTS * sizeof *all);
    float *third = all + 2 * QUOTIENTS;

    assert_non_null(all);
    if (!run_sources(devices, all, all + QUOTIENTS)) {
        free(all);
        skip();
    }
    for (int change = 0; change < CHANGES - 1; change++) {
        changes[change]();
        (void)run_sources(devices, third, third + QUOTIENTS);
        (void)fesetenv(FE_DFL_ENV);
        assert_memory_equal(third, all, 2 * QUOTIENTS * sizeof *all);
    }
    free(all);
}

static void test_sources_on_cores(void **state)
{
    (void)state;
    check_sources("cpu:1");
}

static void test_sources_on_a_device(void **state)
{
    (void)state;
    check_sources("opencl:pocl");
}

static int set_up(void **state)
{
    (void)state;
    (void)fesetenv(FE_DFL_ENV);
    usual = look();
    return 0;
}

static int tear_down(void **state)
{
    (void)fesetenv(FE_DFL_ENV);
    return yt_test_teardown(state);
}

int main(void)
{
#define WITH_THE_USUAL(function)                                                       \
    cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_THE_USUAL(test_a_kernel_leaves_something),
        WITH_THE_USUAL(test_a_task_leaves_something),
        WITH_THE_USUAL(test_the_program_has_something_else),
        WITH_THE_USUAL(test_initializers),
        WITH_THE_USUAL(test_the_caller_helps),
        WITH_THE_USUAL(test_traps_of_the_caller),
        WITH_THE_USUAL(test_reductions),
        WITH_THE_USUAL(test_callbacks_and_sources_have_the_callers),
        WITH_THE_USUAL(test_a_library_that_is_loaded_later),
        WITH_THE_USUAL(test_sources_on_cores),
        WITH_THE_USUAL(test_sources_on_a_device),
    };

    return yt_run_group(tests);
}
