/* SPDX-License-Identifier: MIT */
#include "protocol/device_kinds.h"

#include <stddef.h>

static const yk_device_ops *const ops_of[] = {
    [YK_DEVICE_NATIVE] = &yk_native_ops,
    [YK_DEVICE_OPENCL] = &yk_opencl_ops,
    [YK_DEVICE_FAKE] = &yk_fake_ops,
    [YK_DEVICE_CHECK] = &yk_check_ops,
};

const yk_device_ops *yk_device_ops_of(uint32_t kind)
{
    return kind < sizeof ops_of / sizeof ops_of[0] ? ops_of[kind] : NULL;
}
