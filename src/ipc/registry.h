/* SPDX-License-Identifier: MIT */
/*
 * The application's list of the objects that processes share (queues, locks and the like). Each
 * allocation of the arena holds one object, or several that are created and destroyed together.
 *
 * The memory of a destroyed object is given back to the system at once and reads as zeros, but the
 * addresses of its first page are not used again for a while: a thread may wait there, or be about
 * to enter a call, and must find the object closed. All fields that are read without the lock lie
 * in that page. If a live thread keeps the lock, all of the memory is kept until the pool ends.
 */
#ifndef YK_IPC_REGISTRY_H
#define YK_IPC_REGISTRY_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ipc/ipc_object.h"
#include "shm/arena.h"

/* The maximum number of first pages, which also take at most a sixteenth of the zone of
 * objects. */
enum { YK_RETIRED = 1024 };

typedef struct yk_ipc_registry_entry {
    yk_ipc_object *object;
    void *allocation;
} yk_ipc_registry_entry;

typedef struct yk_ipc_registry {
    pthread_mutex_t lock;
    yk_ipc_registry_entry *entries;
    size_t count;
    size_t capacity;
    /* first pages whose addresses are not used; NULL: none */
    void *retired[YK_RETIRED];
    uint32_t next_retired;
    uint64_t keeper; /* the supervisor's identity: it ends with the application */
} yk_ipc_registry;

void yk_ipc_registry_init(yk_ipc_registry *objects);

/* Shuts all objects. The arena still exists. */
void yk_ipc_registry_fini(yk_ipc_registry *objects);

/* Zeroed memory for objects. NULL: the error says why. */
void *yk_ipc_registry_alloc(yk_ipc_registry *objects, yk_arena *arena, size_t bytes,
                            yk_zone_kind zone, yk_error *error);

/* Opens an initialised object in that allocation. */
yoke_status yk_ipc_registry_add(yk_ipc_registry *objects, yk_ipc_object *object,
                                yk_magic magic, void *allocation, yk_error *error);

/* Shuts all objects in the allocation of this one, and frees the allocation. `settle`: see
 * yk_ipc_object_shut(). YOKE_ECLOSED if it is not a valid object. */
yoke_status yk_ipc_registry_destroy(yk_ipc_registry *objects, yk_arena *arena,
                                    yk_ipc_object *object, bool settle,
                                    yk_error *error);

/* Whether this is one of the objects, of this type. Does not read what is no object. */
bool yk_ipc_registry_has(yk_ipc_registry *objects, const void *object, yk_magic magic);

/* Frees an allocation in which no object was added. */
void yk_ipc_registry_drop(yk_arena *arena, void *allocation);

#endif
