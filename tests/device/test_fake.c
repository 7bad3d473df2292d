/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <signal.h>

#include "base/clock.h"
#include "device/fake/fake.h"
#include "device/fake/private_memory.h"
#include "made.h"
#include "protocol/device_kinds.h"

enum { ITEMS = 64 };

static yk_error error;
static yk_kernel kernel;
static yk_launch launch;
static const yk_device_ops *ops = &yk_fake_ops;

static yk_device_config config_of(yk_fake_options options)
{
    yk_device_config config = {.kind = YK_DEVICE_FAKE};

    yk_kind_data_put(&config.own, &options, sizeof options);
    return config;
}

static yk_device *open_fake(yk_fake_options options)
{
    const yk_device_config config = config_of(options);
    yk_device *device;

    assert_ok(ops->open(&device, &config, &error));
    return device;
}

static yk_device *open_private(void)
{
    return open_fake((yk_fake_options){.speed = 1, .private_memory = 1});
}

/* Runs [0, ITEMS) of the launch in chunks that differ in size. */
static void run_all(yk_device *device)
{
    static const uint64_t cuts[] = {0, 3, 4, 20, 63, ITEMS};

    assert_ok(ops->begin(device, &kernel, &launch, &error));
    for (size_t i = sizeof cuts / sizeof cuts[0] - 1; i > 0; i--) {
        assert_ok(yk_device_run(device, cuts[i - 1], cuts[i], &error));
    }
    ops->end(device);
}

static void increment(const yoke_span *span, void *const args[])
{
    int *values = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        values[i]++;
    }
}

/* out[i] = in[i - 1] + in[i] + in[i + 1], periodic. */
static void blur(const yoke_span *span, void *const args[])
{
    int *out = args[0];
    const int *in = args[1];
    const size_t n = span->range.size[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in[(i + n - 1) % n] + in[i] + in[(i + 1) % n];
    }
}

/* args: out, in; reads the next item, which is not declared. */
static void peek(const yoke_span *span, void *const args[])
{
    int *out = args[0];
    const int *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in[i + 1 < ITEMS ? i + 1 : i];
    }
}

/* Writes the byte at the offset args[1] besides its own items. */
static void stray(const yoke_span *span, void *const args[])
{
    const long *offset = args[1];

    increment(span, args);
    ((char *)args[0])[*offset] = 1;
}

/* Writes every fourth int of the whole. */
static void scatter(const yoke_span *span, void *const args[])
{
    int *out = args[0];

    for (size_t i = span->begin; i < span->end; i += 4) {
        out[i] = -1;
    }
}

/* Column i of a matrix of rows of 64: each element is doubled. */
static void double_column(const yoke_span *span, void *const args[])
{
    int *matrix = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t row = 0; row < 5; row++) {
            matrix[row * ITEMS + i] *= 2;
        }
    }
}

/* Adds 1 to each item but the first if the first, which is another chunk's, can be
 * read. */
static void look_back(const yoke_span *span, void *const args[])
{
    int *values = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        values[i] = values[i] + (i > 0 && values[0] == 0x5A5A5A5A ? 1 : 0);
    }
}

static void fill(int *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = (int)(i * i);
    }
}

static void works_in_place_without_private_memory(void **state)
{
    yk_device *device = open_fake((yk_fake_options){.speed = 1});
    int values[ITEMS];
    yk_device_info info;

    (void)state;
    fill(values, ITEMS);
    made_kernel(&kernel, 1, "increment", increment);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, values, sizeof *values, YK_READ | YK_WRITE,
                     YK_PARTS_ITEM);
    run_all(device);
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(values[i], i * i + 1);
    }
    ops->describe(device, &info);
    assert_string_equal(info.name, "fake device");
    assert_string_equal(info.driver, "fake");
    assert_true(info.shares_memory);
    ops->close(device);
}

static void private_memory_gives_the_same_answer(void **state)
{
    yk_device *device = open_private();
    int values[ITEMS + 1];
    yk_device_info info;

    (void)state;
    fill(values, ITEMS);
    values[ITEMS] = 12345;
    made_kernel(&kernel, 1, "increment", increment);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, values, sizeof *values, YK_READ | YK_WRITE,
                     YK_PARTS_ITEM);
    run_all(device);
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(values[i], i * i + 1);
    }
    assert_int_equal(values[ITEMS], 12345);
    ops->describe(device, &info);
    assert_false(info.shares_memory);
    ops->close(device);
}

static void prepare_blur(int *out, int *in)
{
    yk_arg *arg;

    fill(in, ITEMS);
    made_kernel(&kernel, 1, "blur", blur);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, out, sizeof *out, YK_WRITE, YK_PARTS_ITEM);
    arg = made_array(&launch, in, sizeof *in, YK_READ, YK_PARTS_ITEM);
    arg->halo_before = arg->halo_after = 1;
    arg->flags = YK_ARG_PERIODIC;
}

static void halos_are_brought_along(void **state)
{
    yk_device *device = open_private();
    int in[ITEMS];
    int out[ITEMS] = {0};

    (void)state;
    prepare_blur(out, in);
    run_all(device);
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i],
                         in[(i + ITEMS - 1) % ITEMS] + in[i] + in[(i + 1) % ITEMS]);
    }
    ops->close(device);
}

static void undeclared_reads_get_poison(void **state)
{
    yk_device *device = open_private();
    int in[ITEMS];
    int out[ITEMS] = {0};

    (void)state;
    fill(in, ITEMS);
    made_kernel(&kernel, 1, "peek", peek);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, out, sizeof *out, YK_WRITE, YK_PARTS_ITEM);
    (void)made_array(&launch, in, sizeof *in, YK_READ, YK_PARTS_ITEM);
    run_all(device);
    assert_int_equal(out[10], in[11]);
    assert_int_equal(out[3], (int)0xA5A5A5A5);
    assert_int_equal(out[19], (int)0xA5A5A5A5);
    ops->close(device);
}

static void stray_writes_are_found(void **state)
{
    static const struct {
        long offset;
        yoke_status status;
        const char *text;
    } table[] = {
        {40, YOKE_OK, ""},
        {79, YOKE_OK, ""},
        {39, YOKE_EKERNEL, "argument 1 was written outside its part, at byte 39"},
        {80, YOKE_EKERNEL, "argument 1 was written outside its part, at byte 80"},
        {0, YOKE_EKERNEL, "at byte 0"},
        {-4, YOKE_EKERNEL, "at byte -4"},
        {ITEMS * 4 + 7, YOKE_EKERNEL, "at byte 263"},
    };
    yk_device *device = open_private();
    int values[ITEMS + 2];

    (void)state;
    made_kernel(&kernel, 1, "stray", stray);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        fill(values, ITEMS + 2);
        made_launch(&launch, &kernel, i + 1, 0, ITEMS);
        (void)made_array(&launch, values + 1, sizeof *values, YK_READ | YK_WRITE,
                         YK_PARTS_ITEM);
        (void)made_scalar(&launch, &table[i].offset, sizeof(long));
        yk_error_clear(&error);
        assert_ok(ops->begin(device, &kernel, &launch, &error));
        assert_status(yk_device_run(device, 10, 20, &error), table[i].status);
        assert_contains(error.text, table[i].text);
        assert_int_equal(values[0], 0);
        assert_int_equal(values[1], 1);
        assert_int_equal(values[10], 100);
        assert_int_equal(values[21], 441);
        assert_int_equal(values[ITEMS + 1], (ITEMS + 1) * (ITEMS + 1));
    }
    ops->close(device);
}

static void poison_is_restored_after_a_stray_write(void **state)
{
    yk_device *device = open_private();
    const long offset = 4;
    int values[ITEMS];

    (void)state;
    fill(values, ITEMS);
    made_kernel(&kernel, 1, "stray", stray);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, values, sizeof *values, YK_READ | YK_WRITE,
                     YK_PARTS_ITEM);
    (void)made_scalar(&launch, &offset, sizeof offset);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_status(yk_device_run(device, 8, 16, &error), YOKE_EKERNEL);
    assert_ok(yk_device_run(device, 0, 8, &error));
    ops->close(device);
}

static void scattered_writes_keep_the_rest(void **state)
{
    yk_device *device = open_private();
    int values[ITEMS];

    (void)state;
    fill(values, ITEMS);
    made_kernel(&kernel, 1, "scatter", scatter);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    launch.whole = 1;
    (void)made_array(&launch, values, sizeof values, YK_WRITE, YK_PARTS_WHOLE);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 0, ITEMS, &error));
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(values[i], i % 4 == 0 ? -1 : i * i);
    }
    ops->close(device);
}

static void blocks_are_copied_one_by_one(void **state)
{
    yk_device *device = open_private();
    int matrix[5 * ITEMS];
    yk_arg *arg;

    (void)state;
    fill(matrix, 5 * ITEMS);
    made_kernel(&kernel, 1, "double_column", double_column);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    arg =
        made_array(&launch, matrix, sizeof *matrix, YK_READ | YK_WRITE, YK_PARTS_ITEM);
    arg->blocks = 5;
    arg->stride = ITEMS * sizeof *matrix;
    run_all(device);
    for (int i = 0; i < 5 * ITEMS; i++) {
        assert_int_equal(matrix[i], 2 * i * i);
    }
    ops->close(device);
}

static void updates_read_all_and_write_their_own(void **state)
{
    yk_device *device = open_private();
    yk_arg *arg;
    int values[ITEMS];

    (void)state;
    fill(values, ITEMS);
    values[0] = 0x5A5A5A5A;
    made_kernel(&kernel, 1, "look_back", look_back);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    arg =
        made_array(&launch, values, sizeof *values, YK_READ | YK_WRITE, YK_PARTS_ITEM);
    arg->flags = YK_ARG_READS_ALL;
    run_all(device);
    assert_int_equal(values[0], 0x5A5A5A5A);
    for (int i = 1; i < ITEMS; i++) {
        assert_int_equal(values[i], i * i + 1);
    }
    ops->close(device);
}

/* Chunk after chunk, two of them in flight. */
static void lanes_keep_chunks_apart(void **state)
{
    yk_device *device = open_private();
    int in[ITEMS];
    int out[ITEMS] = {0};
    yk_device_info info;

    (void)state;
    ops->describe(device, &info);
    assert_int_equal(info.lanes, 2);
    prepare_blur(out, in);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(ops->start(device, 0, 0, 16, &error));
    for (uint64_t i = 1; i < 4; i++) {
        assert_ok(ops->start(device, i % 2, 16 * i, 16 * i + 16, &error));
        assert_int_equal(out[16 * (i - 1) + 1], 0);
        assert_ok(ops->finish(device, (i - 1) % 2, &error));
        assert_int_not_equal(out[16 * (i - 1) + 1], 0);
    }
    assert_ok(ops->finish(device, 1, &error));
    ops->end(device);
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i],
                         in[(i + ITEMS - 1) % ITEMS] + in[i] + in[(i + 1) % ITEMS]);
    }
    assert_int_equal(device->sent, (ITEMS + 4 * 2) * sizeof(int));
    assert_int_equal(device->received, ITEMS * sizeof(int));
    ops->close(device);
}

static void chunks_in_flight_are_given_up(void **state)
{
    yk_device *device = open_private();
    int in[ITEMS];
    int out[ITEMS] = {0};

    (void)state;
    prepare_blur(out, in);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(ops->start(device, 0, 0, 32, &error));
    assert_ok(ops->start(device, 1, 32, ITEMS, &error));
    ops->end(device);
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i], 0);
    }
    assert_int_equal(device->received, 0);
    run_all(device);
    assert_int_equal(out[1], in[0] + in[1] + in[2]);
    ops->close(device);
}

static void a_lane_fails_alone(void **state)
{
    yk_device *device = open_private();
    const long offset = 0;
    int values[ITEMS];

    (void)state;
    fill(values, ITEMS);
    made_kernel(&kernel, 1, "stray", stray);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, values, sizeof *values, YK_READ | YK_WRITE,
                     YK_PARTS_ITEM);
    (void)made_scalar(&launch, &offset, sizeof offset);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(ops->start(device, 0, 0, 8, &error));
    assert_ok(ops->start(device, 1, 8, 16, &error));
    assert_ok(ops->finish(device, 0, &error));
    assert_status(ops->finish(device, 1, &error), YOKE_EKERNEL);
    assert_int_equal(values[7], 50);
    assert_ok(ops->start(device, 1, 4, 8, &error));
    ops->end(device);
    ops->close(device);
}

static void source_alone_is_not_for_it(void **state)
{
    yk_device *device = open_fake((yk_fake_options){.speed = 1});

    (void)state;
    made_kernel(&kernel, 1, "source", increment);
    kernel.native.place.offset = 0;
    kernel.source = "__kernel void source() {}";
    assert_status(ops->build(device, &kernel, &error), YOKE_EUNSUPPORTED);
    ops->close(device);
    ops->close(NULL);
}

/* Works for 20 ms. */
static void busy(const yoke_span *span, void *const args[])
{
    const uint64_t end = yk_clock_ns() + 20 * (uint64_t)YK_NS_PER_MS;

    (void)span;
    (void)args;
    while (yk_clock_ns() < end) {
    }
}

static void a_slow_device_takes_its_time(void **state)
{
    yk_device *device = open_fake((yk_fake_options){.speed = 0.25});
    uint64_t start;

    (void)state;
    made_kernel(&kernel, 1, "busy", busy);
    made_launch(&launch, &kernel, 1, 0, 1);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    start = yk_clock_ns();
    assert_ok(yk_device_run(device, 0, 1, &error));
    assert_true(yk_clock_ns() - start >= 80 * (uint64_t)YK_NS_PER_MS);
    ops->close(device);
}

static void it_fails_at_a_chunk(void **state)
{
    yk_device *device = open_fake((yk_fake_options){.speed = 1, .fail_at = 2});
    int values[ITEMS] = {0};

    (void)state;
    made_kernel(&kernel, 1, "increment", increment);
    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, values, sizeof *values, YK_READ | YK_WRITE,
                     YK_PARTS_ITEM);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 0, 1, &error));
    assert_status(yk_device_run(device, 1, 2, &error), YOKE_EDEVICE);
    assert_contains(error.text, "chunk 2");
    assert_ok(yk_device_run(device, 1, 2, &error));
    ops->close(device);
}

/* ---- faults that end or stop the process, in child processes ---- */

static int runs_three_chunks(void *arg)
{
    const yk_device_config config = config_of(*(const yk_fake_options *)arg);
    int values[ITEMS] = {0};
    yk_device *device;

    made_launch(&launch, &kernel, 1, 0, ITEMS);
    (void)made_array(&launch, values, sizeof *values, YK_READ | YK_WRITE,
                     YK_PARTS_ITEM);
    if (ops->open(&device, &config, &error) != YOKE_OK ||
        ops->begin(device, &kernel, &launch, &error) != YOKE_OK) {
        return 100;
    }
    for (uint64_t i = 0; i < 3; i++) {
        if (yk_device_run(device, i, i + 1, &error) != YOKE_OK || values[i] != 1) {
            return 101;
        }
    }
    ops->close(device);
    return 3;
}

static void it_crashes_at_a_chunk(void **state)
{
    yk_fake_options options = {.speed = 1};

    (void)state;
    made_kernel(&kernel, 1, "increment", increment);
    assert_int_equal(yt_in_child(runs_three_chunks, &options, 20), 3);
    options.crash_at = 4;
    assert_int_equal(yt_in_child(runs_three_chunks, &options, 20), 3);
    options.crash_at = 3;
    assert_int_equal(yt_in_child(runs_three_chunks, &options, 20), -SIGSEGV);
    options.private_memory = 1;
    assert_int_equal(yt_in_child(runs_three_chunks, &options, 20), -SIGSEGV);
}

static void it_hangs_at_a_chunk(void **state)
{
    yk_fake_options options = {.speed = 1, .hang_at = 2};

    (void)state;
    made_kernel(&kernel, 1, "increment", increment);
    assert_int_equal(yt_in_child(runs_three_chunks, &options, 0.3), YT_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_in_place_without_private_memory),
        cmocka_unit_test(private_memory_gives_the_same_answer),
        cmocka_unit_test(halos_are_brought_along),
        cmocka_unit_test(undeclared_reads_get_poison),
        cmocka_unit_test(stray_writes_are_found),
        cmocka_unit_test(poison_is_restored_after_a_stray_write),
        cmocka_unit_test(scattered_writes_keep_the_rest),
        cmocka_unit_test(blocks_are_copied_one_by_one),
        cmocka_unit_test(updates_read_all_and_write_their_own),
        cmocka_unit_test(lanes_keep_chunks_apart),
        cmocka_unit_test(chunks_in_flight_are_given_up),
        cmocka_unit_test(a_lane_fails_alone),
        cmocka_unit_test(source_alone_is_not_for_it),
        cmocka_unit_test(a_slow_device_takes_its_time),
        cmocka_unit_test(it_fails_at_a_chunk),
        cmocka_unit_test(it_crashes_at_a_chunk),
        cmocka_unit_test(it_hangs_at_a_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
