/* SPDX-License-Identifier: MIT */
/*
 * Signals that an instruction raises in the pool's processes, and abort(). Some refused memory
 * accesses can be resolved, and the access is tried again. All else is noted, and ends the
 * process as it would without these handlers: with the same signal, at the same instruction, so
 * that a core file shows it.
 */
#ifndef YK_SYS_ACCESS_H
#define YK_SYS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum yk_access_kind {
    YK_ACCESS_UNKNOWN = 0, /* the processor does not report it */
    YK_ACCESS_READ = 1,
    YK_ACCESS_WRITE = 2
} yk_access_kind;

/* What is wrong with an access or an instruction, as far as the signal says it. */
typedef enum yk_fatal_cause {
    YK_FATAL_UNKNOWN = 0,
    YK_FATAL_ACCESS = 1,     /* to `address` */
    YK_FATAL_NO_ADDRESS = 2, /* an access to an address that the processor cannot have */
    YK_FATAL_STACK = 3,      /* to `address`, right behind the end of the stack */
    YK_FATAL_DIVISION = 4,   /* of an integer, by zero */
    YK_FATAL_SENT = 5        /* a process sent the signal, as abort() does to its own */
} yk_fatal_cause;

/* A signal that ends the process. */
typedef struct yk_fatal {
    int number; /* of the signal */
    int sender; /* the process, if it was sent */
    yk_fatal_cause cause;
    yk_access_kind kind;
    uint64_t address;
    uint64_t pc; /* of the instruction */
    uint64_t caller; /* of a call to where no code is: where it returns to; 0: it is no such call */
} yk_fatal;

/* Both are called in the signal handler, in the thread that is to blame, with all signals
 * blocked, so they may only call async-signal-safe functions. mend: whether to try the access
 * again. note: the process is about to end; if that takes longer than some seconds, the process
 * ends without it. */
typedef struct yk_access_handlers {
    bool (*mend)(void *context, uint64_t address, yk_access_kind kind);
    void (*note)(void *context, const yk_fatal *fatal);
    void *context;
} yk_access_handlers;

/*
 * Installs the handlers of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT in this process and those
 * that it forks, and a stack for them in this thread. A signal that is ignored stays so, apart
 * from SIGSEGV. Handlers that are installed later, by the program's functions or a driver, replace
 * these: then nothing is mended or noted unless they call the handler that was there before them.
 * One that was installed earlier is called, in place of `note`.
 */
void yk_access_handle(const yk_access_handlers *handlers);

/* Blocks all signals of this thread, for work that a handler must not interrupt; and unblocks
 * them. */
typedef struct yk_signals {
    uint64_t words[16];
} yk_signals;

void yk_signals_block(yk_signals *before);
void yk_signals_restore(const yk_signals *before);

#endif
