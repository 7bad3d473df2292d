/* SPDX-License-Identifier: MIT */
#include "cli/run/array.h"

#include <string.h>

#include "yoke/memory.h"

static bool open_file(yk_array *array, yk_complaint *complaint)
{
    const yk_argument *argument = array->argument;

    if (!yk_argument_is_read(argument)) {
        array->npy = argument->created;
        return true;
    }
    if (!yk_npy_open(&array->file, argument->file, complaint)) {
        return yk_complain_about(complaint, "%s", argument->file);
    }
    array->npy = array->file.array;
    return true;
}

bool yk_array_check_offsets(const yk_array *array, const yk_npy *offsets,
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
           (yk_npy_open(&array->offsets_file, file, complaint) &&
            yk_array_check_offsets(array, &array->offsets_file.array, complaint)) ||
           yk_complain_about(complaint, "%s", file);
}

bool yk_array_open(yk_array *array, const yk_argument *argument,
                   const yoke_range *range, const size_t group[3],
                   yk_complaint *complaint)
{
    memset(array, 0, sizeof *array);
    array->argument = argument;
    if (!open_file(array, complaint)) {
        return false;
    }
    if (!yk_divide(&array->division, argument, &array->npy, range, group, complaint)) {
        return yk_complain_about(complaint, "%s", argument->file);
    }
    if (!array_open_offsets(array, complaint)) {
        return false;
    }
    if (argument->result != NULL &&
        !yk_result_prepare(&array->result, argument->result, complaint)) {
        return yk_complain_about(complaint, "%s", argument->result);
    }
    return true;
}

static bool array_load_offsets(yk_array *array, yoke_pool *pool,
                               yk_complaint *complaint)
{
    const yk_npy_file *file = &array->offsets_file;
    void *memory;

    if (file->mapping == NULL) {
        return true;
    }
    memory = yoke_alloc(pool, file->array.bytes);
    if (memory == NULL) {
        return yk_complain(complaint, "%s", yoke_pool_error(pool));
    }
    array->offsets = (yk_offsets){memory, file->array.element->bytes};
    return yk_npy_load(file, memory, complaint) ||
           yk_complain_about(complaint, "%s", array->argument->ragged_file);
}

bool yk_array_load(yk_array *array, yoke_pool *pool, yk_complaint *complaint)
{
    array->memory = yoke_alloc(pool, array->npy.bytes);
    if (array->memory == NULL) {
        return yk_complain(complaint, "%s", yoke_pool_error(pool));
    }
    if (array->file.mapping != NULL &&
        !yk_npy_load(&array->file, array->memory, complaint)) {
        return yk_complain_about(complaint, "%s", array->argument->file);
    }
    return array_load_offsets(array, pool, complaint);
}

bool yk_array_reset(yk_array *array, yk_complaint *complaint)
{
    if (array->argument->result == NULL) {
        return true;
    }
    if (array->file.mapping == NULL) {
        memset(array->memory, 0, array->npy.bytes);
        return true;
    }
    return yk_npy_load(&array->file, array->memory, complaint) ||
           yk_complain_about(complaint, "%s", array->argument->file);
}

void yk_array_fini(yk_array *array)
{
    yk_npy_close(&array->file);
    yk_npy_close(&array->offsets_file);
    yk_result_fini(&array->result);
    array->memory = NULL;
}
