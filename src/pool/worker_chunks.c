/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "pool/fault_point.h"
#include "pool/undo.h"
#include "pool/worker.h"
#include "sched/policy.h"
#include "sys/process.h"

/* What one more chunk costs a worker beside its items, about. */
static const double chunk_overhead_ns = 20000;

/* Saved bytes per chunk beyond which saving gets slow (out of the caches). */
enum { UNDO_BYTES = 256 << 10 };

void yk_worker_give_up_device(yk_worker_self *self)
{
    memcpy(self->worker->log, self->error.text, sizeof self->worker->log);
    atomic_store(&self->worker->open_status, (uint32_t)-YOKE_EDEVICE);
    yk_process_exit_now(YK_EXIT_DEVICE);
}

static uint32_t chunk_tiles(const yk_worker_self *self, const yk_job *job,
                            uint32_t left)
{
    /* A launch through a driver costs more than a call, even where memory is shared. */
    const int remote = self->worker->kind != YOKE_WORKER_CPU;
    const double overhead = (double)self->worker->info.launch_ns;
    uint32_t most = yk_policy_chunk(left, yk_job_speed(job, self->worker), overhead,
                                    yk_policy_chunk_time(remote, overhead));

    if (job->saves != 0) {
        uint64_t begin;
        uint64_t end;
        uint64_t bytes;

        yk_tiling_items(&job->tiling, 0, 1, &begin, &end);
        bytes = yk_undo_size(&job->launch, job->launch.begin[job->launch.split],
                             job->launch.begin[job->launch.split] + end);
        most = (uint32_t)yk_min(most, yk_max(UNDO_BYTES / yk_max(bytes, 1), 1));
    }
    return most;
}

static bool take_own(yk_worker_self *self, yk_job_ref ref, yk_tiles *tiles)
{
    yk_job *job = yk_job_at(self->control, ref);
    yk_home *home = &job->homes[self->slot].home;
    const uint32_t left = yk_tiles_count(yk_home_peek(home, ref.generation));

    return left > 0 && yk_home_take_front(home, ref.generation,
                                          chunk_tiles(self, job, left), tiles);
}

/* Nobody takes from the front of this worker's home. */
static bool is_gone(const yk_job *job, uint32_t slot, const yk_worker *worker)
{
    const uint32_t build = yk_build_of(worker, job->kernel_slot, job->launch.kernel_id);

    return build == YK_BUILD_FAILED || build == YK_BUILD_UNSUITABLE ||
           atomic_load(&worker->building) != 0 || /* a compiler may take its time */
           atomic_load(&worker->state) != YK_WORKER_READY ||
           !yk_bit_is_set(job->allowed, slot) || yk_job_is_declined(job, slot);
}

static yk_victim look_at(yk_control *control, const yk_job *job, yk_job_ref ref,
                         uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const yk_tiles home = yk_home_peek(&job->homes[slot].home, ref.generation);
    yk_victim victim = {.left = yk_tiles_count(home)};
    yk_claim claim;

    if (victim.left == 0) {
        return victim;
    }
    victim.is_gone = is_gone(job, slot, worker);
    victim.speed = yk_job_speed(job, worker);
    claim = yk_claim_unpack(atomic_load(&worker->claim));
    if (claim.stage != YK_CLAIM_NONE) {
        const double elapsed =
            (double)yk_clock_ns() - (double)atomic_load(&worker->claim_started);

        victim.busy_ns =
            yk_policy_busy(yk_tiles_count(claim.tiles), victim.speed, elapsed);
    }
    return victim;
}

/* How many tiles to steal, and from whom: 0 if none now. *later is set if somebody has
 * tiles at all. */
static uint32_t plan_theft(const yk_worker_self *self, yk_job_ref ref, size_t *victim,
                           bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const uint32_t count = yk_worker_count(self->control);
    yk_victim victims[YK_MAX_WORKERS];

    for (uint32_t i = 0; i < count; i++) {
        victims[i] = look_at(self->control, job, ref, i);
    }
    *victim = yk_policy_pick(victims, count, yk_clock_ns() ^ self->slot);
    if (*victim == count) {
        return 0;
    }
    *later = true;
    if (job->launch.whole != 0 && !victims[*victim].is_gone &&
        victims[*victim].busy_ns <= 0) {
        return 0; /* its owner was chosen for it and is about to start */
    }
    return yk_policy_loot(&victims[*victim], yk_job_speed(job, self->worker),
                          chunk_overhead_ns);
}

/* Steals from whoever would finish last, into the own home, and takes a chunk of it. */
static bool steal(yk_worker_self *self, yk_job_ref ref, yk_tiles *tiles, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    size_t victim;
    const uint32_t wanted = plan_theft(self, ref, &victim, later);

    if (wanted == 0 ||
        !yk_home_take_back(&job->homes[victim].home, ref.generation, wanted, tiles)) {
        return false;
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_LOOT);
    return !yk_home_refill(&job->homes[self->slot].home, ref.generation, *tiles) ||
           take_own(self, ref, tiles);
}

bool yk_worker_would_take(const yk_worker_self *self, yk_job_ref ref, bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);
    size_t victim;

    *later = false;
    return yk_tiles_count(yk_home_peek(&job->homes[self->slot].home, ref.generation)) !=
               0 ||
           plan_theft(self, ref, &victim, later) != 0 ||
           yk_job_has_redo(job, ref.generation);
}

bool yk_worker_take(yk_worker_self *self, yk_job_ref ref, yk_claim *claim, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    bool taken = false;

    *claim = (yk_claim){.stage = YK_CLAIM_TAKEN};
    *later = false;
    if (!yk_job_is_running(self->control, ref)) {
        return false;
    }
    taken = take_own(self, ref, &claim->tiles);
    if (!taken) {
        taken = steal(self, ref, &claim->tiles, later);
    }
    if (!taken && atomic_load(&job->damaged) != 0) {
        taken = yk_job_take_redo(job, ref.generation, &claim->tiles);
        claim->alone = taken;
    }
    if (!taken) {
        return false;
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_TAKE);
    yk_claim_publish(self->worker, *claim);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_CLAIM);
    return true;
}

static bool save(yk_worker_self *self, yk_job *job, yk_job_ref ref, uint64_t begin,
                 uint64_t end)
{
    if (job->saves == 0) {
        return true;
    }
    if (!yk_undo_save(self->undo_file, &job->launch, begin, end)) {
        yk_job_explain(
            job, ref.generation,
            "no memory to save items [%llu, %llu) before they are changed in "
            "place (.recovery = YOKE_RECOVER_NONE saves nothing)",
            (unsigned long long)begin, (unsigned long long)end);
        yk_job_stop(self->control, ref, YOKE_ENOMEM);
        return false;
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_SAVE);
    return true;
}

static void learn(yk_worker_self *self, const yk_job *job, uint64_t items, uint64_t ns)
{
    _Atomic uint64_t *speed = &self->worker->builds[job->kernel_slot].speed;
    const double measured = (double)items / (double)yk_max(ns, 1);
    const double next = yk_policy_learn(yk_bits_double(atomic_load(speed)), measured);

    atomic_store(speed, yk_double_bits(next));
    atomic_store(&self->worker->speed_last, yk_double_bits(next * 1e9));
}

static void report_failure(yk_worker_self *self, yk_job_ref ref, yoke_status status,
                           uint64_t begin, uint64_t end)
{
    yk_job *job = yk_job_at(self->control, ref);
    const yk_kernel *kernel = &self->control->kernels[job->kernel_slot].kernel;

    yk_job_explain(
        job, ref.generation, "kernel '%s' on %s (%s), items [%llu, %llu): %s",
        kernel->name, self->worker->name, self->worker->info.name,
        (unsigned long long)begin, (unsigned long long)end, self->error.text);
    yk_job_stop(self->control, ref, status);
    yk_claim_publish(self->worker, (yk_claim){.stage = YK_CLAIM_NONE});
}

bool yk_worker_run(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                   yk_claim claim)
{
    yk_job *job = yk_job_at(self->control, ref);
    const uint64_t first = job->launch.begin[job->launch.split];
    const uint64_t started = yk_clock_ns();
    uint64_t begin;
    uint64_t end;
    yoke_status status;

    yk_tiling_items(&job->tiling, claim.tiles.begin, claim.tiles.end, &begin, &end);
    begin += first;
    end += first;
    atomic_store_explicit(&self->worker->claim_started, started, memory_order_relaxed);
    if (!save(self, job, ref, begin, end)) {
        yk_claim_publish(self->worker, (yk_claim){.stage = YK_CLAIM_NONE});
        return false;
    }
    claim.stage = YK_CLAIM_RUNNING;
    yk_claim_publish(self->worker, claim);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_BEFORE_RUN);
    status = yk_device_run(device, begin, end, &self->error);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_RUN);
    if (status == YOKE_EDEVICE) {
        yk_worker_give_up_device(self);
    }
    if (status != YOKE_OK) {
        report_failure(self, ref, status, begin, end);
        return false;
    }
    claim.stage = YK_CLAIM_COMMITTED;
    yk_claim_publish(self->worker, claim);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_COMMIT);
    yk_claim_finish(self->control, self->slot, ref, claim);
    if (job->saves != 0) {
        yk_undo_trim(self->undo_file, &job->launch, begin, end);
    }
    atomic_fetch_add_explicit(&self->worker->chunks, 1, memory_order_relaxed);
    learn(self, job, end - begin, yk_clock_ns() - started);
    return true;
}
