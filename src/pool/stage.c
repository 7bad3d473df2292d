/* SPDX-License-Identifier: MIT */
#include "pool/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/check.h"
#include "launch/footprint.h"
#include "pool/pool.h"
#include "protocol/item_table.h"

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

/* Takes memory for a copy of the argument, which becomes the launch's. */
static yoke_status stage_arg(yoke_pool *pool, yk_staging *staging, yk_launch *launch,
                             uint32_t index, yk_error *error)
{
    yk_arg *arg = &launch->args[index];
    yk_staged *staged = &staging->copies[staging->count];
    uint64_t low;
    uint64_t high;
    uint64_t lead;
    yk_allocation block;
    void *copy;

    yk_footprint_span(launch, arg, &low, &high);
    /* The kernel's pointer is aligned like one of yoke_alloc() of that size. */
    lead = yk_round_up(arg->address - low, ALIGNMENT);
    copy = yk_arena_alloc(&pool->arena, yk_max(lead + (high - arg->address), 1), error);
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
    staging->count++;
    staging->is_written |= (arg->access & YK_WRITE) != 0;
    (void)yk_arena_find(&pool->arena, copy, &block);
    arg->address = (uint64_t)(uintptr_t)copy + lead;
    arg->block_address = (uint64_t)(uintptr_t)copy;
    arg->block_bytes = block.bytes;
    arg->block_id = block.id;
    arg->flags |= block.shares_pages ? YK_ARG_SHARES_PAGES : 0U;
    return YOKE_OK;
}

static void stage_copy_items(const yk_launch *launch, const yk_staged *staged,
                             uint64_t begin, uint64_t end)
{
    yk_extent extent;

    if (begin < end && yk_footprint_write(launch, &launch->args[staged->arg], begin, end,
                                          &extent) != 0) {
        copy_extent(staged, &extent, true);
    }
}

/* Items that failed keep what the program's array has. */
static void stage_copy_out(const yk_launch *launch, const yk_staged *staged)
{
    const yk_item_table *table = yk_item_table_of(launch);
    const uint64_t end = launch->begin[launch->split] + launch->size[launch->split];
    uint64_t begin = launch->begin[launch->split];

    const bool is_scattered = (launch->args[staged->arg].flags & YK_ARG_SCATTERED) != 0;

    for (uint64_t item = begin; table != NULL && item < end; item++) {
        const bool is_done = yk_item_state(yk_item_get(table, item)) == YK_ITEM_DONE;

        if (!is_done || is_scattered) {
            stage_copy_items(launch, staged, begin, is_done ? item + 1 : item);
            begin = item + 1;
        }
    }
    stage_copy_items(launch, staged, begin, end);
}

static void stage_land(yk_completion *completion, const yk_job *job)
{
    const yk_staging *self = (const yk_staging *)completion;

    for (size_t i = 0; i < self->count; i++) {
        stage_copy_out(&job->launch, &self->copies[i]);
    }
}

static void stage_drop(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    yk_staging *self = (yk_staging *)completion;

    (void)future;
    pool->staging.by_slot[self->slot] = NULL;
    pool->staging.count--;
    for (size_t i = 0; i < self->count; i++) {
        (void)yk_arena_free(&pool->arena, stage_pointer(self->copies[i].block), NULL);
    }
    free(self);
}

static const yk_completion_ops stage_ops = {.land = stage_land, .drop = stage_drop};

yoke_status yk_stage_allocate_locked(yoke_pool *pool, yk_staging **result,
                                     uint32_t slot, yk_launch *launch, yk_error *error)
{
    yk_staging *staging;
    yoke_status status = YOKE_OK;
    size_t foreign = 0;

    *result = NULL;
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        foreign += stage_is_foreign(&launch->args[i]);
    }
    if (foreign == 0) {
        return YOKE_OK;
    }
    staging = calloc(1, sizeof *staging + foreign * sizeof *staging->copies);
    if (staging == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    staging->completion.ops = &stage_ops;
    staging->slot = slot;
    pool->staging.by_slot[slot] = staging;
    pool->staging.count++;
    for (uint32_t i = 0; i < launch->arg_count && status == YOKE_OK; i++) {
        if (stage_is_foreign(&launch->args[i])) {
            status = stage_arg(pool, staging, launch, i, error);
        }
    }
    if (status != YOKE_OK) {
        stage_drop(&staging->completion, pool, NULL);
        return status;
    }
    *result = staging;
    return YOKE_OK;
}

void yk_stage_in(const yk_staging *staging, const yk_launch *launch)
{
    for (size_t i = 0; i < staging->count; i++) {
        stage_copy_in(launch, &launch->args[staging->copies[i].arg],
                      &staging->copies[i]);
    }
}

/* As the staged argument was before: in the application's memory. */
static yk_arg original_of(const yk_arg *arg, const yk_staged *staged)
{
    yk_arg original = *arg;

    original.address = staged->original + (arg->address - staged->copy);
    original.block_address = 0;
    original.block_bytes = 0;
    original.block_id = 0;
    return original;
}

yk_arg yk_stage_original_locked(const yoke_pool *pool, uint32_t slot,
                                const yk_launch *launch, uint32_t index)
{
    const yk_staging *staging = pool->staging.by_slot[slot];

    for (size_t i = 0; staging != NULL && i < staging->count; i++) {
        if (staging->copies[i].arg == index) {
            return original_of(&launch->args[index], &staging->copies[i]);
        }
    }
    return launch->args[index];
}

static bool stage_meets(const yk_launch *launch, const yk_arg *arg,
                        const yk_staged *staged, const yk_launch *other_launch)
{
    const yk_arg other = original_of(&other_launch->args[staged->arg], staged);

    return yk_args_conflict(other_launch, &other, launch, arg);
}

static bool stage_conflicts(const yk_launch *launch, const yk_staging *other,
                            const yk_launch *other_launch)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        for (size_t s = 0; s < other->count; s++) {
            if (stage_is_foreign(&launch->args[i]) &&
                stage_meets(launch, &launch->args[i], &other->copies[s],
                            other_launch)) {
                return true;
            }
        }
    }
    return false;
}

bool yk_stage_has_conflict_locked(const yoke_pool *pool, const yk_launch *launch)
{
    const uint32_t slots =
        pool->staging.count > 0 ? yk_job_slot_count(pool->control) : 0;

    for (uint32_t slot = 0; slot < slots; slot++) {
        const yk_staging *other = pool->staging.by_slot[slot];

        if (other != NULL &&
            stage_conflicts(launch, other, &pool->control->jobs[slot].launch)) {
            return true;
        }
    }
    return false;
}

/* Items that failed are left out, and so what is copied back is asked for item by item. */
bool yk_stage_lands_by_locked(const yoke_pool *pool, const yk_launch *launch)
{
    const uint32_t slots =
        pool->staging.count > 0 ? yk_job_slot_count(pool->control) : 0;

    for (uint32_t slot = 0; slot < slots; slot++) {
        const yk_staging *other = pool->staging.by_slot[slot];
        const yk_launch *landing = &pool->control->jobs[slot].launch;

        if (other != NULL && other->is_written && yk_item_table_of(landing) != NULL &&
            yk_order_changes_used(launch, landing)) {
            return true;
        }
    }
    return false;
}
