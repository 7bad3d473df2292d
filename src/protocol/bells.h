/* SPDX-License-Identifier: MIT */
/* How the processes of a pool wake each other. */
#ifndef YK_PROTOCOL_BELLS_H
#define YK_PROTOCOL_BELLS_H

#include "protocol/control.h"

/* Wakes every worker. */
void yk_control_wake_workers(yk_control *control);

/* Notifies the application's event loop that a job has ended, if it has asked for that. */
void yk_control_notify_end(const yk_control *control);

/* Wakes the supervisor. */
void yk_control_wake_supervisor(const yk_control *control);

#endif
