/* SPDX-License-Identifier: MIT */
/* Pointers into named segments that reach a process without a launch that declares them, and
 * addresses at which a segment was that has been closed. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "process_setup.h"

enum { BYTES = 3 * 4096 + 100, THREADS = 8 };

/* What passes between a test and what it runs: in memory that all of them have. */
typedef struct post {
    _Atomic(char *) pointer; /* polled */
    _Atomic(char *) second;
    _Atomic int arrived;
    _Atomic int end;
    yoke_queue *queue;
    yoke_pipe *pipe;
    yoke_array *value;
    yoke_array *array;
    yoke_event *event;
    yoke_mutex *lock;
    yoke_barrier *barrier;
} post;

static yoke_shm *segment_of(size_t bytes)
{
    yoke_shm *shm = NULL;

    assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, bytes, NULL));
    assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
    strcpy(yoke_shm_pointer(shm), "from parent");
    return shm;
}

static post *new_post(void)
{
    post *made = yoke_alloc(pool, sizeof *made);

    assert_non_null(made);
    return made;
}

/* ---- what is done with such a pointer; 0: all is right ---- */

/* The system does not call handlers: for it the memory must be there. */
static bool can_be_read_into(char *p)
{
    const int fd = open("/dev/zero", O_RDONLY);
    const bool read_it = fd >= 0 && read(fd, p + 4096, 4096) == 4096;

    (void)close(fd);
    return read_it;
}

static int use_directly(char *p)
{
    if (strcmp(p, "from parent") != 0) {
        return 10;
    }
    strcpy(p, "from child");
    p[BYTES - 1] = 'e';
    return 0;
}

static int use_with_system(char *p)
{
    return !can_be_read_into(p) ? 20 : use_directly(p);
}

/* ---- ways ---- */

static char *polled(_Atomic(char *) *place)
{
    char *p;

    while ((p = atomic_load(place)) == NULL) {
        (void)usleep(200);
    }
    return p;
}

static int by_argument(void *argument, size_t bytes)
{
    char *p;

    memcpy(&p, argument, sizeof p);
    return bytes != sizeof p ? 1 : use_with_system(p);
}

static int by_polling(void *argument, size_t bytes)
{
    post *own = argument;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    return use_directly(polled(&own->pointer));
}

static int by_queue(void *argument, size_t bytes)
{
    post *own = argument;
    char *p;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    return yoke_queue_get(own->queue, &p, NULL, SECONDS) != YOKE_OK
               ? 1
               : use_with_system(p);
}

static int by_pipe(void *argument, size_t bytes)
{
    post *own = argument;
    char *p;
    size_t room = sizeof p;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    return yoke_pipe_recv(own->pipe, &p, &room, SECONDS) != YOKE_OK
               ? 1
               : use_with_system(p);
}

static int by_value(void *argument, size_t bytes)
{
    post *own = argument;
    char *p = NULL;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    while (p == NULL) {
        if (yoke_array_get(own->value, 0, &p) != YOKE_OK) {
            return 1;
        }
        (void)usleep(200);
    }
    return use_with_system(p);
}

static int by_array(void *argument, size_t bytes)
{
    post *own = argument;
    char *p = NULL;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    while (p == NULL) {
        if (yoke_array_get(own->array, 3, &p) != YOKE_OK) {
            return 1;
        }
        (void)usleep(200);
    }
    return use_with_system(p);
}

static int by_event(void *argument, size_t bytes)
{
    post *own = argument;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    return yoke_event_wait(own->event, SECONDS) != YOKE_OK
               ? 1
               : use_with_system(atomic_load(&own->pointer));
}

static int by_lock(void *argument, size_t bytes)
{
    post *own = argument;
    yoke_status status;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    status = yoke_mutex_lock(own->lock, SECONDS);
    return status != YOKE_OK ? 1 : use_with_system(atomic_load(&own->pointer));
}

static int by_barrier(void *argument, size_t bytes)
{
    post *own = argument;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    return yoke_barrier_wait(own->barrier, NULL, SECONDS) != YOKE_OK
               ? 1
               : use_with_system(atomic_load(&own->pointer));
}

/* The first segment has the address of the second. */
static int by_segment(void *argument, size_t bytes)
{
    post *own = argument;
    char *inner;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    memcpy(&inner, polled(&own->second), sizeof inner);
    return use_directly(inner);
}

static void *touch(void *pointer)
{
    return (void *)(intptr_t)(strcmp(pointer, "from parent") == 0 ? 0 : 1);
}

/* Several threads come to the segment at once. */
static int by_threads(void *argument, size_t bytes)
{
    post *own = argument;
    pthread_t threads[THREADS];
    char *p;
    intptr_t wrong = 0;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    p = polled(&own->pointer);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, touch, p) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;

        (void)pthread_join(threads[i], &result);
        wrong += (intptr_t)result;
    }
    return wrong != 0 ? 2 : use_directly(p);
}

static const struct {
    const char *name;
    yoke_process_function *function;
} ways[] = {
    {"polling", by_polling}, {"queue", by_queue},     {"pipe", by_pipe},
    {"value", by_value},     {"array", by_array},     {"event", by_event},
    {"lock", by_lock},       {"barrier", by_barrier}, {"segment", by_segment},
    {"threads", by_threads},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static int pipe_pair(post *own, yoke_pipe *ends[2])
{
    const int status = yoke_pipe_create(ends, pool, NULL);

    own->pipe = ends[1];
    return status;
}

/* A post with all there is, and the lock taken. */
static post *equipped(yoke_pipe *ends[2])
{
    post *own = new_post();

    assert_ok_pool(pool, yoke_queue_create(&own->queue, pool,
                                           &(yoke_queue_options){.item_bytes = 8}));
    assert_int_equal(pipe_pair(own, ends), 0);
    assert_ok_pool(pool, yoke_array_create(&own->value, pool, 1, 8, NULL));
    assert_ok_pool(pool, yoke_array_create(&own->array, pool, 5, 8, NULL));
    assert_ok_pool(pool, yoke_event_create(&own->event, pool, NULL));
    assert_ok_pool(pool, yoke_mutex_create(&own->lock, pool, NULL));
    assert_ok_pool(pool, yoke_barrier_create(&own->barrier, pool, 2, NULL));
    assert_ok(yoke_mutex_lock(own->lock, 0));
    return own;
}

static void tell_all(post *own, yoke_pipe *ends[2], char *p, char *outer, int way)
{
    memcpy(outer, &p, sizeof p);
    atomic_store(&own->pointer, p);
    atomic_store(&own->second, outer);
    assert_ok_pool(pool, yoke_queue_put(own->queue, &p, sizeof p, 0));
    assert_ok_pool(pool, yoke_pipe_send(ends[0], &p, sizeof p, 0));
    assert_ok_pool(pool, yoke_array_set(own->value, 0, &p));
    assert_ok_pool(pool, yoke_array_set(own->array, 3, &p));
    assert_ok_pool(pool, yoke_event_set(own->event));
    assert_ok(yoke_mutex_unlock(own->lock));
    if (ways[way].function == by_barrier) {
        assert_ok_pool(pool, yoke_barrier_wait(own->barrier, NULL, SECONDS));
    }
}

static bool has_come(void *context)
{
    return atomic_load(&((post *)context)->arrived) > 0;
}

static void check(const char *what, int code, const char *text, const char *p)
{
    if (code != 0 || strcmp(p, "from child") != 0) {
        fail_msg("%s: code %d, '%s', '%s'", what, code, text, p);
    }
}

static void test_argument(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        yoke_shm *shm = segment_of(BYTES);
        char *p = yoke_shm_pointer(shm);

        check("argument", finish(start(by_argument, &p, sizeof p)), "", p);
        assert_ok_pool(pool, yoke_shm_close(shm));
    }
}

/* A process that is there already when the segment is opened. */
static void test_running_process(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        yoke_pipe *ends[2];
        post *own = equipped(ends);
        yoke_process *process = start(ways[way].function, own, 0);
        yoke_shm *shm;
        yoke_shm *outer;
        char *p;

        assert_true(yt_wait_until(has_come, own, SECONDS));
        shm = segment_of(BYTES);
        outer = segment_of(100);
        p = yoke_shm_pointer(shm);
        tell_all(own, ends, p, yoke_shm_pointer(outer), way);
        check(ways[way].name, finish(process), "process", p);
        assert_ok_pool(pool, yoke_shm_close(shm));
        assert_ok_pool(pool, yoke_shm_close(outer));
    }
}

/* Not the function: in a spawned worker it lies elsewhere. */
typedef struct errand {
    int way;
    post *own;
} errand;

static int do_errand(yoke_task *task)
{
    const errand *one = task->input;
    const int code = ways[one->way].function(one->own, 0);

    return code == 0 ? 0 : yoke_task_fail(task, code, "code %d", code);
}

/* A task that runs already. */
static void test_running_task(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        yoke_pipe *ends[2];
        const errand one = {way, equipped(ends)};
        yoke_future *future = NULL;
        yoke_shm *shm;
        yoke_shm *outer;
        char *p;

        assert_ok_pool(
            pool, yoke_apply_async(&future, pool, do_errand, &one, sizeof one, NULL));
        assert_true(yt_wait_until(has_come, one.own, SECONDS));
        shm = segment_of(BYTES);
        outer = segment_of(100);
        p = yoke_shm_pointer(shm);
        tell_all(one.own, ends, p, yoke_shm_pointer(outer), way);
        check(ways[way].name, yoke_future_wait(future, SECONDS),
              yoke_future_error(future), p);
        yoke_future_destroy(future);
        assert_ok_pool(pool, yoke_shm_close(shm));
        assert_ok_pool(pool, yoke_shm_close(outer));
    }
}

static int use_input(yoke_task *task)
{
    char *p;

    memcpy(&p, task->input, sizeof p);
    return use_with_system(p);
}

/* Inside of a task's input, which declares nothing; also of a worker that has come since. */
static void test_input_of_task(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        yoke_shm *shm = segment_of(BYTES);
        char *p = yoke_shm_pointer(shm);
        yoke_worker_info worker;
        size_t count;

        if (i == 2) {
            assert_ok_pool(pool, yoke_pool_workers(pool, &worker, 1, &count));
            (void)kill(worker.pid, SIGKILL);
        }
        check("input", yoke_apply(pool, use_input, &p, sizeof p, NULL, NULL, NULL),
              yoke_pool_error(pool), p);
        assert_ok_pool(pool, yoke_shm_close(shm));
    }
}

/* ---- after a close ---- */

static char peek_at(char *p)
{
    return *(volatile char *)p;
}

/* Uses a segment, and memory that is allocated after it was closed, polled both. */
static int use_both(void *argument, size_t bytes)
{
    post *own = argument;
    char first = peek_at(polled(&own->pointer));

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    return first != 'f' ? 1 : peek_at(polled(&own->second)) == 'n' ? 0 : 2;
}

static int use_both_task(yoke_task *task)
{
    post *own;

    memcpy(&own, task->input, sizeof own);
    return use_both(own, 0);
}

/* Something new is seen as it is, by who still has what was closed meanwhile: memory of the
 * pool, and another segment. */
static void see_new(bool in_task, bool in_segment)
{
    post *own = new_post();
    yoke_shm *shm = segment_of(BYTES);
    yoke_shm *next = NULL;
    yoke_future *future = NULL;
    yoke_process *process = NULL;
    char *p;

    if (in_task) {
        assert_ok_pool(pool, yoke_apply_async(&future, pool, use_both_task, &own,
                                              sizeof own, NULL));
    } else {
        process = start(use_both, own, 0);
    }
    atomic_store(&own->pointer, (char *)yoke_shm_pointer(shm));
    assert_true(yt_wait_until(has_come, own, SECONDS));
    assert_ok_pool(pool, yoke_shm_close(shm));
    if (in_segment) {
        next = segment_of(BYTES);
    }
    p = in_segment ? yoke_shm_pointer(next) : yoke_alloc(pool, BYTES);
    assert_non_null(p);
    p[0] = 'n';
    atomic_store(&own->second, p);
    if (in_task) {
        assert_ok(yoke_future_wait(future, SECONDS));
        yoke_future_destroy(future);
    } else {
        assert_int_equal(finish(process), 0);
    }
    assert_ok_pool(pool, yoke_shm_close(next));
}

static void test_new_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        see_new((i & 1) != 0, (i & 2) != 0);
    }
}

static int crash_with_segment(yoke_task *task)
{
    if (task->index == 3) {
        (void)raise(SIGKILL);
    }
    ++*(char *)task->args[0];
    return 0;
}

static int peek_new(void *argument, size_t bytes)
{
    char *p;

    memcpy(&p, argument, sizeof p);
    return bytes != sizeof p ? 1 : peek_at(p);
}

/* The supervisor has mapped a segment to restore it: what it forks then does not have it any
 * more, and what comes next is there. */
static void test_stale_view(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        yoke_shm *shm = segment_of(8192);
        yoke_shm *next;
        const yoke_arg arg = yoke_inout(yoke_shm_pointer(shm), 1);
        char *old = yoke_shm_pointer(shm);
        char *p;

        (void)yoke_apply_each(pool, crash_with_segment, 8, NULL, &arg, 1);
        assert_ok_pool(pool, yoke_shm_close(shm));
        p = yoke_alloc(pool, 8192);
        p[0] = 5;
        assert_int_equal(finish(start(peek_new, &p, sizeof p)), 5);
        next = segment_of(8192);
        p = yoke_shm_pointer(next);
        assert_int_equal(finish(start(peek_new, &p, sizeof p)), 'f');
        assert_int_equal(finish(start(peek_new, &old, sizeof old)), -SIGSEGV);
        assert_ok_pool(pool, yoke_shm_close(next));
    }
}

/* A process that follows a pointer into a closed segment crashes, and the text says so. */
static void test_closed(void **state)
{
    yoke_shm *shm = segment_of(BYTES);
    char *p = yoke_shm_pointer(shm);

    (void)state;
    assert_ok(yoke_apply(pool, use_input, &p, sizeof p, NULL, NULL, NULL));
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_refused(pool, yoke_apply(pool, use_input, &p, sizeof p, NULL, NULL, NULL),
                   YOKE_EKERNEL, "20"); /* the system refuses it, too */
    assert_status(yoke_apply(pool, use_input, &p, sizeof p, NULL, NULL, NULL),
                  YOKE_EKERNEL);
}

static int write_it(yoke_task *task)
{
    char *p;

    memcpy(&p, task->input, sizeof p);
    p[task->index] = 'w';
    return 0;
}

static void test_crash_texts(void **state)
{
    yoke_shm *shm = segment_of(BYTES);
    yoke_shm *reading = NULL;
    char name[64];
    char *p = yoke_shm_pointer(shm);

    (void)state;
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_status(yoke_apply(pool, write_it, &p, sizeof p, NULL, NULL, NULL),
                  YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "wrote to address 0x");
    assert_contains(yoke_pool_error(pool), "where a segment was closed");
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, BYTES, NULL));
    (void)snprintf(name, sizeof name, "%s", yoke_shm_name(shm));
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_ok_pool(pool,
                   yoke_shm_open(&reading, pool, name,
                                 &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}));
    assert_ok_pool(pool, yoke_shm_unlink(name));
    p = yoke_shm_pointer(reading);
    assert_status(yoke_apply(pool, write_it, &p, sizeof p, NULL, NULL, NULL),
                  YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "open read-only");
    assert_contains(yoke_pool_error(pool), name);
    assert_ok_pool(pool, yoke_shm_close(reading));
    p = (char *)(uintptr_t)8;
    assert_status(yoke_apply(pool, write_it, &p, sizeof p, NULL, NULL, NULL),
                  YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "wrote to address 0x8");
}

/* ---- ranges ---- */

static int hold_segment(void *argument, size_t bytes)
{
    post *own = argument;
    const char first = peek_at(polled(&own->pointer));

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    while (atomic_load(&own->end) == 0) {
        (void)usleep(200);
    }
    /* What was closed is either still what it was, or nothing: never something else. */
    return peek_at(atomic_load(&own->pointer)) == first ? 0 : 1;
}

/* Address space that a process may still have is not used again, and when there is no other the
 * error says so; when the process has ended all of it is. */
static void test_narrow_window(void **state)
{
    enum { PIECE = 256 << 10 };
    yoke_pool *wide = pool;
    yoke_process *process;
    yoke_shm *shm = NULL;
    post *own;

    (void)state;
    pool = NULL;
    assert_ok_pool(
        NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1",
                                                           .arena_bytes = 1 << 20}));
    own = new_post();
    for (int i = 0; i < 50; i++) { /* far more than fit */
        char *p;

        shm = segment_of(PIECE);
        p = yoke_shm_pointer(shm);
        check("narrow", yoke_apply(pool, use_input, &p, sizeof p, NULL, NULL, NULL),
              yoke_pool_error(pool), p);
        assert_ok_pool(pool, yoke_shm_close(shm));
    }
    shm = segment_of(PIECE);
    strcpy(yoke_shm_pointer(shm), "old");
    atomic_store(&own->pointer, (char *)yoke_shm_pointer(shm));
    process = start(hold_segment, own, 0);
    assert_true(yt_wait_until(has_come, own, SECONDS));
    assert_ok_pool(pool, yoke_shm_close(shm));
    for (int i = 0; i < 5; i++) {
        if (yoke_shm_create(&shm, pool, NULL, PIECE, NULL) == YOKE_OK) {
            strcpy(yoke_shm_pointer(shm), "new");
            assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
            assert_ok_pool(pool, yoke_shm_close(shm));
        } else {
            assert_contains(yoke_pool_error(pool), "still have");
        }
    }
    assert_refused(pool, yoke_shm_create(&shm, pool, NULL, PIECE, NULL), YOKE_ENOMEM,
                   "still have");
    atomic_store(&own->end, 1);
    assert_int_equal(finish(process), 0);
    assert_ok_pool(pool, yoke_shm_close(segment_of(PIECE)));
    api_close(pool);
    pool = wide;
}

/* Answers pointers with what is there, until it gets none. */
static int answer(void *argument, size_t bytes)
{
    post *own = argument;
    char *p;

    (void)bytes;
    while (yoke_queue_get(own->queue, &p, NULL, SECONDS) == YOKE_OK && p != NULL) {
        uint64_t number;

        memcpy(&number, p, sizeof number);
        if (yoke_array_set(own->value, 0, &number) != YOKE_OK ||
            yoke_event_set(own->event) != YOKE_OK) {
            return 1;
        }
    }
    return 0;
}

/* A process that lives on takes part in many segments, one after the other. */
static void test_many(void **state)
{
    yoke_pipe *ends[2];
    post *own = equipped(ends);
    yoke_process *process = start(answer, own, 0);
    char *none = NULL;

    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        yoke_shm *shm = segment_of(4096 * (1 + i % 3));
        char *p = yoke_shm_pointer(shm);
        uint64_t number = 0;

        memcpy(p, &i, sizeof i);
        assert_ok_pool(pool, yoke_event_clear(own->event));
        assert_ok_pool(pool, yoke_queue_put(own->queue, &p, sizeof p, 0));
        assert_ok_pool(pool, yoke_event_wait(own->event, SECONDS));
        assert_ok_pool(pool, yoke_array_get(own->value, 0, &number));
        assert_int_equal(number, i);
        assert_ok_pool(pool, yoke_shm_close(shm));
    }
    assert_ok_pool(pool, yoke_queue_put(own->queue, &none, sizeof none, 0));
    assert_int_equal(finish(process), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        process_test(test_argument),      process_test(test_running_process),
        process_test(test_running_task),  process_test(test_input_of_task),
        process_test(test_new_memory),    process_test(test_stale_view),
        process_test(test_closed),        process_test(test_crash_texts),
        process_test(test_narrow_window), process_test(test_many),
    };

    return yt_run_group(tests);
}
