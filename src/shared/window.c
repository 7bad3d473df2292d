/* SPDX-License-Identifier: MIT */
#include "shared/window.h"

#include <stdatomic.h>

typedef struct window {
    _Atomic uint64_t base; /* 0: free; 1: being filled in */
    _Atomic uint64_t size;
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

bool yk_window_add(const void *base, size_t size, const void *owner, pid_t maker)
{
    for (uint32_t i = 0; i < YK_MAX_WINDOWS; i++) {
        uint64_t expected = FREE;

        if (atomic_compare_exchange_strong(&windows[i].base, &expected, BEING_FILLED)) {
            atomic_store(&windows[i].size, size);
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

        if (atomic_compare_exchange_strong(&windows[i].base, &expected, FREE)) {
            return;
        }
    }
}

bool yk_window_find(const void *pointer, size_t bytes, const void **owner, pid_t *maker)
{
    const uint64_t address = (uint64_t)(uintptr_t)pointer;
    const uint32_t count = atomic_load_explicit(&used, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        const uint64_t base =
            atomic_load_explicit(&windows[i].base, memory_order_acquire);

        if (base > BEING_FILLED && address >= base &&
            bytes <= atomic_load(&windows[i].size) &&
            address - base <= atomic_load(&windows[i].size) - bytes) {
            *owner = atomic_load(&windows[i].owner);
            *maker = atomic_load(&windows[i].maker);
            return atomic_load(&windows[i].base) == base;
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
