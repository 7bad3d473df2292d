/* SPDX-License-Identifier: MIT */
#include "yoke/shm.h"

#include "api/call.h"
#include "api/valid.h"
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
        status = yk_fail(error, YOKE_EINVAL, "`shm` is NULL");
    }
    return status;
}

yoke_status yoke_shm_create_sized(yoke_shm **shm, yoke_pool *pool, const char *name,
                                  size_t bytes, const yoke_shm_options *options,
                                  size_t size)
{
    yoke_shm_options all;
    yk_error error;
    yoke_status status = shm_begin(shm, pool, &error);

    if (status == YOKE_OK) {
        status = yk_call_take(&all, YK_CALL_RESERVED(yoke_shm_options), options, size,
                              &error);
    }
    if (status == YOKE_OK && all.access != YOKE_SHM_READ_WRITE) {
        status = yk_fail(&error, YOKE_EINVAL,
                         "a segment is created for reading and writing");
    }
    if (status == YOKE_OK) {
        status = yk_shm_create(shm, pool, name, bytes, &error);
    }
    return yk_call_end(pool, status, &error);
}

/* One of yk_shm_open() and yk_shm_open_file(). */
typedef yoke_status open_function(yoke_shm **shm, yoke_pool *pool, const char *name,
                                  bool read_only, yk_error *error);

static yoke_status open_with(open_function *function, yoke_shm **shm, yoke_pool *pool,
                             const char *name, const yoke_shm_options *options,
                             size_t size)
{
    yoke_shm_options all;
    yk_error error;
    yoke_status status = shm_begin(shm, pool, &error);

    if (status == YOKE_OK) {
        status = yk_call_take(&all, YK_CALL_RESERVED(yoke_shm_options), options, size,
                              &error);
    }
    if (status == YOKE_OK && (unsigned)all.access > YOKE_SHM_READ_ONLY) {
        status = yk_fail(&error, YOKE_EINVAL, "access %u is not a valid access",
                         (unsigned)all.access);
    }
    if (status == YOKE_OK) {
        status = function(shm, pool, name, all.access == YOKE_SHM_READ_ONLY, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_shm_open_sized(yoke_shm **shm, yoke_pool *pool, const char *name,
                                const yoke_shm_options *options, size_t size)
{
    return open_with(yk_shm_open, shm, pool, name, options, size);
}

yoke_status yoke_shm_open_file_sized(yoke_shm **shm, yoke_pool *pool, const char *path,
                                     const yoke_shm_options *options, size_t size)
{
    return open_with(yk_shm_open_file, shm, pool, path, options, size);
}

static bool is_open(const yoke_shm *shm)
{
    return yk_valid_is(shm, YK_HANDLE_SHM) && yk_valid_is(shm->pool, YK_HANDLE_POOL);
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
    yoke_pool *pool = NULL;
    yk_error error;
    yoke_status status;

    if (shm == NULL) {
        return YOKE_OK;
    }
    yk_error_clear(&error);
    status = yk_valid_check(shm, YK_HANDLE_SHM, &error);
    if (status == YOKE_OK) {
        pool = shm->pool;
        status = yk_call_check(pool, &error);
    }
    if (status == YOKE_OK) {
        status = yk_shm_close(pool, shm, &error);
        yk_run_callbacks(pool);
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
