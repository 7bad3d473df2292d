/* SPDX-License-Identifier: MIT */
#include "worker/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/bells.h"
#include "protocol/device_kinds.h"
#include "protocol/fault_point.h"
#include "protocol/member/membership.h"
#include "shm/company.h"
#include "sys/cxx_exception.h"
#include "sys/process.h"
#include "sys/topology.h"
#include "worker/thread_limit.h"

/* How long to look for work before sleeping: about as long as a wake-up takes, as measured,
 * within these bounds. */
static const uint64_t min_spin_ns = 50000;
static const uint64_t max_spin_ns = 200000;

/* How soon to check again for tiles that are not worth stealing yet: later and later, since
 * checking hundreds of workers costs time. */
static const uint64_t later_ns = 10000;
static const uint64_t max_later_ns = 2000000;

static void worker_show_name(const yk_worker *worker)
{
    char name[sizeof "yoke:" + sizeof worker->name];

    yk_text_format(name, sizeof name, "yoke:%s", worker->name);
    yk_process_set_name(name);
    yk_process_set_own_name(worker->name);
}

/* Its share of the CPUs, and threads of native functions for no more than that. */
static void worker_take_cpus(const yk_worker *worker, const yk_cpu *cpus)
{
    if (yk_worker_has(worker, YK_TRAIT_RUNS_FUNCTIONS)) {
        yk_thread_limit_set((unsigned)yk_max(worker->cpu_count, 1));
    }
    if (cpus != NULL) {
        (void)yk_bind_cpus(cpus, worker->cpu_count);
    } else if (worker->cpu >= 0) {
        (void)yk_bind_cpu((uint32_t)worker->cpu);
    }
}

static bool worker_open_device(yk_worker_self *self)
{
    yk_worker *worker = self->worker;
    yk_device_config config = worker->config;
    yoke_status status;

    self->place = (yk_device_place){.worker = self->slot + 1,
                                    .process = atomic_load(&worker->incarnation),
                                    .worker_count = &self->control->worker_count};
    config.place = &self->place;
    status = yk_device_open(&self->device, &config, &self->error);
    if (status == YOKE_OK && yk_worker_has(worker, YK_TRAIT_RUNS_FUNCTIONS)) {
        status = yk_worker_initialize(self);
    }
    if (status != YOKE_OK) {
        yk_text_copy(worker->log, sizeof worker->log, yk_error_text(&self->error));
        atomic_store(&worker->open_status, (uint32_t)-status);
        return false;
    }
    self->device->ops->describe(self->device, &worker->info);
    if (!worker->info.shares_memory && self->device->ops->fetch != NULL) {
        self->holder = yk_holder_pack(self->slot, atomic_load(&worker->life));
        self->device->holder = self->holder;
    }
    return true;
}

static void become_ready(yk_worker_self *self)
{
    uint32_t starting = YK_WORKER_STARTING;

    (void)atomic_compare_exchange_strong(&self->worker->state, &starting,
                                         YK_WORKER_READY);
    yk_eventcount_signal(&self->control->changed);
}

static uint64_t spin_time(const yk_worker_self *self)
{
    const uint64_t wake =
        atomic_load_explicit(&self->worker->wake_ns[1], memory_order_relaxed);

    return yk_min(yk_max(wake, min_spin_ns), max_spin_ns);
}

/* Text that a kernel has printed must not get lost without a report. */
void yk_worker_flush_output(const yk_worker_self *self)
{
    const int problem = self->attachments != NULL ? yk_process_flush_output() : 0;
    uint32_t none = 0;

    if (problem != 0) {
        (void)atomic_compare_exchange_strong(&self->control->output_errno, &none,
                                             (uint32_t)problem);
    }
}

/* Whether another worker is in a job, whose end may bring work. */
static bool worker_has_others(const yk_worker_self *self)
{
    const uint32_t count = yk_worker_count(self->control);
    uint32_t i = 0;

    while (i < count &&
           (i == self->slot || atomic_load(&self->control->workers[i].active) == 0)) {
        i++;
    }
    return i < count;
}

/* Looks for work for as long as a wake-up costs, or for limit_ns if that is less. In company it
 * does so only while other workers bring work: the application may need this very core to do that.
 * Whether to check for work again. */
static bool worker_waits_awake(const yk_worker_self *self, uint32_t ticket,
                               uint64_t limit_ns)
{
    const uint64_t start = yk_clock_ns();
    const uint64_t spin_ns = yk_min(spin_time(self), limit_ns);
    uint64_t spent = 0;

    while (spent < spin_ns &&
           (!yk_company_is_seen(start) || worker_has_others(self))) {
        if (yk_eventcount_spin(&self->worker->bell, ticket, spin_ns - spent)) {
            return true;
        }
        spent = yk_clock_ns() - start;
    }
    return spent >= limit_ns;
}

static void wait_for_work(yk_worker_self *self, uint32_t ticket, int work)
{
    yk_eventcount *bell = &self->worker->bell;
    const bool later = work == YK_WORK_LATER;

    self->later_ns = later ? yk_min(2 * self->later_ns, max_later_ns) : later_ns / 2;
    yk_worker_flush_output(self);
    if (self->idle_since_ns == 0) {
        self->idle_since_ns = yk_clock_ns();
    }
    if (worker_waits_awake(self, ticket, later ? self->later_ns : UINT64_MAX)) {
        self->has_slept = false;
        return;
    }
    self->has_slept = true;
    yk_eventcount_wait(bell, ticket, later ? self->later_ns : UINT64_MAX);
    yk_eventcount_awake(bell);
}

bool yk_worker_is_spent(const yk_worker_self *self)
{
    return self->memory.is_over ||
           (self->last_item != 0 &&
            atomic_load_explicit(&self->worker->tally.items, memory_order_relaxed) >=
                self->last_item);
}

/* Only for workers with which nothing is lost, and whose core is available again at once. */
static void count_items(yk_worker_self *self)
{
    const uint64_t max_count = self->control->items_per_process;
    const uint64_t before = atomic_load(&self->worker->tally.items);

    if (yk_worker_has(self->worker, YK_TRAIT_RECYCLES) && max_count != 0 &&
        max_count < UINT64_MAX - before) {
        self->last_item = before + max_count;
    }
}

/* Until the pool closes, or the process is spent. */
static void worker_run(yk_worker_self *self)
{
    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&self->worker->bell);
        int work;

        if (atomic_load(&self->control->quit) != YK_QUIT_NO ||
            yk_worker_is_spent(self)) {
            return;
        }
        (void)yk_segment_view_detach_closed(
            self->attachments, NULL); /* if that fails, jobs will report it */
        yk_worker_build_all(self);
        work = yk_worker_find_work(self);
        if (work == YK_WORK_DONE) {
            self->later_ns = later_ns / 2;
            continue;
        }
        yk_worker_check_memory_idle(self);
        if (!yk_worker_is_spent(self)) {
            wait_for_work(self, ticket, work);
        }
    }
}

/* It logs what takes long. */
static void report_compiling(void *control)
{
    yk_control_wake_supervisor(control);
}

int yk_worker_main(yk_control *control, yk_segment_view *attachments, uint32_t slot,
                   const int undo_files[YK_MAX_LANES], const yk_cpu *cpus)
{
    yk_worker_self *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return YK_WORKER_EXIT_START;
    }
    self->control = control;
    self->worker = &control->workers[slot];
    self->slot = slot;
    self->attachments = attachments;
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        self->undo[lane].file = undo_files[lane];
    }
    yk_membership_begin(control, YK_STARTER_WORKER + slot);
    worker_show_name(self->worker);
    yk_compiling_use(&self->worker->compiling, undo_files[0], YK_UNDO_TEXT,
                     control->log != 0 ? report_compiling : NULL, control);
    YK_FAULT_POINT(control, self->worker, YK_FAULT_START);
    yk_process_write_lines();
    yk_segment_view_adopt(attachments, &self->worker->detached_seen,
                          &self->worker->crash);
    worker_take_cpus(self->worker, cpus);
    yk_worker_start_memory(self);
    if (!worker_open_device(self)) {
        return YK_WORKER_EXIT_START;
    }
    count_items(self);
    become_ready(self);
    worker_run(self);
    if (yk_worker_is_spent(self)) {
        atomic_store(&self->worker->spent,
                     self->memory.is_over ? YK_SPENT_MEMORY : YK_SPENT_ITEMS);
    }
    yk_worker_finalize(self);
    yk_cxx_find_streams(); /* of a library that was loaded since */
    yk_worker_flush_output(self);
    /* Devices are not closed: drivers are known to hang in that call, and the process ends
     * anyway. */
    return YK_WORKER_EXIT_OK;
}
