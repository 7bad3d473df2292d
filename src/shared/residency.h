/* SPDX-License-Identifier: MIT */
/*
 * The block table of a lent allocation: a version for each 4 KiB of it. Devices with
 * memory of their own keep copies of blocks and the versions they had; a copy is current
 * while the table still says the same.
 *
 * Whoever changes bytes of a block raises its version before it begins and again when the
 * bytes are in place. So a copy that was made in between, or of a chunk whose worker died,
 * is never taken for current. A block that is written as a whole has one writer at a time;
 * pieces of one may be written by several.
 */
#ifndef YK_SHARED_RESIDENCY_H
#define YK_SHARED_RESIDENCY_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { YK_RESIDENCY_BLOCK = 4096 };

typedef struct yk_residency {
    /* app, before any job sees it */
    uint64_t id;      /* of this lending, never used twice in a pool */
    uint64_t address; /* of the allocation */
    uint64_t bytes;
    uint64_t count; /* blocks; the last one may be shorter */
    /* whoever runs a chunk that writes there; 0: as it was when lent */
    _Atomic uint64_t versions[];
} yk_residency;

static_assert(sizeof(yk_residency) == 32, "no padding");

/* Blocks [first, end). */
typedef struct yk_blocks {
    uint64_t first;
    uint64_t end;
} yk_blocks;

/* Bytes of the table of an allocation. */
size_t yk_residency_size(uint64_t bytes);

/* Fills in a table that is all zero. */
void yk_residency_init(yk_residency *table, uint64_t id, uint64_t address,
                       uint64_t bytes);

/* The blocks that the bytes [low, high) of the allocation lie in. */
yk_blocks yk_residency_touched(const yk_residency *table, uint64_t low, uint64_t high);

/* Those of them that lie in [low, high) as a whole. */
yk_blocks yk_residency_covered(const yk_residency *table, uint64_t low, uint64_t high);

/* Raises the versions of what [low, high) touches. */
void yk_residency_raise(yk_residency *table, uint64_t low, uint64_t high);

static inline uint64_t yk_residency_version(const yk_residency *table, uint64_t block)
{
    return atomic_load_explicit(&table->versions[block], memory_order_acquire);
}

/* Whether it describes an allocation of this many bytes at this address. */
bool yk_residency_valid(const yk_residency *table, uint64_t address, uint64_t bytes);

#endif
