/* SPDX-License-Identifier: MIT */
#include "cli/formats/npy.h"

#include <stdio.h>
#include <string.h>

#include "cli/number.h"

/* The format: numpy.lib.format, "Format Version 1.0" to "3.0". */
enum { MAGIC_BYTES = 6, PREFIX_1 = 10, PREFIX_2 = 12, ALIGNMENT = 64 };

static const char magic[MAGIC_BYTES] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

/* The text of a header while it is read. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

typedef struct fields {
    bool descr;
    bool order;
    bool shape;
    bool fortran;
} fields;

static void skip_space(cursor *text)
{
    while (text->at < text->end &&
           (*text->at == ' ' || *text->at == '\n' || *text->at == '\t')) {
        text->at++;
    }
}

static bool npy_take_char(cursor *text, char c)
{
    skip_space(text);
    if (text->at == text->end || *text->at != c) {
        return false;
    }
    text->at++;
    return true;
}

static bool take_word(cursor *text, const char *word)
{
    const size_t length = strlen(word);

    skip_space(text);
    if ((size_t)(text->end - text->at) < length ||
        memcmp(text->at, word, length) != 0) {
        return false;
    }
    text->at += length;
    return true;
}

static bool take_string(cursor *text, char *to, size_t size)
{
    size_t length = 0;
    char quote;

    skip_space(text);
    if (text->at == text->end || (*text->at != '\'' && *text->at != '"')) {
        return false;
    }
    quote = *text->at++;
    for (; text->at < text->end && *text->at != quote; text->at++) {
        if (length + 1 == size) {
            return false;
        }
        to[length++] = *text->at;
    }
    to[length] = '\0';
    return npy_take_char(text, quote);
}

static bool npy_complain(yk_complaint *complaint, const char *what)
{
    return yk_complain(complaint, "the .npy header is damaged: %s", what);
}

static bool read_type(yk_npy *npy, const char *descr, yk_complaint *complaint)
{
    size_t bytes = 0;

    if (strchr("<>|=", descr[0]) != NULL && descr[0] != '\0' && descr[1] != '\0' &&
        yk_parse_size(descr + 2, &bytes)) {
        npy->shape.element = yk_element_coded(descr[1], bytes);
    }
    if (npy->shape.element == NULL) {
        return yk_complain(complaint, "elements of type '%s' cannot be used; %s can",
                           descr, yk_element_names());
    }
    npy->is_swapped = descr[0] == '>' && bytes > 1;
    return true;
}

static bool take_type(yk_npy *npy, cursor *text, yk_complaint *complaint)
{
    char descr[32];

    skip_space(text);
    if (text->at < text->end && *text->at == '[') {
        return yk_complain(complaint, "elements that are structures cannot be used; "
                                      "store each field as an array of its own");
    }
    if (!take_string(text, descr, sizeof descr)) {
        return npy_complain(complaint, "'descr' is not a type");
    }
    return read_type(npy, descr, complaint);
}

static bool take_axis(yk_shape *array, cursor *text, yk_complaint *complaint)
{
    char digits[24];
    size_t length = 0;

    skip_space(text);
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9' &&
           length + 1 < sizeof digits) {
        digits[length++] = *text->at++;
    }
    digits[length] = '\0';
    if (array->axes == YK_SHAPE_AXES) {
        return yk_complain(complaint, "the array has more than %d axes", YK_SHAPE_AXES);
    }
    if (!yk_parse_size(digits, &array->shape[array->axes])) {
        return npy_complain(complaint, "'shape' is not a tuple of sizes");
    }
    array->axes++;
    /* Python 2 wrote long integers so. */
    (void)npy_take_char(text, 'L');
    return true;
}

static bool take_shape(yk_shape *array, cursor *text, yk_complaint *complaint)
{
    bool comma = false;

    if (!npy_take_char(text, '(')) {
        return npy_complain(complaint, "'shape' is not a tuple of sizes");
    }
    while (!npy_take_char(text, ')')) {
        if (array->axes > 0 && !comma) {
            return npy_complain(complaint, "'shape' is not a tuple of sizes");
        }
        if (!take_axis(array, text, complaint)) {
            return false;
        }
        comma = npy_take_char(text, ',');
    }
    if (array->axes == 1 && !comma) {
        return npy_complain(complaint, "'shape' is not a tuple of sizes");
    }
    return true;
}

static bool take_order(bool *fortran, cursor *text, yk_complaint *complaint)
{
    *fortran = take_word(text, "True");
    return *fortran || take_word(text, "False") ||
           npy_complain(complaint, "'fortran_order' is neither True nor False");
}

static bool take_field(yk_npy *npy, fields *seen, cursor *text, yk_complaint *complaint)
{
    char key[32];

    if (!take_string(text, key, sizeof key) || !npy_take_char(text, ':')) {
        return npy_complain(complaint, "it is not a dictionary");
    }
    if (strcmp(key, "descr") == 0 && !seen->descr) {
        seen->descr = true;
        return take_type(npy, text, complaint);
    }
    if (strcmp(key, "fortran_order") == 0 && !seen->order) {
        seen->order = true;
        return take_order(&seen->fortran, text, complaint);
    }
    if (strcmp(key, "shape") == 0 && !seen->shape) {
        seen->shape = true;
        return take_shape(&npy->shape, text, complaint);
    }
    return npy_complain(complaint,
                        "it has other keys than descr, fortran_order and shape");
}

/* With at most one axis longer than 1 the two orders are the same. */
static bool order_matters(const yk_shape *array)
{
    unsigned longer = 0;

    for (unsigned i = 0; i < array->axes; i++) {
        longer += array->shape[i] > 1;
    }
    return longer > 1;
}

static bool read_dictionary(yk_npy *npy, cursor text, yk_complaint *complaint)
{
    fields seen = {false, false, false, false};
    bool comma = true;

    if (!npy_take_char(&text, '{')) {
        return npy_complain(complaint, "it is not a dictionary");
    }
    while (!npy_take_char(&text, '}')) {
        if (!comma) {
            return npy_complain(complaint, "it is not a dictionary");
        }
        if (!take_field(npy, &seen, &text, complaint)) {
            return false;
        }
        comma = npy_take_char(&text, ',');
    }
    if (!seen.descr || !seen.order || !seen.shape) {
        return npy_complain(complaint, "descr, fortran_order or shape is missing");
    }
    npy->is_fortran = seen.fortran && order_matters(&npy->shape);
    return true;
}

/* Finds the dictionary's text, and with it where the elements begin. */
static bool find_header(yk_npy *npy, cursor *text, const void *file, size_t size,
                        yk_complaint *complaint)
{
    const unsigned char *bytes = file;
    size_t prefix;
    size_t length;

    if (size < PREFIX_1 || memcmp(bytes, magic, MAGIC_BYTES) != 0) {
        return yk_complain(complaint, "this is not an .npy file");
    }
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0) {
        return yk_complain(complaint, "version %u.%u of the .npy format is not known",
                           bytes[6], bytes[7]);
    }
    prefix = bytes[6] == 1 ? PREFIX_1 : PREFIX_2;
    if (size < prefix) {
        return yk_complain(complaint, "the file is cut short in its header");
    }
    length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (prefix == PREFIX_2) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    if (size - prefix < length) {
        return yk_complain(complaint, "the file is cut short in its header");
    }
    text->at = (const char *)bytes + prefix;
    text->end = text->at + length;
    npy->offset = prefix + length;
    return true;
}

bool yk_npy_parse(yk_npy *npy, const void *file, size_t size, yk_complaint *complaint)
{
    cursor text = {NULL, NULL};

    memset(npy, 0, sizeof *npy);
    if (!find_header(npy, &text, file, size, complaint) ||
        !read_dictionary(npy, text, complaint) ||
        !yk_shape_measure(&npy->shape, complaint)) {
        return false;
    }
    if (size - npy->offset < npy->shape.bytes) {
        char what[256];

        yk_shape_describe(what, sizeof what, &npy->shape);
        return yk_complain(complaint,
                           "the file is cut short: an array of %s takes %zu bytes, "
                           "%zu are there",
                           what, npy->shape.bytes, size - npy->offset);
    }
    return true;
}

size_t yk_npy_header(char text[YK_NPY_HEADER_BYTES], const yk_shape *array)
{
    const size_t capacity = YK_NPY_HEADER_BYTES - ALIGNMENT;
    size_t used = PREFIX_1;
    size_t length;

    used += (size_t)snprintf(text + used, capacity - used,
                             "{'descr': '%c%c%u', 'fortran_order': False, 'shape': (",
                             array->element->bytes == 1 ? '|' : '<',
                             array->element->code, array->element->bytes);
    for (unsigned i = 0; i < array->axes; i++) {
        used += (size_t)snprintf(text + used, capacity - used, "%zu%s", array->shape[i],
                                 i + 1 < array->axes ? ", "
                                 : array->axes == 1  ? ","
                                                     : "");
    }
    used += (size_t)snprintf(text + used, capacity - used, "), }");
    length = (used + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(text + used, ' ', length - used - 1);
    text[length - 1] = '\n';
    memcpy(text, magic, MAGIC_BYTES);
    text[6] = 1;
    text[7] = 0;
    text[8] = (char)((length - PREFIX_1) & 0xff);
    text[9] = (char)((length - PREFIX_1) >> 8);
    return length;
}
