/* SPDX-License-Identifier: MIT */
/* Strict reading of unsigned decimal numbers. */
#ifndef YK_CLI_NUMBER_H
#define YK_CLI_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Reads digits at the start of text: the first character after them, or NULL if there
 * are none or the number is too big. */
const char *yk_scan_size(const char *text, size_t *value);

/* The whole text is one number. */
bool yk_parse_size(const char *text, size_t *value);

#endif
