/* SPDX-License-Identifier: MIT */
#include "yoke/map.h"

#include "api/call.h"
#include "api/submission.h"
#include "pool/pool.h"

yoke_status yoke_map_args_sized(yoke_future **future, yoke_pool *pool,
                                yoke_kernel *kernel, yoke_range range,
                                const yoke_map_options *options, size_t size,
                                const yoke_arg *args, size_t count)
{
    yk_submission submission = {
        .kernel = kernel, .range = range, .args = args, .count = count};
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    if (future != NULL) {
        *future = NULL;
    }
    yk_call_take_options(&submission.options, sizeof submission.options, options, size);
    status = yk_call_check_kernel(pool, kernel, &error);
    if (status == YOKE_OK) {
        status = yk_call_submit(future, pool, &submission, &error);
    }
    return yk_call_end(pool, status, &error);
}
