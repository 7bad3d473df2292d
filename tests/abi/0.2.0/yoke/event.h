/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A flag that threads and processes can wait for.
 *
 * Where the calls may be made: see queue.h. What times mean: see status.h. The death of a
 * process changes nothing.
 */
#ifndef YOKE_EVENT_H
#define YOKE_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_event yoke_event;

/** How to make an event. Zero in a field means the default. */
typedef struct yoke_event_options {
    bool is_set; /**< it is set at first */
    unsigned char reserved[7]; /**< 0 */
} yoke_event_options;

/** Implementation of yoke_event_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_event_create_sized(yoke_event **event, yoke_pool *pool,
                                             const yoke_event_options *options,
                                             size_t size);

/**
 * Creates an event. It is not set, unless the options say so.
 *
 * @param event  where it goes; NULL on failure
 * @param pool   the pool in whose memory it lies
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_event_create(yoke_event **event, yoke_pool *pool,
                                            const yoke_event_options *options)
{
    return yoke_event_create_sized(event, pool, options, sizeof(yoke_event_options));
}

/** Sets an event: all that wait go on, and no call waits until it is cleared. */
YOKE_API yoke_status yoke_event_set(yoke_event *event);

/** Clears an event. */
YOKE_API yoke_status yoke_event_clear(yoke_event *event);

/** Whether it is set; false if `event` is not a valid event. */
YOKE_API bool yoke_event_is_set(const yoke_event *event);

/**
 * Waits until it is set. A call that waits may miss that it was set and cleared again.
 *
 * @param event    the event
 * @param seconds  the longest time to wait
 */
YOKE_API yoke_status yoke_event_wait(yoke_event *event, double seconds);

/**
 * Destroys an event: calls that wait, and all later ones, return YOKE_ECLOSED. NULL is
 * allowed.
 */
YOKE_API yoke_status yoke_event_destroy(yoke_event *event);

#ifdef __cplusplus
}
#endif

#endif
