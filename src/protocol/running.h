/* SPDX-License-Identifier: MIT */
/* Which items of a job workers are computing at this moment, for texts about time limits. */
#ifndef YK_PROTOCOL_RUNNING_H
#define YK_PROTOCOL_RUNNING_H

#include "protocol/job.h"

/* Appends to a text "; items [4096, 4112) have been running on cpu1 for 5.0 s", of those that have
 * been running longest. Appends nothing if no worker is computing. */
void yk_running_append(const yk_control *control, yk_job_ref ref, char *text, size_t bytes);

#endif
