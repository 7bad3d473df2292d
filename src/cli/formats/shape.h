/* SPDX-License-Identifier: MIT */
/* What an array consists of: elements of one type along some axes, the last one fastest. */
#ifndef YK_CLI_FORMATS_SHAPE_H
#define YK_CLI_FORMATS_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/element.h"

enum { YK_SHAPE_AXES = 64 };

typedef struct yk_shape {
    const yk_element *element;
    unsigned axes;
    size_t shape[YK_SHAPE_AXES];
    size_t count; /* elements */
    size_t bytes; /* of all elements */
} yk_shape;

/* Computes count and bytes from element and shape. */
bool yk_shape_measure(yk_shape *array, yk_complaint *complaint);

/* "float32, 3x4" */
void yk_shape_describe(char *text, size_t size, const yk_shape *array);

#endif
