/* SPDX-License-Identifier: MIT */
#include "pool/submit.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "launch/check.h"
#include "launch/lent.h"
#include "pool/pool.h"
#include "pool/trace.h"
#include "protocol/bells.h"
#include "protocol/eligibility.h"
#include "protocol/writeback.h"
#include "sys/call_guard.h"
#include "base/fp_environment.h"

/* ---- the launch ---- */

static yoke_status fill_launch(yoke_pool *pool, yk_launch *launch,
                               const yk_request *request, yk_error *error)
{
    const yk_kernel_slot *slot = &pool->control->kernels[request->kernel->slot];
    const bool known = atomic_load(&slot->parameters_state) == 2;
    const yk_launch_input input = {
        .request = request,
        .kernel = &slot->kernel,
        .parameters = slot->parameters,
        .parameter_count = known ? slot->parameter_count : -1,
        .arena = &pool->arena,
    };
    const yoke_status status = yk_launch_fill(launch, &input, error);

    if (status != YOKE_OK) {
        yk_error_prefix(error, "%s '%s': ", yk_kernel_noun(&slot->kernel),
                        slot->kernel.name);
    }
    return status;
}

/* Whether a device may run this kernel from source. */
static bool may_run_source(const yoke_pool *pool, const yk_kernel *kernel)
{
    const uint32_t count = yk_worker_count(pool->control);

    if (!yk_kernel_has_source(kernel) || !yk_kernel_has_native(kernel)) {
        return yk_kernel_has_source(kernel);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (yk_worker_has(&pool->control->workers[i], YK_TRAIT_COMPILES_SOURCE)) {
            return true;
        }
    }
    return false;
}

/* A kernel that asks for its range's sizes is built for each range it is split over;
 * after a few different ones it is not split any more. */
static void limit_variants(yoke_pool *pool, yoke_kernel *kernel, yk_launch *launch)
{
    const yk_kernel *described = &pool->control->kernels[kernel->slot].kernel;
    uint64_t shape[6];

    /* How often a kernel was used must not change how a range is divided into blocks. */
    if (described->asks_sizes == 0 || launch->block_items != 0 ||
        !may_run_source(pool, described)) {
        return;
    }
    memcpy(shape, launch->begin, sizeof launch->begin);
    memcpy(shape + 3, launch->size, sizeof launch->size);
    for (size_t i = 0; i < kernel->variant_count; i++) {
        if (memcmp(kernel->variants[i], shape, sizeof shape) == 0) {
            return;
        }
    }
    if (kernel->variant_count < YK_MAX_VARIANTS) {
        memcpy(kernel->variants[kernel->variant_count++], shape, sizeof shape);
    } else {
        launch->whole = 1;
    }
}

yoke_status yk_submit_check_locked(yoke_pool *pool, yk_launch *launch,
                                   const yk_request *request, yk_error *error)
{
    const yoke_status status = fill_launch(pool, launch, request, error);

    if (status == YOKE_OK) {
        limit_variants(pool, request->kernel, launch);
    }
    return status;
}

/* ---- publishing ---- */

static bool changes_in_place(const yk_launch *launch)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        if (yk_arg_is_changed_in_place(&launch->args[i])) {
            return true;
        }
    }
    return false;
}

static void use_arrays(yoke_pool *pool, const yk_launch *launch, int users)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch) && i < YK_MAX_ARGS; i++) {
        const yk_arg *arg = &launch->args[i];

        if (arg->kind == YK_ARG_ARRAY && arg->block_id != 0) {
            yk_arena_use(&pool->arena, arg->address, arg->block_id, users);
        }
    }
}

/* The job is collected: what was done when it was published is undone. */
static void submit_undo(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    const yk_job *job = yk_job_at(pool->control, future->ref);

    (void)completion;
    yk_trace_collected_locked(pool, job, future->status);
    use_arrays(pool, &job->launch, -1);
    yk_order_remove_locked(pool, future->ref.slot);
    yk_kernel_release_locked(future->kernel);
    future->kernel = NULL;
}

static const yk_completion_ops submitted_ops = {.drop = submit_undo};

/* Whether something of a lent array may be on devices alone by now. */
static bool may_be_held(const yk_launch *launch)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        const yk_arg *arg = &launch->args[i];

        if (arg->kind == YK_ARG_ARRAY && arg->table != 0 &&
            yk_lent_table(arg)->keeper != 0) {
            return true;
        }
    }
    return false;
}

/* Whether the job keeps results, of which later jobs have to know. */
static bool note_kept(const yk_launch *launch)
{
    bool any = false;

    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        if (yk_lent_may_stay(&launch->args[i])) {
            yk_lent_table(&launch->args[i])->keeper = launch->id;
            any = true;
        }
    }
    return any;
}

/* What is used but not passed is read in the window by every worker, also by one that holds it. */
static void prepare_holders(yk_job *job, uint32_t generation, bool recovers)
{
    const bool held = may_be_held(&job->launch);
    const bool needs_all =
        recovers || yk_launch_uses(&job->launch, YK_ARG_BY_POINTER | YK_ARG_AT_START);

    job->keeps = !recovers && note_kept(&job->launch);
    job->has_holders = held || job->keeps != 0;
    yk_writeback_begin(job, generation,
                       !held       ? YK_WRITEBACK_FREE
                       : needs_all ? YK_WRITEBACK_ALL
                                   : YK_WRITEBACK_SHARES);
}

/* It fails before it is open: what it needs is spoiled. */
static void submit_fail_early_locked(yoke_pool *pool, yk_job *job, yk_job_ref ref,
                                     const char *why)
{
    yk_job_explain_failure(job, ref.generation, why);
    yk_job_stop(pool->control, ref, YOKE_EDEPENDENCY);
}

/* Whether the supervisor is to be told that jobs are open: it does not look at an idle pool. Only
 * after the job is open: see watch.h. */
static bool begins_watch(yk_control *control)
{
    return atomic_load(&control->watching) == 0 &&
           atomic_exchange(&control->watching, 1) == 0;
}

static void submit_publish_locked(yoke_pool *pool, yoke_future *future, yk_job *job,
                                  const yk_request *request, uint64_t deadline_ns,
                                  const char *spoiled)
{
    const yk_job_ref ref = future->ref;
    const bool recovers = request->options.recovery != YOKE_RECOVER_NONE;

    yk_job_reset(job, ref.generation);
    job->launch.id = pool->next_id++;
    job->sequence = future->sequence = pool->jobs.next_sequence++;
    job->deadline_ns = deadline_ns;
    job->in_place = changes_in_place(&job->launch);
    job->saves = job->in_place != 0 && recovers;
    prepare_holders(job, ref.generation, recovers);
    yk_place_tiles_locked(pool, job, ref.generation, request);
    use_arrays(pool, &job->launch, 1);
    request->kernel->users++;
    future->references++; /* the pool's */
    pool->jobs.futures_by_slot[ref.slot] = future;
    pool->jobs.slots_by_age[pool->jobs.count++] = (uint16_t)ref.slot;
    yk_order_add_locked(pool, ref.slot);
    yk_trace_submitted_locked(pool, job);
    if (spoiled != NULL) {
        submit_fail_early_locked(pool, job, ref, spoiled);
    }
    yk_job_publish(pool->control, ref);
    if (spoiled != NULL) {
        (void)yk_job_try_end(pool->control, ref);
    }
    /* A worker may have found meanwhile that it cannot build the kernel: the supervisor ends jobs
     * that no worker can run, but did not know of this one. */
    if (begins_watch(pool->control) || job->deadline_ns != 0 ||
        job->launch.task.items != 0 ||
        !yk_job_has_hope(pool->control, job, UINT32_MAX)) {
        yk_control_wake_supervisor(pool->control);
    }
}

/* ---- submission ---- */

yoke_status yk_map_options_check(const yoke_map_options *options, yk_error *error)
{
    if (!(yk_clock_is_time(options->timeout) && options->timeout <= 1e9)) {
        return yk_fail(error, YOKE_EINVAL,
                       "timeout is a number of seconds from 0 to 1e9, or YOKE_FOREVER");
    }
    if ((unsigned)options->recovery > YOKE_RECOVER_NONE) {
        return yk_fail(error, YOKE_EINVAL, "recovery %u is not a valid recovery",
                       (unsigned)options->recovery);
    }
    if (options->after_count > 0 && options->after == NULL) {
        return yk_fail(error, YOKE_EINVAL, "`after` is NULL, but `after_count` is not 0");
    }
    return YOKE_OK;
}

/* What stands in the way of reading, now, what the submission reads; NULL: nothing. */
static const char *submit_obstacle_locked(const yoke_pool *pool, const yk_launch *launch)
{
    return yk_order_changes_used_locked(pool, launch)
               ? "a job in flight changes the offsets of a ragged array"
           : yk_stage_has_conflict_locked(pool, launch)
               ? "a job in flight changes an array outside the pool's memory that this one "
                 "uses, or reads one that it changes"
           : yk_stage_lands_by_locked(pool, launch)
               ? "the results of a job in flight are copied out by offsets that this one changes"
           : yk_order_overtakes_locked(pool, launch)
               ? "arrays of another job are being copied in, and this one changes what that one "
                 "relies on"
           : yk_order_adds_into_locked(pool, launch)
               ? "a job in flight adds into an array that this one uses (yoke_sum_into())"
               : NULL;
}

/* Arrays outside the pool's memory are copied in, and offsets are checked, only when no job is
 * about to change them. *again: the launch is to be filled once more, since the lock was given up
 * or a job has changed what was read. */
static yoke_status submit_wait_for_settled_locked(yoke_pool *pool,
                                                  const yk_launch *launch,
                                                  const yk_limit *limit, bool *again,
                                                  yk_error *error)
{
    const uint32_t ticket = yk_eventcount_ticket(&pool->control->changed);
    const char *obstacle = submit_obstacle_locked(pool, launch);

    *again = obstacle != NULL;
    if (*again) {
        if (yk_collect_landed_locked(pool) > 0) {
            return YOKE_OK; /* the lock was given up */
        }
        (void)yk_collect_ended_locked(pool);
        obstacle = submit_obstacle_locked(pool, launch);
    }
    return obstacle != NULL ? yk_submit_wait_locked(pool, ticket, limit, obstacle, error)
                            : YOKE_OK;
}

/* Devices that a job names may not have been found yet. */
static yoke_status submit_wait_for_devices_locked(yoke_pool *pool, const char *devices,
                                                  const yk_limit *limit,
                                                  yk_error *error)
{
    yk_control *control = pool->control;
    yoke_status status = YOKE_OK;
    yk_selection selection;

    if (devices == NULL || yk_selection_parse(&selection, devices, NULL) != YOKE_OK ||
        !yk_selection_wants_discovery(&selection)) {
        return YOKE_OK;
    }
    while (status == YOKE_OK) {
        const uint32_t ticket = yk_eventcount_ticket(&control->changed);

        if (atomic_load(&control->discovery) != YK_DISCOVERY_RUNNING) {
            break;
        }
        status = yk_submit_wait_locked(pool, ticket, limit,
                                       "devices are still being found", error);
    }
    return status;
}

/* Fills the copies without the lock: see stage.h. */
static yoke_status submit_fill_locked(yoke_pool *pool, yoke_future *future,
                                      const yk_staging *staging,
                                      const yk_launch *launch, yk_error *error)
{
    future->is_reserved = true;
    use_arrays(pool, launch, 1);
    future->kernel->users++;
    pool->jobs.futures_by_slot[future->ref.slot] = future;
    yk_order_clear_locked(pool, future->ref.slot);
    pool->jobs.filling++;
    yk_pool_unlock(pool);
    yk_stage_in(staging, launch);
    yk_pool_lock(pool);
    pool->jobs.filling--;
    return pool->liveness.ending   ? yk_fail(error, YOKE_ECLOSED, "the pool was closed")
           : pool->liveness.broken ? yk_pool_fail_broken(error)
                                   : YOKE_OK;
}

/* The job is published, or its submission has failed. */
static void submit_end_reservation_locked(yoke_pool *pool, yoke_future *future,
                                          bool published)
{
    const yk_job *job = yk_job_at(pool->control, future->ref);

    future->is_reserved = false;
    use_arrays(pool, &job->launch, -1);
    yk_kernel_release_locked(future->kernel);
    if (!published) {
        pool->jobs.futures_by_slot[future->ref.slot] = NULL;
    }
    yk_eventcount_signal(&pool->control->changed);
}

/* Arrays may have been lent meanwhile. What is read or written outside of workers may not. */
static yoke_status submit_look_again_locked(yoke_pool *pool, yk_launch *launch, yk_error *error)
{
    const uint32_t outside = YK_ARG_ADDED | YK_ARG_READ_EARLY;

    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        yk_arg *arg = &launch->args[i];
        yk_allocation found;

        if (arg->kind != YK_ARG_ARRAY || arg->block_id == 0 ||
            !yk_arena_find(&pool->arena, (const void *)(uintptr_t)arg->block_address, &found) ||
            found.table == arg->table) {
            continue;
        }
        if ((arg->flags & outside) != 0) {
            return yk_fail(error, YOKE_EBUSY,
                           "argument %u: another thread has lent its memory (yoke_lend()) while "
                           "arrays were copied in",
                           yk_launch_number(launch, i));
        }
        arg->table = found.table;
    }
    return YOKE_OK;
}

/* The copies come after what the request has attached. */
static yoke_status submit_stage_locked(yoke_pool *pool, yoke_future *future,
                                       yk_launch *launch, yk_error *error)
{
    const uint64_t lendings = yk_arena_lendings(&pool->arena);
    yk_staging *staging;
    yoke_status status =
        yk_stage_allocate_locked(pool, &staging, future->ref.slot, launch, error);

    if (staging == NULL) {
        return status;
    }
    yk_completion_attach(&future->completions, &staging->completion);
    future->lands |= staging->is_written;
    status = submit_fill_locked(pool, future, staging, launch, error);
    return status == YOKE_OK && lendings != yk_arena_lendings(&pool->arena)
               ? submit_look_again_locked(pool, launch, error)
               : status;
}

/* What was recorded in a graph was checked when its run began. Its arrays are in use since then, but
 * may have been lent. */
static yoke_status submit_fill_launch_locked(yoke_pool *pool, yk_launch *launch,
                                             const yk_request *request, yk_error *error)
{
    const yk_replay *replay = request->replay;

    if (replay == NULL || replay->launch == NULL ||
        replay->lendings != yk_arena_lendings(&pool->arena)) {
        return yk_submit_check_locked(pool, launch, request, error);
    }
    yk_launch_copy(launch, replay->launch);
    return YOKE_OK;
}

/* *again: as above. */
static yoke_status submit_make_launch_locked(yoke_pool *pool, yk_launch *launch,
                                             const yk_request *request,
                                             const yk_limit *limit, bool *again,
                                             yk_error *error)
{
    yoke_status status = submit_fill_launch_locked(pool, launch, request, error);

    *again = false;
    if (status != YOKE_OK && yk_order_changes_used_locked(pool, launch)) {
        yk_error_clear(error); /* the offsets are not those that the job will see */
        status = YOKE_OK;
    }
    return status == YOKE_OK
               ? submit_wait_for_settled_locked(pool, launch, limit, again, error)
               : status;
}

/* Which workers may run it. */
static yoke_status submit_place(yoke_pool *pool, yk_job *job, const yk_request *request,
                                yk_error *error)
{
    yk_replay *replay = request->replay;
    yoke_status status;

    if (replay != NULL && replay->is_placed) {
        yk_place_allow_again(job, replay->allowed);
        return YOKE_OK;
    }
    status = yk_place_allow(pool, job, request->options.devices, error);
    if (status == YOKE_OK && replay != NULL) {
        memcpy(replay->allowed, job->allowed, sizeof replay->allowed);
        replay->is_placed = true;
    }
    return status;
}

static yoke_status submit_prepare_locked(yoke_pool *pool, yoke_future *future,
                                         const yk_request *request,
                                         const yk_limit *limit,
                                         const char **spoiled, yk_error *error)
{
    bool again = true;
    yk_job *job = NULL;
    yoke_status status = YOKE_OK;

    while (again) {
        int slot = -1;

        status = submit_wait_for_devices_locked(pool, request->options.devices, limit,
                                                error);
        if (status == YOKE_OK) {
            status = yk_submit_wait_for_slot_locked(pool, limit, &slot, error);
        }
        if (status != YOKE_OK) {
            return status;
        }
        job = &pool->control->jobs[slot];
        future->ref =
            (yk_job_ref){(uint32_t)slot, yk_state_generation(atomic_load(&job->state))};
        job->kernel_slot = request->kernel->slot;
        status = submit_make_launch_locked(pool, &job->launch, request, limit, &again, error);
        if (status != YOKE_OK) {
            return status;
        }
    }
    status = submit_place(pool, job, request, error);
    if (status == YOKE_OK) {
        status = submit_stage_locked(pool, future, &job->launch, error);
    }
    /* The lock may have been given up; from here on it is not. What was submitted meanwhile comes
     * first, and has changed nothing that this submission has read. */
    if (status == YOKE_OK) {
        status = yk_order_find_locked(pool, future->ref.slot, request, error);
    }
    if (status == YOKE_OK) {
        *spoiled = yk_spoiled_needed_locked(pool, future, &job->launch);
    }
    for (yk_completion *c = future->completions; status == YOKE_OK && c != NULL;
         c = c->next) {
        status = c->ops->begin != NULL ? c->ops->begin(c, pool, job, error) : YOKE_OK;
    }
    return status;
}

/* On failure *completions are to be dropped. */
static yoke_status submit_locked(yoke_future **result, yoke_pool *pool,
                                 const yk_request *request, yk_completion **completions,
                                 yk_error *error)
{
    const uint64_t deadline_ns = yk_submit_deadline(request);
    const yk_limit limit = yk_submit_limit(request, deadline_ns);
    const char *spoiled = NULL;
    yoke_future *future;
    yoke_status status;

    if (pool->liveness.broken) {
        return yk_pool_fail_broken(error);
    }
    future = yk_future_create_locked(pool, request);
    if (future == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    future->completions = *completions;
    pool->jobs.adding += future->adds;
    status = submit_prepare_locked(pool, future, request, &limit, &spoiled, error);
    if (status != YOKE_OK) {
        if (future->is_reserved) {
            submit_end_reservation_locked(pool, future, false);
        }
        *completions = future->completions;
        pool->jobs.adding -= future->adds;
        yk_future_release_locked(future);
        return status;
    }
    future->submitted.ops = &submitted_ops;
    future->submitted.next = future->completions;
    future->completions = &future->submitted;
    submit_publish_locked(pool, future, yk_job_at(pool->control, future->ref), request,
                          deadline_ns, spoiled);
    if (future->is_reserved) {
        submit_end_reservation_locked(pool, future, true);
    }
    *result = future;
    return YOKE_OK;
}

/* Callbacks of other jobs. If one of them is left, the program never gets the future. */
static void run_callbacks(yoke_pool *pool, yoke_future *future)
{
    if (future == NULL) {
        yk_run_callbacks(pool);
        return;
    }
    yk_future_hold_own(future);
    yk_run_callbacks(pool);
    yk_hold_end();
    yk_pool_leave(pool);
}

yoke_status yk_submit(yoke_future **future, yoke_pool *pool, const yk_request *request,
                      yk_error *error)
{
    yk_completion *completions = request->completions;
    yoke_status status = yk_map_options_check(&request->options, error);
    yk_fp_environment before;
    bool has_callbacks;

    *future = NULL;
    if (request->options.stage) {
        yk_pool_enter(pool); /* copies are filled without the lock */
    }
    yk_pool_lock(pool);
    /* Shares are computed from speeds that may not be known yet: no traps of the program's,
     * and no flags. */
    before = yk_fp_use_default();
    if (status == YOKE_OK) {
        status = submit_locked(future, pool, request, &completions, error);
    }
    yk_fp_restore(before);
    if (status != YOKE_OK) {
        yk_completions_drop(completions, pool, NULL);
    }
    has_callbacks = pool->callbacks.first != NULL;
    yk_pool_unlock(pool);
    if (request->options.stage) {
        yk_pool_leave(pool);
    }
    if (has_callbacks) {
        run_callbacks(pool, *future);
    }
    return status;
}
