/* SPDX-License-Identifier: MIT */
/*
 * Refused memory accesses in the pool's processes, and other faults. Some accesses can be resolved,
 * and are tried again. Others are recorded with their address, and end the process.
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

/* Called in the signal handler, in the thread that made the access, with all signals blocked,
 * so it may only call async-signal-safe functions. True: try again. */
typedef bool yk_access_mend(void *context, uint64_t address, yk_access_kind kind);

/* Installs the handler, in this process and those that it forks. A handler that is installed
 * later replaces this one. An access that is not resolved has the effect that it had before. */
void yk_access_handle(yk_access_mend *mend, void *context);

/* What was printed and is still in a buffer is written before abort(), or another fault of the
 * program's than a refused access, ends this process. A handler that is installed later replaces
 * this one. */
void yk_ends_save_output(void);

/* Blocks all signals of this thread, for work that a handler must not interrupt; and unblocks
 * them. */
typedef struct yk_signals {
    uint64_t words[16];
} yk_signals;

void yk_signals_block(yk_signals *before);
void yk_signals_restore(const yk_signals *before);

#endif
