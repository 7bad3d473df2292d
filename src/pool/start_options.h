/* SPDX-License-Identifier: MIT */
/*
 * What options hand to the processes of the pool: copied into the control block and the store
 * before the supervisor exists.
 */
#ifndef YK_POOL_START_OPTIONS_H
#define YK_POOL_START_OPTIONS_H

#include "base/error.h"
#include "pool/pool.h"

/* The program's initializer, with a copy of its argument. YOKE_EINVAL, YOKE_ENOMEM. */
yoke_status yk_initializer_set(yoke_pool *pool, const yoke_pool_options *options,
                               yk_error *error);

/* Descriptors that every process of the pool has as the program has them. YOKE_EINVAL,
 * YOKE_ENOMEM. */
yoke_status yk_kept_fds_set(yoke_pool *pool, const yoke_pool_options *options,
                            yk_error *error);

#endif
