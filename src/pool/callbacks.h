/* SPDX-License-Identifier: MIT */
/*
 * Functions of the program that the library calls in the program's own threads, as part of
 * the thread's own business: callbacks and sources of streams. They may make calls on the
 * pool, which call others in turn; each thread has a list of those that it is in
 * (sys/call_guard.h). An exception reaches the function that called the library.
 */
#ifndef YK_POOL_CALLBACKS_H
#define YK_POOL_CALLBACKS_H

#include <stdbool.h>

#include "sys/call_guard.h"
#include "yoke/future.h"
#include "yoke/pool.h"

/* Futures whose jobs are collected and whose callbacks are to be run, in this order. Each has a
 * reference. Under the pool's lock. */
typedef struct yk_callback_queue {
    yoke_future *first;
    yoke_future *last; /* if there is a first */
} yk_callback_queue;

/* The future's callbacks are to be run, after those that were added before. Takes a reference
 * over. */
void yk_callbacks_add_locked(yoke_pool *pool, yoke_future *future);

/* Runs callbacks of collected jobs. Inside of a callback it does nothing: the loop that called it
 * goes on. Without the lock. */
void yk_run_callbacks(yoke_pool *pool);

/* Runs a callback of a future that has ended, and then those of others that it left. */
void yk_run_callback(yoke_pool *pool, yoke_future *future, yoke_on_done *callback,
                     void *context);

/* ---- results ---- */

/*
 * A result that a function of the program makes (a completion's `make`), without the lock and by
 * one thread:
 *
 *     DUE        the job has ended well and is collected
 *     MAKING     by one thread, which has claimed it
 *     MADE       the result is there; or the function failed, and so has the job
 */

/* Whether it is due, and now the calling thread's to make. */
bool yk_result_claim_locked(yoke_future *future);

/* Whether another thread makes it, or will. */
bool yk_result_is_anothers_locked(const yoke_future *future);

/* Makes what was claimed: calls the program's function, and writes the result. Without the
 * lock; the future has a reference. */
void yk_result_make(yoke_future *future);

/* Whether the thread is in the function that makes this future's result. */
bool yk_result_is_making(const yoke_future *future);

/* ---- functions of the program ---- */

/* Calls function(context), which calls the program's. `defers`: callbacks of the pool wait for
 * its end, since those that make calls must not pile up on the stack. */
void yk_call_out(yoke_pool *pool, bool defers, yk_guarded *function, void *context);

/* For functions that are called in another way: between these two the thread is inside of
 * one. */
void yk_user_callback_begin(yoke_pool *pool, bool defers);
void yk_user_callback_end(void);

/* Whether the thread is in a function that a call on this pool has called: then the pool
 * cannot be closed. */
bool yk_is_in_user_callback(const yoke_pool *pool);

/* Whether it is in one that callbacks of this pool wait for. */
bool yk_callbacks_are_deferred(const yoke_pool *pool);

#endif
