/* SPDX-License-Identifier: MIT */
#include "cli/run/argument.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/number.h"
#include "cli/run/modifier.h"
#include "cli/run/scalar.h"

static const yk_array_use uses[] = {
    {"in", YOKE_ACCESS_READ, YOKE_PARTS_WHOLE, false, false},
    {"items", YOKE_ACCESS_READ, YOKE_PARTS_ITEM, false, false},
    {"out", YOKE_ACCESS_WRITE, YOKE_PARTS_ITEM, false, false},
    {"out-some", YOKE_ACCESS_WRITE, YOKE_PARTS_ITEM, false, true},
    {"inout", YOKE_ACCESS_READ_WRITE, YOKE_PARTS_ITEM, false, false},
    {"update", YOKE_ACCESS_READ_WRITE, YOKE_PARTS_ITEM, true, false},
    {"out-whole", YOKE_ACCESS_WRITE, YOKE_PARTS_WHOLE, false, false},
    {"inout-whole", YOKE_ACCESS_READ_WRITE, YOKE_PARTS_WHOLE, false, false},
};

static const yk_array_use *find_use(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        if (strlen(uses[i].name) == length && memcmp(uses[i].name, name, length) == 0) {
            return &uses[i];
        }
    }
    return NULL;
}

bool yk_argument_is_read(const yk_argument *argument)
{
    return argument->kind == YOKE_ARG_ARRAY && !argument->is_created;
}

/* ---- files ---- */

/* Cuts "@N" off the end of a file's name, if it is there. */
static bool argument_take_first(yk_argument *argument, char *file,
                                yk_complaint *complaint)
{
    char *mark = strrchr(file, '@');

    if (mark == NULL || mark[1] == '\0' ||
        strspn(mark + 1, "0123456789") != strlen(mark + 1)) {
        return true;
    }
    if (argument->by_axis) {
        return yk_complain(complaint, "/at=N and @N exclude each other");
    }
    if (!yk_parse_size(mark + 1, &argument->first)) {
        return yk_complain(complaint, "%s is too big a number", mark);
    }
    argument->by_axis = true;
    *mark = '\0';
    return true;
}

static bool argument_copy_text(char **to, const char *from, size_t length,
                               yk_complaint *complaint)
{
    *to = strndup(from, length);
    return *to != NULL || yk_complain(complaint, "out of memory");
}

static bool check_names(const yk_argument *argument, yk_complaint *complaint)
{
    if (argument->file[0] == '\0') {
        return yk_complain(complaint, "the file's name is missing");
    }
    if (argument->result != NULL && argument->result[0] == '\0') {
        return yk_complain(complaint, "the result's name is missing after '='");
    }
    if (argument->result != NULL && strcmp(argument->result, "-") == 0) {
        return yk_complain(
            complaint, argument->is_created
                           ? "results are written to files; '-' is standard input"
                           : "'-' is standard input; '-=RESULT' names a file to write");
    }
    if (argument->is_created && strcmp(argument->file, "-") == 0) {
        return yk_complain(complaint,
                           "results are written to files; '-' is standard input");
    }
    return true;
}

/* The '=' between a file and its result: the one after ".npy" or ".npy@N" if there is
 * one, since folders may have '=' in their names, otherwise the last. */
static const char *find_result(const char *text)
{
    for (const char *at = strstr(text, ".npy"); at != NULL;
         at = strstr(at + 1, ".npy")) {
        const char *after = at + 4;

        if (*after == '@') {
            after += 1 + strspn(after + 1, "0123456789");
        }
        if (*after == '=') {
            return after;
        }
    }
    return strrchr(text, '=');
}

/* "48" or "1024x768" */
static bool parse_shape(yk_shape *array, const char *text, yk_complaint *complaint)
{
    const char *at = text;

    for (;;) {
        if (array->axes == YK_SHAPE_AXES) {
            return yk_complain(complaint, "a shape has at most %d axes", YK_SHAPE_AXES);
        }
        at = yk_scan_size(at, &array->shape[array->axes++]);
        if (at == NULL || (*at != '\0' && *at != 'x')) {
            return yk_complain(complaint, "'%s' is not a shape like 48 or 1024x768",
                               text);
        }
        if (*at == '\0') {
            return yk_shape_measure(array, complaint);
        }
        at++;
    }
}

/* The last colon of a text that ends at `end`; NULL if it has no colon. */
static const char *last_field(const char *text, const char *end)
{
    return memrchr(text, ':', (size_t)(end - text));
}

static const yk_element *field_element(const char *colon, const char *end)
{
    return yk_element_named(colon + 1, (size_t)(end - colon - 1));
}

/* Whether a field that names no type was meant to: behind the ending of a file's name, or in
 * front of a shape. */
static bool is_wrong_type(const char *text, const char *colon, const char *end)
{
    static const char *const endings[] = {".npy", ".png", ".pgm",
                                          ".ppm", ".raw", ".bin"};
    const size_t length = (size_t)(colon - text);

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (length > 4 && memcmp(colon - 4, endings[i], 4) == 0) {
            return true;
        }
    }
    return *end == ':' && end[1] != '\0' &&
           strspn(end + 1, "0123456789x") == strlen(end + 1);
}

/* Cuts ":TYPE" or ":TYPE:SHAPE" off the end, if it is there; the name itself may have colons. */
static bool take_given(yk_argument *argument, char *text, yk_complaint *complaint)
{
    char *end = text + strlen(text);
    const char *last = last_field(text, end);
    const char *before = last != NULL ? last_field(text, last) : NULL;
    const char *shape =
        before != NULL && field_element(before, last) != NULL ? last : NULL;
    const char *type = shape != NULL ? before : last;
    const char *wrong =
        before != NULL && is_wrong_type(text, before, last) ? before : last;

    if (type == NULL) {
        return true;
    }
    argument->given.element = field_element(type, shape != NULL ? shape : end);
    if (argument->given.element == NULL) {
        return !is_wrong_type(text, wrong, wrong == last ? end : last) ||
               yk_complain(complaint, "'%.*s' is not an element type; those are %s",
                           (int)strcspn(wrong + 1, ":"), wrong + 1, yk_element_names());
    }
    if (shape != NULL && !parse_shape(&argument->given, shape + 1, complaint)) {
        return false;
    }
    text[type - text] = '\0';
    return true;
}

/* FILE[@N][:TYPE[:SHAPE]], of which `length` characters count. */
static bool take_file_name(yk_argument *argument, const char *text, size_t length,
                           yk_complaint *complaint)
{
    return argument_copy_text(&argument->file, text, length, complaint) &&
           take_given(argument, argument->file, complaint) &&
           argument_take_first(argument, argument->file, complaint);
}

/* A file to read, with =RESULT if it is written, too. */
static bool take_existing(yk_argument *argument, const char *text,
                          yk_complaint *complaint)
{
    const bool written = (argument->use->access & YOKE_ACCESS_WRITE) != 0;
    const char *mark = written ? find_result(text) : NULL;
    const size_t length = mark != NULL ? (size_t)(mark - text) : strlen(text);

    if (!take_file_name(argument, text, length, complaint)) {
        return false;
    }
    if (written) {
        const char *result = mark != NULL ? mark + 1 : argument->file;

        if (!argument_copy_text(&argument->result, result, strlen(result), complaint)) {
            return false;
        }
    }
    return check_names(argument, complaint);
}

static bool take_created(yk_argument *argument, const char *text,
                         yk_complaint *complaint)
{
    return take_file_name(argument, text, strlen(text), complaint) &&
           argument_copy_text(&argument->result, argument->file, strlen(argument->file),
                              complaint) &&
           check_names(argument, complaint);
}

/* Whether a text ends in ":TYPE" or ":TYPE:SHAPE". */
static bool has_type(const char *text)
{
    const char *end = text + strlen(text);
    const char *last = last_field(text, end);
    const char *before = last != NULL ? last_field(text, last) : NULL;

    return last != NULL && (field_element(last, end) != NULL ||
                            (before != NULL && field_element(before, last) != NULL));
}

static bool parse_array(yk_argument *argument, const char *colon,
                        yk_complaint *complaint)
{
    const char *end = argument->text + strlen(argument->use->name);

    argument->kind = YOKE_ARG_ARRAY;
    argument->is_created = argument->use->access == YOKE_ACCESS_WRITE &&
                           (!argument->use->leaves_some || has_type(colon + 1));
    if (!yk_modifiers_take(argument, end, colon, complaint)) {
        return false;
    }
    return argument->is_created ? take_created(argument, colon + 1, complaint)
                                : take_existing(argument, colon + 1, complaint);
}

static bool parse_local(yk_argument *argument, const char *text,
                        yk_complaint *complaint)
{
    argument->kind = YOKE_ARG_LOCAL;
    if (!yk_parse_size(text, &argument->local_bytes) || argument->local_bytes == 0) {
        return yk_complain(complaint, "'%s' is not a number of bytes", text);
    }
    return true;
}

/* "x" is 1, "z" is 3; 0: the value is another text. */
static unsigned range_axis_of(const char *value)
{
    return value[0] >= 'x' && value[0] <= 'z' && value[1] == '\0'
               ? (unsigned)(value[0] - 'x') + 1
               : 0;
}

bool yk_argument_set_range(yk_argument *argument, const yoke_range *range,
                           yk_complaint *complaint)
{
    const size_t length = strcspn(argument->text, ":");
    char value[24];

    if (argument->range_axis == 0) {
        return true;
    }
    if (argument->range_axis > range->dimensions) {
        return yk_complain(complaint, "the range has only %u dimension%s", range->dimensions,
                           range->dimensions == 1 ? "" : "s");
    }
    (void)snprintf(value, sizeof value, "%zu", range->size[argument->range_axis - 1]);
    yk_scalar_fini(&argument->scalar);
    return yk_scalar_parse(&argument->scalar, argument->text, length, value, complaint);
}

static bool argument_parse_text(yk_argument *argument, yk_complaint *complaint)
{
    const char *text = argument->text;
    const char *colon = strchr(text, ':');
    const size_t word = strcspn(text, "/:");
    const size_t length = strcspn(text, ":");

    if (strcmp(text, "null") == 0) {
        argument->kind = YOKE_ARG_NULL;
        return true;
    }
    if (colon == NULL) {
        return yk_complain(complaint, "it has the form KIND:VALUE, such as in:a.npy or "
                                      "int32:5, or is null");
    }
    argument->use = find_use(text, word);
    if (argument->use != NULL) {
        return parse_array(argument, colon, complaint);
    }
    if (length == 5 && memcmp(text, "local", 5) == 0) {
        return parse_local(argument, colon + 1, complaint);
    }
    if (yk_scalar_is_type(text, length)) {
        argument->kind = YOKE_ARG_SCALAR;
        argument->range_axis = range_axis_of(colon + 1);
        return argument->range_axis != 0 ||
               yk_scalar_parse(&argument->scalar, text, length, colon + 1, complaint);
    }
    return yk_complain(
        complaint,
        "'%.*s' is not a kind of argument; arrays are in, items, out, "
        "out-some, inout, update, out-whole and inout-whole, values are int8 to "
        "int64, uint8 to uint64, float16, float32, float64 (with x2, x3, "
        "x4, x8 or x16 for a vector) and bytes, scratch memory is local, and an absent array "
        "is null",
        (int)length, text);
}

bool yk_argument_parse(yk_argument *argument, const char *text, yk_complaint *complaint)
{
    memset(argument, 0, sizeof *argument);
    argument->text = text;
    if (!argument_parse_text(argument, complaint)) {
        yk_argument_fini(argument);
        return false;
    }
    return true;
}

void yk_argument_fini(yk_argument *argument)
{
    free(argument->file);
    free(argument->result);
    free(argument->ragged_file);
    yk_scalar_fini(&argument->scalar);
    memset(argument, 0, sizeof *argument);
}
