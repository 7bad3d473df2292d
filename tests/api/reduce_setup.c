/* SPDX-License-Identifier: MIT */
#include "reduce_setup.h"

#include <string.h>

yoke_status reduce_run(yoke_pool *pool, yoke_reduce_operation operation, yoke_type type,
                       const void *x, const void *y, size_t n, yoke_reduced *result,
                       const yoke_map_options *options)
{
    return operation == YOKE_REDUCE_DOT
               ? yoke_reduce(pool,
                             yoke_reduction_of_two(YOKE_REDUCE_DOT, type, x, y, n),
                             result, options)
               : yoke_reduce(pool, yoke_reduction_of(operation, type, x, n), result,
                             options);
}

void reduce_expect(yoke_pool *pool, yoke_reduce_operation operation, yoke_type type,
                   const void *x, const void *y, size_t n,
                   const yoke_map_options *options)
{
    const yoke_reduced right = plain_reduce(operation, type, x, y, n);
    yoke_reduced got;

    memset(&got, 0xA5, sizeof got);
    assert_ok_pool(pool, reduce_run(pool, operation, type, x, y, n, &got, options));
    if (!plain_same(got, right)) {
        fail_msg("operation %d, type %d, %zu elements: %a at %llu, not %a at %llu",
                 (int)operation, (int)type, n, got.value.f,
                 (unsigned long long)got.index, right.value.f,
                 (unsigned long long)right.index);
    }
}
