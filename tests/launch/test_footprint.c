/* SPDX-License-Identifier: MIT */
/* Every rule against an oracle that marks bytes item by item. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "support/yoke_test.h"

#include "launch/footprint.h"

enum { ARENA = 8192, BASE = 1500, ROUNDS = 20000 };

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
        for (uint64_t k = 0; k < yk_extent_pieces(&extents[i]); k++) {
            mark(p, yk_extent_piece(&extents[i], k), extents[i].bytes);
        }
        assert_between(extents[i].bytes, 1, yk_extent_bytes(&extents[i]));
    }
}

/* A part by its number, which is negative in front of the array's pointer. */
static void mark_part(picture *p, const yk_arg *arg, int64_t number)
{
    const int64_t pitch = (int64_t)(arg->pitch != 0 ? arg->pitch : arg->bytes);

    for (uint64_t b = 0; b < arg->blocks; b++) {
        mark(p,
             arg->address + arg->offset + (uint64_t)(number * pitch) + b * arg->stride,
             arg->bytes);
    }
}

/* Parts low to high - 1; none if they are equal. */
typedef struct parts {
    int64_t low;
    int64_t high;
} parts;

static int64_t number_of(const yk_launch *launch, const yk_arg *arg, uint64_t item)
{
    const uint64_t first = launch->begin[launch->split];

    if (arg->parts == YK_PARTS_GROUP) {
        return (int64_t)((item - first) / launch->group[launch->split]);
    }
    return (int64_t)((arg->flags & YK_ARG_FROM_BEGIN) != 0 ? item - first : item);
}

static int64_t offset_at(const yk_arg *arg, int64_t number)
{
    const void *offsets = (const void *)(uintptr_t)arg->offsets;

    return (int64_t)(arg->offset_bytes == 4 ? ((const uint32_t *)offsets)[number]
                                            : ((const uint64_t *)offsets)[number]);
}

static parts parts_of(const yk_launch *launch, const yk_arg *arg, uint64_t item)
{
    const int64_t n = number_of(launch, arg, item);
    const int64_t up = (int64_t)arg->scale_up;
    const int64_t down = (int64_t)arg->scale_down;
    parts own = {n, n + 1};

    if (arg->map == YK_MAP_SCALED) {
        own.low = n * up / down;
        own.high = (n + 1) * up / down;
        own.high += own.high == own.low;
    } else if (arg->map == YK_MAP_MIRRORED) {
        own.low = (int64_t)arg->mirror - 1 - n;
        own.high = own.low + 1;
    } else if (arg->map == YK_MAP_OFFSETS) {
        own.low = offset_at(arg, n);
        own.high = offset_at(arg, n + 1);
    }
    return own;
}

/* Of all items. */
static parts all_owned(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t first = launch->begin[launch->split];
    parts all = parts_of(launch, arg, first);

    for (uint64_t i = 1; i < launch->size[launch->split]; i++) {
        const parts own = parts_of(launch, arg, first + i);

        all.low = own.low < all.low ? own.low : all.low;
        all.high = own.high > all.high ? own.high : all.high;
    }
    return all;
}

static void mark_own(picture *p, const yk_launch *launch, const yk_arg *arg,
                     uint64_t item)
{
    const parts own = arg->parts == YK_PARTS_WHOLE ? (parts){0, 1}
                                                   : parts_of(launch, arg, item);

    for (int64_t part = own.low; part < own.high; part++) {
        mark_part(p, arg, part);
    }
}

static void mark_halo(picture *p, const yk_launch *launch, const yk_arg *arg,
                      uint64_t item)
{
    const parts owned = all_owned(launch, arg);
    const int64_t low = owned.low - (int64_t)arg->before;
    const int64_t high = owned.high + (int64_t)arg->after;
    const parts own = parts_of(launch, arg, item);

    for (int64_t part = own.low - (int64_t)arg->halo_before;
         part < own.high + (int64_t)arg->halo_after; part++) {
        const int64_t count = high - low;
        const bool is_there = part >= low && part < high;

        if (count > 0 && (arg->flags & YK_ARG_PERIODIC) != 0) {
            mark_part(p, arg, low + (((part - low) % count) + count) % count);
        } else if (is_there) {
            mark_part(p, arg, part);
        }
    }
}

static void mark_all(picture *p, const yk_launch *launch, const yk_arg *arg)
{
    const parts owned = all_owned(launch, arg);

    for (int64_t part = owned.low - (int64_t)arg->before;
         part < owned.high + (int64_t)arg->after; part++) {
        mark_part(p, arg, part);
    }
}

static picture read_oracle(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                           uint64_t end)
{
    picture p = {{0}};

    for (uint64_t i = begin; i < end && (arg->access & YK_READ) != 0; i++) {
        if ((arg->flags & YK_ARG_READS_ALL) != 0) {
            mark_all(&p, launch, arg);
        } else if (arg->parts == YK_PARTS_WHOLE) {
            mark_own(&p, launch, arg, i);
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

/* Blocks in the gaps between parts, or parts in those between blocks. */
static void random_blocks(const yk_launch *launch, yk_arg *arg)
{
    const parts owned = all_owned(launch, arg);
    const uint64_t count =
        (uint64_t)(owned.high - owned.low) + arg->before + arg->after;
    const uint64_t pitch = arg->pitch != 0 ? arg->pitch : arg->bytes;

    arg->blocks = pick(1, 4);
    if (pick(0, 1) == 0) {
        arg->stride = (count > 0 ? count - 1 : 0) * pitch + arg->bytes + pick(0, 3);
    } else {
        arg->stride = arg->bytes + pick(0, 3);
        arg->pitch = (arg->blocks - 1) * arg->stride + arg->bytes + pick(0, 3);
    }
}

static void random_reading(yk_arg *arg)
{
    if (arg->access == YK_READ && arg->parts == YK_PARTS_ITEM && pick(0, 1) == 0) {
        arg->halo_before = pick(0, 6);
        arg->halo_after = pick(0, 6);
        arg->flags = pick(0, 1) == 0 ? YK_ARG_PERIODIC : 0;
    } else if (pick(0, 1) == 0) {
        arg->flags = YK_ARG_READS_ALL;
    }
    if (arg->halo_before + arg->halo_after + arg->flags != 0 && pick(0, 1) == 0) {
        arg->before = pick(0, 9);
        arg->after = pick(0, 9);
    }
}

/* Which parts are whose. */
static void random_map(const yk_launch *launch, yk_arg *arg)
{
    static uint32_t narrow[64];
    static uint64_t wide[64];
    const uint64_t first = launch->begin[launch->split];
    int64_t last;

    arg->flags |= pick(0, 3) == 0 ? YK_ARG_FROM_BEGIN : 0;
    last = number_of(launch, arg, first + launch->size[launch->split] - 1);
    arg->map = (uint32_t)pick(0, 3);
    arg->scale_down = pick(1, 5);
    arg->scale_up = pick((arg->access & YK_WRITE) != 0 ? arg->scale_down : 1, 7);
    arg->mirror = (uint64_t)last + 1 + pick(0, 5);
    for (size_t i = 0; i < 64; i++) {
        wide[i] = narrow[i] = i == 0 ? (uint32_t)pick(0, 3)
                                     : narrow[i - 1] + (uint32_t)(pick(0, 1) * pick(0, 4));
    }
    arg->offset_bytes = pick(0, 1) == 0 ? 4 : 8;
    arg->offsets = (uint64_t)(uintptr_t)(arg->offset_bytes == 4 ? (void *)narrow : wide);
    arg->offsets_low = (uint64_t)offset_at(arg, number_of(launch, arg, first));
    arg->offsets_high = (uint64_t)offset_at(arg, last + 1);
}

static void random_arg(const yk_launch *launch, yk_arg *arg)
{
    const unsigned d = launch->split;

    *arg = (yk_arg){.kind = YK_ARG_ARRAY, .address = BASE, .blocks = 1};
    arg->access = (uint32_t)pick(1, 3);
    arg->parts = (uint32_t)pick(0, 2);
    if (arg->parts == YK_PARTS_GROUP && launch->group[d] == 0) {
        arg->parts = YK_PARTS_ITEM;
    }
    arg->bytes = pick(1, 5);
    if (arg->parts == YK_PARTS_WHOLE) {
        arg->blocks = pick(1, 4);
        arg->stride = arg->bytes + pick(0, 3);
        return;
    }
    arg->pitch = pick(0, 2) == 0 ? arg->bytes + pick(0, 4) : 0;
    if ((arg->access & YK_READ) != 0) {
        random_reading(arg);
    } else {
        arg->flags = pick(0, 1) == 0 ? YK_ARG_LEAVES_SOME : 0;
    }
    if (pick(0, 1) == 0) {
        random_map(launch, arg);
    }
    if (pick(0, 2) == 0) {
        random_blocks(launch, arg);
    }
    arg->offset = pick(0, 3) * (arg->pitch != 0 ? arg->pitch : arg->bytes);
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

/* Of neighbours that no halo reaches, the span may know nothing. */
static bool spans_what_is_read(const yk_arg *arg)
{
    return arg->before + arg->after == 0 ||
           (arg->before <= arg->halo_before && arg->after <= arg->halo_after);
}

/* The argument's address, and the first and the last byte that any item may touch. */
static void check_span(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t from = launch->begin[launch->split];
    const uint64_t to = from + launch->size[launch->split];
    const picture read = read_oracle(launch, arg, from, to);
    const picture own = own_oracle(launch, arg, from, to);
    uint64_t first = arg->address;
    uint64_t last = 0;
    uint64_t low;
    uint64_t high;

    yk_footprint_span(launch, arg, &low, &high);
    for (uint64_t i = ARENA; i-- > 0;) {
        if (read.bytes[i] != 0 || own.bytes[i] != 0) {
            last = last == 0 ? i : last;
            first = i < first ? i : first;
        }
    }
    assert_between(low, 0, first);
    assert_between(high, last + 1, ARENA);

    if (spans_what_is_read(arg)) {
        assert_int_equal(low, first);
        assert_int_equal(high, last == 0 ? arg->address : last + 1);
    }
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
    mark_extents(&got, extents, extents[0].bytes > 0);
    compare(&got, &oracle, "own", round);

    memset(&got, 0, sizeof got);
    if ((arg->access & YK_WRITE) == 0) {
        memset(&oracle, 0, sizeof oracle);
    }
    mark_extents(&got, extents, yk_footprint_write(launch, arg, begin, end, extents));
    compare(&got, &oracle, "write", round);

    memset(&got, 0, sizeof got);
    if (!yk_arg_leaves_some(arg)) {
        oracle = read_oracle(launch, arg, begin, end);
    }
    mark_extents(&got, extents, yk_footprint_load(launch, arg, begin, end, extents));
    compare(&got, &oracle, "load", round);
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
                            .halo_before = UINT64_MAX,
                            .halo_after = UINT64_MAX};

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
    assert_int_equal(yk_extent_pieces(&extent), 1);
    assert_int_equal(extent.bytes, 640);
    extent = yk_footprint_own(&launch, &arg, 0, 15);
    assert_int_equal(yk_extent_pieces(&extent), 10);
    assert_int_equal(extent.bytes, 60);
}

/* A box of a volume: rows in planes. The last row's end is the end. */
static void a_box_has_rows_and_planes(void **state)
{
    static yk_launch launch = {.dimensions = 3, .split = 2, .size = {4, 3, 5}};
    const yk_arg arg = {.kind = YK_ARG_ARRAY,
                        .access = YK_WRITE,
                        .address = 4096,
                        .bytes = 16,
                        .blocks = 3,
                        .stride = 100,
                        .pitch = 1000};
    const yk_extent box = yk_footprint_own(&launch, &arg, 1, 4);

    (void)state;
    assert_int_equal(box.blocks, 3);
    assert_int_equal(box.planes, 3);
    assert_int_equal(box.address, 4096 + 1000);
    assert_int_equal(yk_extent_piece(&box, 4), 4096 + 2100);
    assert_int_equal(yk_extent_end(&box), 4096 + 3000 + 200 + 16);
    assert_int_equal(yk_extent_bytes(&box), 9 * 16);
}

/* ---- extents ---- */

static void compare_marked(const picture *got, const picture *oracle, int round)
{
    for (size_t i = 0; i < ARENA; i++) {
        if ((got->bytes[i] != 0) != (oracle->bytes[i] != 0)) {
            fail_msg("round %d: byte %zu differs once joined", round, i);
        }
    }
}

static yk_extent random_extent(void)
{
    const yk_extent extent = {
        .address = BASE + pick(0, 300),
        .bytes = pick(1, 12),
        .blocks = pick(1, 6),
        .stride = pick(1, 40),
        .planes = pick(1, 4),
        .plane_stride = pick(1, 160),
    };

    return extent;
}

static picture picture_of(const yk_extent *extent)
{
    picture p = {{0}};

    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        mark(&p, yk_extent_piece(extent, k), extent->bytes);
    }
    return p;
}

static bool share_a_byte(const picture *a, const picture *b)
{
    for (size_t i = 0; i < ARENA; i++) {
        if (a->bytes[i] != 0 && b->bytes[i] != 0) {
            return true;
        }
    }
    return false;
}

static void extents_meet_where_bytes_are_common(void **state)
{
    int meeting = 0;

    (void)state;
    seed = 77;
    for (int round = 0; round < ROUNDS; round++) {
        const yk_extent rough[2] = {random_extent(), random_extent()};
        yk_extent a = yk_extent_joined(rough[0]);
        yk_extent b = yk_extent_joined(rough[1]);
        const picture p = picture_of(&rough[0]);
        picture q;
        const picture joined = picture_of(&a);

        compare_marked(&joined, &p, round);
        if (pick(0, 1) == 0 && a.blocks > 1 && b.blocks > 1 && b.planes == 1 &&
            a.stride > b.bytes) {
            b.stride = a.stride; /* two tiles of one picture */
        }
        if (yk_extents_meet(&a, &b)) {
            meeting++;
        }
        assert_int_equal(yk_extents_meet(&a, &b), yk_extents_meet(&b, &a));
        q = picture_of(&b);
        assert_int_equal(yk_extents_meet(&a, &b), share_a_byte(&p, &q));
    }
    assert_between(meeting, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

/* Halves of one picture of a million rows are told apart, or not, at once. */
static void halves_of_a_picture_do_not_meet(void **state)
{
    const yk_extent left = {.address = 4096,
                            .bytes = 2048,
                            .blocks = 1000000,
                            .stride = 4096,
                            .planes = 1};
    yk_extent right = left;

    (void)state;
    right.address += 2048;
    assert_false(yk_extents_meet(&left, &right));
    right.address -= 1;
    assert_true(yk_extents_meet(&left, &right));
    right.address += 1;
    right.bytes += 1;
    assert_true(yk_extents_meet(&left, &right));
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
        cmocka_unit_test(a_box_has_rows_and_planes),
        cmocka_unit_test(extents_meet_where_bytes_are_common),
        cmocka_unit_test(halves_of_a_picture_do_not_meet),
        cmocka_unit_test(launches_are_padded_to_groups),
        cmocka_unit_test(only_arrays_read_and_written_change_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
