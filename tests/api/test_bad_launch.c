/* SPDX-License-Identifier: MIT */
/* Ranges, arguments and options of a map that are wrong: a status, one clear sentence,
 * and a pool that goes on working. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "misuse_setup.h"

/* ---- ranges ---- */

static yoke_status map_range(yoke_range range)
{
    return yoke_map(pool, fill, range, yoke_out(numbers, 4), yoke_scalar((uint32_t)1));
}

/* There is nothing to do, and nothing to check the arguments against. */
static void test_empty_ranges(void **state)
{
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, map_range(yoke_range_1d(0)));
    assert_ok_pool(pool, map_range(yoke_range_2d(0, 5)));
    assert_ok_pool(pool, map_range(yoke_range_2d(5, 0)));
    assert_ok_pool(pool, map_range(yoke_range_3d(5, 5, 0)));
    assert_ok_pool(pool, yoke_map(pool, fill, yoke_range_1d(0), yoke_out(NULL, 4),
                                  yoke_scalar((uint32_t)1)));
    assert_ok_pool(pool, yoke_map_async(&future, pool, fill, yoke_range_1d(0), NULL,
                                        YOKE_ARGS(yoke_out(numbers, 4),
                                                  yoke_scalar((uint32_t)1))));
    assert_true(yoke_future_is_done(future));
    assert_ok_pool(pool, yoke_future_wait(future, 0));
    assert_ok_pool(pool, yoke_future_destroy(future));
    assert_ok_pool(pool, yoke_map_async(NULL, pool, fill, yoke_range_1d(0), NULL, NULL, 0));
    assert_refused(pool,
                   yoke_map_with(pool, fill, yoke_range_1d(0),
                                 &(yoke_map_options){.timeout = -3}, NULL, 0),
                   YOKE_EINVAL, "timeout");
}

static void test_ranges(void **state)
{
    yoke_range range = yoke_range_1d(N);

    (void)state;
    assert_refused(pool, map_range(yoke_range_1d(SIZE_MAX)), YOKE_EINVAL, "too large");
    assert_refused(pool, map_range(yoke_range_1d((size_t)1 << 49)), YOKE_EINVAL,
                   "too large");
    assert_refused(pool, map_range(yoke_range_2d(SIZE_MAX, SIZE_MAX)), YOKE_EINVAL,
                   "too large");
    assert_refused(pool, map_range(yoke_range_3d((size_t)1 << 32, (size_t)1 << 31, 2)),
                   YOKE_EINVAL, "too large");
    assert_refused(pool, map_range(yoke_range_1d((size_t)1 << 48)), YOKE_EINVAL,
                   "argument 1");

    range.dimensions = 0;
    assert_refused(pool, map_range(range), YOKE_EINVAL, "1 to 3 dimensions, not 0");
    range.dimensions = 4;
    assert_refused(pool, map_range(range), YOKE_EINVAL, "1 to 3 dimensions, not 4");
    range = yoke_range_1d(N);
    range.size[1] = 2;
    assert_refused(pool, map_range(range), YOKE_EINVAL, "size in dimension 1");
    range = yoke_range_1d(N);
    range.begin[0] = SIZE_MAX;
    assert_refused(pool, map_range(range), YOKE_EINVAL, "too large");
    range = yoke_range_1d(N);
    range.split = YOKE_SPLIT_Y;
    assert_refused(pool, map_range(range), YOKE_EINVAL, "cannot split dimension 1");
    range.split = (yoke_split)99;
    assert_refused(pool, map_range(range), YOKE_EINVAL, "cannot split");
    memset(&range, 0, sizeof range);
    assert_refused(pool, map_range(range), YOKE_EINVAL, "dimensions");
    memset(&range, 0xff, sizeof range);
    assert_refused(pool, map_range(range), YOKE_EUNSUPPORTED,
                   "yoke_range: its reserved");
    memset(range.reserved, 0, sizeof range.reserved);
    assert_refused(pool, map_range(range), YOKE_EINVAL, "dimensions");
    api_check_works(pool);
}

/* ---- arguments ---- */

static yoke_status map_one(yoke_arg arg)
{
    return yoke_map(pool, fill, yoke_range_1d(N), arg, yoke_scalar((uint32_t)1));
}

static void test_pointers(void **state)
{
    uint32_t *plain = malloc(N * sizeof *plain);
    uint32_t *gone = yoke_alloc(pool, N * sizeof *gone);

    (void)state;
    assert_ok(yoke_free(gone));
    assert_refused(pool, map_one(yoke_out(plain, 4)), YOKE_EINVAL,
                   "not memory of this pool");
    assert_contains(yoke_pool_error(pool), "argument 1");
    assert_contains(yoke_pool_error(pool), "'fill'");
    assert_contains(yoke_pool_error(pool), ".stage");
    assert_refused(pool, map_one(yoke_out(gone, 4)), YOKE_EINVAL,
                   "not memory of this pool");
    assert_refused(pool, map_one(yoke_out(&plain, 4)), YOKE_EINVAL,
                   "not memory of this pool");
    assert_refused(pool, map_one(yoke_out(NULL, 4)), YOKE_EINVAL, "the array is NULL");
    assert_refused(pool, map_one(yoke_out((void *)UINTPTR_MAX, 4)), YOKE_EINVAL,
                   "argument 1");
    assert_refused(pool, map_one(yoke_in(plain, 4)), YOKE_EINVAL,
                   "not memory of this pool");
    assert_refused(pool, map_one(yoke_in_whole(plain, 4)), YOKE_EINVAL, "not memory");
    /* In the window, but in no block. */
    assert_refused(pool, map_one(yoke_out((char *)numbers + ((size_t)1 << 33), 4)),
                   YOKE_EINVAL, "not memory of this pool");
    free(plain);
    api_check_works(pool);
}

static void test_slices_past_the_end(void **state)
{
    (void)state;
    assert_refused(pool, map_one(yoke_out(numbers + 1, 4)), YOKE_EINVAL, "4000 bytes");
    assert_contains(yoke_pool_error(pool), "3996");
    assert_refused(pool, map_one(yoke_out(numbers, 5)), YOKE_EINVAL, "5000 bytes");
    assert_refused(pool, map_one(yoke_out(numbers, SIZE_MAX)), YOKE_EINVAL,
                   "more bytes");
    assert_refused(pool, map_one(yoke_out(numbers, SIZE_MAX / 1000)), YOKE_EINVAL,
                   "bytes");
    assert_refused(pool, map_one(yoke_in_whole(numbers, 4001)), YOKE_EINVAL,
                   "4001 bytes");
    assert_refused(pool, map_one(yoke_in_whole(numbers, SIZE_MAX)), YOKE_EINVAL,
                   "bytes");
    assert_refused(pool, map_one(yoke_arg_at(yoke_out(numbers, 4), 1)), YOKE_EINVAL,
                   "4004");
    assert_refused(pool, map_one(yoke_arg_at(yoke_out(numbers, 4), SIZE_MAX / 4)),
                   YOKE_EINVAL, "bytes");
    assert_refused(pool, map_one(yoke_arg_strided(yoke_in(numbers, 4), 2, 4000)),
                   YOKE_EINVAL, "8000 bytes");
    assert_refused(pool, map_one(yoke_arg_strided(yoke_in(numbers, 4), SIZE_MAX, 4000)),
                   YOKE_EINVAL, "bytes");
    assert_refused(pool, map_one(yoke_arg_strided(yoke_in(numbers, 4), 3, SIZE_MAX)),
                   YOKE_EINVAL, "bytes");
    assert_refused(pool, map_one(yoke_arg_strided(yoke_in(numbers, 4), 2, 100)),
                   YOKE_EINVAL, "do not fit");
    api_check_works(pool);
}

static void test_shapes_of_arguments(void **state)
{
    yoke_arg arg = yoke_out(numbers, 4);

    (void)state;
    assert_refused(pool, map_one(yoke_out(numbers, 0)), YOKE_EINVAL, "0 bytes");
    arg.kind = YOKE_ARG_NONE;
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "kind");
    arg.kind = (yoke_arg_kind)77;
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "kind");
    arg = yoke_out(numbers, 4);
    arg.access = (yoke_access)0;
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "access");
    arg.access = (yoke_access)4;
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "access");
    arg = yoke_out(numbers, 4);
    arg.parts = (yoke_parts)9;
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "parts");
    arg = yoke_out(numbers, 4);
    arg.halo_before = 1;
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "halo");
    arg = yoke_in_whole(numbers, 4);
    arg.halo_after = 1;
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "not divided");
    assert_refused(pool, map_one(yoke_arg_at(yoke_in_whole(numbers, 4), 1)),
                   YOKE_EINVAL, "not divided");
    assert_refused(pool, map_one(yoke_arg_per_group(yoke_out(numbers, 4))), YOKE_EINVAL,
                   "work-group size");
    memset(&arg, 0, sizeof arg);
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "argument 1");
    memset(&arg, 0xff, sizeof arg);
    arg.leaves_some = arg.reads_all = true;
    assert_refused(pool, map_one(arg), YOKE_EUNSUPPORTED, "argument 1: yoke_arg: its");
    memset(arg.reserved, 0, sizeof arg.reserved);
    assert_refused(pool, map_one(arg), YOKE_EINVAL, "argument 1");
    api_check_works(pool);
}

static void test_values(void **state)
{
    static char big[20000];

    (void)state;
    assert_refused(pool, map_one(yoke_scalar_bytes(NULL, 100)), YOKE_EINVAL, "NULL");
    assert_refused(pool, map_one(yoke_scalar_bytes(big, sizeof big)), YOKE_EINVAL,
                   "at most");
    assert_refused(pool, map_one(yoke_scalar_bytes(big, SIZE_MAX)), YOKE_EINVAL,
                   "at most");
    assert_refused(pool, map_one(yoke_scalar_bytes(big, 0)), YOKE_EINVAL, "0 bytes");
    assert_refused(pool, map_one(yoke_local(0)), YOKE_EINVAL, "0 bytes");
    assert_refused(pool, map_one(yoke_local((size_t)1 << 33)), YOKE_EINVAL,
                   "local memory");
    assert_refused(pool,
                   yoke_map(pool, fill, yoke_range_1d(N), yoke_out(numbers, 4),
                            yoke_scalar_bytes(big, 16000), yoke_scalar_bytes(big, 400)),
                   YOKE_EINVAL, "argument 3");
    api_check_works(pool);
}

static void test_count_of_arguments(void **state)
{
    yoke_arg many[257];

    (void)state;
    for (int i = 0; i < 257; i++) {
        many[i] = yoke_scalar(i);
    }
    assert_refused(pool, yoke_map_with(pool, fill, yoke_range_1d(N), NULL, many, 257),
                   YOKE_EINVAL, "at most 256");
    assert_refused(pool,
                   yoke_map_with(pool, fill, yoke_range_1d(N), NULL, many, SIZE_MAX),
                   YOKE_EINVAL, "at most 256");
    assert_refused(pool, yoke_map_with(pool, fill, yoke_range_1d(N), NULL, NULL, 2),
                   YOKE_EINVAL, "`args` is NULL");
    api_check_works(pool);
}

static yoke_status map_two(yoke_arg a, yoke_arg b)
{
    return yoke_map(pool, fill, yoke_range_1d(N / 2), a, b);
}

/* Writes which of four arguments it finds. */
static void find_arguments(const yoke_span *span, void *const args[])
{
    uint32_t *found = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        found[i] = (args[1] != NULL ? 2U : 0) + (args[2] != NULL ? 4U : 0) +
                   (args[3] != NULL ? 8U : 0);
    }
}

/* A function that takes more than it is given finds nothing of an earlier job there, whatever was
 * absent in that one. */
static void test_fewer_arguments_after_an_absent_one(void **state)
{
    yoke_pool *own = api_open("cpu:1");
    yoke_kernel *finds = api_kernel(own, "find_arguments", find_arguments);
    uint32_t *found = yoke_alloc(own, 64), *a = yoke_alloc(own, 64);
    uint32_t *b = yoke_alloc(own, 64);

    (void)state;
    assert_true(found != NULL && a != NULL && b != NULL);
    assert_ok_pool(own, yoke_map(own, finds, yoke_range_1d(4), yoke_out(found, 4),
                                 yoke_null(), yoke_in(a, 4), yoke_in(b, 4)));
    assert_true(api_all(found, 4, 4 + 8));
    assert_ok_pool(own, yoke_map(own, finds, yoke_range_1d(4), yoke_out(found, 4)));
    assert_true(api_all(found, 4, 0));
    api_close(own);
}

static void test_overlaps(void **state)
{
    (void)state;
    assert_refused(pool, map_two(yoke_out(numbers, 4), yoke_in(numbers + 1, 4)),
                   YOKE_EINVAL, "arguments 1 and 2 overlap and one is written");
    assert_refused(pool,
                   map_two(yoke_out(numbers, 4), yoke_out(numbers + N / 2 - 1, 4)),
                   YOKE_EINVAL, "overlap and both are written");
    assert_refused(pool, map_two(yoke_out(numbers, 4), yoke_inout(numbers, 4)),
                   YOKE_EINVAL, "overlap and both are written");
    assert_refused(pool,
                   map_two(yoke_in_whole(numbers, 4 * N), yoke_out(numbers + 10, 4)),
                   YOKE_EINVAL, "overlap");
    assert_refused(pool, map_two(yoke_inout_read_all(numbers, 4), yoke_in(numbers, 4)),
                   YOKE_EINVAL, "overlap");
    assert_refused(pool,
                   map_two(yoke_out_whole(numbers, 4), yoke_out_whole(numbers, 4)),
                   YOKE_EINVAL, "overlap");
    assert_refused(pool,
                   map_two(yoke_in_halo(numbers, 4, 3, 3, YOKE_EDGE_CLIPPED),
                           yoke_out(numbers, 4)),
                   YOKE_EINVAL, "overlap");
    api_check_works(pool);
}

/* The same array may be read and written by two arguments; what is not quite that is refused. */
static void test_not_the_same_array(void **state)
{
    static const char remedy[] = "have to be the same pointer with the same parts per item";
    const yoke_arg in = yoke_in(numbers, 4);

    (void)state;
    assert_refused(pool, map_two(in, yoke_out(numbers, 8)), YOKE_EINVAL, remedy);
    assert_refused(pool, map_two(in, yoke_arg_at(yoke_out(numbers, 4), 1)), YOKE_EINVAL,
                   remedy);
    assert_refused(pool, map_two(in, yoke_arg_pitch(yoke_out(numbers, 4), 8)),
                   YOKE_EINVAL, remedy);
    assert_refused(pool, map_two(in, yoke_arg_strided(yoke_out(numbers, 4), 2, 2 * N)),
                   YOKE_EINVAL, remedy);
    assert_refused(pool, map_two(in, yoke_out_whole(numbers, 4)), YOKE_EINVAL, remedy);
    assert_refused(
        pool,
        map_two(yoke_in_halo(numbers, 4, 0, 1, YOKE_EDGE_CLIPPED), yoke_out(numbers, 4)),
        YOKE_EINVAL, remedy);
    assert_refused(pool,
                   yoke_map(pool, fill, yoke_range_2d(2, N / 4), in, yoke_out(numbers, 4)),
                   YOKE_EINVAL, "one work-item per part, such as yoke_range_1d()");
    api_check_works(pool);
}

/* ---- options of a map ---- */

static yoke_status map_options(const yoke_map_options *options)
{
    return yoke_map_with(pool, fill, yoke_range_1d(N), options,
                         YOKE_ARGS(yoke_out(numbers, 4), yoke_scalar((uint32_t)3)));
}

static void test_map_options(void **state)
{
    yoke_future *const none[] = {NULL};

    (void)state;
    assert_refused(pool, map_options(&(yoke_map_options){.timeout = -2}), YOKE_EINVAL,
                   "timeout");
    assert_refused(pool, map_options(&(yoke_map_options){.timeout = (double)NAN}),
                   YOKE_EINVAL, "timeout");
    assert_refused(pool, map_options(&(yoke_map_options){.timeout = (double)INFINITY}),
                   YOKE_EINVAL, "timeout");
    assert_refused(pool, map_options(&(yoke_map_options){.recovery = (yoke_recovery)9}),
                   YOKE_EINVAL, "recovery");
    assert_refused(pool, map_options(&(yoke_map_options){.after_count = 3}),
                   YOKE_EINVAL, "`after` is NULL");
    assert_refused(pool,
                   map_options(&(yoke_map_options){.after = none, .after_count = 1}),
                   YOKE_EINVAL, "after[0] is NULL");
    assert_refused(pool, map_options(&(yoke_map_options){.devices = "ox"}), YOKE_EINVAL,
                   "devices: unknown device \"ox\"");
    assert_refused(pool, map_options(&(yoke_map_options){.devices = "gpu"}),
                   YOKE_ENODEVICE, "no worker of this pool that matches \"gpu\"");
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
                                         YOKE_ARGS(yoke_out(there, 4))));
    assert_refused(pool,
                   map_options(&(yoke_map_options){.after = &future, .after_count = 1}),
                   YOKE_EINVAL, "after[0] is no future of this pool");
    assert_refused(pool, yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(numbers, 4)),
                   YOKE_EINVAL, "another pool");
    assert_refused(pool, map_one(yoke_out(there, 4)), YOKE_EINVAL, "argument 1");
    assert_ok(yoke_future_wait(future, YOKE_FOREVER));
    api_close(other);
    assert_refused(pool,
                   map_options(&(yoke_map_options){.after = &future, .after_count = 1}),
                   YOKE_EINVAL, "no future of this pool");
    yoke_future_destroy(future);
    api_check_works(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_ranges),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_slices_past_the_end),
        cmocka_unit_test(test_shapes_of_arguments),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_count_of_arguments),
        cmocka_unit_test(test_fewer_arguments_after_an_absent_one),
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_not_the_same_array),
        cmocka_unit_test(test_map_options),
        cmocka_unit_test(test_after_of_another_pool),
    };

    return yt_run_group_with(tests, misuse_set_up, misuse_tear_down);
}
