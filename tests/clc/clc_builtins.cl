/* SPDX-License-Identifier: MIT */
/*
 * Built-in functions of random arguments: a row of results for each item. The same text is run by
 * an OpenCL device, and as C by yoke/clc.h.
 */
#pragma OPENCL FP_CONTRACT OFF
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#include "clc_functions.h"

#ifndef YOKE_CLC
#define make_float4 (float4)
#define make_double4 (double4)
#define make_char4 (char4)
#define make_uchar4 (uchar4)
#define make_short4 (short4)
#define make_ushort4 (ushort4)
#define make_int4 (int4)
#define make_uint4 (uint4)
#define make_long4 (long4)
#define make_ulong4 (ulong4)
#endif

#define PUT(value) row[at++] = (value);
#define PUT_BOUNDED(value, ulp) PUT(value)

#define FLOATS(T)                                                                      \
    const size_t i = get_global_id(0);                                                 \
    const T x = xs[i], y = ys[i], z = zs[i];                                           \
    const T##4 v = make_##T##4(x, y, z, x), w = make_##T##4(z, x, y, y);               \
    const int n = (int)(i % 40) - 20;                                                  \
    T second = x;                                                                      \
    int whole = 0;                                                                     \
    uint at = 0;

#define FLOAT_KERNELS(T)                                                               \
    __kernel void exact_##T(__global T *rows, __global const T *xs, __global const T *ys, \
                            __global const T *zs, const uint width)                    \
    {                                                                                  \
        FLOATS(T)                                                                      \
        __global T *row = rows + i * width;                                            \
        T part[3] = {x, y, z};                                                         \
        CLC_EXACT(PUT)                                                                 \
    }                                                                                  \
    __kernel void bounded_##T(__global T *rows, __global const T *xs, __global const T *ys, \
                              __global const T *zs, const uint width)                  \
    {                                                                                  \
        FLOATS(T)                                                                      \
        __global T *row = rows + i * width;                                            \
        (void)whole;                                                                   \
        CLC_BOUNDED(PUT_BOUNDED)                                                       \
    }
#define INTEGER_KERNEL(T, U, S)                                                        \
    __kernel void integer_##T(__global T *rows, __global const T *xs, __global const T *ys, \
                              __global const T *zs, const uint width)                  \
    {                                                                                  \
        const size_t i = get_global_id(0);                                             \
        const T x = xs[i], y = ys[i], z = zs[i];                                       \
        const T##4 v = make_##T##4(x, y, z, x), w = make_##T##4(z, z, x, y);           \
        T##4 m = v;                                                                    \
        __global T *row = rows + i * width;                                            \
        T memory[8];                                                                   \
        uint at = 0;                                                                   \
        PUT((T)abs(x)) PUT((T)abs_diff(x, y)) PUT(add_sat(x, y)) PUT(sub_sat(x, y))    \
        PUT(hadd(x, y)) PUT(rhadd(x, y)) PUT(mul_hi(x, y)) PUT(mad_hi(x, y, z))        \
        PUT(mad_sat(x, y, z)) PUT(clz(x)) PUT(popcount(x)) PUT(rotate(x, y))           \
        PUT(min(x, y)) PUT(max(x, y)) PUT(clamp(x, min(y, z), max(y, z)))              \
        PUT(bitselect(x, y, z)) PUT(select(x, y, z)) PUT(as_##T(as_##U(x)))            \
        PUT((T)((U)x + (U)y)) PUT((T)((ulong)x * (ulong)y)) PUT(x ^ y) PUT((T)(x >> 3))        \
        PUT(abs(v).x == abs(x)) PUT((T)abs_diff(v, w).y) PUT(add_sat(v, w).z)          \
        PUT(max(v, w).w) PUT(min(v, x).x) PUT(rotate(v, w).y) PUT(select(v, w, w).z)   \
        PUT(clamp(v, (T)1, (T)9).y) PUT((T)convert_char_sat(x)) PUT((T)convert_uchar_sat(x)) \
        PUT((T)convert_short_sat(x)) PUT((T)convert_ushort_sat(x)) PUT((T)convert_int_sat(x)) \
        PUT((T)convert_uint_sat(x)) PUT((T)convert_long_sat(x)) PUT((T)convert_ulong_sat(x)) \
        PUT((T)convert_short4(v).y) PUT((T)convert_ulong4_sat(v).x)                    \
        PUT((T)(convert_float(x) / 3)) PUT((T)convert_uchar4_sat(w).s2)                \
        PUT(any(convert_##S##4(v))) PUT(all(convert_##S##4(v)))                        \
        m.lo = w.hi; m.s3 = x; vstore4(m, 1, memory); PUT(memory[4]) PUT(memory[7])    \
        PUT(vload2(3, memory).x)                                                       \
    }
/* As C, all kernels; for a device those of one type, so that it is built soon. */
#define INTEGER_KERNEL_OF(T, U, S) INTEGER_KERNEL(T, U, S)
#define FLOAT_KERNELS_OF(T) FLOAT_KERNELS(T)
#if defined INTEGER
INTEGER_KERNEL_OF(INTEGER, UNSIGNED, SIGNED)
#elif defined REAL
FLOAT_KERNELS_OF(REAL)
#elif defined YOKE_CLC
FLOAT_KERNELS(float)
FLOAT_KERNELS(double)
INTEGER_KERNEL(char, uchar, char)
INTEGER_KERNEL(uchar, uchar, char)
INTEGER_KERNEL(short, ushort, short)
INTEGER_KERNEL(ushort, ushort, short)
INTEGER_KERNEL(int, uint, int)
INTEGER_KERNEL(uint, uint, int)
INTEGER_KERNEL(long, ulong, long)
INTEGER_KERNEL(ulong, ulong, long)
#endif

/* Where an item is, and functions of two types only. */
__kernel void places(__global ulong *rows, const uint a, const int b)
{
    const size_t x = get_global_id(0) - get_global_offset(0);
    const size_t place = (get_global_id(1) - get_global_offset(1)) * get_global_size(0) + x;
    __global ulong *row = rows + place * 32;
    uint at = 0;

    for (uint d = 0; d < 3; d++) {
        PUT(get_global_id(d)) PUT(get_global_size(d)) PUT(get_global_offset(d))
        PUT(get_local_id(d)) PUT(get_local_size(d)) PUT(get_group_id(d)) PUT(get_num_groups(d))
    }
    PUT(get_work_dim()) PUT(mul24(a, a) + mad24(a, a, a)) PUT(mul24(b, b) + mad24(b, b, b))
    PUT(upsample(a, a) + upsample(b, a))
}
