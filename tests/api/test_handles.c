/* SPDX-License-Identifier: MIT */
/*
 * What the program gives instead of a valid handle: NULL, other memory, a handle of another
 * kind, one that was destroyed, once or twice. Each call says so, and nothing is read there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_setup.h"

static yoke_pool *pool; /* of what is tried; not the one that is */
static yoke_kernel *fill;
static uint32_t *numbers;

static int do_nothing(yoke_task *task)
{
    (void)task;
    return 0;
}

static int end_at_once(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return 0;
}

static int next_number(void *item, size_t index, void *context)
{
    (void)context;
    *(uint32_t *)item = (uint32_t)index;
    return 1;
}

/* ---- the kinds ---- */

static void *make_pool(void)
{
    return api_open("cpu:1");
}

static void *make_kernel(void)
{
    return api_kernel(pool, "kernel", api_fill);
}

static void *make_future(void)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, fill, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_out(numbers, 4),
                                                  yoke_scalar((uint32_t)1))));
    assert_ok(yoke_future_wait(future, API_SECONDS));
    return future;
}

static void *make_process(void)
{
    yoke_process *process = NULL;

    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, end_at_once, NULL, 0, NULL));
    assert_ok_pool(pool, yoke_process_wait(process, NULL, API_SECONDS));
    return process;
}

static void *make_shm(void)
{
    yoke_shm *shm = NULL;

    assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, 4096, NULL));
    assert_ok(yoke_shm_unlink(yoke_shm_name(shm)));
    return shm;
}

static void *make_stream(void)
{
    const yoke_stream_options options = {
        .function = do_nothing, .input_bytes = 4, .output_bytes = 4};
    yoke_stream *stream = NULL;

    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, next_number, NULL));
    return stream;
}

static void *make_mutex(void)
{
    yoke_mutex *mutex = NULL;

    assert_ok_pool(pool, yoke_mutex_create(&mutex, pool, NULL));
    return mutex;
}

static void *make_event(void)
{
    yoke_event *event = NULL;

    assert_ok_pool(pool, yoke_event_create(&event, pool, NULL));
    return event;
}

static void *make_barrier(void)
{
    yoke_barrier *barrier = NULL;

    assert_ok_pool(pool, yoke_barrier_create(&barrier, pool, 2, NULL));
    return barrier;
}

static void *make_array(void)
{
    yoke_array *array = NULL;

    assert_ok_pool(pool, yoke_array_create(&array, pool, 10, 4, NULL));
    return array;
}

static void *make_queue(void)
{
    yoke_queue *queue = NULL;

    assert_ok_pool(pool, yoke_queue_create(&queue, pool, NULL));
    return queue;
}

static void *make_pipe(void)
{
    yoke_pipe *ends[2] = {NULL, NULL};

    assert_ok_pool(pool, yoke_pipe_create(ends, pool, NULL));
    return ends[0];
}

static yoke_status ask_pool(void *handle)
{
    return yoke_pool_wait(handle, 0);
}

static yoke_status ask_kernel(void *handle)
{
    return yoke_kernel_workers(handle, NULL, 0, NULL);
}

static yoke_status ask_future(void *handle)
{
    return yoke_future_wait(handle, 0);
}

static yoke_status ask_process(void *handle)
{
    return yoke_process_wait(handle, NULL, 0);
}

/* The only call on a segment that answers with a status; not for one that is valid. */
static yoke_status ask_shm(void *handle)
{
    assert_null(yoke_shm_pointer(handle));
    assert_int_equal(yoke_shm_bytes(handle), 0);
    assert_string_equal(yoke_shm_name(handle), "");
    return yoke_shm_close(handle);
}

static yoke_status ask_stream(void *handle)
{
    void *result = NULL;
    const yoke_status status = yoke_stream_next(handle, &result, 0);

    return status == YOKE_ETIMEDOUT ? YOKE_OK : status;
}

static yoke_status ask_mutex(void *handle)
{
    const yoke_status status = yoke_mutex_lock(handle, 0);

    return status == YOKE_OK ? yoke_mutex_unlock(handle) : status;
}

static yoke_status ask_event(void *handle)
{
    return yoke_event_set(handle);
}

static yoke_status ask_barrier(void *handle)
{
    return yoke_barrier_reset(handle);
}

static yoke_status ask_array(void *handle)
{
    uint32_t item;

    return yoke_array_get(handle, 0, &item);
}

static yoke_status ask_queue(void *handle)
{
    return yoke_queue_shutdown(handle);
}

static yoke_status ask_pipe(void *handle)
{
    return yoke_pipe_shutdown(handle);
}

static yoke_status end_pool(void *handle)
{
    return yoke_pool_close(handle);
}

static yoke_status end_kernel(void *handle)
{
    return yoke_kernel_destroy(handle);
}

static yoke_status end_future(void *handle)
{
    return yoke_future_destroy(handle);
}

static yoke_status end_process(void *handle)
{
    return yoke_process_destroy(handle);
}

static yoke_status end_shm(void *handle)
{
    return yoke_shm_close(handle);
}

static yoke_status end_stream(void *handle)
{
    return yoke_stream_destroy(handle);
}

static yoke_status end_mutex(void *handle)
{
    return yoke_mutex_destroy(handle);
}

static yoke_status end_event(void *handle)
{
    return yoke_event_destroy(handle);
}

static yoke_status end_barrier(void *handle)
{
    return yoke_barrier_destroy(handle);
}

static yoke_status end_array(void *handle)
{
    return yoke_array_destroy(handle);
}

static yoke_status end_queue(void *handle)
{
    return yoke_queue_destroy(handle);
}

static yoke_status end_pipe(void *handle)
{
    return yoke_pipe_destroy(handle);
}

static const struct {
    const char *name;
    void *(*make)(void);
    yoke_status (*ask)(void *handle);
    yoke_status (*end)(void *handle);
    const char *ended; /* how the text goes on for one that is not valid */
    yoke_status answer;
} kinds[] = {
    {"pool", make_pool, ask_pool, end_pool, "closed", YOKE_ECLOSED},
    {"kernel", make_kernel, ask_kernel, end_kernel, "destroyed", YOKE_ECLOSED},
    {"future", make_future, ask_future, end_future, "destroyed", YOKE_ECLOSED},
    {"process", make_process, ask_process, end_process, "destroyed", YOKE_ECLOSED},
    {"segment", make_shm, ask_shm, end_shm, "closed", YOKE_EINVAL},
    {"stream", make_stream, ask_stream, end_stream, "destroyed", YOKE_ECLOSED},
    {"mutex", make_mutex, ask_mutex, end_mutex, "destroyed", YOKE_ECLOSED},
    {"event", make_event, ask_event, end_event, "destroyed", YOKE_ECLOSED},
    {"barrier", make_barrier, ask_barrier, end_barrier, "destroyed", YOKE_ECLOSED},
    {"array", make_array, ask_array, end_array, "destroyed", YOKE_ECLOSED},
    {"queue", make_queue, ask_queue, end_queue, "destroyed", YOKE_ECLOSED},
    {"pipe", make_pipe, ask_pipe, end_pipe, "destroyed", YOKE_ECLOSED},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- answers ---- */

/* The text of a call on what belongs to no pool, or to this one. */
static void check_text(const void *owner, const char *words)
{
    const char *text = yoke_pool_error(owner);

    assert_contains(text, words);
    api_check_sentence(text);
}

static const void *text_owner(size_t kind, const void *pointer)
{
    return kind == 0 ? pointer : NULL;
}

static void check_not_valid(size_t kind, void *pointer, const void *owner)
{
    char words[100];

    (void)snprintf(words, sizeof words, "is not a valid %s, or already %s",
                   kinds[kind].name, kinds[kind].ended);
    assert_status(kinds[kind].ask(pointer), kinds[kind].answer);
    check_text(owner, words);
    assert_status(kinds[kind].end(pointer), kinds[kind].answer);
    check_text(owner, words);
}

static void test_null(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        char words[100];

        assert_status(kinds[i].end(NULL), YOKE_OK);
        if (kinds[i].ask != ask_shm) {
            (void)snprintf(words, sizeof words, "the %s is NULL", kinds[i].name);
            assert_status(kinds[i].ask(NULL), YOKE_EINVAL);
            check_text(NULL, words);
        }
    }
}

/* Also where nothing can be read, and inside of what is valid. */
static void test_other_memory(void **state)
{
    char on_stack[200] = {1};
    char *on_heap = calloc(1, 1000);

    (void)state;
    assert_non_null(on_heap);
    for (size_t i = 0; i < KINDS; i++) {
        char *valid = kinds[i].make();
        void *others[] = {(void *)(uintptr_t)16, on_stack, on_heap, on_heap + 1,
                          (void *)(UINTPTR_MAX - 7)};

        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
            check_not_valid(i, others[k], text_owner(i, others[k]));
        }
        if (i < 6) {
            check_not_valid(i, valid + 1, text_owner(i, valid + 1));
            check_not_valid(i, valid + 64, text_owner(i, valid + 64));
        }
        assert_status(kinds[i].end(valid), YOKE_OK);
    }
    free(on_heap);
}

static void test_other_kinds(void **state)
{
    void *valid[KINDS];

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        valid[i] = kinds[i].make();
    }
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t k = 0; k < KINDS; k++) {
            /* The text of an object's call is its pool's; of a pool's, that pointer's. */
            const void *owner = i == 0 ? valid[k] : i >= 6 && k >= 6 ? pool : NULL;
            char words[100];

            if (i != k) {
                (void)snprintf(
                    words, sizeof words, " is not a%s %s but a%s %s",
                    strchr("ae", kinds[i].name[0]) != NULL ? "n" : "", kinds[i].name,
                    strchr("ae", kinds[k].name[0]) != NULL ? "n" : "", kinds[k].name);
                assert_status(kinds[i].ask(valid[k]), YOKE_EINVAL);
                check_text(owner, words);
                assert_status(kinds[i].end(valid[k]), YOKE_EINVAL);
                check_text(i >= 6 && k >= 6 ? pool : owner, words);
            }
        }
    }
    for (size_t i = 0; i < KINDS; i++) {
        assert_status(kinds[i].ask == ask_shm ? YOKE_OK : kinds[i].ask(valid[i]),
                      YOKE_OK);
    }
    for (size_t i = KINDS; i-- > 0;) {
        assert_status(kinds[i].end(valid[i]), YOKE_OK);
    }
    api_check_works(pool);
}

static void test_destroyed(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        void *handle = kinds[i].make();
        void *next;

        assert_status(kinds[i].end(handle), YOKE_OK);
        check_not_valid(i, handle, i >= 6 ? pool : text_owner(i, handle));
        next = kinds[i].make(); /* does not take its place at once */
        check_not_valid(i, handle, i >= 6 ? pool : text_owner(i, handle));
        assert_status(kinds[i].end(next), YOKE_OK);
    }
    api_check_works(pool);
}

/* ---- as arguments ---- */

static void test_arguments(void **state)
{
    yoke_kernel *gone = make_kernel();
    yoke_future *future = make_future();
    yoke_future *more = NULL;
    yoke_stream *stream = NULL;
    const yoke_map_options behind = {.after = &future, .after_count = 1};
    const yoke_stream_options options = {.kernel = gone};

    (void)state;
    assert_ok(yoke_kernel_destroy(gone));
    assert_ok(yoke_future_destroy(future));
    assert_refused(pool,
                   yoke_map(pool, gone, yoke_range_1d(1), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "is not a valid kernel, or already destroyed");
    assert_refused(pool,
                   yoke_map(pool, (yoke_kernel *)(void *)numbers, yoke_range_1d(1),
                            yoke_out(numbers, 4), yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "is not a valid kernel");
    assert_refused(pool, yoke_stream_create(&stream, pool, &options, next_number, NULL),
                   YOKE_EINVAL, "is not a valid kernel, or already destroyed");
    assert_null(stream);
    assert_refused(
        pool,
        yoke_map_async(&more, pool, fill, yoke_range_1d(1), &behind,
                       YOKE_ARGS(yoke_out(numbers, 4), yoke_scalar((uint32_t)1))),
        YOKE_EINVAL, "after[0] is not a valid future, or already destroyed");
    future = (yoke_future *)(void *)fill;
    assert_refused(
        pool,
        yoke_map_async(&more, pool, fill, yoke_range_1d(1), &behind,
                       YOKE_ARGS(yoke_out(numbers, 4), yoke_scalar((uint32_t)1))),
        YOKE_EINVAL, "after[0] is not a valid future");
    assert_null(more);
    api_check_works(pool);
}

/* ---- futures ---- */

/* A job goes on when its future is destroyed, but the handle is not valid any more. */
static void test_running(void **state)
{
    yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
    api_gate *gate = api_gate_create(pool);
    yoke_future *held = NULL;

    (void)state;
    numbers[0] = 1;
    assert_ok_pool(pool, yoke_map_async(&held, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    api_gate_await(gate, 1);
    assert_ok(yoke_future_destroy(held));
    assert_status(yoke_future_destroy(held), YOKE_ECLOSED);
    assert_status(yoke_future_cancel(held), YOKE_ECLOSED);
    assert_false(yoke_future_is_done(held));
    assert_true(yoke_future_progress(held) == 0);
    assert_string_equal(yoke_future_error(held), "");
    api_gate_open(gate);
    assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    assert_int_equal(numbers[0], 2);
    assert_ok(yoke_kernel_destroy(hold));
}

/* In its callback a future can be destroyed, and is not valid from there on. */
static void destroy_twice(yoke_future *future, yoke_status status, void *context)
{
    yoke_status *answers = context;

    (void)status;
    answers[0] = yoke_future_wait(future, 0);
    answers[1] = yoke_future_destroy(future);
    answers[2] = yoke_future_destroy(future);
    answers[3] = yoke_future_wait(future, 0);
}

static void test_callback(void **state)
{
    yoke_status answers[4] = {YOKE_EBUSY, YOKE_EBUSY, YOKE_EBUSY, YOKE_EBUSY};
    yoke_future *future = make_future();

    (void)state;
    assert_ok(yoke_future_on_done(future, destroy_twice, answers));
    assert_status(answers[0], YOKE_OK);
    assert_status(answers[1], YOKE_OK);
    assert_status(answers[2], YOKE_ECLOSED);
    assert_status(answers[3], YOKE_ECLOSED);
}

/* ---- other processes ---- */

enum { APPLICATIONS = 6 /* of the kinds: the objects are everybody's */ };

/* How many of the application's handles are refused here; they are not valid in a process that
 * was started anew, and another's in one that was forked. */
static int count_refused(void *const *handles)
{
    int count = 0;

    for (size_t i = 0; i < APPLICATIONS; i++) {
        const yoke_status status = kinds[i].ask == ask_shm ? yoke_shm_close(handles[i])
                                                           : kinds[i].ask(handles[i]);

        count += status == YOKE_EINVAL || status == YOKE_ECLOSED;
    }
    return count;
}

static int refuse_all(yoke_task *task)
{
    int *count = yoke_task_output(task, sizeof *count);

    if (count == NULL) {
        return 1;
    }
    *count = count_refused(task->input);
    return 0;
}

static void test_processes(void **state)
{
    void *handles[APPLICATIONS];
    void *result = NULL;
    pid_t child;
    int status = 1;

    (void)state;
    for (size_t i = 0; i < APPLICATIONS; i++) {
        handles[i] = kinds[i].make();
    }
    assert_ok_pool(pool, yoke_apply(pool, refuse_all, handles, sizeof handles, &result,
                                    NULL, NULL));
    assert_int_equal(*(int *)result, APPLICATIONS);
    assert_ok(yoke_free(result));
    child = fork();
    if (child == 0) {
        _exit(count_refused(handles));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, APPLICATIONS << 8);
    for (size_t i = APPLICATIONS; i-- > 0;) {
        assert_status(kinds[i].end(handles[i]), YOKE_OK);
    }
    api_check_works(pool);
}

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:1");
    fill = api_kernel(pool, "fill", api_fill);
    numbers = api_numbers(pool, 1000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null),        cmocka_unit_test(test_other_memory),
        cmocka_unit_test(test_other_kinds), cmocka_unit_test(test_destroyed),
        cmocka_unit_test(test_arguments),   cmocka_unit_test(test_running),
        cmocka_unit_test(test_callback),    cmocka_unit_test(test_processes),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
