/* SPDX-License-Identifier: MIT */
/* Workers die while they use named segments: before, while and after they map them. What
 * was changed in place there is restored by the supervisor, which maps them, too. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault_setup.h"

enum { ITEMS = 40000, MOST_ROUNDS = 60 };

static const char *const points[] = {
    "before-segments", "after-segments",  "after-enter",   "after-take",
    "after-claim",   "after-save",    "before-run",    "after-run",
    "after-commit",  "between-marks", "before-leave",  "after-leave",
    "after-end",     "segment-attached",  "segment-detached", "detached-seen",
};

/* An item depends on how often it was changed: twice is not once. */
static uint32_t changed(uint32_t value, uint32_t item)
{
    return value * UINT32_C(1664525) + item + 1;
}

static void change(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        numbers[i] = changed(numbers[i], (uint32_t)i);
    }
}

static yoke_shm *segment(yoke_pool *pool)
{
    yoke_shm *shm = NULL;

    assert_ok_pool(pool,
                   yoke_shm_create(&shm, pool, NULL, ITEMS * sizeof(uint32_t), NULL));
    assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
    return shm;
}

static yoke_kernel *kernel_of(yoke_pool *pool)
{
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){.native = change}));
    return kernel;
}

static void run_once(yoke_pool *pool, yoke_kernel *kernel, yoke_shm *shm)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool,
                   yoke_map_async(&future, pool, kernel, yoke_range_1d(ITEMS), NULL,
                                  YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4))));
    assert_ok_pool(pool, ft_finish(future));
}

static bool is_right(const yoke_shm *shm, unsigned times)
{
    const uint32_t *numbers = yoke_shm_pointer(shm);

    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t wanted = 0;

        for (unsigned t = 0; t < times; t++) {
            wanted = changed(wanted, i);
        }
        if (numbers[i] != wanted) {
            print_error("item %u is %u, not %u, after %u rounds\n", i, numbers[i],
                        wanted, times);
            return false;
        }
    }
    return true;
}

/* Segments come and go until the worker has died and for a while after it. */
static void run_through_fault(const char *devices, const char *fault)
{
    yoke_pool *pool = ft_pool(devices, fault);
    yoke_kernel *kernel = kernel_of(pool);
    unsigned after = 0;

    for (unsigned round = 0; round < MOST_ROUNDS && after < 3; round++) {
        yoke_shm *shm = segment(pool);

        for (unsigned times = 1; times <= 3; times++) {
            run_once(pool, kernel, shm);
            if (!is_right(shm, times)) {
                fail_msg("%s, %s: wrong", devices, fault);
            }
        }
        assert_ok_pool(pool, yoke_shm_close(shm));
        after += ft_restarts(pool) > 0;
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no replacement", devices, fault);
    }
    yoke_kernel_destroy(kernel);
    ft_close(pool);
}

static void test_points(void **state)
{
    char fault[64];

    (void)state;
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        for (unsigned count = 1; count < 6; count += 4) {
            (void)snprintf(fault, sizeof fault, "%s:%u", points[p], count);
            run_through_fault("cpu:2", fault);
            run_through_fault("fake:1x1/private", fault);
        }
    }
}

/* Each process that comes dies when it maps: the job goes to the other worker. */
static void test_one_always_dies_mapping(void **state)
{
    static const char *const faults[] = {"before-segments+:1:0", "after-segments+:1:0"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        yoke_pool *pool = ft_pool("cpu:2", faults[i]);
        yoke_kernel *kernel = kernel_of(pool);
        yoke_shm *shm = segment(pool);

        for (unsigned times = 1; times <= 3; times++) {
            run_once(pool, kernel, shm);
            assert_true(is_right(shm, times));
        }
        assert_ok_pool(pool, yoke_shm_close(shm));
        yoke_kernel_destroy(kernel);
        ft_close(pool);
    }
}

/* All of them do: the job ends with an error and the rest goes on. */
static void test_all_die_mapping(void **state)
{
    yoke_pool *pool = ft_pool("cpu:2", "before-segments+:1");
    yoke_kernel *kernel = kernel_of(pool);
    yoke_shm *shm = segment(pool);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_map_async(&future, pool, kernel, yoke_range_1d(ITEMS), NULL,
                                  YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4))));
    assert_status(ft_finish(future), YOKE_ENODEVICE);
    assert_true(is_right(shm, 0));
    assert_ok_pool(pool, yoke_shm_close(shm));
    yoke_kernel_destroy(kernel);
    ft_close(pool);
}

/* A replacement finds a segment that was opened, used and closed before it came, and memory that
 * was allocated since. */
static void test_killed_between_jobs(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    yoke_kernel *kernel = kernel_of(pool);
    unsigned restarts = 0;

    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        yoke_shm *kept = segment(pool);
        yoke_shm *shm = segment(pool);
        uint32_t *numbers;
        yoke_future *future = NULL;

        run_once(pool, kernel, kept);
        run_once(pool, kernel, shm);
        if (round % 2 == 0) {
            assert_int_equal(kill(ft_worker(pool, "cpu0").pid, SIGKILL), 0);
            assert_true(ft_recovers(pool, ++restarts));
        }
        run_once(pool, kernel, kept);
        assert_ok_pool(pool, yoke_shm_close(shm));
        if (round % 2 != 0) {
            assert_int_equal(kill(ft_worker(pool, "cpu0").pid, SIGKILL), 0);
            assert_true(ft_recovers(pool, ++restarts));
        }
        numbers = yoke_alloc(pool, ITEMS * sizeof *numbers);
        assert_non_null(numbers);
        assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(ITEMS),
                                            NULL, YOKE_ARGS(yoke_inout(numbers, 4))));
        assert_ok_pool(pool, ft_finish(future));
        assert_int_equal(numbers[ITEMS - 1], changed(0, ITEMS - 1));
        assert_true(is_right(kept, 2));
        assert_ok_pool(pool, yoke_free(numbers));
        assert_ok_pool(pool, yoke_shm_close(kept));
    }
    yoke_kernel_destroy(kernel);
    ft_close(pool);
}

/* The supervisor restores in a segment that it has mapped, then one with the same place. */
static void test_restored_in_two(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", "after-run+:1");
    yoke_kernel *kernel = kernel_of(pool);

    (void)state;
    for (int i = 0; i < 2; i++) {
        yoke_shm *shm = segment(pool);
        yoke_future *future = NULL;

        assert_ok_pool(pool,
                       yoke_map_async(&future, pool, kernel, yoke_range_1d(ITEMS), NULL,
                                      YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4))));
        assert_status(ft_finish(future), YOKE_ECRASHED);
        assert_true(is_right(shm, 0));
        assert_ok_pool(pool, yoke_shm_close(shm));
    }
    yoke_kernel_destroy(kernel);
    ft_close(pool);
}

/* ---- what cannot be restored ---- */

typedef struct gate {
    _Atomic uint32_t arrived;
    _Atomic uint32_t open;
} gate;

static void change_and_hold(const yoke_span *span, void *const args[])
{
    const struct timespec moment = {0, 200000};
    gate *held = args[1];

    change(span, args);
    (void)atomic_fetch_add(&held->arrived, 1);
    while (atomic_load(&held->open) == 0) {
        (void)nanosleep(&moment, NULL);
    }
}

static bool has_arrived(void *context)
{
    const gate *held = context;

    return atomic_load(&held->arrived) > 0;
}

/* The descriptor of a segment that has no name any more. */
static int find_descriptor(void)
{
    char path[64];
    char target[200];

    for (int fd = 3; fd < 1000; fd++) {
        ssize_t length;

        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strstr(target, "/dev/shm/yoke_") == target) {
            return fd;
        }
    }
    return -1;
}

/* The program has closed the library's descriptor when the supervisor comes to restore: the
 * job ends, and says why; the pool does not. */
static void test_supervisor_cannot_map(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    gate *held = yoke_alloc(pool, sizeof *held);
    yoke_shm *shm = segment(pool);
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    int fd;

    (void)state;
    assert_non_null(held);
    assert_ok_pool(
        pool, yoke_kernel_create(&kernel, pool,
                                 &(yoke_kernel_options){.native = change_and_hold}));
    assert_ok_pool(pool,
                   yoke_map_async(&future, pool, kernel, yoke_range_1d(ITEMS), NULL,
                                  YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4),
                                            yoke_in_whole(held, sizeof *held))));
    assert_true(yt_wait_until(has_arrived, held, FT_SECONDS));
    fd = find_descriptor();
    assert_true(fd >= 0);
    assert_int_equal(dup2(0, fd), fd); /* another file, which the library may close */
    assert_int_equal(kill(ft_worker(pool, "cpu0").pid, SIGKILL), 0);
    assert_true(ft_recovers(pool, 1));
    atomic_store(&held->open, 1);
    assert_true(yoke_future_wait(future, FT_SECONDS) != YOKE_OK);
    assert_contains(yoke_future_error(future), "could not be restored");
    assert_contains(yoke_future_error(future), "cannot attach the shared memory");
    yoke_future_destroy(future);
    assert_ok_pool(pool, yoke_shm_close(shm));
    shm = segment(pool);
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(ITEMS),
                                  yoke_inout(yoke_shm_pointer(shm), 4),
                                  yoke_in_whole(held, sizeof *held)));
    assert_true(is_right(shm, 1));
    assert_ok_pool(pool, yoke_shm_close(shm));
    yoke_kernel_destroy(kernel);
    ft_close(pool);
}

/* ---- pointers that no launch declares ---- */

static int add_one(yoke_task *task)
{
    uint32_t *numbers;

    memcpy(&numbers, task->context, sizeof numbers);
    (void)task->index;
    return numbers[0] == 7 ? 0 : 1;
}

static int hold_until(void *argument, size_t bytes)
{
    gate *held = argument;
    const struct timespec moment = {0, 200000};

    (void)bytes;
    (void)atomic_fetch_add(&held->arrived, 1);
    while (atomic_load(&held->open) == 0) {
        (void)nanosleep(&moment, NULL);
    }
    return 0;
}

/* A worker that is refused an address dies before, and after it has brought the segment: the
 * task is done by its successor. */
static void test_refused_worker(void **state)
{
    static const char *const faults[] = {"refused:1", "segment-attached:1",
                                         "segment-attached:2", "detached-seen:1",
                                         "segment-detached:1"};

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        yoke_pool *pool = ft_pool("cpu:1", faults[i]);

        for (int round = 0; round < 6; round++) {
            yoke_shm *shm = segment(pool);
            uint32_t *numbers = yoke_shm_pointer(shm);
            const yoke_task_options options = {.context = &numbers,
                                               .context_bytes = sizeof numbers};

            numbers[0] = 7;
            assert_ok_pool(pool, yoke_apply_each(pool, add_one, 3, &options, NULL, 0));
            assert_ok_pool(pool, yoke_shm_close(shm));
        }
        ft_close(pool);
    }
}

typedef struct polled {
    gate first;
    _Atomic(uint32_t *) numbers;
} polled;

/* Waits for a pointer, follows it, and changes what is there. */
static int follow(void *argument, size_t bytes)
{
    polled *own = argument;
    const struct timespec moment = {0, 200000};

    (void)bytes;
    (void)atomic_fetch_add(&own->first.arrived, 1);
    while (atomic_load(&own->numbers) == NULL) {
        (void)nanosleep(&moment, NULL);
    }
    atomic_load(&own->numbers)[1] = 8;
    return 0;
}

/* A process dies as it is refused, or has mapped: its range is free again, and the next one is
 * served. */
static void test_refused_process(void **state)
{
    static const char *const faults[] = {"refused:1", "segment-attached:1"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        yoke_pool *pool = ft_pool("cpu:1", faults[i]);

        for (int round = 0; round < 3; round++) {
            polled *own = yoke_alloc(pool, sizeof *own);
            yoke_process *process = NULL;
            yoke_shm *shm;
            int code = 99;

            assert_ok_pool(pool,
                           yoke_process_start(&process, pool, follow, own, 0, NULL));
            assert_true(yt_wait_until(has_arrived, &own->first, FT_SECONDS));
            shm = segment(pool);
            atomic_store(&own->numbers, yoke_shm_pointer(shm));
            assert_ok_pool(pool, yoke_process_wait(process, NULL, FT_SECONDS));
            assert_ok_pool(pool, yoke_process_wait(process, &code, 0));
            assert_int_equal(code, round == 0 ? -SIGKILL : 0);
            assert_int_equal(((uint32_t *)yoke_shm_pointer(shm))[1],
                             round == 0 ? 0 : 8);
            yoke_process_destroy(process);
            assert_ok_pool(pool, yoke_shm_close(shm));
        }
        ft_close(pool);
    }
}

/* The supervisor dies while it maps what is to be restored: the pool is broken, and says so. */
static void test_supervisor_dies_mapping(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", "supervisor-view:1");
    yoke_shm *shm = segment(pool);
    gate *held = yoke_alloc(pool, sizeof *held);
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(
        pool, yoke_kernel_create(&kernel, pool,
                                 &(yoke_kernel_options){.native = change_and_hold}));
    assert_ok_pool(pool,
                   yoke_map_async(&future, pool, kernel, yoke_range_1d(ITEMS), NULL,
                                  YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4),
                                            yoke_in_whole(held, sizeof *held))));
    assert_true(yt_wait_until(has_arrived, held, FT_SECONDS));
    assert_int_equal(kill(ft_worker(pool, "cpu0").pid, SIGKILL), 0);
    assert_status(yoke_future_wait(future, FT_SECONDS), YOKE_EBROKEN);
    yoke_future_destroy(future);
    yoke_kernel_destroy(kernel);
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    assert_true(yt_nothing_alive());
}

/* Ranges of segments that a process had which was killed are used again. */
static void test_ranges_of_the_dead(void **state)
{
    enum { PIECE = 256 << 10 };
    yoke_pool *pool = NULL;
    yoke_shm *shm = NULL;
    gate *held;

    (void)state;
    assert_ok_pool(
        NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1",
                                                           .arena_bytes = 1 << 20}));
    held = yoke_alloc(pool, sizeof *held);
    assert_non_null(held);
    for (int i = 0; i < 20; i++) {
        yoke_process *process = NULL;

        assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, PIECE, NULL));
        assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
        atomic_store(&held->arrived, 0);
        assert_ok_pool(pool,
                       yoke_process_start(&process, pool, hold_until, held, 0, NULL));
        assert_true(yt_wait_until(has_arrived, held, FT_SECONDS));
        assert_ok_pool(pool, yoke_shm_close(shm));
        assert_ok_pool(pool, yoke_process_kill(process));
        assert_ok_pool(pool, yoke_process_wait(process, NULL, FT_SECONDS));
        yoke_process_destroy(process);
    }
    ft_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_points),
        yt_unit_test(test_one_always_dies_mapping),
        yt_unit_test(test_all_die_mapping),
        yt_unit_test(test_killed_between_jobs),
        yt_unit_test(test_restored_in_two),
        yt_unit_test(test_supervisor_cannot_map),
        yt_unit_test(test_refused_worker),
        yt_unit_test(test_refused_process),
        yt_unit_test(test_supervisor_dies_mapping),
        yt_unit_test(test_ranges_of_the_dead),
    };

    return yt_run_group(tests);
}
