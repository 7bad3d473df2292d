/* SPDX-License-Identifier: MIT */
/* A status and its explanation, filled where a failure is noticed. */
#ifndef YK_BASE_ERROR_H
#define YK_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#include "yoke/status.h"

enum { YK_ERROR_BYTES = 16384 };

typedef struct yk_error {
    yoke_status status;
    char text[YK_ERROR_BYTES];
} yk_error;

/* No failure, no text. */
void yk_error_clear(yk_error *error);

/* Sets status and text (cut at the end if too long) and returns the status. A NULL error
 * is allowed: then only the status is returned. */
yoke_status yk_fail(yk_error *error, yoke_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds to the text, for context that a caller knows. */
void yk_error_append(yk_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts words in front of the text: "where: " before "what". */
void yk_error_prefix(yk_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
