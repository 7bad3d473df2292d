/* SPDX-License-Identifier: MIT */
/* Ranges of one to three dimensions, cut in each of them, and what a kernel is told
 * about the range it runs in. */
#include "suite.h"

/* ---- every work-item's cell of a volume ---- */

static const char cells_source[] =
    "__kernel void cells(__global int *out, __global const int *in, const uint w,\n"
    "                    const uint h)\n"
    "{ size_t x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);\n"
    "  size_t i = (z * h + y) * w + x;\n"
    "  out[i] = in[i] * 3 + (int)(x + 100 * y + 10000 * z); }\n";

static void cells(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const uint32_t w = SUITE_VALUE(uint32_t, args[2]),
                   h = SUITE_VALUE(uint32_t, args[3]);
    const suite_box box = suite_box_of(span);

    for (size_t z = box.begin[2]; z < box.end[2]; z++) {
        for (size_t y = box.begin[1]; y < box.end[1]; y++) {
            for (size_t x = box.begin[0]; x < box.end[0]; x++) {
                const size_t i = (z * h + y) * w + x;

                out[i] = in[i] * 3 + (int32_t)(x + 100 * y + 10000 * z);
            }
        }
    }
}

/* An argument of the volume w x h x d in which an item owns what belongs to it when the
 * range is cut in this dimension. */
static yoke_arg cut(yoke_arg (*make)(void *pointer, size_t bytes), void *pointer,
                    size_t element, const size_t size[3], unsigned split)
{
    const size_t row = size[0] * element;

    if (split == 0) {
        return yoke_arg_strided(make(pointer, element), size[1] * size[2], row);
    }
    if (split == 1) {
        return yoke_arg_strided(make(pointer, row), size[2], row * size[1]);
    }
    return make(pointer, row * size[1]);
}

static yoke_arg in(void *pointer, size_t bytes)
{
    return yoke_in(pointer, bytes);
}

/* The volume is just as large as the range reaches, so the parts in front of the
 * range's begin belong to no item. */
static void map_cells(suite_run *run, yoke_range range, yoke_split split)
{
    const unsigned d = (unsigned)split - 1;
    size_t size[3], count = 1;
    int32_t *out, *data;

    for (unsigned k = 0; k < 3; k++) {
        size[k] = range.begin[k] + range.size[k];
        count *= size[k];
    }
    out = suite_ints(run, count, 4);
    data = suite_ints(run, count, 12);
    suite_map(run, 0, yoke_range_split(range, split), cut(yoke_inout, out, 4, size, d),
              cut(in, data, 4, size, d), yoke_scalar((uint32_t)size[0]),
              yoke_scalar((uint32_t)size[1]));
}

static void rows(suite_run *run)
{
    map_cells(run, yoke_range_2d(37, 53), YOKE_SPLIT_Y);
    map_cells(run, yoke_range_2d(1, 211), YOKE_SPLIT_Y);
    map_cells(run, yoke_range_2d(211, 1), YOKE_SPLIT_Y);
}

static void columns(suite_run *run)
{
    map_cells(run, yoke_range_2d(53, 37), YOKE_SPLIT_X);
    map_cells(run, yoke_range_2d(211, 1), YOKE_SPLIT_X);
    map_cells(run, yoke_range_2d(1, 211), YOKE_SPLIT_X);
}

static void volume_by_z(suite_run *run)
{
    map_cells(run, yoke_range_3d(13, 7, 29), YOKE_SPLIT_Z);
    map_cells(run, yoke_range_3d(1, 1, 97), YOKE_SPLIT_Z);
}

static void volume_by_y(suite_run *run)
{
    map_cells(run, yoke_range_3d(13, 31, 5), YOKE_SPLIT_Y);
}

static void volume_by_x(suite_run *run)
{
    map_cells(run, yoke_range_3d(61, 3, 11), YOKE_SPLIT_X);
}

static void with_begins(suite_run *run)
{
    map_cells(run, yoke_range_from(yoke_range_2d(23, 41), 5, 3, 0), YOKE_SPLIT_Y);
    map_cells(run, yoke_range_from(yoke_range_2d(41, 23), 5, 3, 0), YOKE_SPLIT_X);
    map_cells(run, yoke_range_from(yoke_range_3d(9, 7, 17), 1, 2, 3), YOKE_SPLIT_Z);
    map_cells(run, yoke_range_from(yoke_range_3d(9, 17, 5), 4, 2, 3), YOKE_SPLIT_Y);
    map_cells(run, yoke_range_from(yoke_range_3d(19, 7, 5), 4, 2, 3), YOKE_SPLIT_X);
}

/* The split is the last of the range's dimensions where none is named, whatever its size:
 * one row is an item, and so is one plane. */
static void default_split(suite_run *run)
{
    int32_t *out = suite_ints(run, 40 * 30, 0);
    int32_t *data = suite_ints(run, 40 * 30, 0);

    suite_map(run, 0, yoke_range_3d(40, 30, 1), yoke_out(out, 4800),
              yoke_in(data, 4800), yoke_scalar((uint32_t)40), yoke_scalar((uint32_t)30));
    suite_map(run, 0, yoke_range_3d(1200, 1, 1), yoke_inout(data, 4800),
              yoke_in(out, 4800), yoke_scalar((uint32_t)1200), yoke_scalar((uint32_t)1));
    suite_map(run, 0, yoke_range_2d(1200, 1), yoke_inout(data, 4800),
              yoke_in(out, 4800), yoke_scalar((uint32_t)1200), yoke_scalar((uint32_t)1));
    suite_map(run, 0, yoke_range_2d(1, 1), yoke_inout(out, 4), yoke_in(data, 4),
              yoke_scalar((uint32_t)1), yoke_scalar((uint32_t)1));
    suite_map(run, 0, yoke_range_from(yoke_range_2d(40, 1), 0, 10, 0),
              yoke_inout(out, 160), yoke_in(data, 160), yoke_scalar((uint32_t)40),
              yoke_scalar((uint32_t)30));
}

/* ---- what a kernel is told ---- */

enum { TOLD = 22 };

static const char told_source[] =
    "__kernel void told(__global uint *out, const uint w, const uint h, const uint d)\n"
    "{ size_t x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);\n"
    "  __global uint *o = out + 22 * ((z * h + y) * w + x);\n"
    "  if (x >= w || y >= h || z >= d) return;\n"
    "  for (uint k = 0; k < 3; k++) {\n"
    "    o[k] = get_global_id(k); o[3 + k] = get_global_offset(k);\n"
    "    o[6 + k] = get_global_size(k); o[9 + k] = get_num_groups(k);\n"
    "    o[12 + k] = get_group_id(k); o[15 + k] = get_local_id(k);\n"
    "    o[18 + k] = get_local_size(k); }\n"
    "  o[21] = get_work_dim(); }\n";

static void tell(uint32_t *o, const yoke_span *span, const size_t id[3])
{
    for (unsigned d = 0; d < 3; d++) {
        const size_t group = span->group[d];
        const size_t begin = span->range.begin[d];
        const size_t groups = (span->range.size[d] + group - 1) / group;

        o[d] = (uint32_t)id[d];
        o[3 + d] = (uint32_t)begin;
        o[6 + d] = (uint32_t)(groups * group);
        o[9 + d] = (uint32_t)groups;
        o[12 + d] = (uint32_t)((id[d] - begin) / group);
        o[15 + d] = (uint32_t)((id[d] - begin) % group);
        o[18 + d] = (uint32_t)group;
    }
    o[21] = span->range.dimensions;
}

static void told(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const size_t w = SUITE_VALUE(uint32_t, args[1]), h = SUITE_VALUE(uint32_t, args[2]);
    const suite_box box = suite_box_of(span);

    for (size_t z = box.begin[2]; z < box.end[2]; z++) {
        for (size_t y = box.begin[1]; y < box.end[1]; y++) {
            for (size_t x = box.begin[0]; x < box.end[0]; x++) {
                tell(out + TOLD * ((z * h + y) * w + x), span, (size_t[3]){x, y, z});
            }
        }
    }
}

static uint32_t *map_told(suite_run *run, yoke_range range, yoke_split split,
                          bool with_reference)
{
    const unsigned d = (unsigned)split - 1;
    size_t size[3], count = 1;
    uint32_t *out;

    for (unsigned k = 0; k < 3; k++) {
        size[k] = range.begin[k] + range.size[k];
        count *= size[k];
    }
    out = suite_bytes(run, count * TOLD * 4, 4);
    {
        const yoke_arg args[] = {
            cut(yoke_inout, out, TOLD * 4, size, d), yoke_scalar((uint32_t)size[0]),
            yoke_scalar((uint32_t)size[1]), yoke_scalar((uint32_t)size[2])};

        (with_reference ? suite_map_args : suite_submit_args)(
            run, 0, yoke_range_split(range, split), args, 4);
    }
    return out;
}

static void told_of_1d(suite_run *run)
{
    (void)map_told(run, yoke_range_1d(8 * 133), YOKE_SPLIT_X, true);
    (void)map_told(run, yoke_range_from(yoke_range_1d(8 * 61), 13, 0, 0), YOKE_SPLIT_X,
                   true);
}

static void told_of_2d(suite_run *run)
{
    (void)map_told(run, yoke_range_2d(24, 32), YOKE_SPLIT_Y, true);
    (void)map_told(run, yoke_range_2d(64, 16), YOKE_SPLIT_X, true);
    (void)map_told(run, yoke_range_from(yoke_range_2d(16, 36), 3, 5, 0), YOKE_SPLIT_Y,
                   true);
}

static void told_of_3d(suite_run *run)
{
    (void)map_told(run, yoke_range_3d(8, 4, 34), YOKE_SPLIT_Z, true);
    (void)map_told(run, yoke_range_3d(8, 24, 6), YOKE_SPLIT_Y, true);
    (void)map_told(run, yoke_range_from(yoke_range_3d(40, 6, 4), 2, 1, 3),
                   YOKE_SPLIT_X, true);
}

static void told_of_rounded(suite_run *run)
{
    (void)map_told(run, yoke_range_2d(37, 51), YOKE_SPLIT_Y, true);
    (void)map_told(run, yoke_range_2d(53, 7), YOKE_SPLIT_X, true);
}

/* Without a size of its own the library chooses the work-groups: the same for a range
 * however it is cut. */
static void told_of_chosen_groups(suite_run *run)
{
    const yoke_range range = yoke_range_from(yoke_range_2d(30, 56), 2, 7, 0);
    uint32_t *const out = map_told(run, range, YOKE_SPLIT_Y, false);

    suite_set_unchecked(run, out);
    suite_wait(run);
    for (size_t y = 7; y < 63; y++) {
        for (size_t x = 2; x < 32; x++) {
            const uint32_t *const o = out + TOLD * (y * 32 + x);
            const yoke_span span = {.range = range, .group = {o[18], o[19], o[20]}};
            uint32_t wanted[TOLD];

            assert_true(o[18] > 0 && o[19] > 0 && o[20] == 1);
            tell(wanted, &span, (size_t[3]){x, y, 0});
            assert_memory_equal(o, wanted, sizeof wanted);
            assert_int_equal(o[18], out[TOLD * (7 * 32 + 2) + 18]);
            assert_int_equal(o[19], out[TOLD * (7 * 32 + 2) + 19]);
        }
    }
}

/* ---- the suite does split ---- */

/* By the name that it has for linkers, without the library's macro: the offset of the launch
 * itself. */
static const char pieces_source[] =
    "size_t _Z17get_global_offsetj(uint d);\n"
    "__kernel void pieces(__global uint *out)\n"
    "{ out[get_global_id(0)] = (uint)_Z17get_global_offsetj(0); }\n";

static void pieces(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (uint32_t)span->begin;
    }
}

/* A driver that compiles at the first launch is given a few items for that. */
static void is_split(suite_run *run)
{
    const size_t n = 2048;
    uint32_t *out = suite_bytes(run, n * 4, 0);
    size_t changes = 0;

    suite_set_unchecked(run, out);
    suite_submit(run, 0, yoke_range_1d(n), yoke_out(out, 4));
    suite_wait(run);
    for (size_t i = 0; i < n; i++) {
        changes += i > 0 && out[i] != out[i - 1];
        assert_true(out[i] <= i);
    }
    assert_true(suite_is_whole(run) ? changes <= 1 : changes > 0);
}

/* ---- the table ---- */

#define CELLS {{.name = "cells", .source = cells_source, .native = cells}}
#define TOLD_IN(...)                                                                   \
    {{.name = "told", .source = told_source, .native = told, .group = {__VA_ARGS__}}}

const suite_case suite_range_cases[] = {
    {"split ranges are split",
     is_split,
     0,
     {{.name = "pieces", .source = pieces_source, .native = pieces}}},
    {"2d, split y", rows, 0, CELLS},
    {"2d, split x", columns, 0, CELLS},
    {"3d, split z", volume_by_z, 0, CELLS},
    {"3d, split y", volume_by_y, 0, CELLS},
    {"3d, split x", volume_by_x, 0, CELLS},
    {"2d and 3d with begins", with_begins, 0, CELLS},
    {"the default split", default_split, 0, CELLS},
    {"ids and sizes in 1d", told_of_1d, 0, TOLD_IN(8)},
    {"ids and sizes in 2d", told_of_2d, 0, TOLD_IN(8, 4)},
    {"ids and sizes in 3d", told_of_3d, 0, TOLD_IN(4, 2, 2)},
    {"ids and sizes, rounded up",
     told_of_rounded,
     0,
     {{.name = "told",
       .source = told_source,
       .native = told,
       .group = {8, 4},
       .round_up = true}}},
    {"ids and sizes, groups chosen",
     told_of_chosen_groups,
     0,
     {{.name = "told", .source = told_source}}},
    {0},
};
