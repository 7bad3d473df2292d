/* SPDX-License-Identifier: MIT */
/* The status table of yoke/status.h as functions. */
#ifndef YK_BASE_STATUS_H
#define YK_BASE_STATUS_H

#include "yoke/status.h"

const char *yk_status_text(yoke_status status);

#endif
