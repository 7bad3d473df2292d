/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/clc.h: mathematical functions of OpenCL C, for float and double and their vectors.
 *
 * The C library's functions are within OpenCL's bounds. What it does not have is computed in a
 * wider type, or exactly as the specification writes it.
 */
#ifndef YOKE_CLC_FLOAT_H
#define YOKE_CLC_FLOAT_H

/* name_float and name_double, from expressions in x, y, z. */
#define YOKE_CLC_MATH1(name, single, twice)                                            \
    static inline float yoke_clc_##name##_float(float x) { return single; }            \
    static inline double yoke_clc_##name##_double(double x) { return twice; }
#define YOKE_CLC_MATH2(name, single, twice)                                            \
    static inline float yoke_clc_##name##_float(float x, float y) { return single; }   \
    static inline double yoke_clc_##name##_double(double x, double y) { return twice; }
#define YOKE_CLC_MATH3(name, single, twice)                                            \
    static inline float yoke_clc_##name##_float(float x, float y, float z)             \
    {                                                                                  \
        return single;                                                                 \
    }                                                                                  \
    static inline double yoke_clc_##name##_double(double x, double y, double z)        \
    {                                                                                  \
        return twice;                                                                  \
    }
/* Those that C has by the same name. */
#define YOKE_CLC_C1(name) YOKE_CLC_MATH1(name, __builtin_##name##f(x), __builtin_##name(x))
#define YOKE_CLC_C2(name) YOKE_CLC_MATH2(name, __builtin_##name##f(x, y), __builtin_##name(x, y))

YOKE_CLC_C1(acos) YOKE_CLC_C1(acosh) YOKE_CLC_C1(asin) YOKE_CLC_C1(asinh)
YOKE_CLC_C1(atan) YOKE_CLC_C1(atanh) YOKE_CLC_C1(cbrt) YOKE_CLC_C1(ceil)
YOKE_CLC_C1(cos) YOKE_CLC_C1(cosh) YOKE_CLC_C1(erf) YOKE_CLC_C1(erfc) YOKE_CLC_C1(exp)
YOKE_CLC_C1(exp2) YOKE_CLC_C1(expm1) YOKE_CLC_C1(fabs) YOKE_CLC_C1(floor)
YOKE_CLC_C1(lgamma) YOKE_CLC_C1(log) YOKE_CLC_C1(log10) YOKE_CLC_C1(log1p)
YOKE_CLC_C1(log2) YOKE_CLC_C1(logb) YOKE_CLC_C1(rint) YOKE_CLC_C1(round)
YOKE_CLC_C1(sin) YOKE_CLC_C1(sinh) YOKE_CLC_C1(sqrt) YOKE_CLC_C1(tan) YOKE_CLC_C1(tanh)
YOKE_CLC_C1(tgamma) YOKE_CLC_C1(trunc)
YOKE_CLC_C2(atan2) YOKE_CLC_C2(copysign) YOKE_CLC_C2(fdim) YOKE_CLC_C2(fmax)
YOKE_CLC_C2(fmin) YOKE_CLC_C2(fmod) YOKE_CLC_C2(hypot) YOKE_CLC_C2(nextafter)
YOKE_CLC_C2(pow) YOKE_CLC_C2(remainder)

#define YOKE_CLC_PI 3.14159265358979323846

/* sin(pi x) and cos(pi x): the whole turns are taken off exactly. */
static inline double yoke_clc_sinpi_double(double x)
{
    double r = __builtin_fmod(x, 2.0);

    r = r > 1.0 ? r - 2.0 : r < -1.0 ? r + 2.0 : r;
    r = r > 0.5 ? 1.0 - r : r < -0.5 ? -1.0 - r : r;
    return __builtin_fabs(r) > 0.25
               ? __builtin_copysign(
                     __builtin_cos(YOKE_CLC_PI * (0.5 - __builtin_fabs(r))), r)
               : __builtin_sin(YOKE_CLC_PI * r);
}

static inline double yoke_clc_cospi_double(double x)
{
    double r = __builtin_fabs(__builtin_fmod(x, 2.0));

    r = r > 1.0 ? 2.0 - r : r;
    if (r > 0.75) {
        return -__builtin_cos(YOKE_CLC_PI * (1.0 - r));
    }
    return r > 0.25 ? __builtin_sin(YOKE_CLC_PI * (0.5 - r)) : __builtin_cos(YOKE_CLC_PI * r);
}

static inline double yoke_clc_tanpi_double(double x)
{
    return yoke_clc_sinpi_double(x) / yoke_clc_cospi_double(x);
}

#define YOKE_CLC_BY_DOUBLE(name)                                                       \
    static inline float yoke_clc_##name##_float(float x)                               \
    {                                                                                  \
        return (float)yoke_clc_##name##_double((double)x);                             \
    }
YOKE_CLC_BY_DOUBLE(sinpi) YOKE_CLC_BY_DOUBLE(cospi) YOKE_CLC_BY_DOUBLE(tanpi)

YOKE_CLC_MATH1(acospi, (float)(__builtin_acos((double)x) / YOKE_CLC_PI),
               __builtin_acos(x) / YOKE_CLC_PI)
YOKE_CLC_MATH1(asinpi, (float)(__builtin_asin((double)x) / YOKE_CLC_PI),
               __builtin_asin(x) / YOKE_CLC_PI)
YOKE_CLC_MATH1(atanpi, (float)(__builtin_atan((double)x) / YOKE_CLC_PI),
               __builtin_atan(x) / YOKE_CLC_PI)
YOKE_CLC_MATH2(atan2pi, (float)(__builtin_atan2((double)x, (double)y) / YOKE_CLC_PI),
               __builtin_atan2(x, y) / YOKE_CLC_PI)
YOKE_CLC_MATH1(exp10, (float)__builtin_pow(10.0, (double)x), __builtin_pow(10.0, x))
YOKE_CLC_MATH1(rsqrt, 1.0f / __builtin_sqrtf(x), 1.0 / __builtin_sqrt(x))
YOKE_CLC_MATH1(recip, 1.0f / x, 1.0 / x)
YOKE_CLC_MATH1(degrees, 57.295779513082320877f * x, 57.295779513082320877 * x)
YOKE_CLC_MATH1(radians, 0.017453292519943295769f * x, 0.017453292519943295769 * x)
/* A zero keeps its sign; NaN gives 0. */
YOKE_CLC_MATH1(sign, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x == 0.0f ? x : 0.0f,
               x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? x : 0.0)
YOKE_CLC_MATH2(divide, x / y, x / y)
YOKE_CLC_MATH2(maxmag, __builtin_fabsf(x) > __builtin_fabsf(y)   ? x
                       : __builtin_fabsf(y) > __builtin_fabsf(x) ? y
                                                                 : __builtin_fmaxf(x, y),
               __builtin_fabs(x) > __builtin_fabs(y)   ? x
               : __builtin_fabs(y) > __builtin_fabs(x) ? y
                                                       : __builtin_fmax(x, y))
YOKE_CLC_MATH2(minmag, __builtin_fabsf(x) < __builtin_fabsf(y)   ? x
                       : __builtin_fabsf(y) < __builtin_fabsf(x) ? y
                                                                 : __builtin_fminf(x, y),
               __builtin_fabs(x) < __builtin_fabs(y)   ? x
               : __builtin_fabs(y) < __builtin_fabs(x) ? y
                                                       : __builtin_fmin(x, y))
/* pow() of a base that is not negative: what has no limit of its own is NaN. */
#define YOKE_CLC_POWR(x, y, pow, isinf)                                                \
    (!((x) >= 0) || (y) != (y) || ((x) == 0 && (y) == 0) || (isinf(x) && (y) == 0) ||  \
             ((x) == 1 && isinf(y))                                                    \
         ? __builtin_nanf("")                                                          \
         : pow(__builtin_fabs(x), (y)))
YOKE_CLC_MATH2(powr, (float)YOKE_CLC_POWR((double)x, (double)y, __builtin_pow, __builtin_isinf),
               YOKE_CLC_POWR(x, y, __builtin_pow, __builtin_isinf))
YOKE_CLC_MATH3(fma, __builtin_fmaf(x, y, z), __builtin_fma(x, y, z))
YOKE_CLC_MATH3(mad, x * y + z, x * y + z)
YOKE_CLC_MATH3(mix, x + (y - x) * z, x + (y - x) * z)
YOKE_CLC_MATH2(step, y < x ? 0.0f : 1.0f, y < x ? 0.0 : 1.0)

static inline double yoke_clc_smoothstep_double(double edge0, double edge1, double x)
{
    const double t = (x - edge0) / (edge1 - edge0);
    const double c = t < 0.0 ? 0.0 : t > 1.0 ? 1.0 : t;

    return c * c * (3.0 - 2.0 * c);
}

static inline float yoke_clc_smoothstep_float(float edge0, float edge1, float x)
{
    const float t = (x - edge0) / (edge1 - edge0);
    const float c = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;

    return c * c * (3.0f - 2.0f * c);
}

static inline long double yoke_clc_rootn_long(long double x, int n)
{
    if (n == 0 || (x < 0 && n % 2 == 0)) {
        return __builtin_nanl("");
    }
    const long double root = __builtin_powl(__builtin_fabsl(x), 1.0L / n);

    return n % 2 == 0 ? root : __builtin_copysignl(root, x);
}

#define YOKE_CLC_MATH_INT(name, single, twice)                                         \
    static inline float yoke_clc_##name##_float(float x, int n) { return single; }     \
    static inline double yoke_clc_##name##_double(double x, int n) { return twice; }
YOKE_CLC_MATH_INT(ldexp, __builtin_ldexpf(x, n), __builtin_ldexp(x, n))
YOKE_CLC_MATH_INT(pown, (float)__builtin_pow((double)x, n), __builtin_pow(x, n))
YOKE_CLC_MATH_INT(rootn, (float)yoke_clc_rootn_long(x, n), (double)yoke_clc_rootn_long(x, n))

/* Below 1, whatever the rounding; 0 of infinity. */
static inline float yoke_clc_fraction_float(float x, float whole)
{
    const float part = x == whole ? 0.0f : x - whole;

    return part >= 1.0f ? 0x1.fffffep-1f : part;
}

static inline double yoke_clc_fraction_double(double x, double whole)
{
    const double part = x == whole ? 0.0 : x - whole;

    return part >= 1.0 ? 0x1.fffffffffffffp-1 : part;
}

#define YOKE_CLC_MATH_OUT(name, T, second, first)                                      \
    static inline T yoke_clc_##name(T x, second)                                       \
    {                                                                                  \
        return first;                                                                  \
    }
YOKE_CLC_MATH_OUT(sincos_float, float, float *c, (*c = __builtin_cosf(x), __builtin_sinf(x)))
YOKE_CLC_MATH_OUT(sincos_double, double, double *c, (*c = __builtin_cos(x), __builtin_sin(x)))
YOKE_CLC_MATH_OUT(modf_float, float, float *i, __builtin_modff(x, i))
YOKE_CLC_MATH_OUT(modf_double, double, double *i, __builtin_modf(x, i))
YOKE_CLC_MATH_OUT(fract_float, float, float *i,
                  (*i = __builtin_floorf(x), yoke_clc_fraction_float(x, *i)))
YOKE_CLC_MATH_OUT(fract_double, double, double *i,
                  (*i = __builtin_floor(x), yoke_clc_fraction_double(x, *i)))
YOKE_CLC_MATH_OUT(frexp_float, float, int *e, __builtin_frexpf(x, e))
YOKE_CLC_MATH_OUT(frexp_double, double, int *e, __builtin_frexp(x, e))

static inline int yoke_clc_ilogb_float(float x) { return x != x ? INT_MAX : __builtin_ilogbf(x); }
static inline int yoke_clc_ilogb_double(double x) { return x != x ? INT_MAX : __builtin_ilogb(x); }

/* Comparisons: 1 of scalars, -1 in lanes of vectors. */
#define YOKE_CLC_RELATION(name, arguments_f, arguments_d, value)                       \
    static inline int yoke_clc_##name##_float arguments_f { return (value) ? 1 : 0; }  \
    static inline int yoke_clc_##name##_double arguments_d { return (value) ? 1 : 0; }
#define YOKE_CLC_TEST(name, value) YOKE_CLC_RELATION(name, (float x), (double x), value)
#define YOKE_CLC_COMPARE(name, value)                                                  \
    YOKE_CLC_RELATION(name, (float x, float y), (double x, double y), value)
YOKE_CLC_TEST(isnan, x != x)
YOKE_CLC_TEST(isinf, __builtin_isinf(x))
YOKE_CLC_TEST(isfinite, __builtin_isfinite(x))
YOKE_CLC_TEST(isnormal, __builtin_isnormal(x))
YOKE_CLC_TEST(signbit, __builtin_signbit(x))
YOKE_CLC_COMPARE(isequal, x == y)
YOKE_CLC_COMPARE(isnotequal, x != y)
YOKE_CLC_COMPARE(isgreater, x > y)
YOKE_CLC_COMPARE(isgreaterequal, x >= y)
YOKE_CLC_COMPARE(isless, x < y)
YOKE_CLC_COMPARE(islessequal, x <= y)
YOKE_CLC_COMPARE(islessgreater, x < y || x > y)
YOKE_CLC_COMPARE(isordered, x == x && y == y)
YOKE_CLC_COMPARE(isunordered, x != x || y != y)

#undef isnan
#undef isinf
#undef isfinite
#undef isnormal
#undef signbit
#undef isgreater
#undef isgreaterequal
#undef isless
#undef islessequal
#undef islessgreater
#undef isunordered
#define isnan(x) YOKE_CLC_TRUE1(yoke_clc_isnan, x)
#define isinf(x) YOKE_CLC_TRUE1(yoke_clc_isinf, x)
#define isfinite(x) YOKE_CLC_TRUE1(yoke_clc_isfinite, x)
#define isnormal(x) YOKE_CLC_TRUE1(yoke_clc_isnormal, x)
#define signbit(x) YOKE_CLC_TRUE1(yoke_clc_signbit, x)
#define isequal(x, y) YOKE_CLC_TRUE2(yoke_clc_isequal, x, y)
#define isnotequal(x, y) YOKE_CLC_TRUE2(yoke_clc_isnotequal, x, y)
#define isgreater(x, y) YOKE_CLC_TRUE2(yoke_clc_isgreater, x, y)
#define isgreaterequal(x, y) YOKE_CLC_TRUE2(yoke_clc_isgreaterequal, x, y)
#define isless(x, y) YOKE_CLC_TRUE2(yoke_clc_isless, x, y)
#define islessequal(x, y) YOKE_CLC_TRUE2(yoke_clc_islessequal, x, y)
#define islessgreater(x, y) YOKE_CLC_TRUE2(yoke_clc_islessgreater, x, y)
#define isordered(x, y) YOKE_CLC_TRUE2(yoke_clc_isordered, x, y)
#define isunordered(x, y) YOKE_CLC_TRUE2(yoke_clc_isunordered, x, y)
#define YOKE_CLC_TRUE1(f, X)                                                           \
    YOKE_CLC_SIGNED_TRUTH(YOKE_CLC_EACH1(YOKE_CLC_FLOAT, f, YOKE_CLC_TRUTH, X))
#define YOKE_CLC_TRUE2(f, X, Y)                                                        \
    YOKE_CLC_SIGNED_TRUTH(YOKE_CLC_EACH2(YOKE_CLC_FLOAT, f, YOKE_CLC_TRUTH, X, Y))
#define YOKE_CLC_SIGNED_TRUTH(R)                                                       \
    __extension__({                                                                    \
        __auto_type yc_t = (R);                                                        \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_t) && YOKE_CLC_LANES(yc_t) > 1; yc_i++) { \
            YOKE_CLC_AT(yc_t)[yc_i] = -YOKE_CLC_AT(yc_t)[yc_i];                        \
        }                                                                              \
        yc_t;                                                                          \
    })

/* The edges come first, and may be scalars for all lanes of x. */
#define YOKE_CLC_EDGE1(X, E)                                                           \
    YOKE_CLC_EACH2(YOKE_CLC_FLOAT, yoke_clc_unstep, YOKE_CLC_SAME, X, E)
#define YOKE_CLC_EDGE2(X, E, F)                                                        \
    YOKE_CLC_EACH3(YOKE_CLC_FLOAT, yoke_clc_unsmooth, YOKE_CLC_SAME, X, E, F)
YOKE_CLC_MATH2(unstep, yoke_clc_step_float(y, x), yoke_clc_step_double(y, x))
YOKE_CLC_MATH3(unsmooth, yoke_clc_smoothstep_float(y, z, x), yoke_clc_smoothstep_double(y, z, x))

#endif
