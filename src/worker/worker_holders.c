/* SPDX-License-Identifier: MIT */
/* What a worker does about results that stayed on devices: its own device writes back what
 * other workers need, and no chunk starts from lost data. */
#include "base/bits.h"
#include "launch/lent.h"
#include "protocol/fault_point.h"
#include "protocol/writeback.h"
#include "worker/worker.h"

/* ---- giving back ---- */

static void put_back(yk_worker_self *self, yk_residency *table, yk_pages blocks)
{
    if (yk_device_write_back(self->device, table, blocks, &self->error) != YOKE_OK) {
        yk_worker_give_up_device(self);
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_BETWEEN_GIVES);
}

static void put_back_all(yk_worker_self *self, yk_residency *table)
{
    put_back(self, table, (yk_pages){0, table->count});
}

static void holder_drop(yk_residency *table, yk_pages blocks, uint64_t holder)
{
    for (uint64_t b = blocks.first; b < blocks.end; b++) {
        yk_residency_drop(table, b, holder);
    }
}

static yk_pages blocks_of(const yk_arg *arg, const yk_extent *extent)
{
    return yk_residency_touched(yk_lent_table(arg), extent->address,
                                yk_extent_end(extent));
}

/* Data that will be overwritten need not be written back. */
static void put_back_written(yk_worker_self *self, const yk_launch *launch,
                             const yk_arg *arg, yk_pages blocks)
{
    const yk_pages replaced = yk_lent_replaced(launch, arg);
    yk_residency *table = yk_lent_table(arg);

    holder_drop(table,
                (yk_pages){yk_max(blocks.first, replaced.first),
                           yk_min(blocks.end, replaced.end)},
                self->holder);
    put_back(self, table, blocks);
}

/* Writes back what the items of another worker's share need of an argument's allocation. */
static void put_back_for(yk_worker_self *self, const yk_launch *launch,
                         const yk_arg *arg, uint64_t begin, uint64_t end)
{
    yk_extent extents[YK_MAX_EXTENTS];
    const size_t count = yk_footprint_load(launch, arg, begin, end, extents);

    for (size_t i = 0; i < count; i++) {
        put_back(self, yk_lent_table(arg), blocks_of(arg, &extents[i]));
    }
    if (yk_footprint_write(launch, arg, begin, end, extents) != 0) {
        put_back_written(self, launch, arg, blocks_of(arg, &extents[0]));
    }
}

/* No tiles are taken before all holders have done their parts, so work ranges are as they were
 * at the start. */
static void put_back_for_others(yk_worker_self *self, const yk_job *job,
                                uint32_t generation, const yk_arg *arg)
{
    const uint64_t first = job->launch.begin[job->launch.split];

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(self->control, i)) {
        const yk_tiles work_range =
            yk_work_range_peek(&job->work_ranges[i].work_range, generation);
        uint64_t begin;
        uint64_t end;

        if (i != self->slot && yk_tiles_count(work_range) != 0) {
            yk_tiling_items(&job->tiling, work_range.begin, work_range.end, &begin,
                            &end);
            put_back_for(self, &job->launch, arg, first + begin, first + end);
        }
    }
}

static void holder_give_back(yk_worker_self *self, const yk_job *job, yk_job_ref ref,
                             uint32_t state)
{
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_BEFORE_GIVE);
    for (uint32_t i = 0; i < yk_launch_array_count(&job->launch); i++) {
        const yk_arg *arg = &job->launch.args[i];

        if (arg->kind != YK_ARG_ARRAY || arg->table == 0) {
            continue;
        }
        if (state == YK_WRITEBACK_SHARES) {
            put_back_for_others(self, job, ref.generation, arg);
        } else {
            put_back_all(self, yk_lent_table(arg));
        }
    }
    yk_worker_count_transfers(self);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_GIVE);
}

/* Called while active in the job, so that the slot belongs to the same job until the end. */
static void do_part(yk_worker_self *self, yk_job_ref ref)
{
    yk_job *job = yk_job_at(self->control, ref);
    const uint32_t state = yk_writeback_of(job, ref.generation);

    if (!yk_job_enter(self->control, self->worker, ref)) {
        return;
    }
    holder_give_back(self, job, ref, state);
    atomic_store(&self->worker->writeback_done[ref.slot],
                 yk_state_pack(ref.generation, state));
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_PART);
    yk_writeback_advance(self->control, ref);
    yk_job_leave(self->control, self->worker, ref);
}

bool yk_worker_write_back(yk_worker_self *self, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(self->control, ref);

    if (!yk_writeback_is_pending(job, ref.generation)) {
        return true;
    }
    if (yk_writeback_needs(self->worker, job, ref)) {
        do_part(self, ref);
    } else {
        yk_writeback_advance(self->control, ref);
    }
    return !yk_writeback_is_pending(job, ref.generation);
}

/* ---- being called ---- */

bool yk_worker_has_flush_request(const yk_worker_self *self)
{
    return self->holder != 0 && atomic_load(&self->control->calls) != self->calls &&
           atomic_load(&self->worker->holds) != 0;
}

void yk_worker_answer_flush(yk_worker_self *self)
{
    yk_control *control = self->control;
    yk_worker *worker = self->worker;
    uint64_t flush_request;

    self->calls = atomic_load(&control->calls);
    flush_request = atomic_load(&control->flush_request);
    if (self->holder == 0 || atomic_load(&worker->holds) == 0 ||
        atomic_load(&worker->flush_answered) == flush_request) {
        return;
    }
    YK_FAULT_POINT(control, worker, YK_FAULT_BEFORE_FLUSH);
    put_back_all(self, (yk_residency *)(uintptr_t)control->recall_table);
    yk_worker_count_transfers(self);
    YK_FAULT_POINT(control, worker, YK_FAULT_AFTER_FLUSH);
    atomic_store(&worker->flush_answered, flush_request);
    yk_eventcount_signal(&control->changed);
}

/* ---- keeping ---- */

void yk_worker_set_keeping(yk_worker_self *self, const yk_job *job, yk_device *device)
{
    yk_worker *worker = self->worker;

    device->keeps = device->holder != 0 && job->keeps != 0;
    if (device->keeps && atomic_load(&worker->holds) == 0) {
        atomic_store(&worker->holds, 1);
        /* Requests up to this one were for allocations that no job uses. */
        atomic_store(&worker->flush_answered,
                     atomic_load(&self->control->flush_request));
        YK_FAULT_POINT(self->control, worker, YK_FAULT_BEFORE_KEEP);
    }
}

/* ---- before a chunk ---- */

/* Finds the first run of pages, beginning within these, that only another worker has. */
static bool find_missing(const yk_worker_self *self, const yk_residency *table,
                         yk_pages blocks, yk_pages *run, uint64_t *holder)
{
    uint64_t b = blocks.first;

    *holder = 0;
    while (b < blocks.end && (*holder == 0 || *holder == self->holder)) {
        *holder = yk_residency_holder(table, b++);
    }
    if (*holder == 0 || *holder == self->holder) {
        return false;
    }
    run->first = b - 1;
    return yk_residency_next_held(table, (yk_pages){b - 1, table->count}, *holder, run);
}

static yoke_status holder_report_lost(yk_worker_self *self, const yk_job *job,
                                      uint32_t index, uint64_t read, yk_pages run,
                                      uint64_t holder)
{
    const yk_arg *arg = &job->launch.args[index];
    uint64_t low;
    const uint64_t bytes = yk_residency_bytes(yk_lent_table(arg), run, &low);
    const uint64_t begin = yk_max(low, read);

    return yk_fail(&self->error, YOKE_ELOST,
                   "bytes [%llu, %llu) of argument %u were lost with worker %s, whose "
                   "device had the only copy",
                   (unsigned long long)(begin - arg->address),
                   (unsigned long long)(low + bytes - arg->address),
                   yk_launch_number(&job->launch, index),
                   self->control->workers[yk_holder_slot(holder)].name);
}

static yoke_status check_row(yk_worker_self *self, const yk_job *job, uint32_t index,
                             uint64_t low, uint64_t high)
{
    const yk_residency *table = yk_lent_table(&job->launch.args[index]);
    uint64_t holder;
    yk_pages run;

    return find_missing(self, table, yk_residency_touched(table, low, high), &run,
                        &holder)
               ? holder_report_lost(self, job, index, low, run, holder)
               : YOKE_OK;
}

static yoke_status check_read(yk_worker_self *self, const yk_job *job, uint32_t index,
                              uint64_t begin, uint64_t end)
{
    const yk_arg *arg = &job->launch.args[index];
    yk_extent extents[YK_MAX_EXTENTS];
    const size_t count = yk_footprint_load(&job->launch, arg, begin, end, extents);
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < count; i++) {
        const uint64_t pieces = yk_extent_pieces(&extents[i]);

        for (uint64_t k = 0; k < pieces && status == YOKE_OK; k++) {
            const uint64_t row = yk_extent_piece(&extents[i], k);

            status = check_row(self, job, index, row, row + extents[i].bytes);
        }
    }
    return status;
}

/* A page of which the chunk writes a part. */
static void settle_block(yk_worker_self *self, const yk_arg *arg, yk_pages replaced,
                         uint64_t block)
{
    yk_residency *table = yk_lent_table(arg);
    const uint64_t holder = yk_residency_holder(table, block);

    if (holder != 0 && block >= replaced.first && block < replaced.end) {
        yk_residency_drop(table, block, holder);
    } else if (holder != 0 && holder == self->holder) {
        put_back(self, table, (yk_pages){block, block + 1});
    }
}

static void settle_row(yk_worker_self *self, const yk_arg *arg, yk_pages replaced,
                       uint64_t low, uint64_t high)
{
    const yk_pages touched = yk_residency_touched(yk_lent_table(arg), low, high);
    const yk_pages covered = yk_residency_covered(yk_lent_table(arg), low, high);

    if (covered.first > touched.first || covered.first == covered.end) {
        settle_block(self, arg, replaced, touched.first);
    }
    if (covered.end < touched.end) {
        settle_block(self, arg, replaced, touched.end - 1);
    }
}

static void settle_written(yk_worker_self *self, const yk_launch *launch,
                           const yk_arg *arg, uint64_t begin, uint64_t end)
{
    const yk_pages replaced = yk_lent_replaced(launch, arg);
    yk_extent extent;

    if (yk_footprint_write(launch, arg, begin, end, &extent) == 0) {
        return;
    }
    for (uint64_t k = 0; k < yk_extent_pieces(&extent); k++) {
        const uint64_t low = yk_extent_piece(&extent, k);

        settle_row(self, arg, replaced, low, low + extent.bytes);
    }
}

static bool holder_reads_the_same(const yk_arg *arg)
{
    return arg->parts == YK_PARTS_WHOLE || (arg->flags & YK_ARG_READS_ALL) != 0;
}

yoke_status yk_worker_check_holders(yk_worker_self *self, const yk_job *job,
                                    uint64_t begin, uint64_t end)
{
    const yk_launch *launch = &job->launch;
    const bool checked = self->checked_launch == launch->id;
    yoke_status status = YOKE_OK;

    for (uint32_t i = 0;
         job->has_holders != 0 && i < yk_launch_array_count(launch) && status == YOKE_OK;
         i++) {
        const yk_arg *arg = &launch->args[i];

        if (arg->kind != YK_ARG_ARRAY || arg->table == 0) {
            continue;
        }
        if (!checked || !holder_reads_the_same(arg)) {
            status = check_read(self, job, i, begin, end);
        }
        settle_written(self, launch, arg, begin, end);
    }
    self->checked_launch = launch->id;
    return status;
}
