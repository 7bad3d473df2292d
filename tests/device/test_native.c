/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "device/native/native.h"
#include "launch/lent.h"
#include "made.h"
#include "protocol/device_kinds.h"

static yk_error error;
static yk_kernel kernel;
static yk_launch launch;
static const yk_device_ops *ops;

/* What the kernels below saw; they run in this process. */
static yoke_span seen;
static void *seen_args[4];
static int calls;

static int open_device(void **state)
{
    const yk_device_config config = {.kind = YK_DEVICE_NATIVE};
    yk_device *device;

    ops = yk_device_kind_at(YK_DEVICE_NATIVE)->ops;
    yk_error_clear(&error);
    if (ops->open(&device, &config, &error) != YOKE_OK) {
        return -1;
    }
    *state = device;
    return 0;
}

static int close_device(void **state)
{
    ops->close(*state);
    return 0;
}

static void fail_span(const yoke_span *span, int code, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    yk_native_fail(span, code, format, list);
    va_end(list);
}

static void scale(const yoke_span *span, void *const args[])
{
    float *out = args[0];
    const float *in = args[1];
    float *factor = args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = *factor * in[i];
    }
    *factor = -1;
}

static void look(const yoke_span *span, void *const args[])
{
    seen = *span;
    memcpy(seen_args, args, sizeof seen_args);
    calls++;
}

static void look_twice(const yoke_span *span, void *const args[])
{
    look(span, args);
    calls++;
}

static void complain(const yoke_span *span, void *const args[])
{
    (void)args;
    if (span->begin == 4) {
        fail_span(span, 7, "no %s left", "hay");
        fail_span(span, 8, "and no water");
    }
}

static void computes_chunk_by_chunk(void **state)
{
    yk_device *device = *state;
    const float factor = 2.5F;
    float in[10];
    float out[10] = {0};

    for (int i = 0; i < 10; i++) {
        in[i] = (float)i;
    }
    made_kernel(&kernel, 1, "scale", scale);
    made_launch(&launch, &kernel, 1, 0, 10);
    (void)made_array(&launch, out, sizeof *out, YK_WRITE, YK_PARTS_ITEM);
    (void)made_array(&launch, in, sizeof *in, YK_READ, YK_PARTS_ITEM);
    (void)made_scalar(&launch, &factor, sizeof factor);
    assert_ok(ops->build(device, &kernel, &error));
    assert_ok(ops->build(device, &kernel, &error));
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 6, 10, &error));
    assert_true(out[5] == 0);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 0, 6, &error));
    ops->end(device);
    for (int i = 0; i < 10; i++) {
        assert_true(out[i] == factor * in[i]);
    }
}

static void the_span_describes_the_range(void **state)
{
    yk_device *device = *state;

    made_kernel(&kernel, 2, "look", look);
    for (unsigned d = 0; d < 3; d++) {
        kernel.group[d] = d + 1;
    }
    made_launch(&launch, &kernel, 1, 0, 1);
    launch.dimensions = 3;
    launch.split = 1;
    for (unsigned d = 0; d < 3; d++) {
        launch.begin[d] = 10 * d;
        launch.size[d] = 12 + d;
    }
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 14, 20, &error));
    assert_int_equal(seen.begin, 14);
    assert_int_equal(seen.end, 20);
    assert_int_equal(seen.split, 1);
    assert_int_equal(seen.range.dimensions, 3);
    assert_int_equal(seen.range.split, YOKE_SPLIT_Y);
    for (unsigned d = 0; d < 3; d++) {
        assert_int_equal(seen.range.begin[d], 10 * d);
        assert_int_equal(seen.range.size[d], 12 + d);
        assert_int_equal(seen.group[d], d + 1);
    }
}

static void arguments_are_bound_by_kind(void **state)
{
    yk_device *device = *state;
    const struct {
        double x;
        char name[40];
    } value = {1.5, "a struct by value"};
    const char byte = 9;
    int array[4];

    made_kernel(&kernel, 3, "look", look);
    made_launch(&launch, &kernel, 1, 0, 4);
    (void)made_array(&launch, array, sizeof *array, YK_READ, YK_PARTS_ITEM);
    (void)made_scalar(&launch, &byte, sizeof byte);
    (void)made_local(&launch, 100);
    (void)made_scalar(&launch, &value, sizeof value);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 0, 4, &error));
    assert_ptr_equal(seen_args[0], array);
    assert_int_equal(*(char *)seen_args[1], 9);
    assert_memory_equal(seen_args[3], &value, sizeof value);
    for (int i = 1; i < 4; i++) {
        assert_int_equal((uintptr_t)seen_args[i] % 64, 0);
    }
    memset(seen_args[2], 1, 100);
    assert_int_equal(*(char *)seen_args[1], 9);
    assert_memory_equal(seen_args[3], &value, sizeof value);
}

static void launches_take_turns(void **state)
{
    yk_device *device = *state;
    static yk_kernel other_kernel;
    static yk_launch other;
    const int first = 1;
    const int second = 2;

    made_kernel(&kernel, 4, "look", look);
    made_kernel(&other_kernel, 5, "look_twice", look_twice);
    made_launch(&launch, &kernel, 1, 0, 1);
    (void)made_scalar(&launch, &first, sizeof first);
    made_launch(&other, &other_kernel, 2, 0, 1);
    (void)made_local(&other, 1 << 20);
    (void)made_scalar(&other, &second, sizeof second);
    calls = 0;
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 0, 1, &error));
    assert_ok(ops->begin(device, &other_kernel, &other, &error));
    assert_ok(yk_device_run(device, 0, 1, &error));
    assert_int_equal(calls, 3);
    assert_int_equal(*(int *)seen_args[1], 2);

    /* The slot of a launch is used again for another. */
    made_launch(&other, &kernel, 3, 0, 1);
    (void)made_scalar(&other, &first, sizeof first);
    assert_ok(ops->begin(device, &kernel, &other, &error));
    assert_ok(yk_device_run(device, 0, 1, &error));
    assert_int_equal(calls, 4);
    assert_int_equal(*(int *)seen_args[0], 1);
    ops->end(device);
    ops->end(device);
}

static void kernels_can_be_forgotten(void **state)
{
    yk_device *device = *state;
    static yk_kernel many[20];

    ops->forget(device, 12345);
    for (uint64_t i = 0; i < 20; i++) {
        made_kernel(&many[i], 100 + i, "look", i % 2 == 0 ? look : look_twice);
        assert_ok(ops->build(device, &many[i], &error));
    }
    for (uint64_t i = 0; i < 20; i += 2) {
        ops->forget(device, 100 + i);
    }
    calls = 0;
    for (uint64_t i = 1; i < 20; i += 2) {
        made_launch(&launch, &many[i], i, 0, 1);
        assert_ok(ops->begin(device, &many[i], &launch, &error));
        assert_ok(yk_device_run(device, 0, 1, &error));
    }
    assert_int_equal(calls, 20);
}

static void a_function_reports_its_failure(void **state)
{
    yk_device *device = *state;

    made_kernel(&kernel, 6, "complain", complain);
    made_launch(&launch, &kernel, 1, 0, 8);
    assert_ok(ops->begin(device, &kernel, &launch, &error));
    assert_ok(yk_device_run(device, 0, 4, &error));
    assert_status(yk_device_run(device, 4, 8, &error), YOKE_EKERNEL);
    assert_int_equal(error.status, YOKE_EKERNEL);
    assert_string_equal(error.text, "code 7: no hay left");
    assert_status(yk_device_run(device, 4, 8, NULL), YOKE_EKERNEL);
    assert_ok(yk_device_run(device, 0, 4, &error));
    fail_span(NULL, 1, "nothing runs");
}

static void kernels_that_cannot_be_had(void **state)
{
    yk_device *device = *state;

    made_kernel(&kernel, 7, "elsewhere", look);
    kernel.native.place.offset = 0;
    assert_status(ops->build(device, &kernel, &error), YOKE_EUNSUPPORTED);
    assert_contains(error.text, "elsewhere");
    kernel.native = (yk_function){"/nonexistent/plugin.so", {4096, 1}};
    assert_status(ops->build(device, &kernel, &error), YOKE_EBUILD);
    assert_contains(error.text, "this process cannot load /nonexistent/plugin.so");
    made_launch(&launch, &kernel, 1, 0, 8);
    assert_status(ops->begin(device, &kernel, &launch, &error), YOKE_EBUILD);
}

static void impossible_scratch_is_an_error(void **state)
{
    yk_device *device = *state;

    made_kernel(&kernel, 8, "look", look);
    made_launch(&launch, &kernel, 1, 0, 8);
    (void)made_local(&launch, SIZE_MAX / 2);
    (void)made_local(&launch, SIZE_MAX / 2);
    (void)made_local(&launch, SIZE_MAX / 2);
    assert_status(ops->begin(device, &kernel, &launch, &error), YOKE_ENOMEM);
}

static void it_is_described(void **state)
{
    yk_device *device = *state;
    yk_device_info info;
    yk_parameter parameters[YK_MAX_ARGS];

    ops->describe(device, &info);
    assert_true(strlen(info.name) > 0);
    assert_string_equal(info.driver, "native");
    assert_true(info.memory_bytes > 0);
    assert_true(info.shares_memory && info.has_double && info.is_cpu);
    assert_int_equal(ops->parameters(device, &kernel, parameters), -1);
}

static yk_residency *seen_table;
static uint64_t seen_versions[3];

static void look_at_versions(const yoke_span *span, void *const args[])
{
    scale(span, args);
    for (uint64_t b = 0; b < 3; b++) {
        seen_versions[b] = yk_residency_version(seen_table, b);
    }
}

/* Once before it is written and once after; only where it is written. */
static void versions_of_lent_arrays_rise_twice(void **state)
{
    enum { FLOATS = 3 * YK_RESIDENCY_PAGE / sizeof(float) };
    static float out[FLOATS], in[FLOATS];
    const uint64_t before[] = {1, 1, 0};
    float factor = 1;
    yk_arg *arg;

    seen_table = calloc(1, yk_residency_size(sizeof out));
    assert_non_null(seen_table);
    yk_residency_init(seen_table, 1, (uint64_t)(uintptr_t)out, sizeof out);
    made_kernel(&kernel, 9, "look_at_versions", look_at_versions);
    made_launch(&launch, &kernel, 9, 0, FLOATS);
    arg = made_array(&launch, out, sizeof *out, YK_WRITE, YK_PARTS_ITEM);
    arg->table = (uint64_t)(uintptr_t)seen_table;
    (void)made_array(&launch, in, sizeof *in, YK_READ, YK_PARTS_ITEM);
    (void)made_scalar(&launch, &factor, sizeof factor);
    assert_ok(ops->begin(*state, &kernel, &launch, &error));
    assert_ok(yk_device_run(*state, 10, FLOATS / 2, &error));
    for (uint64_t b = 0; b < 3; b++) {
        assert_int_equal(seen_versions[b], before[b]);
        assert_int_equal(yk_residency_version(seen_table, b), 2 * before[b]);
    }
    ops->end(*state);
    free(seen_table);
}

static void kinds_have_their_ops(void **state)
{
    (void)state;
    assert_ptr_equal(yk_device_kind_at(YK_DEVICE_NATIVE)->ops, &yk_native_ops);
    assert_ptr_equal(yk_device_kind_at(YK_DEVICE_OPENCL)->ops, &yk_opencl_ops);
    assert_ptr_equal(yk_device_kind_at(YK_DEVICE_FAKE)->ops, &yk_fake_ops);
    assert_null(yk_device_kind_at(0));
    assert_null(yk_device_kind_at(UINT32_MAX));
    yk_native_ops.close(NULL);
}

#define DEVICE_TEST(function)                                                          \
    cmocka_unit_test_setup_teardown(function, open_device, close_device)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEVICE_TEST(computes_chunk_by_chunk),
        DEVICE_TEST(the_span_describes_the_range),
        DEVICE_TEST(arguments_are_bound_by_kind),
        DEVICE_TEST(launches_take_turns),
        DEVICE_TEST(kernels_can_be_forgotten),
        DEVICE_TEST(a_function_reports_its_failure),
        DEVICE_TEST(kernels_that_cannot_be_had),
        DEVICE_TEST(impossible_scratch_is_an_error),
        DEVICE_TEST(versions_of_lent_arrays_rise_twice),
        DEVICE_TEST(it_is_described),
        cmocka_unit_test(kinds_have_their_ops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
