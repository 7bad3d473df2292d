/* SPDX-License-Identifier: MIT */
/* The header of NumPy's .npy files, versions 1.0 to 3.0: types of numbers, any order. */
#ifndef YK_CLI_FORMATS_NPY_H
#define YK_CLI_FORMATS_NPY_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/shape.h"

enum { YK_NPY_HEADER_BYTES = 2048 };

typedef struct yk_npy {
    yk_shape shape;
    size_t offset;   /* of the first element in the file */
    bool is_fortran; /* the first axis is the fastest, and that makes a difference */
    bool is_swapped; /* the elements are big-endian */
} yk_npy;

/* Reads the header at the start of a file of `size` bytes, and checks that the elements
 * are there. */
bool yk_npy_parse(yk_npy *npy, const void *file, size_t size, yk_complaint *complaint);

/* Writes a version 1.0 header into text; its length. */
size_t yk_npy_header(char text[YK_NPY_HEADER_BYTES], const yk_shape *array);

#endif
