/* SPDX-License-Identifier: MIT */
#include "shm/spares.h"

#include "base/bits.h"

/* All that are kept together. */
static const size_t max_spare_bytes = (size_t)64 << 20;
static const size_t min_spare_bytes = (size_t)1 << 16;

void *yk_spares_take(yk_spares *spares, size_t *bytes)
{
    yk_spare *found = NULL;
    void *memory;

    *bytes = yk_max(*bytes, min_spare_bytes);
    for (size_t i = 0; i < YK_MAX_SPARES; i++) {
        yk_spare *spare = &spares->kept[i];

        if (spare->memory != NULL && spare->bytes >= *bytes &&
            (found == NULL || spare->bytes < found->bytes)) {
            found = spare;
        }
    }
    if (found == NULL) {
        return NULL;
    }
    memory = found->memory;
    *bytes = found->bytes;
    *found = (yk_spare){.memory = NULL};
    return memory;
}

static size_t spares_bytes(const yk_spares *spares)
{
    size_t bytes = 0;

    for (size_t i = 0; i < YK_MAX_SPARES; i++) {
        bytes += spares->kept[i].bytes;
    }
    return bytes;
}

/* The smallest entry; an empty one if there is any. */
static yk_spare *spares_smallest(yk_spares *spares)
{
    yk_spare *found = &spares->kept[0];

    for (size_t i = 1; i < YK_MAX_SPARES; i++) {
        if (spares->kept[i].bytes < found->bytes) {
            found = &spares->kept[i];
        }
    }
    return found;
}

/* What is larger serves more uses, and costs more page faults. */
void yk_spares_put(yk_spares *spares, yk_arena *arena, void *memory, size_t bytes)
{
    yk_spare *smallest = spares_smallest(spares);

    if (bytes > max_spare_bytes ||
        spares_bytes(spares) - smallest->bytes > max_spare_bytes - bytes ||
        smallest->bytes > bytes) {
        (void)yk_arena_free(arena, memory, NULL);
        return;
    }
    if (smallest->memory != NULL) {
        (void)yk_arena_free(arena, smallest->memory, NULL);
    }
    *smallest = (yk_spare){memory, bytes};
}
