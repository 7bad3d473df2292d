/* SPDX-License-Identifier: MIT */
/*
 * The arena: page-granular allocation from a shared mapping. The list of allocations is in the
 * private memory of the only process that allocates, the application: no worker can damage it,
 * or die holding its lock.
 */
#ifndef YK_SHM_ARENA_H
#define YK_SHM_ARENA_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "shm/guard.h"
#include "shm/layout.h"
#include "sys/mapping.h"

enum { YK_MAX_SPARE = 4096 };

enum {
    YK_ALLOCATION_PLAIN = 0,
    /* address space for a result, which will take what it needs */
    YK_ALLOCATION_RESERVED = 1,
    YK_ALLOCATION_PAGE = 2,    /* one page, kept for reuse when it is freed */
    YK_ALLOCATION_SPARE = 3,   /* such a page that is free: not an allocation */
    YK_ALLOCATION_SEGMENT = 4, /* a named segment's pages instead of the arena's own */
    /* objects that processes share, or the place of one that was just destroyed */
    YK_ALLOCATION_OBJECT = 5,
    /* addresses of closed segments that some process may still have: not an allocation */
    YK_ALLOCATION_RESTING = 6,
};

/* An allocation. */
typedef struct yk_allocation {
    uint64_t offset; /* from the mapping's base */
    uint64_t bytes;  /* as requested */
    uint64_t lead;   /* bytes taken before it: whole pages begin there */
    uint64_t span;   /* bytes taken from its offset on: to the end of a page */
    uint64_t id;     /* never used twice in an arena; from 1 */
    uint32_t users;  /* jobs that use it */
    uint64_t table;  /* address of its yk_residency; 0: it is not lent */
    uint32_t kind;   /* YK_ALLOCATION_... */
    uint32_t attachment;  /* number of the named segment it shows, from 1; 0: none */
    uint32_t zone;   /* yk_zone_kind */
    uint32_t guard;  /* its entry in the table of guarded allocations, from 1; 0: none */
    bool read_only;  /* a segment that may not be written */
    /* of a resting range: how many segments had been closed when it began to rest */
    uint64_t epoch;
} yk_allocation;

/* Where to start searching for a gap: there is no gap of this span or larger before it. Only a
 * hint. */
typedef struct yk_gap_hint {
    uint64_t span;
    uint64_t offset;
} yk_gap_hint;

typedef struct yk_arena {
    yk_mapping mapping;
    yk_layout layout;
    yk_guard_table *guards; /* NULL: allocations are not guarded */
    /* where to search first, in zones whose addresses are reused late */
    uint64_t next[YK_ZONES];
    _Atomic size_t resting; /* number of ranges where segments were */
    pthread_mutex_t lock;
    yk_allocation *allocations; /* sorted by offset */
    size_t count;
    size_t capacity;
    uint64_t used;    /* bytes in allocations */
    /* ... in those that take no memory here: reservations and segments */
    uint64_t reserved;
    uint64_t spare[YK_MAX_SPARE]; /* offsets of spare pages */
    size_t spare_count;
    yk_gap_hint page_hint;
    yk_gap_hint large_hint;
    uint64_t next_id;
    bool limited; /* refuse allocations that do not fit the system's memory */
} yk_arena;

/* Takes over a mapping: fini destroys it. `limited`: see yk_arena_alloc(). All of the mapping
 * is for any kind of allocation. */
yoke_status yk_arena_init(yk_arena *arena, yk_mapping mapping, bool limited,
                          yk_error *error);

/* Gives each kind of allocation its zone. To be called before the first allocation. */
void yk_arena_divide(yk_arena *arena, const yk_layout *layout);
void yk_arena_fini(yk_arena *arena);

/* Zeroed memory, page-aligned (2 MiB-aligned from 2 MiB on). If allocations are guarded, it is
 * aligned to 16 to 128 bytes and ends at the end of a page, after which no access is possible.
 * If the arena is limited, a request is refused that does not fit the memory that machine and
 * cgroup have left, less what was promised and not yet touched. NULL: YOKE_ENOMEM in error. */
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

/* Memory of at most a page, not zeroed; without a system call if a page was freed before. For
 * small results, of which there may be many. */
void *yk_arena_alloc_page(yk_arena *arena, size_t bytes, yk_error *error);

/* Reserves address space for something whose size is not known yet. It does not count against
 * the available memory. It has a user and cannot be freed until it is settled. */
void *yk_arena_reserve(yk_arena *arena, size_t bytes, yk_error *error);

/* Makes a reservation an allocation of `bytes` bytes, at most what was reserved, without users.
 * The rest is given back; with 0 all of it is. `touched`: the memory may have been written to,
 * so that pages have to be given back, too. */
void yk_arena_settle(yk_arena *arena, const void *pointer, size_t bytes, bool touched);

/* Whether allocations are sorted, disjoint, page-aligned and within the mapping. */
bool yk_arena_valid(const yk_arena *arena);

#endif
