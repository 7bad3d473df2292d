/* SPDX-License-Identifier: MIT */
#include "base/env.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"

const char *yk_env_text(const char *name)
{
    const char *text = getenv(name);

    return text != NULL && text[0] != '\0' ? text : NULL;
}

bool yk_env_is_set(const char *name)
{
    return yk_env_text(name) != NULL;
}

static bool env_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits and moves *text behind them; false without any or if they do not fit. */
static bool take_digits(const char **text, uint64_t *value)
{
    const char *at = *text;
    uint64_t sum = 0;

    if (!env_is_digit(*at)) {
        return false;
    }
    for (; env_is_digit(*at); at++) {
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

/* What a unit multiplies by; 0 if it is none. */
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

yoke_status yk_env_bytes(const char *name, uint64_t *bytes, yk_error *error)
{
    const char *text = yk_env_text(name);

    if (text != NULL && !yk_parse_bytes(text, bytes)) {
        return yk_fail(
            error, YOKE_EINVAL,
            "%s=%s is not a size: write a number of bytes, such as 4096, 512M "
            "or 2G",
            name, text);
    }
    return YOKE_OK;
}

yoke_status yk_env_unsigned(const char *name, uint64_t least, uint64_t max_count,
                            uint64_t *value, yk_error *error)
{
    const char *text = yk_env_text(name);
    uint64_t parsed;

    if (text == NULL) {
        return YOKE_OK;
    }
    if (!yk_parse_unsigned(text, &parsed) || parsed < least || parsed > max_count) {
        return yk_fail(error, YOKE_EINVAL,
                       "%s=%s is not a whole number from %" PRIu64 " to %" PRIu64, name,
                       text, least, max_count);
    }
    *value = parsed;
    return YOKE_OK;
}

yoke_status yk_env_double(const char *name, double least, double max_count,
                          double *value, yk_error *error)
{
    const char *text = yk_env_text(name);
    double parsed;

    if (text == NULL) {
        return YOKE_OK;
    }
    if (!yk_parse_double(text, &parsed) || parsed < least || parsed > max_count) {
        return yk_fail(error, YOKE_EINVAL, "%s=%s is not a number from %g to %g", name,
                       text, least, max_count);
    }
    *value = parsed;
    return YOKE_OK;
}

yoke_status yk_env_flag(const char *name, bool *value, yk_error *error)
{
    static const char *const words[][2] = {
        {"0", "1"}, {"no", "yes"}, {"off", "on"}, {"false", "true"}};
    const char *text = yk_env_text(name);

    if (text == NULL) {
        return YOKE_OK;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (unsigned answer = 0; answer < 2; answer++) {
            if (strcasecmp(text, words[i][answer]) == 0) {
                *value = answer == 1;
                return YOKE_OK;
            }
        }
    }
    return yk_fail(error, YOKE_EINVAL, "%s=%s is neither 1 nor 0", name, text);
}
