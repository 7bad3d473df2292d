/* SPDX-License-Identifier: MIT */
/* The texts of the status table of yoke/status.h. */
#ifndef YK_BASE_STATUS_H
#define YK_BASE_STATUS_H

#include "yoke/status.h"

const char *yk_status_text(yoke_status status);

#endif
