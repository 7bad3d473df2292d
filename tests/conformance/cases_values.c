/* SPDX-License-Identifier: MIT */
/* Values of every type passed to kernels, arrays of every type, build options. */
#include "suite.h"

#include <math.h>

/* ---- scalars ---- */

enum { SCALARS = 10 };

static const char scalars_source[] =
    "__kernel void scalars(__global long *out, const char a, const uchar b, const "
    "  short c,\n"
    "                      const ushort d, const int e, const uint f, const long g,\n"
    "                      const ulong h, const float x, const ushort half_bits)\n"
    "{ size_t i = get_global_id(0); __global long *o = out + 10 * i; long k = "
    "  (long)i;\n"
    "  o[0] = a + k; o[1] = b + k; o[2] = c + k; o[3] = d + k; o[4] = e + k;\n"
    "  o[5] = f + k; o[6] = g + k; o[7] = (long)h + k; o[8] = as_uint(x) + k;\n"
    "  o[9] = half_bits + k; }\n";

static void scalars(const yoke_span *span, void *const args[])
{
    int64_t *out = args[0];
    const int64_t values[SCALARS] = {
        SUITE_VALUE(int8_t, args[1]),
        SUITE_VALUE(uint8_t, args[2]),
        SUITE_VALUE(int16_t, args[3]),
        SUITE_VALUE(uint16_t, args[4]),
        SUITE_VALUE(int32_t, args[5]),
        SUITE_VALUE(uint32_t, args[6]),
        SUITE_VALUE(int64_t, args[7]),
        (int64_t)SUITE_VALUE(uint64_t, args[8]),
        /* the float's bits */
        SUITE_VALUE(uint32_t, args[9]),
        SUITE_VALUE(uint16_t, args[10]),
    };

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t k = 0; k < SCALARS; k++) {
            out[SCALARS * i + k] = values[k] + (int64_t)i;
        }
    }
}

static void every_scalar(suite_run *run)
{
    int64_t *out = suite_bytes(run, SCALARS * 8 * 517, 8);

    suite_map(run, 0, yoke_range_1d(517), yoke_out(out, SCALARS * 8),
              yoke_scalar((int8_t)-128), yoke_scalar((uint8_t)255),
              yoke_scalar((int16_t)-32768), yoke_scalar((uint16_t)65535),
              yoke_scalar(INT32_MIN), yoke_scalar(UINT32_MAX),
              yoke_scalar((int64_t)-81985529216486896),
              yoke_scalar((uint64_t)81985529216486895), yoke_scalar(-0.3f),
              yoke_scalar((uint16_t)0x3555));
}

/* ---- vectors ---- */

static const char vectors_source[] =
    "__kernel void vectors(__global float *out, const float2 a, const float3 b,\n"
    "                      const float4 c, const float8 d, const float16 e, const "
    "  int4 f,\n"
    "                      const uchar4 g)\n"
    "{ size_t i = get_global_id(0); __global float *o = out + 41 * i; float k = "
    "  (float)i;\n"
    "  vstore2(a + k, 0, o); vstore3(b + k, 0, o + 2); vstore4(c + k, 0, o + 5);\n"
    "  vstore8(d + k, 0, o + 9); vstore16(e + k, 0, o + 17);\n"
    "  vstore4(convert_float4(f) + k, 0, o + 33);\n"
    "  vstore4(convert_float4(g) + k, 0, o + 37); }\n";

enum { VECTOR_FLOATS = 41 };

static void vectors(const yoke_span *span, void *const args[])
{
    static const size_t lengths[] = {2, 3, 4, 8, 16};
    float *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        float *o = out + VECTOR_FLOATS * i;

        for (size_t v = 0; v < 5; v++) {
            for (size_t k = 0; k < lengths[v]; k++) {
                *o++ = ((const float *)args[1 + v])[k] + (float)i;
            }
        }
        for (size_t k = 0; k < 4; k++) {
            o[k] = (float)((const int32_t *)args[6])[k] + (float)i;
            o[4 + k] = (float)((const uint8_t *)args[7])[k] + (float)i;
        }
    }
}

/* A float3 takes the room of a float4. */
static void every_vector(suite_run *run)
{
    const int32_t f[4] = {-1, 2000, -300000, 4};
    const uint8_t g[4] = {0, 127, 128, 255};
    float *out = suite_floats(run, VECTOR_FLOATS * 301, 4);
    float e[16];

    for (int k = 0; k < 16; k++) {
        e[k] = 0.25f + (float)k;
    }
    suite_map(run, 0, yoke_range_1d(301), yoke_out(out, VECTOR_FLOATS * 4),
              yoke_scalar_bytes(e, 8), yoke_scalar_bytes(e + 1, 16),
              yoke_scalar_bytes(e + 2, 16), yoke_scalar_bytes(e + 3, 32),
              yoke_scalar_bytes(e, 64), yoke_scalar_bytes(f, sizeof f),
              yoke_scalar_bytes(g, sizeof g));
}

static const char vector_arrays_source[] =
    "__kernel void vector_arrays(__global float4 *out, __global const float4 *a,\n"
    "                            __global const uchar4 *b, __global const float *c,\n"
    "                            __global const int2 *d, __global float16 *big)\n"
    "{ size_t i = get_global_id(0);\n"
    "  out[i] = a[i].wzyx + convert_float4(b[i]) + (float4)(vload3(i, c), 0.5f)\n"
    "         + convert_float4(d[i].yxyx);\n"
    "  big[i] += (float16)(1.0f); }\n";

static void vector_arrays(const yoke_span *span, void *const args[])
{
    float *out = args[0], *big = args[5];
    const float *a = args[1], *c = args[3];
    const uint8_t *b = args[2];
    const int32_t *d = args[4];

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t k = 0; k < 4; k++) {
            out[4 * i + k] = a[4 * i + 3 - k] + (float)b[4 * i + k] +
                             (k < 3 ? c[3 * i + k] : 0.5f) +
                             (float)d[2 * i + (k + 1) % 2];
        }
        for (size_t k = 0; k < 16; k++) {
            big[16 * i + k] += 1.0f;
        }
    }
}

static void arrays_of_vectors(suite_run *run)
{
    const size_t n = 1201;
    float *out = suite_floats(run, n * 4, 16);
    float *a = suite_floats(run, n * 4, 0);
    uint8_t *b = suite_bytes(run, n * 4, 4);
    float *c = suite_floats(run, n * 3, 4);
    int32_t *d = suite_ints(run, n * 2, 8);
    float *big = suite_floats(run, n * 16, 64);

    suite_map(run, 0, yoke_range_1d(n), yoke_out(out, 16), yoke_in(a, 16),
              yoke_in(b, 4), yoke_in(c, 12), yoke_in(d, 8), yoke_inout(big, 64));
}

/* ---- other element types ---- */

static const char elements_source[] =
    "__kernel void elements(__global ulong *out, __global const char *a,\n"
    "                       __global const ushort *b, __global const long *c,\n"
    "                       __global const half *d)\n"
    "{ size_t i = get_global_id(0);\n"
    "  out[i] = (ulong)(a[i] + b[i] + c[i]) * 3 + as_uint(vload_half(i, d)); }\n";

/* The bits of a normal half as those of a float. */
static uint32_t float_bits(uint16_t half)
{
    return ((uint32_t)(half & 0x8000U) << 16) +
           (((uint32_t)(half & 0x7fffU) << 13) + ((uint32_t)(127 - 15) << 23));
}

static void elements(const yoke_span *span, void *const args[])
{
    uint64_t *out = args[0];
    const int8_t *a = args[1];
    const uint16_t *b = args[2], *d = args[4];
    const int64_t *c = args[3];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = ((uint64_t)a[i] + b[i] + (uint64_t)c[i]) * 3 + float_bits(d[i]);
    }
}

static void arrays_of_elements(suite_run *run)
{
    const size_t n = 2503;
    uint64_t *out = suite_bytes(run, n * 8, 8);
    int8_t *a = suite_bytes(run, n, 5);
    uint16_t *b = suite_bytes(run, n * 2, 2);
    int64_t *c = suite_bytes(run, n * 8, 24);
    uint16_t *d = suite_bytes(run, n * 2, 6);

    for (size_t i = 0; i < n; i++) {
        d[i] = (uint16_t)((d[i] & 0x83ffU) | (1 + i % 30) << 10);
    }
    suite_map(run, 0, yoke_range_1d(n), yoke_out(out, 8), yoke_in(a, 1), yoke_in(b, 2),
              yoke_in(c, 8), yoke_in(d, 2));
}

/* ---- structs ---- */

/* No padding at the end: rusticl 22.3 does not count it. */
typedef struct small_struct {
    int32_t a;
    float b;
    int16_t c;
    int8_t d;
    int8_t e;
} small_struct;

typedef struct large_struct {
    int8_t first;
    int32_t numbers[23];
    int64_t last;
    float factor;
    int32_t extra;
} large_struct;

static const char structs_source[] =
    "typedef struct { int a; float b; short c; char d, e; } small_struct;\n"
    "typedef struct { char first; int numbers[23]; long last; float factor; int "
    "  extra; }\n"
    "large_struct;\n"
    "__kernel void structs(__global float *out, const small_struct s,\n"
    "                      const large_struct l, __global small_struct *items)\n"
    "{ size_t i = get_global_id(0); int sum = s.a + s.c + s.d + s.e + (int)l.last;\n"
    "  for (int k = 0; k < 23; k++) sum += l.numbers[k] * (k + 1);\n"
    "  sum += l.first + l.extra;\n"
    "  out[i] = (float)(sum + (int)i) + s.b + l.factor;\n"
    "  items[i].c = (short)(items[i].a + s.d); }\n";

static void structs(const yoke_span *span, void *const args[])
{
    const small_struct s = SUITE_VALUE(small_struct, args[1]);
    const large_struct l = SUITE_VALUE(large_struct, args[2]);
    small_struct *items = args[3];
    float *out = args[0];

    int32_t sum = s.a + s.c + s.d + s.e + (int32_t)l.last + l.first + l.extra;

    for (int32_t k = 0; k < 23; k++) {
        sum += l.numbers[k] * (k + 1);
    }
    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (float)(sum + (int32_t)i) + s.b + l.factor;
        items[i].c = (int16_t)(items[i].a + s.d);
    }
}

static void structs_by_value(suite_run *run)
{
    const small_struct s = {.a = -7, .b = 0.5f, .c = 300, .d = -3, .e = 99};
    small_struct *items = suite_bytes(run, 811 * sizeof *items, 4);
    float *out = suite_floats(run, 811, 4);
    large_struct l = {.first = -100, .last = -5, .factor = 0.25f, .extra = 77777};

    for (int i = 0; i < 23; i++) {
        l.numbers[i] = i * i * i - 500;
    }
    for (size_t i = 0; i < 811; i++) {
        items[i] =
            (small_struct){.a = (int32_t)i * 3, .b = 1.0f, .c = 9, .d = 1, .e = 2};
    }
    suite_map(run, 0, yoke_range_1d(811), yoke_out(out, 4), yoke_scalar(s),
              yoke_scalar_bytes(&l, sizeof l), yoke_inout(items, sizeof *items));
}

/* ---- doubles ---- */

static const char doubles_source[] =
    "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n"
    "#pragma OPENCL FP_CONTRACT OFF\n"
    "__kernel void doubles(__global double *out, __global const double *in, const "
    "  double a)\n"
    "{ size_t i = get_global_id(0); out[i] = a * in[i] + 1e-9 * (double)i; }\n";

static void doubles(const yoke_span *span, void *const args[])
{
    double *out = args[0];
    const double *in = args[1];
    const double a = SUITE_VALUE(double, args[2]);

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = a * in[i] + 1e-9 * (double)i;
    }
}

static void double_precision(suite_run *run)
{
    double *out = suite_bytes(run, 3001 * 8, 8);
    double *in = suite_bytes(run, 3001 * 8, 16);

    for (size_t i = 0; i < 3001; i++) {
        in[i] = 1.0 / (double)(i + 3);
    }
    suite_map(run, 0, yoke_range_1d(3001), yoke_out(out, 8), yoke_in(in, 8),
              yoke_scalar(3.14159265358979));
}

/* ---- mathematical functions ---- */

static const char maths_source[] =
    "__kernel void maths(__global float *out, __global const float *in)\n"
    "{ size_t i = get_global_id(0); float x = in[i] / 16.0f;\n"
    "  out[i] = sqrt(fabs(x)) + sin(x) * exp(-x * x) + log(2.0f + fabs(x)); }\n";

static void maths(const yoke_span *span, void *const args[])
{
    float *out = args[0];
    const float *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        const float x = in[i] / 16.0f;

        out[i] = sqrtf(fabsf(x)) + sinf(x) * expf(-x * x) + logf(2.0f + fabsf(x));
    }
}

/* The devices' functions may differ by a few units in the last place. */
static void functions(suite_run *run)
{
    float *out = suite_floats(run, 2003, 0);
    float *in = suite_floats(run, 2003, 0);

    for (size_t i = 2003; i < 2003 + 25; i++) {
        out[i] = 0;
    }
    suite_set_tolerance(run, out, 1e-6);
    suite_map(run, 0, yoke_range_1d(2003), yoke_out(out, 4), yoke_in(in, 4));
}

/* ---- build options ---- */

static const char optioned_source[] =
    "#include \"suite_shift.h\"\n"
    "__kernel void optioned(__global int *out, __global const TYPE *in)\n"
    "{ size_t i = get_global_id(0); out[i] = FACTOR * in[i] + SUITE_SHIFT; }\n";

static void optioned(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int16_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 11 * in[i] + 12345;
    }
}

static void options_and_headers(suite_run *run)
{
    int32_t *out = suite_ints(run, 1511, 0);
    int16_t *in = suite_bytes(run, 1511 * 2, 2);

    suite_map(run, 0, yoke_range_1d(1511), yoke_out(out, 4), yoke_in(in, 2));
}

/* ---- names ---- */

/* What a kernel may be called is no business of the headers that a compiler brings. */
static const char step_source[] =
    "__kernel void step(__global int *out, __global const int *in)\n"
    "{ size_t i = get_global_id(0); out[i] = 3 * in[i] + 1; }\n";

static void step(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 3 * in[i] + 1;
    }
}

static void called_like_a_builtin(suite_run *run)
{
    int32_t *out = suite_ints(run, 1201, 0);
    int32_t *in = suite_ints(run, 1201, 0);

    suite_map(run, 0, yoke_range_1d(1201), yoke_out(out, 4), yoke_in(in, 4));
}

/* ---- the table ---- */

#define KERNEL(function, text) {{.name = #function, .source = text, .native = function}}

/* ---- absent arrays ---- */

static const char absent_source[] =
    "__kernel void absent(__global int *z, __global const int *x, __global int *y)\n"
    "{ size_t i = get_global_id(0);\n"
    "  z[i] = x != 0 ? x[i] : -1;\n"
    "  if (y != 0) y[i] = z[i] + 1; }\n";

static void absent(const yoke_span *span, void *const args[])
{
    int32_t *z = args[0];
    const int32_t *x = args[1];
    int32_t *y = args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        z[i] = x != NULL ? x[i] : -1;
        if (y != NULL) {
            y[i] = z[i] + 1;
        }
    }
}

/* Absent and present in turns, so that what an earlier job had there is not there any more. */
static void absent_arrays(suite_run *run)
{
    enum { COUNT = 1003 };
    int32_t *z = suite_ints(run, COUNT, 0);
    int32_t *x = suite_ints(run, COUNT, 0);
    int32_t *y = suite_ints(run, COUNT, 0);
    const yoke_range range = yoke_range_1d(COUNT);

    suite_map(run, 0, range, yoke_out(z, 4), yoke_in(x, 4), yoke_out(y, 4));
    suite_map(run, 0, range, yoke_out(z, 4), yoke_null(), yoke_out(y, 4));
    suite_map(run, 0, range, yoke_out(z, 4), yoke_in(x, 4), yoke_null());
    suite_map(run, 0, range, yoke_out(z, 4), yoke_null(), yoke_null());
    suite_map(run, 0, range, yoke_out(z, 4), yoke_in(x, 4), yoke_out(y, 4));
}

/* ---- many arguments ---- */

enum { MANY_VALUES = 80 };

static const char many_source[] =
    "#define TEN(n) const int a##n##0, const int a##n##1, const int a##n##2,\\\n"
    "  const int a##n##3, const int a##n##4, const int a##n##5, const int a##n##6,\\\n"
    "  const int a##n##7, const int a##n##8, const int a##n##9\n"
    "#define SUM(n) a##n##0 + 2 * a##n##1 + 3 * a##n##2 + 4 * a##n##3 + 5 * a##n##4\\\n"
    "  + 6 * a##n##5 + 7 * a##n##6 + 8 * a##n##7 + 9 * a##n##8 + 10 * a##n##9\n"
    "__kernel void many(__global int *z, TEN(0), TEN(1), TEN(2), TEN(3), TEN(4),\n"
    "                   TEN(5), TEN(6), TEN(7))\n"
    "{ int i = (int)get_global_id(0);\n"
    "  z[i] = i + SUM(0) + 2 * (SUM(1)) + 3 * (SUM(2)) + 4 * (SUM(3)) + 5 * (SUM(4))\n"
    "         + 6 * (SUM(5)) + 7 * (SUM(6)) + 8 * (SUM(7)); }\n";

static void many(const yoke_span *span, void *const args[])
{
    int32_t *z = args[0];
    int32_t sum = 0;

    for (int i = 0; i < MANY_VALUES; i++) {
        sum += (i / 10 + 1) * (i % 10 + 1) * SUITE_VALUE(int32_t, args[i + 1]);
    }
    for (size_t i = span->begin; i < span->end; i++) {
        z[i] = (int32_t)i + sum;
    }
}

static void many_values(suite_run *run)
{
    enum { COUNT = 501 };
    yoke_arg args[MANY_VALUES + 1] = {yoke_out(suite_ints(run, COUNT, 0), 4)};

    for (int32_t i = 0; i < MANY_VALUES; i++) {
        args[i + 1] = yoke_scalar(i * i - 700);
    }
    suite_map_args(run, 0, yoke_range_1d(COUNT), args, MANY_VALUES + 1);
}

const suite_case suite_value_cases[] = {
    {"arrays that are absent", absent_arrays, 0, KERNEL(absent, absent_source)},
    {"81 arguments", many_values, 0, KERNEL(many, many_source)},
    {"scalars of every type", every_scalar, 0, KERNEL(scalars, scalars_source)},
    {"vectors by value", every_vector, 0, KERNEL(vectors, vectors_source)},
    {"arrays of vectors", arrays_of_vectors, 0,
     KERNEL(vector_arrays, vector_arrays_source)},
    {"arrays of other elements", arrays_of_elements, 0,
     KERNEL(elements, elements_source)},
    {"structs, small and large", structs_by_value, 0, KERNEL(structs, structs_source)},
    {"double precision", double_precision, SUITE_DOUBLE,
     KERNEL(doubles, doubles_source)},
    {"mathematical functions", functions, 0, KERNEL(maths, maths_source)},
    {"a kernel called like a built-in function", called_like_a_builtin, 0,
     KERNEL(step, step_source)},
    {"build options",
     options_and_headers,
     0,
     {{.name = "optioned",
       .source = optioned_source,
       .native = optioned,
       .build_options = "-DFACTOR=11 -D TYPE=short -I @"}}},
    {0},
};
