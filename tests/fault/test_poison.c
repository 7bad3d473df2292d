/* SPDX-License-Identifier: MIT */
/* Kernels that take their worker down: the job says which items, the rest is computed,
 * and the pool goes on. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"

enum { ITEMS = 2000, BAD = 1234 };

typedef enum crash {
    CRASH_SEGV = 0,
    CRASH_FPE = 1,
    CRASH_ABORT = 2,
    CRASH_EXIT = 3,
    CRASH_STACK = 4,
    CRASHES = 5
} crash;

static const char *const crash_texts[CRASHES] = {
    "signal 11", "signal 8", "signal 6", "exited with code 0", "signal 11",
};

/* Every `every`-th item from `first` on kills. */
typedef struct poison {
    uint32_t first;
    uint32_t every;
    uint32_t crash;
} poison;

static volatile int zero;

static unsigned sink_of_stack(unsigned depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return zero == 0 ? sink_of_stack(depth + 1) + (unsigned)room[0] : 0;
}

static void die(uint32_t how)
{
    volatile int *volatile nowhere = NULL;

    switch (how) {
    case CRASH_SEGV:
        *nowhere = 1;
        break;
    case CRASH_FPE:
        (void)raise(SIGFPE);
        break;
    case CRASH_ABORT:
        abort();
    case CRASH_EXIT:
        exit(zero);
    default:
        (void)sink_of_stack(0);
    }
}

static bool is_bad(const poison *self, size_t i)
{
    return i >= self->first && (i - self->first) % self->every == 0;
}

static void write_items(const yoke_span *span, void *const args[])
{
    uint32_t *z = args[0];
    const poison *self = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        z[i] = (uint32_t)i + 1;
        if (is_bad(self, i)) {
            die(self->crash);
        }
    }
}

static void add_items(const yoke_span *span, void *const args[])
{
    uint32_t *x = args[0];
    const poison *self = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] += 1000;
        if (is_bad(self, i)) {
            die(self->crash);
        }
    }
}

typedef struct setting {
    yoke_pool *pool;
    yoke_kernel *kernel;
    uint32_t *array;
} setting;

static setting set_up(const char *devices, yoke_native *native)
{
    setting self = {ft_pool(devices, NULL), NULL, NULL};
    const yoke_kernel_options options = {.name = "venom", .native = native};

    assert_ok_pool(self.pool, yoke_kernel_create(&self.kernel, self.pool, &options));
    self.array = yoke_alloc(self.pool, ITEMS * sizeof *self.array);
    assert_non_null(self.array);
    return self;
}

static void tear_down(setting *self)
{
    yoke_kernel_destroy(self->kernel);
    ft_close(self->pool);
}

/* Runs the poisonous kernel; the error text is the pool's. */
static yoke_status run(setting *self, bool in_place, poison what,
                       const yoke_map_options *options)
{
    yoke_future *future = NULL;
    const yoke_arg array = in_place ? yoke_inout(self->array, sizeof *self->array)
                                    : yoke_out(self->array, sizeof *self->array);

    assert_ok_pool(self->pool, yoke_map_async(&future, self->pool, self->kernel,
                                              yoke_range_1d(ITEMS), options,
                                              YOKE_ARGS(array, yoke_scalar(what))));
    return ft_finish(future);
}

static void check_range_has(const char *text, size_t item)
{
    const char *at = strstr(text, "items [");
    unsigned long begin = 0;
    unsigned long end = 0;

    assert_non_null(at);
    assert_int_equal(sscanf(at, "items [%lu, %lu)", &begin, &end), 2);
    assert_true(begin <= item && item < end);
}

/* All but the poisonous ones are as they must be, those are `bad`. */
static void check_items(const setting *self, poison what, uint32_t factor, uint32_t bad)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        const uint32_t good = factor + (factor == 1 ? i : 0);

        if (self->array[i] != (is_bad(&what, i) ? bad : good) &&
            !(is_bad(&what, i) && bad == UINT32_MAX)) {
            fail_msg("item %u is %u", i, self->array[i]);
        }
    }
}

static void check_pool_works(setting *self)
{
    const poison none = {ITEMS, 1, 0};

    memset(self->array, 0, ITEMS * sizeof *self->array);
    assert_ok_pool(self->pool, run(self, false, none, NULL));
}

static void test_crashes(void **state)
{
    setting self = set_up("cpu:3", write_items);

    (void)state;
    for (uint32_t how = 0; how < CRASHES; how++) {
        const poison what = {BAD, ITEMS, how};

        memset(self.array, 0, ITEMS * sizeof *self.array);
        assert_status_pool(self.pool, run(&self, false, what, NULL), YOKE_ECRASHED);
        assert_contains(yoke_pool_error(self.pool), "venom");
        assert_contains(yoke_pool_error(self.pool), crash_texts[how]);
        check_range_has(yoke_pool_error(self.pool), BAD);
        check_items(&self, what, 1, UINT32_MAX);
        check_pool_works(&self);
    }
    tear_down(&self);
}

static void test_alone(void **state)
{
    setting self = set_up("cpu:1", write_items);
    const poison what = {BAD, ITEMS, CRASH_SEGV};

    (void)state;
    assert_status_pool(self.pool, run(&self, false, what, NULL), YOKE_ECRASHED);
    check_range_has(yoke_pool_error(self.pool), BAD);
    check_items(&self, what, 1, UINT32_MAX);
    check_pool_works(&self);
    tear_down(&self);
}

/* The kernel is to blame, not the devices that it takes down. */
static void test_devices_stay(void **state)
{
    setting self = set_up("cpu:1,fake:1x1", write_items);
    const poison what = {BAD, ITEMS, CRASH_SEGV};
    ft_workers workers;

    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        assert_status_pool(self.pool, run(&self, false, what, NULL), YOKE_ECRASHED);
        check_items(&self, what, 1, UINT32_MAX);
    }
    check_pool_works(&self);
    assert_true(ft_recovers(self.pool, 2));
    ft_look(self.pool, &workers);
    for (size_t i = 0; i < workers.count; i++) {
        assert_int_equal(workers.info[i].state, YOKE_WORKER_READY);
    }
    tear_down(&self);
}

static void test_in_place(void **state)
{
    setting self = set_up("cpu:3", add_items);
    const poison what = {BAD, ITEMS, CRASH_SEGV};

    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++) {
        self.array[i] = 7;
    }
    assert_status_pool(self.pool, run(&self, true, what, NULL), YOKE_ECRASHED);
    check_items(&self, what, 1007, 7);
    tear_down(&self);
}

/* More poisonous items than are kept count of. */
static void test_many(void **state)
{
    setting self = set_up("cpu:2", write_items);
    const poison what = {3, 25, CRASH_SEGV};

    (void)state;
    assert_status_pool(self.pool, run(&self, false, what, NULL), YOKE_ECRASHED);
    check_items(&self, what, 1, UINT32_MAX);
    check_pool_works(&self);
    tear_down(&self);
}

/* A kernel that is simply wrong does not have to fail at every one of its items. */
static void test_all(void **state)
{
    setting self = set_up("cpu:2", write_items);
    const poison what = {0, 1, CRASH_SEGV};

    (void)state;
    assert_status_pool(self.pool, run(&self, false, what, NULL), YOKE_ECRASHED);
    assert_contains(yoke_pool_error(self.pool), "venom");
    assert_true(ft_restarts(self.pool) < ITEMS / 2);
    check_pool_works(&self);
    tear_down(&self);
}

/* Nothing saved: the first death fails the job and names the suspects; the rest has
 * been changed exactly once. */
static void test_recover_none(void **state)
{
    const yoke_map_options options = {.recovery = YOKE_RECOVER_NONE};
    setting self = set_up("cpu:3", add_items);
    const poison what = {BAD, ITEMS, CRASH_SEGV};
    unsigned long begin = 0;
    unsigned long end = 0;

    (void)state;
    assert_status_pool(self.pool, run(&self, true, what, &options), YOKE_ECRASHED);
    check_range_has(yoke_pool_error(self.pool), BAD);
    assert_int_equal(sscanf(strstr(yoke_pool_error(self.pool), "items ["),
                            "items [%lu, %lu)", &begin, &end),
                     2);
    for (size_t i = 0; i < ITEMS; i++) {
        if (i < begin || i >= end) {
            assert_int_equal(self.array[i], 1000);
        }
    }
    assert_true(ft_recovers(self.pool, 1));
    assert_int_equal(ft_restarts(self.pool), 1);
    tear_down(&self);
}

/* What only writes is computed again all the same. */
static void test_recover_none_of_output(void **state)
{
    const yoke_map_options options = {.recovery = YOKE_RECOVER_NONE};
    yoke_pool *pool = ft_pool("cpu:3", "after-run");
    ft_job *job = ft_job_create(pool, FT_OUT, ITEMS, false, true);

    (void)state;
    ft_job_run(job, &options);
    assert_true(ft_recovers(pool, 1));
    ft_job_destroy(job);
    ft_close(pool);
}

/* Jobs that need the result end too; others do not care. */
static void test_dependents(void **state)
{
    setting self = set_up("cpu:2", add_items);
    const poison bad = {BAD, ITEMS, CRASH_SEGV};
    const poison none = {ITEMS, 1, 0};
    yoke_future *first = NULL;
    yoke_future *second = NULL;
    ft_job *other = ft_job_create(self.pool, FT_INOUT, ITEMS, false, true);

    (void)state;
    assert_ok(yoke_map_async(&first, self.pool, self.kernel, yoke_range_1d(ITEMS), NULL,
                             YOKE_ARGS(yoke_inout(self.array, 4), yoke_scalar(bad))));
    assert_ok(yoke_map_async(&second, self.pool, self.kernel, yoke_range_1d(ITEMS),
                             NULL,
                             YOKE_ARGS(yoke_inout(self.array, 4), yoke_scalar(none))));
    ft_job_run(other, NULL);
    assert_status(ft_finish(second), YOKE_EDEPENDENCY);
    assert_status(ft_finish(first), YOKE_ECRASHED);
    check_items(&self, bad, 1000, 0);
    ft_job_destroy(other);
    tear_down(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_crashes),      yt_unit_test(test_alone),
        yt_unit_test(test_devices_stay), yt_unit_test(test_in_place),
        yt_unit_test(test_many),         yt_unit_test(test_all),
        yt_unit_test(test_recover_none), yt_unit_test(test_recover_none_of_output),
        yt_unit_test(test_dependents),
    };

    return yt_run_group(tests);
}
