/* SPDX-License-Identifier: MIT */
/*
 * Aliases: arguments of one launch that are the same array, of which the kernel reads one and
 * writes the other (w = a * x + b * w). The first of them becomes the array, read and written;
 * the others name it, and nothing but their pointer is left of them. So transfers, the undo log
 * and conflicts see one array that is changed in place.
 */
#ifndef YK_LAUNCH_ALIAS_H
#define YK_LAUNCH_ALIAS_H

#include <stdbool.h>

#include "base/error.h"
#include "launch/launch.h"

/* For two arguments that conflict: YOKE_OK if they are the same array with the same parts, one
 * of them read and one written. Otherwise YOKE_EINVAL; the text says what would be right. */
yoke_status yk_alias_check(const yk_launch *launch, uint32_t first, uint32_t second,
                           yk_error *error);

/* Makes aliases of all arguments that yk_alias_check() has allowed. */
void yk_alias_join(yk_launch *launch);

#endif
