/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "launch/lent.h"
#include "protocol/undo.h"
#include "sys/mapping.h"

enum { ITEMS = 1000, ROWS = 8 };

static yk_launch launch;
static uint32_t items[ITEMS];
static uint32_t rows[ROWS][ITEMS];
static uint32_t input[ITEMS];
static uint32_t output[ITEMS];
static int file;

static yk_arg *add_array(void *address, uint64_t bytes, uint32_t access)
{
    yk_arg *arg = &launch.args[launch.arg_count++];

    *arg = (yk_arg){.kind = YK_ARG_ARRAY,
                    .access = access,
                    .parts = YK_PARTS_ITEM,
                    .address = (uint64_t)(uintptr_t)address,
                    .bytes = bytes,
                    .blocks = 1};
    return arg;
}

static int set_up(void **state)
{
    yk_arg *columns;

    (void)state;
    memset(&launch, 0, sizeof launch);
    launch.dimensions = 1;
    launch.size[0] = ITEMS;
    launch.size[1] = launch.size[2] = 1;
    (void)add_array(input, 4, YK_READ);
    (void)add_array(items, 4, YK_READ | YK_WRITE);
    (void)add_array(output, 4, YK_WRITE);
    columns = add_array(rows, 4, YK_READ | YK_WRITE);
    columns->blocks = ROWS;
    columns->stride = sizeof rows[0];
    launch.args[launch.arg_count++] = (yk_arg){.kind = YK_ARG_SCALAR, .bytes = 4};
    file = yk_memory_file("test undo");
    return file >= 0 ? 0 : -1;
}

static void drop_window(yk_undo_log *log)
{
    if (log->window != NULL) {
        (void)munmap(log->window, YK_UNDO_WINDOW);
    }
}

/* By a process that has just started. */
static bool save(const yk_launch *what, uint64_t begin, uint64_t end)
{
    yk_undo_log log = {.file = file};
    const bool saved = yk_undo_save(&log, what, begin, end);

    drop_window(&log);
    return saved;
}

static int tear_down(void **state)
{
    yk_mapping closing = {.fd = file};

    (void)state;
    yk_mapping_forget_fd(&closing);
    return 0;
}

static void randomise(uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (uint32_t)rand();
    }
}

static void test_size(void **state)
{
    (void)state;
    assert_int_equal(yk_undo_size(&launch, 0, 1), 4 + 4 * ROWS);
    assert_int_equal(yk_undo_size(&launch, 10, 110), 100 * (4 + 4 * ROWS));
    launch.args[1].access = YK_READ;
    launch.args[3].access = YK_WRITE;
    assert_int_equal(yk_undo_size(&launch, 0, ITEMS), 0);
}

/* What the chunk owns is as it was; what it does not own is left alone. */
static void check_round(uint64_t begin, uint64_t end)
{
    static uint32_t old_items[ITEMS], old_rows[ROWS][ITEMS];
    static uint32_t new_items[ITEMS], new_rows[ROWS][ITEMS], new_output[ITEMS];

    randomise(items, ITEMS);
    randomise(rows[0], sizeof rows / 4);
    memcpy(old_items, items, sizeof items);
    memcpy(old_rows, rows, sizeof rows);
    assert_true(save(&launch, begin, end));
    randomise(items, ITEMS);
    randomise(rows[0], sizeof rows / 4);
    randomise(output, ITEMS);
    memcpy(new_items, items, sizeof items);
    memcpy(new_rows, rows, sizeof rows);
    memcpy(new_output, output, sizeof output);
    assert_true(yk_undo_restore(file, &launch, begin, end));
    for (uint64_t i = 0; i < ITEMS; i++) {
        const bool own = i >= begin && i < end;

        assert_int_equal(items[i], own ? old_items[i] : new_items[i]);
        for (int r = 0; r < ROWS; r++) {
            assert_int_equal(rows[r][i], own ? old_rows[r][i] : new_rows[r][i]);
        }
    }
    assert_memory_equal(output, new_output, sizeof output);
}

/* Another worker may have copied what the dead worker left half done. */
static void test_restoring_changes_lent_arrays(void **state)
{
    yk_residency *table = calloc(1, yk_residency_size(sizeof items));

    (void)state;
    assert_non_null(table);
    yk_residency_init(table, 1, (uint64_t)(uintptr_t)items, sizeof items);
    launch.args[1].table = (uint64_t)(uintptr_t)table;
    assert_true(save(&launch, 0, ITEMS));
    assert_int_equal(yk_residency_version(table, 0), 0);
    assert_true(yk_undo_restore(file, &launch, 0, ITEMS));
    assert_int_equal(yk_residency_version(table, 0), 2);
    free(table);
}

static void test_random_chunks(void **state)
{
    (void)state;
    srand(41);
    check_round(0, ITEMS);
    check_round(0, 1);
    check_round(ITEMS - 1, ITEMS);
    for (int round = 0; round < 100; round++) {
        const uint64_t begin = (uint64_t)(rand() % ITEMS);

        check_round(begin, begin + 1 + (uint64_t)rand() % (ITEMS - begin));
    }
}

/* A log that was not written in full is not restored as if it were. */
static void test_short_log(void **state)
{
    (void)state;
    assert_true(save(&launch, 0, 10));
    yk_file_trim(file, 0);
    assert_false(yk_undo_restore(file, &launch, 0, 10));
    assert_true(save(&launch, 0, 10));
    yk_file_trim(file, yk_undo_size(&launch, 0, 10) - 1);
    assert_false(yk_undo_restore(file, &launch, 0, 10));
    assert_false(yk_undo_save(&(yk_undo_log){.file = -1}, &launch, 0, 10));
    assert_false(yk_undo_restore(-1, &launch, 0, 10));
}

/* More than what is mapped of the log, and then less again in the same process. */
static void test_large(void **state)
{
    enum { LARGE = YK_UNDO_WINDOW / 2 };
    uint32_t *array = calloc(LARGE, sizeof *array);
    yk_undo_log log = {.file = file};

    (void)state;
    assert_non_null(array);
    memset(&launch, 0, sizeof launch);
    launch.size[0] = LARGE;
    (void)add_array(array, 4, YK_READ | YK_WRITE);
    for (uint64_t end = LARGE; end > 10; end /= 3) {
        for (uint32_t i = 0; i < LARGE; i++) {
            array[i] = i ^ (uint32_t)end;
        }
        assert_true(yk_undo_save(&log, &launch, 0, end));
        memset(array, 0xff, end * sizeof *array);
        assert_true(yk_undo_restore(file, &launch, 0, end));
        for (uint32_t i = 0; i < LARGE; i++) {
            assert_int_equal(array[i], i ^ (uint32_t)end);
        }
    }
    drop_window(&log);
    free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restoring_changes_lent_arrays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_random_chunks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_short_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large, set_up, tear_down),
    };

    return yt_run_group(tests);
}
