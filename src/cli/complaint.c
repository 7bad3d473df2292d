/* SPDX-License-Identifier: MIT */
#include "cli/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool yk_complain(yk_complaint *complaint, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(complaint->text, sizeof complaint->text, format, list);
    va_end(list);
    return false;
}

static void complaint_append(yk_complaint *complaint, const char *text)
{
    const size_t used = strlen(complaint->text);
    const size_t length = strnlen(text, sizeof complaint->text - 1 - used);

    memcpy(complaint->text + used, text, length);
    complaint->text[used + length] = '\0';
}

bool yk_complain_about(yk_complaint *complaint, const char *format, ...)
{
    const yk_complaint what = *complaint;
    va_list list;

    va_start(list, format);
    (void)vsnprintf(complaint->text, sizeof complaint->text, format, list);
    va_end(list);
    complaint_append(complaint, ": ");
    complaint_append(complaint, what.text);
    return false;
}
