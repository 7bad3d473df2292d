/* SPDX-License-Identifier: MIT */
/* The CPUs that this process may use, and which of them share a core. */
#ifndef YK_SYS_TOPOLOGY_H
#define YK_SYS_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct yk_cpu {
    uint32_t os_index; /* the system's number */
    /* the same for hyper-threads of one core, unique in the machine */
    uint32_t core;
    uint32_t package;
} yk_cpu;

/* Lists the CPUs in this process's affinity mask, at most as many as its control groups' quota
 * allows: the first of every core before the second of any. Fills in at most `capacity` and
 * returns how many there are, at least 1. To be called in a process with one thread. */
size_t yk_cpus(yk_cpu *cpus, size_t capacity);

/*
 * Lets the calling thread use all CPUs that the process may use: those of all its threads, and
 * the places of its OpenMP library, which binds the first thread to one of them as it is loaded
 * (OMP_PROC_BIND). A process that is then forked may use them, too. Returns the mask before, for
 * one of the other calls, which free it; NULL: nothing has changed.
 */
typedef struct yk_cpus_before yk_cpus_before;
yk_cpus_before *yk_cpus_widen(void);
void yk_cpus_restore(yk_cpus_before *before);
void yk_cpus_forget(yk_cpus_before *before);

/* Says what keeps this process from using all CPUs of the machine; "" if nothing does. */
void yk_cpus_explain(char *text, size_t bytes);

/* Binds the calling thread to a CPU. False on failure. */
bool yk_bind_cpu(uint32_t os_index);

/* The CPU on which this thread runs now; -1: unknown. */
int yk_current_cpu(void);

/* Binds the calling thread to several. */
bool yk_bind_cpus(const yk_cpu *cpus, size_t count);

/* The processor's name as the system reports it, or its architecture. */
void yk_cpu_model(char *name, size_t bytes);

/* Parts of the above, for machines described by text. */

/* The number of CPUs whose time the control groups grant, rounded up; SIZE_MAX without a limit.
 * For `root` see sys/cgroup.h. */
size_t yk_cpu_quota(const char *root);

/* Sets core and package of CPUs whose os_index is set. synthetic: NULL for this machine, or
 * hwloc's description of one, "pack:2 core:4 pu:2". CPUs that are not known there, or all of
 * them without a description, count as a core each; then the result is false. */
bool yk_cpus_locate(const char *synthetic, yk_cpu *cpus, size_t count);

/* Sorts: the first CPU of every core, then the second of every core, and so on. */
void yk_cpus_sort(yk_cpu *cpus, size_t count);

/* Sorts: CPUs of one core stand side by side. */
void yk_cpus_sort_by_core(yk_cpu *cpus, size_t count);

/* The model name in a file like /proc/cpuinfo. False if there is none. */
bool yk_cpu_model_in(const char *path, char *name, size_t bytes);

#endif
