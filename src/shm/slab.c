/* SPDX-License-Identifier: MIT */
#include "shm/slab.h"

#include <stdlib.h>

#include "base/bits.h"

uint32_t yk_slot_bytes(size_t bytes)
{
    return bytes <= YK_SLOT_LEAST ? YK_SLOT_LEAST
                                  : (uint32_t)yk_round_up(bytes, YK_SLOT_STEP);
}

static yk_slab **slab_list(yk_slabs *slabs, uint32_t slot_bytes)
{
    return &slabs->with_room[slot_bytes / YK_SLOT_STEP];
}

static void slab_link(yk_slabs *slabs, yk_slab *slab)
{
    yk_slab **list = slab_list(slabs, slab->slot_bytes);

    slab->previous = NULL;
    slab->next = *list;
    if (*list != NULL) {
        (*list)->previous = slab;
    }
    *list = slab;
}

static void slab_unlink(yk_slabs *slabs, yk_slab *slab)
{
    if (slab->previous != NULL) {
        slab->previous->next = slab->next;
    } else {
        *slab_list(slabs, slab->slot_bytes) = slab->next;
    }
    if (slab->next != NULL) {
        slab->next->previous = slab->previous;
    }
}

bool yk_slab_create(yk_slabs *slabs, yk_entry *entry, uint32_t slot_bytes)
{
    const uint32_t count = (uint32_t)(entry->allocation.span / slot_bytes);
    yk_slab *slab =
        malloc(sizeof *slab + count * (sizeof slab->slots[0] + sizeof slab->free[0]));

    if (slab == NULL) {
        return false;
    }
    *slab = (yk_slab){.entry = entry,
                      .slot_bytes = slot_bytes,
                      .count = count,
                      .free = (uint32_t *)(void *)&slab->slots[count]};
    entry->slab = slab;
    slab_link(slabs, slab);
    slabs->empty++;
    return true;
}

void yk_slab_destroy(yk_slabs *slabs, yk_entry *entry)
{
    yk_slab *slab = entry->slab;

    if (slab->taken < slab->count) {
        slab_unlink(slabs, slab);
    }
    slabs->empty -= slab->taken == 0;
    entry->slab = NULL;
    free(slab);
}

yk_allocation *yk_slab_take(yk_slabs *slabs, size_t bytes, bool *is_zero)
{
    yk_slab *slab = *slab_list(slabs, yk_slot_bytes(bytes));
    uint32_t index;

    if (slab == NULL) {
        return NULL;
    }
    *is_zero = slab->freed == 0;
    index = *is_zero ? slab->touched++ : slab->free[--slab->freed];
    slabs->empty -= slab->taken == 0;
    slab->taken++;
    if (slab->taken == slab->count) {
        slab_unlink(slabs, slab);
    }
    slab->slots[index] =
        (yk_allocation){.offset = slab->entry->allocation.offset +
                                  (uint64_t)index * slab->slot_bytes,
                        .bytes = bytes,
                        .span = slab->slot_bytes,
                        .kind = YK_ALLOCATION_PLAIN,
                        .zone = slab->entry->allocation.zone,
                        .shares_pages = true};
    return &slab->slots[index];
}

void yk_slab_put(yk_slabs *slabs, yk_slab *slab, yk_allocation *slot)
{
    if (slab->taken == slab->count) {
        slab_link(slabs, slab);
    }
    slot->id = 0;
    slab->free[slab->freed++] = (uint32_t)(slot - slab->slots);
    slab->taken--;
    slabs->empty += slab->taken == 0;
}

yk_allocation *yk_slab_find(yk_slab *slab, uint64_t offset)
{
    const uint64_t index =
        (offset - slab->entry->allocation.offset) / slab->slot_bytes;

    return index < slab->touched && slab->slots[index].id != 0 ? &slab->slots[index]
                                                               : NULL;
}

yk_slab *yk_slab_find_empty(const yk_slabs *slabs)
{
    for (size_t i = 0; i < YK_SLOT_SIZES && slabs->empty > 0; i++) {
        for (yk_slab *slab = slabs->with_room[i]; slab != NULL; slab = slab->next) {
            if (slab->taken == 0) {
                return slab;
            }
        }
    }
    return NULL;
}

bool yk_slab_valid(const yk_slab *slab)
{
    const yk_allocation *whole = &slab->entry->allocation;
    uint32_t taken = 0;

    if (slab->touched > slab->count || slab->freed > slab->touched) {
        return false;
    }
    for (uint32_t i = 0; i < slab->touched; i++) {
        const yk_allocation *slot = &slab->slots[i];

        taken += slot->id != 0;
        if (slot->id != 0 &&
            (slot->offset != whole->offset + (uint64_t)i * slab->slot_bytes ||
             slot->span != slab->slot_bytes || slot->bytes > slot->span)) {
            return false;
        }
    }
    return taken == slab->taken && taken + slab->freed == slab->touched;
}
