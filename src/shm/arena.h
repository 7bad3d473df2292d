/* SPDX-License-Identifier: MIT */
/*
 * Page-granular allocation from a shared mapping. The books are kept in the private memory
 * of the one process that allocates, the application: no worker can damage them, and none
 * can die holding their lock.
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
    YK_ALLOCATION_RESERVED =
        1,              /* address space, of which a result will take what it needs */
    YK_ALLOCATION_PAGE = 2,  /* one page, kept for reuse when it is freed */
    YK_ALLOCATION_SPARE = 3, /* such a page, free: no allocation */
    YK_ALLOCATION_SEGMENT = 4, /* shows a named segment's pages instead of the arena's own */
    YK_ALLOCATION_OBJECT =
        5, /* objects that processes share, or where one was a moment ago */
    YK_ALLOCATION_RESTING =
        6, /* where segments were that some process may still have: no allocation */
};

/* An allocated allocation. */
typedef struct yk_allocation {
    uint64_t offset; /* from the mapping's base */
    uint64_t bytes;  /* as asked for */
    uint64_t lead;   /* taken before it: whole pages begin there */
    uint64_t span;   /* as taken from its offset on: to the end of a page */
    uint64_t id;     /* never used twice in an arena; from 1 */
    uint32_t users;  /* jobs that use it */
    uint64_t table;  /* address of its yk_residency; 0: it is not lent */
    uint32_t kind;   /* YK_ALLOCATION_... */
    uint32_t attachment;  /* number of the named segment it shows, from 1; 0: none */
    uint32_t zone;   /* yk_zone_kind */
    uint32_t guard;  /* its entry in the table of guarded allocations, from 1; 0: none */
    bool read_only;  /* a segment that may not be written */
    uint64_t epoch;  /* of a resting range: how many segments had been closed then */
} yk_allocation;

/* Where to begin to look for a gap: there is none of this span, or a larger one, before. No
 * more than a hint. */
typedef struct yk_gap_hint {
    uint64_t span;
    uint64_t offset;
} yk_gap_hint;

typedef struct yk_arena {
    yk_mapping mapping;
    yk_layout layout;
    yk_guard_table *guards; /* allocations are guarded; NULL: they are not */
    uint64_t
        next[YK_ZONES]; /* where to look first, in zones whose addresses are to rest */
    _Atomic size_t resting; /* ranges where segments were */
    pthread_mutex_t lock;
    yk_allocation *allocations; /* sorted by offset */
    size_t count;
    size_t capacity;
    uint64_t used;    /* bytes in allocations */
    uint64_t reserved; /* ... of those that take no memory here: reserved only, or segments */
    uint64_t spare[YK_MAX_SPARE]; /* offsets of spare pages */
    size_t spare_count;
    yk_gap_hint page_hint;
    yk_gap_hint large_hint;
    uint64_t next_id;
    bool limited;     /* refuse what the system's memory cannot hold */
} yk_arena;

/* Takes a mapping over: fini destroys it. `limited`: see yk_arena_alloc(). All of it is for
 * any kind of allocation. */
yoke_status yk_arena_init(yk_arena *arena, yk_mapping mapping, bool limited,
                          yk_error *error);

/* Before the first allocation: each kind has its zone. */
void yk_arena_divide(yk_arena *arena, const yk_layout *layout);
void yk_arena_fini(yk_arena *arena);

/* Zeroed, page-aligned (2 MiB-aligned from 2 MiB on); if allocations are guarded aligned to 16 to 128
 * bytes, with its end at the end of a page behind which nothing can be touched. NULL: YOKE_ENOMEM in error. If the
 * arena is limited, what does not fit the memory that machine and cgroup have left, less
 * what was promised and not yet touched, is refused. */
void *yk_arena_alloc(yk_arena *arena, size_t bytes, yk_error *error);

/* YOKE_EINVAL if no allocation starts there, or it is a segment or an object; YOKE_EBUSY if it has
 * users. */
yoke_status yk_arena_free(yk_arena *arena, const void *pointer, yk_error *error);

/* Whether the system has the memory for so many bytes more, if the arena is limited:
 * YOKE_ENOMEM. */
yoke_status yk_arena_check_memory(yk_arena *arena, size_t bytes, yk_error *error);

/*
 * A segment: a allocation that is to show a named segment's pages instead of the arena's own, which
 * whoever asked for it sees to. Nothing of the arena's memory is promised for it. The allocation
 * is copied to *allocation. NULL: YOKE_ENOMEM in error.
 */
void *yk_arena_attach(yk_arena *arena, size_t bytes, uint32_t attachment, bool read_only,
                    yk_allocation *allocation, yk_error *error);

/* Ends a segment's allocation, as yk_arena_free(). Its range rests: it is the `epoch`th that was
 * closed, and some process may still have it. */
yoke_status yk_arena_detach(yk_arena *arena, const void *pointer, uint64_t epoch,
                            yk_error *error);

/* All processes have let go of so many segments: their ranges may be used again. */
void yk_arena_wake(yk_arena *arena, uint64_t epoch);

/* Whether there is a range for a segment of so many bytes. */
bool yk_arena_has_room_to_attach(yk_arena *arena, size_t bytes);

/* Bytes of ranges that rest. */
uint64_t yk_arena_resting(yk_arena *arena);

/* Whether the address lies in the mapping at all, allocated or not. */
bool yk_arena_contains(const yk_arena *arena, const void *pointer);

/* The allocation that contains an address, copied; false if there is none. */
bool yk_arena_find(yk_arena *arena, const void *pointer, yk_allocation *allocation);

/* Counts a user of the allocation with this id at this address in or out. */
void yk_arena_use(yk_arena *arena, uint64_t address, uint64_t id, int change);

/* The allocation that starts at an address, copied. YOKE_EINVAL if none starts there. */
yoke_status yk_arena_get(yk_arena *arena, const void *pointer, yk_allocation *allocation,
                         yk_error *error);

/* As yk_arena_alloc(), for objects that processes share: yk_arena_free() refuses it. In the
 * zone of objects, or in that of cells. */
void *yk_arena_alloc_object(yk_arena *arena, size_t bytes, yk_zone_kind zone,
                            yk_error *error);
void yk_arena_free_object(yk_arena *arena, const void *pointer);

/* Keeps the start of such a allocation, `bytes` bytes; all its memory is given back and reads as
 * zeros. */
void yk_arena_shrink_object(yk_arena *arena, const void *pointer, size_t bytes);

/* Attaches a allocation table to the allocation that starts there, or takes it off again (0). */
void yk_arena_set_table(yk_arena *arena, const void *pointer, uint64_t table);

/* At most a page, not zeroed and without a system call if a page was freed before: for
 * small results, of which there may be many. */
void *yk_arena_alloc_page(yk_arena *arena, size_t bytes, yk_error *error);

/* Address space for something whose size shows later: not counted against the memory there
 * is. It has a user and cannot be freed, until it is settled. */
void *yk_arena_reserve(yk_arena *arena, size_t bytes, yk_error *error);

/* A reservation becomes an allocation of `bytes` bytes, at most what was reserved, without
 * users; the rest is given back. With 0 all of it is. `touched`: something may have been
 * written there, so that pages have to be given back, too. */
void yk_arena_settle(yk_arena *arena, const void *pointer, size_t bytes, bool touched);

/* Allocations sorted, disjoint, page-aligned, within the mapping. */
bool yk_arena_valid(const yk_arena *arena);

#endif
