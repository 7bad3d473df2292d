/* SPDX-License-Identifier: MIT */
/* Kinds of devices that are in folders of this test, and in a line of the list each: the
 * library parses, lists, starts, uses and replaces them like its own. */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/yoke_test.h"
#include "yoke/yoke.h"

enum { N = 20000, MAX_INFOS = 32 };

typedef struct gate {
    _Atomic uint32_t open;
    _Atomic uint32_t arrived;
} gate;

typedef struct answer {
    uint32_t value;
    int32_t pid;
} answer;

/* out answer[i], in uint32[i], inout gate: all that come before it is open wait there. */
static void triple(const yoke_span *span, void *const args[])
{
    const struct timespec moment = {0, 200000};
    answer *out = args[0];
    const uint32_t *in = args[1];
    gate *held = args[2];

    (void)atomic_fetch_add(&held->arrived, 1);
    while (atomic_load(&held->open) == 0) {
        (void)nanosleep(&moment, NULL);
    }
    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (answer){3 * in[i], (int32_t)getpid()};
    }
}

static yoke_pool *open_pool(const char *devices)
{
    yoke_pool *pool = NULL;

    assert_ok_pool(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices,
                                                                .wait_ready = true}));
    return pool;
}

static size_t workers_of(yoke_pool *pool, yoke_worker_info infos[MAX_INFOS])
{
    size_t count = 0;

    assert_ok(yoke_pool_workers(pool, infos, MAX_INFOS, &count));
    assert_true(count <= MAX_INFOS);
    return count;
}

static yoke_worker_info find(yoke_pool *pool, const char *name)
{
    yoke_worker_info infos[MAX_INFOS];
    const size_t count = workers_of(pool, infos);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(infos[i].name, name) == 0) {
            return infos[i];
        }
    }
    fail_msg("no worker is called %s", name);
    return (yoke_worker_info){.cpu = -1};
}

static void check_refused(const char *devices, const char *words)
{
    yoke_pool *pool = NULL;

    assert_status(yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices}),
                  YOKE_EINVAL);
    assert_null(pool);
    assert_contains(yoke_pool_error(NULL), words);
}

/* ---- maps ---- */

typedef struct run {
    yoke_pool *pool;
    yoke_kernel *kernel;
    answer *out;
    uint32_t *in;
    gate *held;
    yoke_future *future;
} run;

static void run_start(run *self, yoke_pool *pool, const char *devices)
{
    const yoke_map_options options = {.devices = devices, .chunk = 100};

    *self = (run){.pool = pool};
    assert_ok_pool(pool, yoke_kernel_create(&self->kernel, pool,
                                            &(yoke_kernel_options){.name = "triple",
                                                                   .native = triple}));
    self->out = yoke_alloc(pool, N * sizeof *self->out);
    self->in = yoke_alloc(pool, N * sizeof *self->in);
    self->held = yoke_alloc(pool, sizeof *self->held);
    assert_true(self->out != NULL && self->in != NULL && self->held != NULL);
    for (uint32_t i = 0; i < N; i++) {
        self->in[i] = 7 * i;
    }
    atomic_store(&self->held->open, 0);
    atomic_store(&self->held->arrived, 0);
    assert_ok_pool(pool,
                   yoke_map_async(&self->future, pool, self->kernel, yoke_range_1d(N),
                                  &options,
                                  YOKE_ARGS(yoke_out(self->out, sizeof *self->out),
                                            yoke_in(self->in, sizeof *self->in),
                                            yoke_in_whole(self->held,
                                                          sizeof *self->held))));
}

typedef struct crowd {
    const run *run;
    uint32_t arrived;
} crowd;

static bool have_arrived(void *context)
{
    const crowd *awaited = context;

    return atomic_load(&awaited->run->held->arrived) >= awaited->arrived;
}

static void run_await(const run *self, uint32_t arrived)
{
    crowd awaited = {self, arrived};

    assert_true(yt_wait_until(have_arrived, &awaited, 60));
}

/* Opens the gate; all must be right. How many items each of the pids has computed. */
static void run_end(run *self, const pid_t *pids, size_t *items, size_t count)
{
    atomic_store(&self->held->open, 1);
    assert_ok_pool(self->pool, yoke_future_wait(self->future, YOKE_FOREVER));
    yoke_future_destroy(self->future);
    memset(items, 0, count * sizeof *items);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(self->out[i].value, 21 * i);
        for (size_t k = 0; k < count; k++) {
            items[k] += self->out[i].pid == pids[k];
        }
    }
    yoke_kernel_destroy(self->kernel);
    yoke_free(self->out);
    yoke_free(self->in);
    yoke_free(self->held);
}

/* ---- the toy ---- */

static void test_bad_strings_name_it(void **state)
{
    (void)state;
    check_refused("zebra", "expected cpu, cpu:N, cpu:NxK, gpu, opencl, opencl:NUMBER, "
                           "opencl:NAME, fake:NxSPEED");
    assert_contains(yoke_pool_error(NULL), "toy, toy:N, card, card:NUMBER");
    check_refused("toys", "unknown device \"toys\"");
    check_refused("cpu:1,toy:0", "a number of toys from 1 to 256");
    check_refused("toy:257", "\"toy:257\"");
    check_refused("card:x", "\"card:x\": a number is expected");
}

static void test_it_is_described(void **state)
{
    yoke_pool *pool = open_pool("toy:2,cpu:1,toy");
    yoke_worker_info infos[MAX_INFOS];
    const yoke_worker_info toy = find(pool, "toy1");

    (void)state;
    assert_int_equal(workers_of(pool, infos), 4);
    assert_string_equal(infos[0].name, "toy0");
    assert_string_equal(infos[2].name, "cpu0");
    assert_string_equal(infos[3].name, "toy2");
    assert_string_equal(toy.device, "toy device");
    assert_string_equal(toy.driver, "toy");
    assert_string_equal(toy.reason, "a toy");
    assert_int_equal(toy.state, YOKE_WORKER_READY);
    assert_true(toy.pid > 0 && toy.cpu == -1 && toy.opencl_index == -1);
    assert_true(toy.shares_memory && toy.has_double);
    assert_true(toy.kind > YOKE_WORKER_FAKE);
    assert_ok(yoke_pool_close(pool));
}

static void test_it_computes_beside_cores(void **state)
{
    yoke_pool *pool = open_pool("cpu:1,toy:2");
    const pid_t pids[] = {find(pool, "cpu0").pid, find(pool, "toy0").pid,
                          find(pool, "toy1").pid};
    size_t items[3];
    run self;

    (void)state;
    run_start(&self, pool, NULL);
    run_await(&self, 3); /* each has a chunk */
    run_end(&self, pids, items, 3);
    assert_true(items[0] > 0 && items[1] > 0 && items[2] > 0);
    assert_int_equal(items[0] + items[1] + items[2], N);
    assert_ok(yoke_pool_close(pool));
}

static void test_a_job_can_ask_for_it(void **state)
{
    yoke_pool *pool = open_pool("cpu:2,toy:2");
    const pid_t pids[] = {find(pool, "toy0").pid, find(pool, "toy1").pid};
    size_t items[2];
    run self;

    (void)state;
    run_start(&self, pool, "toy:1");
    run_end(&self, pids, items, 2);
    assert_int_equal(items[0], N);
    run_start(&self, pool, "toy");
    run_end(&self, pids, items, 2);
    assert_int_equal(items[0], N); /* "toy" is one */
    run_start(&self, pool, "toy:2");
    run_await(&self, 2);
    run_end(&self, pids, items, 2);
    assert_true(items[0] > 0 && items[1] > 0);
    assert_int_equal(items[0] + items[1], N);
    assert_ok(yoke_pool_close(pool));
}

static bool has_successor(void *context)
{
    const yoke_worker_info info = find(context, "toy0");

    return info.restarts == 1 && info.state == YOKE_WORKER_READY;
}

static void test_it_survives_a_kill(void **state)
{
    yoke_pool *pool = open_pool("cpu:1,toy:1");
    const pid_t pids[] = {find(pool, "cpu0").pid, find(pool, "toy0").pid};
    size_t items[2];
    run self;

    (void)state;
    run_start(&self, pool, NULL);
    run_await(&self, 2);
    assert_int_equal(kill(pids[1], SIGKILL), 0); /* in the middle of a chunk */
    assert_true(yt_wait_until(has_successor, pool, 60));
    assert_true(find(pool, "toy0").pid != pids[1]);
    run_end(&self, pids, items, 2);
    assert_int_equal(items[1], 0);
    assert_ok(yoke_pool_close(pool));
}

/* ---- the cards ---- */

static void test_a_probe_finds_the_cards(void **state)
{
    yoke_pool *pool = open_pool("cpu:1,card:1");
    const yoke_worker_info used = find(pool, "card1");
    const yoke_worker_info unused = find(pool, "card0");
    const pid_t pids[] = {used.pid};
    size_t items[1];
    run self;

    (void)state;
    assert_string_equal(used.reason, "a card");
    assert_int_equal(used.state, YOKE_WORKER_READY);
    assert_true(used.kind > YOKE_WORKER_FAKE && used.kind == unused.kind);
    assert_int_equal(unused.state, YOKE_WORKER_UNUSED);
    assert_string_equal(unused.device, "card A");
    assert_string_equal(unused.driver, "Cards, 1.0");
    assert_string_equal(unused.reason,
                        "not used: not in the device list \"cpu:1,card:1\"");
    run_start(&self, pool, "card");
    run_end(&self, pids, items, 1);
    assert_int_equal(items[0], N);
    assert_ok(yoke_pool_close(pool));
}

static void test_a_missing_card_is_an_error(void **state)
{
    yoke_pool *pool = NULL;

    (void)state;
    assert_status(
        yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1,card:2"}),
        YOKE_ENODEVICE);
    assert_null(pool);
    assert_contains(yoke_pool_error(NULL), "no device for \"cpu:1,card:2\"");
    assert_contains(yoke_pool_error(NULL), "card:1 is card B (Cards)");
}

/* ---- cores ---- */

static size_t count_unused(yoke_pool *pool, const char *name, size_t *others)
{
    yoke_worker_info infos[MAX_INFOS];
    const size_t count = workers_of(pool, infos);
    size_t unused = 0;

    *others = 0;
    for (size_t i = 0; i < count; i++) {
        const bool is_of = strncmp(infos[i].name, name, strlen(name)) == 0;

        unused += is_of && infos[i].state == YOKE_WORKER_UNUSED;
        *others += is_of && infos[i].state != YOKE_WORKER_UNUSED;
    }
    return unused;
}

static bool has_parked_one(void *pool)
{
    size_t others;

    return count_unused(pool, "cpu", &others) == 1;
}

/* A core makes room for the process of a card, whoever has the first slots. */
static void test_cores_make_room_for_cards(void **state)
{
    yoke_pool *pool = open_pool("cpu");
    size_t cpus;
    size_t toys;

    (void)state;
    (void)count_unused(pool, "cpu", &cpus);
    assert_ok(yoke_pool_close(pool));
    if (cpus < 4 || cpus > MAX_INFOS - 12) {
        skip();
    }
    pool = open_pool("toy:10,cpu,card:0");
    assert_true(yt_wait_until(has_parked_one, pool, 60));
    assert_int_equal(count_unused(pool, "toy", &toys), 0);
    assert_int_equal(toys, 10);
    assert_ok(yoke_pool_close(pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_bad_strings_name_it),
        yt_unit_test(test_it_is_described),
        yt_unit_test(test_it_computes_beside_cores),
        yt_unit_test(test_a_job_can_ask_for_it),
        yt_unit_test(test_it_survives_a_kill),
        yt_unit_test(test_a_probe_finds_the_cards),
        yt_unit_test(test_a_missing_card_is_an_error),
        yt_unit_test(test_cores_make_room_for_cards),
    };

    return yt_run_group(tests);
}
