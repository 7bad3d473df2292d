/* SPDX-License-Identifier: MIT */
/* Matrices, alignment and sorting, in the style of the usual benchmark collections. */
#include "suite.h"

#define OFF "#pragma OPENCL FP_CONTRACT OFF\n"

/* ---- C = alpha A B + beta C ---- */

static const char gemm_source[] =
    OFF "__kernel void gemm(__global float *a, __global float *b, __global float *c,\n"
        "                   float alpha, float beta, int ni, int nj, int nk)\n"
        "{ int j = get_global_id(0), i = get_global_id(1);\n"
        "  if (i < ni && j < nj) {\n"
        "    c[i * nj + j] *= beta;\n"
        "    for (int k = 0; k < nk; k++)\n"
        "      c[i * nj + j] += alpha * a[i * nk + k] * b[k * nj + j]; } }\n";

static void gemm(const yoke_span *span, void *const args[])
{
    const float *a = args[0], *b = args[1];
    float *c = args[2];
    const float alpha = SUITE_VALUE(float, args[3]), beta = SUITE_VALUE(float, args[4]);
    const size_t nj = SUITE_VALUE(uint32_t, args[6]),
                 nk = SUITE_VALUE(uint32_t, args[7]);

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t j = 0; j < nj; j++) {
            c[i * nj + j] *= beta;
            for (size_t k = 0; k < nk; k++) {
                c[i * nj + j] += alpha * a[i * nk + k] * b[k * nj + j];
            }
        }
    }
}

static void matrix_product(suite_run *run)
{
    const uint32_t ni = 43, nj = 38, nk = 19;
    float *a = suite_floats(run, ni * nk, 0);
    float *b = suite_floats(run, nk * nj, 4);
    float *c = suite_floats(run, ni * nj, 8);

    suite_map(run, 0, yoke_range_2d(nj, ni), yoke_in(a, nk * 4),
              yoke_in_whole(b, nk * nj * 4), yoke_inout(c, nj * 4), yoke_scalar(1.3f),
              yoke_scalar(0.7f), yoke_scalar(ni), yoke_scalar(nj), yoke_scalar(nk));
}

/* ---- Gaussian elimination ---- */

/* The ids count from 0 in each step; the kernels add the step to them. */
static const char elimination_source[] = OFF
    "__kernel void multipliers(__global float *m, __global float *a, const int n,\n"
    "                              const int t)\n"
    "{ int i = get_global_id(0);\n"
    "  if (i < n - 1 - t)\n"
    "    m[n * (i + t + 1) + t] = a[n * (i + t + 1) + t] / a[n * t + t]; }\n"
    "__kernel void eliminate(__global float *m, __global float *a, __global float *b,\n"
    "                        const int n, const int t)\n"
    "{ int x = get_global_id(0), y = get_global_id(1);\n"
    "  if (y < n - 1 - t && x < n - t) {\n"
    "    a[n * (y + 1 + t) + x + t] -= m[n * (y + 1 + t) + t] * a[n * t + x + t];\n"
    "    if (x == 0) b[y + 1 + t] -= m[n * (y + 1 + t) + t] * b[t]; } }\n";

static void multipliers(const yoke_span *span, void *const args[])
{
    float *m = args[0];
    const float *a = args[1];
    const size_t n = SUITE_VALUE(uint32_t, args[2]), t = SUITE_VALUE(uint32_t, args[3]);

    for (size_t i = span->begin; i < span->end; i++) {
        m[n * (i + t + 1) + t] = a[n * (i + t + 1) + t] / a[n * t + t];
    }
}

static void eliminate(const yoke_span *span, void *const args[])
{
    const float *m = args[0];
    float *a = args[1], *b = args[2];
    const size_t n = SUITE_VALUE(uint32_t, args[3]), t = SUITE_VALUE(uint32_t, args[4]);

    for (size_t y = span->begin; y < span->end; y++) {
        const float factor = m[n * (y + 1 + t) + t];

        for (size_t x = 0; x < n - t; x++) {
            a[n * (y + 1 + t) + x + t] -= factor * a[n * t + x + t];
        }
        b[y + 1 + t] -= factor * b[t];
    }
}

/* Item i changes row i + first, and any item may read all rows, those in front too. */
static yoke_arg rows_from(float *array, size_t row_bytes, size_t first)
{
    return yoke_arg_at(yoke_inout_read_all(array, row_bytes), first);
}

/* Divisions may differ by 2.5 units in the last place. The diagonal is large. */
static void elimination(suite_run *run)
{
    const uint32_t n = 17;
    yoke_range rest;
    float *a = suite_floats(run, n * n, 0);
    float *m = suite_floats(run, n * n, 0);
    float *b = suite_floats(run, n, 0);

    for (uint32_t i = 0; i < n; i++) {
        a[n * i + i] = 4000.0f + (float)i;
    }
    for (size_t i = 0; i < 25; i++) {
        a[n * n + i] = m[n * n + i] = b[n + i] = 0;
    }
    suite_set_tolerance(run, a, 1e-5);
    suite_set_tolerance(run, m, 1e-5);
    suite_set_tolerance(run, b, 1e-5);
    for (uint32_t t = 0; t + 1 < n; t++) {
        suite_map(run, 0, yoke_range_1d(n - 1 - t),
                  yoke_arg_at(yoke_inout(m, n * 4), t + 1), yoke_in_whole(a, n * n * 4),
                  yoke_scalar(n), yoke_scalar(t));
        rest = yoke_range_split(yoke_range_2d(n - t, n - 1 - t), YOKE_SPLIT_Y);
        suite_map(run, 1, rest, yoke_arg_at(yoke_in(m, n * 4), t + 1),
                  rows_from(a, n * 4, t + 1), rows_from(b, 4, t + 1),
                  yoke_scalar(n), yoke_scalar(t));
    }
}

/* ---- alignment of two sequences along antidiagonals ---- */

/* Row d of the table is an antidiagonal; its cell i stands for (i, d - i). */
static const char align_source[] =
    "__kernel void align(__global int *now, __global const int *last,\n"
    "                    __global const int *before, __global const int *a,\n"
    "                    __global const int *b, const int d)\n"
    "{ int i = get_global_id(0), j = d - i;\n"
    "  int match = before[i - 1] + ((a[i] & 3) == (b[j] & 3) ? 5 : -3);\n"
    "  now[i] = max(match, max(last[i - 1], last[i]) - 4); }\n";

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static void align(const yoke_span *span, void *const args[])
{
    int32_t *now = args[0];
    const int32_t *last = args[1], *before = args[2], *a = args[3], *b = args[4];
    const size_t d = (size_t)SUITE_VALUE(int32_t, args[5]);

    for (size_t i = span->begin; i < span->end; i++) {
        const int32_t match = before[i - 1] + ((a[i] & 3) == (b[d - i] & 3) ? 5 : -3);

        now[i] = larger(match, larger(last[i - 1], last[i]) - 4);
    }
}

/* Every antidiagonal depends on the two before; all lie in one allocation. */
static void wavefront(suite_run *run)
{
    const size_t n = 24, pitch = n + 1;
    int32_t *table = suite_ints(run, 2 * n * pitch, 4);
    int32_t *a = suite_ints(run, n, 0);
    int32_t *b = suite_ints(run, n, 0);

    for (size_t d = 2; d <= 2 * (n - 1); d++) {
        const size_t first = d < n ? 1 : d - n + 1;
        const size_t last = d < n ? d - 1 : n - 1;
        int32_t *const now = table + d * pitch;
        const yoke_range range =
            yoke_range_from(yoke_range_1d(last - first + 1), first, 0, 0);

        suite_map(run, 0, range, yoke_out(now, 4),
                  yoke_in_whole(now - pitch, pitch * 4),
                  yoke_in_whole(now - 2 * pitch, pitch * 4), yoke_in(a, 4),
                  yoke_in_whole(b, n * 4), yoke_scalar((int32_t)d));
    }
}

/* The same in place: a cell is written wherever the kernel says, in an undivided array.
 */
static const char fill_source[] =
    "__kernel void fill(__global int *table, __global const int *costs, const int n,\n"
    "                   const int d, const int first)\n"
    "{ int i = get_global_id(0) + first, j = d - i, k = i * n + j;\n"
    "  table[k] = max(table[k - n - 1] + costs[k], max(table[k - n], table[k - 1]) - "
    "  10); }\n";

static void fill(const yoke_span *span, void *const args[])
{
    int32_t *table = args[0];
    const int32_t *costs = args[1];
    const size_t n = SUITE_VALUE(uint32_t, args[2]), d = SUITE_VALUE(uint32_t, args[3]);
    const size_t first = SUITE_VALUE(uint32_t, args[4]);

    for (size_t id = span->begin; id < span->end; id++) {
        const size_t i = id + first;
        const size_t k = i * n + d - i;

        table[k] = larger(table[k - n - 1] + costs[k],
                          larger(table[k - n], table[k - 1]) - 10);
    }
}

static void wavefront_in_place(suite_run *run)
{
    const uint32_t n = 21;
    int32_t *table = suite_ints(run, n * n, 0);
    int32_t *costs = suite_ints(run, n * n, 0);

    for (uint32_t d = 2; d <= 2 * (n - 1); d++) {
        const uint32_t first = d < n ? 1 : d - n + 1;
        const uint32_t last = d < n ? d - 1 : n - 1;

        suite_map(run, 0, yoke_range_1d(last - first + 1),
                  yoke_inout_whole(table, n * n * 4), yoke_in_whole(costs, n * n * 4),
                  yoke_scalar(n), yoke_scalar(d), yoke_scalar(first));
    }
}

/* ---- bitonic sort ---- */

static const char bitonic_source[] =
    "__kernel void bitonic(__global uint *keys, const uint stage, const uint pass)\n"
    "{ uint i = (uint)get_global_id(0), half_block = 1u << pass;\n"
    "  uint left = (i / half_block) * 2 * half_block + i % half_block;\n"
    "  uint right = left + half_block, a = keys[left], b = keys[right];\n"
    "  bool up = ((i >> stage) & 1) == 0;\n"
    "  keys[left] = up ? min(a, b) : max(a, b);\n"
    "  keys[right] = up ? max(a, b) : min(a, b); }\n";

static void bitonic(const yoke_span *span, void *const args[])
{
    uint32_t *keys = args[0];
    const uint32_t stage = SUITE_VALUE(uint32_t, args[1]);
    const size_t half_block = (size_t)1 << SUITE_VALUE(uint32_t, args[2]);

    for (size_t i = span->begin; i < span->end; i++) {
        const size_t left = i / half_block * 2 * half_block + i % half_block;
        const uint32_t a = keys[left], b = keys[left + half_block];
        const bool up = (i >> stage & 1) == 0;

        keys[left] = (a < b) == up ? a : b;
        keys[left + half_block] = (a < b) == up ? b : a;
    }
}

static void sorting(suite_run *run)
{
    enum { LOG = 7, COUNT = 1 << LOG };
    uint32_t *keys = suite_bytes(run, COUNT * 4, 8);

    for (uint32_t stage = 0; stage < LOG; stage++) {
        for (uint32_t pass = stage + 1; pass-- > 0;) {
            suite_map(run, 0, yoke_range_1d(COUNT / 2),
                      yoke_inout_whole(keys, COUNT * 4), yoke_scalar(stage),
                      yoke_scalar(pass));
        }
    }
    suite_wait(run);
    for (size_t i = 1; i < COUNT; i++) {
        assert_true(keys[i - 1] <= keys[i]);
    }
}

/* ---- the table ---- */

const suite_case suite_program_cases[] = {
    {"matrix product",
     matrix_product,
     0,
     {{.name = "gemm",
       .source = gemm_source,
       .native = gemm,
       .group = {16, 4},
       .round_up = true}}},
    {"Gaussian elimination",
     elimination,
     0,
     {{.name = "multipliers", .source = elimination_source, .native = multipliers},
      {.name = "eliminate", .source = elimination_source, .native = eliminate}}},
    {"alignment along antidiagonals",
     wavefront,
     0,
     {{.name = "align", .source = align_source, .native = align}}},
    {"alignment in place",
     wavefront_in_place,
     0,
     {{.name = "fill", .source = fill_source, .native = fill}}},
    {"bitonic sort",
     sorting,
     0,
     {{.name = "bitonic", .source = bitonic_source, .native = bitonic}}},
    {0},
};
