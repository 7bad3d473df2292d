/* SPDX-License-Identifier: MIT */
#include "api/submission.h"

#include "api/call.h"
#include "api/valid.h"

yoke_status yk_call_check_kernel(yoke_pool *pool, const yoke_kernel *kernel,
                                 yk_error *error)
{
    const yoke_status status = yk_call_check(pool, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (kernel == NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "the kernel is NULL: yoke_kernel_create() has failed, or was not "
                       "called");
    }
    if (yk_valid_check(kernel, YK_HANDLE_KERNEL, error) != YOKE_OK) {
        error->status = YOKE_EINVAL; /* as of any argument */
        return YOKE_EINVAL;
    }
    return kernel->pool == pool
               ? YOKE_OK
               : yk_fail(error, YOKE_EINVAL, "the kernel belongs to another pool");
}

yoke_status yk_call_check_arg_size(size_t size, yk_error *error)
{
    return size == sizeof(yoke_arg)
               ? YOKE_OK
               : yk_fail(error, YOKE_EUNSUPPORTED,
                         "the program was compiled with arguments of %zu bytes, the "
                         "library with arguments of %zu",
                         size, sizeof(yoke_arg));
}

void yk_call_give_future(yoke_future **future, yoke_future *job)
{
    if (future != NULL) {
        *future = job;
    } else {
        (void)yoke_future_destroy(job);
    }
}
