/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

void yk_error_clear(yk_error *error)
{
    if (error != NULL) {
        error->status = YOKE_OK;
        error->text[0] = '\0';
    }
}

yoke_status yk_fail(yk_error *error, yoke_status status, const char *format, ...)
{
    if (error != NULL) {
        va_list list;

        error->status = status;
        va_start(list, format);
        (void)vsnprintf(error->text, sizeof error->text, format, list);
        va_end(list);
    }
    return status;
}

void yk_error_append(yk_error *error, const char *format, ...)
{
    va_list list;
    size_t length;

    if (error == NULL) {
        return;
    }
    length = strlen(error->text);
    va_start(list, format);
    (void)vsnprintf(error->text + length, sizeof error->text - length, format, list);
    va_end(list);
}

void yk_error_prefix(yk_error *error, const char *format, ...)
{
    char words[512];
    va_list list;
    int length;
    size_t room;

    if (error == NULL) {
        return;
    }
    va_start(list, format);
    length = vsnprintf(words, sizeof words, format, list);
    va_end(list);
    if (length <= 0) {
        return;
    }
    if ((size_t)length >= sizeof words) {
        length = (int)sizeof words - 1;
    }
    room = sizeof error->text - (size_t)length - 1;
    if (strlen(error->text) > room) {
        error->text[room] = '\0';
    }
    memmove(error->text + length, error->text, strlen(error->text) + 1);
    memcpy(error->text, words, (size_t)length);
}
