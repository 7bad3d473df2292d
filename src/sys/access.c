/* SPDX-License-Identifier: MIT */
#include "sys/access.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "sys/process.h"

static_assert(sizeof(sigset_t) <= sizeof(yk_signals), "has room for a set of signals");

static const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { HANDLED = sizeof handled / sizeof handled[0] };

/* Beside what the system needs: the unwinder takes a few KiB. */
enum { HANDLER_STACK_BYTES = 64 << 10 };

/* How long noting may take, in seconds. The unwinder might wait for a lock that this thread
 * holds. */
enum { NOTING_SECONDS = 5 };

static yk_access_handlers in_force;
static struct sigaction actions_before[HANDLED];
static volatile sig_atomic_t number_noted;

/* ---- what the processor reports ---- */

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

static uint64_t access_instruction_of(const void *machine)
{
    const ucontext_t *state = machine;

#if defined(__x86_64__)
    return (uint64_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return state->uc_mcontext.pc;
#else
    (void)state;
    return 0;
#endif
}

static uint64_t access_stack_of(const void *machine)
{
    const ucontext_t *state = machine;

#if defined(__x86_64__)
    return (uint64_t)state->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return state->uc_mcontext.sp;
#else
    (void)state;
    return 0;
#endif
}

/* After a call to an address without code. It reads the stack, where the call has just written. */
static uint64_t access_caller_of(const void *machine)
{
#if defined(__x86_64__)
    uint64_t caller;

    memcpy(&caller, (const void *)(uintptr_t)access_stack_of(machine), sizeof caller);
    return caller;
#elif defined(__aarch64__)
    const ucontext_t *state = machine;

    return state->uc_mcontext.regs[30];
#else
    (void)machine;
    return 0;
#endif
}

/* A function's own part of the stack cannot be refused, unless the stack has no room. */
static bool is_behind_stack(uint64_t address, uint64_t stack)
{
    enum { PART = 64 << 10 };

    return stack != 0 && address < stack + PART && address + PART >= stack;
}

static yk_fatal_cause access_cause_of(int number, const siginfo_t *info,
                                      const void *machine)
{
    if (info->si_code <= 0) {
        return YK_FATAL_SENT;
    }
    if (number == SIGFPE) {
        return info->si_code == FPE_INTDIV ? YK_FATAL_DIVISION : YK_FATAL_UNKNOWN;
    }
    if (number != SIGSEGV && number != SIGBUS) {
        return YK_FATAL_UNKNOWN;
    }
    if (info->si_code == SI_KERNEL) {
        return YK_FATAL_NO_ADDRESS;
    }
    return number == SIGSEGV && is_behind_stack((uint64_t)(uintptr_t)info->si_addr,
                                                access_stack_of(machine))
               ? YK_FATAL_STACK
               : YK_FATAL_ACCESS;
}

static yk_fatal describe_fatal(int number, const siginfo_t *info, const void *machine)
{
    yk_fatal fatal = {.number = number,
                      .cause = access_cause_of(number, info, machine),
                      .pc = access_instruction_of(machine)};

    switch (fatal.cause) {
    case YK_FATAL_SENT:
        fatal.sender = info->si_pid;
        break;
    case YK_FATAL_ACCESS:
    case YK_FATAL_STACK:
        fatal.address = (uint64_t)(uintptr_t)info->si_addr;
        fatal.kind = access_kind_of(machine);
        break;
    default:
        break;
    }
    if (fatal.cause == YK_FATAL_ACCESS && fatal.address == fatal.pc) {
        fatal.caller = access_caller_of(machine);
    }
    return fatal;
}

/* ---- the end of the process ---- */

/* Noting takes too long. */
static void on_late_note(int number)
{
    sigset_t only;

    (void)number;
    (void)signal(number_noted, SIG_DFL);
    (void)sigemptyset(&only);
    (void)sigaddset(&only, number_noted);
    (void)pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    (void)raise(number_noted);
}

/* From here on the process has a few seconds to live. */
static void access_limit_note(int number)
{
    struct sigaction action = {.sa_handler = on_late_note, .sa_flags = SA_ONSTACK};
    sigset_t only;

    number_noted = number;
    (void)sigfillset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)sigemptyset(&only);
    (void)sigaddset(&only, SIGALRM);
    (void)pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    (void)alarm(NOTING_SECONDS);
}

/* The process ends when the instruction is tried again; a signal that was sent is sent again. */
static void access_end_process(int number, const siginfo_t *info, const void *machine)
{
    const yk_fatal fatal = describe_fatal(number, info, machine);

    access_limit_note(number);
    in_force.note(in_force.context, &fatal);
    (void)alarm(0);
    yk_process_save_output();
    (void)signal(number, SIG_DFL);
    if (info->si_code <= 0) {
        (void)raise(number);
    }
}

static const struct sigaction *action_before(int number)
{
    size_t i = 0;

    while (i < HANDLED - 1 && handled[i] != number) {
        i++;
    }
    return &actions_before[i];
}

/* Acts as if this handler were not installed. */
static void pass_on(int number, siginfo_t *info, void *machine)
{
    const struct sigaction *before = action_before(number);

    if ((before->sa_flags & SA_SIGINFO) != 0) {
        before->sa_sigaction(number, info, machine);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(number);
    } else if (before->sa_handler != SIG_IGN || info->si_code > 0) {
        access_end_process(number, info, machine);
    }
}

static void on_fatal(int number, siginfo_t *info, void *machine)
{
    const int problem = errno;

    if (number != SIGSEGV || info->si_code <= 0 ||
        !in_force.mend(in_force.context, (uint64_t)(uintptr_t)info->si_addr,
                       access_kind_of(machine))) {
        pass_on(number, info, machine);
    }
    errno = problem;
}

/* ---- installing ---- */

/* Without it the handler could not run when the stack has no room. The one that the thread may
 * have is for handlers that are not installed any more. */
static void access_take_stack(void)
{
#ifdef _SC_MINSIGSTKSZ
    const long least = sysconf(_SC_MINSIGSTKSZ); /* with all that the processor saves */
#else
    const long least = MINSIGSTKSZ;
#endif
    const size_t bytes = HANDLER_STACK_BYTES + (size_t)(least > 0 ? least : 0);
    stack_t stack = {.ss_size = bytes};

    stack.ss_sp = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack.ss_sp != MAP_FAILED) {
        (void)sigaltstack(&stack, NULL);
    }
}

void yk_access_handle(const yk_access_handlers *handlers)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

    in_force = *handlers;
    action.sa_sigaction = on_fatal;
    (void)sigfillset(&action.sa_mask);
    access_take_stack();
    for (size_t i = 0; i < HANDLED; i++) {
        (void)sigaction(handled[i], NULL, &actions_before[i]);
        if (handled[i] == SIGSEGV || actions_before[i].sa_handler != SIG_IGN) {
            (void)sigaction(handled[i], &action, NULL);
        }
    }
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
