/* SPDX-License-Identifier: MIT */
/* Small blocks share pages. On no device does a job change its arrays' neighbours. */
#include <stdlib.h>
#include <string.h>

#include "source_setup.h"

enum { BLOCKS = 48, ROUNDS = 12, JOBS = 16, MOST = 25 };

static const char source[] =
    "__kernel void add(__global uint *x, uint n) { x[get_global_id(0)] += n; }";

/* inout uint32[i], scalar: adds. */
static void add_native(const yoke_span *span, void *const args[])
{
    uint32_t *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] += *(const uint32_t *)args[1];
    }
}

typedef struct neighbours {
    yoke_pool *pool;
    yoke_kernel *add;
    uint32_t *blocks[BLOCKS];
    size_t counts[BLOCKS];
    uint32_t expected[BLOCKS];
} neighbours;

static void open_neighbours(neighbours *all, yoke_pool *pool, bool with_source)
{
    const yoke_kernel_options options = {
        .name = "add", .source = with_source ? source : NULL, .native = add_native};

    *all = (neighbours){.pool = pool};
    assert_ok_pool(pool, yoke_kernel_create(&all->add, pool, &options));
    for (size_t i = 0; i < BLOCKS; i++) {
        all->counts[i] = i % 4 == 3 ? 1 + i % 16 : MOST;
        all->blocks[i] = yoke_alloc(pool, all->counts[i] * sizeof(uint32_t));
        assert_non_null(all->blocks[i]);
    }
    assert_true((char *)all->blocks[1] - (char *)all->blocks[0] < 4096);
}

static void check_neighbours(const neighbours *all)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_true(api_all(all->blocks[i], all->counts[i], all->expected[i]));
    }
}

static void close_neighbours(neighbours *all)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_ok_pool(all->pool, yoke_free(all->blocks[i]));
    }
    yoke_kernel_destroy(all->add);
    api_close(all->pool);
}

static void start(neighbours *all, size_t i, yoke_future **future)
{
    const uint32_t n = (uint32_t)(1 + i);

    assert_ok_pool(all->pool,
                   yoke_map_async(future, all->pool, all->add,
                                  yoke_range_1d(all->counts[i]), NULL,
                                  YOKE_ARGS(yoke_inout(all->blocks[i], sizeof(uint32_t)),
                                            yoke_scalar(n))));
    all->expected[i] += n;
}

/* Jobs change a third of the blocks at the same time, while the program changes others. */
static void run_round(neighbours *all, size_t round)
{
    yoke_future *futures[JOBS];

    for (size_t k = 0; k < JOBS; k++) {
        start(all, (3 * k + round) % BLOCKS, &futures[k]);
    }
    for (size_t turn = 0; turn < 50; turn++) {
        for (size_t k = 0; k < JOBS; k++) {
            const size_t i = (3 * k + round + 1) % BLOCKS;

            for (size_t at = 0; at < all->counts[i]; at++) {
                all->blocks[i][at]++;
            }
            all->expected[i]++;
        }
    }
    for (size_t k = 0; k < JOBS; k++) {
        assert_ok_pool(all->pool, yoke_future_wait(futures[k], YOKE_FOREVER));
        yoke_future_destroy(futures[k]);
    }
}

static void run_beside(yoke_pool *pool, bool with_source)
{
    neighbours all;

    open_neighbours(&all, pool, with_source);
    for (size_t round = 0; round < ROUNDS; round++) {
        run_round(&all, round);
        check_neighbours(&all);
    }
    close_neighbours(&all);
}

/* Every third block is lent; the others are the program's all the time. */
static void run_lent(yoke_pool *pool, bool with_source)
{
    neighbours all;

    open_neighbours(&all, pool, with_source);
    for (size_t i = 0; i < BLOCKS; i += 3) {
        assert_ok_pool(pool, yoke_lend(all.blocks[i]));
    }
    for (size_t round = 0; round < ROUNDS; round += 3) {
        run_round(&all, round);
    }
    for (size_t i = 0; i < BLOCKS; i += 3) {
        assert_ok_pool(pool, yoke_reclaim(all.blocks[i]));
    }
    check_neighbours(&all);
    close_neighbours(&all);
}

static void test_beside(void **state)
{
    static const char *const devices[] = {"cpu:2", "fake:1x1/private",
                                          "cpu:1,fake:1x1/private", "cpu:1,fake:1x1"};

    (void)state;
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        run_beside(api_open(devices[i]), false);
        run_lent(api_open(devices[i]), false);
    }
}

/* In place, through buffers, and with copies. */
static void test_beside_on_drivers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        yoke_pool *pool = source_open(&source_devices[i]);

        if (pool != NULL) {
            run_beside(pool, true);
            pool = source_open(&source_devices[i]);
            assert_non_null(pool);
            run_lent(pool, true);
        }
    }
    (void)unsetenv("YOKE_FORCE_DISCRETE");
    (void)unsetenv("OCL_ICD_VENDORS");
}

/* Copies of small arrays that are staged have neighbours, too. */
static void test_beside_copies(void **state)
{
    static const yoke_map_options stage = {.stage = true};
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    yoke_kernel *add = api_kernel(pool, "add", add_native);
    yoke_future *futures[JOBS];
    uint32_t arrays[JOBS][MOST] = {{0}};

    (void)state;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        for (size_t k = 0; k < JOBS; k++) {
            const uint32_t n = (uint32_t)(1 + k);

            assert_ok_pool(
                pool, yoke_map_async(&futures[k], pool, add, yoke_range_1d(MOST), &stage,
                                     YOKE_ARGS(yoke_inout(arrays[k], sizeof(uint32_t)),
                                               yoke_scalar(n))));
        }
        for (size_t k = 0; k < JOBS; k++) {
            assert_ok_pool(pool, yoke_future_wait(futures[k], YOKE_FOREVER));
            yoke_future_destroy(futures[k]);
            assert_true(api_all(arrays[k], MOST, (uint32_t)(round * (1 + k))));
        }
    }
    yoke_kernel_destroy(add);
    api_close(pool);
}

/* An array that ends behind its block ends in a neighbour: it is refused. */
static void test_bounds(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *add = api_kernel(pool, "add", add_native);
    uint32_t *block = yoke_alloc(pool, 100);
    uint32_t *next = yoke_alloc(pool, 100);
    const uint32_t n = 1;

    (void)state;
    assert_true(block != NULL && next != NULL);
    assert_refused(pool,
                   yoke_map(pool, add, yoke_range_1d(26),
                            yoke_inout(block, sizeof *block), yoke_scalar(n)),
                   YOKE_EINVAL, "100");
    assert_ok_pool(pool, yoke_map(pool, add, yoke_range_1d(25),
                                  yoke_inout(block, sizeof *block), yoke_scalar(n)));
    assert_true(api_all(block, 25, 1) && api_all(next, 25, 0));
    assert_refused(pool, yoke_free(block + 1), YOKE_EINVAL, "not the start");
    assert_refused(pool, yoke_free(block + 25), YOKE_EINVAL, "not the start");
    assert_ok_pool(pool, yoke_free(block));
    assert_refused(pool, yoke_free(block), YOKE_EINVAL, "not the start");
    yoke_kernel_destroy(add);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_beside),
        yt_unit_test(test_beside_on_drivers),
        yt_unit_test(test_beside_copies),
        yt_unit_test(test_bounds),
    };

    return yt_run_group(tests);
}
