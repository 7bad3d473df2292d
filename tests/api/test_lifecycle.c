/* SPDX-License-Identifier: MIT */
/* Pools come and go, under all kinds of applications, and leave nothing behind. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 10000, MOST_WORKERS = 64 };

/* ---- for child processes: results instead of assertions ------------------------------- */

/* 0 if the pool computes something right. */
static int try_map(yoke_pool *pool)
{
    yoke_kernel *kernel = NULL;
    uint32_t *numbers = yoke_alloc(pool, N * sizeof *numbers);

    if (numbers == NULL ||
        yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = api_number}) !=
            YOKE_OK ||
        yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(numbers, 4)) != YOKE_OK) {
        print_error("%s\n", yoke_pool_error(pool));
        return 11;
    }
    for (uint32_t i = 0; i < N; i++) {
        if (numbers[i] != i) {
            return 12;
        }
    }
    yoke_kernel_destroy(kernel);
    return yoke_free(pool, numbers) == YOKE_OK ? 0 : 13;
}

static yoke_pool *try_open(const char *devices)
{
    yoke_pool *pool = NULL;

    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices}) != YOKE_OK) {
        print_error("%s\n", yoke_pool_error(NULL));
    }
    return pool;
}

/* 0 if a pool can be created, used and closed here. */
static int try_pool(const char *devices)
{
    yoke_pool *pool = try_open(devices);
    int code;

    if (pool == NULL) {
        return 10;
    }
    code = try_map(pool);
    return yoke_pool_close(pool) == YOKE_OK ? code : 14;
}

/* ---- again and again --------------------------------------------------------------------- */

static long resident_pages(void)
{
    long size = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2) {
        resident = -1;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return resident;
}

static void test_many_times(void **state)
{
    long before = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        yoke_pool *pool = api_open(i % 2 == 0 ? "cpu:1" : "cpu:2");

        if (i % 5 == 0) {
            api_check_works(pool);
        }
        if (i % 3 == 0) {
            assert_ok(yoke_pool_terminate(pool));
        } else {
            api_close(pool);
        }
        if (i == 50) {
            before = resident_pages();
        }
    }
    assert_true(yt_nothing_alive());
    assert_true(before > 0);
    assert_true(resident_pages() < before + 2048);
}

static void test_several_pools(void **state)
{
    yoke_pool *pools[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        pools[i] = api_open("cpu:1");
    }
    for (int i = 0; i < 3; i++) {
        api_check_works(pools[i]);
    }
    api_close(pools[1]);
    api_check_works(pools[0]);
    api_check_works(pools[2]);
    api_close(pools[0]);
    api_check_works(pools[2]);
    assert_ok(yoke_pool_terminate(pools[2]));
}

/* ---- applications with threads ------------------------------------------------------------- */

static atomic_bool stop_threads;

/* Holds locks of the C library as often as it can. */
static void *allocate_and_print(void *arg)
{
    FILE *file = arg;

    while (!atomic_load(&stop_threads)) {
        char *text = strdup("a few words");

        (void)fprintf(file, "%s", text);
        free(text);
        (void)sched_yield();
    }
    return NULL;
}

static void test_application_with_threads(void **state)
{
    pthread_t threads[3];
    FILE *file = fopen("/dev/null", "we");

    (void)state;
    assert_non_null(file);
    atomic_store(&stop_threads, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_print, file), 0);
    }
    for (int i = 0; i < 20; i++) {
        yoke_pool *pool = api_open("cpu:2");

        api_check_works(pool);
        api_close(pool);
    }
    atomic_store(&stop_threads, true);
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)fclose(file);
}

static void *create_here(void *arg)
{
    yoke_pool **pool = arg;

    *pool = try_open("cpu:2");
    return NULL;
}

/* The thread that created the pool ends; its processes do not. */
static void test_creating_thread_ends(void **state)
{
    yoke_pool *pool = NULL;
    pthread_t thread;

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pthread_create(&thread, NULL, create_here, &pool), 0);
        (void)pthread_join(thread, NULL);
        assert_non_null(pool);
        api_check_works(pool);
        api_check_works(pool);
        api_close(pool);
    }
}

static void *open_use_close(void *arg)
{
    int *code = arg;

    for (int i = 0; i < 5 && *code == 0; i++) {
        *code = try_pool("cpu:1");
    }
    return NULL;
}

static void test_created_in_several_threads_at_once(void **state)
{
    pthread_t threads[4];
    int codes[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, open_use_close, &codes[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(codes[i], 0);
    }
}

/* ---- the application's own children ---------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* Waits for all children, and has one of its own that it finds. */
static int wait_for_everybody(void *arg)
{
    yoke_pool *pool;
    int code, own, status;

    (void)arg;
    if (signal(SIGCHLD, count_signal) == SIG_ERR) {
        return 1;
    }
    pool = try_open("cpu:2");
    if (pool == NULL) {
        return 2;
    }
    own = fork();
    if (own == 0) {
        _exit(7);
    }
    if (wait(&status) != own || WEXITSTATUS(status) != 7 || wait(NULL) != -1 ||
        errno != ECHILD || signals != 1) {
        return 3;
    }
    code = try_map(pool);
    if (code != 0 || yoke_pool_close(pool) != YOKE_OK) {
        return code;
    }
    return signals == 1 ? 0 : 4;
}

static void test_invisible_to_wait(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(wait_for_everybody, NULL, 30), 0);
}

/* The system reaps children that are ignored. */
static int ignore_children(void *arg)
{
    (void)arg;
    return signal(SIGCHLD, SIG_IGN) == SIG_ERR ? 1 : try_pool("cpu:2");
}

static int block_signals(void *arg)
{
    sigset_t all;

    (void)arg;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    return try_pool("cpu:2");
}

/* Children of the application hold its pipes' ends open, and may outlive it. */
static int fork_after_creation(void *arg)
{
    yoke_pool *pool = try_open("cpu:2");
    int code, pid;

    (void)arg;
    if (pool == NULL) {
        return 10;
    }
    pid = fork();
    if (pid == 0) {
        (void)pause();
        _exit(0);
    }
    code = try_map(pool);
    if (yoke_pool_close(pool) != YOKE_OK) {
        code = 14;
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return code;
}

static void test_signals_and_forks(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(ignore_children, NULL, 30), 0);
    assert_int_equal(yt_in_child(block_signals, NULL, 30), 0);
    assert_int_equal(yt_in_child(fork_after_creation, NULL, 30), 0);
}

/* ---- standard streams -------------------------------------------------------------------------- */

static void say(const yoke_span *span, void *const args[])
{
    (void)args;
    for (size_t i = span->begin; i < span->end; i++) {
        printf("<item %zu>", i);
    }
}

/* Leaves text unwritten in the buffer while the pool is created and used. */
static int talk(void *arg)
{
    const char *path = arg;
    yoke_kernel *kernel = NULL;
    yoke_pool *pool;

    if (freopen(path, "w", stdout) == NULL) {
        return 1;
    }
    printf("<before>");
    pool = try_open("cpu:2");
    if (pool == NULL ||
        yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = say}) !=
            YOKE_OK ||
        yoke_map_args(NULL, pool, kernel, yoke_range_1d(20), NULL, NULL, 0) != YOKE_OK) {
        return 2;
    }
    printf("<after>");
    if (yoke_pool_close(pool) != YOKE_OK) {
        return 3;
    }
    return fclose(stdout) == 0 ? 0 : 4;
}

static int count_of(const char *text, const char *part)
{
    int count = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part)) {
        count++;
    }
    return count;
}

static void read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    (void)fclose(file);
}

static void test_output_appears_once(void **state)
{
    char path[] = "/tmp/yoke-output-XXXXXX";
    char text[4096];
    char item[32];

    (void)state;
    (void)close(mkstemp(path));
    assert_int_equal(yt_in_child(talk, path, 30), 0);
    read_text(path, text, sizeof text);
    (void)unlink(path);
    assert_int_equal(count_of(text, "<before>"), 1);
    assert_int_equal(count_of(text, "<after>"), 1);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(item, sizeof item, "<item %d>", i);
        assert_int_equal(count_of(text, item), 1);
    }
}

static int close_streams(void *arg)
{
    const int last = *(const int *)arg;

    for (int fd = 0; fd <= last; fd++) {
        (void)close(fd);
    }
    return try_pool("cpu:2");
}

static void test_streams_closed(void **state)
{
    (void)state;
    for (int last = 0; last <= 2; last++) {
        assert_int_equal(yt_in_child(close_streams, &last, 30), 0);
    }
}

/* ---- the application ends without closing ------------------------------------------------------- */

typedef struct family {
    _Atomic uint32_t up;
    size_t count;
    yoke_worker_info workers[MOST_WORKERS];
    bool exits;
    bool busy;
} family;

static void hold_forever(const yoke_span *span, void *const args[])
{
    (void)span;
    (void)args;
    for (;;) {
        (void)pause();
    }
}

/* Creates a pool, tells what it consists of, and ends as it was told to. */
static int abandon_pool(void *arg)
{
    family *shared = arg;
    yoke_pool *pool = try_open("cpu:2");
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;

    if (pool == NULL || yoke_pool_workers(pool, shared->workers, MOST_WORKERS,
                                          &shared->count) != YOKE_OK) {
        return 1;
    }
    if (shared->busy &&
        (yoke_kernel_create(&kernel, pool,
                            &(yoke_kernel_options){.native = hold_forever}) != YOKE_OK ||
         yoke_map_args(&future, pool, kernel, yoke_range_1d(2), NULL, NULL, 0) !=
             YOKE_OK)) {
        return 2;
    }
    atomic_store(&shared->up, 1);
    if (shared->exits) {
        exit(0);
    }
    for (;;) {
        (void)pause();
    }
}

static bool is_up(void *arg)
{
    return atomic_load(&((family *)arg)->up) != 0;
}

static void check_abandoned(family *shared, bool exits, bool busy)
{
    int pid;

    memset(shared, 0, sizeof *shared);
    shared->exits = exits;
    shared->busy = busy;
    pid = yt_start_child(abandon_pool, shared);
    assert_true(yt_wait_until(is_up, shared, 30));
    assert_int_equal(shared->count, 2);
    if (!exits) {
        assert_int_equal(kill(shared->workers[0].pid, 0), 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
    }
    assert_int_equal(yt_wait_child(pid, 30), exits ? 0 : -SIGKILL);
    assert_true(yt_nothing_alive());
}

static void test_application_ends(void **state)
{
    family *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(shared, MAP_FAILED);
    for (int i = 0; i < 4; i++) {
        check_abandoned(shared, i % 2 == 0, i / 2 == 0);
    }
    (void)munmap(shared, sizeof *shared);
}

/* ---- what the pool may use ------------------------------------------------------------------------ */

static size_t count_kind(const yoke_worker_info *workers, size_t count,
                         yoke_worker_kind kind)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        found += workers[i].kind == kind;
    }
    return found;
}

static int first_cpu(void)
{
    cpu_set_t mask;

    if (sched_getaffinity(0, sizeof mask, &mask) != 0) {
        return -1;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, &mask)) {
            return cpu;
        }
    }
    return -1;
}

static int one_cpu(void *arg)
{
    const int cpu = first_cpu();
    yoke_worker_info workers[MOST_WORKERS];
    yoke_pool *pool;
    cpu_set_t mask;
    size_t count = 0;
    int code;

    (void)arg;
    CPU_ZERO(&mask);
    CPU_SET((size_t)cpu, &mask);
    if (cpu < 0 || sched_setaffinity(0, sizeof mask, &mask) != 0) {
        return 1;
    }
    pool = try_open("cpu");
    if (pool == NULL ||
        yoke_pool_workers(pool, workers, MOST_WORKERS, &count) != YOKE_OK) {
        return 2;
    }
    code = try_map(pool);
    if (yoke_pool_close(pool) != YOKE_OK || code != 0) {
        return 3;
    }
    return count == 1 && workers[0].kind == YOKE_WORKER_CPU && workers[0].cpu == cpu ? 0
                                                                                     : 4;
}

static void test_affinity_mask(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(one_cpu, NULL, 30), 0);
}

static void test_more_workers_than_cores(void **state)
{
    yoke_pool *pool = api_open("cpu:8");
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;

    (void)state;
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count));
    assert_int_equal(count, 8);
    for (int i = 0; i < 10; i++) {
        api_check_works(pool);
    }
    api_close(pool);
}

typedef struct limit {
    int resource;
    rlim_t value;
} limit;

static int live_under(void *arg)
{
    const limit *under = arg;
    const struct rlimit both = {under->value, under->value};

    return setrlimit(under->resource, &both) != 0 ? 1 : try_pool("cpu:2");
}

static void test_resource_limits(void **state)
{
    limit limits[] = {
        {RLIMIT_AS, (rlim_t)4 << 30},
        {RLIMIT_NOFILE, 64},
        {RLIMIT_FSIZE, 256 << 20},
        {RLIMIT_CORE, 0},
        {RLIMIT_STACK, 256 << 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const int code = yt_in_child(live_under, &limits[i], 30);

        if (code != 0) {
            print_error("limit %zu: ", i);
        }
        assert_int_equal(code, 0);
    }
}

/* Too few descriptors for a pool: a status, no leftovers, as often as it is tried. */
static int too_few_descriptors(void *arg)
{
    const struct rlimit both = {8, 8};
    yoke_pool *pool = NULL;

    (void)arg;
    for (int fd = 3; fd < 8; fd++) {
        (void)close(fd);
    }
    if (setrlimit(RLIMIT_NOFILE, &both) != 0) {
        return 1;
    }
    for (int i = 0; i < 20; i++) {
        const yoke_status status =
            yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"});

        if (status == YOKE_OK || pool != NULL || yoke_pool_error(NULL)[0] == '\0') {
            return 2;
        }
    }
    return open("/dev/null", O_RDONLY) == 3 ? 0 : 3;
}

static int too_little_address_space(void *arg)
{
    const struct rlimit both = {80 << 20, 80 << 20};
    yoke_pool *pool = NULL;

    (void)arg;
    if (setrlimit(RLIMIT_AS, &both) != 0) {
        return 1;
    }
    for (int i = 0; i < 20; i++) {
        if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) == YOKE_OK ||
            pool != NULL || yoke_pool_error(NULL)[0] == '\0') {
            return 2;
        }
    }
    return 0;
}

static int too_small_files(void *arg)
{
    const struct rlimit both = {1 << 20, 1 << 20};
    yoke_pool *pool = NULL;

    (void)arg;
    if (setrlimit(RLIMIT_FSIZE, &both) != 0) {
        return 1;
    }
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) == YOKE_OK) {
        return 2;
    }
    return strstr(yoke_pool_error(NULL), "ulimit -f") != NULL ? 0 : 3;
}

static void test_too_little_for_a_pool(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(too_few_descriptors, NULL, 30), 0);
    assert_int_equal(yt_in_child(too_small_files, NULL, 30), 0);
#ifndef __SANITIZE_ADDRESS__
    assert_int_equal(yt_in_child(too_little_address_space, NULL, 30), 0);
#else
    (void)too_little_address_space;
#endif
}

/* ---- what the pool tells ---------------------------------------------------------------------------- */

static void test_workers(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_worker_info workers[MOST_WORKERS];
    yoke_worker_info one;
    size_t count = 0;

    (void)state;
    api_check_works(pool);
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count));
    assert_int_equal(count, 2);
    assert_string_equal(workers[0].name, "cpu0");
    assert_string_equal(workers[1].name, "cpu1");
    assert_int_not_equal(workers[0].pid, workers[1].pid);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(workers[i].kind, YOKE_WORKER_CPU);
        assert_int_equal(workers[i].state, YOKE_WORKER_READY);
        assert_int_equal(workers[i].restarts, 0);
        assert_int_equal(kill(workers[i].pid, 0), 0);
        assert_int_equal(workers[i].opencl_index, -1);
        assert_true(workers[i].shares_memory);
        assert_true(workers[i].has_double);
        assert_string_equal(workers[i].driver, "native");
        assert_true(workers[i].device[0] != '\0');
        assert_true(workers[i].speed >= 0);
    }
    assert_true(workers[0].speed > 0 || workers[1].speed > 0);
    memset(&one, 0x55, sizeof one);
    assert_ok_pool(pool, yoke_pool_workers(pool, &one, 1, &count));
    assert_int_equal(count, 2);
    assert_string_equal(one.name, "cpu0");
    api_close(pool);
}

/* Devices that are found and not asked for are listed, with the reason. */
static void test_discover(void **state)
{
    const yoke_pool_options options = {
        .devices = "cpu:1", .discover = true, .wait_ready = true};
    yoke_pool *pool = NULL;
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count));
    assert_true(count >= 1);
    assert_int_equal(count_kind(workers, count, YOKE_WORKER_CPU), 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(workers[i].state, YOKE_WORKER_STARTING);
        assert_true(workers[i].name[0] != '\0');
        if (workers[i].kind == YOKE_WORKER_OPENCL) {
            assert_true(workers[i].state == YOKE_WORKER_UNUSED ||
                        workers[i].state == YOKE_WORKER_FAILED);
            assert_true(workers[i].reason[0] != '\0');
            assert_int_equal(workers[i].pid, 0);
        }
    }
    api_check_works(pool);
    api_close(pool);
}

/* Without waiting the cores work at once, while drivers are still being looked at. */
static void test_close_during_discovery(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        yoke_pool *pool = NULL;

        assert_ok_pool(NULL, yoke_pool_create(&pool, &(yoke_pool_options){
                                                         .devices = "cpu:2,gpu",
                                                         .discover = true}));
        if (i % 2 == 0) {
            api_check_works(pool);
            api_close(pool);
        } else {
            assert_ok(yoke_pool_terminate(pool));
        }
    }
}

/* ---- a foreign pool in a child ------------------------------------------------------------------------ */

/* A forked process with a pool of its own, the inherited one being of no use to it. */
static int open_another(void *arg)
{
    (void)arg;
    return try_pool("cpu:2");
}

static void test_pool_in_forked_process(void **state)
{
    yoke_pool *pool = api_open("cpu:2");

    (void)state;
    assert_int_equal(yt_in_child(open_another, NULL, 30), 0);
    api_check_works(pool);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_many_times),
        yt_unit_test(test_several_pools),
        yt_unit_test(test_application_with_threads),
        yt_unit_test(test_creating_thread_ends),
        yt_unit_test(test_created_in_several_threads_at_once),
        yt_unit_test(test_invisible_to_wait),
        yt_unit_test(test_signals_and_forks),
        yt_unit_test(test_output_appears_once),
        yt_unit_test(test_streams_closed),
        yt_unit_test(test_application_ends),
        yt_unit_test(test_affinity_mask),
        yt_unit_test(test_more_workers_than_cores),
        yt_unit_test(test_resource_limits),
        yt_unit_test(test_too_little_for_a_pool),
        yt_unit_test(test_workers),
        yt_unit_test(test_discover),
        yt_unit_test(test_close_during_discovery),
        yt_unit_test(test_pool_in_forked_process),
    };

    return yt_run_group(tests);
}
