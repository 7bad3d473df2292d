/* SPDX-License-Identifier: MIT */
/* Programs over grids, in the style of the usual benchmark collections. */
#include "suite.h"

#define OFF "#pragma OPENCL FP_CONTRACT OFF\n"

/* ---- 2D convolution ---- */

static const char convolution_source[] = OFF
    "__kernel void convolution(__global const float *A, __global float *B, int ni, "
    "  int nj)\n"
    "{ int j = get_global_id(0), i = get_global_id(1);\n"
    "  if (i > 0 && i < ni - 1 && j > 0 && j < nj - 1)\n"
    "    B[i * nj + j] = 0.2f * A[(i - 1) * nj + j - 1] - 0.3f * A[i * nj + j - 1]\n"
    "      + 0.4f * A[(i + 1) * nj + j - 1] + 0.5f * A[(i - 1) * nj + j]\n"
    "      + 0.6f * A[i * nj + j] + 0.7f * A[(i + 1) * nj + j]\n"
    "      - 0.8f * A[(i - 1) * nj + j + 1] - 0.9f * A[i * nj + j + 1]\n"
    "      + 0.1f * A[(i + 1) * nj + j + 1]; }\n";

static float convolve(const float *a, size_t nj)
{
    const float *const n = a - nj, *const s = a + nj;

    return 0.2f * n[-1] - 0.3f * a[-1] + 0.4f * s[-1] + 0.5f * n[0] + 0.6f * a[0] +
           0.7f * s[0] - 0.8f * n[1] - 0.9f * a[1] + 0.1f * s[1];
}

static void convolution(const yoke_span *span, void *const args[])
{
    const float *a = args[0];
    float *b = args[1];
    const size_t ni = SUITE_VALUE(uint32_t, args[2]),
                 nj = SUITE_VALUE(uint32_t, args[3]);

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t j = 1; j + 1 < nj && i > 0 && i + 1 < ni; j++) {
            b[i * nj + j] = convolve(&a[i * nj + j], nj);
        }
    }
}

/* The edge keeps what it held: the output is read and written. */
static void convolve_2d(suite_run *run)
{
    const uint32_t ni = 61, nj = 77;
    float *a = suite_floats(run, ni * nj, 0);
    float *b = suite_floats(run, ni * nj, 4);

    suite_map(run, 0, yoke_range_2d(nj, ni),
              yoke_in_halo(a, nj * 4, 1, 1, YOKE_EDGE_CLIPPED), yoke_inout(b, nj * 4),
              yoke_scalar(ni), yoke_scalar(nj));
}

/* ---- temperature of a chip, with a tile and its edge in local memory ---- */

static const char hotspot_source[] = OFF
    "#define SIDE 8\n"
    "__kernel void hotspot(__global float *next, __global const float *temp,\n"
    "                      __global const float *power, const int w, const int h)\n"
    "{ __local float tile[SIDE + 2][SIDE + 2];\n"
    "  const int x = get_global_id(0), y = get_global_id(1);\n"
    "  const int kx = get_local_id(0), ky = get_local_id(1);\n"
    "  for (int j = ky; j < SIDE + 2; j += SIDE)\n"
    "    for (int i = kx; i < SIDE + 2; i += SIDE) {\n"
    "      int gx = clamp((int)get_group_id(0) * SIDE + i - 1, 0, w - 1);\n"
    "      int gy = clamp((int)get_group_id(1) * SIDE + j - 1, 0, h - 1);\n"
    "      tile[j][i] = temp[gy * w + gx]; }\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  if (x < w && y < h) {\n"
    "    const float c = tile[ky + 1][kx + 1];\n"
    "    next[y * w + x] = c + 0.1f * (tile[ky][kx + 1] + tile[ky + 2][kx + 1]\n"
    "      + tile[ky + 1][kx] + tile[ky + 1][kx + 2] - 4.0f * c) + 0.01f * power[y * "
    "  w + x];\n"
    "  } }\n";

static void hotspot(const yoke_span *span, void *const args[])
{
    float *next = args[0];
    const float *temp = args[1], *power = args[2];
    const size_t w = SUITE_VALUE(uint32_t, args[3]), h = SUITE_VALUE(uint32_t, args[4]);

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < w; x++) {
            const size_t i = y * w + x;
            const float n = temp[y > 0 ? i - w : i], s = temp[y + 1 < h ? i + w : i];
            const float west = temp[x > 0 ? i - 1 : i], e = temp[x + 1 < w ? i + 1 : i];
            const float c = temp[i];

            next[i] = c + 0.1f * (n + s + west + e - 4.0f * c) + 0.01f * power[i];
        }
    }
}

/* With .round_up a group's padding reads rows beyond the range only through clamp(). A
 * group reaches as far as its padding, so a neighbour's halo is as large as a group. */
static void hot_chip(suite_run *run)
{
    const uint32_t w = 45, h = 67;
    float *temp[2] = {suite_floats(run, w * h, 4), suite_floats(run, w * h, 0)};
    float *power = suite_floats(run, w * h, 8);

    for (int step = 0; step < 4; step++) {
        suite_map(run, 0, yoke_range_2d(w, h), yoke_out(temp[(step + 1) % 2], w * 4),
                  yoke_in_halo(temp[step % 2], w * 4, 1, 1, YOKE_EDGE_CLIPPED),
                  yoke_in(power, w * 4), yoke_scalar(w), yoke_scalar(h));
    }
}

/* ---- two kernels of one source taking turns on the same buffers ---- */

static const char turns_source[] =
    "__kernel void spread(__global int *b, __global const int *a, const int w, const "
    "  int h)\n"
    "{ int x = get_global_id(0), y = get_global_id(1);\n"
    "  int n = (y + h - 1) % h, s = (y + 1) % h;\n"
    "  b[y * w + x] = a[n * w + x] + a[s * w + x] - a[y * w + (x + 1) % w] + y; }\n"
    "__kernel void settle(__global int *a, __global const int *b, const int w, const "
    "  int h)\n"
    "{ int x = get_global_id(0), y = get_global_id(1);\n"
    "  a[y * w + x] ^= b[y * w + (x + w - 1) % w] >> 1; }\n";

static void spread(const yoke_span *span, void *const args[])
{
    int32_t *b = args[0];
    const int32_t *a = args[1];
    const size_t w = SUITE_VALUE(uint32_t, args[2]), h = SUITE_VALUE(uint32_t, args[3]);

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < w; x++) {
            const uint32_t sum = (uint32_t)a[(y + h - 1) % h * w + x] +
                                 (uint32_t)a[(y + 1) % h * w + x] -
                                 (uint32_t)a[y * w + (x + 1) % w] + (uint32_t)y;

            b[y * w + x] = (int32_t)sum;
        }
    }
}

static void settle(const yoke_span *span, void *const args[])
{
    int32_t *a = args[0];
    const int32_t *b = args[1];
    const size_t w = SUITE_VALUE(uint32_t, args[2]);

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < w; x++) {
            a[y * w + x] ^= b[y * w + (x + w - 1) % w] >> 1;
        }
    }
}

static void kernels_take_turns(suite_run *run)
{
    const uint32_t w = 33, h = 91;
    int32_t *a = suite_ints(run, w * h, 4);
    int32_t *b = suite_ints(run, w * h, 0);

    for (int step = 0; step < 5; step++) {
        suite_map(run, 0, yoke_range_2d(w, h), yoke_out(b, w * 4),
                  yoke_in_halo(a, w * 4, 1, 1, YOKE_EDGE_PERIODIC), yoke_scalar(w),
                  yoke_scalar(h));
        suite_map(run, 1, yoke_range_2d(w, h), yoke_inout(a, w * 4), yoke_in(b, w * 4),
                  yoke_scalar(w), yoke_scalar(h));
    }
}

/* ---- the table ---- */

const suite_case suite_stencil_cases[] = {
    {"2d convolution",
     convolve_2d,
     0,
     {{.name = "convolution",
       .source = convolution_source,
       .native = convolution,
       .group = {32, 8},
       .round_up = true}}},
    {"hotspot",
     hot_chip,
     0,
     {{.name = "hotspot",
       .source = hotspot_source,
       .native = hotspot,
       .group = {8, 8},
       .round_up = true}}},
    {"kernels taking turns",
     kernels_take_turns,
     0,
     {{.name = "spread", .source = turns_source, .native = spread},
      {.name = "settle", .source = turns_source, .native = settle}}},
    {0},
};
