/* SPDX-License-Identifier: MIT */
#include "shm/trace_ring.h"

size_t yk_trace_bytes(uint32_t rings, uint32_t capacity)
{
    return sizeof(yk_trace) + rings * sizeof(yk_trace_ring) +
           (size_t)rings * capacity * sizeof(yk_trace_event);
}

static yk_trace_event *events_of(const yk_trace *trace, uint32_t ring)
{
    yk_trace_event *events = (yk_trace_event *)(uintptr_t)&trace->ring[trace->rings];

    return events + (size_t)ring * trace->capacity;
}

void yk_trace_init(yk_trace *trace, uint32_t rings, uint32_t capacity)
{
    trace->rings = rings;
    trace->capacity = capacity;
}

void yk_trace_clear(yk_trace *trace, uint64_t now)
{
    atomic_store(&trace->since_ns, now);
    for (uint32_t i = 0; i < trace->rings; i++) {
        atomic_store(&trace->ring[i].count, 0);
    }
}

void yk_trace_add(yk_trace *trace, uint32_t ring, const yk_trace_event *event)
{
    _Atomic uint64_t *count = &trace->ring[ring].count;
    const uint64_t next = atomic_load_explicit(count, memory_order_relaxed);

    /* Pairs with the fence in yk_trace_copy(): a reader that has a part of this event sees also
     * that the count has come this far, and drops the event that was here before. */
    atomic_thread_fence(memory_order_release);
    events_of(trace, ring)[next % trace->capacity] = *event;
    atomic_store_explicit(count, next + 1, memory_order_release);
}

size_t yk_trace_copy(const yk_trace *trace, uint32_t ring, yk_trace_event *events)
{
    const yk_trace_event *from = events_of(trace, ring);
    const uint64_t since = atomic_load(&trace->since_ns);
    const uint64_t end = atomic_load(&trace->ring[ring].count);
    uint64_t begin = end > trace->capacity ? end - trace->capacity : 0;
    uint64_t now;
    size_t kept = 0;

    for (uint64_t i = begin; i < end; i++) {
        events[i - begin] = from[i % trace->capacity];
    }
    /* Meanwhile the oldest events may have been overwritten, one of them partly. Pairs with the
     * fence in yk_trace_add(). */
    atomic_thread_fence(memory_order_acquire);
    now = atomic_load(&trace->ring[ring].count);
    if (now < end || atomic_load(&trace->since_ns) != since) {
        return 0; /* it was cleared */
    }
    for (uint64_t i = begin; i < end; i++) {
        const yk_trace_event event = events[i - begin];

        if (i + trace->capacity > now && event.begin_ns >= since) {
            events[kept++] = event;
        }
    }
    return kept;
}

uint64_t yk_trace_lost(const yk_trace *trace, uint32_t ring)
{
    const uint64_t count = atomic_load(&trace->ring[ring].count);

    return count > trace->capacity ? count - trace->capacity : 0;
}
