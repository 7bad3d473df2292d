/* SPDX-License-Identifier: MIT */
/* Launches that pass the check touch nothing outside their blocks, and arguments said
 * not to conflict share no byte: against marking every byte. */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>

#include "launch/check.h"
#include "launch/footprint.h"

enum { BLOCK = 8192, OFFSETS = 30, ROUNDS = 40000 };

static yk_arena arena;
static unsigned char *block;
static uint32_t *offsets;
static uint32_t *begins, *ends; /* not in order, without overlaps, with gaps */
static yk_error error;
static yk_launch launch;
static yk_kernel kernel;

static int open_arena(void **state)
{
    yk_mapping mapping;

    (void)state;
    yk_error_clear(&error);
    if (yk_mapping_create(&mapping, "test arena", 1 << 20, 1 << 20, &error) !=
            YOKE_OK ||
        yk_arena_init(&arena, mapping, false, &error) != YOKE_OK) {
        return -1;
    }
    (void)yk_arena_alloc(&arena, 4096, &error);
    block = yk_arena_alloc(&arena, BLOCK, &error);
    offsets = yk_arena_alloc(&arena, OFFSETS * sizeof *offsets, &error);
    for (uint32_t i = 0; offsets != NULL && i < OFFSETS; i++) {
        offsets[i] = i / 2 * 3;
    }
    begins = yk_arena_alloc(&arena, OFFSETS * sizeof *begins, &error);
    ends = yk_arena_alloc(&arena, OFFSETS * sizeof *ends, &error);
    for (uint32_t i = 0; begins != NULL && ends != NULL && i < OFFSETS; i++) {
        begins[i] = (i * 7 + 3) % OFFSETS * 3;
        ends[i] = begins[i] + i % 3;
    }
    return block != NULL && offsets != NULL && ends != NULL ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    yk_arena_fini(&arena);
    return 0;
}

static yoke_status fill(yoke_range range, bool round_up, const yoke_arg *args,
                        size_t count)
{
    const yk_request request = {.range = range,
                                .options = {.round_up = round_up},
                                .args = args,
                                .arg_count = count};
    const yk_launch_input input = {
        .request = &request, .kernel = &kernel, .parameter_count = -1, .arena = &arena};

    memset(&launch, 0x5a, sizeof launch);
    return yk_launch_fill(&launch, &input, &error);
}

/* ---- what a user fills in ---- */

static size_t upto(size_t most)
{
    return (size_t)rand() % (most + 1);
}

static yoke_range random_range(void)
{
    yoke_range range = yoke_range_3d(1 + upto(12), 1 + upto(6), 1 + upto(4));

    range.dimensions = 1 + (unsigned)upto(2);
    for (unsigned d = range.dimensions; d < 3; d++) {
        range.size[d] = 1;
    }
    range.split = (yoke_split)upto(range.dimensions);
    for (unsigned d = 0; d < range.dimensions; d++) {
        range.begin[d] = rand() % 3 == 0 ? upto(9) : 0;
    }
    return range;
}

static yoke_arg random_arg(void)
{
    unsigned char *at = block + upto(BLOCK / 2);
    yoke_arg arg;

    switch (rand() % 8) {
    case 0:
        return yoke_in_whole(at, 1 + upto(BLOCK));
    case 1:
        return yoke_inout_whole(at, 1 + upto(BLOCK));
    case 2:
        arg = yoke_in_halo(at, 1 + upto(rand() % 2 ? 20 : 600), 1 + upto(9),
                           1 + upto(9), YOKE_EDGE_CLIPPED);
        arg.edge = (yoke_edge)upto(YOKE_EDGE_PRESENT);
        arg.halo_after = upto(9);
        break;
    case 3:
        arg = yoke_inout_read_all(at, 1 + upto(600));
        break;
    case 4:
        arg = yoke_arg_per_group(yoke_out(at, 1 + upto(600)));
        break;
    case 5:
        arg = yoke_arg_strided(yoke_inout(at, 1 + upto(20)), 1 + upto(5), upto(400));
        break;
    default:
        arg = yoke_arg_array(at, 1 + upto(900), (yoke_access)(1 + upto(2)),
                             YOKE_PARTS_ITEM);
    }
    arg = rand() % 3 == 0 ? yoke_arg_of(arg, 1 + upto(20)) : arg;
    arg = rand() % 3 == 0 ? yoke_arg_pitch(arg, arg.bytes + upto(100)) : arg;
    return rand() % 3 == 0 ? yoke_arg_at(arg, upto(4)) : arg;
}

/* The same with any rule that says which parts are whose. */
static yoke_arg random_mapped_arg(void)
{
    const yoke_arg arg = random_arg();

    switch (rand() % 7) {
    case 4:
        return yoke_arg_between(arg, begins, ends);
    case 0:
        return yoke_arg_scaled(arg, upto(5), upto(5));
    case 1:
        return yoke_arg_mirrored(arg);
    case 2:
        return yoke_arg_from_begin(arg);
    case 3:
        return yoke_arg_ragged(arg, offsets + upto(OFFSETS));
    default:
        return arg;
    }
}

/* ---- bytes ---- */

typedef struct picture {
    bool read[BLOCK];
    bool written[BLOCK];
} picture;

static void mark(bool *bytes, const yk_extent *extents, size_t count)
{
    const uint64_t base = (uint64_t)(uintptr_t)block;

    for (size_t i = 0; i < count; i++) {
        for (uint64_t k = 0; k < yk_extent_pieces(&extents[i]); k++) {
            const uint64_t at = yk_extent_piece(&extents[i], k);

            if (at < base || at + extents[i].bytes > base + BLOCK) {
                fail_msg("bytes [%llu, %llu) of a block of %d",
                         (unsigned long long)(at - base),
                         (unsigned long long)(at - base + extents[i].bytes), BLOCK);
            }
            memset(bytes + (at - base), 1, extents[i].bytes);
        }
    }
}

/* All that the launch's items may touch of an argument; each item by itself as well. */
static void draw(picture *p, const yk_launch *of, const yk_arg *arg)
{
    const uint64_t begin = of->begin[of->split];
    const uint64_t end = begin + of->size[of->split];
    yk_extent extents[YK_MAX_EXTENTS];

    memset(p, 0, sizeof *p);
    mark(p->read, extents, yk_footprint_read(of, arg, begin, end, extents));
    mark(p->written, extents, yk_footprint_write(of, arg, begin, end, extents));
    for (uint64_t i = begin; i < end && of->group[of->split] == 0; i++) {
        picture one = {{0}, {0}};

        mark(one.read, extents, yk_footprint_read(of, arg, i, i + 1, extents));
        mark(one.written, extents, yk_footprint_write(of, arg, i, i + 1, extents));
        for (size_t byte = 0; byte < BLOCK; byte++) {
            assert_true(p->read[byte] >= one.read[byte]);
            assert_true(p->written[byte] >= one.written[byte]);
        }
    }
}

static bool share_a_byte(const picture *a, const picture *b)
{
    for (size_t i = 0; i < BLOCK; i++) {
        if ((a->written[i] && (b->written[i] || b->read[i])) ||
            (b->written[i] && a->read[i])) {
            return true;
        }
    }
    return false;
}

/* ---- tests ---- */

static void random_kernel(const yoke_range *range)
{
    memset(&kernel, 0, sizeof kernel);
    if (rand() % 2 == 0) {
        for (unsigned d = 0; d < 3; d++) {
            kernel.group[d] = d < range->dimensions ? 1 + upto(3) : 1;
        }
    }
}

static void test_accepted_arguments_stay_inside(void **state)
{
    static picture p;
    size_t accepted = 0;

    (void)state;
    srand(51);
    for (int round = 0; round < ROUNDS / 10; round++) {
        const yoke_range range = random_range();
        const yoke_arg arg = random_mapped_arg();

        random_kernel(&range);
        if (fill(range, true, &arg, 1) != YOKE_OK) {
            assert_int_equal(error.status, YOKE_EINVAL);
            assert_true(strlen(error.text) > 10);
            continue;
        }
        accepted++;
        assert_int_equal(launch.arg_count, 1);
        assert_int_equal(launch.args[0].block_address, (uintptr_t)block);
        draw(&p, &launch, &launch.args[0]);
    }
    assert_true(accepted > ROUNDS / 100);
}

/* ---- what the interface says, part by part ---- */

static void mark_part(bool *bytes, const yoke_arg *arg, int64_t number)
{
    const int64_t pitch = (int64_t)(arg->pitch != 0 ? arg->pitch : arg->bytes);
    const unsigned char *part = (const unsigned char *)arg->pointer + number * pitch;

    for (size_t b = 0; b < (arg->blocks > 1 ? arg->blocks : 1); b++) {
        const ptrdiff_t at = part + b * arg->stride - block;

        assert_between(at, 0, BLOCK - arg->bytes);
        memset(bytes + at, 1, arg->bytes);
    }
}

/* All that item i reads of an argument with parts per item. */
static void mark_read_by(bool *bytes, const yoke_arg *arg, int64_t item)
{
    const unsigned d = launch.split;
    const int64_t first = (int64_t)(launch.begin[d] + arg->at);
    const int64_t low = arg->count != 0 || arg->reads_all ? 0 : first;
    const int64_t high =
        arg->count != 0 ? (int64_t)arg->count : first + (int64_t)launch.size[d];
    const int64_t own = item + (int64_t)arg->at;

    for (int64_t part = low; part < high && arg->reads_all; part++) {
        mark_part(bytes, arg, part);
    }
    for (int64_t part = own - (int64_t)arg->halo_before;
         part <= own + (int64_t)arg->halo_after; part++) {
        const int64_t n = high - low;

        if (arg->edge == YOKE_EDGE_PERIODIC) {
            mark_part(bytes, arg, low + ((part - low) % n + n) % n);
        } else if (arg->edge == YOKE_EDGE_PRESENT || (part >= low && part < high)) {
            mark_part(bytes, arg, part);
        }
    }
}

static void check_reads(const yoke_arg *arg)
{
    const unsigned d = launch.split;
    yk_extent extents[YK_MAX_EXTENTS];

    for (uint64_t i = 0; i < launch.size[d]; i++) {
        static bool wanted[BLOCK];
        static bool got[BLOCK];
        const uint64_t item = launch.begin[d] + i;

        memset(wanted, 0, sizeof wanted);
        memset(got, 0, sizeof got);
        mark_read_by(wanted, arg, (int64_t)item);
        mark(got, extents,
             yk_footprint_read(&launch, &launch.args[0], item, item + 1, extents));
        assert_memory_equal(got, wanted, sizeof got);
    }
}

static void test_items_read_what_is_said(void **state)
{
    size_t accepted = 0;

    (void)state;
    srand(53);
    memset(&kernel, 0, sizeof kernel);
    for (int round = 0; round < ROUNDS / 4; round++) {
        const yoke_range range = random_range();
        const yoke_arg arg = random_arg();

        if (arg.parts == YOKE_PARTS_ITEM && (arg.access & YOKE_ACCESS_READ) != 0 &&
            fill(range, false, &arg, 1) == YOKE_OK) {
            check_reads(&arg);
            accepted++;
        }
    }
    assert_true(accepted > ROUNDS / 100);
}

static void test_disjoint_arguments_share_no_byte(void **state)
{
    static picture a, b;
    size_t disjoint = 0;
    size_t conflicting = 0;

    (void)state;
    srand(52);
    for (int round = 0; round < ROUNDS / 10; round++) {
        const yoke_range range = random_range();
        const yoke_arg args[] = {random_mapped_arg(), random_mapped_arg()};
        static yk_launch first;

        random_kernel(&range);
        if (fill(range, true, &args[0], 1) != YOKE_OK) {
            continue;
        }
        first = launch;
        if (fill(range, true, &args[1], 1) != YOKE_OK) {
            continue;
        }
        draw(&a, &first, &first.args[0]);
        draw(&b, &launch, &launch.args[0]);
        if (yk_args_conflict(&first, &first.args[0], &launch, &launch.args[0])) {
            conflicting++;
            assert_int_equal(fill(range, true, args, 2), YOKE_EINVAL);
            assert_contains(error.text, "overlap");
            assert_true(share_a_byte(&a, &b));
        } else {
            disjoint++;
            assert_false(share_a_byte(&a, &b));
            assert_ok(fill(range, true, args, 2));
        }
    }
    assert_true(disjoint > 100 && conflicting > 100);
}

/* The last byte that fits, and one more. */
static void test_exact_ends(void **state)
{
    yoke_arg arg = yoke_out(block, BLOCK / 8);

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    assert_ok(fill(yoke_range_1d(8), false, &arg, 1));
    arg.pointer = block + 1;
    assert_status(fill(yoke_range_1d(8), false, &arg, 1), YOKE_EINVAL);
    arg = yoke_in_whole(block, BLOCK);
    assert_ok(fill(yoke_range_1d(8), false, &arg, 1));
    arg = yoke_in_whole(block, BLOCK + 1);
    assert_status(fill(yoke_range_1d(8), false, &arg, 1), YOKE_EINVAL);
    arg = yoke_arg_strided(yoke_in(block, 4), 4, BLOCK / 4);
    assert_ok(fill(yoke_range_1d(BLOCK / 16), false, &arg, 1));
    arg = yoke_arg_strided(yoke_in(block, 4), 5, BLOCK / 4);
    assert_status(fill(yoke_range_1d(BLOCK / 16), false, &arg, 1), YOKE_EINVAL);
    arg = yoke_arg_at(yoke_in(block, 4), BLOCK / 4 - 8);
    assert_ok(fill(yoke_range_1d(8), false, &arg, 1));
    assert_status(fill(yoke_range_1d(9), false, &arg, 1), YOKE_EINVAL);
}

static yoke_range from(size_t begin, size_t items)
{
    yoke_range range = yoke_range_1d(items);

    range.begin[0] = begin;
    return range;
}

static void expect_refused(yoke_range range, yoke_arg arg, const char *text)
{
    assert_status(fill(range, false, &arg, 1), YOKE_EINVAL);
    assert_contains(error.text, text);
}

static void expect_accepted(yoke_range range, yoke_arg arg)
{
    assert_ok(fill(range, false, &arg, 1));
}

/* A halo that would end in the middle of the array, and what it should have been. */
static void test_halos_and_their_edges(void **state)
{
    const yoke_arg clipped = yoke_in_halo(block, 8, 2, 2, YOKE_EDGE_CLIPPED);
    const yoke_arg periodic = yoke_in_halo(block, 8, 2, 2, YOKE_EDGE_PERIODIC);
    unsigned char *inside = block + 64;

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    expect_accepted(from(0, 10), clipped);
    expect_refused(from(1, 10), clipped, "YOKE_EDGE_PRESENT reads");
    expect_refused(from(1, 10), clipped, "part 1, where a clipped halo");
    expect_refused(from(0, 10), yoke_arg_at(clipped, 3), "yoke_arg_of(halo, n)");
    expect_refused(from(2, 10), yoke_arg_at(periodic, 1),
                   "part 3, where a periodic halo");
    expect_accepted(from(1, 10), yoke_arg_of(clipped, 11));
    expect_accepted(from(2, 10), yoke_arg_at(yoke_arg_of(periodic, 20), 1));
    expect_refused(from(1, 10), yoke_arg_of(clipped, 10), "the array has 10 parts");
    expect_refused(from(0, 10), yoke_arg_of(yoke_in(block, 8), 9), "would own part 9");
    expect_refused(from(0, 10), yoke_arg_of(periodic, BLOCK), "allocation");

    expect_accepted(from(1, BLOCK / 8 - 2),
                    yoke_in_halo(block, 8, 1, 1, YOKE_EDGE_PRESENT));
    expect_refused(from(1, BLOCK / 8 - 1),
                   yoke_in_halo(block, 8, 1, 1, YOKE_EDGE_PRESENT),
                   "1 part before the range's first item and 1 after its last; the "
                   "allocation has 1 and 0 there");
    expect_accepted(from(0, 10), yoke_in_halo(inside, 8, 8, 0, YOKE_EDGE_PRESENT));
    expect_refused(from(0, 10), yoke_in_halo(inside, 8, 9, 0, YOKE_EDGE_PRESENT),
                   "the allocation has 8 and");
    expect_refused(from(0, 10), yoke_in_halo(block, 8, SIZE_MAX, 0, YOKE_EDGE_PRESENT),
                   "bytes");
    expect_refused(from(0, 10), yoke_in_halo(block, 8, 0, SIZE_MAX, YOKE_EDGE_PRESENT),
                   "bytes");
    expect_accepted(from(2, 10),
                    yoke_arg_of(yoke_in_halo(block, 8, 2, 1, YOKE_EDGE_PRESENT), 13));
    expect_refused(from(2, 10),
                   yoke_arg_of(yoke_in_halo(block, 8, 3, 1, YOKE_EDGE_PRESENT), 13),
                   "3 parts before the range's first item and 1 after its last; the "
                   "array has 2 and 1 there");
}

/* The last part is short, and a part is at least as long as its bytes. */
static void test_pitches(void **state)
{
    yoke_arg tile = yoke_arg_pitch(yoke_out(block + 24, 8), 32);

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    expect_accepted(from(0, BLOCK / 32), tile);
    expect_refused(from(0, BLOCK / 32 + 1), tile, "allocation");
    tile.pointer = block + 25;
    expect_refused(from(0, BLOCK / 32), tile, "allocation");
    expect_refused(from(0, 4), yoke_arg_pitch(yoke_in(block, 8), 7), "less than the 8");
    expect_refused(from(0, 4), yoke_arg_pitch(yoke_in(block, 8), SIZE_MAX), "bytes");
    expect_refused(from(0, 4), yoke_arg_pitch(yoke_in_whole(block, 8), 16), "strided");
    expect_accepted(from(0, 4),
                    yoke_arg_strided(yoke_in_whole(block + 8, 8), BLOCK / 16, 16));
    expect_refused(from(0, 4),
                   yoke_arg_strided(yoke_in_whole(block + 9, 8), BLOCK / 16, 16),
                   "allocation");
    expect_refused(from(0, 4), yoke_arg_strided(yoke_out_whole(block, 8), 4, 7),
                   "do not fit");
    expect_accepted(from(0, 4),
                    yoke_arg_pitch(yoke_arg_strided(yoke_out(block, 8), 3, 10), 28));
    expect_refused(from(0, 4),
                   yoke_arg_pitch(yoke_arg_strided(yoke_out(block, 8), 3, 10), 27),
                   "do not fit");
    expect_accepted(from(0, 4),
                    yoke_arg_strided(yoke_arg_pitch(yoke_out(block, 8), 10), 3, 38));
    expect_refused(from(0, 4),
                   yoke_arg_strided(yoke_arg_pitch(yoke_out(block, 8), 10), 3, 37),
                   "do not fit");
}

static void test_fields_that_do_not_go_together(void **state)
{
    yoke_arg arg = yoke_in(block, 8);

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    arg.edge = (yoke_edge)3;
    expect_refused(from(0, 4), arg, "edge 3");
    arg = yoke_inout(block, 8);
    arg.halo_after = 1;
    expect_refused(from(0, 4), arg, "halo");
    arg = yoke_inout(block, 8);
    arg.leaves_some = true;
    expect_refused(from(0, 4), arg, "yoke_out_some");
    arg = yoke_out(block, 8);
    arg.reads_all = true;
    expect_refused(from(0, 4), arg, "must be read");
    arg = yoke_in_halo(block, 8, 1, 1, YOKE_EDGE_CLIPPED);
    arg.reads_all = true;
    expect_refused(from(0, 4), arg, "cannot have a halo");
    arg = yoke_in_whole(block, 8);
    arg.edge = YOKE_EDGE_PRESENT;
    expect_refused(from(0, 4), arg, "not divided");
    expect_refused(from(0, 4), yoke_arg_of(yoke_in_whole(block, 8), 4), "not divided");
    kernel.group[0] = 2;
    expect_refused(from(0, 4),
                   yoke_arg_per_group(yoke_in_halo(block, 8, 0, 1, YOKE_EDGE_PRESENT)),
                   "per item");
    expect_accepted(from(0, 4),
                    yoke_arg_per_group(yoke_arg_pitch(yoke_out(block, 8), 30)));
}

/* Which parts an item owns: what can be said, and what the error says otherwise. */
static void test_parts_of_other_items(void **state)
{
    const yoke_arg out = yoke_out(block, 8);
    const yoke_arg in = yoke_in(block, 8);

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    expect_accepted(from(0, BLOCK / 32), yoke_arg_scaled(out, 4, 1));
    expect_refused(from(0, BLOCK / 32 + 1), yoke_arg_scaled(out, 4, 1), "allocation");
    expect_refused(from(0, 4), yoke_arg_scaled(out, 1, 2), "several items");
    expect_accepted(from(0, BLOCK / 4), yoke_arg_scaled(in, 1, 2));
    expect_refused(from(0, 4), yoke_arg_scaled(in, 0, 2), "0 / 2");
    expect_refused(from(0, 4), yoke_arg_scaled(in, 1, SIZE_MAX), "2^31");
    expect_refused(from(0, 4), yoke_arg_scaled(yoke_in_whole(block, 8), 1, 2),
                   "has no parts");
    expect_refused(from(0, 4), yoke_arg_mirrored(yoke_arg_scaled(in, 1, 2)), "two of");

    expect_accepted(from(0, BLOCK / 8), yoke_arg_mirrored(out));
    expect_refused(from(1, 4), yoke_arg_mirrored(out), "yoke_arg_of()");
    expect_accepted(from(1, 4), yoke_arg_of(yoke_arg_mirrored(out), 5));
    expect_refused(from(1, 4), yoke_arg_of(yoke_arg_mirrored(out), 4), "4 parts");
    expect_refused(from(0, 4), yoke_arg_at(yoke_arg_mirrored(out), 1), "yoke_arg_at()");

    expect_accepted(from(9, BLOCK / 8), yoke_arg_from_begin(out));
    expect_refused(from(9, BLOCK / 8), out, "allocation");
    expect_accepted(from(9, 4), yoke_arg_from_begin(yoke_in_halo(
                                    block, 8, 1, 1, YOKE_EDGE_CLIPPED)));
}

static void test_offsets(void **state)
{
    static uint32_t outside[8];
    const yoke_arg out = yoke_out(block, 8);

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    expect_accepted(from(0, OFFSETS - 1), yoke_arg_ragged(out, offsets));
    assert_int_equal(launch.used_count, 1);
    expect_accepted(from(OFFSETS - 2, 1), yoke_arg_ragged(out, offsets));
    expect_refused(from(0, OFFSETS), yoke_arg_ragged(out, offsets), "n + 1 offsets");
    expect_refused(from(0, 4), yoke_arg_ragged(out, outside), "memory of this pool");
    expect_refused(from(0, 4), yoke_arg_ragged(out, (uint16_t *)offsets), "4 or 8");
    expect_refused(from(0, 4), yoke_arg_ragged_sized(out, (char *)offsets + 1, 4),
                   "aligned");
    expect_refused(from(0, 4), yoke_arg_ragged(yoke_out(offsets, 4), offsets),
                   "the offsets of a ragged array");
    offsets[5]--;
    expect_refused(from(0, 9), yoke_arg_ragged(out, offsets),
                   "offset 4 is 6, offset 5 is 5");
    expect_accepted(from(5, 9), yoke_arg_ragged(out, offsets));
    offsets[5]++;
    offsets[9] = UINT32_MAX;
    expect_refused(from(0, 9), yoke_arg_ragged(out, offsets), "allocation");
    offsets[9] = 12;
}

/* Gives items 0 to 3 these parts. */
static void set_runs(uint32_t b0, uint32_t e0, uint32_t b1, uint32_t e1, uint32_t b2,
                     uint32_t e2, uint32_t b3, uint32_t e3)
{
    const uint32_t runs[] = {b0, e0, b1, e1, b2, e2, b3, e3};

    for (int i = 0; i < 4; i++) {
        begins[i] = runs[2 * i];
        ends[i] = runs[2 * i + 1];
    }
}

static uint32_t flags_of(yoke_arg arg)
{
    const yoke_range four = yoke_range_1d(4);

    assert_ok(fill(four, false, &arg, 1));
    return launch.args[0].flags & (YK_ARG_ASCENDS | YK_ARG_SCATTERED | YK_ARG_LEAVES_SOME);
}

/* What a chunk of the items reads or writes is one run of bytes. */
static void expect_run(uint64_t first, uint64_t last, uint64_t begin, uint64_t end)
{
    const yk_extent run = yk_footprint_own(&launch, &launch.args[0], first, last);

    assert_int_equal(run.bytes, (end - begin) * 8);
    if (begin < end) {
        assert_int_equal(run.address, (uintptr_t)block + begin * 8);
    }
}

static void test_runs(void **state)
{
    const yoke_arg out = yoke_arg_between(yoke_out(block, 8), begins, ends);
    const yoke_arg in = yoke_arg_between(yoke_in(block, 8), begins, ends);
    const yoke_arg both = yoke_arg_between(yoke_inout(block, 8), begins, ends);

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    set_runs(0, 2, 2, 3, 3, 3, 3, 9);
    assert_int_equal(flags_of(out), YK_ARG_ASCENDS);
    assert_int_equal(launch.used_count, 2);
    expect_run(0, 4, 0, 9);
    expect_run(1, 3, 2, 3);
    expect_run(2, 3, 0, 0);
    set_runs(1, 2, 5, 6, 0, 0, 7, 9);
    assert_int_equal(flags_of(out), YK_ARG_LEAVES_SOME);
    assert_int_equal(flags_of(both), 0);
    assert_int_equal(launch.block_items, 0);
    expect_run(1, 4, 5, 9);
    expect_run(2, 3, 0, 0);
    set_runs(5, 6, 3, 5, 0, 1, 1, 3);
    assert_int_equal(flags_of(out), YK_ARG_SCATTERED);
    assert_int_equal(launch.block_items, 1);
    assert_int_equal(flags_of(in), YK_ARG_SCATTERED);
    assert_int_equal(launch.block_items, 0);
    expect_run(0, 2, 3, 6);
    set_runs(0, 8, 4, 12, 2, 3, 2, 3);
    assert_int_equal(flags_of(in), YK_ARG_SCATTERED);
    expect_run(1, 3, 2, 12);
    set_runs(0, 0, 0, 0, 0, 0, 0, 0);
    assert_int_equal(flags_of(out), YK_ARG_ASCENDS);
    expect_run(0, 4, 0, 0);
}

static void test_runs_that_are_refused(void **state)
{
    static uint32_t outside[8];
    const yoke_arg out = yoke_arg_between(yoke_out(block, 8), begins, ends);
    const yoke_arg in = yoke_arg_between(yoke_in(block, 8), begins, ends);

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    set_runs(0, 4, 6, 8, 3, 5, 5, 6);
    expect_refused(from(0, 4), out, "items 0 and 2 both have part 3");
    expect_accepted(from(0, 4), in);
    expect_accepted(from(1, 3), out);
    set_runs(0, 4, 6, 5, 3, 5, 5, 6);
    expect_refused(from(0, 4), in, "item 1 begin at 6 and end at 5");
    set_runs(0, 4, 0, 4, 0, 4, 9, BLOCK / 8 + 1);
    expect_refused(from(0, 4), in, "allocation");
    set_runs(0, 1, 1, 2, 2, 3, 3, 4);
    expect_refused(from(0, OFFSETS + 9), in, "n begins and n ends");
    expect_refused(from(0, 4), yoke_arg_between(yoke_in(block, 8), begins, outside),
                   "memory of this pool");
    expect_refused(from(0, 4), yoke_arg_between(yoke_in(block, 8), (uint32_t *)NULL, ends),
                   "`begins` is NULL");
    expect_refused(from(0, 4), yoke_arg_between(yoke_in(block, 8), (uint16_t *)begins, ends),
                   "4 or 8");
    expect_refused(from(0, 4), yoke_arg_between(yoke_out(ends, 4), begins, ends),
                   "the offsets of a ragged array");
    expect_refused(from(0, 4), yoke_arg_mirrored(in), "two of");
    expect_refused(from(0, 4), yoke_arg_between(yoke_in_whole(block, 8), begins, ends),
                   "has no parts");
    kernel.group[0] = 4;
    set_runs(3, 4, 1, 2, 2, 3, 0, 1);
    expect_refused(from(0, 4), out, "per work-group");
    expect_accepted(from(0, 16), yoke_arg_per_group(out));
    assert_int_equal(launch.block_items, 4);
}

/* Tiles side by side are two arrays; so is a tile and what is read around it by parts. */
static void test_tiles_beside_each_other(void **state)
{
    const yoke_arg left = yoke_arg_pitch(yoke_inout(block, 16), 32);
    const yoke_arg right = yoke_arg_pitch(yoke_in(block + 16, 16), 32);
    const yoke_arg args[2][2] = {{left, right},
                                 {left, yoke_arg_pitch(yoke_in(block + 15, 16), 32)}};
    const yoke_arg halo[2] = {left,
                              yoke_in_halo(block + 320, 32, 1, 0, YOKE_EDGE_PRESENT)};

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    assert_ok(fill(yoke_range_1d(10), false, args[0], 2));
    assert_status(fill(yoke_range_1d(10), false, args[1], 2), YOKE_EINVAL);
    assert_contains(error.text, "overlap");
    assert_status(fill(yoke_range_1d(10), false, halo, 2), YOKE_EINVAL);
    assert_ok(fill(yoke_range_1d(9), false, halo, 2));
}

/* Of arguments that are the same array, one is left, read and written. */
static void test_aliases(void **state)
{
    const yoke_arg in = yoke_arg_pitch(yoke_in(block, 8), 16);
    const yoke_arg some = yoke_arg_pitch(yoke_out_some(block, 8), 16);
    const yoke_arg beside = yoke_arg_pitch(yoke_out(block + 8, 8), 16);
    const yoke_arg later = yoke_arg_at(in, 10);
    const yoke_arg args[] = {beside, in, later, in, some};
    const yoke_arg reads[] = {in, in};

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    assert_ok(fill(yoke_range_1d(10), false, args, 5));
    assert_int_equal(launch.args[0].access, YK_WRITE);
    assert_int_equal(launch.args[1].kind, YK_ARG_ARRAY);
    assert_int_equal(launch.args[1].access, YK_READ | YK_WRITE);
    assert_false(yk_arg_leaves_some(&launch.args[1]));
    assert_int_equal(launch.args[2].access, YK_READ);
    for (uint32_t i = 3; i < 5; i++) {
        assert_int_equal(launch.args[i].kind, YK_ARG_ALIAS);
        assert_ptr_equal(yk_launch_array_of(&launch, &launch.args[i]), &launch.args[1]);
    }
    assert_ok(fill(yoke_range_1d(10), false, reads, 2));
    assert_int_equal(launch.args[1].kind, YK_ARG_ARRAY);
    assert_int_equal(fill(yoke_range_1d(11), false, args, 5), YOKE_EINVAL);
}

static void test_split_and_groups(void **state)
{
    const yoke_arg none = {.kind = YOKE_ARG_NONE};

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    assert_ok(fill(yoke_range_3d(5, 4, 1), false, &none, 0));
    assert_int_equal(launch.split, 2); /* the last dimension, whatever its size */
    assert_int_equal(launch.whole, 0);
    assert_ok(fill(yoke_range_2d(7, 1), false, &none, 0));
    assert_int_equal(launch.split, 1);
    assert_ok(fill(yoke_range_1d(1), false, &none, 0));
    assert_int_equal(launch.split, 0);
    kernel.group[0] = 4;
    assert_ok(fill(yoke_range_2d(8, 3), false, &none, 0));
    assert_int_equal(launch.group[1], 1);
    assert_status(fill(yoke_range_2d(9, 3), false, &none, 0), YOKE_EINVAL);
    assert_ok(fill(yoke_range_2d(9, 3), true, &none, 0));
    assert_int_equal(yk_launch_global_size(&launch, 0), 12);
    assert_int_equal(yk_launch_global_size(&launch, 1), 3);
    assert_status(fill(yoke_range_1d(1), true, &none, 1), YOKE_EINVAL);
}

static void test_values_are_copied(void **state)
{
    unsigned char big[1000];
    const yoke_arg args[] = {yoke_scalar((char)7), yoke_scalar_bytes(big, sizeof big),
                             yoke_scalar(2.5), yoke_local(64)};
    double number;

    (void)state;
    memset(&kernel, 0, sizeof kernel);
    memset(big, 0x3c, sizeof big);
    assert_ok(fill(yoke_range_1d(1), false, args, 4));
    memset(big, 0, sizeof big);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(launch.args[i].value % 16, 0);
    }
    assert_int_equal(launch.values[launch.args[0].value], 7);
    assert_int_equal(launch.values[launch.args[1].value + 999], 0x3c);
    memcpy(&number, launch.values + launch.args[2].value, sizeof number);
    assert_true(number == 2.5);
    assert_int_equal(launch.args[3].bytes, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_arguments_stay_inside),
        cmocka_unit_test(test_items_read_what_is_said),
        cmocka_unit_test(test_disjoint_arguments_share_no_byte),
        cmocka_unit_test(test_exact_ends),
        cmocka_unit_test(test_halos_and_their_edges),
        cmocka_unit_test(test_pitches),
        cmocka_unit_test(test_fields_that_do_not_go_together),
        cmocka_unit_test(test_parts_of_other_items),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_runs_that_are_refused),
        cmocka_unit_test(test_tiles_beside_each_other),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_split_and_groups),
        cmocka_unit_test(test_values_are_copied),
    };

    return yt_run_group_with(tests, open_arena, close_arena);
}
