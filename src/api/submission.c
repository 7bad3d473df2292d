/* SPDX-License-Identifier: MIT */
#include "api/submission.h"

#include <stdlib.h>

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

static void submission_undo_args(void *args, uint64_t unused)
{
    (void)unused;
    free(args);
}

/* The program's arguments, as this library knows them. */
static yoke_status submission_copy_args(yk_request *submission, size_t arg_size,
                                        yk_error *error)
{
    const char *from = (const char *)submission->args;
    const size_t count = submission->arg_count;
    yoke_status status = YOKE_OK;

    if (count > YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EINVAL, "%zu arguments: the maximum is %d",
                       count, YK_MAX_ARGS);
    }
    submission->copied_args = calloc(count, sizeof(yoke_arg));
    if (submission->copied_args == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    yk_hold(submission_undo_args, submission->copied_args, 0);
    submission->args = submission->copied_args;
    for (size_t i = 0; status == YOKE_OK && i < count; i++) {
        status = yk_call_take(&submission->copied_args[i], YK_CALL_RESERVED(yoke_arg),
                              from + i * arg_size, arg_size, error);
        if (status != YOKE_OK) {
            yk_error_prefix(error, "argument %zu: ", i + 1);
        }
    }
    return status;
}

yoke_status yk_call_take_args(yk_request *submission, size_t arg_size, yk_error *error)
{
    const size_t count = submission->args != NULL ? submission->arg_count : 0;
    yoke_status status =
        yk_call_check_reserved(&submission->range, YK_CALL_RESERVED(yoke_range), error);

    submission->copied_args = NULL;
    if (status == YOKE_OK && arg_size != sizeof(yoke_arg) && count > 0) {
        return submission_copy_args(submission, arg_size, error);
    }
    /* More than are possible are refused later, unread. */
    for (size_t i = 0; status == YOKE_OK && count <= YK_MAX_ARGS && i < count; i++) {
        status = yk_call_check_reserved(&submission->args[i],
                                        YK_CALL_RESERVED(yoke_arg), error);
        if (status != YOKE_OK) {
            yk_error_prefix(error, "argument %zu: ", i + 1);
        }
    }
    return status;
}

void yk_call_drop_args(yk_request *submission)
{
    if (submission->copied_args != NULL) {
        yk_hold_end();
        free(submission->copied_args);
        submission->copied_args = NULL;
        submission->args = NULL;
    }
}

yoke_status yk_call_take_map(yk_request *submission, const yoke_map_options *options,
                             size_t size, size_t arg_size, yk_error *error)
{
    const yoke_status status = yk_call_take(
        &submission->options, YK_CALL_RESERVED(yoke_map_options), options, size, error);

    return status == YOKE_OK ? yk_call_take_args(submission, arg_size, error) : status;
}

void yk_call_give_future(yoke_future **future, yoke_future *job)
{
    if (future != NULL) {
        *future = job;
    } else if (job != NULL) {
        yk_future_disown(job);
    }
}
