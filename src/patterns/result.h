/* SPDX-License-Identifier: MIT */
/* Results whose size only the task knows. */
#ifndef YK_PATTERNS_RESULT_H
#define YK_PATTERNS_RESULT_H

#include <stdint.h>

#include "base/error.h"
#include "launch/request.h"

/* The one call of the job's task has such a result, of at most `max_bytes`; 0: the library
 * chooses. */
yoke_status yk_result_attach(yk_request *request, uint64_t max_bytes, yk_error *error);

#endif
