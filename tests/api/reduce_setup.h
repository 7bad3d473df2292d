/* SPDX-License-Identifier: MIT */
/* Reductions beside their plainest form, for the tests of the public calls. */
#ifndef REDUCE_SETUP_H
#define REDUCE_SETUP_H

#include "api_setup.h"
#include "support/plain_reduce.h"

/* Whichever call the operation has; y is that of YOKE_REDUCE_DOT. */
yoke_status reduce_run(yoke_pool *pool, yoke_reduce_operation operation, yoke_type type,
                       const void *x, const void *y, size_t n, yoke_reduced *result,
                       const yoke_map_options *options);

/* Its result has the bits of the plain form; the test fails if it has not. */
void reduce_expect(yoke_pool *pool, yoke_reduce_operation operation, yoke_type type,
                   const void *x, const void *y, size_t n,
                   const yoke_map_options *options);

#endif
