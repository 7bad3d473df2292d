/* SPDX-License-Identifier: MIT */
#include "sys/access.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "sys/process.h"

static_assert(sizeof(sigset_t) <= sizeof(yk_signals), "has room for a set of signals");

static yk_access_mend *mend_access;
static void *mend_context;
static struct sigaction action_before;

static yk_access_kind access_kind_of(const void *machine)
{
#if defined(__x86_64__)
    enum { WRITES = 2 };
    const ucontext_t *state = machine;

    return (state->uc_mcontext.gregs[REG_ERR] & WRITES) != 0 ? YK_ACCESS_WRITE
                                                             : YK_ACCESS_READ;
#else
    (void)machine;
    return YK_ACCESS_UNKNOWN;
#endif
}

/* Acts as if this handler were not installed. By default the process ends when the instruction
 * is tried again; a signal that another process sent is sent again. */
static void pass_on(int number, siginfo_t *info, void *machine)
{
    const struct sigaction *before = &action_before;

    if ((before->sa_flags & SA_SIGINFO) != 0) {
        before->sa_sigaction(number, info, machine);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(number);
    } else {
        yk_process_save_output();
        (void)signal(number, SIG_DFL);
        if (info->si_code <= 0) {
            (void)raise(number);
        }
    }
}

static void on_refused(int number, siginfo_t *info, void *machine)
{
    const int problem = errno;

    if (info->si_code <= 0 ||
        !mend_access(mend_context, (uint64_t)(uintptr_t)info->si_addr,
                     access_kind_of(machine))) {
        pass_on(number, info, machine);
    }
    errno = problem;
}

/* Once this handler has returned, the signal that it sends ends the process. */
static void on_end(int number)
{
    yk_process_save_output();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void yk_ends_save_output(void)
{
    static const int numbers[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL};
    struct sigaction action = {.sa_flags = SA_ONSTACK};
    struct sigaction before;

    action.sa_handler = on_end;
    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
            (void)sigaction(numbers[i], &action, NULL);
        }
    }
}

void yk_access_handle(yk_access_mend *mend, void *context)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

    mend_access = mend;
    mend_context = context;
    action.sa_sigaction = on_refused;
    (void)sigfillset(&action.sa_mask);
    (void)sigaction(SIGSEGV, &action, &action_before);
}

void yk_signals_block(yk_signals *before)
{
    sigset_t all;
    sigset_t old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    memcpy(before, &old, sizeof old);
}

void yk_signals_restore(const yk_signals *before)
{
    sigset_t old;

    memcpy(&old, before, sizeof old);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}
