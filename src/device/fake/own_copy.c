/* SPDX-License-Identifier: MIT */
#include "device/fake/own_copy.h"

#include <stdlib.h>
#include <string.h>

#include "launch/lent.h"

static void own_copy_release(yk_own_copy *copy)
{
    yk_mirror_fini(&copy->mirror);
    free(copy->bytes);
    *copy = (yk_own_copy){.bytes = NULL};
}

static bool own_copy_make(yk_own_copy *copy, yk_residency *table)
{
    own_copy_release(copy);
    copy->bytes = malloc((size_t)table->bytes);
    if (copy->bytes == NULL || !yk_mirror_init(&copy->mirror, table)) {
        own_copy_release(copy);
        return false;
    }
    return true;
}

const yk_own_copy *yk_own_copy_find(const yk_own_copies *copies,
                                    const yk_residency *table)
{
    for (size_t i = 0; i < YK_MAX_OWN_COPIES; i++) {
        if (copies->slots[i].mirror.id == table->id) {
            return &copies->slots[i];
        }
    }
    return NULL;
}

uint64_t yk_own_copy_fetch(const yk_own_copy *copy, yk_pages blocks)
{
    uint64_t address;
    const uint64_t bytes = yk_residency_bytes(copy->mirror.table, blocks, &address);

    memcpy((void *)(uintptr_t)address,
           copy->bytes + (address - copy->mirror.table->address), (size_t)bytes);
    return bytes;
}

/* Empties a slot for another copy: what only this copy has goes to the arena. */
static bool own_copy_empty(const yk_own_copies *copies, const yk_own_copy *copy)
{
    yk_residency *const table = copy->mirror.table;

    return !yk_mirror_is_live(&copy->mirror) ||
           yk_device_write_back(copies->device, table, (yk_pages){0, table->count},
                                NULL) == YOKE_OK;
}

yk_own_copy *yk_own_copy_of(yk_own_copies *copies, const yk_arg *arg)
{
    yk_residency *const table = yk_lent_table(arg);
    yk_own_copy *found = &copies->slots[0];

    if (table == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < YK_MAX_OWN_COPIES && found->mirror.id != table->id; i++) {
        if (copies->slots[i].mirror.id == table->id ||
            copies->slots[i].used < found->used) {
            found = &copies->slots[i];
        }
    }
    if (found->mirror.id != table->id &&
        (!own_copy_empty(copies, found) || !own_copy_make(found, table))) {
        return NULL;
    }
    found->used = ++copies->clock;
    return found;
}

unsigned char *yk_own_copy_at(const yk_own_copy *copy, const yk_arg *arg,
                              uint64_t address)
{
    return copy->bytes + (address - arg->block_address);
}

uint64_t yk_own_copy_bring(yk_own_copy *copy, const yk_arg *arg,
                           const yk_extent *extent)
{
    yk_mirror_walk walk = {0, 0};
    uint64_t bytes = 0;
    yk_extent piece;

    while (yk_mirror_next(&copy->mirror, yk_lent_table(arg), extent, &walk, &piece)) {
        for (uint64_t k = 0; k < yk_extent_pieces(&piece); k++) {
            const uint64_t address = yk_extent_piece(&piece, k);

            memcpy(yk_own_copy_at(copy, arg, address), (const void *)(uintptr_t)address,
                   (size_t)piece.bytes);
            bytes += piece.bytes;
        }
    }
    return bytes;
}

void yk_own_copies_fini(yk_own_copies *copies)
{
    for (size_t i = 0; i < YK_MAX_OWN_COPIES; i++) {
        own_copy_release(&copies->slots[i]);
    }
}
