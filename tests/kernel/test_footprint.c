/* SPDX-License-Identifier: MIT */
/* Every rule against an oracle that marks bytes item by item. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/footprint.h"

enum { ARENA = 2048, BASE = 100, ROUNDS = 20000 };

/* How often each byte is named. */
typedef struct picture {
    unsigned char bytes[ARENA];
} picture;

static uint64_t seed;

static uint64_t pick(uint64_t least, uint64_t most)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return least + (seed >> 33) % (most - least + 1);
}

static void mark(picture *p, uint64_t address, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++) {
        if (address + i >= ARENA) {
            fail_msg("byte %llu is out of the arena",
                     (unsigned long long)(address + i));
        }
        p->bytes[address + i]++;
    }
}

static void mark_extents(picture *p, const yk_extent *extents, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(extents[i].bytes > 0);
        for (uint64_t b = 0; b < extents[i].blocks; b++) {
            mark(p, extents[i].address + b * extents[i].stride, extents[i].bytes);
        }
    }
}

static void mark_part(picture *p, const yk_arg *arg, uint64_t part)
{
    for (uint64_t b = 0; b < arg->blocks; b++) {
        mark(p, arg->address + arg->offset + part * arg->bytes + b * arg->stride,
             arg->bytes);
    }
}

static uint64_t part_of(const yk_launch *launch, const yk_arg *arg, uint64_t item)
{
    const unsigned d = launch->split;

    return arg->parts == YK_PARTS_GROUP ? (item - launch->begin[d]) / launch->group[d]
                                        : item;
}

static void mark_own(picture *p, const yk_launch *launch, const yk_arg *arg,
                     uint64_t item)
{
    if (arg->parts == YK_PARTS_WHOLE) {
        mark(p, arg->address, arg->bytes);
    } else {
        mark_part(p, arg, part_of(launch, arg, item));
    }
}

static void mark_halo(picture *p, const yk_launch *launch, const yk_arg *arg,
                      uint64_t item)
{
    const int64_t size = (int64_t)launch->size[launch->split];
    const int64_t first = (int64_t)launch->begin[launch->split];
    const int64_t halo = (int64_t)arg->halo;

    for (int64_t step = -halo; step <= halo; step++) {
        int64_t place = (int64_t)item - first + step;

        if ((arg->flags & YK_ARG_PERIODIC) != 0) {
            place = ((place % size) + size) % size;
        }
        if (place >= 0 && place < size) {
            mark_own(p, launch, arg, (uint64_t)(first + place));
        }
    }
}

/* From the first to the last byte of all parts, or up to the extent. */
static void mark_all(picture *p, const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t last =
        launch->begin[launch->split] + launch->size[launch->split] - 1;
    const uint64_t reach = (arg->blocks - 1) * arg->stride + arg->bytes;
    const uint64_t low = arg->address;
    uint64_t high =
        arg->address + arg->offset + part_of(launch, arg, last) * arg->bytes + reach;

    high = high > low + arg->extent ? high : low + arg->extent;
    mark(p, low, high - low);
}

static picture read_oracle(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                           uint64_t end)
{
    picture p = {{0}};

    for (uint64_t i = begin; i < end && (arg->access & YK_READ) != 0; i++) {
        if ((arg->flags & YK_ARG_READS_ALL) != 0) {
            mark_all(&p, launch, arg);
        } else {
            mark_halo(&p, launch, arg, i);
        }
    }
    return p;
}

static picture own_oracle(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                          uint64_t end)
{
    picture p = {{0}};

    for (uint64_t i = begin; i < end; i++) {
        mark_own(&p, launch, arg, i);
    }
    return p;
}

/* The same bytes as the oracle's, each named once. */
static void compare(const picture *got, const picture *oracle, const char *what,
                    int round)
{
    for (size_t i = 0; i < ARENA; i++) {
        if (got->bytes[i] != (oracle->bytes[i] != 0)) {
            fail_msg("round %d, %s: byte %zu named %d times, expected %d", round, what,
                     i, got->bytes[i], oracle->bytes[i] != 0);
        }
    }
}

static void random_arg(const yk_launch *launch, yk_arg *arg)
{
    const unsigned d = launch->split;
    uint64_t row;

    *arg = (yk_arg){.kind = YK_ARG_ARRAY, .address = BASE, .blocks = 1};
    arg->access = (uint32_t)pick(1, 3);
    arg->parts = (uint32_t)pick(0, 2);
    if (arg->parts == YK_PARTS_GROUP && launch->group[d] == 0) {
        arg->parts = YK_PARTS_ITEM;
    }
    arg->bytes = pick(1, 5);
    if (arg->parts == YK_PARTS_WHOLE) {
        return;
    }
    arg->offset = pick(0, 3) * arg->bytes;
    row = (arg->parts == YK_PARTS_GROUP ? yk_launch_group_count(launch)
                                        : launch->begin[d] + launch->size[d]) *
          arg->bytes;
    if (pick(0, 2) == 0) {
        arg->blocks = pick(1, 4);
        arg->stride = row + pick(0, 3);
    }
    if (arg->access == YK_READ && arg->parts == YK_PARTS_ITEM && pick(0, 1) == 0) {
        arg->halo = pick(0, 6);
        arg->flags = pick(0, 1) == 0 ? YK_ARG_PERIODIC : 0;
    } else if ((arg->access & YK_READ) != 0 && pick(0, 2) == 0) {
        arg->flags = YK_ARG_READS_ALL;
        arg->extent = pick(0, 1) * pick(1, 200);
    }
}

static void random_launch(yk_launch *launch)
{
    memset(launch, 0, sizeof *launch);
    launch->dimensions = (uint32_t)pick(1, 3);
    launch->split = (uint32_t)pick(0, launch->dimensions - 1);
    for (unsigned d = 0; d < 3; d++) {
        launch->size[d] = d < launch->dimensions ? pick(1, 24) : 1;
        launch->begin[d] = pick(0, 1) * pick(0, 9);
    }
    if (pick(0, 1) == 0) {
        for (unsigned d = 0; d < 3; d++) {
            launch->group[d] = pick(1, 5);
        }
        launch->round_up = 1;
    }
}

/* A chunk as a worker would take it: at groups' starts. */
static void random_chunk(const yk_launch *launch, uint64_t *begin, uint64_t *end)
{
    const unsigned d = launch->split;
    const uint64_t grain = launch->group[d] != 0 ? launch->group[d] : 1;
    const uint64_t tiles = (launch->size[d] + grain - 1) / grain;
    const uint64_t first = pick(0, tiles - 1);
    const uint64_t last = pick(first + 1, tiles);

    *begin = launch->begin[d] + first * grain;
    *end = launch->begin[d] + last * grain;
    if (*end > launch->begin[d] + launch->size[d]) {
        *end = launch->begin[d] + launch->size[d];
    }
}

/* From the argument's address to the last byte that any item may touch. */
static void check_span(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t from = launch->begin[launch->split];
    const uint64_t to = from + launch->size[launch->split];
    const picture read = read_oracle(launch, arg, from, to);
    const picture own = own_oracle(launch, arg, from, to);
    uint64_t low;
    uint64_t high;
    uint64_t last = 0;

    yk_footprint_span(launch, arg, &low, &high);
    assert_int_equal(low, arg->address);
    for (uint64_t i = 0; i < ARENA; i++) {
        if (read.bytes[i] != 0 || own.bytes[i] != 0) {
            assert_in_range(i, low, high - 1);
            last = i;
        }
    }
    assert_int_equal(last, high - 1);
}

static void check_chunk(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                        uint64_t end, int round)
{
    yk_extent extents[YK_MAX_EXTENTS];
    picture got = {{0}};
    picture oracle = read_oracle(launch, arg, begin, end);

    mark_extents(&got, extents, yk_footprint_read(launch, arg, begin, end, extents));
    compare(&got, &oracle, "read", round);

    memset(&got, 0, sizeof got);
    oracle = own_oracle(launch, arg, begin, end);
    extents[0] = yk_footprint_own(launch, arg, begin, end);
    mark_extents(&got, extents, 1);
    compare(&got, &oracle, "own", round);

    memset(&got, 0, sizeof got);
    if ((arg->access & YK_WRITE) == 0) {
        memset(&oracle, 0, sizeof oracle);
    }
    mark_extents(&got, extents, yk_footprint_write(launch, arg, begin, end, extents));
    compare(&got, &oracle, "write", round);
}

static void footprints_equal_the_oracle(void **state)
{
    static yk_launch launch;

    (void)state;
    seed = 2024;
    for (int round = 0; round < ROUNDS; round++) {
        yk_arg arg;
        uint64_t begin;
        uint64_t end;

        random_launch(&launch);
        random_arg(&launch, &arg);
        random_chunk(&launch, &begin, &end);
        check_chunk(&launch, &arg, begin, end, round);
        check_span(&launch, &arg);
    }
}

static void scalars_and_locals_touch_nothing(void **state)
{
    static yk_launch launch = {.dimensions = 1, .size = {8, 1, 1}};
    const uint32_t kinds[] = {YK_ARG_SCALAR, YK_ARG_LOCAL};
    yk_extent extents[YK_MAX_EXTENTS];
    uint64_t low;
    uint64_t high;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const yk_arg arg = {.kind = kinds[i], .bytes = 8, .access = 3};

        assert_int_equal(yk_footprint_read(&launch, &arg, 0, 8, extents), 0);
        assert_int_equal(yk_footprint_write(&launch, &arg, 0, 8, extents), 0);
        yk_footprint_span(&launch, &arg, &low, &high);
        assert_int_equal(high - low, 0);
    }
}

static void spans_saturate(void **state)
{
    static yk_launch launch = {
        .dimensions = 1, .begin = {UINT64_MAX - 1}, .size = {UINT64_MAX, 1, 1}};
    yk_arg arg = {.kind = YK_ARG_ARRAY,
                  .access = YK_READ,
                  .address = 4096,
                  .bytes = UINT64_MAX / 2,
                  .blocks = 3,
                  .stride = UINT64_MAX};
    uint64_t low;
    uint64_t high;

    (void)state;
    yk_footprint_span(&launch, &arg, &low, &high);
    assert_int_equal(low, 4096);
    assert_true(high == UINT64_MAX);
    arg.parts = YK_PARTS_WHOLE;
    arg.bytes = UINT64_MAX;
    yk_footprint_span(&launch, &arg, &low, &high);
    assert_true(high == UINT64_MAX);
}

/* Neighbours beyond any count are all that exist. */
static void enormous_halos_are_clipped(void **state)
{
    static yk_launch launch = {.dimensions = 1, .size = {100, 1, 1}};
    yk_extent extents[YK_MAX_EXTENTS];

    (void)state;
    for (uint32_t flags = 0; flags <= YK_ARG_PERIODIC; flags += YK_ARG_PERIODIC) {
        const yk_arg arg = {.kind = YK_ARG_ARRAY,
                            .access = YK_READ,
                            .address = 4096,
                            .bytes = 4,
                            .blocks = 1,
                            .flags = flags,
                            .halo = UINT64_MAX};

        assert_int_equal(yk_footprint_read(&launch, &arg, 50, 60, extents), 1);
        assert_int_equal(extents[0].address, 4096);
        assert_int_equal(extents[0].bytes, 400);
    }
}

/* Columns that fill the rows are one run of bytes. */
static void blocks_without_gaps_are_joined(void **state)
{
    static yk_launch launch = {.dimensions = 1, .size = {16, 1, 1}};
    const yk_arg arg = {.kind = YK_ARG_ARRAY,
                        .access = YK_READ,
                        .address = 4096,
                        .bytes = 4,
                        .blocks = 10,
                        .stride = 64};
    yk_extent extent = yk_footprint_own(&launch, &arg, 0, 16);

    (void)state;
    assert_int_equal(extent.blocks, 1);
    assert_int_equal(extent.bytes, 640);
    extent = yk_footprint_own(&launch, &arg, 0, 15);
    assert_int_equal(extent.blocks, 10);
    assert_int_equal(extent.bytes, 60);
}

static void launches_are_padded_to_groups(void **state)
{
    static yk_launch launch = {
        .dimensions = 2, .split = 1, .size = {10, 17, 1}, .group = {4, 8, 1}};

    (void)state;
    assert_int_equal(yk_launch_global_size(&launch, 0), 10);
    assert_int_equal(yk_launch_group_count(&launch), 3);
    launch.round_up = 1;
    assert_int_equal(yk_launch_global_size(&launch, 0), 12);
    assert_int_equal(yk_launch_global_size(&launch, 1), 24);
    assert_int_equal(yk_launch_global_size(&launch, 2), 1);
    memset(launch.group, 0, sizeof launch.group);
    assert_int_equal(yk_launch_global_size(&launch, 1), 17);
    assert_int_equal(yk_launch_group_count(&launch), 0);
}

static void only_arrays_read_and_written_change_in_place(void **state)
{
    (void)state;
    for (uint32_t access = 1; access <= 3; access++) {
        const yk_arg array = {.kind = YK_ARG_ARRAY, .access = access};
        const yk_arg scalar = {.kind = YK_ARG_SCALAR, .access = access};

        assert_int_equal(yk_arg_is_changed_in_place(&array), access == 3);
        assert_false(yk_arg_is_changed_in_place(&scalar));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(footprints_equal_the_oracle),
        cmocka_unit_test(scalars_and_locals_touch_nothing),
        cmocka_unit_test(spans_saturate),
        cmocka_unit_test(enormous_halos_are_clipped),
        cmocka_unit_test(blocks_without_gaps_are_joined),
        cmocka_unit_test(launches_are_padded_to_groups),
        cmocka_unit_test(only_arrays_read_and_written_change_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
