/* SPDX-License-Identifier: MIT */
#include "ipc/cells.h"

#include <string.h>

#include "base/bits.h"
#include "ipc/step.h"

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

/* The fields that never change, as they were sealed. */
typedef struct yk_cells_shape {
    uint64_t item_bytes;
    uint64_t count;
    uint64_t shadow;
} yk_cells_shape;

static uint64_t cells_seal_of(const yk_cells *cells, const yk_cells_shape *shape)
{
    const uint64_t words[] = {shape->item_bytes, shape->count, shape->shadow};

    return yk_seal_of(cells, words, sizeof words / sizeof words[0]);
}

void yk_cells_init(yk_cells *cells, uint64_t item_bytes, uint64_t count)
{
    const yk_cells_shape shape = {
        item_bytes, count, sizeof *cells + yk_round_up(item_bytes * count, LINE)};

    yk_ipc_object_init(&cells->object);
    cells->item_bytes = shape.item_bytes;
    cells->count = shape.count;
    cells->shadow = shape.shadow;
    cells->object.seal = cells_seal_of(cells, &shape);
}

static bool get_shape(const yk_cells *cells, yk_cells_shape *shape)
{
    *shape = (yk_cells_shape){cells->item_bytes, cells->count, cells->shadow};
    return cells->object.seal == cells_seal_of(cells, shape);
}

uint64_t yk_cells_count(const yk_cells *cells)
{
    yk_cells_shape shape;

    return get_shape(cells, &shape) ? shape.count : 0;
}

void *yk_cells_first(const yk_cells *cells)
{
    return (char *)(uintptr_t)(cells + 1);
}

static void *item_at(const yk_cells *cells, const yk_cells_shape *shape, uint64_t index)
{
    return (char *)yk_cells_first(cells) + index * shape->item_bytes;
}

static void *shadow_of(yk_cells *cells, const yk_cells_shape *shape)
{
    return (char *)cells + shape->shadow;
}

static void copy_shadow(yk_cells *cells, const yk_cells_shape *shape, uint64_t pending)
{
    memcpy(item_at(cells, shape, pending - 1), shadow_of(cells, shape),
           shape->item_bytes);
    YK_STEP();
    atomic_store(&cells->pending, 0);
}

/* After a death: completes a set that was decided. Returns whether a thread was writing through
 * a pointer. The mark stays until the thread that gets this status releases the lock, since it
 * may die as well. */
static bool cells_repair(yk_cells *cells, const yk_cells_shape *shape)
{
    const uint64_t pending = atomic_load(&cells->pending);

    if (pending != 0 && pending <= shape->count) {
        copy_shadow(cells, shape, pending);
    }
    return atomic_load(&cells->exposed) != 0;
}

static yoke_status cells_enter(yk_cells *cells, yk_cells_shape *shape,
                               uint64_t deadline)
{
    yoke_status status;

    if (!get_shape(cells, shape)) {
        return yk_ipc_object_damaged(&cells->object);
    }
    status = yk_ipc_object_lock_again(&cells->object, yk_identity_thread(), deadline);
    YK_STEP();
    if (status == YOKE_EOWNERDEAD) {
        status = cells_repair(cells, shape) ? YOKE_EOWNERDEAD : YOKE_OK;
        YK_STEP();
    }
    if ((status == YOKE_OK || status == YOKE_EOWNERDEAD) &&
        !yk_ipc_object_is_open(&cells->object)) {
        yk_ipc_object_unlock_once(&cells->object);
        return YOKE_ECLOSED;
    }
    return status;
}

static bool is_held(yoke_status status)
{
    return status == YOKE_OK || status == YOKE_EOWNERDEAD;
}

/* Releases the lock that cells_enter() took with this status. From here on the thread that had
 * to get the status has got it: its call is done. */
static void cells_leave(yk_cells *cells, yoke_status status)
{
    if (status == YOKE_EOWNERDEAD) {
        atomic_store(&cells->exposed, 0);
    }
    yk_ipc_object_unlock_once(&cells->object);
}

yoke_status yk_cells_get(yk_cells *cells, uint64_t index, void *data)
{
    yk_cells_shape shape;
    const yoke_status status = cells_enter(cells, &shape, YK_FOR_EVER);

    if (is_held(status) && index >= shape.count) {
        cells_leave(cells, YOKE_OK);
        return YOKE_EINVAL;
    }
    if (is_held(status)) {
        memcpy(data, item_at(cells, &shape, index), shape.item_bytes);
        YK_STEP();
        cells_leave(cells, status);
    }
    return status;
}

yoke_status yk_cells_set(yk_cells *cells, uint64_t index, const void *data)
{
    yk_cells_shape shape;
    const yoke_status status = cells_enter(cells, &shape, YK_FOR_EVER);

    if (is_held(status) && index >= shape.count) {
        cells_leave(cells, YOKE_OK);
        return YOKE_EINVAL;
    }
    if (is_held(status)) {
        memcpy(shadow_of(cells, &shape), data, shape.item_bytes);
        YK_STEP();
        atomic_store(&cells->pending, index + 1);
        YK_STEP();
        copy_shadow(cells, &shape, index + 1);
        YK_STEP();
        cells_leave(cells, status);
    }
    return status;
}

yoke_status yk_cells_lock(yk_cells *cells, uint64_t deadline)
{
    yk_cells_shape shape;
    const yoke_status status = cells_enter(cells, &shape, deadline);

    if (is_held(status)) {
        atomic_store(&cells->exposed, 1);
        YK_STEP();
    }
    return status;
}

yoke_status yk_cells_unlock(yk_cells *cells)
{
    if (!yk_ipc_object_has_lock(&cells->object, yk_identity_thread())) {
        return YOKE_EINVAL;
    }
    if (cells->object.depth == 1) {
        atomic_store(&cells->exposed, 0);
    }
    yk_ipc_object_unlock_once(&cells->object);
    return YOKE_OK;
}
