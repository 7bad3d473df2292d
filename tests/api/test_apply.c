/* SPDX-License-Identifier: MIT */
/* One call: bytes in, bytes of any length out; callbacks. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"
#include "pool/pool.h"

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2,fake:1x0.5/private");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- functions ---- */

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

/* As many bytes as the input says. */
static int produce(yoke_task *task)
{
    const size_t bytes = *(const size_t *)task->input;
    unsigned char *out = yoke_task_output(task, bytes);

    if (task->index != 0 || out == NULL || task->output != out ||
        task->output_bytes != bytes) {
        return yoke_task_fail(task, 2, "no room for %zu bytes", bytes);
    }
    for (size_t i = 0; i < bytes; i++) {
        out[i] = byte_at(i);
    }
    return 0;
}

static int reverse(yoke_task *task)
{
    const unsigned char *in = task->input;
    unsigned char *out = yoke_task_output(task, task->input_bytes);

    for (size_t i = 0; i < task->input_bytes; i++) {
        out[i] = in[task->input_bytes - 1 - i];
    }
    return 0;
}

/* Grows and shrinks its result, which keeps what was written. */
static int change_size(yoke_task *task)
{
    static const size_t sizes[] = {10, 4000, 4096, 5000, 3 << 20, 9000, 20};
    unsigned char *out;

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        out = yoke_task_output(task, sizes[s]);
        for (size_t i = 0; i < 10 && s > 0; i++) {
            if (out[i] != byte_at(i)) {
                return (int)s;
            }
        }
        for (size_t i = 0; i < sizes[s]; i++) {
            out[i] = byte_at(i);
        }
    }
    return 0;
}

static int give_nothing(yoke_task *task)
{
    return task->input == NULL && task->input_bytes == 0 && task->output == NULL ? 0
                                                                                 : 1;
}

static int too_much(yoke_task *task)
{
    char *kept = yoke_task_output(task, 6);

    memcpy(kept, "still", 6);
    return yoke_task_output(task, SIZE_MAX) == NULL &&
                   yoke_task_output(task, (size_t)1 << 40) == NULL &&
                   task->output == kept
               ? 0
               : 1;
}

/* Dies with the first attempts' result half written. */
static int die_first(yoke_task *task)
{
    _Atomic uint32_t *attempts = *(void *const *)task->input;
    const size_t bytes = ((size_t *const *)task->input)[0][1];
    unsigned char *out = yoke_task_output(task, 2 * bytes);

    memset(out, 0xee, 2 * bytes);
    if (atomic_fetch_add(attempts, 1) < 3) {
        (void)raise(SIGKILL);
    }
    out = yoke_task_output(task, bytes);
    for (size_t i = 0; i < bytes; i++) {
        out[i] = byte_at(i);
    }
    return 0;
}

static int crash(yoke_task *task)
{
    (void)yoke_task_output(task, 100000);
    abort();
}

static int refuse(yoke_task *task)
{
    (void)yoke_task_output(task, 100000);
    return yoke_task_fail(task, 9, "not today");
}

/* ---- results ---- */

static void check_bytes(void *result, size_t bytes, size_t expected)
{
    const unsigned char *got = result;

    assert_int_equal(bytes, expected);
    assert_non_null(result);
    for (size_t i = 0; i < bytes; i++) {
        if (got[i] != byte_at(i)) {
            fail_msg("byte %zu of %zu is wrong", i, bytes);
        }
    }
    assert_ok_pool(pool, yoke_free(result));
}

static void test_sizes(void **state)
{
    static const size_t sizes[] = {1, 100, 4095, 4096, 4097, 70000, 5 << 20};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        void *result = NULL;
        size_t bytes = 0;

        assert_ok_pool(pool, yoke_apply(pool, produce, &sizes[s], sizeof sizes[s],
                                        &result, &bytes, NULL));
        check_bytes(result, bytes, sizes[s]);
    }
}

static void test_changing_size(void **state)
{
    void *result = NULL;
    size_t bytes = 0;

    (void)state;
    assert_ok_pool(pool, yoke_apply(pool, change_size, NULL, 0, &result, &bytes, NULL));
    check_bytes(result, bytes, 20);
}

static void test_nothing(void **state)
{
    void *result = &pool;
    size_t bytes = 5;
    const size_t some = 1000;

    (void)state;
    assert_ok_pool(pool,
                   yoke_apply(pool, give_nothing, NULL, 0, &result, &bytes, NULL));
    assert_null(result);
    assert_int_equal(bytes, 0);
    assert_ok_pool(pool, yoke_apply(pool, produce, &some, 8, NULL, NULL, NULL));
    assert_ok_pool(pool, yoke_apply(pool, produce, &some, 8, &result, NULL, NULL));
    assert_ok(yoke_free(result));
}

/* Inputs of every size, from everywhere; what comes out goes in again where it lies. */
static void test_inputs(void **state)
{
    static const size_t sizes[] = {1, 31, 33, 4096, 4097, 16384, 100000, 3 << 20};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        unsigned char *in = malloc(sizes[s]);
        void *there = NULL;
        void *back = NULL;
        size_t bytes = 0;

        for (size_t i = 0; i < sizes[s]; i++) {
            in[i] = byte_at(i);
        }
        assert_ok_pool(pool,
                       yoke_apply(pool, reverse, in, sizes[s], &there, &bytes, NULL));
        assert_int_equal(bytes, sizes[s]);
        free(in);
        assert_ok_pool(pool,
                       yoke_apply(pool, reverse, there, bytes, &back, &bytes, NULL));
        check_bytes(back, bytes, sizes[s]);
        assert_ok(yoke_free(there));
    }
}

static int compare_values(yoke_task *task)
{
    return task->input_bytes == 4096 && task->context_bytes == 4096
               ? memcmp(task->input, task->context, 4096)
               : 1;
}

/* An input that is copied and a context, each as large as it may be. */
static void test_largest_values(void **state)
{
    unsigned char value[4096];

    (void)state;
    for (size_t i = 0; i < sizeof value; i++) {
        value[i] = byte_at(i);
    }
    assert_ok_pool(pool,
                   yoke_apply(pool, compare_values, value, sizeof value, NULL, NULL,
                              &(yoke_task_options){.context = value,
                                                   .context_bytes = sizeof value}));
}

static void test_room(void **state)
{
    const yoke_task_options options = {.max_result_bytes = 10000};
    size_t size = 10000;
    void *result = NULL;
    size_t bytes = 0;

    (void)state;
    assert_ok_pool(pool,
                   yoke_apply(pool, produce, &size, 8, &result, &bytes, &options));
    check_bytes(result, bytes, size);
    size = 20000;
    assert_refused(pool, yoke_apply(pool, produce, &size, 8, &result, &bytes, &options),
                   YOKE_EKERNEL, "code 2: no room for 20000 bytes");
    assert_null(result);
    assert_int_equal(bytes, 0);
    assert_ok_pool(pool, yoke_apply(pool, too_much, NULL, 0, &result, &bytes, NULL));
    assert_string_equal(result, "still");
    assert_int_equal(bytes, 6);
    assert_ok(yoke_free(result));
    assert_refused(
        pool,
        yoke_apply(pool, produce, &size, 8, &result, NULL,
                   &(yoke_task_options){.max_result_bytes = (size_t)1 << 50}),
        YOKE_ENOMEM, ".max_result_bytes");
}

/* Small results that are kept, and given back, and a result that is freed twice. */
static void test_many(void **state)
{
    enum { KEPT = 600 };
    static void *results[KEPT];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < KEPT; i++) {
            const size_t size = 1 + i % 50;

            assert_ok_pool(
                pool, yoke_apply(pool, produce, &size, 8, &results[i], NULL, NULL));
        }
        for (size_t i = 0; i < KEPT; i++) {
            check_bytes(results[i], 1 + i % 50, 1 + i % 50);
            assert_status(yoke_free(results[i]), YOKE_EINVAL);
        }
    }
}

/* Many at a time, whose results are never taken. */
static void test_unwanted(void **state)
{
    const size_t size = 100000;
    yoke_future *futures[200];

    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_ok_pool(pool, yoke_apply_async(i % 3 == 0 ? NULL : &futures[i], pool,
                                              produce, &size, 8, NULL));
    }
    for (int i = 0; i < 200; i++) {
        if (i % 3 == 1) {
            assert_ok(yoke_future_wait(futures[i], API_SECONDS));
        }
        if (i % 3 != 0) {
            yoke_future_destroy(futures[i]);
        }
    }
}

static void test_future_result(void **state)
{
    const size_t size = 5000;
    yoke_future *future = NULL;
    void *result = &pool;
    size_t bytes = 1;

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(&future, pool, produce, &size, 8, NULL));
    assert_status(yoke_future_result(future, NULL, NULL), YOKE_EINVAL);
    assert_ok(yoke_future_wait(future, API_SECONDS));
    assert_ok(yoke_future_result(future, &result, &bytes));
    check_bytes(result, bytes, size);
    assert_ok(yoke_future_result(future, &result, &bytes));
    assert_null(result);
    assert_int_equal(bytes, 0);
    yoke_future_destroy(future);
    assert_status(yoke_future_result(NULL, &result, &bytes), YOKE_EINVAL);
}

static void test_result_after_close(void **state)
{
    const size_t size = 5000;
    yoke_pool *other = api_open("cpu:1");
    yoke_future *future = NULL;
    void *result = &pool;

    (void)state;
    assert_ok_pool(other, yoke_apply_async(&future, other, produce, &size, 8, NULL));
    assert_ok(yoke_pool_close(other));
    assert_status(yoke_future_result(future, &result, NULL), YOKE_ECLOSED);
    assert_null(result);
    yoke_future_destroy(future);
}

/* ---- the books ---- */

static void use_result(yoke_future *future, yoke_status status, void *context)
{
    void *result = NULL;

    (void)context;
    if (status == YOKE_OK && yoke_future_result(future, &result, NULL) == YOKE_OK) {
        (void)yoke_free(result);
    }
}

/* One job in each of the ways in which a result may be wanted, or not. */
static void apply_in_some_way(unsigned way, size_t size)
{
    const yoke_task_options options = {.on_success = use_result};
    yoke_future *future = NULL;
    void *result = NULL;

    switch (way) {
    case 0: /* the program has not kept the future */
        assert_ok_pool(pool, yoke_apply_async(NULL, pool, produce, &size, 8, NULL));
        break;
    case 1: /* given back at once */
        assert_ok_pool(pool, yoke_apply_async(&future, pool, produce, &size, 8, NULL));
        break;
    case 2: /* given back when it has ended */
        assert_ok_pool(pool, yoke_apply_async(&future, pool, produce, &size, 8, NULL));
        assert_ok(yoke_future_wait(future, API_SECONDS));
        break;
    case 3:
        assert_ok_pool(pool, yoke_apply_async(NULL, pool, produce, &size, 8, &options));
        break;
    case 4:
        assert_ok_pool(pool, yoke_apply_async(&future, pool, produce, &size, 8, NULL));
        assert_ok(yoke_future_cancel(future));
        break;
    case 5:
        assert_ok_pool(pool, yoke_apply_async(&future, pool, refuse, NULL, 0, NULL));
        break;
    default:
        assert_ok_pool(pool, yoke_apply(pool, produce, &size, 8, &result, NULL, NULL));
        assert_ok_pool(pool, yoke_free(result));
    }
    yoke_future_destroy(future);
}

/* What the program gets of the arena, empty slabs aside. */
static uint64_t used(void)
{
    assert_true(yk_arena_valid(&pool->arena));
    return yk_arena_used(&pool->arena) - pool->arena.slabs.empty * YK_SLAB_BYTES;
}

/* However many there were, nothing of them is left. */
static void test_books(void **state)
{
    enum { WAYS = 7, JOBS = 7000 };
    uint64_t before;

    (void)state;
    (void)yoke_pool_wait(pool, API_SECONDS);
    before = used();
    for (unsigned i = 0; i < JOBS; i++) {
        apply_in_some_way(i % WAYS, i % 3 == 0 ? 100 : i % 3 == 1 ? 9000 : 3 << 20);
    }
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL); /* what was refused */
    assert_null(pool->callbacks.first);
    assert_null(pool->jobs.futures);
    assert_int_equal(used(), before);
    assert_int_equal(pool->arena.reserved, 0);
}

/* ---- deaths ---- */

static void die_with(size_t bytes)
{
    size_t *shared = yoke_alloc(pool, 64);
    void *result = NULL;
    size_t got = 0;

    shared[1] = bytes;
    assert_ok_pool(
        pool, yoke_apply(pool, die_first, &shared, sizeof shared, &result, &got, NULL));
    check_bytes(result, got, bytes);
    assert_int_equal(*(uint32_t *)shared, 4);
    assert_ok(yoke_free(shared));
}

static void test_death(void **state)
{
    (void)state;
    die_with(10);
    die_with(3000);
    die_with(100000);
}

static void test_failures(void **state)
{
    void *result = &pool;

    (void)state;
    assert_refused(pool, yoke_apply(pool, refuse, NULL, 0, &result, NULL, NULL),
                   YOKE_EKERNEL, "item 0: code 9: not today");
    assert_null(result);
    assert_refused(pool,
                   yoke_apply(pool, crash, NULL, 0, &result, NULL,
                              &(yoke_task_options){.devices = "cpu"}),
                   YOKE_ECRASHED, "signal 6");
    assert_null(result);
    assert_refused(pool, yoke_apply(pool, NULL, NULL, 0, &result, NULL, NULL),
                   YOKE_EINVAL, "function is NULL");
    assert_refused(pool, yoke_apply(pool, produce, NULL, 8, &result, NULL, NULL),
                   YOKE_EINVAL, "NULL");
    assert_refused(pool, yoke_apply(pool, produce, &pool, 0, &result, NULL, NULL),
                   YOKE_EINVAL, "0 bytes");
    assert_status(yoke_apply(NULL, produce, NULL, 0, &result, NULL, NULL), YOKE_EINVAL);
    assert_null(yoke_task_output(NULL, 1));
}

static int wait_for_gate(yoke_task *task)
{
    api_gate *gate = *(void *const *)task->input;

    atomic_fetch_add(&gate->arrived, 1);
    while (atomic_load(&gate->open) == 0) {
        (void)usleep(100);
    }
    return 0;
}

/* A function that was never called before is submitted while all workers are busy. */
static void test_new_function_while_busy(void **state)
{
    yoke_pool *other = api_open("cpu:1");
    api_gate *gate = api_gate_create(other);
    const size_t size = 10;
    yoke_future *futures[2];

    (void)state;
    assert_ok_pool(other, yoke_apply_async(&futures[0], other, wait_for_gate, &gate,
                                           sizeof gate, NULL));
    api_gate_await(gate, 1);
    assert_ok_pool(other,
                   yoke_apply_async(&futures[1], other, produce, &size, 8, NULL));
    assert_false(yoke_future_is_done(futures[1]));
    api_gate_open(gate);
    for (int i = 0; i < 2; i++) {
        assert_ok(yoke_future_wait(futures[i], API_SECONDS));
        yoke_future_destroy(futures[i]);
    }
    api_close(other);
}

/* ---- callbacks ---- */

typedef struct record {
    unsigned successes;
    unsigned errors;
    unsigned ends;
    yoke_status last;
    void *result;
    size_t bytes;
    yoke_future *next; /* submitted by a callback */
} record;

static void note_success(yoke_future *future, yoke_status status, void *context)
{
    record *seen = context;

    seen->successes++;
    seen->last = status;
    (void)yoke_future_result(future, &seen->result, &seen->bytes);
}

static void note_error(yoke_future *future, yoke_status status, void *context)
{
    record *seen = context;

    seen->errors++;
    seen->last =
        strstr(yoke_future_error(future), "not today") != NULL ? status : YOKE_OK;
}

static void note_end(yoke_future *future, yoke_status status, void *context)
{
    record *seen = context;

    (void)future;
    (void)status;
    seen->ends += seen->successes + seen->errors; /* comes after the others */
}

static bool polls_one(void *arg)
{
    const record *seen = arg;

    (void)yoke_pool_poll(pool);
    return seen->successes + seen->errors > 0;
}

static void test_callbacks(void **state)
{
    const size_t size = 300;
    record seen = {0};
    const yoke_task_options options = {
        .on_success = note_success, .on_error = note_error, .on_context = &seen};
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(&future, pool, produce, &size, 8, &options));
    assert_ok(yoke_future_on_done(future, note_end, &seen));
    assert_ok(yoke_future_wait(future, API_SECONDS));
    assert_int_equal(seen.successes, 1);
    assert_int_equal(seen.errors, 0);
    assert_int_equal(seen.ends, 1);
    assert_int_equal(seen.last, YOKE_OK);
    check_bytes(seen.result, seen.bytes, size);
    yoke_future_destroy(future);

    seen = (record){0};
    assert_ok_pool(pool, yoke_apply_async(NULL, pool, refuse, NULL, 0, &options));
    assert_true(yt_wait_until(polls_one, &seen, 60));
    assert_int_equal(seen.successes, 0);
    assert_int_equal(seen.errors, 1);
    assert_int_equal(seen.last, YOKE_EKERNEL);

    seen = (record){0}; /* a map has them, too */
    assert_ok_pool(
        pool, yoke_apply_each_async(NULL, pool, give_nothing, 10, &options, NULL, 0));
    assert_true(yt_wait_until(polls_one, &seen, 60));
    assert_int_equal(seen.successes, 1);
    assert_null(seen.result);

    seen = (record){0}; /* a callback is not called for a future that was given back */
    assert_ok_pool(pool, yoke_apply_async(&future, pool, produce, &size, 8, &options));
    yoke_future_destroy(future);
    assert_ok_pool(pool, yoke_apply(pool, produce, &size, 8, NULL, NULL, NULL));
    assert_int_equal(seen.successes, 0);
}

static void go_on(yoke_future *future, yoke_status status, void *context)
{
    record *seen = context;
    const size_t size = 50;

    (void)future;
    seen->successes += status == YOKE_OK;
    if (seen->successes < 100) {
        const yoke_task_options options = {.on_success = go_on, .on_context = seen};

        (void)yoke_apply_async(NULL, pool, produce, &size, 8, &options);
    }
}

static bool has_gone_on(void *arg)
{
    (void)yoke_pool_poll(pool);
    return ((record *)arg)->successes == 100;
}

static void test_chain(void **state)
{
    const size_t size = 50;
    record seen = {0};

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(NULL, pool, produce, &size, 8,
                                          &(yoke_task_options){.on_success = go_on,
                                                               .on_context = &seen}));
    assert_true(yt_wait_until(has_gone_on, &seen, 60));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_changing_size),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_unwanted),
        cmocka_unit_test(test_future_result),
        cmocka_unit_test(test_result_after_close),
        cmocka_unit_test(test_books),
        cmocka_unit_test(test_largest_values),
        cmocka_unit_test(test_death),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_callbacks),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_new_function_while_busy),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
