/* SPDX-License-Identifier: MIT */
/* A worker that dies at any place of the protocol while it runs tasks costs only time: every
 * item is computed, and a result of whatever length is whole. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"
#include "pool/pool.h"

enum { ITEMS = 500, MOST_RUNS = 400 };

static const char *const points[] = {
    "after-enter",   "after-take",   "after-steal",  "after-claim",
    "after-save",    "before-run",   "after-run",   "after-commit",
    "between-marks", "before-leave", "after-leave", "after-end",
};

enum { POINTS = sizeof points / sizeof points[0] };

/* With a fault armed, does something once and checks what came out. */
typedef void scene(yoke_pool *pool);

static void run_through(const char *devices, const char *point, unsigned count,
                        scene *play)
{
    char fault[64];
    yoke_pool *pool;
    unsigned runs = 0;

    (void)snprintf(fault, sizeof fault, "%s:%u", point, count);
    pool = ft_pool(devices, fault);
    while (ft_restarts(pool) == 0 && runs++ < MOST_RUNS) {
        play(pool);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no worker died, or there was no replacement", devices, fault);
    }
    play(pool);
    ft_close(pool);
}

/* ---- items ---- */

static int mix_item(yoke_task *task)
{
    *(uint32_t *)task->output = ft_mix(*(const uint32_t *)task->input, 100);
    return 0;
}

static int change_item(yoke_task *task)
{
    uint32_t *value = task->args[0];

    *value = ft_mix(*value, 100);
    return 0;
}

static void map_items(yoke_pool *pool)
{
    uint32_t in[ITEMS];
    uint32_t out[ITEMS];

    for (uint32_t i = 0; i < ITEMS; i++) {
        in[i] = i;
    }
    assert_ok_pool(pool, yoke_apply_each(pool, mix_item, ITEMS, NULL,
                                         YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))));
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i], ft_mix(i, 100));
    }
}

static void change_items(yoke_pool *pool)
{
    uint32_t x[ITEMS];
    const yoke_arg arg = yoke_inout(x, 4);

    for (uint32_t i = 0; i < ITEMS; i++) {
        x[i] = i;
    }
    assert_ok_pool(pool, yoke_apply_each(pool, change_item, ITEMS, NULL, &arg, 1));
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(x[i], ft_mix(i, 100));
    }
}

/* ---- results ---- */

static int produce(yoke_task *task)
{
    const size_t bytes = *(const size_t *)task->input;
    unsigned char *out = yoke_task_output(task, bytes);

    memset(out, (int)(bytes % 251), bytes);
    return 0;
}

static void apply_one(yoke_pool *pool, size_t bytes)
{
    unsigned char *result = NULL;
    void *memory = NULL;
    size_t got = 0;

    assert_ok_pool(
        pool, yoke_apply(pool, produce, &bytes, sizeof bytes, &memory, &got, NULL));
    assert_int_equal(got, bytes);
    result = memory;
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(result[i], bytes % 251);
    }
    assert_ok(yoke_free(result));
}

static void apply_both(yoke_pool *pool)
{
    apply_one(pool, 77);
    apply_one(pool, 50000);
}

/* ---- streams ---- */

/* Without an end if there is a context. */
static int make_item(void *item, size_t index, void *context)
{
    *(uint32_t *)item = (uint32_t)index;
    return index < ITEMS || context != NULL;
}

static void stream_items(yoke_pool *pool, bool ordered)
{
    const yoke_stream_options options = {.function = mix_item,
                                         .input_bytes = 4,
                                         .output_bytes = 4,
                                         .window = 60,
                                         .unordered = !ordered};
    yoke_stream *stream = NULL;
    bool came[ITEMS] = {false};
    void *result = NULL;

    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &options, make_item, NULL));
    for (uint32_t i = 0; i < ITEMS; i++) {
        size_t index;

        assert_ok_pool(pool, yoke_stream_next(stream, &result, FT_SECONDS));
        assert_non_null(result);
        index = yoke_stream_index(stream);
        assert_true(index < ITEMS && !came[index] && (!ordered || index == i));
        came[index] = true;
        assert_int_equal(*(uint32_t *)result, ft_mix((uint32_t)index, 100));
    }
    assert_ok(yoke_stream_next(stream, &result, FT_SECONDS));
    assert_null(result);
    yoke_stream_destroy(stream);
}

static void stream_in_order(yoke_pool *pool)
{
    stream_items(pool, true);
}

static void stream_as_completed(yoke_pool *pool)
{
    stream_items(pool, false);
}

/* ---- event loops ---- */

/* Only poll() waits for the job, whichever process ended it and died. */
static void poll_for_end(yoke_pool *pool)
{
    struct pollfd entry = {.fd = yoke_pool_fd(pool), .events = POLLIN};
    const size_t bytes = 100;

    (void)yoke_pool_poll(pool);
    assert_ok_pool(pool, yoke_apply_async(NULL, pool, produce, &bytes, 8, NULL));
    do {
        assert_int_equal(poll(&entry, 1, (int)(FT_SECONDS * 1000)), 1);
    } while (yoke_pool_poll(pool) == 0);
}

/* ---- the tests ---- */

/* Nothing is saved, or stolen, where there is nothing to. */
static bool is_reached(const char *point, scene *play)
{
    return (play == change_items || strcmp(point, "after-save") != 0) &&
           ((play != apply_both && play != poll_for_end) ||
            strcmp(point, "after-steal") != 0);
}

static void run_all(const char *devices, scene *play)
{
    for (size_t p = 0; p < POINTS; p++) {
        if (is_reached(points[p], play)) {
            run_through(devices, points[p], 1, play);
            run_through(devices, points[p], 3, play);
        }
    }
}

static void test_map_items(void **state)
{
    (void)state;
    run_all("cpu:3", map_items);
    run_all("fake:2x0.5/private,cpu:1", map_items);
}

static void test_in_place(void **state)
{
    (void)state;
    run_all("cpu:3", change_items);
}

static void test_results(void **state)
{
    (void)state;
    run_all("cpu:2", apply_both);
    run_all("cpu:1", apply_both);
}

static void test_streams(void **state)
{
    (void)state;
    run_all("cpu:2", stream_in_order);
    run_all("cpu:2", stream_as_completed);
    run_all("fake:1x1/private,cpu:1", stream_as_completed);
}

/* The supervisor dies, and with it all others: an error, at once or later, and no hang. */
static void test_stream_breaks(void **state)
{
    const yoke_stream_options options = {
        .function = mix_item, .input_bytes = 4, .output_bytes = 4, .window = 60};

    bool endless = true;

    (void)state;
    for (int taken = 0; taken < 100; taken += 33) {
        yoke_pool *pool = ft_pool("cpu:2", NULL);
        yoke_stream *stream = NULL;
        void *result = NULL;
        yoke_status status = YOKE_OK;

        assert_ok_pool(
            pool, yoke_stream_create(&stream, pool, &options, make_item, &endless));
        for (int i = 0; i < taken; i++) {
            assert_ok_pool(pool, yoke_stream_next(stream, &result, FT_SECONDS));
        }
        assert_int_equal(kill(pool->liveness.supervisor, SIGKILL), 0);
        do {
            status = yoke_stream_next(stream, &result, FT_SECONDS);
        } while (status == YOKE_OK && result != NULL);
        assert_int_equal(status, YOKE_EBROKEN);
        assert_status(yoke_stream_next(stream, &result, 0), YOKE_EBROKEN);
        yoke_stream_destroy(stream);
        assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    }
}

static void test_polling(void **state)
{
    (void)state;
    run_all("cpu:2", poll_for_end);
    run_all("cpu:1", poll_for_end);
}

/* ---- waiting for several ---- */

static int mix_long(yoke_task *task)
{
    *(uint32_t *)yoke_task_output(task, 4) =
        ft_mix(*(const uint32_t *)task->input, 300000);
    return 0;
}

static void wait_for_first(yoke_pool *pool)
{
    const uint32_t in = 7;
    yoke_event *never;
    yoke_future *future;
    void *result;
    size_t index = 77;

    assert_ok_pool(pool, yoke_event_create(&never, pool, NULL));
    assert_ok_pool(pool, yoke_apply_async(&future, pool, mix_long, &in, sizeof in, NULL));
    assert_ok_pool(pool, yoke_wait_any((void *const[]){never, future}, 2, &index,
                                       FT_SECONDS, NULL));
    assert_int_equal(index, 1);
    assert_ok_pool(pool, yoke_future_result(future, &result, NULL));
    assert_int_equal(*(uint32_t *)result, ft_mix(in, 300000));
    assert_ok_pool(pool, yoke_free(result));
    assert_ok_pool(pool, yoke_future_destroy(future));
    assert_ok_pool(pool, yoke_event_destroy(never));
}

/* The worker ends the job, and dies before it wakes a thread that waits for several things. */
static void test_waiting_for_several(void **state)
{
    (void)state;
    run_through("cpu:2", "before-hub", 1, wait_for_first);
    run_through("cpu:2", "after-end", 1, wait_for_first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_map_items),     yt_unit_test(test_in_place),
        yt_unit_test(test_results),       yt_unit_test(test_streams),
        yt_unit_test(test_stream_breaks), yt_unit_test(test_polling),
        yt_unit_test(test_waiting_for_several),
    };

    return yt_run_group(tests);
}
