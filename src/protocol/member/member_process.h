/* SPDX-License-Identifier: MIT */
/*
 * A process that a member of a pool has started: a worker, in a task for example, or another
 * process. The handle is of the private memory of the member, and means nothing elsewhere. One
 * thread at a time may use it. The protocol is in process_slot.h.
 */
#ifndef YK_PROTOCOL_MEMBER_MEMBER_PROCESS_H
#define YK_PROTOCOL_MEMBER_MEMBER_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "protocol/member/membership.h"
#include "sys/handle.h"
#include "yoke/process.h"

typedef struct yk_member_process {
    yk_handle handle;
    yk_control *control;
    const void *pool; /* the application's handle, which is only compared */
    uint32_t slot;
    uint32_t generation;
    char name[YK_PROCESS_NAME_BYTES];
    pid_t pid;
    bool ended; /* what follows is filled in, and the slot another's */
    bool unfound;
    bool left;
    int code;
    char end[YK_PROCESS_END_BYTES]; /* how it ended, in words */
    char failure[256];
    int fd; /* -1: it was not asked for */
} yk_member_process;

typedef struct yk_member_request {
    yoke_process_function *function;
    const void *argument;
    size_t bytes;
    yoke_process_options options;
} yk_member_request;

/* Starts a process and waits until it exists. */
yoke_status yk_member_start(yk_member_process **process,
                            const yk_membership *membership, const void *pool,
                            const yk_member_request *request, yk_error *error);

/* Waits until it has ended, or the time is over. */
yoke_status yk_member_join(yk_member_process *process, double seconds, yk_error *error);

/* Of one that has not ended: is signalled when it does; and whether it seems to have ended. */
yk_eventcount *yk_member_bell(const yk_member_process *process);
bool yk_member_seems_ended(const yk_member_process *process);

/* Has the supervisor send a signal. Waits only if it has eight to send already. No effect if the
 * process has ended. */
void yk_member_ask(yk_member_process *process, int signal);

/* The same, and waits until it was sent. */
yoke_status yk_member_send(yk_member_process *process, int signal, yk_error *error);

/* The handle's descriptor that can be read from the end on. */
yoke_status yk_member_fd(yk_member_process *process, int *fd, yk_error *error);

/* Frees the handle; the process goes on. */
void yk_member_forget(yk_member_process *process);

#endif
