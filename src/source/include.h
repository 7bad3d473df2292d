/* SPDX-License-Identifier: MIT */
/*
 * A source and the files it includes, made one text when its kernel is created. Every process
 * builds from this text, even if files are changed, deleted or created later, or the working
 * directory changes.
 *
 * Each #include is replaced by the file's text, between #line directives. Conditions stay for
 * the compiler to decide, since they may depend on its own macros. What they certainly exclude
 * is left out; this ends the inclusion of files that include themselves or each other. An
 * #error takes its place, so that a wrong guess is an error, too.
 */
#ifndef YK_SOURCE_INCLUDE_H
#define YK_SOURCE_INCLUDE_H

#include "base/error.h"

typedef struct yk_whole_source {
    char *source;
    char *options; /* without those that name files and folders */
} yk_whole_source;

/* A file that cannot be read, or is not there, is an #error at its place. On failure there
 * is nothing to free. `noun` begins errors: "kernel 'f'". */
yoke_status yk_whole_source_make(yk_whole_source *whole, const char *source,
                                 const char *options, const char *noun,
                                 yk_error *error);

/* Accepts one that is all zero. */
void yk_whole_source_fini(yk_whole_source *whole);

#endif
