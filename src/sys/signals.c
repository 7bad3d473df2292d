/* SPDX-License-Identifier: MIT */
#include "sys/signals.h"

#include <signal.h>
#include <stdlib.h>
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

/* ---- SIGFPE ---- */

static struct sigaction of_driver_action;
static bool is_kept;
static bool is_in_force;

void yk_fpe_handler_keep(void)
{
    const struct sigaction none = {.sa_handler = SIG_DFL};

    is_kept = sigaction(SIGFPE, &none, &of_driver_action) == 0;
    is_in_force = false;
}

void yk_fpe_handler_use(bool of_driver)
{
    const struct sigaction none = {.sa_handler = SIG_DFL};

    if (is_kept && of_driver != is_in_force) {
        (void)sigaction(SIGFPE, of_driver ? &of_driver_action : &none, NULL);
        is_in_force = of_driver;
    }
}
