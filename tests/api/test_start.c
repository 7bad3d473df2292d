/* SPDX-License-Identifier: MIT */
/* Start methods: what is asked for is had, whatever the program is doing; what cannot be
 * had is an error with a reason, or a fork where the library may choose. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_setup.h"

/* ---- what the executed program does in its constructor ---- */

/* Where the library looks for room first. */
static char *const first_place = (char *)0x200000000000;

static int constructed; /* 0 without constructors */

static void occupy_places(void)
{
    for (size_t i = 0; i < 64; i++) {
        (void)mmap(first_place + (i << 42), 4096, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    }
}

__attribute__((constructor)) static void construct(void)
{
    const char *fault = getenv("TEST_START_FAULT");

    constructed = 42;
    if (fault == NULL) {
        return;
    }
    if (strcmp(fault, "taken") == 0) {
        occupy_places();
    } else if (strcmp(fault, "pool") == 0) {
        _exit(api_try_pool("cpu:1"));
    } else if (strcmp(fault, "exit") == 0) {
        _exit(0);
    } else if (strcmp(fault, "crash") == 0) {
        (void)raise(SIGKILL);
    } else if (strcmp(fault, "hang") == 0) {
        for (;;) {
            (void)pause();
        }
    }
}

/* ---- native functions ---- */

static int since_main;

static void tell_globals(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (uint32_t)(constructed * 1000 + since_main);
    }
}

static uint32_t ask_globals(yoke_pool *pool)
{
    uint32_t *out = api_numbers(pool, 4);
    yoke_kernel *kernel = api_kernel(pool, "globals", tell_globals);
    uint32_t told;

    assert_ok_pool(
        pool, yoke_map(pool, kernel, yoke_range_1d(4), yoke_out(out, sizeof *out)));
    told = out[3];
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(pool, out));
    return told;
}

static yoke_pool *open_with(yoke_start start)
{
    yoke_pool *pool;

    assert_ok_pool(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                                .start = start}));
    return pool;
}

static void check_start(yoke_start asked, yoke_start got)
{
    yoke_pool *pool = open_with(asked);

    assert_int_equal(yoke_pool_start_method(pool), got);
    api_check_works(pool);
    api_close(pool);
}

/* ---- tests ---- */

static void test_methods(void **state)
{
    (void)state;
    check_start(YOKE_START_FORK, YOKE_START_FORK);
    check_start(YOKE_START_SPAWN, YOKE_START_SPAWN);
    assert_int_equal(yoke_pool_start_method(NULL), YOKE_START_AUTO);
}

static void test_globals(void **state)
{
    yoke_pool *pool;

    (void)state;
    since_main = 7;
    pool = open_with(YOKE_START_FORK);
    assert_int_equal(ask_globals(pool), 42007);
    api_close(pool);
    pool = open_with(YOKE_START_SPAWN);
    assert_int_equal(ask_globals(pool), 42000);
    api_close(pool);
}

static void test_bad_choice(void **state)
{
    yoke_pool *pool;

    (void)state;
    for (int i = -1; i < 4; i += 4) {
        const yoke_pool_options options = {.start = (yoke_start)i};

        assert_refused(NULL, yoke_pool_create(&pool, &options), YOKE_EINVAL, "start");
        assert_null(pool);
    }
    assert_int_equal(setenv("YOKE_START", "thread", 1), 0);
    assert_refused(NULL, yoke_pool_create(&pool, NULL), YOKE_EINVAL,
                   "YOKE_START=thread");
    assert_int_equal(setenv("YOKE_START", "spawn", 1), 0);
    check_start(YOKE_START_AUTO, YOKE_START_SPAWN);
    check_start(YOKE_START_FORK, YOKE_START_FORK);
    assert_int_equal(setenv("YOKE_START", "auto", 1), 0);
    check_start(YOKE_START_AUTO, YOKE_START_FORK);
    assert_int_equal(unsetenv("YOKE_START"), 0);
}

/* Neither wait() nor SIGCHLD sees a spawned pool. */

static volatile sig_atomic_t children_signalled;

static void on_child(int number)
{
    (void)number;
    children_signalled = 1;
}

static void test_unseen(void **state)
{
    yoke_pool *pool;

    (void)state;
    children_signalled = 0;
    (void)signal(SIGCHLD, on_child);
    pool = open_with(YOKE_START_SPAWN);
    api_check_works(pool);
    assert_int_equal(wait(NULL), -1);
    assert_int_equal(errno, ECHILD);
    api_close(pool);
    (void)signal(SIGCHLD, SIG_DFL);
    assert_int_equal(children_signalled, 0);
}

/* ---- failures ---- */

static void check_fault(const char *fault, const char *words)
{
    const yoke_pool_options options = {.devices = "cpu:1",
                                       .start = YOKE_START_SPAWN,
                                       .start_timeout =
                                           strcmp(fault, "hang") == 0 ? 0.2 : 60};
    yoke_pool *pool;

    assert_int_equal(setenv("TEST_START_FAULT", fault, 1), 0);
    assert_refused(NULL, yoke_pool_create(&pool, &options), YOKE_ESYSTEM, words);
    assert_null(pool);
    assert_int_equal(unsetenv("TEST_START_FAULT"), 0);
    assert_true(yt_nothing_alive());
}

static void test_failures(void **state)
{
    (void)state;
    check_fault("taken", "cannot be mapped at its address");
    check_fault("pool", "creates a pool before");
    check_fault("exit", "ended before");
    check_fault("crash", "ended before");
    check_fault("hang", "not take over in time");
}

static void *wait_for_end(void *arg)
{
    const atomic_bool *end = arg;

    while (!atomic_load(end)) {
        (void)usleep(1000);
    }
    return NULL;
}

/* A program with threads is spawned; if that fails, it is forked. */
static void test_picked_for_threads(void **state)
{
    atomic_bool end = false;
    pthread_t threads[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_end, &end), 0);
    }
    check_start(YOKE_START_AUTO, YOKE_START_SPAWN);
    if (!API_SANITIZED) {
        assert_int_equal(setenv("TEST_START_FAULT", "taken", 1), 0);
        check_start(YOKE_START_AUTO, YOKE_START_FORK);
        assert_int_equal(unsetenv("TEST_START_FAULT"), 0);
    }
    atomic_store(&end, true);
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* In a child: its library stays loaded. */
static int pick_with_opencl(void *arg)
{
    typedef int get_platforms(unsigned count, void **platforms, unsigned *found);
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW);
    get_platforms *ask =
        library != NULL ? (get_platforms *)dlsym(library, "clGetPlatformIDs") : NULL;
    unsigned found = 0;
    yoke_pool *pool;
    int code = 0;

    (void)arg;
    if (ask == NULL) {
        return 77;
    }
    (void)ask(0, NULL, &found);
    pool = api_try_open("cpu:2");
    if (pool == NULL || yoke_pool_start_method(pool) != YOKE_START_SPAWN) {
        return 1;
    }
    code = api_try_map(pool);
    return yoke_pool_close(pool) == YOKE_OK ? code : 2;
}

static void test_picked_for_opencl(void **state)
{
    int code;

    (void)state;
    if (API_SANITIZED) {
        skip(); /* drivers do not like it */
    }
    code = yt_in_child(pick_with_opencl, NULL, 100);
    if (code == 77) {
        skip();
    }
    assert_int_equal(code, 0);
}

/* In a child, for what it takes. */
static int pick_when_big(void *arg)
{
    const size_t bytes = ((size_t)1 << 30) + ((size_t)64 << 20);
    yoke_pool *pool;

    (void)arg;
    if (mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED) {
        return 77;
    }
    pool = api_try_open("cpu:1");
    if (pool == NULL || yoke_pool_start_method(pool) != YOKE_START_SPAWN) {
        return 1;
    }
    return yoke_pool_close(pool) == YOKE_OK ? 0 : 2;
}

static void test_picked_for_size(void **state)
{
    int code;

    (void)state;
    code = yt_in_child(pick_when_big, NULL, 100);
    if (code == 77) {
        skip();
    }
    assert_int_equal(code, 0);
}

static int pick_when_inheriting(void *arg)
{
    yoke_pool *pool;

    (void)arg;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 ||
        dlopen("libOpenCL.so.1", RTLD_NOW) == NULL) {
        return 77;
    }
    pool = api_try_open("cpu:1");
    if (pool == NULL || yoke_pool_start_method(pool) != YOKE_START_FORK) {
        return 1;
    }
    return yoke_pool_close(pool) == YOKE_OK ? 0 : 2;
}

/* Orphans would become children of this program, seen by wait(). */
static void test_not_picked_when_inheriting_orphans(void **state)
{
    int code;

    (void)state;
    if (API_SANITIZED) {
        skip();
    }
    code = yt_in_child(pick_when_inheriting, NULL, 60);
    if (code == 77) {
        skip();
    }
    assert_int_equal(code, 0);
}

/* ---- functions that live nowhere ---- */

static void test_function_nowhere(void **state)
{
    yoke_pool *pool = open_with(YOKE_START_SPAWN);
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    yoke_native *made;
    yoke_kernel *kernel;

    (void)state;
    assert_ptr_not_equal(page, MAP_FAILED);
    memcpy(&made, &page, sizeof made);
    assert_refused(
        pool, yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = made}),
        YOKE_EINVAL, "in no loaded program");
    assert_null(kernel);
    (void)munmap(page, 4096);
    api_close(pool);
}

/* ---- letters that are none ---- */

static int run_with_variable(void *arg)
{
    if (setenv("YOKE_SPAWN", arg, 1) != 0) {
        return 1;
    }
    (void)execl("/proc/self/exe", "test_start", "--stray", (char *)NULL);
    return 2;
}

static void check_stray(int fd)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%d", fd);
    assert_int_equal(yt_in_child(run_with_variable, text, 60), 55);
}

static void test_stray_variable(void **state)
{
    static const char *const texts[] = {
        "", "x", "-1", "0", "2", "99999", "18446744073709551616"};
    const int empty = memfd_create("empty", 0);
    const int sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
    int ends[2];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[32];

        (void)snprintf(text, sizeof text, "%s", texts[i]);
        assert_int_equal(yt_in_child(run_with_variable, text, 60), 55);
    }
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(ftruncate(sealed, 1 << 16), 0);
    assert_int_equal(fcntl(sealed, F_ADD_SEALS,
                           F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
                     0);
    check_stray(empty);
    check_stray(sealed);
    check_stray(ends[0]);
    (void)close(empty);
    (void)close(sealed);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* main() was reached, the variable is gone, and a pool works. */
static int be_stray(void)
{
    return getenv("YOKE_SPAWN") == NULL && api_try_pool("cpu:1") == 0 ? 55 : 3;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_methods),
        yt_unit_test(test_globals),
        yt_unit_test(test_bad_choice),
        yt_unit_test(test_unseen),
        yt_unit_test(test_failures),
        yt_unit_test(test_picked_for_threads),
        yt_unit_test(test_picked_for_opencl),
        yt_unit_test(test_picked_for_size),
        yt_unit_test(test_not_picked_when_inheriting_orphans),
        yt_unit_test(test_function_nowhere),
        yt_unit_test(test_stray_variable),
    };

    if (argc == 2 && strcmp(argv[1], "--stray") == 0) {
        return be_stray();
    }
    (void)unsetenv("YOKE_START"); /* the tests say themselves what they want */
    return yt_run_group(tests);
}
