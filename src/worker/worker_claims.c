/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/bits.h"
#include "base/clock.h"
#include "protocol/fault_point.h"
#include "protocol/writeback.h"
#include "sched/policy.h"
#include "worker/worker.h"

/* The approximate cost of stealing, in addition to what the device adds to a chunk: the check,
 * and data that lies in another core's caches. */
static const double theft_ns = 3000;

/* A start that is late by less is on its way. */
static const double late_ns = 10000;

static double overhead_of(const yk_worker *worker)
{
    return (double)worker->info.launch_ns;
}

/* A chunk of a device that has a job to itself: small launches gain nothing, except that a job
 * can be cancelled. */
static const double lone_chunk_ns = 5e7;

static bool is_alone(const yk_worker *worker, const yk_job *job)
{
    return yk_worker_has(worker, YK_TRAIT_SUITS_WHOLE_JOBS) && job->participants == 1 &&
           job->has_latecomers == 0;
}

/* The number of tiles that occupy all compute units of a device equally; 1: any number does,
 * since there are other dimensions. */
static uint32_t lone_step(const yk_worker *worker, const yk_job *job)
{
    enum { USUAL_GROUP = 64 };
    const uint64_t group = yk_max(job->launch.group[0], USUAL_GROUP);
    const uint64_t items =
        job->launch.dimensions == 1 ? worker->info.compute_units * group : 1;

    return (uint32_t)yk_min(yk_max(items / job->tiling.tile_items, 1), YK_MAX_TILES);
}

static uint32_t policy_tiles(const yk_worker *worker, const yk_job *job, uint32_t left)
{
    const double overhead = overhead_of(worker);
    const int remote = !worker->info.shares_memory;
    const yk_speeds speeds = yk_job_speeds(job, worker);

    if (is_alone(worker, job) && speeds.now > 0) {
        return yk_policy_lone_chunk(left, speeds.now, lone_chunk_ns,
                                    lone_step(worker, job));
    }
    return yk_policy_chunk(left, &speeds, overhead,
                           yk_policy_chunk_time(remote, overhead));
}

static uint32_t chunk_tiles(const yk_worker_self *self, const yk_job *job,
                            yk_tiles work_range)
{
    const uint32_t left = yk_tiles_count(work_range);
    const uint32_t max_count = yk_tiling_even_front(
        &job->tiling, work_range, policy_tiles(self->worker, job, left));

    return job->max_tiles != 0 ? (uint32_t)yk_min(max_count, job->max_tiles)
                               : max_count;
}

static bool take_own(yk_worker_self *self, yk_job_ref ref, yk_tiles *tiles)
{
    yk_job *job = yk_job_at(self->control, ref);
    yk_work_range *work_range = &job->work_ranges[self->slot].work_range;
    const yk_tiles all = yk_work_range_peek(work_range, ref.generation);

    return yk_tiles_count(all) > 0 &&
           yk_work_range_take_front(work_range, ref.generation,
                                    chunk_tiles(self, job, all), tiles);
}

/* ---- stealing ---- */

static bool is_elsewhere(const yk_worker *worker, yk_job_ref ref)
{
    const uint64_t active = atomic_load(&worker->active);

    return active != 0 && active != yk_active_pack(ref.slot, ref.generation);
}

/* A worker with tiles of a job that has not come for them, though it has nothing else to do, may
 * have lost its core: it will probably be late by as much again. */
static double claim_lateness(const yk_worker *worker, const yk_job *job)
{
    const uint64_t ready = atomic_load_explicit(&job->ready_ns, memory_order_relaxed);
    const uint64_t usual = atomic_load_explicit(
        &worker->wake_ns[yk_eventcount_has_sleeper(&worker->bell)], memory_order_relaxed);
    const double late = (double)yk_clock_ns() - (double)ready - (double)usual;

    return ready != 0 && late > late_ns ? late : 0;
}

static yk_victim claim_look_at(yk_control *control, const yk_job *job, yk_job_ref ref,
                               uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const yk_tiles work_range =
        yk_work_range_peek(&job->work_ranges[slot].work_range, ref.generation);
    yk_victim victim = {
        .left = yk_tiles_count(work_range),
        .speeds = yk_job_speeds(job, worker),
        .is_gone = !yk_job_is_written_back_by(job, control, slot),
        .is_away = is_elsewhere(worker, ref),
    };

    if (victim.left == 0) {
        victim.is_gone |= victim.is_away; /* it does not help here */
    } else {
        victim.busy_ns = atomic_load(&worker->active) == 0
                             ? claim_lateness(worker, job)
                             : yk_busy_time(control, worker);
    }
    return victim;
}

/* Differs from thief to thief and from time to time. */
static uint64_t salt_of(const yk_worker_self *self)
{
    return self->stretch.began_ns + self->slot;
}

/* Handles victims whose tiles must stay with them: if such a victim does not come for its
 * tiles, it has to write back what it holds. Whether there is one. */
static bool claim_unbind(const yk_worker_self *self, yk_job_ref ref, uint32_t slot)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const yk_work_range *work_range = &job->work_ranges[slot].work_range;

    if (slot == self->slot ||
        yk_tiles_count(yk_work_range_peek(work_range, ref.generation)) == 0) {
        return false;
    }
    if (!yk_job_is_written_back_by(job, self->control, slot)) {
        yk_writeback_request_all(self->control, ref);
    }
    return true;
}

typedef struct theft {
    uint32_t victim; /* slot */
    uint32_t tiles;  /* 0: none now */
    double speed;    /* the thief's speed on them, in tiles per nanosecond */
} theft;

/* Whether what a worker's tiles read may be on that worker's device alone. */
static bool claim_is_bound(const yk_control *control, const yk_job *job, yk_job_ref ref,
                           uint32_t slot)
{
    return yk_writeback_of(job, ref.generation) == YK_WRITEBACK_BOUND &&
           atomic_load(&control->workers[slot].holds) != 0;
}

/* Decides how many tiles to steal, and from which worker. *later is set if any worker has
 * tiles. */
static theft plan_theft(const yk_worker_self *self, yk_job_ref ref, bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const yk_thief thief = {yk_job_speeds(job, self->worker),
                            overhead_of(self->worker) + theft_ns};
    uint32_t slots[YK_MAX_SLOTS];
    yk_victim victims[YK_MAX_SLOTS];
    yk_summary summary;
    theft plan = {0};
    size_t count = 0;
    size_t picked;

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(self->control, i)) {
        if (claim_is_bound(self->control, job, ref, i)) {
            *later |= claim_unbind(self, ref, i);
        } else {
            victims[count] = claim_look_at(self->control, job, ref, i);
            slots[count++] = i;
        }
    }
    picked = yk_policy_pick(victims, count, salt_of(self));
    if (picked == count) {
        return plan;
    }
    *later = true;
    if (job->launch.whole != 0 && !victims[picked].is_gone &&
        victims[picked].busy_ns <= 0) {
        return plan; /* its owner was chosen for it and is about to start */
    }
    summary = yk_policy_summarize(victims, count);
    plan.victim = slots[picked];
    plan.tiles = yk_policy_steal_amount(&victims[picked], &thief, &summary);
    plan.speed = yk_policy_speed_there(&victims[picked], &thief);
    return plan;
}

/* Whether it should run a tile that was dealt out again: a slow worker leaves these to others
 * while there are any. */
static bool may_redo(const yk_worker_self *self, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const yk_thief thief = {yk_job_speeds(job, self->worker),
                            overhead_of(self->worker) + theft_ns};
    const yk_victim lost = {.left = 1, .is_gone = 1};
    yk_victim victims[YK_MAX_SLOTS];
    yk_summary summary;
    size_t count = 0;

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(self->control, i)) {
        victims[count++] = claim_look_at(self->control, job, ref, i);
    }
    summary = yk_policy_summarize(victims, count);
    return yk_policy_steal_amount(&lost, &thief, &summary) > 0;
}

/* A chunk is one block, even if what was stolen cannot go to the thief's work range first. */
static uint32_t claim_steal_count(const yk_job *job, uint32_t victim, yk_job_ref ref,
                                  uint32_t tiles)
{
    return job->launch.block_items != 0
               ? 1
               : yk_tiling_even_back(&job->tiling,
                                     yk_work_range_peek(&job->work_ranges[victim].work_range,
                                                        ref.generation),
                                     tiles);
}

/* Steals from the worker that would finish last into its own work range, and takes a chunk of
 * it. */
static bool claim_steal(yk_worker_self *self, yk_job_ref ref, yk_tiles *tiles,
                        bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    _Atomic uint64_t *steals = &self->worker->tally.steals;
    const theft plan = plan_theft(self, ref, later);
    yk_work_range *work_range = &job->work_ranges[plan.victim].work_range;

    if (plan.tiles == 0 ||
        !yk_work_range_take_back(work_range, ref.generation,
                                 claim_steal_count(job, plan.victim, ref, plan.tiles),
                                 tiles)) {
        return false;
    }
    yk_worker_set_speed(self, job, plan.speed * (double)job->tiling.tile_items);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_STEAL);
    atomic_store_explicit(steals,
                          atomic_load_explicit(steals, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return !yk_work_range_refill(&job->work_ranges[self->slot].work_range,
                                 ref.generation, *tiles) ||
           take_own(self, ref, tiles);
}

/* ---- checking and taking tiles ---- */

/* *later is set if there are tiles to be run alone that it leaves to others for now. */
static bool has_redo(const yk_worker_self *self, yk_job_ref ref, bool *later)
{
    const bool any = yk_job_has_redo(yk_job_at(self->control, ref), ref.generation);

    *later |= any;
    return any && may_redo(self, ref);
}

bool yk_worker_would_take(const yk_worker_self *self, yk_job_ref ref, bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);

    *later = false;
    return yk_tiles_count(yk_work_range_peek(&job->work_ranges[self->slot].work_range,
                                             ref.generation)) != 0 ||
           plan_theft(self, ref, later).tiles != 0 || has_redo(self, ref, later);
}

bool yk_worker_take(yk_worker_self *self, yk_job_ref ref, unsigned lane, bool is_idle,
                    yk_claim *claim, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    bool taken;

    *claim = (yk_claim){.stage = YK_CLAIM_TAKEN};
    *later = false;
    if (!yk_job_is_running(self->control, ref) ||
        yk_writeback_is_pending(job, ref.generation)) {
        return false;
    }
    taken = take_own(self, ref, &claim->tiles) ||
            (is_idle && claim_steal(self, ref, &claim->tiles, later));
    if (!taken && is_idle && has_redo(self, ref, later)) {
        taken = yk_job_take_redo(job, ref.generation, &claim->tiles);
        claim->alone = taken;
    }
    if (!taken) {
        return false;
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_TAKE);
    yk_claim_publish(self->worker, lane, *claim);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_CLAIM);
    return true;
}
