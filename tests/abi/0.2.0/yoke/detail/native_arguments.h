/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/native.h and yoke/clc.h: lists of parameters as macros have them.
 */
#ifndef YOKE_NATIVE_ARGUMENTS_H
#define YOKE_NATIVE_ARGUMENTS_H

#define YOKE_NATIVE_DECLARE(number, index, pair) , YOKE_NATIVE_PAIR pair
#define YOKE_NATIVE_PAIR(type, name) type name
#define YOKE_NATIVE_PASS(number, index, pair)                                          \
    , YOKE_NATIVE_GET(YOKE_NATIVE_TYPE pair, args + (index))
#define YOKE_NATIVE_TYPE(type, name) type

/* The value of an argument: args has the pointer itself, and the address of any other value, which
 * need not be aligned. */
#ifdef __cplusplus
#define YOKE_NATIVE_LINKAGE extern "C"
#define YOKE_NATIVE_GET(type, arg) (yoke_native_argument<type>::get(arg))

template <typename T> struct yoke_native_argument {
    static T get(void *const *arg) { return *static_cast<const T *>(*arg); }
};
template <typename T> struct yoke_native_argument<T *> {
    static T *get(void *const *arg) { return static_cast<T *>(*arg); }
};
#else
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wpacked-not-aligned" /* which is what is wanted here */
#endif
#define YOKE_NATIVE_LINKAGE extern
#define YOKE_NATIVE_GET(type, arg)                                                     \
    (((const struct {                                                                  \
        type value;                                                                    \
    } __attribute__((packed, may_alias)) *)(YOKE_NATIVE_IS_POINTER(type)               \
                                                ? (const void *)(arg)                  \
                                                : (const void *)*(arg)))               \
         ->value)
#define YOKE_NATIVE_IS_POINTER(type) (__builtin_classify_type(*(__typeof__(type) *)0) == 5)
#endif

/* M(number, index, parameter) for each parameter; number goes down to 1, index up from 0. */
#define YOKE_NATIVE_EACH(M, ...)                                                       \
    YOKE_NATIVE_JOIN(YOKE_NATIVE_EACH_, YOKE_NATIVE_COUNT(__VA_ARGS__))(M, 0, __VA_ARGS__)
#define YOKE_NATIVE_JOIN(a, b) YOKE_NATIVE_JOIN_NOW(a, b)
#define YOKE_NATIVE_JOIN_NOW(a, b) a##b
#define YOKE_NATIVE_COUNT(...)                                                         \
    YOKE_NATIVE_COUNT_NOW(__VA_ARGS__, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14,     \
    13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define YOKE_NATIVE_COUNT_NOW(                                                         \
    p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16, p17, p18,   \
    p19, p20, p21, p22, p23, p24, count, ...)                                          \
    count
#define YOKE_NATIVE_EACH_1(M, i, p) M(1, i, p)
#define YOKE_NATIVE_EACH_2(M, i, p, ...)                                               \
    M(2, i, p) YOKE_NATIVE_EACH_1(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_3(M, i, p, ...)                                               \
    M(3, i, p) YOKE_NATIVE_EACH_2(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_4(M, i, p, ...)                                               \
    M(4, i, p) YOKE_NATIVE_EACH_3(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_5(M, i, p, ...)                                               \
    M(5, i, p) YOKE_NATIVE_EACH_4(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_6(M, i, p, ...)                                               \
    M(6, i, p) YOKE_NATIVE_EACH_5(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_7(M, i, p, ...)                                               \
    M(7, i, p) YOKE_NATIVE_EACH_6(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_8(M, i, p, ...)                                               \
    M(8, i, p) YOKE_NATIVE_EACH_7(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_9(M, i, p, ...)                                               \
    M(9, i, p) YOKE_NATIVE_EACH_8(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_10(M, i, p, ...)                                              \
    M(10, i, p) YOKE_NATIVE_EACH_9(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_11(M, i, p, ...)                                              \
    M(11, i, p) YOKE_NATIVE_EACH_10(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_12(M, i, p, ...)                                              \
    M(12, i, p) YOKE_NATIVE_EACH_11(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_13(M, i, p, ...)                                              \
    M(13, i, p) YOKE_NATIVE_EACH_12(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_14(M, i, p, ...)                                              \
    M(14, i, p) YOKE_NATIVE_EACH_13(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_15(M, i, p, ...)                                              \
    M(15, i, p) YOKE_NATIVE_EACH_14(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_16(M, i, p, ...)                                              \
    M(16, i, p) YOKE_NATIVE_EACH_15(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_17(M, i, p, ...)                                              \
    M(17, i, p) YOKE_NATIVE_EACH_16(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_18(M, i, p, ...)                                              \
    M(18, i, p) YOKE_NATIVE_EACH_17(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_19(M, i, p, ...)                                              \
    M(19, i, p) YOKE_NATIVE_EACH_18(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_20(M, i, p, ...)                                              \
    M(20, i, p) YOKE_NATIVE_EACH_19(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_21(M, i, p, ...)                                              \
    M(21, i, p) YOKE_NATIVE_EACH_20(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_22(M, i, p, ...)                                              \
    M(22, i, p) YOKE_NATIVE_EACH_21(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_23(M, i, p, ...)                                              \
    M(23, i, p) YOKE_NATIVE_EACH_22(M, i + 1, __VA_ARGS__)
#define YOKE_NATIVE_EACH_24(M, i, p, ...)                                              \
    M(24, i, p) YOKE_NATIVE_EACH_23(M, i + 1, __VA_ARGS__)

#endif
