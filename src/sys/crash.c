/* SPDX-License-Identifier: MIT */
#include "sys/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

noreturn void yk_crash(void)
{
    sigset_t only;

    (void)signal(SIGSEGV, SIG_DFL);
    (void)sigemptyset(&only);
    (void)sigaddset(&only, SIGSEGV);
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL);
    (void)raise(SIGSEGV);
    abort();
}

noreturn void yk_hang(void)
{
    for (;;) {
        (void)pause();
    }
}
