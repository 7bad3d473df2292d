/* SPDX-License-Identifier: MIT */
/* Limits that keep later arithmetic from overflowing. */
#ifndef YK_LAUNCH_CHECK_RANGE_H
#define YK_LAUNCH_CHECK_RANGE_H

#include <stdint.h>

/* Work-items of a range, and the largest global id. */
#define YK_MAX_RANGE (UINT64_C(1) << 48)

#endif
