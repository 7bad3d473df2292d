/* SPDX-License-Identifier: MIT */
/* LANES counters at a time, so that the loops over them vectorise. */
#include <stdint.h>

#include "kernels.h"

enum { LANES = 16, ROUNDS = 10 };

typedef struct counters {
    uint32_t w[4][LANES];
} counters;

static inline void philox_round(counters *c, uint32_t key0, uint32_t key1)
{
    for (int k = 0; k < LANES; k++) {
        const uint64_t product0 = UINT64_C(0xD2511F53) * c->w[0][k];
        const uint64_t product1 = UINT64_C(0xCD9E8D57) * c->w[2][k];
        c->w[0][k] = (uint32_t)(product1 >> 32) ^ c->w[1][k] ^ key0;
        c->w[1][k] = (uint32_t)product1;
        c->w[2][k] = (uint32_t)(product0 >> 32) ^ c->w[3][k] ^ key1;
        c->w[3][k] = (uint32_t)product0;
    }
}

static inline void philox4x32(counters *c, const uint32_t key[2])
{
    uint32_t key0 = key[0];
    uint32_t key1 = key[1];

    for (int round = 0; round < ROUNDS; round++) {
        philox_round(c, key0, key1);
        key0 += UINT32_C(0x9E3779B9);
        key1 += UINT32_C(0xBB67AE85);
    }
}

void sample_philox_fill(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];
    const uint32_t *counter = args[1];
    const uint32_t *key = args[2];

    for (size_t first = span->begin; first < span->end; first += LANES) {
        counters c;
        for (size_t k = 0; k < LANES; k++) {
            c.w[0][k] = counter[0] + (uint32_t)(first + k);
            c.w[1][k] = counter[1];
            c.w[2][k] = counter[2];
            c.w[3][k] = counter[3];
        }
        philox4x32(&c, key);
        for (size_t k = 0; k < LANES && first + k < span->end; k++) {
            for (size_t word = 0; word < 4; word++) {
                numbers[4 * (first + k) + word] = c.w[word][k];
            }
        }
    }
}

static inline uint32_t is_inside(uint32_t a, uint32_t b)
{
    const uint64_t x = a >> 1;
    const uint64_t y = b >> 1;

    return x * x + y * y < UINT64_C(1) << 62 ? 1 : 0;
}

static uint32_t count_hits(uint64_t item, uint32_t draws, const uint32_t key[2])
{
    uint32_t hits[LANES] = {0};
    uint32_t total = 0;

    for (uint32_t first = 0; first < draws; first += LANES) {
        const uint32_t count = draws - first < LANES ? draws - first : LANES;
        counters c;
        for (uint32_t k = 0; k < LANES; k++) {
            c.w[0][k] = first + k;
            c.w[1][k] = (uint32_t)item;
            c.w[2][k] = (uint32_t)(item >> 32);
            c.w[3][k] = 0;
        }
        philox4x32(&c, key);
        for (uint32_t k = 0; k < LANES; k++) {
            const uint32_t both =
                is_inside(c.w[0][k], c.w[1][k]) + is_inside(c.w[2][k], c.w[3][k]);
            hits[k] += k < count ? both : 0;
        }
    }
    for (int k = 0; k < LANES; k++) {
        total += hits[k];
    }
    return total;
}

void sample_philox_pi(const yoke_span *span, void *const args[])
{
    uint32_t *hits = args[0];
    const uint32_t draws = *(const uint32_t *)args[1];
    const uint32_t *key = args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        hits[i] = count_hits(i, draws, key);
    }
}
