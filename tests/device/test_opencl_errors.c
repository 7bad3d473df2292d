/* SPDX-License-Identifier: MIT */
/* What the device says to kernels and launches that it cannot run; on PoCL's one-thread
 * device, in a child process. */
#include <unistd.h>

#include "test_opencl_cases.h"

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

/* A launch of 64 items that should be refused, and words its explanation must have. */
typedef struct refusal {
    const char *source;
    const char *options;
    yoke_status status;
    bool at_build;
    const char *words[3];
    uint64_t group[3];
    void (*prepare)(bench *b);
} refusal;

static void no_arguments(bench *b)
{
    (void)b;
}

static void array_and_float(bench *b)
{
    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, 256);
    bench_scalar(b, &(float){1.0f}, sizeof(float));
}

static void array_and_double(bench *b)
{
    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, 256);
    bench_scalar(b, &(double){1.0}, sizeof(double));
}

static void two_arrays(bench *b)
{
    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, 256);
    (void)bench_array_arg(b, R, YK_PARTS_ITEM, 4, 256);
}

static void array_and_much_local(bench *b)
{
    (void)bench_array_arg(b, W, YK_PARTS_ITEM, 4, 256);
    bench_local(b, (size_t)1 << 30);
}

#define KERNEL "__kernel void k(__global float *x, float a) { x[get_global_id(0)] = a; }"
#define EMPTY "__kernel void k(__global float *x, __local float *s) { }"
#define NEEDS_8 "__kernel __attribute__((reqd_work_group_size(8, 1, 1))) void k() { }"

static const refusal refusals[] = {
    {"__kernel void k(__global float *x)\n{\n  x[0] = undeclared;\n}\n", "", YOKE_EBUILD,
     true, {"kernel 'k'", ":3:10"}, {0}, no_arguments},
    {"#error \"told so\"\n", "", YOKE_EBUILD, true, {"told so"}, {0}, no_arguments},
    {"__kernel void k(__global int *x) { x[get_group_id(0)] = y; }", "", YOKE_EBUILD, true,
     {":1:57"}, {0}, no_arguments},
    {"__kernel void one() { }\n__kernel void two() { }\n", "", YOKE_EBUILD, true,
     {"no kernel 'k'", "one", "two"}, {0}, no_arguments},
    {KERNEL, "-unknown-option", YOKE_EBUILD, true, {"-unknown-option"}, {0}, no_arguments},
    {"__kernel void k(read_only image1d_buffer_t picture) { }", "", YOKE_EUNSUPPORTED, true,
     {"picture", "image1d_buffer_t"}, {0}, no_arguments},
    {"__kernel void k(read_only image2d_t picture, sampler_t how) { }", "", YOKE_EINVAL, false,
     {"parameter 1 ('picture', image2d_t)", "takes an image", "an array was given"}, {0},
     two_arrays},
    {KERNEL, "", YOKE_EINVAL, false, {"2 parameters", "0 arguments"}, {0}, no_arguments},
    {KERNEL, "", YOKE_EINVAL, false,
     {"parameter 2 ('a', float)", "takes a value", "an array was given"}, {0}, two_arrays},
    {KERNEL, "", YOKE_EINVAL, false,
     {"parameter 2 ('a', float)", "takes 4 bytes", "8 bytes was given"}, {0},
     array_and_double},
    {KERNEL, "", YOKE_EUNSUPPORTED, false, {"65536 x 1 x 1", "too large"}, {65536, 1, 1},
     array_and_float},
    {KERNEL, "", YOKE_EINVAL, false, {"64 work-items", "multiple", "24"}, {24, 1, 1},
     array_and_float},
    {EMPTY, "", YOKE_EUNSUPPORTED, false, {"1073741824 bytes of local memory"}, {0},
     array_and_much_local},
    {EMPTY, "", YOKE_EINVAL, false,
     {"parameter 2 ('s', float*)", "a size of local memory"}, {0}, array_and_float},
    {NEEDS_8, "", YOKE_EINVAL, false, {"8 x 1 x 1", "4 x 1 x 1"}, {4, 1, 1}, no_arguments},
    {NEEDS_8, "", YOKE_EINVAL, false, {"8 x 1 x 1", ".group"}, {0}, no_arguments},
};

static void set_up(bench *b, const refusal *r)
{
    memset(b, 0, sizeof *b);
    b->kernel.id = bench_next_id++;
    b->kernel.source = r->source;
    b->kernel.build_options = r->options;
    b->kernel.name[0] = 'k';
    b->launch.id = bench_next_id++;
    b->launch.dimensions = 1;
    for (unsigned d = 0; d < 3; d++) {
        b->launch.size[d] = d == 0 ? 64 : 1;
        b->launch.group[d] = r->group[d];
    }
    if (r->group[0] > 64) {
        b->launch.size[0] = r->group[0];
    }
    r->prepare(b);
}

/* The driver's name for the device, which is in front of a compiler's text. */
static bool begins_with_name(yk_device *device, const char *text)
{
    yk_device_info info;

    yk_opencl_ops.describe(device, &info);
    return info.name[0] != '\0' && strncmp(text, info.name, strlen(info.name)) == 0;
}

static bool is_refused(yk_device *device, const refusal *r)
{
    bench *const b = malloc(sizeof *b);
    yk_error *const error = calloc(1, sizeof *error);
    yoke_status status;
    bool right;

    set_up(b, r);
    status = yk_opencl_ops.build(device, &b->kernel, error);
    right = r->at_build || status == YOKE_OK;
    if (right && !r->at_build) {
        status = yk_opencl_ops.begin(device, &b->kernel, &b->launch, error);
    }
    right = right && status == r->status;
    right = right && (r != refusals || begins_with_name(device, error->text));
    for (size_t i = 0; i < 3 && r->words[i] != NULL; i++) {
        right = right && strstr(error->text, r->words[i]) != NULL;
    }
    if (!right) {
        (void)fprintf(stderr, "refusal %d: status %d: %s\n", (int)(r - refusals),
                      (int)status, error->text);
    }
    yk_opencl_ops.forget(device, b->kernel.id);
    bench_free(b);
    free(b);
    free(error);
    return right;
}

static yk_device *open_pocl(void)
{
    yk_device_config config = {.kind = YK_DEVICE_OPENCL, .one_thread = 1};
    yk_device *device;
    yk_error error;

    memcpy(config.driver, pocl, sizeof pocl);
    if (yk_opencl_ops.open(&device, &config, &error) != YOKE_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
    }
    return device;
}

static int run_refusals(void *arg)
{
    yk_device *const device = open_pocl();
    int result = device == NULL;

    (void)arg;
    for (size_t i = 0; device != NULL && i < sizeof refusals / sizeof refusals[0]; i++) {
        if (!is_refused(device, &refusals[i])) {
            result = 1;
        }
    }
    /* It goes on working. */
    if (device != NULL && !run_case(device, &opencl_cases[0])) {
        result = 1;
    }
    yk_opencl_ops.close(device);
    return result;
}

static bool is_parameter(const yk_parameter *p, uint32_t kind, uint32_t bytes,
                         const char *name, const char *type)
{
    const bool right = p->kind == kind && p->bytes == bytes && strcmp(p->name, name) == 0 &&
                       strcmp(p->type, type) == 0;

    if (!right) {
        (void)fprintf(stderr, "'%s': kind %u, %u bytes, type '%s'\n", p->name, p->kind,
                      p->bytes, p->type);
    }
    return right;
}

static int run_parameters(void *arg)
{
    static const char source[] =
        "typedef struct { int a, b; } pair;\n"
        "__kernel void k(__global const float *x, __constant int *t, __local uint *s,\n"
        "                float3 v, unsigned long n, pair p, uchar c) { }\n";
    const yk_kernel kernel = {
        .id = 1, .source = source, .build_options = "", .name = "k"};
    yk_device *const device = open_pocl();
    yk_parameter list[YK_MAX_ARGS];
    bool right;

    (void)arg;
    if (device == NULL || yk_opencl_ops.parameters(device, &kernel, list) != -1 ||
        yk_opencl_ops.build(device, &kernel, NULL) != YOKE_OK ||
        yk_opencl_ops.parameters(device, &kernel, list) != 7) {
        return 1;
    }
    right = is_parameter(&list[0], YK_PARAMETER_ARRAY, 0, "x", "float*") &&
            is_parameter(&list[1], YK_PARAMETER_ARRAY, 0, "t", "int*") &&
            is_parameter(&list[2], YK_PARAMETER_LOCAL, 0, "s", "uint*") &&
            is_parameter(&list[3], YK_PARAMETER_SCALAR, 16, "v", "float3") &&
            is_parameter(&list[4], YK_PARAMETER_SCALAR, 8, "n", "ulong") &&
            is_parameter(&list[5], YK_PARAMETER_SCALAR, 0, "p", "pair") &&
            is_parameter(&list[6], YK_PARAMETER_SCALAR, 1, "c", "uchar");
    yk_opencl_ops.close(device);
    return right ? 0 : 2;
}

/* An array beyond the largest buffer; its memory is never touched. */
static int run_too_large(void *arg)
{
    static const refusal r = {KERNEL, "", YOKE_EUNSUPPORTED, false,
                              {"parameter 1 ('x', float*)", "1125899906842624 bytes"}, {0},
                              array_and_float};
    static bench b;
    yk_device_config config = {.kind = YK_DEVICE_OPENCL, .discrete = true};
    yk_device *device;
    yk_error error;
    yoke_status status;

    (void)arg;
    memcpy(config.driver, pocl, sizeof pocl);
    if (yk_opencl_ops.open(&device, &config, &error) != YOKE_OK) {
        return 1;
    }
    set_up(&b, &r);
    b.launch.args[0].parts = YK_PARTS_WHOLE;
    b.launch.args[0].bytes = (uint64_t)1 << 50;
    status = yk_opencl_ops.begin(device, &b.kernel, &b.launch, &error);
    (void)fprintf(stderr, "%s\n", error.text);
    yk_opencl_ops.close(device);
    bench_free(&b);
    return status == r.status && strstr(error.text, r.words[0]) != NULL &&
                   strstr(error.text, r.words[1]) != NULL
               ? 0
               : 2;
}

/* Parts in front of a `__constant` parameter, which is no address that goes on there. */
static int run_constant_in_front(void *arg)
{
    static const refusal r = {
        "__kernel void k(__global int *x, __constant int *y) { x[0] = y[0]; }",
        "",
        YOKE_EUNSUPPORTED,
        false,
        {"before the address", "__constant parameter 2"},
        {0},
        two_arrays};
    static bench b;
    yk_device_config config = {.kind = YK_DEVICE_OPENCL, .discrete = true};
    yk_device *device;
    yk_error error;
    yoke_status status;

    (void)arg;
    memcpy(config.driver, pocl, sizeof pocl);
    if (yk_opencl_ops.open(&device, &config, &error) != YOKE_OK) {
        return 1;
    }
    set_up(&b, &r);
    b.launch.args[1].address += 128;
    b.launch.args[1].before = b.launch.args[1].halo_before = 3;
    status = yk_opencl_ops.begin(device, &b.kernel, &b.launch, &error);
    (void)fprintf(stderr, "%s\n", error.text);
    yk_opencl_ops.close(device);
    bench_free(&b);
    return status == r.status && strstr(error.text, r.words[0]) != NULL &&
                   strstr(error.text, r.words[1]) != NULL
               ? 0
               : 2;
}

/* A missing driver; nothing is left behind. */
static int run_missing(void *arg)
{
    yk_device_config config = {.kind = YK_DEVICE_OPENCL, .driver = "/nonexistent/x.icd"};
    yk_device *device = (yk_device *)&config;
    yk_error error;

    (void)arg;
    if (yk_opencl_ops.open(&device, &config, &error) != YOKE_ENODEVICE) {
        return 1;
    }
    return device == NULL && strstr(error.text, "/nonexistent/x.icd") != NULL ? 0 : 2;
}

/* Beginning the same launch again does nothing; beginning another ends it. */
static int run_beginnings(void *arg)
{
    yk_device *const device = open_pocl();
    static bench first;
    static bench second;
    yk_error error = {.status = YOKE_OK};
    bool right = device != NULL;

    (void)arg;
    bench_init(&first, &opencl_cases[0]);
    bench_init(&second, &opencl_cases[3]);
    first.launch.id = bench_next_id++;
    second.launch.id = bench_next_id++;
    for (int i = 0; i < 2 && right; i++) {
        memcpy(second.arrays[0].memory, second.arrays[0].first, second.arrays[0].room);
        for (size_t k = 0; k < 3; k++) {
            memcpy(first.arrays[k].memory, first.arrays[k].first, first.arrays[k].room);
        }
        right = device->ops->begin(device, &first.kernel, &first.launch, &error) == 0 &&
                yk_device_run(device, 0, 500, &error) == 0 &&
                device->ops->begin(device, &first.kernel, &first.launch, &error) == 0 &&
                yk_device_run(device, 500, 1000, &error) == 0 &&
                device->ops->begin(device, &second.kernel, &second.launch, &error) == 0 &&
                yk_device_run(device, 0, 515, &error) == 0 &&
                bench_is_right(&first, "first") && bench_is_right(&second, "second");
    }
    (void)fprintf(stderr, "%s", error.text);
    yk_opencl_ops.end(device);
    yk_opencl_ops.end(device);
    yk_opencl_ops.close(device);
    yk_opencl_ops.close(NULL);
    bench_free(&first);
    bench_free(&second);
    return right ? 0 : 1;
}

static void check(int (*function)(void *))
{
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    assert_int_equal(yt_in_child(function, NULL, 100), 0);
}

static void wrong_kernels_and_launches_are_explained(void **state)
{
    (void)state;
    check(run_refusals);
}

static void parameters_are_reported(void **state)
{
    (void)state;
    check(run_parameters);
}

static void large_array_makes_the_device_stand_aside(void **state)
{
    (void)state;
    check(run_too_large);
}

static void constant_in_front_makes_the_device_stand_aside(void **state)
{
    (void)state;
    check(run_constant_in_front);
}

static void missing_driver_is_no_device(void **state)
{
    (void)state;
    check(run_missing);
}

static void launches_take_turns(void **state)
{
    (void)state;
    check(run_beginnings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(wrong_kernels_and_launches_are_explained),
        yt_unit_test(parameters_are_reported),
        yt_unit_test(large_array_makes_the_device_stand_aside),
        yt_unit_test(constant_in_front_makes_the_device_stand_aside),
        yt_unit_test(missing_driver_is_no_device),
        yt_unit_test(launches_take_turns),
    };

    return yt_run_group(tests);
}
