/* SPDX-License-Identifier: MIT */
/*
 * Sets of jobs: a bit for each slot. A yk_job_set lies in shared memory and is changed word by
 * word, by the application alone; a yk_job_bits is one process's own. The table of jobs is large,
 * and usually few slots of it are in use: words from `used` on are zero, and not looked at.
 */
#ifndef YK_PROTOCOL_JOB_SET_H
#define YK_PROTOCOL_JOB_SET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    YK_MAX_JOBS = 4096,
    /* So many jobs are in flight before the table grows: see submit_slots.c. */
    YK_USUAL_JOBS = 64,
    /* The table has room for so many even where address space is short. */
    YK_LEAST_JOBS = 256,
    YK_JOB_WORDS = YK_MAX_JOBS / 64,
};

/* A process that sees a bit set sees `used`, too: it is stored first, sequentially consistent. */
typedef struct yk_job_set {
    _Atomic uint32_t used; /* never goes down */
    uint32_t reserved;
    _Atomic uint64_t words[YK_JOB_WORDS];
} yk_job_set;

typedef struct yk_job_bits {
    uint32_t used;
    uint32_t reserved;
    uint64_t words[YK_JOB_WORDS];
} yk_job_bits;

static inline uint64_t yk_job_bit(uint32_t slot)
{
    return UINT64_C(1) << (slot % 64);
}

/* Also if another process has written over it. */
static inline uint32_t yk_job_set_used(const yk_job_set *set)
{
    const uint32_t used = atomic_load(&set->used);

    return used < YK_JOB_WORDS ? used : (uint32_t)YK_JOB_WORDS;
}

static inline void yk_job_set_grow(yk_job_set *set, uint32_t used)
{
    if (atomic_load_explicit(&set->used, memory_order_relaxed) < used) {
        atomic_store(&set->used, used);
    }
}

static inline void yk_job_set_add(yk_job_set *set, uint32_t slot)
{
    yk_job_set_grow(set, slot / 64 + 1);
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
    const uint32_t used = yk_job_set_used(set);
    uint64_t any = 0;

    for (uint32_t i = 0; i < used; i++) {
        any |= atomic_load(&set->words[i]);
    }
    return any == 0;
}

static inline void yk_job_set_store(yk_job_set *set, const yk_job_bits *bits)
{
    yk_job_set_grow(set, bits->used);
    for (uint32_t i = 0; i < yk_job_set_used(set); i++) {
        atomic_store(&set->words[i], bits->words[i]);
    }
}

/* Iterates over a set: the first slot from `slot` on that is in it; YK_MAX_JOBS: there is none. */
static inline uint32_t yk_job_set_next(const yk_job_set *set, uint32_t slot)
{
    const uint32_t used = yk_job_set_used(set);

    for (uint32_t i = slot / 64; i < used; i++, slot = i * 64) {
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
    bits->used = bits->used > slot / 64 ? bits->used : slot / 64 + 1;
}

static inline void yk_job_bits_remove(yk_job_bits *bits, uint32_t slot)
{
    bits->words[slot / 64] &= ~yk_job_bit(slot);
}

static inline void yk_job_bits_join(yk_job_bits *bits, const yk_job_bits *more)
{
    for (uint32_t i = 0; i < more->used; i++) {
        bits->words[i] |= more->words[i];
    }
    bits->used = bits->used > more->used ? bits->used : more->used;
}

#endif
