/* SPDX-License-Identifier: MIT */
/* Chunks in flight at once on a device with forced transfers: how many bytes move, what
 * is left of those that are given up, and that no event stays behind. Each case runs in
 * a process of its own, on every implementation that is installed. */
#include <unistd.h>

#include "driver/cl_api.h"
#include "test_opencl_cases.h"

enum { PASSED = 0, FAILED = 1, CANNOT_OPEN = 2 };

static const char *const drivers[] = {
    "/etc/OpenCL/vendors/pocl.icd",
    "/etc/OpenCL/vendors/rusticl.icd",
    "/usr/lib/oclgrind/liboclgrind-rt-icd.so",
};

static const bench_split two_lanes = {"two lanes", false, {64, 64, 64, 64, 64, 64}, 2};
static const bench_split whole = {"whole", true, {0}, 1};

/* ---- events ---- */

static int events_made;
static int events_released;
static int launches_left; /* until one fails; 0: none does */
static yk_cl_api real;

static CL_API_ENTRY cl_int CL_API_CALL launch(cl_command_queue queue, cl_kernel kernel,
                                              cl_uint dimensions, const size_t *offset,
                                              const size_t *global, const size_t *local,
                                              cl_uint waits, const cl_event *list,
                                              cl_event *event)
{
    if (launches_left > 0 && --launches_left == 0) {
        return CL_OUT_OF_RESOURCES;
    }
    events_made += event != NULL;
    return real.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local,
                                       waits, list, event);
}

static CL_API_ENTRY cl_int CL_API_CALL mark(cl_command_queue queue, cl_uint waits,
                                            const cl_event *list, cl_event *event)
{
    events_made += event != NULL;
    return real.clEnqueueMarkerWithWaitList(queue, waits, list, event);
}

static CL_API_ENTRY cl_int CL_API_CALL release(cl_event event)
{
    events_released++;
    return real.clReleaseEvent(event);
}

static void watch_events(void)
{
    real = yk_cl;
    yk_cl.clEnqueueNDRangeKernel = launch;
    yk_cl.clEnqueueMarkerWithWaitList = mark;
    yk_cl.clReleaseEvent = release;
}

/* ---- cases, in a child ---- */

static const opencl_case *find_case(const char *name)
{
    const opencl_case *c = opencl_cases;

    while (strcmp(c->name, name) != 0) {
        c++;
    }
    return c;
}

/* What moves when a case runs once: 300 items of 4 bytes and so on, in chunks of 64. */
static const struct bytes {
    const char *name;
    const bench_split *split;
    uint64_t sent;
    uint64_t received;
} bytes_table[] = {
    {"saxpy", &two_lanes, 2 * 4000, 4000},
    {"in_place", &two_lanes, 515 * 4, 515 * 4},
    {"stencil", &two_lanes, 515 * 4 + 8 * 2 * 2 * 4, 515 * 4}, /* 8 inner edges */
    {"ring", &two_lanes, 403 * 4 + 7 * 2 * 3 * 4, 403 * 4},    /* 7 edges */
    {"table", &two_lanes, 256, 1200},                          /* once */
    {"update", &two_lanes, 2400 + 2400, 2400}, /* all of it, then own parts again */
    {"histogram", &whole, 64 + 2000, 64},
    {"scatter", &whole, 1600, 1600}, /* what is not written must survive */
    {"shifted", &two_lanes, 0, 1200},
};

static bool moves_as_expected(yk_device *device, const struct bytes *expected)
{
    const uint64_t sent = device->sent;
    const uint64_t received = device->received;
    bench *const b = malloc(sizeof *b);
    bool right;

    bench_init(b, find_case(expected->name));
    right = bench_run(device, b, expected->split);
    if (device->sent - sent != expected->sent ||
        device->received - received != expected->received) {
        (void)fprintf(stderr, "%s: %ju bytes sent, %ju received\n", expected->name,
                      (uintmax_t)(device->sent - sent),
                      (uintmax_t)(device->received - received));
        right = false;
    }
    device->ops->forget(device, b->kernel.id);
    bench_free(b);
    free(b);
    return right;
}

static bool counts_what_moves(yk_device *device)
{
    bool right = true;

    for (size_t i = 0; i < sizeof bytes_table / sizeof bytes_table[0]; i++) {
        right = moves_as_expected(device, &bytes_table[i]) && right;
    }
    return right;
}

static bool releases_its_events(yk_device *device)
{
    watch_events();
    return run_case(device, find_case("saxpy")) &&
           run_case(device, find_case("update")) && events_made > 10 &&
           events_made == events_released;
}

static bool begin(yk_device *device, bench *b, yk_error *error)
{
    bench_init(b, find_case("saxpy"));
    b->launch.id = bench_next_id++;
    bench_reset(b);
    return device->ops->begin(device, &b->kernel, &b->launch, error) == YOKE_OK;
}

/* Compares the output with what it was before. */
static bool is_untouched(const bench *b)
{
    return memcmp(b->arrays[0].memory, b->arrays[0].first, b->arrays[0].room) == 0;
}

static bool gives_up_what_is_in_flight(yk_device *device)
{
    yk_error *const error = calloc(1, sizeof *error);
    bench *const b = malloc(sizeof *b);
    bool right = begin(device, b, error) &&
                 device->ops->start(device, 0, 0, 500, error) == YOKE_OK &&
                 device->ops->start(device, 1, 500, 1000, error) == YOKE_OK;

    device->ops->end(device);
    right = right && is_untouched(b) && bench_run(device, b, &two_lanes);
    device->ops->forget(device, b->kernel.id);
    bench_free(b);
    free(b);
    free(error);
    return right;
}

/* One lane cannot start: the other's chunk is given up, and all is at rest. */
static bool survives_a_failing_lane(yk_device *device)
{
    yk_error *const error = calloc(1, sizeof *error);
    bench *const b = malloc(sizeof *b);
    bool right;

    watch_events();
    right = begin(device, b, error) &&
            device->ops->start(device, 0, 0, 500, error) == YOKE_OK;
    launches_left = 1;
    right = right && device->ops->start(device, 1, 500, 1000, error) == YOKE_EDEVICE &&
            strstr(error->text, "CL_OUT_OF_RESOURCES") != NULL;
    device->ops->end(device);
    right = right && is_untouched(b) && bench_run(device, b, &two_lanes);
    device->ops->forget(device, b->kernel.id);
    bench_free(b);
    free(b);
    free(error);
    return right && events_made > 0 && events_made == events_released;
}

/* Too much for staging memory: some arrays go by it, others beside it. */
static bool moves_much_at_once(yk_device *device)
{
    static const opencl_case much = {"saxpy", saxpy_source, D1(12 << 20),
                                     .prepare = prepare_saxpy};
    static const bench_split halves = {
        "halves", false, {6 << 20, 6 << 20, 6 << 20, 6 << 20, 6 << 20, 6 << 20}, 2};
    bench *const b = malloc(sizeof *b);
    bool right;

    bench_init(b, &much);
    right = bench_run(device, b, &whole) && bench_run(device, b, &halves);
    bench_free(b);
    free(b);
    return right;
}

/* ---- the children ---- */

typedef struct job {
    const char *driver;
    bool (*check)(yk_device *device);
} job;

static int run_check(void *arg)
{
    const job *const j = arg;
    yk_device_config config = {.kind = YK_DEVICE_OPENCL, .discrete = 1};
    yk_device_info info;
    yk_error error;
    yk_device *device;
    bool right;

    (void)snprintf(config.driver, sizeof config.driver, "%s", j->driver);
    if (yk_opencl_ops.open(&device, &config, &error) != YOKE_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return CANNOT_OPEN;
    }
    yk_opencl_ops.describe(device, &info);
    right = info.lanes == 2 && info.launch_ns > 0 && j->check(device);
    yk_opencl_ops.close(device);
    return right ? PASSED : FAILED;
}

static void check_on(const char *driver, bool (*check)(yk_device *device))
{
    job j = {driver, check};

    if (access(driver, R_OK) == 0) {
        assert_int_equal(yt_in_child(run_check, &j, 100), PASSED);
    }
}

static void check_everywhere(bool (*check)(yk_device *device))
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        check_on(drivers[i], check);
    }
}

static void bytes_are_counted(void **state)
{
    (void)state;
    check_everywhere(counts_what_moves);
}

static void events_are_released(void **state)
{
    (void)state;
    check_everywhere(releases_its_events);
}

static void chunks_in_flight_are_given_up(void **state)
{
    (void)state;
    check_everywhere(gives_up_what_is_in_flight);
}

static void a_failing_lane_stops_the_other(void **state)
{
    (void)state;
    check_everywhere(survives_a_failing_lane);
}

static void much_goes_beside_staging(void **state)
{
    (void)state;
    check_on(drivers[0], moves_much_at_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(bytes_are_counted),
        yt_unit_test(events_are_released),
        yt_unit_test(chunks_in_flight_are_given_up),
        yt_unit_test(a_failing_lane_stops_the_other),
        yt_unit_test(much_goes_beside_staging),
    };

    return yt_run_group(tests);
}
