/* SPDX-License-Identifier: MIT */
/* Arrays of which each item has any run of parts, said by tables or by a function of the program. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "api_setup.h"

enum { TILES = 256, PER_TILE = 20, CELLS = TILES * PER_TILE };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2,fake:1x1/private");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- tiles in Morton order ---- */

/* Of 16 x 16 tiles in rows, the place of tile i in the array. */
static size_t morton(size_t i)
{
    size_t place = 0;

    for (unsigned b = 0; b < 4; b++) {
        place |= (i >> b & 1) << (2 * b) | (i >> (4 + b) & 1) << (2 * b + 1);
    }
    return place;
}

static void tile_of(size_t item, size_t *begin, size_t *end, void *context)
{
    (*(size_t *)context)++;
    *begin = morton(item) * PER_TILE;
    *end = *begin + PER_TILE;
}

/* Once for each tile: what is changed in place is put back if a worker dies. */
static void raise_tiles(const yoke_span *span, void *const args[])
{
    uint32_t *cells = args[0];
    _Atomic uint32_t *deaths = *(_Atomic uint32_t *const *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t k = 0; k < PER_TILE; k++) {
            cells[morton(i) * PER_TILE + k] += (uint32_t)i;
        }
        if (deaths != NULL && i % 100 == 50 && atomic_fetch_add(deaths, 1) < 3) {
            (void)raise(SIGKILL);
        }
    }
}

static void check_tiles(const uint32_t *cells, uint32_t times)
{
    for (size_t i = 0; i < TILES; i++) {
        for (size_t k = 0; k < PER_TILE; k++) {
            const size_t at = morton(i) * PER_TILE + k;

            assert_int_equal(cells[at], at + times * i);
        }
    }
}

static uint32_t *make_cells(void)
{
    uint32_t *cells = api_numbers(pool, CELLS);

    for (uint32_t k = 0; k < CELLS; k++) {
        cells[k] = k;
    }
    return cells;
}

static void tiles_and_workers_that_die(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "raise_tiles", raise_tiles);
    uint32_t *cells = make_cells();
    uint32_t *deaths = api_numbers(pool, 1);
    size_t calls = 0;

    (void)state;
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(TILES),
                                  yoke_arg_by(yoke_inout(cells, 4), tile_of, &calls),
                                  yoke_scalar(deaths)));
    assert_true(*deaths >= 3);
    assert_int_equal(calls, TILES);
    check_tiles(cells, 1);
    assert_ok(yoke_free(cells));
    assert_ok(yoke_free(deaths));
}

/* Outside the pool's memory; the thread that waits helps. */
static void tiles_that_are_staged(void **state)
{
    static uint32_t cells[CELLS];
    yoke_kernel *kernel = api_kernel(pool, "raise_tiles", raise_tiles);
    const yoke_map_options options = {.stage = true, .caller_helps = true};
    uint32_t *none = NULL;
    size_t calls = 0;

    (void)state;
    for (uint32_t k = 0; k < CELLS; k++) {
        cells[k] = k;
    }
    for (uint32_t times = 1; times < 4; times++) {
        assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(TILES), &options,
                                           YOKE_ARGS(yoke_arg_by(yoke_inout(cells, 4), tile_of,
                                                                 &calls),
                                                     yoke_scalar(none))));
        check_tiles(cells, times);
    }
}

/* ---- records of tasks ---- */

static int fill_record(yoke_task *task)
{
    uint32_t *to = task->output;

    if (task->index % 10 == 7) {
        return 1;
    }
    for (size_t k = 0; k < task->output_bytes / sizeof *to; k++) {
        to[k] = (uint32_t)task->index;
    }
    return 0;
}

/* Those of items that fail keep what they have, as does all that is between. */
static void records_of_tasks_that_fail(void **state)
{
    static uint32_t cells[CELLS];
    static yoke_status item_status[TILES];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = item_status};
    size_t calls = 0;

    (void)state;
    memset(cells, 0xff, sizeof cells);
    assert_status_pool(pool,
                       yoke_apply_each(pool, fill_record, TILES, &options,
                                       YOKE_ARGS(yoke_arg_by(yoke_out(cells, 4), tile_of,
                                                             &calls))),
                       YOKE_EPARTIAL);
    for (size_t i = 0; i < TILES; i++) {
        assert_int_equal(item_status[i], i % 10 == 7 ? YOKE_EKERNEL : YOKE_OK);
        for (size_t k = 0; k < PER_TILE; k++) {
            assert_int_equal(cells[morton(i) * PER_TILE + k],
                             i % 10 == 7 ? UINT32_MAX : (uint32_t)i);
        }
    }
}

static void forget_tables(const yoke_span *span, void *const args[])
{
    uint64_t *begins = args[0];
    uint64_t *ends = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        begins[i] = ends[i] = 0;
    }
}

/* Their results are copied out by the tables, after the end of the job: one that changes the tables
 * comes behind that. */
static void records_by_tables_that_change(void **state)
{
    static uint32_t cells[CELLS];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP};
    yoke_kernel *forget = api_kernel(pool, "forget_tables", forget_tables);
    uint64_t *begins = yoke_alloc(pool, TILES * sizeof *begins);
    uint64_t *ends = yoke_alloc(pool, TILES * sizeof *ends);
    yoke_future *records = NULL;
    size_t calls = 0;

    (void)state;
    assert_non_null(begins);
    assert_non_null(ends);
    for (size_t i = 0; i < TILES; i++) {
        size_t begin;
        size_t end;

        tile_of(i, &begin, &end, &calls);
        begins[i] = begin;
        ends[i] = end;
    }
    memset(cells, 0xff, sizeof cells);
    assert_ok_pool(pool, yoke_apply_each_async(
                             &records, pool, fill_record, TILES, &options,
                             YOKE_ARGS(yoke_arg_between(yoke_out(cells, 4), begins, ends))));
    assert_ok_pool(pool, yoke_map(pool, forget, yoke_range_1d(TILES), yoke_out(begins, 8),
                                  yoke_out(ends, 8)));
    assert_int_equal(begins[5], 0);
    assert_int_equal(yoke_future_wait(records, API_SECONDS), YOKE_EPARTIAL);
    for (size_t i = 0; i < TILES; i++) {
        assert_int_equal(cells[morton(i) * PER_TILE], i % 10 == 7 ? UINT32_MAX : (uint32_t)i);
    }
    yoke_future_destroy(records);
    assert_ok(yoke_free(begins));
    assert_ok(yoke_free(ends));
}

/* ---- what an index leads to ---- */

enum { QUERIES = 700, NODES = 5000 };

typedef struct query_index {
    uint32_t node[QUERIES][3]; /* that a query looks at */
} query_index;

static void box_of(size_t item, size_t *begin, size_t *end, void *context)
{
    const uint32_t *node = ((const query_index *)context)->node[item];

    *begin = NODES;
    for (int k = 0; k < 3; k++) {
        *begin = node[k] < *begin ? node[k] : *begin;
        *end = node[k] + 1 > *end ? node[k] + 1 : *end;
    }
}

static void look_up(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const query_index *index = args[1];
    const uint32_t *nodes = args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = nodes[index->node[i][0]] + nodes[index->node[i][1]] + nodes[index->node[i][2]];
    }
}

/* The tables belong to the job: jobs in flight each have theirs. */
static void boxes_that_overlap(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "look_up", look_up);
    query_index *index = yoke_alloc(pool, sizeof *index);
    uint32_t *nodes = api_numbers(pool, NODES);
    uint32_t *out = api_numbers(pool, 8 * QUERIES);
    yoke_future *jobs[8];

    (void)state;
    assert_non_null(index);
    for (uint32_t i = 0; i < QUERIES; i++) {
        for (uint32_t k = 0; k < 3; k++) {
            index->node[i][k] = (i * 2654435761U >> 8) % (NODES - 60) + k * 13 % 29;
        }
    }
    for (uint32_t k = 0; k < NODES; k++) {
        nodes[k] = k * k;
    }
    for (int j = 0; j < 8; j++) {
        assert_ok_pool(
            pool, yoke_map_async(&jobs[j], pool, kernel, yoke_range_1d(QUERIES), NULL,
                                 YOKE_ARGS(yoke_out(out + j * QUERIES, 4),
                                           yoke_in_whole(index, sizeof *index),
                                           yoke_arg_by(yoke_in(nodes, 4), box_of, index))));
    }
    for (int j = 0; j < 8; j++) {
        assert_ok(yoke_future_wait(jobs[j], YOKE_FOREVER));
        yoke_future_destroy(jobs[j]);
        for (uint32_t i = 0; i < QUERIES; i++) {
            uint32_t sum = 0;

            for (int k = 0; k < 3; k++) {
                sum += index->node[i][k] * index->node[i][k];
            }
            assert_int_equal(out[(uint32_t)j * QUERIES + i], sum);
        }
    }
    assert_ok(yoke_free(index));
    assert_ok(yoke_free(nodes));
    assert_ok(yoke_free(out));
}

/* ---- in a stream ---- */

static int next_number(void *item, size_t index, void *context)
{
    (void)context;
    for (size_t i = 0; i < TILES; i++) {
        ((uint32_t *)item)[i] = (uint32_t)(index + i);
    }
    return index < 5;
}

static void add_tile(const yoke_span *span, void *const args[])
{
    const uint32_t *in = args[0];
    const uint32_t *cells = args[1];
    uint32_t *out = args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in[i] + cells[morton(i) * PER_TILE];
    }
}

static void tiles_of_a_stream(void **state)
{
    uint32_t *cells = make_cells();
    size_t calls = 0;
    yoke_arg args[] = {yoke_in_stream(4), yoke_arg_by(yoke_in(cells, 4), tile_of, &calls),
                       yoke_out_stream(4)};
    const yoke_stream_options options = {.kernel = api_kernel(pool, "add_tile", add_tile),
                                         .range = yoke_range_1d(TILES),
                                         .args = args,
                                         .arg_count = 3};
    yoke_stream *stream;
    void *result;

    (void)state;
    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &options, next_number, NULL));
    for (size_t index = 0; index < 5; index++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, YOKE_FOREVER));
        for (size_t i = 0; i < TILES; i++) {
            assert_int_equal(((uint32_t *)result)[i], index + i + morton(i) * PER_TILE);
        }
    }
    assert_ok_pool(pool, yoke_stream_next(stream, &result, YOKE_FOREVER));
    assert_null(result);
    yoke_stream_destroy(stream);
    assert_int_equal(calls, 5 * TILES);
    args[0] = yoke_arg_by(yoke_in_stream(4), tile_of, &calls);
    assert_refused(pool, yoke_stream_create(&stream, pool, &options, next_number, NULL),
                   YOKE_EINVAL, "by a function");
    assert_ok(yoke_free(cells));
}

/* ---- beside arrays that items add into ---- */

static void count_tiles(const yoke_span *span, void *const args[])
{
    uint32_t *cells = args[0];
    uint32_t *count = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        cells[morton(i) * PER_TILE] = (uint32_t)i;
        *count += 1;
    }
}

static void tiles_beside_a_sum(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "count_tiles", count_tiles);
    uint32_t *cells = make_cells();
    uint32_t *count = api_numbers(pool, 1);
    const yoke_arg sum = yoke_sum_into(count, YOKE_TYPE_UINT32, 1);
    size_t calls = 0;
    const yoke_arg tiles = yoke_arg_by(yoke_out_some(cells, 4), tile_of, &calls);

    (void)state;
    assert_refused(pool, yoke_map(pool, kernel, yoke_range_1d(TILES), tiles, sum), YOKE_EINVAL,
                   "yoke_arg_copies()");
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(TILES), tiles,
                                  yoke_arg_copies(sum, TILES)));
    assert_int_equal(*count, TILES);
    for (size_t i = 0; i < TILES; i++) {
        assert_int_equal(cells[morton(i) * PER_TILE], i);
    }
    assert_ok(yoke_free(cells));
    assert_ok(yoke_free(count));
}

/* ---- what is refused ---- */

typedef struct bad_runs {
    size_t item; /* has these parts, all others their own */
    size_t begin;
    size_t end;
    bool closes; /* the function makes a call that it cannot make */
} bad_runs;

static void bad_runs_of(size_t item, size_t *begin, size_t *end, void *context)
{
    const bad_runs *bad = context;

    *begin = item == bad->item ? bad->begin : item;
    *end = item == bad->item ? bad->end : item + 1;
    if (bad->closes) {
        assert_status(yoke_pool_close(pool), YOKE_EBUSY);
    }
}

static void refuse(yoke_kernel *kernel, uint32_t *cells, bad_runs bad, const char *text)
{
    const yoke_range range = yoke_range_1d(CELLS);

    assert_refused(pool,
                   yoke_map(pool, kernel, range,
                            yoke_arg_by(yoke_out(cells, 4), bad_runs_of, &bad),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, text);
    assert_contains(yoke_pool_error(pool), "argument 1");
}

static void runs_that_are_refused(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "fill", api_fill);
    uint32_t *cells = make_cells();
    bad_runs good = {.item = SIZE_MAX, .closes = true};
    yoke_arg arg = yoke_arg_by(yoke_out(cells, 4), bad_runs_of, &good);

    (void)state;
    refuse(kernel, cells, (bad_runs){.item = 5, .begin = 8, .end = 7},
           "the parts of item 5 begin at 8 and end at 7");
    refuse(kernel, cells, (bad_runs){.item = 5, .begin = 8, .end = 9},
           "items 5 and 8 both have part 8");
    refuse(kernel, cells, (bad_runs){.item = CELLS - 1, .begin = CELLS, .end = CELLS + 400},
           "allocation");
    refuse(kernel, cells, (bad_runs){.item = CELLS - 1, .begin = CELLS - 1, .end = SIZE_MAX}, "overflow");
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(3), arg,
                                  yoke_scalar((uint32_t)1)));
    assert_int_equal(cells[2], 1);
    assert_int_equal(cells[3], 3);
    arg.offsets = cells;
    assert_refused(pool, yoke_map(pool, kernel, yoke_range_1d(3), arg, yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "not both");
    arg = yoke_arg_by(yoke_out_whole(cells, 40), bad_runs_of, &good);
    assert_refused(pool, yoke_map(pool, kernel, yoke_range_1d(3), arg, yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "has no parts");
    api_check_works(pool);
    assert_ok(yoke_free(cells));
}

/* ---- the checking mode ---- */

static void write_beyond(const yoke_span *span, void *const args[])
{
    uint32_t *cells = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t k = 0; k < PER_TILE + (i == 40); k++) {
            cells[morton(i) * PER_TILE + k] = 1;
        }
    }
}

static void a_tile_and_one_cell_more(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:1", .check = true};
    yoke_pool *strict;
    yoke_kernel *kernel;
    uint32_t *cells;
    size_t calls = 0;

    (void)state;
    assert_ok(yoke_pool_create(&strict, &options));
    kernel = api_kernel(strict, "write_beyond", write_beyond);
    cells = api_numbers(strict, CELLS);
    assert_status_pool(strict,
                       yoke_map(strict, kernel, yoke_range_1d(TILES),
                                yoke_arg_by(yoke_out(cells, 4), tile_of, &calls)),
                       YOKE_ECHECK);
    assert_contains(yoke_pool_error(strict), "item 40");
    api_close(strict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_and_workers_that_die),
        cmocka_unit_test(tiles_that_are_staged),
        cmocka_unit_test(records_of_tasks_that_fail),
        cmocka_unit_test(records_by_tables_that_change),
        cmocka_unit_test(boxes_that_overlap),
        cmocka_unit_test(tiles_of_a_stream),
        cmocka_unit_test(tiles_beside_a_sum),
        cmocka_unit_test(runs_that_are_refused),
        cmocka_unit_test(a_tile_and_one_cell_more),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
