/* SPDX-License-Identifier: MIT */
/* Kinds of files that arrays are read from and written to, as a table. A kind is a row of the
 * table in format.c and the functions that it names. */
#ifndef YK_CLI_FORMATS_FORMAT_H
#define YK_CLI_FORMATS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/array_file.h"
#include "cli/formats/shape.h"

typedef struct yk_format {
    const char *name;
    /* Endings of the names of files that are written so, each behind a dot, as ".pgm.ppm"; NULL
     * if none are written. */
    const char *endings;
    /* Whether a file that begins with these bytes is of this kind; NULL: none is recognized. */
    bool (*recognizes)(const unsigned char *bytes, size_t size);
    /* Finds shape and elements in the file's content, which it may replace. member: what stands
     * behind "file.npz/", or NULL. NULL: the user says the shape. */
    bool (*read)(yk_array_file *file, const char *member, yk_complaint *complaint);
    /* Whether such an array can be written; NULL: any can. */
    bool (*accepts)(const yk_shape *shape, yk_complaint *complaint);
    /* Writes the whole file. */
    bool (*write)(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint);
    bool is_picture; /* axes are height, width and channels */
} yk_format;

/* The kind of a content; NULL for an unknown kind. */
const yk_format *yk_format_recognize(const unsigned char *bytes, size_t size);

/* The kind of files that are elements and nothing else. */
const yk_format *yk_format_raw(void);

/* The kind of which a file of this name is written. NULL, with a complaint, if its ending is
 * none that can be written. */
const yk_format *yk_format_of_name(const char *path, yk_complaint *complaint);

/* Writes all bytes; false: errno says why. */
bool yk_format_write_all(int descriptor, const void *bytes, size_t size);

/* Complains of what errno says, for writers. Always false. */
bool yk_format_complain_write(yk_complaint *complaint);

/* ---- the kinds ---- */

bool yk_npy_file_recognizes(const unsigned char *bytes, size_t size);
bool yk_npy_file_read(yk_array_file *file, const char *member, yk_complaint *complaint);
bool yk_npy_file_write(int descriptor, const yk_shape *shape, const void *elements,
                       yk_complaint *complaint);

bool yk_npz_recognizes(const unsigned char *bytes, size_t size);
bool yk_npz_read(yk_array_file *file, const char *member, yk_complaint *complaint);

bool yk_png_recognizes(const unsigned char *bytes, size_t size);
bool yk_png_read(yk_array_file *file, const char *member, yk_complaint *complaint);
bool yk_png_accepts(const yk_shape *shape, yk_complaint *complaint);
bool yk_png_write(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint);

bool yk_pnm_recognizes(const unsigned char *bytes, size_t size);
bool yk_pnm_read(yk_array_file *file, const char *member, yk_complaint *complaint);
bool yk_pnm_accepts(const yk_shape *shape, yk_complaint *complaint);
bool yk_pnm_write(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint);

bool yk_raw_write(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint);

/* ---- pictures ---- */

/* Height, width and channels of an array that can be a picture of at most `channels` channels:
 * uint8 or uint16, two axes or three. */
bool yk_picture_measure(const yk_shape *shape, size_t channels, size_t size[3],
                        yk_complaint *complaint);

/* The shape of a picture: two axes if it has one channel. */
bool yk_picture_shape(yk_shape *shape, const size_t size[3], unsigned bits,
                      yk_complaint *complaint);

#endif
