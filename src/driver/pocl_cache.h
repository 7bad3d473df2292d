/* SPDX-License-Identifier: MIT */
/* The folder in which PoCL keeps what it has compiled, and without which it has no devices. */
#ifndef YK_DRIVER_POCL_CACHE_H
#define YK_DRIVER_POCL_CACHE_H

#include <stdbool.h>
#include <stddef.h>

enum { YK_POCL_FOLDER_BYTES = 512 };

/* Before PoCL is loaded: removes variables that would make it abort. */
void yk_pocl_mend_environment(void);

/* PoCL's cache folder, created if it is missing; "" if it cannot be created or written. */
void yk_pocl_cache_folder(char path[YK_POCL_FOLDER_BYTES]);

/* Says that PoCL cannot write its cache folder, why, and what to do; "" if it can. */
void yk_pocl_cache_problem(char *text, size_t bytes);

#endif
