/* SPDX-License-Identifier: MIT */
/* Applications with children, signals and standard streams of their own, and such that
 * end without closing their pool. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_setup.h"

enum { MOST_WORKERS = 64 };

/* ---- the application's own children ---- */

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
    pool = api_try_open("cpu:2");
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
    code = api_try_map(pool);
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

static void *wait_for_end(void *arg)
{
    while (!atomic_load((atomic_bool *)arg)) {
        (void)usleep(1000);
    }
    return NULL;
}

/* Nor does a program with threads that asks for a fork. */
static int fork_with_threads(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:1", .start = YOKE_START_FORK};
    atomic_bool end = false;
    yoke_pool *pool = NULL;
    pthread_t thread;
    int code;

    (void)arg;
    if (signal(SIGCHLD, count_signal) == SIG_ERR ||
        pthread_create(&thread, NULL, wait_for_end, &end) != 0 ||
        yoke_pool_create(&pool, &options) != YOKE_OK) {
        return 1;
    }
    code = api_try_map(pool);
    if (code == 0 && (wait(NULL) != -1 || errno != ECHILD)) {
        code = 2;
    }
    if (yoke_pool_close(pool) != YOKE_OK) {
        code = 3;
    }
    atomic_store(&end, true);
    (void)pthread_join(thread, NULL);
    return signals == 0 ? code : 4;
}

static void test_invisible_with_threads(void **state)
{
    (void)state;
    if (API_SANITIZED) {
        skip();
    }
    assert_int_equal(yt_in_child(fork_with_threads, NULL, 30), 0);
}

/* The system reaps children that are ignored. */
static int ignore_children(void *arg)
{
    (void)arg;
    return signal(SIGCHLD, SIG_IGN) == SIG_ERR ? 1 : api_try_pool("cpu:2");
}

static int block_signals(void *arg)
{
    sigset_t all;

    (void)arg;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    return api_try_pool("cpu:2");
}

/* Children of the application hold its pipes' ends open, and may outlive it. */
static int fork_after_creation(void *arg)
{
    yoke_pool *pool = api_try_open("cpu:2");
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
    code = api_try_map(pool);
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

/* ---- standard streams ---- */

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
    pool = api_try_open("cpu:2");
    if (pool == NULL ||
        yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = say}) !=
            YOKE_OK ||
        yoke_map_with(pool, kernel, yoke_range_1d(20), NULL, NULL, 0) != YOKE_OK) {
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

/* Writes down how many streams are something else than a device, such as a file of the
 * library's, to which whatever is printed would go. */
static void look_at_streams(const yoke_span *span, void *const args[])
{
    uint32_t *files = args[0];
    const int last = *(const int *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        files[i] = 0;
        for (int fd = 0; fd <= last; fd++) {
            struct stat info;

            files[i] += fstat(fd, &info) != 0 || !S_ISCHR(info.st_mode);
        }
    }
}

static int look_in_process(void *argument, size_t bytes)
{
    const yoke_span span = {.begin = 0, .end = 1};
    uint32_t files = 0;

    (void)bytes;
    look_at_streams(&span, (void *[]){&files, argument});
    return (int)files;
}

/* The places of the standard streams stay free in the application. */
static int have_all_opened(yoke_pool *pool, int last)
{
    yoke_shm *shm = NULL;
    int code = 0;

    if (yoke_pool_fd(pool) < 0 ||
        yoke_shm_create(&shm, pool, NULL, 100, NULL) != YOKE_OK) {
        return 20;
    }
    (void)yoke_shm_unlink(yoke_shm_name(shm));
    for (int fd = 0; fd <= last; fd++) {
        code = fcntl(fd, F_GETFD) != -1 ? 21 + fd : code;
    }
    return yoke_shm_close(shm) == YOKE_OK ? code : 20;
}

static int have_others_look(yoke_pool *pool, int last)
{
    uint32_t *files = yoke_alloc(pool, sizeof *files);
    yoke_kernel *kernel = NULL;
    yoke_process *process = NULL;
    int code = 77;

    if (files == NULL ||
        yoke_kernel_create(&kernel, pool,
                           &(yoke_kernel_options){.native = look_at_streams}) !=
            YOKE_OK ||
        yoke_map(pool, kernel, yoke_range_1d(1), yoke_out(files, sizeof *files),
                 yoke_scalar(last)) != YOKE_OK ||
        *files != 0) {
        return 30;
    }
    return yoke_process_start(&process, pool, look_in_process, &last, sizeof last,
                              NULL) == YOKE_OK &&
                   yoke_process_wait(process, NULL, 30) == YOKE_OK &&
                   yoke_process_wait(process, &code, 0) == YOKE_OK && code == 0
               ? 0
               : 31;
}

static int close_streams(void *arg)
{
    const int last = *(const int *)arg;
    yoke_pool *pool;
    int code;

    for (int fd = 0; fd <= last; fd++) {
        (void)close(fd);
    }
    pool = api_try_open("cpu:2");
    if (pool == NULL) {
        return 10;
    }
    code = have_all_opened(pool, last);
    code = code == 0 ? have_others_look(pool, last) : code;
    code = code == 0 ? api_try_map(pool) : code;
    return yoke_pool_close(pool) == YOKE_OK ? code : 11;
}

static void test_streams_closed(void **state)
{
    (void)state;
    for (int last = 0; last <= 2; last++) {
        assert_int_equal(yt_in_child(close_streams, &last, 30), 0);
    }
}

/* ---- the application ends without closing ---- */

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
    yoke_pool *pool = api_try_open("cpu:2");
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;

    if (pool == NULL || yoke_pool_workers(pool, shared->workers, MOST_WORKERS,
                                          &shared->count) != YOKE_OK) {
        return 1;
    }
    if (shared->busy &&
        (yoke_kernel_create(&kernel, pool,
                            &(yoke_kernel_options){.native = hold_forever}) !=
             YOKE_OK ||
         yoke_map_async(&future, pool, kernel, yoke_range_1d(2), NULL, NULL, 0) !=
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

/* ---- the application ends in a callback ---- */

static void exit_now(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)context;
    exit(status == YOKE_OK ? 33 : 34);
}

/* *arg: whether the callback runs inside yoke_future_wait() or yoke_pool_close(). */
static int exit_in_callback(void *arg)
{
    yoke_pool *pool = api_try_open("cpu:2");
    uint32_t *numbers = pool != NULL ? yoke_alloc(pool, 4000) : NULL;
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;

    if (numbers == NULL ||
        yoke_kernel_create(&kernel, pool,
                           &(yoke_kernel_options){.native = api_number}) != YOKE_OK ||
        yoke_map_async(&future, pool, kernel, yoke_range_1d(1000), NULL,
                       YOKE_ARGS(yoke_out(numbers, 4))) != YOKE_OK ||
        yoke_future_on_done(future, exit_now, NULL) != YOKE_OK) {
        return 1;
    }
    if (*(bool *)arg) {
        (void)yoke_future_wait(future, 30);
    } else {
        (void)yoke_pool_close(pool);
    }
    return 2;
}

static void test_exit_in_callback(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool waits = i == 0;

        assert_int_equal(yt_in_child(exit_in_callback, &waits, 30), 33);
        assert_true(yt_nothing_alive());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_invisible_to_wait), yt_unit_test(test_invisible_with_threads),
        yt_unit_test(test_signals_and_forks), yt_unit_test(test_output_appears_once),
        yt_unit_test(test_streams_closed),    yt_unit_test(test_application_ends),
        yt_unit_test(test_exit_in_callback),
    };

    return yt_run_group(tests);
}
