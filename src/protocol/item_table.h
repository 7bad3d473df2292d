/* SPDX-License-Identifier: MIT */
/*
 * How the items of a job have ended, if the job goes on past items that fail
 * (YOKE_ON_FAILURE_KEEP). The application allocates the table, with the job, in the memory of
 * tables. A record has one writer at a time: the worker whose claim has the item is RUNNING, or
 * the supervisor, which has reaped that worker. So a death names the item that was STARTED,
 * however many items a tile has.
 *
 *     step                                  process      if it dies here
 *     item_since = the clock                worker       no item has begun: no item is blamed
 *     record = STARTED                      worker       the item is blamed (see below)
 *     the function runs; text is flushed    worker       the same
 *     record = DONE                         worker       the item is done; it is computed again only
 *                                                        if the undo log puts its bytes back
 *     or: record = FAILED with a status     worker       the supervisor sets the job's status
 *         the text of the failure           worker       the item has no text
 *         the job's failed_tiles_status     worker       nothing
 *     item_since = 0                        worker       nothing
 *     overdue_since = item_since, SIGKILL   supervisor   the pool is broken
 *     reap; STARTED: the strike, or FAILED; supervisor   the pool is broken
 *         DONE: OPEN if it was put back
 *     the tiles are dealt again; items that are final are skipped
 *     land: statuses, and outputs of items  application  the pool ends too
 *         that are DONE
 *
 * A worker that was killed for an item's time limit may have begun another item by then. So the
 * supervisor notes the time of the start that is overdue: only if item_since is still the same
 * after the death, that item has failed. Otherwise no item is blamed.
 */
#ifndef YK_PROTOCOL_ITEM_TABLE_H
#define YK_PROTOCOL_ITEM_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/launch.h"
#include "yoke/status.h"

enum { YK_MAX_ITEM_TEXTS = 16, YK_ITEM_TEXT_BYTES = 496 };

/* States of a record. DONE and FAILED are final. */
enum {
    YK_ITEM_OPEN = 0,
    YK_ITEM_STARTED = 1,
    YK_ITEM_DONE = 2,
    YK_ITEM_FAILED = 3,
};

/* Why an item failed. */
typedef struct yk_item_text {
    _Atomic uint64_t item; /* + 1; written after the text; 0: none */
    char text[YK_ITEM_TEXT_BYTES];
} yk_item_text;

/* Texts of the failures that came first. */
typedef struct yk_item_texts {
    yk_item_text texts[YK_MAX_ITEM_TEXTS];
} yk_item_texts;

typedef struct yk_item_table {
    /* app, before the job is open */
    uint64_t count;    /* of items */
    uint64_t limit_ns; /* that one item may take; 0: any */
    _Atomic uint32_t text_count; /* any: texts that were begun; may exceed the maximum */
    uint32_t reserved;
    yk_item_texts texts; /* of each, the process that has drawn its number */
    /* state | strikes << 2 | -status << 8; see above */
    _Atomic uint16_t records[];
} yk_item_table;

/* The table of a launch; NULL: the job ends at its first failure. */
static inline yk_item_table *yk_item_table_of(const yk_launch *launch)
{
    return (yk_item_table *)(uintptr_t)launch->task.items;
}

static inline size_t yk_item_table_size(uint64_t count)
{
    return sizeof(yk_item_table) + (size_t)count * sizeof(uint16_t);
}

static inline uint32_t yk_item_state(uint32_t record)
{
    return record & 3;
}

static inline uint32_t yk_item_strikes(uint32_t record)
{
    return record >> 2 & 0x3f;
}

static inline yoke_status yk_item_status(uint32_t record)
{
    return (yoke_status) - (int32_t)(record >> 8);
}

static inline bool yk_item_is_final(uint32_t record)
{
    return yk_item_state(record) >= YK_ITEM_DONE;
}

static inline uint32_t yk_item_get(const yk_item_table *table, uint64_t item)
{
    return atomic_load_explicit(&table->records[item], memory_order_acquire);
}

/* What the item has written is visible to a process that reads its record. */
static inline void yk_item_set(yk_item_table *table, uint64_t item, uint32_t state,
                               uint32_t strikes, yoke_status status)
{
    atomic_store_explicit(&table->records[item],
                          (uint16_t)(state | strikes << 2 | (uint32_t)-status << 8),
                          memory_order_release);
}

/* Keeps the reason why an item failed, if there is room. */
void yk_item_explain(yk_item_table *table, uint64_t item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The reason, "" if it was not kept. */
const char *yk_item_explained(const yk_item_texts *texts, uint64_t item);

/* The number of items that failed; *first is the lowest of them. */
uint64_t yk_item_count_failed(const yk_item_table *table, uint64_t *first);

#endif
