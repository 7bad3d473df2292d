/* SPDX-License-Identifier: MIT */
/* A constructor of this library takes over, in a process that executes the program. */
#ifndef YK_POOL_TAKE_OVER_H
#define YK_POOL_TAKE_OVER_H

/* Ends the process if it was executed for a pool and still runs the program's own code: a pool
 * of its own would be spawned in the same way, and so on. */
void yk_start_check(void);

/* The constructor: where it lies, this copy of the library lies. */
void yk_start_constructor(void);

#endif
