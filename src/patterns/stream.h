/* SPDX-License-Identifier: MIT */
/*
 * A stream, in the application: a window of slots, each for the items of one job, in one
 * allocation that is used again and again. Processes know of its jobs only.
 *
 *     EMPTY    the source fills it; it becomes a job
 *     RUNNING  the job's
 *     READY    its results are handed out one by one; then it is EMPTY again
 */
#ifndef YK_PATTERNS_STREAM_H
#define YK_PATTERNS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/launch.h"
#include "patterns/tasks.h"
#include "protocol/item_table.h"
#include "sys/handle.h"
#include "yoke/stream.h"

enum {
    YK_STREAM_MOST_SLOTS = 48, /* fewer than there can be jobs: others have some, too */
    YK_STREAM_ALIGNMENT = 4096,
};

typedef enum yk_slot_state {
    YK_SLOT_EMPTY,
    YK_SLOT_RUNNING,
    YK_SLOT_READY
} yk_slot_state;

typedef struct yk_stream_slot {
    yk_slot_state state;
    unsigned char *input;
    unsigned char
        *output;         /* is `input` where there is none, or it is changed in place */
    size_t first;        /* number of its first item */
    size_t count;        /* items in it */
    yoke_future *future; /* RUNNING; READY: if a failed item does not end the stream */
    yoke_status *statuses; /* of its items; NULL: a failed item ends the stream */
    yk_item_texts *texts;  /* of a function's; NULL: none */
} yk_stream_slot;

/* How large what is, and how much of it. */
typedef struct yk_stream_layout {
    uint64_t input_bytes; /* of an item */
    uint64_t output_bytes;
    uint64_t chunk; /* items of a slot */
    uint64_t slots;
    int input_arg;  /* of a kernel: the one to replace; -1: none */
    int output_arg; /* may be the same */
} yk_stream_layout;

struct yoke_stream {
    yk_handle handle;
    yoke_pool *pool;
    uint64_t pool_serial; /* the next pool at this address has another */
    bool ordered;
    bool busy;                   /* a call is under way */
    yoke_stream_options options; /* what it points to is the stream's */
    yoke_stream_source *next;
    void *next_context;
    yk_stream_layout layout;
    void *memory; /* of the pool */
    yk_stream_slot slots[YK_STREAM_MOST_SLOTS];
    size_t made;          /* items so far */
    bool is_exhausted;    /* the source has said so */
    int source_code;      /* what it said, if less than 0 */
    bool source_is_left;  /* it has said nothing, and has not returned */
    yk_stream_slot *filling; /* with the items that are no job yet; NULL: none */
    size_t fill;          /* slot to be filled next */
    size_t take;          /* slot to be taken next, in order */
    yk_stream_slot *open; /* whose results are being handed out; NULL: none */
    size_t given;         /* of those, so many have been */
    size_t index;         /* of the last result */
    bool is_over;         /* it was said that there are no more */
    yoke_status *statuses; /* of all slots' items; NULL: a failed item is the end */
    yk_item_texts *texts;  /* of all slots; NULL: none */
    yoke_status failure;  /* the end of it all; YOKE_OK: not yet */
    char *failure_text;
    yoke_arg args[YK_MAX_ARGS];
    unsigned char context[YK_MOST_CONTEXT];
    char *devices;
};

/* ---- stream_layout.c ---- */

/* Checks what a stream is to do, and finds out how large its items and its window are. */
yoke_status yk_stream_plan(yk_stream_layout *layout, yoke_pool *pool,
                           const yoke_stream_options *options, yk_error *error);

/* ---- stream.c ---- */

yoke_status yk_stream_create(yoke_stream **stream, yoke_pool *pool, bool ordered,
                             const yoke_stream_options *options,
                             yoke_stream_source *next, void *context, yk_error *error);

/* The next result; NULL with YOKE_OK at the end. Makes items, waits, runs callbacks. */
yoke_status yk_stream_next(yoke_stream *stream, void **result, double seconds,
                           yk_error *error);

/* Of a call on it that was left (sys/call_guard.h): another can be made. */
void yk_stream_undo(void *stream, uint64_t unused);

/* Frees it; with its pool gone only what is not of the pool. */
void yk_stream_destroy(yoke_stream *stream, bool has_pool);

#endif
