/* SPDX-License-Identifier: MIT */
#include "shm/books.h"

#include <stdlib.h>

#include "base/bits.h"

/* The finalizer of splitmix64: neighbours get ranks that have nothing in common. */
static uint64_t books_rank(uint64_t number)
{
    number += UINT64_C(0x9E3779B97F4A7C15);
    number = (number ^ number >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    number = (number ^ number >> 27) * UINT64_C(0x94D049BB133111EB);
    return number ^ number >> 31;
}

/* ---- gaps ---- */

/* Where an allocation in a gap would begin. */
static uint64_t books_start(const yk_books *books, uint64_t from,
                            yk_alignment alignment)
{
    return alignment == YK_ALIGN_PAGE
               ? from
               : yk_round_up(books->base + from, YK_LARGE_PAGE) - books->base;
}

/* The size of the largest allocation that fits into a gap. */
static uint64_t books_room(const yk_books *books, uint64_t from, uint64_t to,
                           yk_alignment alignment)
{
    const uint64_t start = books_start(books, from, alignment);

    return start < to ? to - start : 0;
}

/* After its children, or what it takes, have changed. */
static void books_update(const yk_books *books, yk_entry *entry)
{
    const yk_entry *left = entry->left;
    const yk_entry *right = entry->right;
    const uint64_t begin = yk_allocation_begin(&entry->allocation);
    const uint64_t end = yk_allocation_end(&entry->allocation);

    entry->begin = left != NULL ? left->begin : begin;
    entry->end = right != NULL ? right->end : end;
    for (int i = 0; i < YK_ALIGNMENTS; i++) {
        const yk_alignment alignment = (yk_alignment)i;
        uint64_t room = 0;

        if (left != NULL) {
            room = yk_max(left->room[i], books_room(books, left->end, begin, alignment));
        }
        if (right != NULL) {
            room = yk_max(room, right->room[i]);
            room = yk_max(room, books_room(books, end, right->begin, alignment));
        }
        entry->room[i] = room;
    }
}

/* Whether the allocation fits into a gap that may lie partly outside the wish's range. */
static bool books_fits(const yk_books *books, const yk_wish *wish, uint64_t low,
                       uint64_t high, uint64_t *offset)
{
    const uint64_t from = yk_max(low, wish->from);
    const uint64_t to = yk_min(high, wish->to);

    if (from >= to || books_room(books, from, to, wish->alignment) < wish->span) {
        return false;
    }
    *offset = books_start(books, from, wish->alignment);
    return true;
}

static bool books_may_fit(const yk_books *books, const yk_entry *entry,
                          const yk_wish *wish, uint64_t low, uint64_t high)
{
    return entry->room[wish->alignment] >= wish->span ||
           books_room(books, low, entry->begin, wish->alignment) >= wish->span ||
           books_room(books, entry->end, high, wish->alignment) >= wish->span;
}

/* Searches the gaps in [low, high), where the entries below this one are. A part that lies
 * within the wish's range is entered only if there is such a gap in it: so only the ways to the
 * ends of the range are searched in vain. */
static bool books_search(const yk_books *books, const yk_entry *entry,
                         const yk_wish *wish, uint64_t low, uint64_t high,
                         uint64_t *offset)
{
    if (high <= wish->from || low >= wish->to) {
        return false;
    }
    if (entry == NULL) {
        return books_fits(books, wish, low, high, offset);
    }
    return books_may_fit(books, entry, wish, low, high) &&
           (books_search(books, entry->left, wish, low,
                         yk_allocation_begin(&entry->allocation), offset) ||
            books_search(books, entry->right, wish,
                         yk_allocation_end(&entry->allocation), high, offset));
}

bool yk_books_find_gap(const yk_books *books, const yk_wish *wish, uint64_t *offset)
{
    return books_search(books, books->root, wish, 0, UINT64_MAX - YK_LARGE_PAGE, offset);
}

/* ---- entries ---- */

yk_entry *yk_books_after(const yk_books *books, uint64_t offset)
{
    yk_entry *found = NULL;

    for (yk_entry *entry = books->root; entry != NULL;) {
        if (yk_allocation_end(&entry->allocation) > offset) {
            found = entry;
            entry = entry->left;
        } else {
            entry = entry->right;
        }
    }
    return found;
}

yk_entry *yk_books_at(const yk_books *books, uint64_t offset)
{
    yk_entry *entry = yk_books_after(books, offset);

    return entry != NULL && entry->allocation.offset <= offset ? entry : NULL;
}

/* Cuts a tree into the entries before the offset and the others. */
static void books_split(const yk_books *books, yk_entry *entry, uint64_t offset,
                        yk_entry **before, yk_entry **after)
{
    if (entry == NULL) {
        *before = *after = NULL;
        return;
    }
    if (entry->allocation.offset < offset) {
        books_split(books, entry->right, offset, &entry->right, after);
        *before = entry;
    } else {
        books_split(books, entry->left, offset, before, &entry->left);
        *after = entry;
    }
    books_update(books, entry);
}

/* Joins two trees, all entries of the first of which are before those of the second. */
static yk_entry *books_join(const yk_books *books, yk_entry *before, yk_entry *after)
{
    if (before == NULL || after == NULL) {
        return before != NULL ? before : after;
    }
    if (before->rank > after->rank) {
        before->right = books_join(books, before->right, after);
        books_update(books, before);
        return before;
    }
    after->left = books_join(books, before, after->left);
    books_update(books, after);
    return after;
}

static yk_entry *books_insert(const yk_books *books, yk_entry *tree, yk_entry *entry)
{
    if (tree == NULL || entry->rank > tree->rank) {
        books_split(books, tree, entry->allocation.offset, &entry->left, &entry->right);
        tree = entry;
    } else if (entry->allocation.offset < tree->allocation.offset) {
        tree->left = books_insert(books, tree->left, entry);
    } else {
        tree->right = books_insert(books, tree->right, entry);
    }
    books_update(books, tree);
    return tree;
}

static yk_entry *books_extract(const yk_books *books, yk_entry *tree,
                               const yk_entry *entry)
{
    if (tree == entry) {
        return books_join(books, entry->left, entry->right);
    }
    if (entry->allocation.offset < tree->allocation.offset) {
        tree->left = books_extract(books, tree->left, entry);
    } else {
        tree->right = books_extract(books, tree->right, entry);
    }
    books_update(books, tree);
    return tree;
}

yk_entry *yk_books_add(yk_books *books, const yk_allocation *allocation)
{
    yk_entry *entry = calloc(1, sizeof *entry);

    if (entry == NULL) {
        return NULL;
    }
    entry->allocation = *allocation;
    entry->rank = books_rank(books->next++);
    books->root = books_insert(books, books->root, entry);
    books->used += yk_allocation_taken(allocation);
    books->count++;
    return entry;
}

void yk_books_remove(yk_books *books, yk_entry *entry)
{
    books->root = books_extract(books, books->root, entry);
    books->used -= yk_allocation_taken(&entry->allocation);
    books->count--;
    free(entry);
}

/* Updates an entry and those above it. */
static void books_refresh(const yk_books *books, yk_entry *tree, const yk_entry *entry)
{
    if (tree != entry) {
        books_refresh(books,
                      entry->allocation.offset < tree->allocation.offset ? tree->left
                                                                         : tree->right,
                      entry);
    }
    books_update(books, tree);
}

void yk_books_resize(yk_books *books, yk_entry *entry, uint64_t span)
{
    books->used += span - entry->allocation.span;
    entry->allocation.span = span;
    books_refresh(books, books->root, entry);
}

static void books_release(yk_entry *entry)
{
    if (entry != NULL) {
        books_release(entry->left);
        books_release(entry->right);
        free(entry);
    }
}

void yk_books_clear(yk_books *books)
{
    books_release(books->root);
    *books = (yk_books){.base = books->base};
}
