/* SPDX-License-Identifier: MIT */
#include "protocol/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/bells.h"
#include "protocol/fault_point.h"
#include "protocol/writeback.h"
#include "sched/policy.h"

/* ---- opening ---- */

static uint64_t open_word(yk_job_ref ref)
{
    return yk_state_pack(ref.generation, YK_JOB_OPEN);
}

void yk_job_reset(yk_job *job, uint32_t generation)
{
    atomic_store(&job->stop, (uint64_t)generation << 32);
    atomic_store(&job->failed_tiles_status, 0);
    atomic_store(&job->damaged, 0);
    atomic_store(&job->found, 0);
    atomic_store(&job->woke_all, 0);
    atomic_store(&job->ready_ns, 0);
    atomic_store(&job->error_state, yk_state_pack(generation, YK_TEXT_NONE));
    atomic_store(&job->remark_state, yk_state_pack(generation, YK_TEXT_NONE));
    memset(job->strikes, 0, sizeof job->strikes);
    job->fruitless = 0;
    job->done_at_strike = 0;
    for (uint32_t i = 0; i < YK_MAX_REDO; i++) {
        yk_work_range_set(&job->redo[i], generation, (yk_tiles){0, 0});
    }
}

void yk_job_publish(yk_control *control, yk_job_ref ref)
{
    yk_job_set_add(&control->live, ref.slot);
    atomic_store(&yk_job_at(control, ref)->state, open_word(ref));
    /* From here on, a process that ends a job that this one waits for either sees this job
     * open, or has ended its job before the check below. */
    yk_job_check_ready(control, ref);
}

bool yk_job_has_ended(yk_control *control, yk_job_ref ref)
{
    return atomic_load(&yk_job_at(control, ref)->state) != open_word(ref);
}

bool yk_job_is_running(yk_control *control, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(control, ref);

    return atomic_load(&job->state) == open_word(ref) &&
           yk_job_stop_status(job, ref.generation) == YOKE_OK;
}

/* ---- dependencies ---- */

bool yk_job_is_ready(yk_control *control, const yk_job *job)
{
    for (uint32_t slot = 0;
         (slot = yk_job_set_next(&job->waits_for, slot)) < YK_MAX_JOBS; slot++) {
        if (yk_state_of(atomic_load(&control->jobs[slot].state)) != YK_JOB_ENDED) {
            return false;
        }
    }
    return true;
}

/* Whether a worker will soon come for its tiles of the job. */
static bool is_coming(const yk_control *control, const yk_job *job, uint32_t slot)
{
    return yk_job_is_written_back_by(job, control, slot) &&
           atomic_load(&control->workers[slot].active) == 0;
}

void yk_job_wake_participants(yk_control *control, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(control, ref);
    const uint32_t generation = ref.generation;
    const uint32_t count = yk_worker_count(control);
    bool all_come = job->has_latecomers == 0 && !yk_job_has_redo(job, generation);

    for (uint32_t i = 0; i < count; i++) {
        if (yk_tiles_count(
                yk_work_range_peek(&job->work_ranges[i].work_range, generation)) != 0) {
            all_come = all_come && is_coming(control, job, i);
            yk_eventcount_signal(&control->workers[i].bell);
        }
    }
    if (!all_come) {
        yk_control_wake_workers(control);
    }
}

void yk_job_wake_all(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);

    if (atomic_load_explicit(&job->woke_all, memory_order_relaxed) == 0 &&
        yk_job_is_running(control, ref) &&
        yk_job_has_tiles(control, job, ref.generation) &&
        atomic_exchange(&job->woke_all, 1) == 0) {
        yk_control_wake_workers(control);
    }
}

/* Marks a job as ready. Whether this call did it. The word of a later job is left alone. */
static bool say_due(yk_control *control, yk_job_ref ref)
{
    _Atomic uint32_t *ready = &control->ready[ref.slot];
    const uint32_t mine = ref.generation + 1;
    uint32_t word = atomic_load(ready);

    do {
        if (word != 0 && (int32_t)(word - mine) >= 0) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(ready, &word, mine));
    return true;
}

void yk_job_check_ready(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);

    if (atomic_load(&job->state) != open_word(ref) || !yk_job_is_ready(control, job)) {
        return;
    }
    if (atomic_load_explicit(&job->ready_ns, memory_order_relaxed) == 0) {
        atomic_store_explicit(&job->ready_ns, yk_clock_ns(), memory_order_relaxed);
    }
    if (say_due(control, ref)) {
        if (yk_writeback_is_pending(job, ref.generation)) {
            yk_writeback_wake_holders(control);
        }
        yk_job_wake_participants(control, ref);
    }
}

/* One load of two words that are written one by one, in say_due(). A word that is missed here was
 * written after the ticket of the worker that looks; the signal that follows the writing then
 * finds it awake or asleep: see yk_eventcount_wait(). */
/* Whether neither of two slots, of which the first is even, is marked as ready. */
static bool none_due(const yk_control *control, uint32_t slot)
{
    typedef uint64_t __attribute__((may_alias)) pair;

    return __atomic_load_n((const pair *)(uintptr_t)&control->ready[slot],
                           __ATOMIC_ACQUIRE) == 0;
}

bool yk_job_next_ready(const yk_control *control, uint32_t slot, yk_job_ref *ref)
{
    const uint32_t count = yk_job_slot_count(control);

    while (slot < count) {
        const uint32_t ready = atomic_load(&control->ready[slot]);

        *ref = (yk_job_ref){slot, ready - 1};
        if (ready != 0 && atomic_load(&control->jobs[slot].state) == open_word(*ref)) {
            return true;
        }
        slot++;
        while (slot % 2 == 0 && slot < count && none_due(control, slot)) {
            slot += 2;
        }
    }
    return false;
}

/* Jobs that waited for this one may be ready now. */
static void release_waiting(yk_control *control, const yk_job *job)
{
    for (uint32_t slot = 0;
         (slot = yk_job_set_next(&job->waited_by, slot)) < YK_MAX_JOBS; slot++) {
        const uint64_t state = atomic_load(&control->jobs[slot].state);

        yk_job_check_ready(control, (yk_job_ref){slot, yk_state_generation(state)});
    }
}

uint32_t yk_job_failed_need(yk_control *control, const yk_job *job)
{
    for (uint32_t slot = 0; (slot = yk_job_set_next(&job->needs, slot)) < YK_MAX_JOBS;
         slot++) {
        const yk_job *other = &control->jobs[slot];
        const uint64_t state = atomic_load(&other->state);

        /* The bit is cleared before the slot is given to another job. */
        if (yk_state_of(state) == YK_JOB_ENDED &&
            yk_job_status(other, yk_state_generation(state)) != YOKE_OK &&
            yk_job_set_has(&job->needs, slot)) {
            return slot;
        }
    }
    return YK_MAX_JOBS;
}

/* ---- failure ---- */

void yk_job_stop(yk_control *control, yk_job_ref ref, yoke_status status)
{
    yk_job *job = yk_job_at(control, ref);
    uint64_t running = (uint64_t)ref.generation << 32;

    (void)atomic_compare_exchange_strong(&job->stop, &running,
                                         running | (uint32_t)-status);
}

yoke_status yk_job_stop_status(const yk_job *job, uint32_t generation)
{
    const uint64_t word = atomic_load(&job->stop);

    return word >> 32 == generation ? (yoke_status) - (int32_t)(uint32_t)word : YOKE_OK;
}

/* Writes a text that has not been written yet. */
static void write_once(_Atomic uint64_t *state, uint32_t generation, char *text,
                       size_t bytes, const char *format, va_list list)
{
    uint64_t none = yk_state_pack(generation, YK_TEXT_NONE);

    if (atomic_compare_exchange_strong(state, &none,
                                       yk_state_pack(generation, YK_TEXT_WRITING))) {
        (void)vsnprintf(text, bytes, format, list);
        atomic_store(state, yk_state_pack(generation, YK_TEXT_READY));
    }
}

void yk_job_explain(yk_job *job, uint32_t generation, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    write_once(&job->error_state, generation, job->error, sizeof job->error, format,
               list);
    va_end(list);
}

static const char *error_of(const yk_job *job)
{
    const uint32_t generation = yk_state_generation(atomic_load(&job->state));

    return atomic_load(&job->error_state) == yk_state_pack(generation, YK_TEXT_READY)
               ? job->error
               : "";
}

void yk_job_explain_failure(yk_job *job, uint32_t generation, const char *why)
{
    static const char said[] = "a job that this one depends on failed";

    if (strncmp(why, said, sizeof said - 1) == 0) {
        /* as the first job of the chain reported it */
        yk_job_explain(job, generation, "%s", why);
    } else {
        yk_job_explain(job, generation, "%s%s%s", said, why[0] != '\0' ? ": " : "",
                       why);
    }
}

void yk_job_explain_need(yk_control *control, yk_job_ref ref, uint32_t failed_slot)
{
    yk_job_explain_failure(yk_job_at(control, ref), ref.generation,
                           error_of(&control->jobs[failed_slot]));
}

void yk_job_remark(yk_job *job, uint32_t generation, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    write_once(&job->remark_state, generation, job->remark, sizeof job->remark, format,
               list);
    va_end(list);
}

const char *yk_job_remarked(const yk_job *job, uint32_t generation)
{
    return atomic_load(&job->remark_state) == yk_state_pack(generation, YK_TEXT_READY)
               ? job->remark
               : "";
}

yoke_status yk_job_status(const yk_job *job, uint32_t generation)
{
    const yoke_status stopped = yk_job_stop_status(job, generation);

    return stopped != YOKE_OK
               ? stopped
               : (yoke_status) - (int32_t)atomic_load(&job->failed_tiles_status);
}

/* ---- completion ---- */

uint32_t yk_job_done(yk_control *control, const yk_job *job)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(control, i)) {
        done += atomic_load(&job->done[i].value);
    }
    return done;
}

double yk_job_progress(yk_control *control, const yk_job *job)
{
    const double part = (double)yk_job_done(control, job) / job->tiling.count;

    return part < 1 ? part : 1;
}

static bool is_complete(yk_control *control, const yk_job *job)
{
    const uint32_t count = atomic_load(&job->tile_count);

    /* The hints save a scan. After a death they may stay too low. */
    if (atomic_load(&job->damaged) == 0 && yk_job_done(control, job) < count) {
        return false;
    }
    return yk_tile_map_is_full(job->map, count);
}

/* ---- a worker's steps ---- */

bool yk_job_enter(yk_control *control, yk_worker *worker, yk_job_ref ref)
{
    atomic_store(&worker->active, yk_active_pack(ref.slot, ref.generation));
    /* Read after the store. A process that ends the job has seen it stopped or complete before
     * it reads the active words, so either it sees this worker, or this worker sees that the
     * job is over. */
    if (yk_job_is_running(control, ref) &&
        !is_complete(control, yk_job_at(control, ref))) {
        return true;
    }
    atomic_store(&worker->active, 0);
    /* The process that wanted to end the job may have seen this worker and left it to this one. */
    (void)yk_job_try_end(control, ref);
    return false;
}

void yk_job_leave(yk_control *control, yk_worker *worker, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(control, ref);
    const bool damaged = atomic_load(&job->damaged) != 0;

    YK_FAULT_POINT(control, worker, YK_FAULT_BEFORE_LEAVE);
    atomic_store(&worker->active, 0);
    YK_FAULT_POINT(control, worker, YK_FAULT_AFTER_LEAVE);
    if (!yk_job_try_end(control, ref) && (damaged || atomic_load(&job->damaged) != 0)) {
        yk_control_wake_supervisor(control);
    }
}

void yk_claim_publish(yk_worker *worker, unsigned lane, yk_claim claim)
{
    atomic_store_explicit(&worker->claims[lane], yk_claim_pack(claim),
                          memory_order_release);
}

void yk_claim_finish(yk_control *control, uint32_t slot, unsigned lane, yk_job_ref ref,
                     yk_claim claim)
{
    yk_worker *worker = &control->workers[slot];
    yk_job *job = yk_job_at(control, ref);
    _Atomic uint32_t *done = &job->done[slot].value;
    const uint16_t by = (uint16_t)(slot + 1);
    const yk_tiles first = {claim.tiles.begin, claim.tiles.begin + 1};
    const yk_tiles rest = {claim.tiles.begin + 1, claim.tiles.end};

    yk_tile_map_mark(job->map, first, by);
    YK_FAULT_POINT(control, worker, YK_FAULT_BETWEEN_MARKS);
    yk_tile_map_mark(job->map, rest, by);
    /* Two workers that finish at once must not both miss the other's count in is_complete(): each
     * stores its count here, then `active` in yk_job_leave(), sequentially consistent, then loads
     * the counts in yk_job_try_end(), sequentially consistent. On the machines there are, such a
     * store and such a load have a full barrier between them (or are kept in order: ARM's stlr and
     * ldar), which also holds for the stores before. So a release store is enough. */
    atomic_store_explicit(done,
                          atomic_load_explicit(done, memory_order_relaxed) +
                              yk_tiles_count(claim.tiles),
                          memory_order_release);
    atomic_store_explicit(&worker->claims[lane], 0, memory_order_release);
}

bool yk_job_take_redo(yk_job *job, uint32_t generation, yk_tiles *taken)
{
    /* From the last list down: a tile that has just killed its worker comes before the many
     * that have not been tried alone yet. */
    for (uint32_t i = YK_MAX_REDO; i-- > 0;) {
        if (yk_work_range_take_front(&job->redo[i], generation, 1, taken)) {
            return true;
        }
    }
    return false;
}

/* ---- looking ---- */

double yk_busy_time(const yk_control *control, const yk_worker *worker)
{
    const uint64_t active = atomic_load(&worker->active);
    const uint64_t looked = atomic_load(&worker->checked_ns);
    uint32_t tiles = 0;

    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        const yk_claim claim = yk_claim_unpack(atomic_load(&worker->claims[lane]));

        tiles += claim.stage != YK_CLAIM_NONE ? yk_tiles_count(claim.tiles) : 0;
    }
    if (active == 0 || tiles == 0) {
        return 0;
    }
    return yk_policy_busy(
        tiles, yk_job_speeds(&control->jobs[yk_active_slot(active)], worker).now,
        (double)yk_clock_ns() - (double)looked);
}

static bool homes_have_tiles(yk_control *control, const yk_job *job,
                             uint32_t generation)
{
    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(control, i)) {
        if (yk_tiles_count(
                yk_work_range_peek(&job->work_ranges[i].work_range, generation)) != 0) {
            return true;
        }
    }
    return false;
}

bool yk_job_has_redo(const yk_job *job, uint32_t generation)
{
    if (atomic_load(&job->damaged) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < YK_MAX_REDO; i++) {
        if (yk_tiles_count(yk_work_range_peek(&job->redo[i], generation)) != 0) {
            return true;
        }
    }
    return false;
}

bool yk_job_has_tiles(yk_control *control, const yk_job *job, uint32_t generation)
{
    return homes_have_tiles(control, job, generation) ||
           yk_job_has_redo(job, generation);
}

bool yk_job_is_active(yk_control *control, yk_job_ref ref)
{
    const uint64_t word = yk_active_pack(ref.slot, ref.generation);

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(control, i)) {
        if (atomic_load(&control->workers[i].active) == word) {
            return true;
        }
    }
    return false;
}

bool yk_job_has_begun(yk_control *control, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(control, ref);

    return (yk_job_is_active(control, ref) || yk_job_done(control, job) > 0) &&
           !yk_job_has_ended(control, ref);
}

/* ---- the end ---- */

static void forget_due(yk_control *control, yk_job_ref ref)
{
    uint32_t mine = ref.generation + 1;

    (void)atomic_compare_exchange_strong(&control->ready[ref.slot], &mine, 0);
}

bool yk_job_try_end(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);
    uint64_t open = open_word(ref);

    if (atomic_load(&job->state) != open) {
        return false;
    }
    /* First check that the job is over, which does not change any more; then that no worker is
     * inside. A worker that enters after this check sees that the job is over, and leaves. */
    if ((yk_job_stop_status(job, ref.generation) == YOKE_OK &&
         !is_complete(control, job)) ||
        yk_job_is_active(control, ref)) {
        return false;
    }
    if (!atomic_compare_exchange_strong(&job->state, &open,
                                        yk_state_pack(ref.generation, YK_JOB_ENDED))) {
        return false;
    }
    YK_FAULT_POINT_ANY(control, YK_FAULT_AFTER_END);
    forget_due(control, ref);
    release_waiting(control, job);
    yk_control_signal(control, &job->ended);
    yk_eventcount_signal(&control->changed);
    /* The state first: a process that asks to be notified checks once by itself after asking. */
    yk_control_notify_end(control);
    return true;
}

/* ---- after a death ---- */

bool yk_job_deal(yk_job *job, uint32_t generation, yk_tiles tiles)
{
    if (yk_tiles_count(tiles) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < YK_MAX_REDO; i++) {
        if (yk_work_range_refill(&job->redo[i], generation, tiles)) {
            return true;
        }
    }
    return false;
}

bool yk_job_deal_lost(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);
    const uint32_t count = atomic_load(&job->tile_count);
    yk_tiles run = {0, 0};
    bool dealt = false;

    if (!yk_job_is_running(control, ref) ||
        yk_job_has_tiles(control, job, ref.generation) ||
        yk_job_is_active(control, ref)) {
        return false;
    }
    while (yk_tile_map_next_open(job->map, run.end, count, &run) &&
           yk_job_deal(job, ref.generation, run)) {
        dealt = true;
    }
    return dealt;
}
