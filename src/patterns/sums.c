/* SPDX-License-Identifier: MIT */
#include "patterns/sums.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/fp_environment.h"
#include "launch/check_copies.h"
#include "pool/pool.h"
#include "reduce/copies.h"

typedef struct sums {
    yk_completion completion;
    yk_blocks blocks;
    size_t bytes; /* of the memory of the copies */
    bool contradicts; /* what was found is not there: see protocol/search.h */
} sums;

/* ---- how many blocks ---- */

/* Enough for dozens of unlike workers; each costs a call of a device. */
enum { MAX_BLOCKS = 256, LEAST_BLOCKS = 8 };

/* A search is over the sooner, the smaller its blocks are. */
enum { SEARCH_BLOCKS = 1024 };

/* Filling and adding a copy is to cost little beside a block's items: there are so many of them for
 * each of its elements. */
enum { ITEMS_PER_ELEMENT = 8 };

/* Copies beyond this cost more in page faults than they gain in balance ... */
static const uint64_t usual_bytes = UINT64_C(16) << 20;
/* ... and beyond this more memory than a program expects. */
static const uint64_t max_bytes = UINT64_C(1) << 30;

/* What the number of blocks depends on. All of it is the program's: the bits of a sum of floats
 * depend on it, too. */
typedef struct sums_plan {
    yk_range_items range;
    uint64_t bytes; /* of a copy of each array */
    uint64_t more;  /* bytes besides all copies */
    uint64_t elements; /* of the longest array that items add into; 0: only searches */
    uint64_t wanted; /* by the program; 0: no number */
    bool is_whole; /* another argument is written as a whole: the range is not divided */
} sums_plan;

static yoke_status sums_add_arg(sums_plan *plan, const yoke_arg *arg, size_t index,
                                yk_error *error)
{
    uint64_t bytes;
    yoke_status status;

    if (!yk_arg_has_copies(arg)) {
        plan->is_whole |= (arg->kind == YOKE_ARG_ARRAY || arg->kind == YOKE_ARG_USES) &&
                          arg->parts == YOKE_PARTS_WHOLE &&
                          ((unsigned)arg->access & YOKE_ACCESS_WRITE) != 0;
        return YOKE_OK;
    }
    status = yk_check_into(arg, &bytes, error);
    if (status == YOKE_OK && !yk_add(plan->bytes, yk_copies_pitch(arg), &plan->bytes)) {
        status = yk_fail(error, YOKE_EINVAL, "size overflow: %zu elements", arg->count);
    }
    if (status != YOKE_OK) {
        yk_error_prefix(error, "argument %zu: ", index + 1);
        return status;
    }
    if (yk_arg_searches(arg)) {
        plan->more += yk_copies_bytes(arg, 0);
    } else {
        plan->elements = yk_max(plan->elements, arg->count);
    }
    if (arg->blocks != 0) {
        plan->wanted = plan->wanted != 0 ? yk_min(plan->wanted, arg->blocks) : arg->blocks;
    }
    return YOKE_OK;
}

static uint64_t sums_block_count(const sums_plan *plan)
{
    const uint64_t most = plan->elements != 0 ? MAX_BLOCKS : SEARCH_BLOCKS;
    const uint64_t count =
        yk_min(usual_bytes / plan->bytes,
               plan->range.all / ITEMS_PER_ELEMENT / yk_max(plan->elements, 1));

    return plan->wanted != 0 ? plan->wanted : yk_max(LEAST_BLOCKS, yk_min(most, count));
}

static yk_blocks sums_divide(const sums_plan *plan, const yoke_map_options *options)
{
    const uint64_t count = plan->is_whole ? 1 : sums_block_count(plan);
    uint64_t items = yk_div_up(plan->range.count, count);

    if (!plan->is_whole) {
        items = yk_max(items, yk_min(options->grain, plan->range.count));
        items = options->chunk != 0 ? yk_min(items, options->chunk) : items;
        items = yk_max(items, yk_div_up(plan->range.count, YK_MAX_TILES));
        items = yk_round_up(items, yk_max(plan->range.group, 1));
    }
    return (yk_blocks){.items = items, .count = yk_div_up(plan->range.count, items)};
}

static yoke_status sums_plan_all(sums_plan *plan, const yk_request *request,
                                 const yk_kernel *kernel, yk_error *error)
{
    yoke_status status = yk_range_count_items(&plan->range, kernel, &request->range,
                                              request->options.round_up, error);

    for (size_t i = 0; status == YOKE_OK && i < request->arg_count; i++) {
        status = sums_add_arg(plan, &request->args[i], i, error);
    }
    return status;
}

/* ---- the copies ---- */

/* An array that items add into, or store in what they find, and its copies. */
typedef struct sums_array {
    const yk_arg *copies;
    const yk_arg *array;
    uint32_t next; /* argument */
    uint32_t used; /* ... and array behind the arguments */
} sums_array;

static void *sums_at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

/* The next one; all are zero before the first. The arrays follow the arguments, in their order,
 * among others that are used. */
static bool sums_next(sums_array *a, const yk_launch *launch)
{
    while (a->next < launch->arg_count && (launch->args[a->next].flags & YK_ARG_COPIES) == 0) {
        a->next++;
    }
    if (a->next == launch->arg_count) {
        return false;
    }
    a->used = a->used > launch->arg_count ? a->used : launch->arg_count;
    while ((launch->args[a->used].flags & YK_ARG_ADDED) == 0) {
        a->used++;
    }
    a->copies = &launch->args[a->next++];
    a->array = &launch->args[a->used++];
    return true;
}

/* Before the job is published: what copies of memory that is not the pool's begin with. */
static yoke_status sums_begin(yk_completion *completion, yoke_pool *pool, yk_job *job,
                              yk_error *error)
{
    sums_array a = {.next = 0};

    (void)completion;
    (void)pool;
    (void)error;
    while (sums_next(&a, &job->launch)) {
        if (yk_copies_search(a.copies) && a.array->block_id == 0) {
            memcpy(sums_at(a.copies->offsets), sums_at(a.array->address),
                   (size_t)a.copies->bytes);
        }
    }
    return YOKE_OK;
}

/* ---- what a search has found ---- */

/* The first block that has found something, among those that have been computed; their number if
 * none has. */
static uint64_t sums_first_block(const sums *self, const yk_job *job, uint64_t found)
{
    const yk_launch *launch = &job->launch;
    const bool is_any = launch->search == YK_SEARCH_ANY;
    const uint64_t end = found != 0 ? found : self->blocks.count;
    uint64_t block = found != 0 && is_any ? found - 1 : 0;

    while (block < end && !yk_copies_found(launch, launch->begin[launch->split] +
                                                       block * launch->block_items)) {
        block++;
    }
    return block < end ? block : self->blocks.count;
}

static void sums_take_found(sums *self, const yk_job *job)
{
    const uint64_t found = atomic_load(&job->found);
    const uint64_t block = sums_first_block(self, job, found);
    sums_array a = {.next = 0};

    self->contradicts = found != 0 && block == self->blocks.count;
    while (block < self->blocks.count && sums_next(&a, &job->launch)) {
        if (yk_copies_search(a.copies)) {
            memcpy(sums_at(a.array->address),
                   sums_at(a.copies->address + block * a.copies->pitch),
                   (size_t)a.copies->bytes);
        }
    }
}

/* ---- the end ---- */

static void sums_combine(sums *self, const yk_job *job)
{
    sums_array a = {.next = 0};
    bool any_search = false;

    while (sums_next(&a, &job->launch)) {
        any_search |= yk_copies_search(a.copies);
        if (!yk_copies_search(a.copies)) {
            yk_copies_combine(sums_at(a.array->address), a.copies, sums_at(a.copies->address),
                              (size_t)self->blocks.count);
        }
    }
    if (any_search) {
        sums_take_found(self, job);
    }
}

static void sums_land(yk_completion *completion, const yk_job *job)
{
    const yk_fp_environment before = yk_fp_use_default();

    sums_combine((sums *)completion, job);
    yk_fp_restore(before);
}

static yoke_status sums_collect(yk_completion *completion, yoke_pool *pool, yoke_future *future,
                                bool well, yk_error *error)
{
    const sums *self = (const sums *)completion;

    (void)pool;
    (void)future;
    return !well || !self->contradicts
               ? YOKE_OK
               : yk_fail(error, YOKE_EKERNEL,
                         "items that had found something were computed again and did not: the "
                         "same items must find the same each time");
}

static void sums_drop(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    sums *self = (sums *)completion;

    (void)future;
    yk_spares_put(&pool->spares, &pool->arena, self->blocks.copies, self->bytes);
    free(self);
}

static const yk_completion_ops sums_ops = {.begin = sums_begin,
                                           .land = sums_land,
                                           .collect = sums_collect,
                                           .drop = sums_drop};

static yoke_status sums_take_memory(sums *self, yoke_pool *pool, const sums_plan *plan,
                                    yk_error *error)
{
    uint64_t bytes;

    if (!yk_mul(self->blocks.count, plan->bytes, &bytes) ||
        !yk_add(bytes, plan->more, &bytes) ||
        (plan->wanted == 0 && bytes > max_bytes)) {
        return yk_fail(error, YOKE_EINVAL,
                       "%llu copies of %llu bytes, which blocks of items add into, are more "
                       "than 1 GiB: yoke_arg_copies() chooses how many there are",
                       (unsigned long long)self->blocks.count,
                       (unsigned long long)plan->bytes);
    }
    self->bytes = (size_t)bytes;
    yk_pool_lock(pool);
    self->blocks.copies = yk_spares_take(&pool->spares, &self->bytes);
    yk_pool_unlock(pool);
    if (self->blocks.copies == NULL) {
        self->blocks.copies = yk_arena_alloc(&pool->arena, self->bytes, error);
    }
    if (self->blocks.copies == NULL) {
        yk_error_prefix(error, "%llu copies, which blocks of items add into: ",
                        (unsigned long long)self->blocks.count);
        return YOKE_ENOMEM;
    }
    return YOKE_OK;
}

static yoke_status sums_create(yoke_pool *pool, yk_request *request,
                               const sums_plan *plan, yk_error *error)
{
    sums *self = calloc(1, sizeof *self);
    yoke_status status;

    if (self == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    self->completion.ops = &sums_ops;
    self->blocks = sums_divide(plan, &request->options);
    status = sums_take_memory(self, pool, plan, error);
    if (status != YOKE_OK) {
        free(self);
        return status;
    }
    request->blocks = &self->blocks;
    yk_completion_attach(&request->completions, &self->completion);
    return YOKE_OK;
}

/* More arguments than are possible are refused later, unread. */
static bool sums_are_in(const yk_request *request)
{
    const size_t count =
        request->args != NULL && request->arg_count <= YK_MAX_ARGS ? request->arg_count : 0;

    for (size_t i = 0; i < count; i++) {
        if (yk_arg_has_copies(&request->args[i])) {
            return true;
        }
    }
    return false;
}

yoke_status yk_sums_attach(yoke_pool *pool, yk_request *request, yk_error *error)
{
    const yk_kernel *kernel;
    sums_plan plan = {.range.count = 0};
    yoke_status status;

    if (!sums_are_in(request)) {
        return YOKE_OK;
    }
    kernel = &pool->control->kernels[request->kernel->slot].kernel;
    status = sums_plan_all(&plan, request, kernel, error);
    if (status == YOKE_OK) {
        status = sums_create(pool, request, &plan, error);
    }
    if (status != YOKE_OK) {
        yk_error_prefix(error, "%s '%s': ", yk_kernel_noun(kernel), kernel->name);
    }
    return status;
}
