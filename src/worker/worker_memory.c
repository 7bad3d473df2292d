/* SPDX-License-Identifier: MIT */
/*
 * How much private memory a worker's process has, if the program has set a limit. Reading it takes
 * some microseconds, so it is read at most every 2 ms while the worker computes, by the clock that
 * the worker has read anyway, and once before it sleeps.
 */
#include "base/bits.h"
#include "protocol/device_kinds.h"
#include "sys/memory_limits.h"
#include "worker/worker.h"

static const uint64_t measure_every_ns = UINT64_C(2000000);

void yk_worker_start_memory(yk_worker_self *self)
{
    if (yk_worker_has(self->worker, YK_TRAIT_RECYCLES) &&
        self->control->memory_per_process != 0) {
        self->memory = (yk_worker_memory){.limit = self->control->memory_per_process,
                                          .at_start = yk_memory_private()};
    }
}

static void memory_measure(yk_worker_self *self)
{
    yk_worker_memory *memory = &self->memory;
    yk_tally *tally = &self->worker->tally;
    const uint64_t all = yk_memory_private();
    const uint64_t own = all > memory->at_start ? all - memory->at_start : 0;

    memory->measured_ns = self->stretch.began_ns;
    atomic_store(&tally->memory, own);
    atomic_store(&tally->max_memory, yk_max(own, atomic_load(&tally->max_memory)));
    if (own > memory->limit && !memory->is_over) {
        memory->is_over = true;
        atomic_fetch_add(&tally->memory_ends, 1);
    }
}

void yk_worker_check_memory(yk_worker_self *self)
{
    if (self->memory.limit != 0 &&
        self->stretch.began_ns - self->memory.measured_ns >= measure_every_ns) {
        memory_measure(self);
    }
}

void yk_worker_check_memory_idle(yk_worker_self *self)
{
    if (self->memory.limit != 0 && self->stretch.began_ns != self->memory.measured_ns) {
        memory_measure(self);
    }
}
