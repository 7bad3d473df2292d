/* SPDX-License-Identifier: MIT */
/* Files that jobs use in place. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 20000, HEADER = 128, STEPS = 12 };

static char folder[] = "/tmp/yoke_test_XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *path_of(const char *name)
{
    static char path[80];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A header of bytes 7, then numbers that are `value`. */
static void write_file(const char *path, uint32_t value)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    for (int i = 0; i < HEADER; i++) {
        assert_int_equal(fputc(7, file), 7);
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(fwrite(&value, sizeof value, 1, file), 1);
    }
    assert_int_equal(fclose(file), 0);
}

static void check_file(const char *path, uint32_t value)
{
    FILE *file = fopen(path, "re");
    uint32_t found;

    assert_non_null(file);
    for (int i = 0; i < HEADER; i++) {
        assert_int_equal(fgetc(file), 7);
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(fread(&found, sizeof found, 1, file), 1);
        assert_int_equal(found, value);
    }
    assert_int_equal(fgetc(file), EOF);
    (void)fclose(file);
}

static uint32_t *numbers_in(yoke_shm *shm)
{
    return (uint32_t *)((char *)yoke_shm_pointer(shm) + HEADER);
}

static void increment(yoke_pool *pool, yoke_kernel *kernel, uint32_t *numbers)
{
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                  yoke_inout(numbers, sizeof *numbers)));
}

static void test_in_place(void **state)
{
    char path[80];
    yoke_pool *pool = api_open("cpu:2,fake:1x0.5/private");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    yoke_shm *shm = NULL;
    yoke_shm *again = NULL;

    (void)state;
    strcpy(path, path_of("numbers"));
    write_file(path, 5);
    assert_ok_pool(pool, yoke_shm_open_file(&shm, pool, path, NULL));
    assert_int_equal(yoke_shm_bytes(shm), HEADER + N * sizeof(uint32_t));
    assert_string_equal(yoke_shm_name(shm), path);
    increment(pool, kernel, numbers_in(shm));
    check_file(path, 6);
    assert_ok_pool(pool, yoke_shm_open_file(&again, pool, path_of("./numbers"), NULL));
    assert_ptr_equal(yoke_shm_pointer(again), yoke_shm_pointer(shm));
    assert_ok(yoke_shm_close(again));
    assert_ok(yoke_shm_close(shm));
    check_file(path, 6);
    yoke_kernel_destroy(kernel);
    api_close(pool);
    assert_int_equal(unlink(path), 0);
}

static void kill_one(yoke_pool *pool, unsigned which)
{
    yoke_worker_info info[2];

    assert_ok(yoke_pool_workers(pool, info, 2, NULL));
    if (info[which % 2].pid > 1) {
        (void)kill(info[which % 2].pid, SIGKILL);
    }
}

/* Workers die in the middle; what is changed in place is right all the same. */
static void test_deaths(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    yoke_future *futures[STEPS];
    yoke_shm *shm = NULL;

    (void)state;
    write_file(path_of("numbers"), 0);
    assert_ok_pool(pool, yoke_shm_open_file(&shm, pool, path_of("numbers"), NULL));
    for (unsigned i = 0; i < STEPS; i++) {
        assert_ok_pool(
            pool,
            yoke_map_async(&futures[i], pool, kernel, yoke_range_1d(N), NULL,
                           YOKE_ARGS(yoke_inout(numbers_in(shm), sizeof(uint32_t)))));
        kill_one(pool, i);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        assert_ok_pool(pool, yoke_future_wait(futures[i], API_SECONDS));
        yoke_future_destroy(futures[i]);
    }
    check_file(path_of("numbers"), STEPS);
    yoke_kernel_destroy(kernel);
    api_close(pool);
    assert_int_equal(unlink(path_of("numbers")), 0);
}

/* It lost its name, and another file has that: workers have the one that was opened. */
static void test_name_changes(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    yoke_shm *shm = NULL;

    (void)state;
    write_file(path_of("numbers"), 1);
    assert_ok_pool(pool, yoke_shm_open_file(&shm, pool, path_of("numbers"), NULL));
    assert_int_equal(unlink(path_of("numbers")), 0);
    write_file(path_of("numbers"), 20);
    increment(pool, kernel, numbers_in(shm));
    assert_int_equal(numbers_in(shm)[N - 1], 2);
    check_file(path_of("numbers"), 20);
    yoke_kernel_destroy(kernel);
    api_close(pool);
    assert_int_equal(unlink(path_of("numbers")), 0);
}

static void test_read_only(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "successor", api_successor);
    uint32_t *out = api_numbers(pool, N);
    yoke_shm *shm = NULL;

    (void)state;
    write_file(path_of("numbers"), 30);
    assert_int_equal(chmod(path_of("numbers"), 0400), 0);
    assert_ok_pool(
        pool, yoke_shm_open_file(&shm, pool, path_of("numbers"),
                                 &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}));
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                  yoke_out(out, sizeof *out),
                                  yoke_in(numbers_in(shm), sizeof *out)));
    assert_true(api_all(out, N, 31));
    assert_status(yoke_map(pool, kernel, yoke_range_1d(N),
                           yoke_out(numbers_in(shm), sizeof *out),
                           yoke_in(out, sizeof *out)),
                  YOKE_EINVAL);
    check_file(path_of("numbers"), 30);
    yoke_kernel_destroy(kernel);
    api_close(pool);
    assert_int_equal(unlink(path_of("numbers")), 0);
}

/* ---- errors ---- */

static void refuse(yoke_pool *pool, const char *path, yoke_status status,
                   const char *words)
{
    yoke_shm *shm = NULL;

    assert_refused(pool, yoke_shm_open_file(&shm, pool, path, NULL), status, words);
    assert_null(shm);
}

static void test_bad_input(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    char longest[1200] = "";
    int fd;

    (void)state;
    refuse(pool, NULL, YOKE_EINVAL, "NULL");
    refuse(pool, "", YOKE_EINVAL, "empty");
    refuse(pool, path_of("missing"), YOKE_ENOENT, "missing");
    refuse(pool, folder, YOKE_ESYSTEM, folder);
    refuse(pool, "/dev/null", YOKE_EINVAL, "not a regular file");
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    refuse(pool, path_of("pipe"), YOKE_EINVAL, "not a regular file");
    assert_int_equal(unlink(path_of("pipe")), 0);
    fd = open(path_of("empty"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    refuse(pool, path_of("empty"), YOKE_EINVAL, "is empty");
    (void)close(fd);
    assert_int_equal(unlink(path_of("empty")), 0);
    strcpy(longest, folder);
    strcat(longest, "/");
    memset(longest + strlen(longest), 'x', 240);
    write_file(longest, 0);
    refuse(pool, longest, YOKE_EINVAL, "longer than 250 bytes");
    assert_int_equal(unlink(longest), 0);
    assert_status(yoke_shm_open_file(NULL, pool, folder, NULL), YOKE_EINVAL);
    api_close(pool);
}

static void test_cut_short(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);
    yoke_shm *shm = NULL;

    (void)state;
    write_file(path_of("numbers"), 0);
    assert_ok_pool(pool, yoke_shm_open_file(&shm, pool, path_of("numbers"), NULL));
    assert_int_equal(truncate(path_of("numbers"), 4096), 0);
    assert_status(yoke_map(pool, kernel, yoke_range_1d(N),
                           yoke_out(numbers_in(shm), sizeof(uint32_t))),
                  YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "was truncated from");
    yoke_kernel_destroy(kernel);
    api_close(pool);
    assert_int_equal(unlink(path_of("numbers")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_in_place),     yt_unit_test(test_deaths),
        yt_unit_test(test_name_changes), yt_unit_test(test_read_only),
        yt_unit_test(test_bad_input),    yt_unit_test(test_cut_short),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
