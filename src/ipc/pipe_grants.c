/* SPDX-License-Identifier: MIT */
#include "ipc/pipe_grants.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "shm/window.h"

/* An argument is searched for ends. */
typedef struct grant_search {
    yk_ipc_registry *objects; /* NULL: what looks like an end is one */
    const yk_zone *zone; /* where ends lie */
    uintptr_t base;      /* of the arena */
    yk_pipe_grants *grants;
    size_t room;
} grant_search;

static bool grant_has(const yk_pipe_grants *grants, const yk_pipe_end *end)
{
    for (size_t i = 0; i < grants->count; i++) {
        if (grants->ends[i] == end) {
            return true;
        }
    }
    return false;
}

/* False: out of memory. */
static bool grant_add(grant_search *search, yk_pipe_end *end)
{
    yk_pipe_grants *grants = search->grants;

    if (grants->count == search->room) {
        const size_t room = search->room == 0 ? 16 : 2 * search->room;
        yk_pipe_end **ends = realloc(grants->ends, room * sizeof(yk_pipe_end *));

        if (ends == NULL) {
            return false;
        }
        grants->ends = ends;
        search->room = room;
    }
    grants->ends[grants->count++] = end;
    return true;
}

static bool grant_is_end(const grant_search *search, yk_pipe_end *end)
{
    return search->objects != NULL
               ? yk_ipc_registry_has(search->objects, end, YK_MAGIC_PIPE)
               : (uintptr_t)end % sizeof(uint64_t) == 0 &&
                     yk_window_has_objects(end, sizeof *end) &&
                     atomic_load(&end->object.magic) == YK_MAGIC_PIPE;
}

/* A word that is the address of an end. False: out of memory. */
static bool grant_look_at(grant_search *search, uint64_t word)
{
    const uint64_t offset = word - search->base;
    yk_pipe_end *end = (yk_pipe_end *)(uintptr_t)word;

    return word < search->base || offset < search->zone->begin ||
           offset >= search->zone->end || grant_has(search->grants, end) ||
           !grant_is_end(search, end) ||
           grant_add(search, end);
}

static bool grant_search_words(grant_search *search, const void *data, size_t bytes)
{
    const size_t skipped = (size_t)(-(uintptr_t)data % sizeof(uint64_t));
    const char *end = (const char *)data + bytes;
    uint64_t word;

    if (bytes < skipped) {
        return true;
    }
    for (const char *at = (const char *)data + skipped;
         (size_t)(end - at) >= sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        if (!grant_look_at(search, word)) {
            return false;
        }
    }
    return true;
}

/* The argument is a pointer into the arena: it may be an end, or point to memory with ends. */
static bool grant_search_memory(grant_search *search, yk_arena *arena,
                                const void *argument)
{
    yk_allocation allocation;
    uint64_t offset;

    if (!yk_arena_find(arena, argument, &allocation) ||
        allocation.kind == YK_ALLOCATION_SEGMENT) {
        return true;
    }
    offset = (uint64_t)((uintptr_t)argument - search->base) - allocation.offset;
    return grant_look_at(search, (uintptr_t)argument) &&
           grant_search_words(
               search, argument,
               (size_t)yk_min(allocation.bytes - offset, YK_PIPE_GRANT_BYTES));
}

static yoke_status grants_expect(yk_pipe_grants *grants, bool found, yk_error *error)
{
    if (!found) {
        free(grants->ends);
        *grants = (yk_pipe_grants){.count = 0};
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < grants->count; i++) {
        yk_pipe_expect_holder(grants->ends[i]);
    }
    return YOKE_OK;
}

yoke_status yk_pipe_grants_begin_in(yk_pipe_grants *grants, const void *arena,
                                    const yk_layout *layout, const void *argument,
                                    size_t bytes, yk_error *error)
{
    grant_search search = {.zone = &layout->zones[YK_ZONE_OBJECTS],
                           .base = (uintptr_t)arena,
                           .grants = grants};

    *grants = (yk_pipe_grants){.count = 0};
    return grants_expect(grants,
                         grant_search_words(&search, argument,
                                            (size_t)yk_min(bytes, YK_PIPE_GRANT_BYTES)),
                         error);
}

yoke_status yk_pipe_grants_begin(yk_pipe_grants *grants, yk_ipc_registry *objects,
                                 yk_arena *arena, const void *argument, size_t bytes,
                                 yk_error *error)
{
    grant_search search = {.objects = objects,
                           .zone = &arena->layout.zones[YK_ZONE_OBJECTS],
                           .base = (uintptr_t)arena->mapping.base,
                           .grants = grants};
    bool found;

    *grants = (yk_pipe_grants){.count = 0};
    found = bytes > 0 ? grant_search_words(&search, argument,
                                           (size_t)yk_min(bytes, YK_PIPE_GRANT_BYTES))
                      : grant_search_memory(&search, arena, argument);
    return grants_expect(grants, found, error);
}

void yk_pipe_grants_end(yk_pipe_grants *grants, yk_identity process, bool ended)
{
    for (size_t i = 0; i < grants->count; i++) {
        yk_pipe_add_expected(grants->ends[i], process, ended);
    }
    free(grants->ends);
    *grants = (yk_pipe_grants){.count = 0};
}
