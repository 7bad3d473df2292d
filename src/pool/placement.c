/* SPDX-License-Identifier: MIT */
#include "pool/placement.h"

#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "pool/pool.h"
#include "pool/submit.h"
#include "protocol/device_kinds.h"
#include "protocol/eligibility.h"
#include "protocol/undo.h"
#include "sched/policy.h"
#include "shm/company.h"
#include "sys/topology.h"

/* ---- which workers ---- */

static bool is_selected(const yk_control *control, const yk_selector *selector,
                        uint32_t slot, uint32_t *number)
{
    const yk_worker *worker = &control->workers[slot];

    if (worker->found >= 0) {
        const yk_candidate candidate =
            yk_found_candidate(&control->found[worker->found]);

        return yk_selector_matches(selector, &candidate);
    }
    return worker->kind == selector->kind &&
           !yk_device_kind_has_drivers(worker->kind) &&
           (selector->count == 0 || (*number)++ < selector->count);
}

static void placement_allow(yk_job *job, uint32_t slot)
{
    job->allowed[slot / 64] |= UINT64_C(1) << (slot % 64);
}

static void allow_selected(const yk_control *control, const yk_selection *selection,
                           yk_job *job)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < selection->count; i++) {
        const yk_selector *selector = &selection->selectors[i];
        uint32_t number = 0;

        for (uint32_t slot = 0; slot < count; slot++) {
            if (is_selected(control, selector, slot, &number)) {
                placement_allow(job, slot);
            }
        }
        if ((yk_device_kind_at(selector->kind)->traits & YK_TRAIT_IS_CALLER) != 0) {
            placement_allow(job, YK_CALLER);
        }
    }
}

static yoke_status check_hope(yoke_pool *pool, const yk_job *job, const char *devices,
                              yk_error *error)
{
    const yk_kernel *kernel = &pool->control->kernels[job->kernel_slot].kernel;

    if (yk_job_has_hope(pool->control, job, UINT32_MAX)) {
        return YOKE_OK;
    }
    if (devices != NULL) {
        return yk_fail(error, YOKE_ENODEVICE,
                       "no worker of this pool that matches \"%s\" can run %s '%s'",
                       devices, yk_kernel_noun(kernel), kernel->name);
    }
    return yk_fail(error, YOKE_ENODEVICE, "no worker of this pool can run %s '%s'",
                   yk_kernel_noun(kernel), kernel->name);
}

/* Kernels that are checked, and tasks with them, whatever was asked for. */
static bool is_for_checked(const yk_control *control, const yk_job *job)
{
    return control->check != 0 &&
           control->kernels[job->kernel_slot].kernel.task != YK_TASK_DEVICE;
}

static void allow_checked(const yk_control *control, yk_job *job)
{
    const uint32_t count = yk_worker_count(control);

    memset(job->allowed, 0, sizeof job->allowed);
    for (uint32_t slot = 0; slot < count; slot++) {
        if (yk_worker_has(&control->workers[slot], YK_TRAIT_CAN_BE_CHECKED)) {
            placement_allow(job, slot);
        }
    }
}

/* By the slot's last job. */
static void placement_forget_declined(yk_job *job)
{
    for (uint32_t i = 0; i < YK_SLOT_WORDS; i++) {
        atomic_store(&job->declined[i], 0);
    }
}

void yk_place_allow_again(yk_job *job, const uint64_t allowed[YK_SLOT_WORDS])
{
    placement_forget_declined(job);
    memcpy(job->allowed, allowed, sizeof job->allowed);
}

yoke_status yk_place_allow(yoke_pool *pool, yk_job *job, const char *devices,
                           yk_error *error)
{
    yk_selection selection;
    yoke_status status;

    placement_forget_declined(job);
    status = devices != NULL ? yk_selection_parse(&selection, devices, error) : YOKE_OK;
    if (status != YOKE_OK) {
        yk_error_prefix(error, "devices: ");
        return status;
    }
    if (is_for_checked(pool->control, job)) {
        allow_checked(pool->control, job);
        return check_hope(pool, job, "cpu", error);
    }
    if (devices == NULL) {
        memset(job->allowed, 0xff, sizeof job->allowed);
        return check_hope(pool, job, devices, error);
    }
    memset(job->allowed, 0, sizeof job->allowed);
    allow_selected(pool->control, &selection, job);
    return check_hope(pool, job, devices, error);
}

/* ---- work ranges ---- */

/* What a start is thought to cost until it has been measured. */
static const double wake_guess_ns[2] = {3000, 50000};

/* What it takes to replace a process. */
static const double restart_guess_ns = 5e6;

/* How often a job is shared as if starting were free, to measure again what it costs. */
static const uint64_t explore_ns = YK_NS_PER_S;

/* Whether it can run the job's kernel at once. */
static bool is_ready_for(const yk_control *control, const yk_job *job, uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const uint32_t build = yk_build_of(worker, job->kernel_slot, job->launch.kernel_id);

    return build == YK_BUILD_READY ||
           (build <= YK_BUILD_RUNNING &&
            yk_worker_calls_tasks(worker, &control->kernels[job->kernel_slot].kernel));
}

static bool takes_part(const yk_control *control, const yk_job *job, uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const uint32_t state = atomic_load(&worker->state);
    const uint32_t build = yk_build_of(worker, job->kernel_slot, job->launch.kernel_id);

    return yk_bit_is_set(job->allowed, slot) &&
           (is_ready_for(control, job, slot) || build == YK_BUILD_STALE) &&
           (state == YK_WORKER_READY || state == YK_WORKER_STARTING);
}

/* In company, how long a worker waits for a core that other programs use. */
static const double core_guess_ns = 500000;

/* The thread that submits, at that moment. */
typedef struct submitter {
    uint64_t now_ns;
    uint32_t partner; /* slot of a worker; in company only */
    bool in_company;
    bool is_ready; /* its job */
    bool explores;
} submitter;

/* From now until a worker computes, if it is ready to. */
static double placement_wake_delay(const submitter *self, const yk_worker *worker,
                                   uint32_t slot)
{
    const bool asleep = yk_eventcount_has_sleeper(&worker->bell);
    const uint64_t measured =
        atomic_load_explicit(&worker->wake_ns[asleep], memory_order_relaxed);
    const double wake = measured > 0 ? (double)measured : wake_guess_ns[asleep];

    if (!self->in_company || !yk_worker_has(worker, YK_TRAIT_RUNS_FUNCTIONS)) {
        return wake;
    }
    return slot == self->partner ? wake_guess_ns[false] : fmax(wake, core_guess_ns);
}

/* By the time a job is ready that waits for others, workers are awake. But in company those of a
 * chain of jobs use up what each gets of its core, and every job waits for the last of them. */
static double placement_later_delay(const submitter *self, const yk_worker *worker,
                                    uint32_t slot)
{
    return self->in_company && slot != self->partner &&
                   yk_worker_has(worker, YK_TRAIT_RUNS_FUNCTIONS)
               ? core_guess_ns
               : 0;
}

/* From now until a worker computes. */
static double placement_delay_of(const yk_control *control, const yk_job *job,
                                 uint32_t slot, const submitter *self)
{
    const yk_worker *worker = &control->workers[slot];

    if (self->explores) {
        return 0;
    }
    if (atomic_load(&worker->state) != YK_WORKER_READY ||
        !is_ready_for(control, job, slot)) {
        return restart_guess_ns;
    }
    return (self->is_ready ? fmax(placement_wake_delay(self, worker, slot),
                                  yk_busy_time(control, worker))
                           : placement_later_delay(self, worker, slot)) +
           (double)worker->info.launch_ns;
}

/* Whether a worker without a work range may come all the same: it has not built the kernel yet. */
static bool placement_is_late(const yk_control *control, const yk_job *job,
                              uint32_t slot)
{
    const uint32_t build =
        yk_build_of(&control->workers[slot], job->kernel_slot, job->launch.kernel_id);

    return yk_bit_is_set(job->allowed, slot) &&
           (build == YK_BUILD_NONE || build == YK_BUILD_RUNNING);
}

static bool should_explore(yoke_pool *pool, uint64_t now)
{
    if (now - pool->placement.explored_ns < explore_ns) {
        return false;
    }
    pool->placement.explored_ns = now;
    return true;
}

/* In company the core that the thread is about to leave is the only one that a worker gets at
 * once: short jobs go to the worker of this core, long jobs to all. A thread that helps keeps its
 * core: it is its own partner. By the time a job is ready that waits for others, the thread may be
 * anywhere: those of a chain have the same partner. */
static uint32_t placement_partner(const yk_control *control, const yk_job *job, bool helps,
                                  bool is_ready)
{
    const uint32_t count = yk_worker_count(control);
    const int cpu = is_ready ? yk_current_cpu() : -2; /* no worker's */
    uint32_t partner = YK_CALLER;

    for (uint32_t i = count; i-- > 0 && !helps;) {
        const bool is_here = control->workers[i].cpu == cpu;
        const bool is_better = partner == YK_CALLER || is_here ||
                               control->workers[partner].cpu != cpu;

        if (is_better && takes_part(control, job, i) &&
            yk_worker_has(&control->workers[i], YK_TRAIT_RUNS_FUNCTIONS)) {
            partner = i;
        }
    }
    return partner;
}

static submitter placement_look(yoke_pool *pool, const yk_job *job, bool helps)
{
    const uint64_t now = yk_clock_ns();
    submitter self = {.now_ns = now,
                      .partner = YK_CALLER,
                      .in_company = yk_company_is_seen(now),
                      .is_ready = yk_job_is_ready(pool->control, job),
                      .explores = should_explore(pool, now)};

    if (self.in_company) {
        self.partner = placement_partner(pool->control, job, helps, self.is_ready);
    }
    return self;
}

static void know_speed(yk_participant *participant, const yk_job *job,
                       const yk_worker *worker)
{
    participant->speed = yk_job_speeds(job, worker).usual;
    participant->known_ns =
        (double)atomic_load(&worker->builds[job->kernel_slot].usual_ns);
    participant->known_tiles =
        (double)atomic_load(&worker->builds[job->kernel_slot].usual_items) /
        (double)job->tiling.tile_items;
}

/* The participants: the workers by slot, then the caller. */
static void find_participants(yoke_pool *pool, yk_job *job, bool caller_helps,
                              yk_participant *participants, uint32_t count)
{
    const yk_control *control = pool->control;
    const submitter self = placement_look(pool, job, caller_helps);

    job->has_latecomers = 0;
    job->participants = 0;
    for (uint32_t i = 0; i < count; i++) {
        const yk_worker *worker = &control->workers[i];

        participants[i] = (yk_participant){.speed = -1}; /* gets no tiles */
        job->has_latecomers |= placement_is_late(control, job, i);
        if (takes_part(control, job, i)) {
            know_speed(&participants[i], job, worker);
            job->participants++;
            participants[i].delay_ns = placement_delay_of(control, job, i, &self);
        }
    }
    if (self.is_ready) {
        atomic_store_explicit(&job->ready_ns, self.now_ns, memory_order_relaxed);
    }
    participants[count] = (yk_participant){.speed = -1};
    if (caller_helps && takes_part(control, job, YK_CALLER)) {
        job->participants++;
        know_speed(&participants[count], job, &control->workers[YK_CALLER]);
    }
    yk_policy_discount_short_samples(participants, count + 1);
}

/* Speeds within this of those that were used last are the same. */
static const double speed_noise = 0.1;

static double total_speed(const yk_participant *participants, uint32_t count)
{
    double total = 0;

    for (uint32_t i = 0; i < count; i++) {
        total += fmax(participants[i].speed, 0);
    }
    return total;
}

/* Whether the parts that participants would have by their speeds are those of the last job, but
 * for noise. */
static bool are_as_before(const double *last, const yk_participant *participants,
                          uint32_t count)
{
    const double total = total_speed(participants, count);

    for (uint32_t i = 0; i < count; i++) {
        const double part = fmax(participants[i].speed, 0) / total;

        if (!(fabs(part - last[i]) <= speed_noise * part)) {
            return false;
        }
    }
    return true;
}

/* In a time loop the same items should stay with the same worker, in its caches or its
 * device's memory: work ranges do not follow every trembling of the speeds. */
static void keep_steady(yoke_kernel *kernel, yk_participant *participants,
                        uint32_t count)
{
    const double total = total_speed(participants, count);
    const bool steady = kernel->participant_count == count &&
                        are_as_before(kernel->parts, participants, count);

    kernel->participant_count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (steady && participants[i].speed > 0) {
            participants[i].speed = kernel->parts[i] * total;
        } else {
            kernel->parts[i] = fmax(participants[i].speed, 0) / total;
        }
    }
}

/* For a job that runs on one device: the fastest, as far as known, else one that suits it.
 */
static uint32_t pick_one(const yk_control *control, const yk_participant *participants,
                         uint32_t count)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < count; i++) {
        const bool suits =
            yk_worker_has(&control->workers[i], YK_TRAIT_SUITS_WHOLE_JOBS);

        if (participants[i].speed > participants[best].speed ||
            (participants[i].speed == participants[best].speed && suits)) {
            best = i;
        }
    }
    return best;
}

/* Workers that join later find their work ranges empty, not of another generation. */
static uint32_t slots_to_prepare(const yk_control *control, uint32_t count)
{
    const bool growing = atomic_load(&control->discovery) == YK_DISCOVERY_RUNNING;

    return (uint32_t)yk_min(count + (growing ? YK_MAX_FOUND : 0), YK_MAX_WORKERS);
}

static void set_work_range(yk_job *job, uint32_t slot, uint32_t generation,
                           yk_tiles share)
{
    yk_work_range_set(&job->work_ranges[slot].work_range, generation, share);
    atomic_store_explicit(&job->done[slot].value, 0, memory_order_relaxed);
}

/* Saved bytes per chunk beyond which saving gets slow (out of the caches). */
enum { UNDO_BYTES = 128 << 10 };

static uint32_t max_tiles(const yk_job *job, uint64_t max_items)
{
    const yk_tiling *tiling = &job->tiling;
    const uint64_t first = job->launch.begin[job->launch.split];
    uint64_t max_count = max_items != 0 ? yk_max(max_items / tiling->tile_items, 1) : 0;

    if (job->saves != 0) {
        const uint64_t bytes = yk_undo_size(
            &job->launch, first, first + yk_min(tiling->tile_items, tiling->items));
        const uint64_t limit = yk_max(UNDO_BYTES / yk_max(bytes, 1), 1);

        max_count = max_count != 0 ? yk_min(max_count, limit) : limit;
    }
    return job->launch.block_items != 0 ? 1 : (uint32_t)yk_min(max_count, YK_MAX_TILES);
}

static yk_tiling placement_cut(const yk_launch *launch, const yoke_map_options *options,
                               uint32_t workers, bool is_task)
{
    const yk_tiling_limits limits = {
        .group = launch->group[launch->split],
        .grain = options->grain,
        .max_count = options->chunk,
        .workers = workers,
        .is_flat = launch->dimensions == 1,
        .is_fine = is_task, /* so that an item that kills its worker is known */
    };
    const uint64_t items = launch->size[launch->split];

    if (launch->block_items != 0) {
        return yk_tiling_blocks(items, launch->block_items);
    }
    return launch->whole != 0 ? yk_tiling_whole(items)
                              : yk_tiling_choose(items, &limits);
}

void yk_place_tiles_locked(yoke_pool *pool, yk_job *job, uint32_t generation,
                           const yk_request *request)
{
    const yk_control *control = pool->control;
    const uint32_t prepared = slots_to_prepare(control, yk_worker_count(control));
    const uint32_t count = (uint32_t)yk_min(yk_worker_count(control), prepared);
    yk_participant participants[YK_MAX_SLOTS];
    yk_tiles shares[YK_MAX_SLOTS];

    job->tiling =
        placement_cut(&job->launch, &request->options, count,
                      yk_kernel_is_task(&control->kernels[job->kernel_slot].kernel));
    job->max_tiles = max_tiles(job, request->options.chunk);
    find_participants(pool, job, request->caller_helps, participants, count);
    for (uint32_t i = count; i < prepared; i++) {
        set_work_range(job, i, generation, (yk_tiles){0, 0});
    }
    if (job->launch.whole != 0) {
        memset(shares, 0, (count + 1) * sizeof *shares);
        shares[pick_one(control, participants, count)].end = 1;
    } else {
        keep_steady(request->kernel, participants, count + 1);
        yk_policy_shares(job->tiling.count, participants, count + 1, shares);
    }
    for (uint32_t i = 0; i < count; i++) {
        set_work_range(job, i, generation, shares[i]);
    }
    set_work_range(job, YK_CALLER, generation, shares[count]);
    yk_tile_map_clear(job->map, job->tiling.count);
    atomic_store(&job->tile_count, job->tiling.count);
}
