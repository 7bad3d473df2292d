/* SPDX-License-Identifier: MIT */
/*
 * The steps of the protocols between processes, so that a test can have one of them die after
 * each. Nothing is compiled in unless YOKE_FAULT_POINTS is defined.
 */
#ifndef YK_SHARED_STEP_H
#define YK_SHARED_STEP_H

#ifdef YOKE_FAULT_POINTS
/* Called at each step; NULL: nothing happens. Inherited by whatever is forked. */
extern void (*yk_step_hook)(void);
void yk_step_visit(void);
#define YK_STEP() yk_step_visit()
#else
#define YK_STEP() ((void)0)
#endif

#endif
