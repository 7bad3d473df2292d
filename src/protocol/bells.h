/* SPDX-License-Identifier: MIT */
/* How the processes of a pool wake each other. */
#ifndef YK_PROTOCOL_BELLS_H
#define YK_PROTOCOL_BELLS_H

#include "protocol/control.h"

/* Rings every worker's bell. */
void yk_control_ring_workers(yk_control *control);

/* Tells the application's event loop, if it wants to know, that a job has ended. */
void yk_control_tell_end(const yk_control *control);

/* Rings the supervisor. */
void yk_control_ring_supervisor(const yk_control *control);

#endif
