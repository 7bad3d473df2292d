/* SPDX-License-Identifier: MIT */
/* Searches: what the first item, or any, that finds something stores. */
#include <stdlib.h>
#include <string.h>

#include "source_setup.h"

enum { ITEMS = 6000, WORDS = 3 };

static const char *const all_devices[] = {
    "cpu:1", "cpu:3", "fake:2x0.5/private,cpu:1", "fake:3x1", "fake:2x1/private"};

enum { DEVICES = sizeof all_devices / sizeof all_devices[0] };

/* As a search for a hash does: an index and a key, stored by whatever item finds it. */
static const char find_source[] =
    "__kernel void find(volatile __global int *index, __global uint *key,\n"
    "                   __global const uint *values, const uint wanted, const ulong calls)\n"
    "{ int i = (int)get_global_id(0);\n"
    "  if (values[i] == wanted) { *index = i; for (int k = 0; k < 3; k++) key[k] = i * 7u + k; } }\n";

static void find(const yoke_span *span, void *const args[])
{
    int32_t *index = args[0];
    uint32_t *key = args[1];
    const uint32_t *values = args[2];
    const uint32_t wanted = *(const uint32_t *)args[3];

    for (size_t i = span->begin; i < span->end; i++) {
        if (values[i] == wanted) {
            *index = (int32_t)i;
            for (uint32_t k = 0; k < WORDS; k++) {
                key[k] = (uint32_t)i * 7 + k;
            }
            return;
        }
    }
}

/* The same, and counts the items of all calls: the counter is passed by its address. */
static void find_and_count(const yoke_span *span, void *const args[])
{
    _Atomic uint64_t *calls = *(_Atomic uint64_t *const *)args[4];

    atomic_fetch_add(calls, span->end - span->begin);
    find(span, args);
}

typedef struct search {
    yoke_pool *pool;
    yoke_kernel *kernel;
    uint32_t *values;
    int32_t *index;
    uint32_t *key;
    uint64_t *calls;
} search;

static void *make_memory(yoke_pool *pool, size_t bytes)
{
    void *memory = yoke_alloc(pool, bytes);

    assert_non_null(memory);
    memset(memory, 0, bytes);
    return memory;
}

static search make_search(yoke_pool *pool, const char *source)
{
    const yoke_kernel_options options = {
        .name = "find", .native = source == NULL ? find_and_count : NULL, .source = source};
    search s = {.pool = pool,
                .values = make_memory(pool, ITEMS * sizeof *s.values),
                .index = make_memory(pool, sizeof *s.index),
                .key = make_memory(pool, WORDS * sizeof *s.key),
                .calls = make_memory(pool, sizeof *s.calls)};

    assert_ok_pool(pool, yoke_kernel_create(&s.kernel, pool, &options));
    return s;
}

static void reset(search *s)
{
    *s->index = -1;
    memset(s->key, 0xee, WORDS * sizeof *s->key);
    *s->calls = 0;
}

static yoke_arg into(bool any, void *pointer, size_t bytes)
{
    return any ? yoke_any_into(pointer, bytes) : yoke_first_into(pointer, bytes);
}

static yoke_status look_for(search *s, bool any, uint32_t wanted, const yoke_map_options *options)
{
    reset(s);
    return yoke_map_with(s->pool, s->kernel, yoke_range_1d(ITEMS), options,
                         YOKE_ARGS(into(any, s->index, sizeof *s->index),
                                   into(any, s->key, WORDS * sizeof *s->key),
                                   yoke_in(s->values, sizeof *s->values), yoke_scalar(wanted),
                                   yoke_scalar(s->calls)));
}

static void check_found(const search *s, int32_t index)
{
    assert_int_equal(*s->index, index);
    for (uint32_t k = 0; k < WORDS; k++) {
        assert_int_equal(s->key[k], index < 0 ? 0xeeeeeeee : (uint32_t)index * 7 + k);
    }
}

/* ---- the first ---- */

static void the_first_of_several(void **state)
{
    static const uint32_t places[] = {0, 1, 7, 3333, ITEMS - 1};

    (void)state;
    for (size_t d = 0; d < DEVICES; d++) {
        search s = make_search(api_open(all_devices[d]), NULL);

        for (uint32_t p = 0; p < 5; p++) {
            const yoke_map_options options = {.caller_helps = p % 2 == 1};

            for (uint32_t i = places[p]; i < ITEMS; i += 500) {
                s.values[i] = p + 1; /* and more behind it */
            }
            assert_ok_pool(s.pool, look_for(&s, false, p + 1, &options));
            check_found(&s, (int32_t)places[p]);
        }
        assert_ok_pool(s.pool, look_for(&s, false, 99, NULL));
        check_found(&s, -1);
        assert_true(*s.calls >= ITEMS);
        api_close(s.pool);
    }
}

/* One worker goes from the front to the back. */
static void the_rest_is_left_out(void **state)
{
    search s = make_search(api_open("cpu:1"), NULL);

    (void)state;
    s.values[600] = 1;
    for (int any = 0; any < 2; any++) {
        assert_ok_pool(s.pool, look_for(&s, any != 0, 1, NULL));
        check_found(&s, 600);
        assert_in_range(*s.calls, 600, 700);
    }
    assert_ok_pool(s.pool, look_for(&s, false, 1, &(yoke_map_options){.grain = 3000}));
    check_found(&s, 600);
    assert_int_equal(*s.calls, 3000);
    api_close(s.pool);
}

static void any_of_several(void **state)
{
    (void)state;
    for (size_t d = 0; d < DEVICES; d++) {
        search s = make_search(api_open(all_devices[d]), NULL);

        s.values[40] = s.values[4000] = s.values[5990] = 1;
        for (int run = 0; run < 5; run++) {
            assert_ok_pool(s.pool, look_for(&s, true, 1, NULL));
            assert_true(*s.index == 40 || *s.index == 4000 || *s.index == 5990);
            check_found(&s, *s.index);
        }
        assert_ok_pool(s.pool, look_for(&s, true, 99, NULL));
        check_found(&s, -1);
        api_close(s.pool);
    }
}

static void from_source(void **state)
{
    (void)state;
    for (size_t d = 0; d < 3; d++) { /* CPU workers, PoCL in place and with copies */
        yoke_pool *pool = source_open(&source_devices[d]);
        search s;

        if (pool == NULL) {
            continue;
        }
        s = make_search(pool, find_source);
        s.values[2345] = 1;
        s.values[5000] = 1;
        assert_ok_pool(s.pool, look_for(&s, false, 1, NULL));
        check_found(&s, 2345);
        assert_ok_pool(s.pool, look_for(&s, true, 1, NULL));
        assert_true(*s.index == 2345 || *s.index == 5000);
        check_found(&s, *s.index);
        assert_ok_pool(s.pool, look_for(&s, false, 2, NULL));
        check_found(&s, -1);
        api_close(s.pool);
    }
}

/* ---- with other features ---- */

/* Also writes an array with parts of its own, so nothing is left out. */
static void find_and_mark(const yoke_span *span, void *const args[])
{
    uint32_t *marks = args[5];

    find_and_count(span, args);
    for (size_t i = span->begin; i < span->end; i++) {
        marks[i]++;
    }
}

static void beside_other_results(void **state)
{
    search s = make_search(api_open("cpu:2"), NULL);
    uint32_t *marks = make_memory(s.pool, ITEMS * sizeof *marks);
    uint32_t *sums = make_memory(s.pool, ITEMS * sizeof *sums);
    yoke_kernel *both = api_kernel(s.pool, "find_and_mark", find_and_mark);
    const yoke_arg more[] = {yoke_inout(marks, sizeof *marks),
                             yoke_sum_into(sums, YOKE_TYPE_UINT32, ITEMS)};

    (void)state;
    s.values[10] = s.values[20] = s.values[3000] = 1;
    for (int i = 0; i < 2; i++) {
        reset(&s);
        assert_ok_pool(s.pool,
                       yoke_map(s.pool, both, yoke_range_1d(ITEMS),
                                yoke_first_into(s.index, sizeof *s.index),
                                yoke_any_into(s.key, WORDS * sizeof *s.key),
                                yoke_in(s.values, sizeof *s.values), yoke_scalar((uint32_t)1),
                                yoke_scalar(s.calls), more[i]));
        check_found(&s, 10);
        assert_true(*s.calls >= ITEMS);
    }
    assert_true(api_all(marks, ITEMS, 1));
    assert_true(api_all(sums, ITEMS, 1));
    api_close(s.pool);
}

static void outside_the_pool(void **state)
{
    static int32_t index;
    static uint32_t key[WORDS];
    search s = make_search(api_open("cpu:2,fake:1x1/private"), NULL);
    const yoke_map_options stage = {.stage = true};
    uint32_t *const key_there = s.key;
    int32_t *const index_there = s.index;

    (void)state;
    s.values[70] = s.values[90] = 1;
    s.index = &index;
    s.key = key;
    for (uint32_t wanted = 1; wanted < 3; wanted++) {
        assert_ok_pool(s.pool, look_for(&s, false, wanted, &stage));
        check_found(&s, wanted == 1 ? 70 : -1);
    }
    s.index = index_there;
    s.key = key_there;
    api_close(s.pool);
}

static void clear(const yoke_span *span, void *const args[])
{
    (void)span;
    *(int32_t *)args[0] = -1;
}

static void copy_index(const yoke_span *span, void *const args[])
{
    (void)span;
    *(int32_t *)args[0] = *(const int32_t *)args[1];
}

/* What an earlier job stores is what the copies begin with; a later one sees the result. */
static void jobs_come_in_order(void **state)
{
    search s = make_search(api_open("cpu:2"), NULL);
    yoke_kernel *first = api_kernel(s.pool, "clear", clear);
    yoke_kernel *last = api_kernel(s.pool, "copy_index", copy_index);
    int32_t *seen = make_memory(s.pool, 40 * sizeof *seen);

    (void)state;
    s.values[5] = s.values[9] = 1;
    for (uint32_t run = 0; run < 40; run++) {
        assert_ok_pool(s.pool, yoke_map_async(NULL, s.pool, first, yoke_range_1d(1), NULL,
                                              YOKE_ARGS(yoke_out(s.index, sizeof *s.index))));
        assert_ok_pool(s.pool,
                       yoke_map_async(NULL, s.pool, s.kernel, yoke_range_1d(ITEMS), NULL,
                                      YOKE_ARGS(yoke_first_into(s.index, sizeof *s.index),
                                                yoke_first_into(s.key, WORDS * 4),
                                                yoke_in(s.values, sizeof *s.values),
                                                yoke_scalar(run % 2), yoke_scalar(s.calls))));
        assert_ok_pool(s.pool, yoke_map_async(NULL, s.pool, last, yoke_range_1d(1), NULL,
                                              YOKE_ARGS(yoke_out(seen + run, sizeof *seen),
                                                        yoke_in(s.index, sizeof *s.index))));
    }
    assert_ok_pool(s.pool, yoke_pool_wait(s.pool, YOKE_FOREVER));
    for (uint32_t run = 0; run < 40; run++) {
        assert_int_equal(seen[run], run % 2 == 1 ? 5 : 0);
    }
    api_close(s.pool);
}

static void write_beyond(const yoke_span *span, void *const args[])
{
    if (span->begin <= 70 && 70 < span->end) {
        ((int32_t *)args[0])[1] = 70;
    }
}

static void under_checks(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:2", .check = true};
    yoke_pool *pool = NULL;
    search s;

    (void)state;
    assert_ok(yoke_pool_create(&pool, &options));
    s = make_search(pool, NULL);
    s.kernel = api_kernel(pool, "find", find);
    s.values[11] = s.values[13] = 1;
    reset(&s);
    assert_ok_pool(pool, yoke_map(pool, s.kernel, yoke_range_1d(100),
                                  yoke_first_into(s.index, sizeof *s.index),
                                  yoke_first_into(s.key, WORDS * sizeof *s.key),
                                  yoke_in(s.values, sizeof *s.values), yoke_scalar((uint32_t)1)));
    check_found(&s, 11);
    assert_status_pool(pool,
                       yoke_map(pool, api_kernel(pool, "write_beyond", write_beyond),
                                yoke_range_1d(100),
                                yoke_first_into(s.index, sizeof *s.index)),
                       YOKE_ECHECK);
    assert_contains(yoke_pool_error(pool), "item 70 writes byte 4,");
    api_close(pool);
}

/* ---- what changes nothing, and what is refused ---- */

static void find_and_fail(const yoke_span *span, void *const args[])
{
    find(span, args);
    if (span->end == span->range.size[0]) {
        yoke_span_fail(span, 1, "as asked");
    }
}

static void a_failed_job_changes_nothing(void **state)
{
    search s = make_search(api_open("cpu:2"), NULL);

    (void)state;
    s.kernel = api_kernel(s.pool, "find_and_fail", find_and_fail);
    s.values[ITEMS - 1] = 1;
    assert_status_pool(s.pool, look_for(&s, false, 1, NULL), YOKE_EKERNEL);
    check_found(&s, -1);
    api_close(s.pool);
}

static void what_is_refused(void **state)
{
    search s = make_search(api_open("cpu:1"), NULL);
    yoke_kernel *kernel = api_kernel(s.pool, "clear", clear);
    yoke_arg typed = yoke_first_into(s.index, 4);
    const struct {
        yoke_arg arg;
        const char *words;
    } refused[] = {
        {yoke_first_into(NULL, 4), "the array is NULL"},
        {yoke_any_into(s.index, 0), "0 elements"},
        {yoke_first_into(s.index, SIZE_MAX), "cannot have"},
        {yoke_first_into(s.index, 1 << 20), "its allocation"},
        {yoke_first_into(s.values, 4), "store in what they find"},
        {yoke_arg_at(yoke_first_into(s.index, 4), 1), "has no parts"},
        {yoke_arg_copies(yoke_first_into(s.index, 4), 70000), "the maximum"},
        {typed, "type 3"},
    };

    (void)state;
    typed.type = YOKE_TYPE_INT32;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const bool is_typed = strncmp(refused[i].words, "type", 4) == 0;

        assert_refused(s.pool,
                       yoke_map(s.pool, kernel, yoke_range_1d(9),
                                is_typed ? typed : refused[i].arg, yoke_in(s.values, 4)),
                       YOKE_EINVAL, refused[i].words);
    }
    assert_ok_pool(s.pool, yoke_lend(s.index));
    assert_refused(s.pool,
                   yoke_map(s.pool, kernel, yoke_range_1d(9), yoke_first_into(s.index, 4)),
                   YOKE_EINVAL, "yoke_reclaim() it first");
    api_close(s.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_several),
        cmocka_unit_test(the_rest_is_left_out),
        cmocka_unit_test(any_of_several),
        cmocka_unit_test(from_source),
        cmocka_unit_test(beside_other_results),
        cmocka_unit_test(outside_the_pool),
        cmocka_unit_test(jobs_come_in_order),
        cmocka_unit_test(under_checks),
        cmocka_unit_test(a_failed_job_changes_nothing),
        cmocka_unit_test(what_is_refused),
    };

    return yt_run_group(tests);
}
