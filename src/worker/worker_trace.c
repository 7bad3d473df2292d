/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "worker/worker.h"

/* The number of bytes that this worker's devices have moved so far. */
static void count_moved(const yk_worker_self *self, uint64_t *sent, uint64_t *received)
{
    const yk_device *devices[] = {self->device, self->source_device};

    *sent = atomic_load_explicit(&self->worker->tally.sent, memory_order_relaxed);
    *received =
        atomic_load_explicit(&self->worker->tally.received, memory_order_relaxed);
    for (unsigned i = 0; i < 2; i++) {
        if (devices[i] != NULL) {
            *sent += devices[i]->sent;
            *received += devices[i]->received;
        }
    }
}

/* Bytes that were moved before the trace began do not count. */
static void begin_trace(yk_worker_self *self, const yk_trace *trace)
{
    const uint64_t since = atomic_load_explicit(&trace->since_ns, memory_order_relaxed);

    if (self->traced_since != since) {
        self->traced_since = since;
        count_moved(self, &self->traced_sent, &self->traced_received);
    }
}

uint64_t yk_worker_trace_clock(yk_worker_self *self)
{
    const yk_trace *trace = yk_control_trace(self->control);

    if (trace == NULL) {
        return 0;
    }
    begin_trace(self, trace);
    return yk_clock_ns();
}

static void worker_trace_record(yk_worker_self *self, yk_trace_event *event)
{
    yk_trace *trace = yk_control_trace(self->control);
    uint64_t sent;
    uint64_t received;

    if (trace == NULL) {
        return; /* tracing was switched off in the meantime */
    }
    begin_trace(self, trace);
    count_moved(self, &sent, &received);
    event->end_ns = yk_clock_ns();
    event->sent = sent - self->traced_sent;
    event->received = received - self->traced_received;
    self->traced_sent = sent;
    self->traced_received = received;
    yk_trace_add(trace, self->slot, event);
}

void yk_worker_trace_chunk(yk_worker_self *self, const yk_job *job, unsigned lane,
                           uint64_t begin, uint64_t end, uint64_t began_ns)
{
    worker_trace_record(self, &(yk_trace_event){.kind = YK_TRACE_CHUNK,
                                                .begin_ns = began_ns,
                                                .first = begin,
                                                .last = end,
                                                .job = job->sequence,
                                                .lane = lane});
}

void yk_worker_trace_build(yk_worker_self *self, uint64_t kernel_id, uint64_t began_ns)
{
    worker_trace_record(self, &(yk_trace_event){.kind = YK_TRACE_BUILD,
                                                .begin_ns = began_ns,
                                                .job = kernel_id});
}
