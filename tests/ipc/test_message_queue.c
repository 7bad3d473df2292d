/* SPDX-License-Identifier: MIT */
/* The ring, its counts, its takers and their repair; deaths of real processes are in
 * tests/fault. */
#include "ipc_setup.h"

#include <stdatomic.h>

#include "ipc/message_queue.h"

static yk_queue *create(yk_queue_shape shape)
{
    yk_queue *queue = setup_allocate(yk_queue_bytes(&shape));

    yk_queue_init(queue, &shape);
    yk_ipc_object_open(&queue->object, YK_MAGIC_QUEUE);
    return queue;
}

static void put(yk_queue *queue, uint64_t number)
{
    assert_ok(yk_queue_put(queue, &number, sizeof number, YK_AT_ONCE));
}

static uint64_t get(yk_queue *queue)
{
    uint64_t number = 0;
    uint64_t bytes = sizeof number;

    assert_ok(yk_queue_get(queue, &number, &bytes, YK_AT_ONCE));
    assert_int_equal(bytes, sizeof number);
    return number;
}

/* As if the lock's owner had died at this point. */
static void die_inside(yk_queue *queue)
{
    atomic_store(&queue->object.owner, setup_dead(0));
}

/* ---- the ring ---- */

/* Beside a plain list, with a look at all of it after each step. */
static void test_model(void **state)
{
    enum { LONGEST = 120, MOST = 16, STEPS = 20000 };
    yk_queue *queue = create((yk_queue_shape){.capacity = LONGEST + 8});
    uint64_t lengths[MOST];
    unsigned first = 0, last = 0;
    unsigned seed = 1;
    char message[LONGEST], expected[LONGEST];

    (void)state;
    assert_int_equal(yk_queue_longest(queue), LONGEST);
    for (unsigned step = 0; step < STEPS; step++) {
        const uint64_t length = step % 97 == 0 ? LONGEST : (unsigned)rand_r(&seed) % 40;
        uint64_t bytes = sizeof message;

        memset(message, (int)last, length);
        if (yk_queue_put(queue, message, length, YK_AT_ONCE) == YOKE_OK) {
            lengths[last++ % MOST] = length;
        } else {
            assert_ok(yk_queue_get(queue, message, &bytes, YK_AT_ONCE));
            assert_int_equal(bytes, lengths[first % MOST]);
            memset(expected, (int)first++, bytes);
            assert_memory_equal(message, expected, bytes);
        }
        assert_true(yk_queue_valid(queue));
        assert_int_equal(yk_queue_size(queue), last - first);
    }
    free(queue);
}

/* Positions and signals beyond 32 bits. */
static void test_wrapping(void **state)
{
    yk_queue *queue = create((yk_queue_shape){.item_bytes = 8, .capacity = 3});

    (void)state;
    atomic_store(&queue->head, UINT64_C(0xfffffff0));
    atomic_store(&queue->tail, UINT64_C(0xfffffff0));
    atomic_store(&queue->put_count, UINT32_MAX);
    atomic_store(&queue->got_count, UINT32_MAX);
    atomic_store(&queue->object.turn, UINT32_MAX);
    atomic_store(&queue->object.bells[0].word, UINT32_MAX);
    atomic_store(&queue->object.bells[1].word, UINT32_MAX);
    for (uint64_t i = 0; i < 20; i++) {
        put(queue, i);
        put(queue, ~i);
        assert_int_equal(yk_queue_size(queue), 2);
        assert_true(get(queue) == i);
        assert_true(get(queue) == ~i);
        assert_true(yk_queue_valid(queue));
    }
    free(queue);
}

static void test_limits(void **state)
{
    const uint64_t largest = UINT64_C(1) << 46;

    (void)state;
    assert_true(yk_queue_bytes(&(yk_queue_shape){.capacity = largest}) != 0);
    assert_true(yk_queue_bytes(&(yk_queue_shape){largest, 1, true}) != 0);
    assert_int_equal(yk_queue_bytes(&(yk_queue_shape){.capacity = largest + 1}), 0);
    assert_int_equal(yk_queue_bytes(&(yk_queue_shape){8, largest, false}), 0);
    assert_int_equal(yk_queue_bytes(&(yk_queue_shape){UINT64_MAX, 2, false}), 0);
    assert_int_equal(yk_queue_bytes(&(yk_queue_shape){2, UINT64_MAX, false}), 0);
}

/* ---- takers ---- */

static yk_queue_taker *takers_of(yk_queue *queue)
{
    return (yk_queue_taker *)(void *)((char *)queue + queue->takers);
}

static yk_queue_taker taker_of(uint64_t process, uint64_t outstanding)
{
    return (yk_queue_taker){
        .process = process, .outstanding = outstanding, .check = ~process};
}

static void fill_takers(yk_queue *queue, yk_identity (*identity)(unsigned number))
{
    for (unsigned i = 0; i < YK_MAX_TAKERS; i++) {
        takers_of(queue)[i] = taker_of(identity(i), 0);
    }
}

static void test_full_table(void **state)
{
    yk_queue *queue =
        create((yk_queue_shape){.item_bytes = 8, .capacity = 4, .joinable = true});
    uint64_t number, bytes = 8, lost;

    (void)state;
    fill_takers(queue, setup_alive);
    put(queue, 7);
    assert_status(yk_queue_get(queue, &number, &bytes, YK_AT_ONCE), YOKE_EBUSY);
    assert_int_equal(yk_queue_size(queue), 1);
    assert_status(yk_queue_task_done(queue), YOKE_EINVAL);
    takers_of(queue)[500] = taker_of(setup_dead(1), 2);
    assert_int_equal(get(queue), 7);
    assert_status(yk_queue_join(queue, YK_AT_ONCE, &lost), YOKE_EAGAIN);
    assert_ok(yk_queue_task_done(queue));
    assert_status(yk_queue_join(queue, YK_AT_ONCE, &lost), YOKE_ELOST);
    assert_int_equal(lost, 2);
    assert_ok(yk_queue_join(queue, YK_AT_ONCE, &lost));
    free(queue);
}

/* Entries of the dead are used again, and that of a living one is found among them. */
static void test_table_of_dead(void **state)
{
    yk_queue *queue =
        create((yk_queue_shape){.item_bytes = 8, .capacity = 4, .joinable = true});
    uint64_t lost;

    (void)state;
    fill_takers(queue, setup_dead);
    for (uint64_t i = 0; i < 3; i++) {
        put(queue, i);
        assert_int_equal(get(queue), i);
    }
    for (int i = 0; i < 3; i++) {
        assert_status(yk_queue_join(queue, YK_AT_ONCE, &lost), YOKE_EAGAIN);
        assert_ok(yk_queue_task_done(queue));
    }
    assert_status(yk_queue_task_done(queue), YOKE_EINVAL);
    assert_ok(yk_queue_join(queue, YK_AT_ONCE, &lost));
    free(queue);
}

/* ---- repair ---- */

static void test_death_after_the_tail(void **state)
{
    yk_queue *queue = create((yk_queue_shape){.capacity = 100});

    (void)state;
    put(queue, 1);
    put(queue, 2);
    atomic_fetch_sub(&queue->put_count, 1);
    die_inside(queue);
    assert_false(yk_queue_valid(queue));
    assert_int_equal(get(queue), 1);
    assert_true(yk_queue_valid(queue));
    assert_int_equal(yk_queue_size(queue), 1);
    free(queue);
}

/* Before the head went on: the message is there, and its taker has none. */
static void test_death_before_the_head(void **state)
{
    yk_queue *queue =
        create((yk_queue_shape){.item_bytes = 8, .capacity = 4, .joinable = true});
    uint64_t lost;

    (void)state;
    put(queue, 1);
    takers_of(queue)[9] = taker_of(setup_dead(0), 4);
    queue->taking_head = atomic_load(&queue->head);
    queue->taking_count = 3;
    atomic_store(&queue->taking, 10);
    die_inside(queue);
    assert_int_equal(get(queue), 1);
    assert_ok(yk_queue_task_done(queue));
    assert_status(yk_queue_join(queue, YK_AT_ONCE, &lost), YOKE_ELOST);
    assert_int_equal(lost, 3);
    free(queue);
}

static void test_death_after_the_head(void **state)
{
    yk_queue *queue =
        create((yk_queue_shape){.item_bytes = 8, .capacity = 4, .joinable = true});
    uint64_t lost;

    (void)state;
    put(queue, 1);
    put(queue, 2);
    takers_of(queue)[9] = taker_of(setup_dead(0), 1);
    queue->taking_head = atomic_load(&queue->head);
    atomic_store(&queue->taking, 10);
    atomic_fetch_add(&queue->head, 8);
    die_inside(queue);
    assert_int_equal(get(queue), 2);
    assert_ok(yk_queue_task_done(queue));
    assert_int_equal(atomic_load(&queue->taking), 0);
    assert_int_equal(yk_queue_size(queue), 0);
    assert_status(yk_queue_join(queue, YK_AT_ONCE, &lost), YOKE_ELOST);
    assert_int_equal(lost, 1);
    free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_full_table),
        cmocka_unit_test(test_table_of_dead),
        cmocka_unit_test(test_death_after_the_tail),
        cmocka_unit_test(test_death_before_the_head),
        cmocka_unit_test(test_death_after_the_head),
    };

    return yt_run_group(tests);
}
