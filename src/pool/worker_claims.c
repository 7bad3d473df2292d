/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "pool/fault_point.h"
#include "pool/worker.h"
#include "sched/policy.h"

/* What one more chunk costs a worker beside its items, about. */
static const double chunk_overhead_ns = 20000;

static double overhead_of(const yk_worker *worker)
{
    return (double)worker->info.launch_ns;
}

static uint32_t chunk_tiles(const yk_worker_self *self, const yk_job *job,
                            uint32_t left)
{
    const yk_worker *worker = self->worker;
    const double overhead = overhead_of(worker);
    const int remote = !worker->info.shares_memory;
    const uint32_t most = yk_policy_chunk(left, yk_job_speed(job, worker), overhead,
                                          yk_policy_chunk_time(remote, overhead));

    return job->most_tiles != 0 ? (uint32_t)yk_min(most, job->most_tiles) : most;
}

static bool take_own(yk_worker_self *self, yk_job_ref ref, yk_tiles *tiles)
{
    yk_job *job = yk_job_at(self->control, ref);
    yk_home *home = &job->homes[self->slot].home;
    const uint32_t left = yk_tiles_count(yk_home_peek(home, ref.generation));

    return left > 0 && yk_home_take_front(home, ref.generation,
                                          chunk_tiles(self, job, left), tiles);
}

/* ---- stealing ---- */

static yk_victim look_at(yk_control *control, const yk_job *job, yk_job_ref ref,
                         uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const yk_tiles home = yk_home_peek(&job->homes[slot].home, ref.generation);
    yk_victim victim = {.left = yk_tiles_count(home)};

    if (victim.left == 0) {
        return victim;
    }
    victim.is_gone = !yk_job_is_served_by(job, control, slot);
    victim.speed = yk_job_speed(job, worker);
    victim.busy_ns = yk_busy_time(control, worker);
    return victim;
}

/* Differs from thief to thief and from time to time. */
static uint64_t salt_of(const yk_worker_self *self)
{
    return self->stretch.began_ns + self->slot;
}

/* How many tiles to steal, and from whom: 0 if none now. *later is set if somebody has
 * tiles at all. */
static uint32_t plan_theft(const yk_worker_self *self, yk_job_ref ref,
                           uint32_t *victim_slot, bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);
    uint32_t slots[YK_MAX_SLOTS];
    yk_victim victims[YK_MAX_SLOTS];
    const yk_victim *victim;
    size_t count = 0;
    size_t picked;

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(self->control, i)) {
        victims[count] = look_at(self->control, job, ref, i);
        slots[count] = i;
        count += victims[count].left > 0;
    }
    picked = yk_policy_pick(victims, count, salt_of(self));
    if (picked == count) {
        return 0;
    }
    *later = true;
    victim = &victims[picked];
    *victim_slot = slots[picked];
    if (job->launch.whole != 0 && !victim->is_gone && victim->busy_ns <= 0) {
        return 0; /* its owner was chosen for it and is about to start */
    }
    return yk_policy_loot(victim, yk_job_speed(job, self->worker), chunk_overhead_ns);
}

/* Steals from whoever would finish last, into the own home, and takes a chunk of it. */
static bool steal(yk_worker_self *self, yk_job_ref ref, yk_tiles *tiles, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    _Atomic uint64_t *steals = &self->worker->tally.steals;
    uint32_t victim;
    const uint32_t wanted = plan_theft(self, ref, &victim, later);

    if (wanted == 0 ||
        !yk_home_take_back(&job->homes[victim].home, ref.generation, wanted, tiles)) {
        return false;
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_LOOT);
    atomic_store_explicit(steals,
                          atomic_load_explicit(steals, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return !yk_home_refill(&job->homes[self->slot].home, ref.generation, *tiles) ||
           take_own(self, ref, tiles);
}

/* ---- looking and taking ---- */

bool yk_worker_would_take(const yk_worker_self *self, yk_job_ref ref, bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);
    uint32_t victim;

    *later = false;
    return yk_tiles_count(yk_home_peek(&job->homes[self->slot].home, ref.generation)) !=
               0 ||
           plan_theft(self, ref, &victim, later) != 0 ||
           yk_job_has_redo(job, ref.generation);
}

bool yk_worker_take(yk_worker_self *self, yk_job_ref ref, unsigned lane, bool is_idle,
                    yk_claim *claim, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    bool taken;

    *claim = (yk_claim){.stage = YK_CLAIM_TAKEN};
    *later = false;
    if (!yk_job_is_running(self->control, ref)) {
        return false;
    }
    taken = take_own(self, ref, &claim->tiles) ||
            (is_idle && steal(self, ref, &claim->tiles, later));
    if (!taken && is_idle && atomic_load(&job->damaged) != 0) {
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
