/* SPDX-License-Identifier: MIT */
/*
 * Fences: memory whose pages are closed, readable or open. A forbidden access is not a crash:
 * it is recorded, the page is opened, and the program continues. For the checking mode, which
 * needs the address.
 *
 * A process's fences have one owner at a time. Any thread may make the accesses.
 */
#ifndef YK_SYS_FENCE_H
#define YK_SYS_FENCE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum yk_fence_mode {
    YK_FENCE_CLOSED = 0,
    YK_FENCE_READ = 1,
    YK_FENCE_OPEN = 2, /* reading and writing */
} yk_fence_mode;

typedef struct yk_fence {
    struct yk_fence *next;
    unsigned char *base;  /* page-aligned; NULL: none */
    unsigned char *inner; /* the same memory, always open, for the owner */
    size_t bytes;         /* whole pages */
    unsigned char *modes; /* of each page */
    /* What a page contains after an access has opened it: `shown_bytes` bytes of `shown` from
     * `shown_at` on; zero elsewhere. NULL: zero everywhere. */
    const unsigned char *shown;
    unsigned char *shown_at;
    size_t shown_bytes;
    bool is_watch; /* memory that was there before */
} yk_fence;

/* A forbidden access. */
typedef struct yk_trespass {
    const yk_fence *fence;
    const unsigned char *address;
    bool is_write;
} yk_trespass;

/* Reserves address space, all of it closed. *fence starts zeroed. False if there is not enough. */
bool yk_fence_create(yk_fence *fence, size_t bytes);

/* Where the owner reads and writes what lies at `at` in the fence, whatever the mode there. */
unsigned char *yk_fence_inner(const yk_fence *fence, const unsigned char *at);

/* A no-op on a zeroed one. */
void yk_fence_destroy(yk_fence *fence);

/* Memory that is there already, in whole pages, can only be read from here on. *fence starts
 * zeroed. False, and nothing has changed, if the system cannot. */
bool yk_fence_watch(yk_fence *fence, void *base, size_t bytes);

/* It can be written again. A no-op on a zeroed one. */
void yk_fence_unwatch(yk_fence *fence);

/* Sets the mode of pages; offset and bytes are multiples of the page size. False if the system
 * cannot: there are too many changes of mode in one address space. */
bool yk_fence_set(yk_fence *fence, size_t offset, size_t bytes, yk_fence_mode mode);

/* Gives the memory of pages back: they are zero when they are opened again. */
void yk_fence_discard(const yk_fence *fence, size_t offset, size_t bytes);

/* From here to yk_fences_disarm() forbidden accesses to fences are recorded. Other faults end
 * the process. */
void yk_fences_arm(void);
void yk_fences_disarm(void);

/* The first forbidden access since the last call; false if there was none. Pages that were
 * opened have their old modes again. */
bool yk_fences_settle(yk_trespass *first);

#endif
