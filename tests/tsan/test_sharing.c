/* SPDX-License-Identifier: MIT */
/*
 * Queues, locks, cells, permits and barriers with threads in the place of processes. What
 * they protect are plain numbers, so an ordering that is missing is a data race.
 */
#include "support/yoke_test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/barrier.h"
#include "ipc/cells.h"
#include "ipc/message_queue.h"
#include "ipc/semaphore.h"

enum { THREADS = 4, ROUNDS = 3000 };

static yk_queue *queue;
static yk_cells *cells;
static yk_barrier *barrier;
static yk_semaphore permits;
static yk_ipc_object lock;
static uint64_t under_lock;
static uint64_t under_permit;
static uint64_t per_thread[THREADS];
static _Atomic uint64_t taken;

static void *allocate(uint64_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

    assert_non_null(memory);
    memset(memory, 0, bytes);
    return memory;
}

static void in_threads(void *(*function)(void *arg))
{
    pthread_t threads[THREADS];

    for (intptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, function, (void *)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

/* Even threads put pointers to numbers they have written, odd ones read and free them. */
static void *exchange(void *arg)
{
    const bool puts = (intptr_t)arg % 2 == 0;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t *number = NULL;
        uint64_t bytes = sizeof number;

        if (puts) {
            number = malloc(sizeof *number);
            *number = i;
            if (yk_queue_put(queue, &number, sizeof number, YK_FOR_EVER) != YOKE_OK) {
                return (char *)arg + 1;
            }
        } else if (yk_queue_get(queue, &number, &bytes, YK_FOR_EVER) == YOKE_OK) {
            (void)atomic_fetch_add(&taken, *number);
            free(number);
        } else {
            return (char *)arg + 1;
        }
    }
    return NULL;
}

static void test_queue(void **state)
{
    const yk_queue_shape shapes[] = {{sizeof(void *), 7, false}, {0, 100, false}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        queue = allocate(yk_queue_bytes(&shapes[i]));
        yk_queue_init(queue, &shapes[i]);
        yk_ipc_object_open(&queue->object, YK_MAGIC_QUEUE);
        atomic_store(&taken, 0);
        in_threads(exchange);
        assert_int_equal(atomic_load(&taken),
                         THREADS / 2 * (uint64_t)ROUNDS * (ROUNDS - 1) / 2);
        assert_int_equal(yk_queue_size(queue), 0);
        assert_true(yk_queue_valid(queue));
        free(queue);
    }
}

static void *count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t value;

        if (yk_ipc_object_lock(&lock, yk_identity_thread(), YK_FOR_EVER) != YOKE_OK) {
            return (char *)arg + 1;
        }
        under_lock++;
        yk_ipc_object_unlock(&lock);
        if (yk_semaphore_take(&permits, YK_FOR_EVER) != YOKE_OK) {
            return (char *)arg + 1;
        }
        under_permit++;
        (void)yk_semaphore_give(&permits, 1);
        (void)yk_cells_lock(cells, YK_FOR_EVER);
        (void)yk_cells_get(cells, 1, &value);
        value++;
        (void)yk_cells_set(cells, 1, &value);
        (void)yk_cells_unlock(cells);
    }
    return NULL;
}

static void test_counting(void **state)
{
    uint64_t value;

    (void)state;
    yk_ipc_object_init(&lock);
    yk_ipc_object_open(&lock, YK_MAGIC_LOCK);
    yk_semaphore_init(&permits, 1, 1);
    yk_ipc_object_open(&permits.object, YK_MAGIC_SEMAPHORE);
    cells = allocate(yk_cells_bytes(sizeof value, 3));
    yk_cells_init(cells, sizeof value, 3);
    yk_ipc_object_open(&cells->object, YK_MAGIC_ARRAY);
    in_threads(count);
    assert_int_equal(under_lock, THREADS * ROUNDS);
    assert_int_equal(under_permit, THREADS * ROUNDS);
    assert_ok(yk_cells_get(cells, 1, &value));
    assert_int_equal(value, THREADS * ROUNDS);
    free(cells);
}

/* Each writes its own number and reads the others' after the barrier. */
static void *step_together(void *arg)
{
    const intptr_t self = (intptr_t)arg;

    for (uint64_t i = 1; i <= ROUNDS / 10; i++) {
        uint32_t index;

        per_thread[self] = i;
        if (yk_barrier_wait(barrier, &index, YK_FOR_EVER) != YOKE_OK ||
            per_thread[(self + 1) % THREADS] != i ||
            yk_barrier_wait(barrier, &index, YK_FOR_EVER) != YOKE_OK) {
            return (char *)arg + 1;
        }
    }
    return NULL;
}

static void test_meeting(void **state)
{
    (void)state;
    barrier = allocate(yk_barrier_bytes(THREADS));
    yk_barrier_init(barrier, THREADS);
    yk_ipc_object_open(&barrier->object, YK_MAGIC_BARRIER);
    in_threads(step_together);
    free(barrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_meeting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
