/* SPDX-License-Identifier: MIT */
/*
 * The life of jobs in the control block with threads in the place of processes, so that
 * ThreadSanitizer sees all of it: workers that enter, claim, steal, commit, mark, leave
 * and die at every step; a supervisor that repairs; applications that submit, cancel
 * and reuse slots. What a tile computes is a plain increment: two runs of a tile, or a
 * late one, are a data race as well as a wrong number.
 */
#include "support/yoke_test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "protocol/bells.h"
#include "protocol/job.h"
#include "supervisor/repair.h"
#include "sys/wakeup.h"

enum { WORKERS = 4, SLOTS = 3, GENERATIONS = 250, TILES = 300 };

static yk_control *control;
static const int no_undo_files[YK_MAX_LANES] = {-1, -1};
static atomic_bool over;
static uint32_t counts[SLOTS][TILES]; /* how often each tile of each slot's job ran */

typedef struct worker {
    uint32_t slot;
    unsigned seed;
    unsigned death_rate; /* one step in so many; 0: never */
    _Atomic uint32_t dead;
    yk_eventcount revived;
    uint64_t tiles;
    uint32_t deaths;
    pthread_t thread;
} worker;

static worker workers[WORKERS];

static unsigned pick(worker *w, unsigned below)
{
    return (unsigned)rand_r(&w->seed) % below;
}

/* ---- a worker ---- */

/* True if the worker died here; the supervisor has repaired what it left. */
static bool dies(worker *w)
{
    if (w->death_rate == 0 || pick(w, w->death_rate) != 0) {
        return false;
    }
    w->deaths++;
    atomic_store(&w->dead, 1);
    yk_control_wake_supervisor(control);
    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&w->revived);

        if (atomic_load(&w->dead) == 0) {
            return true;
        }
        yk_eventcount_wait(&w->revived, ticket, UINT64_MAX);
    }
}

static bool steal(worker *w, yk_job *job, uint32_t generation, yk_tiles *tiles)
{
    const uint32_t victim = pick(w, WORKERS);

    return victim != w->slot && yk_work_range_take_back(&job->work_ranges[victim].work_range, generation,
                                                  1 + pick(w, 40), tiles);
}

enum { NOTHING, TAKEN, DIED };

static int take(worker *w, yk_job *job, yk_job_ref ref, yk_claim *claim)
{
    yk_work_range *own = &job->work_ranges[w->slot].work_range;

    *claim = (yk_claim){.stage = YK_CLAIM_TAKEN};
    if (!yk_job_is_running(control, ref)) {
        return NOTHING;
    }
    if (yk_work_range_take_front(own, ref.generation, 1 + pick(w, 5), &claim->tiles)) {
        return dies(w) ? DIED : TAKEN;
    }
    for (int attempt = 0; attempt < 3 * WORKERS; attempt++) {
        if (!steal(w, job, ref.generation, &claim->tiles)) {
            continue;
        }
        if (dies(w)) {
            return DIED;
        }
        return !yk_work_range_refill(own, ref.generation, claim->tiles) ||
                       yk_work_range_take_front(own, ref.generation, 1 + pick(w, 5),
                                          &claim->tiles)
                   ? TAKEN
                   : NOTHING;
    }
    if (atomic_load(&job->damaged) != 0 &&
        yk_job_take_redo(job, ref.generation, &claim->tiles)) {
        claim->alone = 1;
        return TAKEN;
    }
    return NOTHING;
}

static void compute(worker *w, yk_job_ref ref, yk_tiles tiles)
{
    for (uint32_t i = tiles.begin; i < tiles.end; i++) {
        counts[ref.slot][i]++;
        w->tiles++;
    }
}

/* The steps of a claim; false if the worker died on the way. A tile that is run alone
 * does not kill: it would be given up. */
static bool run_claim(worker *w, yk_job_ref ref, yk_claim claim)
{
    yk_worker *self = &control->workers[w->slot];

    yk_claim_publish(self, 0, claim);
    if (!claim.alone && dies(w)) {
        return false;
    }
    claim.stage = YK_CLAIM_RUNNING;
    yk_claim_publish(self, 0, claim);
    if (!claim.alone && dies(w)) {
        return false;
    }
    compute(w, ref, claim.tiles);
    claim.stage = YK_CLAIM_COMMITTED;
    yk_claim_publish(self, 0, claim);
    if (dies(w)) {
        return false;
    }
    yk_claim_finish(control, w->slot, 0, ref, claim);
    return !dies(w);
}

static bool work_on(worker *w, uint32_t slot)
{
    yk_job *job = &control->jobs[slot];
    const uint64_t state = atomic_load(&job->state);
    const yk_job_ref ref = {slot, yk_state_generation(state)};
    bool worked = false;
    yk_claim claim;
    int taken;

    if (yk_state_of(state) != YK_JOB_OPEN ||
        !yk_job_enter(control, &control->workers[w->slot], ref)) {
        return false;
    }
    if (dies(w)) {
        return true;
    }
    while ((taken = take(w, job, ref, &claim)) == TAKEN) {
        worked = true;
        if (!run_claim(w, ref, claim)) {
            return true;
        }
    }
    if (taken == DIED) {
        return true;
    }
    yk_job_leave(control, &control->workers[w->slot], ref);
    return worked;
}

static void *work(void *arg)
{
    worker *w = arg;
    yk_eventcount *bell = &control->workers[w->slot].bell;

    while (!atomic_load(&over)) {
        const uint32_t ticket = yk_eventcount_ticket(bell);
        const uint32_t first = pick(w, SLOTS);
        bool worked = false;

        for (uint32_t i = 0; i < SLOTS; i++) {
            worked |= work_on(w, (first + i) % SLOTS);
        }
        if (!worked) {
            yk_eventcount_wait(bell, ticket, UINT64_MAX);
        }
    }
    return NULL;
}

/* ---- the supervisor ---- */

static void never_overdue(uint32_t slot, void *context)
{
    (void)slot;
    (void)context;
}

static void *supervise(void *arg)
{
    (void)arg;
    while (!atomic_load(&over)) {
        yk_bell_clear(control->supervisor_bell);
        for (uint32_t i = 0; i < WORKERS; i++) {
            if (atomic_load(&workers[i].dead) != 0) {
                (void)yk_repair_worker(control, i, no_undo_files, "died");
                atomic_store(&workers[i].dead, 0);
                yk_eventcount_signal(&workers[i].revived);
            }
        }
        (void)yk_repair_jobs(control, never_overdue, NULL);
        (void)yk_fd_wait_one(control->supervisor_bell, UINT64_MAX);
    }
    return NULL;
}

/* ---- an application ---- */

typedef struct application {
    uint32_t slot;
    unsigned seed;
    bool cancels;
    int complete;
    int cancelled;
    int failures;
    pthread_t thread;
} application;

static void publish(application *self, uint32_t generation, uint32_t tiles)
{
    yk_job *job = &control->jobs[self->slot];

    memset(counts[self->slot], 0, sizeof counts[self->slot]);
    yk_job_reset(job, generation);
    job->tiling = (yk_tiling){tiles, 1, tiles, 1};
    atomic_store(&job->tile_count, tiles);
    for (uint32_t i = 0; i < WORKERS; i++) {
        yk_work_range_set(&job->work_ranges[i].work_range, generation,
                    (yk_tiles){tiles * i / WORKERS, tiles * (i + 1) / WORKERS});
        atomic_store_explicit(&job->done[i].value, 0, memory_order_relaxed);
    }
    yk_tile_map_clear(job->map, tiles);
    yk_job_publish(control, (yk_job_ref){self->slot, generation});
}

static void cancel(application *self, yk_job_ref ref)
{
    if (rand_r(&self->seed) % 2 == 0) {
        sched_yield();
    }
    yk_job_stop(control, ref, YOKE_ECANCELED);
    (void)yk_job_try_end(control, ref);
}

static void wait_for_end(application *self, yk_job_ref ref)
{
    yk_job *job = &control->jobs[self->slot];

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&job->ended);

        if (atomic_load(&job->state) == yk_state_pack(ref.generation, YK_JOB_ENDED)) {
            return;
        }
        yk_eventcount_wait(&job->ended, ticket, UINT64_MAX);
    }
}

static void check(application *self, yk_job_ref ref, uint32_t tiles)
{
    const yk_job *job = &control->jobs[self->slot];
    const yoke_status status = yk_job_status(job, ref.generation);

    self->complete += status == YOKE_OK;
    self->cancelled += status == YOKE_ECANCELED;
    self->failures += status != YOKE_OK && status != YOKE_ECANCELED;
    for (uint32_t i = 0; i < tiles; i++) {
        self->failures += counts[self->slot][i] > 1 ||
                          (status == YOKE_OK && counts[self->slot][i] != 1);
    }
    if (status == YOKE_OK) {
        self->failures += yk_tile_map_done(job->map, tiles) != tiles;
    }
}

static void *apply(void *arg)
{
    application *self = arg;
    yk_job *job = &control->jobs[self->slot];

    for (uint32_t generation = 1; generation <= GENERATIONS; generation++) {
        const yk_job_ref ref = {self->slot, generation};
        const uint32_t tiles = 1 + (uint32_t)rand_r(&self->seed) % TILES;

        publish(self, generation, tiles);
        if (self->cancels && rand_r(&self->seed) % 3 == 0) {
            cancel(self, ref);
        }
        wait_for_end(self, ref);
        check(self, ref, tiles);
        self->failures += yk_job_try_end(control, ref); /* it ends once */
        yk_job_set_remove(&control->live, self->slot);
        atomic_store(&job->state, yk_state_pack(generation + 1, YK_JOB_FREE));
    }
    return NULL;
}

/* ---- together ---- */

static void create_control(void)
{
    /* As in a pool, slots that are not used are address space and no memory. */
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(control != MAP_FAILED);
    control->max_jobs = YK_LEAST_JOBS;
    atomic_store(&control->worker_count, WORKERS);
    for (uint32_t i = 0; i < WORKERS; i++) {
        control->workers[i].traits = YK_TRAIT_RUNS_FUNCTIONS | YK_TRAIT_NEVER_BREAKS;
        atomic_store(&control->workers[i].state, YK_WORKER_READY);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        memset(control->jobs[slot].allowed, 0xff, sizeof control->jobs[slot].allowed);
        atomic_store(&control->jobs[slot].state, yk_state_pack(1, YK_JOB_FREE));
    }
    control->supervisor_bell = yk_bell_create();
    assert_true(control->supervisor_bell >= 0);
    memset(workers, 0, sizeof workers);
    atomic_store(&over, false);
}

static void start_processes(pthread_t *supervisor, unsigned death_rate)
{
    assert_int_equal(pthread_create(supervisor, NULL, supervise, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i].slot = i;
        workers[i].seed = i + 1;
        workers[i].death_rate = death_rate;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]),
                         0);
    }
}

static void stop_processes(pthread_t supervisor)
{
    atomic_store(&over, true);
    yk_control_wake_workers(control);
    for (uint32_t i = 0; i < WORKERS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    yk_control_wake_supervisor(control);
    (void)pthread_join(supervisor, NULL);
}

static void run_all(unsigned death_rate, bool cancels)
{
    application applications[SLOTS];
    pthread_t supervisor;
    int complete = 0;
    int cancelled = 0;

    create_control();
    start_processes(&supervisor, death_rate);
    memset(applications, 0, sizeof applications);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        applications[slot].slot = slot;
        applications[slot].seed = 100 + slot;
        applications[slot].cancels = cancels;
        assert_int_equal(pthread_create(&applications[slot].thread, NULL, apply,
                                        &applications[slot]),
                         0);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        (void)pthread_join(applications[slot].thread, NULL);
        assert_int_equal(applications[slot].failures, 0);
        complete += applications[slot].complete;
        cancelled += applications[slot].cancelled;
    }
    stop_processes(supervisor);
    assert_int_equal(complete + cancelled, SLOTS * GENERATIONS);
    assert_true(cancels ? cancelled > 0 : cancelled == 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_true(workers[i].tiles > 0);
        assert_true(death_rate == 0 || workers[i].deaths > 10);
    }
    yk_fd_close(&control->supervisor_bell);
    (void)munmap(control, sizeof *control);
}

static void test_jobs(void **state)
{
    (void)state;
    run_all(0, false);
}

static void test_cancelled_jobs(void **state)
{
    (void)state;
    run_all(0, true);
}

static void test_deaths(void **state)
{
    (void)state;
    run_all(60, false);
}

static void test_deaths_and_cancelled_jobs(void **state)
{
    (void)state;
    run_all(60, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_cancelled_jobs),
        cmocka_unit_test(test_deaths),
        cmocka_unit_test(test_deaths_and_cancelled_jobs),
    };

    return yt_run_group(tests);
}
