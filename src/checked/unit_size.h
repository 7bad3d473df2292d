/* SPDX-License-Identifier: MIT */
/* How many items of a launch are checked at a time. */
#ifndef YK_CHECKED_UNIT_SIZE_H
#define YK_CHECKED_UNIT_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/launch.h"

/* One, or a work-group; more if a check of each by itself would take too long. */
uint64_t yk_unit_choose(const yk_launch *launch, bool is_source);

#endif
