/* SPDX-License-Identifier: MIT */
/*
 * The application's end of an item table (protocol/item_table.h). Statuses are written when the
 * job lands, or, if it does not since its pool is broken, when it is collected. An item counts as
 * done only in a job that has landed: then its outputs are where they belong.
 */
#include "patterns/item_statuses.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pool/pool.h"

typedef struct item_statuses {
    yk_completion completion;
    yk_item_table *table;
    const yk_job *job;
    uint64_t limit_ns;
    yoke_status *statuses;      /* the program's; NULL: not wanted */
    yk_item_texts *texts; /* a stream's; NULL: not wanted */
    bool has_landed;
} item_statuses;

static yoke_status statuses_begin(yk_completion *completion, yoke_pool *pool, yk_job *job,
                                  yk_error *error)
{
    item_statuses *self = (item_statuses *)completion;
    const uint64_t count = job->launch.size[job->launch.split];

    self->table = yk_arena_alloc(&pool->tables, yk_item_table_size(count), error);
    if (self->table == NULL) {
        yk_error_prefix(error, "statuses of the items: ");
        return YOKE_ENOMEM;
    }
    self->table->count = count;
    self->table->limit_ns = self->limit_ns;
    self->job = job;
    job->launch.task.items = (uint64_t)(uintptr_t)self->table;
    return YOKE_OK;
}

/* `rest`: of items that were not computed. */
static void statuses_fill(const item_statuses *self, yoke_status rest)
{
    for (uint64_t item = 0; self->statuses != NULL && item < self->table->count; item++) {
        const uint32_t record = yk_item_get(self->table, item);
        const uint32_t state = yk_item_state(record);

        self->statuses[item] = state == YK_ITEM_FAILED ? yk_item_status(record)
                               : state == YK_ITEM_DONE && self->has_landed ? YOKE_OK
                                                                           : rest;
    }
    if (self->texts != NULL) {
        memcpy(self->texts, &self->table->texts, sizeof *self->texts);
    }
}

static void statuses_land(yk_completion *completion, const yk_job *job)
{
    item_statuses *self = (item_statuses *)completion;
    const yoke_status status =
        yk_job_status(job, yk_state_generation(atomic_load(&job->state)));

    self->has_landed = true;
    /* The job's status is about items that failed, but not about the others. */
    statuses_fill(self, status == YOKE_OK || status == YOKE_EPARTIAL ? YOKE_EDAMAGED
                                                                     : status);
}

static uint64_t statuses_count_done(const yk_item_table *table)
{
    uint64_t count = 0;

    for (uint64_t item = 0; item < table->count; item++) {
        count += yk_item_state(yk_item_get(table, item)) == YK_ITEM_DONE;
    }
    return count;
}

/* If the job has not ended early: whether all items are done. */
static yoke_status statuses_collect(yk_completion *completion, yoke_pool *pool,
                                    yoke_future *future, bool well, yk_error *error)
{
    const item_statuses *self = (const item_statuses *)completion;
    const yk_item_table *table = self->table;
    uint64_t first = 0;
    const uint64_t failed = yk_item_count_failed(table, &first);
    const char *text = yk_item_explained(&table->texts, first);
    const yk_kernel *kernel = &pool->control->kernels[self->job->kernel_slot].kernel;
    char plain[80];

    (void)future;
    if (failed == 0) {
        return !well || statuses_count_done(table) == table->count
                   ? YOKE_OK
                   : yk_fail(error, YOKE_EDAMAGED,
                             "items have no status: something has written over the "
                             "pool's data");
    }
    if (text[0] == '\0') {
        yk_text_format(plain, sizeof plain, "item %llu: %s",
                       (unsigned long long)(first + self->job->launch.task.first),
                       yoke_strerror(yk_item_status(yk_item_get(table, first))));
        text = plain;
    }
    return yk_fail(error, YOKE_EPARTIAL, "%s '%s': %llu of %llu items failed; %s",
                   yk_kernel_noun(kernel), kernel->name, (unsigned long long)failed,
                   (unsigned long long)table->count, text);
}

static void statuses_drop(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    item_statuses *self = (item_statuses *)completion;

    if (future != NULL && !self->has_landed && !future->is_left) {
        statuses_fill(self, future->status);
    }
    if (self->table != NULL) {
        (void)yk_arena_free(&pool->tables, self->table, NULL);
    }
    free(self);
}

static const yk_completion_ops statuses_ops = {.begin = statuses_begin,
                                               .land = statuses_land,
                                               .collect = statuses_collect,
                                               .drop = statuses_drop};

yoke_status yk_item_statuses_attach(yk_request *request, yk_error *error)
{
    item_statuses *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    self->completion.ops = &statuses_ops;
    self->limit_ns =
        request->item_timeout > 0 ? (uint64_t)(request->item_timeout * 1e9) + 1 : 0;
    self->statuses = request->item_status;
    self->texts = request->item_texts;
    yk_completion_attach(&request->completions, &self->completion);
    return YOKE_OK;
}
