/* SPDX-License-Identifier: MIT */
/* What is traced, and the file it is written to: one event a line. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 5000, JOBS = 7 };

static char folder[] = "/tmp/yoke_test_XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/trace.json", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

/* ---- reading ---- */

typedef struct found {
    int lines;
    int tracks;
    int next_lanes; /* tracks of second lanes: there if a device had two chunks in flight */
    int chunks;
    int builds;
    int begun;
    int ended;
    int deaths;
    int births;
    int unnamed;
    unsigned long long items;
    unsigned long long sent;
    unsigned long long received;
    double last_end; /* of a chunk or a build, in microseconds */
} found;

/* The number behind a key; 0 if it is not there. */
static double number_in(const char *line, const char *key)
{
    char quoted[32];
    const char *place;

    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    place = strstr(line, quoted);
    return place != NULL ? strtod(place + strlen(quoted), NULL) : 0;
}

static bool has(const char *line, const char *part)
{
    return strstr(line, part) != NULL;
}

static void read_line(found *all, const char *line)
{
    const double end = number_in(line, "ts") + number_in(line, "dur");

    all->lines++;
    all->tracks += has(line, "\"thread_name\"");
    all->next_lanes += has(line, ", next lane");
    all->builds += has(line, "\"cat\":\"build\"");
    all->begun += has(line, "\"ph\":\"b\"");
    all->ended += has(line, "\"ph\":\"e\"");
    all->deaths += has(line, "killed by signal 9");
    all->unnamed += has(line, "an earlier");
    all->births += has(line, "process started");
    if (has(line, "\"ph\":\"X\"") && end > all->last_end) {
        all->last_end = end;
    }
    if (has(line, "\"cat\":\"chunk\"")) {
        all->chunks++;
        all->items += (unsigned long long)number_in(line, "items");
        all->sent += (unsigned long long)number_in(line, "sent");
        all->received += (unsigned long long)number_in(line, "received");
    }
}

static found read_trace(const char *name)
{
    FILE *file = fopen(name, "re");
    found all = {.lines = 0};
    char line[4096];

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        read_line(&all, line);
    }
    (void)fclose(file);
    return all;
}

/* Python reads it as JSON. */
static void check_json(const char *name)
{
    char command[256];

    (void)snprintf(command, sizeof command, "python3 -m json.tool %s /dev/null", name);
    assert_int_equal(system(command), 0);
}

/* ---- what is traced ---- */

static void run_jobs(yoke_pool *pool, const char *name, int jobs)
{
    yoke_kernel *kernel = api_kernel(pool, name, api_increment);
    uint32_t *numbers = api_numbers(pool, N);

    for (int i = 0; i < jobs; i++) {
        assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                      yoke_inout(numbers, sizeof *numbers)));
    }
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(numbers));
}

static void test_all_items(void **state)
{
    yoke_pool *pool = api_open("cpu:2,fake:1x0.5/private");
    found all;

    (void)state;
    run_jobs(pool, "before", 3);
    assert_ok(yoke_trace_start(pool));
    run_jobs(pool, "a \"quoted\" \\ name\n", JOBS);
    assert_ok_pool(pool, yoke_trace_write(pool, path));
    all = read_trace(path);
    check_json(path);
    assert_int_equal(all.items, JOBS * N);
    assert_int_equal(all.begun, JOBS);
    assert_int_equal(all.ended, JOBS);
    assert_between(all.next_lanes, 0, 1); /* the fake device's */
    assert_int_equal(all.tracks, 1 + 3 + all.next_lanes);
    assert_int_equal(all.unnamed, 0); /* though the kernel is gone */
    assert_true(all.chunks >= JOBS);
    assert_int_equal(all.deaths, 0);
    assert_true(all.last_end > 0 && all.last_end < 60e6);
    /* Those with memory of their own are sent what they read, and send what they wrote. */
    assert_true(all.sent == 0 || all.received > 0);

    assert_ok(yoke_trace_stop(pool));
    run_jobs(pool, "after", 3);
    assert_ok_pool(pool, yoke_trace_write(pool, path));
    assert_int_equal(read_trace(path).items, JOBS * N);
    assert_ok(yoke_trace_start(pool));
    run_jobs(pool, "again", 1);
    assert_ok_pool(pool, yoke_trace_write(pool, path));
    assert_int_equal(read_trace(path).items, N);
    api_close(pool);
}

/* Bytes that were moved before the trace do not count. */
static void test_bytes(void **state)
{
    yoke_pool *pool = api_open("fake:1x1/private");
    found all;

    (void)state;
    run_jobs(pool, "before", 10);
    for (int i = 0; i < 2; i++) {
        assert_ok(yoke_trace_start(pool));
        run_jobs(pool, "traced", 1);
        assert_ok_pool(pool, yoke_trace_write(pool, path));
        all = read_trace(path);
        assert_between(all.sent, N * sizeof(uint32_t), N * sizeof(uint32_t) + 4096);
        assert_between(all.received, N * sizeof(uint32_t), N * sizeof(uint32_t) + 4096);
        assert_ok(yoke_trace_stop(pool));
        run_jobs(pool, "between", 10);
    }
    api_close(pool);
}

static void test_caller(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);
    uint32_t *numbers = api_numbers(pool, N);
    const yoke_map_options options = {.caller_helps = true};

    (void)state;
    assert_ok(yoke_trace_start(pool));
    for (int i = 0; i < JOBS; i++) {
        assert_ok_pool(pool,
                       yoke_map_with(pool, kernel, yoke_range_1d(N), &options,
                                     YOKE_ARGS(yoke_out(numbers, sizeof *numbers))));
    }
    assert_ok_pool(pool, yoke_trace_write(pool, path));
    assert_int_equal(read_trace(path).items, JOBS * N);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* More events than are kept. */
static void test_long(void **state)
{
    enum { MANY = 40000 };
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "fill", api_fill);
    uint32_t *numbers = api_numbers(pool, MANY);
    const yoke_map_options options = {.grain = 1, .chunk = 1};
    found all;

    (void)state;
    assert_ok(yoke_trace_start(pool));
    for (int i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(MANY), &options,
                                           YOKE_ARGS(yoke_out(numbers, sizeof *numbers),
                                                     yoke_scalar((uint32_t)i))));
    }
    assert_ok_pool(pool, yoke_trace_write(pool, path));
    all = read_trace(path);
    check_json(path);
    assert_true(all.items < 3 * MANY);
    assert_between(all.chunks, 1000, 32768);
    assert_int_equal(all.ended, 3);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static bool has_replacement(void *context)
{
    yoke_worker_info info;

    return yoke_pool_workers(context, &info, 1, NULL) == YOKE_OK && info.restarts == 1 &&
           info.state == YOKE_WORKER_READY;
}

static void test_death(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_worker_info info;
    found all;

    (void)state;
    assert_ok(yoke_trace_start(pool));
    run_jobs(pool, "increment", 1);
    assert_ok(yoke_pool_workers(pool, &info, 1, NULL));
    assert_int_equal(kill(info.pid, SIGKILL), 0);
    assert_true(yt_wait_until(has_replacement, pool, 20));
    run_jobs(pool, "increment", 1);
    assert_ok_pool(pool, yoke_trace_write(pool, path));
    all = read_trace(path);
    check_json(path);
    assert_int_equal(all.deaths, 1);
    assert_int_equal(all.births, 1);
    assert_int_equal(all.items, 2 * N);
    api_close(pool);
}

static void test_bad_input(void **state)
{
    yoke_pool *pool = api_open("cpu:1");

    (void)state;
    assert_refused(pool, yoke_trace_write(pool, path), YOKE_EINVAL, "nothing was traced");
    assert_ok(yoke_trace_stop(pool));
    assert_refused(pool, yoke_trace_write(pool, NULL), YOKE_EINVAL, "path is NULL");
    assert_ok(yoke_trace_start(pool));
    assert_ok(yoke_trace_start(pool));
    assert_refused(pool, yoke_trace_write(pool, "/nowhere/at/all"), YOKE_ESYSTEM,
                   "/nowhere/at/all");
    assert_refused(pool, yoke_trace_write(pool, "/dev/full"), YOKE_ESYSTEM, "/dev/full");
    api_close(pool);
    assert_status(yoke_trace_start(pool), YOKE_ECLOSED);
    assert_status(yoke_trace_stop(pool), YOKE_ECLOSED);
    assert_status(yoke_trace_write(pool, path), YOKE_ECLOSED);
    assert_status(yoke_trace_start(NULL), YOKE_EINVAL);
}

/* ---- YOKE_TRACE ---- */

/* In a process of its own, since the first pool of a process has the plain name. */
static int trace_two_pools(void *context)
{
    (void)context;
    for (int i = 0; i < 2; i++) {
        yoke_pool *pool = api_try_open("cpu:1");

        if (pool == NULL || api_try_map(pool) != 0 || yoke_pool_close(pool) != YOKE_OK) {
            return 1;
        }
    }
    return 0;
}

/* Relative to where it is now; and it ends without closing the pool. */
static int go_elsewhere(void *context)
{
    yoke_pool *pool;

    (void)context;
    if (chdir(folder) != 0) {
        return 1;
    }
    (void)unlink(path);
    pool = api_try_open("cpu:1");
    if (pool == NULL || api_try_map(pool) != 0 || chdir("/") != 0) {
        return 2;
    }
    exit(0);
}

static int write_to_full_disk(void *context)
{
    yoke_pool *pool = api_try_open("cpu:1");

    (void)context;
    if (pool == NULL || api_try_map(pool) != 0) {
        return 1;
    }
    return yoke_pool_close(pool) == YOKE_ESYSTEM &&
                   strstr(yoke_pool_error(pool), "/dev/full") != NULL
               ? 0
               : 2;
}

static void test_environment(void **state)
{
    yoke_pool *pool = NULL;
    char second[80];

    (void)state;
    (void)unlink(path);
    (void)snprintf(second, sizeof second, "%s.2", path);
    assert_int_equal(setenv("YOKE_TRACE", path, 1), 0);
    assert_int_equal(yt_in_child(trace_two_pools, NULL, 60), 0);
    assert_int_equal(setenv("YOKE_TRACE", "trace.json", 1), 0);
    assert_int_equal(yt_in_child(go_elsewhere, NULL, 60), 0);
    assert_int_equal(setenv("YOKE_TRACE", "/dev/full", 1), 0);
    assert_int_equal(yt_in_child(write_to_full_disk, NULL, 60), 0);
    assert_int_equal(setenv("YOKE_TRACE", "/nowhere/at/all", 1), 0);
    assert_refused(NULL, yoke_pool_create(&pool, NULL), YOKE_ESYSTEM,
                   "YOKE_TRACE=/nowhere/at/all: ");
    assert_int_equal(unsetenv("YOKE_TRACE"), 0);
    assert_true(read_trace(path).chunks > 0);
    assert_true(read_trace(second).chunks > 0);
    check_json(path);
    check_json(second);
    assert_int_equal(unlink(second), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_all_items), yt_unit_test(test_bytes),
        yt_unit_test(test_caller),
        yt_unit_test(test_long),      yt_unit_test(test_death),
        yt_unit_test(test_bad_input), yt_unit_test(test_environment),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
