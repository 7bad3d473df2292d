/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void yk_text_copy(char *to, size_t bytes, const char *from)
{
    /* The text may come from memory that was overwritten, and have no end. */
    (void)snprintf(to, bytes, "%.*s", bytes > 0 ? (int)bytes - 1 : 0, from);
}

void yk_text_format(char *to, size_t bytes, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(to, bytes, format, list);
    va_end(list);
}

void yk_text_append(char *to, size_t bytes, const char *format, ...)
{
    const size_t length = strnlen(to, bytes);
    va_list list;

    va_start(list, format);
    (void)vsnprintf(to + length, bytes - length, format, list);
    va_end(list);
}
