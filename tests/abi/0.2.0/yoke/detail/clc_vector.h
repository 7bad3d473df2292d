/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/clc.h: geometry, selection, and vectors made from parts or memory.
 */
#ifndef YOKE_CLC_VECTOR_H
#define YOKE_CLC_VECTOR_H

/* A vector of type R, with n lanes of type T, of scalars and vectors of T; of one scalar for all. */
#define YOKE_CLC_MAKE(R, T, n, ...)                                                    \
    __extension__({                                                                    \
        R yc_r = {0};                                                                  \
        int yc_n = 0;                                                                  \
        _Static_assert((0 YOKE_NATIVE_EACH(YOKE_CLC_ADD_LANES, __VA_ARGS__)) == n ||   \
                           (0 YOKE_NATIVE_EACH(YOKE_CLC_ADD_LANES, __VA_ARGS__)) == 1, \
                       "yoke/clc.h: make_" #R "() needs " #n " components, or one for all"); \
        YOKE_NATIVE_EACH(YOKE_CLC_PUT, __VA_ARGS__)                                    \
        for (; yc_n < n; yc_n++) {                                                     \
            YOKE_CLC_AT(yc_r)[yc_n] = YOKE_CLC_AT(yc_r)[0];                            \
        }                                                                              \
        yc_r;                                                                          \
    })
#define YOKE_CLC_ADD_LANES(number, index, x) +YOKE_CLC_LANES(x)
#define YOKE_CLC_PUT(number, index, x)                                                 \
    {                                                                                  \
        __auto_type yc_e = YOKE_CLC_VALUE(x);                                          \
        _Static_assert(YOKE_CLC_LANES(yc_e) == 1 ||                                    \
                           YOKE_CLC_IS(*YOKE_CLC_AT(yc_e), *YOKE_CLC_AT(yc_r)),        \
                       "yoke/clc.h: a vector of another type: convert it");            \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_e); yc_i++) {                      \
            YOKE_CLC_AT(yc_r)[yc_n++] =                                                \
                (__typeof__(*YOKE_CLC_AT(yc_r)))YOKE_CLC_AT(yc_e)[yc_i];               \
        }                                                                              \
    }

/* A null pointer to a vector of n lanes of v's type. */
#define YOKE_CLC_VECTOR(v, n) _Generic((v) YOKE_CLC_SCALARS(YOKE_CLC_VECTOR_OF, n))
#define YOKE_CLC_VECTOR_OF(T, n) , T: (T##n *)0
#define YOKE_CLC_LOAD(n, O, P)                                                         \
    __extension__({                                                                    \
        __auto_type yc_p = YOKE_CLC_VALUE(P);                                          \
        __typeof__(*YOKE_CLC_VECTOR##n(*yc_p)) yc_r = {0};                             \
        __builtin_memcpy(&yc_r, yc_p + (size_t)n * (O), n * sizeof *yc_p);             \
        yc_r;                                                                          \
    })
#define YOKE_CLC_STORE(n, X, O, P)                                                     \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_p = YOKE_CLC_VALUE(P);                                          \
        _Static_assert(YOKE_CLC_LANES(yc_x) == n && YOKE_CLC_IS(*YOKE_CLC_AT(yc_x), *yc_p), \
                       "yoke/clc.h: vstore" #n "() of another type than the memory's"); \
        __builtin_memcpy(yc_p + (size_t)n * (O), &yc_x, n * sizeof *yc_p);             \
    })

/* The sum of the products of lanes. */
#define YOKE_CLC_DOT(X, Y)                                                             \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        _Static_assert(YOKE_CLC_IS(yc_x, yc_y), "yoke/clc.h: dot() of different types"); \
        __typeof__(*YOKE_CLC_FLOAT(yoke_clc_null, yc_x)) yc_r =                        \
            YOKE_CLC_AT(yc_x)[0] * YOKE_CLC_AT(yc_y)[0];                               \
        for (int yc_i = 1; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            yc_r += YOKE_CLC_AT(yc_x)[yc_i] * YOKE_CLC_AT(yc_y)[yc_i];                 \
        }                                                                              \
        yc_r;                                                                          \
    })
#define yoke_clc_null_float ((float *)0)
#define yoke_clc_null_double ((double *)0)

static inline float yoke_clc_length_float(const float *x, int n)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++) {
        sum += (double)x[i] * (double)x[i];
    }
    return (float)__builtin_sqrt(sum);
}

static inline double yoke_clc_length_double(const double *x, int n)
{
    double sum = __builtin_fabs(x[0]);

    for (int i = 1; i < n; i++) {
        sum = __builtin_hypot(sum, x[i]);
    }
    return sum;
}

/* As x / length(x), without overflow; a vector of zeros stays as it is. Infinite lanes count as 1,
 * and the others beside them as 0. */
#define YOKE_CLC_TAME(T, x, n, copysign, isinf)                                        \
    bool is_infinite = false;                                                          \
    for (int i = 0; i < n; i++) {                                                      \
        is_infinite = is_infinite || isinf(x[i]);                                      \
    }                                                                                  \
    for (int i = 0; i < n && is_infinite; i++) {                                       \
        x[i] = x[i] != x[i] ? x[i] : copysign(isinf(x[i]) ? (T)1 : (T)0, x[i]);        \
    }

static inline void yoke_clc_normalize_float(float *x, int n)
{
    double sum = 0.0;

    YOKE_CLC_TAME(float, x, n, __builtin_copysignf, __builtin_isinf)
    for (int i = 0; i < n; i++) {
        sum += (double)x[i] * (double)x[i];
    }
    for (int i = 0; i < n && sum != 0.0; i++) {
        x[i] = (float)((double)x[i] / __builtin_sqrt(sum));
    }
}

static inline void yoke_clc_normalize_double(double *x, int n)
{
    YOKE_CLC_TAME(double, x, n, __builtin_copysign, __builtin_isinf)
    const double length = yoke_clc_length_double(x, n);

    for (int i = 0; i < n && length != 0.0; i++) {
        x[i] /= length;
    }
}

static inline void yoke_clc_cross_float(float *r, const float *x, const float *y)
{
    r[0] = x[1] * y[2] - x[2] * y[1];
    r[1] = x[2] * y[0] - x[0] * y[2];
    r[2] = x[0] * y[1] - x[1] * y[0];
}

static inline void yoke_clc_cross_double(double *r, const double *x, const double *y)
{
    r[0] = x[1] * y[2] - x[2] * y[1];
    r[1] = x[2] * y[0] - x[0] * y[2];
    r[2] = x[0] * y[1] - x[1] * y[0];
}

#define YOKE_CLC_LENGTH(X)                                                             \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        YOKE_CLC_FLOAT(yoke_clc_length, yc_x)(YOKE_CLC_AT(yc_x), YOKE_CLC_LANES(yc_x)); \
    })
#define YOKE_CLC_DISTANCE(X, Y)                                                        \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        _Static_assert(YOKE_CLC_IS(yc_x, yc_y), "yoke/clc.h: distance() of different types"); \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            YOKE_CLC_AT(yc_x)[yc_i] -= YOKE_CLC_AT(yc_y)[yc_i];                        \
        }                                                                              \
        YOKE_CLC_FLOAT(yoke_clc_length, yc_x)(YOKE_CLC_AT(yc_x), YOKE_CLC_LANES(yc_x)); \
    })
#define YOKE_CLC_NORMALIZE(X)                                                          \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        YOKE_CLC_FLOAT(yoke_clc_normalize, yc_x)(YOKE_CLC_AT(yc_x), YOKE_CLC_LANES(yc_x)); \
        yc_x;                                                                          \
    })
#define YOKE_CLC_CROSS(X, Y)                                                           \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        __typeof__(yc_x) yc_r = {0};                                                   \
        _Static_assert(YOKE_CLC_IS(yc_x, yc_y) && (YOKE_CLC_LANES(yc_x) == 3 ||        \
                                                   YOKE_CLC_LANES(yc_x) == 4),         \
                       "yoke/clc.h: cross() of vectors without 3 or 4 components");    \
        YOKE_CLC_FLOAT(yoke_clc_cross, yc_x)                                           \
        (YOKE_CLC_AT(yc_r), YOKE_CLC_AT(yc_x), YOKE_CLC_AT(yc_y));                     \
        yc_r;                                                                          \
    })

/* What a condition is: the highest bit in vectors, any bit of a scalar. */
#define YOKE_CLC_IS_SET(v, i)                                                          \
    (YOKE_CLC_LANES(v) == 1                                                            \
         ? YOKE_CLC_AT(v)[i] != 0                                                      \
         : (YOKE_CLC_AT(v)[i] >> (8 * sizeof YOKE_CLC_AT(v)[i] - 1) & 1) != 0)
#define YOKE_CLC_SELECT(X, Y, C)                                                       \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        __auto_type yc_c = YOKE_CLC_VALUE(C);                                          \
        _Static_assert(YOKE_CLC_IS(yc_x, yc_y) && sizeof yc_x == sizeof yc_c &&        \
                           YOKE_CLC_LANES(yc_x) == YOKE_CLC_LANES(yc_c),               \
                       "yoke/clc.h: select() needs two values of one type and an integer of " \
                       "the same size");                                               \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            YOKE_CLC_AT(yc_x)[yc_i] = YOKE_CLC_IS_SET(yc_c, yc_i) ? YOKE_CLC_AT(yc_y)[yc_i] \
                                                                  : YOKE_CLC_AT(yc_x)[yc_i]; \
        }                                                                              \
        yc_x;                                                                          \
    })
#define YOKE_CLC_BITSELECT(X, Y, C)                                                    \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        __auto_type yc_c = YOKE_CLC_VALUE(C);                                          \
        _Static_assert(YOKE_CLC_IS(yc_x, yc_y) && YOKE_CLC_IS(yc_x, yc_c),             \
                       "yoke/clc.h: bitselect() of different types");                  \
        for (size_t yc_i = 0; yc_i < sizeof yc_x; yc_i++) {                            \
            const uchar yc_m = ((const uchar *)&yc_c)[yc_i];                           \
            ((uchar *)&yc_x)[yc_i] = (uchar)((((uchar *)&yc_x)[yc_i] & ~yc_m) |        \
                                             (((const uchar *)&yc_y)[yc_i] & yc_m));   \
        }                                                                              \
        yc_x;                                                                          \
    })
/* Of signed integers: how many lanes have the highest bit. */
#define YOKE_CLC_COUNT_SET(X, all)                                                     \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        int yc_r = 0;                                                                  \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            yc_r += (YOKE_CLC_AT(yc_x)[yc_i] >> (8 * sizeof YOKE_CLC_AT(yc_x)[yc_i] - 1) & 1) != 0; \
        }                                                                              \
        yc_r >= (all ? YOKE_CLC_LANES(yc_x) : 1);                                      \
    })
#define YOKE_CLC_VECTOR2(v) YOKE_CLC_VECTOR(v, 2)
#define YOKE_CLC_VECTOR3(v) YOKE_CLC_VECTOR(v, 3)
#define YOKE_CLC_VECTOR4(v) YOKE_CLC_VECTOR(v, 4)
#define YOKE_CLC_VECTOR8(v) YOKE_CLC_VECTOR(v, 8)
#define YOKE_CLC_VECTOR16(v) YOKE_CLC_VECTOR(v, 16)

#endif
