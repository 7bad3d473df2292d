/* SPDX-License-Identifier: MIT */
/* A program with a pool under valgrind's tools, with one thread and with two. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_setup.h"

enum { SKIPPED = 77, FOUND_SOMETHING = 99 };

static const char *program;

static void *wait_at_end(void *end)
{
    (void)pthread_barrier_wait(end);
    return NULL;
}

/* What runs under valgrind. */
static int work(bool threads)
{
    pthread_barrier_t end;
    pthread_t other;
    int code;

    if (threads && (pthread_barrier_init(&end, NULL, 2) != 0 ||
                    pthread_create(&other, NULL, wait_at_end, &end) != 0)) {
        return 10;
    }
    code = api_try_pool("cpu:2");
    if (threads) {
        (void)pthread_barrier_wait(&end);
        (void)pthread_join(other, NULL);
        (void)pthread_barrier_destroy(&end);
    }
    return code;
}

/* No process can be executed once more there: that is refused with a reason. */
static int spawn(void)
{
    yoke_pool *pool;
    const yoke_status status = yoke_pool_create(
        &pool, &(yoke_pool_options){.devices = "cpu:1", .start = YOKE_START_SPAWN});

    if (status != YOKE_EUNSUPPORTED) {
        return 20;
    }
    return strstr(yoke_pool_error(NULL), "valgrind") != NULL ? 0 : 21;
}

static int under(const char *tool, const char *what)
{
    char command[1024];
    int status;

    (void)snprintf(command, sizeof command,
                   "valgrind -q --tool=%s --error-exitcode=%d '%s' %s 2>&1", tool,
                   FOUND_SOMETHING, program, what);
    status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_tools(void **state)
{
    static const char *const tools[] = {
        "memcheck", "helgrind", "massif --massif-out-file=/dev/null",
        "callgrind --callgrind-out-file=/dev/null"};

    (void)state;
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        print_message("%s\n", tools[i]);
        assert_int_equal(under(tools[i], "one"), 0);
        assert_int_equal(under(tools[i], "two"), 0);
    }
}

static void test_spawn(void **state)
{
    (void)state;
    assert_int_equal(under("memcheck", "spawn"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {yt_unit_test(test_tools),
                                       yt_unit_test(test_spawn)};

    program = argv[0];
    if (argc == 2) {
        return strcmp(argv[1], "spawn") == 0 ? spawn() : work(strcmp(argv[1], "two") == 0);
    }
    if (API_SANITIZED || system("command -v valgrind >/dev/null") != 0) {
        (void)puts("skipped: valgrind is not installed, or the sanitizers are in its place");
        return SKIPPED;
    }
    /* The start method of this program is no matter of the suite's. */
    (void)unsetenv("YOKE_START");
    return yt_run_group(tests);
}
