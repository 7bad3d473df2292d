/* SPDX-License-Identifier: MIT */
/* The kinds of devices that there are. */
#ifndef YK_PROTOCOL_DEVICE_KINDS_H
#define YK_PROTOCOL_DEVICE_KINDS_H

#include <stdint.h>

#include "device/device.h"

/* The operations of a kind (YK_DEVICE_...), or NULL. */
const yk_device_ops *yk_device_ops_of(uint32_t kind);

#endif
