/* SPDX-License-Identifier: MIT */
#include "sys/fpe_handler.h"

#include <signal.h>

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
