/* SPDX-License-Identifier: MIT */
/* Results that stay on devices: what moves, which devices see them, what is written back. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api_setup.h"
#include "pool/pool.h"
#include "support/lent_grid.h"
#include "support/lent_line.h"

enum { ROWS = 512, BYTES = ROWS * GRID_ROW, STEPS = 40, MANY_STEPS = 200 };

/* For PoCL. */
enum { TOO_LARGE_GROUP = 8192 };

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

static const yoke_map_options keep = {.recovery = YOKE_RECOVER_NONE};

static void check_grid(lent_grid *g)
{
    grid_reclaim(g);
    assert_true(grid_is_right(g));
}

/* Submits steps that wait for each other, and none of them for this program. */
static void queue_steps(lent_grid *g, int steps, const yoke_map_options *options)
{
    yoke_future *last = NULL;

    for (int i = 0; i < steps; i++) {
        yoke_future_destroy(last);
        last = grid_step(g, options);
    }
    assert_ok_pool(g->pool, yoke_future_wait(last, API_SECONDS));
    yoke_future_destroy(last);
}

/* ---- one device ---- */

/* All goes there once, and the last two grids come back when they are wanted. */
static void check_alone(const char *devices, const char *name)
{
    yoke_pool *pool = api_open(devices);
    lent_grid g;

    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, STEPS, &keep);
    assert_int_equal(grid_moved(pool, name, false), BYTES);
    assert_int_equal(grid_moved(pool, name, true), 0);
    grid_reclaim(&g);
    assert_true(grid_is_right(&g));
    assert_int_equal(grid_moved(pool, name, true), 2 * BYTES);
    grid_fini(&g);
    api_close(pool);
}

static void test_alone(void **state)
{
    (void)state;
    check_alone("fake:1x1/private", "fake");
}

static void on_discrete_opencl(void (*check)(void))
{
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    check();
    (void)unsetenv("YOKE_FORCE_DISCRETE");
}

static void opencl_alone(void)
{
    check_alone("opencl:pocl", "opencl");
}

static void test_alone_on_opencl(void **state)
{
    (void)state;
    on_discrete_opencl(opencl_alone);
}

/* ---- others look ---- */

/* Other workers read, and overwrite, what a device alone has. */
static void test_turns(void **state)
{
    static const yoke_map_options on_fake = {.devices = "fake",
                                             .recovery = YOKE_RECOVER_NONE};
    static const yoke_map_options on_cpu = {.devices = "cpu",
                                            .recovery = YOKE_RECOVER_NONE};
    static const yoke_map_options safe_on_cpu = {.devices = "cpu"};
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, 3, &on_fake); /* the last one: 0 to 1 */
    assert_int_equal(grid_moved(pool, "fake", true), 0);
    grid_steps(&g, 1, &on_cpu); /* 1 to 0 */
    assert_int_equal(grid_moved(pool, "fake", true), BYTES);
    grid_steps(&g, 2, &on_fake);     /* 0 to 1 to 0 */
    grid_steps(&g, 1, &safe_on_cpu); /* 0 to 1, after all came back */
    assert_int_equal(grid_moved(pool, "fake", true), 3 * BYTES);
    queue_steps(&g, 5, &on_fake);
    queue_steps(&g, 5, &on_cpu);
    queue_steps(&g, 4, NULL);
    check_grid(&g);
    grid_fini(&g);
    api_close(pool);
}

/* ---- several workers ---- */

static void check_together(const char *devices)
{
    yoke_pool *pool = api_open(devices);
    lent_grid g;

    grid_init(&g, pool, ROWS, true);
    queue_steps(&g, MANY_STEPS, &keep);
    check_grid(&g);
    grid_lend(&g);
    grid_steps(&g, STEPS, &keep);
    check_grid(&g);
    grid_fini(&g);
    api_close(pool);
}

static void test_together(void **state)
{
    (void)state;
    check_together("cpu:2");
    check_together("fake:2x1/private");
    check_together("cpu:1,fake:1x1/private");
    check_together("cpu:1,fake:2x0.5/private,fake:1x1");
}

static void opencl_together(void)
{
    check_together("opencl:pocl");
    check_together("cpu:1,opencl:pocl");
}

static void test_together_with_opencl(void **state)
{
    (void)state;
    on_discrete_opencl(opencl_together);
}

/* ---- blocks that chunks share ---- */

static const char *const beside[] = {"fake", "cpu", "fake,cpu"};

/* Steps of both kinds on changing sets of devices, some with recovery. */
static void check_line(const char *devices, bool turns)
{
    yoke_pool *pool = api_open(devices);
    lent_line l;

    line_init(&l, pool);
    for (int i = 0; i < MANY_STEPS; i++) {
        const yoke_map_options options = {
            .devices = turns ? beside[i % 3] : NULL,
            .recovery = i % 10 == 7 ? YOKE_RECOVER_RETRY : YOKE_RECOVER_NONE,
            .grain = i % 7 == 3 ? 3001 : 0,
        };

        yoke_future_destroy(i % 2 == 0 ? line_spread_once(&l, &options)
                                       : line_change_once(&l, &options));
    }
    assert_ok_pool(pool, yoke_reclaim(l.lines[0]));
    assert_ok_pool(pool, yoke_reclaim(l.lines[1]));
    assert_true(line_is_right(&l));
    line_fini(&l);
    api_close(pool);
}

static void test_shared_blocks(void **state)
{
    (void)state;
    check_line("fake:1x1/private", false);
    check_line("fake:2x1/private", false);
    check_line("cpu:1,fake:1x1/private", true);
    check_line("cpu:2,fake:1x0.5/private,fake:1x1/private", true);
}

static void opencl_shares_blocks(void)
{
    check_line("opencl:pocl", false);
    check_line("cpu:1,opencl:pocl", false);
    check_line("fake:1x1/private,opencl:pocl", false);
}

static void test_shared_blocks_on_opencl(void **state)
{
    (void)state;
    on_discrete_opencl(opencl_shares_blocks);
}

/* ---- what moves between two ---- */

/* Half of the rows; it is given one more than it writes, and the number of the first. */
static void half_native(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *in = args[1];
    const size_t first = *(const uint32_t *)args[2];

    for (size_t y = span->begin; y < span->end; y++) {
        const size_t up = (y > 0 ? y - 1 : 0) - first;
        const size_t down = (y + 1 < ROWS ? y + 1 : y) - first;
        const uint32_t *row = in + (y - first) * GRID_WIDTH;

        for (size_t x = 0; x < GRID_WIDTH; x++) {
            out[y * GRID_WIDTH + x] =
                row[x] * 3 + in[up * GRID_WIDTH + x] - (in[down * GRID_WIDTH + x] >> 2);
        }
    }
}

/* Of a step from one grid to the other. */
static void half_step(lent_grid *g, yoke_kernel *kernel, bool upper,
                      const yoke_map_options *options)
{
    const int from = g->steps % 2;
    const uint32_t first = upper ? ROWS / 2 - 1 : 0;
    yoke_range range = yoke_range_2d(GRID_WIDTH, ROWS / 2);
    yoke_future *future = NULL;

    range.begin[1] = upper ? ROWS / 2 : 0;
    assert_ok_pool(
        g->pool, yoke_map_async(&future, g->pool, kernel, range, options,
                                YOKE_ARGS(yoke_out(g->grids[1 - from], GRID_ROW),
                                          yoke_in_whole(g->grids[from] +
                                                            (size_t)first * GRID_WIDTH,
                                                        (ROWS / 2 + 1) * GRID_ROW),
                                          yoke_scalar(first))));
    assert_ok_pool(g->pool, yoke_future_wait(future, API_SECONDS));
    yoke_future_destroy(future);
}

/* Two workers with a half each: after the first steps one row goes each way. */
static void test_halos_move(void **state)
{
    static const yoke_map_options on_fake = {.devices = "fake",
                                             .recovery = YOKE_RECOVER_NONE};
    static const yoke_map_options on_cpu = {.devices = "cpu",
                                            .recovery = YOKE_RECOVER_NONE};
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    yoke_kernel *half = api_kernel(pool, "half", half_native);
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    for (int i = 0; i < STEPS; i++) {
        const uint64_t sent = grid_moved(pool, "fake", false);
        const uint64_t received = grid_moved(pool, "fake", true);

        half_step(&g, half, false, &on_cpu);
        half_step(&g, half, true, &on_fake);
        grid_rows(g.wanted[1 - i % 2], g.wanted[i % 2], ROWS, 0, ROWS);
        g.steps++;
        assert_int_equal(grid_moved(pool, "fake", false) - sent,
                         i == 0 ? BYTES / 2 + GRID_ROW : GRID_ROW);
        assert_int_equal(grid_moved(pool, "fake", true) - received,
                         i == 0 ? 0 : GRID_ROW);
    }
    check_grid(&g);
    yoke_kernel_destroy(half);
    grid_fini(&g);
    api_close(pool);
}

/* ---- other ends of a lending ---- */

/* A lent block may be freed as it is, and a pool closed. */
static void test_freed_and_closed(void **state)
{
    yoke_pool *pool = api_open("fake:2x1/private");
    lent_grid g;

    (void)state;
    for (int round = 0; round < 100; round++) {
        grid_init(&g, pool, 16, true);
        grid_steps(&g, 2, &keep);
        grid_fini(&g);
    }
    grid_init(&g, pool, ROWS, true);
    queue_steps(&g, 20, &keep);
    api_close(pool);
    free(g.wanted[0]);
    free(g.wanted[1]);
}

/* While owners of tiles compile, others need what they hold. */
static void compile_beside(void)
{
    yoke_pool *pool = api_open("cpu:1,opencl:pocl,fake:1x1/private");
    lent_grid g;
    char text[128];

    grid_init(&g, pool, ROWS, true);
    for (int i = 0; i < 4; i++) {
        yoke_future *last = NULL;
        yoke_kernel *kernel = NULL;

        for (int k = 0; k < 30; k++) {
            yoke_future_destroy(last);
            last = grid_step(&g, &keep);
        }
        (void)snprintf(text, sizeof text,
                       "__kernel void k(__global uint *x) { x[0] = %du + %du; }", i,
                       (int)getpid());
        assert_ok_pool(pool, yoke_kernel_create(
                                 &kernel, pool,
                                 &(yoke_kernel_options){.name = "k", .source = text}));
        assert_ok_pool(pool, yoke_future_wait(last, API_SECONDS));
        yoke_future_destroy(last);
        yoke_kernel_destroy(kernel);
    }
    check_grid(&g);
    grid_fini(&g);
    api_close(pool);
}

/* A device that stands aside from a job has to give back all: others do its share. */
static void stand_aside(void)
{
    static const yoke_map_options on_opencl = {.devices = "opencl",
                                               .recovery = YOKE_RECOVER_NONE};
    static const yoke_map_options padded = {.recovery = YOKE_RECOVER_NONE,
                                            .round_up = true};
    yoke_pool *pool = api_open("cpu:1,opencl:pocl");
    yoke_kernel *small;
    lent_line l;

    line_init(&l, pool);
    small = l.change;
    assert_ok_pool(pool, yoke_kernel_create(
                             &l.change, pool,
                             &(yoke_kernel_options){.name = "change",
                                                    .source = line_source,
                                                    .native = line_change,
                                                    .group = {TOO_LARGE_GROUP, 1, 1}}));
    for (int i = 0; i < 10; i++) {
        yoke_future *last;

        yoke_future_destroy(line_spread_once(&l, &on_opencl));
        last = line_change_once(&l, &padded);
        assert_ok_pool(pool, yoke_future_wait(last, API_SECONDS));
        yoke_future_destroy(last);
    }
    yoke_kernel_destroy(small);
    assert_ok_pool(pool, yoke_reclaim(l.lines[0]));
    assert_ok_pool(pool, yoke_reclaim(l.lines[1]));
    assert_true(line_is_right(&l));
    line_fini(&l);
    api_close(pool);
}

static void test_standing_aside(void **state)
{
    (void)state;
    on_discrete_opencl(stand_aside);
}

static void test_beside_a_compiler(void **state)
{
    (void)state;
    on_discrete_opencl(compile_beside);
}

/* ---- recalls beside jobs ---- */

enum { RECALLED = 5000 };

/* inout uint32[i], scalar api_gate *: as api_hold(). The gate is not in the device's memory. */
static void hold_device(const yoke_span *span, void *const args[])
{
    void *gate;

    memcpy(&gate, args[1], sizeof gate);
    api_hold(span, (void *const[]){args[0], gate});
}

typedef struct recall {
    void *memory;
    pthread_t thread;
    _Atomic int id; /* of the thread; 0: it has not begun */
    yoke_status status;
} recall;

static void *recall_in_thread(void *context)
{
    recall *self = context;

    atomic_store(&self->id, (int)syscall(SYS_gettid));
    self->status = yoke_reclaim(self->memory);
    return NULL;
}

static void recall_start(recall *self)
{
    assert_int_equal(pthread_create(&self->thread, NULL, recall_in_thread, self), 0);
}

static void recall_finish(const recall *self)
{
    assert_int_equal(pthread_join(self->thread, NULL), 0);
    assert_int_equal(self->status, YOKE_OK);
}

/* A recall waits for the device. */
static bool recall_is_under_way(void *pool)
{
    pthread_mutex_t *lock = &((yoke_pool *)pool)->lending.recall_lock;

    if (pthread_mutex_trylock(lock) != 0) {
        return true;
    }
    (void)pthread_mutex_unlock(lock);
    return false;
}

static bool recall_sleeps(void *context)
{
    char path[64], text[64] = "";
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat",
                   atomic_load(&((recall *)context)->id));
    file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    (void)fgets(text, sizeof text, file);
    (void)fclose(file);
    return strstr(text, ") S") != NULL;
}

static uint32_t *lend_numbers(yoke_pool *pool)
{
    uint32_t *numbers = api_numbers(pool, RECALLED);

    assert_ok(yoke_lend(numbers));
    return numbers;
}

static void increment_kept(yoke_pool *pool, yoke_kernel *kernel, uint32_t *numbers)
{
    assert_ok_pool(pool, yoke_map_async(NULL, pool, kernel, yoke_range_1d(RECALLED), &keep,
                                        YOKE_ARGS(yoke_inout(numbers, 4))));
}

/* One recall is held up by a job that has nothing to do with it, another waits behind it. Then a
 * job comes that changes what the second is to bring back. */
static void test_a_job_comes_before_a_recall(void **state)
{
    yoke_pool *pool = api_open("fake:1x1/private");
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    yoke_kernel *hold = api_kernel(pool, "hold", hold_device);
    api_gate *gate = api_gate_create(pool);
    uint32_t *held = api_numbers(pool, 1);
    recall first = {.memory = lend_numbers(pool)}, second = {.memory = lend_numbers(pool)};

    (void)state;
    increment_kept(pool, increment, first.memory);
    increment_kept(pool, increment, second.memory);
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_map_async(NULL, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(held, 4), yoke_scalar(gate))));
    api_gate_await(gate, 1);
    recall_start(&first);
    assert_true(yt_wait_until(recall_is_under_way, pool, 60));
    recall_start(&second);
    assert_true(yt_wait_until(recall_sleeps, &second, 60));
    increment_kept(pool, increment, second.memory);
    api_gate_open(gate);
    recall_finish(&first);
    recall_finish(&second);
    assert_true(api_all(first.memory, RECALLED, 1));
    assert_true(api_all(second.memory, RECALLED, 2));
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_alone),
        yt_unit_test(test_alone_on_opencl),
        yt_unit_test(test_turns),
        yt_unit_test(test_together),
        yt_unit_test(test_together_with_opencl),
        yt_unit_test(test_shared_blocks),
        yt_unit_test(test_shared_blocks_on_opencl),
        yt_unit_test(test_halos_move),
        yt_unit_test(test_freed_and_closed),
        yt_unit_test(test_beside_a_compiler),
        yt_unit_test(test_a_job_comes_before_a_recall),
        yt_unit_test(test_standing_aside),
    };

    return yt_run_group(tests);
}
