/* SPDX-License-Identifier: MIT */
/* A chunk of a job that goes on past items that fail: the worker calls its device item by item,
 * and records how each has ended. The protocol is in item_table.h. */
#include "base/bits.h"
#include "base/clock.h"
#include "protocol/fault_point.h"
#include "protocol/item_table.h"
#include "worker/worker.h"

/* Each start has another time, so that the supervisor can tell them apart. */
static uint64_t items_now(const yk_worker_self *self)
{
    return yk_max(yk_clock_ns(), self->item_began_ns + 1);
}

static void items_begin(yk_worker_self *self, yk_item_table *table, uint64_t item)
{
    self->item_began_ns = items_now(self);
    atomic_store(&self->worker->item_since, self->item_began_ns);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_ITEM_SINCE);
    yk_item_set(table, item, YK_ITEM_STARTED, yk_item_strikes(yk_item_get(table, item)),
                YOKE_OK);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_ITEM_STARTED);
}

void yk_worker_fail_item(yk_worker_self *self, yk_job_ref ref, uint64_t item)
{
    yk_job *job = yk_job_at(self->control, ref);
    yk_item_table *table = yk_item_table_of(&job->launch);

    yk_item_set(table, item, YK_ITEM_FAILED, 0, YOKE_EKERNEL);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_ITEM_FAILED);
    yk_item_explain(table, item, "%s", yk_error_text(&self->error));
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_ITEM_EXPLAINED);
    /* Jobs that need this one see it when this one has ended: the claim is not committed yet. */
    atomic_store(&job->failed_tiles_status, (uint32_t)-YOKE_EPARTIAL);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_ITEM_COUNTED);
}

/* False: the job was stopped. */
static bool items_run_one(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                          unsigned lane, const yk_flight *one)
{
    yk_item_table *table = yk_item_table_of(&yk_job_at(self->control, ref)->launch);
    yoke_status status;
    bool goes_on = true;

    items_begin(self, table, one->begin);
    yk_error_clear(&self->error);
    status = yk_worker_start_on(self, ref, device, lane, one);
    if (status == YOKE_OK) {
        status = device->ops->finish(device, lane, &self->error);
    }
    yk_worker_flush_output(self); /* before it is final: then it is not run again */
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_ITEM_CALLED);
    if (status == YOKE_OK) {
        yk_item_set(table, one->begin, YK_ITEM_DONE, 0, YOKE_OK);
        YK_FAULT_POINT(self->control, self->worker, YK_FAULT_ITEM_DONE);
    } else if (status == YOKE_EKERNEL) {
        yk_worker_fail_item(self, ref, one->begin);
    } else {
        goes_on = yk_worker_accept(self, ref, status, one);
        yk_item_set(table, one->begin, YK_ITEM_OPEN, 0, YOKE_OK);
    }
    atomic_store(&self->worker->item_since, 0);
    return goes_on;
}

bool yk_worker_run_items(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                         unsigned lane, const yk_flight *chunk)
{
    const yk_item_table *table =
        yk_item_table_of(&yk_job_at(self->control, ref)->launch);
    yk_flight one = *chunk;

    for (uint64_t item = chunk->begin; item < chunk->end; item++) {
        one.begin = item;
        one.end = item + 1;
        if (!yk_item_is_final(yk_item_get(table, item)) &&
            !items_run_one(self, ref, device, lane, &one)) {
            return false;
        }
    }
    return true;
}
