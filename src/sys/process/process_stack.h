/* SPDX-License-Identifier: MIT */
/* Stacks of processes. */
#ifndef YK_SYS_PROCESS_PROCESS_STACK_H
#define YK_SYS_PROCESS_PROCESS_STACK_H

#include <stddef.h>

#include "sys/process.h"

/* What a program's main thread usually has. */
enum { YK_STACK_BYTES = 8 << 20 };

/* Memory for a stack of which the lowest MiB cannot be accessed. Pages are allocated as they are
 * used. NULL: there is none. */
void *yk_stack_map(size_t bytes);

/* In a process that was just forked: runs `entry` on a stack as large as a main thread's, of at
 * least YK_STACK_BYTES. Returns only if it could stay on the stack it had. */
int yk_stack_run(yk_process_main *entry, void *context);

#endif
