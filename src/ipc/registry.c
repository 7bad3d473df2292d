/* SPDX-License-Identifier: MIT */
#include "ipc/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

void yk_ipc_registry_init(yk_ipc_registry *objects)
{
    memset(objects, 0, sizeof *objects);
    (void)pthread_mutex_init(&objects->lock, NULL);
}

void yk_ipc_registry_fini(yk_ipc_registry *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        (void)yk_ipc_object_shut(objects->entries[i].object, false);
    }
    free(objects->entries);
    (void)pthread_mutex_destroy(&objects->lock);
}

static void release_retired(yk_ipc_registry *objects, yk_arena *arena)
{
    for (uint32_t i = 0; i < YK_RETIRED; i++) {
        if (objects->retired[i] != NULL) {
            yk_arena_free_object(arena, objects->retired[i]);
            objects->retired[i] = NULL;
        }
    }
}

void *yk_ipc_registry_alloc(yk_ipc_registry *objects, yk_arena *arena, size_t bytes,
                            yk_zone_kind zone, yk_error *error)
{
    void *allocation = yk_arena_alloc_object(arena, bytes, zone, error);

    if (allocation == NULL && error->status == YOKE_ENOMEM) {
        (void)pthread_mutex_lock(&objects->lock);
        release_retired(objects, arena);
        (void)pthread_mutex_unlock(&objects->lock);
        allocation = yk_arena_alloc_object(arena, bytes, zone, error);
    }
    return allocation;
}

void yk_ipc_registry_drop(yk_arena *arena, void *allocation)
{
    yk_arena_free_object(arena, allocation);
}

static bool registry_ensure_room(yk_ipc_registry *objects)
{
    const size_t capacity = objects->capacity == 0 ? 16 : 2 * objects->capacity;
    yk_ipc_registry_entry *entries;

    if (objects->count < objects->capacity) {
        return true;
    }
    entries = realloc(objects->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    objects->entries = entries;
    objects->capacity = capacity;
    return true;
}

yoke_status yk_ipc_registry_add(yk_ipc_registry *objects, yk_ipc_object *object,
                                yk_magic magic, void *allocation, yk_error *error)
{
    bool added;

    (void)pthread_mutex_lock(&objects->lock);
    added = registry_ensure_room(objects);
    if (added) {
        objects->entries[objects->count++] =
            (yk_ipc_registry_entry){object, allocation};
        if (objects->keeper != 0) {
            yk_ipc_object_set_keeper(object, objects->keeper);
        }
        yk_ipc_object_open(object, magic);
    }
    (void)pthread_mutex_unlock(&objects->lock);
    return added ? YOKE_OK : yk_fail(error, YOKE_ENOMEM, "out of memory");
}

static void *allocation_of(const yk_ipc_registry *objects, const yk_ipc_object *object)
{
    for (size_t i = objects->count; i > 0; i--) {
        if (objects->entries[i - 1].object == object) {
            return objects->entries[i - 1].allocation;
        }
    }
    return NULL;
}

bool yk_ipc_registry_has(yk_ipc_registry *objects, const void *object, yk_magic magic)
{
    bool result;

    (void)pthread_mutex_lock(&objects->lock);
    result = allocation_of(objects, object) != NULL &&
             atomic_load(&((const yk_ipc_object *)object)->magic) == magic;
    (void)pthread_mutex_unlock(&objects->lock);
    return result;
}

/* Shuts all objects of an allocation. False: a thread is still inside. */
static bool shut_allocation(yk_ipc_registry *objects, const void *allocation,
                            bool settle)
{
    size_t kept = 0;
    bool settled = true;

    for (size_t i = 0; i < objects->count; i++) {
        if (objects->entries[i].allocation == allocation) {
            settled = yk_ipc_object_shut(objects->entries[i].object, settle) && settled;
        } else {
            objects->entries[kept++] = objects->entries[i];
        }
    }
    objects->count = kept;
    return settled;
}

/* Gives the pages back now, and the addresses of the first one later. */
static void registry_retire(yk_ipc_registry *objects, yk_arena *arena, void *allocation)
{
    const yk_zone *zone = &arena->layout.zones[YK_ZONE_OBJECTS];
    const uint64_t pages = (zone->end - zone->begin) / yk_page_size();
    const uint32_t max_count = (uint32_t)yk_min(YK_RETIRED, yk_max(pages / 16, 1));
    void **place = &objects->retired[objects->next_retired % max_count];

    yk_arena_shrink_object(arena, allocation, yk_page_size());
    if (*place != NULL) {
        yk_arena_free_object(arena, *place);
    }
    *place = allocation;
    objects->next_retired = (objects->next_retired + 1) % max_count;
}

yoke_status yk_ipc_registry_destroy(yk_ipc_registry *objects, yk_arena *arena,
                                    yk_ipc_object *object, bool settle, yk_error *error)
{
    void *allocation;

    (void)pthread_mutex_lock(&objects->lock);
    allocation = allocation_of(objects, object);
    if (allocation != NULL && shut_allocation(objects, allocation, settle)) {
        registry_retire(objects, arena, allocation);
    }
    (void)pthread_mutex_unlock(&objects->lock);
    return allocation != NULL
               ? YOKE_OK
               : yk_fail(error, YOKE_ECLOSED,
                         "%p is not an object of this pool, or already destroyed",
                         (void *)object);
}
