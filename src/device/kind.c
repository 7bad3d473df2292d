/* SPDX-License-Identifier: MIT */
#include "device/kind.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool yk_selector_number(const char *text, uint64_t *value)
{
    char *end;

    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    *value = strtoull(text, &end, 10);
    return *end == '\0';
}

bool yk_selector_contains(const char *text, const char *lower)
{
    const size_t length = strlen(lower);

    for (; *text != '\0'; text++) {
        size_t i = 0;

        while (i < length &&
               tolower((unsigned char)text[i]) == (unsigned char)lower[i]) {
            i++;
        }
        if (i == length) {
            return true;
        }
    }
    return false;
}
