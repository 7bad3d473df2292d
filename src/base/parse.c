/* SPDX-License-Identifier: MIT */
#include "base/parse.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"

static bool parse_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits and moves *text past them. False if there are none or the number does not fit. */
static bool take_digits(const char **text, uint64_t *value)
{
    const char *at = *text;
    uint64_t sum = 0;

    if (!parse_is_digit(*at)) {
        return false;
    }
    for (; parse_is_digit(*at); at++) {
        if (!yk_mul(sum, 10, &sum) || !yk_add(sum, (uint64_t)(*at - '0'), &sum)) {
            return false;
        }
    }
    *text = at;
    *value = sum;
    return true;
}

bool yk_parse_unsigned(const char *text, uint64_t *value)
{
    uint64_t parsed;

    if (!take_digits(&text, &parsed) || *text != '\0') {
        return false;
    }
    *value = parsed;
    return true;
}

/* The factor of a unit; 0 if it is not a unit. */
static uint64_t unit_factor(const char *unit)
{
    static const char letters[] = "KMGT";

    if (unit[0] == '\0' || strcasecmp(unit, "B") == 0) {
        return 1;
    }
    if (unit[1] != '\0' && strcasecmp(unit + 1, "B") != 0 &&
        strcasecmp(unit + 1, "iB") != 0) {
        return 0;
    }
    for (unsigned i = 0; letters[i] != '\0'; i++) {
        if (strncasecmp(unit, &letters[i], 1) == 0) {
            return UINT64_C(1) << (10 * (i + 1));
        }
    }
    return 0;
}

bool yk_parse_bytes(const char *text, uint64_t *bytes)
{
    uint64_t count;
    uint64_t factor;

    if (!take_digits(&text, &count)) {
        return false;
    }
    factor = unit_factor(text);
    if (factor == 0 || !yk_mul(count, factor, &count)) {
        return false;
    }
    *bytes = count;
    return true;
}

bool yk_parse_double(const char *text, double *value)
{
    locale_t plain;
    locale_t before;
    char *end;
    double parsed;

    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) {
        return false;
    }
    plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0) {
        return false;
    }
    before = uselocale(plain);
    parsed = strtod(text, &end);
    (void)uselocale(before);
    freelocale(plain);
    if (end == text || *end != '\0' || !isfinite(parsed)) {
        return false;
    }
    *value = parsed;
    return true;
}
