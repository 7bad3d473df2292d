/* SPDX-License-Identifier: MIT */
/*
 * The program's initializer: what each process that calls native functions calls first. The
 * application names it in the control block before there is a process, with a copy of its
 * argument in the store; workers only read that.
 */
#ifndef YK_POOL_INITIALIZER_H
#define YK_POOL_INITIALIZER_H

#include <stdbool.h>

#include "base/error.h"
#include "pool/pool.h"

/* The application: takes it from the options, if there is one. YOKE_EINVAL, YOKE_ENOMEM. */
yoke_status yk_initializer_set(yoke_pool *pool, const yoke_pool_options *options,
                               yk_error *error);

/* A worker: calls it, if there is one. YOKE_EKERNEL if it is not there or says that it has
 * failed. */
yoke_status yk_initializer_call(const yk_control *control, yk_worker *worker,
                                yk_error *error);

#endif
