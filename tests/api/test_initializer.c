/* SPDX-License-Identifier: MIT */
/* What a process calls first, and how many items it computes: in both ways to start. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 2000, ENTRIES = 100 };

/* How an initializer behaves. */
enum { GOOD, REFUSES, CRASHES, HANGS, REFUSES_ONCE };

typedef struct setting {
    uint32_t factor;
    uint32_t behaviour;
    char file[64]; /* REFUSES_ONCE: the process that creates it refuses */
} setting;

/* This process's own. The application never fills it. */
static uint32_t table[ENTRIES];
static unsigned initialized;

static const yoke_start starts[] = {YOKE_START_FORK, YOKE_START_SPAWN};

enum { STARTS = sizeof starts / sizeof starts[0] };

static void hang(void)
{
    for (;;) {
        (void)pause();
    }
}

static int initialize(const void *argument, size_t bytes)
{
    const setting *self = argument;

    if (bytes != sizeof *self) {
        return 100;
    }
    initialized++;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        table[i] = i * self->factor;
    }
    switch (self->behaviour) {
    case REFUSES:
        return 3;
    case CRASHES:
        (void)raise(SIGSEGV);
        return 0;
    case HANGS:
        hang();
        return 0;
    case REFUSES_ONCE:
        return open(self->file, O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0 ? 4 : 0;
    default:
        return 0;
    }
}

static int expect_nothing(const void *argument, size_t bytes)
{
    initialized++;
    return argument == NULL && bytes == 0 ? 0 : 100;
}

/* ---- tasks ---- */

static int look_up(yoke_task *task)
{
    *(uint32_t *)task->output = table[task->index % ENTRIES];
    return initialized == 1 ? 0 : 1;
}

static int say_who(yoke_task *task)
{
    *(pid_t *)task->output = getpid();
    return initialized == 1 ? 0 : 1;
}

/* ---- */

static yoke_pool *open_pool(const yoke_pool_options *options)
{
    yoke_pool *pool = NULL;

    assert_ok_pool(NULL, yoke_pool_create(&pool, options));
    return pool;
}

static void check_table(yoke_pool *pool, uint32_t factor)
{
    uint32_t *found = yoke_alloc(pool, N * sizeof *found);

    assert_non_null(found);
    assert_ok_pool(pool, yoke_apply_each(pool, look_up, N, NULL,
                                         YOKE_ARGS(yoke_out(found, sizeof *found))));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(found[i], i % ENTRIES * factor);
    }
    assert_ok(yoke_free(found));
}

static void kill_all(yoke_pool *pool)
{
    yoke_worker_info info[8];
    size_t count = 0;

    assert_ok(yoke_pool_workers(pool, info, 8, &count));
    for (size_t i = 0; i < count; i++) {
        if (info[i].pid > 1) {
            (void)kill(info[i].pid, SIGKILL);
        }
    }
}

static void test_tables(void **state)
{
    (void)state;
    for (int i = 0; i < STARTS; i++) {
        setting self = {.factor = 7};
        yoke_pool *pool = open_pool(&(yoke_pool_options){.devices = "cpu:2,fake:1",
                                                         .start = starts[i],
                                                         .initializer = initialize,
                                                         .initializer_argument = &self,
                                                         .initializer_bytes = sizeof self});

        self.factor = 1; /* they have a copy */
        check_table(pool, 7);
        for (int k = 0; k < 3; k++) {
            kill_all(pool);
            check_table(pool, 7);
        }
        assert_int_equal(initialized, 0);
        api_close(pool);
    }
}

static void test_no_argument(void **state)
{
    yoke_pool *pool = open_pool(&(yoke_pool_options){.devices = "cpu:1",
                                                     .initializer = expect_nothing});
    (void)state;
    check_table(pool, 0);
    api_close(pool);
}

/* ---- initializers that fail ---- */

static void expect_failure(uint32_t behaviour, double timeout, const char *words)
{
    const setting self = {.behaviour = behaviour};

    for (int i = 0; i < STARTS; i++) {
        const yoke_pool_options options = {.devices = "cpu:2",
                                           .start = starts[i],
                                           .start_timeout = timeout,
                                           .initializer = initialize,
                                           .initializer_argument = &self,
                                           .initializer_bytes = sizeof self};
        yoke_pool *pool = NULL;

        assert_status_pool(NULL, yoke_pool_create(&pool, &options), YOKE_ENODEVICE);
        assert_null(pool);
        assert_contains(yoke_pool_error(NULL), "cpu0: ");
        assert_contains(yoke_pool_error(NULL), words);
    }
}

static void test_refusal(void **state)
{
    (void)state;
    expect_failure(REFUSES, 0, "the initializer returned 3");
}

static void test_crash(void **state)
{
    (void)state;
    expect_failure(CRASHES, 0, "in the initializer");
}

static void test_hang(void **state)
{
    (void)state;
    expect_failure(HANGS, 0.5, "did not start in time and was killed, in the initializer");
}

static void test_one_refuses(void **state)
{
    setting self = {.factor = 2, .behaviour = REFUSES_ONCE, .file = "/tmp/yoke_test_XXXXXX"};
    const int fd = mkstemp(self.file);
    yoke_worker_info info[2];
    yoke_pool *pool;
    size_t count = 0;
    unsigned failed = 0;

    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(unlink(self.file), 0);
    pool = open_pool(&(yoke_pool_options){.devices = "cpu:2",
                                          .initializer = initialize,
                                          .initializer_argument = &self,
                                          .initializer_bytes = sizeof self});
    check_table(pool, 2);
    assert_ok(yoke_pool_workers(pool, info, 2, &count));
    for (int i = 0; i < 2; i++) {
        if (info[i].state == YOKE_WORKER_FAILED) {
            assert_contains(info[i].reason, "the initializer returned 4");
            failed++;
        }
    }
    assert_int_equal(failed, 1);
    api_close(pool);
    assert_int_equal(unlink(self.file), 0);
}

/* Not code of the program's or of a library's. */
static yoke_initializer *code_from_nowhere(void)
{
    static char data[16];
    char *where = data;
    yoke_initializer *result;

    where = malloc(16);
    memcpy(&result, &where, sizeof result);
    free(where);
    return result;
}

static void refuse_options(const yoke_pool_options *options, const char *words)
{
    yoke_pool *pool = NULL;

    assert_refused(NULL, yoke_pool_create(&pool, options), YOKE_EINVAL, words);
    assert_null(pool);
}

static void test_bad_input(void **state)
{
    static const int argument = 1;

    (void)state;
    refuse_options(&(yoke_pool_options){.initializer = initialize,
                                        .initializer_argument = &argument},
                   "go together");
    refuse_options(&(yoke_pool_options){.initializer = initialize, .initializer_bytes = 4},
                   "go together");
    refuse_options(&(yoke_pool_options){.initializer_argument = &argument,
                                        .initializer_bytes = sizeof argument},
                   "no initializer");
    refuse_options(&(yoke_pool_options){.initializer = code_from_nowhere()},
                   "not in the program or a loaded library");
}

/* ---- processes that are spent ---- */

/* How often the pid changes. What one worker computes is in the order of items. */
static size_t count_processes(const pid_t *pids, size_t count)
{
    size_t changes = 1;

    for (size_t i = 1; i < count; i++) {
        changes += pids[i] != pids[i - 1];
    }
    return changes;
}

static void check_spent(yoke_start start, const char *devices, uint64_t items)
{
    yoke_pool *pool = open_pool(&(yoke_pool_options){.devices = devices,
                                                     .start = start,
                                                     .initializer = expect_nothing,
                                                     .items_per_process = items});
    pid_t *pids = yoke_alloc(pool, N * sizeof *pids);
    yoke_worker_info info[2];
    size_t count = 0;

    assert_non_null(pids);
    for (int i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_apply_each(pool, say_who, N,
                                             &(yoke_task_options){.chunk = 10},
                                             YOKE_ARGS(yoke_out(pids, sizeof *pids))));
    }
    assert_ok(yoke_pool_workers(pool, info, 2, &count));
    if (count == 1) {
        /* In a chunk of ten items it ends, or before 32 chunks too short to look. */
        assert_between(count_processes(pids, N), 1, N / items + 1);
        assert_between(info[0].restarts, 3 * N / (items + 330), 3 * N / items + 1);
    } else {
        assert_between(info[0].restarts + info[1].restarts, 3 * N / (items + 330) - 2,
                        3 * N / items + 2);
    }
    assert_ok(yoke_free(pids));
    api_close(pool);
}

static void test_spent(void **state)
{
    (void)state;
    for (int i = 0; i < STARTS; i++) {
        check_spent(starts[i], "cpu:1", 100);
        check_spent(starts[i], "cpu:2", 100);
    }
}

/* A process for each item, or nearly. */
static void test_spent_after_each(void **state)
{
    enum { ITEMS = 50, JOBS = 8 };
    yoke_pool *pool =
        open_pool(&(yoke_pool_options){.devices = "cpu:2", .items_per_process = 1});
    uint32_t *numbers = api_numbers(pool, ITEMS);
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    yoke_future *futures[JOBS];

    (void)state;
    memset(numbers, 0, ITEMS * sizeof *numbers);
    for (int i = 0; i < JOBS; i++) {
        assert_ok_pool(pool,
                       yoke_map_async(&futures[i], pool, kernel, yoke_range_1d(ITEMS), NULL,
                                      YOKE_ARGS(yoke_inout(numbers, sizeof *numbers))));
    }
    for (int i = 0; i < JOBS; i++) {
        assert_ok_pool(pool, yoke_future_wait(futures[i], YOKE_FOREVER));
        yoke_future_destroy(futures[i]);
    }
    assert_true(api_all(numbers, ITEMS, JOBS));
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(numbers));
    api_close(pool);
}

/* ---- finalizers ---- */

/* What this process has computed. */
static uint32_t worked;

static int count_work(yoke_task *task)
{
    (void)task;
    worked++;
    return 0;
}

static void write_work(const char *file)
{
    const int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, &worked, sizeof worked);
        (void)close(fd);
    }
}

static void finalize_never(const void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    hang();
}

/* The only worker is spent, and its finalizer does not return. */
static void test_hung_finalizer(void **state)
{
    yoke_pool *pool = open_pool(&(yoke_pool_options){.devices = "cpu:1",
                                                     .finalizer = finalize_never,
                                                     .start_timeout = 0.5,
                                                     .items_per_process = 10});

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_apply_each(pool, count_work, 10, NULL, NULL, 0));
    }
    api_close(pool);
}

/* Longer than processes without finalizers may take to end. */
static void finalize_slowly(const void *argument, size_t bytes)
{
    const setting *self = argument;

    (void)nanosleep(&(struct timespec){.tv_sec = self->behaviour == HANGS ? 3 : 0}, NULL);
    if (bytes == sizeof *self) {
        write_work(self->file);
    }
    if (self->behaviour == CRASHES) {
        (void)raise(SIGSEGV);
    }
}

typedef struct reports {
    uint32_t count;
    uint32_t sum;
} reports;

/* Reads and empties the file. */
static reports take_reports(int fd)
{
    reports all = {0, 0};
    uint32_t one;

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    while (read(fd, &one, sizeof one) == sizeof one) {
        all.count++;
        all.sum += one;
    }
    assert_int_equal(ftruncate(fd, 0), 0);
    return all;
}

static void check_finalizer(yoke_start start, uint32_t behaviour, uint64_t items)
{
    setting self = {.behaviour = behaviour, .file = "/tmp/yoke_finalizer_XXXXXX"};
    const int fd = mkstemp(self.file);
    const yoke_pool_options options = {.devices = "cpu:2",
                                       .start = start,
                                       .finalizer = finalize_slowly,
                                       .items_per_process = items,
                                       .initializer_argument = &self,
                                       .initializer_bytes = sizeof self};
    yoke_pool *pool = open_pool(&options);
    reports all;

    assert_true(fd >= 0);
    assert_ok_pool(pool, yoke_apply_each(pool, count_work, N,
                                         &(yoke_task_options){.chunk = 10}, NULL, 0));
    api_close(pool);
    all = take_reports(fd);
    assert_int_equal(all.sum, N);
    assert_between(all.count, items == 0 ? 2 : N / (items + 330) - 2, /* see check_spent() */
                   items == 0 ? 2 : N / items + 2);

    pool = open_pool(&options);
    assert_ok(yoke_pool_terminate(pool));
    assert_int_equal(take_reports(fd).count, 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(self.file), 0);
}

static void test_finalizer(void **state)
{
    (void)state;
    for (int i = 0; i < STARTS; i++) {
        check_finalizer(starts[i], GOOD, 0);
        check_finalizer(starts[i], HANGS, 0);
        check_finalizer(starts[i], CRASHES, 0);
        check_finalizer(starts[i], GOOD, 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_tables),      yt_unit_test(test_no_argument),
        yt_unit_test(test_refusal),     yt_unit_test(test_crash),
        yt_unit_test(test_hang),        yt_unit_test(test_one_refuses),
        yt_unit_test(test_bad_input),   yt_unit_test(test_spent),
        yt_unit_test(test_spent_after_each), yt_unit_test(test_finalizer),
        yt_unit_test(test_hung_finalizer),
    };

    return yt_run_group(tests);
}
