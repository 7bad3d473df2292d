/* SPDX-License-Identifier: MIT */
/*
 * The steps of the protocols between processes, so that a test can end a process after each of
 * them. Unless YOKE_FAULT_POINTS is defined, a step is only a compiler barrier: the compiler may
 * not move stores across it. The processor needs no barrier: when a process dies, exactly the
 * stores before one point of its program have been made.
 */
#ifndef YK_IPC_STEP_H
#define YK_IPC_STEP_H

#include <stdatomic.h>

#ifdef YOKE_FAULT_POINTS
/* Called at each step; NULL: nothing happens. Forked processes inherit it. */
extern void (*yk_step_hook)(void);
void yk_step_visit(void);
#define YK_STEP() yk_step_visit()
#else
#define YK_STEP() atomic_signal_fence(memory_order_seq_cst)
#endif

#endif
