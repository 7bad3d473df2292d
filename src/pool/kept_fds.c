/* SPDX-License-Identifier: MIT */
#include "pool/kept_fds.h"

#include <fcntl.h>

static yoke_status check(const yoke_pool_options *options, yk_error *error)
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
    const yoke_status status = check(options, error);
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

void yk_kept_fds_restore(const yk_kept_fds *kept)
{
    for (uint64_t i = 0; i < kept->count; i++) {
        (void)fcntl(kept->fds[i], F_SETFD, kept->flags[i]);
    }
}
