/* SPDX-License-Identifier: MIT */
#include "sys/mute.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/wakeup.h"

/* What standard output was; -1: it is not muted. Kept open, and so is what it goes to. */
static int kept = -1;
static int nowhere = -1;

void yk_output_mute(void)
{
    (void)fflush(stdout);
    if (nowhere < 0) {
        nowhere = yk_fd_move_up(open("/dev/null", O_WRONLY | O_CLOEXEC));
    }
    kept = yk_fd_move_up(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (nowhere >= 0 && kept >= 0) {
        (void)dup2(nowhere, STDOUT_FILENO);
    }
}

void yk_output_unmute(void)
{
    if (kept >= 0) {
        (void)fflush(stdout);
        (void)dup2(kept, STDOUT_FILENO);
        yk_fd_close(&kept);
    }
}
