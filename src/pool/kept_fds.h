/* SPDX-License-Identifier: MIT */
/* Descriptors that every process of the pool has as the program has them. */
#ifndef YK_POOL_KEPT_FDS_H
#define YK_POOL_KEPT_FDS_H

#include "base/error.h"
#include "pool/pool.h"

/* In the application, before the supervisor exists. */
yoke_status yk_kept_fds_set(yoke_pool *pool, const yoke_pool_options *options,
                            yk_error *error);

/* In a supervisor that has got them by way of an exec: their flags are as they were. */
void yk_kept_fds_restore(const yk_kept_fds *kept);

#endif
