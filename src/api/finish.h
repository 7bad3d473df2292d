/* SPDX-License-Identifier: MIT */
/* What calls end with that wait for the job they have submitted. */
#ifndef YK_API_FINISH_H
#define YK_API_FINISH_H

#include "base/error.h"
#include "yoke/future.h"

/* Waits for a job and gives its future back. How it ended, in error too. */
yoke_status yk_finish(yoke_future *future, yk_error *error);

/* The same after yk_future_hold_own(), which it ends. */
yoke_status yk_finish_held(yoke_future *future, yk_error *error);

#endif
