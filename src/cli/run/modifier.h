/* SPDX-License-Identifier: MIT */
/* The words between an array's kind and its file: "/halo=1/edge=periodic". */
#ifndef YK_CLI_RUN_MODIFIER_H
#define YK_CLI_RUN_MODIFIER_H

#include <stdbool.h>

#include "cli/complaint.h"
#include "cli/run/argument.h"

/* Takes all modifiers up to `end` into the argument, whose use is known. */
bool yk_modifiers_take(yk_argument *argument, const char *text, const char *end,
                       yk_complaint *complaint);

#endif
