/* SPDX-License-Identifier: MIT */
/*
 * Fault points: places in the protocol where a test can make a worker die. They are compiled in
 * only if YOKE_FAULT_POINTS is defined. Then YOKE_FAULT="place[+|*times][:count[:slot]]" at
 * pool creation kills the worker (or the one in that slot) that is the count-th to reach the
 * place. With a plus sign all workers that reach it later die, too; with "*3" the next two do.
 */
#ifndef YK_PROTOCOL_FAULT_POINT_H
#define YK_PROTOCOL_FAULT_POINT_H

#include "base/error.h"
#include "protocol/control.h"

#define YK_FAULT_TABLE(X)                                                                \
    X(YK_FAULT_AFTER_ENTER, 1, "after-enter")                                            \
    X(YK_FAULT_AFTER_TAKE, 2, "after-take")                                              \
    X(YK_FAULT_AFTER_STEAL, 3, "after-steal")                                              \
    X(YK_FAULT_AFTER_CLAIM, 4, "after-claim")                                            \
    X(YK_FAULT_AFTER_SAVE, 5, "after-save")                                              \
    X(YK_FAULT_BEFORE_RUN, 6, "before-run")                                              \
    X(YK_FAULT_AFTER_RUN, 7, "after-run")                                                \
    X(YK_FAULT_AFTER_COMMIT, 8, "after-commit")                                          \
    X(YK_FAULT_BETWEEN_MARKS, 9, "between-marks")                                        \
    X(YK_FAULT_BEFORE_LEAVE, 10, "before-leave")                                         \
    X(YK_FAULT_AFTER_LEAVE, 11, "after-leave")                                           \
    X(YK_FAULT_AFTER_END, 12, "after-end")                                               \
    X(YK_FAULT_START, 13, "start")                                                       \
    X(YK_FAULT_BUILD, 14, "build")                                                       \
    X(YK_FAULT_PROBE, 15, "probe")                                                       \
    X(YK_FAULT_BEFORE_KEEP, 16, "before-keep")                                           \
    X(YK_FAULT_BEFORE_GIVE, 17, "before-give")                                           \
    X(YK_FAULT_BETWEEN_GIVES, 18, "between-gives")                                       \
    X(YK_FAULT_AFTER_GIVE, 19, "after-give")                                             \
    X(YK_FAULT_AFTER_PART, 20, "after-part")                                             \
    X(YK_FAULT_AFTER_WRITTEN, 21, "after-written")                                         \
    X(YK_FAULT_AFTER_ASK, 22, "after-ask")                                               \
    X(YK_FAULT_BEFORE_FLUSH, 23, "before-flush")                                       \
    X(YK_FAULT_AFTER_FLUSH, 24, "after-flush")                                         \
    X(YK_FAULT_BEFORE_SEGMENTS, 25, "before-segments")                                       \
    X(YK_FAULT_AFTER_SEGMENTS, 26, "after-segments")                                         \
    X(YK_FAULT_SEGMENT_ATTACHED, 27, "segment-attached")                                         \
    X(YK_FAULT_SEGMENT_DETACHED, 28, "segment-detached")                                       \
    X(YK_FAULT_DETACHED_SEEN, 29, "detached-seen")                                           \
    X(YK_FAULT_REFUSED, 30, "refused")                                                   \
    X(YK_FAULT_SUPERVISOR_VIEW, 31, "supervisor-view")                                   \
    X(YK_FAULT_ITEM_SINCE, 32, "item-since")                                             \
    X(YK_FAULT_ITEM_STARTED, 33, "item-started")                                         \
    X(YK_FAULT_ITEM_CALLED, 34, "item-called")                                           \
    X(YK_FAULT_ITEM_DONE, 35, "item-done")                                               \
    X(YK_FAULT_ITEM_FAILED, 36, "item-failed")                                           \
    X(YK_FAULT_ITEM_EXPLAINED, 37, "item-explained")                                     \
    X(YK_FAULT_ITEM_COUNTED, 38, "item-counted")                                         \
    X(YK_FAULT_CRASH_WRITING, 39, "crash-writing")                                       \
    X(YK_FAULT_CRASH_COMPLETE, 40, "crash-complete")                                     \
    X(YK_FAULT_CRASH_WALKED, 41, "crash-walked")                                         \
    X(YK_FAULT_CRASH_PLACED, 42, "crash-placed")                                         \
    X(YK_FAULT_BEFORE_HUB, 44, "before-hub")                                             \
    X(YK_FAULT_WORKER_REAPED, 43, "worker-reaped")                                       \
    X(YK_FAULT_DEADLINE_EXPLAINED, 45, "deadline-explained")                             \
    X(YK_FAULT_DEADLINE_STOPPED, 46, "deadline-stopped")                                 \
    X(YK_FAULT_DEADLINE_KILLED, 47, "deadline-killed")                                   \
    X(YK_FAULT_BEFORE_TAKING, 50, "before-taking")                                       \
    X(YK_FAULT_TAKEN, 51, "taken")                                                       \
    X(YK_FAULT_BEFORE_STARTED, 52, "before-started")                                     \
    X(YK_FAULT_DEVICE_TAKEN, 53, "device-taken")                                           \
    X(YK_FAULT_AFTER_FILL, 54, "after-fill")                                             \
    X(YK_FAULT_AFTER_FOUND, 55, "after-found")                                           \
    X(YK_FAULT_AFTER_LEFT_OUT, 56, "after-left-out")                                     \
    X(YK_FAULT_PROCESS_FILL, 60, "process-fill")                                         \
    X(YK_FAULT_PROCESS_REQUEST, 61, "process-request")                                   \
    X(YK_FAULT_PROCESS_FREE, 62, "process-free")                                         \
    X(YK_FAULT_PROCESS_SEEN, 63, "process-seen")                                         \
    X(YK_FAULT_PROCESS_FORKED, 64, "process-forked")                                     \
    X(YK_FAULT_PROCESS_RUNNING, 65, "process-running")                                   \
    X(YK_FAULT_PROCESS_SIGNAL, 66, "process-signal")                                     \
    X(YK_FAULT_PROCESS_REAPED, 67, "process-reaped")                                     \
    X(YK_FAULT_PROCESS_ENDED, 68, "process-ended")                                       \
    X(YK_FAULT_PROCESS_BORN, 69, "process-born")                                         \
    X(YK_FAULT_PROCESS_FOUND, 70, "process-found")                                       \
    X(YK_FAULT_PROCESS_RETURNED, 71, "process-returned")                                 \
    X(YK_FAULT_PROCESS_CLAIM, 72, "process-claim")                                       \
    X(YK_FAULT_PROCESS_ABANDON, 73, "process-abandon")                                   \
    X(YK_FAULT_PROCESS_SETTLED, 74, "process-settled")                                   \
    X(YK_FAULT_PROCESS_SIGNALLED, 75, "process-signalled")

enum {
#define YK_FAULT_ENTRY(name, value, text) name = (value),
    YK_FAULT_TABLE(YK_FAULT_ENTRY)
#undef YK_FAULT_ENTRY
};

/* Reads YOKE_FAULT; always YOKE_OK in builds without fault points. */
yoke_status yk_fault_configure(yk_control *control, yk_error *error);

/* Ends the process if it is the turn of this place and this worker (NULL: any). */
void yk_fault_visit(yk_control *control, const yk_worker *worker, uint32_t point);

/* The same for any process that passes: the application, the supervisor, a process. */
void yk_fault_visit_whoever(yk_control *control, uint32_t point);

#ifdef YOKE_FAULT_POINTS
#define YK_FAULT_POINT(control, worker, point) yk_fault_visit(control, worker, point)
#define YK_FAULT_POINT_ANY(control, point) yk_fault_visit(control, NULL, point)
#define YK_FAULT_POINT_WHOEVER(control, point) yk_fault_visit_whoever(control, point)
#else
#define YK_FAULT_POINT(control, worker, point) ((void)(worker))
#define YK_FAULT_POINT_ANY(control, point) ((void)(control))
#define YK_FAULT_POINT_WHOEVER(control, point) ((void)(control))
#endif

#endif
