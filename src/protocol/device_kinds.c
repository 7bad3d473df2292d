/* SPDX-License-Identifier: MIT */
#include "protocol/device_kinds.h"

#include <assert.h>
#include <stddef.h>

#include "checked/checked.h"
#include "yoke/pool.h"

#define KIND_ENTRY(NUMBER, name) [YK_DEVICE_##NUMBER] = &yk_##name##_kind,
static const yk_device_kind *const entries[] = {YK_DEVICE_KINDS(KIND_ENTRY)};

static_assert((int)YK_DEVICE_KINDS_END <= (int)YK_MAX_DEVICE_KINDS,
              "all have a number");
static_assert((int)YK_DEVICE_NATIVE == (int)YOKE_WORKER_CPU, "as in yoke_worker_info");
static_assert((int)YK_DEVICE_OPENCL == (int)YOKE_WORKER_OPENCL,
              "as in yoke_worker_info");
static_assert((int)YK_DEVICE_FAKE == (int)YOKE_WORKER_FAKE, "as in yoke_worker_info");

uint32_t yk_device_kinds_end(void)
{
    return YK_DEVICE_KINDS_END;
}

const yk_device_kind *yk_device_kind_at(uint32_t kind)
{
    return kind < YK_DEVICE_KINDS_END ? entries[kind] : NULL;
}

bool yk_device_kind_has_drivers(uint32_t kind)
{
    const yk_device_kind *entry = yk_device_kind_at(kind);

    return entry != NULL && entry->discovery != NULL;
}

uint32_t yk_device_kind_with(uint32_t traits)
{
    for (uint32_t kind = 1; kind < YK_DEVICE_KINDS_END; kind++) {
        if ((entries[kind]->traits & traits) == traits) {
            return kind;
        }
    }
    return YK_DEVICE_NONE;
}

void yk_device_explain_no_source(const char *loaded, yk_error *error)
{
    for (uint32_t kind = 1; kind < YK_DEVICE_KINDS_END; kind++) {
        const yk_device_discovery *discovery = entries[kind]->discovery;

        if (discovery != NULL && discovery->explain_no_source != NULL) {
            discovery->explain_no_source(loaded, error);
            return;
        }
    }
    (void)yk_fail(error, YOKE_ENODEVICE, "no kind of device compiles source");
}

yoke_status yk_device_open(yk_device **device, const yk_device_config *config,
                           yk_error *error)
{
    const yk_device_kind *entry = yk_device_kind_at(config->kind);

    *device = NULL;
    if (entry == NULL) {
        return yk_fail(error, YOKE_EDEVICE, "%u is not a kind of device", config->kind);
    }
    return config->checked != 0 ? yk_check_open(device, entry, config, error)
                                : entry->ops->open(device, config, error);
}
