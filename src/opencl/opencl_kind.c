/* SPDX-License-Identifier: MIT */
/* OpenCL devices: how the device string selects them, and how they are found. */
#include "opencl/opencl_kind.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "driver/discovery.h"

static_assert(sizeof(yk_opencl_choice) <= sizeof(yk_kind_data), "fits");

/* ---- the device string ---- */

static void opencl_choose(yk_selector *selector, const yk_opencl_choice *choice,
                          const char *reason)
{
    yk_kind_data_put(&selector->own, choice, sizeof *choice);
    yk_text_copy(selector->reason, sizeof selector->reason, reason);
}

static yoke_status opencl_parse_gpu(yk_selector *selector, char *detail,
                                    yk_error *error)
{
    opencl_choose(selector, &(yk_opencl_choice){.index = -1, .any_gpu = 1},
                  "a GPU or accelerator");
    if (detail != NULL) {
        return yk_fail(
            error, YOKE_EINVAL,
            "\"gpu:%s\": expected gpu, or opencl:NUMBER or opencl:NAME for one device",
            detail);
    }
    return YOKE_OK;
}

static yoke_status opencl_parse_detail(yk_opencl_choice *choice, const char *detail,
                                       yk_error *error)
{
    uint64_t index;

    if (detail[0] == '\0' || strlen(detail) >= sizeof choice->text) {
        return yk_fail(error, YOKE_EINVAL,
                       "\"opencl:%s\": expected a device number or part of a name",
                       detail);
    }
    if (yk_selector_number(detail, &index) && index < INT32_MAX) {
        choice->index = (int32_t)index;
        return YOKE_OK;
    }
    for (size_t i = 0; detail[i] != '\0'; i++) {
        choice->text[i] = (char)tolower((unsigned char)detail[i]);
    }
    return YOKE_OK;
}

static yoke_status opencl_parse(yk_selector *selector, char *detail, yk_error *error)
{
    yk_opencl_choice choice = {.index = -1};
    yoke_status status = YOKE_OK;

    if (detail != NULL) {
        status = opencl_parse_detail(&choice, detail, error);
    }
    selector->required = 1;
    opencl_choose(selector, &choice, "requested by name");
    return status;
}

static bool opencl_matches(const yk_selector *selector, const yk_candidate *candidate)
{
    const yk_opencl_choice choice = yk_opencl_choice_of(&selector->own);

    if (choice.any_gpu != 0) {
        return candidate->type == YK_HARDWARE_GPU ||
               candidate->type == YK_HARDWARE_ACCELERATOR;
    }
    if (choice.index >= 0) {
        return choice.index == candidate->index;
    }
    return choice.text[0] == '\0' ||
           yk_selector_contains(candidate->driver, choice.text) ||
           yk_selector_contains(candidate->platform, choice.text) ||
           yk_selector_contains(candidate->device, choice.text);
}

/* ---- drivers and devices ---- */

static size_t opencl_list_drivers(yk_driver drivers[YK_MAX_DRIVERS])
{
    yk_opencl_driver list[YK_MAX_DRIVERS];
    const size_t count = yk_opencl_drivers(list);

    for (size_t i = 0; i < count; i++) {
        drivers[i] = (yk_driver){.lends_cores = list[i].is_pocl};
        yk_text_copy(drivers[i].path, sizeof drivers[i].path, list[i].path);
        yk_text_copy(drivers[i].library, sizeof drivers[i].library, list[i].library);
    }
    return count;
}

static void opencl_report(yk_found_device *found, const yk_opencl_device *device)
{
    const yk_opencl_place place = {device->platform, device->device};

    *found = (yk_found_device){
        .type = device->type,
        .has_double = device->has_double,
        .memory_bytes = device->memory_bytes,
    };
    yk_text_copy(found->name, sizeof found->name, device->name);
    yk_text_copy(found->platform, sizeof found->platform, device->platform_name);
    yk_text_copy(found->version, sizeof found->version, device->version);
    yk_kind_data_put(&found->own, &place, sizeof place);
}

static yoke_status opencl_list_devices(const yk_driver *driver,
                                       yk_found_device devices[YK_MAX_DRIVER_DEVICES],
                                       size_t *count, yk_error *error)
{
    yk_opencl_device list[YK_MAX_DRIVER_DEVICES];
    const yoke_status status = yk_opencl_list(driver->path, list, count, error);

    for (size_t i = 0; i < *count; i++) {
        opencl_report(&devices[i], &list[i]);
    }
    return status;
}

static void opencl_explain_no_source(const char *loaded, yk_error *error)
{
    if (loaded[0] != '\0') {
        (void)yk_fail(
            error, YOKE_EUNSUPPORTED,
            "CPU workers cannot compile source here, since the program had loaded an "
            "OpenCL driver (%s) before it created the pool, and drivers do not work "
            "after a fork: create the pool before the first OpenCL call or with "
            ".start = YOKE_START_SPAWN, or give the kernel a native function",
            loaded);
    } else {
        (void)yk_fail(error, YOKE_ENODEVICE, "PoCL is not installed");
    }
}

/* ---- the entry ---- */

static const yk_device_discovery opencl_discovery = {
    .drivers = opencl_list_drivers,
    .devices = opencl_list_devices,
    .matches = opencl_matches,
    .has_driver = yk_opencl_has_driver,
    .has_runtime = yk_opencl_has_runtime,
    .explain_no_source = opencl_explain_no_source,
    .no_driver = "no OpenCL driver is installed",
};

static const yk_device_word opencl_words[] = {
    {"gpu", opencl_parse_gpu},
    {"opencl", opencl_parse},
    {NULL, NULL},
};

const yk_device_kind yk_opencl_kind = {
    .name = "opencl",
    .words = opencl_words,
    .grammar = "gpu, opencl, opencl:NUMBER, opencl:NAME",
    .ops = &yk_opencl_ops,
    .traits =
        YK_TRAIT_COMPILES_SOURCE | YK_TRAIT_NEEDS_CORE | YK_TRAIT_SUITS_WHOLE_JOBS,
    .max_lanes = YK_MAX_LANES,
    .discovery = &opencl_discovery,
};
