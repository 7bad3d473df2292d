/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/run/scalar.h"

enum {
    DOUBLE_MANTISSA = 52,
    DOUBLE_BIAS = 1023,
    DOUBLE_SPECIAL = 0x7ff,
    HALF_MANTISSA = 10,
    HALF_BIAS = 15,
    HALF_LEAST = -14, /* exponent of the least normal number */
    HALF_GREATEST = 15,
    HALF_INFINITY = 0x7c00,
    HALF_NAN = 0x7e00
};

/* Drops the low bits; the carry may run into an exponent kept above, as it should. */
static uint64_t round_off(uint64_t bits, unsigned count)
{
    const uint64_t middle = UINT64_C(1) << (count - 1);
    const uint64_t rest = bits & ((middle << 1) - 1);
    const uint64_t kept = bits >> count;

    return kept + (rest > middle || (rest == middle && (kept & 1) != 0));
}

static uint64_t half_magnitude(int exponent, uint64_t mantissa)
{
    const unsigned drop = DOUBLE_MANTISSA - HALF_MANTISSA;

    if (exponent > HALF_GREATEST) {
        return HALF_INFINITY;
    }
    if (exponent >= HALF_LEAST) {
        const uint64_t biased = (uint64_t)(exponent + HALF_BIAS) << DOUBLE_MANTISSA;
        return round_off(biased | mantissa, drop);
    }
    if (exponent < HALF_LEAST - HALF_MANTISSA - 1) {
        return 0;
    }
    return round_off((UINT64_C(1) << DOUBLE_MANTISSA) | mantissa,
                     drop + (unsigned)(HALF_LEAST - exponent));
}

uint16_t yk_half_from_double(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    const uint64_t sign = (bits >> 48) & 0x8000;
    const uint64_t mantissa = bits & ((UINT64_C(1) << DOUBLE_MANTISSA) - 1);
    const int exponent = (int)((bits >> DOUBLE_MANTISSA) & DOUBLE_SPECIAL);

    if (exponent == DOUBLE_SPECIAL) {
        return (uint16_t)(sign | (mantissa != 0 ? HALF_NAN : HALF_INFINITY));
    }
    return (uint16_t)(sign | half_magnitude(exponent - DOUBLE_BIAS, mantissa));
}
