/* SPDX-License-Identifier: MIT */
/* Event counts and work ranges between threads: no wake-up is lost, no tile comes out twice.
 */
#include "support/yoke_test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shm/eventcount.h"
#include "shm/work_range.h"

enum { PRODUCERS = 3, CONSUMERS = 3, ITEMS = 4000 };

typedef struct stock {
    yk_eventcount changed;
    _Atomic uint32_t items;
    _Atomic uint32_t taken;
} stock;

static stock goods;

static void *produce(void *arg)
{
    (void)arg;
    for (int i = 0; i < ITEMS; i++) {
        atomic_fetch_add(&goods.items, 1);
        yk_eventcount_signal(&goods.changed);
    }
    return NULL;
}

static bool take_item(void)
{
    uint32_t items = atomic_load(&goods.items);

    while (items > 0 &&
           !atomic_compare_exchange_weak(&goods.items, &items, items - 1)) {
    }
    return items > 0;
}

/* Sleeps without a limit: a lost wake-up hangs. */
static void *consume(void *arg)
{
    const bool spins = arg != NULL;

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&goods.changed);

        if (take_item()) {
            atomic_fetch_add(&goods.taken, 1);
            continue;
        }
        if (atomic_load(&goods.taken) == PRODUCERS * ITEMS) {
            yk_eventcount_signal(&goods.changed);
            return NULL;
        }
        if (spins) {
            yk_eventcount_wait_spinning(&goods.changed, ticket, 5000, UINT64_MAX);
        } else {
            yk_eventcount_wait(&goods.changed, ticket, UINT64_MAX);
        }
    }
}

static void *repair_now_and_then(void *arg)
{
    (void)arg;
    while (atomic_load(&goods.taken) < PRODUCERS * ITEMS) {
        yk_eventcount_repair(&goods.changed);
        (void)sched_yield();
    }
    yk_eventcount_signal(&goods.changed);
    return NULL;
}

static void run_market(bool repairs)
{
    pthread_t threads[PRODUCERS + CONSUMERS + 1];
    size_t count = 0;

    memset(&goods, 0, sizeof goods);
    for (int i = 0; i < CONSUMERS; i++) {
        assert_int_equal(
            pthread_create(&threads[count++], NULL, consume, i == 0 ? &goods : NULL),
            0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_create(&threads[count++], NULL, produce, NULL), 0);
    }
    if (repairs) {
        assert_int_equal(
            pthread_create(&threads[count++], NULL, repair_now_and_then, NULL), 0);
    }
    while (count > 0) {
        (void)pthread_join(threads[--count], NULL);
    }
    assert_int_equal(atomic_load(&goods.taken), PRODUCERS * ITEMS);
    assert_int_equal(atomic_load(&goods.items), 0);
}

static void test_no_wake_up_is_lost(void **state)
{
    (void)state;
    run_market(false);
}

static void test_nor_by_a_repair(void **state)
{
    (void)state;
    run_market(true);
}

/* ---- work ranges ---- */

enum { THIEVES = 3, ROUNDS = 60 };

static yk_work_range work_range;
static _Atomic uint32_t generation;
static _Atomic uint32_t left;
static unsigned char out[YK_MAX_TILES]; /* plain: two takers of a tile are a race */
static _Atomic uint32_t late_takes;     /* by the number of a round that is over */
static atomic_bool over;

static void *take_tiles(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;

    while (!atomic_load(&over)) {
        /* Mostly the current generation, sometimes one that is past. */
        const bool late = rand_r(&seed) % 16 == 0;
        const uint32_t now = atomic_load(&generation) - late;
        const uint32_t max_count = 1 + (uint32_t)rand_r(&seed) % 100;
        yk_tiles taken;

        if (!(arg == NULL ? yk_work_range_take_front(&work_range, now, max_count, &taken)
                          : yk_work_range_take_back(&work_range, now, max_count, &taken))) {
            (void)sched_yield();
            continue;
        }
        atomic_fetch_add(&late_takes, late);
        for (uint32_t i = taken.begin; i < taken.end; i++) {
            out[i]++;
        }
        atomic_fetch_sub(&left, yk_tiles_count(taken));
    }
    return NULL;
}

static bool is_empty(void *unused)
{
    (void)unused;
    return atomic_load(&left) == 0;
}

static void test_tiles_come_out_once(void **state)
{
    pthread_t threads[THIEVES + 1];

    (void)state;
    atomic_store(&over, false);
    atomic_store(&generation, 5);
    yk_work_range_set(&work_range, 5, (yk_tiles){0, 0});
    for (uintptr_t i = 0; i <= THIEVES; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_tiles, (void *)i), 0);
    }
    for (uint32_t round = 6; round < 6 + ROUNDS; round++) {
        const yk_tiles tiles = {round, 5000 + round};

        memset(out, 0, sizeof out);
        atomic_store(&left, yk_tiles_count(tiles));
        atomic_store(&generation, round);
        if (round % 2 == 0) {
            yk_work_range_set(&work_range, round, tiles);
        } else {
            yk_work_range_set(&work_range, round, (yk_tiles){0, 0});
            assert_true(yk_work_range_refill(&work_range, round, tiles));
        }
        assert_true(yt_wait_until(is_empty, NULL, 30));
        for (uint32_t i = 0; i < YK_MAX_TILES; i++) {
            assert_int_equal(out[i], i >= tiles.begin && i < tiles.end);
        }
    }
    atomic_store(&over, true);
    for (size_t i = 0; i <= THIEVES; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&late_takes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_wake_up_is_lost),
        cmocka_unit_test(test_nor_by_a_repair),
        cmocka_unit_test(test_tiles_come_out_once),
    };

    return yt_run_group(tests);
}
