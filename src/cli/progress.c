/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_WIDTH = 40 };

void yk_progress_init(yk_progress *progress, bool quiet, size_t runs)
{
    progress->wanted = !quiet && isatty(STDERR_FILENO) == 1;
    progress->shown = false;
    progress->runs = runs;
}

void yk_progress_show(yk_progress *progress, size_t run, double done, double seconds)
{
    char bar[BAR_WIDTH + 1];

    if (!progress->wanted) {
        return;
    }
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = (double)i < done * BAR_WIDTH ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%  %.1f s", bar, done * 100, seconds);
    if (progress->runs > 1) {
        fprintf(stderr, "  run %zu of %zu", run + 1, progress->runs);
    }
    fputs("\033[K", stderr);
    (void)fflush(stderr);
    progress->shown = true;
}

void yk_progress_clear(yk_progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->shown = false;
    }
}
