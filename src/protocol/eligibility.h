/* SPDX-License-Identifier: MIT */
/* Which workers can run a job. */
#ifndef YK_PROTOCOL_ELIGIBILITY_H
#define YK_PROTOCOL_ELIGIBILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"
#include "protocol/job.h"

/* Whether any worker may still run an open job. `except` is a worker slot that does not count,
 * or UINT32_MAX. */
bool yk_job_has_hope(yk_control *control, const yk_job *job, uint32_t except);

#endif
