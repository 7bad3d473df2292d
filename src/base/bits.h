/* SPDX-License-Identifier: MIT */
/* Integer arithmetic that C does not have. */
#ifndef YK_BASE_BITS_H
#define YK_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t yk_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t yk_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t yk_div_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* Rounds up to a multiple of b. The caller makes sure that it does not overflow. */
static inline uint64_t yk_round_up(uint64_t a, uint64_t b)
{
    return yk_div_up(a, b) * b;
}

/* *sum = a + b; false if it does not fit. */
static inline bool yk_add(uint64_t a, uint64_t b, uint64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* *product = a * b; false if it does not fit. */
static inline bool yk_mul(uint64_t a, uint64_t b, uint64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

#endif
