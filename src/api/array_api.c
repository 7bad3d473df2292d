/* SPDX-License-Identifier: MIT */
#include "yoke/array.h"

#include <string.h>

#include "api/call.h"
#include "api/object_call.h"
#include "ipc/cells.h"

yoke_status yoke_array_create_sized(yoke_array **array, yoke_pool *pool, size_t count,
                                    size_t item_bytes,
                                    const yoke_array_options *options, size_t size)
{
    const uint64_t bytes = yk_cells_bytes(item_bytes, count);
    yoke_array_options all;
    yoke_status status = yk_object_take(
        pool, array, &all, YK_CALL_STRUCT(yoke_array_options), options, size);
    yk_cells *cells;

    if (status != YOKE_OK) {
        return status;
    }
    if (count == 0 || item_bytes == 0 || bytes == 0) {
        if (array != NULL) {
            *array = NULL;
        }
        return yk_call_fail(pool, YOKE_EINVAL,
                            "an array has at least 1 item of at least 1 byte, and at "
                            "most 64 TiB");
    }
    cells = yk_object_alloc(pool, array, bytes, YK_ZONE_CELLS, &status);
    if (cells == NULL) {
        return status;
    }
    yk_cells_init(cells, item_bytes, count);
    if (all.initial != NULL) {
        memcpy(yk_cells_first(cells), all.initial, count * item_bytes);
    }
    return yk_object_publish(pool, array, &cells->object, YK_MAGIC_ARRAY);
}

/* The status of a call that needs the lock, with its text. */
static yoke_status array_end(const void *cells, yoke_status status)
{
    return status == YOKE_EOWNERDEAD
               ? yk_object_fail(
                     cells, status,
                     "a process died that had the lock: it may be half changed")
               : yk_object_end(cells, status);
}

static yoke_status array_check(const yoke_array *array, size_t index, const void *data)
{
    uint64_t count;

    YK_OBJECT_CHECK(array, YK_MAGIC_ARRAY);
    count = yk_cells_count((const yk_cells *)array);
    if (data == NULL) {
        return yk_object_fail(array, YOKE_EINVAL, "the item's data is NULL");
    }
    if (count == 0) {
        return yk_object_end(array, yk_ipc_object_damaged((const yk_ipc_object *)array));
    }
    if (index >= count) {
        return yk_object_fail(array, YOKE_EINVAL,
                              "there is no item %zu: there are %llu", index,
                              (unsigned long long)count);
    }
    return YOKE_OK;
}

yoke_status yoke_array_get(yoke_array *array, size_t index, void *data)
{
    const yoke_status status = array_check(array, index, data);

    return status != YOKE_OK
               ? status
               : array_end(array, yk_cells_get((yk_cells *)array, index, data));
}

yoke_status yoke_array_set(yoke_array *array, size_t index, const void *data)
{
    const yoke_status status = array_check(array, index, data);

    return status != YOKE_OK
               ? status
               : array_end(array, yk_cells_set((yk_cells *)array, index, data));
}

size_t yoke_array_count(const yoke_array *array)
{
    return yk_valid_is(array, YK_MAGIC_ARRAY) ? yk_cells_count((const yk_cells *)array)
                                              : 0;
}

yoke_status yoke_array_lock(yoke_array *array, double seconds)
{
    uint64_t deadline;
    yoke_status status;

    YK_OBJECT_CHECK(array, YK_MAGIC_ARRAY);
    status = yk_object_deadline(array, seconds, &deadline);
    return status != YOKE_OK
               ? status
               : array_end(array, yk_cells_lock((yk_cells *)array, deadline));
}

yoke_status yoke_array_unlock(yoke_array *array)
{
    YK_OBJECT_CHECK(array, YK_MAGIC_ARRAY);
    return yk_cells_unlock((yk_cells *)array) == YOKE_OK
               ? YOKE_OK
               : yk_object_fail(array, YOKE_EINVAL,
                                "this thread does not have the lock");
}

void *yoke_array_pointer(yoke_array *array)
{
    return yk_valid_is(array, YK_MAGIC_ARRAY) ? yk_cells_first((const yk_cells *)array)
                                              : NULL;
}

yoke_status yoke_array_destroy(yoke_array *array)
{
    return yk_object_destroy(array, YK_MAGIC_ARRAY, true);
}
