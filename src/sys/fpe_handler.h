/* SPDX-License-Identifier: MIT */
/*
 * PoCL handles SIGFPE in the whole process and goes on after an integer division by zero,
 * as OpenCL C wants it. A native function that divides by zero in the same process is to
 * crash all the same.
 */
#ifndef YK_SYS_FPE_HANDLER_H
#define YK_SYS_FPE_HANDLER_H

#include <stdbool.h>

/* A driver was loaded: what it has installed is its handler; the default is in force. */
void yk_fpe_handler_keep(void);

/* The driver's handler is in force, or the default. Cheap if that is so already. */
void yk_fpe_handler_use(bool of_driver);

#endif
