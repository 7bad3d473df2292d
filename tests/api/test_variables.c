/* SPDX-License-Identifier: MIT */
/*
 * Sources with variables in global memory outside their kernels: refused, since each device
 * and process would have one of its own. What items share in an argument is counted right,
 * by every kind of device, and each item is run once, warm-up launches included.
 */
#include <stdlib.h>
#include <string.h>

#include "source_setup.h"

enum { ITEMS = 4096, MANY = 1000003, SOME = 2003 };

static void check_refused(yoke_pool *pool, const char *source, const char *options,
                          const char *words)
{
    const yoke_kernel_options described = {
        .name = "f", .source = source, .build_options = options};
    yoke_kernel *kernel = (yoke_kernel *)(uintptr_t)1;

    assert_refused(pool, yoke_kernel_create(&kernel, pool, &described),
                   YOKE_EUNSUPPORTED, words);
    assert_contains(yoke_pool_error(pool), "kernel 'f'");
    assert_null(kernel);
}

/* The same on every pool, with or without a compiler. */
static void what_processes_would_not_share_is_refused(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel;

    (void)state;
    check_refused(pool,
                  "__global int counter;\n__kernel void f(__global int *o)\n"
                  "{ o[get_global_id(0)] = atomic_inc(&counter); }",
                  "-cl-std=CL2.0", "'counter' (line 1)");
    assert_contains(yoke_pool_error(pool), "yoke_inout_whole()");
    check_refused(pool,
                  "\n__kernel void f(__global int *o)\n"
                  "{ static int n; o[get_global_id(0)] = n++; }",
                  "-cl-std=CL2.0", "'n' (line 3)");
    check_refused(pool,
                  "#ifdef COUNT\nSPACE int counter;\n#endif\n"
                  "__kernel void f(__global int *o) {}",
                  "-cl-std=CL2.0 -DCOUNT -DSPACE=__global", "'counter' (line 2)");
    check_refused(pool,
                  "__kernel void f(__global int *o)\n"
                  "{ enqueue_kernel(get_default_queue(), 0, ndrange_1D(1), ^{}); }",
                  "-cl-std=CL2.0", "enqueue_kernel()");
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){
                                                .name = "filled", .native = api_fill}));
    yoke_kernel_destroy(kernel);
    api_check_works(pool);
    api_close(pool);
}

/* Tables that never change are as good as code. */
static void check_constants(const source_device *device)
{
    static const char source[] =
        "__constant uint squares[4] = {0, 1, 4, 9};\n"
        "__kernel void f(__global uint *out)\n"
        "{ size_t i = get_global_id(0); out[i] = squares[i % 4] + squares[3]; }\n";
    const yoke_kernel_options described = {.name = "f", .source = source};
    yoke_pool *pool = source_open(device);
    yoke_kernel *kernel;
    uint32_t *out;

    if (pool == NULL) {
        return;
    }
    out = api_numbers(pool, ITEMS);
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &described));
    assert_ok_pool(pool,
                   yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(out, 4)));
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i], (i % 4) * (i % 4) + 9);
    }
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void constants_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        check_constants(&source_devices[i]);
    }
}

static int compare(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* A ticket for each item, from a counter in an argument. The job is computed twice: the
 * first time with what a compiler does at a first launch. */
static void check_tickets(const source_device *device, size_t items)
{
    static const char source[] =
        "__kernel void f(__global uint *tickets, volatile __global uint *counter)\n"
        "{ tickets[get_global_id(0)] = atomic_inc(counter); }\n";
    const yoke_kernel_options described = {.name = "f", .source = source};
    yoke_pool *pool = source_open(device);
    yoke_kernel *kernel;
    uint32_t *tickets;
    uint32_t *counter;

    if (pool == NULL) {
        return;
    }
    tickets = api_numbers(pool, items);
    counter = api_numbers(pool, 1);
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &described));
    for (uint32_t round = 0; round < 2; round++) {
        counter[0] = round;
        assert_ok_pool(pool,
                       yoke_map(pool, kernel, yoke_range_1d(items),
                                yoke_out(tickets, 4), yoke_inout_whole(counter, 4)));
        assert_int_equal(counter[0], items + round);
        qsort(tickets, items, sizeof *tickets, compare);
        for (uint32_t i = 0; i < items; i++) {
            assert_int_equal(tickets[i], i + round);
        }
    }
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void a_counter_in_an_argument_counts_each_item_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        check_tickets(&source_devices[i], ITEMS);
        check_tickets(&source_devices[i],
                      source_devices[i].driver != NULL ? SOME : MANY);
    }
}

/* Items that change what they are given, in pieces: none is run twice. */
static void check_in_place(const source_device *device)
{
    static const char source[] =
        "__kernel void f(__global uint *x) { x[get_global_id(0)] += 1; }\n";
    const yoke_kernel_options described = {.name = "f", .source = source};
    yoke_pool *pool = source_open(device);
    yoke_kernel *kernel;
    uint32_t *numbers;

    if (pool == NULL) {
        return;
    }
    numbers = api_numbers(pool, ITEMS);
    memset(numbers, 0, ITEMS * sizeof *numbers);
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &described));
    for (size_t items = 1; items <= ITEMS; items *= 4) {
        memset(numbers, 0, ITEMS * sizeof *numbers);
        for (uint32_t round = 1; round <= 3; round++) {
            assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(items),
                                          yoke_inout(numbers, 4)));
            assert_true(api_all(numbers, items, round));
        }
    }
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void items_that_change_in_place_are_run_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        check_in_place(&source_devices[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(what_processes_would_not_share_is_refused),
        yt_unit_test(constants_are_taken),
        yt_unit_test(a_counter_in_an_argument_counts_each_item_once),
        yt_unit_test(items_that_change_in_place_are_run_once),
    };

    return yt_run_group(tests);
}
