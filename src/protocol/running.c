/* SPDX-License-Identifier: MIT */
#include "protocol/running.h"

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/item_table.h"

enum { MAX_SHOWN = 3 };

/* What one worker computes in one lane. */
typedef struct running_items {
    uint64_t begin;
    uint64_t end;
    uint64_t since_ns;
    uint32_t slot;
} running_items;

typedef struct running_list {
    running_items longest[MAX_SHOWN]; /* in order */
    uint32_t count;                   /* of all */
} running_list;

static void running_add(running_list *list, running_items items)
{
    const uint32_t shown = (uint32_t)yk_min(list->count, MAX_SHOWN);
    uint32_t place = shown;

    while (place > 0 && list->longest[place - 1].since_ns > items.since_ns) {
        place--;
    }
    for (uint32_t i = (uint32_t)yk_min(shown, MAX_SHOWN - 1); i > place; i--) {
        list->longest[i] = list->longest[i - 1];
    }
    if (place < MAX_SHOWN) {
        list->longest[place] = items;
    }
    list->count++;
}

/* A worker reads the clock between two chunks, unless they are very short. */
static running_items running_chunk(const yk_job *job, const yk_worker *worker,
                                   yk_tiles tiles)
{
    const uint64_t first = job->launch.begin[job->launch.split];
    running_items items = {.since_ns = yk_max(atomic_load(&worker->checked_ns),
                                              atomic_load(&job->ready_ns))};

    yk_tiling_items(&job->tiling, tiles.begin, tiles.end, &items.begin, &items.end);
    items.begin += first;
    items.end += first;
    return items;
}

/* In a job whose items each have a status: the one that has begun. */
static void running_find_item(const yk_job *job, const yk_worker *worker,
                              running_items *items)
{
    const yk_item_table *table = yk_item_table_of(&job->launch);
    const uint64_t since = atomic_load(&worker->item_since);
    const uint64_t end = table != NULL ? yk_min(items->end, table->count) : 0;

    for (uint64_t item = items->begin; since != 0 && item < end; item++) {
        if (yk_item_state(yk_item_get(table, item)) == YK_ITEM_STARTED) {
            items->begin = item;
            items->end = item + 1;
            items->since_ns = since;
            return;
        }
    }
}

/* Between two equal readings of `active` the worker was in no other job. */
static void running_look(const yk_control *control, yk_job_ref ref, uint32_t slot,
                         running_list *list)
{
    const uint64_t active = yk_active_pack(ref.slot, ref.generation);
    const yk_worker *worker = &control->workers[slot];
    const yk_job *job = &control->jobs[ref.slot];

    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        const bool was_active = atomic_load(&worker->active) == active;
        const yk_claim claim = yk_claim_unpack(atomic_load(&worker->claims[lane]));
        running_items items;

        if (!was_active || claim.stage != YK_CLAIM_RUNNING) {
            continue;
        }
        items = running_chunk(job, worker, claim.tiles);
        items.slot = slot;
        running_find_item(job, worker, &items);
        if (atomic_load(&worker->active) == active) {
            running_add(list, items);
        }
    }
}

static void append_running(const yk_control *control, const yk_job *job,
                           const running_items *items, char *text, size_t bytes)
{
    const unsigned long long first = items->begin + job->launch.task.first;
    const unsigned long long end = items->end + job->launch.task.first;
    const uint64_t now = yk_clock_ns();
    const bool single = end - first == 1;

    if (single) {
        yk_text_append(text, bytes, "item %llu has", first);
    } else {
        yk_text_append(text, bytes, "items [%llu, %llu) have", first, end);
    }
    yk_text_append(text, bytes, " been running on %s for %.1f s",
                   items->slot == YK_CALLER ? "the calling thread"
                                            : control->workers[items->slot].name,
                   now > items->since_ns ? 1e-9 * (double)(now - items->since_ns) : 0);
}

void yk_running_append(const yk_control *control, yk_job_ref ref, char *text, size_t bytes)
{
    const yk_job *job = &control->jobs[ref.slot];
    running_list list = {.count = 0};

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(control, i)) {
        running_look(control, ref, i, &list);
    }
    for (uint32_t i = 0; i < yk_min(list.count, MAX_SHOWN); i++) {
        yk_text_append(text, bytes, "%s", i == 0 ? "; " : ", ");
        append_running(control, job, &list.longest[i], text, bytes);
    }
    if (list.count > MAX_SHOWN) {
        yk_text_append(text, bytes, ", and %u more", list.count - MAX_SHOWN);
    }
}
