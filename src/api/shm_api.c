/* SPDX-License-Identifier: MIT */
#include "yoke/shm.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/live.h"
#include "pool/pool.h"

static yoke_status shm_begin(yoke_shm **shm, const yoke_pool *pool, yk_error *error)
{
    yoke_status status;

    yk_error_clear(error);
    if (shm != NULL) {
        *shm = NULL;
    }
    status = yk_call_check(pool, error);
    if (status == YOKE_OK && shm == NULL) {
        status = yk_fail(error, YOKE_EINVAL, "where the segment's handle goes is NULL");
    }
    return status;
}

/* From here on the handle is the user's. */
static yoke_status hand_out(yoke_shm **shm, yoke_pool *pool, bool created,
                            yk_error *error)
{
    if (!yk_live_add_handle(pool, *shm)) {
        if (created) {
            (void)yk_segment_unlink((*shm)->name, NULL);
        }
        (void)yk_shm_close(pool, *shm, NULL);
        free(*shm);
        *shm = NULL;
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    return YOKE_OK;
}

yoke_status yoke_shm_create_sized(yoke_shm **shm, yoke_pool *pool, const char *name,
                                  size_t bytes, const yoke_shm_options *options,
                                  size_t size)
{
    yoke_shm_options all = {.access = YOKE_SHM_READ_WRITE};
    yk_error error;
    yoke_status status = shm_begin(shm, pool, &error);

    yk_call_take_options(&all, sizeof all, options, size);
    if (status == YOKE_OK && all.access != YOKE_SHM_READ_WRITE) {
        status = yk_fail(&error, YOKE_EINVAL,
                         "a segment is created for reading and writing");
    }
    if (status == YOKE_OK) {
        status = yk_shm_create(shm, pool, name, bytes, &error);
    }
    if (status == YOKE_OK) {
        status = hand_out(shm, pool, true, &error);
    }
    return yk_call_end(pool, status, &error);
}

/* One of yk_shm_open() and yk_shm_open_file(). */
typedef yoke_status open_function(yoke_shm **shm, yoke_pool *pool, const char *name,
                                  bool read_only, yk_error *error);

static yoke_status open_with(open_function *function, yoke_shm **shm, yoke_pool *pool,
                             const char *name, yoke_shm_access access)
{
    yk_error error;
    yoke_status status = shm_begin(shm, pool, &error);

    if (status == YOKE_OK && (unsigned)access > YOKE_SHM_READ_ONLY) {
        status = yk_fail(&error, YOKE_EINVAL, "access %u is no known value",
                         (unsigned)access);
    }
    if (status == YOKE_OK) {
        status = function(shm, pool, name, access == YOKE_SHM_READ_ONLY, &error);
    }
    if (status == YOKE_OK) {
        status = hand_out(shm, pool, false, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_shm_open_sized(yoke_shm **shm, yoke_pool *pool, const char *name,
                                const yoke_shm_options *options, size_t size)
{
    yoke_shm_options all = {.access = YOKE_SHM_READ_WRITE};

    yk_call_take_options(&all, sizeof all, options, size);
    return open_with(yk_shm_open, shm, pool, name, all.access);
}

yoke_status yoke_shm_open_file_sized(yoke_shm **shm, yoke_pool *pool, const char *path,
                                     const yoke_shm_options *options, size_t size)
{
    yoke_shm_options all = {.access = YOKE_SHM_READ_WRITE};

    yk_call_take_options(&all, sizeof all, options, size);
    return open_with(yk_shm_open_file, shm, pool, path, all.access);
}

static bool is_open(const yoke_shm *shm)
{
    return shm != NULL && yk_live_pool_of(shm) != NULL;
}

void *yoke_shm_pointer(const yoke_shm *shm)
{
    return is_open(shm) ? shm->pointer : NULL;
}

size_t yoke_shm_bytes(const yoke_shm *shm)
{
    return is_open(shm) ? shm->bytes : 0;
}

const char *yoke_shm_name(const yoke_shm *shm)
{
    return is_open(shm) ? shm->name : "";
}

yoke_status yoke_shm_close(yoke_shm *shm)
{
    const yoke_pool *pool = yk_live_pool_of(shm);
    yk_error error;
    yoke_status status;

    if (shm == NULL) {
        return YOKE_OK;
    }
    yk_error_clear(&error);
    if (pool == NULL) {
        return yk_call_fail(NULL, YOKE_EINVAL,
                            "this is no open segment: it was closed, or its pool was");
    }
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK) {
        yoke_pool *own = shm->pool;

        status = yk_shm_close(own, shm, &error);
        if (status == YOKE_OK || status == YOKE_ELOST) {
            (void)yk_live_remove_handle(shm);
            free(shm);
        }
        yk_run_callbacks(own);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_shm_unlink(const char *name)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_segment_check_name(name, &error);
    if (status == YOKE_OK) {
        status = yk_segment_unlink(name, &error);
    }
    return yk_call_end(NULL, status, &error);
}
