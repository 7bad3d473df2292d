/* SPDX-License-Identifier: MIT */
/* Describes the memory access that ended a process, for the error texts of jobs. */
#ifndef YK_SUPERVISOR_CRASH_TEXT_H
#define YK_SUPERVISOR_CRASH_TEXT_H

#include "protocol/control.h"

/* Appends to a text that names the signal: the address, whether it was read or written, and
 * what lies there. Appends nothing if the process recorded nothing. */
void yk_crash_explain(const yk_control *control, const void *window,
                      const yk_crash *crash, char *text, size_t bytes);

#endif
