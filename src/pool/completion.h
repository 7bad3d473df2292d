/* SPDX-License-Identifier: MIT */
/*
 * What is to be done at the end of a job. A call attaches completions to its request; they are
 * the submission's from then on, which drops them if it fails, and the future's once the job is
 * submitted. Neither knows what they do, so a new primitive brings its own.
 *
 *     begin      submission: the slot is found and the launch filled in      locked
 *     land       the job has ended, mostly well, and keeps its slot until then       one thread, no lock
 *     collect    collection, in the order in which they were attached        locked
 *     make       a thread of the program, which has claimed the result       calls the program
 *     made       the same thread, if the program's function has returned     locked
 *     drop       submission failed; or collection, or what was made is there  locked
 */
#ifndef YK_POOL_COMPLETION_H
#define YK_POOL_COMPLETION_H

#include <stdbool.h>

#include "base/error.h"
#include "launch/request.h"
#include "protocol/control.h"
#include "yoke/future.h"
#include "yoke/pool.h"

typedef struct yk_completion yk_completion;

typedef struct yk_completion_ops {
    /* NULL: nothing. An error is the submission's. */
    yoke_status (*begin)(yk_completion *self, yoke_pool *pool, yk_job *job,
                         yk_error *error);

    /* NULL: nothing. The job has ended well, or goes on past items that fail, and is not collected
     * yet: copies of its results are made. Without the lock, by one thread; does not call the program. */
    void (*land)(yk_completion *self, const yk_job *job);

    /* NULL: nothing. `well`: the job has succeeded, and its results have a place in the program.
     * An error is the job's: it has failed then. If the job has failed with the same status and
     * without a text, the text is its. */
    yoke_status (*collect)(yk_completion *self, yoke_pool *pool, yoke_future *future,
                           bool well, yk_error *error);

    /* NULL: nothing. After the job was collected and has ended well: calls a function of the
     * program, as yk_user_call() does. False if it has failed. */
    bool (*make)(yk_completion *self, yk_error *error);
    const char *maker; /* the function in words: "the function that ..." */

    /* It has returned, and the result has a place in the program. */
    void (*made)(yk_completion *self);

    /* Gives back what it has, and itself. The future: NULL if the submission failed. */
    void (*drop)(yk_completion *self, yoke_pool *pool, yoke_future *future);
} yk_completion_ops;

struct yk_completion {
    const yk_completion_ops *ops;
    yk_completion *next;
    bool by_caller; /* only the thread that waits for the job makes it */
};

/* After those that are attached; `link` is where the first one is. */
static inline void yk_completion_attach(yk_completion **link, yk_completion *completion)
{
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = completion;
}

/* Drops all: the submission failed. With the lock. */
static inline void yk_completions_drop(yk_completion *first, yoke_pool *pool,
                                       yoke_future *future)
{
    while (first != NULL) {
        yk_completion *next = first->next;

        first->ops->drop(first, pool, future);
        first = next;
    }
}

#endif
