/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void yk_text_copy(char *to, size_t bytes, const char *from)
{
    const size_t length = strnlen(from, bytes - 1);

    memcpy(to, from, length);
    to[length] = '\0';
}

void yk_text_format(char *to, size_t bytes, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(to, bytes, format, list);
    va_end(list);
}
