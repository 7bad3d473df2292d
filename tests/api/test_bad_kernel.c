/* SPDX-License-Identifier: MIT */
/* Kernels that cannot be: a status, one clear sentence, and a pool that goes on
 * working. */
#include <stdio.h>
#include <string.h>

#include "misuse_setup.h"

/* ---- kernels ---- */

static void check_no_kernel(const yoke_kernel_options *options, yoke_status status,
                            const char *words)
{
    yoke_kernel *kernel = (yoke_kernel *)(uintptr_t)1;

    assert_refused(pool, yoke_kernel_create(&kernel, pool, options), status, words);
    assert_null(kernel);
}

static void test_kernel_options(void **state)
{
    char name[300];
    int local = 0;
    yoke_native *nowhere = NULL;
    void *address = &local;

    (void)state;
    memset(name, 'k', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memcpy(&nowhere, &address, sizeof nowhere);
    check_no_kernel(&(yoke_kernel_options){.name = "empty"}, YOKE_EINVAL,
                    "neither given");
    check_no_kernel(&(yoke_kernel_options){.source = "__kernel void f() {}"},
                    YOKE_EINVAL, "needs the name");
    check_no_kernel(&(yoke_kernel_options){.source_file = "f.cl"}, YOKE_EINVAL,
                    "needs the name");
    check_no_kernel(&(yoke_kernel_options){.name = "f", .source = "", .source_file = "f.cl"},
                    YOKE_EINVAL, "both given");
    check_no_kernel(&(yoke_kernel_options){.name = "f", .source_file = "/nowhere/f.cl"},
                    YOKE_ENOENT,
                    "kernel 'f': the source file '/nowhere/f.cl' cannot be read: No such file");
    check_no_kernel(&(yoke_kernel_options){.name = "f", .source_file = "/tmp"}, YOKE_ESYSTEM,
                    "'/tmp' cannot be read: Is a directory");
    check_no_kernel(&(yoke_kernel_options){.name = "f", .source_file = "a\"b.cl"}, YOKE_EINVAL,
                    "quotation mark");
    check_no_kernel(
        &(yoke_kernel_options){.name = "", .source = "__kernel void f() {}"},
        YOKE_EINVAL, "needs the name");
    check_no_kernel(&(yoke_kernel_options){.name = name, .native = api_fill},
                    YOKE_EINVAL, "longer than");
    check_no_kernel(&(yoke_kernel_options){.native = nowhere}, YOKE_EINVAL,
                    "not in the program or a loaded library");
    check_no_kernel(&(yoke_kernel_options){.native = api_fill, .group = {0, 8, 0}},
                    YOKE_EINVAL, "work-group size");
    check_no_kernel(
        &(yoke_kernel_options){.native = api_fill, .group = {SIZE_MAX, 1, 1}},
        YOKE_EINVAL, "work-group size");
    check_no_kernel(
        &(yoke_kernel_options){.native = api_fill,
                               .group = {(size_t)1 << 32, (size_t)1 << 32, 1}},
        YOKE_EINVAL, "work-group size");
    api_check_works(pool);
}

static void test_groups(void **state)
{
    yoke_kernel *kernel = NULL;
    const yoke_map_options padded = {.round_up = true};

    (void)state;
    assert_ok_pool(pool,
                   yoke_kernel_create(&kernel, pool,
                                      &(yoke_kernel_options){.name = "grouped",
                                                             .native = api_fill,
                                                             .group = {16, 4, 1}}));
    assert_refused(pool,
                   yoke_map(pool, kernel, yoke_range_1d(64), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "only 1 dimension");
    assert_refused(pool,
                   yoke_map(pool, kernel, yoke_range_2d(17, 4), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "17 work-items in dimension 0 (x)");
    assert_contains(yoke_pool_error(pool), ".round_up");
    assert_refused(pool,
                   yoke_map(pool, kernel, yoke_range_2d(16, 5), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "work-group size 4");
    assert_ok_pool(
        pool, yoke_map_with(pool, kernel, yoke_range_2d(17, 5), &padded,
                            YOKE_ARGS(yoke_out(numbers, 4), yoke_scalar((uint32_t)1))));
    yoke_kernel_destroy(kernel);
    api_check_works(pool);
}

static void test_too_many_kernels(void **state)
{
    yoke_kernel *kernels[256] = {NULL};
    yoke_kernel *more = NULL;
    size_t count = 0;

    (void)state;
    while (count < 256 &&
           yoke_kernel_create(&kernels[count], pool,
                              &(yoke_kernel_options){.native = api_fill}) == YOKE_OK) {
        count++;
    }
    assert_int_equal(count, 255); /* and the one of this group */
    assert_refused(
        pool,
        yoke_kernel_create(&more, pool, &(yoke_kernel_options){.native = api_fill}),
        YOKE_EBUSY, "at most 256 kernels");
    for (size_t i = 0; i < count; i++) {
        yoke_kernel_destroy(kernels[i]);
    }
    api_check_works(pool);
}

static void test_destroyed_kernel(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "gone", api_fill);
    yoke_pool *other = api_open("cpu:1");
    yoke_kernel *orphan = api_kernel(other, "orphan", api_fill);

    (void)state;
    yoke_kernel_destroy(kernel);
    assert_refused(pool,
                   yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "kernel");
    yoke_kernel_destroy(kernel);
    api_close(other);
    assert_refused(pool,
                   yoke_map(pool, orphan, yoke_range_1d(N), yoke_out(numbers, 4),
                            yoke_scalar((uint32_t)1)),
                   YOKE_EINVAL, "kernel");
    yoke_kernel_destroy(orphan);
    api_check_works(pool);
}

/* ---- sources ---- */

static const char good_cl[] =
    "__kernel void scale(__global float *out, __global const float *in, float by,\n"
    "                    __local float *scratch)\n"
    "{ size_t i = get_global_id(0); scratch[0] = by; out[i] = by * in[i]; }\n";

/* A pool that runs sources, or the test is skipped: no PoCL. */
static yoke_pool *open_for_sources(yoke_kernel **kernel)
{
    yoke_pool *made = api_open("cpu:1");
    const yoke_status status = yoke_kernel_create(
        kernel, made, &(yoke_kernel_options){.name = "scale", .source = good_cl});

    if (status == YOKE_ENODEVICE) {
        api_close(made);
        skip();
    }
    assert_ok_pool(made, status);
    return made;
}

static void check_unbuilt(yoke_pool *made, const yoke_kernel_options *options,
                          const char *words)
{
    yoke_kernel *kernel = NULL;

    assert_status_pool(made, yoke_kernel_create(&kernel, made, options), YOKE_EBUILD);
    assert_null(kernel);
    assert_contains(yoke_pool_error(made), words);
    assert_contains(yoke_pool_error(made), "cpu0");
}

static void test_sources(void **state)
{
    static const char broken[] = "__kernel void broken(__global int *x)\n"
                                 "{\n"
                                 "    x[0] = no_such_name;\n"
                                 "}\n";
    yoke_kernel *scale = NULL;
    yoke_pool *made = open_for_sources(&scale);

    (void)state;
    check_unbuilt(made, &(yoke_kernel_options){.name = "scales", .source = good_cl},
                  "scales");
    check_unbuilt(made, &(yoke_kernel_options){.name = "broken", .source = broken},
                  "no_such_name");
    assert_contains(yoke_pool_error(made), ":3:");
    assert_contains(yoke_pool_error(made), "'broken'");
    check_unbuilt(made, &(yoke_kernel_options){.name = "f", .source = ""}, "f");
    check_unbuilt(made, &(yoke_kernel_options){.name = "f", .source = "Moo!\n"}, ":1:");
    check_unbuilt(made,
                  &(yoke_kernel_options){.name = "scale",
                                         .source = good_cl,
                                         .build_options = "-no-such-option"},
                  "scale");
    yoke_kernel_destroy(scale);
    api_check_works(made);
    api_close(made);
}

static void test_arguments_of_sources(void **state)
{
    yoke_kernel *scale = NULL;
    yoke_pool *made = open_for_sources(&scale);
    float *in = yoke_alloc(made, 64 * sizeof *in);
    float *out = yoke_alloc(made, 64 * sizeof *out);
    const yoke_range range = yoke_range_1d(64);

    (void)state;
    in[63] = 4;
    assert_status_pool(made,
                       yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "2 argument(s) given, the kernel takes 4");
    assert_status_pool(made,
                       yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4),
                                yoke_scalar(2.0), yoke_local(4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "argument 3");
    assert_contains(yoke_pool_error(made), "8 bytes given, the kernel takes 4");
    assert_status_pool(made,
                       yoke_map(made, scale, range, yoke_out(out, 4), yoke_scalar(2.0f),
                                yoke_in(in, 4), yoke_local(4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "a scalar given, the kernel takes an array");
    assert_status_pool(made,
                       yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4),
                                yoke_scalar(2.0f), yoke_in_whole(in, 4)),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(made), "the kernel takes local memory");
    assert_ok_pool(made, yoke_map(made, scale, range, yoke_out(out, 4), yoke_in(in, 4),
                                  yoke_scalar(2.0f), yoke_local(4)));
    assert_true(out[63] == 8.0f);
    api_close(made);
}

/* What a compiler prints is kept whole, also where it is long. */
static void test_long_build_logs(void **state)
{
    enum { WRONG = 18 }; /* lines; compilers stop after 20 errors */
    char source[4096] = "__kernel void broken(__global int *x)\n{\n";
    const yoke_kernel_options options = {.name = "broken", .source = source};
    yoke_kernel *scale = NULL;
    yoke_pool *made = open_for_sources(&scale);
    char name[64];

    (void)state;
    for (int i = 0; i < WRONG; i++) {
        (void)snprintf(source + strlen(source), sizeof source - strlen(source),
                       "    x[%d] = a_long_name_that_was_never_declared_%d;\n", i, i);
    }
    (void)snprintf(source + strlen(source), sizeof source - strlen(source), "}\n");
    check_unbuilt(made, &options, "broken");
    for (int i = 0; i < WRONG; i++) {
        (void)snprintf(name, sizeof name, "never_declared_%d'", i);
        assert_contains(yoke_pool_error(made), name);
    }
    assert_true(strlen(yoke_pool_error(made)) > 1500);
    yoke_kernel_destroy(scale);
    api_close(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_options),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_too_many_kernels),
        cmocka_unit_test(test_destroyed_kernel),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_long_build_logs),
        cmocka_unit_test(test_arguments_of_sources),
    };

    return yt_run_group_with(tests, misuse_set_up, misuse_tear_down);
}
