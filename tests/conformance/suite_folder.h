/* SPDX-License-Identifier: MIT */
/* A folder with a header for kernels that include one. */
#ifndef SUITE_FOLDER_H
#define SUITE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the folder with suite_shift.h in it. */
bool suite_folder_make(void);

void suite_folder_remove(void);

/* Build options with the folder's name for '@'; NULL stays NULL. Borrowed, until the
 * next call. */
const char *suite_folder_options(const char *options);

#endif
