/* SPDX-License-Identifier: MIT */
/* How much memory can still be used before the limit of the system or a container is reached. */
#ifndef YK_SYS_MEMORY_LIMITS_H
#define YK_SYS_MEMORY_LIMITS_H

#include <stdint.h>

/* The number of bytes that can still be used: what the machine has left, or what the control
 * group of this process leaves if that is less. Any thread; takes tens of microseconds. */
uint64_t yk_memory_available(void);

/* The same on the machine described by the files below `root`, see sys/cgroup.h. */
uint64_t yk_memory_available_in(const char *root);

#endif
