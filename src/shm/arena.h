/* SPDX-License-Identifier: MIT */
/*
 * The arena: allocation from a shared mapping. Small allocations share pages, larger ones have
 * their own. The books are in the private memory of the only process that allocates, the
 * application: no worker can damage them, or die holding their lock. Each call takes O(log n)
 * steps.
 */
#ifndef YK_SHM_ARENA_H
#define YK_SHM_ARENA_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "shm/allocation.h"
#include "shm/books.h"
#include "shm/guard.h"
#include "shm/layout.h"
#include "shm/slab.h"
#include "sys/mapping.h"

/* An allocation of more than this begins a page, and has its pages for itself. */
enum { YK_MAX_SHARING = 1024 };

/* The number of empty slabs that are kept: 16 MiB. */
enum { YK_MAX_EMPTY_SLABS = 256 };

typedef struct yk_arena {
    yk_mapping mapping;
    yk_layout layout;
    yk_guard_table *guards; /* NULL: allocations are not guarded */
    /* where to search first, in zones whose addresses are reused late */
    uint64_t next[YK_ZONES];
    _Atomic size_t resting; /* number of ranges where segments were */
    pthread_mutex_t lock;
    yk_books books[YK_ZONES]; /* of each zone; only the first if there is one zone */
    bool is_divided;
    yk_slabs slabs;
    /* bytes in allocations that take no memory here: reservations and segments */
    uint64_t reserved;
    uint64_t next_id;
    _Atomic uint64_t lendings; /* changes of tables so far */
    bool limited; /* refuse allocations that do not fit the system's memory */
    /* bytes that can be allocated before the system is asked again; until when (yk_clock_ns) */
    uint64_t allowance;
    uint64_t allowed_until;
} yk_arena;

/* Takes over a mapping: fini destroys it. `limited`: see yk_arena_alloc(). All of the mapping
 * is for any kind of allocation. */
yoke_status yk_arena_init(yk_arena *arena, yk_mapping mapping, bool limited,
                          yk_error *error);

/* Gives each kind of allocation its zone. To be called before the first allocation. */
void yk_arena_divide(yk_arena *arena, const yk_layout *layout);
void yk_arena_fini(yk_arena *arena);

/* Zeroed memory, page-aligned (2 MiB-aligned from 2 MiB on). Up to YK_MAX_SHARING bytes share
 * pages and are aligned to 128 bytes, up to 64 bytes to 64. If allocations are guarded, it is
 * aligned to 16 to 128 bytes and ends at the end of a page, after which no access is possible.
 * If the arena is limited, a request is refused that does not fit the memory that machine and
 * cgroup have left, less what was promised and not yet touched; they are asked once per 16 MiB.
 * NULL: YOKE_ENOMEM in error. */
void *yk_arena_alloc(yk_arena *arena, size_t bytes, yk_error *error);

/* YOKE_EINVAL if no allocation starts there, or if it is a segment or an object; YOKE_EBUSY if
 * it has users. */
yoke_status yk_arena_free(yk_arena *arena, const void *pointer, yk_error *error);

/* If the arena is limited: YOKE_ENOMEM if the system does not have the memory for `bytes` more
 * bytes. */
yoke_status yk_arena_check_memory(yk_arena *arena, size_t bytes, yk_error *error);

/*
 * An allocation for a segment: it is to show a named segment's pages instead of the arena's
 * own, which the caller maps there. It takes none of the arena's memory. A copy goes to
 * *allocation. NULL: YOKE_ENOMEM in error.
 */
void *yk_arena_attach(yk_arena *arena, size_t bytes, uint32_t attachment, bool read_only,
                    yk_allocation *allocation, yk_error *error);

/* Ends a segment's allocation, as yk_arena_free(). Its range rests: it is the `epoch`th segment
 * that was closed, and some process may still have it attached. */
yoke_status yk_arena_detach(yk_arena *arena, const void *pointer, uint64_t epoch,
                            yk_error *error);

/* All processes have detached the first `epoch` closed segments: their ranges may be used
 * again. */
void yk_arena_wake(yk_arena *arena, uint64_t epoch);

/* Whether there is a range for a segment of `bytes` bytes. */
bool yk_arena_has_room_to_attach(yk_arena *arena, size_t bytes);

/* The number of bytes of resting ranges. */
uint64_t yk_arena_resting(yk_arena *arena);

/* Whether the address lies in the mapping at all, allocated or not. */
bool yk_arena_contains(const yk_arena *arena, const void *pointer);

/* Copies the allocation that contains an address. False if there is none. */
bool yk_arena_find(yk_arena *arena, const void *pointer, yk_allocation *allocation);

/* Adds `change` to the number of users of the allocation with this id at this address. */
void yk_arena_use(yk_arena *arena, uint64_t address, uint64_t id, int change);

/* Copies the allocation that starts at an address. YOKE_EINVAL if none starts there. */
yoke_status yk_arena_get(yk_arena *arena, const void *pointer, yk_allocation *allocation,
                         yk_error *error);

/* How often an allocation was lent or taken back so far. */
uint64_t yk_arena_lendings(const yk_arena *arena);

/* As yk_arena_alloc(), for objects that processes share, in the zone of objects or of cells.
 * yk_arena_free() refuses such an allocation. */
void *yk_arena_alloc_object(yk_arena *arena, size_t bytes, yk_zone_kind zone,
                            yk_error *error);
void yk_arena_free_object(yk_arena *arena, const void *pointer);

/* Keeps the first `bytes` bytes of such an allocation. All its memory is given back and reads
 * as zeros. */
void yk_arena_shrink_object(yk_arena *arena, const void *pointer, size_t bytes);

/* Sets the page table of the allocation that starts there; 0 removes it. */
void yk_arena_set_table(yk_arena *arena, const void *pointer, uint64_t table);

/* Memory for a small result, of which there may be many: not zeroed, and up to YK_SLOT_MOST bytes
 * share pages. */
void *yk_arena_alloc_result(yk_arena *arena, size_t bytes, yk_error *error);

/* Changes the size of an allocation where it is, which gets a new id. What it keeps of its content
 * stays, what is added is zero. False if that is not possible there: it has users, is lent,
 * guarded, not plain, or what follows is taken. */
bool yk_arena_resize(yk_arena *arena, void *pointer, size_t bytes);

/* YOKE_EINVAL or YOKE_EBUSY if yk_arena_free() would fail with it. */
yoke_status yk_arena_check_free(yk_arena *arena, const void *pointer, yk_error *error);

/* Reserves address space for something whose size is not known yet. It does not count against
 * the available memory. It has a user and cannot be freed until it is settled. */
void *yk_arena_reserve(yk_arena *arena, size_t bytes, yk_error *error);

/* Makes a reservation an allocation of `bytes` bytes, at most what was reserved, without users.
 * The rest is given back; with 0 all of it is. `touched`: the memory may have been written to,
 * so that pages have to be given back, too. */
void yk_arena_settle(yk_arena *arena, const void *pointer, size_t bytes, bool touched);

/* The number of entries in the books, and of bytes that they take; slabs count as a whole. */
size_t yk_arena_count(const yk_arena *arena);
uint64_t yk_arena_used(const yk_arena *arena);

/* Whether entries are sorted, disjoint, page-aligned and within the mapping. */
bool yk_arena_valid(const yk_arena *arena);

#endif
