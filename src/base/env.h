/* SPDX-License-Identifier: MIT */
/*
 * Settings from environment variables. A variable that is unset or empty leaves the
 * caller's value as it is; one that cannot be understood is YOKE_EINVAL with a sentence
 * that names it.
 */
#ifndef YK_BASE_ENV_H
#define YK_BASE_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Set and not empty. */
bool yk_env_is_set(const char *name);

/* Its text, or NULL if it is not set; borrowed from the environment. */
const char *yk_env_text(const char *name);

/* A size, as for yk_parse_bytes(). */
yoke_status yk_env_bytes(const char *name, uint64_t *bytes, yk_error *error);

/* A whole number from least to most. */
yoke_status yk_env_unsigned(const char *name, uint64_t least, uint64_t max_count,
                            uint64_t *value, yk_error *error);

/* A finite decimal number from least to most. */
yoke_status yk_env_double(const char *name, double least, double max_count, double *value,
                          yk_error *error);

/* 1, yes, on, true or 0, no, off, false. */
yoke_status yk_env_flag(const char *name, bool *value, yk_error *error);

/* Digits only: no sign, no space, nothing after them. False if it is none or does not
 * fit. */
bool yk_parse_unsigned(const char *text, uint64_t *value);

/* Digits and at most one of K, M, G, T (1024, 1024^2, ...; also "KiB" or "KB" for K and
 * so on), in either case. */
bool yk_parse_bytes(const char *text, uint64_t *bytes);

/* A finite decimal number with '.' whatever the locale, nothing around it. */
bool yk_parse_double(const char *text, double *value);

#endif
