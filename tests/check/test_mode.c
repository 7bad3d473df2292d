/* SPDX-License-Identifier: MIT */
/* The checking mode: how it is switched on, which workers compute, and what it does not change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "support/unsanitized.h"

enum { COUNT = 300000 };

static yoke_pool *open_pool(const char *devices, bool check)
{
    const yoke_pool_options options = {.devices = devices, .check = check};
    yoke_pool *pool;

    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    return pool;
}

static yoke_kernel *make_kernel(yoke_pool *pool, yoke_native *native)
{
    const yoke_kernel_options options = {.name = "f", .native = native};
    yoke_kernel *kernel;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    return kernel;
}

/* out[i] from in[i + 1], but for the last */
static void successor(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *in = args[1];
    const size_t last = span->range.begin[0] + span->range.size[0] - 1;

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = i < last ? in[i + 1] : 0;
    }
}

/* Also of an array that is absent. */
YT_UNSANITIZED static void twice(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 2 * in[i];
    }
}

static void fill_numbers(uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (uint32_t)i;
    }
}

/* Whether a pool finds a fault. */
static bool finds(yoke_pool *pool)
{
    uint32_t *in = yoke_alloc(pool, 400);
    uint32_t *out = yoke_alloc(pool, 400);
    yoke_kernel *kernel = make_kernel(pool, successor);
    yoke_status status;

    fill_numbers(in, 100);
    status =
        yoke_map(pool, kernel, yoke_range_1d(100), yoke_out(out, 4), yoke_in(in, 4));
    assert_true(status == YOKE_OK || status == YOKE_ECHECK);
    yoke_kernel_destroy(kernel);
    return status == YOKE_ECHECK;
}

static void is_switched(void **state)
{
    yoke_pool *pool = open_pool("cpu:1", false);

    (void)state;
    assert_false(finds(pool));
    assert_ok_pool(pool, yoke_pool_close(pool));
    pool = open_pool("cpu:1", true);
    assert_true(finds(pool));
    assert_ok_pool(pool, yoke_pool_close(pool));
    assert_int_equal(setenv("YOKE_CHECK", "1", 1), 0);
    pool = open_pool("cpu:1", false);
    assert_true(finds(pool));
    assert_ok_pool(pool, yoke_pool_close(pool));
    assert_int_equal(setenv("YOKE_CHECK", "maybe", 1), 0);
    assert_status_pool(NULL, yoke_pool_create(&pool, NULL), YOKE_EINVAL);
    assert_contains(yoke_pool_error(NULL), "YOKE_CHECK=maybe");
    assert_int_equal(unsetenv("YOKE_CHECK"), 0);
}

/* Whatever was asked for, and though the caller might help. */
static void cores_compute(void **state)
{
    const yoke_map_options options = {.devices = "fake", .caller_helps = true};
    yoke_pool *pool = open_pool("fake:1x1", true);
    uint32_t *numbers = yoke_alloc(pool, 800);
    yoke_kernel *kernel = make_kernel(pool, successor);

    (void)state;
    assert_status_pool(
        pool,
        yoke_map_with(pool, kernel, yoke_range_1d(100), &options,
                      YOKE_ARGS(yoke_out(numbers, 4), yoke_in(numbers + 100, 4))),
        YOKE_ECHECK);
    assert_contains(yoke_pool_error(pool), "item ");
    yoke_kernel_destroy(kernel);
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* More items than are run one by one: what two of a unit do to each other is not seen, what
 * units do is. */
static void many_items(void **state)
{
    yoke_pool *pool = open_pool("cpu:2", true);
    uint32_t *in = yoke_alloc(pool, COUNT * sizeof *in);
    uint32_t *out = yoke_alloc(pool, COUNT * sizeof *out);
    yoke_kernel *right = make_kernel(pool, twice);
    yoke_kernel *wrong = make_kernel(pool, successor);

    (void)state;
    fill_numbers(in, COUNT);
    assert_ok_pool(pool, yoke_map(pool, right, yoke_range_1d(COUNT), yoke_out(out, 4),
                                  yoke_in(in, 4)));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(out[i], 2 * i);
    }
    assert_status_pool(
        pool,
        yoke_map(pool, wrong, yoke_range_1d(COUNT), yoke_out(out, 4), yoke_in(in, 4)),
        YOKE_ECHECK);
    assert_contains(yoke_pool_error(pool), "argument 2: items ");
    assert_contains(yoke_pool_error(pool), " read byte ");
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* What was right before the fault stays, and nothing else is touched. */
static void wrong_items_leave_nothing(void **state)
{
    yoke_pool *pool = open_pool("cpu:1", true);
    unsigned char *array = yoke_alloc(pool, 4096);
    uint32_t *result = yoke_alloc(pool, 160);
    const probe_fault fault = {.kind = PROBE_WRITE, .item = 7, .offset = 600};
    yoke_kernel *kernel = make_kernel(pool, probe_native);

    (void)state;
    memset(array, 5, 4096);
    assert_status_pool(pool,
                       yoke_map(pool, kernel, yoke_range_1d(40), yoke_inout(array, 4),
                                yoke_out(result, 4), yoke_scalar(fault)),
                       YOKE_ECHECK);
    for (size_t i = 0; i < 4096; i++) {
        assert_int_equal(array[i], 5);
    }
    assert_int_equal(result[7], 0);
    assert_ok_pool(pool, yoke_pool_close(pool));
}

static int count_calls(yoke_task *task)
{
    uint32_t *output = task->output;

    *output = *(const uint32_t *)task->input + 1;
    return 0;
}

/* The library's own kernels, and functions that are called once. */
static void others_work(void **state)
{
    enum { ITEMS = 50 };
    yoke_pool *pool = open_pool("cpu:2", true);
    uint32_t *in = yoke_alloc(pool, ITEMS * sizeof *in);
    uint32_t *out = yoke_alloc(pool, ITEMS * sizeof *out);
    yoke_reduced sum;

    (void)state;
    fill_numbers(in, ITEMS);
    assert_ok_pool(pool, yoke_apply_each(pool, count_calls, ITEMS, NULL,
                                         YOKE_ARGS(yoke_in(in, sizeof *in),
                                                   yoke_out(out, sizeof *out))));
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i], i + 1);
    }
    assert_ok_pool(pool, yoke_reduce(pool,
                                     yoke_reduction_of(YOKE_REDUCE_SUM,
                                                       YOKE_TYPE_UINT32, out, ITEMS),
                                     &sum, NULL));
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* A kernel whose results are not its input's is not accused of reading. */
static void moody(const yoke_span *span, void *const args[])
{
    static uint32_t calls;
    uint32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = ++calls;
    }
}

static void is_not_fooled(void **state)
{
    yoke_pool *pool = open_pool("cpu:2", true);
    uint32_t *out = yoke_alloc(pool, 400);
    yoke_kernel *kernel = make_kernel(pool, moody);

    (void)state;
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(100), yoke_out(out, 4)));
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* A kernel that throws dice: of some numbers all four bytes change, of most none. */
static void dice(const yoke_span *span, void *const args[])
{
    static uint32_t seed = 12345;
    uint32_t *numbers = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        seed = seed * 1664525u + 1013904223u;
        numbers[i] = (seed >> 8) % 8 == 0 ? ~numbers[i] : numbers[i];
    }
}

static void dice_are_not_accused(void **state)
{
    enum { THROWS = 20000 };
    yoke_pool *pool = open_pool("cpu:1", true);
    uint32_t *numbers = yoke_alloc(pool, THROWS * sizeof *numbers);
    yoke_kernel *kernel = make_kernel(pool, dice);
    uint32_t changed = 0;

    (void)state;
    fill_numbers(numbers, THROWS);
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(THROWS),
                                  yoke_inout(numbers, sizeof *numbers)));
    for (uint32_t i = 0; i < THROWS; i++) {
        assert_true(numbers[i] == i || numbers[i] == ~i);
        changed += numbers[i] != i;
    }
    assert_between(changed, THROWS / 8 - THROWS / 40, THROWS / 8 + THROWS / 40);
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* A list: what is written are addresses. */
static void link_to_next(const yoke_span *span, void *const args[])
{
    const uint32_t **links = args[0];
    const uint32_t *numbers = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        links[i] = &numbers[i + 1];
    }
}

static void addresses_are_the_arrays(void **state)
{
    yoke_pool *pool = open_pool("cpu:2", true);
    uint32_t *numbers = yoke_alloc(pool, 400);
    const uint32_t **links = yoke_alloc(pool, 100 * sizeof *links);
    yoke_kernel *kernel = make_kernel(pool, link_to_next);

    (void)state;
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(100),
                                  yoke_out(links, sizeof *links), yoke_in(numbers, 4)));
    for (size_t i = 0; i < 100; i++) {
        assert_ptr_equal(links[i], &numbers[i + 1]);
    }
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* Found at submission, checked or not. */
static void overlaps_are_refused(void **state)
{
    yoke_pool *pool = open_pool("cpu:1", true);
    uint32_t *array = yoke_alloc(pool, 4096);
    yoke_kernel *kernel = make_kernel(pool, twice);

    (void)state;
    assert_status_pool(pool,
                       yoke_map(pool, kernel, yoke_range_1d(100), yoke_out(array, 4),
                                yoke_in(array + 50, 4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(pool), "overlap");
    assert_status_pool(pool,
                       yoke_map(pool, kernel, yoke_range_1d(100),
                                yoke_arg_strided(yoke_out(array, 4), 2, 200),
                                yoke_in(array + 500, 4)),
                       YOKE_EINVAL);
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* ---- arrays that are absent ---- */

static const char optional_source[] =
    "__kernel void f(__global uint *out, __global const uint *in, __global uint *more)"
    "{ size_t i = get_global_id(0); out[i] = in ? in[i] + 1 : 7;"
    "  if (more) more[i] = out[i] * 2; }";

static void optional(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0], *more = args[2];
    const uint32_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in != NULL ? in[i] + 1 : 7;
        if (more != NULL) {
            more[i] = out[i] * 2;
        }
    }
}

/* In turns, so that what was there in an earlier job is not there any more. */
static void check_absent(yoke_pool *pool, yoke_kernel *kernel)
{
    uint32_t *in = yoke_alloc(pool, 400), *out = yoke_alloc(pool, 400);
    uint32_t *more = yoke_alloc(pool, 400);

    fill_numbers(in, 100);
    for (unsigned absent = 0; absent < 8; absent++) {
        const bool has_in = (absent & 1) == 0, has_more = (absent & 2) == 0;

        memset(more, 0, 400);
        assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(100), yoke_out(out, 4),
                                      has_in ? yoke_in(in, 4) : yoke_null(),
                                      has_more ? yoke_out(more, 4) : yoke_null()));
        for (uint32_t i = 0; i < 100; i++) {
            assert_int_equal(out[i], has_in ? i + 1 : 7);
            assert_int_equal(more[i], has_more ? 2 * out[i] : 0);
        }
    }
    yoke_kernel_destroy(kernel);
}

static void absent_arrays(void **state)
{
    yoke_pool *pool = open_pool("cpu:2", true);

    (void)state;
    check_absent(pool, make_kernel(pool, optional));
    assert_ok_pool(pool, yoke_pool_close(pool));
}

static void absent_arrays_of_source(void **state)
{
    const yoke_kernel_options options = {.name = "f", .source = optional_source};
    yoke_pool *pool;
    yoke_kernel *kernel;

    (void)state;
    if (access("/etc/OpenCL/vendors/pocl.icd", R_OK) != 0) {
        skip();
    }
    pool = open_pool("cpu:1", true);
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    check_absent(pool, kernel);
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* A kernel that does not ask whether the array is there. */
static void absent_and_used(void **state)
{
    yoke_pool *pool = open_pool("cpu:1", true);
    uint32_t *out = yoke_alloc(pool, 400);
    yoke_kernel *kernel = make_kernel(pool, twice);

    (void)state;
    assert_status_pool(
        pool,
        yoke_map(pool, kernel, yoke_range_1d(100), yoke_out(out, 4), yoke_null()),
        YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "it read from address 0");
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(out[i], 0);
    }
    yoke_kernel_destroy(kernel);
    check_absent(pool, make_kernel(pool, optional));
    assert_ok_pool(pool, yoke_pool_close(pool));
}

static void parameters_are_counted(void **state)
{
    static const char source[] =
        "__kernel void f(__global uint *a, __global const uint *b)"
        "{ a[get_global_id(0)] = b[get_global_id(0)]; }";
    yoke_kernel_options options = {.name = "f", .native = twice, .parameters = 2};
    yoke_pool *pool = open_pool("cpu:1", false);
    uint32_t *array = yoke_alloc(pool, 4096);
    yoke_parameter_info info[2];
    yoke_kernel *kernel;
    yoke_status status;
    size_t count;

    (void)state;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    assert_status_pool(pool,
                       yoke_map(pool, kernel, yoke_range_1d(10), yoke_out(array, 4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(pool), "1 argument(s) given, the kernel takes 2");
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(10), yoke_out(array, 4),
                                  yoke_in(array + 100, 4)));
    yoke_kernel_destroy(kernel);
    options.parameters = 257;
    assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &options), YOKE_EINVAL);
    options = (yoke_kernel_options){.name = "f", .source = source, .parameters = 3};
    status = yoke_kernel_create(&kernel, pool, &options);
    if (status != YOKE_ENODEVICE) {
        assert_int_equal(status, YOKE_EINVAL);
        assert_contains(yoke_pool_error(pool),
                        "its source has 2 parameter(s), .parameters says 3");
        options.parameters = 2;
        assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
        assert_ok_pool(pool, yoke_kernel_parameters(kernel, info, 2, &count));
        assert_true(info[0].may_write);
        assert_false(info[1].may_write);
        yoke_kernel_destroy(kernel);
    }
    assert_ok_pool(pool, yoke_pool_close(pool));
}

/* ---- memory that is reached through pointers ---- */

/* Item `writer` of the range also writes to element `at` of the memory. */
typedef struct pointed {
    uint32_t *memory;
    uint64_t writer;
    uint64_t at;
} pointed;

/* out uint32[i]: twice the memory's; in_whole pointed */
static void twice_pointed(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const pointed *p = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 2 * p->memory[i];
        if (i == p->writer) {
            p->memory[p->at] = 99;
        }
    }
}

static const char pointed_source[] =
    "__kernel void f(__global uint *out, __global const ulong *p)"
    "{ size_t i = get_global_id(0); __global uint *memory = (__global uint *)p[0];"
    "  out[i] = 2 * memory[i]; if (i == p[1]) memory[p[2]] = 99; }";

enum { POINTED = 3000, ITEMS_POINTED = 60, NO_WRITER = 1000 };

/* Elements of the first, a middle and the last page, which others share. */
static const uint64_t pointed_places[] = {0, 1500, POINTED - 1};

static yoke_status map_pointed(yoke_pool *pool, yoke_kernel *kernel, const pointed *p,
                               uint32_t *out, uint32_t *changed)
{
    const yoke_arg args[] = {
        yoke_out(out, 4), yoke_in_whole(p, sizeof *p),
        yoke_uses(p->memory, POINTED * sizeof *p->memory, YOKE_ACCESS_READ),
        yoke_uses(changed, 4, YOKE_ACCESS_READ_WRITE)};

    return yoke_map_with(pool, kernel, yoke_range_1d(ITEMS_POINTED), NULL, args,
                         changed != NULL ? 4 : 3);
}

/* With `changed` the kernel may write through pointers and so is not run in images: the pages that
 * are not the memory's as a whole are not watched then. */
static void check_pointed_writes(yoke_pool *pool, yoke_kernel *kernel, uint32_t *changed)
{
    uint32_t *around = yoke_alloc(pool, (POINTED + 200) * sizeof *around);
    uint32_t *out = yoke_alloc(pool, ITEMS_POINTED * sizeof *out);
    pointed *p = yoke_alloc(pool, sizeof *p);

    *p = (pointed){.memory = around + 100, .writer = NO_WRITER};
    fill_numbers(p->memory, POINTED);
    assert_ok_pool(pool, map_pointed(pool, kernel, p, out, changed));
    assert_int_equal(out[59], 118);
    for (size_t i = changed != NULL ? 1 : 0; i < (changed != NULL ? 2 : 3); i++) {
        char words[200];

        p->writer = 7;
        p->at = pointed_places[i];
        (void)snprintf(words, sizeof words, "write%s byte %llu, but yoke_uses() declares",
                       changed != NULL ? "" : "s", (unsigned long long)p->at * 4);
        assert_status_pool(pool, map_pointed(pool, kernel, p, out, changed), YOKE_ECHECK);
        assert_contains(yoke_pool_error(pool), "argument 3: item");
        assert_contains(yoke_pool_error(pool), words);
        if (changed == NULL) {
            assert_contains(yoke_pool_error(pool), "argument 3: item 7 ");
        }
        p->memory[p->at] = (uint32_t)p->at;
    }
    assert_ok(yoke_free(around));
    assert_ok(yoke_free(out));
    assert_ok(yoke_free(p));
}

static void writes_through_pointers(void **state)
{
    yoke_pool *pool = open_pool("cpu:1", true);
    yoke_kernel *kernel = make_kernel(pool, twice_pointed);
    uint32_t *changed = yoke_alloc(pool, sizeof *changed);

    (void)state;
    check_pointed_writes(pool, kernel, NULL);
    check_pointed_writes(pool, kernel, changed);
    yoke_kernel_destroy(kernel);
    assert_ok_pool(pool, yoke_pool_close(pool));
}

static void writes_through_pointers_of_source(void **state)
{
    const yoke_kernel_options options = {.name = "f", .source = pointed_source};
    yoke_pool *pool = open_pool("cpu:1", true);
    yoke_kernel *kernel = NULL;

    (void)state;
    if (yoke_kernel_create(&kernel, pool, &options) == YOKE_OK) {
        check_pointed_writes(pool, kernel, NULL);
        yoke_kernel_destroy(kernel);
    }
    assert_ok_pool(pool, yoke_pool_close(pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(is_switched),          yt_unit_test(cores_compute),
        yt_unit_test(many_items),           yt_unit_test(wrong_items_leave_nothing),
        yt_unit_test(others_work),          yt_unit_test(is_not_fooled),
        yt_unit_test(dice_are_not_accused), yt_unit_test(addresses_are_the_arrays),
        yt_unit_test(absent_arrays),
        yt_unit_test(absent_arrays_of_source),
        yt_unit_test(absent_and_used),
        yt_unit_test(writes_through_pointers),
        yt_unit_test(writes_through_pointers_of_source),
        yt_unit_test(overlaps_are_refused), yt_unit_test(parameters_are_counted),
    };

    return yt_run_group(tests);
}
