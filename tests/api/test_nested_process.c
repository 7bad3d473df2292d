/* SPDX-License-Identifier: MIT */
/* Tasks and processes start processes: who waits for them, who ends them, and what becomes of them
 * when their starter dies. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "process_setup.h"

static const yoke_start starts[] = {YOKE_START_FORK, YOKE_START_SPAWN};

/* What a starter is given. */
typedef struct order {
    yoke_pool *pool;
    shared *memory;
    yoke_pipe *end;
    int depth;
    int number;
    bool daemon;
} order;

static order order_of(int depth)
{
    return (order){.pool = pool, .memory = memory, .depth = depth};
}

/* ---- what starters do; a code that is not 0 says what was wrong ---- */

static int wait_for_code(yoke_process *process)
{
    int code = 1000;

    return yoke_process_wait(process, &code, SECONDS) == YOKE_OK ? code : 1001;
}

static int run_inner(yoke_pool *its, yoke_process_function *function, const void *argument,
                     size_t bytes)
{
    yoke_process *process = NULL;
    int code;

    if (yoke_process_start(&process, its, function, argument, bytes, NULL) != YOKE_OK) {
        return 1002;
    }
    code = wait_for_code(process);
    return yoke_process_destroy(process) == YOKE_OK ? code : 1003;
}

static int crash(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    abort();
}

/* All ways in which a process ends, and all that can be done with it. */
static int use_inner(const order *self)
{
    yoke_process *process = NULL;
    const int seven = 7;
    struct pollfd end = {.events = POLLIN};
    int code = 1000;

    if (run_inner(self->pool, return_it, &seven, sizeof seven) != 7) {
        return 1;
    }
    if (run_inner(self->pool, exit_with_it, &seven, sizeof seven) != 7) {
        return 2;
    }
    if (run_inner(self->pool, crash, NULL, 0) != -SIGABRT) {
        return 3;
    }
    atomic_store(&self->memory->open, 1);
    if (run_inner(self->pool, wait_for_gate, self->memory, 0) != 3) {
        return 4;
    }
    atomic_store(&self->memory->open, 0);
    if (yoke_process_start(&process, self->pool, wait_for_ever, self->memory, 0,
                           &(yoke_process_options){.name = "inner"}) != YOKE_OK) {
        return 5;
    }
    end.fd = yoke_process_fd(process);
    if (yoke_wait_any((void *[]){process}, 1, NULL, 0, NULL) != YOKE_ETIMEDOUT) {
        return 16;
    }
    if (!yoke_process_is_alive(process) || yoke_process_pid(process) <= 0 || end.fd < 0 ||
        yoke_process_wait(process, &code, 0) != YOKE_ETIMEDOUT ||
        strstr(yoke_pool_error(self->pool), "inner") == NULL) {
        return 6;
    }
    if (yoke_process_signal(process, SIGCONT) != YOKE_OK ||
        yoke_process_signal(process, 1000) != YOKE_EINVAL ||
        yoke_process_terminate(process) != YOKE_OK || wait_for_code(process) != -SIGTERM ||
        wait_for_code(process) != -SIGTERM || poll(&end, 1, 0) != 1) {
        return 7;
    }
    if (yoke_process_is_alive(process) || yoke_process_kill(process) != YOKE_OK ||
        yoke_process_destroy(process) != YOKE_OK ||
        yoke_process_wait(process, NULL, 0) != YOKE_ECLOSED) {
        return 8;
    }
    if (yoke_process_start(&process, self->pool, wait_for_ever, self->memory, 0, NULL) !=
            YOKE_OK ||
        yoke_process_kill(process) != YOKE_OK || wait_for_code(process) != -SIGKILL ||
        strstr(yoke_process_explain(process), "killed by signal 9") == NULL ||
        strstr(yoke_process_name(process), "process-") == NULL) {
        return 9;
    }
    return yoke_process_destroy(process) == YOKE_OK ? 0 : 10;
}

static int refuse_inner(const order *self)
{
    static char much[5000];
    yoke_process *process = NULL;
    int number = 1;

    if (yoke_process_start(&process, self->pool, return_it, much, sizeof much, NULL) !=
            YOKE_EINVAL ||
        strstr(yoke_pool_error(self->pool), "4096") == NULL || process != NULL) {
        return 21;
    }
    if (yoke_process_start(&process, self->pool, return_it, &number, 0, NULL) !=
            YOKE_EINVAL ||
        yoke_process_start(&process, self->pool, NULL, NULL, 0, NULL) != YOKE_EINVAL ||
        yoke_process_start(NULL, self->pool, return_it, NULL, 0, NULL) != YOKE_EINVAL) {
        return 22;
    }
    return 0;
}

static int use_all(void *argument, size_t bytes)
{
    const order *self = argument;
    const int code = bytes == sizeof *self ? use_inner(self) : 99;

    return code != 0 ? code : refuse_inner(self);
}

/* ---- */

static int open_started(yoke_start start)
{
    const yoke_pool_options options = {.devices = "cpu:2", .start = start};

    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    memory = yoke_alloc(pool, sizeof *memory);
    assert_non_null(memory);
    return 0;
}

static int use_in_task(yoke_task *task)
{
    order self = *(const order *)task->context;
    const int code = use_all(&self, sizeof self);

    return code;
}

static void test_from_process(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const order self = (open_started(starts[i]), order_of(0));

        assert_int_equal(finish(start(use_all, &self, sizeof self)), 0);
        api_check_works(pool);
        api_close(pool);
    }
}

static void test_from_task(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const order self = (open_started(starts[i]), order_of(0));

        assert_ok_pool(pool, yoke_apply_each(pool, use_in_task, 1,
                                             &(yoke_task_options){
                                                 .context = &self,
                                                 .context_bytes = sizeof self},
                                             NULL, 0));
        api_check_works(pool);
        api_close(pool);
    }
    pool = NULL;
}

/* A process starts one that starts one ... */
static int descend(void *argument, size_t bytes)
{
    order self = *(const order *)argument;

    if (self.depth == 0) {
        return 5;
    }
    self.depth--;
    return run_inner(self.pool, descend, &self, bytes) + 1;
}

static void test_depth(void **state)
{
    const order self = order_of(20);

    (void)state;
    assert_int_equal(finish(start(descend, &self, sizeof self)), 25);
}

/* All workers and the application at once, for the same slots. */
static int run_many(yoke_task *task)
{
    const order *self = task->context;
    int wrong = 0;

    for (int i = 0; i < 5; i++) {
        const int number = (int)(task->index * 5 + (size_t)i) % 250;

        wrong += run_inner(self->pool, return_it, &number, sizeof number) != number;
    }
    return wrong;
}

static void test_many(void **state)
{
    const order self = (open_started(YOKE_START_FORK), order_of(0));
    yoke_future *future;

    (void)state;
    assert_ok_pool(pool, yoke_apply_each_async(&future, pool, run_many, 8,
                                               &(yoke_task_options){
                                                   .context = &self,
                                                   .context_bytes = sizeof self},
                                               NULL, 0));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(run(return_it, i), i);
    }
    assert_ok_pool(pool, yoke_future_wait(future, SECONDS));
    yoke_future_destroy(future);
    api_close(pool);
    pool = NULL;
}

/* ---- a starter that dies ---- */

static int start_and_die(void *argument, size_t bytes)
{
    const order *self = argument;
    yoke_process *process = NULL;
    const yoke_process_options options = {.daemon = self->daemon};

    (void)bytes;
    if (yoke_process_start(&process, self->pool,
                           self->daemon ? wait_for_ever : wait_for_gate, self->memory, 0,
                           &options) != YOKE_OK) {
        return 31;
    }
    atomic_store(&self->memory->value, yoke_process_pid(process));
    while (atomic_load(&self->memory->arrived) == 0) {
        (void)usleep(200);
    }
    (void)raise(SIGKILL);
    return 32;
}

static void test_starter_dies(void **state)
{
    (void)state;
    for (int daemon = 0; daemon < 2; daemon++) {
        order self = order_of(0);
        pid_t pid;

        self.daemon = daemon != 0;
        memset(memory, 0, sizeof *memory);
        assert_int_equal(finish(start(start_and_die, &self, sizeof self)), -SIGKILL);
        pid = atomic_load(&memory->value);
        assert_true(pid > 0);
        if (self.daemon) {
            assert_true(yt_wait_until(is_gone, &pid, SECONDS));
            continue;
        }
        /* It goes on, and the pool waits for it. */
        assert_int_equal(kill(pid, 0), 0);
        assert_status_pool(pool, yoke_pool_wait(pool, 0), YOKE_ETIMEDOUT);
        atomic_store(&memory->open, 1);
        assert_ok_pool(pool, yoke_pool_wait(pool, SECONDS));
        assert_true(yt_wait_until(is_gone, &pid, SECONDS));
    }
}

static int start_and_crash(yoke_task *task)
{
    order self = *(const order *)task->context;

    if (atomic_fetch_add(&self.memory->open, 1) == 0) { /* the second attempt goes well */
        (void)start_and_die(&self, sizeof self);
    }
    return 0;
}

static void test_worker_dies(void **state)
{
    order self = order_of(0);
    pid_t pid;

    (void)state;
    self.daemon = true;
    assert_ok_pool(pool, yoke_apply_each(pool, start_and_crash, 1,
                                         &(yoke_task_options){.context = &self,
                                                              .context_bytes = sizeof self},
                                         NULL, 0));
    assert_int_equal(atomic_load(&memory->open), 2);
    pid = atomic_load(&memory->value);
    assert_true(yt_wait_until(is_gone, &pid, SECONDS));
}

/* Handles that are given back, kept or forgotten take no slots for ever. */
static int leave_many(void *argument, size_t bytes)
{
    const order *self = argument;
    yoke_process *process = NULL;

    (void)bytes;
    for (int i = 0; i < 30; i++) {
        if (yoke_process_start(&process, self->pool, return_it, &i, sizeof i, NULL) !=
            YOKE_OK) {
            return 41;
        }
        if (i % 2 == 0 && yoke_process_destroy(process) != YOKE_OK) {
            return 42;
        }
    }
    return 0;
}

static void test_slots_come_back(void **state)
{
    const order self = order_of(0);

    (void)state;
    for (int i = 0; i < 10; i++) { /* 300 processes, for 256 slots */
        assert_int_equal(finish(start(leave_many, &self, sizeof self)), 0);
    }
    assert_ok_pool(pool, yoke_pool_wait(pool, SECONDS));
}

/* ---- a handle elsewhere ---- */

static int use_copy(yoke_process *process)
{
    const pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        int code = 77;

        _exit(yoke_process_wait(process, &code, 0) == YOKE_EINVAL && code == 77 &&
                      yoke_process_kill(process) == YOKE_EINVAL &&
                      yoke_process_destroy(process) == YOKE_EINVAL
                  ? 0
                  : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 51;
}

static int hand_over(void *argument, size_t bytes)
{
    const order *self = argument;
    yoke_process *process = NULL;
    int code;

    (void)bytes;
    if (yoke_process_start(&process, self->pool, wait_for_gate, self->memory, 0, NULL) !=
        YOKE_OK) {
        return 52;
    }
    code = use_copy(process);
    memcpy(self->memory->text, &process, sizeof process);
    atomic_store(&self->memory->value, 1);
    return code != 0 ? code : wait_for_code(process) == 3 ? 0 : 53;
}

static bool has_handed_over(void *unused)
{
    (void)unused;
    return atomic_load(&memory->value) != 0;
}

static void test_other_holders(void **state)
{
    const order self = order_of(0);
    yoke_process *outer = start(hand_over, &self, sizeof self);
    yoke_process *inner;

    (void)state;
    assert_true(yt_wait_until(has_handed_over, NULL, SECONDS));
    memcpy(&inner, memory->text, sizeof inner);
    assert_status(yoke_process_wait(inner, NULL, 0), YOKE_ECLOSED);
    assert_contains(yoke_pool_error(NULL), "process that has started it");
    atomic_store(&memory->open, 1);
    assert_int_equal(finish(outer), 0);
}

/* ---- pipes ---- */

static int send_hello(void *argument, size_t bytes)
{
    const order *self = argument;

    (void)bytes;
    return yoke_pipe_send(self->end, "hello", 5, SECONDS) == YOKE_OK ? 0 : 61;
}

static int pass_end_on(void *argument, size_t bytes)
{
    order self = *(const order *)argument;
    yoke_process *process = NULL;

    if (yoke_process_start(&process, self.pool, send_hello, &self, bytes, NULL) != YOKE_OK ||
        yoke_pipe_shutdown(self.end) != YOKE_OK) {
        return 62;
    }
    return wait_for_code(process);
}

static void test_pipe_end(void **state)
{
    order self = order_of(0);
    yoke_pipe *ends[2];
    char text[8] = "";
    size_t bytes = sizeof text;
    yoke_process *process;

    (void)state;
    assert_ok_pool(pool, yoke_pipe_create(ends, pool, NULL));
    self.end = ends[1];
    process = start(pass_end_on, &self, sizeof self);
    assert_ok_pool(pool, yoke_pipe_shutdown(ends[1]));
    assert_ok_pool(pool, yoke_pipe_recv(ends[0], text, &bytes, SECONDS));
    assert_string_equal(text, "hello");
    assert_int_equal(finish(process), 0);
    assert_status_pool(pool, yoke_pipe_recv(ends[0], text, &bytes, SECONDS), YOKE_ECLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_from_process),
        yt_unit_test(test_from_task),
        process_test(test_depth),
        yt_unit_test(test_many),
        process_test(test_starter_dies),
        process_test(test_worker_dies),
        process_test(test_slots_come_back),
        process_test(test_other_holders),
        process_test(test_pipe_end),
    };

    return yt_run_group(tests);
}
