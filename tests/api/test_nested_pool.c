/* SPDX-License-Identifier: MIT */
/* A pool in a task or a process: what its workers see of the outer pool, how many there are, and
 * when they end. */
#include <stdio.h>
#include <string.h>

#include "process_setup.h"

enum { N = 200 };

/* Handed to tasks of the outer pool, and to those of the inner one. */
typedef struct scene {
    yoke_pool *outer;
    uint32_t *numbers; /* in the outer pool's memory, as all of these */
    uint32_t *results;
    uint32_t *segment;
    yoke_queue *queue;
    yoke_mutex *mutex;
    shared *memory;
    yoke_start method; /* of the inner pool */
} scene;

static scene scene_of(yoke_start method)
{
    scene self = {.outer = pool, .memory = memory, .method = method};
    yoke_shm *shm;
    char name[40];

    (void)snprintf(name, sizeof name, "yoke_nested_%d", (int)getpid());
    self.numbers = api_numbers(pool, N);
    self.results = api_numbers(pool, N);
    assert_ok_pool(pool, yoke_queue_create(&self.queue, pool, NULL));
    assert_ok_pool(pool, yoke_mutex_create(&self.mutex, pool, NULL));
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, name, N * sizeof(uint32_t), NULL));
    assert_ok(yoke_shm_unlink(name));
    self.segment = yoke_shm_pointer(shm);
    assert_non_null(self.segment);
    for (uint32_t i = 0; i < N; i++) {
        self.numbers[i] = i + 1;
        self.segment[i] = 0;
    }
    return self;
}

/* ---- what the inner workers do ---- */

static int use_pointers(yoke_task *task)
{
    const scene *self = task->context;
    const uint32_t number = (uint32_t)task->index;

    self->results[number] = 3 * self->numbers[number];
    self->segment[number] = 5 * number;
    return 0;
}

static int use_objects(yoke_task *task)
{
    const scene *self = task->context;
    const uint32_t number = (uint32_t)task->index;

    if (yoke_mutex_lock(self->mutex, SECONDS) != YOKE_OK) {
        return 1;
    }
    atomic_store(&self->memory->value, atomic_load(&self->memory->value) + 1);
    if (yoke_mutex_unlock(self->mutex) != YOKE_OK) {
        return 2;
    }
    return yoke_queue_put(self->queue, &number, sizeof number, SECONDS) == YOKE_OK ? 0 : 3;
}

static int hang(yoke_task *task)
{
    const scene *self = task->context;

    atomic_store(&self->memory->value, (int)getpid());
    while (pause() != 0) {
    }
    return 0;
}

/* ---- what a task of the outer pool does; its code says what was wrong ---- */

static yoke_status inner_apply(yoke_pool *inner, yoke_task_function *function,
                               const scene *self)
{
    return yoke_apply_each(
        inner, function, N,
        &(yoke_task_options){.context = self, .context_bytes = sizeof *self}, NULL, 0);
}

static bool has_products(const uint32_t *results, uint32_t factor)
{
    for (uint32_t i = 0; i < N; i++) {
        if (results[i] != factor * (i + 1)) {
            return false;
        }
    }
    return true;
}

/* As arguments of maps: copies, or refused. */
static int use_arguments(yoke_pool *inner, const scene *self)
{
    const yoke_map_options stage = {.stage = true};
    yoke_kernel *kernel = NULL;

    if (yoke_kernel_create(&kernel, inner,
                           &(yoke_kernel_options){.native = api_successor}) != YOKE_OK) {
        return 11;
    }
    if (yoke_map(inner, kernel, yoke_range_1d(N), yoke_out(self->results, 4),
                 yoke_in(self->numbers, 4)) != YOKE_EINVAL ||
        strstr(yoke_pool_error(inner), ".stage") == NULL) {
        return 12;
    }
    if (yoke_map_with(inner, kernel, yoke_range_1d(N), &stage,
                      YOKE_ARGS(yoke_out(self->results, 4), yoke_in(self->numbers, 4))) !=
        YOKE_OK) {
        return 13;
    }
    return self->results[N - 1] == N + 1 && self->results[0] == 2 ? 0 : 14;
}

static int use_forked(yoke_pool *inner, const scene *self)
{
    if (inner_apply(inner, use_pointers, self) != YOKE_OK ||
        !has_products(self->results, 3) || self->segment[N - 1] != 5 * (N - 1)) {
        return 21;
    }
    return inner_apply(inner, use_objects, self) == YOKE_OK &&
                   atomic_load(&self->memory->value) == N &&
                   yoke_queue_count(self->queue) == N
               ? 0
               : 22;
}

/* It has none of that, and says so. */
static int use_spawned(yoke_pool *inner, const scene *self)
{
    if (inner_apply(inner, use_pointers, self) != YOKE_ECRASHED ||
        strstr(yoke_pool_error(inner), "memory of the pool around this one") == NULL) {
        return 31;
    }
    return inner_apply(inner, use_objects, self) == YOKE_EKERNEL ? 0 : 32;
}

static int use_inner_pool(const scene *self, bool is_bound)
{
    yoke_pool *inner = NULL;
    size_t count = 0;
    int code;

    if (yoke_pool_create(&inner, &(yoke_pool_options){.devices = "cpu",
                                                      .start = self->method}) != YOKE_OK) {
        return 1;
    }
    if (yoke_pool_workers(inner, NULL, 0, &count) != YOKE_OK ||
        (is_bound && count != 1)) { /* a worker's core has one worker */
        return 2;
    }
    code = use_arguments(inner, self);
    if (code == 0) {
        code = self->method == YOKE_START_FORK ? use_forked(inner, self)
                                               : use_spawned(inner, self);
    }
    return yoke_pool_close(inner) == YOKE_OK ? code : 3;
}

static int inner_in_task(yoke_task *task)
{
    return use_inner_pool(task->context, true);
}

static int inner_in_process(void *argument, size_t bytes)
{
    return bytes == sizeof(scene) ? use_inner_pool(argument, false) : 99;
}

/* ---- */

static void check_inner(yoke_start method)
{
    scene self = scene_of(method);

    assert_ok_pool(pool, yoke_apply_each(pool, inner_in_task, 1,
                                         &(yoke_task_options){.context = &self,
                                                              .context_bytes = sizeof self},
                                         NULL, 0));
    assert_int_equal(yoke_queue_count(self.queue), method == YOKE_START_FORK ? N : 0);
    self = scene_of(method);
    atomic_store(&memory->value, 0);
    assert_int_equal(finish(start(inner_in_process, &self, sizeof self)), 0);
}

static void test_forked(void **state)
{
    (void)state;
    check_inner(YOKE_START_FORK);
}

static void test_spawned(void **state)
{
    (void)state;
    check_inner(YOKE_START_SPAWN);
}

/* The process that has the inner pool is killed: at its time limit, or from outside. */
static int hang_inside(yoke_task *task)
{
    const scene *self = task->context;
    yoke_pool *inner = NULL;

    if (yoke_pool_create(&inner, &(yoke_pool_options){.devices = "cpu:2",
                                                      .start = self->method}) != YOKE_OK) {
        return 1;
    }
    return inner_apply(inner, hang, self) == YOKE_OK ? 2 : 3;
}

static void test_ends_with_task(void **state)
{
    const scene self = scene_of(YOKE_START_FORK);
    pid_t pid;

    (void)state;
    assert_status_pool(pool,
                       yoke_apply_each(pool, hang_inside, 1,
                                       &(yoke_task_options){.context = &self,
                                                            .context_bytes = sizeof self,
                                                            .timeout = 2},
                                       NULL, 0),
                       YOKE_EDEADLINE);
    pid = (pid_t)atomic_load(&memory->value);
    assert_true(pid > 0);
    assert_true(yt_wait_until(is_gone, &pid, SECONDS));
    api_check_works(pool);
}

/* A function that creates a pool in which it runs again. */
static int go_deeper(yoke_task *task)
{
    const scene *self = task->context;
    yoke_pool *inner = NULL;
    const yoke_status status =
        yoke_pool_create(&inner, &(yoke_pool_options){.devices = "cpu:1"});
    yoke_status run;

    atomic_fetch_add(&self->memory->arrived, 1);
    if (status != YOKE_OK) {
        (void)snprintf(self->memory->text, sizeof self->memory->text, "%s",
                       yoke_pool_error(NULL));
        return status == YOKE_EUNSUPPORTED ? 0 : 1;
    }
    run = yoke_apply_each(
        inner, go_deeper, 1,
        &(yoke_task_options){.context = self, .context_bytes = sizeof *self}, NULL, 0);
    return yoke_pool_close(inner) != YOKE_OK || run != YOKE_OK;
}

static void test_depth(void **state)
{
    const scene self = scene_of(YOKE_START_FORK);

    (void)state;
    assert_ok_pool(pool, yoke_apply_each(pool, go_deeper, 1,
                                         &(yoke_task_options){.context = &self,
                                                              .context_bytes = sizeof self},
                                         NULL, 0));
    assert_int_equal(atomic_load(&memory->arrived), 4);
    assert_contains(memory->text, "4 deep");
    api_check_sentence(memory->text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        process_test(test_forked),
        process_test(test_spawned),
        process_test(test_ends_with_task),
        process_test(test_depth),
    };

    return yt_run_group(tests);
}
