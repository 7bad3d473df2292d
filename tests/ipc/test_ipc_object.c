/* SPDX-License-Identifier: MIT */
/* Time limits, the lock and its owners, the end; and what stands on it: cells, barriers. */
#include "ipc_setup.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "ipc/barrier.h"
#include "ipc/cells.h"
#include "ipc/ipc_object.h"
#include "shm/window.h"

static yk_ipc_object object;

static int open_object(void **state)
{
    (void)state;
    yk_ipc_object_init(&object);
    yk_ipc_object_open(&object, YK_MAGIC_LOCK);
    return 0;
}

static yk_identity self(void)
{
    return yk_identity_thread();
}

/* ---- time ---- */

static void test_deadlines(void **state)
{
    const uint64_t now = yk_clock_ns();

    (void)state;
    assert_true(yk_deadline(-1) == YK_FOR_EVER);
    assert_true(yk_deadline(-INFINITY) == YK_FOR_EVER);
    assert_true(yk_deadline(INFINITY) == YK_FOR_EVER);
    assert_true(yk_deadline(1e300) == YK_FOR_EVER);
    assert_true(yk_deadline(-1e-300) == YK_FOR_EVER);
    assert_true(yk_deadline(0) == YK_AT_ONCE);
    assert_true(yk_deadline(-0.0) == YK_AT_ONCE);
    assert_true(yk_deadline(1e-300) >= now);
    assert_true(yk_deadline(1e9) > now && yk_deadline(1e9) < YK_FOR_EVER / 2);
}

/* ---- the lock ---- */

static void *try_it(void *arg)
{
    *(yoke_status *)arg = yk_ipc_object_lock(&object, self(), YK_AT_ONCE);
    return NULL;
}

static yoke_status try_elsewhere(void)
{
    yoke_status status = YOKE_OK;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, try_it, &status), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return status;
}

static void test_lock(void **state)
{
    (void)state;
    atomic_store(&object.turn, UINT32_MAX);
    assert_ok(yk_ipc_object_lock(&object, self(), YK_AT_ONCE));
    assert_status(yk_ipc_object_lock(&object, self(), YK_FOR_EVER), YOKE_EBUSY);
    assert_status(try_elsewhere(), YOKE_EAGAIN);
    atomic_fetch_or(&object.owner, YK_CONTENDED);
    assert_true(yk_ipc_object_has_lock(&object, self()));
    yk_ipc_object_unlock(&object);
    assert_int_equal(atomic_load(&object.turn), 0);
    assert_int_equal(atomic_load(&object.owner), 0);
}

static void test_somebody_else_has_it(void **state)
{
    (void)state;
    atomic_store(&object.owner, setup_alive(0));
    atomic_store(&object.holder, setup_alive(0));
    assert_status(yk_ipc_object_lock(&object, self(), YK_AT_ONCE), YOKE_EAGAIN);
    assert_status(yk_ipc_object_lock(&object, self(), yk_deadline(0.2)), YOKE_ETIMEDOUT);
    assert_status(yk_object_enter(&object, self(), YK_AT_ONCE), YOKE_EAGAIN);
    assert_true((atomic_load(&object.owner) & ~YK_CONTENDED) == setup_alive(0));
}

/* Also from an id that another thread has by now, and from one that had been waited for. */
static void test_the_owner_is_dead(void **state)
{
    (void)state;
    for (int contended = 0; contended < 2; contended++) {
        for (int wait = 0; wait < 2; wait++) {
            atomic_store(&object.owner, setup_dead(0) | (contended ? YK_CONTENDED : 0));
            assert_status(
                yk_ipc_object_lock(&object, self(), wait ? YK_FOR_EVER : YK_AT_ONCE),
                YOKE_EOWNERDEAD);
            assert_true(yk_ipc_object_has_lock(&object, self()));
            yk_ipc_object_unlock(&object);
        }
    }
}

static void test_lock_again(void **state)
{
    (void)state;
    object.depth = 5; /* left by a thread that died */
    atomic_store(&object.owner, setup_dead(0));
    assert_status(yk_ipc_object_lock_again(&object, self(), YK_FOR_EVER), YOKE_EOWNERDEAD);
    assert_ok(yk_ipc_object_lock_again(&object, self(), YK_AT_ONCE));
    yk_ipc_object_unlock_once(&object);
    assert_true(yk_ipc_object_has_lock(&object, self()));
    yk_ipc_object_unlock_once(&object);
    assert_int_equal(atomic_load(&object.owner), 0);
}

static void test_the_application_is_gone(void **state)
{
    yk_waiting waiting = yk_waiting_start(&object, YK_FOR_EVER);
    yoke_status status;

    (void)state;
    object.keeper = setup_dead(0);
    atomic_store(&object.owner, setup_alive(0));
    atomic_store(&object.holder, setup_alive(0));
    assert_status(yk_ipc_object_lock(&object, self(), YK_FOR_EVER), YOKE_EBROKEN);
    do {
        status = yk_waiting_sleep(&waiting, 0, yk_eventcount_ticket(&object.bells[0]));
    } while (status == YOKE_OK);
    assert_status(status, YOKE_EBROKEN);
}

/* ---- the end ---- */

static void test_shut(void **state)
{
    (void)state;
    assert_ok(yk_ipc_object_lock(&object, self(), YK_AT_ONCE));
    assert_true(yk_ipc_object_shut(&object, true)); /* its own lock is no obstacle */
    yk_ipc_object_unlock(&object);
    assert_status(yk_ipc_object_lock(&object, self(), YK_FOR_EVER), YOKE_ECLOSED);
    assert_status(yk_object_enter(&object, self(), YK_FOR_EVER), YOKE_ECLOSED);
    assert_int_equal(atomic_load(&object.owner), 0);
}

static void test_shut_while_somebody_is_inside(void **state)
{
    (void)state;
    atomic_store(&object.owner, setup_alive(0));
    atomic_store(&object.holder, setup_alive(0));
    assert_false(yk_ipc_object_shut(&object, true));
    assert_true((atomic_load(&object.owner) & ~YK_CONTENDED) == setup_alive(0));
    assert_true(yk_ipc_object_shut(&object, false));
    atomic_store(&object.owner, setup_dead(0));
    assert_true(yk_ipc_object_shut(&object, true));
}

/* ---- cells ---- */

static yk_cells *create_cells(void)
{
    yk_cells *cells = setup_allocate(yk_cells_bytes(8, 3));

    yk_cells_init(cells, 8, 3);
    yk_ipc_object_open(&cells->object, YK_MAGIC_ARRAY);
    return cells;
}

static void test_cells_limits(void **state)
{
    (void)state;
    assert_int_equal(yk_cells_bytes(UINT64_MAX, 2), 0);
    assert_int_equal(yk_cells_bytes(UINT64_C(1) << 33, UINT64_C(1) << 33), 0);
    assert_int_equal(yk_cells_bytes((UINT64_C(1) << 46) + 1, 1), 0);
    assert_true(yk_cells_bytes(UINT64_C(1) << 46, 1) != 0);
}

/* A set that was decided before a death is completed; an index out of range is not used. */
static void test_cells_repair(void **state)
{
    const uint64_t decided = 77;
    yk_cells *cells = create_cells();
    uint64_t item = 1;

    (void)state;
    assert_ok(yk_cells_set(cells, 2, &item));
    memcpy((char *)cells + cells->shadow, &decided, sizeof decided);
    atomic_store(&cells->pending, 3);
    atomic_store(&cells->object.owner, setup_dead(0));
    assert_ok(yk_cells_get(cells, 2, &item));
    assert_int_equal(item, 77);
    atomic_store(&cells->pending, 1000);
    atomic_store(&cells->object.owner, setup_dead(0));
    assert_ok(yk_cells_get(cells, 2, &item));
    free(cells);
}

/* Told again and again as long as those who are told die with the lock; once by who lives. */
static void test_cells_exposed(void **state)
{
    yk_cells *cells = create_cells();
    uint64_t item = 1;

    (void)state;
    atomic_store(&cells->exposed, 1);
    for (int i = 0; i < 3; i++) {
        atomic_store(&cells->object.owner, setup_dead(0));
        assert_status(yk_cells_lock(cells, YK_FOR_EVER), YOKE_EOWNERDEAD);
        assert_ok(yk_cells_set(cells, 0, &item));
    }
    assert_ok(yk_cells_unlock(cells));
    assert_status(yk_cells_unlock(cells), YOKE_EINVAL);
    atomic_store(&cells->object.owner, setup_dead(0));
    assert_ok(yk_cells_get(cells, 0, &item));
    atomic_store(&cells->exposed, 1);
    atomic_store(&cells->object.owner, setup_dead(0));
    assert_status(yk_cells_get(cells, 0, &item), YOKE_EOWNERDEAD);
    assert_ok(yk_cells_get(cells, 0, &item));
    free(cells);
}

/* ---- barriers ---- */

enum { PARTIES = 3 };

static yk_barrier *create_meeting(uint64_t round)
{
    yk_barrier *barrier = setup_allocate(yk_barrier_bytes(PARTIES));

    yk_barrier_init(barrier, PARTIES);
    atomic_store(&barrier->state, round << 32);
    yk_ipc_object_open(&barrier->object, YK_MAGIC_BARRIER);
    return barrier;
}

static void *meet_often(void *arg)
{
    for (int i = 0; i < 200; i++) {
        uint32_t index;

        if (yk_barrier_wait(arg, &index, YK_FOR_EVER) != YOKE_OK || index >= PARTIES) {
            return arg;
        }
    }
    return NULL;
}

static void test_rounds_wrap(void **state)
{
    yk_barrier *barrier = create_meeting(UINT32_MAX - 100);
    pthread_t threads[PARTIES];
    void *failed;

    (void)state;
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, meet_often, barrier), 0);
    }
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_true(atomic_load(&barrier->state) >> 32 == 99);
    free(barrier);
}

/* One that waits with the dead one breaks it. */
static void test_another_one_died(void **state)
{
    yk_barrier *barrier = create_meeting(5);
    uint32_t index;

    (void)state;
    *(yk_identity *)(void *)(barrier + 1) = setup_dead(0);
    atomic_fetch_add(&barrier->state, 1);
    assert_status(yk_barrier_wait(barrier, &index, YK_FOR_EVER), YOKE_EBROKEN);
    assert_int_equal(index, 1);
    assert_status(yk_barrier_wait(barrier, &index, YK_FOR_EVER), YOKE_EBROKEN);
    assert_ok(yk_barrier_break(barrier, true));
    assert_status(yk_barrier_wait(barrier, &index, yk_deadline(0.25)), YOKE_ETIMEDOUT);
    free(barrier);
}

static void test_half_broken(void **state)
{
    yk_barrier *barrier = create_meeting(5);
    uint32_t index;

    (void)state;
    atomic_store(&barrier->broken, 1 << 5);
    atomic_store(&barrier->object.owner, setup_dead(0));
    assert_status(yk_barrier_wait(barrier, &index, YK_FOR_EVER), YOKE_EBROKEN);
    assert_true(atomic_load(&barrier->state) >> 32 == 6);
    free(barrier);
}

/* ---- windows ---- */

static void test_windows(void **state)
{
    static char memory[YK_MAX_WINDOWS][64];
    const yk_layout layout = {
        .zones = {[YK_ZONE_CELLS] = {8, 16}, [YK_ZONE_OBJECTS] = {24, 32}},
        .bytes = 64};
    const void *owner = NULL;
    pid_t maker = 0;
    int count = 0;

    (void)state;
    while (count < YK_MAX_WINDOWS &&
           yk_window_add(memory[count], &layout, &memory[count], getpid())) {
        count++;
    }
    assert_int_equal(count, YK_MAX_WINDOWS);
    assert_false(yk_window_add(&count, &layout, &count, getpid()));
    assert_true(yk_window_find(memory[7] + 60, 4, &owner, &maker));
    assert_ptr_equal(owner, &memory[7]);
    assert_int_equal(maker, getpid());
    assert_false(yk_window_find(memory[7] + 60, 5, &owner, &maker));
    assert_false(yk_window_find(&count, 4, &owner, &maker));
    assert_true(yk_window_has_objects(memory[3] + 8, 8));
    assert_true(yk_window_has_objects(memory[3] + 28, 4));
    assert_false(yk_window_has_objects(memory[3] + 12, 8));
    assert_false(yk_window_has_objects(memory[3], 4));
    assert_false(yk_window_has_objects(memory[3] + 16, 4));
    assert_false(yk_window_has_objects(&count, 4));
    for (int i = 0; i < count; i++) {
        yk_window_remove(memory[i]);
        assert_false(yk_window_find(memory[i], 1, &owner, &maker));
    }
}

#define object_test(function)                                                          \
    cmocka_unit_test_setup_teardown(function, open_object, NULL)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines),
        object_test(test_lock),
        object_test(test_somebody_else_has_it),
        object_test(test_the_owner_is_dead),
        object_test(test_lock_again),
        object_test(test_the_application_is_gone),
        object_test(test_shut),
        object_test(test_shut_while_somebody_is_inside),
        cmocka_unit_test(test_cells_limits),
        cmocka_unit_test(test_cells_repair),
        cmocka_unit_test(test_cells_exposed),
        cmocka_unit_test(test_rounds_wrap),
        cmocka_unit_test(test_another_one_died),
        cmocka_unit_test(test_half_broken),
        cmocka_unit_test(test_windows),
    };

    return yt_run_group(tests);
}
