/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/clc.h: as_*, convert_* and make_* of OpenCL C.
 *
 * A conversion that is out of range without _sat is as undefined as in OpenCL.
 */
#ifndef YOKE_CLC_CONVERT_H
#define YOKE_CLC_CONVERT_H

/* The bits of X as a T. */
#define YOKE_CLC_AS(T, X)                                                              \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        T yc_r;                                                                        \
        _Static_assert(sizeof yc_x == sizeof yc_r,                                     \
                       "yoke/clc.h: as_" #T "() needs a value of the same size");      \
        __builtin_memcpy(&yc_r, &yc_x, sizeof yc_r);                                   \
        yc_r;                                                                          \
    })

/* How a value is rounded on its way to an integer: to one that the cast then leaves as it is. */
static inline float yoke_clc_rtz_float(float x) { return x; }
static inline double yoke_clc_rtz_double(double x) { return x; }
static inline float yoke_clc_rte_float(float x) { return __builtin_rintf(x); }
static inline double yoke_clc_rte_double(double x) { return __builtin_rint(x); }
static inline float yoke_clc_rtp_float(float x) { return __builtin_ceilf(x); }
static inline double yoke_clc_rtp_double(double x) { return __builtin_ceil(x); }
static inline float yoke_clc_rtn_float(float x) { return __builtin_floorf(x); }
static inline double yoke_clc_rtn_double(double x) { return __builtin_floor(x); }

/* To T from a signed integer, an unsigned one and a floating-point number, saturated. The limits of
 * 64 bits are not numbers of floating point, the value behind them is. */
#define YOKE_CLC_SATURATE(T, U, S, P, MIN, MAX, BITS)                                  \
    static inline T yoke_clc_sat_i_##T(long x)                                         \
    {                                                                                  \
        return yoke_clc_sum_##T((S)x);                             \
    }                                                                                  \
    static inline T yoke_clc_sat_u_##T(ulong x)                                        \
    {                                                                                  \
        return x > (ulong)(MAX) ? (T)(MAX) : (T)x;                                     \
    }                                                                                  \
    static inline T yoke_clc_sat_f_##T(double x)                                       \
    {                                                                                  \
        return x != x              ? (T)0                                              \
               : x <= (double)(MIN) ? (T)(MIN)                                         \
               : x >= (double)(MAX) ? (T)(MAX)                                         \
                                    : (T)x;                                            \
    }
YOKE_CLC_WIDTHS(YOKE_CLC_SATURATE)

#define YOKE_CLC_SAT(T, v)                                                             \
    _Generic((v), float: yoke_clc_sat_f_##T, double: yoke_clc_sat_f_##T,               \
             char: yoke_clc_sat_i_##T, short: yoke_clc_sat_i_##T, int: yoke_clc_sat_i_##T, \
             long: yoke_clc_sat_i_##T, default: yoke_clc_sat_u_##T)(v)
#define YOKE_CLC_CAST(T, v) ((T)(v))

/* R is T or a vector of it; how is CAST or SAT, mode one of the above. */
#define YOKE_CLC_CONVERT(R, T, how, mode, X)                                           \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        R yc_r = {0};                                                                  \
        _Static_assert(YOKE_CLC_LANES(yc_x) == YOKE_CLC_LANES(yc_r),                   \
                       "yoke/clc.h: convert_" #R "() needs a value of as many components"); \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            const __typeof__(*YOKE_CLC_AT(yc_x)) yc_l = YOKE_CLC_AT(yc_x)[yc_i];       \
            YOKE_CLC_AT(yc_r)[yc_i] = how(T, YOKE_CLC_ROUNDED(mode, yc_l));            \
        }                                                                              \
        yc_r;                                                                          \
    })
#define YOKE_CLC_ROUNDED(mode, v) YOKE_CLC_ROUNDED_NOW(mode, v)
#define YOKE_CLC_ROUNDED_NOW(mode, v)                                                  \
    __builtin_choose_expr(YOKE_CLC_IS(v, float),                                       \
        yoke_clc_##mode##_float(YOKE_CLC_GIVE(float, v)),                              \
        __builtin_choose_expr(YOKE_CLC_IS(v, double),                                  \
            yoke_clc_##mode##_double(YOKE_CLC_GIVE(double, v)), v))
#define YOKE_CLC_GIVE(T, v) __builtin_choose_expr(YOKE_CLC_IS(v, T), v, (T)0)

#endif
