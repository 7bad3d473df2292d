/* SPDX-License-Identifier: MIT */
/* What moves when arrays stay lent from launch to launch, on every device that can have
 * memory of its own. Each case runs in a process of its own. */
#include <unistd.h>

#include "device/fake/fake.h"
#include "driver/cl_api.h"
#include "made.h"
#include "protocol/device_kinds.h"
#include "test_opencl_bench.h"

enum { PASSED = 0, FAILED = 1, CANNOT_OPEN = 2 };
enum { N = 40000, CHUNK = 10000, STEPS = 20, BLOCK = YK_RESIDENCY_PAGE };

/* Of two chunks that share a block, both bring their piece of it each time. */
enum { EDGES = N / CHUNK - 1 };

/* ---- kernels in both forms ---- */

static const char source[] =
    "__kernel void spread(__global int *out, __global const int *in, int n)\n"
    "{ int i = get_global_id(0);\n"
    "  out[i] = in[max(i - 1, 0)] * 3 + in[min(i + 1, n - 1)] % 1000; }\n"
    "__kernel void count(__global int *x, int n) { x[get_global_id(0)] += n; }\n"
    "__kernel void look_up(__global int *out, __global const int *t, int n)\n"
    "{ int i = get_global_id(0); out[i] = t[n - 1 - i]; }\n";

static void spread_to(int *out, const int *in, int n, size_t begin, size_t end)
{
    for (int i = (int)begin; i < (int)end; i++) {
        const int low = i > 0 ? i - 1 : 0;
        const int high = i + 1 < n ? i + 1 : n - 1;

        out[i] = (int)((unsigned)in[low] * 3U) + in[high] % 1000;
    }
}

static void spread(const yoke_span *span, void *const args[])
{
    spread_to(args[0], args[1], *(const int *)args[2], span->begin, span->end);
}

static void count(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((int *)args[0])[i] += *(const int *)args[1];
    }
}

static void look_up(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((int *)args[0])[i] =
            ((const int *)args[1])[*(const int *)args[2] - 1 - (int)i];
    }
}

/* ---- launches ---- */

typedef struct loop {
    yk_device *device;
    bench b; /* three arrays of N ints: 0 and 1 to take turns */
    int wanted[2][N];
    uint64_t sent;
    uint64_t received;
} loop;

static loop *loop_create(yk_device *device)
{
    loop *const l = calloc(1, sizeof *l);

    l->device = device;
    bench_lends = true;
    for (int k = 0; k < 3; k++) {
        (void)bench_block(&l->b, N * sizeof(int));
    }
    for (int i = 0; i < N; i++) {
        l->wanted[0][i] = i % 997;
    }
    memcpy(l->b.arrays[0].memory, l->wanted[0], sizeof l->wanted[0]);
    return l;
}

static void loop_destroy(loop *l)
{
    bench_free(&l->b);
    free(l);
}

static void loop_describe(loop *l, const char *name, yoke_native *native)
{
    const uint64_t id = bench_next_id++;

    /* The source has all three; the id says which was built. */
    made_kernel(&l->b.kernel, id, name, native);
    l->b.kernel.source = source;
    l->b.kernel.build_options = "";
    made_launch(&l->b.launch, &l->b.kernel, bench_next_id++, 0, N);
    l->b.value_bytes = 0;
}

static bool loop_run(loop *l)
{
    static const bench_split split = {
        "lent", false, {CHUNK, CHUNK, CHUNK, CHUNK, CHUNK, CHUNK}, 2};
    const yk_device_ops *const ops = l->device->ops;
    const uint64_t sent = l->device->sent;
    const uint64_t received = l->device->received;
    yk_error error = {.status = YOKE_OK};
    yoke_status status = ops->build(l->device, &l->b.kernel, &error);

    if (status == YOKE_OK) {
        status = ops->begin(l->device, &l->b.kernel, &l->b.launch, &error);
    }
    if (status == YOKE_OK) {
        status = bench_run_chunks(l->device, &l->b, &split, &error);
    }
    ops->end(l->device);
    ops->forget(l->device, l->b.kernel.id);
    l->sent = l->device->sent - sent;
    l->received = l->device->received - received;
    if (status != YOKE_OK) {
        (void)fprintf(stderr, "status %d: %s\n", (int)status, error.text);
    }
    return status == YOKE_OK;
}

/* From array `step % 2` to the other. */
static bool spread_once(loop *l, int step)
{
    const size_t from = (size_t)step % 2;
    yk_arg *arg;

    loop_describe(l, "spread", spread);
    (void)bench_arg_in(&l->b, 1 - from, 0, YK_WRITE, YK_PARTS_ITEM, sizeof(int));
    arg = bench_arg_in(&l->b, from, 0, YK_READ, YK_PARTS_ITEM, sizeof(int));
    arg->halo_before = arg->halo_after = 1;
    bench_scalar(&l->b, &(int){N}, sizeof(int));
    spread_to(l->wanted[1 - from], l->wanted[from], N, 0, N);
    return loop_run(l);
}

static bool is_right(const loop *l, size_t array)
{
    return memcmp(l->b.arrays[array].memory, l->wanted[array], sizeof l->wanted[0]) ==
           0;
}

static bool step_once(loop *l, int step)
{
    return spread_once(l, step) && is_right(l, 1 - (size_t)step % 2);
}

static bool moved(const loop *l, const char *what, uint64_t sent, uint64_t received)
{
    if (l->sent != sent || l->received != received) {
        (void)fprintf(stderr,
                      "%s: %ju bytes sent instead of %ju, %ju received, not %ju\n",
                      what, (uintmax_t)l->sent, (uintmax_t)sent, (uintmax_t)l->received,
                      (uintmax_t)received);
        return false;
    }
    return true;
}

/* ---- cases ---- */

/* Halos and blocks at the chunks' edges: two ints and a block at each. */
static bool only_edges_move(yk_device *device)
{
    loop *const l = loop_create(device);
    bool right =
        step_once(l, 0) && moved(l, "first step", N * 4 + EDGES * 2 * 4, N * 4);

    for (int step = 1; step < STEPS && right; step++) {
        right = step_once(l, step) &&
                moved(l, "later step", EDGES * (BLOCK + 2 * 4), N * 4);
    }
    loop_destroy(l);
    return right;
}

/* Another worker changes two numbers, in the middle of a page and in two. */
static bool changes_are_noticed(yk_device *device)
{
    loop *const l = loop_create(device);
    const uint64_t address = (uint64_t)(uintptr_t)l->b.arrays[0].memory;
    bool right = step_once(l, 0) && step_once(l, 1);

    ((int *)(void *)l->b.arrays[0].memory)[2 * BLOCK / 4 + 5] = -7;
    l->wanted[0][2 * BLOCK / 4 + 5] = -7;
    yk_residency_raise(l->b.arrays[0].table, address + 2 * BLOCK + 20,
                       address + 2 * BLOCK + 24);
    right = right && step_once(l, 2) &&
            moved(l, "after a change", BLOCK + EDGES * (BLOCK + 2 * 4), N * 4);
    loop_destroy(l);
    return right;
}

/* What is changed in place goes to the device once. */
static bool in_place_stays(yk_device *device)
{
    loop *const l = loop_create(device);
    bool right = true;

    for (int step = 0; step < 3 && right; step++) {
        loop_describe(l, "count", count);
        (void)bench_arg_in(&l->b, 0, 0, YK_READ | YK_WRITE, YK_PARTS_ITEM, sizeof(int));
        bench_scalar(&l->b, &(int){step + 1}, sizeof(int));
        for (int i = 0; i < N; i++) {
            l->wanted[0][i] += step + 1;
        }
        right = loop_run(l) &&
                memcmp(l->b.arrays[0].memory, l->wanted[0], N * 4) == 0 &&
                moved(l, "in place", step == 0 ? N * 4 : EDGES * BLOCK, N * 4);
    }
    loop_destroy(l);
    return right;
}

/* What every chunk reads is sent with the first job that reads it. */
static bool tables_stay(yk_device *device)
{
    loop *const l = loop_create(device);
    bool right = true;

    for (int step = 0; step < 3 && right; step++) {
        loop_describe(l, "look_up", look_up);
        (void)bench_arg_in(&l->b, 1, 0, YK_WRITE, YK_PARTS_ITEM, sizeof(int));
        (void)bench_arg_in(&l->b, 0, 0, YK_READ, YK_PARTS_WHOLE, N * sizeof(int));
        bench_scalar(&l->b, &(int){N}, sizeof(int));
        right = loop_run(l) && moved(l, "table", step == 0 ? N * 4 : 0, N * 4);
        for (int i = 0; i < N && right; i++) {
            right =
                ((int *)(void *)l->b.arrays[1].memory)[i] == l->wanted[0][N - 1 - i];
        }
    }
    loop_destroy(l);
    return right;
}

/* Results stay: what comes back is what chunks share, until all is fetched. */
static bool results_stay(yk_device *device)
{
    loop *const l = loop_create(device);
    yk_residency *const table = l->b.arrays[0].table;
    yk_error error;
    bool right;

    device->holder = yk_holder_pack(3, 1);
    device->keeps = true;
    right = spread_once(l, 0) &&
            moved(l, "first step", N * 4 + EDGES * 2 * 4, EDGES * BLOCK);
    for (int step = 1; step < STEPS && right; step++) {
        right = spread_once(l, step) &&
                moved(l, "later step", EDGES * (BLOCK + 2 * 4), EDGES * BLOCK);
    }
    right = right && !is_right(l, 0) &&
            yk_residency_holder(table, 0) == device->holder &&
            yk_residency_holder(table, CHUNK * 4 / BLOCK) == 0 &&
            yk_device_write_back(device, table, (yk_pages){0, table->count}, &error) ==
                YOKE_OK &&
            is_right(l, 0) && yk_residency_holder(table, 0) == 0;
    device->keeps = false;
    right = right && step_once(l, 0) &&
            moved(l, "after all", EDGES * (BLOCK + 2 * 4), N * 4);
    loop_destroy(l);
    return right;
}

/* A chunk that is given up leaves nothing behind that counts. */
static bool given_up_chunks_do_not_count(yk_device *device)
{
    loop *const l = loop_create(device);
    const yk_device_ops *const ops = device->ops;
    yk_error error;
    bool right;

    loop_describe(l, "count", count);
    (void)bench_arg_in(&l->b, 0, 0, YK_READ | YK_WRITE, YK_PARTS_ITEM, sizeof(int));
    bench_scalar(&l->b, &(int){1000}, sizeof(int));
    right = ops->build(device, &l->b.kernel, &error) == YOKE_OK &&
            ops->begin(device, &l->b.kernel, &l->b.launch, &error) == YOKE_OK &&
            ops->start(device, 0, 0, CHUNK, &error) == YOKE_OK &&
            ops->start(device, 1, CHUNK, 2 * CHUNK, &error) == YOKE_OK;
    ops->end(device);
    ops->forget(device, l->b.kernel.id);
    right = right && step_once(l, 0);
    loop_destroy(l);
    return right;
}

/* ---- memory that gets short; OpenCL only ---- */

static yk_cl_api real;
static int failures_left;

static CL_API_ENTRY cl_mem CL_API_CALL create(cl_context context, cl_mem_flags flags,
                                              size_t bytes, void *pointer, cl_int *code)
{
    if (failures_left > 0 && bytes == N * sizeof(int)) {
        failures_left--;
        *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
        return NULL;
    }
    return real.clCreateBuffer(context, flags, bytes, pointer, code);
}

/* The array that was used least recently makes room; it is sent anew when it is needed. */
static bool short_memory_evicts(yk_device *device)
{
    loop *const l = loop_create(device);
    bool right = step_once(l, 0);

    real = yk_cl;
    yk_cl.clCreateBuffer = create;
    failures_left = 2;
    loop_describe(l, "count", count);
    (void)bench_arg_in(&l->b, 2, 0, YK_READ | YK_WRITE, YK_PARTS_ITEM, sizeof(int));
    bench_scalar(&l->b, &(int){1}, sizeof(int));
    right = right && loop_run(l) && failures_left == 0;
    right = right && step_once(l, 1) &&
            moved(l, "after eviction", N * 4 + EDGES * 2 * 4, N * 4);
    loop_destroy(l);
    return right;
}

/* What only a buffer has is given back when it makes room. */
static bool eviction_gives_back(yk_device *device)
{
    loop *const l = loop_create(device);
    bool right;

    device->holder = yk_holder_pack(0, 0);
    device->keeps = true;
    right = spread_once(l, 0) && !is_right(l, 1);
    real = yk_cl;
    yk_cl.clCreateBuffer = create;
    failures_left = 2;
    loop_describe(l, "count", count);
    (void)bench_arg_in(&l->b, 2, 0, YK_READ | YK_WRITE, YK_PARTS_ITEM, sizeof(int));
    bench_scalar(&l->b, &(int){1}, sizeof(int));
    right = right && loop_run(l) && failures_left == 0 && is_right(l, 1);
    loop_destroy(l);
    return right;
}

/* ---- the children ---- */

typedef struct job {
    yk_device_config config;
    bool (*check)(yk_device *device);
} job;

static int run_check(void *arg)
{
    const job *const j = arg;
    const yk_device_ops *const ops = yk_device_kind_at(j->config.kind)->ops;
    yk_error error;
    yk_device *device;
    bool right;

    if (ops->open(&device, &j->config, &error) != YOKE_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return CANNOT_OPEN;
    }
    right = j->check(device);
    ops->close(device);
    return right ? PASSED : FAILED;
}

static void check_opencl(bool (*check)(yk_device *device))
{
    static const char *const drivers[] = {
        "/etc/OpenCL/vendors/pocl.icd",
        "/etc/OpenCL/vendors/rusticl.icd",
        "/usr/lib/oclgrind/liboclgrind-rt-icd.so",
    };

    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        job j = {{.kind = YK_DEVICE_OPENCL, .discrete = 1}, check};

        (void)snprintf(j.config.driver, sizeof j.config.driver, "%s", drivers[i]);
        if (access(drivers[i], R_OK) == 0) {
            (void)fprintf(stderr, "%s\n", drivers[i]);
            assert_int_equal(yt_in_child(run_check, &j, 100), PASSED);
        }
    }
}

static void check_everywhere(bool (*check)(yk_device *device))
{
    const yk_fake_options options = {.private_memory = 1, .speed = 1};
    job j = {{.kind = YK_DEVICE_FAKE}, check};

    yk_kind_data_put(&j.config.own, &options, sizeof options);
    assert_int_equal(yt_in_child(run_check, &j, 100), PASSED);
    check_opencl(check);
}

static void in_a_time_loop_only_edges_move(void **state)
{
    (void)state;
    check_everywhere(only_edges_move);
}

static void changes_by_others_are_noticed(void **state)
{
    (void)state;
    check_everywhere(changes_are_noticed);
}

static void arrays_changed_in_place_stay(void **state)
{
    (void)state;
    check_everywhere(in_place_stays);
}

static void arrays_that_all_read_stay(void **state)
{
    (void)state;
    check_everywhere(tables_stay);
}

static void results_that_may_stay_do(void **state)
{
    (void)state;
    check_everywhere(results_stay);
}

static void eviction_loses_nothing(void **state)
{
    (void)state;
    check_opencl(eviction_gives_back);
}

static void chunks_given_up_do_not_count(void **state)
{
    (void)state;
    check_everywhere(given_up_chunks_do_not_count);
}

static void what_is_needed_least_makes_room(void **state)
{
    (void)state;
    check_opencl(short_memory_evicts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(in_a_time_loop_only_edges_move),
        yt_unit_test(changes_by_others_are_noticed),
        yt_unit_test(arrays_changed_in_place_stay),
        yt_unit_test(arrays_that_all_read_stay),
        yt_unit_test(chunks_given_up_do_not_count),
        yt_unit_test(what_is_needed_least_makes_room),
        yt_unit_test(results_that_may_stay_do),
        yt_unit_test(eviction_loses_nothing),
    };

    return yt_run_group(tests);
}
