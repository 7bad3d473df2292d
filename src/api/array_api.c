/* SPDX-License-Identifier: MIT */
#include "yoke/array.h"

#include "api/cells_call.h"

yoke_status yoke_array_create(yoke_shared_array **array, yoke_pool *pool, size_t count,
                              size_t item_bytes, const void *initial)
{
    return yk_cells_create(array, pool, YK_MAGIC_ARRAY, count, item_bytes, initial);
}

static yoke_status array_check(const yoke_shared_array *array, size_t index,
                               const void *data)
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

yoke_status yoke_array_get(yoke_shared_array *array, size_t index, void *data)
{
    const yoke_status status = array_check(array, index, data);

    return status != YOKE_OK
               ? status
               : yk_cells_end(array, yk_cells_get((yk_cells *)array, index, data));
}

yoke_status yoke_array_set(yoke_shared_array *array, size_t index, const void *data)
{
    const yoke_status status = array_check(array, index, data);

    return status != YOKE_OK
               ? status
               : yk_cells_end(array, yk_cells_set((yk_cells *)array, index, data));
}

size_t yoke_array_count(const yoke_shared_array *array)
{
    return yk_object_is(array, YK_MAGIC_ARRAY) ? yk_cells_count((const yk_cells *)array)
                                               : 0;
}

yoke_status yoke_array_lock(yoke_shared_array *array, double seconds)
{
    YK_OBJECT_CHECK(array, YK_MAGIC_ARRAY);
    return yk_cells_acquire(array, seconds);
}

yoke_status yoke_array_unlock(yoke_shared_array *array)
{
    YK_OBJECT_CHECK(array, YK_MAGIC_ARRAY);
    return yk_cells_release(array);
}

void *yoke_array_pointer(yoke_shared_array *array)
{
    return yk_object_is(array, YK_MAGIC_ARRAY) ? yk_cells_first((const yk_cells *)array)
                                               : NULL;
}

yoke_status yoke_array_destroy(yoke_shared_array *array)
{
    return yk_object_destroy(array, YK_MAGIC_ARRAY, true);
}
