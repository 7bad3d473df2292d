/* SPDX-License-Identifier: MIT */
/* Every kind of array argument. */
#include "suite.h"

/* ---- in and out ---- */

static const char axpy_source[] =
    "__kernel void axpy(__global int *z, __global const int *x, __global const int "
    "  *y,\n"
    "                   const int a)\n"
    "{ size_t i = get_global_id(0); z[i] = a * x[i] + y[i]; }\n";

static void axpy(const yoke_span *span, void *const args[])
{
    int32_t *z = args[0];
    const int32_t *x = args[1], *y = args[2];
    const int32_t a = SUITE_VALUE(int32_t, args[3]);

    for (size_t i = span->begin; i < span->end; i++) {
        z[i] = a * x[i] + y[i];
    }
}

/* Each array begins somewhere else in its allocation. */
static void map_axpy(suite_run *run, size_t begin, size_t n, size_t skip)
{
    int32_t *z = suite_ints(run, begin + n, skip);
    int32_t *x = suite_ints(run, begin + n, skip * 3);
    int32_t *y = suite_ints(run, begin + n, skip * 1025);

    suite_map(run, 0, yoke_range_from(yoke_range_1d(n), begin, 0, 0), yoke_out(z, 4),
              yoke_in(x, 4), yoke_in(y, 4), yoke_scalar((int32_t)-7));
}

static void many_sizes(suite_run *run)
{
    map_axpy(run, 0, 10007, 0);
    map_axpy(run, 0, 63, 0);
    map_axpy(run, 0, 65, 0);
}

static void one_item(suite_run *run)
{
    map_axpy(run, 0, 1, 0);
    map_axpy(run, 11, 1, 4);
    map_axpy(run, 0, 2, 0);
}

static void range_begins_later(suite_run *run)
{
    map_axpy(run, 37, 997, 0);
    map_axpy(run, 4099, 4999, 0);
}

static void middle_of_an_allocation(suite_run *run)
{
    map_axpy(run, 0, 5003, 4);
    map_axpy(run, 3, 1000, 52);
}

/* ---- bytes ---- */

static const char flip_source[] =
    "__kernel void flip(__global uchar *out, __global const uchar *in)\n"
    "{ size_t i = get_global_id(0); out[i] = (uchar)(255 - in[i]); }\n";

static void flip(const yoke_span *span, void *const args[])
{
    uint8_t *out = args[0];
    const uint8_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (uint8_t)(255 - in[i]);
    }
}

static void single_bytes(suite_run *run)
{
    uint8_t *out = suite_bytes(run, 7919, 1);
    uint8_t *in = suite_bytes(run, 7919, 3);

    suite_map(run, 0, yoke_range_1d(7919), yoke_out(out, 1), yoke_in(in, 1));
}

/* ---- in place ---- */

static const char bump_source[] =
    "__kernel void bump(__global int *z)\n"
    "{ size_t i = get_global_id(0); if (i % 3 != 1) z[i] = z[i] * 3 + (int)i; }\n";

static void bump(const yoke_span *span, void *const args[])
{
    int32_t *z = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        if (i % 3 != 1) {
            z[i] = z[i] * 3 + (int32_t)i;
        }
    }
}

static void in_place(suite_run *run)
{
    int32_t *z = suite_ints(run, 6007, 8);

    suite_map(run, 0, yoke_range_1d(6007), yoke_inout(z, 4));
    suite_map(run, 0, yoke_range_1d(6007), yoke_inout(z, 4));
    suite_map(run, 0, yoke_range_from(yoke_range_1d(500), 701, 0, 0),
              yoke_inout(z, 4));
}

/* A number of one map is a scalar of the next. */
static void computed_scalars(suite_run *run)
{
    int32_t *numbers = suite_ints(run, 3000, 4);
    int32_t *x = suite_ints(run, 2003, 0);
    int32_t *y = suite_ints(run, 2003, 0);

    for (size_t k = 0; k < 3; k++) {
        int32_t *z = suite_ints(run, 2003, 0);

        suite_map(run, 1, yoke_range_1d(3000), yoke_inout(numbers, 4));
        suite_map(run, 0, yoke_range_1d(2003), yoke_out(z, 4), yoke_in(x, 4), yoke_in(y, 4),
                  yoke_scalar_from(&numbers[1400 + 3 * k]));
    }
}

/* ---- neighbours ---- */

static const char near_source[] =
    "__kernel void near_clipped(__global int *out, __global const int *in, const int "
    "  lo,\n"
    "                           const int hi)\n"
    "{ int i = (int)get_global_id(0), sum = 0;\n"
    "  for (int k = max(lo, i - 2); k <= min(hi - 1, i + 2); k++) sum += in[k] * (k - "
    "  i + 5);\n"
    "  out[i] = sum; }\n"
    "__kernel void near_wrapped(__global int *out, __global const int *in, const int "
    "  lo,\n"
    "                           const int hi)\n"
    "{ int i = (int)get_global_id(0), n = hi - lo, sum = 0;\n"
    "  for (int k = -3; k <= 3; k++) sum += in[lo + (i - lo + k + n) % n] * (k + 5);\n"
    "  out[i] = sum; }\n";

static void near_clipped(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const int32_t lo = SUITE_VALUE(int32_t, args[2]),
                  hi = SUITE_VALUE(int32_t, args[3]);

    for (int32_t i = (int32_t)span->begin; i < (int32_t)span->end; i++) {
        out[i] = 0;
        for (int32_t k = i - 2; k <= i + 2; k++) {
            out[i] += k >= lo && k < hi ? in[k] * (k - i + 5) : 0;
        }
    }
}

static void near_wrapped(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const int32_t lo = SUITE_VALUE(int32_t, args[2]),
                  hi = SUITE_VALUE(int32_t, args[3]);

    for (int32_t i = (int32_t)span->begin; i < (int32_t)span->end; i++) {
        out[i] = 0;
        for (int32_t k = -3; k <= 3; k++) {
            out[i] += in[lo + (i - lo + k + hi - lo) % (hi - lo)] * (k + 5);
        }
    }
}

/* The range's items own some of an array of `parts` parts, at whose ends the halo ends. */
static void map_near(suite_run *run, bool wrapped, size_t begin, size_t n, size_t parts)
{
    int32_t *out = suite_ints(run, begin + n, 4);
    int32_t *in = suite_ints(run, parts, 12);
    yoke_arg halo = wrapped ? yoke_in_halo(in, 4, 3, 3, YOKE_EDGE_PERIODIC)
                            : yoke_in_halo(in, 4, 2, 2, YOKE_EDGE_CLIPPED);

    if (parts != n) {
        halo = yoke_arg_of(halo, parts);
    }
    suite_map(run, 0, yoke_range_from(yoke_range_1d(n), begin, 0, 0), yoke_out(out, 4),
              halo, yoke_scalar((int32_t)0), yoke_scalar((int32_t)parts));
}

static void halo(suite_run *run)
{
    map_near(run, false, 0, 3001, 3001);
    map_near(run, false, 21, 401, 422);
    map_near(run, false, 21, 401, 4000);
    map_near(run, false, 0, 401, 402);
    map_near(run, false, 0, 1, 1);
}

static void halo_periodic(suite_run *run)
{
    map_near(run, true, 0, 3001, 3001);
    map_near(run, true, 21, 401, 422);
    map_near(run, true, 2, 401, 404);
    map_near(run, true, 0, 4, 4);
}

/* ---- whole arrays ---- */

static const char gather_source[] =
    "__kernel void gather(__global int *out, __global const int *table,\n"
    "                     __constant uchar *shift, const uint m)\n"
    "{ uint i = (uint)get_global_id(0);\n"
    "  out[i] = table[i * 7919u % m] + shift[i % 13u]; }\n";

static void gather(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *table = args[1];
    const uint8_t *shift = args[2];
    const uint32_t m = SUITE_VALUE(uint32_t, args[3]);

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = table[(uint32_t)i * 7919U % m] + shift[i % 13];
    }
}

static void in_whole(suite_run *run)
{
    int32_t *out = suite_ints(run, 4003, 0);
    int32_t *table = suite_ints(run, 1009, 4);
    uint8_t *shift = suite_bytes(run, 13, 0);

    suite_map(run, 0, yoke_range_1d(4003), yoke_out(out, 4),
              yoke_in_whole(table, 1009 * 4), yoke_in_whole(shift, 13),
              yoke_scalar((uint32_t)1009));
}

/* Reads what stays of all items and changes what does not of its own. */
static const char advance_source[] =
    "typedef struct { int fixed; int value; } body;\n"
    "__kernel void advance(__global body *all, const uint n)\n"
    "{ uint i = (uint)get_global_id(0); int sum = all[i].value;\n"
    "  for (uint k = 1; k < 9; k++) sum += (int)k * all[(i + k * 331u) % n].fixed;\n"
    "  all[i].value = sum; }\n";

static void advance(const yoke_span *span, void *const args[])
{
    int32_t *all = args[0];
    const uint32_t n = SUITE_VALUE(uint32_t, args[1]);

    for (uint32_t i = (uint32_t)span->begin; i < span->end; i++) {
        for (uint32_t k = 1; k < 9; k++) {
            all[2 * i + 1] += (int32_t)k * all[2 * ((i + k * 331U) % n)];
        }
    }
}

static void update(suite_run *run)
{
    int32_t *all = suite_ints(run, (size_t)2 * 3001, 8);

    for (int step = 0; step < 3; step++) {
        suite_map(run, 0, yoke_range_1d(3001), yoke_inout_read_all(all, 8),
                  yoke_scalar((uint32_t)3001));
    }
}

static const char scatter_source[] =
    "__kernel void scatter(__global int *out, __global const int *in, const uint m)\n"
    "{ uint i = (uint)get_global_id(0); out[i * 7u % m] = in[i]; }\n";

static void scatter(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const uint32_t m = SUITE_VALUE(uint32_t, args[2]);

    for (uint32_t i = (uint32_t)span->begin; i < span->end; i++) {
        out[i * 7U % m] = in[i];
    }
}

/* Two thirds of the output keep what they held. */
static void out_whole(suite_run *run)
{
    int32_t *out = suite_ints(run, 3001, 4);
    int32_t *in = suite_ints(run, 1000, 0);

    suite_map(run, 0, yoke_range_1d(1000), yoke_out_whole(out, 3001 * 4),
              yoke_in(in, 4), yoke_scalar((uint32_t)3001));
}

static const char count_source[] =
    "__kernel void count(__global int *bins, __global const int *in, const uint m)\n"
    "{ size_t i = get_global_id(0); atomic_add(&bins[(uint)(in[i] + 1000) % m], "
    "  in[i]); }\n";

static void count_ints(const yoke_span *span, void *const args[])
{
    int32_t *bins = args[0];
    const int32_t *in = args[1];
    const uint32_t m = SUITE_VALUE(uint32_t, args[2]);

    for (size_t i = span->begin; i < span->end; i++) {
        bins[(uint32_t)(in[i] + 1000) % m] += in[i];
    }
}

static void inout_whole(suite_run *run)
{
    int32_t *bins = suite_ints(run, 31, 4);
    int32_t *in = suite_ints(run, 4001, 0);

    for (int turn = 0; turn < 2; turn++) {
        suite_map(run, 0, yoke_range_1d(4001), yoke_inout_whole(bins, 31 * 4),
                  yoke_in(in, 4), yoke_scalar((uint32_t)31));
    }
}

/* ---- parts elsewhere, parts of several blocks ---- */

static const char shifted_source[] =
    "__kernel void shifted(__global int *out, __global const int *in)\n"
    "{ size_t i = get_global_id(0); out[i + 17] = in[i + 5] - 1; }\n";

static void shifted(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i + 17] = in[i + 5] - 1;
    }
}

static void parts_at(suite_run *run)
{
    int32_t *out = suite_ints(run, 5030, 0);
    int32_t *in = suite_ints(run, 5030, 4);

    suite_map(run, 0, yoke_range_1d(5009), yoke_arg_at(yoke_out(out, 4), 17),
              yoke_arg_at(yoke_in(in, 4), 5));
    suite_map(run, 0, yoke_range_from(yoke_range_1d(77), 100, 0, 0),
              yoke_arg_at(yoke_out(out, 4), 17), yoke_arg_at(yoke_in(in, 4), 5));
}

/* Three planes of one array into another's, in reverse order. */
static const char planes_source[] =
    "__kernel void planes(__global short *out, __global const short *in, const uint "
    "  pitch)\n"
    "{ size_t i = get_global_id(0);\n"
    "  for (uint c = 0; c < 3; c++) out[c * pitch + i] = in[(2 - c) * pitch + i] + c; "
    "  }\n";

static void planes(const yoke_span *span, void *const args[])
{
    int16_t *out = args[0];
    const int16_t *in = args[1];
    const uint32_t pitch = SUITE_VALUE(uint32_t, args[2]);

    for (size_t i = span->begin; i < span->end; i++) {
        for (uint32_t c = 0; c < 3; c++) {
            out[c * pitch + i] = (int16_t)(in[(2 - c) * pitch + i] + (int16_t)c);
        }
    }
}

static void strided(suite_run *run)
{
    const size_t pitch = 2111;
    int16_t *out = suite_bytes(run, 3 * pitch * 2, 2);
    int16_t *in = suite_bytes(run, 3 * pitch * 2, 6);

    suite_map(
        run, 0, yoke_range_1d(2003), yoke_arg_strided(yoke_out(out, 2), 3, pitch * 2),
        yoke_arg_strided(yoke_in(in, 2), 3, pitch * 2), yoke_scalar((uint32_t)pitch));
}

static const char column_source[] =
    "__kernel void column(__global int *out, __global const int *in, const uint w,\n"
    "                     const uint h)\n"
    "{ size_t x = get_global_id(0); int sum = 0;\n"
    "  for (uint y = 0; y < h; y++) sum += in[y * w + x] * (int)(y + 1);\n"
    "  out[x] = sum; }\n";

static void column(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const uint32_t w = SUITE_VALUE(uint32_t, args[2]),
                   h = SUITE_VALUE(uint32_t, args[3]);

    for (size_t x = span->begin; x < span->end; x++) {
        out[x] = 0;
        for (uint32_t y = 0; y < h; y++) {
            out[x] += in[y * w + x] * (int32_t)(y + 1);
        }
    }
}

static void columns(suite_run *run)
{
    const uint32_t w = 613, h = 23;
    int32_t *out = suite_ints(run, w, 0);
    int32_t *in = suite_ints(run, (size_t)w * h, 4);

    suite_map(run, 0, yoke_range_1d(w), yoke_out(out, 4),
              yoke_arg_strided(yoke_in(in, 4), h, w * 4), yoke_scalar(w),
              yoke_scalar(h));
}

/* ---- the same array, read and written ---- */

static const char blend_source[] =
    "__kernel void blend(__global int *out, __global const int *x, __global const int "
    "  *in,\n"
    "                    const int a, const int b)\n"
    "{ size_t i = get_global_id(0); out[i] = a * x[i] + b * in[i]; }\n";

static void blend(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *x = args[1], *in = args[2];
    const int32_t a = SUITE_VALUE(int32_t, args[3]), b = SUITE_VALUE(int32_t, args[4]);

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = a * x[i] + b * in[i];
    }
}

static void map_blend(suite_run *run, size_t begin, size_t n, int32_t *out,
                      const int32_t *x, const int32_t *in)
{
    suite_map(run, 0, yoke_range_from(yoke_range_1d(n), begin, 0, 0), yoke_out(out, 4),
              yoke_in(x, 4), yoke_in(in, 4), yoke_scalar((int32_t)3),
              yoke_scalar((int32_t)-2));
}

/* A chain of maps, in each of which arguments are the same array: the first and the last, the
 * first two, and all three. */
static void same_array(suite_run *run)
{
    int32_t *w = suite_ints(run, 6007, 12);
    int32_t *x = suite_ints(run, 6007, 0);

    map_blend(run, 0, 6007, w, x, w);
    map_blend(run, 0, 6007, x, x, w);
    map_blend(run, 701, 5003, w, w, w);
    map_blend(run, 0, 6007, x, x, x);
    map_blend(run, 0, 1, w, x, w);
}

static const char in_first_source[] =
    "__kernel void in_first(__global const short *in, __global short *out, const uint "
    "  pitch)\n"
    "{ size_t i = get_global_id(0);\n"
    "  for (uint c = 0; c < 3; c++) {\n"
    "    if (in[c * pitch + i] % 3 != 1) out[c * pitch + i] = in[c * pitch + i] * 5 + c;\n"
    "  } }\n";

static void in_first(const yoke_span *span, void *const args[])
{
    const int16_t *in = args[0];
    int16_t *out = args[1];
    const uint32_t pitch = SUITE_VALUE(uint32_t, args[2]);

    for (size_t i = span->begin; i < span->end; i++) {
        for (uint32_t c = 0; c < 3; c++) {
            if (in[c * pitch + i] % 3 != 1) {
                out[c * pitch + i] = (int16_t)(in[c * pitch + i] * 5 + (int)c);
            }
        }
    }
}

/* Parts of three blocks each, some of whose bytes stay. */
static void same_blocks(suite_run *run)
{
    const size_t pitch = 2111;
    int16_t *w = suite_bytes(run, 3 * pitch * 2, 2);
    const yoke_arg in = yoke_arg_strided(yoke_in(w, 2), 3, pitch * 2);
    const yoke_arg out = yoke_arg_strided(yoke_out_some(w, 2), 3, pitch * 2);
    const yoke_arg inout = yoke_arg_strided(yoke_inout(w, 2), 3, pitch * 2);

    suite_map(run, 0, yoke_range_1d(2003), in, out, yoke_scalar((uint32_t)pitch));
    suite_map(run, 0, yoke_range_1d(2003), in, inout, yoke_scalar((uint32_t)pitch));
    suite_map(run, 0, yoke_range_1d(2003), inout, in, yoke_scalar((uint32_t)pitch));
}

/* ---- the table ---- */

#define KERNEL(function, text) {{.name = #function, .source = text, .native = function}}

const suite_case suite_array_cases[] = {
    {"in and out, odd sizes", many_sizes, 0, KERNEL(axpy, axpy_source)},
    {"one item, two items", one_item, 0, KERNEL(axpy, axpy_source)},
    {"range with a begin", range_begins_later, 0, KERNEL(axpy, axpy_source)},
    {"pointers into allocations", middle_of_an_allocation, 0,
     KERNEL(axpy, axpy_source)},
    {"bytes at odd addresses", single_bytes, 0, KERNEL(flip, flip_source)},
    {"inout", in_place, 0, KERNEL(bump, bump_source)},
    {"scalars that a map computes",
     computed_scalars,
     0,
     {{.name = "axpy", .source = axpy_source, .native = axpy},
      {.name = "bump", .source = bump_source, .native = bump}}},
    {"in_halo", halo, 0, KERNEL(near_clipped, near_source)},
    {"in_halo_periodic", halo_periodic, 0, KERNEL(near_wrapped, near_source)},
    {"in_whole and constant memory", in_whole, 0, KERNEL(gather, gather_source)},
    {"update", update, 0, KERNEL(advance, advance_source)},
    {"out_whole", out_whole, 0, KERNEL(scatter, scatter_source)},
    {"inout_whole, with atomics",
     inout_whole,
     0,
     {{.name = "count", .source = count_source, .native = count_ints}}},
    {"arg_at", parts_at, 0, KERNEL(shifted, shifted_source)},
    {"arg_strided, planes", strided, 0, KERNEL(planes, planes_source)},
    {"arg_strided, columns", columns, 0, KERNEL(column, column_source)},
    {"the same array, read and written", same_array, 0, KERNEL(blend, blend_source)},
    {"the same blocks, read and written", same_blocks, 0,
     KERNEL(in_first, in_first_source)},
    {0},
};
