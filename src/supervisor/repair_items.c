/* SPDX-License-Identifier: MIT */
#include "supervisor/repair_items.h"

#include <stdio.h>

#include "base/bits.h"
#include "base/clock.h"
#include "protocol/item_table.h"

/* How often time limits are checked at most. */
static const uint64_t min_check_ns = YK_NS_PER_MS;

static void items_fail(yk_job *job, uint64_t item, yoke_status status, const char *text)
{
    yk_item_table *table = yk_item_table_of(&job->launch);

    yk_item_set(table, item, YK_ITEM_FAILED, 0, status);
    yk_item_explain(table, item, "item %llu: %s",
                    (unsigned long long)(item + job->launch.task.first), text);
}

/* An item that the worker was in. Whether it has failed. */
static bool items_strike(yk_job *job, const yk_worker *worker, uint64_t item,
                         const yk_item_death *death)
{
    yk_item_table *table = yk_item_table_of(&job->launch);
    const bool was_overdue = worker->overdue_since != 0;
    const uint32_t strikes = yk_item_strikes(yk_item_get(table, item)) +
                             (was_overdue ? 0 : death->weight);
    char text[YK_ITEM_TEXT_BYTES];

    if (was_overdue && atomic_load(&worker->item_since) == worker->overdue_since) {
        (void)snprintf(text, sizeof text,
                       "it ran past the time limit of %g s on %s (worker killed)",
                       1e-9 * (double)table->limit_ns, worker->name);
        items_fail(job, item, YOKE_EDEADLINE, text);
        return true;
    }
    if (strikes >= death->maximum) {
        (void)snprintf(text, sizeof text, "it crashed every worker that ran it (worker %s)",
                       death->how);
        items_fail(job, item, YOKE_ECRASHED, text);
        return true;
    }
    yk_item_set(table, item, YK_ITEM_OPEN, strikes, YOKE_OK);
    return false;
}

yk_item_verdict yk_repair_items(yk_control *control, yk_job_ref ref,
                                const yk_item_death *death)
{
    yk_job *job = yk_job_at(control, ref);
    yk_item_table *table = yk_item_table_of(&job->launch);
    yk_item_verdict verdict = YK_ITEMS_UNTOUCHED;
    const uint64_t end = yk_min(death->end, table->count);
    bool any_failed = false;

    for (uint64_t item = death->begin; item < end; item++) {
        const uint32_t record = yk_item_get(table, item);
        const uint32_t state = yk_item_state(record);

        if (state == YK_ITEM_STARTED) {
            verdict = items_strike(job, &control->workers[death->slot], item, death)
                          ? YK_ITEMS_FAILED
                          : YK_ITEMS_BLAMED;
        } else if (state == YK_ITEM_DONE && job->saves != 0) {
            yk_item_set(table, item, YK_ITEM_OPEN, 0, YOKE_OK); /* its bytes were put back */
        }
        any_failed |= state == YK_ITEM_FAILED; /* the worker may have died before it said so */
    }
    if (any_failed || verdict == YK_ITEMS_FAILED) {
        atomic_store(&job->failed_tiles_status, (uint32_t)-YOKE_EPARTIAL);
    }
    /* An item that a function has left by longjmp() is done with: that is progress. */
    return verdict == YK_ITEMS_UNTOUCHED && any_failed ? YK_ITEMS_FAILED : verdict;
}

void yk_repair_fail_items(yk_control *control, yk_job_ref ref, const yk_item_death *death,
                          const char *why)
{
    yk_job *job = yk_job_at(control, ref);
    const uint64_t end = yk_min(death->end, yk_item_table_of(&job->launch)->count);
    char text[YK_ITEM_TEXT_BYTES];

    (void)snprintf(text, sizeof text, "%s (worker %s)", why, death->how);
    for (uint64_t item = death->begin; item < end; item++) {
        items_fail(job, item, YOKE_ECRASHED, text);
    }
    atomic_store(&job->failed_tiles_status, (uint32_t)-YOKE_EPARTIAL);
}

/* When the item that a worker is in is overdue; UINT64_MAX: it is in none of this job. */
static uint64_t items_due(const yk_worker *worker, uint64_t active, uint64_t limit_ns,
                          uint64_t *since)
{
    /* Between two equal readings of `active` the worker was in no other job. */
    if (atomic_load(&worker->active) != active) {
        return UINT64_MAX;
    }
    *since = atomic_load(&worker->item_since);
    return *since == 0 || atomic_load(&worker->active) != active ? UINT64_MAX
                                                                  : *since + limit_ns;
}

uint64_t yk_repair_item_limits(yk_control *control, yk_job_ref ref,
                               void (*overdue)(uint32_t slot, void *context),
                               void *context)
{
    const yk_item_table *table = yk_item_table_of(&yk_job_at(control, ref)->launch);
    const uint64_t active = yk_active_pack(ref.slot, ref.generation);
    const uint32_t count = yk_worker_count(control);
    const uint64_t now = yk_clock_ns();
    uint64_t next;

    if (table == NULL || table->limit_ns == 0) {
        return UINT64_MAX;
    }
    next = now + table->limit_ns; /* of what starts from here on */
    for (uint32_t slot = 0; slot < count; slot++) {
        yk_worker *worker = &control->workers[slot];
        uint64_t since = 0;
        const uint64_t due = items_due(worker, active, table->limit_ns, &since);

        if (now >= due && worker->overdue_since == 0) {
            worker->overdue_since = since;
            overdue(slot, context);
        } else {
            next = yk_min(next, due);
        }
    }
    return yk_max(next, now + min_check_ns);
}
