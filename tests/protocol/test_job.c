/* SPDX-License-Identifier: MIT */
/* The steps of the job protocol one by one, in one process; in threads see tests/tsan.
 */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "protocol/job.h"
#include "supervisor/repair.h"

enum { TILES = 20 };

static yk_control *control;
static const int no_undo_files[YK_MAX_LANES] = {-1, -1};
static yk_job *job;
static const yk_job_ref ref = {3, 7};
static const yk_job_ref stale = {3, 6};

static int set_up(void **state)
{
    (void)state;
    /* As in a pool, slots that are not used are address space and no memory. */
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (control == MAP_FAILED) {
        return -1;
    }
    control->max_jobs = YK_LEAST_JOBS;
    control->supervisor_bell = -1;
    atomic_store(&control->worker_count, 2);
    for (int i = 0; i < 2; i++) {
        control->workers[i].traits = YK_TRAIT_RUNS_FUNCTIONS | YK_TRAIT_NEVER_BREAKS;
        atomic_store(&control->workers[i].state, YK_WORKER_READY);
    }
    job = yk_job_at(control, ref);
    yk_job_reset(job, ref.generation);
    memset(job->allowed, 0xff, sizeof job->allowed);
    job->tiling = (yk_tiling){TILES, 1, TILES, 1};
    atomic_store(&job->tile_count, TILES);
    yk_work_range_set(&job->work_ranges[0].work_range, ref.generation, (yk_tiles){0, 10});
    yk_work_range_set(&job->work_ranges[1].work_range, ref.generation, (yk_tiles){10, TILES});
    yk_job_publish(control, ref);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)munmap(control, sizeof *control);
    return 0;
}

static bool is_ended(void)
{
    return atomic_load(&job->state) == yk_state_pack(ref.generation, YK_JOB_ENDED);
}

static yk_claim take(uint32_t worker, uint32_t most)
{
    yk_claim claim = {.stage = YK_CLAIM_TAKEN};

    assert_true(yk_work_range_take_front(&job->work_ranges[worker].work_range, ref.generation, most,
                                   &claim.tiles));
    yk_claim_publish(&control->workers[worker], 0, claim);
    return claim;
}

static void finish(uint32_t worker, yk_claim claim)
{
    claim.stage = YK_CLAIM_COMMITTED;
    yk_claim_publish(&control->workers[worker], 0, claim);
    yk_claim_finish(control, worker, 0, ref, claim);
}

static void test_a_whole_life(void **state)
{
    (void)state;
    for (uint32_t w = 0; w < 2; w++) {
        assert_true(yk_job_enter(control, &control->workers[w], ref));
        assert_true(yk_job_is_active(control, ref));
    }
    finish(0, take(0, 10));
    assert_int_equal(yk_job_done(control, job), 10);
    yk_job_leave(control, &control->workers[0], ref);
    assert_false(is_ended());
    finish(1, take(1, 10));
    assert_false(yk_job_has_tiles(control, job, ref.generation));
    assert_false(yk_job_try_end(control, ref)); /* a worker is active */
    yk_job_leave(control, &control->workers[1], ref);
    assert_true(is_ended());
    assert_false(yk_job_is_active(control, ref));
    assert_int_equal(yk_job_status(job, ref.generation), YOKE_OK);
    assert_int_equal(yk_eventcount_ticket(&job->ended), 4); /* one signal */
    assert_false(yk_job_try_end(control, ref));
    assert_int_equal(atomic_load(&job->map[0]), 1);
    assert_int_equal(atomic_load(&job->map[TILES - 1]), 2);
}

static void test_a_stale_reference_does_nothing(void **state)
{
    (void)state;
    assert_false(yk_job_is_running(control, stale));
    assert_false(yk_job_enter(control, &control->workers[0], stale));
    assert_int_equal(atomic_load(&control->workers[0].active), 0);
    yk_job_stop(control, stale, YOKE_ECANCELED);
    yk_job_explain(job, stale.generation, "late");
    assert_false(yk_job_try_end(control, stale));
    assert_true(yk_job_is_running(control, ref));
    assert_int_equal(atomic_load(&job->error_state),
                     yk_state_pack(ref.generation, YK_TEXT_NONE));
    assert_false(yk_job_deal(job, stale.generation, (yk_tiles){0, 1}));
}

static void test_the_first_stop_counts(void **state)
{
    (void)state;
    assert_true(yk_job_enter(control, &control->workers[0], ref));
    yk_job_explain(job, ref.generation, "first %d", 1);
    yk_job_explain(job, ref.generation, "second");
    yk_job_stop(control, ref, YOKE_EKERNEL);
    yk_job_stop(control, ref, YOKE_ECANCELED);
    assert_false(yk_job_is_running(control, ref));
    assert_false(yk_job_enter(control, &control->workers[1], ref));
    assert_false(is_ended());
    yk_job_leave(control, &control->workers[0], ref);
    assert_true(is_ended());
    assert_int_equal(yk_job_status(job, ref.generation), YOKE_EKERNEL);
    assert_string_equal(job->error, "first 1");
}

static void test_dependencies(void **state)
{
    enum { OTHER = YK_LEAST_JOBS - 3 };
    yk_job *other = &control->jobs[OTHER];

    (void)state;
    yk_job_set_add(&job->waits_for, OTHER);
    yk_job_set_add(&job->needs, OTHER);
    atomic_store(&other->stop, UINT64_C(9) << 32);
    atomic_store(&other->state, yk_state_pack(9, YK_JOB_OPEN));
    assert_false(yk_job_is_ready(control, job));
    assert_int_equal(yk_job_failed_need(control, job), YK_MAX_JOBS);
    atomic_store(&other->state, yk_state_pack(9, YK_JOB_ENDED));
    assert_true(yk_job_is_ready(control, job));
    assert_int_equal(yk_job_failed_need(control, job), YK_MAX_JOBS);
    atomic_store(&other->failed_tiles_status, (uint32_t)-YOKE_ECRASHED);
    assert_int_not_equal(yk_job_failed_need(control, job), YK_MAX_JOBS);
    yk_job_set_remove(&job->needs, OTHER);
    assert_int_equal(yk_job_failed_need(control, job), YK_MAX_JOBS);
}

/* ---- deaths ---- */

static void die_at(uint32_t stage, uint32_t most)
{
    yk_claim claim;

    assert_true(yk_job_enter(control, &control->workers[0], ref));
    claim = take(0, most);
    claim.stage = stage;
    yk_claim_publish(&control->workers[0], 0, claim);
    (void)yk_repair_worker(control, 0, no_undo_files, "killed");
    assert_int_equal(atomic_load(&control->workers[0].active), 0);
    assert_int_equal(atomic_load(&control->workers[0].claims[0]), 0);
    assert_int_equal(atomic_load(&job->damaged), 1);
}

static void run_redo(uint32_t worker, uint32_t expected)
{
    uint32_t count = 0;
    yk_claim claim = {.stage = YK_CLAIM_TAKEN, .alone = 1};

    assert_true(yk_job_enter(control, &control->workers[worker], ref));
    while (yk_job_take_redo(job, ref.generation, &claim.tiles)) {
        assert_int_equal(yk_tiles_count(claim.tiles), 1); /* alone */
        finish(worker, claim);
        count++;
    }
    assert_int_equal(count, expected);
    yk_job_leave(control, &control->workers[worker], ref);
}

static void finish_work_ranges(void)
{
    for (uint32_t w = 0; w < 2; w++) {
        if (yk_tiles_count(yk_work_range_peek(&job->work_ranges[w].work_range,
                                              ref.generation)) > 0) {
            assert_true(yk_job_enter(control, &control->workers[w], ref));
            finish(w, take(w, TILES));
            yk_job_leave(control, &control->workers[w], ref);
        }
    }
}

static void test_death_with_a_claim(void **state)
{
    (void)state;
    die_at(YK_CLAIM_TAKEN, 4);
    assert_true(yk_job_has_redo(job, ref.generation));
    finish_work_ranges();
    assert_false(is_ended());
    run_redo(1, 4);
    assert_true(is_ended());
    assert_int_equal(yk_job_status(job, ref.generation), YOKE_OK);
}

static void test_death_while_running(void **state)
{
    (void)state;
    die_at(YK_CLAIM_RUNNING, 10);
    finish_work_ranges();
    run_redo(1, 10);
    assert_true(is_ended());
}

static void test_death_after_commit(void **state)
{
    (void)state;
    die_at(YK_CLAIM_COMMITTED, 10);
    assert_false(yk_job_has_redo(job, ref.generation));
    assert_int_equal(atomic_load(&job->map[9]), 1);
    finish_work_ranges();
    assert_true(is_ended());
}

/* Between taking tiles and publishing the claim: found when the job is dry. */
static void test_death_before_the_claim(void **state)
{
    yk_tiles lost;

    (void)state;
    assert_true(yk_job_enter(control, &control->workers[0], ref));
    assert_true(yk_work_range_take_front(&job->work_ranges[0].work_range,
                                         ref.generation, 3, &lost));
    (void)yk_repair_worker(control, 0, no_undo_files, "killed");
    assert_false(yk_job_deal_lost(control, ref)); /* work ranges have tiles */
    finish_work_ranges();
    assert_false(is_ended());
    assert_true(yk_job_deal_lost(control, ref));
    assert_false(yk_job_deal_lost(control, ref));
    run_redo(0, 3);
    assert_true(is_ended());
}

/* Changed in place and not saved: what is in doubt is given up, the rest computed. */
static void test_death_without_recovery(void **state)
{
    (void)state;
    job->in_place = 1;
    die_at(YK_CLAIM_RUNNING, 4);
    finish_work_ranges();
    assert_true(is_ended());
    assert_int_equal(yk_job_status(job, ref.generation), YOKE_ECRASHED);
    assert_contains(job->error, "[0, 4)");
    assert_contains(job->error, "killed");
    assert_int_equal(yk_tile_map_done(job->map, TILES), TILES - 4);
}

static void die_alone_with(uint32_t tile)
{
    yk_claim claim = {.stage = YK_CLAIM_RUNNING, .alone = 1};

    assert_true(yk_job_enter(control, &control->workers[1], ref));
    assert_true(yk_job_take_redo(job, ref.generation, &claim.tiles));
    assert_int_equal(claim.tiles.begin, tile);
    yk_claim_publish(&control->workers[1], 0, claim);
    (void)yk_repair_worker(control, 1, no_undo_files, "killed by signal 11");
}

/* Two deaths alone with a tile, and it is given up; one does not count against it. */
static void test_a_tile_that_kills(void **state)
{
    (void)state;
    die_at(YK_CLAIM_RUNNING, 1);
    finish_work_ranges();
    die_alone_with(0);
    assert_false(is_ended());
    die_alone_with(0);
    assert_true(is_ended());
    assert_int_equal(yk_job_status(job, ref.generation), YOKE_ECRASHED);
    assert_int_equal(yk_tile_map_done(job->map, TILES), TILES - 1);
    assert_contains(job->error, "[0, 1)");
    assert_contains(job->error, "signal 11");
}

/* More pieces than the lists hold are found in the end all the same. */
static void test_full_redo_lists(void **state)
{
    (void)state;
    atomic_store(&job->damaged, 1);
    yk_work_range_set(&job->work_ranges[0].work_range, ref.generation, (yk_tiles){0, 0});
    yk_work_range_set(&job->work_ranges[1].work_range, ref.generation, (yk_tiles){0, 0});
    for (uint32_t i = 0; i < YK_MAX_REDO; i++) {
        assert_true(yk_job_deal(job, ref.generation, (yk_tiles){i % 10, i % 10 + 1}));
    }
    assert_false(yk_job_deal(job, ref.generation, (yk_tiles){15, 16}));
    run_redo(0, YK_MAX_REDO);
    assert_false(is_ended());
    assert_true(yk_job_deal_lost(control, ref));
    run_redo(0, TILES - 10);
    assert_true(is_ended());
}

#define job_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        job_test(test_a_whole_life),
        job_test(test_a_stale_reference_does_nothing),
        job_test(test_the_first_stop_counts),
        job_test(test_dependencies),
        job_test(test_death_with_a_claim),
        job_test(test_death_while_running),
        job_test(test_death_after_commit),
        job_test(test_death_before_the_claim),
        job_test(test_death_without_recovery),
        job_test(test_a_tile_that_kills),
        job_test(test_full_redo_lists),
    };

    return yt_run_group(tests);
}
