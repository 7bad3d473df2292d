/* SPDX-License-Identifier: MIT */
/* Tasks that ask for a device: any free one, with its handles. */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CL_TARGET_OPENCL_VERSION 120
#include "api_setup.h"
#include "yoke/opencl.h"

enum { N = 1000 };

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

static const char source[] =
    "__kernel void triple(__global uint *x) { x[get_global_id(0)] *= 3; }\n"
    "__kernel void spin(volatile __global uint *x) { while (x[0] != 1) { } }";

/* The calls that the tasks need, from the loader that the process has opened already. */
typedef struct cl_calls {
    __typeof__(clCreateBuffer) *create_buffer;
    __typeof__(clCreateProgramWithSource) *create_program;
    __typeof__(clBuildProgram) *build;
    __typeof__(clCreateKernel) *create_kernel;
    __typeof__(clSetKernelArg) *set_arg;
    __typeof__(clEnqueueNDRangeKernel) *launch;
    __typeof__(clEnqueueReadBuffer) *read;
    __typeof__(clReleaseMemObject) *release_buffer;
    __typeof__(clReleaseKernel) *release_kernel;
    __typeof__(clReleaseProgram) *release_program;
    __typeof__(clGetContextInfo) *context_info;
} cl_calls;

static bool find_calls(cl_calls *cl)
{
    void *loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);

    if (loader == NULL) {
        return false;
    }
#define FIND(name, field) *(void **)(void *)&cl->field = dlsym(loader, #name)
    FIND(clCreateBuffer, create_buffer);
    FIND(clCreateProgramWithSource, create_program);
    FIND(clBuildProgram, build);
    FIND(clCreateKernel, create_kernel);
    FIND(clSetKernelArg, set_arg);
    FIND(clEnqueueNDRangeKernel, launch);
    FIND(clEnqueueReadBuffer, read);
    FIND(clReleaseMemObject, release_buffer);
    FIND(clReleaseKernel, release_kernel);
    FIND(clReleaseProgram, release_program);
    FIND(clGetContextInfo, context_info);
#undef FIND
    return true;
}

/* Leaves the launch and the reading of its result in the queue. */
static int enqueue(yoke_task *task, const char *name)
{
    const cl_context context = yoke_task_opencl(task).context;
    const cl_device_id device = yoke_task_opencl(task).device;
    const cl_command_queue queue = yoke_task_opencl(task).queue;
    const char *text = source;
    const size_t items = task->input_bytes / 4;
    void *out =
        task->output != NULL ? task->output : yoke_task_output(task, task->input_bytes);
    cl_program program;
    cl_kernel kernel;
    cl_calls cl;
    cl_mem buffer;
    cl_int code;

    if (!find_calls(&cl) || task->device->kind != YOKE_WORKER_OPENCL ||
        task->device->name[0] == '\0' || task->device->index < 0) {
        return 1;
    }
    program = cl.create_program(context, 1, &text, NULL, &code);
    if (code != 0 || cl.build(program, 1, &device, NULL, NULL, NULL) != 0) {
        return 2;
    }
    kernel = cl.create_kernel(program, name, &code);
    buffer = cl.create_buffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                              task->input_bytes, (void *)(uintptr_t)task->input, &code);
    if (code != 0 || cl.set_arg(kernel, 0, sizeof buffer, &buffer) != 0 ||
        cl.launch(queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL) != 0 ||
        cl.read(queue, buffer, CL_FALSE, 0, task->input_bytes, out, 0, NULL, NULL) !=
            0) {
        return yoke_task_fail(task, 3, "OpenCL error %d", code);
    }
    cl.release_buffer(buffer);
    cl.release_kernel(kernel);
    cl.release_program(program);
    return 0;
}

static int triple(yoke_task *task)
{
    return enqueue(task, "triple");
}

/* Item 2 returns an error, item 3 crashes its process. */
static int triple_some(yoke_task *task)
{
    if (task->index == 2) {
        return yoke_task_fail(task, 9, "item two");
    }
    if (task->index == 3) {
        abort();
    }
    return enqueue(task, "triple");
}

/* Item 1 leaves a kernel in the queue that does not end. */
static int spin_one(yoke_task *task)
{
    return task->index == 1 ? enqueue(task, "spin") : 0;
}

static int has_no_device(yoke_task *task)
{
    return task->device == NULL && yoke_task_opencl(task).context == NULL &&
                   yoke_task_opencl(task).device == NULL &&
                   yoke_task_opencl(task).queue == NULL
               ? 0
               : 1;
}

static int has_device(yoke_task *task)
{
    return task->device != NULL && task->device->queue != NULL ? 0 : 1;
}

static int refuse(yoke_task *task)
{
    return yoke_task_fail(task, 8, "no wish to");
}

/* Dies the first time. */
static int die_once(yoke_task *task)
{
    _Atomic uint32_t *deaths = *(void *const *)task->input;

    if (atomic_fetch_add(deaths, 1) == 0) {
        (void)raise(SIGKILL);
    }
    return task->device != NULL ? 0 : 1;
}

static void skip_without_pocl(void)
{
    if (access(pocl, R_OK) != 0) {
        skip();
    }
}

static void triple_one(yoke_pool *pool, const char *kind)
{
    const yoke_task_options options = {.devices = kind, .on_device = true};
    uint32_t x[N];
    void *result = NULL;
    size_t bytes = 0;

    for (uint32_t i = 0; i < N; i++) {
        x[i] = i;
    }
    assert_ok_pool(pool,
                   yoke_apply(pool, triple, x, sizeof x, &result, &bytes, &options));
    assert_int_equal(bytes, sizeof x);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(((uint32_t *)result)[i], 3 * i);
    }
    assert_ok(yoke_free(result));
}

static void test_handles(void **state)
{
    yoke_pool *pool;

    (void)state;
    skip_without_pocl();
    pool = api_open("cpu:1,opencl:pocl");
    triple_one(pool, "opencl:pocl");
    triple_one(pool, "opencl");
    assert_ok_pool(pool, yoke_apply_each(pool, has_no_device, 100, NULL, NULL, 0));
    assert_ok_pool(pool, yoke_apply_each(pool, has_device, 100,
                                         &(yoke_task_options){.devices = "opencl",
                                                              .on_device = true},
                                         NULL, 0));
    assert_ok_pool(pool, yoke_apply_each(pool, has_no_device, 100, NULL, NULL, 0));
    api_check_works(pool);
    api_close(pool);
}

/* An array of items, and kernels in between on the same device. */
static void test_items(void **state)
{
    static uint32_t x[8][N];
    static uint32_t y[8][N];
    yoke_pool *pool;

    (void)state;
    skip_without_pocl();
    pool = api_open("opencl:pocl");
    for (uint32_t i = 0; i < 8 * N; i++) {
        x[i / N][i % N] = i;
    }
    for (int round = 0; round < 3; round++) {
        assert_ok_pool(
            pool, yoke_apply_each(
                      pool, triple, 8,
                      &(yoke_task_options){.devices = "opencl", .on_device = true},
                      YOKE_ARGS(yoke_in(x, sizeof x[0]), yoke_out(y, sizeof y[0]))));
        for (uint32_t i = 0; i < 8 * N; i++) {
            assert_int_equal(y[i / N][i % N], 3 * i);
        }
    }
    /* A plain task needs a CPU. */
    assert_refused(pool, yoke_apply_each(pool, has_no_device, 1, NULL, NULL, 0),
                   YOKE_ENODEVICE, "only tasks that ask for one");
    api_close(pool);
}

static void test_failures(void **state)
{
    const yoke_task_options options = {.devices = "opencl", .on_device = true};
    yoke_pool *pool;
    void *memory;
    uint32_t *numbers;

    (void)state;
    skip_without_pocl();
    pool = api_open("cpu:1,opencl:pocl");
    assert_refused(pool, yoke_apply(pool, refuse, NULL, 0, NULL, NULL, &options),
                   YOKE_EKERNEL, "code 8: no wish to");
    memory = yoke_alloc(pool, 4);
    assert_ok_pool(
        pool, yoke_apply(pool, die_once, &memory, sizeof memory, NULL, NULL, &options));
    assert_int_equal(*(uint32_t *)memory, 2);
    numbers = api_numbers(pool, N);
    assert_ok(yoke_lend(numbers));
    assert_refused(pool,
                   yoke_apply(pool, has_device, numbers, 4 * N, NULL, NULL, &options),
                   YOKE_EINVAL, "is lent");
    assert_ok(yoke_reclaim(numbers));
    assert_ok_pool(pool,
                   yoke_apply(pool, has_device, numbers, 4 * N, NULL, NULL, &options));
    triple_one(pool, "opencl");
    api_close(pool);
}

enum { COUNT = 6, SHORT = 16 };

/* Items that fail cost themselves alone, and processes of the device. */
static void keep_going(yoke_pool *pool, yoke_task_function *function, double limit,
                       const yoke_status expected[COUNT])
{
    uint32_t x[COUNT][SHORT];
    uint32_t y[COUNT][SHORT];
    yoke_status status[COUNT];
    const yoke_task_options options = {.on_device = true,
                                       .on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_timeout = limit,
                                       .item_status = status};

    for (uint32_t i = 0; i < COUNT * SHORT; i++) {
        x[i / SHORT][i % SHORT] = i + 2;
        y[i / SHORT][i % SHORT] = 7;
    }
    assert_refused(pool,
                   yoke_apply_each(pool, function, COUNT, &options,
                                   YOKE_ARGS(yoke_in(x, sizeof x[0]),
                                             yoke_out(y, sizeof y[0]))),
                   YOKE_EPARTIAL, "of 6 items failed");
    for (uint32_t i = 0; i < COUNT * SHORT; i++) {
        const uint32_t done = function == triple_some ? 3 * (i + 2) : 0;

        assert_int_equal(status[i / SHORT], expected[i / SHORT]);
        assert_int_equal(y[i / SHORT][i % SHORT],
                         expected[i / SHORT] == YOKE_OK ? done : 7);
    }
}

static void test_keep_going(void **state)
{
    static const yoke_status some[COUNT] = {[2] = YOKE_EKERNEL, [3] = YOKE_ECRASHED};
    static const yoke_status one[COUNT] = {[1] = YOKE_EDEADLINE};
    yoke_pool *pool;

    (void)state;
    skip_without_pocl();
    pool = api_open("opencl:pocl");
    keep_going(pool, triple_some, 0, some);
    keep_going(pool, spin_one, 1, one);
    triple_one(pool, "opencl");
    api_close(pool);
}

static void test_no_device(void **state)
{
    yoke_pool *pool = api_open("cpu:1");

    (void)state;
    assert_refused(
        pool,
        yoke_apply(pool, has_device, NULL, 0, NULL, NULL,
                   &(yoke_task_options){.devices = "gpu", .on_device = true}),
        YOKE_ENODEVICE, "asks for an OpenCL device");
    assert_refused(
        pool,
        yoke_apply(pool, has_device, NULL, 0, NULL, NULL,
                   &(yoke_task_options){.devices = "nonsense", .on_device = true}),
        YOKE_EINVAL, "devices: ");
    assert_refused(
        pool,
        yoke_apply(pool, has_device, NULL, 0, NULL, NULL,
                   &(yoke_task_options){.devices = "cpu", .on_device = true}),
        YOKE_ENODEVICE, "asks for an OpenCL device");
    assert_refused(pool,
                   yoke_apply(pool, has_device, NULL, 0, NULL, NULL,
                              &(yoke_task_options){.on_device = true}),
                   YOKE_ENODEVICE, "asks for an OpenCL device");
    api_check_works(pool);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_handles),
        yt_unit_test(test_items),
        yt_unit_test(test_failures),
        yt_unit_test(test_keep_going),
        yt_unit_test(test_no_device),
    };

    return yt_run_group(tests);
}
