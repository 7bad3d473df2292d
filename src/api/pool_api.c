/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "api/call.h"
#include "base/status.h"
#include "pool/pool.h"
#include "sys/call_guard.h"
#include "yoke/stats.h"

#define YK_TEXT_OF(x) #x
#define YK_VERSION_TEXT(major, minor, patch)                                           \
    YK_TEXT_OF(major) "." YK_TEXT_OF(minor) "." YK_TEXT_OF(patch)

const char *yoke_strerror(yoke_status status)
{
    return yk_status_text(status);
}

const char *yoke_version(void)
{
    return YK_VERSION_TEXT(YOKE_VERSION_MAJOR, YOKE_VERSION_MINOR, YOKE_VERSION_PATCH);
}

yoke_status yoke_pool_create_sized(yoke_pool **pool, const yoke_pool_options *options,
                                   size_t size)
{
    yoke_pool_options all;
    yk_error error;
    yoke_status status;

    if (pool == NULL) {
        return yk_call_fail(NULL, YOKE_EINVAL, "`pool` is NULL");
    }
    *pool = NULL;
    yk_error_clear(&error);
    status =
        yk_call_take(&all, YK_CALL_RESERVED(yoke_pool_options), options, size, &error);
    if (status == YOKE_OK) {
        status = yk_pool_create(pool, &all, &error);
    }
    if (status != YOKE_OK && *pool != NULL && (*pool)->is_locked_up) {
        (void)yk_handle_suspend(*pool); /* freeing it might hang */
        *pool = NULL;
    } else if (status != YOKE_OK && *pool != NULL) {
        (void)yk_handle_suspend(*pool);
        yk_pool_end(*pool, true);
        (void)yk_pool_destroy(*pool, true, NULL);
        *pool = NULL;
    }
    return yk_call_end(NULL, status, &error);
}

/* A callback was left, or the thread was cancelled: the pool can be closed once more. */
static void undo_close(void *pool, uint64_t unused)
{
    (void)unused;
    yk_handle_resume(pool);
}

static yoke_status end_pool(yoke_pool *pool, bool kill)
{
    yk_error error;
    yoke_status status;

    if (pool == NULL) {
        return YOKE_OK;
    }
    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK && yk_is_in_user_callback(pool)) {
        status = yk_fail(&error, YOKE_EBUSY,
                         "a callback, or another function that a call on the pool has "
                         "called, cannot close it");
    }
    if (status == YOKE_OK && !yk_handle_suspend(pool)) {
        status = yk_fail(&error, YOKE_ECLOSED, "the pool is being closed already");
    }
    if (status != YOKE_OK) {
        return yk_call_end(pool, status, &error);
    }
    yk_hold(undo_close, pool, 0);
    yk_pool_end(pool, kill);
    yk_hold_end();
    status = yk_pool_destroy(pool, kill, &error);
    (void)yk_call_end(NULL, status, &error);
    /* Also by the pointer that is stale now. */
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_pool_close(yoke_pool *pool)
{
    return end_pool(pool, false);
}

yoke_status yoke_pool_terminate(yoke_pool *pool)
{
    return end_pool(pool, true);
}

yoke_status yoke_pool_wait(yoke_pool *pool, double seconds)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK) {
        status = yk_call_check_seconds(seconds, &error);
    }
    if (status == YOKE_OK) {
        status = yk_pool_wait(pool, seconds, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_start yoke_pool_start_method(const yoke_pool *pool)
{
    yk_error error;

    return yk_call_check(pool, &error) == YOKE_OK ? pool->method : YOKE_START_AUTO;
}

const char *yoke_pool_error(const yoke_pool *pool)
{
    return yk_call_last(pool);
}

yoke_status yoke_pool_workers_sized(yoke_pool *pool, yoke_worker_info *workers,
                                    size_t capacity, size_t *count, size_t size)
{
    enum { MOST = YK_MAX_WORKERS + YK_MAX_FOUND };
    yoke_worker_info *infos = NULL;
    size_t total = 0;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK && capacity > 0 && workers == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "`workers` is NULL");
    }
    if (status == YOKE_OK) {
        infos = calloc(MOST, sizeof *infos);
        if (infos == NULL) {
            status = yk_fail(&error, YOKE_ENOMEM, "out of memory");
        }
    }
    if (status == YOKE_OK) {
        yk_pool_describe(pool, infos, MOST, &total);
        yk_call_give_elements(workers, size, infos, sizeof *infos,
                              total < capacity ? total : capacity);
    }
    if (count != NULL) {
        *count = total;
    }
    free(infos);
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_pool_stats_sized(yoke_pool *pool, yoke_worker_stats *stats,
                                  size_t capacity, size_t *count, size_t size)
{
    yoke_worker_stats *all = NULL;
    size_t total = 0;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK && capacity > 0 && stats == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "`stats` is NULL");
    }
    if (status == YOKE_OK) {
        all = calloc(YK_MAX_SLOTS, sizeof *all);
        if (all == NULL) {
            status = yk_fail(&error, YOKE_ENOMEM, "out of memory");
        }
    }
    if (status == YOKE_OK) {
        total = yk_pool_get_stats(pool, all);
        yk_call_give_elements(stats, size, all, sizeof *all,
                              total < capacity ? total : capacity);
    }
    if (count != NULL) {
        *count = total;
    }
    free(all);
    return yk_call_end(pool, status, &error);
}

size_t yoke_pool_poll(yoke_pool *pool)
{
    yk_error error;

    yk_error_clear(&error);
    if (yk_call_check(pool, &error) != YOKE_OK) {
        (void)yk_call_end(pool, error.status, &error);
        return 0;
    }
    return yk_pool_poll(pool);
}

int yoke_pool_fd(yoke_pool *pool)
{
    yk_error error;
    yoke_status status;
    int fd = -1;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK) {
        status = yk_pool_fd(pool, &fd, &error);
    }
    (void)yk_call_end(pool, status, &error);
    return fd;
}
