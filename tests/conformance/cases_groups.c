/* SPDX-License-Identifier: MIT */
/* Work-groups: barriers, local memory, parts that belong to a group. */
#include "suite.h"

#include <string.h>

/* A group of the split dimension: its number, its first item, one past its last. */
typedef struct group_items {
    size_t number;
    size_t begin;
    size_t end;
} group_items;

static group_items group_at(const yoke_span *span, size_t begin)
{
    const size_t group = span->group[span->split];
    const size_t first = span->range.begin[span->split];
    const size_t end = begin + group < span->end ? begin + group : span->end;

    return (group_items){(begin - first) / group, begin, end};
}

#define FOR_EACH_GROUP(g, span)                                                        \
    for (group_items g = group_at(span, (span)->begin); g.begin < (span)->end;         \
         g = group_at(span, g.end))

/* ---- barriers and local memory ---- */

static const char turn_source[] =
    "__kernel void turn_groups(__global int *out, __global const int *in,\n"
    "                          __local int *tile, __local char *odd)\n"
    "{ size_t i = get_global_id(0), k = get_local_id(0), n = get_local_size(0);\n"
    "  tile[k] = in[i]; odd[k] = (char)(in[i] & 1);\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  out[i] = tile[n - 1 - k] * 2 + odd[(k + 1) % n] + (int)get_group_id(0); }\n";

static void turn_groups(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    int32_t *tile = args[2];
    char *odd = args[3];

    FOR_EACH_GROUP(g, span) {
        const size_t n = g.end - g.begin;

        for (size_t k = 0; k < n; k++) {
            tile[k] = in[g.begin + k];
            odd[k] = (char)(in[g.begin + k] & 1);
        }
        for (size_t k = 0; k < n; k++) {
            out[g.begin + k] =
                tile[n - 1 - k] * 2 + odd[(k + 1) % n] + (int32_t)g.number;
        }
    }
}

static void local_memory(suite_run *run)
{
    int32_t *out = suite_ints(run, 5024 + 19, 4);
    int32_t *in = suite_ints(run, 5024 + 19, 0);

    suite_map(run, 0, yoke_range_1d(32 * 157), yoke_out(out, 4), yoke_in(in, 4),
              yoke_local(32 * 4), yoke_local(32));
    suite_map(run, 0, yoke_range_from(yoke_range_1d(32 * 3), 19, 0, 0),
              yoke_inout(out, 4), yoke_in(in, 4), yoke_local(32 * 4), yoke_local(32));
}

/* ---- parts per group ---- */

static const char sums_source[] =
    "__kernel void group_sums(__global int *partial, __global const int *in, const "
    "  uint n,\n"
    "                         __local int *scratch)\n"
    "{ size_t i = get_global_id(0), k = get_local_id(0);\n"
    "  scratch[k] = i < n ? in[i] : 0;\n"
    "  for (size_t width = get_local_size(0) / 2; width > 0; width /= 2) {\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    if (k < width) scratch[k] += scratch[k + width]; }\n"
    "  if (k == 0) partial[get_group_id(0)] = scratch[0]; }\n"
    "__kernel void add_offsets(__global int *out, __global const int *offsets,\n"
    "                          const uint n)\n"
    "{ size_t i = get_global_id(0); if (i < n) out[i] += offsets[get_group_id(0)]; }\n";

static void group_sums(const yoke_span *span, void *const args[])
{
    int32_t *partial = args[0];
    const int32_t *in = args[1];

    FOR_EACH_GROUP(g, span) {
        partial[g.number] = 0;
        for (size_t i = g.begin; i < g.end; i++) {
            partial[g.number] += in[i];
        }
    }
}

static void add_offsets(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *offsets = args[1];

    FOR_EACH_GROUP(g, span) {
        for (size_t i = g.begin; i < g.end; i++) {
            out[i] += offsets[g.number];
        }
    }
}

static void group_parts(suite_run *run)
{
    const uint32_t n = 16 * 200 - 5;
    int32_t *data = suite_ints(run, n, 4);
    int32_t *partial = suite_ints(run, 200, 8);

    for (int turn = 0; turn < 2; turn++) {
        suite_map(run, 0, yoke_range_1d(n), yoke_arg_per_group(yoke_out(partial, 4)),
                  yoke_in(data, 4), yoke_scalar(n), yoke_local(16 * 4));
        suite_map(run, 1, yoke_range_1d(n), yoke_inout(data, 4),
                  yoke_arg_per_group(yoke_in(partial, 4)), yoke_scalar(n));
    }
}

/* ---- a histogram per group ---- */

static const char histogram_source[] =
    "__kernel void histogram(__global uint *counts, __global const uchar *data,\n"
    "                        __local uint *bins, const uint n)\n"
    "{ uint k = (uint)get_local_id(0), size = (uint)get_local_size(0);\n"
    "  for (uint b = k; b < 64; b += size) bins[b] = 0;\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  if (get_global_id(0) < n) atomic_inc(&bins[data[get_global_id(0)] / 4]);\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  for (uint b = k; b < 64; b += size) counts[get_group_id(0) * 64 + b] = "
    "  bins[b]; }\n";

static void histogram(const yoke_span *span, void *const args[])
{
    uint32_t *counts = args[0];
    const uint8_t *data = args[1];

    FOR_EACH_GROUP(g, span) {
        memset(counts + g.number * 64, 0, 64 * 4);
        for (size_t i = g.begin; i < g.end; i++) {
            counts[g.number * 64 + data[i] / 4]++;
        }
    }
}

static void local_atomics(suite_run *run)
{
    const uint32_t n = 32 * 101 + 7;
    uint8_t *data = suite_bytes(run, n, 3);
    uint32_t *counts = suite_bytes(run, 102 * 256, 4);

    suite_map(run, 0, yoke_range_1d(n), yoke_arg_per_group(yoke_out(counts, 256)),
              yoke_in(data, 1), yoke_local(256), yoke_scalar(n));
}

/* ---- two dimensions ---- */

/* Each group turns a square of the matrix; a row of squares belongs to a row of groups.
 */
static const char transpose_source[] =
    "__kernel void transpose(__global float *out, __global const float *in, const "
    "  uint w,\n"
    "                        const uint h, __local float *tile)\n"
    "{ size_t kx = get_local_id(0), ky = get_local_id(1);\n"
    "  size_t column = get_group_id(1) * 8 + kx, row = get_group_id(0) * 8 + ky;\n"
    "  if (row < h && column < w) tile[ky * 9 + kx] = in[row * w + column];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  if (get_global_id(0) < h && get_global_id(1) < w)\n"
    "    out[get_global_id(1) * h + get_global_id(0)] = tile[kx * 9 + ky]; }\n";

static void transpose(const yoke_span *span, void *const args[])
{
    float *out = args[0];
    const float *in = args[1];
    const size_t w = SUITE_VALUE(uint32_t, args[2]), h = SUITE_VALUE(uint32_t, args[3]);

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < h; x++) {
            out[y * h + x] = in[x * w + y];
        }
    }
}

static void map_transpose(suite_run *run, uint32_t w, uint32_t h, bool whole)
{
    float *out = suite_floats(run, (size_t)w * h, 4);
    float *in = suite_floats(run, (size_t)w * h, 0);

    suite_map(run, 0, yoke_range_2d(h, w), yoke_out(out, h * 4),
              whole ? yoke_in_whole(in, (size_t)w * h * 4)
                    : yoke_arg_strided(yoke_in(in, 4), h, w * 4),
              yoke_scalar(w), yoke_scalar(h), yoke_local(8 * 9 * 4));
}

static void local_tiles(suite_run *run)
{
    map_transpose(run, 75, 43, false);
    map_transpose(run, 16, 64, true);
    map_transpose(run, 3, 5, false);
}

/* A part of a row of groups: the largest in each, as the splitting is along y. */
static const char band_source[] =
    "__kernel void band(__global int *out, __global const int *in, const uint w,\n"
    "                   __local int *scratch)\n"
    "{ size_t k = get_local_id(1) * 4 + get_local_id(0);\n"
    "  scratch[k] = in[get_global_id(1) * w + get_global_id(0)];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  if (k == 0) { int sum = 0; for (uint j = 0; j < 8; j++) sum += scratch[j];\n"
    "    out[get_group_id(1) * get_num_groups(0) + get_group_id(0)] = sum; } }\n";

static void band(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const size_t w = SUITE_VALUE(uint32_t, args[2]);

    FOR_EACH_GROUP(g, span) {
        for (size_t x = 0; x < w; x++) {
            int32_t *const sum = &out[g.number * (w / 4) + x / 4];

            *sum = (x % 4 == 0 ? 0 : *sum) + in[g.begin * w + x] +
                   in[(g.begin + 1) * w + x];
        }
    }
}

static void group_parts_2d(suite_run *run)
{
    int32_t *out = suite_ints(run, 11 * 47, 0);
    int32_t *in = suite_ints(run, 44 * 94, 4);

    suite_map(run, 0, yoke_range_2d(44, 94), yoke_arg_per_group(yoke_out(out, 11 * 4)),
              yoke_in(in, 44 * 4), yoke_scalar((uint32_t)44), yoke_local(32));
}

/* ---- the table ---- */

const suite_case suite_group_cases[] = {
    {"barriers and local memory",
     local_memory,
     0,
     {{.name = "turn_groups",
       .source = turn_source,
       .native = turn_groups,
       .group = {32}}}},
    {"parts per group",
     group_parts,
     0,
     {{.name = "group_sums",
       .source = sums_source,
       .native = group_sums,
       .group = {16},
       .round_up = true},
      {.name = "add_offsets",
       .source = sums_source,
       .native = add_offsets,
       .group = {16},
       .round_up = true}}},
    {"histogram with local atomics",
     local_atomics,
     0,
     {{.name = "histogram",
       .source = histogram_source,
       .native = histogram,
       .group = {32},
       .round_up = true}}},
    {"transpose with local tiles",
     local_tiles,
     0,
     {{.name = "transpose",
       .source = transpose_source,
       .native = transpose,
       .group = {8, 8},
       .round_up = true}}},
    {"parts per group in 2d",
     group_parts_2d,
     0,
     {{.name = "band", .source = band_source, .native = band, .group = {4, 2}}}},
    {0},
};
