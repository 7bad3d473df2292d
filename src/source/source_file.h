/* SPDX-License-Identifier: MIT */
/*
 * A kernel's source that is a file. It becomes a source that includes the file: so messages name
 * the file and its lines, and what it includes is found beside it.
 */
#ifndef YK_SOURCE_SOURCE_FILE_H
#define YK_SOURCE_SOURCE_FILE_H

#include "base/error.h"

typedef struct yk_source_file {
    char *source;
    char *options; /* the given ones, and the file's folder among those that are searched */
} yk_source_file;

/* On failure there is nothing to free. `noun` begins error texts: "kernel 'f'". */
yoke_status yk_source_file_open(yk_source_file *file, const char *path, const char *options,
                                const char *noun, yk_error *error);

/* Accepts a zeroed one. */
void yk_source_file_close(yk_source_file *file);

#endif
