/* SPDX-License-Identifier: MIT */
/* Pools, memory, futures and handles misused: a status, one clear sentence, and pools
 * that go on working. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "misuse_setup.h"

/* ---- creating a pool ---- */

static void check_not_created(const yoke_pool_options *options, yoke_status status,
                              const char *words)
{
    yoke_pool *made = (yoke_pool *)(uintptr_t)1;

    assert_status_pool(NULL, yoke_pool_create(&made, options), status);
    assert_null(made);
    assert_contains(yoke_pool_error(NULL), words);
    api_check_sentence(yoke_pool_error(NULL));
}

typedef struct bad_text {
    const char *text;
    const char *words;
} bad_text;

static const bad_text bad_devices[] = {
    {"zebra", "unknown device \"zebra\""},
    {"", "unknown device \"\""},
    {" ", "unknown device"},
    {"cpu,,cpu", "unknown device \"\""},
    {"cpu,", "unknown device \"\""},
    {"CPU", "unknown device \"CPU\""},
    {"cpu2", "unknown device \"cpu2\""},
    {"cpu:", "number of workers"},
    {"cpu:0", "number of workers"},
    {"cpu:-1", "number of workers"},
    {"cpu:two", "number of workers"},
    {"cpu:1.5", "number of workers"},
    {"cpu:257", "number of workers"},
    {"cpu:18446744073709551617", "number of workers"},
    {"gpu:0", "opencl:NUMBER"},
    {"opencl:", "device number"},
    {"opencl:a-name-that-is-much-longer-than-any-device-driver-or-platform-has",
     "opencl"},
    {"fake:0", "count from 1"},
    {"fake:x", "speed"},
    {"fake:1x0", "speed"},
    {"fake:1x-1", "speed"},
    {"fake:1x1.01", "speed"},
    {"fake:1xnan", "speed"},
    {"fake:1x0x1", "speed"},
    {"fake:1/fly", "trait \"fly\""},
    {"fake:1/crash=soon", "trait \"crash=soon\""},
    {"fake:1/", "trait \"\""},
    {"cpu;gpu", "unknown device \"cpu;gpu\""},
    {"cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,"
     "cpu:1,"
     "cpu:1,cpu:1,cpu:1",
     "more than 16"},
};

static void test_device_strings(void **state)
{
    char longer[400];

    (void)state;
    for (size_t i = 0; i < sizeof bad_devices / sizeof bad_devices[0]; i++) {
        const bad_text *bad = &bad_devices[i];

        check_not_created(&(yoke_pool_options){.devices = bad->text}, YOKE_EINVAL,
                          bad->words);
        assert_contains(yoke_pool_error(NULL), "devices: ");
    }
    memset(longer, 'c', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    check_not_created(&(yoke_pool_options){.devices = longer}, YOKE_EINVAL,
                      "longer than");
}

static void test_devices_variable(void **state)
{
    yoke_pool *made = NULL;

    (void)state;
    (void)setenv("YOKE_DEVICES", "camel", 1);
    check_not_created(NULL, YOKE_EINVAL, "YOKE_DEVICES=camel: unknown device \"camel\"");
    check_not_created(&(yoke_pool_options){.wait_ready = false}, YOKE_EINVAL,
                      "YOKE_DEVICES");
    assert_ok_pool(NULL,
                   yoke_pool_create(&made, &(yoke_pool_options){.devices = "cpu:1"}));
    (void)unsetenv("YOKE_DEVICES");
    api_check_works(made);
    api_close(made);
}

static void test_devices_that_are_not_there(void **state)
{
    (void)state;
    check_not_created(&(yoke_pool_options){.devices = "opencl:no-such-thing"},
                      YOKE_ENODEVICE, "no device for \"opencl:no-such-thing\"");
    check_not_created(&(yoke_pool_options){.devices = "cpu,opencl:4321"},
                      YOKE_ENODEVICE, "no device for \"cpu,opencl:4321\"");
}

static const bad_text bad_arenas[] = {
    {"lots", "YOKE_ARENA=lots"},
    {"-1", "YOKE_ARENA=-1"},
    {"1KK", "YOKE_ARENA=1KK"},
    {"1.5G", "YOKE_ARENA=1.5G"},
    {"0", "64 TiB"},
    {"17", "64 TiB"},
    {"65T", "64 TiB"},
    {"16777215T", "64 TiB"},
    {"99999999999T", "YOKE_ARENA"},
};

static void test_arena_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_arenas / sizeof bad_arenas[0]; i++) {
        (void)setenv("YOKE_ARENA", bad_arenas[i].text, 1);
        check_not_created(&(yoke_pool_options){.devices = "cpu:1"}, YOKE_EINVAL,
                          bad_arenas[i].words);
    }
    (void)unsetenv("YOKE_ARENA");
    check_not_created(&(yoke_pool_options){.devices = "cpu:1", .arena_bytes = 1},
                      YOKE_EINVAL, "64 TiB");
    check_not_created(&(yoke_pool_options){.devices = "cpu:1", .arena_bytes = SIZE_MAX},
                      YOKE_EINVAL, "64 TiB");
}

static void test_tiny_arena(void **state)
{
    yoke_pool *tiny = NULL;
    char *a, *b;

    (void)state;
    assert_ok_pool(NULL,
                   yoke_pool_create(&tiny, &(yoke_pool_options){.devices = "cpu:1",
                                                                .arena_bytes = 65536}));
    a = yoke_alloc(tiny, 5000);
    b = yoke_alloc(tiny, 1);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(yoke_alloc(tiny, 65536));
    assert_contains(yoke_pool_error(tiny), "cannot allocate 65536 bytes");
    assert_null(yoke_alloc(tiny, 65537));
    assert_contains(yoke_pool_error(tiny), "YOKE_ARENA");
    assert_ok(yoke_free(a));
    assert_ok(yoke_free(b));
    a = yoke_alloc(tiny, 65536);
    assert_non_null(a);
    assert_ok(yoke_free(a));
    api_check_works(tiny);
    api_close(tiny);
}

static void test_pool_options(void **state)
{
    static const double bad_times[] = {-2, 1e300};

    (void)state;
    for (size_t i = 0; i < sizeof bad_times / sizeof bad_times[0]; i++) {
        check_not_created(
            &(yoke_pool_options){.devices = "cpu:1", .start_timeout = bad_times[i]},
            YOKE_EINVAL, "start_timeout");
    }
    check_not_created(
        &(yoke_pool_options){.devices = "cpu:1", .start_timeout = (double)NAN},
        YOKE_EINVAL, "start_timeout");
    (void)setenv("YOKE_FORCE_DISCRETE", "perhaps", 1);
    check_not_created(&(yoke_pool_options){.devices = "cpu:1"}, YOKE_EINVAL,
                      "YOKE_FORCE_DISCRETE");
    (void)unsetenv("YOKE_FORCE_DISCRETE");
    assert_status(yoke_pool_create(NULL, NULL), YOKE_EINVAL);
    assert_contains(yoke_pool_error(NULL), "NULL");
}

/* A program compiled with a shorter or a longer struct. */
static void test_sizes_of_structs(void **state)
{
    struct {
        yoke_pool_options options;
        char more[64];
    } longer = {{.devices = "cpu:1"}, "of a later version"};
    struct {
        yoke_map_options options;
        char more[64];
    } more_map = {{.grain = 10}, "of a later version"};
    const yoke_arg args[] = {yoke_out(numbers, 4), yoke_scalar((uint32_t)7)};
    struct {
        yoke_worker_info info;
        char more[64];
    } infos[2];
    yoke_pool *made = NULL;
    size_t count = 0;

    (void)state;
    assert_refused(NULL, yoke_pool_create_sized(&made, &longer.options, sizeof longer),
                   YOKE_EUNSUPPORTED, "yoke_pool_options has 64 bytes more");
    memset(longer.more, 0, sizeof longer.more);
    assert_ok_pool(NULL, yoke_pool_create_sized(&made, &longer.options, sizeof longer));
    api_check_works(made);
    api_close(made);
    assert_refused(pool,
                   yoke_map_with_sized(pool, fill, yoke_range_1d(N), &more_map.options,
                                       sizeof more_map, args, 2, sizeof args[0]),
                   YOKE_EUNSUPPORTED, "yoke_map_options has 64 bytes more");
    memset(more_map.more, 0, sizeof more_map.more);
    assert_ok_pool(pool,
                   yoke_map_with_sized(pool, fill, yoke_range_1d(N), &more_map.options,
                                       sizeof more_map, args, 2, sizeof args[0]));
    assert_ok_pool(pool,
                   yoke_map_with_sized(pool, fill, yoke_range_1d(N), &more_map.options,
                                       1, args, 2, sizeof args[0]));
    assert_true(api_all(numbers, N, 7));
    /* Options written in place, with a comma. */
    assert_ok_pool(pool, yoke_map_with(pool, fill, yoke_range_1d(N),
                                       &(yoke_map_options){.timeout = 100, .grain = 2},
                                       YOKE_ARGS(args[0], args[1])));
    assert_ok_pool(pool, yoke_pool_workers_sized(pool, &infos[0].info, 2, &count,
                                                 sizeof infos[0]));
    assert_int_equal(count, 2);
    assert_string_equal(infos[1].info.name, "cpu1");
}

/* ---- memory ---- */

static void check_no_memory(size_t bytes, const char *words)
{
    assert_null(yoke_alloc(pool, bytes));
    assert_contains(yoke_pool_error(pool), words);
    api_check_sentence(yoke_pool_error(pool));
}

static void test_allocations(void **state)
{
    (void)state;
    check_no_memory(0, "0 bytes");
    check_no_memory(SIZE_MAX, "cannot allocate");
    check_no_memory(SIZE_MAX - 4095, "cannot allocate");
    check_no_memory(SIZE_MAX / 2, "cannot allocate");
    check_no_memory((size_t)1 << 46, "cannot allocate");
    check_no_memory((size_t)1 << 39,
                    "cannot allocate"); /* in the window, not in memory */
    assert_null(yoke_alloc(NULL, 1));
    assert_contains(yoke_pool_error(NULL), "pool is NULL");
    api_check_works(pool);
}

static void test_frees(void **state)
{
    char *block = yoke_alloc(pool, 3 * 4096);
    char *plain = malloc(100);
    int local = 0;

    (void)state;
    assert_non_null(block);
    assert_refused(pool, yoke_free(block + 1), YOKE_EINVAL, "start of an allocation");
    assert_refused(pool, yoke_free(block + 4096), YOKE_EINVAL,
                   "start of an allocation");
    assert_refused(pool, yoke_free(block - 4096 * 1000), YOKE_EINVAL, "allocation");
    assert_refused(NULL, yoke_free(plain), YOKE_EINVAL, "start of an allocation");
    assert_refused(NULL, yoke_free(&local), YOKE_EINVAL, "start of an allocation");
    assert_refused(NULL, yoke_free((void *)(uintptr_t)1), YOKE_EINVAL, "allocation");
    assert_refused(NULL, yoke_free((void *)UINTPTR_MAX), YOKE_EINVAL, "allocation");
    assert_ok_pool(pool, yoke_free(NULL));
    assert_ok_pool(pool, yoke_free(block));
    assert_refused(pool, yoke_free(block), YOKE_EINVAL, "start of an allocation");
    free(plain);
    api_check_works(pool);
}

/* ---- NULLs ---- */

static void test_nulls(void **state)
{
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    yoke_parameter_info parameter;
    size_t count = 0;

    (void)state;
    assert_refused(
        pool,
        yoke_kernel_create(NULL, pool, &(yoke_kernel_options){.native = api_fill}),
        YOKE_EINVAL, "NULL");
    assert_refused(pool, yoke_kernel_create(&kernel, pool, NULL), YOKE_EINVAL,
                   "`options` is NULL");
    assert_status(
        yoke_kernel_create(&kernel, NULL, &(yoke_kernel_options){.native = api_fill}),
        YOKE_EINVAL);
    assert_null(kernel);
    yoke_kernel_destroy(NULL);
    assert_status(yoke_kernel_parameters(NULL, &parameter, 1, &count), YOKE_EINVAL);
    assert_refused(pool, yoke_kernel_parameters(fill, &parameter, 1, NULL), YOKE_EINVAL,
                   "NULL");
    assert_refused(pool, yoke_kernel_parameters(fill, NULL, 1, &count), YOKE_EINVAL,
                   "NULL");
    assert_refused(pool, yoke_kernel_parameters(fill, NULL, 0, &count),
                   YOKE_EUNSUPPORTED, "parameters");

    assert_refused(pool, yoke_map(pool, NULL, yoke_range_1d(N), yoke_out(numbers, 4)),
                   YOKE_EINVAL, "the kernel is NULL");
    assert_status(yoke_map(NULL, fill, yoke_range_1d(N), yoke_out(numbers, 4)),
                  YOKE_EINVAL);
    assert_status(yoke_map_async(&future, NULL, fill, yoke_range_1d(N), NULL,
                                 YOKE_ARGS(yoke_out(numbers, 4))),
                  YOKE_EINVAL);
    assert_null(future);
    assert_refused(pool, yoke_pool_workers(pool, NULL, 3, &count), YOKE_EINVAL, "NULL");
    assert_ok_pool(pool, yoke_pool_workers(pool, NULL, 0, NULL));
    assert_status(yoke_pool_workers(NULL, NULL, 0, &count), YOKE_EINVAL);
    assert_int_equal(yoke_pool_poll(NULL), 0);
    assert_ok(yoke_pool_close(NULL));
    assert_ok(yoke_pool_terminate(NULL));
    assert_non_null(yoke_pool_error(NULL));
    assert_non_null(yoke_strerror((yoke_status)1234));
    api_check_works(pool);
}

/* ---- futures ---- */

static void never_called(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    *(int *)context += 1;
}

static void test_null_futures(void **state)
{
    int calls = 0;

    (void)state;
    assert_status(yoke_future_wait(NULL, 0), YOKE_EINVAL);
    assert_contains(yoke_pool_error(NULL), "future is NULL");
    assert_false(yoke_future_is_done(NULL));
    assert_true(yoke_future_progress(NULL) >= 0);
    assert_status(yoke_future_cancel(NULL), YOKE_EINVAL);
    assert_string_equal(yoke_future_error(NULL), "");
    assert_status(yoke_future_on_done(NULL, never_called, &calls), YOKE_EINVAL);
    yoke_future_destroy(NULL);
    assert_int_equal(calls, 0);
}

static void test_futures_misused(void **state)
{
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&future, pool, fill, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(numbers, 4),
                                                  yoke_scalar((uint32_t)9))));
    assert_status(yoke_future_on_done(future, NULL, NULL), YOKE_EINVAL);
    assert_refused(pool, yoke_future_wait(future, (double)NAN), YOKE_EINVAL, "seconds");
    assert_ok(yoke_future_wait(future, (double)INFINITY));
    assert_refused(pool, yoke_future_wait(future, -1e300), YOKE_EINVAL, "seconds");
    assert_refused(pool, yoke_pool_wait(pool, -1e-9), YOKE_EINVAL, "seconds");
    assert_ok(yoke_future_wait(future, YOKE_FOREVER));
    assert_ok(yoke_future_wait(future, 0));
    assert_ok(yoke_future_cancel(future));
    assert_ok(yoke_future_wait(future, YOKE_FOREVER));
    assert_string_equal(yoke_future_error(future), "");
    assert_true(api_all(numbers, N, 9));
    yoke_future_destroy(future);
    api_check_works(pool);
}

/* ---- a closed pool, another process ---- */

static void test_use_after_close(void **state)
{
    yoke_pool *closed = api_open("cpu:1");
    yoke_kernel *kernel = NULL;
    void *gone = yoke_alloc(closed, 8);
    size_t count = 1;

    (void)state;
    assert_non_null(gone);
    api_close(closed);
    assert_null(yoke_alloc(closed, 8));
    assert_contains(yoke_pool_error(closed), "closed");
    assert_refused(NULL, yoke_free(gone), YOKE_ECLOSED, "closed");
    assert_status(
        yoke_kernel_create(&kernel, closed, &(yoke_kernel_options){.native = api_fill}),
        YOKE_ECLOSED);
    assert_null(kernel);
    assert_status(yoke_map(closed, fill, yoke_range_1d(N), yoke_out(numbers, 4)),
                  YOKE_ECLOSED);
    assert_status(yoke_pool_workers(closed, NULL, 0, &count), YOKE_ECLOSED);
    assert_int_equal(count, 0);
    assert_int_equal(yoke_pool_poll(closed), 0);
    assert_status(yoke_pool_close(closed), YOKE_ECLOSED);
    assert_status(yoke_pool_terminate(closed), YOKE_ECLOSED);
    assert_contains(yoke_pool_error(closed), "closed");
    api_check_works(pool);
}

/* The next pool may lie where a closed one did. */
static void test_new_pool_has_no_error(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        yoke_pool *made = api_open("cpu:1");

        assert_string_equal(yoke_pool_error(made), "");
        assert_null(yoke_alloc(made, 0));
        assert_contains(yoke_pool_error(made), "0 bytes");
        api_close(made);
    }
}

static int use_inherited(void *arg)
{
    size_t count = 0;

    (void)arg;
    if (yoke_alloc(pool, 8) != NULL ||
        strstr(yoke_pool_error(pool), "belongs to process") == NULL) {
        return 1;
    }
    if (yoke_map(pool, fill, yoke_range_1d(N), yoke_out(numbers, 4),
                 yoke_scalar((uint32_t)1)) != YOKE_EINVAL ||
        yoke_pool_workers(pool, NULL, 0, &count) != YOKE_EINVAL ||
        yoke_pool_close(pool) != YOKE_EINVAL ||
        yoke_pool_terminate(pool) != YOKE_EINVAL) {
        return 2;
    }
    return 0;
}

static void test_use_in_forked_process(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(use_inherited, NULL, 20), 0);
    api_check_works(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device_strings),
        cmocka_unit_test(test_devices_variable),
        cmocka_unit_test(test_devices_that_are_not_there),
        cmocka_unit_test(test_arena_sizes),
        cmocka_unit_test(test_tiny_arena),
        cmocka_unit_test(test_pool_options),
        cmocka_unit_test(test_sizes_of_structs),
        cmocka_unit_test(test_allocations),
        cmocka_unit_test(test_frees),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_null_futures),
        cmocka_unit_test(test_futures_misused),
        cmocka_unit_test(test_use_after_close),
        cmocka_unit_test(test_new_pool_has_no_error),
        cmocka_unit_test(test_use_in_forked_process),
    };

    return yt_run_group_with(tests, misuse_set_up, misuse_tear_down);
}
