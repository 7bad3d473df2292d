/* SPDX-License-Identifier: MIT */
/* Text in arrays of fixed size: what does not fit is cut off. */
#ifndef YK_BASE_TEXT_H
#define YK_BASE_TEXT_H

#include <stddef.h>

void yk_text_copy(char *to, size_t bytes, const char *from);

void yk_text_format(char *to, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Behind the text that is there. */
void yk_text_append(char *to, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
