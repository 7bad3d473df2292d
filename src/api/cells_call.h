/* SPDX-License-Identifier: MIT */
/* What values and arrays have in common. */
#ifndef YK_API_CELLS_CALL_H
#define YK_API_CELLS_CALL_H

#include "api/object_call.h"
#include "ipc/cells.h"

yoke_status yk_cells_create(void *result, yoke_pool *pool, yk_magic magic, size_t count,
                            size_t item_bytes, const void *initial);

/* The status of getting or setting, with its text. */
yoke_status yk_cells_end(const void *cells, yoke_status status);

yoke_status yk_cells_acquire(void *cells, double seconds);
yoke_status yk_cells_release(void *cells);

#endif
