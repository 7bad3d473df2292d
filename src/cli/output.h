/* SPDX-License-Identifier: MIT */
/* Standard output: a failure to write it is a failure of the command. */
#ifndef YK_CLI_OUTPUT_H
#define YK_CLI_OUTPUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "yoke/pool.h"

/* To be called first. Files that are opened later then do not take the place of a closed standard
 * stream, and a write to a pipe without a reader fails instead of ending the program. */
void yk_output_prepare(void);

/* To be called last: writes out what was printed, and says so if it cannot be written. The
 * exit code: `code`, or YK_CLI_FAILED in place of YK_CLI_OK. */
int yk_output_finish(const char *title, int code);

/* ---- the progress bar ---- */

/* A progress bar on standard error, if that is a terminal. It also says which worker has been
 * compiling for more than a second. */

typedef struct yk_progress {
    yoke_pool *pool;
    bool wanted;
    bool shown;
    size_t runs;
    /* the thread that watches while the main thread waits; guarded by the lock */
    bool is_watched;
    bool is_over;
    pthread_t watcher;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} yk_progress;

void yk_progress_init(yk_progress *progress, yoke_pool *pool, bool quiet, size_t runs);

/* Until it is cleared, compilers that take long are shown, while the caller waits for one. */
void yk_progress_watch(yk_progress *progress);

/* run counts from 0; done is the share of it that is done, 0 to 1. */
void yk_progress_show(yk_progress *progress, size_t run, double done, double seconds);

/* Takes the bar off the screen. */
void yk_progress_clear(yk_progress *progress);

#endif
