/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Traces: which worker computed what, and when.
 *
 * A trace is a file in the Trace Event Format, JSON, which ui.perfetto.dev and
 * chrome://tracing show: a track for each worker, with the chunks it computed and the kernels
 * it built, the deaths and births of its processes, and the jobs above. Times are in
 * microseconds since yoke_trace_start().
 *
 * The environment variable YOKE_TRACE=FILE does all of this for a program as it is: the
 * trace begins with the pool and is written when that is closed or terminated, or the program
 * calls exit() or returns from main(); of further pools of the same program to FILE.2 and so
 * on. Where FILE cannot be written no pool is created.
 *
 * An event of category "chunk" has in its `args`: `job`, a number; `first` and `items`, which
 * it computed; `sent` and `received`, bytes that were moved to and from the device's memory
 * since the worker's last event. A device that works on two chunks at a time has two tracks.
 * `otherData.overwritten` counts events for which there was no room.
 */
#ifndef YOKE_TRACE_H
#define YOKE_TRACE_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Records from now on; what was recorded before is dropped. It costs a worker two looks at the
 * clock for each chunk, and 64 bytes of memory. Of each worker the last 32,768 events are
 * kept (fewer where address space is limited), and the last 65,536 jobs.
 */
YOKE_API yoke_status yoke_trace_start(yoke_pool *pool);

/** Records no more. What was recorded is kept until the next yoke_trace_start(). */
YOKE_API yoke_status yoke_trace_stop(yoke_pool *pool);

/**
 * Writes what has been recorded so far, also while more is recorded.
 *
 * @param pool  the pool
 * @param path  the file; what was in it is replaced
 * @return YOKE_EINVAL if yoke_trace_start() was never called; YOKE_ESYSTEM if the file cannot
 *         be written; YOKE_ENOMEM
 */
YOKE_API yoke_status yoke_trace_write(yoke_pool *pool, const char *path);

#ifdef __cplusplus
}
#endif

#endif
