/* SPDX-License-Identifier: MIT */
/* Start methods: what is asked for is had, whatever the program is doing; what cannot be
 * had is an error with a reason. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
    assert_ok(yoke_free(out));
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

/* ---- what the log says ---- */

/* In a child, whose standard error is a file. */
static int create_logged(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:1", .start = *(yoke_start *)arg};
    FILE *file = tmpfile();
    char text[4096];
    yoke_pool *pool;
    size_t bytes;

    if (file == NULL || dup2(fileno(file), STDERR_FILENO) < 0 ||
        setenv("YOKE_LOG", "1", 1) != 0 ||
        yoke_pool_create(&pool, &options) != YOKE_OK ||
        yoke_pool_close(pool) != YOKE_OK) {
        return 1;
    }
    rewind(file);
    bytes = fread(text, 1, sizeof text - 1, file);
    text[bytes] = '\0';
    switch (options.start) {
    case YOKE_START_AUTO:
        return strstr(text, getenv("YOKE_START") != NULL
                                ? "spawned (YOKE_START)"
                                : "forked (the default)") != NULL
                   ? 0
                   : 2;
    case YOKE_START_FORK:
        return strstr(text, "forked (.start)") != NULL ? 0 : 3;
    default:
        return strstr(text, "spawned (.start)") != NULL ? 0 : 4;
    }
}

static void test_log(void **state)
{
    yoke_start starts[] = {YOKE_START_AUTO, YOKE_START_FORK, YOKE_START_SPAWN};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(yt_in_child(create_logged, &starts[i], 60), 0);
    }
    assert_int_equal(setenv("YOKE_START", "spawn", 1), 0);
    assert_int_equal(yt_in_child(create_logged, &starts[0], 60), 0);
    assert_int_equal(unsetenv("YOKE_START"), 0);
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
        YOKE_EINVAL, "not in the program or a loaded library");
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
        yt_unit_test(test_methods),          yt_unit_test(test_globals),
        yt_unit_test(test_bad_choice),       yt_unit_test(test_unseen),
        yt_unit_test(test_failures),         yt_unit_test(test_log),
        yt_unit_test(test_function_nowhere), yt_unit_test(test_stray_variable),
    };

    if (argc == 2 && strcmp(argv[1], "--stray") == 0) {
        return be_stray();
    }
    (void)unsetenv("YOKE_START"); /* the tests say themselves what they want */
    return yt_run_group(tests);
}
