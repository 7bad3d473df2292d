/* SPDX-License-Identifier: MIT */
/* A progress bar on standard error, if that is a terminal. */
#ifndef YK_CLI_PROGRESS_H
#define YK_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct yk_progress {
    bool wanted;
    bool shown;
    size_t runs;
} yk_progress;

void yk_progress_init(yk_progress *progress, bool quiet, size_t runs);

/* run counts from 0; done is the share of it that is done, 0 to 1. */
void yk_progress_show(yk_progress *progress, size_t run, double done, double seconds);

/* Takes the bar off the screen. */
void yk_progress_clear(yk_progress *progress);

#endif
