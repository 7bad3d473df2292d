/* SPDX-License-Identifier: MIT */
/*
 * What native functions see of the program's variables does not turn on an accident: they are
 * as they were when the pool was created, whatever threads, memory or drivers the program
 * has; or the pool, the kernel or the task is refused. Each case runs in a child, whose state
 * it is.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "api_setup.h"

enum { ITEMS = 4096, TABLE = 64 << 20 };

/* ---- what a simulation's kernel uses ---- */

static double dt; /* set by main(), as simulation codes do */
static unsigned char table[TABLE];
static _Thread_local int mode;
static double (*rule)(double x);

static double twice(double x)
{
    return 2 * x;
}

static double value_of(size_t i)
{
    return dt * table[(i * 16381) % TABLE] + mode + rule((double)i);
}

static void step(const yoke_span *span, void *const args[])
{
    double *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] += value_of(i);
    }
}

static int step_task(yoke_task *task)
{
    *(double *)task->output = value_of(task->index);
    return 0;
}

static int step_process(void *argument, size_t bytes)
{
    double *x = *(double **)argument;

    (void)bytes;
    for (size_t i = 0; i < ITEMS; i++) {
        x[i] += value_of(i);
    }
    return 0;
}

static void set_variables(void)
{
    dt = 0.5;
    mode = 3;
    rule = twice;
    for (size_t i = 0; i < TABLE; i++) {
        table[i] = (unsigned char)(i * 7 + i / 251);
    }
}

/* ---- the same in the pool and in a plain loop ---- */

static int compare(double *x)
{
    for (size_t i = 0; i < ITEMS; i++) {
        const double expected = value_of(i);

        if (x[i] < expected || x[i] > expected) {
            return 10;
        }
    }
    memset(x, 0, ITEMS * sizeof *x);
    return 0;
}

static int try_kernel(yoke_pool *pool, double *x)
{
    yoke_kernel *kernel;
    const yoke_kernel_options options = {.name = "step", .native = step};

    if (yoke_kernel_create(&kernel, pool, &options) != YOKE_OK ||
        yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_inout(x, sizeof *x)) !=
            YOKE_OK) {
        return 11;
    }
    yoke_kernel_destroy(kernel);
    return compare(x);
}

static int try_task(yoke_pool *pool, double *x)
{
    if (yoke_apply_each(pool, step_task, ITEMS, NULL,
                        YOKE_ARGS(yoke_out(x, sizeof *x))) != YOKE_OK) {
        return 12;
    }
    return compare(x);
}

static int try_process(yoke_pool *pool, double *x)
{
    yoke_process *process;

    if (yoke_process_start(&process, pool, step_process, &x, sizeof x, NULL) !=
            YOKE_OK ||
        yoke_process_wait(process, NULL, API_SECONDS) != YOKE_OK) {
        return 13;
    }
    yoke_process_destroy(process);
    return compare(x);
}

/* Often enough that replacements have their turn. */
static int try_all(const char *devices)
{
    const yoke_pool_options options = {.devices = devices, .items_per_process = ITEMS};
    yoke_pool *pool;
    double *x;
    int code = 0;

    if (yoke_pool_create(&pool, &options) != YOKE_OK ||
        yoke_pool_start_method(pool) != YOKE_START_FORK) {
        return 14;
    }
    x = yoke_alloc(pool, ITEMS * sizeof *x);
    for (int i = 0; i < 6 && code == 0; i++) {
        code = try_kernel(pool, x);
        code = code != 0 ? code : try_task(pool, x);
        code = code != 0 ? code : try_process(pool, x);
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 15;
}

/* ---- accidents ---- */

static int nothing(void *arg)
{
    (void)arg;
    set_variables();
    return try_all("cpu:2");
}

static void *sleep_on(void *arg)
{
    for (;;) {
        (void)pause();
    }
    return arg;
}

static int with_threads(void *arg)
{
    pthread_t thread;

    (void)arg;
    set_variables();
    for (int i = 0; i < 4; i++) {
        if (pthread_create(&thread, NULL, sleep_on, NULL) != 0) {
            return 1;
        }
    }
    return try_all("cpu:2");
}

static int with_memory(void *arg)
{
    const size_t bytes = ((size_t)1 << 30) + ((size_t)64 << 20);

    (void)arg;
    set_variables();
    if (mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED) {
        return 77;
    }
    return try_all("cpu:2");
}

static int as_reaper(void *arg)
{
    (void)arg;
    set_variables();
    return prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 ? 77 : try_all("cpu:2");
}

static void check(int (*function)(void *arg))
{
    const int code = yt_in_child(function, NULL, 100);

    if (code == 77) {
        skip();
    }
    assert_int_equal(code, 0);
}

static void test_nothing(void **state)
{
    (void)state;
    check(nothing);
}

static void test_threads(void **state)
{
    (void)state;
    if (API_SANITIZED) {
        skip();
    }
    check(with_threads);
}

static void test_memory(void **state)
{
    (void)state;
    check(with_memory);
}

static void test_reaper(void **state)
{
    (void)state;
    check(as_reaper);
}

/* ---- OpenMP: what the compiler makes of a parallel region ---- */

typedef void parallel_call(void (*function)(void *), void *data, unsigned threads,
                           unsigned flags);
static parallel_call *parallel;

static bool load_openmp(void)
{
    void *library = dlopen("libgomp.so.1", RTLD_NOW);
    void *address = library != NULL ? dlsym(library, "GOMP_parallel") : NULL;

    memcpy(&parallel, &address, sizeof parallel);
    return parallel != NULL;
}

static void count_one(void *data)
{
    atomic_fetch_add((_Atomic unsigned *)data, 1);
}

/* out uint32[i]: threads of the region; at least one, all of which have come. */
static void count_threads(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        _Atomic unsigned count = 0;

        parallel(count_one, &count, 3, 0);
        ((uint32_t *)args[0])[i] = count;
    }
}

static int try_regions(void)
{
    yoke_pool *pool = api_try_open("cpu:2");
    const yoke_kernel_options options = {.name = "regions", .native = count_threads};
    yoke_kernel *kernel;
    uint32_t *out;
    int code = 0;

    if (pool == NULL || yoke_kernel_create(&kernel, pool, &options) != YOKE_OK) {
        return 20;
    }
    out = yoke_alloc(pool, 64 * sizeof *out);
    if (yoke_map_with(pool, kernel, yoke_range_1d(64),
                      (&(yoke_map_options){.timeout = 60}),
                      YOKE_ARGS(yoke_out(out, 4))) != YOKE_OK) {
        code = 21;
    }
    for (int i = 0; i < 64 && code == 0; i++) {
        code = out[i] >= 1 && out[i] <= 3 ? 0 : 22;
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 23;
}

static int without_regions(void *arg)
{
    (void)arg;
    return load_openmp() ? try_regions() : 77;
}

static int after_regions(void *arg)
{
    _Atomic unsigned count = 0;
    int code;

    (void)arg;
    if (!load_openmp()) {
        return 77;
    }
    set_variables();
    parallel(count_one, &count, 4, 0);
    code = try_all("cpu:2");
    code = code != 0 ? code : try_regions();
    parallel(count_one, &count, 4, 0); /* here they go on */
    return code != 0 ? code : count == 8 ? 0 : 30;
}

static void test_openmp(void **state)
{
    (void)state;
    if (API_SANITIZED) {
        skip();
    }
    check(without_regions);
    check(after_regions);
}

/* ---- OpenCL in the program ---- */

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

/* As a program that uses PoCL: its threads are running. */
static bool use_opencl(void)
{
    typedef int get_platforms(unsigned count, void **platforms, unsigned *found);
    typedef int get_devices(void *platform, uint64_t type, unsigned count,
                            void **devices, unsigned *found);
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW);
    void *addresses[2];
    get_platforms *platforms_of;
    get_devices *devices_of;
    void *platforms[8];
    void *device;
    unsigned count = 0;

    if (library == NULL || access(pocl, R_OK) != 0) {
        return false;
    }
    (void)setenv("OCL_ICD_VENDORS", pocl, 1);
    addresses[0] = dlsym(library, "clGetPlatformIDs");
    addresses[1] = dlsym(library, "clGetDeviceIDs");
    memcpy(&platforms_of, &addresses[0], sizeof platforms_of);
    memcpy(&devices_of, &addresses[1], sizeof devices_of);
    return platforms_of(8, platforms, &count) == 0 && count > 0 &&
           devices_of(platforms[0], 0xffffffff, 1, &device, &count) == 0;
}

static const yoke_kernel_options by_source = {
    .name = "three",
    .source = "__kernel void three(__global uint *x) { x[get_global_id(0)] = 3; }"};

static int with_opencl(void *arg)
{
    yoke_kernel *kernel;
    yoke_pool *pool;
    int code;

    (void)arg;
    set_variables();
    if (!use_opencl()) {
        return 77;
    }
    code = try_all("cpu:2");
    if (code != 0) {
        return code;
    }
    /* Cores cannot run its source; this says why, and what to do. */
    pool = api_try_open("cpu:1");
    if (pool == NULL ||
        yoke_kernel_create(&kernel, pool, &by_source) != YOKE_ENODEVICE) {
        return 40;
    }
    if (strstr(yoke_pool_error(pool), "libpocl") == NULL ||
        strstr(yoke_pool_error(pool), "before the first OpenCL call") == NULL ||
        strstr(yoke_pool_error(pool), "YOKE_START_SPAWN") == NULL) {
        return 41;
    }
    return yoke_pool_close(pool) == YOKE_OK ? 0 : 42;
}

/* Devices can. */
static int three_everywhere(yoke_pool *pool, uint32_t *x)
{
    yoke_kernel *kernel;

    memset(x, 0, ITEMS * sizeof *x);
    if (yoke_kernel_create(&kernel, pool, &by_source) != YOKE_OK ||
        yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(x, sizeof *x)) !=
            YOKE_OK) {
        return 50;
    }
    yoke_kernel_destroy(kernel);
    return api_all(x, ITEMS, 3) ? 0 : 51;
}

static pid_t pid_of(yoke_pool *pool, const char *name)
{
    yoke_worker_info workers[16];
    size_t count = 0;

    (void)yoke_pool_workers(pool, workers, 16, &count);
    for (size_t i = 0; i < count && i < 16; i++) {
        if (strcmp(workers[i].name, name) == 0 &&
            workers[i].state == YOKE_WORKER_READY) {
            return workers[i].pid;
        }
    }
    return 0;
}

typedef struct successor {
    yoke_pool *pool;
    pid_t before;
} successor;

static bool has_successor(void *arg)
{
    const successor *self = arg;
    const pid_t now = pid_of(self->pool, "opencl0");

    return now != 0 && now != self->before;
}

/* In a segment, which an executed process has to map for itself. */
static int try_segment(yoke_pool *pool)
{
    char name[64];
    yoke_shm *shm;
    int code;

    (void)snprintf(name, sizeof name, "yoke_globals_%d", (int)getpid());
    if (yoke_shm_create(&shm, pool, name, ITEMS * sizeof(uint32_t), NULL) != YOKE_OK) {
        return 52;
    }
    code = three_everywhere(pool, yoke_shm_pointer(shm));
    (void)yoke_shm_unlink(name);
    return yoke_shm_close(shm) == YOKE_OK ? code : 53;
}

static int with_devices(void *arg)
{
    const yoke_task_options wanted = {.devices = "opencl", .on_device = true};
    successor next;
    yoke_pool *pool;
    double value = 0;
    uint32_t *x;
    int code;

    (void)arg;
    set_variables();
    if (!use_opencl()) {
        return 77;
    }
    pool = api_try_open("cpu:1,opencl:pocl");
    if (pool == NULL) {
        return 60;
    }
    x = yoke_alloc(pool, ITEMS * sizeof *x);
    code = three_everywhere(pool, x);
    code = code != 0 ? code : try_segment(pool);
    next = (successor){pool, pid_of(pool, "opencl0")};
    if (code != 0 || next.before == 0 || kill(next.before, SIGKILL) != 0 ||
        !yt_wait_until(has_successor, &next, 60)) {
        return code != 0 ? code : 61;
    }
    code = three_everywhere(pool, x);
    code = code != 0 ? code : try_segment(pool);
    /* A function of the program's would have other variables there. */
    if (code == 0 &&
        yoke_apply_each(pool, step_task, 1, &wanted,
                        YOKE_ARGS(yoke_out(&value, sizeof value))) != YOKE_ENODEVICE) {
        code = 62;
    }
    if (code == 0 && strstr(yoke_pool_error(pool), "program's variables") == NULL) {
        code = 63;
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 64;
}

/* Not merely linked: the loader has no state before the first call. */
static int with_the_loader(void *arg)
{
    yoke_pool *pool;
    uint32_t *x;
    int code;

    (void)arg;
    if (access(pocl, R_OK) != 0 || dlopen("libOpenCL.so.1", RTLD_NOW) == NULL) {
        return 77;
    }
    pool = api_try_open("cpu:2");
    if (pool == NULL) {
        return 70;
    }
    x = yoke_alloc(pool, ITEMS * sizeof *x);
    code = three_everywhere(pool, x);
    return yoke_pool_close(pool) == YOKE_OK ? code : 71;
}

static void test_opencl(void **state)
{
    (void)state;
    if (API_SANITIZED) {
        skip(); /* drivers do not like it */
    }
    check(with_opencl);
    check(with_devices);
    check(with_the_loader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_nothing), yt_unit_test(test_threads),
        yt_unit_test(test_memory),  yt_unit_test(test_reaper),
        yt_unit_test(test_openmp),  yt_unit_test(test_opencl),
    };

    (void)unsetenv("YOKE_START");
    return yt_run_group(tests);
}
