/* SPDX-License-Identifier: MIT */
/* Shared memory by name: what is refused, what jobs do with it, and what is left of it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 20000, BYTES = N * 4, NOBODY = 65534 };

/* ---- helpers ---- */

/* A name of this process's own. */
static const char *name_of(const char *part)
{
    static char names[4][64];
    static unsigned next;
    char *name = names[next++ % 4];

    (void)snprintf(name, 64, "yoke_test_%d_%s", (int)getpid(), part);
    return name;
}

static const char *path_of(const char *name)
{
    static char path[80];

    (void)snprintf(path, sizeof path, "/%s", name);
    return path;
}

/* A segment without a name, which cannot be left behind. */
static yoke_shm *segment(yoke_pool *pool, size_t bytes)
{
    yoke_shm *shm = NULL;

    assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, bytes, NULL));
    assert_non_null(yoke_shm_pointer(shm));
    assert_int_equal(yoke_shm_bytes(shm), bytes);
    assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
    return shm;
}

/* A segment with a name, made as any program makes one; a mapping of it. */
static uint32_t *foreign(const char *name, size_t bytes)
{
    const int fd = shm_open(path_of(name), O_CREAT | O_EXCL | O_RDWR, 0600);
    void *memory;

    assert_true(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0);
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(memory != MAP_FAILED);
    (void)close(fd);
    return memory;
}

static yoke_status increment(yoke_pool *pool, yoke_kernel *kernel, void *numbers)
{
    return yoke_map(pool, kernel, yoke_range_1d(N), yoke_inout(numbers, 4));
}

/* ---- calls ---- */

static void test_bad_names(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_shm *shm = (yoke_shm *)1;
    char name[260];

    (void)state;
    memset(name, 'n', sizeof name);
    name[251] = '\0';
    assert_refused(pool, yoke_shm_create(&shm, pool, name, 10, NULL), YOKE_EINVAL,
                   "250");
    assert_null(shm);
    assert_refused(pool, yoke_shm_open(&shm, pool, name, NULL), YOKE_EINVAL, "250");
    assert_refused(NULL, yoke_shm_unlink(name), YOKE_EINVAL, "250");
    assert_refused(pool,
                   yoke_shm_create(&shm, pool, NULL, 10,
                                   &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}),
                   YOKE_EINVAL, "for reading and writing");
    assert_refused(pool, yoke_shm_create(&shm, pool, "", 10, NULL), YOKE_EINVAL,
                   "empty");
    assert_refused(pool, yoke_shm_create(&shm, pool, "..", 10, NULL), YOKE_EINVAL,
                   "'..'");
    assert_refused(pool, yoke_shm_create(&shm, pool, "/x", 10, NULL), YOKE_EINVAL,
                   "slash");
    assert_refused(pool, yoke_shm_create(&shm, pool, "a/b", 10, NULL), YOKE_EINVAL,
                   "slash");
    assert_refused(pool, yoke_shm_open(&shm, pool, NULL, NULL), YOKE_EINVAL, "NULL");
    assert_refused(NULL, yoke_shm_unlink(NULL), YOKE_EINVAL, "NULL");
    name[250] = '\0';
    (void)memcpy(name, name_of("long"), strlen(name_of("long")));
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, name, 10, NULL));
    assert_string_equal(yoke_shm_name(shm), name);
    assert_ok_pool(pool, yoke_shm_unlink(name));
    api_close(pool);
}

static void test_wrong_calls(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    const char *name = name_of("wrong");
    yoke_shm *shm = NULL;
    yoke_shm *other = NULL;

    (void)state;
    assert_status(yoke_shm_create(&shm, NULL, name, 10, NULL), YOKE_EINVAL);
    assert_refused(pool, yoke_shm_create(NULL, pool, name, 10, NULL), YOKE_EINVAL,
                   "NULL");
    assert_refused(pool, yoke_shm_create(&shm, pool, name, 0, NULL), YOKE_EINVAL,
                   "1 byte");
    assert_refused(pool, yoke_shm_open(&shm, pool, name, NULL), YOKE_ENOENT,
                   "it does not exist");
    assert_refused(NULL, yoke_shm_unlink(name), YOKE_ENOENT, "it does not exist");
    assert_status_pool(NULL, yoke_shm_unlink(name), YOKE_ENOENT);
    assert_contains(yoke_pool_error(NULL), name);
    assert_refused(pool,
                   yoke_shm_open(&shm, pool, name,
                                 &(yoke_shm_options){.access = (yoke_shm_access)7}),
                   YOKE_EINVAL, "access 7");
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, name, 10, NULL));
    assert_refused(pool, yoke_shm_create(&other, pool, name, 10, NULL), YOKE_EEXIST,
                   "already");
    assert_null(other);
    assert_refused(pool, yoke_free(yoke_shm_pointer(shm)), YOKE_EINVAL,
                   "yoke_shm_close");
    assert_ok(yoke_shm_unlink(name));
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_status(yoke_shm_close(shm), YOKE_EINVAL);
    assert_contains(yoke_pool_error(NULL), "closed");
    assert_ok(yoke_shm_close(NULL));
    assert_null(yoke_shm_pointer(NULL));
    assert_null(yoke_shm_pointer(shm));
    assert_int_equal(yoke_shm_bytes(shm), 0);
    assert_string_equal(yoke_shm_name(NULL), "");
    other = segment(pool, 10);
    api_close(pool); /* closes what is open */
    assert_status(yoke_shm_close(other), YOKE_EINVAL);
    assert_null(yoke_shm_pointer(other));
    assert_status(yoke_shm_create(&shm, pool, name, 10, NULL), YOKE_ECLOSED);
}

/* More than there is: an error at once, and nothing stays behind. */
static void test_too_large(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_pool *narrow = NULL;
    const char *name = name_of("large");
    yoke_shm *shm = NULL;

    (void)state;
    assert_refused(pool, yoke_shm_create(&shm, pool, name, (size_t)1 << 45, NULL),
                   YOKE_ENOMEM, "bytes");
    assert_status(yoke_shm_unlink(name), YOKE_ENOENT);
    api_close(pool);
    assert_ok_pool(
        NULL, yoke_pool_create(&narrow,
                               &(yoke_pool_options){.devices = "cpu:1",
                                                    .arena_bytes = (size_t)1 << 20}));
    assert_refused(narrow, yoke_shm_create(&shm, narrow, name, (size_t)2 << 20, NULL),
                   YOKE_ENOMEM, "window");
    assert_status(yoke_shm_unlink(name), YOKE_ENOENT);
    api_close(narrow);
}

/* Between its creator's two calls a segment has no size. */
static void test_half_made(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    const char *name = name_of("half");
    const int fd = shm_open(path_of(name), O_CREAT | O_EXCL | O_RDWR, 0600);
    yoke_shm *shm = NULL;

    (void)state;
    assert_true(fd >= 0);
    assert_refused(pool, yoke_shm_open(&shm, pool, name, NULL), YOKE_EAGAIN, "0 bytes");
    assert_int_equal(ftruncate(fd, 100), 0);
    assert_ok_pool(pool, yoke_shm_open(&shm, pool, name, NULL));
    assert_int_equal(yoke_shm_bytes(shm), 100);
    assert_ok(yoke_shm_unlink(name));
    (void)close(fd);
    api_close(pool);
}

static int use_of_parent(void *context)
{
    yoke_shm *shm = context;

    return yoke_shm_close(shm) == YOKE_EINVAL ? 0 : 1;
}

static void test_forked_child(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_shm *shm = segment(pool, 100);

    (void)state;
    assert_int_equal(yt_in_child(use_of_parent, shm, 30), 0);
    assert_ok_pool(pool, yoke_shm_close(shm));
    api_close(pool);
}

/* ---- use ---- */

static void test_in_place(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    const char *name = name_of("place");
    uint32_t *numbers = foreign(name, BYTES);
    yoke_shm *shm = NULL;

    (void)state;
    numbers[N - 1] = 0;
    assert_ok_pool(pool, yoke_shm_open(&shm, pool, name, NULL));
    assert_ok_pool(pool, increment(pool, kernel, yoke_shm_pointer(shm)));
    assert_true(api_all(numbers, N, 1));
    assert_ok(yoke_shm_unlink(name));
    assert_ok_pool(pool, increment(pool, kernel, yoke_shm_pointer(shm)));
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_true(api_all(numbers, N, 2)); /* ours is still there */
    (void)munmap(numbers, BYTES);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* A worker of any kind, one that helps, and many sizes; no byte behind the end is offered. */
static void test_sizes(void **state)
{
    static const size_t counts[] = {1, 1000, 1024, 1025, 600000};
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const size_t count = counts[i];
        yoke_shm *shm = segment(pool, count * 4 + 3);
        uint32_t *numbers = yoke_shm_pointer(shm);
        const yoke_map_options helped = {.caller_helps = true};

        assert_int_equal((uintptr_t)numbers % 4096, 0);
        assert_refused(
            pool,
            yoke_map(pool, kernel, yoke_range_1d(count + 1), yoke_out(numbers, 4)),
            YOKE_EINVAL, "its allocation of");
        assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(count), &helped,
                                           YOKE_ARGS(yoke_out(numbers, 4))));
        assert_int_equal(numbers[count - 1], count - 1);
        assert_int_equal(((unsigned char *)numbers)[count * 4], 0);
        assert_ok_pool(pool, yoke_shm_close(shm));
    }
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void test_read_only(void **state)
{
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    yoke_kernel *kernel = api_kernel(pool, "successor", api_successor);
    const char *name = name_of("reading");
    uint32_t *numbers = foreign(name, BYTES);
    uint32_t *out = api_numbers(pool, N);
    yoke_shm *shm = NULL;
    yoke_shm *other = NULL;

    (void)state;
    memset(numbers, 0, BYTES);
    assert_ok_pool(pool,
                   yoke_shm_open(&shm, pool, name,
                                 &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}));
    assert_refused(pool, yoke_shm_open(&other, pool, name, NULL), YOKE_EBUSY,
                   "for reading only");
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(out, 4),
                                  yoke_in(yoke_shm_pointer(shm), 4)));
    assert_true(api_all(out, N, 1));
    assert_refused(pool,
                   yoke_map(pool, kernel, yoke_range_1d(N),
                            yoke_out(yoke_shm_pointer(shm), 4), yoke_in(out, 4)),
                   YOKE_EINVAL, "opened read-only");
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_ok_pool(pool, yoke_shm_open(&other, pool, name, NULL));
    assert_refused(pool,
                   yoke_shm_open(&shm, pool, name,
                                 &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}),
                   YOKE_EBUSY, "for reading and writing");
    assert_ok(yoke_shm_unlink(name));
    (void)munmap(numbers, BYTES);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* One memory however often it is opened; it goes with the last handle. */
static void test_several_handles(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    const char *name = name_of("several");
    yoke_shm *first = NULL;
    yoke_shm *second = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&first, pool, name, BYTES, NULL));
    assert_ok_pool(pool, yoke_shm_open(&second, pool, name, NULL));
    assert_ok(yoke_shm_unlink(name));
    assert_ptr_equal(yoke_shm_pointer(first), yoke_shm_pointer(second));
    assert_ok_pool(pool, yoke_shm_close(first));
    assert_ok_pool(pool, increment(pool, kernel, yoke_shm_pointer(second)));
    assert_true(api_all(yoke_shm_pointer(second), N, 1));
    assert_ok_pool(pool, yoke_shm_close(second));
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void test_two_pools(void **state)
{
    yoke_pool *pools[] = {api_open("cpu:2"), api_open("cpu:1,fake:1x1/private")};
    const char *name = name_of("pools");
    yoke_kernel *kernels[2];
    yoke_shm *shms[2] = {NULL, NULL};

    (void)state;
    assert_ok_pool(pools[0], yoke_shm_create(&shms[0], pools[0], name, BYTES, NULL));
    assert_ok_pool(pools[1], yoke_shm_open(&shms[1], pools[1], name, NULL));
    assert_ok(yoke_shm_unlink(name));
    for (uint32_t i = 0; i < 6; i++) {
        const unsigned p = i % 2;

        kernels[p] = api_kernel(pools[p], "increment", api_increment);
        assert_ok_pool(pools[p],
                       increment(pools[p], kernels[p], yoke_shm_pointer(shms[p])));
        yoke_kernel_destroy(kernels[p]);
        assert_true(api_all(yoke_shm_pointer(shms[1 - p]), N, i + 1));
    }
    api_close(pools[0]);
    assert_true(api_all(yoke_shm_pointer(shms[1]), N, 6));
    api_close(pools[1]);
}

static void test_busy(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "hold", api_hold);
    api_gate *gate = api_gate_create(pool);
    yoke_shm *shm = segment(pool, BYTES);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    api_gate_await(gate, 1);
    assert_refused(pool, yoke_shm_close(shm), YOKE_EBUSY, "1 job");
    assert_int_equal(yoke_shm_bytes(shm), BYTES);
    api_gate_open(gate);
    assert_ok_pool(pool, yoke_future_wait(future, YOKE_FOREVER));
    assert_true(api_all(yoke_shm_pointer(shm), N, 1));
    assert_ok_pool(pool, yoke_shm_close(shm));
    yoke_future_destroy(future);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* Jobs over one segment run in order of submission, wherever in it they work. */
static void test_order(void **state)
{
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    yoke_shm *shm = segment(pool, BYTES);
    yoke_future *futures[50];

    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_ok_pool(pool,
                       yoke_map_async(&futures[i], pool, kernel, yoke_range_1d(N), NULL,
                                      YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4))));
    }
    for (int i = 0; i < 50; i++) {
        assert_ok_pool(pool, yoke_future_wait(futures[i], YOKE_FOREVER));
        yoke_future_destroy(futures[i]);
    }
    assert_true(api_all(yoke_shm_pointer(shm), N, 50));
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void keep_an_increment(yoke_pool *pool, yoke_kernel *kernel, yoke_shm *shm)
{
    static const yoke_map_options keep = {.recovery = YOKE_RECOVER_NONE};

    assert_ok_pool(pool, yoke_lend(yoke_shm_pointer(shm)));
    assert_ok_pool(pool,
                   yoke_map_with(pool, kernel, yoke_range_1d(N), &keep,
                                 YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4))));
}

/* Lent, also with results that stay on the device; given back by reclaim and by close. */
static void test_lent(void **state)
{
    static const yoke_map_options keep = {.recovery = YOKE_RECOVER_NONE};
    yoke_pool *pool = api_open("fake:2x1/private");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    const char *name = name_of("lent");
    uint32_t *numbers = foreign(name, BYTES);
    yoke_shm *shm = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_shm_open(&shm, pool, name, NULL));
    assert_ok(yoke_shm_unlink(name));
    for (uint32_t round = 0; round < 2; round++) {
        assert_ok_pool(pool, yoke_lend(yoke_shm_pointer(shm)));
        for (int i = 0; i < 5; i++) {
            assert_ok_pool(
                pool, yoke_map_with(pool, kernel, yoke_range_1d(N), &keep,
                                    YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4))));
        }
        if (round == 0) {
            assert_ok_pool(pool, yoke_reclaim(yoke_shm_pointer(shm)));
            assert_true(api_all(numbers, N, 5));
        }
    }
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_true(api_all(numbers, N, 10));
    (void)munmap(numbers, BYTES);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* The end of the pool closes what is open: results that stayed on devices are in the segment. */
static void test_lent_at_the_end(void **state)
{
    yoke_pool *pool = api_open("fake:1x1/private");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    const char *name = name_of("end");
    uint32_t *numbers = foreign(name, BYTES);
    yoke_shm *shm = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_shm_open(&shm, pool, name, NULL));
    assert_ok(yoke_shm_unlink(name));
    keep_an_increment(pool, kernel, shm);
    assert_false(api_all(numbers, N, 1));
    api_close(pool);
    assert_true(api_all(numbers, N, 1));
    (void)munmap(numbers, BYTES);
}

static void kill_first_worker(yoke_pool *pool)
{
    yoke_worker_info info;

    assert_ok_pool(pool, yoke_pool_workers(pool, &info, 1, NULL));
    assert_int_equal(kill(info.pid, SIGKILL), 0);
}

/* Results that were lost with a worker are reported when the segment is closed, or at the end
 * of the pool. */
static void test_lent_and_lost(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        yoke_pool *pool = api_open("fake:1x1/private");
        yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
        yoke_shm *shm = NULL;
        const char *name = name_of("lost");

        assert_ok_pool(pool, yoke_shm_create(&shm, pool, name, BYTES, NULL));
        assert_ok(yoke_shm_unlink(name));
        keep_an_increment(pool, kernel, shm);
        kill_first_worker(pool);
        if (round == 0) {
            assert_refused(pool, yoke_shm_close(shm), YOKE_ELOST, "were lost");
            assert_null(yoke_shm_pointer(shm));
            api_close(pool);
        } else {
            assert_status(yoke_pool_close(pool), YOKE_ELOST);
            assert_contains(yoke_pool_error(NULL), "were lost");
        }
    }
}

/* ---- what is left ---- */

/* What is allocated after a close is its own memory in every process, at an address where no
 * segment has been; and the segment is not touched any more. */
static void test_memory_after_close(void **state)
{
    yoke_pool *pool = api_open("cpu:2,fake:1x1/private");
    yoke_kernel *fill = api_kernel(pool, "fill", api_fill);
    const char *name = name_of("again");
    uint32_t *numbers = foreign(name, BYTES);
    uint32_t *last = NULL;

    (void)state;
    for (uint32_t i = 1; i <= 20; i++) {
        yoke_shm *shm = NULL;
        uint32_t *own;

        assert_ok_pool(pool, yoke_shm_open(&shm, pool, name, NULL));
        own = yoke_shm_pointer(shm);
        assert_ptr_not_equal(own, last);
        last = own;
        assert_ok_pool(pool, yoke_map(pool, fill, yoke_range_1d(N), yoke_out(own, 4),
                                      yoke_scalar(i)));
        assert_ok_pool(pool, yoke_shm_close(shm));
        own = api_numbers(pool, N);
        assert_ptr_not_equal(own, last);
        assert_true(api_all(own, N, 0));
        assert_ok_pool(pool, yoke_map(pool, fill, yoke_range_1d(N), yoke_out(own, 4),
                                      yoke_scalar(i + 1000)));
        assert_true(api_all(own, N, i + 1000));
        assert_true(api_all(numbers, N, i));
        assert_ok_pool(pool, yoke_free(own));
    }
    assert_ok(yoke_shm_unlink(name));
    (void)munmap(numbers, BYTES);
    yoke_kernel_destroy(fill);
    api_close(pool);
}

/* Lines of /proc/PID/maps, and of those the ones of segments. */
static int count_maps(int pid, int *segments)
{
    char path[64];
    char line[512];
    int count = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/maps", pid);
    file = fopen(path, "re");
    *segments = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        count++;
        *segments += strstr(line, "/dev/shm/") != NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1000; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static int parent_of(int pid)
{
    char path[64];
    int parent = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "re");
    if (file != NULL) {
        (void)!fscanf(file, "%*d (%*[^)]) %*c %d", &parent);
        (void)fclose(file);
    }
    return parent;
}

/* The application, the supervisor, the workers. */
typedef struct processes {
    int pids[16];
    int count;
} processes;

static processes processes_of(yoke_pool *pool)
{
    yoke_worker_info workers[14];
    processes all = {.count = 0};
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_workers(pool, workers, 14, &count));
    assert_true(count >= 1 && count <= 14);
    all.pids[all.count++] = getpid();
    all.pids[all.count++] = parent_of((int)workers[0].pid);
    for (size_t i = 0; i < count; i++) {
        all.pids[all.count++] = (int)workers[i].pid;
    }
    return all;
}

static bool have_no_segments(void *context)
{
    const processes *all = context;
    int segments;

    for (int i = 0; i < all->count; i++) {
        if (count_maps(all->pids[i], &segments) == 0 || segments != 0) {
            return false;
        }
    }
    return true;
}

static void test_a_thousand_times(void **state)
{
    yoke_pool *pool = api_open("cpu:2,fake:1x1/private");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    processes all = processes_of(pool);
    int before[16];
    int segments;
    int descriptors = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        yoke_shm *shm = segment(pool, BYTES);

        assert_ok_pool(pool, increment(pool, kernel, yoke_shm_pointer(shm)));
        assert_int_equal(((uint32_t *)yoke_shm_pointer(shm))[N - 1], 1);
        assert_ok_pool(pool, yoke_shm_close(shm));
        if (i == 10) {
            assert_true(yt_wait_until(have_no_segments, &all, 30));
            descriptors = count_descriptors();
            for (int p = 0; p < all.count; p++) {
                before[p] = count_maps(all.pids[p], &segments);
            }
        }
    }
    assert_true(yt_wait_until(have_no_segments, &all, 30));
    assert_int_equal(count_descriptors(), descriptors);
    for (int p = 0; p < all.count; p++) {
        const int now = count_maps(all.pids[p], &segments);

        if (now > before[p] + 20) { /* allocators take some */
            fail_msg("process %d of %d has %d mappings, not %d", p, all.count, now,
                     before[p]);
        }
    }
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* Many at once, closed in another order; then a job with several of them. */
static void test_many_at_once(void **state)
{
    enum { MANY = 200 };
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *number = api_kernel(pool, "number", api_number);
    yoke_kernel *successor = api_kernel(pool, "successor", api_successor);
    processes all = processes_of(pool);
    yoke_shm *shms[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        shms[i] = segment(pool, 4096);
        assert_ok_pool(pool, yoke_map(pool, number, yoke_range_1d(1024),
                                      yoke_out(yoke_shm_pointer(shms[i]), 4)));
    }
    for (int i = 0; i + 1 < MANY; i += 2) {
        assert_ok_pool(pool, yoke_map(pool, successor, yoke_range_1d(1024),
                                      yoke_out(yoke_shm_pointer(shms[i]), 4),
                                      yoke_in(yoke_shm_pointer(shms[i + 1]), 4)));
        assert_int_equal(((uint32_t *)yoke_shm_pointer(shms[i]))[1023], 1024);
    }
    for (int i = 0; i < MANY; i++) {
        assert_ok_pool(pool, yoke_shm_close(shms[(i * 7 + 3) % MANY]));
    }
    assert_true(yt_wait_until(have_no_segments, &all, 30));
    yoke_kernel_destroy(number);
    yoke_kernel_destroy(successor);
    api_close(pool);
}

/* Whichever process dies, the name stays. */
static int die_with_segment(void *context)
{
    yoke_pool *pool = api_try_open("cpu:1");
    yoke_shm *shm = NULL;

    if (pool == NULL || yoke_shm_create(&shm, pool, context, 100, NULL) != YOKE_OK) {
        return 1;
    }
    strcpy(yoke_shm_pointer(shm), "here");
    (void)raise(SIGKILL);
    return 2;
}

static int attach_and_end(void *context)
{
    yoke_pool *pool = api_try_open("cpu:1");
    yoke_shm *shm = NULL;

    return pool != NULL &&
                   yoke_shm_open(&shm, pool, context,
                                 &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}) ==
                       YOKE_OK &&
                   yoke_pool_close(pool) == YOKE_OK
               ? 0
               : 1;
}

static void test_name_stays(void **state)
{
    char name[64];
    yoke_pool *pool;
    yoke_shm *shm = NULL;

    (void)state;
    (void)snprintf(name, sizeof name, "%s", name_of("stays"));
    assert_int_equal(yt_in_child(die_with_segment, name, 60), -SIGKILL);
    assert_int_equal(yt_in_child(attach_and_end, name, 60), 0);
    pool = api_open("cpu:1");
    assert_ok_pool(pool, yoke_shm_open(&shm, pool, name, NULL));
    assert_ok(yoke_shm_unlink(name));
    assert_string_equal(yoke_shm_pointer(shm), "here");
    assert_ok(yoke_pool_terminate(pool));
}

/* ---- what others do ---- */

/* The segment is truncated while it is open: a crash with a reason. */
static void test_cut_short(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    yoke_kernel *number = api_kernel(pool, "number", api_number);
    const char *name = name_of("cut");
    yoke_shm *shm = NULL;
    yoke_status status;
    int fd;

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, name, BYTES, NULL));
    fd = shm_open(path_of(name), O_RDWR, 0);
    assert_true(fd >= 0);
    assert_ok(yoke_shm_unlink(name));
    assert_int_equal(ftruncate(fd, 4096), 0);
    status =
        yoke_map(pool, number, yoke_range_1d(N), yoke_out(yoke_shm_pointer(shm), 4));
    assert_int_equal(status, YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), "Bus error");
    assert_contains(yoke_pool_error(pool), "from 80000 bytes to 4096");
    status = increment(pool, kernel, yoke_shm_pointer(shm));
    assert_true(status == YOKE_ECRASHED || status == YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(pool), "from 80000 bytes to 4096");
    assert_int_equal(ftruncate(fd, BYTES), 0);
    assert_ok_pool(pool, increment(pool, kernel, yoke_shm_pointer(shm)));
    (void)close(fd);
    yoke_kernel_destroy(kernel);
    yoke_kernel_destroy(number);
    api_close(pool);
}

/* The descriptor of an open segment, by which the pool's processes get it. */
static int descriptor_of(const char *name)
{
    char wanted[80];
    char path[64];
    char target[200];

    (void)snprintf(wanted, sizeof wanted, "/dev/shm/%s", name);
    for (int fd = 3; fd < 1000; fd++) {
        ssize_t length;

        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        length = readlink(path, target, sizeof target - 1);
        if (length > 0 && (size_t)length >= strlen(wanted) &&
            memcmp(target, wanted, strlen(wanted)) == 0) {
            return fd;
        }
    }
    return -1;
}

/* A program that closes descriptors that are not its own: the name serves as well; without
 * it jobs fail and say why, and the pool goes on. */
static void test_descriptor_is_closed(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "increment", api_increment);
    const char *name = name_of("closed");
    yoke_shm *shm = NULL;
    int fd;
    int copy;

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, name, BYTES, NULL));
    fd = descriptor_of(name);
    assert_true(fd >= 0);
    copy = dup(fd);
    (void)close(fd);
    assert_ok_pool(pool,
                   yoke_map_with(pool, kernel, yoke_range_1d(N),
                                 &(yoke_map_options){.grain = N},
                                 YOKE_ARGS(yoke_inout(yoke_shm_pointer(shm), 4))));
    assert_ok(yoke_shm_unlink(name));
    assert_int_equal(dup2(copy, fd), fd);
    (void)close(copy);
    assert_ok_pool(pool, increment(pool, kernel, yoke_shm_pointer(shm)));
    assert_true(api_all(yoke_shm_pointer(shm), N, 2));
    assert_ok_pool(pool, yoke_shm_close(shm));

    shm = segment(pool, BYTES);
    fd = descriptor_of("yoke_");
    assert_true(fd >= 0);
    copy = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_int_equal(dup2(copy, fd), fd); /* another file by now */
    assert_refused(pool, increment(pool, kernel, yoke_shm_pointer(shm)), YOKE_ENODEVICE,
                   "cannot attach the shared memory");
    (void)close(copy);
    assert_ok_pool(pool, yoke_shm_close(shm));
    api_check_works(pool);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* Root's, with this process's number in its name, whatever process asks. */
static char roots_name[64];

/* A user without rights; with and without the right to look at processes of its own. */
static int as_nobody(void *context)
{
    const int dumpable = *(const int *)context;
    yoke_pool *pool;
    yoke_kernel *kernel = NULL;
    yoke_shm *shm = NULL;
    yoke_status status;

    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ||
        prctl(PR_SET_DUMPABLE, dumpable) != 0) {
        return 1;
    }
    pool = api_try_open("cpu:2");
    if (pool == NULL ||
        yoke_kernel_create(&kernel, pool,
                           &(yoke_kernel_options){.native = api_increment}) !=
            YOKE_OK ||
        yoke_shm_create(&shm, pool, NULL, BYTES, NULL) != YOKE_OK) {
        return 2;
    }
    if (dumpable) {
        (void)yoke_shm_unlink(yoke_shm_name(shm));
    }
    status = increment(pool, kernel, yoke_shm_pointer(shm));
    if (!dumpable) {
        (void)yoke_shm_unlink(yoke_shm_name(shm));
    }
    if (status != YOKE_OK || !api_all(yoke_shm_pointer(shm), N, 1)) {
        print_error("%s\n", yoke_pool_error(pool));
        return 3;
    }
    yoke_kernel_destroy(kernel);
    if (yoke_shm_open(&shm, pool, roots_name, NULL) != YOKE_ESYSTEM) {
        return 4;
    }
    return yoke_pool_close(pool) == YOKE_OK ? 0 : 5;
}

static void test_other_user(void **state)
{
    uint32_t *numbers;
    int dumpable;

    (void)state;
    if (getuid() != 0) {
        skip();
    }
    (void)snprintf(roots_name, sizeof roots_name, "%s", name_of("root"));
    numbers = foreign(roots_name, 100);
    dumpable = 1;
    assert_int_equal(yt_in_child(as_nobody, &dumpable, 60), 0);
    dumpable = 0;
    assert_int_equal(yt_in_child(as_nobody, &dumpable, 60), 0);
    (void)munmap(numbers, 100);
    assert_int_equal(shm_unlink(path_of(roots_name)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_bad_names),
        yt_unit_test(test_wrong_calls),
        yt_unit_test(test_too_large),
        yt_unit_test(test_half_made),
        yt_unit_test(test_forked_child),
        yt_unit_test(test_in_place),
        yt_unit_test(test_sizes),
        yt_unit_test(test_read_only),
        yt_unit_test(test_several_handles),
        yt_unit_test(test_two_pools),
        yt_unit_test(test_busy),
        yt_unit_test(test_order),
        yt_unit_test(test_lent),
        yt_unit_test(test_lent_at_the_end),
        yt_unit_test(test_lent_and_lost),
        yt_unit_test(test_memory_after_close),
        yt_unit_test(test_a_thousand_times),
        yt_unit_test(test_many_at_once),
        yt_unit_test(test_name_stays),
        yt_unit_test(test_cut_short),
        yt_unit_test(test_descriptor_is_closed),
        yt_unit_test(test_other_user),
    };

    return yt_run_group(tests);
}
