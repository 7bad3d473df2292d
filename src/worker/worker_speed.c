/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/clock.h"
#include "sched/policy.h"
#include "worker/worker.h"

/* Reading the clock costs about 25 ns: chunks shorter than this share a reading. */
enum { SHORT_CHUNK_NS = 1000, CHUNKS_PER_LOOK = 32 };

/* A start later than this says nothing about wake-ups: of a worker that was looking for work
 * (it had lost its CPU), and of one that slept. */
static const uint64_t longest_wake_ns[2] = {20000, 2 * (uint64_t)YK_NS_PER_MS};

static void speed_add(_Atomic uint64_t *sum, uint64_t more)
{
    atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* Learns how long it took from when the job became ready to this point, for a worker that had
 * nothing else to do. */
static void learn_wake_up(yk_worker_self *self, const yk_job *job, uint64_t now)
{
    const uint64_t ready = atomic_load_explicit(&job->ready_ns, memory_order_relaxed);
    _Atomic uint64_t *estimate = &self->worker->wake_ns[self->has_slept];

    if (self->idle_since_ns != 0 && self->idle_since_ns < ready && ready < now &&
        now - ready < longest_wake_ns[self->has_slept]) {
        const double old = (double)atomic_load_explicit(estimate, memory_order_relaxed);
        const double next =
            old > 0 ? old + ((double)(now - ready) - old) / 8 : (double)(now - ready);

        atomic_store_explicit(estimate, (uint64_t)next, memory_order_relaxed);
    }
    self->idle_since_ns = 0;
}

void yk_worker_set_speed(yk_worker_self *self, const yk_job *job, double speed)
{
    atomic_store_explicit(&self->worker->builds[job->kernel_slot].speed,
                          yk_double_bits(speed), memory_order_relaxed);
}

/* Learns the speed of the last chunks, and of all of this job. */
static void learn_speed(yk_worker_self *self, const yk_job *job, uint64_t ns)
{
    const yk_stretch *stretch = &self->stretch;
    const double items = (double)stretch->items;
    const double overhead =
        (double)stretch->chunks * (double)self->worker->info.launch_ns;
    const double measured = yk_policy_measured(items, (double)ns, overhead);
    const double next = yk_policy_learn(
        yk_bits_double(atomic_load_explicit(
            &self->worker->builds[job->kernel_slot].speed, memory_order_relaxed)),
        measured);

    yk_worker_set_speed(self, job, next);
    self->measured.items += items;
    self->measured.ns += items / measured;
    atomic_store_explicit(&self->worker->speed_last, yk_double_bits(next * 1e9),
                          memory_order_relaxed);
}

/* A worker that enters a job begins with its usual speed. */
static void start_measuring(yk_worker_self *self, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const yk_build *build = &self->worker->builds[job->kernel_slot];
    yk_measured *measured = &self->measured;

    if (measured->ref.slot == ref.slot && measured->ref.generation == ref.generation) {
        return;
    }
    *measured = (yk_measured){.ref = ref,
                              .usual = yk_bits_double(atomic_load(&build->usual)),
                              .usual_ns = atomic_load(&build->usual_ns),
                              .usual_items = atomic_load(&build->usual_items)};
    yk_worker_set_speed(self, job, measured->usual);
}

static void stop_measuring(yk_worker_self *self, const yk_job *job)
{
    const yk_measured *measured = &self->measured;
    yk_build *build = &self->worker->builds[job->kernel_slot];

    if (measured->ns <= 0) {
        return;
    }
    /* A short sample does not outweigh a well-known speed, unless from now on there are only
     * short samples. */
    if (yk_policy_is_short_sample(measured->ns, (double)measured->usual_ns) &&
        measured->items < (double)measured->usual_items) {
        atomic_store(&build->usual_ns, measured->usual_ns / 2);
        return;
    }
    atomic_store(&build->usual, yk_double_bits(yk_policy_learn_usual(
                                    measured->usual, measured->items / measured->ns)));
    atomic_store(&build->usual_ns, (uint64_t)measured->ns);
    atomic_store(&build->usual_items, (uint64_t)measured->items);
}

/* Counts what a device has moved since the last call. */
static void count_transfers(yk_worker_self *self, yk_device *device)
{
    if (device != NULL && (device->sent | device->received) != 0) {
        speed_add(&self->worker->tally.sent, device->sent);
        speed_add(&self->worker->tally.received, device->received);
        device->sent = 0;
        device->received = 0;
    }
}

void yk_worker_count_transfers(yk_worker_self *self)
{
    count_transfers(self, self->device);
    count_transfers(self, self->source_device);
}

static void speed_update(yk_worker_self *self, const yk_job *job)
{
    yk_stretch *stretch = &self->stretch;
    yk_worker *worker = self->worker;
    const uint64_t now = yk_clock_ns();
    const uint64_t ns = now - stretch->began_ns;

    learn_speed(self, job, ns);
    yk_worker_count_form(self, job, stretch->device, stretch->items, ns);
    atomic_store_explicit(&worker->checked_ns, now, memory_order_relaxed);
    speed_add(&worker->chunks, stretch->chunks);
    speed_add(&worker->tally.chunks, stretch->chunks);
    speed_add(&worker->tally.items, stretch->items);
    speed_add(&worker->tally.busy_ns, ns);
    yk_worker_count_transfers(self);
    *stretch = (yk_stretch){
        .device = stretch->device,
        .began_ns = now,
        .next_check =
            ns < (uint64_t)stretch->chunks * SHORT_CHUNK_NS ? CHUNKS_PER_LOOK : 1,
    };
}

void yk_worker_start_stretch(yk_worker_self *self, yk_job_ref ref,
                             const yk_device *device)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const uint64_t now = yk_clock_ns();

    learn_wake_up(self, job, now);
    start_measuring(self, ref);
    yk_worker_start_form(self, job);
    self->entered_ns = now;
    atomic_store_explicit(&self->worker->checked_ns, now, memory_order_relaxed);
    self->stretch = (yk_stretch){.device = device, .began_ns = now, .next_check = 1};
}

void yk_worker_count_chunk(yk_worker_self *self, const yk_job *job, uint64_t items)
{
    yk_stretch *stretch = &self->stretch;

    stretch->items += items;
    stretch->chunks++;
    if (stretch->chunks >= stretch->next_check) {
        speed_update(self, job);
    }
}

void yk_worker_end_stretch(yk_worker_self *self, const yk_job *job)
{
    if (self->stretch.chunks > 0) {
        speed_update(self, job);
    }
    stop_measuring(self, job);
}
