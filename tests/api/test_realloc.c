/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

static yoke_pool *pool;

static int open_pool(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

static bool is_filled(const unsigned char *memory, size_t from, size_t to, int value)
{
    for (size_t i = from; i < to; i++) {
        if (memory[i] != value) {
            return false;
        }
    }
    return true;
}

/* Content is kept, what is added is zero; from slots to pages to large pages and back. */
static void test_sizes(void **state)
{
    static const size_t sizes[] = {1,     64,      65,   100,   1024, 1025,    5000, 4096,
                                   20000, 3 << 20, 5000, 1 << 20, 10, 4 << 20, 900};
    unsigned char *memory = NULL;
    size_t before = 0;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t kept = before < sizes[i] ? before : sizes[i];

        memory = yoke_realloc(pool, memory, sizes[i]);
        assert_non_null(memory);
        assert_true(is_filled(memory, 0, kept, 7));
        assert_true(is_filled(memory, kept, sizes[i], 0));
        assert_int_equal((uintptr_t)memory % (sizes[i] > 1024 ? 4096 : 64), 0);
        memset(memory, 7, sizes[i]);
        before = sizes[i];
    }
    assert_null(yoke_realloc(pool, memory, 0)); /* frees it */
    assert_refused(pool, yoke_free(memory), YOKE_EINVAL, "not the start");
}

/* A list that grows by one number at a time, between two jobs. */
static void test_growing(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    uint32_t *list = NULL;
    uint32_t *beside = NULL;

    (void)state;
    for (uint32_t count = 1; count <= 3000; count++) {
        list = yoke_realloc(pool, list, count * sizeof *list);
        assert_non_null(list);
        assert_int_equal(list[count - 1], 0);
        if (count % 100 == 0) {
            beside = yoke_realloc(pool, beside, count);
            assert_non_null(beside);
            assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(count),
                                          yoke_inout(list, sizeof *list)));
        }
    }
    for (uint32_t i = 0; i < 3000; i++) {
        assert_int_equal(list[i], (3000 - i + 99) / 100);
    }
    assert_ok_pool(pool, yoke_free(list));
    assert_ok_pool(pool, yoke_free(beside));
    yoke_kernel_destroy(kernel);
}

static void check_null(void *memory, const char *words)
{
    assert_null(memory);
    assert_contains(yoke_pool_error(pool), words);
    api_check_sentence(yoke_pool_error(pool));
}

static void test_refused(void **state)
{
    yoke_pool *other = api_open("cpu:1");
    unsigned char *theirs = yoke_alloc(other, 100);
    unsigned char *memory = yoke_alloc(pool, 100);
    unsigned char outside[100];

    (void)state;
    memset(memory, 7, 100);
    check_null(yoke_realloc(pool, NULL, 0), "0 bytes");
    check_null(yoke_realloc(pool, memory + 1, 200), "not the start");
    check_null(yoke_realloc(pool, theirs, 200), "another pool");
    check_null(yoke_realloc(pool, theirs, 0), "another pool");
    assert_null(yoke_realloc(pool, outside, 200));
    check_null(yoke_realloc(pool, memory, (size_t)1 << 60), "cannot allocate");
    assert_true(is_filled(memory, 0, 100, 7));
    assert_ok_pool(pool, yoke_lend(memory));
    check_null(yoke_realloc(pool, memory, 200), "is lent");
    check_null(yoke_realloc(pool, memory, 90), "is lent");
    assert_ok_pool(pool, yoke_reclaim(memory));
    assert_true(is_filled(memory, 0, 100, 7));
    assert_ok_pool(pool, yoke_free(memory));
    assert_ok_pool(other, yoke_free(theirs));
    api_close(other);
}

static void test_other_kinds(void **state)
{
    char name[64];
    yoke_shm *segment;
    yoke_mutex *mutex;

    (void)state;
    (void)snprintf(name, sizeof name, "yoke-realloc-%d", (int)getpid());
    assert_ok_pool(pool, yoke_shm_create(&segment, pool, name, 5000, NULL));
    check_null(yoke_realloc(pool, yoke_shm_pointer(segment), 9000), "named segment");
    assert_ok_pool(pool, yoke_shm_unlink(name));
    assert_ok_pool(pool, yoke_shm_close(segment));
    assert_ok_pool(pool, yoke_mutex_create(&mutex, pool, NULL));
    check_null(yoke_realloc(pool, mutex, 9000), "destroy it");
    yoke_mutex_destroy(mutex);
}

/* While a job uses the memory it stays as it is, whether it would have to move or not. */
static void test_used(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "hold", api_hold);
    api_gate *gate = api_gate_create(pool);
    uint32_t *numbers = api_numbers(pool, 25);
    yoke_future *future;

    (void)state;
    memset(numbers, 0, 100);
    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(25), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, sizeof *numbers),
                                                  yoke_in_whole(gate, sizeof *gate))));
    check_null(yoke_realloc(pool, numbers, 104), "is used by 1 job");
    check_null(yoke_realloc(pool, numbers, 5000), "is used by 1 job");
    check_null(yoke_realloc(pool, numbers, 0), "is used by 1 job");
    api_gate_open(gate);
    assert_ok_pool(pool, yoke_future_wait(future, YOKE_FOREVER));
    yoke_future_destroy(future);
    numbers = yoke_realloc(pool, numbers, 5000);
    assert_non_null(numbers);
    assert_true(api_all(numbers, 25, 1));
    assert_ok_pool(pool, yoke_free(numbers));
    assert_ok_pool(pool, yoke_free(gate));
    yoke_kernel_destroy(kernel);
}

static void test_after_close(void **state)
{
    yoke_pool *closed = api_open("cpu:1");
    void *memory = yoke_alloc(closed, 100);

    (void)state;
    api_close(closed);
    assert_null(yoke_realloc(closed, memory, 200));
    assert_null(yoke_realloc(pool, memory, 200));
    assert_null(yoke_realloc(NULL, NULL, 200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),       cmocka_unit_test(test_growing),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_used),        cmocka_unit_test(test_after_close),
    };

    return yt_run_group_with(tests, open_pool, close_pool);
}
