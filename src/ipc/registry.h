/* SPDX-License-Identifier: MIT */
/*
 * The objects that processes share (queues, locks and the like), as the application keeps
 * them: each allocation of the arena holds one, or several that come and go together.
 *
 * The memory of a destroyed object goes back to the system at once and reads as zeros, but the
 * addresses of its first page are not used again for a while: somebody may wait there, or be
 * on the way into a call, and has to find it closed. All that is looked at without the lock
 * lies in that page. If somebody stays inside, who has the lock and lives, all of the memory is
 * kept for him, until the end of the pool.
 */
#ifndef YK_IPC_REGISTRY_H
#define YK_IPC_REGISTRY_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ipc/ipc_object.h"
#include "shm/arena.h"

/* At most, and no more than a sixteenth of the zone of objects. */
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
    void *retired[YK_RETIRED]; /* first pages whose addresses rest; NULL: none */
    uint32_t next_retired;
    uint64_t keeper; /* the supervisor's identity: it ends with the application */
} yk_ipc_registry;

void yk_ipc_registry_init(yk_ipc_registry *objects);

/* Shuts all; the arena still stands. */
void yk_ipc_registry_fini(yk_ipc_registry *objects);

/* Zeroed memory for objects; NULL: the error says why. */
void *yk_ipc_registry_alloc(yk_ipc_registry *objects, yk_arena *arena, size_t bytes,
                       yk_zone_kind zone, yk_error *error);

/* An object in that allocation, initialised, is open from now on. */
yoke_status yk_ipc_registry_add(yk_ipc_registry *objects, yk_ipc_object *object, yk_magic magic,
                           void *allocation, yk_error *error);

/* Shuts all objects in the allocation of this one, and frees the allocation. `settle`: see
 * yk_ipc_object_shut(). YOKE_ECLOSED if it is none, or no more. */
yoke_status yk_ipc_registry_destroy(yk_ipc_registry *objects, yk_arena *arena, yk_ipc_object *object,
                               bool settle, yk_error *error);

/* Frees a allocation in which no object was added. */
void yk_ipc_registry_drop(yk_arena *arena, void *allocation);

#endif
