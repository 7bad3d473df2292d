/* SPDX-License-Identifier: MIT */
/*
 * The application is killed while others wait for something that will never come: what it
 * had forked hears of it from every call, and what the pool runs ends with it. And if the
 * supervisor is killed, the application's own threads hear of it.
 */
#include "api_setup.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 64, SECONDS = 60 };

/* Where they are, and what their calls said, in memory that outlives the application. */
typedef struct report {
    _Atomic int waiting;
    _Atomic int status; /* of the call, and 1 more */
} report;

typedef struct board {
    yoke_queue *empty;
    yoke_queue *full;
    yoke_queue *undone;
    yoke_pipe *quiet[2];  /* its other end waits, too */
    yoke_pipe *unused[2]; /* no process has its other end */
    yoke_pipe *stuffed[2];
    yoke_mutex *lock; /* held by a process that waits for the event */
    yoke_mutex *rlock;
    yoke_array *value;
    yoke_array *array;
    yoke_mutex *free_lock;
    yoke_mutex *other_lock;
    yoke_condition *condition;
    yoke_event *event;
    yoke_semaphore *semaphore;
    yoke_barrier *barrier;
    report *reports;
} board;

static bool is_never(void *context)
{
    (void)context;
    return false;
}

static yoke_status receive(yoke_pipe *end)
{
    char text[BYTES];

    return yoke_pipe_recv(end, text, &(size_t){sizeof text}, YOKE_FOREVER);
}

static yoke_status get(board *b)
{
    char text[BYTES];

    return yoke_queue_get(b->empty, text, &(size_t){sizeof text}, YOKE_FOREVER);
}

static yoke_status put(board *b)
{
    return yoke_queue_put(b->full, "", 1, YOKE_FOREVER);
}

static yoke_status join(board *b)
{
    return yoke_queue_wait(b->undone, YOKE_FOREVER);
}

static yoke_status receive_here(board *b)
{
    return receive(b->quiet[0]);
}

static yoke_status receive_there(board *b)
{
    return receive(b->quiet[1]);
}

static yoke_status poll_unused(board *b)
{
    return yoke_pipe_wait(b->unused[0], YOKE_FOREVER);
}

static yoke_status send(board *b)
{
    return yoke_pipe_send(b->stuffed[0], "", 1, YOKE_FOREVER);
}

static yoke_status wait_for_event(board *b)
{
    return yoke_event_wait(b->event, YOKE_FOREVER);
}

static yoke_status acquire_semaphore(board *b)
{
    return yoke_semaphore_acquire(b->semaphore, YOKE_FOREVER);
}

static yoke_status meet(board *b)
{
    return yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER);
}

/* Holds them all, and waits. */
static yoke_status hold(board *b)
{
    if (yoke_mutex_lock(b->lock, YOKE_FOREVER) != YOKE_OK ||
        yoke_mutex_lock(b->rlock, YOKE_FOREVER) != YOKE_OK ||
        yoke_array_lock(b->value, YOKE_FOREVER) != YOKE_OK ||
        yoke_array_lock(b->array, YOKE_FOREVER) != YOKE_OK) {
        return YOKE_EINVAL;
    }
    return yoke_event_wait(b->event, YOKE_FOREVER);
}

static yoke_status acquire(board *b)
{
    return yoke_mutex_lock(b->lock, YOKE_FOREVER);
}

static yoke_status acquire_again(board *b)
{
    return yoke_mutex_lock(b->rlock, YOKE_FOREVER);
}

static yoke_status set(board *b)
{
    const char bytes[BYTES] = "";

    return yoke_array_set(b->value, 0, bytes);
}

static yoke_status get_item(board *b)
{
    char item[BYTES];

    return yoke_array_get(b->array, 1, item);
}

static yoke_status wait_for_condition(board *b)
{
    const yoke_status status = yoke_mutex_lock(b->free_lock, YOKE_FOREVER);

    return status != YOKE_OK ? status
                             : yoke_condition_wait_for(b->condition, b->free_lock,
                                                       is_never, NULL, YOKE_FOREVER);
}

/* One by one, without a predicate. */
static yoke_status wait_again(board *b)
{
    yoke_status status = yoke_mutex_lock(b->other_lock, YOKE_FOREVER);

    while (status == YOKE_OK) {
        status = yoke_condition_wait(b->condition, b->other_lock, YOKE_FOREVER);
    }
    return status;
}

/* Each may also end because of another that has noticed it first. The process that holds the
 * lock comes first. */
static const struct {
    yoke_status (*call)(board *);
    yoke_status or_status;
} calls[] = {
    {hold, YOKE_EBROKEN},
    {get, YOKE_EBROKEN},
    {put, YOKE_EBROKEN},
    {join, YOKE_EBROKEN},
    {receive_here, YOKE_ECLOSED},
    {receive_there, YOKE_ECLOSED},
    {poll_unused, YOKE_EBROKEN},
    {send, YOKE_EBROKEN},
    {wait_for_event, YOKE_EBROKEN},
    {acquire_semaphore, YOKE_EBROKEN},
    {meet, YOKE_EBROKEN},
    {acquire, YOKE_EOWNERDEAD},
    {acquire_again, YOKE_EOWNERDEAD},
    {set, YOKE_EOWNERDEAD},
    {get_item, YOKE_EOWNERDEAD},
    {wait_for_condition, YOKE_EBROKEN},
    {wait_again, YOKE_EBROKEN},
};

enum { CALLS = sizeof calls / sizeof *calls };

static bool create_queues(yoke_pool *pool, board *b)
{
    const yoke_queue_options small = {.capacity = 16, .track_done = true};

    return yoke_queue_create(&b->empty, pool, &small) == YOKE_OK &&
           yoke_queue_create(&b->full, pool, &small) == YOKE_OK &&
           yoke_queue_put(b->full, "", 1, 0) == YOKE_OK &&
           yoke_queue_create(&b->undone, pool, &small) == YOKE_OK &&
           yoke_queue_put(b->undone, "", 1, 0) == YOKE_OK;
}

static bool create_pipes(yoke_pool *pool, board *b)
{
    const yoke_pipe_options small = {.capacity = 16};

    return yoke_pipe_create(b->quiet, pool, &small) == YOKE_OK &&
           yoke_pipe_create(b->unused, pool, &small) == YOKE_OK &&
           yoke_pipe_create(b->stuffed, pool, &small) == YOKE_OK &&
           yoke_pipe_send(b->stuffed[0], "", 1, 0) == YOKE_OK;
}

static bool create_others(yoke_pool *pool, board *b)
{
    return yoke_mutex_create(&b->lock, pool, NULL) == YOKE_OK &&
           yoke_mutex_create(&b->rlock, pool,
                             &(yoke_mutex_options){.recursive = true}) == YOKE_OK &&
           yoke_array_create(&b->value, pool, 1, BYTES, NULL) == YOKE_OK &&
           yoke_array_create(&b->array, pool, 2, BYTES, NULL) == YOKE_OK &&
           yoke_mutex_create(&b->free_lock, pool, NULL) == YOKE_OK &&
           yoke_mutex_create(&b->other_lock, pool, NULL) == YOKE_OK &&
           yoke_condition_create(&b->condition, pool, NULL) == YOKE_OK &&
           yoke_event_create(&b->event, pool, NULL) == YOKE_OK &&
           yoke_semaphore_create(&b->semaphore, pool, 0,
                                 &(yoke_semaphore_options){.max_permits = 1}) ==
               YOKE_OK &&
           yoke_barrier_create(&b->barrier, pool, CALLS, NULL) == YOKE_OK;
}

static board *create(yoke_pool *pool, report *reports)
{
    board *b = yoke_alloc(pool, sizeof *b);

    if (b == NULL || !create_queues(pool, b) || !create_pipes(pool, b) ||
        !create_others(pool, b)) {
        print_error("%s\n", yoke_pool_error(pool));
        return NULL;
    }
    b->reports = reports;
    return b;
}

typedef struct place {
    board *board;
    int call;
    int process; /* 1: one of the pool */
} place;

static int wait_there(void *argument, size_t bytes)
{
    const place *here = argument;
    report *own = &here->board->reports[2 * here->call + here->process];

    (void)bytes;
    atomic_store(&own->waiting, (int)getpid());
    atomic_store(&own->status, 1 + (int)calls[here->call].call(here->board));
    return 0;
}

static int wait_in_fork(void *argument)
{
    return wait_there(argument, sizeof(place));
}

/* ---- the application ---- */

static bool is_held(void *argument)
{
    board *b = argument;

    if (yoke_array_lock(b->array, 0) == YOKE_ETIMEDOUT) {
        return true;
    }
    (void)yoke_array_unlock(b->array);
    return false;
}

/* A process in every call, each time forked here, or started by the pool. */
static int wait_everywhere(yoke_pool *pool, board *b, int process)
{
    for (int i = 0; i < CALLS; i++) {
        place at = {b, i, process};
        yoke_process *started;

        if (process == 0 && yt_start_child(wait_in_fork, &at) < 0) {
            return 2;
        }
        if (process == 1 && yoke_process_start(&started, pool, wait_there, &at,
                                               sizeof at, NULL) != YOKE_OK) {
            return 3;
        }
        if (i == 0 && !yt_wait_until(is_held, b, SECONDS)) {
            return 4;
        }
    }
    return 0;
}

static int apply(void *argument)
{
    yoke_pool *pool = api_try_open("cpu:1");

    for (int process = 0; process < 2; process++) {
        board *b = pool != NULL ? create(pool, argument) : NULL;
        const int code = b != NULL ? wait_everywhere(pool, b, process) : 1;

        if (code != 0) {
            return code;
        }
    }
    for (;;) {
        (void)pause();
    }
}

static bool all_wait(void *argument)
{
    report *reports = argument;

    for (int i = 0; i < 2 * CALLS; i++) {
        if (atomic_load(&reports[i].waiting) == 0) {
            return false;
        }
    }
    return true;
}

static bool forks_have_ended(void *argument)
{
    report *reports = argument;

    for (int i = 0; i < CALLS; i++) {
        if (atomic_load(&reports[2 * i].status) == 0) {
            return false;
        }
    }
    return true;
}

static void test_application_killed(void **state)
{
    report *reports = mmap(NULL, 2 * CALLS * sizeof *reports, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool all;
    int pid;

    (void)state;
    assert_ptr_not_equal(reports, MAP_FAILED);
    pid = yt_start_child(apply, reports);
    assert_true(yt_wait_until(all_wait, reports, SECONDS));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(yt_wait_child(pid, SECONDS), -SIGKILL);
    all = yt_wait_until(forks_have_ended, reports, 20);
    for (int i = 0; i < CALLS; i++) {
        const int status = atomic_load(&reports[2 * i].status) - 1;

        if (status != YOKE_EBROKEN && status != calls[i].or_status) {
            print_error("call %d: %d\n", i, status);
            all = false;
            (void)kill(atomic_load(&reports[2 * i].waiting), SIGKILL);
        }
        assert_int_equal(atomic_load(&reports[2 * i + 1].status), 0);
    }
    assert_true(all);
    assert_int_equal(munmap(reports, 2 * CALLS * sizeof *reports), 0);
}

/* ---- the supervisor is killed, the application lives ---- */

static int say_parent(yoke_task *task)
{
    *(pid_t *)task->output = getppid();
    return 0;
}

typedef struct waiting_thread {
    pthread_t thread;
    place at;
} waiting_thread;

static void *wait_in_thread(void *context)
{
    waiting_thread *self = context;

    (void)wait_there(&self->at, sizeof self->at);
    return NULL;
}

static bool first_wait(void *argument)
{
    const report *reports = argument;

    for (int i = 0; i < CALLS; i++) {
        if (atomic_load(&reports[2 * i].waiting) == 0) {
            return false;
        }
    }
    return true;
}

static void test_supervisor_killed(void **state)
{
    static report reports[2 * CALLS];
    static waiting_thread threads[CALLS];
    yoke_pool *pool = api_open("cpu:1");
    board *b = create(pool, reports);
    pid_t supervisor = 0;

    (void)state;
    assert_non_null(b);
    assert_ok_pool(
        pool, yoke_apply_each(pool, say_parent, 1, NULL,
                              YOKE_ARGS(yoke_out(&supervisor, sizeof supervisor))));
    assert_true(supervisor > 1);
    for (int i = 0; i < CALLS; i++) {
        threads[i].at = (place){b, i, 0};
        assert_int_equal(
            pthread_create(&threads[i].thread, NULL, wait_in_thread, &threads[i]), 0);
        assert_true(i > 0 || yt_wait_until(is_held, b, SECONDS));
    }
    assert_true(yt_wait_until(first_wait, reports, SECONDS));
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_true(yt_wait_until(forks_have_ended, reports, SECONDS));
    for (int i = 0; i < CALLS; i++) {
        const int status = atomic_load(&reports[2 * i].status) - 1;

        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        assert_true(status == YOKE_EBROKEN || status == (int)calls[i].or_status);
    }
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_application_killed),
        yt_unit_test(test_supervisor_killed),
    };

    return yt_run_group(tests);
}
