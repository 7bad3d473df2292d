/* SPDX-License-Identifier: MIT */
/*
 * Guests: named segments in the arena's window, as one process of a pool sees them. The
 * application has them all mapped; the supervisor and the workers map those of a launch before
 * they touch it, and a closed one's range shows the arena's own pages again before it can mean
 * anything else.
 *
 *     step                                          who           if it dies here
 *     block of the arena, segment's pages over it   application   so does the pool
 *     table: segment, address; then the block's id  application
 *     a job names the guest: it cannot be closed    application
 *     map what the launch names and is not mapped   worker        so does its view
 *     look at the table again: it is still the same worker
 *     view: the id                                  worker
 *     ...
 *     no job uses it; own pages over it             application   so does the pool
 *     table: id = 0; `guests_closed` + 1; ring all  application
 *     segment's descriptor and the block are freed  application
 *     own pages over what the table no longer has   each          its replacement starts from
 *                                                                 the supervisor's view
 *
 * Whoever takes up a job looks at `guests_closed` first: what the range is used for next, it is
 * used for by a job that was submitted later.
 */
#ifndef YK_POOL_GUEST_VIEW_H
#define YK_POOL_GUEST_VIEW_H

#include <sys/types.h>

#include "base/error.h"
#include "pool/control.h"
#include "sys/mapping.h"

/* In a process's private memory; what is forked has its parent's, which is right for it. */
typedef struct yk_guest_view {
    const yk_control *control;
    yk_mapping arena;
    pid_t owner;     /* the application */
    uint32_t closed; /* control->guests_closed when it last looked */
    struct {
        uint64_t id; /* of the guest that is mapped; 0: none */
        uint64_t offset;
        uint64_t span;
    } mapped[YK_MAX_GUESTS];
} yk_guest_view;

/* Lets go of guests that have been closed. YOKE_ESYSTEM if that cannot be. */
yoke_status yk_guest_view_drop(yk_guest_view *view, yk_error *error);

/* The same, and maps the guests of a launch. On failure none of the launch's memory may be
 * touched. */
yoke_status yk_guest_view_map(yk_guest_view *view, const yk_launch *launch,
                              yk_error *error);

/* The first of a launch's segments that somebody has made shorter: writes a sentence, ""
 * if there is none. */
void yk_guest_view_find_short(const yk_guest_view *view, const yk_launch *launch,
                              char *text, size_t bytes);

#endif
