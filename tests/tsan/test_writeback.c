/* SPDX-License-Identifier: MIT */
/*
 * Giving back what workers hold, with threads in the place of processes: each worker has a
 * copy of its own of two arrays, blocks stay there until others need them, and work ranges
 * differ from job to job. Bytes are plain memory: a look at a block that is not back
 * yet is a data race as well as a wrong number.
 */
#include "support/yoke_test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/bells.h"
#include "protocol/writeback.h"
#include "shm/residency.h"
#include "sys/wakeup.h"

enum { WORKERS = 4, GENERATIONS = 400, TILES = 64 };

/* A tile is a block. */
static yk_control *control;
static yk_residency *tables[2];
static uint32_t arena[2][TILES];
static uint32_t own[WORKERS][2][TILES];
static uint32_t wanted[2][TILES];
static atomic_bool over;

static uint64_t holder_of(uint32_t slot)
{
    return yk_holder_pack(slot, 0);
}

static uint32_t next_value(const uint32_t values[3])
{
    return values[0] + values[1] * 3 - values[2];
}

/* ---- a worker ---- */

static void put_back(uint32_t self, uint32_t array, uint64_t first, uint64_t end)
{
    yk_pages run = {first, first};

    while (yk_residency_next_held(tables[array], (yk_pages){run.end, end},
                                  holder_of(self), &run)) {
        for (uint64_t b = run.first; b < run.end; b++) {
            arena[array][b] = own[self][array][b];
        }
        yk_residency_mark_written(tables[array], run);
    }
}

/* What others' tiles read of one array; what they write of the other is dropped. */
static void serve(uint32_t self, const yk_job *job, yk_job_ref ref)
{
    const uint32_t from = ref.generation % 2;

    for (uint32_t i = 0; i < WORKERS; i++) {
        const yk_tiles work_range = yk_work_range_peek(&job->work_ranges[i].work_range, ref.generation);

        if (i == self || yk_tiles_count(work_range) == 0) {
            continue;
        }
        put_back(self, from, work_range.begin > 0 ? work_range.begin - 1 : 0,
                 work_range.end < TILES ? work_range.end + 1 : TILES);
        for (uint32_t b = work_range.begin; b < work_range.end; b++) {
            yk_residency_drop(tables[1 - from], b, holder_of(self));
        }
    }
}

static uint32_t value_at(uint32_t self, uint32_t array, uint32_t block)
{
    const uint64_t holder = yk_residency_holder(tables[array], block);

    return holder == holder_of(self) ? own[self][array][block] : arena[array][block];
}

/* Every third tile's result goes to the arena. */
static void compute(uint32_t self, uint32_t from, uint32_t tile)
{
    const uint32_t to = 1 - from;
    const uint64_t address = tables[to]->address + tile * YK_RESIDENCY_PAGE;
    const uint32_t values[3] = {
        value_at(self, from, tile > 0 ? tile - 1 : 0),
        value_at(self, from, tile),
        value_at(self, from, tile + 1 < TILES ? tile + 1 : tile),
    };

    yk_residency_raise(tables[to], address, address + YK_RESIDENCY_PAGE);
    if (tile % 3 == 0) {
        arena[to][tile] = next_value(values);
        return;
    }
    own[self][to][tile] = next_value(values);
    yk_residency_hold(tables[to], address, address + YK_RESIDENCY_PAGE,
                      holder_of(self));
}

static void work_inside(uint32_t self, yk_job *job, yk_job_ref ref)
{
    yk_worker *worker = &control->workers[self];
    yk_claim claim = {.stage = YK_CLAIM_COMMITTED};

    if (yk_writeback_needs(worker, job, ref)) {
        const uint32_t state = yk_writeback_of(job, ref.generation);

        if (state == YK_WRITEBACK_SHARES) {
            serve(self, job, ref);
        } else {
            put_back(self, 0, 0, TILES);
            put_back(self, 1, 0, TILES);
        }
        atomic_store(&worker->writeback_done[ref.slot], yk_state_pack(ref.generation, state));
    }
    yk_writeback_advance(control, ref);
    while (
        !yk_writeback_is_pending(job, ref.generation) &&
        yk_work_range_take_front(&job->work_ranges[self].work_range, ref.generation, 1, &claim.tiles)) {
        yk_claim_publish(worker, 0, claim);
        compute(self, ref.generation % 2, claim.tiles.begin);
        yk_claim_finish(control, self, 0, ref, claim);
        if (claim.tiles.begin % 16 == 5) {
            yk_writeback_request_all(control, ref);
        }
    }
}

static void *work(void *arg)
{
    const uint32_t self = (uint32_t)(size_t)arg;
    yk_worker *worker = &control->workers[self];

    while (!atomic_load(&over)) {
        const uint32_t ticket = yk_eventcount_ticket(&worker->bell);
        yk_job_ref ref;

        if (yk_job_next_ready(control, 0, &ref) && yk_job_enter(control, worker, ref)) {
            work_inside(self, yk_job_at(control, ref), ref);
            yk_job_leave(control, worker, ref);
        }
        yk_eventcount_wait(&worker->bell, ticket, UINT64_MAX);
    }
    return NULL;
}

/* ---- the application ---- */

static void publish(yk_job_ref ref, unsigned *seed)
{
    yk_job *job = yk_job_at(control, ref);
    uint32_t begin = 0;

    yk_job_reset(job, ref.generation);
    yk_writeback_begin(job, ref.generation,
                     ref.generation % 5 == 0 ? YK_WRITEBACK_ALL : YK_WRITEBACK_SHARES);
    job->tiling = (yk_tiling){TILES, 1, TILES, 1};
    atomic_store(&job->tile_count, TILES);
    for (uint32_t i = 0; i < WORKERS; i++) {
        const uint32_t end =
            i + 1 == WORKERS ? TILES
                             : begin + (uint32_t)rand_r(seed) % (2 * TILES / WORKERS);

        yk_work_range_set(&job->work_ranges[i].work_range, ref.generation,
                    (yk_tiles){begin, end < TILES ? end : TILES});
        begin = end < TILES ? end : TILES;
        atomic_store(&job->done[i].value, 0);
    }
    yk_tile_map_clear(job->map, TILES);
    yk_job_publish(control, ref);
}

static void run_job(yk_job_ref ref, unsigned *seed)
{
    yk_job *job = yk_job_at(control, ref);
    const uint32_t from = ref.generation % 2;

    publish(ref, seed);
    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&job->ended);

        if (atomic_load(&job->state) == yk_state_pack(ref.generation, YK_JOB_ENDED)) {
            break;
        }
        yk_eventcount_wait(&job->ended, ticket, UINT64_MAX);
    }
    for (uint32_t i = 0; i < TILES; i++) {
        const uint32_t values[3] = {
            wanted[from][i > 0 ? i - 1 : 0],
            wanted[from][i],
            wanted[from][i + 1 < TILES ? i + 1 : i],
        };

        wanted[1 - from][i] = next_value(values);
    }
    yk_job_set_remove(&control->live, ref.slot);
    atomic_store(&job->state, yk_state_pack(ref.generation + 1, YK_JOB_FREE));
}

static void create(void)
{
    const size_t bytes = (yk_control_bytes(YK_LEAST_JOBS) + YK_CACHE_LINE - 1) &
                         ~(size_t)(YK_CACHE_LINE - 1);

    control = aligned_alloc(YK_CACHE_LINE, bytes);
    assert_non_null(control);
    memset(control, 0, bytes);
    control->max_jobs = YK_LEAST_JOBS;
    control->supervisor_bell = yk_bell_create();
    assert_true(control->supervisor_bell >= 0);
    atomic_store(&control->worker_count, WORKERS);
    memset(control->jobs[0].allowed, 0xff, sizeof control->jobs[0].allowed);
    for (uint32_t i = 0; i < WORKERS; i++) {
        atomic_store(&control->workers[i].state, YK_WORKER_READY);
        atomic_store(&control->workers[i].holds, 1);
    }
    for (uint32_t k = 0; k < 2; k++) {
        tables[k] = calloc(1, yk_residency_size(TILES * YK_RESIDENCY_PAGE));
        assert_non_null(tables[k]);
        yk_residency_init(tables[k], k + 1, (k + 1) << 20, TILES * YK_RESIDENCY_PAGE);
    }
    for (uint32_t i = 0; i < TILES; i++) {
        arena[1][i] = wanted[1][i] = i * i;
    }
}

static void test_serving(void **state)
{
    pthread_t threads[WORKERS];
    unsigned seed = 3;
    uint32_t held = 0;

    (void)state;
    create();
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    }
    for (uint32_t generation = 1; generation <= GENERATIONS; generation++) {
        run_job((yk_job_ref){0, generation}, &seed);
    }
    atomic_store(&over, true);
    yk_control_wake_workers(control);
    for (size_t i = 0; i < WORKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (uint32_t i = 0; i < TILES; i++) {
        const uint64_t holder = yk_residency_holder(tables[1], i);

        held += holder != 0;
        assert_int_equal(holder == 0 ? arena[1][i] : own[yk_holder_slot(holder)][1][i],
                         wanted[1][i]);
    }
    assert_true(held > 0);
    free(tables[0]);
    free(tables[1]);
    yk_fd_close(&control->supervisor_bell);
    free(control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_serving),
    };

    return yt_run_group(tests);
}
