/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "protocol/fault_point.h"
#include "protocol/item_table.h"
#include "protocol/search.h"
#include "protocol/undo.h"
#include "sys/call_guard.h"
#include "reduce/copies.h"
#include "sys/process.h"
#include "worker/worker.h"

/* A worker that has been in a job for this long and has more tiles wakes those that sleep. */
static const uint64_t call_others_ns = 200000;

/* The chunks in flight, in the order in which they were started. */
typedef struct flights {
    yk_flight lanes[YK_MAX_LANES];
    unsigned first; /* lane of the oldest */
    unsigned count;
    unsigned max_count;
} flights;

void yk_worker_give_up_device(yk_worker_self *self)
{
    yk_text_copy(self->worker->log, sizeof self->worker->log,
                 yk_error_text(&self->error));
    atomic_store(&self->worker->open_status, (uint32_t)-YOKE_EDEVICE);
    yk_process_exit_now(YK_WORKER_EXIT_DEVICE);
}

static void report_failure(yk_worker_self *self, yk_job_ref ref, yoke_status status,
                           const yk_flight *chunk)
{
    yk_job *job = yk_job_at(self->control, ref);
    const yk_kernel *kernel = &self->control->kernels[job->kernel_slot].kernel;

    if (status ==
        YOKE_ECHECK) { /* the text names its items; the worker does not matter */
        yk_job_explain(job, ref.generation, "%s '%s', %s", yk_kernel_noun(kernel),
                       kernel->name, yk_error_text(&self->error));
        yk_job_stop(self->control, ref, status);
        return;
    }
    yk_job_explain(job, ref.generation, "%s '%s' on %s (%s), items [%llu, %llu): %s",
                   yk_kernel_noun(kernel), kernel->name, self->worker->name,
                   self->worker->info.name,
                   (unsigned long long)(chunk->begin + job->launch.task.first),
                   (unsigned long long)(chunk->end + job->launch.task.first),
                   yk_error_text(&self->error));
    yk_job_stop(self->control, ref, status);
}

/* ---- the undo log ---- */

static bool chunk_save(yk_worker_self *self, yk_job *job, yk_job_ref ref, unsigned lane,
                       const yk_flight *chunk)
{
    if (job->saves == 0 || self->undo[lane].file < 0) {
        return true;
    }
    if (!yk_undo_save(&self->undo[lane], &job->launch, chunk->begin, chunk->end)) {
        yk_job_explain(
            job, ref.generation,
            "cannot allocate memory to save items [%llu, %llu) before they are changed "
            "in place (.recovery = YOKE_RECOVER_NONE saves nothing)",
            (unsigned long long)chunk->begin, (unsigned long long)chunk->end);
        yk_job_stop(self->control, ref, YOKE_ENOMEM);
        return false;
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_SAVE);
    return true;
}

static void chunk_trim(const yk_worker_self *self, const yk_job *job, unsigned lane,
                       const yk_flight *chunk)
{
    if (job->saves != 0 && self->undo[lane].file >= 0) {
        yk_undo_trim(&self->undo[lane], &job->launch, chunk->begin, chunk->end);
    }
}

/* ---- one chunk ---- */

static void chunk_locate(const yk_job *job, yk_flight *chunk)
{
    const uint64_t first = job->launch.begin[job->launch.split];

    yk_tiling_items(&job->tiling, chunk->claim.tiles.begin, chunk->claim.tiles.end,
                    &chunk->begin, &chunk->end);
    chunk->begin += first;
    chunk->end += first;
}

/* Handles the status that a device returned for a chunk. False: the job was stopped with an
 * error. */
bool yk_worker_accept(yk_worker_self *self, yk_job_ref ref, yoke_status status,
                      const yk_flight *chunk)
{
    if (status == YOKE_EDEVICE) {
        yk_worker_give_up_device(self);
    }
    if (status != YOKE_OK) {
        report_failure(self, ref, status, chunk);
    }
    return status == YOKE_OK;
}

/* ---- a function that does not return ---- */

/* The job fails. A worker's process cannot be relied on after longjmp() has left its function:
 * another process takes its place. The application's thread that helps goes on. */
static void undo_start(void *worker, uint64_t ref_word)
{
    yk_worker_self *self = worker;
    const yk_job_ref ref = {(uint32_t)ref_word, (uint32_t)(ref_word >> 32)};

    (void)yk_fail(&self->error, YOKE_EKERNEL, "the function " YK_HAS_NOT_RETURNED);
    if (yk_item_table_of(&yk_job_at(self->control, ref)->launch) != NULL) {
        yk_error_prefix(&self->error, "item %llu: ",
                        (unsigned long long)(self->running.begin +
                                             yk_job_at(self->control, ref)->launch.task.first));
        yk_worker_flush_output(self);
        yk_worker_fail_item(self, ref, self->running.begin);
        yk_process_exit_now(YK_WORKER_EXIT_LEFT);
    }
    report_failure(self, ref, YOKE_EKERNEL, &self->running);
    if (self->attachments != NULL) {
        yk_worker_flush_output(self);
        yk_process_exit_now(YK_WORKER_EXIT_LEFT);
    }
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        yk_claim_publish(self->worker, lane, (yk_claim){.stage = YK_CLAIM_NONE});
    }
    self->device->ops->end(self->device);
    yk_job_leave(self->control, self->worker, ref);
}

/* Calls the device, which may call the program's function. */
yoke_status yk_worker_start_on(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                               unsigned lane, const yk_flight *chunk)
{
    yoke_status status;

    self->running = *chunk;
    yk_hold(undo_start, self, (uint64_t)ref.generation << 32 | ref.slot);
    status = device->ops->start(device, lane, chunk->begin, chunk->end, &self->error);
    yk_hold_end();
    return status;
}

static void chunk_fill_copies(const yk_worker_self *self, const yk_job *job,
                              const yk_flight *chunk)
{
    if (yk_copies_fill(&job->launch, chunk->begin, chunk->end)) {
        YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_FILL);
    }
}

/* Whether nothing is to be computed, since another block has found what is searched. */
static bool chunk_leave_out(const yk_worker_self *self, const yk_job *job, yk_flight *chunk)
{
    chunk->is_left_out = !yk_search_wants(job, chunk->claim.tiles.begin);
    if (chunk->is_left_out) {
        chunk->began_ns = 0;
        YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_LEFT_OUT);
    }
    return chunk->is_left_out;
}

/* A chunk that is committed: others learn whether it has found what is searched. */
static void chunk_note_found(const yk_worker_self *self, yk_job *job, const yk_flight *chunk)
{
    if (job->launch.search != YK_SEARCH_NONE && !chunk->is_left_out &&
        yk_copies_found(&job->launch, chunk->begin)) {
        yk_search_note(job, chunk->claim.tiles.begin);
        YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_FOUND);
    }
}

/* Starts a claim that was taken: its tiles begin to change. False: the job was stopped. */
static bool chunk_start(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                        unsigned lane, yk_flight *chunk)
{
    yk_job *job = yk_job_at(self->control, ref);

    chunk_locate(job, chunk);
    if (chunk_leave_out(self, job, chunk)) {
        return true;
    }
    chunk->began_ns = yk_worker_trace_clock(self);
    if (!yk_worker_accept(self, ref,
                      yk_worker_check_holders(self, job, chunk->begin, chunk->end),
                      chunk) ||
        !chunk_save(self, job, ref, lane, chunk)) {
        return false;
    }
    chunk_fill_copies(self, job, chunk);
    chunk->claim.stage = YK_CLAIM_RUNNING;
    yk_claim_publish(self->worker, lane, chunk->claim);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_BEFORE_RUN);
    if (yk_item_table_of(&job->launch) != NULL) {
        return yk_worker_run_items(self, ref, device, lane, chunk);
    }
    return yk_worker_accept(self, ref,
                            yk_worker_start_on(self, ref, device, lane, chunk), chunk);
}

/* Finishes a chunk: its results are in shared memory, and it counts. False: the job was
 * stopped. */
static bool chunk_finish(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                         unsigned lane, yk_flight *chunk)
{
    yk_job *job = yk_job_at(self->control, ref);
    /* Items of which each has a status were finished one by one. */
    const yoke_status status =
        chunk->is_left_out || yk_item_table_of(&job->launch) != NULL
            ? YOKE_OK
            : device->ops->finish(device, lane, &self->error);

    yk_worker_flush_output(self); /* before it counts: what counts is not run again */
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_RUN);
    if (!yk_worker_accept(self, ref, status, chunk)) {
        return false;
    }
    chunk->claim.stage = YK_CLAIM_COMMITTED;
    yk_claim_publish(self->worker, lane, chunk->claim);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_COMMIT);
    chunk_note_found(self, job, chunk);
    yk_claim_finish(self->control, self->slot, lane, ref, chunk->claim);
    chunk_trim(self, job, lane, chunk);
    if (chunk->began_ns != 0) {
        yk_worker_trace_chunk(self, job, lane, chunk->begin, chunk->end,
                              chunk->began_ns);
    }
    if (!chunk->is_left_out) {
        yk_worker_count_chunk(self, job, chunk->end - chunk->begin);
        yk_worker_check_memory(self);
    }
    return true;
}

/* ---- several in flight ---- */

/* The result of an attempt to start one more chunk. */
typedef enum attempt { STARTED, NOTHING_TO_START, STOPPED } attempt;

static attempt start_next(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                          flights *all, bool *later)
{
    const unsigned lane = (all->first + all->count) % all->max_count;
    yk_flight *chunk = &all->lanes[lane];

    if (!yk_worker_take(self, ref, lane, all->count == 0, &chunk->claim, later)) {
        return NOTHING_TO_START;
    }
    if (!chunk_start(self, ref, device, lane, chunk)) {
        return STOPPED;
    }
    all->count++;
    return STARTED;
}

static bool finish_first(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                         flights *all)
{
    const unsigned lane = all->first;

    all->first = (lane + 1) % all->max_count;
    all->count--;
    return chunk_finish(self, ref, device, lane, &all->lanes[lane]);
}

/* Whether another chunk may be started beside those in flight. A tile that is to be run alone
 * has no others beside it. */
static bool has_room(const flights *all)
{
    return all->count < all->max_count &&
           (all->count == 0 || all->lanes[all->first].claim.alone == 0);
}

/* A process that creates a kernel waits for its builds, not for the end of jobs; so does a
 * process that needs what this worker's device holds; and a spent process has to end. But a
 * worker must not leave a damaged job with tiles in its work range, since the supervisor has
 * seen that range empty when it deals out lost tiles. */
static bool should_pause(yk_worker_self *self, const yk_job *job,
                         const yk_device *device)
{
    return (yk_worker_has_builds(self) || yk_worker_has_flush_request(self) ||
            yk_worker_is_spent(self) ||
            yk_worker_should_change_form(self, job, device)) &&
           atomic_load(&job->damaged) == 0;
}

/* Wakes the workers that got no share of what looked like a small job. */
static void call_others(const yk_worker_self *self, yk_job_ref ref)
{
    if (self->stretch.began_ns - self->entered_ns >= call_others_ns) {
        yk_job_wake_all(self->control, ref);
    }
}

/* After a failure: what was started may still write, and its tiles now belong to no worker. */
static void chunks_abandon(yk_worker_self *self, yk_device *device, flights *all)
{
    for (; all->count > 0; all->count--) {
        if (!all->lanes[all->first].is_left_out) {
            (void)device->ops->finish(device, all->first, NULL);
        }
        all->first = (all->first + 1) % all->max_count;
    }
    for (unsigned lane = 0; lane < all->max_count; lane++) {
        yk_claim_publish(self->worker, lane, (yk_claim){.stage = YK_CLAIM_NONE});
    }
}

static unsigned lanes_for(const yk_worker_self *self, const yk_job *job,
                          const yk_device *device)
{
    const uint32_t lanes =
        device == self->device && yk_item_table_of(&job->launch) == NULL
            ? self->worker->info.lanes
            : 1;

    return lanes > 1 ? lanes : 1;
}

bool yk_worker_run_chunks(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                          bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    flights all = {.max_count = lanes_for(self, job, device)};
    attempt last = NOTHING_TO_START;
    bool worked = false;

    yk_worker_start_stretch(self, ref, device);
    while (last != STOPPED) {
        if (has_room(&all) && !(worked && should_pause(self, job, device))) {
            last = start_next(self, ref, device, &all, later);
            worked |= last == STARTED;
            if (last == STARTED && has_room(&all)) {
                continue;
            }
        }
        if (last == STOPPED || all.count == 0) {
            break;
        }
        if (!finish_first(self, ref, device, &all)) {
            last = STOPPED;
        }
        call_others(self, ref);
    }
    if (last == STOPPED) {
        chunks_abandon(self, device, &all);
    }
    yk_worker_end_stretch(self, job);
    return worked;
}
