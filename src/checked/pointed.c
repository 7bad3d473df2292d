/* SPDX-License-Identifier: MIT */
#include "checked/pointed.h"

#include <stdlib.h>

#include "base/bits.h"
#include "launch/footprint.h"
#include "sys/mapping.h"

static bool pointed_is_read(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && (arg->flags & YK_ARG_BY_POINTER) != 0 &&
           arg->access == YK_READ;
}

static const yk_arg *pointed_arg(const yk_pointed *pointed, size_t i)
{
    return &pointed->launch->args[pointed->launch->arg_count + i];
}

/* All pages that have a byte of the array. */
static void pointed_watch(yk_pointed *pointed, size_t i)
{
    const uint64_t page = yk_page_size();
    uint64_t low;
    uint64_t high;

    yk_footprint_span(pointed->launch, pointed_arg(pointed, i), &low, &high);
    low = low / page * page;
    high = yk_round_up(high, page);
    (void)yk_fence_watch(&pointed->fences[i], (void *)(uintptr_t)low, (size_t)(high - low));
}

void yk_pointed_init(yk_pointed *pointed, const yk_launch *launch)
{
    *pointed = (yk_pointed){.launch = launch};
    for (uint32_t i = 0; i < launch->used_count; i++) {
        if (pointed_is_read(&launch->args[launch->arg_count + i])) {
            pointed->count = launch->used_count;
        }
    }
    if (pointed->count > 0) {
        pointed->fences = calloc(pointed->count, sizeof *pointed->fences);
    }
    if (pointed->fences == NULL) {
        pointed->count = 0;
    }
    for (size_t i = 0; i < pointed->count; i++) {
        if (pointed_is_read(pointed_arg(pointed, i))) {
            pointed_watch(pointed, i);
        }
    }
}

void yk_pointed_fini(yk_pointed *pointed)
{
    for (size_t i = 0; i < pointed->count; i++) {
        yk_fence_unwatch(&pointed->fences[i]);
    }
    free(pointed->fences);
    *pointed = (yk_pointed){.count = 0};
}

/* The pages that nothing else shares. */
static void pointed_shut_inner(const yk_pointed *pointed, size_t i)
{
    yk_fence *fence = &pointed->fences[i];
    const yk_arg *arg = pointed_arg(pointed, i);
    const uint64_t page = yk_page_size();
    const uint64_t base = (uint64_t)(uintptr_t)fence->base;
    uint64_t low;
    uint64_t high;

    yk_footprint_span(pointed->launch, arg, &low, &high);
    low = yk_round_up(low, page);
    high = high / page * page;
    (void)yk_fence_set(fence, 0, fence->bytes, YK_FENCE_OPEN);
    if (arg->blocks == 1 && low < high) {
        (void)yk_fence_set(fence, (size_t)(low - base), (size_t)(high - low), YK_FENCE_READ);
    }
}

void yk_pointed_shut(const yk_pointed *pointed, bool in_images)
{
    for (size_t i = 0; i < pointed->count; i++) {
        if (pointed->fences[i].base != NULL && !in_images) {
            pointed_shut_inner(pointed, i);
        }
    }
    for (size_t i = 0; i < pointed->count; i++) {
        if (pointed->fences[i].base != NULL && in_images) {
            (void)yk_fence_set(&pointed->fences[i], 0, pointed->fences[i].bytes,
                               YK_FENCE_READ);
        }
    }
}

bool yk_pointed_has(const yk_pointed *pointed, const yk_fence *fence)
{
    return pointed->count > 0 && fence >= pointed->fences &&
           fence < pointed->fences + pointed->count;
}

/* Arrays may share pages, so each is asked. */
bool yk_pointed_find(const yk_pointed *pointed, const unsigned char *address,
                     uint32_t *index, int64_t *offset)
{
    const yk_extent byte = yk_extent_run((uint64_t)(uintptr_t)address, 1);

    for (size_t i = 0; i < pointed->count; i++) {
        const yk_arg *arg = pointed_arg(pointed, i);
        yk_extent all[YK_MAX_EXTENTS];
        const size_t count =
            pointed_is_read(arg) ? yk_footprint_read(pointed->launch, arg, 0, 1, all) : 0;

        for (size_t k = 0; k < count; k++) {
            if (yk_extents_meet(&all[k], &byte)) {
                *index = pointed->launch->arg_count + (uint32_t)i;
                *offset = (int64_t)(byte.address - arg->address);
                return true;
            }
        }
    }
    return false;
}
