/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: a process with one thread that is made when the pool is created, forked from
 * the application or, with YOKE_START_SPAWN, by executing the program again. It forks, reaps,
 * repairs and replaces the pool's other processes, and enforces time limits. It makes no OpenCL
 * calls and runs no kernels.
 */
#ifndef YK_SUPERVISOR_SUPERVISOR_H
#define YK_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/control.h"
#include "protocol/segment_view.h"
#include "protocol/bootstrap.h"
#include "supervisor/supervisor_main.h"
#include "supervisor/watch.h"
#include "sys/fd_reserve.h"
#include "sys/topology.h"

/* ---- between the supervisor's files ---- */

/* A child process that it waits for. */
typedef struct yk_child {
    pid_t pid;            /* 0: none */
    int pidfd;            /* -1: none */
    /* by when it must have started; 0: it has. Without a process: when to try again; 0: never */
    uint64_t deadline_ns;
    uint32_t failed_forks; /* in a row */
    int fork_error;        /* errno of the last of them */
    bool killed_late;      /* at a job's deadline: not the device's fault */
    bool killed_hung;      /* at the deadline of its own start */
    bool killed_building;  /* at the time limit of a kernel's build */
    /* For a worker, from one process to the next: */
    uint32_t start_failures; /* processes in a row that died before they were ready */
    uint64_t last_building;  /* the build in which the last one died; 0: none */
    uint32_t build_deaths;   /* processes in a row that died in it */
    uint64_t logged_compiling; /* the start of what was last logged as taking long */
} yk_child;

/* Processes of one kind of device that a compiler has ended, with one kernel. */
typedef struct yk_compiler_deaths {
    uint64_t building; /* kernel id << 8 | kernel slot */
    uint32_t driver_class;
    uint32_t count;
} yk_compiler_deaths;

typedef struct yk_supervisor {
    yk_supervisor_start start;
    yk_control *control;
    pid_t self;
    int application;       /* pidfd; -1 if there can be none */
    bool executes_devices; /* processes that open drivers execute the program */
    yk_fd_reserve reserve; /* the descriptor numbers that the program uses */
    /* readable when a child ends, also an orphan; -1 if there can be none */
    int child_bell;
    bool closing;
    yk_child workers[YK_MAX_WORKERS];
    /* side by side those of a core; workers of several CPUs are bound to them in turn */
    yk_cpu cpus[YK_MAX_WORKERS];
    bool binds; /* they are bound */
    int undo_files[YK_MAX_WORKERS][YK_MAX_LANES]; /* -1: none yet */
    yk_compiler_deaths compiler_deaths[YK_MAX_KERNELS]; /* by kernel slot */
    yk_child probes[YK_MAX_DRIVERS];
    yk_child processes[YK_MAX_PROCESSES];
    yk_segment_view attachments; /* workers start with a copy */
    yk_watch watch;
} yk_supervisor;

/* Workers (supervisor_workers.c). */

/* Takes the next slot for a worker of a kind, called by that and a number; NULL if there is
 * none. The caller fills it in, then starts it. */
yk_worker *yk_supervisor_add_worker(yk_supervisor *supervisor, uint32_t kind,
                                    uint32_t number);
void yk_supervisor_start_worker(yk_supervisor *supervisor, uint32_t slot);

/* Takes slots for the selected devices that need no discovery, and starts their workers. */
void yk_supervisor_start_local(yk_supervisor *supervisor);

/* Parks workers of CPUs, or lets them work again, as the processes of other devices need their
 * cores. */
void yk_supervisor_share_cores(yk_supervisor *supervisor);

/* Gives a worker up: it gets no process any more. */
void yk_supervisor_give_up(yk_supervisor *supervisor, uint32_t slot, const char *reason);

/* Workers that have ended (supervisor_deaths.c). */

/* Records the start or the end of a worker's process, if tracing is on. */
void yk_supervisor_trace(const yk_supervisor *supervisor, uint32_t kind, uint32_t slot,
                         pid_t pid, int status);

/* Reaps workers that have ended, repairs what they left, and replaces them. */
void yk_supervisor_reap_workers(yk_supervisor *supervisor);

/* Workers that take too long (supervisor_limits.c). */

/* Kills workers whose start takes too long. Returns the next deadline. */
uint64_t yk_supervisor_check_starts(yk_supervisor *supervisor);

/* Kills workers that build a kernel for longer than it may take. Returns the next deadline. */
uint64_t yk_supervisor_check_builds(yk_supervisor *supervisor);

/* Logs compilations that take long. Returns when to check again. */
uint64_t yk_supervisor_check_compiling(yk_supervisor *supervisor);

/* Kills a worker that runs past the time limit of a job or of an item. */
void yk_supervisor_kill_late(uint32_t slot, void *supervisor);

/* The program's processes (supervisor_processes.c). */

/* A worker or process, as a starter of others (YK_STARTER_...), was reaped: frees what it has, and
 * kills its daemons. */
void yk_supervisor_settle_starter(yk_supervisor *supervisor, uint32_t starter);

/* Starts those that are requested, reaps those that have ended, sends signals. */
void yk_supervisor_tend_processes(yk_supervisor *supervisor);

/* When the pool ends: kills those that are left; reaps those that have ended, without reporting
 * them. */
void yk_supervisor_end_processes(yk_supervisor *supervisor);
void yk_supervisor_reap_processes(yk_supervisor *supervisor);

/* Discovery (supervisor_discovery.c). */

/* Finds the installed drivers. If devices of theirs are wanted, discovery runs from here on. */
void yk_supervisor_find_drivers(yk_supervisor *supervisor);

/* Starts a probe for each driver while discovery is running. */
void yk_supervisor_start_probes(yk_supervisor *supervisor);

/* Collects what probes found. When all have finished, the selected devices get workers. Returns
 * the next deadline. */
uint64_t yk_supervisor_check_probes(yk_supervisor *supervisor);

/* Children in general (supervisor.c). */

/* The main function of a probe's process; returns its exit code. */
int yk_probe_main(yk_control *control, uint32_t driver);

/* Forks a child that starts clean with the pool's descriptors and, if it is not NULL, a
 * worker's undo files. */
bool yk_supervisor_fork(yk_supervisor *supervisor, yk_child *child,
                        const int undo_files[YK_MAX_LANES],
                        int (*entry)(void *context), void *context);

/* The same for a child that runs a function of the program. On failure errno says why. */
bool yk_supervisor_fork_program(yk_supervisor *supervisor, yk_child *child,
                                int (*entry)(void *context), void *context);

/* The same for a child that executes the program, with a role (bootstrap.h) and an index. */
bool yk_supervisor_execute(yk_supervisor *supervisor, yk_child *child, uint32_t role,
                           uint32_t index, const int undo_files[YK_MAX_LANES],
                           yk_error *error);

/* Reaps a child if it has ended. */
bool yk_supervisor_reap(yk_child *child, int *status);

/* The same, and what processor time it has used. */
bool yk_supervisor_reap_counted(yk_child *child, int *status, yk_cpu_time *used);

/* Writes a line to standard error if YOKE_LOG is set. */
void yk_supervisor_log(const yk_supervisor *supervisor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
