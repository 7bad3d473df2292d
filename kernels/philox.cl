/* SPDX-License-Identifier: MIT */

/*
 * Philox4x32-10, a counter-based random number generator: Salmon, Moraes, Dror and
 * Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11. The numbers are a function
 * of counter and key, with no state to hand on, so any device can compute any part of
 * them.
 */
#ifndef YOKE_CLC /* C has no vector literals: see yoke/clc.h */
#define make_uint4 (uint4)
#endif

static inline uint4 philox4x32(const uint4 counter, const uint2 key)
{
    uint c0 = counter.x, c1 = counter.y, c2 = counter.z, c3 = counter.w;
    uint k0 = key.x, k1 = key.y;

    for (int round = 0; round < 10; round++) {
        const ulong product0 = 0xD2511F53ul * c0;
        const ulong product1 = 0xCD9E8D57ul * c2;
        c0 = (uint)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint)product1;
        c2 = (uint)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint)product0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return make_uint4(c0, c1, c2, c3);
}

/* numbers[i] = philox(counter + i, key); only the counter's first word is incremented. */
__kernel void philox_fill(__global uint4 *numbers, const uint4 counter, const uint2 key)
{
    const size_t i = get_global_id(0);
    uint4 own = counter;

    own.x += (uint)i;
    numbers[i] = philox4x32(own, key);
}

/* hits[i] = how many of 2 draws random points of the unit square lie within the quarter
 * circle. It is computed in integers of 31 bits: exact, the same on every device. */
__kernel void philox_pi(__global uint *hits, const uint draws, const uint2 key)
{
    const ulong i = get_global_id(0);
    uint inside = 0;

    for (uint draw = 0; draw < draws; draw++) {
        const uint4 words = philox4x32(make_uint4(draw, (uint)i, (uint)(i >> 32), 0), key);
        const ulong x0 = words.x >> 1;
        const ulong y0 = words.y >> 1;
        const ulong x1 = words.z >> 1;
        const ulong y1 = words.w >> 1;
        inside += x0 * x0 + y0 * y0 < (1ul << 62) ? 1 : 0;
        inside += x1 * x1 + y1 * y1 < (1ul << 62) ? 1 : 0;
    }
    hits[i] = inside;
}
