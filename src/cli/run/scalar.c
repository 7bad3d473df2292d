/* SPDX-License-Identifier: MIT */
#include "cli/run/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/number.h"

enum { COMPONENT_TEXT = 128 };

static bool scalar_is_vector_width(size_t width)
{
    return width == 1 || width == 2 || width == 3 || width == 4 || width == 8 ||
           width == 16;
}

/* Splits "float32x4" into its element and width. */
static const yk_element *parse_type(const char *type, size_t length, unsigned *width)
{
    char text[32];
    char *mark;
    size_t count = 1;
    const yk_element *element;

    if (length >= sizeof text) {
        return NULL;
    }
    memcpy(text, type, length);
    text[length] = '\0';
    *width = 1;
    element = yk_element_named(text, length);
    mark = strrchr(text, 'x');
    if (element != NULL || mark == NULL) {
        return element;
    }
    if (!yk_parse_size(mark + 1, &count) || !scalar_is_vector_width(count)) {
        return NULL;
    }
    *width = (unsigned)count;
    return yk_element_named(text, (size_t)(mark - text));
}

bool yk_scalar_is_type(const char *type, size_t length)
{
    unsigned width;

    return (length == 5 && memcmp(type, "bytes", 5) == 0) ||
           parse_type(type, length, &width) != NULL;
}

static bool out_of_range(const char *text, const yk_element *element,
                         yk_complaint *complaint)
{
    return yk_complain(complaint, "%s is out of the range of %s", text, element->name);
}

/* Digits after the sign, decimal or 0x... */
static bool parse_magnitude(const char *digits, uint64_t *value)
{
    const bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    const char *start = hex ? digits + 2 : digits;
    const size_t length = strspn(start, hex ? "0123456789abcdefABCDEF" : "0123456789");

    if (length == 0 || start[length] != '\0') {
        return false;
    }
    errno = 0;
    *value = strtoull(start, NULL, hex ? 16 : 10);
    return true;
}

static bool parse_integer(void *to, const char *text, const yk_element *element,
                          yk_complaint *complaint)
{
    const bool negative = text[0] == '-';
    const bool has_sign = negative || text[0] == '+';
    const unsigned bits = 8 * element->bytes;
    uint64_t value;
    uint64_t most;

    if (!parse_magnitude(text + has_sign, &value)) {
        return yk_complain(complaint, "'%s' is not an integer, as %s needs", text,
                           element->name);
    }
    most = UINT64_MAX >> (64 - bits);
    if (element->code == 'i') {
        most = (most >> 1) + (negative ? 1 : 0);
    } else if (negative) {
        most = 0;
    }
    if (errno == ERANGE || value > most) {
        return out_of_range(text, element, complaint);
    }
    value = negative ? 0 - value : value;
    memcpy(to, &value, element->bytes);
    return true;
}

static bool parse_float(void *to, const char *text, const yk_element *element,
                        yk_complaint *complaint)
{
    char *end;
    const double value = strtod(text, &end);
    const float single = strtof(text, NULL);
    const uint16_t half = yk_half_from_double(value);
    const bool wants_infinity = strpbrk(text, "iI") != NULL;
    bool infinite;

    if (end == text || *end != '\0' || isspace((unsigned char)text[0])) {
        return yk_complain(complaint, "'%s' is not a number, as %s needs", text,
                           element->name);
    }
    if (element->bytes == sizeof half) {
        infinite = (half & 0x7fff) == 0x7c00;
        memcpy(to, &half, sizeof half);
    } else if (element->bytes == sizeof single) {
        infinite = isinf(single);
        memcpy(to, &single, sizeof single);
    } else {
        infinite = isinf(value);
        memcpy(to, &value, sizeof value);
    }
    if (infinite && !wants_infinity) {
        return out_of_range(text, element, complaint);
    }
    return true;
}

static bool parse_bool(unsigned char *to, const char *text, yk_complaint *complaint)
{
    if (strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0) {
        *to = 1;
    } else if (strcmp(text, "0") == 0 || strcasecmp(text, "false") == 0) {
        *to = 0;
    } else {
        return yk_complain(complaint, "'%s' is not a bool: write 0 or 1", text);
    }
    return true;
}

static bool parse_component(unsigned char *to, const char *text,
                            const yk_element *element, yk_complaint *complaint)
{
    if (element->code == 'f') {
        return parse_float(to, text, element, complaint);
    }
    if (element->code == 'b') {
        return parse_bool(to, text, complaint);
    }
    return parse_integer(to, text, element, complaint);
}

static bool parse_components(yk_scalar *scalar, const char *text,
                             yk_complaint *complaint)
{
    unsigned given = 1;

    for (const char *c = text; *c != '\0'; c++) {
        given += *c == ',';
    }
    if (given != scalar->width) {
        return yk_complain(complaint, "%u value%s given, %u would fit", given,
                           given == 1 ? "" : "s", scalar->width);
    }
    for (unsigned i = 0; i < scalar->width; i++) {
        const size_t length = strcspn(text, ",");
        char one[COMPONENT_TEXT];

        if (length >= sizeof one) {
            return yk_complain(complaint, "'%.32s...' is too long for a number", text);
        }
        memcpy(one, text, length);
        one[length] = '\0';
        if (!parse_component(scalar->data + (size_t)i * scalar->element->bytes, one,
                             scalar->element, complaint)) {
            return false;
        }
        text += length + 1;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_bytes(yk_scalar *scalar, const char *text, yk_complaint *complaint)
{
    const size_t digits = strlen(text);

    if (digits == 0 || digits % 2 != 0) {
        return yk_complain(complaint,
                           "%zu hexadecimal digits given; two for each byte would fit",
                           digits);
    }
    scalar->width = 1;
    scalar->bytes = digits / 2;
    scalar->data = calloc(scalar->bytes, 1);
    if (scalar->data == NULL) {
        return yk_complain(complaint, "out of memory");
    }
    for (size_t i = 0; i < digits; i++) {
        const int digit = hex_digit(text[i]);

        if (digit < 0) {
            return yk_complain(complaint, "'%c' is not a hexadecimal digit", text[i]);
        }
        scalar->data[i / 2] = (unsigned char)(scalar->data[i / 2] * 16 + digit);
    }
    return true;
}

static bool scalar_parse_number(yk_scalar *scalar, const char *type, size_t length,
                                const char *text, yk_complaint *complaint)
{
    scalar->element = parse_type(type, length, &scalar->width);
    if (scalar->element == NULL) {
        return yk_complain(complaint, "'%.*s' is not a type of value", (int)length,
                           type);
    }
    if (scalar->element->code == 'c') {
        return yk_complain(complaint, "complex values are given as vectors: %s:RE,IM",
                           scalar->element->bytes == 8 ? "float32x2" : "float64x2");
    }
    scalar->bytes =
        (size_t)(scalar->width == 3 ? 4 : scalar->width) * scalar->element->bytes;
    scalar->data = calloc(scalar->bytes, 1);
    if (scalar->data == NULL) {
        return yk_complain(complaint, "out of memory");
    }
    return parse_components(scalar, text, complaint);
}

bool yk_scalar_parse(yk_scalar *scalar, const char *type, size_t length,
                     const char *text, yk_complaint *complaint)
{
    const bool plain = length == 5 && memcmp(type, "bytes", 5) == 0;
    bool good;

    memset(scalar, 0, sizeof *scalar);
    good = plain ? parse_bytes(scalar, text, complaint)
                 : scalar_parse_number(scalar, type, length, text, complaint);
    if (!good) {
        yk_scalar_fini(scalar);
    }
    return good;
}

void yk_scalar_fini(yk_scalar *scalar)
{
    free(scalar->data);
    memset(scalar, 0, sizeof *scalar);
}
