/* SPDX-License-Identifier: MIT */
/* Intended crashes, for fake devices with faults. */
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
 * PoCL handles SIGFPE in the whole process and continues after an integer division by zero, as
 * OpenCL C requires. A native function that divides by zero in the same process has to crash
 * nevertheless.
 */

/* After a driver was loaded: keeps the handler that it has installed, and restores the default. */
void yk_fpe_handler_keep(void);

/* Installs the driver's handler, or the default. Cheap if it is installed already. */
void yk_fpe_handler_use(bool of_driver);

#endif
