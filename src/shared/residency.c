/* SPDX-License-Identifier: MIT */
#include "shared/residency.h"

#include "base/bits.h"

size_t yk_residency_size(uint64_t bytes)
{
    return sizeof(yk_residency) +
           (size_t)yk_div_up(bytes, YK_RESIDENCY_BLOCK) * sizeof(uint64_t);
}

void yk_residency_init(yk_residency *table, uint64_t id, uint64_t address,
                       uint64_t bytes)
{
    table->id = id;
    table->address = address;
    table->bytes = bytes;
    table->count = yk_div_up(bytes, YK_RESIDENCY_BLOCK);
}

yk_blocks yk_residency_touched(const yk_residency *table, uint64_t low, uint64_t high)
{
    return (yk_blocks){
        (low - table->address) / YK_RESIDENCY_BLOCK,
        yk_div_up(high - table->address, YK_RESIDENCY_BLOCK),
    };
}

yk_blocks yk_residency_covered(const yk_residency *table, uint64_t low, uint64_t high)
{
    const uint64_t first = yk_div_up(low - table->address, YK_RESIDENCY_BLOCK);
    const uint64_t end = high - table->address == table->bytes
                             ? table->count
                             : (high - table->address) / YK_RESIDENCY_BLOCK;

    return (yk_blocks){first, yk_max(first, end)};
}

/* The one writer of a whole block needs no atomic step, which would cost as much as a
 * part of the block's transfer. */
static void raise_whole(_Atomic uint64_t *version)
{
    const uint64_t now = atomic_load_explicit(version, memory_order_relaxed);

    atomic_store_explicit(version, now + 1, memory_order_release);
}

void yk_residency_raise(yk_residency *table, uint64_t low, uint64_t high)
{
    const yk_blocks touched = yk_residency_touched(table, low, high);
    const yk_blocks covered = yk_residency_covered(table, low, high);

    for (uint64_t b = touched.first; b < touched.end; b++) {
        if (b >= covered.first && b < covered.end) {
            raise_whole(&table->versions[b]);
        } else {
            (void)atomic_fetch_add_explicit(&table->versions[b], 1,
                                            memory_order_acq_rel);
        }
    }
}

bool yk_residency_valid(const yk_residency *table, uint64_t address, uint64_t bytes)
{
    return table->id != 0 && table->address == address && table->bytes == bytes &&
           table->count == yk_div_up(bytes, YK_RESIDENCY_BLOCK);
}
