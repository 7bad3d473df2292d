/* SPDX-License-Identifier: MIT */
#include "cli/number.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *yk_scan_size(const char *text, size_t *value)
{
    size_t sum = 0;

    if (!is_digit(*text)) {
        return NULL;
    }
    for (; is_digit(*text); text++) {
        if (__builtin_mul_overflow(sum, (size_t)10, &sum) ||
            __builtin_add_overflow(sum, (size_t)(*text - '0'), &sum)) {
            return NULL;
        }
    }
    *value = sum;
    return text;
}

bool yk_parse_size(const char *text, size_t *value)
{
    const char *end = yk_scan_size(text, value);

    return end != NULL && *end == '\0';
}
