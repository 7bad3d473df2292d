/* SPDX-License-Identifier: MIT */
/* What all starters of processes do with slots: the application, workers, and processes. The
 * protocol is in process_slot.h. */
#ifndef YK_PROTOCOL_MEMBER_PROCESS_CLAIM_H
#define YK_PROTOCOL_MEMBER_PROCESS_CLAIM_H

#include <stdbool.h>

#include "protocol/control.h"
#include "protocol/process_slot.h"

/* Claims a slot, whose generation is new and whose result is empty. YK_MAX_PROCESSES: there is
 * none. */
uint32_t yk_process_claim(yk_control *control, uint32_t starter, uint32_t *generation);

/* The claimed slot is filled in: the supervisor may fork. */
void yk_process_publish(yk_control *control, uint32_t index);

/* Frees a slot that was claimed, or whose process has ended. By the process that has it. */
void yk_process_release(yk_control *control, uint32_t index);

/* Names a process: "process-1" and so on if `wanted` is NULL. */
void yk_process_name(yk_control *control, char name[YK_PROCESS_NAME_BYTES],
                     const char *wanted);

/* A RUNNING process that no one waits for any more. What of it is to be freed is freed when it
 * ends, or now if it has. By the starter, and by the supervisor for it. */
void yk_process_abandon(yk_control *control, uint32_t index);

/* Frees a slot that was abandoned, if its process has ended. */
void yk_process_free_abandoned(yk_process_slot *slot);

/* Slots from there on were never used, and have no memory. */
static inline uint32_t yk_process_slot_count(const yk_control *control)
{
    const uint32_t count = atomic_load(&control->process_slots);

    return count < YK_MAX_PROCESSES ? count : YK_MAX_PROCESSES;
}

/* Adds a signal behind those that are not sent yet. False: there is no room. */
bool yk_process_add_signal(yk_process_slot *slot, int signal);
bool yk_process_takes_signal(const yk_process_slot *slot);

#endif
