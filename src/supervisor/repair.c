/* SPDX-License-Identifier: MIT */
#include "supervisor/repair.h"

#include "base/bits.h"
#include "protocol/aside.h"
#include "protocol/bells.h"
#include "protocol/eligibility.h"
#include "protocol/item_table.h"
#include "protocol/job_deadline.h"
#include "protocol/writeback.h"
#include "protocol/undo.h"
#include "supervisor/repair_items.h"

/* The weights of deaths of workers that ran a tile alone. Two crashes are too many. Other
 * deaths say less about the tile: SIGKILL comes from outside (a user, or the system out of
 * memory), and a device may be faulty while others are still to be tried. */
enum { STRONG_STRIKE = 4, WEAK_STRIKE = 1, TOO_MANY_STRIKES = 8 };

/* After that many deaths in a row a device leaves the job to other workers. */
enum { MAX_DEVICE_DEATHS = 2 };

/* After that many in a row without a tile done in between the whole kernel is bad. */
enum { MAX_FRUITLESS = 64 };

/* Maximum number of deaths of a worker in a row before the kernel runs. */
enum { MAX_PREPARATION_CRASHES = 3, MAX_PREPARATION_KILLS = 8 };

static void repair_items_of(const yk_job *job, yk_tiles tiles, uint64_t *begin,
                            uint64_t *end)
{
    const uint64_t first = job->launch.begin[job->launch.split];

    yk_tiling_items(&job->tiling, tiles.begin, tiles.end, begin, end);
    *begin += first;
    *end += first;
}

/* ---- tiles that kill ---- */

/* `how` says how their worker died; NULL: it has not. */
static void give_up(yk_control *control, yk_job_ref ref, yk_tiles tiles,
                    const char *how, const char *why)
{
    yk_job *job = yk_job_at(control, ref);
    const yk_kernel *kernel = &control->kernels[job->kernel_slot].kernel;
    uint64_t begin;
    uint64_t end;

    repair_items_of(job, tiles, &begin, &end);
    yk_job_explain(job, ref.generation, "%s '%s', items [%llu, %llu): %s%s%s%s",
                   yk_kernel_noun(kernel), kernel->name,
                   (unsigned long long)(begin + job->launch.task.first),
                   (unsigned long long)(end + job->launch.task.first), why,
                   how != NULL ? " (worker " : "", how != NULL ? how : "",
                   how != NULL ? ")" : "");
    atomic_store(&job->failed_tiles_status, (uint32_t)-YOKE_ECRASHED);
    yk_tile_map_mark_open(job->map, tiles, YK_TILE_GIVEN_UP);
}

/* Counts the death of a worker that ran a tile alone. Whether that is one too many. */
static bool is_poison(yk_job *job, uint32_t tile, uint32_t weight)
{
    for (uint32_t i = 0; i < YK_MAX_STRIKES; i++) {
        yk_strike *strike = &job->strikes[i];

        if (strike->weight == 0 || strike->tile == tile) {
            strike->tile = tile;
            strike->weight += weight;
            return strike->weight >= TOO_MANY_STRIKES;
        }
    }
    return weight == STRONG_STRIKE; /* there are too many bad tiles to count them */
}

static void stop_if_fruitless(yk_control *control, yk_job_ref ref, yk_tiles tiles,
                              const char *how)
{
    yk_job *job = yk_job_at(control, ref);
    const yk_kernel *kernel = &control->kernels[job->kernel_slot].kernel;
    const uint32_t done = yk_job_done(control, job);
    uint64_t begin;
    uint64_t end;

    job->fruitless = done == job->done_at_strike ? job->fruitless + 1 : 0;
    job->done_at_strike = done;
    if (job->fruitless < MAX_FRUITLESS) {
        return;
    }
    repair_items_of(job, tiles, &begin, &end);
    yk_job_explain(job, ref.generation,
                   "%s '%s' took down %u workers in a row, the last at items "
                   "[%llu, %llu) (worker %s)",
                   yk_kernel_noun(kernel), kernel->name, job->fruitless,
                   (unsigned long long)(begin + job->launch.task.first),
                   (unsigned long long)(end + job->launch.task.first), how);
    yk_job_stop(control, ref, YOKE_ECRASHED);
}

/* ---- a claim whose worker died ---- */

static bool settle_strike(yk_control *control, yk_job_ref ref, yk_tiles tiles,
                          uint32_t weight, const char *how)
{
    const bool poison = is_poison(yk_job_at(control, ref), tiles.begin, weight);

    if (poison) {
        give_up(control, ref, tiles, how, "one or more of them crashed every worker that ran them");
    }
    return poison;
}

/* Whether the tiles are given up. Otherwise they are to be computed again. */
static bool settle_running(yk_control *control, yk_job_ref ref, yk_claim claim,
                           uint32_t weight, int undo_file, const char *how)
{
    yk_job *job = yk_job_at(control, ref);
    bool given_up = false;
    uint64_t begin;
    uint64_t end;

    repair_items_of(job, claim.tiles, &begin, &end);
    if (job->in_place != 0 && job->saves == 0) {
        give_up(control, ref, claim.tiles, how,
                "a worker died while it changed them in place, and nothing was saved");
        return true;
    }
    if (job->saves != 0 && !yk_undo_restore(undo_file, &job->launch, begin, end)) {
        give_up(control, ref, claim.tiles, how, "they could not be restored");
        return true;
    }
    if (weight == 0) {
        return false; /* nothing has run */
    }
    if (claim.alone != 0 && settle_strike(control, ref, claim.tiles, weight, how)) {
        given_up = true;
    }
    stop_if_fruitless(control, ref, claim.tiles, how);
    return given_up;
}

/* The same in a job that goes on past items that fail. Its tiles are computed again in any case:
 * items that are final are skipped. Whether an item has failed. */
static bool settle_items(yk_control *control, yk_job_ref ref, yk_claim claim,
                         yk_item_death *death, int undo_file)
{
    const yk_job *job = yk_job_at(control, ref);
    yk_item_verdict verdict;

    repair_items_of(job, claim.tiles, &death->begin, &death->end);
    if (job->saves != 0 &&
        !yk_undo_restore(undo_file, &job->launch, death->begin, death->end)) {
        yk_repair_fail_items(control, ref, death, "its content could not be restored");
        return true;
    }
    verdict = yk_repair_items(control, ref, death);
    if (verdict == YK_ITEMS_UNTOUCHED) {
        stop_if_fruitless(control, ref, claim.tiles, death->how);
    }
    return verdict == YK_ITEMS_FAILED;
}

/* A device that fails repeatedly leaves the job to other workers, if there are any. */
static void repair_settle_device(yk_control *control, yk_job_ref ref, uint32_t slot,
                                 const char *how)
{
    yk_job *job = yk_job_at(control, ref);
    const yk_worker *worker = &control->workers[slot];

    if (!yk_worker_has(worker, YK_TRAIT_NEVER_BREAKS) &&
        atomic_load(&worker->failures) >= MAX_DEVICE_DEATHS &&
        yk_job_has_hope(control, job, slot)) {
        yk_aside_note(control, slot, job->kernel_slot, false, how);
        yk_job_decline(job, slot);
    }
}

/* 0: it died in a compiler, which says nothing about the tiles. */
static uint32_t strike_weight(yk_control *control, const yk_job *job, uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];

    if (worker->compiler_died != 0) {
        return 0;
    }
    return worker->was_killed != 0 || (!yk_worker_has(worker, YK_TRAIT_NEVER_BREAKS) &&
                                       yk_job_has_hope(control, job, slot))
               ? WEAK_STRIKE
               : STRONG_STRIKE;
}

/* Handles a worker that died while it prepared for the job or a chunk, before the kernel ran.
 * After a failure of its device, or repeated deaths, it declines the job. */
static void settle_preparation(yk_control *control, yk_job_ref ref, uint32_t slot,
                               const char *how)
{
    yk_job *job = yk_job_at(control, ref);
    const yk_worker *worker = &control->workers[slot];
    const yk_kernel *kernel = &control->kernels[job->kernel_slot].kernel;
    const uint32_t max_count =
        worker->was_killed != 0 ? MAX_PREPARATION_KILLS : MAX_PREPARATION_CRASHES;

    if (atomic_load(&worker->open_status) != 0 ||
        atomic_load(&worker->failures) >= max_count) {
        yk_job_remark(job, ref.generation, "%s cannot prepare for %s '%s': %s",
                      worker->name, yk_kernel_noun(kernel), kernel->name, how);
        yk_aside_note(control, slot, job->kernel_slot, false, how);
        yk_job_decline(job, slot);
    }
}

/* Whether its tiles are given up. */
static bool settle_claim(yk_control *control, yk_job_ref ref, uint32_t slot,
                         unsigned lane, int undo_file, const char *how)
{
    yk_job *job = yk_job_at(control, ref);
    const yk_worker *worker = &control->workers[slot];
    const yk_claim claim = yk_claim_unpack(atomic_load(&worker->claims[lane]));
    yk_item_death death = {.slot = slot, .maximum = TOO_MANY_STRIKES, .how = how};
    bool given_up = false;

    if (claim.stage == YK_CLAIM_NONE) {
        return false;
    }
    if (claim.stage == YK_CLAIM_COMMITTED) {
        yk_tile_map_mark_open(job->map, claim.tiles, (uint16_t)(slot + 1));
        return false;
    }
    if (claim.stage == YK_CLAIM_RUNNING && yk_item_table_of(&job->launch) != NULL) {
        death.weight = strike_weight(control, job, slot);
        given_up = settle_items(control, ref, claim, &death, undo_file);
        (void)yk_job_deal(job, ref.generation, claim.tiles);
        return given_up;
    }
    if (claim.stage == YK_CLAIM_RUNNING) {
        given_up = settle_running(control, ref, claim,
                                  strike_weight(control, job, slot), undo_file, how);
    }
    if (!given_up) {
        /* If the lists are full, the tiles are found when the job has no others left. */
        (void)yk_job_deal(job, ref.generation, claim.tiles);
    }
    return given_up;
}

static uint32_t furthest_stage(const yk_worker *worker)
{
    uint32_t furthest = YK_CLAIM_NONE;

    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        const uint32_t stage =
            yk_claim_unpack(atomic_load(&worker->claims[lane])).stage;

        furthest = stage > furthest ? stage : furthest;
    }
    return furthest;
}

static bool settle_claims(yk_control *control, yk_job_ref ref, uint32_t slot,
                          const int undo_files[YK_MAX_LANES], const char *how)
{
    const uint32_t stage = furthest_stage(&control->workers[slot]);
    bool given_up = false;

    if (stage == YK_CLAIM_NONE || stage == YK_CLAIM_TAKEN) {
        settle_preparation(control, ref, slot, how);
    } else if (stage == YK_CLAIM_RUNNING) {
        repair_settle_device(control, ref, slot, how);
    }
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        given_up |= settle_claim(control, ref, slot, lane, undo_files[lane], how);
    }
    return given_up;
}

/* Otherwise a process that waits for the text would wait for ever. If another process was
 * writing it, that process still finishes it. */
static void drop_unfinished_text(yk_job *job, uint32_t generation)
{
    uint64_t writing = yk_state_pack(generation, YK_TEXT_WRITING);

    (void)atomic_compare_exchange_strong(&job->error_state, &writing,
                                         yk_state_pack(generation, YK_TEXT_NONE));
}

/* The dead worker may have changed or signalled something and died before it woke the waiters. */
static void wake_everybody(yk_control *control)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t slot = 0; (slot = yk_job_set_next(&control->live, slot)) < YK_MAX_JOBS;
         slot++) {
        (void)yk_eventcount_repair(&control->jobs[slot].ended);
    }
    (void)yk_eventcount_repair(&control->changed);
    yk_control_repair_hub(control);
    yk_control_notify_end(control);
    for (uint32_t i = 0; i < count; i++) {
        (void)yk_eventcount_repair(&control->workers[i].bell);
    }
}

/* ... or ended a job and died before it marked those that are ready now; or it may have been
 * the last to write back. */
static void look_at_all(yk_control *control)
{
    for (uint32_t slot = 0; (slot = yk_job_set_next(&control->live, slot)) < YK_MAX_JOBS;
         slot++) {
        const uint64_t state = atomic_load(&control->jobs[slot].state);

        const yk_job_ref ref = {slot, yk_state_generation(state)};

        yk_job_check_ready(control, ref);
        yk_writeback_advance(control, ref);
    }
}

void yk_repair_wakes(yk_control *control)
{
    look_at_all(control);
    wake_everybody(control);
}

/* What it held is lost, and no process waits for it. The order matters: a process that goes on
 * without it sees that. */
static void end_life(yk_worker *worker)
{
    atomic_fetch_add(&worker->life, 1);
    atomic_store(&worker->holds, 0);
}

/* It may have died between its marks and its count. Exact counts show marks that are lost. */
static void count_marks(yk_job *job, uint32_t slot)
{
    const uint32_t marks = yk_tile_map_count(job->map, atomic_load(&job->tile_count),
                                             (uint16_t)(slot + 1));

    if (marks > atomic_load(&job->done[slot].value)) {
        atomic_store(&job->done[slot].value, marks);
    }
}

bool yk_repair_worker(yk_control *control, uint32_t slot,
                      const int undo_files[YK_MAX_LANES], const char *how)
{
    yk_worker *worker = &control->workers[slot];
    const uint64_t active = atomic_load(&worker->active);
    bool given_up = false;

    end_life(worker);
    if (active != 0) {
        const yk_job_ref ref = {yk_active_slot(active), yk_active_generation(active)};
        yk_job *job = yk_job_at(control, ref);

        /* While the worker was active, the job could not end and its slot could not be reused.
         * If the job was over before the worker entered, it has left nothing here. */
        if (atomic_load(&job->state) == yk_state_pack(ref.generation, YK_JOB_OPEN)) {
            atomic_store(&job->damaged, 1);
            drop_unfinished_text(job, ref.generation);
            given_up = settle_claims(control, ref, slot, undo_files, how);
            count_marks(job, slot);
        }
        for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
            atomic_store(&worker->claims[lane], 0);
        }
        atomic_store(&worker->item_since, 0);
        atomic_store(&worker->active, 0);
        (void)yk_job_try_end(control, ref);
    }
    worker->overdue_since = 0;
    atomic_store(&worker->item_since, 0);
    yk_repair_wakes(control);
    return given_up;
}

/* ---- tiles that are lost ---- */

/* Whether tiles that count as done are open in the map, in which a word is wrong then. */
static bool has_lost_marks(yk_control *control, const yk_job *job)
{
    const uint32_t count = atomic_load(&job->tile_count);

    return yk_job_done(control, job) > yk_tile_map_done(job->map, count);
}

static bool has_open_tiles(const yk_job *job, yk_tiles *run)
{
    return yk_tile_map_next_open(job->map, 0, atomic_load(&job->tile_count), run);
}

static bool is_dry(yk_control *control, yk_job_ref ref)
{
    /* In this order: only an active worker has tiles that are in no list. */
    return yk_job_is_running(control, ref) &&
           !yk_job_has_tiles(control, yk_job_at(control, ref), ref.generation) &&
           !yk_job_is_active(control, ref);
}

bool yk_repair_lost(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);
    yk_tiles run;

    if (!is_dry(control, ref) || job->in_place == 0 || !has_lost_marks(control, job)) {
        return yk_job_deal_lost(control, ref);
    }
    while (has_open_tiles(job, &run)) {
        give_up(control, ref, run, NULL,
                "the record of what is done has lost them, and they are changed in place, "
                "so they cannot be computed again");
    }
    return false;
}

/* ---- jobs that no worker can run ---- */

static void stop_hopeless(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);
    const yk_kernel *kernel = &control->kernels[job->kernel_slot].kernel;

    if (yk_job_is_running(control, ref) && !yk_job_has_hope(control, job, UINT32_MAX)) {
        const char *remark = yk_job_remarked(job, ref.generation);

        yk_job_explain(job, ref.generation,
                       "%s '%s': no worker is left that can run it%s%s",
                       yk_kernel_noun(kernel), kernel->name,
                       remark[0] != '\0' ? ": " : "", remark);
        yk_job_stop(control, ref, YOKE_ENODEVICE);
    }
}

/* ---- looking at all jobs ---- */

static uint64_t repair_job(yk_control *control, yk_job_ref ref,
                           void (*overdue)(uint32_t slot, void *context), void *context)
{
    yk_job *job = yk_job_at(control, ref);
    uint64_t next;

    stop_hopeless(control, ref);
    next = yk_min(yk_job_keep_deadline(control, ref, overdue, context),
                  yk_repair_item_limits(control, ref, overdue, context));
    if (atomic_load(&job->damaged) != 0 && yk_repair_lost(control, ref)) {
        yk_control_wake_workers(control);
    }
    return yk_job_try_end(control, ref) ? UINT64_MAX : next;
}

uint64_t yk_repair_jobs(yk_control *control,
                        void (*overdue)(uint32_t slot, void *context), void *context)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t slot = 0; (slot = yk_job_set_next(&control->live, slot)) < YK_MAX_JOBS;
         slot++) {
        const uint64_t state = atomic_load(&control->jobs[slot].state);
        const yk_job_ref ref = {slot, yk_state_generation(state)};

        if (yk_state_of(state) == YK_JOB_OPEN) {
            next = yk_min(next, repair_job(control, ref, overdue, context));
        }
    }
    return next;
}
