/* SPDX-License-Identifier: MIT */
/* Descriptor numbers in the pool's processes: one that the program knows never means another
 * file there, whenever it was opened; those that are kept mean the same. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_setup.h"

enum { ITEMS = 64, TABLE = 200 };

static const yoke_start starts[] = {YOKE_START_FORK, YOKE_START_SPAWN};

/* ---- a table that each process opens for itself ---- */

static char table_path[] = "/tmp/yoke_table_XXXXXX";

static void make_table(void)
{
    char bytes[TABLE];
    const int fd = mkstemp(table_path);

    memset(bytes, '.', sizeof bytes);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    (void)close(fd);
}

static void check_table(void)
{
    char bytes[TABLE + 1] = "";
    const int fd = open(table_path, O_RDONLY);

    assert_int_equal(read(fd, bytes, sizeof bytes), TABLE);
    assert_int_equal(strspn(bytes, "."), TABLE);
    (void)close(fd);
}

/* Several, so that they get all the numbers there are to be had nearby. */
static int open_tables(const void *path, size_t bytes)
{
    (void)bytes;
    for (int i = 0; i < 20; i++) {
        if (open(path, O_RDWR) < 0) {
            return 1;
        }
    }
    return 0;
}

static int make_temp(void)
{
    char path[] = "/tmp/yoke_log_XXXXXX";
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    (void)unlink(path);
    return fd;
}

/* ---- what uses the numbers ---- */

/* 0 if the number means nothing but /dev/null. */
static int look_at(int fd)
{
    struct stat null;
    struct stat status;
    char byte;

    if (stat("/dev/null", &null) != 0 || fstat(fd, &status) != 0) {
        return 1;
    }
    if (status.st_rdev != null.st_rdev) {
        return 2;
    }
    return write(fd, "LOG", 3) != 3 ? 3 : read(fd, &byte, 1) != 0 ? 4 : 0;
}

typedef struct numbers {
    int fds[ITEMS];
} numbers;

/* out int[i], in_whole numbers: what item i's number means here. */
static void look_at_all(const yoke_span *span, void *const args[])
{
    int *out = args[0];
    const numbers *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = look_at(in->fds[i]);
    }
}

static int look_in_process(void *argument, size_t bytes)
{
    const numbers *in = argument;

    (void)bytes;
    if (open_tables(table_path, 0) != 0) {
        return 50;
    }
    for (int i = 0; i < ITEMS; i++) {
        const int found = look_at(in->fds[i]);

        if (found != 0) {
            return found;
        }
    }
    return 0;
}

static void check_in_workers(yoke_pool *pool, const numbers *which)
{
    int *out = yoke_alloc(pool, ITEMS * sizeof *out);
    numbers *in = yoke_alloc(pool, sizeof *in);
    yoke_kernel *kernel = api_kernel(pool, "look", look_at_all);

    *in = *which;
    assert_ok_pool(pool,
                   yoke_map(pool, kernel, yoke_range_1d(ITEMS),
                            yoke_out(out, sizeof *out), yoke_in_whole(in, sizeof *in)));
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i], 0);
    }
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(in));
    assert_ok(yoke_free(out));
}

static void check_in_process(yoke_pool *pool, const numbers *which)
{
    yoke_process *process = NULL;
    int code = -1;

    assert_ok_pool(pool, yoke_process_start(&process, pool, look_in_process, which,
                                            sizeof *which, NULL));
    assert_ok_pool(pool, yoke_process_wait(process, NULL, API_SECONDS));
    assert_ok_pool(pool, yoke_process_wait(process, &code, 0));
    assert_int_equal(code, 0);
    yoke_process_destroy(process);
}

/* Half are open when the pool is created, half are opened later; of all kinds. */
static void open_some(numbers *which, int from, int to)
{
    for (int i = from; i < to; i += 2) {
        int ends[2];

        assert_int_equal(pipe2(ends, i % 4 == 0 ? O_CLOEXEC : 0), 0);
        which->fds[i] = ends[0];
        which->fds[i + 1] = i % 8 == 0 ? make_temp() : ends[1];
        if (i % 8 == 0) {
            (void)close(ends[1]);
        }
    }
}

static void close_all(const numbers *which)
{
    for (int i = 0; i < ITEMS; i++) {
        (void)close(which->fds[i]);
    }
}

static void check_numbers(yoke_start start, const char *devices)
{
    const yoke_pool_options options = {.devices = devices,
                                       .start = start,
                                       .initializer = open_tables,
                                       .initializer_argument = table_path,
                                       .initializer_bytes = sizeof table_path,
                                       .items_per_process = ITEMS / 2};
    yoke_pool *pool;
    numbers which;

    open_some(&which, 0, ITEMS / 2);
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    open_some(&which, ITEMS / 2, ITEMS);
    for (int i = 0; i < 3; i++) { /* in replacements, too */
        check_in_workers(pool, &which);
    }
    if (start == YOKE_START_FORK) {
        check_in_process(pool, &which);
    }
    close_all(&which);
    api_close(pool);
    check_table();
}

static void test_numbers_in_workers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        check_numbers(starts[i], "cpu:2");
        check_numbers(starts[i], "fake:2x1/private");
    }
}

/* In a process that a device has. */
static int look_in_task(yoke_task *task)
{
    return look_at(*(const int *)task->context);
}

static void test_numbers_beside_a_device(void **state)
{
    yoke_pool *pool = NULL;
    const int fd = make_temp();
    yoke_task_options options = {.devices = "opencl",
                                 .on_device = true,
                                 .context = &fd,
                                 .context_bytes = sizeof fd};

    (void)state;
    if (API_SANITIZED ||
        yoke_pool_create(&pool, &(yoke_pool_options){.devices = "opencl:pocl"}) !=
            YOKE_OK) {
        (void)close(fd);
        skip();
    }
    assert_ok_pool(pool, yoke_apply_each(pool, look_in_task, 4, &options, NULL, 0));
    api_close(pool);
    (void)close(fd);
}

/* ---- kept ---- */

/* out int[i], scalar int: writes a byte for each item to that descriptor. */
static void write_all(const yoke_span *span, void *const args[])
{
    int *out = args[0];
    const int fd = *(const int *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = write(fd, "x", 1) == 1;
    }
}

static void write_items(yoke_pool *pool, int fd)
{
    yoke_kernel *kernel = api_kernel(pool, "write", write_all);
    int *out = yoke_alloc(pool, ITEMS * sizeof *out);

    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(ITEMS),
                                  yoke_out(out, sizeof *out), yoke_scalar(fd)));
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i], 1);
    }
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(out));
}

static int write_in_process(void *argument, size_t bytes)
{
    const int fd = *(const int *)argument;
    char byte;

    (void)bytes;
    return write(fd, "p", 1) == 1 && read(STDIN_FILENO, &byte, 1) == 1 && byte == 'i'
               ? 0
               : 1;
}

static void check_process(yoke_pool *pool, int fd)
{
    yoke_process *process = NULL;
    int code = -1;

    assert_ok_pool(pool, yoke_process_start(&process, pool, write_in_process, &fd,
                                            sizeof fd, NULL));
    assert_ok_pool(pool, yoke_process_wait(process, NULL, API_SECONDS));
    assert_ok_pool(pool, yoke_process_wait(process, &code, 0));
    assert_int_equal(code, 0);
    yoke_process_destroy(process);
}

static off_t size_of(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 ? status.st_size : -1;
}

static void check_kept(yoke_start start, int flags)
{
    const int log = make_temp();
    int input[2];
    const int before = dup(STDIN_FILENO);
    const int keep[] = {log, STDIN_FILENO};
    const yoke_pool_options options = {.devices = "cpu:2",
                                       .start = start,
                                       .keep_fds = keep,
                                       .keep_fd_count = 2,
                                       .items_per_process = ITEMS / 2};
    yoke_pool *pool;

    assert_int_equal(pipe(input), 0);
    assert_int_equal(dup2(input[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(write(input[1], "ii", 2), 2);
    assert_int_equal(fcntl(log, F_SETFL, O_APPEND), 0);
    assert_int_equal(fcntl(log, F_SETFD, flags), 0);
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    assert_int_equal(fcntl(log, F_GETFD), flags);
    write_items(pool, log);
    write_items(pool, log);
    check_process(pool, log);
    assert_int_equal(size_of(log), 2 * ITEMS + 1);
    api_close(pool);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    (void)close(before);
    (void)close(input[0]);
    (void)close(input[1]);
    (void)close(log);
}

static void test_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        check_kept(starts[i], 0);
        check_kept(starts[i], FD_CLOEXEC);
    }
}

/* With the pool they go: the reader of a pipe finds its end. */
static void test_kept_until_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        yoke_pool *pool;
        int ends[2];
        char text[ITEMS + 1];

        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        assert_ok_pool(
            NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                               .start = starts[i],
                                                               .keep_fds = &ends[1],
                                                               .keep_fd_count = 1}));
        write_items(pool, ends[1]);
        (void)close(ends[1]);
        assert_int_equal(read(ends[0], text, sizeof text), ITEMS);
        assert_int_equal(read(ends[0], text, sizeof text), -1); /* not the end */
        api_close(pool);
        assert_int_equal(read(ends[0], text, sizeof text), 0);
        (void)close(ends[0]);
    }
}

/* The program's pipes are closed in the pool's processes. */
static void test_others_are_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        yoke_pool *pool;
        int ends[2];
        char byte;

        assert_int_equal(pipe(ends), 0);
        assert_ok_pool(
            NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                               .start = starts[i]}));
        (void)close(ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 0);
        api_close(pool);
        (void)close(ends[0]);
    }
}

static void test_bad_lists(void **state)
{
    const int keep[] = {1, 12345, -1};
    yoke_pool *pool;

    (void)state;
    assert_refused(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.keep_fds = keep,
                                                                .keep_fd_count = 2}),
                   YOKE_EINVAL, "keep_fds[1] is 12345");
    assert_refused(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.keep_fds = keep + 2,
                                                                .keep_fd_count = 1}),
                   YOKE_EINVAL, "keep_fds[0] is -1");
    assert_refused(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.keep_fds = keep}),
                   YOKE_EINVAL, "go together");
    assert_refused(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.keep_fd_count = 1}),
                   YOKE_EINVAL, "go together");
    assert_null(pool);
}

/* ---- many, and numbers far apart ---- */

/* In a child: it has its own limit. */
static int use_many(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:2", .start = *(yoke_start *)arg};
    struct rlimit limit;
    yoke_pool *pool;
    int code;
    int far;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1;
    }
    limit.rlim_cur = limit.rlim_max < 30000 ? limit.rlim_max : 30000;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 2;
    }
    far = (int)limit.rlim_cur - 1;
    for (int fd = 100; fd < far; fd += 2) { /* each a run of its own */
        if (dup2(1, fd) < 0) {
            return 3;
        }
    }
    limit.rlim_cur = 1024; /* what is open stays open */
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 4;
    }
    if (yoke_pool_create(&pool, &options) != YOKE_OK) {
        return 5;
    }
    code = api_try_map(pool);
    return yoke_pool_close(pool) == YOKE_OK ? code : 6;
}

static void test_many(void **state)
{
    yoke_start methods[] = {YOKE_START_FORK, YOKE_START_SPAWN};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(yt_in_child(use_many, &methods[i], 60), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_numbers_in_workers),
        yt_unit_test(test_numbers_beside_a_device),
        yt_unit_test(test_kept),
        yt_unit_test(test_kept_until_the_end),
        yt_unit_test(test_others_are_closed),
        yt_unit_test(test_bad_lists),
        yt_unit_test(test_many),
    };
    int failures;

    make_table();
    failures = yt_run_group(tests);
    (void)unlink(table_path);
    return failures;
}
