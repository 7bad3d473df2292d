/* SPDX-License-Identifier: MIT */
/* Describes the signal that ended a process, for the error texts of jobs and for the log. */
#ifndef YK_SUPERVISOR_CRASH_TEXT_H
#define YK_SUPERVISOR_CRASH_TEXT_H

#include "protocol/control.h"

/* A process that has been reaped. */
typedef struct yk_crash_case {
    const yk_control *control;
    const void *window;
    const yk_crash *crash;
    const yk_job *job; /* in which it was; NULL: none */
    int status;        /* its wait status */
} yk_crash_case;

/* Appends to a text that names the signal: the address, whether it was read or written, what lies
 * there, and which function did that. Appends nothing if the process recorded nothing. */
void yk_crash_explain(const yk_crash_case *what, char *text, size_t bytes);

/* The functions that had been called, a line each, the innermost first; "" if that is not known. */
void yk_crash_list_calls(const yk_crash_case *what, char *text, size_t bytes);

#endif
