/* SPDX-License-Identifier: MIT */
/* A crash on purpose, for devices that pretend to have faults. */
#ifndef YK_SYS_SIGNALS_H
#define YK_SYS_SIGNALS_H

#include <stdbool.h>
#include <stdnoreturn.h>

/* Ends this process by SIGSEGV, whatever handlers are installed. */
noreturn void yk_crash_now(void);

/* Never returns and uses no CPU. */
noreturn void yk_hang_now(void);

/* ---- SIGFPE ---- */

/*
 * PoCL handles SIGFPE in the whole process and goes on after an integer division by zero,
 * as OpenCL C wants it. A native function that divides by zero in the same process is to
 * crash all the same.
 */

/* A driver was loaded: what it has installed is its handler; the default is in force. */
void yk_fpe_handler_keep(void);

/* The driver's handler is in force, or the default. Cheap if that is so already. */
void yk_fpe_handler_use(bool of_driver);

#endif
