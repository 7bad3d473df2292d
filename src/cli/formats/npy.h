/* SPDX-License-Identifier: MIT */
/* NumPy's .npy files, versions 1.0 to 3.0: C order, little-endian, types of numbers. */
#ifndef YK_CLI_FORMATS_NPY_H
#define YK_CLI_FORMATS_NPY_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/element.h"

enum { YK_NPY_AXES = 64, YK_NPY_HEADER_BYTES = 2048 };

typedef struct yk_npy {
    const yk_element *element;
    unsigned axes;
    size_t shape[YK_NPY_AXES];
    size_t count;  /* elements */
    size_t bytes;  /* of all elements */
    size_t offset; /* of the first element in the file */
} yk_npy;

/* A file that is mapped for reading. */
typedef struct yk_npy_file {
    yk_npy array;
    void *mapping;
    size_t size;
} yk_npy_file;

/* Computes count and bytes from element and shape. */
bool yk_npy_measure(yk_npy *array, yk_complaint *complaint);

/* Reads the header at the start of a file of `size` bytes, and checks that the elements
 * are there. */
bool yk_npy_parse(yk_npy *array, const void *file, size_t size,
                  yk_complaint *complaint);

/* Writes a version 1.0 header into text; its length. */
size_t yk_npy_header(char text[YK_NPY_HEADER_BYTES], const yk_npy *array);

/* "float32, 3x4" */
void yk_npy_describe(char *text, size_t size, const yk_npy *array);

bool yk_npy_open(yk_npy_file *file, const char *path, yk_complaint *complaint);

/* Copies the elements. */
bool yk_npy_load(const yk_npy_file *file, void *to, yk_complaint *complaint);

/* A file that is all zero is allowed. */
void yk_npy_close(yk_npy_file *file);

#endif
