/* SPDX-License-Identifier: MIT */
/* Failures that no call has reported. */
#ifndef YK_POOL_UNREAD_H
#define YK_POOL_UNREAD_H

#include <stdint.h>

#include "base/error.h"
#include "yoke/future.h"
#include "yoke/pool.h"

/* The first failure that was not reported and that no future can report. The next wait for all
 * jobs, or the end of the pool, reports it. Under the pool's lock. */
typedef struct yk_unread {
    yoke_status status; /* YOKE_OK: there is none */
    uint64_t sequence;  /* of the job that failed */
    uint64_t others;    /* how many failed beside it */
    char *text;         /* NULL: there was no memory for it */
} yk_unread;

/* Keeps the failure of a job that is collected, unless it was reported or the program asked for it
 * (YOKE_ECANCELED). */
void yk_unread_note_locked(yoke_pool *pool, const yoke_future *future);

/* Keeps a failure that belongs to no job. */
void yk_unread_note_text_locked(yoke_pool *pool, yoke_status status, const char *text);

/* Returns and forgets the failure that is kept; YOKE_OK: there is none. Takes the lock. */
yoke_status yk_unread_take(yoke_pool *pool, yk_error *error);

#endif
