/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/interrupt.h"

/* Opened the wrong way round, so that a read from what was closed, or a write to it, still
 * fails. */
static const int directions[] = {O_WRONLY, O_RDONLY, O_RDONLY};

/* Larger than what a command prints: a write that fails is then the one at the end, whose reason
 * is known. stdio forgets that of an earlier one. */
static char output_buffer[1 << 16];

void yk_output_prepare(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)!open("/dev/null", directions[fd]); /* the lowest that is free */
        }
    }
    if (isatty(STDOUT_FILENO) == 0) {
        (void)setvbuf(stdout, output_buffer, _IOFBF, sizeof output_buffer);
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

enum { BAR_WIDTH = 40, MAX_SHOWN_WORKERS = 64, COMPILING_BYTES = 80 };

void yk_progress_init(yk_progress *progress, yoke_pool *pool, bool quiet, size_t runs)
{
    *progress = (yk_progress){.pool = pool,
                              .wanted = !quiet && isatty(STDERR_FILENO) == 1,
                              .runs = runs};
}

/* Which worker has compiled for more than a second; false: none. */
static bool describe_compiling(const yk_progress *progress, const char *what,
                               char text[COMPILING_BYTES])
{
    yoke_worker_info workers[MAX_SHOWN_WORKERS];
    const yoke_worker_info *longest = NULL;
    size_t count = 0;

    if (yoke_pool_workers(progress->pool, workers, MAX_SHOWN_WORKERS, &count) !=
        YOKE_OK) {
        return false;
    }
    for (size_t i = 0; i < count && i < MAX_SHOWN_WORKERS; i++) {
        if (workers[i].compiling > 1 &&
            (longest == NULL || workers[i].compiling > longest->compiling)) {
            longest = &workers[i];
        }
    }
    if (longest != NULL) {
        (void)snprintf(text, COMPILING_BYTES, "%s %s, %.0f s", longest->name, what,
                       longest->compiling);
    }
    return longest != NULL;
}

static void *progress_watcher(void *context)
{
    yk_progress *progress = context;
    char text[COMPILING_BYTES];
    struct timespec next;

    (void)clock_gettime(CLOCK_REALTIME, &next);
    (void)pthread_mutex_lock(&progress->lock);
    while (!progress->is_over) {
        next.tv_sec++;
        if (pthread_cond_timedwait(&progress->changed, &progress->lock, &next) != 0 &&
            describe_compiling(progress, "is compiling", text)) {
            fprintf(stderr, "\r%s\033[K", text);
            (void)fflush(stderr);
            progress->shown = true;
        }
    }
    (void)pthread_mutex_unlock(&progress->lock);
    return NULL;
}

/* Signals are the main thread's. */
void yk_progress_watch(yk_progress *progress)
{
    if (!progress->wanted) {
        return;
    }
    progress->is_over = false;
    (void)pthread_mutex_init(&progress->lock, NULL);
    (void)pthread_cond_init(&progress->changed, NULL);
    yk_interrupt_block(true);
    progress->is_watched =
        pthread_create(&progress->watcher, NULL, progress_watcher, progress) == 0;
    yk_interrupt_block(false);
}

static void progress_end_watch(yk_progress *progress)
{
    if (progress->is_watched) {
        (void)pthread_mutex_lock(&progress->lock);
        progress->is_over = true;
        (void)pthread_cond_signal(&progress->changed);
        (void)pthread_mutex_unlock(&progress->lock);
        (void)pthread_join(progress->watcher, NULL);
        progress->is_watched = false;
    }
}

void yk_progress_show(yk_progress *progress, size_t run, double done, double seconds)
{
    char compiling[COMPILING_BYTES];
    char bar[BAR_WIDTH + 1];

    if (!progress->wanted) {
        return;
    }
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = (double)i < done * (double)BAR_WIDTH ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3.0f %%  %.1f s", bar, done * 100, seconds);
    if (progress->runs > 1) {
        fprintf(stderr, "  run %zu of %zu", run + 1, progress->runs);
    }
    if (describe_compiling(progress, "is compiling, or in a first launch",
                           compiling)) {
        fprintf(stderr, "  %s", compiling);
    }
    fputs("\033[K", stderr);
    (void)fflush(stderr);
    progress->shown = true;
}

void yk_progress_clear(yk_progress *progress)
{
    progress_end_watch(progress);
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->shown = false;
    }
}
