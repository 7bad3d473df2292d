/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

/* Opened the wrong way round, so that a read from what was closed, or a write to it, still
 * fails. */
static const int directions[] = {O_WRONLY, O_RDONLY, O_RDONLY};

void yk_output_prepare(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)!open("/dev/null", directions[fd]); /* the lowest that is free */
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
}

int yk_output_finish(const char *title, int code)
{
    const bool failed_before = ferror(stdout) != 0;

    errno = 0;
    if (fflush(stdout) == 0 && !failed_before) {
        return code;
    }
    fprintf(stderr, "%s: standard output: %s\n", title,
            errno != 0 ? strerror(errno) : "it could not be written");
    return code == YK_CLI_OK ? YK_CLI_FAILED : code;
}

/* ---- the progress bar ---- */

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
