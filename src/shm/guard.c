/* SPDX-License-Identifier: MIT */
#include "shm/guard.h"

#include <stddef.h>

uint32_t yk_guard_add(yk_guard_table *table, const yk_guarded_allocation *block)
{
    for (uint32_t turn = 0; turn < YK_MAX_GUARDED; turn++) {
        const uint32_t i = table->next;
        yk_guard_entry *entry = &table->entries[i];

        table->next = (i + 1) % YK_MAX_GUARDED;
        if (atomic_load(&entry->id) != 0) {
            continue;
        }
        atomic_store(&entry->offset, block->offset);
        atomic_store(&entry->bytes, block->bytes);
        atomic_store(&entry->begin, block->begin);
        atomic_store(&entry->end, block->end);
        atomic_store(&entry->id, block->id);
        if (i >= atomic_load(&table->used)) {
            atomic_store(&table->used, i + 1);
        }
        (void)atomic_fetch_add(&table->changes, 1);
        return i + 1;
    }
    return 0;
}

void yk_guard_remove(yk_guard_table *table, uint32_t number)
{
    atomic_store(&table->entries[number - 1].id, 0);
    (void)atomic_fetch_add(&table->changes, 1);
}

bool yk_guard_get(const yk_guard_table *table, uint32_t number,
                  yk_guarded_allocation *block)
{
    const yk_guard_entry *entry = &table->entries[number - 1];

    block->id = atomic_load(&entry->id);
    block->offset = atomic_load(&entry->offset);
    block->bytes = atomic_load(&entry->bytes);
    block->begin = atomic_load(&entry->begin);
    block->end = atomic_load(&entry->end);
    return block->end != 0 && atomic_load(&entry->id) == block->id;
}

/* The distance of an offset from the pages of an allocation. */
static uint64_t guard_distance(const yk_guarded_allocation *block, uint64_t offset)
{
    return offset < block->begin  ? block->begin - offset
           : offset >= block->end ? offset - block->end + 1
                                  : 0;
}

bool yk_guard_find(const yk_guard_table *table, uint64_t offset, uint64_t page,
                   yk_guarded_allocation *block)
{
    const uint32_t used = atomic_load(&table->used);
    uint64_t nearest = page + 1;
    yk_guarded_allocation one;

    for (uint32_t number = 1; number <= used && number <= YK_MAX_GUARDED; number++) {
        const bool is_there = yk_guard_get(table, number, &one);
        const uint64_t far = guard_distance(&one, offset);

        if (is_there && (far < nearest || (far == nearest && block->id == 0))) {
            *block = one;
            nearest = far;
        }
    }
    return nearest <= page;
}
