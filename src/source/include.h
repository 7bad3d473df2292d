/* SPDX-License-Identifier: MIT */
/*
 * Expands a source and the files that it includes into one text when its kernel is created.
 * Every process builds from this text, even if files are changed, deleted or created later, or
 * the working directory changes.
 *
 * Each #include is replaced by the file's text, between #line directives. Conditions are left
 * for the compiler, since they may depend on its own macros. Text that they certainly exclude
 * is omitted; this ends the inclusion of files that include themselves or each other. An #error
 * takes its place, so that a wrong guess is an error, too.
 */
#ifndef YK_SOURCE_INCLUDE_H
#define YK_SOURCE_INCLUDE_H

#include "base/error.h"

typedef struct yk_whole_source {
    char *source;
    char *options; /* without the options that name files and folders */
} yk_whole_source;

/* A file that cannot be read or does not exist becomes an #error at its place. On failure there
 * is nothing to free. `noun` begins error texts: "kernel 'f'". */
yoke_status yk_whole_source_make(yk_whole_source *whole, const char *source,
                                 const char *options, const char *noun,
                                 yk_error *error);

/* Accepts a zeroed one. */
void yk_whole_source_fini(yk_whole_source *whole);

#endif
