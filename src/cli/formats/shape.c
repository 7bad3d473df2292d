/* SPDX-License-Identifier: MIT */
#include "cli/formats/shape.h"

#include <stdint.h>
#include <stdio.h>

bool yk_shape_measure(yk_shape *array, yk_complaint *complaint)
{
    size_t count = 1;
    bool empty = false;
    bool overflow = false;

    for (unsigned i = 0; i < array->axes; i++) {
        empty = empty || array->shape[i] == 0;
        overflow = overflow || __builtin_mul_overflow(count, array->shape[i], &count);
    }
    if (empty) {
        count = 0;
        overflow = false;
    }
    array->count = count;
    if (overflow ||
        __builtin_mul_overflow(count, (size_t)array->element->bytes, &array->bytes) ||
        array->bytes > PTRDIFF_MAX) {
        return yk_complain(complaint, "the shape is too big for this machine's memory");
    }
    return true;
}

void yk_shape_describe(char *text, size_t size, const yk_shape *array)
{
    size_t used = (size_t)snprintf(text, size, "%s, %s", array->element->name,
                                   array->axes == 0 ? "0-dimensional" : "");

    for (unsigned i = 0; i < array->axes && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%zu", i > 0 ? "x" : "",
                                 array->shape[i]);
    }
}
