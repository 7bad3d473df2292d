/* SPDX-License-Identifier: MIT */
/* Kernels with a host reference each, for all kinds of ranges and arguments. */
#ifndef TEST_OPENCL_CASES_H
#define TEST_OPENCL_CASES_H

#include "test_opencl_bench.h"

#define R YK_READ
#define W YK_WRITE
#define RW (YK_READ | YK_WRITE)
#define WANTED(b, i, type) ((type *)(void *)(b)->arrays[i].wanted)
#define FIRST(b, i, type) ((const type *)(const void *)(b)->arrays[i].first)

typedef struct opencl_case {
    const char *name; /* of the kernel */
    const char *source;
    uint32_t dimensions;
    uint32_t split;
    uint64_t begin[3];
    uint64_t size[3];
    uint64_t group[3];
    bool round_up;
    bool needs_double;
    bool only_whole;
    const char *options;
    void (*prepare)(bench *b); /* arguments, and what the blocks hold in the end */
} opencl_case;

static void fill_ints(bench *b, size_t block, int limit)
{
    bench_array *const array = &b->arrays[block];

    for (size_t i = 0; i < array->bytes / sizeof(int); i++) {
        ((int *)(void *)array->first)[i] = (int)((i * 31 + 7) % (size_t)limit);
    }
    memcpy(array->wanted, array->first, array->room);
}

static void fill_floats(bench *b, size_t block)
{
    bench_array *const array = &b->arrays[block];

    for (size_t i = 0; i < array->bytes / sizeof(float); i++) {
        ((float *)(void *)array->first)[i] = (float)((i * 13 + block) % 97);
    }
    memcpy(array->wanted, array->first, array->room);
}

static size_t total_items(const bench *b)
{
    return (size_t)(b->launch.size[0] * b->launch.size[1] * b->launch.size[2]);
}

static size_t items(const bench *b)
{
    return (size_t)b->launch.size[b->launch.split];
}

/* --- elementwise ------------------------------------------------------------------- */

static void prepare_saxpy(bench *b)
{
    const size_t n = items(b);
    const float a = 2.5f;

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, n * 4);
    (void)bench_array_arg(b, R, YK_PARTS_ITEM, 4, n * 4);
    (void)bench_array_arg(b, R, YK_PARTS_ITEM, 4, n * 4);
    bench_scalar(b, &a, sizeof a);
    fill_floats(b, 1);
    fill_floats(b, 2);
    for (size_t i = 0; i < n; i++) {
        WANTED(b, 0, float)[i] = a * FIRST(b, 1, float)[i] + FIRST(b, 2, float)[i];
    }
}

static const char saxpy_source[] =
    "__kernel void saxpy(__global float *z, __global const float *x,\n"
    "                    __global const float *y, float a)\n"
    "{ size_t i = get_global_id(0); z[i] = a * x[i] + y[i]; }\n";

static void prepare_in_place(bench *b)
{
    (void)bench_array_arg(b, RW, YK_PARTS_ITEM, 4, items(b) * 4);
    fill_ints(b, 0, 1000);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, int)[i] += (int)i;
    }
}

static void prepare_rows(bench *b)
{
    const size_t w = (size_t)b->launch.size[0];
    const size_t n = total_items(b);

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, w * 4, n * 4);
    (void)bench_array_arg(b, R, YK_PARTS_ITEM, w * 4, n * 4);
    bench_scalar(b, &(int){(int)w}, sizeof(int));
    fill_ints(b, 1, 5000);
    for (size_t i = 0; i < n; i++) {
        WANTED(b, 0, int)[i] = FIRST(b, 1, int)[i] * 2 + (int)(i / w * 1000 + i % w);
    }
}

static void prepare_columns(bench *b)
{
    const size_t w = (size_t)b->launch.size[0];
    const size_t h = (size_t)b->launch.size[1];

    for (int k = 0; k < 2; k++) {
        yk_arg *const arg =
            bench_array_arg(b, k == 0 ? W : R, YK_PARTS_ITEM, 4, w * h * 4);

        arg->blocks = h;
        arg->stride = w * 4;
    }
    bench_scalar(b, &(int){(int)w}, sizeof(int));
    fill_ints(b, 1, 5000);
    for (size_t i = 0; i < w * h; i++) {
        WANTED(b, 0, int)[i] = FIRST(b, 1, int)[i] * 2 + (int)(i / w * 1000 + i % w);
    }
}

static const char rows_source[] =
    "__kernel void rows(__global int *out, __global const int *in, int w)\n"
    "{ int x = get_global_id(0), y = get_global_id(1);\n"
    "  out[y * w + x] = in[y * w + x] * 2 + y * 1000 + x; }\n";

static void prepare_volume(bench *b)
{
    const size_t w = (size_t)b->launch.size[0];
    const size_t h = (size_t)b->launch.size[1];

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, w * h * 4, total_items(b) * 4);
    bench_scalar(b, &(int){(int)w}, sizeof(int));
    bench_scalar(b, &(int){(int)h}, sizeof(int));
    for (size_t i = 0; i < total_items(b); i++) {
        WANTED(b, 0, int)[i] =
            (int)(i % w + i / w % h * 100 + i / (w * h) * 10000);
    }
}

static void prepare_bounds(bench *b)
{
    const size_t n = items(b);

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, n * 4);
    bench_scalar(b, &(int){(int)n}, sizeof(int));
    for (size_t i = 0; i < n; i++) {
        WANTED(b, 0, int)[i] = (int)(i * 3);
    }
}

/* --- types ------------------------------------------------------------------------- */

static void prepare_types(bench *b)
{
    const signed char c = -5;
    const unsigned char uc = 250;
    const short s = -1234;
    const unsigned short us = 65000;
    const unsigned int ui = 4000000000u;
    const int64_t l = -5000000000;
    const uint64_t ul = UINT64_C(18000000000000000000);
    int64_t sum = c + uc + s + us;

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 8, items(b) * 8);
    bench_scalar(b, &c, sizeof c);
    bench_scalar(b, &uc, sizeof uc);
    bench_scalar(b, &s, sizeof s);
    bench_scalar(b, &us, sizeof us);
    bench_scalar(b, &ui, sizeof ui);
    bench_scalar(b, &l, sizeof l);
    bench_scalar(b, &ul, sizeof ul);
    sum += (int64_t)ui + l + (int64_t)(ul / 1000000);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, int64_t)[i] = sum + (int64_t)i;
    }
}

typedef struct record {
    int32_t a;
    float b;
    int64_t c;
    char d[8];
} record;

static void prepare_struct(bench *b)
{
    const record value = {17, 2.0f, -3000000000, {1, 2, 3, 4, 5, 6, 7, 8}};

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 8, items(b) * 8);
    bench_scalar(b, &value, sizeof value);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, int64_t)[i] = 17 + 2 * (int64_t)i - 3000000000 + 8;
    }
}

static void prepare_vectors(bench *b)
{
    const float offset[4] = {1, 2, 3, 4};
    const float scale[4] = {2, 3, 4, 0}; /* a float3 has the size of a float4 */
    const size_t n = items(b);

    (void)bench_array_arg(b, RW, YK_PARTS_ITEM, 16, n * 16);
    bench_scalar(b, offset, sizeof offset);
    bench_scalar(b, scale, sizeof scale);
    fill_floats(b, 0);
    for (size_t i = 0; i < n * 4; i++) {
        WANTED(b, 0, float)[i] =
            FIRST(b, 0, float)[i] * (i % 4 == 3 ? 1.0f : scale[i % 4]) + offset[i % 4];
    }
}

static void prepare_doubles(bench *b)
{
    const double a = 1.0 / 3.0;

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 8, items(b) * 8);
    bench_scalar(b, &a, sizeof a);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, double)[i] = a * (double)i;
    }
}

/* --- neighbours and whole arrays --------------------------------------------------- */

static void prepare_stencil(bench *b)
{
    const int n = (int)items(b);
    yk_arg *arg;

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, (size_t)n * 4);
    arg = bench_array_arg(b, R, YK_PARTS_ITEM, 4, (size_t)n * 4);
    arg->halo_before = arg->halo_after = 2;
    bench_scalar(b, &n, sizeof n);
    fill_ints(b, 1, 1000);
    for (int i = 0; i < n; i++) {
        const int low = i < 2 ? 0 : i - 2;
        const int high = i + 2 > n - 1 ? n - 1 : i + 2;

        WANTED(b, 0, int)[i] = FIRST(b, 1, int)[low] + 3 * FIRST(b, 1, int)[high];
    }
}

static void prepare_ring(bench *b)
{
    const int n = (int)items(b);
    yk_arg *arg;

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, (size_t)n * 4);
    arg = bench_array_arg(b, R, YK_PARTS_ITEM, 4, (size_t)n * 4);
    arg->halo_before = arg->halo_after = 3;
    arg->flags = YK_ARG_PERIODIC;
    bench_scalar(b, &n, sizeof n);
    fill_ints(b, 1, 1000);
    for (int i = 0; i < n; i++) {
        WANTED(b, 0, int)[i] = FIRST(b, 1, int)[(i + n - 3) % n] -
                               2 * FIRST(b, 1, int)[(i + 3) % n];
    }
}

static void prepare_table(bench *b)
{
    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, items(b) * 4);
    (void)bench_array_arg(b, R, YK_PARTS_WHOLE, 256, 256);
    fill_ints(b, 1, 777);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, int)[i] = FIRST(b, 1, int)[i * 7 % 64];
    }
}

/* Each item's first half is only read, so its value does not depend on who is first. */
static void prepare_update(bench *b)
{
    const size_t n = items(b);

    bench_array_arg(b, RW, YK_PARTS_ITEM, 8, n * 8)->flags = YK_ARG_READS_ALL;
    bench_scalar(b, &(int){(int)n}, sizeof(int));
    fill_ints(b, 0, 1000);
    for (size_t i = 0; i < n; i++) {
        WANTED(b, 0, int)[2 * i + 1] += FIRST(b, 0, int)[2 * ((i + 37) % n)];
    }
}

static void prepare_scatter(bench *b)
{
    const size_t n = items(b);

    (void)bench_array_arg(b, W, YK_PARTS_WHOLE, n * 8, n * 8);
    for (size_t i = 0; i < n; i++) {
        WANTED(b, 0, int)[(n - 1 - i) * 2] = (int)i;
    }
}

static void prepare_histogram(bench *b)
{
    (void)bench_array_arg(b, RW, YK_PARTS_WHOLE, 64, 64);
    (void)bench_array_arg(b, R, YK_PARTS_ITEM, 4, items(b) * 4);
    fill_ints(b, 0, 100);
    fill_ints(b, 1, 16);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, int)[FIRST(b, 1, int)[i]]++;
    }
}

/* --- arrays inside blocks ---------------------------------------------------------- */

/* Output, input on a page of its own, input where no sub-buffer may begin. */
static void prepare_one_block(bench *b)
{
    const size_t n = items(b);
    const size_t block = bench_block(b, 3 * BENCH_PAGE + n * 4);
    const size_t odd = 2 * BENCH_PAGE + 4;

    (void)bench_arg_in(b, block, 0, W, YK_PARTS_ITEM, 4);
    (void)bench_arg_in(b, block, BENCH_PAGE, R, YK_PARTS_ITEM, 4);
    (void)bench_arg_in(b, block, odd, R, YK_PARTS_ITEM, 4);
    fill_ints(b, block, 1000);
    for (size_t i = 0; i < n; i++) {
        WANTED(b, 0, int)[i] = FIRST(b, 0, int)[BENCH_PAGE / 4 + i] +
                               5 * FIRST(b, 0, int)[odd / 4 + i];
    }
}

/* The kernel itself adds 10 to its id. */
static void prepare_shifted(bench *b)
{
    const size_t n = items(b);

    bench_array_arg(b, W, YK_PARTS_ITEM, 4, (n + 20) * 4)->offset = 40;
    for (size_t i = 0; i < n; i++) {
        WANTED(b, 0, int)[i + 10] = (int)i;
    }
}

/* A range that begins at 40: items are counted by their global id. */
static void prepare_begun(bench *b)
{
    const size_t begin = (size_t)b->launch.begin[0];

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, (begin + items(b)) * 4);
    for (size_t i = begin; i < begin + items(b); i++) {
        WANTED(b, 0, int)[i] = (int)i;
    }
}

/* --- groups ------------------------------------------------------------------------ */

static void prepare_partial(bench *b)
{
    const size_t group = (size_t)b->launch.group[0];
    const size_t n = items(b);

    (void)bench_array_arg(b, W, YK_PARTS_GROUP, 4, n / group * 4);
    (void)bench_array_arg(b, R, YK_PARTS_ITEM, 4, n * 4);
    bench_local(b, group * 4);
    fill_ints(b, 1, 1000);
    for (size_t g = 0; g < n / group; g++) {
        WANTED(b, 0, int)[g] = 0;
        for (size_t i = 0; i < group; i++) {
            WANTED(b, 0, int)[g] += FIRST(b, 1, int)[g * group + i];
        }
    }
}

static const char partial_source[] =
    "__kernel void partial(__global int *sums, __global const int *in, __local int *s)\n"
    "{ size_t l = get_local_id(0), n = get_local_size(0);\n"
    "  s[l] = in[get_global_id(0)];\n"
    "  for (size_t k = n / 2; k > 0; k /= 2) {\n"
    "    barrier(CLK_LOCAL_MEM_FENCE); if (l < k) s[l] += s[l + k]; }\n"
    "  if (l == 0) sums[get_group_id(0)] = s[0]; }\n";

static void prepare_tiles(bench *b)
{
    const size_t w = (size_t)b->launch.size[0];
    const size_t n = total_items(b);

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, w * 4, n * 4);
    (void)bench_array_arg(b, R, YK_PARTS_ITEM, w * 4, n * 4);
    bench_scalar(b, &(int){(int)w}, sizeof(int));
    fill_ints(b, 1, 9999);
    for (size_t i = 0; i < n; i++) {
        const size_t x = i % w;
        const size_t y = i / w;

        WANTED(b, 0, int)[i] =
            FIRST(b, 1, int)[(y / 8 * 8 + x % 8) * w + x / 8 * 8 + y % 8];
    }
}

/* Every work-item writes down what it is told about itself. */
enum { TOLD = 16 };

static void tell_dimension(int *told, const yk_launch *launch, unsigned d, size_t id,
                           const uint64_t group[3])
{
    const size_t begin = (size_t)launch->begin[d];
    const size_t size = (size_t)yk_launch_global_size(launch, d);

    told[0] = (int)(begin + id);
    told[1] = (int)(id / group[d]);
    told[2] = (int)(size / group[d]);
    told[3] = (int)size;
    told[4] = (int)begin;
    told[5] = (int)(id % group[d]);
    told[6] = (int)group[d];
}

static void prepare_told(bench *b, const uint64_t group[3])
{
    const yk_launch *const launch = &b->launch;
    const size_t w = (size_t)launch->size[0];
    const size_t h = (size_t)launch->size[1];
    const size_t row = w * TOLD * sizeof(int);
    const size_t unit = launch->split == 1 ? row : TOLD * sizeof(int);
    const size_t skipped = (size_t)launch->begin[launch->split] * unit;
    yk_arg *const arg = bench_array_arg(b, W, YK_PARTS_ITEM, unit, skipped + h * row);
    const int numbers[] = {(int)w, (int)h, (int)launch->begin[0], (int)launch->begin[1],
                           (int)(skipped / sizeof(int))};
    int *told = WANTED(b, 0, int) + skipped / sizeof(int);

    if (launch->split == 0) {
        arg->blocks = h;
        arg->stride = row;
    }
    bench_scalar(b, numbers, sizeof numbers);
    for (size_t i = 0; i < w * h; i++, told += TOLD) {
        tell_dimension(told, launch, 0, i % w, group);
        tell_dimension(told + 7, launch, 1, i / w, group);
        told[14] = (int)launch->dimensions;
        told[15] = told[1] * 1000 + told[7 + 2];
    }
}

static const char told_source[] =
    "typedef struct { int w, h, bx, by, skipped; } numbers;\n"
    "/* get_global_linear_id */ // get_group_id\n"
    "__kernel void told(__global int *out, numbers n)\n"
    "{ int x = (int)get_global_id(0) - n.bx, y = (int)get_global_id(1) - n.by;\n"
    "  if (x >= n.w || y >= n.h) return;\n"
    "  out += n.skipped + (y * n.w + x) * 16;\n"
    "  for (uint d = 0; d < 2; d++) {\n"
    "    out[7 * d] = get_global_id(d); out[7 * d + 1] = get_group_id (d);\n"
    "    out[7 * d + 2] = get_num_groups(d); out[7 * d + 3] = get_global_size(d);\n"
    "    out[7 * d + 4] = get_global_offset(d); out[7 * d + 5] = get_local_id(d);\n"
    "    out[7 * d + 6] = get_local_size(d); }\n"
    "  out[14] = get_work_dim();\n"
    "  out[15] = get_group_id(0) * 1000 + get_num_groups(1); }\n";

static void prepare_told_grouped(bench *b)
{
    const uint64_t group[3] = {b->launch.group[0],
                               b->launch.group[1] != 0 ? b->launch.group[1] : 1, 1};

    prepare_told(b, group);
}

/* Without a size of its own a kernel that asks for groups gets items one by one in the
 * split dimension, and in the others what divides the range. */
static void prepare_told_alone(bench *b)
{
    prepare_told(b, b->launch.dimensions == 1 ? (const uint64_t[3]){1, 1, 1}
                                              : (const uint64_t[3]){48, 1, 1});
}

/* Only the group's number, from a range that does not begin at 0. */
static void prepare_numbered(bench *b)
{
    const size_t begin = (size_t)b->launch.begin[0];

    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, (begin + items(b)) * 4);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, int)[begin + i] = (int)(i / b->launch.group[0]);
    }
}

/* Hidden from view: the words are pasted together. */
static const char pasted_source[] =
    "#define ASK(what) get_ ## what (0)\n"
    "__kernel void pasted(__global int *out)\n"
    "{ out[get_global_id(0)] = ASK(global_size) * 100 + ASK(group_id); }\n";

static void prepare_pasted(bench *b)
{
    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, items(b) * 4);
    for (size_t i = 0; i < items(b); i++) {
        WANTED(b, 0, int)[i] = (int)(items(b) * 100 + i / b->launch.group[0]);
    }
}

#define D1(n) .dimensions = 1, .size = {n, 1, 1}
#define D2(x, y) .dimensions = 2, .size = {x, y, 1}, .split = 1
#define D2_BY_X(x, y) .dimensions = 2, .size = {x, y, 1}, .split = 0
#define D3(x, y, z) .dimensions = 3, .size = {x, y, z}, .split = 2
#define GROUP(x, y, z) .group = {x, y, z}

static const opencl_case opencl_cases[] = {
    {"saxpy", saxpy_source, D1(1000), .prepare = prepare_saxpy},
    {"saxpy", saxpy_source, D1(1), .prepare = prepare_saxpy},
    {"saxpy", saxpy_source, D1(960), GROUP(32, 1, 1), .prepare = prepare_saxpy},
    {"in_place",
     "__kernel void in_place(__global int *x)\n"
     "{ x[get_global_id(0)] += get_global_id(0); }\n",
     D1(515), .prepare = prepare_in_place},
    {"rows", rows_source, D2(37, 23), .prepare = prepare_rows},
    {"rows", rows_source, D2(48, 16), GROUP(16, 4, 1), .prepare = prepare_rows},
    {"rows", rows_source, D2(4099, 5), .prepare = prepare_rows},
    {"rows", rows_source, D2(3, 70), .prepare = prepare_rows},
    {"rows", rows_source, D2_BY_X(150, 7), .prepare = prepare_columns},
    {"volume",
     "__kernel void volume(__global int *out, int w, int h)\n"
     "{ int x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);\n"
     "  out[(z * h + y) * w + x] = x + y * 100 + z * 10000; }\n",
     D3(18, 6, 11), .prepare = prepare_volume},
    {"bounds",
     "__kernel void bounds(__global int *out, int n)\n"
     "{ int i = get_global_id(0); if (i < n) out[i] = i * 3; }\n",
     D1(1001), GROUP(64, 1, 1), .round_up = true, .prepare = prepare_bounds},
    {"types",
     "__kernel void types(__global long *out, char c, uchar uc, short s, ushort us,\n"
     "                    uint ui, long l, ulong ul)\n"
     "{ size_t i = get_global_id(0);\n"
     "  out[i] = c + uc + s + us + (long)ui + l + (long)(ul / 1000000ul) + (long)i; }\n",
     D1(130), .prepare = prepare_types},
    {"structs",
     "typedef struct { int a; float b; long c; char d[8]; } record;\n"
     "__kernel void structs(__global long *out, record r)\n"
     "{ long i = get_global_id(0); out[i] = r.a + (long)r.b * i + r.c + r.d[7]; }\n",
     D1(77), .prepare = prepare_struct},
    {"vectors",
     "__kernel void vectors(__global float4 *x, float4 offset, float3 scale)\n"
     "{ size_t i = get_global_id(0); x[i] = x[i] * (float4)(scale, 1.0f) + offset; }\n",
     D1(200), .prepare = prepare_vectors},
    {"doubles",
     "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n"
     "__kernel void doubles(__global double *out, double a)\n"
     "{ size_t i = get_global_id(0); out[i] = a * (double)i; }\n",
     D1(321), .needs_double = true, .prepare = prepare_doubles},
    {"stencil",
     "__kernel void stencil(__global int *out, __global const int *in, int n)\n"
     "{ int i = get_global_id(0);\n"
     "  out[i] = in[max(i - 2, 0)] + 3 * in[min(i + 2, n - 1)]; }\n",
     D1(515), .prepare = prepare_stencil},
    {"ring",
     "__kernel void ring(__global int *out, __global const int *in, int n)\n"
     "{ int i = get_global_id(0);\n"
     "  out[i] = in[(i + n - 3) % n] - 2 * in[(i + 3) % n]; }\n",
     D1(403), .prepare = prepare_ring},
    {"table",
     "__kernel void table(__global int *out, __constant int *t)\n"
     "{ int i = get_global_id(0); out[i] = t[i * 7 % 64]; }\n",
     D1(300), .prepare = prepare_table},
    {"update",
     "__kernel void update(__global int *p, int n)\n"
     "{ int i = get_global_id(0); p[2 * i + 1] += p[2 * ((i + 37) % n)]; }\n",
     D1(300), .prepare = prepare_update},
    {"scatter",
     "__kernel void scatter(__global int *out)\n"
     "{ int i = get_global_id(0), n = get_global_size(0); out[(n - 1 - i) * 2] = i; }\n",
     D1(200), .only_whole = true, .prepare = prepare_scatter},
    {"histogram",
     "__kernel void histogram(volatile __global int *count, __global const int *in)\n"
     "{ atomic_inc(&count[in[get_global_id(0)]]); }\n",
     D1(500), .only_whole = true, .prepare = prepare_histogram},
    {"one_block",
     "__kernel void one_block(__global int *out, __global const int *a,\n"
     "                        __global const int *b)\n"
     "{ size_t i = get_global_id(0); out[i] = a[i] + 5 * b[i]; }\n",
     D1(300), .prepare = prepare_one_block},
    {"shifted",
     "__kernel void shifted(__global int *out)\n"
     "{ int i = get_global_id(0); out[i + 10] = i; }\n",
     D1(300), .prepare = prepare_shifted},
    {"begun",
     "__kernel void begun(__global int *out)\n"
     "{ int i = get_global_id(0); out[i] = i; }\n",
     D1(300), .begin = {40, 0, 0}, .prepare = prepare_begun},
    {"partial", partial_source, D1(960), GROUP(16, 1, 1), .prepare = prepare_partial},
    {"tiles",
     "#define T 8\n"
     "__kernel __attribute__((reqd_work_group_size(T, T, 1)))\n"
     "void tiles(__global int *out, __global const int *in, int w)\n"
     "{ __local int tile[T][T + 1];\n"
     "  int x = get_global_id(0), y = get_global_id(1);\n"
     "  tile[get_local_id(1)][get_local_id(0)] = in[y * w + x];\n"
     "  barrier(CLK_LOCAL_MEM_FENCE);\n"
     "  out[y * w + x] = tile[get_local_id(0)][get_local_id(1)]; }\n",
     D2(40, 48), GROUP(8, 8, 1), .prepare = prepare_tiles},
    {"told", told_source, D1(96), GROUP(8, 1, 1), .prepare = prepare_told_grouped},
    {"told", told_source, D1(96), GROUP(8, 1, 1), .begin = {40, 0, 0},
     .prepare = prepare_told_grouped},
    {"told", told_source, D2(30, 13), GROUP(4, 2, 1), .begin = {3, 5, 0}, .round_up = true,
     .prepare = prepare_told_grouped},
    {"told", told_source, D2_BY_X(48, 6), GROUP(8, 3, 1),
     .prepare = prepare_told_grouped},
    {"told", told_source, D1(70), .prepare = prepare_told_alone},
    {"told", told_source, D2(96, 5), .prepare = prepare_told_alone},
    {"numbered",
     "__kernel void numbered(__global int *out)\n"
     "{ out[get_global_id(0)] = get_group_id(0); }\n",
     D1(64), GROUP(4, 1, 1), .begin = {8, 0, 0}, .prepare = prepare_numbered},
    {"pasted", pasted_source, D1(64), GROUP(4, 1, 1), .prepare = prepare_pasted},
    {"defined",
     "__kernel void defined(__global int *out)\n"
     "{ out[get_global_id(0)] = SIZE(0) * 100 + get_group_id(0); }\n",
     D1(64), GROUP(4, 1, 1), .options = "-DSIZE=get_global_size",
     .prepare = prepare_pasted},
};

static const bench_split opencl_splits[] = {
    {"whole", true, {0}, 1},
    {"one chunk", false, {0}, 1},
    {"threes", false, {3, 3, 3, 3, 3, 3}, 1},
    {"ragged", false, {1, 2, 5, 1, 70, 3}, 1},
    {"large chunks", false, {65, 131, 64, 128, 1, 200}, 1},
    {"two lanes", false, {65, 3, 131, 1, 70, 200}, 2},
};

/* Fills in kernel and launch of a case; the device is asked for nothing. */
static inline void bench_init(bench *b, const opencl_case *c)
{
    memset(b, 0, sizeof *b);
    b->kernel.id = bench_next_id++;
    b->kernel.source = c->source;
    b->kernel.build_options = c->options != NULL ? c->options : "";
    (void)snprintf(b->kernel.name, sizeof b->kernel.name, "%s", c->name);
    b->launch.kernel_id = b->kernel.id;
    b->launch.dimensions = c->dimensions;
    b->launch.split = c->split;
    b->launch.round_up = c->round_up;
    for (unsigned d = 0; d < 3; d++) {
        b->launch.begin[d] = c->begin[d];
        b->launch.size[d] = c->size[d];
        b->launch.group[d] = c->group[d];
        b->kernel.group[d] = c->group[d];
    }
    c->prepare(b);
}

/* Runs a case cut in every way; prints what is wrong. */
static inline bool run_case(yk_device *device, const opencl_case *c)
{
    bench *const b = malloc(sizeof *b);
    bool right = b != NULL;
    yk_device_info info;

    device->ops->describe(device, &info);
    bench_init(b, c);
    for (size_t i = 0; i < sizeof opencl_splits / sizeof opencl_splits[0]; i++) {
        if ((opencl_splits[i].whole || !c->only_whole) &&
            opencl_splits[i].lanes <= info.lanes) {
            right = bench_run(device, b, &opencl_splits[i]) && right;
        }
    }
    device->ops->forget(device, b->kernel.id);
    bench_free(b);
    free(b);
    return right;
}

#endif
