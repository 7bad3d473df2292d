/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/clc.h: integer functions of OpenCL C, and those of all types: min, max, clamp.
 */
#ifndef YOKE_CLC_INTEGER_H
#define YOKE_CLC_INTEGER_H

__extension__ typedef __int128 yoke_clc_int128;
__extension__ typedef unsigned __int128 yoke_clc_uint128;

/* T and its unsigned type U; a type that holds sums, one that holds products; limits and bits. */
#define YOKE_CLC_WIDTHS(M)                                                             \
    M(char, uchar, long, long, SCHAR_MIN, SCHAR_MAX, 8)                                \
    M(uchar, uchar, long, long, 0, UCHAR_MAX, 8)                                       \
    M(short, ushort, long, long, SHRT_MIN, SHRT_MAX, 16)                               \
    M(ushort, ushort, long, long, 0, USHRT_MAX, 16)                                    \
    M(int, uint, long, long, INT_MIN, INT_MAX, 32)                                     \
    M(uint, uint, long, ulong, 0, UINT_MAX, 32)                                        \
    M(long, ulong, yoke_clc_int128, yoke_clc_int128, LONG_MIN, LONG_MAX, 64)           \
    M(ulong, ulong, yoke_clc_int128, yoke_clc_uint128, 0, ULONG_MAX, 64)

#define YOKE_CLC_DEFINE_INTEGER(T, U, S, P, MIN, MAX, BITS)                            \
    static inline T yoke_clc_sum_##T(S x)                                              \
    {                                                                                  \
        return x < (S)(MIN) ? (T)(MIN) : x > (S)(MAX) ? (T)(MAX) : (T)x;               \
    }                                                                                  \
    static inline T yoke_clc_product_##T(P x)                                          \
    {                                                                                  \
        return x < (P)(MIN) ? (T)(MIN) : x > (P)(MAX) ? (T)(MAX) : (T)x;               \
    }                                                                                  \
    static inline U yoke_clc_abs_##T(T x) { return x < 0 ? (U)(0 - (U)x) : (U)x; }     \
    static inline U yoke_clc_abs_diff_##T(T x, T y)                                    \
    {                                                                                  \
        return x > y ? (U)((U)x - (U)y) : (U)((U)y - (U)x);                            \
    }                                                                                  \
    static inline T yoke_clc_add_sat_##T(T x, T y)                                     \
    {                                                                                  \
        return yoke_clc_sum_##T((S)x + (S)y);                                          \
    }                                                                                  \
    static inline T yoke_clc_sub_sat_##T(T x, T y)                                     \
    {                                                                                  \
        return yoke_clc_sum_##T((S)x - (S)y);                                          \
    }                                                                                  \
    static inline T yoke_clc_hadd_##T(T x, T y) { return (T)(((S)x + (S)y) >> 1); }    \
    static inline T yoke_clc_rhadd_##T(T x, T y) { return (T)(((S)x + (S)y + 1) >> 1); } \
    static inline T yoke_clc_mul_hi_##T(T x, T y) { return (T)(((P)x * (P)y) >> BITS); } \
    static inline T yoke_clc_mad_hi_##T(T x, T y, T z)                                 \
    {                                                                                  \
        return (T)(U)((U)yoke_clc_mul_hi_##T(x, y) + (U)z);                            \
    }                                                                                  \
    static inline T yoke_clc_mad_sat_##T(T x, T y, T z)                                \
    {                                                                                  \
        return yoke_clc_product_##T((P)x * (P)y + (P)z);                               \
    }                                                                                  \
    static inline T yoke_clc_clz_##T(T x)                                              \
    {                                                                                  \
        return (T)(x == 0 ? BITS : __builtin_clzl((ulong)(U)x) - (64 - BITS));         \
    }                                                                                  \
    static inline T yoke_clc_ctz_##T(T x)                                              \
    {                                                                                  \
        return (T)(x == 0 ? BITS : __builtin_ctzl((ulong)(U)x));                       \
    }                                                                                  \
    static inline T yoke_clc_popcount_##T(T x)                                         \
    {                                                                                  \
        return (T)__builtin_popcountl((ulong)(U)x);                                    \
    }                                                                                  \
    static inline T yoke_clc_rotate_##T(T x, T y)                                      \
    {                                                                                  \
        const unsigned n = (unsigned)y & (BITS - 1);                                   \
        return (T)(n == 0 ? (U)x : (U)((U)((U)x << n) | (U)((U)x >> (BITS - n))));     \
    }
YOKE_CLC_WIDTHS(YOKE_CLC_DEFINE_INTEGER)

#define YOKE_CLC_DEFINE_ANY(T, v)                                                      \
    static inline T yoke_clc_min_##T(T x, T y) { return y < x ? y : x; }               \
    static inline T yoke_clc_max_##T(T x, T y) { return x < y ? y : x; }               \
    static inline T yoke_clc_clamp_##T(T x, T low, T high)                             \
    {                                                                                  \
        return x < low ? low : high < x ? high : x;                                    \
    }
YOKE_CLC_SCALARS(YOKE_CLC_DEFINE_ANY, )

/* Of 24 bits each: of others the product's low 32 bits. */
static inline int yoke_clc_mul24_int(int x, int y) { return (int)((uint)x * (uint)y); }
static inline uint yoke_clc_mul24_uint(uint x, uint y) { return x * y; }
static inline int yoke_clc_mad24_int(int x, int y, int z)
{
    return (int)((uint)x * (uint)y + (uint)z);
}
static inline uint yoke_clc_mad24_uint(uint x, uint y, uint z) { return x * y + z; }
#define YOKE_CLC_INT24(f, v) _Generic(*YOKE_CLC_AT(v), int: f##_int, uint: f##_uint)

/* Scalars only. */
static inline short yoke_clc_upsample_char(char hi, uchar lo)
{
    return (short)(ushort)((uint)(uchar)hi << 8 | lo);
}
static inline ushort yoke_clc_upsample_uchar(uchar hi, uchar lo)
{
    return (ushort)((uint)hi << 8 | lo);
}
static inline int yoke_clc_upsample_short(short hi, ushort lo)
{
    return (int)((uint)(ushort)hi << 16 | lo);
}
static inline uint yoke_clc_upsample_ushort(ushort hi, ushort lo) { return (uint)hi << 16 | lo; }
static inline long yoke_clc_upsample_int(int hi, uint lo)
{
    return (long)((ulong)(uint)hi << 32 | lo);
}
static inline ulong yoke_clc_upsample_uint(uint hi, uint lo) { return (ulong)hi << 32 | lo; }

#endif
