/* SPDX-License-Identifier: MIT */
#include "pool/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/check.h"
#include "launch/footprint.h"
#include "pool/pool.h"

enum { ALIGNMENT = 4096 };

static bool stage_is_foreign(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && arg->block_id == 0;
}

static void *stage_pointer(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

/* Copies an extent of the original to the copy or back. */
static void copy_extent(const yk_staged *staged, const yk_extent *extent, bool back)
{
    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        const uint64_t here = yk_extent_piece(extent, k);
        void *original = stage_pointer(here - staged->copy + staged->original);

        memcpy(back ? original : stage_pointer(here),
               back ? stage_pointer(here) : original, extent->bytes);
    }
}

static void stage_copy_in(const yk_launch *launch, const yk_arg *arg,
                          const yk_staged *staged)
{
    const uint64_t begin = launch->begin[launch->split];
    const uint64_t end = begin + launch->size[launch->split];
    yk_extent extents[YK_MAX_EXTENTS];
    const size_t count = yk_footprint_load(launch, arg, begin, end, extents);

    for (size_t i = 0; i < count; i++) {
        copy_extent(staged, &extents[i], false);
    }
}

static yoke_status stage_arg(yoke_pool *pool, yoke_future *future, yk_launch *launch,
                             uint32_t index, yk_error *error)
{
    yk_arg *arg = &launch->args[index];
    yk_staged *staged = &future->staged[future->staged_count];
    uint64_t low;
    uint64_t high;
    uint64_t lead;
    yk_allocation block;
    void *copy;

    yk_footprint_span(launch, arg, &low, &high);
    /* The kernel's pointer is aligned like one of yoke_alloc(). */
    lead = yk_round_up(arg->address - low, ALIGNMENT);
    copy = yk_arena_alloc(&pool->arena, lead + (high - arg->address), error);
    if (copy == NULL) {
        yk_error_prefix(error, "staging argument %u: ", index + 1);
        return YOKE_ENOMEM;
    }
    *staged = (yk_staged){
        .arg = index,
        .original = low,
        .bytes = high - low,
        .copy = (uint64_t)(uintptr_t)copy + lead - (arg->address - low),
        .block = (uint64_t)(uintptr_t)copy,
    };
    future->staged_count++;
    (void)yk_arena_find(&pool->arena, copy, &block);
    arg->address = (uint64_t)(uintptr_t)copy + lead;
    arg->block_address = (uint64_t)(uintptr_t)copy;
    arg->block_bytes = block.bytes;
    arg->block_id = block.id;
    stage_copy_in(launch, arg, staged);
    return YOKE_OK;
}

yoke_status yk_stage_in_locked(yoke_pool *pool, yoke_future *future, yk_launch *launch,
                               yk_error *error)
{
    uint32_t foreign = 0;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        foreign += stage_is_foreign(&launch->args[i]);
    }
    if (foreign == 0) {
        return YOKE_OK;
    }
    future->staged = calloc(foreign, sizeof *future->staged);
    if (future->staged == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        if (stage_is_foreign(&launch->args[i])) {
            const yoke_status status = stage_arg(pool, future, launch, i, error);

            if (status != YOKE_OK) {
                yk_stage_out_locked(pool, future, launch, false);
                return status;
            }
        }
    }
    return YOKE_OK;
}

static void stage_copy_out(const yk_launch *launch, const yk_staged *staged)
{
    const yk_arg *arg = &launch->args[staged->arg];
    const uint64_t begin = launch->begin[launch->split];
    yk_extent extent;

    if (yk_footprint_write(launch, arg, begin, begin + launch->size[launch->split],
                           &extent) != 0) {
        copy_extent(staged, &extent, true);
    }
}

void yk_stage_out_locked(yoke_pool *pool, yoke_future *future, const yk_launch *launch,
                         bool results)
{
    for (size_t i = 0; i < future->staged_count; i++) {
        const yk_staged *staged = &future->staged[i];

        if (results) {
            stage_copy_out(launch, staged);
        }
        (void)yk_arena_free(&pool->arena, stage_pointer(staged->block), NULL);
    }
    free(future->staged);
    future->staged = NULL;
    future->staged_count = 0;
}

/* As the staged argument was before: in the application's memory. */
static yk_arg original_of(const yk_arg *arg, const yk_staged *staged)
{
    yk_arg original = *arg;

    original.address = staged->original + (arg->address - staged->copy);
    return original;
}

static bool stage_meets(const yk_launch *launch, const yk_arg *arg,
                        const yk_staged *staged, const yk_launch *other_launch)
{
    const yk_arg other = original_of(&other_launch->args[staged->arg], staged);

    return yk_args_conflict(other_launch, &other, launch, arg);
}

static bool stage_conflicts(const yk_launch *launch, const yoke_future *other,
                            const yk_launch *other_launch)
{
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        for (size_t s = 0; s < other->staged_count; s++) {
            const yk_staged *staged = &other->staged[s];

            if (stage_is_foreign(&launch->args[i]) &&
                stage_meets(launch, &launch->args[i], staged, other_launch)) {
                return true;
            }
        }
    }
    return false;
}

yoke_future *yk_stage_conflict_locked(yoke_pool *pool, const yk_launch *launch)
{
    for (uint32_t slot = 0; slot < YK_MAX_JOBS; slot++) {
        yoke_future *other = pool->jobs.futures_by_slot[slot];

        if (other != NULL && other->staged_count != 0 &&
            stage_conflicts(launch, other, &pool->control->jobs[slot].launch)) {
            return other;
        }
    }
    return NULL;
}
