/* SPDX-License-Identifier: MIT */
/* A file that an array is read from, of any kind: its shape is known once it is open, its elements
 * are put where they are wanted when it is loaded. */
#ifndef YK_CLI_FORMATS_ARRAY_FILE_H
#define YK_CLI_FORMATS_ARRAY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/content.h"
#include "cli/formats/shape.h"

typedef struct yk_array_file {
    const struct yk_format *format; /* NULL: closed */
    yk_shape shape;
    yk_content content;
    size_t offset;   /* bytes from the content's start to the first element */
    bool is_fortran; /* the first axis is the fastest */
    bool is_swapped; /* big-endian elements */
} yk_array_file;

/* path: "-" is standard input, "file.npz/name" a member. raw: shape and element of a file that
 * does not say them itself, else NULL; without axes it has one, as long as the file. */
bool yk_array_file_open(yk_array_file *file, const char *path, const yk_shape *raw,
                        yk_complaint *complaint);

/* The same of a content, which is taken and closed on failure. */
bool yk_array_file_read(yk_array_file *file, yk_content content, const char *member,
                        const yk_shape *raw, yk_complaint *complaint);

/* Puts all elements to `to`, in C order and in the machine's byte order. */
bool yk_array_file_load(const yk_array_file *file, void *to, yk_complaint *complaint);

/* Whether it is a picture: its axes are height, width and channels. */
bool yk_array_file_is_picture(const yk_array_file *file);

/* Accepts a file that is all zero. */
void yk_array_file_close(yk_array_file *file);

#endif
