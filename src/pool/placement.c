/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "pool/pool.h"
#include "pool/repair.h"
#include "sched/policy.h"

/* ---- which workers ---- */

static bool is_selected(const yk_control *control, const yk_selector *selector,
                        uint32_t slot, uint32_t *cpus, uint32_t *fakes)
{
    const yk_worker *worker = &control->workers[slot];
    uint32_t *number = worker->kind == YOKE_WORKER_CPU ? cpus : fakes;

    if (worker->found >= 0) {
        const yk_candidate candidate =
            yk_found_candidate(&control->found[worker->found]);

        return yk_selector_matches(selector, &candidate);
    }
    if ((worker->kind == YOKE_WORKER_CPU && selector->kind == YK_SELECT_CPU) ||
        (worker->kind == YOKE_WORKER_FAKE && selector->kind == YK_SELECT_FAKE)) {
        return selector->count == 0 || (*number)++ < selector->count;
    }
    return false;
}

static void allow_selected(const yk_control *control, const yk_selection *selection,
                           yk_job *job)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < selection->count; i++) {
        uint32_t cpus = 0;
        uint32_t fakes = 0;

        for (uint32_t slot = 0; slot < count; slot++) {
            if (is_selected(control, &selection->selectors[i], slot, &cpus, &fakes)) {
                job->allowed[slot / 64] |= UINT64_C(1) << (slot % 64);
            }
        }
    }
}

static yoke_status check_hope(yoke_pool *pool, const yk_job *job, const char *devices,
                              yk_error *error)
{
    const char *name = pool->control->kernels[job->kernel_slot].kernel.name;

    if (yk_job_has_hope(pool->control, job, UINT32_MAX)) {
        return YOKE_OK;
    }
    if (devices != NULL) {
        return yk_fail(error, YOKE_ENODEVICE,
                       "no worker of this pool that matches \"%s\" can run kernel '%s'",
                       devices, name);
    }
    return yk_fail(error, YOKE_ENODEVICE, "no worker of this pool can run kernel '%s'",
                   name);
}

yoke_status yk_place_allow(yoke_pool *pool, yk_job *job, const char *devices,
                           yk_error *error)
{
    yk_selection selection;
    yoke_status status;

    if (devices == NULL) {
        memset(job->allowed, 0xff, sizeof job->allowed);
        return check_hope(pool, job, devices, error);
    }
    status = yk_selection_parse(&selection, devices, error);
    if (status != YOKE_OK) {
        yk_error_prefix(error, "devices: ");
        return status;
    }
    memset(job->allowed, 0, sizeof job->allowed);
    allow_selected(pool->control, &selection, job);
    return check_hope(pool, job, devices, error);
}

/* ---- homes ---- */

static bool takes_part(const yk_control *control, const yk_job *job, uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const uint32_t state = atomic_load(&worker->state);
    const uint32_t build = yk_build_of(worker, job->kernel_slot, job->launch.kernel_id);

    return yk_bit_is_set(job->allowed, slot) && build == YK_BUILD_READY &&
           (state == YK_WORKER_READY || state == YK_WORKER_STARTING);
}

/* For a job that runs on one device: the fastest, as far as known, else an OpenCL one.
 */
static uint32_t pick_one(const yk_control *control, const yk_taker *takers,
                         uint32_t count)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < count; i++) {
        const bool opencl = control->workers[i].kind == YOKE_WORKER_OPENCL;

        if (takers[i].speed > takers[best].speed ||
            (takers[i].speed == takers[best].speed && opencl)) {
            best = i;
        }
    }
    return best;
}

/* Workers that join later find their homes empty, not of another generation. */
static uint32_t slots_to_prepare(const yk_control *control, uint32_t count)
{
    const bool growing = atomic_load(&control->discovery) == YK_DISCOVERY_RUNNING;

    return (uint32_t)yk_min(count + (growing ? YK_MAX_FOUND : 0), YK_MAX_WORKERS);
}

void yk_place_tiles(yoke_pool *pool, yk_job *job, uint32_t generation, uint64_t grain)
{
    const yk_control *control = pool->control;
    const yk_launch *launch = &job->launch;
    const uint64_t items = launch->size[launch->split];
    const uint32_t prepared = slots_to_prepare(control, yk_worker_count(control));
    const uint32_t count = (uint32_t)yk_min(yk_worker_count(control), prepared);
    const yk_tiling_limits limits = {
        .group = launch->group[launch->split], .grain = grain, .workers = count};
    yk_taker takers[YK_MAX_WORKERS] = {{0, 0}};
    yk_tiles shares[YK_MAX_WORKERS] = {{0, 0}};

    job->tiling =
        launch->whole != 0 ? yk_tiling_whole(items) : yk_tiling_choose(items, &limits);
    for (uint32_t i = 0; i < count; i++) {
        takers[i].speed = takes_part(control, job, i)
                              ? yk_job_speeds(job, &control->workers[i]).usual
                              : -1; /* gets no tiles */
    }
    if (job->tiling.count == 1) {
        shares[pick_one(control, takers, count)].end = 1;
    } else {
        yk_policy_shares(job->tiling.count, takers, count, shares);
    }
    for (uint32_t i = 0; i < prepared; i++) {
        yk_home_set(&job->homes[i].home, generation, shares[i]);
        atomic_store_explicit(&job->done[i].value, 0, memory_order_relaxed);
    }
    yk_tile_map_clear(job->map, job->tiling.count);
    atomic_store(&job->tile_count, job->tiling.count);
}
