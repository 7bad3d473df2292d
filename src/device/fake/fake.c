/* SPDX-License-Identifier: MIT */
/*
 * A fake device: native functions at a chosen speed, with private memory and faults on request.
 * It shows on any machine what a pool does with unequal, separate or failing devices.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/clock.h"
#include "device/fake/fake.h"
#include "device/fake/private_memory.h"
#include "launch/lent.h"
#include "sys/signals.h"

/* A chunk that was computed but not yet reported. */
typedef struct fake_lane {
    uint64_t number; /* of the chunk, from 1 */
    uint64_t begin;
    uint64_t end;
    yk_private_memory memory;
} fake_lane;

typedef struct fake_device {
    yk_device base;
    yk_fake_options options;
    yk_device *inner; /* a native device */
    uint64_t chunks;  /* run so far */
    const yk_kernel *kernel;
    const yk_launch *launch; /* that was begun; NULL: none */
    uint64_t launch_id;
    fake_lane lanes[YK_MAX_LANES];
    yk_own_copies copies;
} fake_device;

static fake_device *fake_of(yk_device *device)
{
    return (fake_device *)device;
}

static bool is_private(const fake_device *fake)
{
    return fake->options.private_memory != 0;
}

static yoke_status fake_open(yk_device **device, const yk_device_config *config,
                             yk_error *error)
{
    fake_device *fake = calloc(1, sizeof *fake);
    yoke_status status;

    *device = NULL;
    if (fake == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "cannot allocate memory for a device");
    }
    fake->base.ops = &yk_fake_ops;
    fake->copies.device = &fake->base;
    fake->options = yk_fake_options_of(&config->own);
    if (!(fake->options.speed > 0 && fake->options.speed <= 1)) {
        fake->options.speed = 1;
    }
    status = yk_native_ops.open(&fake->inner, config, error);
    if (status != YOKE_OK) {
        free(fake);
        return status;
    }
    *device = &fake->base;
    return YOKE_OK;
}

static void fake_describe(const yk_device *device, yk_device_info *info)
{
    const fake_device *fake = (const fake_device *)device;

    yk_native_ops.describe(fake->inner, info);
    *info = (yk_device_info){
        .name = "fake device",
        .driver = "fake",
        .memory_bytes = info->memory_bytes,
        .lanes = is_private(fake) ? YK_MAX_LANES : 1,
        .shares_memory = !is_private(fake),
        .follows_pointers = !is_private(fake),
        .has_double = info->has_double,
        .is_cpu = true,
    };
}

static yoke_status fake_build(yk_device *device, const yk_kernel *kernel,
                              yk_error *error)
{
    return yk_native_ops.build(fake_of(device)->inner, kernel, error);
}

static int fake_parameters(yk_device *device, const yk_kernel *kernel,
                           yk_parameter parameters[YK_MAX_ARGS])
{
    return yk_native_ops.parameters(fake_of(device)->inner, kernel, parameters);
}

static void fake_forget(yk_device *device, uint64_t kernel_id)
{
    yk_native_ops.forget(fake_of(device)->inner, kernel_id);
}

static void fake_end(yk_device *device)
{
    fake_device *fake = fake_of(device);

    yk_native_ops.end(fake->inner);
    for (unsigned i = 0; i < YK_MAX_LANES; i++) {
        yk_private_fini(&fake->lanes[i].memory);
    }
    fake->launch = NULL;
}

/* Begins a launch of the inner device on a lane's copies, which are made at first use. */
static yoke_status begin_lane(fake_device *fake, fake_lane *lane, yk_error *error)
{
    yoke_status status = YOKE_OK;

    if (!is_private(fake)) {
        return yk_native_ops.begin(fake->inner, fake->kernel, fake->launch, error);
    }
    if (lane->memory.shared == NULL) {
        status = yk_private_init(&lane->memory, fake->launch, &fake->copies, error);
    }
    return status != YOKE_OK ? status
                             : yk_native_ops.begin(fake->inner, fake->kernel,
                                                   &lane->memory.launch, error);
}

static yoke_status fake_begin(yk_device *device, const yk_kernel *kernel,
                              const yk_launch *launch, yk_error *error)
{
    fake_device *fake = fake_of(device);
    yoke_status status;

    if (fake->launch == launch && fake->launch_id == launch->id) {
        return YOKE_OK;
    }
    fake_end(device);
    fake->kernel = kernel;
    fake->launch = launch;
    fake->launch_id = launch->id;
    status = begin_lane(fake, &fake->lanes[0], error);
    if (status != YOKE_OK) {
        fake_end(device);
    }
    return status;
}

static yoke_status fake_compute(fake_device *fake, fake_lane *lane, yk_error *error)
{
    yoke_status status = begin_lane(fake, lane, error);

    if (status == YOKE_OK && is_private(fake)) {
        fake->base.sent += yk_private_load(&lane->memory, lane->begin, lane->end);
        yk_lent_changed(fake->launch, lane->begin, lane->end);
    }
    if (status == YOKE_OK) {
        status = yk_device_run(fake->inner, lane->begin, lane->end, error);
    }
    if (status != YOKE_OK && lane->memory.shared != NULL) {
        (void)yk_private_check(&lane->memory, lane->begin, lane->end, NULL);
    }
    return status;
}

/* Sleeps so that a chunk that took `ns` takes as long as it would at this speed. */
static void slow_down(const fake_device *fake, uint64_t ns)
{
    const double more = (double)ns * (1.0 / fake->options.speed - 1.0);
    const uint64_t end = yk_clock_ns() + (uint64_t)fmin(more, 1e18);
    uint64_t now = yk_clock_ns();

    while (now < end) {
        const uint64_t step = yk_min(end - now, 10 * YK_NS_PER_MS);
        const struct timespec pause = {.tv_nsec = (long)step};

        (void)nanosleep(&pause, NULL);
        now = yk_clock_ns();
    }
}

/* The hardest case for recovery is a death after results were written but before they are
 * reported. */
static void suffer_fault(const fake_device *fake, uint64_t number)
{
    if (number == fake->options.crash_at) {
        yk_crash_now();
    }
    if (number == fake->options.hang_at) {
        yk_hang_now();
    }
}

static yoke_status fake_start(yk_device *device, unsigned index, uint64_t begin,
                              uint64_t end, yk_error *error)
{
    fake_device *fake = fake_of(device);
    fake_lane *lane = &fake->lanes[index];
    const uint64_t start = yk_clock_ns();
    yoke_status status;

    lane->number = ++fake->chunks;
    lane->begin = begin;
    lane->end = end;
    if (lane->number == fake->options.fail_at) {
        return yk_fail(error, YOKE_EDEVICE, "the fake device fails at chunk %" PRIu64,
                       lane->number);
    }
    status = fake_compute(fake, lane, error);
    slow_down(fake, yk_clock_ns() - start);
    return status;
}

static yoke_status fake_finish(yk_device *device, unsigned index, yk_error *error)
{
    fake_device *fake = fake_of(device);
    fake_lane *lane = &fake->lanes[index];
    yoke_status status = YOKE_OK;

    if (is_private(fake)) {
        fake->base.received += yk_private_store(&lane->memory, lane->begin, lane->end);
        yk_lent_changed(fake->launch, lane->begin, lane->end);
        yk_private_keep(&lane->memory, lane->begin, lane->end);
        status = yk_private_check(&lane->memory, lane->begin, lane->end, error);
    }
    suffer_fault(fake, lane->number);
    return status;
}

static yoke_status fake_fetch(yk_device *device, const yk_residency *table,
                              yk_pages blocks, yk_error *error)
{
    const yk_own_copy *copy = yk_own_copy_find(&fake_of(device)->copies, table);

    if (copy == NULL) {
        return yk_fail(error, YOKE_EDEVICE,
                       "the device has lost its copy of a lent allocation");
    }
    device->received += yk_own_copy_fetch(copy, blocks);
    return YOKE_OK;
}

static void fake_close(yk_device *device)
{
    fake_device *fake = fake_of(device);

    if (fake == NULL) {
        return;
    }
    fake_end(device);
    yk_native_ops.close(fake->inner);
    yk_own_copies_fini(&fake->copies);
    free(fake);
}

const yk_device_ops yk_fake_ops = {
    .kind = "fake",
    .open = fake_open,
    .describe = fake_describe,
    .build = fake_build,
    .parameters = fake_parameters,
    .forget = fake_forget,
    .begin = fake_begin,
    .start = fake_start,
    .finish = fake_finish,
    .fetch = fake_fetch,
    .end = fake_end,
    .close = fake_close,
};
