/* SPDX-License-Identifier: MIT */
/* Functions of the program fork, and the child returns, as after an exec() that has failed: it
 * ends, and does not go on with the library's work beside its parent. */
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls_setup.h"

enum { SECONDS = 60, NOT_FORKED = -1 };

/* Forks. Returns in both; in the parent when the child has ended, with its exit code in *code. */
static void fork_and_return(int *code)
{
    const pid_t child = fork();
    int status = 0;

    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)) {
        *code = WEXITSTATUS(status);
    }
}

static int *new_code(yoke_pool *pool)
{
    int *code = yoke_alloc(pool, sizeof *code);

    assert_non_null(code);
    *code = NOT_FORKED;
    return code;
}

static void count_and_fork(const yoke_span *span, void *const args[])
{
    int *numbers = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        numbers[i]++;
    }
    if (span->begin == 0) {
        fork_and_return(*(int *const *)args[1]);
    }
}

static void map_forking(yoke_pool *pool, bool caller_helps)
{
    yoke_kernel *kernel = calls_kernel(pool, "count_and_fork", count_and_fork);
    int *numbers = yoke_alloc(pool, CALLS_ITEMS * sizeof *numbers);
    const yoke_map_options options = {.caller_helps = caller_helps};

    for (int round = 1; round <= 5; round++) {
        int *code = new_code(pool);
        yoke_future *future;

        assert_ok_pool(pool, yoke_map_async(&future, pool, kernel,
                                            yoke_range_1d(CALLS_ITEMS), &options,
                                            YOKE_ARGS(yoke_inout(numbers, sizeof(int)),
                                                      yoke_scalar(code))));
        assert_ok(yoke_future_wait(future, SECONDS));
        assert_int_equal(*code, 1);
        for (int i = 0; i < CALLS_ITEMS; i++) {
            assert_int_equal(numbers[i], round);
        }
        yoke_future_destroy(future);
    }
    yoke_kernel_destroy(kernel);
}

static void test_kernel(void **state)
{
    yoke_pool *pool = calls_open();

    (void)state;
    map_forking(pool, false);
    calls_check_and_close(pool);
}

/* The child is a copy of the program then. */
static void test_helping_caller(void **state)
{
    yoke_pool *pool = calls_open();

    (void)state;
    map_forking(pool, true);
    calls_check_and_close(pool);
}

static int fork_in_task(yoke_task *task)
{
    *(int *)task->output += 1;
    fork_and_return(*(int *const *)task->context);
    return 0;
}

static void test_task(void **state)
{
    enum { TASKS = 20 };
    yoke_pool *pool = calls_open();
    int *code = new_code(pool);
    int counts[TASKS] = {0};
    yoke_future *future;
    const yoke_task_options options = {.context = &code, .context_bytes = sizeof code};

    (void)state;
    assert_ok_pool(pool, yoke_apply_each_async(&future, pool, fork_in_task, TASKS, &options,
                                               YOKE_ARGS(yoke_out(counts, sizeof(int)))));
    assert_ok(yoke_future_wait(future, SECONDS));
    assert_int_equal(*code, 1);
    for (int i = 0; i < TASKS; i++) {
        assert_int_equal(counts[i], 1);
    }
    yoke_future_destroy(future);
    calls_check_and_close(pool);
}

static int fork_at_first(const void *argument, size_t bytes)
{
    int code = NOT_FORKED;

    (void)argument;
    (void)bytes;
    fork_and_return(&code);
    return code == 1 ? 0 : 99;
}

static void test_initializer(void **state)
{
    const yoke_pool_options options = {
        .devices = "cpu:2", .initializer = fork_at_first, .start_timeout = SECONDS};
    yoke_pool *pool;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    calls_check_and_close(pool);
}

static void combine_and_fork(void *into, const void *from, void *context)
{
    *(int *)into += *(const int *)from;
    if (*(int *)context == NOT_FORKED) {
        fork_and_return(context);
    }
}

static void test_combine(void **state)
{
    int code = NOT_FORKED;
    const yoke_reducer reducer = {
        .bytes = sizeof(int), .combine = combine_and_fork, .context = &code};
    yoke_pool *pool = calls_open();
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int sum = 0;

    (void)state;
    assert_ok_pool(pool, yoke_map_reduce(pool, kernel, yoke_range_1d(CALLS_ITEMS), &reducer,
                                         &sum, NULL,
                                         YOKE_ARGS(yoke_out_partial(sizeof(int)))));
    assert_int_equal(code, 1);
    assert_int_equal(sum, CALLS_ITEMS / 2 * (CALLS_ITEMS - 1));
    yoke_kernel_destroy(kernel);
    calls_check_and_close(pool);
}

/* What main() would do: the code of the child is what it returns. */
static int fork_in_process(void *argument, size_t bytes)
{
    int code = NOT_FORKED;
    const pid_t self = getpid();

    (void)argument;
    (void)bytes;
    fork_and_return(&code);
    return getpid() != self ? 7 : code == 7 ? 8 : 99;
}

static void test_process(void **state)
{
    yoke_pool *pool = calls_open();
    yoke_process *process;
    int code = 0;

    (void)state;
    assert_ok_pool(pool, yoke_process_start(&process, pool, fork_in_process, NULL, 0, NULL));
    assert_ok(yoke_process_wait(process, &code, SECONDS));
    assert_int_equal(code, 8);
    yoke_process_destroy(process);
    calls_check_and_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_kernel),      yt_unit_test(test_helping_caller),
        yt_unit_test(test_task),        yt_unit_test(test_initializer),
        yt_unit_test(test_combine),     yt_unit_test(test_process),
    };

    return yt_run_group(tests);
}
