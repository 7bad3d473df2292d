/* SPDX-License-Identifier: MIT */
/*
 * Reductions in their plainest form: what the header promises, in the order that
 * src/reduce/reduction.h describes, one element at a time. Floats are computed in double
 * and rounded after each operation, which gives the bits of float arithmetic. Compile with
 * -ffp-contract=off, or without hardware that contracts.
 */
#ifndef PLAIN_REDUCE_H
#define PLAIN_REDUCE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "yoke/reduce.h"

enum { PLAIN_OPERATIONS = 8, PLAIN_TYPES = 6, PLAIN_LANES = 64, PLAIN_RUN = 8 };

static inline bool plain_is_float(yoke_type type)
{
    return type == YOKE_TYPE_FLOAT || type == YOKE_TYPE_DOUBLE;
}

static inline bool plain_exists(yoke_reduce_operation operation, yoke_type type)
{
    return operation != YOKE_REDUCE_SUM_COMPENSATED || plain_is_float(type);
}

static inline size_t plain_size(yoke_type type)
{
    static const size_t sizes[] = {0, 4, 8, 4, 8, 4, 8};

    return sizes[type];
}

static inline bool plain_has_place(yoke_reduce_operation operation)
{
    return operation == YOKE_REDUCE_ARGMIN || operation == YOKE_REDUCE_ARGMAX;
}

static inline bool plain_is_extreme(yoke_reduce_operation operation)
{
    return operation >= YOKE_REDUCE_MIN && operation <= YOKE_REDUCE_ARGMAX;
}

/* An element of a float type. */
static inline double plain_double(yoke_type type, const void *x, size_t i)
{
    return type == YOKE_TYPE_FLOAT ? (double)((const float *)x)[i]
                                   : ((const double *)x)[i];
}

/* An element of an integer type, modulo 2^64. */
static inline uint64_t plain_integer(yoke_type type, const void *x, size_t i)
{
    switch (type) {
    case YOKE_TYPE_INT32:
        return (uint64_t)((const int32_t *)x)[i];
    case YOKE_TYPE_UINT32:
        return ((const uint32_t *)x)[i];
    default:
        return ((const uint64_t *)x)[i];
    }
}

static inline double plain_round(yoke_type type, double value)
{
    volatile float narrow = (float)value;

    return type == YOKE_TYPE_FLOAT ? (double)narrow : value;
}

/* A sum, and what rounding it has cost. */
typedef struct plain_sum {
    double value;
    double lost;
} plain_sum;

static inline double plain_add(yoke_type type, double a, double b)
{
    return plain_round(type, a + b);
}

static inline void plain_merge(yoke_type type, bool compensated, plain_sum *into,
                               plain_sum from)
{
    const double sum = plain_add(type, into->value, from.value);

    if (compensated) {
        const double part = plain_add(type, sum, -into->value);
        const double a = plain_add(type, into->value, -plain_add(type, sum, -part));
        const double b = plain_add(type, from.value, -part);

        into->lost = plain_add(type, into->lost,
                               plain_add(type, from.lost, plain_add(type, a, b)));
    }
    into->value = sum;
}

/* What is added for element i. */
static inline double plain_term(yoke_reduce_operation operation, yoke_type type,
                                const void *x, const void *y, size_t i)
{
    const double value = plain_double(type, x, i);

    if (operation == YOKE_REDUCE_SUM_OF_SQUARES) {
        return plain_round(type, value * value);
    }
    return operation == YOKE_REDUCE_DOT
               ? plain_round(type, value * plain_double(type, y, i))
               : value;
}

/* The elements from begin on: `count` of them in runs. */
static inline void plain_lanes(plain_sum lanes[PLAIN_LANES],
                               yoke_reduce_operation operation, yoke_type type,
                               const void *x, const void *y, size_t begin, size_t count)
{
    const bool compensated = operation == YOKE_REDUCE_SUM_COMPENSATED;
    const size_t run = (size_t)PLAIN_LANES * PLAIN_RUN;

    for (size_t lane = 0; lane < PLAIN_LANES; lane++) {
        for (size_t first = lane; first < count; first += run) {
            plain_sum sum = {0, 0};

            for (size_t i = first; i < count && i < first + run; i += PLAIN_LANES) {
                plain_merge(
                    type, compensated, &sum,
                    (plain_sum){plain_term(operation, type, x, y, begin + i), 0});
            }
            plain_merge(type, compensated, &lanes[lane], sum);
        }
    }
}

static inline plain_sum plain_block(yoke_reduce_operation operation, yoke_type type,
                                    const void *x, const void *y, size_t block,
                                    size_t n)
{
    const bool compensated = operation == YOKE_REDUCE_SUM_COMPENSATED;
    const size_t blocks = n / YOKE_REDUCE_BLOCK;
    const size_t rest = n % YOKE_REDUCE_BLOCK;
    plain_sum lanes[PLAIN_LANES] = {{0, 0}};

    if (blocks > 0) {
        plain_lanes(lanes, operation, type, x, y, block * YOKE_REDUCE_BLOCK,
                    YOKE_REDUCE_BLOCK);
    }
    if (block + 1 >= blocks) {
        plain_lanes(lanes, operation, type, x, y, blocks * YOKE_REDUCE_BLOCK, rest);
    }
    for (size_t half = PLAIN_LANES / 2; half > 0; half /= 2) {
        for (size_t lane = 0; lane < half; lane++) {
            plain_merge(type, compensated, &lanes[lane], lanes[lane + half]);
        }
    }
    return lanes[0];
}

static inline double plain_float_sum(yoke_reduce_operation operation, yoke_type type,
                                     const void *x, const void *y, size_t n)
{
    const bool compensated = operation == YOKE_REDUCE_SUM_COMPENSATED;
    const size_t blocks = n < YOKE_REDUCE_BLOCK ? 1 : n / YOKE_REDUCE_BLOCK;
    plain_sum *sums = calloc(blocks, sizeof *sums);
    double sum;

    for (size_t b = 0; b < blocks; b++) {
        sums[b] = plain_block(operation, type, x, y, b, n);
    }
    for (size_t step = 1; step < blocks; step *= 2) {
        for (size_t b = 0; b + step < blocks; b += 2 * step) {
            plain_merge(type, compensated, &sums[b], sums[b + step]);
        }
    }
    sum = compensated && isfinite(sums[0].value)
              ? plain_add(type, sums[0].value, sums[0].lost)
              : sums[0].value;
    free(sums);
    return isnan(sum) ? (double)NAN : sum;
}

static inline uint64_t plain_integer_sum(yoke_reduce_operation operation,
                                         yoke_type type, const void *x, const void *y,
                                         size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        const uint64_t a = plain_integer(type, x, i);

        sum += operation == YOKE_REDUCE_SUM ? a
               : operation == YOKE_REDUCE_SUM_OF_SQUARES
                   ? a * a
                   : a * plain_integer(type, y, i);
    }
    return sum;
}

/* Whether element i comes before element k, which has a lower index. */
static inline bool plain_before(bool least, yoke_type type, const void *x, size_t i,
                                size_t k)
{
    if (plain_is_float(type)) {
        const double a = plain_double(type, x, i);
        const double b = plain_double(type, x, k);

        return isnan(b) ? false : isnan(a) ? true : least ? a < b : a > b;
    }
    if (type == YOKE_TYPE_INT32 || type == YOKE_TYPE_INT64) {
        const int64_t a = (int64_t)plain_integer(type, x, i);
        const int64_t b = (int64_t)plain_integer(type, x, k);

        return least ? a < b : a > b;
    }
    return least ? plain_integer(type, x, i) < plain_integer(type, x, k)
                 : plain_integer(type, x, i) > plain_integer(type, x, k);
}

static inline yoke_reduced plain_extreme(yoke_reduce_operation operation,
                                         yoke_type type, const void *x, size_t n)
{
    const bool least = operation == YOKE_REDUCE_MIN || operation == YOKE_REDUCE_ARGMIN;
    yoke_reduced result = {.index = 0};
    size_t best = 0;

    for (size_t i = 1; i < n; i++) {
        best = plain_before(least, type, x, i, best) ? i : best;
    }
    if (plain_is_float(type)) {
        const double value = plain_double(type, x, best);

        result.value.f = isnan(value)                                ? (double)NAN
                         : !plain_has_place(operation) && value == 0 ? 0.0
                                                                     : value;
    } else {
        result.value.u = plain_integer(type, x, best);
    }
    result.index = plain_has_place(operation) ? best : 0;
    return result;
}

/* n >= 1. */
static inline yoke_reduced plain_reduce(yoke_reduce_operation operation, yoke_type type,
                                        const void *x, const void *y, size_t n)
{
    yoke_reduced result = {.index = 0};

    if (plain_is_extreme(operation)) {
        return plain_extreme(operation, type, x, n);
    }
    if (plain_is_float(type)) {
        result.value.f = plain_float_sum(operation, type, x, y, n);
    } else {
        result.value.u = plain_integer_sum(operation, type, x, y, n);
    }
    return result;
}

static inline bool plain_same(yoke_reduced a, yoke_reduced b)
{
    return a.value.u == b.value.u && a.index == b.index;
}

/* A number that depends on i alone. */
static inline uint64_t plain_random(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Elements of mixed sign and size, without NaN; extremes occur several times. */
static inline void plain_fill(yoke_type type, void *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = plain_random(seed * UINT64_C(1000003) + i);
        const double mixed =
            ldexp((double)(int64_t)bits / 9.3e18, (int)(bits % 40) - 20);

        switch (type) {
        case YOKE_TYPE_FLOAT:
            ((float *)x)[i] =
                bits % 5 == 0 ? (float)((int)(bits >> 8 & 7) - 3) * 1e6f : (float)mixed;
            break;
        case YOKE_TYPE_DOUBLE:
            ((double *)x)[i] =
                bits % 5 == 0 ? (double)((int)(bits >> 8 & 7) - 3) * 1e6 : mixed;
            break;
        case YOKE_TYPE_INT32:
        case YOKE_TYPE_UINT32:
            ((uint32_t *)x)[i] = bits % 5 == 0 ? 0x80000000u - (uint32_t)(bits >> 8 & 1)
                                               : (uint32_t)(bits >> 20);
            break;
        default:
            ((uint64_t *)x)[i] =
                bits % 5 == 0 ? (UINT64_C(1) << 63) - (bits >> 8 & 1) : bits;
        }
    }
}

#endif
