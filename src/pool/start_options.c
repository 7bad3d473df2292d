/* SPDX-License-Identifier: MIT */
#include "pool/start_options.h"

#include <fcntl.h>
#include <string.h>

/* ---- the initializer ---- */

static yoke_status start_options_copy_argument(yoke_pool *pool,
                                               const yoke_pool_options *options,
                                               yk_error *error)
{
    yk_initializer *self = &pool->control->initializer;
    void *copy;

    if (options->initializer_bytes == 0) {
        return YOKE_OK;
    }
    copy = yk_arena_alloc(&pool->store, options->initializer_bytes, error);
    if (copy == NULL) {
        yk_error_prefix(error, "the initializer's argument: ");
        return YOKE_ENOMEM;
    }
    memcpy(copy, options->initializer_argument, options->initializer_bytes);
    self->argument = copy;
    self->bytes = options->initializer_bytes;
    return YOKE_OK;
}

yoke_status yk_initializer_set(yoke_pool *pool, const yoke_pool_options *options,
                               yk_error *error)
{
    yoke_status status;

    if ((options->initializer_argument == NULL) != (options->initializer_bytes == 0)) {
        return yk_fail(error, YOKE_EINVAL,
                       "initializer_argument and initializer_bytes go together");
    }
    if (options->initializer == NULL) {
        return options->initializer_bytes == 0
                   ? YOKE_OK
                   : yk_fail(error, YOKE_EINVAL,
                             "initializer_argument is given, but no initializer");
    }
    status = yk_function_locate(&pool->control->initializer.function,
                                (yk_any_function *)options->initializer,
                                "the initializer", error);
    return status == YOKE_OK ? start_options_copy_argument(pool, options, error)
                             : status;
}

/* ---- descriptors ---- */

static yoke_status start_options_check(const yoke_pool_options *options,
                                       yk_error *error)
{
    if ((options->keep_fds == NULL) != (options->keep_fd_count == 0)) {
        return yk_fail(error, YOKE_EINVAL, "keep_fds and keep_fd_count go together");
    }
    for (size_t i = 0; i < options->keep_fd_count; i++) {
        if (fcntl(options->keep_fds[i], F_GETFD) == -1) {
            return yk_fail(error, YOKE_EINVAL,
                           "keep_fds[%zu] is %d, which is not an open descriptor", i,
                           options->keep_fds[i]);
        }
    }
    return YOKE_OK;
}

yoke_status yk_kept_fds_set(yoke_pool *pool, const yoke_pool_options *options,
                            yk_error *error)
{
    const size_t count = options->keep_fd_count;
    const yoke_status status = start_options_check(options, error);
    int *lists;

    if (status != YOKE_OK || count == 0) {
        return status;
    }
    lists = yk_arena_alloc(&pool->store, 2 * count * sizeof *lists, error);
    if (lists == NULL) {
        yk_error_prefix(error, "keep_fds: ");
        return YOKE_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        lists[i] = options->keep_fds[i];
        lists[count + i] = fcntl(lists[i], F_GETFD) & FD_CLOEXEC;
    }
    pool->control->kept = (yk_kept_fds){lists, lists + count, count};
    return YOKE_OK;
}
