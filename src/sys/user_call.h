/* SPDX-License-Identifier: MIT */
/*
 * Calls of the program's functions that compute: kernels, tasks, functions that combine. They
 * give the same results in every process and thread, and whatever was called there before: each
 * call has the default floating-point environment, and the thread has its own again afterwards.
 * An exception is the call's failure.
 */
#ifndef YK_SYS_USER_CALL_H
#define YK_SYS_USER_CALL_H

#include "sys/fp_environment.h"
#include "sys/call_guard.h"

/* The text for a call that longjmp() or the end of its thread has cut short. */
#define YK_HAS_NOT_RETURNED                                                            \
    "has not returned: it was left by longjmp(), or its thread was ended"

/* False: an exception, with its text in `error`, YOKE_EKERNEL. */
bool yk_user_call(yk_guarded *function, void *context, yk_error *error);

#endif
