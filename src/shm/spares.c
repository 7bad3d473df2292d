/* SPDX-License-Identifier: MIT */
#include "shm/spares.h"

#include "base/bits.h"

static const size_t max_spare_bytes = (size_t)1 << 20;
static const size_t min_spare_bytes = (size_t)1 << 16;

void *yk_spares_take(yk_spares *spares, size_t *bytes)
{
    *bytes = yk_max(*bytes, min_spare_bytes);
    for (size_t i = 0; i < YK_MAX_SPARES; i++) {
        yk_spare *spare = &spares->kept[i];

        if (spare->memory != NULL && spare->bytes >= *bytes) {
            void *memory = spare->memory;

            *bytes = spare->bytes;
            spare->memory = NULL;
            return memory;
        }
    }
    return NULL;
}

void yk_spares_put(yk_spares *spares, yk_arena *arena, void *memory, size_t bytes)
{
    for (size_t i = 0; i < YK_MAX_SPARES && bytes <= max_spare_bytes; i++) {
        if (spares->kept[i].memory == NULL) {
            spares->kept[i] = (yk_spare){memory, bytes};
            return;
        }
    }
    (void)yk_arena_free(arena, memory, NULL);
}
