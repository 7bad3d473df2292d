/* SPDX-License-Identifier: MIT */
/*
 * A kind of device to copy: the smallest there can be. Its folder and one line, which
 * tests/CMakeLists.txt adds to the list in protocol/device_kinds.h, are all that the library
 * has of it. "toy" or "toy:N" in the device string gives N workers; each calls native
 * functions, by means of the native device.
 */
#include <stdlib.h>

#include "base/text.h"
#include "device/kind.h"

/* ---- the device ---- */

typedef struct toy_device {
    yk_device base;
    yk_device *inner; /* a native device */
} toy_device;

static const yk_device_ops toy_ops;

static yk_device *toy_inner(yk_device *device)
{
    return ((toy_device *)(void *)device)->inner;
}

static yoke_status toy_open(yk_device **device, const yk_device_config *config,
                            yk_error *error)
{
    toy_device *toy = calloc(1, sizeof *toy);
    yoke_status status;

    *device = NULL;
    if (toy == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "no memory for a device");
    }
    toy->base.ops = &toy_ops;
    status = yk_native_ops.open(&toy->inner, config, error);
    if (status != YOKE_OK) {
        free(toy);
        return status;
    }
    *device = &toy->base;
    return YOKE_OK;
}

static void toy_describe(const yk_device *device, yk_device_info *info)
{
    (void)device;
    *info = (yk_device_info){
        .name = "toy device",
        .driver = "toy",
        .lanes = 1,
        .shares_memory = true,
        .has_double = true,
        .is_cpu = true,
    };
}

static yoke_status toy_build(yk_device *device, const yk_kernel *kernel,
                             yk_error *error)
{
    return yk_native_ops.build(toy_inner(device), kernel, error);
}

static int toy_parameters(yk_device *device, const yk_kernel *kernel,
                          yk_parameter parameters[YK_MAX_ARGS])
{
    return yk_native_ops.parameters(toy_inner(device), kernel, parameters);
}

static void toy_forget(yk_device *device, uint64_t kernel_id)
{
    yk_native_ops.forget(toy_inner(device), kernel_id);
}

static yoke_status toy_begin(yk_device *device, const yk_kernel *kernel,
                             const yk_launch *launch, yk_error *error)
{
    return yk_native_ops.begin(toy_inner(device), kernel, launch, error);
}

static yoke_status toy_start(yk_device *device, unsigned lane, uint64_t begin,
                             uint64_t end, yk_error *error)
{
    return yk_native_ops.start(toy_inner(device), lane, begin, end, error);
}

static yoke_status toy_finish(yk_device *device, unsigned lane, yk_error *error)
{
    return yk_native_ops.finish(toy_inner(device), lane, error);
}

static void toy_end(yk_device *device)
{
    yk_native_ops.end(toy_inner(device));
}

static void toy_close(yk_device *device)
{
    if (device != NULL) {
        yk_native_ops.close(toy_inner(device));
        free(device);
    }
}

static const yk_device_ops toy_ops = {
    .kind = "toy",
    .open = toy_open,
    .describe = toy_describe,
    .build = toy_build,
    .parameters = toy_parameters,
    .forget = toy_forget,
    .begin = toy_begin,
    .start = toy_start,
    .finish = toy_finish,
    .end = toy_end,
    .close = toy_close,
};

/* ---- the kind ---- */

static yoke_status toy_parse(yk_selector *selector, char *detail, yk_error *error)
{
    uint64_t count = 1;

    if (detail != NULL &&
        (!yk_selector_number(detail, &count) || count < 1 || count > YK_MAX_SELECTED)) {
        return yk_fail(error, YOKE_EINVAL,
                       "\"toy:%s\": a number of toys from 1 to %d is expected", detail,
                       YK_MAX_SELECTED);
    }
    selector->count = (uint32_t)count;
    yk_text_copy(selector->reason, sizeof selector->reason, "a toy");
    return YOKE_OK;
}

static const yk_device_word toy_words[] = {{"toy", toy_parse}, {NULL, NULL}};

const yk_device_kind yk_toy_kind = {
    .name = "toy",
    .words = toy_words,
    .grammar = "toy, toy:N",
    .ops = &toy_ops,
    .traits = YK_TRAIT_RUNS_FUNCTIONS,
    .max_lanes = 1,
};
