/* SPDX-License-Identifier: MIT */
/* The number of the worker that computes, in native functions and in tasks. */
#include "api_setup.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 20000, NUMBERS = 16 };

/* Per number: how many calls are under way now, and whether there was more than one. */
typedef struct board {
    _Atomic uint32_t inside[NUMBERS];
    _Atomic uint32_t crowded;
    _Atomic uint32_t wrong;
} board;

typedef struct place {
    uint32_t worker;
    uint32_t workers;
    uint32_t process;
    uint32_t pid;
} place;

static void enter(board *b, size_t worker, size_t workers)
{
    if (worker >= NUMBERS || worker >= workers) {
        atomic_fetch_add(&b->wrong, 1);
    } else if (atomic_fetch_add(&b->inside[worker], 1) != 0) {
        atomic_fetch_add(&b->crowded, 1);
    }
}

static void leave(board *b, size_t worker)
{
    if (worker < NUMBERS) {
        atomic_fetch_sub(&b->inside[worker], 1);
    }
}

static void note(const yoke_span *span, void *const args[])
{
    place *places = args[0];
    board *b = args[1];

    enter(b, span->worker, span->workers);
    for (size_t i = span->begin; i < span->end; i++) {
        places[i] = (place){(uint32_t)span->worker, (uint32_t)span->workers,
                            (uint32_t)span->process, (uint32_t)getpid()};
    }
    leave(b, span->worker);
}

static int note_task(yoke_task *task)
{
    board *b = task->args[1];

    enter(b, task->worker, task->workers);
    *(place *)task->output = (place){(uint32_t)task->worker, (uint32_t)task->workers,
                                     (uint32_t)task->process, (uint32_t)getpid()};
    leave(b, task->worker);
    return 0;
}

static int die_once(yoke_task *task)
{
    if (task->process == 1) {
        (void)raise(SIGKILL);
    }
    return note_task(task);
}

/* A number and a process belong to one pid, and the application has 0. */
static void check_places(const place *places, size_t count, size_t workers)
{
    uint32_t pids[NUMBERS][NUMBERS];

    memset(pids, 0, sizeof pids);
    for (size_t i = 0; i < count; i++) {
        const place *p = &places[i];
        uint32_t *pid;

        assert_int_equal(p->workers, workers + 1);
        assert_true(p->worker <= workers && p->process >= 1 && p->process < NUMBERS);
        assert_int_equal(p->worker == 0, p->pid == (uint32_t)getpid());
        pid = &pids[p->worker][p->process];
        assert_true(*pid == 0 || *pid == p->pid);
        *pid = p->pid;
    }
}

static void with_devices(const char *devices, size_t workers)
{
    yoke_pool *pool = api_open(devices);
    place *places = yoke_alloc(pool, N * sizeof *places);
    board *b = yoke_alloc(pool, sizeof *b);
    yoke_kernel *kernel = api_kernel(pool, "note", note);

    assert_true(places != NULL && b != NULL);
    for (int round = 0; round < 20; round++) {
        assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                      yoke_out(places, sizeof *places),
                                      yoke_inout_whole(b, sizeof *b)));
        check_places(places, N, workers);
    }
    assert_int_equal(atomic_load(&b->crowded), 0);
    assert_int_equal(atomic_load(&b->wrong), 0);
    api_close(pool);
}

static void test_spans(void **state)
{
    (void)state;
    with_devices("cpu:2", 2);
    with_devices("cpu:1,fake:2", 3);
}

static void test_spans_checked(void **state)
{
    (void)state;
    assert_int_equal(setenv("YOKE_CHECK", "1", 1), 0);
    with_devices("cpu:1", 1);
    assert_int_equal(unsetenv("YOKE_CHECK"), 0);
}

static void with_tasks(yoke_task_function *function, size_t count)
{
    yoke_pool *pool = api_open("cpu:2");
    place *places = yoke_alloc(pool, count * sizeof *places);
    board *b = yoke_alloc(pool, sizeof *b);

    assert_true(places != NULL && b != NULL);
    assert_ok_pool(pool, yoke_apply_each(pool, function, count, NULL,
                                         YOKE_ARGS(yoke_out(places, sizeof *places),
                                                   yoke_in_whole(b, sizeof *b))));
    check_places(places, count, 2);
    assert_int_equal(atomic_load(&b->crowded), 0);
    assert_int_equal(atomic_load(&b->wrong), 0);
    api_close(pool);
}

static void test_tasks(void **state)
{
    (void)state;
    with_tasks(note_task, 2000);
}

/* A replacement has the number of the dead, and is another process. */
static void test_replaced(void **state)
{
    (void)state;
    with_tasks(die_once, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_spans),
        yt_unit_test(test_spans_checked),
        yt_unit_test(test_tasks),
        yt_unit_test(test_replaced),
    };

    return yt_run_group(tests);
}
