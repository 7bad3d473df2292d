/* SPDX-License-Identifier: MIT */
#include "api_setup.h"

#include <string.h>
#include <time.h>

enum { N = 10000 };

void api_fill(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t value = *(const uint32_t *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = value;
    }
}

void api_number(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (uint32_t)i;
    }
}

void api_increment(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        numbers[i]++;
    }
}

void api_successor(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in[i] + 1;
    }
}

void api_hold(const yoke_span *span, void *const args[])
{
    const struct timespec moment = {0, 200000};
    api_gate *gate = args[1];

    (void)atomic_fetch_add(&gate->arrived, 1);
    while (atomic_load(&gate->open) == 0) {
        (void)nanosleep(&moment, NULL);
    }
    api_increment(span, args);
}

void api_refuse(const yoke_span *span, void *const args[])
{
    (void)args;
    if (span->begin <= 5 && 5 < span->end) {
        yoke_span_fail(span, 42, "no hay for item %d", 5);
    }
}

yoke_pool *api_open(const char *devices)
{
    yoke_pool *pool = NULL;

    assert_ok_pool(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices}));
    assert_non_null(pool);
    return pool;
}

void api_close(yoke_pool *pool)
{
    assert_ok(yoke_pool_close(pool));
}

yoke_kernel *api_kernel(yoke_pool *pool, const char *name, yoke_native *native)
{
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(
                             &kernel, pool,
                             &(yoke_kernel_options){.name = name, .native = native}));
    assert_non_null(kernel);
    return kernel;
}

uint32_t *api_numbers(yoke_pool *pool, size_t count)
{
    uint32_t *numbers = yoke_alloc(pool, count * sizeof *numbers);

    if (numbers == NULL) {
        fail_msg("%s", yoke_pool_error(pool));
    }
    return numbers;
}

api_gate *api_gate_create(yoke_pool *pool)
{
    api_gate *gate = yoke_alloc(pool, sizeof *gate);

    assert_non_null(gate);
    return gate;
}

void api_gate_open(api_gate *gate)
{
    atomic_store(&gate->open, 1);
}

typedef struct crowd {
    api_gate *gate;
    uint32_t arrived;
} crowd;

static bool has_arrived(void *context)
{
    const crowd *awaited = context;

    return atomic_load(&awaited->gate->arrived) >= awaited->arrived;
}

void api_gate_await(api_gate *gate, uint32_t arrived)
{
    crowd awaited = {gate, arrived};

    assert_true(yt_wait_until(has_arrived, &awaited, 30));
}

bool api_all(const uint32_t *numbers, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] != value) {
            print_error("number %zu is %u, not %u\n", i, numbers[i], value);
            return false;
        }
    }
    return true;
}

void api_check_works(yoke_pool *pool)
{
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);
    uint32_t *numbers = api_numbers(pool, N);

    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                  yoke_out(numbers, sizeof *numbers)));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(numbers[i], i);
    }
    assert_ok_pool(pool, yoke_free(numbers));
    yoke_kernel_destroy(kernel);
}

void api_check_sentence(const char *text)
{
    assert_true(strlen(text) >= 10 && strlen(text) < 600);
    assert_null(strchr(text, '\n'));
}

/* ---- for child processes: results instead of assertions ---- */

int api_try_map(yoke_pool *pool)
{
    yoke_kernel *kernel = NULL;
    uint32_t *numbers = yoke_alloc(pool, N * sizeof *numbers);

    if (numbers == NULL ||
        yoke_kernel_create(&kernel, pool,
                           &(yoke_kernel_options){.native = api_number}) != YOKE_OK ||
        yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(numbers, 4)) != YOKE_OK) {
        print_error("%s\n", yoke_pool_error(pool));
        return 11;
    }
    for (uint32_t i = 0; i < N; i++) {
        if (numbers[i] != i) {
            return 12;
        }
    }
    yoke_kernel_destroy(kernel);
    return yoke_free(numbers) == YOKE_OK ? 0 : 13;
}

yoke_pool *api_try_open(const char *devices)
{
    yoke_pool *pool = NULL;

    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices}) != YOKE_OK) {
        print_error("%s\n", yoke_pool_error(NULL));
    }
    return pool;
}

int api_try_pool(const char *devices)
{
    yoke_pool *pool = api_try_open(devices);
    int code;

    if (pool == NULL) {
        return 10;
    }
    code = api_try_map(pool);
    return yoke_pool_close(pool) == YOKE_OK ? code : 14;
}
