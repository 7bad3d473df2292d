/* SPDX-License-Identifier: MIT */
/*
 * Sets of jobs: a bit for each slot. A yk_job_set lies in shared memory and is changed word by
 * word; a yk_job_bits is one process's own.
 */
#ifndef YK_PROTOCOL_JOB_SET_H
#define YK_PROTOCOL_JOB_SET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    YK_MAX_JOBS = 256,
    /* So many jobs are in flight before the table grows: see submit.c. */
    YK_USUAL_JOBS = 64,
    YK_JOB_WORDS = YK_MAX_JOBS / 64,
};

typedef struct yk_job_set {
    _Atomic uint64_t words[YK_JOB_WORDS];
} yk_job_set;

typedef struct yk_job_bits {
    uint64_t words[YK_JOB_WORDS];
} yk_job_bits;

static inline uint64_t yk_job_bit(uint32_t slot)
{
    return UINT64_C(1) << (slot % 64);
}

static inline void yk_job_set_add(yk_job_set *set, uint32_t slot)
{
    atomic_fetch_or(&set->words[slot / 64], yk_job_bit(slot));
}

static inline void yk_job_set_remove(yk_job_set *set, uint32_t slot)
{
    atomic_fetch_and(&set->words[slot / 64], ~yk_job_bit(slot));
}

static inline bool yk_job_set_has(const yk_job_set *set, uint32_t slot)
{
    return (atomic_load(&set->words[slot / 64]) & yk_job_bit(slot)) != 0;
}

static inline bool yk_job_set_is_empty(const yk_job_set *set)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < YK_JOB_WORDS; i++) {
        any |= atomic_load(&set->words[i]);
    }
    return any == 0;
}

static inline void yk_job_set_store(yk_job_set *set, const yk_job_bits *bits)
{
    for (uint32_t i = 0; i < YK_JOB_WORDS; i++) {
        atomic_store(&set->words[i], bits->words[i]);
    }
}

/* Iterates over a set: the first slot from `slot` on that is in it; YK_MAX_JOBS: there is none. */
static inline uint32_t yk_job_set_next(const yk_job_set *set, uint32_t slot)
{
    for (uint32_t i = slot / 64; i < YK_JOB_WORDS; i++, slot = i * 64) {
        const uint64_t word =
            atomic_load(&set->words[i]) & (UINT64_MAX << (slot % 64));

        if (word != 0) {
            return i * 64 + (uint32_t)__builtin_ctzll(word);
        }
    }
    return YK_MAX_JOBS;
}

static inline bool yk_job_bits_has(const yk_job_bits *bits, uint32_t slot)
{
    return (bits->words[slot / 64] & yk_job_bit(slot)) != 0;
}

static inline void yk_job_bits_add(yk_job_bits *bits, uint32_t slot)
{
    bits->words[slot / 64] |= yk_job_bit(slot);
}

static inline void yk_job_bits_remove(yk_job_bits *bits, uint32_t slot)
{
    bits->words[slot / 64] &= ~yk_job_bit(slot);
}

static inline void yk_job_bits_join(yk_job_bits *bits, const yk_job_bits *more)
{
    for (uint32_t i = 0; i < YK_JOB_WORDS; i++) {
        bits->words[i] |= more->words[i];
    }
}

#endif
