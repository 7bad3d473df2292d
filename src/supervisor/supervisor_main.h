/* SPDX-License-Identifier: MIT */
/*
 * How the supervisor's process is entered: forked, by yk_supervisor_main(); spawned, by a
 * constructor of this library in a process that executes the program again (take_over.c). This
 * header is all that the application includes of the supervisor's side.
 */
#ifndef YK_SUPERVISOR_SUPERVISOR_MAIN_H
#define YK_SUPERVISOR_SUPERVISOR_MAIN_H

/* The main function of the process; `start` is a yk_supervisor_start (protocol/bootstrap.h).
 * Returns its exit code. */
int yk_supervisor_main(void *start);

/* Ends the process if it was executed for a pool but runs the program's own code: a pool that
 * it created would be spawned in the same way, and so on. */
void yk_start_check(void);

/* The constructor. Its address identifies this copy of the library. */
void yk_start_constructor(void);

#endif
