/* SPDX-License-Identifier: MIT */
/* Queues: order, room, closing, joining, bad input, threads, processes and workers. */
#include "api_setup.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/message_queue.h"

enum { MESSAGES = 20000, PRODUCERS = 3 };

static yoke_queue *create(yoke_pool *pool, yoke_queue_options options)
{
    yoke_queue *queue = NULL;

    assert_ok_pool(pool, yoke_queue_create(&queue, pool, &options));
    assert_non_null(queue);
    return queue;
}

/* ---- one thread ---- */

static void test_order_and_room(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_queue *queue =
        create(pool, (yoke_queue_options){.item_bytes = 12, .capacity = 5});
    uint32_t item[3];
    size_t bytes;

    (void)state;
    for (uint32_t round = 0; round < 100; round++) {
        for (uint32_t i = 0; i < 5; i++) {
            const uint32_t put[3] = {round, i, ~i};

            assert_ok_pool(pool, yoke_queue_put(queue, put, sizeof put, 0));
        }
        assert_int_equal(yoke_queue_count(queue), 5);
        assert_status(yoke_queue_put(queue, item, sizeof item, 0), YOKE_ETIMEDOUT);
        assert_refused(pool, yoke_queue_put(queue, item, sizeof item, 0.001),
                       YOKE_ETIMEDOUT, "time limit");
        for (uint32_t i = 0; i < 5; i++) {
            bytes = sizeof item;
            assert_ok_pool(pool, yoke_queue_get(queue, item, i % 2 ? NULL : &bytes, 0));
            assert_int_equal(bytes, sizeof item);
            assert_true(item[0] == round && item[1] == i && item[2] == ~i);
        }
        assert_status(yoke_queue_get(queue, item, NULL, 0), YOKE_ETIMEDOUT);
        assert_status(yoke_queue_get(queue, item, NULL, 0.001), YOKE_ETIMEDOUT);
    }
    assert_ok_pool(pool, yoke_queue_destroy(queue));
    api_close(pool);
}

static void fill(unsigned char *bytes, size_t count, size_t seed)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (unsigned char)(i * 7 + seed);
    }
}

/* Lengths from 0 to all there is, over the ring's end and back, beside a plain list. */
static void test_any_length(void **state)
{
    enum { CAPACITY = 504, LONGEST = CAPACITY - 8 };
    yoke_pool *pool = api_open("cpu:1");
    yoke_queue *queue = create(pool, (yoke_queue_options){.capacity = CAPACITY});
    unsigned char put[LONGEST + 1], got[LONGEST], expected[LONGEST];
    size_t lengths[64], first = 0, last = 0;
    unsigned seed = 3;

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        const size_t length = (size_t)rand_r(&seed) % (i % 50 == 0 ? LONGEST + 1 : 60);
        size_t bytes = sizeof got;
        bool full;

        fill(put, length, last);
        full = yoke_queue_put(queue, put, length, 0) == YOKE_ETIMEDOUT;
        if (!full) {
            lengths[last++ % 64] = length;
        }
        if (full || rand_r(&seed) % 2 == 0) {
            assert_ok_pool(pool, yoke_queue_get(queue, got, &bytes, 0));
            assert_int_equal(bytes, lengths[first % 64]);
            fill(expected, bytes, first++);
            assert_memory_equal(got, expected, bytes);
        }
        assert_int_equal(yoke_queue_count(queue), last - first);
    }
    assert_true(last > 5000);
    assert_refused(pool, yoke_queue_put(queue, put, LONGEST + 1, YOKE_FOREVER),
                   YOKE_EINVAL, "at most 496 bytes");
    api_close(pool);
}

static void test_closing(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_queue *queue = create(pool, (yoke_queue_options){.item_bytes = 4});
    uint32_t number = 7;

    (void)state;
    assert_ok_pool(pool, yoke_queue_put(queue, &number, 4, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_queue_shutdown(queue));
    assert_ok_pool(pool, yoke_queue_shutdown(queue));
    assert_refused(pool, yoke_queue_put(queue, &number, 4, YOKE_FOREVER), YOKE_ECLOSED,
                   "closed");
    number = 0;
    assert_ok_pool(pool, yoke_queue_get(queue, &number, NULL, YOKE_FOREVER));
    assert_int_equal(number, 7);
    assert_refused(pool, yoke_queue_get(queue, &number, NULL, YOKE_FOREVER),
                   YOKE_ECLOSED, "closed");
    api_close(pool);
}

typedef struct abort_wait {
    yoke_queue *queue;
    yoke_status status;
} abort_wait;

static void *put_until_closed(void *arg)
{
    abort_wait *self = arg;
    const uint32_t number = 8;

    do {
        self->status = yoke_queue_put(self->queue, &number, 4, YOKE_FOREVER);
    } while (self->status == YOKE_OK);
    return NULL;
}

static bool queue_is_full(void *queue)
{
    return yoke_queue_count(queue) == 2;
}

/* What is in it is dropped, and counts as done; what was taken does not. */
static void test_abort(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_queue *queue = create(
        pool, (yoke_queue_options){.item_bytes = 4, .capacity = 2, .track_done = true});
    abort_wait putter = {.queue = queue};
    uint32_t number;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, put_until_closed, &putter), 0);
    assert_ok_pool(pool, yoke_queue_get(queue, &number, NULL, YOKE_FOREVER));
    assert_true(yt_wait_until(queue_is_full, queue, 30));
    assert_ok_pool(pool, yoke_queue_abort(queue));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_status(putter.status, YOKE_ECLOSED);
    assert_int_equal(yoke_queue_count(queue), 0);
    assert_refused(pool, yoke_queue_get(queue, &number, NULL, YOKE_FOREVER),
                   YOKE_ECLOSED, "closed");
    assert_status(yoke_queue_wait(queue, 0.01), YOKE_ETIMEDOUT);
    assert_ok_pool(pool, yoke_queue_mark_done(queue));
    assert_ok_pool(pool, yoke_queue_wait(queue, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_queue_abort(queue));
    assert_status(yoke_queue_abort(NULL), YOKE_EINVAL);
    api_close(pool);
}

static void test_joining(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_queue *queue =
        create(pool, (yoke_queue_options){.item_bytes = 4, .track_done = true});
    yoke_queue *plain = create(pool, (yoke_queue_options){.item_bytes = 4});
    uint32_t number = 7;

    (void)state;
    assert_ok_pool(pool, yoke_queue_wait(queue, YOKE_FOREVER));
    assert_refused(pool, yoke_queue_mark_done(queue), YOKE_EINVAL, "no message");
    assert_ok_pool(pool, yoke_queue_put(queue, &number, 4, YOKE_FOREVER));
    assert_status(yoke_queue_wait(queue, 0), YOKE_ETIMEDOUT);
    assert_refused(pool, yoke_queue_mark_done(queue), YOKE_EINVAL, "no message");
    assert_ok_pool(pool, yoke_queue_get(queue, &number, NULL, YOKE_FOREVER));
    assert_status(yoke_queue_wait(queue, 0.001), YOKE_ETIMEDOUT);
    assert_ok_pool(pool, yoke_queue_mark_done(queue));
    assert_ok_pool(pool, yoke_queue_wait(queue, YOKE_FOREVER));
    assert_refused(pool, yoke_queue_wait(plain, YOKE_FOREVER), YOKE_EINVAL,
                   "track_done");
    assert_refused(pool, yoke_queue_mark_done(plain), YOKE_EINVAL, "track_done");
    api_close(pool);
}

static void test_bad_input(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_pool *other = api_open("cpu:1");
    yoke_queue *queue = create(pool, (yoke_queue_options){.item_bytes = 4});
    yoke_queue *any = create(pool, (yoke_queue_options){.capacity = 100});
    yoke_queue *none = queue;
    uint32_t number = 0;
    size_t bytes = 1;

    (void)state;
    assert_refused(pool, yoke_queue_create(NULL, pool, NULL), YOKE_EINVAL, "NULL");
    assert_status(yoke_queue_create(&none, NULL, NULL), YOKE_EINVAL);
    assert_null(none);
    assert_refused(
        pool,
        yoke_queue_create(&none, pool, &(yoke_queue_options){.item_bytes = SIZE_MAX}),
        YOKE_EINVAL, "64 TiB");
    assert_refused(
        pool,
        yoke_queue_create(&none, pool, &(yoke_queue_options){.capacity = SIZE_MAX / 2}),
        YOKE_EINVAL, "64 TiB");
    assert_status(yoke_queue_put(NULL, &number, 4, 0), YOKE_EINVAL);
    assert_contains(yoke_pool_error(NULL), "the queue is NULL");
    assert_status(yoke_queue_put((yoke_queue *)&number, &number, 4, 0), YOKE_ECLOSED);
    assert_refused(pool, yoke_queue_put(queue, &number, 4, NAN), YOKE_EINVAL,
                   "not a number");
    assert_refused(pool, yoke_queue_get(queue, &number, NULL, NAN), YOKE_EINVAL,
                   "not a number");
    assert_refused(pool, yoke_queue_put(queue, &number, 3, 0), YOKE_EINVAL, "4 bytes");
    assert_refused(pool, yoke_queue_put(queue, NULL, 4, 0), YOKE_EINVAL, "NULL");
    assert_refused(pool, yoke_queue_get(any, &number, NULL, 0), YOKE_EINVAL, "NULL");
    assert_ok_pool(pool, yoke_queue_put(any, &number, 4, 0));
    assert_refused(pool, yoke_queue_get(any, &number, &bytes, 0), YOKE_EINVAL,
                   "4 bytes, the room 1");
    assert_int_equal(bytes, 4);
    assert_ok_pool(pool, yoke_queue_get(any, &number, &bytes, 0));
    assert_refused(pool, yoke_free(queue), YOKE_EINVAL,
                   "destroy it instead of freeing it");
    assert_ok_pool(pool, yoke_queue_destroy(NULL));
    assert_ok_pool(pool, yoke_queue_destroy(queue));
    assert_refused(pool, yoke_queue_destroy(queue), YOKE_ECLOSED, "destroyed");
    assert_refused(pool, yoke_free(queue), YOKE_EINVAL,
                   "destroy it instead of freeing it");
    assert_refused(pool, yoke_queue_put(queue, &number, 4, YOKE_FOREVER), YOKE_ECLOSED,
                   "destroyed");
    assert_refused(pool, yoke_queue_get(queue, &number, NULL, YOKE_FOREVER),
                   YOKE_ECLOSED, "destroyed");
    assert_int_equal(yoke_queue_count(queue), 0);
    api_close(other);
    api_close(pool);
    assert_status(yoke_queue_put(any, &number, 4, YOKE_FOREVER), YOKE_ECLOSED);
    assert_status(yoke_queue_destroy(any), YOKE_ECLOSED);
}

/* Memory stays flat, and addresses that rest do not fill a small window. */
static void test_many(void **state)
{
    yoke_pool *pool = NULL;

    (void)state;
    assert_ok_pool(
        NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1",
                                                           .arena_bytes = 4 << 20}));
    for (uint32_t i = 0; i < 3000; i++) {
        yoke_queue *queue = create(pool, (yoke_queue_options){.capacity = 100 << 10});
        uint32_t number = i;
        size_t bytes = sizeof number;

        assert_ok_pool(pool, yoke_queue_put(queue, &number, sizeof number, 0));
        number = 0;
        assert_ok_pool(pool, yoke_queue_get(queue, &number, &bytes, 0));
        assert_int_equal(number, i);
        assert_ok_pool(pool, yoke_queue_destroy(queue));
    }
    api_close(pool);
}

/* ---- several ---- */

typedef struct tallies {
    yoke_queue *queue;
    _Atomic uint64_t sum;
    _Atomic uint64_t count;
    _Atomic uint64_t disordered;
} tallies;

typedef struct message {
    uint32_t producer;
    uint32_t number;
} message;

static int produce(tallies *t, uint32_t producer)
{
    for (uint32_t i = 1; i <= MESSAGES; i++) {
        const message put = {producer, i};

        if (yoke_queue_put(t->queue, &put, sizeof put, YOKE_FOREVER) != YOKE_OK) {
            return 1;
        }
    }
    return 0;
}

static int consume(tallies *t)
{
    uint32_t last[PRODUCERS] = {0};
    message got;
    yoke_status status;

    while ((status = yoke_queue_get(t->queue, &got, NULL, YOKE_FOREVER)) == YOKE_OK) {
        if (got.number <= last[got.producer]) {
            atomic_fetch_add(&t->disordered, 1);
        }
        last[got.producer] = got.number;
        atomic_fetch_add(&t->sum, got.number);
        atomic_fetch_add(&t->count, 1);
        if (yoke_queue_mark_done(t->queue) != YOKE_OK) {
            return 2;
        }
    }
    return status == YOKE_ECLOSED ? 0 : 3;
}

static int consume_in_child(void *arg)
{
    return consume(arg);
}

static int produce_in_child(void *arg)
{
    return produce(arg, 0);
}

static void *consume_in_thread(void *arg)
{
    return (void *)(intptr_t)consume(arg);
}

static void *produce_in_thread(void *arg)
{
    return (void *)(intptr_t)produce(arg, 1);
}

/* Item 0 produces, item 1 consumes. */
static void work(const yoke_span *span, void *const args[])
{
    tallies *t = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        const int code = i == 0 ? produce(t, 2) : consume(t);

        if (code != 0) {
            yoke_span_fail(span, code, "item %zu ended with %d", i, code);
        }
    }
}

/* Threads, forked processes and workers, all at both ends. */
static void test_everybody(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "work", work);
    tallies *t = yoke_alloc(pool, sizeof *t);
    pthread_t threads[2];
    yoke_future *future;
    int producer, consumer;
    void *code;

    (void)state;
    assert_non_null(t);
    t->queue = create(pool, (yoke_queue_options){.item_bytes = sizeof(message),
                                                 .capacity = 50,
                                                 .track_done = true});
    producer = yt_start_child(produce_in_child, t);
    consumer = yt_start_child(consume_in_child, t);
    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(2), NULL,
                                        YOKE_ARGS(yoke_inout_whole(t, sizeof *t))));
    assert_int_equal(pthread_create(&threads[0], NULL, produce_in_thread, t), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, consume_in_thread, t), 0);
    assert_int_equal(pthread_join(threads[0], &code), 0);
    assert_null(code);
    assert_int_equal(yt_wait_child(producer, 100), 0);
    while (atomic_load(&t->count) < (uint64_t)PRODUCERS * MESSAGES) {
        assert_ok_pool(pool, yoke_queue_wait(t->queue, YOKE_FOREVER));
    }
    assert_ok_pool(pool, yoke_queue_shutdown(t->queue));
    assert_int_equal(pthread_join(threads[1], &code), 0);
    assert_null(code);
    assert_int_equal(yt_wait_child(consumer, 100), 0);
    assert_ok_pool(pool, yoke_future_wait(future, YOKE_FOREVER));
    yoke_future_destroy(future);
    assert_int_equal(atomic_load(&t->count), PRODUCERS * MESSAGES);
    assert_int_equal(atomic_load(&t->sum),
                     (uint64_t)PRODUCERS * MESSAGES * (MESSAGES + 1) / 2);
    assert_int_equal(atomic_load(&t->disordered), 0);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* ---- who waits when it ends ---- */

static int wait_for_message(void *arg)
{
    uint32_t number;

    return (int)-yoke_queue_get(arg, &number, NULL, YOKE_FOREVER);
}

static int take_and_stay(void *arg)
{
    uint32_t number;

    if (yoke_queue_get(arg, &number, NULL, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    for (;;) {
        (void)pause();
    }
}

static int wait_for_any(void *arg)
{
    char text[8];

    return (int)-yoke_queue_get(arg, text, &(size_t){sizeof text}, YOKE_FOREVER);
}

static bool is_waited_for(void *arg)
{
    return yk_eventcount_has_sleeper(&((yk_queue *)arg)->object.bells[1]);
}

static bool is_empty(void *arg)
{
    return yoke_queue_count(arg) == 0;
}

static void test_destroyed_while_waiting(void **state)
{
    yoke_pool *pool = api_open("cpu:1");

    (void)state;
    for (int how = 0; how < 3; how++) {
        yoke_queue *queue = create(pool, (yoke_queue_options){.item_bytes = 4});
        const int pid = yt_start_child(wait_for_message, queue);

        if (how == 0) {
            assert_ok_pool(pool, yoke_queue_shutdown(queue));
        } else if (how == 1) {
            assert_ok_pool(pool, yoke_queue_destroy(queue));
        } else {
            api_close(pool);
        }
        assert_int_equal(yt_wait_child(pid, 30), -YOKE_ECLOSED);
    }
}

/* A thread that still waits there when the queue is destroyed writes nothing to the memory's
 * next owner. */
static void test_memory_used_again(void **state)
{
    enum { BYTES = 64 << 10, WAITERS = 4, TIMES = 20 };
    yoke_pool *pool = api_open("cpu:1");

    (void)state;
    for (int time = 0; time < TIMES; time++) {
        yoke_queue *queue = create(pool, (yoke_queue_options){.item_bytes = 0});
        unsigned char *memory[64];
        int pids[WAITERS];

        for (int i = 0; i < WAITERS; i++) {
            pids[i] = yt_start_child(wait_for_any, queue);
        }
        assert_true(yt_wait_until(is_waited_for, queue, 30));
        assert_ok_pool(pool, yoke_queue_destroy(queue));
        for (int i = 0; i < 64; i++) {
            memory[i] = yoke_alloc(pool, BYTES);
            assert_non_null(memory[i]);
            memory[i][0] = 1; /* were it an object's, it would be open */
        }
        for (int i = 0; i < WAITERS; i++) {
            assert_int_equal(yt_wait_child(pids[i], 30), -YOKE_ECLOSED);
        }
        for (int i = 0; i < 64; i++) {
            assert_int_equal(memory[i][0], 1);
            assert_true(api_all((uint32_t *)memory[i] + 1, BYTES / 4 - 1, 0));
            assert_ok_pool(pool, yoke_free(memory[i]));
        }
    }
    api_close(pool);
}

/* What the dead took is not waited for, once told, and the rest is as before. */
static void test_join_after_a_death(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_queue *queue =
        create(pool, (yoke_queue_options){.item_bytes = 4, .track_done = true});
    uint32_t number = 5;
    int pid;

    (void)state;
    assert_ok_pool(pool, yoke_queue_put(queue, &number, 4, YOKE_FOREVER));
    pid = yt_start_child(take_and_stay, queue);
    assert_true(yt_wait_until(is_empty, queue, 30));
    assert_status(yoke_queue_wait(queue, 0), YOKE_ETIMEDOUT);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_refused(pool, yoke_queue_wait(queue, YOKE_FOREVER), YOKE_ELOST, "1 message");
    assert_int_equal(yt_wait_child(pid, 30), -SIGKILL);
    assert_ok_pool(pool, yoke_queue_wait(queue, YOKE_FOREVER));
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_order_and_room),
        yt_unit_test(test_any_length),
        yt_unit_test(test_closing),
        yt_unit_test(test_abort),
        yt_unit_test(test_joining),
        yt_unit_test(test_bad_input),
        yt_unit_test(test_many),
        yt_unit_test(test_everybody),
        yt_unit_test(test_destroyed_while_waiting),
        yt_unit_test(test_memory_used_again),
        yt_unit_test(test_join_after_a_death),
    };

    return yt_run_group(tests);
}
