/* SPDX-License-Identifier: MIT */
/*
 * The loops that are timed. Every contender written in C calls these same functions;
 * their OpenCL forms, of the same names, are in loops.cl.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include <stddef.h>
#include <stdint.h>

enum { LOOP_ARRAYS = 3 };

typedef struct loop_data {
    void *array[LOOP_ARRAYS]; /* results first; NULL where there is none */
    uint32_t width;           /* elements of an item */
    uint32_t height;          /* items of the whole range */
    uint32_t work;            /* steps per element, where the loop has a use for it */
} loop_data;

/* Computes the items [begin, end). */
typedef void loop_body(size_t begin, size_t end, const loop_data *data);

/* name, arrays, what it does */
#define LOOP_TABLE(X)                                                                    \
    X(empty, 0)          /* nothing */                                                   \
    X(saxpy, 3)          /* z = a x + y */                                               \
    X(saxpy_inplace, 2)  /* y = a x + y */                                               \
    X(mandelbrot, 1)     /* a row of the set, `work` iterations at most */               \
    X(nbody, 2)          /* velocities after one kick by all the bodies */               \
    X(blur, 2)           /* a row of a picture, 5 x 5 */                                 \
    X(sum_squares, 2)    /* the sum of the squares below each limit */                   \
    X(squares, 1)        /* i * i */                                                     \
    X(square_items, 2)   /* x * x */                                                     \
    X(sum, 2)            /* element 0: the sum of the items' x */                        \
    X(dot, 3)            /* element 0: the sum of their x * y */                         \
    X(stencil, 2)        /* a row, each element the mean with its four neighbours */     \
    X(multiply_add, 1)   /* `work` multiply-adds on 64 numbers */                        \
    X(fill_floats, 1)    /* first touch: floats between 0 and 1 */                       \
    X(fill_limits, 1)    /* first touch: what sum_squares wants */                       \
    X(fill_numbers, 1)   /* first touch: i */

#define LOOP_DECLARE(name, arrays) loop_body loop_##name;
LOOP_TABLE(LOOP_DECLARE)
#undef LOOP_DECLARE

#endif
