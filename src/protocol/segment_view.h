/* SPDX-License-Identifier: MIT */
/*
 * The pool's window as one process sees it: which named segments the process has attached, and
 * which guarded allocations are open in it. The application has all of them as soon as they have
 * an address. The supervisor, the workers and the program's processes already exist at that time.
 * In them both zones are shut until they attach what the tables in the control block list:
 *
 *     before it begins     a worker, a process: all segments
 *     on entering a job    a worker; the supervisor, before it restores: all segments; those of
 *                          the launch's arguments must be attached
 *     as a call ends       a worker, a process: all segments, since a pointer may have arrived
 *     on a refused access  a worker, a process: the segment at that address
 *
 * When a segment was closed, each process detaches it and shuts its range of addresses. The range
 * is used again when it is shut in every process. "Each" is each process of the pool:
 *
 *     step                                              by            if it dies here
 *     map the segment's pages in a range                application   the pool dies, too
 *     table: segment, range; then the allocation's id   application
 *     segments_opened + 1                               application
 *     read the table; map; read the id again            each          its view dies with it
 *     view: the id                                      each          the same
 *     ...
 *     no job uses it: shut the range                    application   the pool dies, too
 *     table: id = 0; segments_closed + 1; wake all      application
 *     the range rests; close the descriptor             application
 *     shut what the table no longer lists               each          its successor has the
 *                                                                     supervisor's view
 *     detached_seen = segments_closed as it was before  each          the same
 *     signal                                            each          a waiter checks again
 *     before a fork: the child's detached_seen is the   supervisor    the pool is broken
 *     supervisor's, since the child gets its view
 *     reaped: its detached_seen is the largest number   supervisor    the pool is broken
 *     use the range again if the supervisor, then all   application
 *     others, have detached that many segments
 *
 * The application reads the supervisor's number first: a process that is forked after that has a
 * view without the segment. Ids are never used twice, so if a slot of the table has been given to
 * another segment, it is not mistaken for the old one. A view is changed with its lock held, since
 * accesses of several threads of one process may be refused at the same time. A process that is
 * forked by another has a view of its own, and no range waits for it.
 */
#ifndef YK_PROTOCOL_SEGMENT_VIEW_H
#define YK_PROTOCOL_SEGMENT_VIEW_H

#include <sys/types.h>

#include "base/error.h"
#include "protocol/control.h"
#include "sys/mapping.h"

/* A range that is mapped, or open. */
typedef struct yk_seen_range {
    uint64_t id; /* 0: nothing */
    uint64_t offset;
    uint64_t span;
} yk_seen_range;

/* In private memory of the process. A forked process has a copy of its parent's, which is right
 * for it. */
typedef struct yk_segment_view {
    yk_control *control;
    yk_mapping arena;
    pid_t owner;   /* the application */
    pid_t process; /* the view is this process's */
    /* where this process writes how many closed segments it has detached */
    _Atomic uint64_t *seen;
    yk_crash *crash;    /* where it records the signal that ends it */
    /* errno of the last access that was not resolved */
    _Atomic int32_t problem;
    _Atomic pid_t lock; /* the process whose thread changes the view; 0: none */
    uint64_t opened;    /* of the control block, when the process last checked: */
    uint64_t closed;
    uint64_t guard_changes;
    _Atomic uint64_t refused;  /* the address of the last refused access, */
    _Atomic uint32_t refusals; /* ... and how often, although all is attached */
    yk_seen_range attachments[YK_MAX_ATTACHMENTS];
    yk_seen_range *blocks; /* YK_MAX_GUARDED; NULL: blocks are not guarded */
} yk_segment_view;

/* For the supervisor: a view in which nothing is attached. False if there is no memory. */
bool yk_segment_view_init(yk_segment_view *view, yk_control *control, yk_mapping arena,
                        pid_t owner);

/* Makes a forked copy the view of this process. What it has detached goes to *seen, and the
 * signal that ends it to *crash. From now on a refused access attaches what it needs. */
void yk_segment_view_adopt(yk_segment_view *view, _Atomic uint64_t *seen, yk_crash *crash);

/* Detaches segments that have been closed. YOKE_ESYSTEM if that is impossible. */
yoke_status yk_segment_view_detach_closed(yk_segment_view *view, yk_error *error);

/* The same, and attaches all segments and opens all guarded allocations. Those that it cannot
 * attach stay shut. */
yoke_status yk_segment_view_attach_all(yk_segment_view *view, yk_error *error);

/* The same, but it fails if a segment of the launch cannot be attached. Then none of the
 * launch's memory may be touched. */
yoke_status yk_segment_view_attach_launch(yk_segment_view *view, const yk_launch *launch,
                              yk_error *error);

/* In a process that has adopted a view: attaches all segments if there is anything new. In
 * other processes it does nothing. */
void yk_segment_view_refresh(void);

/* Describes the first segment of a launch whose file has been truncated. The text is "" if
 * there is none. */
void yk_segment_view_find_short(const yk_segment_view *view, const yk_launch *launch,
                              char *text, size_t bytes);

#endif
