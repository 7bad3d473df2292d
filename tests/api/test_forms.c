/* SPDX-License-Identifier: MIT */
/*
 * Kernels with a native function and with source: which of them CPU workers run. The two
 * forms write different values here, so that the result tells. Skipped without PoCL.
 */
#include <stdlib.h>
#include <string.h>

#include "api_setup.h"

enum { ITEMS = 64, BY_NATIVE = 1, BY_SOURCE = 2, MOST_SECONDS = 90 };

static yoke_pool *pool;
static uint32_t *out;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    out = api_numbers(pool, ITEMS);
    return 0;
}

static int tear_down(void **state)
{
    api_close(pool);
    return yt_test_teardown(state);
}

static volatile uint32_t sink;

static void spin(uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++) {
        sink = sink * 1664525 + 1013904223;
    }
}

/* About 10 ms for all items, and 1 ms. */
static void slow_native(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        spin(100000);
        ((uint32_t *)args[0])[i] = BY_NATIVE;
    }
}

static void quick_native(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        spin(10000);
        ((uint32_t *)args[0])[i] = BY_NATIVE;
    }
}

static const char quick_source[] =
    "__kernel void form(__global uint *out) { out[get_global_id(0)] = 2; }";

static const char slow_source[] =
    "__kernel void form(__global uint *out)\n"
    "{ volatile uint x = 1; for (uint i = 0; i < 300000; i++) x = x * 1664525 + i;\n"
    "  out[get_global_id(0)] = 2; }";

static const char crashing_source[] =
    "__kernel void form(__global uint *out)\n"
    "{ volatile __global uint *nowhere = (volatile __global uint *)16; *nowhere = 1;\n"
    "  out[get_global_id(0)] = 2; }";

static yoke_kernel *form_kernel(yoke_native *native, const char *source, yoke_form form)
{
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){.name = "form",
                                                                   .native = native,
                                                                   .source = source,
                                                                   .cpu_form = form}));
    return kernel;
}

static void run_some(yoke_kernel *kernel, size_t items)
{
    memset(out, 0, ITEMS * sizeof *out);
    assert_ok_pool(pool,
                   yoke_map(pool, kernel, yoke_range_1d(items), yoke_out(out, 4)));
}

static void run(yoke_kernel *kernel)
{
    run_some(kernel, ITEMS);
}

static bool some_by(uint32_t form, size_t items)
{
    for (size_t i = 0; i < items; i++) {
        if (out[i] != form) {
            return false;
        }
    }
    return true;
}

static bool all_by(uint32_t form)
{
    return some_by(form, ITEMS);
}

static void test_as_told(void **state)
{
    (void)state;
    run(form_kernel(slow_native, quick_source, YOKE_FORM_NATIVE));
    assert_true(api_all(out, ITEMS, BY_NATIVE));
    run(form_kernel(quick_native, slow_source, YOKE_FORM_SOURCE));
    assert_true(api_all(out, ITEMS, BY_SOURCE));
}

static void test_the_source_is_faster(void **state)
{
    yoke_kernel *kernel = form_kernel(slow_native, quick_source, YOKE_FORM_FASTER);
    yt_limit limit;
    int in_a_row = 0;

    (void)state;
    yt_limit_start(&limit, MOST_SECONDS);
    run(kernel);
    assert_true(api_all(out, ITEMS, BY_NATIVE)); /* at first */
    /* A single job may be all the trial's: the other workers came too late. */
    while (in_a_row < 20 && !yt_limit_is_over(&limit)) {
        run(kernel);
        in_a_row = all_by(BY_SOURCE) ? in_a_row + 1 : 0;
    }
    assert_int_equal(in_a_row, 20);
}

/* Each number of items is a shape of its own, for which PoCL compiles. That happens once and says
 * nothing about the source. */
static void test_the_source_is_launched_in_many_shapes(void **state)
{
    static const size_t shapes[] = {64, 63, 62, 60};
    yoke_kernel *kernel = form_kernel(slow_native, quick_source, YOKE_FORM_FASTER);
    yt_limit limit;
    int in_a_row = 0;

    (void)state;
    yt_limit_start(&limit, MOST_SECONDS);
    for (size_t i = 0; in_a_row < 20 && !yt_limit_is_over(&limit); i++) {
        const size_t items = shapes[i % 4];

        run_some(kernel, items);
        in_a_row = some_by(BY_SOURCE, items) ? in_a_row + 1 : 0;
    }
    assert_int_equal(in_a_row, 20);
}

/* Some items are computed by the source in its trial, and then no more. */
static void test_the_function_is_faster(void **state)
{
    yoke_kernel *kernel = form_kernel(quick_native, slow_source, YOKE_FORM_FASTER);
    yt_limit limit;

    (void)state;
    yt_limit_start(&limit, MOST_SECONDS);
    do {
        run(kernel);
    } while (all_by(BY_NATIVE) && !yt_limit_is_over(&limit));
    assert_false(yt_limit_is_over(&limit));
    for (int in_a_row = 0; in_a_row < 300; in_a_row++) {
        run(kernel);
        in_a_row = all_by(BY_NATIVE) ? in_a_row : -1;
        assert_false(yt_limit_is_over(&limit));
    }
}

/* A job that PoCL cannot run, since it does not follow pointers there. */
static void run_by_pointer(yoke_kernel *kernel, const void *used)
{
    memset(out, 0, ITEMS * sizeof *out);
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(out, 4),
                                  yoke_uses(used, 4, YOKE_ACCESS_READ)));
    assert_true(all_by(BY_NATIVE));
}

/* It says nothing about other jobs, before, during and after the trial. */
static void test_a_job_is_not_for_the_source(void **state)
{
    const uint32_t *used = api_numbers(pool, 1);
    yoke_kernel *kernel = form_kernel(slow_native, quick_source, YOKE_FORM_FASTER);
    yt_limit limit;
    int in_a_row = 0;

    (void)state;
    yt_limit_start(&limit, MOST_SECONDS);
    while (in_a_row < 20 && !yt_limit_is_over(&limit)) {
        run_by_pointer(kernel, used);
        run(kernel);
        in_a_row = all_by(BY_SOURCE) ? in_a_row + 1 : 0;
    }
    assert_int_equal(in_a_row, 20);
}

static int set_up_copies(void **state)
{
    return setenv("YOKE_FORCE_DISCRETE", "1", 1) != 0 ? -1 : set_up(state);
}

static int tear_down_copies(void **state)
{
    return unsetenv("YOKE_FORCE_DISCRETE") != 0 ? -1 : tear_down(state);
}

static unsigned restarts(void)
{
    yoke_worker_info workers[8];
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_workers(pool, workers, 8, &count));
    return workers[0].restarts + workers[1].restarts;
}

/* A trial that kills its worker costs the trial. */
static void test_the_source_crashes(void **state)
{
    yoke_kernel *kernel = form_kernel(slow_native, crashing_source, YOKE_FORM_FASTER);
    yt_limit limit;

    (void)state;
    yt_limit_start(&limit, MOST_SECONDS);
    while (restarts() == 0 && !yt_limit_is_over(&limit)) {
        run(kernel);
        assert_true(api_all(out, ITEMS, BY_NATIVE));
    }
    for (int i = 0; i < 200; i++) {
        run(kernel);
        assert_true(api_all(out, ITEMS, BY_NATIVE));
    }
    assert_int_equal(restarts(), 1);
}

static volatile int zero; /* the compiler must not know */

static void divide(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i] = (uint32_t)(100 / zero);
    }
}

/* PoCL's handler of SIGFPE is for its own kernels. */
static void test_division_by_zero(void **state)
{
    yoke_kernel *kernel = form_kernel(NULL, quick_source, YOKE_FORM_FASTER);
    yoke_map_options options = {.timeout = 60};

    (void)state;
    for (int i = 0; i < 20; i++) {
        run(kernel); /* PoCL is loaded in both */
    }
    assert_status_pool(pool,
                       yoke_map_with(pool, api_kernel(pool, "divide", divide),
                                     yoke_range_1d(ITEMS), &options,
                                     YOKE_ARGS(yoke_out(out, 4))),
                       YOKE_ECRASHED);
    run(kernel);
    assert_true(api_all(out, ITEMS, BY_SOURCE));
}

static bool has_pocl(void)
{
    yoke_kernel *kernel = NULL;
    yoke_pool *probe = NULL;
    bool found;

    if (yoke_pool_create(&probe, &(yoke_pool_options){.devices = "cpu:1"}) != YOKE_OK) {
        return false;
    }
    found = yoke_kernel_create(&kernel, probe,
                               &(yoke_kernel_options){
                                   .name = "form", .source = quick_source}) == YOKE_OK;
    (void)yoke_pool_close(probe);
    return found;
}

#define form_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        form_test(test_as_told),
        form_test(test_the_source_is_faster),
        form_test(test_the_source_is_launched_in_many_shapes),
        form_test(test_the_function_is_faster),
        cmocka_unit_test_setup_teardown(test_a_job_is_not_for_the_source, set_up_copies,
                                        tear_down_copies),
        form_test(test_the_source_crashes),
        form_test(test_division_by_zero),
    };

    yt_remember();
    return has_pocl() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
