/* SPDX-License-Identifier: MIT */
#include "yoke/value.h"

#include "api/cells_call.h"

yoke_status yoke_value_create(yoke_value **value, yoke_pool *pool, size_t bytes,
                              const void *initial)
{
    return yk_cells_create(value, pool, YK_MAGIC_VALUE, 1, bytes, initial);
}

yoke_status yoke_value_get(yoke_value *value, void *data)
{
    YK_OBJECT_CHECK(value, YK_MAGIC_VALUE);
    if (data == NULL) {
        return yk_object_fail(value, YOKE_EINVAL, "the place for the value is NULL");
    }
    return yk_cells_end(value, yk_cells_get((yk_cells *)value, 0, data));
}

yoke_status yoke_value_set(yoke_value *value, const void *data)
{
    YK_OBJECT_CHECK(value, YK_MAGIC_VALUE);
    if (data == NULL) {
        return yk_object_fail(value, YOKE_EINVAL, "the new value is NULL");
    }
    return yk_cells_end(value, yk_cells_set((yk_cells *)value, 0, data));
}

yoke_status yoke_value_lock(yoke_value *value, double seconds)
{
    YK_OBJECT_CHECK(value, YK_MAGIC_VALUE);
    return yk_cells_acquire(value, seconds);
}

yoke_status yoke_value_unlock(yoke_value *value)
{
    YK_OBJECT_CHECK(value, YK_MAGIC_VALUE);
    return yk_cells_release(value);
}

void *yoke_value_pointer(yoke_value *value)
{
    return yk_object_is(value, YK_MAGIC_VALUE) ? yk_cells_first((const yk_cells *)value)
                                               : NULL;
}

yoke_status yoke_value_destroy(yoke_value *value)
{
    return yk_object_destroy(value, YK_MAGIC_VALUE, true);
}
