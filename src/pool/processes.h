/* SPDX-License-Identifier: MIT */
/* Processes that run functions of the user's: the application's side. The protocol is in
 * process_slot.h. */
#ifndef YK_POOL_PROCESSES_H
#define YK_POOL_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "protocol/control.h"
#include "protocol/process_slot.h"
#include "sys/handle.h"
#include "yoke/process.h"

/* A handle: its process has a slot until it has ended and a call has taken its result. Under
 * the pool's lock, except for what never changes. */
struct yoke_process {
    yk_handle handle;
    yoke_pool *pool;
    uint32_t slot;
    uint32_t generation; /* of the slot */
    char name[YK_PROCESS_NAME_BYTES];
    pid_t pid;    /* 0: there is none yet */
    bool ended;   /* what follows is filled in, and the slot another's */
    int refusal;  /* errno: there never was a process */
    int code;     /* as yoke_process_wait() reports it */
    bool unfound; /* its function was not there, and failure says why */
    bool left;    /* its function has not returned, likewise */
    bool told;    /* ... which a call has reported */
    char failure[256];
    char end[YK_PROCESS_END_BYTES]; /* how it ended */
    int fd;             /* can be read from its end on; -1: the program has not asked */
    yoke_process *next; /* in pool->processes.handles */
};

/* Under the pool's lock. */
typedef struct yk_process_table {
    yoke_process *by_slot[YK_MAX_PROCESSES]; /* NULL: no process, or no handle */
    yoke_process *handles;                   /* all that the user holds */
} yk_process_table;

/* What is to be started. */
typedef struct yk_process_request {
    yoke_process_function *function;
    const void *argument;
    size_t bytes;
    yoke_process_options options;
} yk_process_request;

/* Starts a process and waits until it exists. Takes the lock. */
yoke_status yk_process_start(yoke_process **process, yoke_pool *pool,
                             const yk_process_request *request, yk_error *error);

/* Waits until it has ended, or the time (negative: no limit) is over. Takes the lock. */
yoke_status yk_process_join(yoke_process *process, double seconds, yk_error *error);

/* Has the supervisor send a signal. Waits only if it has eight to send already. Takes the lock. */
yoke_status yk_process_ask(yoke_process *process, int signal, yk_error *error);

/* The same, and waits until it was sent. Takes the lock. */
yoke_status yk_process_send(yoke_process *process, int signal, yk_error *error);

/* The handle's descriptor that can be read from the end on. Takes the lock. */
yoke_status yk_process_fd(yoke_process *process, int *fd, yk_error *error);

/* Is signalled when it ends; and whether it seems to have ended: quick, for what a join then says
 * for certain. */
yk_eventcount *yk_process_bell(const yoke_process *process);
bool yk_process_seems_ended(const yoke_process *process);

/* Frees the handle. Takes the lock. */
void yk_process_forget(yoke_process *process);

/* Whether there is a process that has not ended and is no daemon. */
bool yk_processes_are_running_locked(yoke_pool *pool);

/* How many processes have not ended. Takes the lock. */
size_t yk_processes_count(yoke_pool *pool);

/* The pool's processes are gone: keeps the failures of those that have not found their
 * functions, as far as no call has reported them. Takes the lock. */
void yk_processes_note_unfound(yoke_pool *pool);

/* Frees all handles: the pool is about to go. */
void yk_processes_free(yoke_pool *pool);

#endif
