/* SPDX-License-Identifier: MIT */
/* Futures, and the table of jobs that are not collected. */
#ifndef YK_POOL_FUTURES_H
#define YK_POOL_FUTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "launch/request.h"
#include "pool/completion.h"
#include "pool/order.h"
#include "protocol/control.h"
#include "protocol/job.h"
#include "sys/handle.h"
#include "yoke/future.h"
#include "yoke/kernel.h"
#include "yoke/pool.h"
#include "yoke/task.h"

/* Jobs and futures. Under the pool's lock. */
typedef struct yk_job_table {
    yoke_future *futures_by_slot[YK_MAX_JOBS]; /* of jobs that are not collected */
    uint16_t slots_by_age[YK_MAX_JOBS];        /* their slots in order of submission */
    uint32_t count;
    uint32_t landing;       /* jobs whose results are being copied without the lock */
    uint32_t filling;       /* submissions that fill copies without the lock */
    uint32_t adding;        /* jobs that add into arrays when they land, from submission on */
    uint64_t collected;     /* jobs so far */
    bool is_stalled; /* a submission has waited in vain, and no job was collected since */
    uint64_t next_sequence; /* of jobs */
    yoke_future *futures;   /* all that have a reference */
} yk_job_table;

/* Whether a future's result is there once its job has been collected. */
typedef enum yk_result_state {
    YK_RESULT_MADE,  /* at once, if no function is to be called */
    YK_RESULT_DUE,   /* the program's function is to be called */
    YK_RESULT_MAKING /* a thread is in it */
} yk_result_state;

/* A callback that was set on a future. */
typedef struct yk_later_callback {
    yoke_on_done *function;
    void *context;
    struct yk_later_callback *next;
} yk_later_callback;

/* Under the pool's lock while there is a pool, except for what never changes. The handle is valid
 * until the user destroys it; if the user has none, callbacks see one that is. */
struct yoke_future {
    yk_handle handle;
    yoke_pool *pool;     /* NULL: the pool is gone */
    pid_t owner;         /* of the pool */
    unsigned references; /* the user's, the pool's, and one of each call that waits for it */
    bool is_users;       /* one is the user's */
    bool is_left;  /* the call that waited for it was left: its results have no place */
    bool lands;    /* a completion has something to do before collection */
    bool lands_failed; /* ... also if the job has failed: some items may be done */
    bool adds;       /* ... and adds into an array then */
    bool is_landing; /* a thread is in it: the job is that thread's to collect */
    bool
        is_reserved; /* the submission fills copies: its slot, arrays and kernel are in use */
    bool collected;
    bool is_seen;      /* yoke_pool_poll() has counted it, and left it where it is */
    bool is_lost;      /* its result went with the pool */
    _Atomic bool told; /* it was reported to the program how the job ended */
    uint64_t sequence; /* the job's, in order of submission */
    yk_order_place place; /* in a run of a graph */
    uint64_t family;   /* failures that follow from one another have the same */
    bool is_forgiven;  /* a failure of the family was reported */
    double progress;   /* when it was collected */
    yk_job_ref ref;    /* while not collected */
    yoke_status status;
    char *error; /* NULL: none */
    yoke_kernel *kernel;
    void *result; /* memory of the pool that was not taken yet; NULL: none */
    size_t result_bytes;
    yoke_on_done *on_success; /* given at submission; NULL: none */
    yoke_on_done *on_error;
    void *on_context;
    yk_completion submitted; /* the submission's own: the first of all */
    yk_completion *completions;
    uint64_t scratch_args; /* as in its request */
    yk_result_state result_state;
    yk_later_callback *later; /* given later, in this order */
    yoke_future *next_finished; /* in the queue of callbacks */
    yoke_future *next;          /* in the table's list */
    yoke_future **link;         /* what points to it there */
};

/* With one reference: the user's, or the caller's. */
yoke_future *yk_future_create_locked(yoke_pool *pool, const yk_request *request);

/* Gives the lock up until something in the pool changes, or for a while. */
void yk_jobs_wait_change_locked(yoke_pool *pool);

/* ---- references ---- */

/* Inside of its pool, which is returned; NULL: the pool is gone. */
yoke_pool *yk_future_enter(yoke_future *future);

/* The pool ends: its futures stand for themselves from here on. False if a thread is inside. */
bool yk_futures_detach(yoke_pool *pool);

/* One reference more, and inside of its pool, which is returned; NULL: the pool is gone. Takes
 * the lock. Both are given back if the call between these two is left. */
yoke_pool *yk_future_hold(yoke_future *future);
void yk_future_unhold(yoke_future *future, yoke_pool *pool);

/* The same around a call that is the only one to have the future: if it is left, the job is
 * cancelled, and nothing of it is written to the program's memory any more. */
void yk_future_hold_own(yoke_future *future);

/* Cancels the job; nothing of it is written to the program's memory any more. */
void yk_future_forsake(yoke_future *future);

/* Ends yk_future_hold_own() as if the call was left: its job has not ended, and is not waited for
 * any longer. */
void yk_future_abandon(yoke_future *future);

/* One reference fewer. Takes the lock, if there is a pool. */
void yk_future_let_go(yoke_future *future);

/* The same of a future that the program did not want: the job goes on without. Also beside the end
 * of its pool. */
void yk_future_disown(yoke_future *future);

/* One reference fewer. The lock is held if there is a pool. */
void yk_future_release_locked(yoke_future *future);

/* ---- what the program asks: these take the lock, if there is a pool ---- */

double yk_future_get_progress(yoke_future *future);
bool yk_future_get_running(yoke_future *future);

/* The failure's text, "" if there is none. It lives as long as the future. */
const char *yk_future_get_error(yoke_future *future);

/* Runs the callback when the job has ended, after those set before; at once if it has.
 * YOKE_ENOMEM. */
yoke_status yk_future_add_callback(yoke_future *future, yoke_on_done *callback,
                                   void *context);

/* Hands over the result of a job that has ended well. Inside of the pool, with a reference of
 * the caller's; `bytes` may be NULL. */
void yk_future_take_result(yoke_pool *pool, yoke_future *future, void **result,
                           size_t *bytes);

/* Ends the user's reference, and the callbacks. */
void yk_future_give_up(yoke_future *future);

/* ---- waiting ---- */

/* Asks the job to end early. Takes the lock. */
void yk_future_cancel(yoke_future *future);

/* Whether its job has ended, with all that belongs to it. */
bool yk_future_is_over_locked(const yoke_future *future);

#endif
