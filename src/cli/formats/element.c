/* SPDX-License-Identifier: MIT */
#include "cli/formats/element.h"

#include <stdio.h>
#include <string.h>

#include "cli/number.h"

static const yk_element elements[] = {
    {"bool", 'b', 1},      {"int8", 'i', 1},        {"uint8", 'u', 1},
    {"int16", 'i', 2},     {"uint16", 'u', 2},      {"int32", 'i', 4},
    {"uint32", 'u', 4},    {"int64", 'i', 8},       {"uint64", 'u', 8},
    {"float16", 'f', 2},   {"float32", 'f', 4},     {"float64", 'f', 8},
    {"complex64", 'c', 8}, {"complex128", 'c', 16},
};

typedef struct cl_name {
    const char *name;
    char code;
    unsigned bytes;
} cl_name;

static const cl_name cl_names[] = {
    {"char", 'i', 1},           {"signed char", 'i', 1},   {"uchar", 'u', 1},
    {"unsigned char", 'u', 1},  {"short", 'i', 2},         {"ushort", 'u', 2},
    {"unsigned short", 'u', 2}, {"int", 'i', 4},           {"uint", 'u', 4},
    {"unsigned int", 'u', 4},   {"unsigned", 'u', 4},      {"long", 'i', 8},
    {"ulong", 'u', 8},          {"unsigned long", 'u', 8}, {"half", 'f', 2},
    {"float", 'f', 4},          {"double", 'f', 8},
};

static const char *const qualifiers[] = {
    "const",    "volatile",  "restrict",   "__restrict", "__restrict__",
    "__global", "global",    "__constant", "constant",   "__local",
    "local",    "__private", "private",
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

const yk_element *yk_element_named(const char *name, size_t length)
{
    for (size_t i = 0; i < LENGTH(elements); i++) {
        if (strlen(elements[i].name) == length &&
            memcmp(elements[i].name, name, length) == 0) {
            return &elements[i];
        }
    }
    return NULL;
}

const yk_element *yk_element_coded(char code, size_t bytes)
{
    for (size_t i = 0; i < LENGTH(elements); i++) {
        if (elements[i].code == code && elements[i].bytes == bytes) {
            return &elements[i];
        }
    }
    return NULL;
}

const char *yk_element_names(void)
{
    return "bool, int8 to int64, uint8 to uint64, float16, float32, float64, "
           "complex64, "
           "complex128";
}

static bool is_qualifier(const char *word)
{
    for (size_t i = 0; i < LENGTH(qualifiers); i++) {
        if (strcmp(word, qualifiers[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Joins the words of a type without qualifiers, and takes one '*' off. */
static bool strip_type(char *plain, size_t size, const char *text, bool *pointer)
{
    char copy[128];
    char *rest = copy;
    char *word;

    *pointer = false;
    plain[0] = '\0';
    if (strlen(text) >= sizeof copy || strlen(text) >= size) {
        return false;
    }
    strcpy(copy, text);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == '*') {
            if (*pointer) {
                return false;
            }
            *pointer = true;
            *c = ' ';
        }
    }
    while ((word = strsep(&rest, " \t")) != NULL) {
        if (*word == '\0' || is_qualifier(word)) {
            continue;
        }
        if (plain[0] != '\0') {
            strcat(plain, " ");
        }
        strcat(plain, word);
    }
    return true;
}

static bool element_is_vector_width(size_t width)
{
    return width == 2 || width == 3 || width == 4 || width == 8 || width == 16;
}

/* Cuts a vector type's width off its name; 1 if there is none. */
static unsigned take_width(char *name)
{
    char *digits = name + strcspn(name, "0123456789");
    size_t width;

    if (*digits == '\0' || !yk_parse_size(digits, &width) ||
        !element_is_vector_width(width)) {
        return 1;
    }
    *digits = '\0';
    return (unsigned)width;
}

bool yk_cl_type_parse(yk_cl_type *type, const char *text)
{
    char name[128];

    if (!strip_type(name, sizeof name, text, &type->pointer)) {
        return false;
    }
    type->width = take_width(name);
    for (size_t i = 0; i < LENGTH(cl_names); i++) {
        if (strcmp(name, cl_names[i].name) == 0) {
            type->code = cl_names[i].code;
            type->bytes = cl_names[i].bytes;
            return true;
        }
    }
    return false;
}

static bool is_integer(char code)
{
    return code == 'b' || code == 'i' || code == 'u';
}

bool yk_element_fits_pointer(const yk_element *element, const yk_cl_type *type)
{
    if (element->code == 'c') {
        return type->code == 'f' && element->bytes == 2 * type->bytes;
    }
    return is_integer(element->code) == is_integer(type->code) &&
           element->bytes == type->bytes;
}

bool yk_element_fits_value(const yk_element *element, unsigned width,
                           const yk_cl_type *type)
{
    return element->code != 'c' && width == type->width &&
           yk_element_fits_pointer(element, type);
}

void yk_element_fitting(char *text, size_t size, const yk_cl_type *type)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < LENGTH(elements); i++) {
        const yk_element *element = &elements[i];
        const bool fits = type->pointer
                              ? yk_element_fits_pointer(element, type)
                              : yk_element_fits_value(element, type->width, type);

        if (!fits || used >= size) {
            continue;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 used > 0 ? " or " : "", element->name);
        if (!type->pointer && type->width > 1 && used < size) {
            used += (size_t)snprintf(text + used, size - used, "x%u", type->width);
        }
    }
}
