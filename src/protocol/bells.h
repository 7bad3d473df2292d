/* SPDX-License-Identifier: MIT */
/* How the processes of a pool wake each other. */
#ifndef YK_PROTOCOL_BELLS_H
#define YK_PROTOCOL_BELLS_H

#include "protocol/control.h"

/* Wakes every worker. */
void yk_control_wake_workers(yk_control *control);

/* Notifies the application's event loop that a job has ended, if it has asked for that. */
void yk_control_notify_end(const yk_control *control);

/* Signals an event count of the control block that threads may wait for among several things: a
 * job's `ended`, a process's `changed`. */
void yk_control_signal(yk_control *control, yk_eventcount *event);

/* Wakes all threads that wait for several things: after a death. */
void yk_control_repair_hub(const yk_control *control);

/* Wakes the supervisor. */
void yk_control_wake_supervisor(const yk_control *control);

#endif
