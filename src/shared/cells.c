/* SPDX-License-Identifier: MIT */
#include "shared/cells.h"

#include <string.h>

#include "base/bits.h"
#include "shared/step.h"

enum { LINE = 64 };

static const uint64_t largest = UINT64_C(1) << 46;

uint64_t yk_cells_bytes(uint64_t item_bytes, uint64_t count)
{
    uint64_t bytes;

    if (!yk_mul(item_bytes, count, &bytes) || bytes > largest) {
        return 0;
    }
    return sizeof(yk_cells) + yk_round_up(bytes, LINE) + item_bytes;
}

void yk_cells_init(yk_cells *cells, uint64_t item_bytes, uint64_t count)
{
    yk_object_init(&cells->object);
    cells->item_bytes = item_bytes;
    cells->count = count;
    cells->shadow = sizeof *cells + yk_round_up(item_bytes * count, LINE);
}

void *yk_cells_item(const yk_cells *cells, uint64_t index)
{
    return (char *)(uintptr_t)(cells + 1) + index * cells->item_bytes;
}

static void *shadow_of(yk_cells *cells)
{
    return (char *)cells + cells->shadow;
}

static void copy_shadow(yk_cells *cells, uint64_t pending)
{
    memcpy(yk_cells_item(cells, pending - 1), shadow_of(cells), cells->item_bytes);
    YK_STEP();
    atomic_store(&cells->pending, 0);
}

/* After a death: what was decided is finished. Whether somebody wrote by himself: the mark
 * stays until whoever is told of it gives the lock back, since he may die as well. */
static bool repair(yk_cells *cells)
{
    const uint64_t pending = atomic_load(&cells->pending);

    if (pending != 0 && pending <= cells->count) {
        copy_shadow(cells, pending);
    }
    return atomic_load(&cells->exposed) != 0;
}

static yoke_status lock(yk_cells *cells, uint64_t deadline)
{
    yoke_status status =
        yk_object_lock_again(&cells->object, yk_identity_thread(), deadline);

    YK_STEP();
    if (status == YOKE_EOWNERDEAD) {
        status = repair(cells) ? YOKE_EOWNERDEAD : YOKE_OK;
        YK_STEP();
    }
    if ((status == YOKE_OK || status == YOKE_EOWNERDEAD) &&
        !yk_object_is_open(&cells->object)) {
        yk_object_unlock_once(&cells->object);
        return YOKE_ECLOSED;
    }
    return status;
}

static bool is_held(yoke_status status)
{
    return status == YOKE_OK || status == YOKE_EOWNERDEAD;
}

/* Gives the lock back that lock() got with this status. From here on who was to be told
 * counts as told: his call is done. */
static void unlock(yk_cells *cells, yoke_status status)
{
    if (status == YOKE_EOWNERDEAD) {
        atomic_store(&cells->exposed, 0);
    }
    yk_object_unlock_once(&cells->object);
}

yoke_status yk_cells_get(yk_cells *cells, uint64_t index, void *data)
{
    const yoke_status status = lock(cells, YK_FOR_EVER);

    if (is_held(status)) {
        memcpy(data, yk_cells_item(cells, index), cells->item_bytes);
        YK_STEP();
        unlock(cells, status);
    }
    return status;
}

yoke_status yk_cells_set(yk_cells *cells, uint64_t index, const void *data)
{
    const yoke_status status = lock(cells, YK_FOR_EVER);

    if (is_held(status)) {
        memcpy(shadow_of(cells), data, cells->item_bytes);
        YK_STEP();
        atomic_store(&cells->pending, index + 1);
        YK_STEP();
        copy_shadow(cells, index + 1);
        YK_STEP();
        unlock(cells, status);
    }
    return status;
}

yoke_status yk_cells_lock(yk_cells *cells, uint64_t deadline)
{
    const yoke_status status = lock(cells, deadline);

    if (is_held(status)) {
        atomic_store(&cells->exposed, 1);
        YK_STEP();
    }
    return status;
}

yoke_status yk_cells_unlock(yk_cells *cells)
{
    if (!yk_object_has_lock(&cells->object, yk_identity_thread())) {
        return YOKE_EINVAL;
    }
    if (cells->object.depth == 1) {
        atomic_store(&cells->exposed, 0);
    }
    yk_object_unlock_once(&cells->object);
    return YOKE_OK;
}
