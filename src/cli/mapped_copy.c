/* SPDX-License-Identifier: MIT */
#include "cli/mapped_copy.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

static sigjmp_buf page_lost;

static void on_bus_error(int number)
{
    siglongjmp(page_lost, number);
}

bool yk_mapped_copy(void *to, const void *from, size_t bytes)
{
    struct sigaction action;
    struct sigaction previous;
    bool good;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_bus_error;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, &previous);
    good = sigsetjmp(page_lost, 1) == 0;
    if (good) {
        memcpy(to, from, bytes);
    }
    (void)sigaction(SIGBUS, &previous, NULL);
    return good;
}
