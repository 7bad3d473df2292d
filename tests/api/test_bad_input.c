/* SPDX-License-Identifier: MIT */
/* Whatever is wrong with what a user passes: a status, one clear sentence, and a pool that
 * goes on working. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_setup.h"

enum { N = 1000 };

static yoke_pool *pool;
static yoke_kernel *fill;
static uint32_t *numbers;
static uint32_t *others;

static int open_pool(void **state)
{
    (void)state;
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) != YOKE_OK) {
        print_error("%s\n", yoke_pool_error(NULL));
        return -1;
    }
    if (yoke_kernel_create(&fill, pool,
                           &(yoke_kernel_options){.name = "fill", .native = api_fill}) !=
        YOKE_OK) {
        return -1;
    }
    numbers = yoke_alloc(pool, N * sizeof *numbers);
    others = yoke_alloc(pool, N * sizeof *others);
    return numbers != NULL && others != NULL ? 0 : -1;
}

static int close_pool(void **state)
{
    (void)state;
    return yoke_pool_close(pool) == YOKE_OK ? 0 : -1;
}

/* One sentence: a few words in one line without a full stop that ends another one. */
static void check_sentence(const char *text)
{
    assert_true(strlen(text) >= 10 && strlen(text) < 600);
    assert_null(strchr(text, '\n'));
}

#define assert_refused(call, status, words)                                              \
    do {                                                                                 \
        assert_status_pool(pool, call, status);                                          \
        assert_contains(yoke_pool_error(pool), words);                                   \
        check_sentence(yoke_pool_error(pool));                                           \
    } while (0)

/* ---- creating a pool ------------------------------------------------------------------- */

static void check_not_created(const yoke_pool_options *options, yoke_status status,
                              const char *words)
{
    yoke_pool *made = (yoke_pool *)(uintptr_t)1;

    assert_status_pool(NULL, yoke_pool_create(&made, options), status);
    assert_null(made);
    assert_contains(yoke_pool_error(NULL), words);
    check_sentence(yoke_pool_error(NULL));
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
    {"opencl:a-name-that-is-much-longer-than-any-device-driver-or-platform-has", "opencl"},
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
    {"cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,cpu:1,"
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
    check_not_created(&(yoke_pool_options){.devices = longer}, YOKE_EINVAL, "longer than");
}

static void test_devices_variable(void **state)
{
    yoke_pool *made = NULL;

    (void)state;
    (void)setenv("YOKE_DEVICES", "camel", 1);
    check_not_created(NULL, YOKE_EINVAL, "YOKE_DEVICES: unknown device \"camel\"");
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
    check_not_created(&(yoke_pool_options){.devices = "cpu,opencl:4321"}, YOKE_ENODEVICE,
                      "no device for \"cpu,opencl:4321\"");
}

static const bad_text bad_arenas[] = {
    {"lots", "YOKE_ARENA=lots"}, {"-1", "YOKE_ARENA=-1"}, {"1KK", "YOKE_ARENA=1KK"},
    {"1.5G", "YOKE_ARENA=1.5G"}, {"0", "64 TiB"},         {"17", "64 TiB"},
    {"65T", "64 TiB"},           {"16777215T", "64 TiB"}, {"99999999999T", "YOKE_ARENA"},
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
    assert_ok_pool(NULL, yoke_pool_create(&tiny, &(yoke_pool_options){
                                                     .devices = "cpu:1",
                                                     .arena_bytes = 65536}));
    a = yoke_alloc(tiny, 5000);
    b = yoke_alloc(tiny, 1);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(yoke_alloc(tiny, 65536));
    assert_contains(yoke_pool_error(tiny), "cannot allocate 65536 bytes");
    assert_null(yoke_alloc(tiny, 65537));
    assert_contains(yoke_pool_error(tiny), "YOKE_ARENA");
    assert_ok(yoke_free(tiny, a));
    assert_ok(yoke_free(tiny, b));
    a = yoke_alloc(tiny, 65536);
    assert_non_null(a);
    assert_ok(yoke_free(tiny, a));
    api_check_works(tiny);
    api_close(tiny);
}

static void test_pool_options(void **state)
{
    static const double bad_times[] = {-1, 1e300};

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
    assert_ok_pool(NULL, yoke_pool_create_sized(&made, &longer.options, sizeof longer));
    api_check_works(made);
    api_close(made);
    assert_ok_pool(pool, yoke_map_args_sized(NULL, pool, fill, yoke_range_1d(N),
                                             &more_map.options, sizeof more_map, args, 2));
    assert_ok_pool(pool, yoke_map_args_sized(NULL, pool, fill, yoke_range_1d(N),
                                             &more_map.options, 1, args, 2));
    assert_true(api_all(numbers, N, 7));
    assert_ok_pool(pool, yoke_pool_workers_sized(pool, &infos[0].info, 2, &count,
                                                 sizeof infos[0]));
    assert_int_equal(count, 2);
    assert_string_equal(infos[1].info.name, "cpu1");
}

/* ---- memory ---------------------------------------------------------------------------- */

static void check_no_memory(size_t bytes, const char *words)
{
    assert_null(yoke_alloc(pool, bytes));
    assert_contains(yoke_pool_error(pool), words);
    check_sentence(yoke_pool_error(pool));
}

static void test_allocations(void **state)
{
    (void)state;
    check_no_memory(0, "0 bytes");
    check_no_memory(SIZE_MAX, "cannot allocate");
    check_no_memory(SIZE_MAX - 4095, "cannot allocate");
    check_no_memory(SIZE_MAX / 2, "cannot allocate");
    check_no_memory((size_t)1 << 46, "cannot allocate");
    check_no_memory((size_t)1 << 39, "cannot allocate"); /* in the window, not in memory */
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
    assert_refused(yoke_free(pool, block + 1), YOKE_EINVAL, "start of an allocation");
    assert_refused(yoke_free(pool, block + 4096), YOKE_EINVAL, "start of an allocation");
    assert_refused(yoke_free(pool, block - 4096 * 1000), YOKE_EINVAL, "allocation");
    assert_refused(yoke_free(pool, plain), YOKE_EINVAL, "start of an allocation");
    assert_refused(yoke_free(pool, &local), YOKE_EINVAL, "start of an allocation");
    assert_refused(yoke_free(pool, (void *)(uintptr_t)1), YOKE_EINVAL, "allocation");
    assert_refused(yoke_free(pool, (void *)UINTPTR_MAX), YOKE_EINVAL, "allocation");
    assert_ok_pool(pool, yoke_free(pool, NULL));
    assert_ok_pool(pool, yoke_free(pool, block));
    assert_refused(yoke_free(pool, block), YOKE_EINVAL, "start of an allocation");
    assert_status(yoke_free(NULL, numbers), YOKE_EINVAL);
    free(plain);
    api_check_works(pool);
}

/* ---- ranges ---------------------------------------------------------------------------- */

static yoke_status map_range(yoke_range range)
{
    return yoke_map(pool, fill, range, yoke_out(numbers, 4), yoke_scalar((uint32_t)1));
}

static void test_ranges(void **state)
{
    yoke_range range = yoke_range_1d(N);

    (void)state;
    assert_refused(map_range(yoke_range_1d(0)), YOKE_EINVAL, "empty in dimension 0 (x)");
    assert_refused(map_range(yoke_range_2d(0, 5)), YOKE_EINVAL, "dimension 0");
    assert_refused(map_range(yoke_range_2d(5, 0)), YOKE_EINVAL, "dimension 1 (y)");
    assert_refused(map_range(yoke_range_3d(5, 5, 0)), YOKE_EINVAL, "dimension 2 (z)");
    assert_refused(map_range(yoke_range_1d(SIZE_MAX)), YOKE_EINVAL, "too large");
    assert_refused(map_range(yoke_range_1d((size_t)1 << 49)), YOKE_EINVAL, "too large");
    assert_refused(map_range(yoke_range_2d(SIZE_MAX, SIZE_MAX)), YOKE_EINVAL, "too large");
    assert_refused(map_range(yoke_range_3d((size_t)1 << 32, (size_t)1 << 31, 2)),
                   YOKE_EINVAL, "too large");
    assert_refused(map_range(yoke_range_1d((size_t)1 << 48)), YOKE_EINVAL, "argument 1");

    range.dimensions = 0;
    assert_refused(map_range(range), YOKE_EINVAL, "1 to 3 dimensions, not 0");
    range.dimensions = 4;
    assert_refused(map_range(range), YOKE_EINVAL, "1 to 3 dimensions, not 4");
    range = yoke_range_1d(N);
    range.size[1] = 2;
    assert_refused(map_range(range), YOKE_EINVAL, "size in dimension 1");
    range = yoke_range_1d(N);
    range.begin[0] = SIZE_MAX;
    assert_refused(map_range(range), YOKE_EINVAL, "too large");
    range = yoke_range_1d(N);
    range.split = YOKE_SPLIT_Y;
    assert_refused(map_range(range), YOKE_EINVAL, "cannot split dimension 1");
    range.split = (yoke_split)99;
    assert_refused(map_range(range), YOKE_EINVAL, "cannot split");
    memset(&range, 0, sizeof range);
    assert_refused(map_range(range), YOKE_EINVAL, "dimensions");
    memset(&range, 0xff, sizeof range);
    assert_refused(map_range(range), YOKE_EINVAL, "dimensions");
    api_check_works(pool);
}

/* ---- arguments ------------------------------------------------------------------------- */

static yoke_status map_one(yoke_arg arg)
{
    return yoke_map(pool, fill, yoke_range_1d(N), arg, yoke_scalar((uint32_t)1));
}

static void test_pointers(void **state)
{
    uint32_t *plain = malloc(N * sizeof *plain);
    uint32_t *gone = yoke_alloc(pool, N * sizeof *gone);

    (void)state;
    assert_ok(yoke_free(pool, gone));
    assert_refused(map_one(yoke_out(plain, 4)), YOKE_EINVAL, "not memory of this pool");
    assert_contains(yoke_pool_error(pool), "argument 1");
    assert_contains(yoke_pool_error(pool), "'fill'");
    assert_contains(yoke_pool_error(pool), ".stage");
    assert_refused(map_one(yoke_out(gone, 4)), YOKE_EINVAL, "not memory of this pool");
    assert_refused(map_one(yoke_out(&plain, 4)), YOKE_EINVAL, "not memory of this pool");
    assert_refused(map_one(yoke_out(NULL, 4)), YOKE_EINVAL, "the array is NULL");
    assert_refused(map_one(yoke_out((void *)UINTPTR_MAX, 4)), YOKE_EINVAL, "argument 1");
    assert_refused(map_one(yoke_in(plain, 4)), YOKE_EINVAL, "not memory of this pool");
    assert_refused(map_one(yoke_in_whole(plain, 4)), YOKE_EINVAL, "not memory");
    /* In the window, but in no block. */
    assert_refused(map_one(yoke_out((char *)numbers + ((size_t)1 << 33), 4)), YOKE_EINVAL,
                   "not memory of this pool");
    free(plain);
    api_check_works(pool);
}

static void test_slices_past_the_end(void **state)
{
    (void)state;
    assert_refused(map_one(yoke_out(numbers + 1, 4)), YOKE_EINVAL, "4000 bytes");
    assert_contains(yoke_pool_error(pool), "3996");
    assert_refused(map_one(yoke_out(numbers, 5)), YOKE_EINVAL, "5000 bytes");
    assert_refused(map_one(yoke_out(numbers, SIZE_MAX)), YOKE_EINVAL, "more bytes");
    assert_refused(map_one(yoke_out(numbers, SIZE_MAX / 1000)), YOKE_EINVAL, "bytes");
    assert_refused(map_one(yoke_in_whole(numbers, 4001)), YOKE_EINVAL, "4001 bytes");
    assert_refused(map_one(yoke_in_whole(numbers, SIZE_MAX)), YOKE_EINVAL, "bytes");
    assert_refused(map_one(yoke_arg_at(yoke_out(numbers, 4), 1)), YOKE_EINVAL, "4004");
    assert_refused(map_one(yoke_arg_at(yoke_out(numbers, 4), SIZE_MAX / 4)), YOKE_EINVAL,
                   "bytes");
    assert_refused(map_one(yoke_arg_strided(yoke_in(numbers, 4), 2, 4000)), YOKE_EINVAL,
                   "8000 bytes");
    assert_refused(map_one(yoke_arg_strided(yoke_in(numbers, 4), SIZE_MAX, 4000)),
                   YOKE_EINVAL, "bytes");
    assert_refused(map_one(yoke_arg_strided(yoke_in(numbers, 4), 3, SIZE_MAX)),
                   YOKE_EINVAL, "bytes");
    assert_refused(map_one(yoke_arg_strided(yoke_in(numbers, 4), 2, 100)), YOKE_EINVAL,
                   "do not fit");
    api_check_works(pool);
}

static void test_shapes_of_arguments(void **state)
{
    yoke_arg arg = yoke_out(numbers, 4);

    (void)state;
    assert_refused(map_one(yoke_out(numbers, 0)), YOKE_EINVAL, "0 bytes");
    arg.kind = YOKE_ARG_NONE;
    assert_refused(map_one(arg), YOKE_EINVAL, "kind");
    arg.kind = (yoke_arg_kind)77;
    assert_refused(map_one(arg), YOKE_EINVAL, "kind");
    arg = yoke_out(numbers, 4);
    arg.access = (yoke_access)0;
    assert_refused(map_one(arg), YOKE_EINVAL, "access");
    arg.access = (yoke_access)4;
    assert_refused(map_one(arg), YOKE_EINVAL, "access");
    arg = yoke_out(numbers, 4);
    arg.parts = (yoke_parts)9;
    assert_refused(map_one(arg), YOKE_EINVAL, "parts");
    arg = yoke_out(numbers, 4);
    arg.halo = 1;
    assert_refused(map_one(arg), YOKE_EINVAL, "halo");
    arg = yoke_in_whole(numbers, 4);
    arg.halo = 1;
    assert_refused(map_one(arg), YOKE_EINVAL, "not divided");
    assert_refused(map_one(yoke_arg_at(yoke_in_whole(numbers, 4), 1)), YOKE_EINVAL,
                   "not divided");
    assert_refused(map_one(yoke_per_group(yoke_out(numbers, 4))), YOKE_EINVAL,
                   "work-group size");
    memset(&arg, 0, sizeof arg);
    assert_refused(map_one(arg), YOKE_EINVAL, "argument 1");
    memset(&arg, 0xff, sizeof arg);
    arg.periodic = arg.reads_all = true;
    assert_refused(map_one(arg), YOKE_EINVAL, "argument 1");
    api_check_works(pool);
}

static void test_values(void **state)
{
    static char big[20000];

    (void)state;
    assert_refused(map_one(yoke_scalar_bytes(NULL, 100)), YOKE_EINVAL, "NULL");
    assert_refused(map_one(yoke_scalar_bytes(big, sizeof big)), YOKE_EINVAL, "at most");
    assert_refused(map_one(yoke_scalar_bytes(big, SIZE_MAX)), YOKE_EINVAL, "at most");
    assert_refused(map_one(yoke_scalar_bytes(big, 0)), YOKE_EINVAL, "0 bytes");
    assert_refused(map_one(yoke_local(0)), YOKE_EINVAL, "0 bytes");
    assert_refused(map_one(yoke_local((size_t)1 << 33)), YOKE_EINVAL, "local memory");
    assert_refused(yoke_map(pool, fill, yoke_range_1d(N), yoke_out(numbers, 4),
                            yoke_scalar_bytes(big, 16000), yoke_scalar_bytes(big, 400)),
                   YOKE_EINVAL, "argument 3");
    api_check_works(pool);
}

static void test_count_of_arguments(void **state)
{
    yoke_arg many[65];

    (void)state;
    for (int i = 0; i < 65; i++) {
        many[i] = yoke_scalar(i);
    }
    assert_refused(yoke_map_args(NULL, pool, fill, yoke_range_1d(N), NULL, many, 65),
                   YOKE_EINVAL, "at most 64");
    assert_refused(yoke_map_args(NULL, pool, fill, yoke_range_1d(N), NULL, many, SIZE_MAX),
                   YOKE_EINVAL, "at most 64");
    assert_refused(yoke_map_args(NULL, pool, fill, yoke_range_1d(N), NULL, NULL, 2),
                   YOKE_EINVAL, "args is NULL");
    api_check_works(pool);
}

static yoke_status map_two(yoke_arg a, yoke_arg b)
{
    return yoke_map(pool, fill, yoke_range_1d(N / 2), a, b);
}

static void test_overlaps(void **state)
{
    (void)state;
    assert_refused(map_two(yoke_out(numbers, 4), yoke_in(numbers, 4)), YOKE_EINVAL,
                   "arguments 1 and 2 overlap and one is written");
    assert_refused(map_two(yoke_out(numbers, 4), yoke_out(numbers + N / 2 - 1, 4)),
                   YOKE_EINVAL, "overlap and both are written");
    assert_refused(map_two(yoke_in(numbers, 4), yoke_inout(numbers, 4)), YOKE_EINVAL,
                   "overlap");
    assert_refused(map_two(yoke_in_whole(numbers, 4 * N), yoke_out(numbers + 10, 4)),
                   YOKE_EINVAL, "overlap");
    assert_refused(map_two(yoke_update(numbers, 4), yoke_in(numbers, 4)), YOKE_EINVAL,
                   "overlap");
    assert_refused(map_two(yoke_out_whole(numbers, 4), yoke_out_whole(numbers, 4)),
                   YOKE_EINVAL, "overlap");
    assert_refused(map_two(yoke_in_halo(numbers, 4, 3), yoke_out(numbers, 4)), YOKE_EINVAL,
                   "overlap");
    api_check_works(pool);
}

/* ---- options of a map -------------------------------------------------------------------- */

static yoke_status map_options(const yoke_map_options *options)
{
    return yoke_map_with(pool, fill, yoke_range_1d(N), options, yoke_out(numbers, 4),
                         yoke_scalar((uint32_t)3));
}

static void test_map_options(void **state)
{
    yoke_future *const none[] = {NULL};

    (void)state;
    assert_refused(map_options(&(yoke_map_options){.timeout = -1}), YOKE_EINVAL, "timeout");
    assert_refused(map_options(&(yoke_map_options){.timeout = (double)NAN}), YOKE_EINVAL,
                   "timeout");
    assert_refused(map_options(&(yoke_map_options){.timeout = (double)INFINITY}),
                   YOKE_EINVAL, "timeout");
    assert_refused(map_options(&(yoke_map_options){.recovery = (yoke_recovery)9}),
                   YOKE_EINVAL, "recovery");
    assert_refused(map_options(&(yoke_map_options){.after_count = 3}), YOKE_EINVAL,
                   "after is NULL");
    assert_refused(map_options(&(yoke_map_options){.after = none, .after_count = 1}),
                   YOKE_EINVAL, "after[0] is NULL");
    assert_refused(map_options(&(yoke_map_options){.devices = "ox"}), YOKE_EINVAL,
                   "devices: unknown device \"ox\"");
    assert_refused(map_options(&(yoke_map_options){.devices = "gpu"}), YOKE_ENODEVICE,
                   "no worker of this pool that matches \"gpu\"");
    assert_ok_pool(pool, map_options(&(yoke_map_options){.timeout = 0}));
    assert_ok_pool(pool, map_options(&(yoke_map_options){.grain = SIZE_MAX}));
    assert_true(api_all(numbers, N, 3));
    api_check_works(pool);
}

static void test_after_of_another_pool(void **state)
{
    yoke_pool *other = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(other, "number", api_number);
    uint32_t *there = api_numbers(other, N);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(other, yoke_map_async(&future, other, kernel, yoke_range_1d(N), NULL,
                                         yoke_out(there, 4)));
    assert_refused(
        map_options(&(yoke_map_options){.after = &future, .after_count = 1}), YOKE_EINVAL,
        "after[0] is no future of this pool");
    assert_refused(yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(numbers, 4)),
                   YOKE_EINVAL, "another pool");
    assert_refused(map_one(yoke_out(there, 4)), YOKE_EINVAL, "argument 1");
    assert_refused(yoke_free(pool, there), YOKE_EINVAL, "allocation");
    assert_ok(yoke_future_wait(future, -1));
    api_close(other);
    assert_refused(
        map_options(&(yoke_map_options){.after = &future, .after_count = 1}), YOKE_EINVAL,
        "no future of this pool");
    yoke_future_destroy(future);
    api_check_works(pool);
}

/* ---- kernels ----------------------------------------------------------------------------- */

static void check_no_kernel(const yoke_kernel_options *options, yoke_status status,
                            const char *words)
{
    yoke_kernel *kernel = (yoke_kernel *)(uintptr_t)1;

    assert_refused(yoke_kernel_create(&kernel, pool, options), status, words);
    assert_null(kernel);
}

static void test_kernel_options(void **state)
{
    char name[300];
    int local = 0;
    yoke_native *nowhere = NULL;
    void *address = &local;

    (void)state;
    memset(name, 'k', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memcpy(&nowhere, &address, sizeof nowhere);
    check_no_kernel(&(yoke_kernel_options){.name = "empty"}, YOKE_EINVAL,
                    "neither given");
    check_no_kernel(&(yoke_kernel_options){.source = "__kernel void f() {}"}, YOKE_EINVAL,
                    "needs the name");
    check_no_kernel(&(yoke_kernel_options){.name = "", .source = "__kernel void f() {}"},
                    YOKE_EINVAL, "needs the name");
    check_no_kernel(&(yoke_kernel_options){.name = name, .native = api_fill}, YOKE_EINVAL,
                    "longer than");
    check_no_kernel(&(yoke_kernel_options){.native = nowhere}, YOKE_EINVAL,
                    "in no loaded program");
    check_no_kernel(&(yoke_kernel_options){.native = api_fill, .group = {0, 8, 0}},
                    YOKE_EINVAL, "work-group size");
    check_no_kernel(&(yoke_kernel_options){.native = api_fill, .group = {SIZE_MAX, 1, 1}},
                    YOKE_EINVAL, "work-group size");
    check_no_kernel(&(yoke_kernel_options){.native = api_fill,
                                           .group = {(size_t)1 << 32, (size_t)1 << 32, 1}},
                    YOKE_EINVAL, "work-group size");
    api_check_works(pool);
}

static void test_groups(void **state)
{
    yoke_kernel *kernel = NULL;
    const yoke_map_options padded = {.round_up = true};

    (void)state;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){.name = "grouped",
                                                                   .native = api_fill,
                                                                   .group = {16, 4, 1}}));
    assert_refused(yoke_map(pool, kernel, yoke_range_1d(64), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "only 1 dimension");
    assert_refused(yoke_map(pool, kernel, yoke_range_2d(17, 4), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "17 work-items in dimension 0 (x)");
    assert_contains(yoke_pool_error(pool), ".round_up");
    assert_refused(yoke_map(pool, kernel, yoke_range_2d(16, 5), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "work-group size 4");
    assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_2d(17, 5), &padded,
                                       yoke_out(numbers, 4), yoke_scalar((uint32_t)1)));
    yoke_kernel_destroy(kernel);
    api_check_works(pool);
}

static void test_too_many_kernels(void **state)
{
    yoke_kernel *kernels[256] = {NULL};
    yoke_kernel *more = NULL;
    size_t count = 0;

    (void)state;
    while (count < 256 &&
           yoke_kernel_create(&kernels[count], pool,
                              &(yoke_kernel_options){.native = api_fill}) == YOKE_OK) {
        count++;
    }
    assert_int_equal(count, 255); /* and the one of this group */
    assert_refused(yoke_kernel_create(&more, pool,
                                      &(yoke_kernel_options){.native = api_fill}),
                   YOKE_EBUSY, "at most 256 kernels");
    for (size_t i = 0; i < count; i++) {
        yoke_kernel_destroy(kernels[i]);
    }
    api_check_works(pool);
}

static void test_destroyed_kernel(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "gone", api_fill);
    yoke_pool *other = api_open("cpu:1");
    yoke_kernel *orphan = api_kernel(other, "orphan", api_fill);

    (void)state;
    yoke_kernel_destroy(kernel);
    assert_refused(yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "kernel");
    yoke_kernel_destroy(kernel);
    api_close(other);
    assert_refused(yoke_map(pool, orphan, yoke_range_1d(N), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "kernel");
    yoke_kernel_destroy(orphan);
    api_check_works(pool);
}

/* ---- NULLs ------------------------------------------------------------------------------- */

static void test_nulls(void **state)
{
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    yoke_parameter_info parameter;
    size_t count = 0;

    (void)state;
    assert_refused(yoke_kernel_create(NULL, pool,
                                      &(yoke_kernel_options){.native = api_fill}),
                   YOKE_EINVAL, "NULL");
    assert_refused(yoke_kernel_create(&kernel, pool, NULL), YOKE_EINVAL,
                   "options is NULL");
    assert_status(yoke_kernel_create(&kernel, NULL,
                                     &(yoke_kernel_options){.native = api_fill}),
                  YOKE_EINVAL);
    assert_null(kernel);
    yoke_kernel_destroy(NULL);
    assert_status(yoke_kernel_parameters(NULL, &parameter, 1, &count), YOKE_EINVAL);
    assert_refused(yoke_kernel_parameters(fill, &parameter, 1, NULL), YOKE_EINVAL, "NULL");
    assert_refused(yoke_kernel_parameters(fill, NULL, 1, &count), YOKE_EINVAL, "NULL");
    assert_refused(yoke_kernel_parameters(fill, NULL, 0, &count), YOKE_EUNSUPPORTED,
                   "parameters");

    assert_refused(yoke_map(pool, NULL, yoke_range_1d(N), yoke_out(numbers, 4)),
                   YOKE_EINVAL, "the kernel is NULL");
    assert_status(yoke_map(NULL, fill, yoke_range_1d(N), yoke_out(numbers, 4)),
                  YOKE_EINVAL);
    assert_status(yoke_map_async(&future, NULL, fill, yoke_range_1d(N), NULL,
                                 yoke_out(numbers, 4)),
                  YOKE_EINVAL);
    assert_null(future);
    assert_refused(yoke_pool_workers(pool, NULL, 3, &count), YOKE_EINVAL, "NULL");
    assert_ok_pool(pool, yoke_pool_workers(pool, NULL, 0, NULL));
    assert_status(yoke_pool_workers(NULL, NULL, 0, &count), YOKE_EINVAL);
    assert_int_equal(yoke_pool_poll(NULL), 0);
    assert_ok(yoke_pool_close(NULL));
    assert_ok(yoke_pool_terminate(NULL));
    assert_non_null(yoke_pool_error(NULL));
    assert_non_null(yoke_strerror((yoke_status)1234));
    api_check_works(pool);
}

/* ---- futures ----------------------------------------------------------------------------- */

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
    assert_false(yoke_future_done(NULL));
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
                                        yoke_out(numbers, 4), yoke_scalar((uint32_t)9)));
    assert_status(yoke_future_on_done(future, NULL, NULL), YOKE_EINVAL);
    assert_refused(yoke_future_wait(future, (double)NAN), YOKE_EINVAL, "seconds");
    assert_ok(yoke_future_wait(future, (double)INFINITY));
    assert_ok(yoke_future_wait(future, -1e300));
    assert_ok(yoke_future_wait(future, 0));
    assert_ok(yoke_future_cancel(future));
    assert_ok(yoke_future_wait(future, -1));
    assert_string_equal(yoke_future_error(future), "");
    assert_true(api_all(numbers, N, 9));
    yoke_future_destroy(future);
    api_check_works(pool);
}

/* ---- a closed pool, another process -------------------------------------------------------- */

static void test_use_after_close(void **state)
{
    yoke_pool *closed = api_open("cpu:1");
    yoke_kernel *kernel = NULL;
    size_t count = 1;

    (void)state;
    api_close(closed);
    assert_null(yoke_alloc(closed, 8));
    assert_contains(yoke_pool_error(closed), "closed");
    assert_status(yoke_free(closed, numbers), YOKE_ECLOSED);
    assert_status(yoke_kernel_create(&kernel, closed,
                                     &(yoke_kernel_options){.native = api_fill}),
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

/* ---- sources ------------------------------------------------------------------------------ */

static const char good_cl[] =
    "__kernel void scale(__global float *out, __global const float *in, float by,\n"
    "                    __local float *scratch)\n"
    "{ size_t i = get_global_id(0); scratch[0] = by; out[i] = by * in[i]; }\n";

/* A pool that runs sources, or the test is skipped: no PoCL. */
static yoke_pool *open_for_sources(yoke_kernel **kernel)
{
    yoke_pool *made = api_open("cpu:1");
    const yoke_status status = yoke_kernel_create(
        kernel, made, &(yoke_kernel_options){.name = "scale", .source = good_cl});

    if (status == YOKE_ENODEVICE) {
        api_close(made);
        skip();
    }
    assert_ok_pool(made, status);
    return made;
}

static void check_unbuilt(yoke_pool *made, const yoke_kernel_options *options,
                          const char *words)
{
    yoke_kernel *kernel = NULL;

    assert_status_pool(made, yoke_kernel_create(&kernel, made, options), YOKE_EBUILD);
    assert_null(kernel);
    assert_contains(yoke_pool_error(made), words);
    assert_contains(yoke_pool_error(made), "cpu0");
}

static void test_sources(void **state)
{
    static const char broken[] = "__kernel void broken(__global int *x)\n"
                                 "{\n"
                                 "    x[0] = no_such_name;\n"
                                 "}\n";
    yoke_kernel *scale = NULL;
    yoke_pool *made = open_for_sources(&scale);

    (void)state;
    check_unbuilt(made, &(yoke_kernel_options){.name = "scales", .source = good_cl},
                  "scales");
    check_unbuilt(made, &(yoke_kernel_options){.name = "broken", .source = broken},
                  "no_such_name");
    assert_contains(yoke_pool_error(made), ":3:");
    assert_contains(yoke_pool_error(made), "'broken'");
    check_unbuilt(made, &(yoke_kernel_options){.name = "f", .source = ""}, "f");
    check_unbuilt(made, &(yoke_kernel_options){.name = "f", .source = "Moo!\n"}, ":1:");
    check_unbuilt(made,
                  &(yoke_kernel_options){.name = "scale", .source = good_cl,
                                         .build_options = "-no-such-option"},
                  "scale");
    yoke_kernel_destroy(scale);
    api_check_works(made);
    api_close(made);
}

static void test_arguments_of_sources(void **state)
{
    yoke_kernel *scale = NULL;
    yoke_pool *made = open_for_sources(&scale);
    float *in = yoke_alloc(made, 64 * sizeof *in);
    float *out = yoke_alloc(made, 64 * sizeof *out);
    const yoke_range range = yoke_range_1d(64);

    (void)state;
    in[63] = 4;
    assert_status_pool(made, yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "2 argument(s) given, the kernel takes 4");
    assert_status_pool(made,
                       yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4),
                                yoke_scalar(2.0), yoke_local(4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "argument 3");
    assert_contains(yoke_pool_error(made), "8 bytes given, the kernel takes 4");
    assert_status_pool(made,
                       yoke_map(made, scale, range, yoke_out(out, 4), yoke_scalar(2.0f),
                                yoke_in(in, 4), yoke_local(4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "a scalar given, the kernel takes an array");
    assert_status_pool(made,
                       yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4),
                                yoke_scalar(2.0f), yoke_in_whole(in, 4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "the kernel takes local memory");
    assert_ok_pool(made, yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4),
                                  yoke_scalar(2.0f), yoke_local(4)));
    assert_true(out[63] == 8.0f);
    api_close(made);
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
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_slices_past_the_end),
        cmocka_unit_test(test_shapes_of_arguments),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_count_of_arguments),
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_map_options),
        cmocka_unit_test(test_after_of_another_pool),
        cmocka_unit_test(test_kernel_options),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_too_many_kernels),
        cmocka_unit_test(test_destroyed_kernel),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_null_futures),
        cmocka_unit_test(test_futures_misused),
        cmocka_unit_test(test_use_after_close),
        cmocka_unit_test(test_new_pool_has_no_error),
        cmocka_unit_test(test_use_in_forked_process),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_arguments_of_sources),
    };

    return yt_run_group_with(tests, open_pool, close_pool);
}
