/* SPDX-License-Identifier: MIT */
#include "sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

noreturn void yk_crash_now(void)
{
    sigset_t only;

    (void)signal(SIGSEGV, SIG_DFL);
    (void)sigemptyset(&only);
    (void)sigaddset(&only, SIGSEGV);
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL);
    (void)raise(SIGSEGV);
    abort();
}

noreturn void yk_hang_now(void)
{
    for (;;) {
        (void)pause();
    }
}

void yk_signals_block_requests(void)
{
    static const int requests[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR2};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        (void)sigaddset(&set, requests[i]);
    }
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* ---- SIGFPE ---- */

static struct sigaction of_driver_action;
static struct sigaction of_functions_action;
static bool is_kept;
static bool is_in_force;

void yk_fpe_handler_note(void)
{
    (void)sigaction(SIGFPE, NULL, &of_functions_action);
}

void yk_fpe_handler_keep(void)
{
    is_kept = sigaction(SIGFPE, &of_functions_action, &of_driver_action) == 0;
    is_in_force = false;
}

void yk_fpe_handler_use(bool of_driver)
{
    if (is_kept && of_driver != is_in_force) {
        (void)sigaction(SIGFPE, of_driver ? &of_driver_action : &of_functions_action,
                        NULL);
        is_in_force = of_driver;
    }
}

/* ---- standard error ---- */

/* A write behind RLIMIT_FSIZE would raise SIGXFSZ in the compiler. */
static bool is_size_unlimited(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

void yk_capture_start(yk_capture *capture)
{
    capture->original = -1;
    if (capture->file < 0 || !is_size_unlimited() ||
        ftruncate(capture->file, (off_t)capture->offset) != 0 ||
        lseek(capture->file, (off_t)capture->offset, SEEK_SET) < 0) {
        return;
    }
    (void)fflush(stderr);
    capture->original = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (capture->original >= 0) {
        (void)dup2(capture->file, STDERR_FILENO);
    }
}

/* Writes the text to standard error, if it is open. */
static void capture_replay(int file, uint64_t offset)
{
    char part[4096];
    ssize_t count;

    while ((count = pread(file, part, sizeof part, (off_t)offset)) > 0 &&
           write(STDERR_FILENO, part, (size_t)count) == count) {
        offset += (uint64_t)count;
    }
}

void yk_capture_stop(yk_capture *capture)
{
    if (capture->file < 0 || capture->original < 0) {
        return;
    }
    (void)fflush(stderr);
    (void)dup2(capture->original, STDERR_FILENO);
    (void)close(capture->original);
    capture->original = -1;
    capture_replay(capture->file, capture->offset);
    (void)!ftruncate(capture->file, (off_t)capture->offset);
}

void yk_capture_collect(int file, uint64_t offset, char *text, size_t bytes)
{
    struct stat status;
    uint64_t length;
    ssize_t count;
    char *line;

    text[0] = '\0';
    if (file < 0 || fstat(file, &status) != 0 || (uint64_t)status.st_size <= offset) {
        return;
    }
    length = (uint64_t)status.st_size - offset;
    length = length < bytes - 1 ? length : bytes - 1;
    count = pread(file, text, length, status.st_size - (off_t)length);
    text[count > 0 ? count : 0] = '\0';
    line = (uint64_t)status.st_size - offset > length ? strchr(text, '\n') : NULL;
    if (line != NULL && line[1] != '\0') {
        memmove(text, line + 1, strlen(line));
    }
    for (size_t i = strlen(text); i > 0 && text[i - 1] == '\n'; i--) {
        text[i - 1] = '\0';
    }
    capture_replay(file, offset);
    (void)!ftruncate(file, (off_t)offset);
}
