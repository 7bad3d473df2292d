/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "pool/pool.h"
#include "protocol/aside.h"
#include "protocol/device_kinds.h"

static yoke_worker_state public_state(uint32_t state)
{
    switch (state) {
    case YK_WORKER_STARTING:
        return YOKE_WORKER_STARTING;
    case YK_WORKER_READY:
        return YOKE_WORKER_READY;
    case YK_WORKER_PARKED:
        return YOKE_WORKER_UNUSED;
    default:
        return YOKE_WORKER_FAILED;
    }
}

static void describe_device(yoke_worker_info *info, const yk_found *found)
{
    info->opencl_index = found->index == UINT32_MAX ? -1 : (int)found->index;
    info->memory_bytes = found->device.memory_bytes;
    info->has_double = found->device.has_double != 0;
    yk_text_copy(info->device, sizeof info->device, found->device.name);
    yk_text_format(info->driver, sizeof info->driver, "%.50s, %.70s",
                   found->device.platform, found->device.version);
    if (found->device.platform[0] == '\0') {
        yk_text_copy(info->driver, sizeof info->driver, found->driver);
    }
}

/* The worker may stop compiling at any time; its clock is this process's. */
static double seconds_compiling(const yk_worker *worker)
{
    const uint64_t since = atomic_load(&worker->compiling.since);
    const uint64_t now = yk_clock_ns();

    return since != 0 && now > since ? 1e-9 * (double)(now - since) : 0;
}

static void describe_worker(const yk_control *control, uint32_t slot,
                            yoke_worker_info *info)
{
    const yk_worker *worker = &control->workers[slot];
    const uint32_t state = atomic_load(&worker->state);
    const uint32_t incarnation = atomic_load(&worker->incarnation);

    info->kind = (yoke_worker_kind)worker->kind;
    info->state = public_state(state);
    info->pid = (pid_t)atomic_load(&worker->pid);
    info->restarts = incarnation > 0 ? incarnation - 1 : 0;
    info->cpu = worker->cpu;
    info->opencl_index = -1;
    info->speed = yk_bits_double(atomic_load(&worker->speed_last));
    info->compiling = info->pid != 0 ? seconds_compiling(worker) : 0;
    yk_text_copy(info->name, sizeof info->name, worker->name);
    yk_text_copy(info->reason, sizeof info->reason,
                 state == YK_WORKER_PARKED ? "its core serves a GPU's process"
                                           : worker->reason);
    if (worker->found >= 0) {
        describe_device(info, &control->found[worker->found]);
    }
    if (state == YK_WORKER_READY || state == YK_WORKER_PARKED) {
        yk_text_copy(info->device, sizeof info->device, worker->info.name);
        yk_text_copy(info->driver, sizeof info->driver, worker->info.driver);
        info->memory_bytes = worker->info.memory_bytes;
        info->shares_memory = worker->info.shares_memory;
        info->has_double = worker->info.has_double;
    }
}

static void describe_unused(const yk_found *found, yoke_worker_info *info)
{
    info->kind = (yoke_worker_kind)found->kind;
    info->state = found->failed != 0 ? YOKE_WORKER_FAILED : YOKE_WORKER_UNUSED;
    info->cpu = -1;
    describe_device(info, found);
    yk_text_copy(info->reason, sizeof info->reason, found->reason);
    if (found->index == UINT32_MAX) {
        yk_text_copy(info->name, sizeof info->name, "driver");
    } else {
        yk_text_format(info->name, sizeof info->name, "%s%u",
                       yk_device_kind_at(found->kind)->name, found->index);
    }
}

/* They died with the supervisor, which writes such things down. */
static void describe_broken(yoke_worker_info *info)
{
    info->state = YOKE_WORKER_FAILED;
    info->pid = 0;
    yk_text_copy(info->reason, sizeof info->reason,
                 "the pool's supervisor process has died");
}

void yk_pool_describe(yoke_pool *pool, yoke_worker_info *workers, size_t capacity,
                      size_t *count)
{
    const bool alive = yk_pool_is_alive(pool);
    const yk_control *control = pool->control;
    const uint32_t worker_count = yk_worker_count(control);
    const uint32_t found_count = atomic_load(&control->found_count);
    size_t n = 0;

    for (uint32_t i = 0; i < worker_count; i++, n++) {
        if (n < capacity) {
            memset(&workers[n], 0, sizeof workers[n]);
            describe_worker(control, i, &workers[n]);
            if (!alive) {
                describe_broken(&workers[n]);
            }
        }
    }
    for (uint32_t i = 0; i < found_count; i++) {
        if (control->found[i].worker >= 0) {
            continue;
        }
        if (n < capacity) {
            memset(&workers[n], 0, sizeof workers[n]);
            describe_unused(&control->found[i], &workers[n]);
        }
        n++;
    }
    *count = n;
}

/* What each kind that has drivers says if there is none. */
static void append_no_driver(yk_error *error)
{
    for (uint32_t kind = 1; kind < yk_device_kinds_end(); kind++) {
        const yk_device_discovery *discovery = yk_device_kind_at(kind)->discovery;

        if (discovery != NULL) {
            yk_error_append(error, "; %s", discovery->no_driver);
        }
    }
}

void yk_pool_append_found(yoke_pool *pool, yk_error *error)
{
    const yk_control *control = pool->control;
    const uint32_t workers = yk_worker_count(control);
    const uint32_t count = atomic_load(&control->found_count);

    for (uint32_t i = 0; i < workers; i++) {
        if (atomic_load(&control->workers[i].state) == YK_WORKER_GIVEN_UP) {
            yk_error_append(error, "; %s: %s", control->workers[i].name,
                            control->workers[i].reason);
        }
    }
    if (count == 0 && atomic_load(&control->discovery) == YK_DISCOVERY_DONE) {
        append_no_driver(error);
    }
    for (uint32_t i = 0; i < count; i++) {
        const yk_found *found = &control->found[i];

        if (found->index == UINT32_MAX) {
            yk_error_append(error, "; %s", found->reason);
        } else {
            yk_error_append(error, "; %s:%u is %s (%s)",
                            yk_device_kind_at(found->kind)->name, found->index,
                            found->device.name, found->device.platform);
        }
    }
}

static yoke_kernel_state state_of_build(uint32_t build)
{
    switch (build) {
    case YK_BUILD_READY:
    case YK_BUILD_STALE:
        return YOKE_KERNEL_READY;
    case YK_BUILD_FAILED:
        return YOKE_KERNEL_FAILED;
    case YK_BUILD_UNSUITABLE:
        return YOKE_KERNEL_UNSUITED;
    default:
        return YOKE_KERNEL_PENDING;
    }
}

static void describe_kernel(const yoke_kernel *kernel, uint32_t slot,
                            yoke_kernel_worker_info *info)
{
    const yk_control *control = kernel->pool->control;
    const yk_worker *worker = &control->workers[slot];
    char reason[YK_ASIDE_BYTES];

    yk_aside_read(control, slot, kernel->slot, kernel->id, reason);
    *info = (yoke_kernel_worker_info){
        .state = state_of_build(yk_build_of(worker, kernel->slot, kernel->id))};
    yk_text_copy(info->name, sizeof info->name, worker->name);
    yk_text_copy(info->reason, sizeof info->reason, reason);
    if (atomic_load(&worker->state) == YK_WORKER_GIVEN_UP) {
        info->state = YOKE_KERNEL_FAILED;
        yk_text_copy(info->reason, sizeof info->reason, worker->reason);
    }
}

size_t yk_pool_describe_kernel(const yoke_kernel *kernel,
                               yoke_kernel_worker_info infos[YK_MAX_WORKERS])
{
    const uint32_t count = yk_worker_count(kernel->pool->control);

    for (uint32_t i = 0; i < count; i++) {
        describe_kernel(kernel, i, &infos[i]);
    }
    return count;
}

static uint64_t pool_info_value_of(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

size_t yk_pool_get_stats(const yoke_pool *pool, yoke_worker_stats stats[YK_MAX_SLOTS])
{
    const yk_control *control = pool->control;
    size_t n = 0;

    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(control, i)) {
        const yk_worker *worker = &control->workers[i];
        const yk_tally *tally = &worker->tally;
        const yk_cpu_time used =
            yk_cpu_tally_read(&worker->cpu_tally, pool->liveness.supervisor);

        stats[n] = (yoke_worker_stats){
            .chunks = pool_info_value_of(&tally->chunks),
            .items = pool_info_value_of(&tally->items),
            .steals = pool_info_value_of(&tally->steals),
            .sent_bytes = pool_info_value_of(&tally->sent),
            .received_bytes = pool_info_value_of(&tally->received),
            .busy_seconds = (double)pool_info_value_of(&tally->busy_ns) / 1e9,
            .memory_bytes = pool_info_value_of(&tally->memory),
            .max_memory_bytes = pool_info_value_of(&tally->max_memory),
            .memory_restarts = pool_info_value_of(&tally->memory_ends),
            .user_seconds = (double)used.user_ns / 1e9,
            .system_seconds = (double)used.system_ns / 1e9,
        };
        yk_text_copy(stats[n].name, sizeof stats[n].name,
                     i == YK_CALLER ? "caller" : worker->name);
        n++;
    }
    return n;
}
