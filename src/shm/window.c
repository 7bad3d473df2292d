/* SPDX-License-Identifier: MIT */
#include "shm/window.h"

#include <stdatomic.h>

typedef struct window {
    _Atomic uint64_t base; /* 0: free; 1: being filled in */
    _Atomic uint64_t size;
    _Atomic uint64_t last_base; /* of the one before, or of this one: it is gone */
    _Atomic uint64_t last_size;
    _Atomic uint64_t
        zones[2][2]; /* zones of objects: offsets of the first and the last byte + 1 */
    _Atomic uint64_t hub; /* its offset */
    _Atomic(const void *) owner;
    _Atomic pid_t maker;
} window;

static window windows[YK_MAX_WINDOWS];
static _Atomic uint32_t used; /* those from here on were never used */

enum { FREE = 0, BEING_FILLED = 1 };

static void note_used(uint32_t count)
{
    uint32_t known = atomic_load(&used);

    while (known < count && !atomic_compare_exchange_weak(&used, &known, count)) {
    }
}

static void note_zone(window *noted, unsigned index, const yk_zone *zone)
{
    atomic_store(&noted->zones[index][0], zone->begin);
    atomic_store(&noted->zones[index][1], zone->end);
}

bool yk_window_add(const void *base, const yk_layout *layout, const void *owner,
                   pid_t maker)
{
    for (uint32_t i = 0; i < YK_MAX_WINDOWS; i++) {
        uint64_t expected = FREE;

        if (atomic_compare_exchange_strong(&windows[i].base, &expected, BEING_FILLED)) {
            atomic_store(&windows[i].size, layout->bytes);
            atomic_store(&windows[i].hub, layout->hub);
            note_zone(&windows[i], 0, &layout->zones[YK_ZONE_CELLS]);
            note_zone(&windows[i], 1, &layout->zones[YK_ZONE_OBJECTS]);
            atomic_store(&windows[i].owner, owner);
            atomic_store(&windows[i].maker, maker);
            atomic_store(&windows[i].base, (uint64_t)(uintptr_t)base);
            note_used(i + 1);
            return true;
        }
    }
    return false;
}

void yk_window_remove(const void *base)
{
    for (uint32_t i = 0; i < YK_MAX_WINDOWS; i++) {
        uint64_t expected = (uint64_t)(uintptr_t)base;

        if (atomic_load(&windows[i].base) == expected) {
            atomic_store(&windows[i].last_base, expected);
            atomic_store(&windows[i].last_size, atomic_load(&windows[i].size));
        }
        if (atomic_compare_exchange_strong(&windows[i].base, &expected, FREE)) {
            return;
        }
    }
}

/* Finds the window that contains all of the bytes, and its base. NULL: there is none. */
static window *find_window(const void *pointer, size_t bytes, uint64_t *base)
{
    const uint64_t address = (uint64_t)(uintptr_t)pointer;
    const uint32_t count = atomic_load_explicit(&used, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        *base = atomic_load_explicit(&windows[i].base, memory_order_acquire);
        if (*base > BEING_FILLED && address >= *base &&
            bytes <= atomic_load(&windows[i].size) &&
            address - *base <= atomic_load(&windows[i].size) - bytes) {
            return &windows[i];
        }
    }
    return NULL;
}

bool yk_window_find(const void *pointer, size_t bytes, const void **owner, pid_t *maker)
{
    uint64_t base;
    window *found = find_window(pointer, bytes, &base);

    if (found == NULL) {
        return false;
    }
    *owner = atomic_load(&found->owner);
    *maker = atomic_load(&found->maker);
    return atomic_load(&found->base) == base;
}

bool yk_window_has_objects(const void *pointer, size_t bytes)
{
    uint64_t base;
    window *found = find_window(pointer, bytes, &base);
    bool inside = false;

    for (unsigned i = 0; found != NULL && i < 2; i++) {
        const yk_zone zone = {atomic_load(&found->zones[i][0]),
                              atomic_load(&found->zones[i][1])};

        inside |= yk_zone_holds(&zone, (uint64_t)(uintptr_t)pointer - base, bytes);
    }
    return inside && atomic_load(&found->base) == base;
}

yk_hub *yk_window_hub(const void *pointer)
{
    uint64_t base;
    const window *found = find_window(pointer, 1, &base);
    const uint64_t hub = found != NULL ? atomic_load(&found->hub) : 0;

    return found != NULL && atomic_load(&found->base) == base
               ? (yk_hub *)(uintptr_t)(base + hub)
               : NULL;
}

bool yk_window_was_there(const void *pointer)
{
    const uint64_t address = (uint64_t)(uintptr_t)pointer;
    const uint32_t count = atomic_load_explicit(&used, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        if (address - atomic_load(&windows[i].last_base) <
            atomic_load(&windows[i].last_size)) {
            return true;
        }
    }
    return false;
}

pid_t yk_window_maker(const void *owner)
{
    const uint32_t count = atomic_load_explicit(&used, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load_explicit(&windows[i].base, memory_order_acquire) >
                BEING_FILLED &&
            atomic_load(&windows[i].owner) == owner) {
            return atomic_load(&windows[i].maker);
        }
    }
    return 0;
}

bool yk_window_bounds(const void *owner, uint64_t *base, uint64_t *bytes)
{
    const uint32_t count = atomic_load_explicit(&used, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        *base = atomic_load_explicit(&windows[i].base, memory_order_acquire);
        *bytes = atomic_load(&windows[i].size);
        if (*base > BEING_FILLED && atomic_load(&windows[i].owner) == owner) {
            return true;
        }
    }
    *base = *bytes = 0;
    return false;
}
