/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/clc.h: the types of OpenCL C, and how one macro treats scalars and vectors alike.
 *
 * With clang, vectors are those of clang's OpenCL mode, with members, swizzles and operators. With
 * gcc they are unions: they have the members x y z w, s0 to sF, lo and hi, and no operators.
 */
#ifndef YOKE_CLC_TYPES_H
#define YOKE_CLC_TYPES_H

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;

/* M(type, v) for each scalar type; v is handed on. */
#define YOKE_CLC_INTEGERS(M, v)                                                        \
    M(char, v) M(uchar, v) M(short, v) M(ushort, v)                                    \
    M(int, v) M(uint, v) M(long, v) M(ulong, v)
#define YOKE_CLC_FLOATS(M, v) M(float, v) M(double, v)
#define YOKE_CLC_SCALARS(M, v) YOKE_CLC_INTEGERS(M, v) YOKE_CLC_FLOATS(M, v)

#ifdef __clang__
#define YOKE_CLC_DEFINE(T, v)                                                          \
    typedef T T##2 __attribute__((ext_vector_type(2)));                                \
    typedef T T##3 __attribute__((ext_vector_type(3)));                                \
    typedef T T##4 __attribute__((ext_vector_type(4)));                                \
    typedef T T##8 __attribute__((ext_vector_type(8)));                                \
    typedef T T##16 __attribute__((ext_vector_type(16)));
#else
/* The tags appear in what gcc says about an operator or a member that there is not. */
#define YOKE_CLC_UNION(T, n) union T##n##_is_a_union_with_gcc_see_yoke_clc_h
#define YOKE_CLC_ALIGNED(T, n) __attribute__((aligned(sizeof(T) * (n))))
#define YOKE_CLC_DEFINE(T, v)                                                          \
    typedef YOKE_CLC_UNION(T, 2) {                                                     \
        struct { T x, y; };                                                            \
        struct { T s0, s1; };                                                          \
        struct { T lo, hi; };                                                          \
        T s[2];                                                                        \
    } YOKE_CLC_ALIGNED(T, 2) T##2;                                                     \
    typedef YOKE_CLC_UNION(T, 3) {                                                     \
        struct { T x, y, z; };                                                         \
        struct { T s0, s1, s2; };                                                      \
        struct { T##2 lo; };                                                           \
        T s[4];                                                                        \
    } YOKE_CLC_ALIGNED(T, 4) T##3;                                                     \
    typedef YOKE_CLC_UNION(T, 4) {                                                     \
        struct { T x, y, z, w; };                                                      \
        struct { T s0, s1, s2, s3; };                                                  \
        struct { T##2 lo, hi; };                                                       \
        T s[4];                                                                        \
    } YOKE_CLC_ALIGNED(T, 4) T##4;                                                     \
    typedef YOKE_CLC_UNION(T, 8) {                                                     \
        struct { T s0, s1, s2, s3, s4, s5, s6, s7; };                                  \
        struct { T##4 lo, hi; };                                                       \
        T s[8];                                                                        \
    } YOKE_CLC_ALIGNED(T, 8) T##8;                                                     \
    typedef YOKE_CLC_UNION(T, 16) {                                                    \
        struct { T s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, sa, sb, sc, sd, se, sf; };  \
        struct { T yoke_clc_unused[10]; T sA, sB, sC, sD, sE, sF; };                   \
        struct { T##8 lo, hi; };                                                       \
        T s[16];                                                                       \
    } YOKE_CLC_ALIGNED(T, 16) T##16;
#endif
YOKE_CLC_SCALARS(YOKE_CLC_DEFINE, )

/* What follows gets `v`, a variable. Nothing here is evaluated twice. */

/* How many lanes v has: 1 for a scalar. */
#define YOKE_CLC_LANES(v) _Generic((v) YOKE_CLC_SCALARS(YOKE_CLC_LANES_OF, v))
#define YOKE_CLC_LANES_OF(T, v) , T: 1, T##2: 2, T##3: 3, T##4: 4, T##8: 8, T##16: 16

/* The address of v's first lane. */
#define YOKE_CLC_AT(v) _Generic((v) YOKE_CLC_SCALARS(YOKE_CLC_AT_OF, v))
#define YOKE_CLC_AT_OF(T, v)                                                           \
    , T: (T *)(void *)&(v), T##2: (T *)(void *)&(v), T##3: (T *)(void *)&(v),          \
      T##4: (T *)(void *)&(v), T##8: (T *)(void *)&(v), T##16: (T *)(void *)&(v)

/* A null pointer to a type with as many lanes as v: of the same type, of the unsigned type of the
 * same size, and what comparisons give. */
#define YOKE_CLC_SAME(v) ((__typeof__(v) *)0)
#define YOKE_CLC_UNSIGNED(v)                                                           \
    _Generic((v) YOKE_CLC_TO(char, uchar) YOKE_CLC_TO(uchar, uchar)                    \
        YOKE_CLC_TO(short, ushort) YOKE_CLC_TO(ushort, ushort) YOKE_CLC_TO(int, uint)  \
        YOKE_CLC_TO(uint, uint) YOKE_CLC_TO(long, ulong) YOKE_CLC_TO(ulong, ulong))
#define YOKE_CLC_TRUTH(v)                                                              \
    _Generic((v), float: (int *)0, double: (int *)0 YOKE_CLC_TO_VECTOR(float, int)     \
        YOKE_CLC_TO_VECTOR(double, long))
#define YOKE_CLC_INT(v) _Generic((v) YOKE_CLC_TO(float, int) YOKE_CLC_TO(double, int))
#define YOKE_CLC_SCALAR(v) ((__typeof__(YOKE_CLC_AT(v)))0)
#define YOKE_CLC_TO(T, R) , T: (R *)0 YOKE_CLC_TO_VECTOR(T, R)
#define YOKE_CLC_TO_VECTOR(T, R)                                                       \
    , T##2: (R##2 *)0, T##3: (R##3 *)0, T##4: (R##4 *)0, T##8: (R##8 *)0, T##16: (R##16 *)0

/* The value of an expression, without const and the like. */
#define YOKE_CLC_VALUE(x) ((void)0, (x))

/* The function f_T for the type of v's lanes: of all types, of integers, of floating point. */
#define YOKE_CLC_ANY(f, v) _Generic(*YOKE_CLC_AT(v) YOKE_CLC_SCALARS(YOKE_CLC_NAME, f))
#define YOKE_CLC_INTEGER(f, v) _Generic(*YOKE_CLC_AT(v) YOKE_CLC_INTEGERS(YOKE_CLC_NAME, f))
#define YOKE_CLC_FLOAT(f, v) _Generic(*YOKE_CLC_AT(v), float: f##_float, double: f##_double)
#define YOKE_CLC_NAME(T, f) , T: f##_##T

#define YOKE_CLC_IS(v, w) __builtin_types_compatible_p(__typeof__(v), __typeof__(w))

/* One type, as OpenCL wants it; or a scalar for all lanes of a vector. */
#define YOKE_CLC_ALIKE(v, w)                                                           \
    _Static_assert(YOKE_CLC_IS(v, w) || YOKE_CLC_IS(*YOKE_CLC_AT(v), w),               \
                   "yoke/clc.h: the arguments of a built-in function must have one type, as in " \
                   "OpenCL: convert one of them")
#define YOKE_CLC_LANE(v, i) YOKE_CLC_AT(v)[YOKE_CLC_LANES(v) == 1 ? 0 : (i)]

/* f of each lane. pick is YOKE_CLC_ANY and so on; to says which type the result has. */
#define YOKE_CLC_EACH1(pick, f, to, X)                                                 \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __typeof__(*to(yc_x)) yc_r = {0};                                              \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            YOKE_CLC_AT(yc_r)[yc_i] = pick(f, yc_x)(YOKE_CLC_AT(yc_x)[yc_i]);          \
        }                                                                              \
        yc_r;                                                                          \
    })
#define YOKE_CLC_EACH2(pick, f, to, X, Y)                                              \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        __typeof__(*to(yc_x)) yc_r = {0};                                              \
        YOKE_CLC_ALIKE(yc_x, yc_y);                                                    \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            YOKE_CLC_AT(yc_r)[yc_i] =                                                  \
                pick(f, yc_x)(YOKE_CLC_AT(yc_x)[yc_i], YOKE_CLC_LANE(yc_y, yc_i));     \
        }                                                                              \
        yc_r;                                                                          \
    })
#define YOKE_CLC_EACH3(pick, f, to, X, Y, Z)                                           \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        __auto_type yc_z = YOKE_CLC_VALUE(Z);                                          \
        __typeof__(*to(yc_x)) yc_r = {0};                                              \
        YOKE_CLC_ALIKE(yc_x, yc_y);                                                    \
        YOKE_CLC_ALIKE(yc_x, yc_z);                                                    \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            YOKE_CLC_AT(yc_r)[yc_i] =                                                  \
                pick(f, yc_x)(YOKE_CLC_AT(yc_x)[yc_i], YOKE_CLC_LANE(yc_y, yc_i),      \
                              YOKE_CLC_LANE(yc_z, yc_i));                              \
        }                                                                              \
        yc_r;                                                                          \
    })
/* The second argument is an int, for each lane or for all. */
#define YOKE_CLC_EACH_INT(f, X, Y)                                                     \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_y = YOKE_CLC_VALUE(Y);                                          \
        __typeof__(yc_x) yc_r = {0};                                                   \
        _Static_assert(YOKE_CLC_IS(yc_y, int) || YOKE_CLC_IS(yc_y, *YOKE_CLC_INT(yc_x)), \
                       "yoke/clc.h: the second argument must be an int");              \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            YOKE_CLC_AT(yc_r)[yc_i] = YOKE_CLC_FLOAT(f, yc_x)(                         \
                YOKE_CLC_AT(yc_x)[yc_i], YOKE_CLC_LANE(yc_y, yc_i));                   \
        }                                                                              \
        yc_r;                                                                          \
    })
/* f(lane, address of the lane of a second result), whose address is P. */
#define YOKE_CLC_EACH_OUT(f, X, P)                                                     \
    __extension__({                                                                    \
        __auto_type yc_x = YOKE_CLC_VALUE(X);                                          \
        __auto_type yc_p = YOKE_CLC_VALUE(P);                                          \
        __typeof__(yc_x) yc_r = {0};                                                   \
        for (int yc_i = 0; yc_i < YOKE_CLC_LANES(yc_x); yc_i++) {                      \
            YOKE_CLC_AT(yc_r)[yc_i] = YOKE_CLC_FLOAT(f, yc_x)(                         \
                YOKE_CLC_AT(yc_x)[yc_i], YOKE_CLC_AT(*yc_p) + yc_i);                   \
        }                                                                              \
        yc_r;                                                                          \
    })

#endif
