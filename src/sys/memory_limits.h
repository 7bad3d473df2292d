/* SPDX-License-Identifier: MIT */
/* How much memory can still be used before the limit of the system or a container is reached, and
 * how much this process has. */
#ifndef YK_SYS_MEMORY_LIMITS_H
#define YK_SYS_MEMORY_LIMITS_H

#include <stdint.h>

/* The number of bytes that can still be used: what the machine has left, or what the control
 * group of this process leaves if that is less. Any thread; takes tens of microseconds. */
uint64_t yk_memory_available(void);

/* Bytes of resident memory that this process alone has: heaps, stacks and other anonymous memory,
 * also as far as a fork has copied it. 0 if the system does not say. Takes a few microseconds. */
uint64_t yk_memory_private(void);

/* As yk_memory_available() on the machine described by the files below `root`, see sys/cgroup.h. */
uint64_t yk_memory_available_in(const char *root);

#endif
