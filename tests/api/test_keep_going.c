/* SPDX-License-Identifier: MIT */
/* Jobs that go on past items that fail, crash or do not end: each item has its status, the others
 * their results. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 300, MANY = 200000 };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- functions: the input says what an item does ---- */

enum { WELL, FAIL, CRASH, ABORT, EXIT, HANG };

static int behave(yoke_task *task)
{
    switch (*(const uint32_t *)task->input) {
    case FAIL: return yoke_task_fail(task, 7, "it is %d", 13);
    case CRASH: raise(SIGSEGV); break;
    case ABORT: abort();
    case EXIT: _exit(0);
    case HANG:
        for (;;) {
            pause();
        }
    default: break;
    }
    *(uint32_t *)task->output = (uint32_t)task->index + 1;
    return 0;
}

static int change(yoke_task *task)
{
    uint32_t *value = task->args[0];

    *value += 1000;
    switch (*value % 1000) {
    case FAIL: return 1;
    case CRASH: raise(SIGSEGV); break;
    case HANG:
        for (;;) {
            pause();
        }
    default: break;
    }
    return 0;
}

/* Is killed three times from outside, as far as the pool can see. */
static int killed_thrice(yoke_task *task)
{
    _Atomic uint32_t *kills = task->args[1];

    if (task->index == 5 && atomic_fetch_add(kills, 1) < 3) {
        (void)raise(SIGKILL);
    }
    *(uint32_t *)task->args[0] = (uint32_t)task->index;
    return 0;
}

static int slow(yoke_task *task)
{
    if (task->index == 0) {
        for (;;) {
            pause();
        }
    }
    *(uint32_t *)task->output = 1;
    return 0;
}

static yoke_status status_of(uint32_t what)
{
    return what == WELL   ? YOKE_OK
           : what == FAIL ? YOKE_EKERNEL
           : what == HANG ? YOKE_EDEADLINE
                          : YOKE_ECRASHED;
}

/* ---- jobs ---- */

static void check_all(const uint32_t *in, const uint32_t *out, const yoke_status *status,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (status[i] != status_of(in[i]) ||
            out[i] != (in[i] == WELL ? (uint32_t)i + 1 : 99)) {
            fail_msg("item %zu of kind %u: status %d, output %u", i, in[i], status[i],
                     out[i]);
        }
    }
}

static void prepare(uint32_t *in, uint32_t *out, yoke_status *status, size_t count)
{
    memset(in, 0, count * sizeof *in);
    for (size_t i = 0; i < count; i++) {
        out[i] = 99;
        status[i] = YOKE_EEXIST;
    }
}

static void test_each_kind(void **state)
{
    static uint32_t in[N];
    static uint32_t out[N];
    static yoke_status status[N];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       /* a crash is recorded within it */
                                       .item_timeout = API_SANITIZED ? 3 : 0.5};

    (void)state;
    prepare(in, out, status, N);
    in[3] = FAIL;
    in[4] = CRASH;
    in[50] = HANG;
    in[150] = ABORT;
    in[151] = EXIT;
    in[N - 1] = FAIL;
    assert_status_pool(pool,
                       yoke_apply_each(pool, behave, N, &options,
                                       YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))),
                       YOKE_EPARTIAL);
    assert_contains(yoke_pool_error(pool), "6 of 300 items failed; item 3: code 7: it is 13");
    check_all(in, out, status, N);
}

static void test_all_well(void **state)
{
    static uint32_t in[N];
    static uint32_t out[N];
    static yoke_status status[N];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status};

    (void)state;
    prepare(in, out, status, N);
    assert_ok_pool(pool, yoke_apply_each(pool, behave, N, &options,
                                         YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))));
    check_all(in, out, status, N);
}

static void test_all_fail(void **state)
{
    static uint32_t in[N];
    static uint32_t out[N];
    static yoke_status status[N];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status};

    (void)state;
    prepare(in, out, status, N);
    for (size_t i = 0; i < N; i++) {
        in[i] = i % 2 == 0 ? CRASH : FAIL;
    }
    assert_status_pool(pool,
                       yoke_apply_each(pool, behave, N, &options,
                                       YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))),
                       YOKE_EPARTIAL);
    check_all(in, out, status, N);
}

/* More items than tiles: each tile has several. */
static void test_many(void **state)
{
    uint32_t *in = malloc(MANY * sizeof *in);
    uint32_t *out = malloc(MANY * sizeof *out);
    yoke_status *status = malloc(MANY * sizeof *status);
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       .item_timeout = 0.2};

    (void)state;
    assert_true(in != NULL && out != NULL && status != NULL);
    prepare(in, out, status, MANY);
    for (size_t i = 7; i < MANY; i += 20011) {
        in[i] = CRASH;
        in[i + 1] = FAIL;
    }
    in[100000] = in[100001] = HANG;
    assert_status_pool(pool,
                       yoke_apply_each(pool, behave, MANY, &options,
                                       YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))),
                       YOKE_EPARTIAL);
    check_all(in, out, status, MANY);
    free(in);
    free(out);
    free(status);
}

/* What is changed in place is changed once, however often a neighbour takes its worker down. */
static void change_in_place(uint32_t *x)
{
    yoke_status status[N];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       .item_timeout = 0.3,
                                       .chunk = 50};
    const yoke_arg arg = yoke_inout(x, 4);

    memset(x, 0, N * sizeof *x);
    x[20] = x[120] = CRASH;
    x[30] = HANG;
    x[31] = FAIL;
    assert_status_pool(pool, yoke_apply_each(pool, change, N, &options, &arg, 1),
                       YOKE_EPARTIAL);
    for (uint32_t i = 0; i < N; i++) {
        const bool bad = i == 20 || i == 120 || i == 30 || i == 31;

        assert_int_equal(status[i] != YOKE_OK, bad);
        if (!bad) {
            assert_int_equal(x[i], 1000);
        }
    }
    assert_int_equal(status[20], YOKE_ECRASHED);
    assert_int_equal(status[30], YOKE_EDEADLINE);
    assert_int_equal(status[31], YOKE_EKERNEL);
}

static void test_in_place(void **state)
{
    uint32_t plain[N];
    uint32_t *shared = NULL;

    (void)state;
    change_in_place(plain);
    assert_int_equal(plain[20], CRASH); /* as it was */
    assert_int_equal(plain[30], HANG);
    assert_int_equal(plain[31], FAIL);
    shared = yoke_alloc(pool, N * sizeof *shared);
    assert_non_null(shared);
    change_in_place(shared);
    assert_ok(yoke_free(shared));
}

static void test_kills(void **state)
{
    uint32_t out[40];
    yoke_status status[40];
    uint32_t *kills = yoke_alloc(pool, 4);
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status};

    (void)state;
    *kills = 0;
    assert_ok_pool(pool, yoke_apply_each(pool, killed_thrice, 40, &options,
                                         YOKE_ARGS(yoke_out(out, 4), yoke_in_whole(kills, 4))));
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(status[i], YOKE_OK);
        assert_int_equal(out[i], i);
    }
    assert_int_equal(*kills, 4);
    assert_ok(yoke_free(kills));
}

/* ---- jobs that end early, futures, dependents ---- */

static void test_deadline(void **state)
{
    uint32_t out[2] = {99, 99};
    yoke_status status[2];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       .chunk = 1,
                                       .timeout = 0.5};

    (void)state;
    assert_status_pool(
        pool, yoke_apply_each(pool, slow, 2, &options, YOKE_ARGS(yoke_out(out, 4))),
        YOKE_EDEADLINE);
    assert_int_equal(status[0], YOKE_EDEADLINE);
    assert_int_equal(out[0], 99);
    assert_int_equal(status[1], YOKE_OK);
    assert_int_equal(out[1], 1);
}

static void test_future(void **state)
{
    uint32_t in[4] = {WELL, FAIL, WELL, WELL};
    uint32_t out[4] = {99, 99, 99, 99};
    yoke_status status[4];
    uint32_t *shared = yoke_alloc(pool, sizeof in);
    yoke_future *first = NULL;
    yoke_future *second = NULL;
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status};

    (void)state;
    assert_ok_pool(pool, yoke_apply_each_async(
                             &first, pool, behave, 4, &options,
                             YOKE_ARGS(yoke_in(in, 4), yoke_out(shared, 4))));
    assert_ok_pool(pool, yoke_apply_each_async(
                             &second, pool, behave, 4, NULL,
                             YOKE_ARGS(yoke_in(shared, 4), yoke_out(out, 4))));
    assert_status(yoke_future_wait(first, 20), YOKE_EPARTIAL);
    assert_contains(yoke_future_error(first), "1 of 4 items failed; item 1: code 7");
    assert_int_equal(status[1], YOKE_EKERNEL);
    assert_int_equal(status[3], YOKE_OK);
    /* What needs all of it fails too. */
    assert_status(yoke_future_wait(second, 20), YOKE_EDEPENDENCY);
    yoke_future_destroy(first);
    yoke_future_destroy(second);
    assert_ok(yoke_free(shared));
}

/* Without a future, and without statuses: the failure is reported all the same. */
static void test_unread(void **state)
{
    uint32_t in[2] = {FAIL, WELL};
    uint32_t out[2] = {99, 99};
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP};

    (void)state;
    assert_ok_pool(pool, yoke_apply_each_async(
                             NULL, pool, behave, 2, &options,
                             YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))));
    assert_status_pool(pool, yoke_pool_wait(pool, 20), YOKE_EPARTIAL);
    assert_int_equal(out[0], 99);
    assert_int_equal(out[1], 2);
}

/* ---- streams ---- */

/* Every seventh item has something wrong with it. */
static uint32_t kind_of(size_t index)
{
    static const uint32_t kinds[] = {FAIL, CRASH, HANG};

    return index % 7 == 3 ? kinds[index / 7 % 3] : WELL;
}

static int make_item(void *item, size_t index, void *context)
{
    const size_t *count = context;

    *(uint32_t *)item = kind_of(index);
    return index < *count;
}

static void run_stream(bool unordered, size_t chunk)
{
    enum { ITEMS = 90 };
    size_t count = ITEMS;
    const yoke_stream_options options = {.function = behave,
                                         .input_bytes = 4,
                                         .output_bytes = 4,
                                         .window = 24,
                                         .chunk = chunk,
                                         .unordered = unordered,
                                         .on_failure = YOKE_ON_FAILURE_KEEP,
                                         .item_timeout = 0.2};
    bool came[ITEMS] = {false};
    yoke_stream *stream = NULL;
    void *result = NULL;

    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &options, make_item, &count));
    for (size_t i = 0; i < ITEMS; i++) {
        const yoke_status status = yoke_stream_next(stream, &result, 60);
        const size_t index = yoke_stream_index(stream);
        char text[32];

        assert_true(index < ITEMS && !came[index] && (unordered || index == i));
        came[index] = true;
        yt_check_status(status, status_of(kind_of(index)), "next", yoke_pool_error(pool),
                        __FILE__, __LINE__);
        assert_false(yoke_stream_has_ended(stream));
        if (status == YOKE_OK) {
            assert_int_equal(*(uint32_t *)result, index + 1);
        } else {
            (void)snprintf(text, sizeof text, "item %zu: ", index);
            assert_null(result);
            assert_contains(yoke_pool_error(pool), text);
        }
    }
    assert_ok(yoke_stream_next(stream, &result, 60));
    assert_null(result);
    assert_true(yoke_stream_has_ended(stream));
    assert_ok(yoke_stream_destroy(stream));
    assert_ok_pool(pool, yoke_pool_wait(pool, 20)); /* all failures were read */
}

static void test_streams(void **state)
{
    (void)state;
    run_stream(false, 1);
    run_stream(false, 8);
    run_stream(true, 3);
}

/* With a kernel each item is a job. */
static void fail_some(const yoke_span *span, void *const args[])
{
    const uint32_t *in = args[0];
    uint32_t *out = args[1];

    if (in[0] == FAIL) {
        yoke_span_fail(span, 3, "no");
    } else if (in[0] == CRASH) {
        (void)raise(SIGSEGV);
    }
    out[0] = in[0] + 1;
}

static void test_kernel_stream(void **state)
{
    const yoke_kernel_options info = {.name = "fail_some", .native = fail_some};
    const yoke_arg args[] = {yoke_in_stream(4), yoke_out_stream(4)};
    yoke_kernel *kernel = NULL;
    yoke_stream *stream = NULL;
    void *result = NULL;
    size_t count = 14;

    (void)state;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &info));
    const yoke_stream_options options = {.kernel = kernel,
                                         .range = yoke_range_1d(1),
                                         .args = args,
                                         .arg_count = 2,
                                         .on_failure = YOKE_ON_FAILURE_KEEP};
    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &options, make_item, &count));
    for (size_t i = 0; i < count; i++) {
        assert_status_pool(pool, yoke_stream_next(stream, &result, 60),
                           status_of(kind_of(i)));
        assert_int_equal(yoke_stream_index(stream), i);
        if (i == 3) {
            assert_contains(yoke_pool_error(pool), "item 3 of the stream");
        }
    }
    assert_ok(yoke_stream_next(stream, &result, 60));
    assert_null(result);
    yoke_stream_destroy(stream);
    yoke_kernel_destroy(kernel);
}

/* ---- what is refused ---- */

static void refused(const yoke_task_options *options, const char *text)
{
    uint32_t in[1] = {WELL};
    uint32_t out[1] = {99};

    assert_status_pool(pool,
                       yoke_apply_each(pool, behave, 1, options,
                                       YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(pool), text);
}

static void test_refused(void **state)
{
    yoke_status status[1];
    uint32_t x = 0;
    const yoke_task_options keep = {.on_failure = YOKE_ON_FAILURE_KEEP};

    (void)state;
    refused(&(yoke_task_options){.item_status = status}, "go with .on_failure");
    refused(&(yoke_task_options){.item_timeout = 1}, "go with .on_failure");
    refused(&(yoke_task_options){.on_failure = (yoke_on_failure)3}, "on_failure 3");
    refused(&(yoke_task_options){.on_failure = YOKE_ON_FAILURE_KEEP, .item_timeout = -2},
            "item_timeout is a number");
    assert_status(yoke_apply(pool, behave, &x, sizeof x, NULL, NULL, &keep), YOKE_EINVAL);
    assert_contains(yoke_pool_error(pool), "yoke_apply_each() and streams");
    assert_status(yoke_apply_each(pool, behave, 1, &keep,
                                  YOKE_ARGS(yoke_in(&x, 4), yoke_out_whole(&x, 4))),
                  YOKE_EINVAL);
    assert_contains(yoke_pool_error(pool), "a part of its own");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind), cmocka_unit_test(test_all_well),
        cmocka_unit_test(test_all_fail),  cmocka_unit_test(test_many),
        cmocka_unit_test(test_in_place),  cmocka_unit_test(test_kills),
        cmocka_unit_test(test_deadline),  cmocka_unit_test(test_future),
        cmocka_unit_test(test_unread),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_streams),   cmocka_unit_test(test_kernel_stream),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
