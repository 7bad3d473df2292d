/* SPDX-License-Identifier: MIT */
#include "cli/run/array.h"

#include <string.h>

#include "cli/formats/format.h"
#include "yoke/memory.h"

/* An element for each work-item, x last. */
static bool shape_of_range(yk_shape *shape, const yk_element *element,
                           const yoke_range *range, yk_complaint *complaint)
{
    shape->element = element;
    shape->axes = range->dimensions;
    for (unsigned i = 0; i < range->dimensions; i++) {
        shape->shape[i] = range->size[range->dimensions - 1 - i];
    }
    return yk_shape_measure(shape, complaint);
}

static bool array_create(yk_array *array, const yoke_range *range, const yk_shape *like,
                         yk_complaint *complaint)
{
    const yk_shape *given = &array->argument->given;

    if (given->axes == 0 && given->element != NULL) {
        return shape_of_range(&array->shape, given->element, range, complaint);
    }
    if (given->element == NULL && like == NULL) {
        return yk_complain(
            complaint,
            "without a TYPE it would be as the first array that is read, and none "
            "is; as in %s:c.npy:float32:1024x768, give its type and shape",
            array->argument->use->name);
    }
    array->shape = given->element != NULL ? *given : *like;
    return true;
}

static bool array_open_file(yk_array *array, yk_complaint *complaint)
{
    const yk_argument *argument = array->argument;

    if (!yk_array_file_open(&array->file, argument->file,
                            argument->given.element != NULL ? &argument->given : NULL,
                            complaint)) {
        return yk_complain_about(complaint, "%s", argument->file);
    }
    array->shape = array->file.shape;
    return true;
}

bool yk_array_check_offsets(const yk_array *array, const yk_shape *offsets,
                            yk_complaint *complaint)
{
    const size_t wanted = array->division.offsets;
    const yk_element *element = offsets->element;

    if ((element->code != 'i' && element->code != 'u') ||
        (element->bytes != 4 && element->bytes != 8)) {
        return yk_complain(
            complaint, "offsets are int32, uint32, int64 or uint64, and these are %s",
            element->name);
    }
    if (offsets->count != wanted) {
        return yk_complain(
            complaint,
            "there are %zu offsets; %zu are needed: one more than there are "
            "items",
            offsets->count, wanted);
    }
    return true;
}

static bool array_open_offsets(yk_array *array, yk_complaint *complaint)
{
    const char *file = array->argument->ragged_file;

    return file == NULL ||
           (yk_array_file_open(&array->offsets_file, file, NULL, complaint) &&
            yk_array_check_offsets(array, &array->offsets_file.shape, complaint)) ||
           yk_complain_about(complaint, "%s", file);
}

bool yk_array_open(yk_array *array, const yk_argument *argument,
                   const yoke_range *range, const yk_shape *like,
                   yk_complaint *complaint)
{
    memset(array, 0, sizeof *array);
    array->argument = argument;
    return yk_argument_is_read(argument) ? array_open_file(array, complaint)
                                         : array_create(array, range, like, complaint);
}

/* A file that is changed in place stays of its kind. */
static bool prepare_result(yk_array *array, yk_complaint *complaint)
{
    const yk_argument *argument = array->argument;
    const yk_format *read = array->file.format;
    const bool in_place = read != NULL && strcmp(argument->file, argument->result) == 0;

    if (in_place && read->write == NULL) {
        return yk_complain(complaint,
                           "arrays in %s files are only read; FILE=RESULT names a file "
                           "to write",
                           read->name);
    }
    if (!yk_result_prepare(&array->result, argument->result, in_place ? read : NULL,
                           complaint)) {
        return false;
    }
    return array->result.format->accepts == NULL ||
           array->result.format->accepts(&array->shape, complaint);
}

bool yk_array_divide(yk_array *array, const yoke_range *range, const size_t group[3],
                     yk_complaint *complaint)
{
    const yk_argument *argument = array->argument;

    if (!yk_divide(&array->division, argument, &array->shape, range, group,
                   complaint)) {
        return yk_complain_about(complaint, "%s", argument->file);
    }
    if (!array_open_offsets(array, complaint)) {
        return false;
    }
    return argument->result == NULL || prepare_result(array, complaint) ||
           yk_complain_about(complaint, "%s", argument->result);
}

static bool array_load_offsets(yk_array *array, yoke_pool *pool,
                               yk_complaint *complaint)
{
    const yk_array_file *file = &array->offsets_file;
    void *memory;

    if (file->format == NULL) {
        return true;
    }
    memory = yoke_alloc(pool, file->shape.bytes);
    if (memory == NULL) {
        return yk_complain(complaint, "%s", yoke_pool_error(pool));
    }
    array->offsets = (yk_offsets){memory, file->shape.element->bytes};
    return yk_array_file_load(file, memory, complaint) ||
           yk_complain_about(complaint, "%s", array->argument->ragged_file);
}

bool yk_array_load(yk_array *array, yoke_pool *pool, yk_complaint *complaint)
{
    array->memory = yoke_alloc(pool, array->shape.bytes);
    if (array->memory == NULL) {
        return yk_complain(complaint, "%s", yoke_pool_error(pool));
    }
    if (array->file.format != NULL &&
        !yk_array_file_load(&array->file, array->memory, complaint)) {
        return yk_complain_about(complaint, "%s", array->argument->file);
    }
    return array_load_offsets(array, pool, complaint);
}

bool yk_array_reset(yk_array *array, yk_complaint *complaint)
{
    if (array->argument->result == NULL) {
        return true;
    }
    if (array->file.format == NULL) {
        memset(array->memory, 0, array->shape.bytes);
        return true;
    }
    return yk_array_file_load(&array->file, array->memory, complaint) ||
           yk_complain_about(complaint, "%s", array->argument->file);
}

void yk_array_fini(yk_array *array)
{
    yk_array_file_close(&array->file);
    yk_array_file_close(&array->offsets_file);
    yk_result_fini(&array->result);
    array->memory = NULL;
}
