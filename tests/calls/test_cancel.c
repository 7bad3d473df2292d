/* SPDX-License-Identifier: MIT */
/* pthread_cancel() of threads inside of every wait: they end soon, and what they have waited
 * for is as if they had never come. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "calls_setup.h"

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = calls_open();
    return 0;
}

static int tear_down(void **state)
{
    calls_check_and_close(pool);
    return yt_test_teardown(state);
}

/* What there is to wait for. */
static struct {
    _Atomic int *gate;
    yoke_future *future;
    yoke_queue *empty;
    yoke_queue *full;
    yoke_mutex *lock;
    yoke_mutex *rlock;
    yoke_condition *condition;
    yoke_mutex *of_condition;
    yoke_barrier *barrier;
    yoke_semaphore *semaphore;
    yoke_event *event;
    yoke_pipe *pipe[2];
    yoke_array *value;
    yoke_stream *stream;
    yoke_process *process;
    yoke_kernel *held;
    void *lent;
    _Atomic int released; /* the lock of the condition, by a cleanup handler */
} here;

/* ---- the waits ---- */

static void wait_future(void)
{
    (void)yoke_future_wait(here.future, YOKE_FOREVER);
}
static void wait_pool(void)
{
    (void)yoke_pool_wait(pool, YOKE_FOREVER);
}
static void wait_close(void)
{
    (void)yoke_pool_close(pool);
}

static void wait_get(void)
{
    int item;
    size_t bytes = sizeof item;

    (void)yoke_queue_get(here.empty, &item, &bytes, YOKE_FOREVER);
}

static void wait_put(void)
{
    const int item = 1;

    (void)yoke_queue_put(here.full, &item, sizeof item, YOKE_FOREVER);
}

static void wait_join_queue(void)
{
    (void)yoke_queue_wait(here.full, YOKE_FOREVER);
}
static void wait_lock(void)
{
    (void)yoke_mutex_lock(here.lock, YOKE_FOREVER);
}
static void wait_rlock(void)
{
    (void)yoke_mutex_lock(here.rlock, YOKE_FOREVER);
}

static void release(void *lock)
{
    atomic_store(&here.released, yoke_mutex_unlock(lock) == YOKE_OK);
}

static void wait_condition(void)
{
    (void)yoke_mutex_lock(here.of_condition, YOKE_FOREVER);
    pthread_cleanup_push(release, here.of_condition);
    while (yoke_condition_wait(here.condition, here.of_condition, YOKE_FOREVER) ==
           YOKE_OK) {
        /* nothing has been changed */
    }
    pthread_cleanup_pop(0);
}

static void wait_barrier(void)
{
    (void)yoke_barrier_wait(here.barrier, NULL, YOKE_FOREVER);
}
static void wait_semaphore(void)
{
    (void)yoke_semaphore_acquire(here.semaphore, YOKE_FOREVER);
}
static void wait_event(void)
{
    (void)yoke_event_wait(here.event, YOKE_FOREVER);
}

static void wait_pipe(void)
{
    char text[8];
    size_t bytes = sizeof text;

    (void)yoke_pipe_recv(here.pipe[1], text, &bytes, YOKE_FOREVER);
}

static void wait_poll_pipe(void)
{
    (void)yoke_pipe_wait(here.pipe[1], YOKE_FOREVER);
}
static void wait_value(void)
{
    (void)yoke_array_lock(here.value, YOKE_FOREVER);
}

static void wait_stream(void)
{
    void *result;

    (void)yoke_stream_next(here.stream, &result, YOKE_FOREVER);
}

static void wait_process(void)
{
    (void)yoke_process_wait(here.process, NULL, YOKE_FOREVER);
}
static void wait_reclaim(void)
{
    (void)yoke_reclaim(here.lent);
}

static void wait_map(void)
{
    int out[8];
    const yoke_map_options options = {.stage = true};

    (void)yoke_map_with(
        pool, here.held, yoke_range_1d(8), &options,
        YOKE_ARGS(yoke_out(out, sizeof out[0]), yoke_in_whole(here.gate, 4)));
}

static const struct {
    const char *name;
    void (*call)(void);
} waits[] = {
    {"future_wait", wait_future},
    {"pool_wait", wait_pool},
    {"queue_get", wait_get},
    {"queue_put", wait_put},
    {"lock", wait_lock},
    {"rlock", wait_rlock},
    {"queue_join", wait_join_queue},
    {"condition", wait_condition},
    {"barrier", wait_barrier},
    {"event", wait_event},
    {"semaphore", wait_semaphore},
    {"pipe_recv", wait_pipe},
    {"value", wait_value},
    {"pipe_poll", wait_poll_pipe},
    {"stream", wait_stream},
    {"map", wait_map},
    {"process_join", wait_process},
    {"close", wait_close},
    {"reclaim", wait_reclaim},
};

/* ---- what they wait for ---- */

static int held_item(yoke_task *task)
{
    _Atomic int *gate = *(void *const *)task->context;

    while (atomic_load(gate) == 0) {
        (void)usleep(1000);
    }
    memcpy(task->output, task->input, task->output_bytes);
    return 0;
}

static void held_kernel(const yoke_span *span, void *const *args)
{
    _Atomic int *gate = args[1];

    while (atomic_load(gate) == 0) {
        (void)usleep(1000);
    }
    calls_number(span, args);
}

static int held_process(void *argument, size_t bytes)
{
    _Atomic int *gate;

    memcpy(&gate, argument, bytes);
    while (atomic_load(gate) == 0) {
        (void)usleep(1000);
    }
    return 0;
}

static int next_item(void *item, size_t index, void *context)
{
    (void)context;
    *(int *)item = (int)index;
    return index < 20;
}

static void make_objects(void)
{
    const int item = 7;
    const yoke_queue_options roomy = {.item_bytes = sizeof item};
    const yoke_queue_options narrow = {
        .item_bytes = sizeof item, .capacity = 1, .track_done = true};

    here.gate = calls_gate(pool);
    here.lent = yoke_alloc(pool, 4096);
    assert_ok_pool(pool, yoke_queue_create(&here.empty, pool, &roomy));
    assert_ok_pool(pool, yoke_queue_create(&here.full, pool, &narrow));
    assert_ok_pool(pool, yoke_queue_put(here.full, &item, sizeof item, 0));
    assert_ok_pool(pool, yoke_mutex_create(&here.lock, pool, NULL));
    assert_ok_pool(pool, yoke_mutex_lock(here.lock, 0));
    assert_ok_pool(pool, yoke_mutex_create(&here.rlock, pool,
                                           &(yoke_mutex_options){.recursive = true}));
    assert_ok_pool(pool, yoke_mutex_lock(here.rlock, 0));
    assert_ok_pool(pool, yoke_mutex_create(&here.of_condition, pool, NULL));
    assert_ok_pool(pool, yoke_condition_create(&here.condition, pool, NULL));
    assert_ok_pool(pool, yoke_barrier_create(&here.barrier, pool, 2, NULL));
    assert_ok_pool(pool,
                   yoke_semaphore_create(&here.semaphore, pool, 0,
                                         &(yoke_semaphore_options){.max_permits = 1}));
    assert_ok_pool(pool, yoke_event_create(&here.event, pool, NULL));
    assert_ok_pool(pool, yoke_pipe_create(here.pipe, pool, NULL));
    assert_ok_pool(pool, yoke_array_create(&here.value, pool, 1, sizeof item,
                                           &(yoke_array_options){.initial = &item}));
    assert_ok_pool(pool, yoke_array_lock(here.value, 0));
    atomic_store(&here.released, 0);
}

static void make_jobs(void)
{
    const yoke_stream_options options = {.function = held_item,
                                         .input_bytes = sizeof(int),
                                         .output_bytes = sizeof(int),
                                         .context = &here.gate,
                                         .context_bytes = sizeof here.gate};

    here.held = calls_kernel(pool, "held", held_kernel);
    here.future = calls_held(pool, here.gate);
    assert_ok_pool(pool,
                   yoke_stream_create(&here.stream, pool, &options, next_item, NULL));
    assert_ok_pool(pool, yoke_process_start(&here.process, pool, held_process,
                                            &here.gate, sizeof here.gate, NULL));
    assert_ok_pool(pool, yoke_lend(here.lent));
}

/* ---- cancelling ---- */

typedef struct cancelled {
    void (*call)(void);
    pthread_t thread;
    _Atomic int has_begun;
} cancelled;

static void *run_wait(void *context)
{
    cancelled *self = context;

    atomic_store(&self->has_begun, 1);
    self->call();
    return NULL;
}

static void begin_wait(cancelled *self)
{
    assert_int_equal(pthread_create(&self->thread, NULL, run_wait, self), 0);
    while (atomic_load(&self->has_begun) == 0) {
        (void)usleep(100);
    }
    (void)usleep(30000);
}

/* It ends soon although what it waits for does not come. */
static void end_wait(cancelled *self, const char *name)
{
    struct timespec limit;
    void *result;

    (void)clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 30;
    assert_int_equal(pthread_cancel(self->thread), 0);
    if (pthread_timedjoin_np(self->thread, &result, &limit) != 0) {
        fail_msg("%s: the thread does not end", name);
    }
    if (result != PTHREAD_CANCELED) {
        fail_msg("%s: the thread was not cancelled", name);
    }
}

static void check_objects(void)
{
    int item = 0;
    size_t bytes = sizeof item;
    char text[8];
    yoke_status broken;

    assert_ok_pool(pool, yoke_mutex_unlock(here.lock));
    assert_ok_pool(pool, yoke_mutex_lock(here.lock, 10));
    assert_ok_pool(pool, yoke_mutex_unlock(here.rlock));
    assert_ok_pool(pool, yoke_mutex_lock(here.rlock, 10));
    assert_ok_pool(pool, yoke_mutex_lock(here.of_condition, 10));
    assert_ok_pool(pool, yoke_mutex_unlock(here.of_condition));
    assert_ok_pool(pool, yoke_queue_put(here.empty, &item, sizeof item, 10));
    assert_ok_pool(pool, yoke_queue_get(here.empty, &item, &bytes, 10));
    assert_ok_pool(pool, yoke_queue_get(here.full, &item, &bytes, 10));
    assert_int_equal(item, 7);
    assert_ok_pool(pool, yoke_queue_put(here.full, &item, sizeof item, 10));
    assert_ok_pool(pool, yoke_semaphore_release(here.semaphore, 1));
    assert_ok_pool(pool, yoke_semaphore_acquire(here.semaphore, 10));
    assert_ok_pool(pool, yoke_event_set(here.event));
    assert_ok_pool(pool, yoke_event_wait(here.event, 10));
    assert_ok_pool(pool, yoke_event_clear(here.event));
    assert_ok_pool(pool, yoke_pipe_send(here.pipe[0], "abc", 4, 10));
    bytes = sizeof text;
    assert_ok_pool(pool, yoke_pipe_recv(here.pipe[1], text, &bytes, 10));
    assert_string_equal(text, "abc");
    assert_ok_pool(pool, yoke_array_unlock(here.value));
    assert_ok_pool(pool, yoke_array_lock(here.value, 10));
    /* A thread that gives up at a barrier breaks it. */
    broken = yoke_barrier_wait(here.barrier, NULL, 0);
    assert_true(broken == YOKE_EBROKEN || broken == YOKE_ETIMEDOUT);
    assert_ok_pool(pool, yoke_barrier_reset(here.barrier));
    assert_int_equal(yoke_barrier_waiting(here.barrier), 0);
}

static void check_jobs(void)
{
    void *result;
    int count = 0;

    atomic_store(here.gate, 1);
    assert_ok_pool(pool, yoke_future_wait(here.future, 60));
    yoke_future_destroy(here.future);
    for (;;) {
        assert_ok_pool(pool, yoke_stream_next(here.stream, &result, 60));
        if (result == NULL) {
            break;
        }
        assert_int_equal(*(int *)result, count++);
    }
    assert_int_equal(count, 20);
    yoke_stream_destroy(here.stream);
    assert_ok_pool(pool, yoke_process_wait(here.process, NULL, 60));
    yoke_process_destroy(here.process);
    assert_ok_pool(pool, yoke_reclaim(here.lent));
}

/* The memory is used by a job that has not ended. */
static yoke_future *use_lent(void)
{
    const yoke_task_options options = {.context = &here.gate,
                                       .context_bytes = sizeof here.gate};
    yoke_future *future;

    assert_ok_pool(pool,
                   yoke_apply_each_async(
                       &future, pool, held_item, 4, &options,
                       YOKE_ARGS(yoke_in(here.lent, sizeof(int)),
                                 yoke_out((char *)here.lent + 2048, sizeof(int)))));
    return future;
}

static void test_each_wait(void **state)
{
    yoke_future *using;

    (void)state;
    make_objects();
    make_jobs();
    using = use_lent();
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        cancelled one = {.call = waits[i].call};

        begin_wait(&one);
        end_wait(&one, waits[i].name);
        check_objects();
    }
    assert_int_equal(atomic_load(&here.released), 1);
    atomic_store(here.gate, 1);
    assert_ok_pool(pool, yoke_future_wait(using, 60));
    yoke_future_destroy(using);
    check_jobs();
}

/* All at once, several of each. */
static void test_many_at_once(void **state)
{
    enum { WAITS = sizeof waits / sizeof waits[0], EACH = 3 };
    cancelled all[WAITS * EACH];

    (void)state;
    make_objects();
    make_jobs();
    memset(all, 0, sizeof all);
    for (int i = 0; i < WAITS * EACH; i++) {
        const char *name = waits[i % WAITS].name;

        /* Two of them would have a stream to themselves, or close the pool. */
        all[i].call = strcmp(name, "stream") == 0 || strcmp(name, "close") == 0 ||
                              strcmp(name, "barrier") == 0 ||
                              strcmp(name, "reclaim") == 0
                          ? wait_event
                          : waits[i % WAITS].call;
        begin_wait(&all[i]);
    }
    for (int i = 0; i < WAITS * EACH; i++) {
        end_wait(&all[i], waits[i % WAITS].name);
    }
    check_objects();
    check_jobs();
}

/* ---- at any moment ---- */

static void *use_everything(void *context)
{
    int out[64];
    const yoke_map_options staged = {.stage = true};

    (void)context;
    for (;;) {
        yoke_kernel *kernel = NULL;
        const yoke_kernel_options options = {.name = "number", .native = calls_number};
        void *memory = yoke_alloc(pool, 100000);

        (void)yoke_free(memory);
        if (yoke_kernel_create(&kernel, pool, &options) == YOKE_OK) {
            (void)yoke_map_with(pool, kernel, yoke_range_1d(64), &staged,
                                YOKE_ARGS(yoke_out(out, sizeof out[0])));
        }
        yoke_kernel_destroy(kernel);
        (void)yoke_pool_wait(pool, 0.001);
    }
    return NULL;
}

static void test_at_any_moment(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 40; turn++) {
        cancelled one = {.call = NULL};

        assert_int_equal(pthread_create(&one.thread, NULL, use_everything, NULL), 0);
        (void)usleep(1000 + turn * 777 % 20000);
        end_wait(&one, "a thread that uses everything");
    }
    calls_check_usable(pool);
}

/* What is not cancelled goes on as before, and afterwards the thread can be. */
static void *disabled(void *context)
{
    int state;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    (void)yoke_future_wait(context, YOKE_FOREVER);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    return state == PTHREAD_CANCEL_DISABLE ? context : NULL;
}

static void test_a_thread_that_does_not_want_it(void **state)
{
    _Atomic int *gate = calls_gate(pool);
    yoke_future *future = calls_held(pool, gate);
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, disabled, future), 0);
    (void)usleep(50000);
    assert_int_equal(pthread_cancel(thread), 0);
    (void)usleep(150000);
    assert_int_equal(pthread_tryjoin_np(thread, &result), EBUSY);
    atomic_store(gate, 1);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, future);
    yoke_future_destroy(future);
}

int main(void)
{
#define ON_A_POOL(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_A_POOL(test_each_wait),
        ON_A_POOL(test_many_at_once),
        ON_A_POOL(test_at_any_moment),
        ON_A_POOL(test_a_thread_that_does_not_want_it),
    };

    return CALLS_SANITIZED ? 77 : yt_run_group(tests);
}
