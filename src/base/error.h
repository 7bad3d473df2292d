/* SPDX-License-Identifier: MIT */
/*
 * A status and its explanation, set where a failure is detected.
 *
 * Errors live on the stacks of the program's threads, so they are small. A text that does not
 * fit, such as the log of a build, lies on the heap and belongs to the thread that made it: the
 * thread keeps its latest YK_LONG_TEXTS long texts and frees them when it ends. An error whose
 * long text is not kept any more, or that another thread reads, has the beginning of its text. So
 * an error needs neither to be initialized before it is filled in nor to be freed, also where
 * longjmp() leaves the function that has it.
 */
#ifndef YK_BASE_ERROR_H
#define YK_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "yoke/status.h"

enum {
    YK_ERROR_BYTES = 1008, /* of a text in the error itself */
    YK_LOG_BYTES = 16384,  /* of any text: what is longer is cut at the end */
    YK_LONG_TEXTS = 8      /* that a thread keeps */
};

typedef struct yk_error {
    yoke_status status;
    uint32_t long_text; /* 0: `text` is all; else its number among the thread's */
    char text[YK_ERROR_BYTES]; /* the beginning: yk_error_text() is all */
} yk_error;

/* The whole text; "" if there is none. It stays until the error is changed, or the thread has made
 * YK_LONG_TEXTS other long texts. */
const char *yk_error_text(const yk_error *error);

/* Clears the error: no failure, no text. */
void yk_error_clear(yk_error *error);

/* Sets status and text and returns the status. A NULL error is allowed: then only the status is
 * returned. */
yoke_status yk_fail(yk_error *error, yoke_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends to the text. */
void yk_error_append(yk_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts words before the text: "where: " before "what". */
void yk_error_prefix(yk_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
