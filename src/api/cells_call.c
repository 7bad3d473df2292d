/* SPDX-License-Identifier: MIT */
#include "api/cells_call.h"

#include <string.h>

#include "api/call.h"

yoke_status yk_cells_create(void *result, yoke_pool *pool, yk_magic magic, size_t count,
                            size_t item_bytes, const void *initial)
{
    const uint64_t bytes = yk_cells_bytes(item_bytes, count);
    yoke_status status;
    yk_cells *cells;

    if (count == 0 || item_bytes == 0 || bytes == 0) {
        if (result != NULL) {
            memset(result, 0, sizeof(void *));
        }
        return yk_call_fail(pool, YOKE_EINVAL,
                            "a value, and an array's element, has at least 1 byte, and all "
                            "together have at most 64 TiB");
    }
    cells = yk_object_alloc(pool, result, bytes, YK_ZONE_CELLS, &status);
    if (cells == NULL) {
        return status;
    }
    yk_cells_init(cells, item_bytes, count);
    if (initial != NULL) {
        memcpy(yk_cells_first(cells), initial, count * item_bytes);
    }
    return yk_object_publish(pool, result, &cells->object, magic);
}

yoke_status yk_cells_end(const void *cells, yoke_status status)
{
    return status == YOKE_EOWNERDEAD
               ? yk_object_fail(
                     cells, status,
                     "a process died that had the lock: it may be half changed")
               : yk_object_end(cells, status);
}

yoke_status yk_cells_acquire(void *cells, double seconds)
{
    uint64_t deadline;
    const yoke_status status = yk_object_deadline(cells, seconds, &deadline);

    return status != YOKE_OK ? status
                             : yk_cells_end(cells, yk_cells_lock(cells, deadline));
}

yoke_status yk_cells_release(void *cells)
{
    return yk_cells_unlock(cells) == YOKE_OK
               ? YOKE_OK
               : yk_object_fail(cells, YOKE_EINVAL,
                                "this thread does not have the lock");
}
