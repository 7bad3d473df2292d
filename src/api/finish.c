/* SPDX-License-Identifier: MIT */
#include "api/finish.h"

#include "pool/pool.h"
#include "sys/call_guard.h"

yoke_status yk_finish(yoke_future *future, yk_error *error)
{
    yk_future_hold_own(future);
    return yk_finish_held(future, error);
}

yoke_status yk_finish_held(yoke_future *future, yk_error *error)
{
    yoke_pool *pool = future->pool;
    yoke_status status;

    yk_guard_cancel_point(); /* also if it need not sleep */
    (void)yk_future_wait(future, -1);
    status = future->status;
    future->told = true;
    if (status != YOKE_OK) {
        yk_fail(error, status, "%s", future->error != NULL ? future->error : "");
    }
    yk_future_unhold(future, pool);
    return status;
}
