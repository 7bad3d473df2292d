/* SPDX-License-Identifier: MIT */
/* How a fake device is opened. */
#ifndef YK_DEVICE_FAKE_FAKE_H
#define YK_DEVICE_FAKE_FAKE_H

#include "device/device.h"

typedef struct yk_fake_options {
    double speed;      /* relative to a core, 0 < speed <= 1 */
    uint64_t crash_at; /* number of the chunk at which it dies, from 1; 0: never */
    uint64_t hang_at;  /* the chunk that never ends */
    uint64_t fail_at;  /* the chunk that fails with a status */
    uint64_t private_memory; /* it works on copies; the rest of its memory is poison */
} yk_fake_options;

static inline yk_fake_options yk_fake_options_of(const yk_kind_data *data)
{
    yk_fake_options options;

    yk_kind_data_get(data, &options, sizeof options);
    return options;
}

#endif
