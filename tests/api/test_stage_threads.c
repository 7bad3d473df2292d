/* SPDX-License-Identifier: MIT */
/*
 * While arrays outside the pool's memory are copied in and back, other threads' calls go on. A
 * copy is held up where it touches a shut page: the program's handler of SIGSEGV opens the page
 * only once the other thread has done its calls, so the test would hang if one of them waited for
 * the copy.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "api_setup.h"
#include "pool/pool.h"

enum { PAGES = 64, BYTES = PAGES * 4096, N = BYTES / 4 };

static const yoke_map_options stage = {.stage = true};

static yoke_pool *pool;
static yoke_kernel *increment;
static yoke_kernel *successor;
static yoke_kernel *hold;
static uint32_t *plain; /* N numbers; its pages can be shut */

/* ---- the shut page ---- */

static atomic_int copies_held; /* so many have touched the page */
static atomic_int copies_freed;

static void take_a_moment(void)
{
    const struct timespec moment = {0, 200000};

    (void)nanosleep(&moment, NULL);
}

static void open_page(int signal, siginfo_t *info, void *context)
{
    const uintptr_t begin = (uintptr_t)plain;
    const uintptr_t address = (uintptr_t)info->si_addr;

    (void)signal;
    (void)context;
    if (address < begin || address >= begin + BYTES) {
        _exit(99);
    }
    (void)atomic_fetch_add(&copies_held, 1);
    while (atomic_load(&copies_freed) == 0) {
        take_a_moment();
    }
    (void)mprotect(plain, BYTES, PROT_READ | PROT_WRITE);
}

/* The handler is put back by cmocka at the test's end. */
static void shut_page(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = open_page;
    action.sa_flags = SA_SIGINFO;
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    atomic_store(&copies_held, 0);
    atomic_store(&copies_freed, 0);
    assert_int_equal(mprotect((char *)plain + BYTES / 2, 4096, PROT_NONE), 0);
}

static void await_held(void)
{
    while (atomic_load(&copies_held) == 0) {
        take_a_moment();
    }
}

static void free_copy(void)
{
    atomic_store(&copies_freed, 1);
}

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    increment = api_kernel(pool, "increment", api_increment);
    successor = api_kernel(pool, "successor", api_successor);
    hold = api_kernel(pool, "hold", api_hold);
    plain =
        mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (plain == MAP_FAILED) {
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)munmap(plain, BYTES);
    return pool == NULL || yoke_pool_close(pool) == YOKE_OK ? 0 : -1;
}

static void number_plain(void)
{
    for (uint32_t i = 0; i < N; i++) {
        plain[i] = i;
    }
}

/* ---- calls beside the copy ---- */

/* What a thread of the program does that has nothing to do with the staged job. */
static void call_all(yoke_future *other)
{
    uint32_t *numbers = api_numbers(pool, 1000);
    uint32_t few[4] = {1, 2, 3, 4};
    yoke_future *future = NULL;

    assert_true(yoke_future_progress(other) <= 1);
    (void)yoke_future_is_done(other);
    (void)yoke_pool_poll(pool);
    assert_string_equal(yoke_future_error(other), "");
    assert_ok_pool(pool, yoke_map_async(&future, pool, increment, yoke_range_1d(1000),
                                        NULL, YOKE_ARGS(yoke_inout(numbers, 4))));
    assert_ok_pool(pool, yoke_future_wait(future, -1));
    yoke_future_destroy(future);
    assert_ok_pool(pool, yoke_map_with(pool, increment, yoke_range_1d(4), &stage,
                                       YOKE_ARGS(yoke_inout(few, 4))));
    assert_int_equal(few[3], 5);
    assert_ok(yoke_free(numbers));
}

typedef struct submission {
    api_gate *gate; /* NULL: the job does not wait */
    yoke_future *future;
    yoke_status status;
} submission;

static void *submit_staged(void *context)
{
    submission *self = context;

    self->status =
        self->gate != NULL
            ? yoke_map_async(&self->future, pool, hold, yoke_range_1d(N), &stage,
                             YOKE_ARGS(yoke_inout(plain, 4),
                                       yoke_in_whole(self->gate, sizeof *self->gate)))
            : yoke_map_async(&self->future, pool, increment, yoke_range_1d(N), &stage,
                             YOKE_ARGS(yoke_inout(plain, 4)));
    return NULL;
}

static void *wait_for_future(void *future)
{
    return yoke_future_wait(future, -1) == YOKE_OK ? future : NULL;
}

/* Waits until the job whose results are copied back does not use it any more. */
static void *free_in_thread(void *memory)
{
    return yoke_free(memory) == YOKE_OK ? memory : NULL;
}

static void calls_go_on_beside_copies(void **state)
{
    uint32_t *numbers = api_numbers(pool, 10);
    submission self = {.gate = api_gate_create(pool)};
    yoke_future *other = NULL;
    pthread_t thread;
    pthread_t freer;
    void *well;
    void *freed;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&other, pool, increment, yoke_range_1d(10),
                                        NULL, YOKE_ARGS(yoke_inout(numbers, 4))));
    number_plain();

    shut_page(); /* on the way in */
    assert_int_equal(pthread_create(&thread, NULL, submit_staged, &self), 0);
    await_held();
    call_all(other);
    free_copy();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok_pool(pool, self.status);

    shut_page(); /* on the way back */
    api_gate_open(self.gate);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_future, self.future), 0);
    await_held();
    call_all(other);
    assert_false(yoke_future_is_done(self.future)); /* its results are not there yet */
    assert_true(yoke_future_progress(self.future) <= 1);
    assert_ok(yoke_future_cancel(self.future)); /* too late */
    assert_int_equal(pthread_create(&freer, NULL, free_in_thread, self.gate), 0);
    free_copy();
    assert_int_equal(pthread_join(thread, &well), 0);
    assert_int_equal(pthread_join(freer, &freed), 0);
    assert_non_null(well);
    assert_non_null(freed);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(plain[i], i + 1);
    }
    yoke_future_destroy(self.future);
    yoke_future_destroy(other);
    assert_ok(yoke_free(numbers));
}

typedef struct reader {
    atomic_int begun;
    uint32_t *result;
    yoke_status status;
} reader;

static void *read_plain(void *context)
{
    reader *self = context;

    atomic_store(&self->begun, 1);
    self->status =
        yoke_map_with(pool, successor, yoke_range_1d(N), &stage,
                      YOKE_ARGS(yoke_out(self->result, 4), yoke_in(plain, 4)));
    return NULL;
}

/* A job that reads what another one is being copied for comes after it, whichever copy it meets. */
static void conflicting_jobs_keep_their_order(void **state)
{
    (void)state;
    for (int back = 0; back < 2; back++) {
        submission self = {.gate = back ? api_gate_create(pool) : NULL};
        reader read = {.result = api_numbers(pool, N)};
        pthread_t writer;
        pthread_t thread;

        number_plain();
        if (back == 0) {
            shut_page();
        }
        assert_int_equal(pthread_create(&writer, NULL, submit_staged, &self), 0);
        if (back == 0) {
            await_held();
        } else {
            assert_int_equal(pthread_join(writer, NULL), 0);
            shut_page();
            api_gate_open(self.gate);
            assert_int_equal(
                pthread_create(&writer, NULL, wait_for_future, self.future), 0);
            await_held();
        }
        assert_int_equal(pthread_create(&thread, NULL, read_plain, &read), 0);
        while (atomic_load(&read.begun) == 0) {
            take_a_moment();
        }
        (void)yoke_pool_poll(pool);
        free_copy();
        assert_int_equal(pthread_join(writer, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_ok_pool(pool, self.status);
        assert_ok_pool(pool, read.status);
        for (uint32_t i = 0; i < N; i++) {
            assert_int_equal(read.result[i], i + 2);
        }
        assert_ok_pool(pool, yoke_future_wait(self.future, -1));
        yoke_future_destroy(self.future);
        assert_ok(yoke_free(read.result));
        if (back) {
            assert_ok(yoke_free(self.gate));
        }
    }
}

/* ---- sums, and offsets, beside the copy ---- */

/* uint32[items], which items add into: one more where they are. */
static void count_native(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i]++;
    }
}

/* out uint32[i], in uint32[i], in_whole uint32[1]: the sum of both. */
static void add_first_native(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i] = ((const uint32_t *)args[1])[i] + *(const uint32_t *)args[2];
    }
}

/* A job in a thread of its own. */
typedef struct side_job {
    yoke_kernel *kernel;
    size_t items;
    yoke_arg args[3];
    size_t count;
    atomic_int begun;
    yoke_status status;
} side_job;

static void *run_side_job(void *context)
{
    side_job *self = context;

    atomic_store(&self->begun, 1);
    self->status = yoke_map_with(pool, self->kernel, yoke_range_1d(self->items), &stage,
                                 self->args, self->count);
    return NULL;
}

static void side_job_start(side_job *self, pthread_t *thread)
{
    assert_int_equal(pthread_create(thread, NULL, run_side_job, self), 0);
    while (atomic_load(&self->begun) == 0) {
        take_a_moment();
    }
}

static void side_job_finish(const side_job *self, pthread_t thread)
{
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok_pool(pool, self->status);
}

/* The job does not get ahead of the one that is being copied in, which is held. */
static void try_to_overtake(side_job *job)
{
    static const yoke_map_options now = {.stage = true, .no_wait = true};
    yoke_future *future = NULL;

    assert_status_pool(pool,
                       yoke_map_async(&future, pool, job->kernel, yoke_range_1d(job->items),
                                      &now, job->args, job->count),
                       YOKE_EAGAIN);
    assert_contains(yoke_pool_error(pool), "are being copied in");
}

/* It comes after a job whose arrays are being copied in, and which relies on what it changes. */
static void overtake(side_job *copied, side_job *other)
{
    pthread_t threads[2];

    number_plain();
    shut_page();
    side_job_start(copied, &threads[0]);
    await_held();
    try_to_overtake(other);
    side_job_start(other, &threads[1]);
    free_copy();
    side_job_finish(copied, threads[0]);
    side_job_finish(other, threads[1]);
}

static void sums_do_not_overtake_copies(void **state)
{
    uint32_t *results = api_numbers(pool, N), *first = api_numbers(pool, 1);
    side_job copied = {
        .kernel = api_kernel(pool, "add_first", add_first_native),
        .items = N,
        .args = {yoke_out(results, 4), yoke_in(plain, 4), yoke_in_whole(first, 4)},
        .count = 3};
    side_job sum = {.kernel = api_kernel(pool, "count", count_native),
                    .items = 1,
                    .args = {yoke_sum_into(first, YOKE_TYPE_UINT32, 1)},
                    .count = 1};

    (void)state;
    *first = 100;
    overtake(&copied, &sum);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(results[i], i + 100);
    }
    assert_int_equal(*first, 101);
    assert_ok(yoke_free(results));
    assert_ok(yoke_free(first));
}

/* out uint32[i], ragged uint32, in_whole offsets: the sum of the ends of part i. */
static void ends_of_native(const yoke_span *span, void *const args[])
{
    const uint32_t *values = args[1], *offsets = args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i] = values[offsets[i]] + values[offsets[i + 1] - 1];
    }
}

static void changed_offsets_do_not_overtake_copies(void **state)
{
    uint32_t *results = api_numbers(pool, 2), *offsets = api_numbers(pool, 3);
    side_job copied = {
        .kernel = api_kernel(pool, "ends_of", ends_of_native),
        .items = 2,
        .args = {yoke_out(results, 4), yoke_arg_ragged(yoke_in(plain, 4), offsets),
                 yoke_in_whole(offsets, 12)},
        .count = 3};
    side_job change = {.kernel = increment,
                       .items = 3,
                       .args = {yoke_inout(offsets, 4)},
                       .count = 1};

    (void)state;
    offsets[0] = 5;
    offsets[1] = N / 2 + 5;
    offsets[2] = N - 5;
    overtake(&copied, &change);
    assert_int_equal(results[0], 5 + N / 2 + 4);
    assert_int_equal(results[1], N / 2 + 5 + N - 6);
    assert_int_equal(offsets[2], N - 4);
    assert_ok(yoke_free(results));
    assert_ok(yoke_free(offsets));
}

/* Another thread adds the sums to the array at the end: what uses the array waits for it, and
 * nothing else does. */
static void sums_are_added_beside_other_calls(void **state)
{
    uint32_t *numbers = api_numbers(pool, 10);
    yoke_kernel *count = api_kernel(pool, "count", count_native);
    const yoke_arg adds = yoke_sum_into(plain, YOKE_TYPE_UINT32, N);
    reader read = {.result = api_numbers(pool, N)};
    side_job more = {.kernel = count, .items = N, .args = {adds}, .count = 1};
    yoke_future *future = NULL, *other = NULL;
    pthread_t threads[3];
    void *well;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&other, pool, increment, yoke_range_1d(10), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, 4))));
    number_plain();
    shut_page();
    assert_ok_pool(pool, yoke_map_async(&future, pool, count, yoke_range_1d(N), &stage,
                                        YOKE_ARGS(adds)));
    assert_int_equal(pthread_create(&threads[0], NULL, wait_for_future, future), 0);
    await_held();
    call_all(other);
    assert_false(yoke_future_is_done(future));
    assert_int_equal(pthread_create(&threads[1], NULL, read_plain, &read), 0);
    while (atomic_load(&read.begun) == 0) {
        take_a_moment();
    }
    side_job_start(&more, &threads[2]);
    (void)yoke_pool_poll(pool);
    free_copy();
    assert_int_equal(pthread_join(threads[0], &well), 0);
    assert_non_null(well);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_ok_pool(pool, read.status);
    side_job_finish(&more, threads[2]);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(plain[i], i + 2);
        assert_in_range(read.result[i], i + 2, i + 3); /* before or after the second sum */
        assert_int_equal(read.result[i] - i, read.result[0]);
    }
    yoke_future_destroy(future);
    yoke_future_destroy(other);
    assert_ok(yoke_free(read.result));
    assert_ok(yoke_free(numbers));
}

/* ---- deaths beside the copy ---- */

/* A worker that has died has no process until the supervisor has forked another. */
static bool all_have_processes(void *workers)
{
    const yoke_worker_info *info = workers;
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_workers(pool, workers, 8, &count));
    assert_int_equal(count, 2);
    return info[0].pid > 1 && info[1].pid > 1;
}

static void kill_workers(void)
{
    yoke_worker_info workers[8];

    assert_true(yt_wait_until(all_have_processes, workers, 60));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(kill(workers[i].pid, SIGKILL), 0);
    }
}

/* Neither copy needs a worker. */
static void workers_die_beside_copies(void **state)
{
    submission self = {.gate = api_gate_create(pool)};
    pthread_t thread;
    void *well;

    (void)state;
    number_plain();
    shut_page(); /* on the way in */
    assert_int_equal(pthread_create(&thread, NULL, submit_staged, &self), 0);
    await_held();
    kill_workers();
    free_copy();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok_pool(pool, self.status);

    shut_page(); /* on the way back */
    api_gate_open(self.gate);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_future, self.future), 0);
    await_held();
    kill_workers();
    free_copy();
    assert_int_equal(pthread_join(thread, &well), 0);
    assert_non_null(well);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(plain[i], i + 1);
    }
    assert_ok(yoke_future_destroy(self.future));
    assert_ok(yoke_free(self.gate));
}

static int say_parent(yoke_task *task)
{
    *(pid_t *)task->output = getppid();
    return 0;
}

static bool has_no_supervisor(void *unused)
{
    (void)unused;
    return yk_pool_supervisor_ended(pool);
}

static pid_t find_supervisor(void)
{
    pid_t supervisor = 0;

    assert_ok_pool(
        pool, yoke_apply_each(pool, say_parent, 1, NULL,
                              YOKE_ARGS(yoke_out(&supervisor, sizeof supervisor))));
    assert_true(supervisor > 1);
    return supervisor;
}

/* While the copy is held; the pool may notice before it goes on, or later. */
static void lose_supervisor(pid_t supervisor, bool is_noticed)
{
    await_held();
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_true(yt_wait_until(has_no_supervisor, NULL, 30));
    if (is_noticed) {
        assert_false(yk_pool_is_alive(pool));
    }
    free_copy();
}

static void lose_supervisor_on_the_way_in(bool is_noticed)
{
    const pid_t supervisor = find_supervisor();
    submission self = {.gate = NULL};
    pthread_t thread;

    shut_page();
    assert_int_equal(pthread_create(&thread, NULL, submit_staged, &self), 0);
    lose_supervisor(supervisor, is_noticed);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (is_noticed) {
        assert_status(self.status, YOKE_EBROKEN);
        assert_null(self.future);
    } else {
        assert_ok(self.status);
        assert_status(yoke_future_wait(self.future, YOKE_FOREVER), YOKE_EBROKEN);
        assert_ok(yoke_future_destroy(self.future));
    }
    assert_int_equal(plain[N - 1], N - 1);
}

static void lose_supervisor_on_the_way_back(bool is_noticed)
{
    const pid_t supervisor = find_supervisor();
    submission self = {.gate = NULL};
    pthread_t thread;
    void *well;

    (void)submit_staged(&self);
    assert_ok_pool(pool, self.status);
    shut_page();
    assert_int_equal(pthread_create(&thread, NULL, wait_for_future, self.future), 0);
    lose_supervisor(supervisor, is_noticed);
    assert_int_equal(pthread_join(thread, &well), 0);
    assert_non_null(well);
    assert_ok(yoke_future_destroy(self.future));
    assert_int_equal(plain[N - 1], N);
}

/* The job has failed and nothing was written, or it has ended well. */
static void the_supervisor_dies_beside_a_copy(void **state)
{
    yoke_pool *const first_pool = pool;
    yoke_kernel *const first_increment = increment;

    (void)state;
    for (int i = 0; i < 4; i++) {
        number_plain();
        pool = api_open("cpu:2");
        increment = api_kernel(pool, "increment", api_increment);
        if (i < 2) {
            lose_supervisor_on_the_way_in(i == 0);
        } else {
            lose_supervisor_on_the_way_back(i == 2);
        }
        (void)yoke_kernel_destroy(increment);
        assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    }
    pool = first_pool;
    increment = first_increment;
}

static void *terminate_pool(void *unused)
{
    (void)unused;
    return yoke_pool_terminate(pool) == YOKE_OK ? (void *)1 : NULL;
}

/* The end of the pool lets a copy on its way back finish: the job has ended well. */
static void the_end_waits_for_copies(void **state)
{
    submission self = {.gate = api_gate_create(pool)};
    pthread_t waiter;
    pthread_t ender;
    void *well;
    void *ended;

    (void)state;
    number_plain();
    (void)submit_staged(&self);
    assert_ok_pool(pool, self.status);
    shut_page();
    api_gate_open(self.gate);
    assert_int_equal(pthread_create(&waiter, NULL, wait_for_future, self.future), 0);
    await_held();
    assert_int_equal(pthread_create(&ender, NULL, terminate_pool, NULL), 0);
    free_copy();
    assert_int_equal(pthread_join(waiter, &well), 0);
    assert_int_equal(pthread_join(ender, &ended), 0);
    assert_non_null(well);
    assert_non_null(ended);
    assert_int_equal(plain[N - 1], N);
    assert_ok(yoke_future_wait(self.future, 0));
    yoke_future_destroy(self.future);
    pool = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_on_beside_copies),
        cmocka_unit_test(conflicting_jobs_keep_their_order),
        cmocka_unit_test(sums_do_not_overtake_copies),
        cmocka_unit_test(changed_offsets_do_not_overtake_copies),
        cmocka_unit_test(sums_are_added_beside_other_calls),
        cmocka_unit_test(workers_die_beside_copies),
        cmocka_unit_test(the_supervisor_dies_beside_a_copy),
        cmocka_unit_test(the_end_waits_for_copies), /* the last: the pool is gone */
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
