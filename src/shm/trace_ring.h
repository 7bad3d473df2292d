/* SPDX-License-Identifier: MIT */
/*
 * What happened when: a ring of events for each process that records, in shared memory. A
 * ring has one writer at a time; whoever reads does so while others write.
 *
 *     the event, in place of the oldest     if the writer dies here: as if it had not been
 *     the ring's count goes up              it is recorded
 *
 * Memory of a trace is never given back while the pool lives: who has found tracing switched on
 * may write a last event after it was switched off, or on again.
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
    _Atomic uint64_t since_ns;  /* app: what began before is of an earlier trace */
    yk_trace_ring ring[];       /* then the events, ring after ring */
} yk_trace;

/* How much memory one takes; pages that are not written to need not be there. */
size_t yk_trace_bytes(uint32_t rings, uint32_t capacity);

/* In zeroed memory. */
void yk_trace_init(yk_trace *trace, uint32_t rings, uint32_t capacity);

/* Forgets all events; new ones begin at `now` or later. */
void yk_trace_clear(yk_trace *trace, uint64_t now);

void yk_trace_add(yk_trace *trace, uint32_t ring, const yk_trace_event *event);

/* The events of a ring, oldest first, into an array that holds the capacity. How many. */
size_t yk_trace_copy(const yk_trace *trace, uint32_t ring, yk_trace_event *events);

/* How many of a ring's events have been overwritten. */
uint64_t yk_trace_lost(const yk_trace *trace, uint32_t ring);

#endif
