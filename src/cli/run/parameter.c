/* SPDX-License-Identifier: MIT */
#include "cli/run/parameter.h"

#include <stdio.h>
#include <string.h>

enum { FITTING_BYTES = 128 };

/* What to write for a parameter, by its kind. */
static void parameter_suggest(char *text, size_t size,
                              const yoke_parameter_info *parameter)
{
    yk_cl_type type;

    if (parameter->kind == YOKE_PARAMETER_IMAGE ||
        parameter->kind == YOKE_PARAMETER_SAMPLER) {
        (void)snprintf(text, size,
                       "an image or a sampler, which only programs can pass "
                       "(yoke_arg_image(), yoke_sampler())");
    } else if (parameter->kind == YOKE_PARAMETER_LOCAL) {
        (void)snprintf(text, size, "__local memory; local:BYTES would fit");
    } else if (parameter->kind == YOKE_PARAMETER_ARRAY) {
        (void)snprintf(text, size,
                       "a pointer; an array would fit (in:FILE, items:FILE, "
                       "out:FILE:TYPE:SHAPE, inout:FILE, ...), or null");
    } else if (yk_cl_type_parse(&type, parameter->type) && !type.pointer) {
        char fitting[FITTING_BYTES];

        yk_element_fitting(fitting, sizeof fitting, &type);
        (void)snprintf(text, size, "a value; %s:VALUE would fit", fitting);
    } else {
        (void)snprintf(text, size, "a value; bytes:HEX would fit");
    }
}

static bool kind_fits(const yoke_parameter_info *parameter, const yk_argument *argument)
{
    switch (parameter->kind) {
    case YOKE_PARAMETER_ARRAY:
        return argument->kind == YOKE_ARG_ARRAY || argument->kind == YOKE_ARG_NULL;
    case YOKE_PARAMETER_SCALAR:
        return argument->kind == YOKE_ARG_SCALAR;
    case YOKE_PARAMETER_LOCAL:
        return argument->kind == YOKE_ARG_LOCAL;
    case YOKE_PARAMETER_IMAGE:
    case YOKE_PARAMETER_SAMPLER:
        return false;
    case YOKE_PARAMETER_UNKNOWN:
        break;
    }
    return true;
}

/* Where a pixel of a picture has as many channels as the parameter's vectors have components, or
 * a part, or a block of one, is a number of vectors. */
static bool check_vectors(const yk_cl_type *type, const yk_argument *argument,
                          const yk_array *array, yk_complaint *complaint)
{
    const yk_shape *shape = &array->shape;
    const size_t width = type->width == 3 ? 4 : type->width;
    const size_t channels = shape->axes == 3 ? shape->shape[2] : 1;

    if (yk_array_file_is_picture(&array->file) && channels != width) {
        return yk_complain(
            complaint,
            "the picture has %zu channel%s, and the parameter's vectors are "
            "%zu %s",
            channels, channels == 1 ? "" : "s", width, shape->element->name);
    }
    return array->division.bytes % (width * type->bytes) == 0 ||
           yk_complain(complaint,
                       "%s has %zu %s, which is not a whole number of the parameter's "
                       "vectors, each of them %zu bytes",
                       argument->use->parts == YOKE_PARTS_WHOLE ? "the array"
                                                                : "a part",
                       array->division.bytes / shape->element->bytes,
                       shape->element->name, width * type->bytes);
}

static bool parameter_check_array(const yoke_parameter_info *parameter,
                                  const yk_argument *argument, const yk_array *array,
                                  yk_complaint *complaint)
{
    const yk_element *element = array->shape.element;
    char fitting[FITTING_BYTES];
    yk_cl_type type;

    if (!yk_cl_type_parse(&type, parameter->type) || !type.pointer) {
        return true;
    }
    if (yk_element_fits_pointer(element, &type)) {
        return type.width == 1 || check_vectors(&type, argument, array, complaint);
    }
    yk_element_fitting(fitting, sizeof fitting, &type);
    if (yk_argument_is_read(argument)) {
        return yk_complain(
            complaint,
            "the array's elements are %s; %s would fit (convert the array "
            "with a.astype('%.*s'))",
            element->name, fitting, (int)strcspn(fitting, " "), fitting);
    }
    return yk_complain(complaint, "the array's elements are %s; %s would fit",
                       element->name, fitting);
}

static bool check_size(const yoke_parameter_info *parameter, const yk_scalar *scalar,
                       yk_complaint *complaint)
{
    if (parameter->bytes == 0 || parameter->bytes == scalar->bytes) {
        return true;
    }
    return yk_complain(complaint, "%zu bytes given; %zu would fit", scalar->bytes,
                       parameter->bytes);
}

static bool check_value(const yoke_parameter_info *parameter, const yk_scalar *scalar,
                        yk_complaint *complaint)
{
    char fitting[FITTING_BYTES];
    yk_cl_type type;

    if (scalar->element == NULL || !yk_cl_type_parse(&type, parameter->type) ||
        type.pointer) {
        return check_size(parameter, scalar, complaint);
    }
    if (yk_element_fits_value(scalar->element, scalar->width, &type)) {
        return true;
    }
    yk_element_fitting(fitting, sizeof fitting, &type);
    if (scalar->width > 1) {
        return yk_complain(complaint, "a value of type %sx%u given; %s would fit",
                           scalar->element->name, scalar->width, fitting);
    }
    return yk_complain(complaint, "a value of type %s given; %s would fit",
                       scalar->element->name, fitting);
}

static const char *kind_given(const yk_argument *argument)
{
    switch (argument->kind) {
    case YOKE_ARG_ARRAY:
        return "an array";
    case YOKE_ARG_LOCAL:
        return "__local memory";
    case YOKE_ARG_NULL:
        return "null";
    default:
        return "a value";
    }
}

bool yk_parameter_check(const yoke_parameter_info *parameter,
                        const yk_argument *argument, const yk_array *array,
                        yk_complaint *complaint)
{
    if (!kind_fits(parameter, argument)) {
        char wanted[2 * FITTING_BYTES];

        parameter_suggest(wanted, sizeof wanted, parameter);
        return yk_complain(complaint, "%s given, but the parameter is %s",
                           kind_given(argument), wanted);
    }
    if (argument->kind == YOKE_ARG_ARRAY) {
        return parameter_check_array(parameter, argument, array, complaint);
    }
    if (argument->kind == YOKE_ARG_SCALAR) {
        return check_value(parameter, &argument->scalar, complaint);
    }
    return true;
}

bool yk_parameter_complain(yk_complaint *complaint, size_t number,
                           const yk_argument *argument,
                           const yoke_parameter_info *parameter)
{
    if (parameter == NULL || parameter->type[0] == '\0') {
        return yk_complain_about(complaint, "argument %zu, '%s'", number,
                                 argument->text);
    }
    return yk_complain_about(complaint, "argument %zu, '%s', for parameter '%s %s'",
                             number, argument->text, parameter->type, parameter->name);
}

void yk_parameter_list(char *text, size_t size, const yoke_parameter_info *parameters,
                       size_t count)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        const char *type = parameters[i].type[0] != '\0' ? parameters[i].type : "?";

        used += (size_t)snprintf(
            text + used, size - used, "%s%s%s%s", i > 0 ? ", " : "", type,
            parameters[i].name[0] != '\0' ? " " : "", parameters[i].name);
    }
}
