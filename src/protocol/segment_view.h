/* SPDX-License-Identifier: MIT */
/*
 * The window as one process of a pool sees it: which segments (named segments) it has attached, and
 * which guarded blocks it has open. The application has all of them as soon as they have an
 * address. The supervisor, the workers and the processes that run functions of the program exist
 * already by then. Both zones are shut in them until they attach what the tables in the control
 * block list:
 *
 *     before it begins     a worker, a process: all of them
 *     on entering a job    a worker, the supervisor before it restores: all of them; those of
 *                          the launch's arguments must be attached
 *     as a call ends       a worker, a process: all of them, since a pointer may have arrived
 *     on a refused access  a worker, a process: the segment at that address
 *
 * When a segment was closed, each process detaches it and shuts its range. The range is used again
 * when it is shut everywhere:
 *
 *     step                                            who            if it dies here
 *     a range, the segment's pages there              application    so does the pool
 *     table: segment, range; then the block's id      application
 *     segments_opened + 1                               application
 *     look at the table; map; look at the id again    each           its view dies along
 *     view: the id                                    each           the same
 *     ...
 *     no job uses it; shut                            application    so does the pool
 *     table: id = 0; segments_closed + 1; ring all      application
 *     the range rests; the descriptor is closed       application
 *     shut what the table no longer has               each           its successor has the
 *                                                                    supervisor's view
 *     detached_seen = segments_closed as it was before    each           the same
 *     signal                                          each           a waiter looks again
 *     before a fork: the child's detached_seen is the   supervisor     the pool is broken
 *     supervisor's, since it gets that view
 *     reaped: its detached_seen is the largest number   supervisor     the pool is broken
 *     the range is used if the supervisor, then all   application
 *     others, have seen so many closed
 *
 * In this order: a process that is forked after the supervisor was looked at has a view in which
 * the segment is gone. Ids are never used twice, so a slot of the table that was given to another
 * segment is not taken for the old one. A view is changed with its lock, since accesses of several
 * threads of one process may be refused at a time. What a process forks has a view of its own; no
 * range waits for it.
 */
#ifndef YK_PROTOCOL_SEGMENT_VIEW_H
#define YK_PROTOCOL_SEGMENT_VIEW_H

#include <sys/types.h>

#include "base/error.h"
#include "protocol/control.h"
#include "sys/mapping.h"

/* What is mapped, or open. */
typedef struct yk_seen_range {
    uint64_t id; /* 0: nothing */
    uint64_t offset;
    uint64_t span;
} yk_seen_range;

/* In a process's private memory; what is forked has its parent's, which is right for it. */
typedef struct yk_segment_view {
    yk_control *control;
    yk_mapping arena;
    pid_t owner;   /* the application */
    pid_t process; /* the view is this process's */
    _Atomic uint64_t
        *seen;       /* where this process says how many closed segments it let go of */
    yk_crash *crash; /* where it leaves word of its end; NULL: nowhere */
    _Atomic pid_t lock; /* the process whose thread changes it; 0: none does */
    uint64_t opened;    /* of the control block, when it last looked: */
    uint64_t closed;
    uint64_t guard_changes;
    _Atomic uint64_t refused;  /* the address at which it was refused last, */
    _Atomic uint32_t refusals; /* ... so often, though all is there */
    yk_seen_range attachments[YK_MAX_ATTACHMENTS];
    yk_seen_range *blocks; /* YK_MAX_GUARDED; NULL: blocks are not guarded */
} yk_segment_view;

/* Of the supervisor: nothing is there yet. False: no memory. */
bool yk_segment_view_init(yk_segment_view *view, yk_control *control, yk_mapping arena,
                        pid_t owner);

/* A copy that was forked becomes this process's: what it has seen, and where it crashed, goes
 * there. From now on accesses that are refused bring what they need. */
void yk_segment_view_adopt(yk_segment_view *view, _Atomic uint64_t *seen, yk_crash *crash);

/* Lets go of segments that have been closed. YOKE_ESYSTEM if that cannot be. */
yoke_status yk_segment_view_detach_closed(yk_segment_view *view, yk_error *error);

/* The same, and brings all segments and guarded blocks that there are. Those that it cannot bring
 * are not there. */
yoke_status yk_segment_view_attach_all(yk_segment_view *view, yk_error *error);

/* The same; the segments of a launch must be there. On failure none of the launch's memory may be
 * touched. */
yoke_status yk_segment_view_attach_launch(yk_segment_view *view, const yk_launch *launch,
                              yk_error *error);

/* In a process that has adopted a view: brings all if there is anything new. Elsewhere
 * nothing. */
void yk_segment_view_refresh(void);

/* The first of a launch's segments that somebody has made shorter: writes a sentence, ""
 * if there is none. */
void yk_segment_view_find_short(const yk_segment_view *view, const yk_launch *launch,
                              char *text, size_t bytes);

#endif
