/* SPDX-License-Identifier: MIT */
#include "pool/objects.h"

#include <stdlib.h>
#include <string.h>

/* Larger blocks do not rest: the window may be small. */
static const uint64_t rest_bytes = 1 << 20;

void yk_objects_init(yk_objects *objects)
{
    memset(objects, 0, sizeof *objects);
    (void)pthread_mutex_init(&objects->lock, NULL);
}

void yk_objects_fini(yk_objects *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        yk_object_shut(objects->entries[i].object, false);
    }
    free(objects->entries);
    (void)pthread_mutex_destroy(&objects->lock);
}

static void release_retired(yk_objects *objects, yk_arena *arena)
{
    for (uint32_t i = 0; i < YK_RETIRED; i++) {
        if (objects->retired[i] != NULL) {
            (void)yk_arena_free(arena, objects->retired[i], NULL);
            objects->retired[i] = NULL;
        }
    }
}

void *yk_objects_alloc(yk_objects *objects, yk_arena *arena, size_t bytes,
                       yk_error *error)
{
    void *block = yk_arena_alloc(arena, bytes, error);

    if (block == NULL && error->status == YOKE_ENOMEM) {
        (void)pthread_mutex_lock(&objects->lock);
        release_retired(objects, arena);
        (void)pthread_mutex_unlock(&objects->lock);
        block = yk_arena_alloc(arena, bytes, error);
    }
    return block;
}

void yk_objects_drop(yk_arena *arena, void *block)
{
    (void)yk_arena_free(arena, block, NULL);
}

static bool ensure_room(yk_objects *objects)
{
    const size_t capacity = objects->capacity == 0 ? 16 : 2 * objects->capacity;
    yk_object_entry *entries;

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

yoke_status yk_objects_add(yk_objects *objects, yk_object *object, yk_magic magic,
                           void *block, yk_error *error)
{
    bool added;

    (void)pthread_mutex_lock(&objects->lock);
    added = ensure_room(objects);
    if (added) {
        objects->entries[objects->count++] = (yk_object_entry){object, block};
        yk_object_open(object, magic);
    }
    (void)pthread_mutex_unlock(&objects->lock);
    return added ? YOKE_OK : yk_fail(error, YOKE_ENOMEM, "out of memory");
}

static void *block_of(const yk_objects *objects, const yk_object *object)
{
    for (size_t i = objects->count; i > 0; i--) {
        if (objects->entries[i - 1].object == object) {
            return objects->entries[i - 1].block;
        }
    }
    return NULL;
}

static void shut_block(yk_objects *objects, const void *block, bool settle)
{
    size_t kept = 0;

    for (size_t i = 0; i < objects->count; i++) {
        if (objects->entries[i].block == block) {
            yk_object_shut(objects->entries[i].object, settle);
        } else {
            objects->entries[kept++] = objects->entries[i];
        }
    }
    objects->count = kept;
}

/* Its pages are given back now, its addresses later. */
static void retire(yk_objects *objects, yk_arena *arena, void *block)
{
    yk_block found;
    void **place = &objects->retired[objects->next_retired];

    if (!yk_arena_find(arena, block, &found)) {
        return;
    }
    if (found.span > rest_bytes) {
        (void)yk_arena_free(arena, block, NULL);
        return;
    }
    yk_mapping_punch(&arena->mapping, found.offset, found.span);
    if (*place != NULL) {
        (void)yk_arena_free(arena, *place, NULL);
    }
    *place = block;
    objects->next_retired = (objects->next_retired + 1) % YK_RETIRED;
}

yoke_status yk_objects_destroy(yk_objects *objects, yk_arena *arena, yk_object *object,
                               bool settle, yk_error *error)
{
    void *block;

    (void)pthread_mutex_lock(&objects->lock);
    block = block_of(objects, object);
    if (block != NULL) {
        shut_block(objects, block, settle);
        retire(objects, arena, block);
    }
    (void)pthread_mutex_unlock(&objects->lock);
    return block != NULL ? YOKE_OK
                         : yk_fail(error, YOKE_ECLOSED,
                                   "%p is no such object of this pool, or no more",
                                   (void *)object);
}
