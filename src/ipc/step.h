/* SPDX-License-Identifier: MIT */
/*
 * The steps of the protocols between processes, so that a test can have one of them die after
 * each. Unless YOKE_FAULT_POINTS is defined nothing is compiled in but their order: the
 * compiler may not move what is stored over a step. Nor need the processor be told: what a
 * process has stored when it dies is what comes before one point of its program.
 */
#ifndef YK_IPC_STEP_H
#define YK_IPC_STEP_H

#include <stdatomic.h>

#ifdef YOKE_FAULT_POINTS
/* Called at each step; NULL: nothing happens. Inherited by whatever is forked. */
extern void (*yk_step_hook)(void);
void yk_step_visit(void);
#define YK_STEP() yk_step_visit()
#else
#define YK_STEP() atomic_signal_fence(memory_order_seq_cst)
#endif

#endif
