/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "pool/fault_point.h"
#include "pool/undo.h"
#include "pool/worker.h"
#include "sched/policy.h"
#include "sys/process.h"

/* What stealing costs beside what the device adds to a chunk, about. */
static const double theft_ns = 1000;

/* Saved bytes per chunk beyond which saving gets slow (out of the caches). */
enum { UNDO_BYTES = 256 << 10 };

/* Parts of a home to take one by one after a death, while nothing has succeeded. */
enum { DAMAGED_PIECES = 64 };

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
    const yk_speeds speeds = yk_job_speeds(job, self->worker);
    uint32_t most = yk_policy_chunk(left, &speeds, overhead,
                                    yk_policy_chunk_time(remote, overhead));

    /* A kernel that crashes everywhere must not do so tile by tile. */
    if (!(speeds.now > 0) && atomic_load(&job->damaged) != 0) {
        most = (uint32_t)yk_max(left / DAMAGED_PIECES, 1);
    }
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

static bool is_elsewhere(const yk_worker *worker, yk_job_ref ref)
{
    const uint64_t active = atomic_load(&worker->active);

    return active != 0 && active != yk_active_pack(ref.slot, ref.generation);
}

static yk_victim look_at(yk_control *control, const yk_job *job, yk_job_ref ref,
                         uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const yk_tiles home = yk_home_peek(&job->homes[slot].home, ref.generation);
    yk_victim victim = {.left = yk_tiles_count(home)};
    yk_claim claim;

    victim.is_gone = is_gone(job, slot, worker);
    victim.speeds = yk_job_speeds(job, worker);
    if (victim.left == 0) {
        victim.is_gone |= is_elsewhere(worker, ref); /* no help here */
        return victim;
    }
    claim = yk_claim_unpack(atomic_load(&worker->claim));
    if (claim.stage != YK_CLAIM_NONE) {
        const double elapsed =
            (double)yk_clock_ns() - (double)atomic_load(&worker->claim_started);

        victim.busy_ns =
            yk_policy_busy(yk_tiles_count(claim.tiles), victim.speeds.now, elapsed);
    }
    return victim;
}

typedef struct yk_theft {
    size_t victim;
    uint32_t tiles; /* 0: none now */
    double speed;   /* on them, tiles per nanosecond */
} yk_theft;

/* How many tiles to steal, and from whom. *later is set if somebody has tiles at all. */
static yk_theft plan_theft(const yk_worker_self *self, yk_job_ref ref, bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const uint32_t count = yk_worker_count(self->control);
    const yk_thief thief = {yk_job_speeds(job, self->worker),
                            (double)self->worker->info.launch_ns + theft_ns};
    yk_victim victims[YK_MAX_WORKERS];
    const yk_victim *victim;
    yk_theft theft = {0};
    yk_survey survey;

    for (uint32_t i = 0; i < count; i++) {
        victims[i] = look_at(self->control, job, ref, i);
    }
    theft.victim = yk_policy_pick(victims, count, yk_clock_ns() ^ self->slot);
    if (theft.victim == count) {
        return theft;
    }
    *later = true;
    victim = &victims[theft.victim];
    if (job->launch.whole != 0 && !victim->is_gone && victim->busy_ns <= 0) {
        return theft; /* its owner was chosen for it and is about to start */
    }
    survey = yk_policy_survey(victims, count);
    theft.tiles = yk_policy_loot(victim, &thief, &survey);
    theft.speed = yk_policy_speed_there(victim, &thief);
    return theft;
}

static void set_speed(const yk_worker_self *self, const yk_job *job, double speed)
{
    atomic_store(&self->worker->builds[job->kernel_slot].speed, yk_double_bits(speed));
}

/* Steals from whoever would finish last, into the own home, and takes a chunk of it. */
static bool steal(yk_worker_self *self, yk_job_ref ref, yk_tiles *tiles, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    const yk_theft theft = plan_theft(self, ref, later);

    if (theft.tiles == 0 || !yk_home_take_back(&job->homes[theft.victim].home,
                                               ref.generation, theft.tiles, tiles)) {
        return false;
    }
    set_speed(self, job, theft.speed * (double)job->tiling.tile_items);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_LOOT);
    return !yk_home_refill(&job->homes[self->slot].home, ref.generation, *tiles) ||
           take_own(self, ref, tiles);
}

bool yk_worker_would_take(const yk_worker_self *self, yk_job_ref ref, bool *later)
{
    const yk_job *job = yk_job_at(self->control, ref);

    *later = false;
    return yk_tiles_count(yk_home_peek(&job->homes[self->slot].home, ref.generation)) !=
               0 ||
           plan_theft(self, ref, later).tiles != 0 ||
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

void yk_worker_measure_start(yk_worker_self *self, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const yk_build *build = &self->worker->builds[job->kernel_slot];
    yk_measured *measured = &self->measured;

    if (measured->ref.slot == ref.slot && measured->ref.generation == ref.generation) {
        return;
    }
    *measured =
        (yk_measured){.ref = ref, .usual = yk_bits_double(atomic_load(&build->usual))};
    set_speed(self, job, measured->usual);
}

void yk_worker_measure_stop(yk_worker_self *self, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const yk_measured *measured = &self->measured;

    if (measured->ns > 0) {
        atomic_store(&self->worker->builds[job->kernel_slot].usual,
                     yk_double_bits(yk_policy_learn_usual(
                         measured->usual, measured->items / measured->ns)));
    }
}

static void learn(yk_worker_self *self, const yk_job *job, uint64_t items, uint64_t ns)
{
    const _Atomic uint64_t *speed = &self->worker->builds[job->kernel_slot].speed;
    const double measured = yk_policy_measured((double)items, (double)ns,
                                               (double)self->worker->info.launch_ns);
    const double next = yk_policy_learn(yk_bits_double(atomic_load(speed)), measured);

    set_speed(self, job, next);
    self->measured.items += (double)items;
    self->measured.ns += (double)items / measured;
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
