/* SPDX-License-Identifier: MIT */
/* The CPUs this process may use, and which of them share a core. */
#ifndef YK_SYS_TOPOLOGY_H
#define YK_SYS_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct yk_cpu {
    uint32_t os_index; /* the system's number */
    uint32_t core;     /* equal for hyper-threads of one core, unique in the machine */
    uint32_t package;
} yk_cpu;

/* Lists the CPUs in this process's affinity mask, no more than its control groups'
 * quota amounts to: the first of every core before the second of any. Fills up to
 * `capacity` and returns how many there are, at least 1. To be called in a process with
 * one thread. */
size_t yk_cpus(yk_cpu *cpus, size_t capacity);

/* Binds the calling thread to a CPU. False if that is not possible. */
bool yk_bind_cpu(uint32_t os_index);

/* The processor's name as the system knows it, else its architecture. */
void yk_cpu_model(char *name, size_t bytes);

/* The parts of the above, on machines described by text. */

/* CPUs' worth of time that the control groups grant, rounded up; SIZE_MAX without a
 * limit. For `root` see sys/cgroup.h. */
size_t yk_cpu_quota(const char *root);

/* Sets core and package of CPUs whose os_index is set. synthetic: NULL for this
 * machine, else hwloc's description of one, "pack:2 core:4 pu:2". CPUs that are not
 * known there, or all of them if there is no description, count as a core each; then
 * the result is false. */
bool yk_cpus_locate(const char *synthetic, yk_cpu *cpus, size_t count);

/* Sorts: the first CPU of every core, then the second of every core, and so on. */
void yk_cpus_sort(yk_cpu *cpus, size_t count);

/* The model name in a file like /proc/cpuinfo; false if it has none. */
bool yk_cpu_model_in(const char *path, char *name, size_t bytes);

#endif
