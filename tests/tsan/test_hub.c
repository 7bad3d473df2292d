/* SPDX-License-Identifier: MIT */
/* Waiting for several event counts, between threads: no wake-up is lost. */
#include "support/yoke_test.h"

#include <pthread.h>

#include "shm/hub.h"

enum { PRODUCERS = 3, CONSUMERS = 3, STOCKS = 4, ITEMS = 4000 };

typedef struct stock {
    yk_eventcount changed;
    _Atomic uint32_t items;
} stock;

static stock stocks[STOCKS];
static yk_hub hub;
static _Atomic uint32_t taken;

static void signal_stock(stock *of)
{
    if (yk_eventcount_signal(&of->changed)) {
        yk_hub_signal(&hub, &of->changed);
    }
}

static void *produce(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < ITEMS; i++) {
        stock *next = &stocks[i * 7 % STOCKS];

        atomic_fetch_add(&next->items, 1);
        signal_stock(next);
    }
    return NULL;
}

static bool take_item(stock *from)
{
    uint32_t items = atomic_load(&from->items);

    while (items > 0 &&
           !atomic_compare_exchange_weak(&from->items, &items, items - 1)) {
    }
    return items > 0;
}

static bool take_any(void)
{
    for (unsigned i = 0; i < STOCKS; i++) {
        yk_eventcount_link(&stocks[i].changed);
        if (take_item(&stocks[i])) {
            return true;
        }
    }
    return false;
}

static uint32_t mask_of_all(void)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < STOCKS; i++) {
        mask |= yk_hub_bit(&stocks[i].changed);
    }
    return mask;
}

/* Sleeps without a limit: a lost wake-up hangs. */
static void *consume(void *arg)
{
    (void)arg;
    for (;;) {
        const uint32_t ticket = yk_hub_ticket(&hub);

        if (take_any()) {
            atomic_fetch_add(&taken, 1);
        } else if (atomic_load(&taken) == PRODUCERS * ITEMS) {
            yk_hub_repair(&hub);
            return NULL;
        } else {
            yk_hub_wait(&hub, ticket, mask_of_all(), UINT64_MAX);
        }
    }
}

static void test_no_lost_wake_up(void **state)
{
    pthread_t threads[PRODUCERS + CONSUMERS];

    (void)state;
    for (unsigned i = 0; i < PRODUCERS + CONSUMERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < PRODUCERS ? produce : consume, NULL), 0);
    }
    for (unsigned i = 0; i < PRODUCERS + CONSUMERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&taken), PRODUCERS * ITEMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_lost_wake_up),
    };

    return yt_run_group(tests);
}
