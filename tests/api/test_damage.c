/* SPDX-License-Identifier: MIT */
/*
 * Something writes where it has no business: into queues, locks and the like, word by word. The
 * program that uses them afterwards lives on, and each of its calls ends.
 */
#include <string.h>
#include <time.h>

#include "api_setup.h"
#include "ipc/message_queue.h"

enum { HEAD_WORDS = 24, VALUES = 12, MESSAGES = 5 };

/* No call may take longer, with the looks of those who wait and a machine that is busy. */
static const double most_seconds = 20;

static yoke_pool *pool;

static int open_one(void **state)
{
    (void)state;
    pool = api_open("cpu:1");
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- what is written ---- */

static uint64_t value_of(unsigned kind, uint64_t before, uint64_t random)
{
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return UINT64_MAX;
    case 3:
        return before + 1;
    case 4:
        return before - 1;
    case 5:
        return before ^ UINT64_C(1) << (random % 64);
    case 6:
        return UINT64_C(1) << 63;
    case 7:
        return random & 0xffff;
    case 8:
        return before << 32 | before >> 32;
    case 9:
        return before + (random & 0xfff8);
    case 10:
        return (before & 0xffffffff00000000) | (uint32_t)random;
    default:
        return random;
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- kinds of objects: made, used, destroyed ---- */

typedef struct kind {
    const char *name;
    void *(*make)(void);
    void (*use)(void *object);
    void (*destroy)(void *object);
    uint32_t words; /* of it that are written to */
} kind;

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *make_queue_with(const yoke_queue_options *options)
{
    yoke_queue *queue = NULL;
    const char text[8] = "message";

    assert_ok_pool(pool,
                   yoke_queue_create_sized(&queue, pool, options, sizeof *options));
    for (int i = 0; i < MESSAGES; i++) {
        assert_ok_pool(pool, yoke_queue_put(queue, text, sizeof text, 0));
    }
    return queue;
}

static void *make_queue(void)
{
    return make_queue_with(&(yoke_queue_options){.item_bytes = 8, .capacity = 6});
}

static void *make_bytes_queue(void)
{
    return make_queue_with(&(yoke_queue_options){.capacity = 200});
}

static void *make_joinable(void)
{
    char text[8];
    yoke_queue *queue = make_queue_with(
        &(yoke_queue_options){.item_bytes = 8, .capacity = 6, .track_done = true});

    assert_ok_pool(pool, yoke_queue_get(queue, text, NULL, 0));
    return queue;
}

static void use_queue(void *object)
{
    yoke_queue *queue = object;
    char text[4096];
    size_t bytes;

    (void)yoke_queue_count(queue);
    for (int i = 0; i < MESSAGES + 1; i++) {
        bytes = sizeof text;
        (void)yoke_queue_put(queue, "another", 8, 0.001);
        (void)yoke_queue_get(queue, text, &bytes, 0.001);
    }
    (void)yoke_queue_mark_done(queue);
    (void)yoke_queue_wait(queue, 0.001);
    (void)yoke_queue_shutdown(queue);
    bytes = sizeof text;
    (void)yoke_queue_get(queue, text, &bytes, 0);
}

static void destroy_queue(void *object)
{
    (void)yoke_queue_destroy(object);
}

static yoke_pipe *pipe_ends[2];

static void *make_pipe(void)
{
    assert_ok_pool(
        pool, yoke_pipe_create(pipe_ends, pool, &(yoke_pipe_options){.capacity = 100}));
    assert_ok_pool(pool, yoke_pipe_send(pipe_ends[0], "message", 8, 0));
    assert_ok_pool(pool, yoke_pipe_send(pipe_ends[1], "message", 8, 0));
    return pipe_ends[0];
}

static void use_pipe(void *object)
{
    char text[4096];

    (void)object;
    for (int e = 0; e < 2; e++) {
        for (int i = 0; i < 3; i++) {
            size_t bytes = sizeof text;

            (void)yoke_pipe_send(pipe_ends[e], "another", 8, 0.001);
            (void)yoke_pipe_wait(pipe_ends[1 - e], 0);
            (void)yoke_pipe_recv(pipe_ends[1 - e], text, &bytes, 0.001);
        }
    }
    (void)yoke_pipe_shutdown(pipe_ends[0]);
    (void)yoke_pipe_send(pipe_ends[1], "another", 8, 0);
}

static void destroy_pipe(void *object)
{
    (void)yoke_pipe_destroy(object);
}

static void *make_lock(void)
{
    yoke_mutex *lock = NULL;

    assert_ok_pool(pool, yoke_mutex_create(&lock, pool, NULL));
    return lock;
}

static void use_lock(void *object)
{
    (void)yoke_mutex_lock(object, 2);
    (void)yoke_mutex_unlock(object);
    (void)yoke_mutex_lock(object, 0);
    (void)yoke_mutex_unlock(object);
}

static void destroy_lock(void *object)
{
    (void)yoke_mutex_destroy(object);
}

static void *make_rlock(void)
{
    yoke_mutex *lock = NULL;

    assert_ok_pool(
        pool, yoke_mutex_create(&lock, pool, &(yoke_mutex_options){.recursive = true}));
    assert_ok_pool(pool, yoke_mutex_lock(lock, 0));
    assert_ok_pool(pool, yoke_mutex_lock(lock, 0));
    return lock;
}

static void use_rlock(void *object)
{
    (void)yoke_mutex_lock(object, 2);
    for (int i = 0; i < 4; i++) {
        (void)yoke_mutex_unlock(object);
    }
}

static void destroy_rlock(void *object)
{
    (void)yoke_mutex_destroy(object);
}

static yoke_mutex *plain_lock;

static void *make_condition(void)
{
    yoke_condition *condition = NULL;

    plain_lock = make_lock();
    assert_ok_pool(pool, yoke_condition_create(&condition, pool, NULL));
    return condition;
}

static void use_condition(void *object)
{
    (void)yoke_mutex_lock(plain_lock, 1);
    (void)yoke_condition_wait(object, plain_lock, 0.001);
    (void)yoke_condition_notify(object, 1);
    (void)yoke_condition_notify_all(object);
    (void)yoke_mutex_unlock(plain_lock);
}

static void destroy_condition(void *object)
{
    (void)yoke_condition_destroy(object);
    destroy_lock(plain_lock);
}

static void *make_event(void)
{
    yoke_event *event = NULL;

    assert_ok_pool(pool, yoke_event_create(&event, pool, NULL));
    return event;
}

static void use_event(void *object)
{
    (void)yoke_event_is_set(object);
    (void)yoke_event_wait(object, 0.001);
    (void)yoke_event_set(object);
    (void)yoke_event_wait(object, 0.001);
    (void)yoke_event_clear(object);
}

static void destroy_event(void *object)
{
    (void)yoke_event_destroy(object);
}

static void *make_semaphore(void)
{
    yoke_semaphore *semaphore = NULL;

    assert_ok_pool(pool,
                   yoke_semaphore_create(&semaphore, pool, 2,
                                         &(yoke_semaphore_options){.max_permits = 4}));
    return semaphore;
}

static void use_semaphore(void *object)
{
    (void)yoke_semaphore_count(object);
    for (int i = 0; i < 3; i++) {
        (void)yoke_semaphore_acquire(object, 0.001);
    }
    (void)yoke_semaphore_release(object, 3);
}

static void destroy_semaphore(void *object)
{
    (void)yoke_semaphore_destroy(object);
}

static void *make_barrier(void)
{
    yoke_barrier *barrier = NULL;

    assert_ok_pool(pool, yoke_barrier_create(&barrier, pool, 3, NULL));
    return barrier;
}

static void use_barrier(void *object)
{
    (void)yoke_barrier_waiting(object);
    (void)yoke_barrier_wait(object, NULL, 0);
    (void)yoke_barrier_wait(object, NULL, 0.001);
    (void)yoke_barrier_reset(object);
    (void)yoke_barrier_wait(object, NULL, 0.001);
    (void)yoke_barrier_abort(object);
}

static void destroy_barrier(void *object)
{
    (void)yoke_barrier_destroy(object);
}

static void *make_value(void)
{
    yoke_array *value = NULL;

    assert_ok_pool(
        pool, yoke_array_create(&value, pool, 1, 16,
                                &(yoke_array_options){.initial = "sixteen bytes..."}));
    return value;
}

static void use_value(void *object)
{
    char data[16] = "";

    (void)yoke_array_get(object, 0, data);
    (void)yoke_array_set(object, 0, data);
    (void)yoke_array_lock(object, 2);
    (void)yoke_array_lock(object, 0);
    (void)yoke_array_unlock(object);
    (void)yoke_array_unlock(object);
    (void)yoke_array_get(object, 0, data);
}

static void destroy_value(void *object)
{
    (void)yoke_array_destroy(object);
}

static void *make_array(void)
{
    yoke_array *array = NULL;

    assert_ok_pool(pool, yoke_array_create(&array, pool, 5, 8, NULL));
    return array;
}

static void use_array(void *object)
{
    char data[8] = "";

    (void)yoke_array_count(object);
    for (size_t i = 0; i < 6; i++) {
        (void)yoke_array_get(object, i, data);
        (void)yoke_array_set(object, i, data);
    }
    (void)yoke_array_lock(object, 2);
    (void)yoke_array_set(object, 1, data);
    (void)yoke_array_unlock(object);
}

static void destroy_array(void *object)
{
    (void)yoke_array_destroy(object);
}

/* Its takers are written to as well: those of processes whose numbers are near this one's. */
enum { TAKER_WORDS = HEAD_WORDS + 4096 };

static const kind kinds[] = {
    {"queue", make_queue, use_queue, destroy_queue, HEAD_WORDS + 8},
    {"queue of bytes", make_bytes_queue, use_queue, destroy_queue, HEAD_WORDS + 25},
    {"joinable queue", make_joinable, use_queue, destroy_queue, HEAD_WORDS},
    {"pipe", make_pipe, use_pipe, destroy_pipe, 2 * 16 + 2 * HEAD_WORDS + 13},
    {"lock", make_lock, use_lock, destroy_lock, 8},
    {"rlock", make_rlock, use_rlock, destroy_rlock, 8},
    {"condition", make_condition, use_condition, destroy_condition, 8},
    {"event", make_event, use_event, destroy_event, 9},
    {"semaphore", make_semaphore, use_semaphore, destroy_semaphore, 9},
    {"barrier", make_barrier, use_barrier, destroy_barrier, 19},
    {"value", make_value, use_value, destroy_value, 20},
    {"array", make_array, use_array, destroy_array, 27},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void damage_one(const kind *one, uint32_t word, unsigned how, uint64_t random)
{
    const double start = now();
    uint64_t *words = one->make();
    const uint64_t before = words[word];
    double took;

    words[word] = value_of(how, before, random);
    one->use(words);
    one->destroy(words);
    took = now() - start;
    if (took > most_seconds) {
        fail_msg("%s, word %u from %#llx to %#llx: took %.1f s", one->name, word,
                 (unsigned long long)before,
                 (unsigned long long)value_of(how, before, random), took);
    }
}

/* Every word of every kind, with values of all sorts. */
static void test_each_word(void **state)
{
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    unsigned writes = 0;

    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        for (uint32_t word = 0; word < kinds[k].words; word++) {
            for (unsigned how = 0; how < VALUES; how++) {
                damage_one(&kinds[k], word, how, next_random(&random));
                writes++;
            }
        }
    }
    print_message("%u writes\n", writes);
    api_check_works(pool);
}

/* The entries of those who take from a queue that can be joined. */
static void test_takers(void **state)
{
    uint64_t random = UINT64_C(0xd1b54a32d192ed03);

    (void)state;
    for (int i = 0; i < 200; i++) {
        const uint64_t number = next_random(&random);
        const uint32_t word =
            HEAD_WORDS + (uint32_t)(number % (TAKER_WORDS - HEAD_WORDS));

        damage_one(&kinds[2], word, (unsigned)(i % VALUES), number);
    }
}

/* What never changes cannot be got wrong: the call says so, and touches nothing. */
static void test_statuses(void **state)
{
    yoke_queue *queue = make_bytes_queue();
    uint64_t *ring = (uint64_t *)queue + offsetof(yk_queue, ring) / sizeof(uint64_t);
    uint64_t *limit = (uint64_t *)queue + offsetof(yk_queue, limit) / sizeof(uint64_t);
    char text[16];
    size_t bytes = sizeof text;

    (void)state;
    *ring += 4096;
    assert_refused(pool, yoke_queue_get(queue, text, &bytes, YOKE_FOREVER),
                   YOKE_EDAMAGED, "written over");
    assert_refused(pool, yoke_queue_put(queue, text, 8, YOKE_FOREVER), YOKE_EDAMAGED,
                   "written");
    assert_int_equal(yoke_queue_count(queue), 0);
    *ring -= 4096;
    bytes = sizeof text;
    assert_ok_pool(pool, yoke_queue_get(queue, text, &bytes, YOKE_FOREVER));
    assert_string_equal(text, "message");
    *limit *= 2;
    assert_status(yoke_queue_put(queue, text, 8, YOKE_FOREVER), YOKE_EDAMAGED);
    assert_ok_pool(pool, yoke_queue_destroy(queue));
}

/* A length that does not fit is no length. */
static void test_length(void **state)
{
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 7, 201, 1 << 20, 90};
    char text[4096];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        yoke_queue *queue = make_bytes_queue();
        uint64_t *first = (uint64_t *)queue + HEAD_WORDS;
        size_t bytes = sizeof text;

        assert_int_equal(*first, 8);
        *first = lengths[i];
        assert_status(yoke_queue_get(queue, text, &bytes, YOKE_FOREVER), YOKE_EDAMAGED);
        assert_ok_pool(pool, yoke_queue_destroy(queue));
    }
}

/* If no thread has put a lock's word there, the lock does not stay locked for ever. */
static void test_forged_owner(void **state)
{
    static const uint64_t owners[] = {1, UINT64_C(1) << 63, UINT64_MAX,
                                      UINT64_C(0x1234567812345678), 0xffff};
    yoke_array *value = make_value();
    yk_ipc_object *object = (yk_ipc_object *)value;
    char data[16];

    (void)state;
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        atomic_store(&object->owner, owners[i]);
        assert_ok_pool(pool, yoke_array_get(value, 0, data));
        assert_memory_equal(data, "sixteen bytes...", 16);
    }
    assert_ok_pool(pool, yoke_array_destroy(value));
}

/* ---- arrays, and what lies behind them ---- */

/* Writes one item too many. */
static void overrun(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        numbers[i] = 1;
        numbers[i + 1] = 0;
    }
}

enum { N = 1024 }; /* a page */

/* Four bytes after an array, of the pool's memory or shared between processes, do not belong to
 * a queue. */
static void test_overrun(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "overrun", overrun);
    yoke_queue *queues[8];
    yoke_mutex *locks[8];
    uint32_t *numbers[8];
    yoke_array *array = make_array();
    char text[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        queues[i] = make_queue();
        numbers[i] = yoke_alloc(pool, N * sizeof(uint32_t));
        locks[i] = make_lock();
    }
    for (int i = 0; i < 8; i++) {
        assert_ok_pool(
            pool, yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(numbers[i], 4)));
    }
    memset(yoke_array_pointer(array), 0xff, 4096 - 128); /* to the end of its page */
    for (int i = 0; i < 8; i++) {
        assert_ok_pool(pool, yoke_queue_get(queues[i], text, NULL, 0));
        assert_string_equal(text, "message");
        assert_ok_pool(pool, yoke_mutex_lock(locks[i], 0));
        assert_ok_pool(pool, yoke_queue_destroy(queues[i]));
        assert_ok_pool(pool, yoke_mutex_destroy(locks[i]));
        assert_ok_pool(pool, yoke_free(numbers[i]));
    }
    assert_ok_pool(pool, yoke_array_destroy(array));
    yoke_kernel_destroy(kernel);
}

/* Behind the last block there is nothing, and the job says so; in workers that were there
 * before, and in those that come later. */
static void test_end_of_memory(void **state)
{
    yoke_pool *small = NULL;
    yoke_kernel *kernel;
    uint32_t *numbers;
    yoke_queue *queue = NULL;

    (void)state;
    assert_ok_pool(
        NULL, yoke_pool_create(&small, &(yoke_pool_options){.devices = "cpu:1",
                                                            .arena_bytes = 2 * 4096}));
    kernel = api_kernel(small, "overrun", overrun);
    numbers = yoke_alloc(small, 2 * N * sizeof *numbers);
    assert_ok_pool(small, yoke_queue_create(&queue, small,
                                            &(yoke_queue_options){.item_bytes = 8}));
    for (int i = 0; i < 3; i++) {
        assert_status(
            yoke_map(small, kernel, yoke_range_1d(2 * N), yoke_out(numbers, 4)),
            YOKE_ECRASHED);
        assert_contains(yoke_pool_error(small), "wrote to address 0x");
        assert_contains(yoke_pool_error(small), "behind its memory for allocations");
    }
    assert_ok_pool(small, yoke_queue_put(queue, "message", 8, 0));
    yoke_kernel_destroy(kernel);
    api_close(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),      cmocka_unit_test(test_length),
        cmocka_unit_test(test_forged_owner),  cmocka_unit_test(test_overrun),
        cmocka_unit_test(test_takers),        cmocka_unit_test(test_each_word),
        cmocka_unit_test(test_end_of_memory),
    };

    return yt_run_group_with(tests, open_one, close_one);
}
