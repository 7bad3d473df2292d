/* SPDX-License-Identifier: MIT */
/* Devices that stand aside from a kernel, or from a job of it: which, and why. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 1024, GROUP = 64, MOST = 8 };

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

static const char image_source[] =
    "__kernel void number(__global uint *out, __read_only image1d_buffer_t picture)\n"
    "{ out[get_global_id(0)] = get_image_width(picture); }\n";

static const char local_source[] =
    "__kernel void through(__global uint *out, __local uint *part)\n"
    "{ part[get_local_id(0)] = get_global_id(0); barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  out[get_global_id(0)] = part[get_local_id(0)]; }\n";

static const char plain_source[] = "__kernel void number(__global uint *out)\n"
                                   "{ out[get_global_id(0)] = get_global_id(0); }\n";

/* A pool with a CPU worker and this device; NULL: there is no such device. */
static yoke_pool *open_with(const char *device)
{
    char devices[64];
    yoke_pool *pool = NULL;

    (void)snprintf(devices, sizeof devices, "cpu:1,%s", device);
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices,
                                                     .wait_ready = true}) != YOKE_OK) {
        return NULL;
    }
    return pool;
}

static yoke_kernel_worker_info info_of(yoke_kernel *kernel, const char *name)
{
    yoke_kernel_worker_info infos[MOST] = {{.state = YOKE_KERNEL_PENDING}};
    size_t count = 0;

    assert_ok(yoke_kernel_workers(kernel, infos, MOST, &count));
    for (size_t i = 0; i < count; i++) {
        if (strncmp(infos[i].name, name, strlen(name)) == 0) {
            return infos[i];
        }
    }
    fail_msg("no worker %s among %zu", name, count);
    return infos[0];
}

/* A question that is asked until it has this answer. */
typedef struct question {
    yoke_kernel *kernel;
    const char *worker;
    yoke_kernel_state state;
    const char *words;
} question;

static bool is_answered(void *context)
{
    const question *asked = context;
    const yoke_kernel_worker_info info = info_of(asked->kernel, asked->worker);

    return info.state == asked->state && strstr(info.reason, asked->words) != NULL;
}

static void check_answer(yoke_kernel *kernel, const char *worker,
                         yoke_kernel_state state, const char *words)
{
    question asked = {kernel, worker, state, words};

    if (!yt_wait_until(is_answered, &asked, 60)) {
        fail_msg("%s: state %d: %s", worker, (int)info_of(kernel, worker).state,
                 info_of(kernel, worker).reason);
    }
}

static void check_numbers(yoke_pool *pool, yoke_kernel *kernel)
{
    uint32_t *out = api_numbers(pool, N);

    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(out, 4)));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(out[i], i);
    }
}

/* ---- from a kernel ---- */

static void test_function_alone(void **state)
{
    yoke_pool *pool = open_with("opencl:pocl");
    yoke_kernel *kernel;

    (void)state;
    if (pool == NULL) {
        skip();
    }
    kernel = api_kernel(pool, "number", api_number);
    check_answer(kernel, "cpu", YOKE_KERNEL_READY, "");
    check_answer(kernel, "opencl", YOKE_KERNEL_UNSUITED, "no OpenCL source");
    check_numbers(pool, kernel);
    assert_string_equal(info_of(kernel, "cpu").reason, "");
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* An image among the parameters: the device is never used, and says so. */
static void test_images(void **state)
{
    yoke_pool *pool = open_with("opencl:pocl");
    yoke_kernel_options options = {
        .name = "number", .source = image_source, .native = api_number};
    yoke_kernel *kernel = NULL;

    (void)state;
    if (pool == NULL) {
        skip();
    }
    options.cpu_form = YOKE_FORM_NATIVE;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    check_answer(kernel, "cpu", YOKE_KERNEL_READY, "");
    check_answer(kernel, "opencl", YOKE_KERNEL_UNSUITED, "image1d_buffer_t");
    check_numbers(pool, kernel);
    yoke_kernel_destroy(kernel);
    options.native = NULL;
    assert_status(yoke_kernel_create(&kernel, pool, &options), YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(pool), "image1d_buffer_t");
    api_close(pool);
}

/* The reason is not the first kernel's alone. */
static void test_no_compiler(void **state)
{
    const yoke_kernel_options options = {.name = "number", .source = plain_source};
    yoke_kernel *kernel = NULL;
    yoke_pool *pool;

    (void)state;
    (void)setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
    pool = api_open("cpu:1");
    (void)unsetenv("OCL_ICD_VENDORS");
    for (int i = 0; i < 2; i++) {
        assert_status(yoke_kernel_create(&kernel, pool, &options), YOKE_ENODEVICE);
        assert_contains(yoke_pool_error(pool), "PoCL is not installed");
    }
    api_close(pool);
}

/* ---- from a job ---- */

static void through(const yoke_span *span, void *const args[])
{
    api_number(span, args);
}

static void run_through(yoke_pool *pool, yoke_kernel *kernel, size_t local_bytes)
{
    uint32_t *out = api_numbers(pool, N);

    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(out, 4),
                                  yoke_local(local_bytes)));
    assert_int_equal(out[N - 1], N - 1);
    assert_ok_pool(pool, yoke_free(out));
}

typedef struct trouble {
    yoke_pool *pool;
    yoke_kernel *kernel;
} trouble;

/* Another job, and whether the device has come to one, and stood aside. */
static bool has_too_little(void *context)
{
    const trouble *self = context;

    run_through(self->pool, self->kernel, 300000);
    return info_of(self->kernel, "opencl").reason[0] != '\0';
}

static void test_too_little_local_memory(void **state)
{
    const yoke_kernel_options options = {.name = "through",
                                         .source = local_source,
                                         .native = through,
                                         .group = {GROUP},
                                         .cpu_form = YOKE_FORM_NATIVE};
    yoke_pool *pool = open_with("opencl:llvmpipe");
    yoke_kernel *kernel = NULL;
    trouble self = {.pool = pool};

    (void)state;
    if (pool == NULL) {
        skip();
    }
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    check_answer(kernel, "opencl", YOKE_KERNEL_READY, "");
    assert_string_equal(info_of(kernel, "opencl").reason, "");
    self.kernel = kernel;
    assert_true(yt_wait_until(has_too_little, &self, 60));
    check_answer(kernel, "opencl", YOKE_KERNEL_READY, "local memory");
    yoke_kernel_destroy(kernel);
    /* The next kernel in its slot has reasons of its own. */
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    check_answer(kernel, "opencl", YOKE_KERNEL_READY, "");
    assert_string_equal(info_of(kernel, "opencl").reason, "");
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* Another job, and whether its device stands aside by now. */
static bool has_stood_aside(void *context)
{
    const trouble *self = context;

    check_numbers(self->pool, self->kernel);
    return info_of(self->kernel, "fake").reason[0] != '\0';
}

static void test_device_that_dies(void **state)
{
    trouble self = {.pool = open_with("fake:1x1/crash=1")};

    (void)state;
    assert_non_null(self.pool);
    self.kernel = api_kernel(self.pool, "number", api_number);
    assert_true(yt_wait_until(has_stood_aside, &self, 60));
    assert_string_equal(info_of(self.kernel, "cpu").reason, "");
    api_close(self.pool);
}

/* ---- the log ---- */

static int count_lines(FILE *file, const char *words)
{
    char line[1024];
    int count = 0;

    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        count += strstr(line, words) != NULL;
    }
    return count;
}

/* Standing aside is logged once, and what is so by design is not. */
static int log_once(void *arg)
{
    const yoke_kernel_options images = {.name = "number",
                                        .source = image_source,
                                        .native = api_number,
                                        .cpu_form = YOKE_FORM_NATIVE};
    const yoke_kernel_options native = {.name = "native", .native = api_number};
    FILE *log = tmpfile();
    yoke_pool *pool;
    yoke_kernel *kernels[2] = {NULL, NULL};
    uint32_t *out;
    bool good = true;

    (void)arg;
    if (log == NULL || dup2(fileno(log), STDERR_FILENO) < 0) {
        return 1;
    }
    (void)setenv("YOKE_LOG", "1", 1);
    pool = open_with("opencl:pocl");
    out = pool != NULL ? yoke_alloc(pool, N * sizeof *out) : NULL;
    if (out == NULL || yoke_kernel_create(&kernels[0], pool, &native) != YOKE_OK ||
        yoke_kernel_create(&kernels[1], pool, &images) != YOKE_OK) {
        return 2;
    }
    for (int i = 0; i < 20 && good; i++) {
        good = yoke_map(pool, kernels[i % 2], yoke_range_1d(N), yoke_out(out, 4)) ==
               YOKE_OK;
    }
    if (!good || yoke_pool_close(pool) != YOKE_OK) {
        return 3;
    }
    return count_lines(log, "does not run kernel") == 1 &&
                   count_lines(log, "image1d_buffer_t") == 1
               ? 0
               : 4;
}

static void test_log(void **state)
{
    (void)state;
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    assert_int_equal(yt_in_child(log_once, NULL, 60), 0);
}

/* ---- questions ---- */

static void test_bad_questions(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);
    yoke_kernel_worker_info infos[2];
    size_t count = 77;

    (void)state;
    assert_ok_pool(pool, yoke_kernel_workers(kernel, NULL, 0, &count));
    assert_int_equal(count, 2);
    assert_ok_pool(pool, yoke_kernel_workers(kernel, infos, 1, NULL));
    assert_string_equal(infos[0].name, "cpu0");
    assert_status(yoke_kernel_workers(kernel, NULL, 1, &count), YOKE_EINVAL);
    assert_int_equal(count, 0);
    assert_status(yoke_kernel_workers(NULL, infos, 2, &count), YOKE_EINVAL);
    yoke_kernel_destroy(kernel);
    assert_status(yoke_kernel_workers(kernel, infos, 2, &count), YOKE_ECLOSED);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_function_alone),   yt_unit_test(test_images),
        yt_unit_test(test_no_compiler),      yt_unit_test(test_too_little_local_memory),
        yt_unit_test(test_device_that_dies), yt_unit_test(test_log),
        yt_unit_test(test_bad_questions),
    };

    return yt_run_group(tests);
}
