/* SPDX-License-Identifier: MIT */
/* No process dies, but a word of the control block is wrong or a wake-up was lost: the job ends
 * all the same, with right numbers or with an error. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"
#include "pool/futures.h"
#include "pool/pool.h"

enum { ITEMS = 4000 };

typedef struct gate {
    uint64_t item; /* which waits */
    _Atomic int arrived;
    _Atomic int open;
} gate;

/* x = 3 x + 1: twice is not once. */
static void step(const yoke_span *span, void *const args[])
{
    uint32_t *x = args[0];
    gate *self = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        if (i == self->item) {
            atomic_store(&self->arrived, 1);
            while (atomic_load(&self->open) == 0) {
            }
        }
        x[i] = 3 * x[i] + 1;
    }
}

static void put(const yoke_span *span, void *const args[])
{
    const gate *self = args[1];
    void *both[] = {args[0], (void *)(uintptr_t)self};

    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i] = (uint32_t)i;
    }
    step(span, both);
}

typedef struct setting {
    yoke_pool *pool;
    yoke_kernel *kernels[2]; /* that writes; that changes in place */
    uint32_t *x;
    gate *gate;
    yoke_future *future;
} setting;

static bool has_arrived(void *arg)
{
    return atomic_load(&((setting *)arg)->gate->arrived) != 0;
}

static bool sleeps(void *arg)
{
    return yk_eventcount_has_sleeper(&((setting *)arg)->pool->control->workers[0].bell);
}

static void create(setting *self)
{
    const yoke_kernel_options put_options = {.name = "put", .native = put};
    const yoke_kernel_options step_options = {.name = "step", .native = step};

    self->pool = ft_pool("cpu:1", NULL);
    assert_ok(yoke_kernel_create(&self->kernels[0], self->pool, &put_options));
    assert_ok(yoke_kernel_create(&self->kernels[1], self->pool, &step_options));
    self->x = yoke_alloc(self->pool, ITEMS * sizeof *self->x);
    self->gate = yoke_alloc(self->pool, sizeof *self->gate);
    assert_non_null(self->x);
    assert_non_null(self->gate);
    for (uint32_t i = 0; i < ITEMS; i++) {
        self->x[i] = i;
    }
}

static void submit(setting *self, bool in_place, uint64_t item)
{
    self->gate->item = item;
    assert_ok(yoke_map_async(
        &self->future, self->pool, self->kernels[in_place], yoke_range_1d(ITEMS),
        &(yoke_map_options){.grain = 1},
        YOKE_ARGS(in_place ? yoke_inout(self->x, sizeof *self->x)
                           : yoke_out(self->x, sizeof *self->x),
                  yoke_in_whole(self->gate, sizeof *self->gate))));
}

static void submit_and_arrive(setting *self, bool in_place, uint64_t item)
{
    submit(self, in_place, item);
    assert_true(yt_wait_until(has_arrived, self, FT_SECONDS));
}

static yk_job *job_of(const setting *self)
{
    return yk_job_at(self->pool->control, self->future->ref);
}

/* Opens the gate; the job must end well. */
static void finish(setting *self)
{
    atomic_store(&self->gate->open, 1);
    assert_ok(yoke_future_wait(self->future, FT_SECONDS));
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(self->x[i], 3 * i + 1);
    }
}

static void destroy(setting *self)
{
    (void)yoke_future_destroy(self->future);
    ft_close(self->pool);
}

static void test_lost_mark_is_computed_again(void **state)
{
    setting self;

    (void)state;
    create(&self);
    submit_and_arrive(&self, false, ITEMS - 1);
    assert_int_equal(atomic_load(&job_of(&self)->map[0]), 1);
    atomic_store(&job_of(&self)->map[0], YK_TILE_OPEN);
    memset(self.x, 0xff, sizeof *self.x);
    finish(&self);
    destroy(&self);
}

static void test_lost_mark_in_place_is_an_error(void **state)
{
    setting self;

    (void)state;
    create(&self);
    submit_and_arrive(&self, true, ITEMS - 1);
    assert_int_equal(atomic_load(&job_of(&self)->map[0]), 1);
    atomic_store(&job_of(&self)->map[0], YK_TILE_OPEN);
    atomic_store(&self.gate->open, 1);
    assert_int_equal(yoke_future_wait(self.future, FT_SECONDS), YOKE_ECRASHED);
    assert_non_null(strstr(yoke_future_error(self.future), "items [0, "));
    assert_non_null(strstr(yoke_future_error(self.future), "cannot be computed again"));
    destroy(&self);
}

static void test_lost_work_range(void **state)
{
    setting self;

    (void)state;
    create(&self);
    submit_and_arrive(&self, true, 0);
    yk_work_range_set(&job_of(&self)->work_ranges[0].work_range,
                      self.future->ref.generation, (yk_tiles){0, 0});
    finish(&self);
    destroy(&self);
}

static void test_lost_count(void **state)
{
    setting self;

    (void)state;
    create(&self);
    submit_and_arrive(&self, true, ITEMS - 1);
    atomic_store(&job_of(&self)->done[0].value, 1);
    finish(&self);
    destroy(&self);
}

static void lose_ready(uint32_t lead)
{
    setting first;
    setting second;

    create(&first);
    submit_and_arrive(&first, true, 0);
    second = first;
    second.x = yoke_alloc(first.pool, ITEMS * sizeof *first.x);
    assert_non_null(second.x);
    submit(&second, false, 0);
    atomic_store(&first.pool->control->ready[second.future->ref.slot],
                 lead != 0 ? second.future->ref.generation + lead : 0);
    finish(&first);
    finish(&second);
    (void)yoke_future_destroy(second.future);
    destroy(&first);
}

static void test_lost_ready(void **state)
{
    (void)state;
    lose_ready(0);
}

static void test_wrong_ready(void **state)
{
    (void)state;
    lose_ready(1000);
}

static void test_lost_wake(void **state)
{
    setting self;

    (void)state;
    create(&self);
    assert_true(yt_wait_until(sleeps, &self, FT_SECONDS));
    /* the next signal sees no sleeper */
    yk_eventcount_awake(&self.pool->control->workers[0].bell);
    submit(&self, true, 0);
    finish(&self);
    destroy(&self);
}

/* A watch that ended begins again with the next job. */
static bool is_unwatched(void *arg)
{
    return atomic_load(&((setting *)arg)->pool->control->watching) == 0;
}

static void test_idle_pool_is_not_watched(void **state)
{
    setting self;

    (void)state;
    create(&self);
    assert_true(is_unwatched(&self));
    submit_and_arrive(&self, true, 0);
    assert_false(is_unwatched(&self));
    finish(&self);
    assert_true(yt_wait_until(is_unwatched, &self, FT_SECONDS));
    (void)yoke_future_destroy(self.future);
    assert_true(yt_wait_until(sleeps, &self, FT_SECONDS));
    yk_eventcount_awake(&self.pool->control->workers[0].bell);
    submit(&self, false, 0);
    finish(&self);
    destroy(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_lost_mark_is_computed_again),
        yt_unit_test(test_lost_mark_in_place_is_an_error),
        yt_unit_test(test_lost_work_range),
        yt_unit_test(test_lost_count),
        yt_unit_test(test_lost_ready),
        yt_unit_test(test_wrong_ready),
        yt_unit_test(test_lost_wake),
        yt_unit_test(test_idle_pool_is_not_watched),
    };

    return yt_run_group(tests);
}
