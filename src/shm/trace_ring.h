/* SPDX-License-Identifier: MIT */
/*
 * A trace: a ring of events for each process that records, in shared memory. A ring has one writer
 * at a time; readers read while others write.
 *
 *     the event, in place of the oldest     if the writer dies here: as if there were no event
 *     the ring's count goes up              it is recorded
 *
 * Memory of a trace is never freed while the pool lives: a process that has found tracing switched
 * on may write a last event after it was switched off, or on again.
 */
#ifndef YK_SHM_TRACE_RING_H
#define YK_SHM_TRACE_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    YK_TRACE_CHUNK = 1,  /* of `job`, items [first, last) */
    YK_TRACE_BUILD = 2,  /* of the kernel whose id is `job` */
    YK_TRACE_BIRTH = 3,  /* process `last` of worker `first`; no duration */
    YK_TRACE_DEATH = 4,  /* ... with wait status `job` */
};

typedef struct yk_trace_event {
    uint64_t begin_ns; /* clock */
    uint64_t end_ns;
    uint64_t first;
    uint64_t last;
    uint64_t job;      /* its sequence number */
    uint64_t sent;     /* bytes into the device's memory since the event before */
    uint64_t received; /* ... and from there */
    uint32_t kind;     /* YK_TRACE_... */
    uint32_t lane;
} yk_trace_event;

typedef struct yk_trace_ring {
    alignas(64) _Atomic uint64_t count; /* writer: events since it was cleared */
} yk_trace_ring;

typedef struct yk_trace {
    uint32_t rings;
    uint32_t capacity;          /* events that a ring keeps */
    /* app: events that began before this belong to an earlier trace */
    _Atomic uint64_t since_ns;
    yk_trace_ring ring[];       /* then the events, ring after ring */
} yk_trace;

/* The size of a trace. Pages that are not written to need no memory. */
size_t yk_trace_bytes(uint32_t rings, uint32_t capacity);

/* Initialises a trace in zeroed memory. */
void yk_trace_init(yk_trace *trace, uint32_t rings, uint32_t capacity);

/* Forgets all events; new ones begin at `now` or later. */
void yk_trace_clear(yk_trace *trace, uint64_t now);

void yk_trace_add(yk_trace *trace, uint32_t ring, const yk_trace_event *event);

/* Copies the events of a ring, oldest first, into an array of `capacity` events. Returns how
 * many. */
size_t yk_trace_copy(const yk_trace *trace, uint32_t ring, yk_trace_event *events);

/* The number of events of a ring that have been overwritten. */
uint64_t yk_trace_lost(const yk_trace *trace, uint32_t ring);

#endif
