/* SPDX-License-Identifier: MIT */
/* Drivers that crash, hang, leave or are not there cost their devices, not the program.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault_setup.h"

enum { ITEMS = 1000, PATH = 256 };

static char folder[] = "/tmp/yoke-drivers-XXXXXX";
static char library[PATH];
static char icd[PATH];

/* ---- the folder of drivers ---- */

static void write_file(const char *path, const void *content, size_t bytes)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static void write_icd(const char *content)
{
    write_file(icd, content, strlen(content));
}

static bool compile_driver(void)
{
    const char *compiler = getenv("CC");
    char source[PATH];
    char command[4 * PATH];
    char *slash;

    (void)snprintf(source, sizeof source, "%s", __FILE__);
    slash = strrchr(source, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    (void)snprintf(command, sizeof command,
                   "%s -shared -fPIC -o '%s' '%s/driver/broken_driver.c'",
                   compiler != NULL ? compiler : "cc", library, source);
    return system(command) == 0;
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(library, sizeof library, "%s/libbroken.so", folder);
    (void)snprintf(icd, sizeof icd, "%s/broken.icd", folder);
    (void)setenv("OCL_ICD_VENDORS", folder, 1);
    return compile_driver() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(icd);
    (void)unlink(library);
    (void)unsetenv("OCL_ICD_VENDORS");
    return rmdir(folder);
}

static int after_each(void **state)
{
    (void)unsetenv("BROKEN_DRIVER");
    (void)unsetenv("YOKE_OPENCL_LIBRARY");
    (void)setenv("OCL_ICD_VENDORS", folder, 1);
    return yt_test_teardown(state);
}

/* ---- pools ---- */

static yoke_status create(yoke_pool **pool, const char *devices)
{
    const yoke_pool_options options = {.devices = devices,
                                       .arena_bytes = 1 << 30,
                                       .wait_ready = true,
                                       .discover = true,
                                       .start_timeout = 1.5};

    return yoke_pool_create(pool, &options);
}

static void check_pool_works(yoke_pool *pool)
{
    ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);

    ft_job_run(job, NULL);
    ft_job_destroy(job);
}

/* The cores work, the driver does not, and says why. */
static void expect_state(const char *devices, yoke_worker_state state,
                         const char *reason)
{
    yoke_pool *pool;
    yoke_worker_info info;

    assert_ok_pool(NULL, create(&pool, devices));
    check_pool_works(pool);
    info = ft_worker(pool, "driver");
    assert_int_equal(info.state, state);
    assert_int_equal(info.pid, 0);
    assert_contains(info.reason, reason);
    ft_close(pool);
}

static void expect(const char *devices, const char *reason)
{
    expect_state(devices, YOKE_WORKER_FAILED, reason);
}

static void expect_broken(const char *mode, const char *reason)
{
    yoke_pool *pool;

    write_icd(library);
    (void)setenv("BROKEN_DRIVER", mode, 1);
    expect("cpu:2", reason);
    expect("cpu:2,gpu", reason);
    /* Asked for by name, it is an error that explains itself. */
    assert_status(create(&pool, "opencl"), YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(NULL), reason);
    assert_true(yt_nothing_alive());
}

static void test_crash(void **state)
{
    (void)state;
    expect_broken("crash-load", "signal 11");
    expect_broken("crash-list", "signal 11");
    expect_broken("crash-devices", "signal 11");
}

static void test_exit(void **state)
{
    (void)state;
    expect_broken("exit-load", "code 3");
    expect_broken("exit-devices", "code 3");
}

static void test_hang(void **state)
{
    (void)state;
    expect_broken("hang-load", "hangs");
    expect_broken("hang-devices", "hangs");
}

static void test_no_device(void **state)
{
    (void)state;
    write_icd(library);
    (void)setenv("BROKEN_DRIVER", "no-device", 1);
    expect_state("cpu:2,gpu", YOKE_WORKER_UNUSED, "no devices");
}

/* It lists its device, then fails when a worker opens it: given up after two tries. */
static void expect_unopened(const char *mode, const char *reason)
{
    yoke_pool *pool;
    yoke_worker_info info;

    write_icd(library);
    (void)setenv("BROKEN_DRIVER", mode, 1);
    assert_ok_pool(NULL, create(&pool, "cpu:2,gpu"));
    check_pool_works(pool);
    info = ft_worker(pool, "opencl0");
    assert_int_equal(info.state, YOKE_WORKER_FAILED);
    assert_int_equal(info.restarts, 1);
    assert_contains(info.reason, reason);
    assert_string_equal(info.device, "Broken device");
    ft_close(pool);
    assert_status(create(&pool, "opencl:0"), YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(NULL), reason);
    assert_true(yt_nothing_alive());
}

static void test_open(void **state)
{
    (void)state;
    expect_unopened("crash-open", "signal 11");
    expect_unopened("exit-open", "code 3");
    expect_unopened("fail-open", "clCreateContext failed: CL_OUT_OF_RESOURCES");
    expect_unopened("hang-open", "did not start in time");
}

static void test_unused(void **state)
{
    yoke_pool *pool;
    yoke_worker_info info;

    (void)state;
    write_icd(library);
    assert_ok_pool(NULL, create(&pool, "cpu:2"));
    check_pool_works(pool);
    info = ft_worker(pool, "opencl0");
    assert_int_equal(info.state, YOKE_WORKER_UNUSED);
    assert_contains(info.reason, "not in the device list");
    ft_close(pool);
}

/* The pool is there while a driver hangs. */
static void test_hang_does_not_hold_up(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:2,gpu", .start_timeout = 60};
    yoke_pool *pool = NULL;

    (void)state;
    write_icd(library);
    (void)setenv("BROKEN_DRIVER", "hang-list", 1);
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    check_pool_works(pool);
    ft_close(pool);
}

/* ---- files ---- */

static void test_missing_library(void **state)
{
    (void)state;
    write_icd("/nowhere/libmissing.so\n");
    expect("cpu:2,gpu", "cannot be loaded");
}

static void test_garbage(void **state)
{
    unsigned char garbage[700];
    yoke_pool *pool;

    (void)state;
    for (size_t i = 0; i < sizeof garbage; i++) {
        garbage[i] = (unsigned char)(i * 37 + 128);
    }
    write_file(icd, garbage, sizeof garbage);
    assert_ok_pool(NULL, create(&pool, "cpu:2,gpu"));
    check_pool_works(pool);
    ft_close(pool);

    write_file(icd, "", 0);
    assert_ok_pool(NULL, create(&pool, "cpu:2,gpu"));
    check_pool_works(pool);
    ft_close(pool);

    /* A library that is no driver, and a file that is no library. */
    write_icd("libm.so.6\n");
    expect("cpu:2,gpu", "cannot be loaded");
    write_icd(icd);
    expect("cpu:2,gpu", "cannot be loaded");
}

static void test_no_driver(void **state)
{
    yoke_pool *pool;
    ft_workers workers;

    (void)state;
    (void)unlink(icd);
    assert_ok_pool(NULL, create(&pool, "cpu:2,gpu"));
    check_pool_works(pool);
    ft_look(pool, &workers);
    assert_int_equal(workers.count, 2);
    ft_close(pool);
    assert_status(create(&pool, "opencl"), YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(NULL), "no OpenCL driver is installed");
    (void)setenv("OCL_ICD_VENDORS", "/nowhere", 1);
    assert_ok_pool(NULL, create(&pool, "cpu:2,gpu"));
    check_pool_works(pool);
    ft_close(pool);
}

static void test_no_loader(void **state)
{
    (void)state;
    write_icd(library);
    (void)setenv("YOKE_OPENCL_LIBRARY", "/nowhere/libOpenCL.so.1", 1);
    expect("cpu:2,gpu", "loader library cannot be opened");
}

/* A source for the cores, and nothing to compile it with. */
static void test_no_compiler(void **state)
{
    const yoke_kernel_options options = {
        .name = "f", .source = "__kernel void f(__global int *a) {}"};
    yoke_kernel *kernel = NULL;
    yoke_pool *pool;

    (void)state;
    (void)unlink(icd);
    assert_ok_pool(NULL, create(&pool, "cpu:2"));
    assert_status(yoke_kernel_create(&kernel, pool, &options), YOKE_ENODEVICE);
    assert_null(kernel);
    assert_contains(yoke_pool_error(pool), "PoCL is not installed");
    check_pool_works(pool);
    ft_close(pool);
}

/* One that works beside one that does not. */
static void test_beside_pocl(void **state)
{
    static const char *const places[] = {"/etc/OpenCL/vendors/pocl.icd"};
    char good[PATH];
    char line[PATH] = "";
    yoke_pool *pool;
    FILE *file = fopen(places[0], "re");

    (void)state;
    if (file == NULL) {
        skip();
    }
    assert_non_null(fgets(line, sizeof line, file));
    (void)fclose(file);
    (void)snprintf(good, sizeof good, "%s/pocl.icd", folder);
    write_file(good, line, strlen(line));
    write_icd(library);
    (void)setenv("BROKEN_DRIVER", "crash-devices", 1);
    {
        const yoke_pool_options options = {
            .devices = "cpu:1,opencl:pocl", .wait_ready = true, .discover = true};

        assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    }
    (void)unlink(good);
    check_pool_works(pool);
    assert_int_equal(ft_worker(pool, "opencl0").state, YOKE_WORKER_READY);
    assert_int_equal(ft_worker(pool, "driver").state, YOKE_WORKER_FAILED);
    ft_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_crash, after_each),
        cmocka_unit_test_teardown(test_exit, after_each),
        cmocka_unit_test_teardown(test_hang, after_each),
        cmocka_unit_test_teardown(test_no_device, after_each),
        cmocka_unit_test_teardown(test_open, after_each),
        cmocka_unit_test_teardown(test_unused, after_each),
        cmocka_unit_test_teardown(test_hang_does_not_hold_up, after_each),
        cmocka_unit_test_teardown(test_missing_library, after_each),
        cmocka_unit_test_teardown(test_garbage, after_each),
        cmocka_unit_test_teardown(test_no_driver, after_each),
        cmocka_unit_test_teardown(test_no_loader, after_each),
        cmocka_unit_test_teardown(test_no_compiler, after_each),
        cmocka_unit_test_teardown(test_beside_pocl, after_each),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
