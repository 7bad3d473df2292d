/* SPDX-License-Identifier: MIT */
/* Reductions on OpenCL devices, alone and beside CPU workers: the bits of the host form. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reduce_setup.h"

enum { BLOCK = YOKE_REDUCE_BLOCK, MOST = 30 * BLOCK + 177 };

static const size_t sizes[] = {1, 63, 513, BLOCK, BLOCK + 1, 3 * BLOCK - 1, MOST};

/* Not only finite numbers. */
static void add_special(yoke_type type, void *x, size_t n)
{
    if (type == YOKE_TYPE_FLOAT) {
        ((float *)x)[n - 3] = -0.0f;
        ((float *)x)[n / 2] = (float)NAN;
        ((float *)x)[n / 3] = (float)NAN;
    } else if (type == YOKE_TYPE_DOUBLE) {
        ((double *)x)[n / 2] = INFINITY;
    }
}

static void check_type(yoke_pool *pool, yoke_type type)
{
    static const yoke_map_options by_threes = {.chunk = 3};
    const size_t element = plain_size(type);
    char *x = yoke_alloc(pool, (MOST + 1) * element);
    char *y = yoke_alloc(pool, (MOST + 1) * element);

    assert_non_null(x);
    assert_non_null(y);
    plain_fill(type, x, MOST + 1, 1);
    plain_fill(type, y, MOST + 1, 2);
    for (int special = 0; special < 2; special++) {
        for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                if (plain_exists((yoke_reduce_operation)o, type)) {
                    reduce_expect(pool, (yoke_reduce_operation)o, type, x + element, y,
                                  sizes[s], s % 2 == 0 ? NULL : &by_threes);
                }
            }
        }
        add_special(type, x, MOST);
    }
    assert_ok_pool(pool, yoke_free(x));
    assert_ok_pool(pool, yoke_free(y));
}

static void check_pool(const char *devices)
{
    yoke_pool *pool;

    assert_ok_pool(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices,
                                                                .wait_ready = true}));
    for (int t = 1; t <= PLAIN_TYPES; t++) {
        check_type(pool, (yoke_type)t);
    }
    api_close(pool);
}

static void test_pocl(void **state)
{
    (void)state;
    check_pool("opencl:pocl");
}

static void test_mixed(void **state)
{
    (void)state;
    check_pool("cpu,opencl:pocl");
}

static void test_copies(void **state)
{
    (void)state;
    assert_int_equal(setenv("YOKE_FORCE_DISCRETE", "1", 1), 0);
    check_pool("opencl:pocl");
    assert_int_equal(unsetenv("YOKE_FORCE_DISCRETE"), 0);
}

/* The kernel is made while the driver is coming up. */
static void test_joining(void **state)
{
    yoke_pool *pool = api_open("cpu:1,opencl:pocl");
    float *x = yoke_alloc(pool, MOST * sizeof *x);

    (void)state;
    plain_fill(YOKE_TYPE_FLOAT, x, MOST, 4);
    for (int round = 0; round < 200; round++) {
        reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, NULL, MOST, NULL);
    }
    reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, NULL, MOST,
                  &(yoke_map_options){.devices = "opencl"});
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_pocl),
        yt_unit_test(test_mixed),
        yt_unit_test(test_copies),
        yt_unit_test(test_joining),
    };

    return access("/etc/OpenCL/vendors/pocl.icd", R_OK) == 0 ? yt_run_group(tests) : 77;
}
