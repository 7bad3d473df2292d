/* SPDX-License-Identifier: MIT */
/*
 * Failures that no call has reported. They are found when a future's last reference goes: then
 * the future cannot be asked any more, and the job has been collected. The failure of the job
 * that was submitted first is kept, but one that only follows from another (YOKE_EDEPENDENCY)
 * gives way to a cause.
 */
#include "pool/unread.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "pool/pool.h"

static bool is_cause(yoke_status status)
{
    return status != YOKE_EDEPENDENCY;
}

static bool comes_first(yoke_status status, uint64_t sequence, const yk_unread *kept)
{
    if (kept->status == YOKE_OK || is_cause(status) != is_cause(kept->status)) {
        return kept->status == YOKE_OK || is_cause(status);
    }
    return sequence < kept->sequence;
}

static void unread_keep_locked(yoke_pool *pool, yoke_status status, uint64_t sequence,
                               const char *text)
{
    yk_unread *kept = &pool->unread;

    kept->others += kept->status != YOKE_OK;
    if (comes_first(status, sequence, kept)) {
        free(kept->text);
        kept->text = text != NULL ? strdup(text) : NULL;
        kept->status = status;
        kept->sequence = sequence;
    }
}

/* That the pool broke is what every later call says. */
static bool is_to_be_kept(yoke_status status)
{
    return status != YOKE_OK && status != YOKE_ECANCELED && status != YOKE_EBROKEN;
}

void yk_unread_note_locked(yoke_pool *pool, const yoke_future *future)
{
    if (future->collected && !future->told && is_to_be_kept(future->status)) {
        unread_keep_locked(pool, future->status, future->sequence, future->error);
    }
}

void yk_unread_note_text_locked(yoke_pool *pool, yoke_status status, const char *text)
{
    unread_keep_locked(pool, status, UINT64_MAX, text);
}

/* What kernels print is the program's output. */
static void note_lost_output_locked(yoke_pool *pool)
{
    const int problem = (int)atomic_exchange(&pool->control->output_errno, 0);
    char text[256];

    if (problem != 0) {
        yk_text_format(
            text, sizeof text,
            "what a worker printed could not be written to standard output: %s",
            strerror(problem));
        yk_unread_note_text_locked(pool, YOKE_ESYSTEM, text);
    }
}

yoke_status yk_unread_take(yoke_pool *pool, yk_error *error)
{
    yk_unread taken;

    yk_pool_lock(pool);
    note_lost_output_locked(pool);
    taken = pool->unread;
    pool->unread = (yk_unread){.status = YOKE_OK};
    yk_spoiled_forget_orphans_locked(pool);
    yk_pool_unlock(pool);
    if (taken.status == YOKE_OK) {
        return YOKE_OK;
    }
    yk_fail(error, taken.status, "%s",
            taken.text != NULL ? taken.text : yk_status_text(taken.status));
    if (taken.others > 0) {
        yk_error_append(error, "; %llu more unreported failure%s",
                        (unsigned long long)taken.others, taken.others > 1 ? "s" : "");
    }
    free(taken.text);
    return taken.status;
}
