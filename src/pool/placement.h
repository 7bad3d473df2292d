/* SPDX-License-Identifier: MIT */
/* Which workers a job may use, and which part of its range each of them begins with. */
#ifndef YK_POOL_PLACEMENT_H
#define YK_POOL_PLACEMENT_H

#include <stdint.h>

#include "base/error.h"
#include "launch/request.h"
#include "protocol/control.h"
#include "yoke/pool.h"

/* Under the pool's lock. */
typedef struct yk_placement {
    uint64_t explored_ns; /* when a job was last shared to measure */
} yk_placement;

/* Which workers a job may use: all, or those of a device string. */
yoke_status yk_place_allow(yoke_pool *pool, yk_job *job, const char *devices,
                           yk_error *error);

/* The same workers as a job like this one had. */
void yk_place_allow_again(yk_job *job, const uint64_t allowed[YK_SLOT_WORDS]);

/* Cuts the range into tiles and gives each worker its work range. */
void yk_place_tiles_locked(yoke_pool *pool, yk_job *job, uint32_t generation,
                           const yk_request *request);

#endif
