/* SPDX-License-Identifier: MIT */
/* Numbers in texts. Nothing may stand around them; false leaves the value as it is. */
#ifndef YK_BASE_PARSE_H
#define YK_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Digits only, without a sign. False if the number does not fit, too. */
bool yk_parse_unsigned(const char *text, uint64_t *value);

/* Digits and at most one of K, M, G, T (1024, 1024^2, ...; also "KiB" or "KB" for K and
 * so on), in either case. */
bool yk_parse_bytes(const char *text, uint64_t *bytes);

/* A finite decimal number with '.' whatever the locale. */
bool yk_parse_double(const char *text, double *value);

#endif
