/* SPDX-License-Identifier: MIT */
/* The device of the checking mode: it has another device compute, and compares. */
#ifndef YK_CHECKED_CHECKED_H
#define YK_CHECKED_CHECKED_H

#include "device/kind.h"

/* Opens a device of this kind, and the one that wraps it. */
yoke_status yk_check_open(yk_device **device, const yk_device_kind *inner,
                          const yk_device_config *config, yk_error *error);

#endif
