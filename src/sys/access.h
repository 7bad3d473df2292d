/* SPDX-License-Identifier: MIT */
/*
 * Accesses to memory that the system refuses, in the pool's processes: some are mended, and
 * the access is tried again; others end the process, as ever, and leave word of where it was.
 */
#ifndef YK_SYS_ACCESS_H
#define YK_SYS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum yk_access_kind {
    YK_ACCESS_UNKNOWN = 0, /* the processor does not say */
    YK_ACCESS_READ = 1,
    YK_ACCESS_WRITE = 2
} yk_access_kind;

/* Called in the signal's handler, in whichever thread it was, with all signals blocked: calls
 * only what is safe there. True: try again. */
typedef bool yk_access_mend(void *context, uint64_t address, yk_access_kind kind);

/* From now on, in this process and what it forks. A handler that is installed later takes this
 * one's place. What it does not mend has the effect that it had before. */
void yk_access_handle(yk_access_mend *mend, void *context);

/* Blocks all signals of this thread, for what must not be interrupted by a handler; and lets
 * them in again. */
typedef struct yk_signals {
    uint64_t words[16];
} yk_signals;

void yk_signals_block(yk_signals *before);
void yk_signals_restore(const yk_signals *before);

#endif
