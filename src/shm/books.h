/* SPDX-License-Identifier: MIT */
/*
 * The books of an arena: which allocation lies where. A tree, sorted by address, in which each
 * entry also knows the largest gap between the entries below it. So an entry is found by an
 * address, a gap by its size, and either is added or removed in O(log n) steps, in whatever order
 * a program frees.
 *
 * The tree is a treap: an entry's rank, a hash of its number, is larger than those below it, which
 * keeps the tree balanced. The books are in private memory. The caller has a lock.
 */
#ifndef YK_SHM_BOOKS_H
#define YK_SHM_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/allocation.h"

/* From this size on an allocation is aligned to this size. */
#define YK_LARGE_PAGE ((uint64_t)2 << 20)

typedef enum yk_alignment {
    YK_ALIGN_PAGE = 0,
    YK_ALIGN_LARGE = 1, /* to YK_LARGE_PAGE: the address, not the offset */
    YK_ALIGNMENTS = 2
} yk_alignment;

typedef struct yk_entry {
    yk_allocation allocation;
    struct yk_slab *slab; /* the small allocations on these pages; NULL: none */
    struct yk_entry *left;
    struct yk_entry *right;
    uint64_t rank;
    /* of all entries below and this one */
    uint64_t begin;
    uint64_t end;
    uint64_t room[YK_ALIGNMENTS]; /* the largest allocation that fits between two of them */
} yk_entry;

typedef struct yk_books {
    yk_entry *root; /* NULL: no entries */
    uint64_t base;  /* the mapping's address */
    uint64_t next;  /* number of the next entry */
    uint64_t used;  /* bytes that the entries take */
    size_t count;
} yk_books;

/* What to search for: bytes within a range of offsets. All are page-aligned. */
typedef struct yk_wish {
    uint64_t from;
    uint64_t to;
    uint64_t span;
    yk_alignment alignment;
} yk_wish;

/* The first entry that ends after the offset; NULL: there is none. */
yk_entry *yk_books_after(const yk_books *books, uint64_t offset);

/* The entry whose bytes contain the offset; NULL: there is none. */
yk_entry *yk_books_at(const yk_books *books, uint64_t offset);

/* Finds the first gap that is large enough. */
bool yk_books_find_gap(const yk_books *books, const yk_wish *wish, uint64_t *offset);

/* Enters a copy of an allocation that lies in a gap. NULL: out of memory. */
yk_entry *yk_books_add(yk_books *books, const yk_allocation *allocation);

/* Removes and releases an entry. */
void yk_books_remove(yk_books *books, yk_entry *entry);

/* Changes how many bytes an entry takes from its offset on, which must be free. */
void yk_books_resize(yk_books *books, yk_entry *entry, uint64_t span);

/* Removes and releases all entries, but not their slabs. */
void yk_books_clear(yk_books *books);

#endif
