/* SPDX-License-Identifier: MIT */
#include "api/finish.h"

#include "pool/pool.h"

yoke_status yk_finish(yoke_future *future, yk_error *error)
{
    yoke_pool *pool = future->pool;
    yoke_status status;

    yk_pool_enter(pool);
    (void)yk_future_wait(future, -1);
    status = future->status;
    future->told = true;
    if (status != YOKE_OK) {
        yk_fail(error, status, "%s", future->error != NULL ? future->error : "");
    }
    yk_future_unhold(future, pool);
    return status;
}
