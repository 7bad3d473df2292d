/* SPDX-License-Identifier: MIT */
/* Processes that die at a step of the protocols between processes (ipc/step.h). */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>

enum { STEPS_KILLED = -9 };

/* Runs it in a child process that dies at the step with that number, counted from where
 * it calls steps_begin(). STEPS_KILLED, or what it returned: it has fewer steps. */
int steps_run(int (*act)(void *arg), void *arg, int step);

/* The same without waiting: its pid. */
int steps_start(int (*act)(void *arg), void *arg, int step);

/* Returns 0. */
int steps_begin(void);

/* In this process: at that step `act` is called, once. */
void steps_interrupt(void (*act)(void), int step);

/* No more; whether it was called. */
bool steps_end(void);

#endif
