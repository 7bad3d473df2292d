/* SPDX-License-Identifier: MIT */
/*
 * The build options of a kernel: those that name files and folders, which are read when the
 * kernel is created, and all others, which the compiler gets.
 */
#ifndef YK_SOURCE_BUILD_OPTIONS_H
#define YK_SOURCE_BUILD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct yk_texts {
    char **list;
    size_t count;
} yk_texts;

typedef struct yk_build_options {
    char *rest;         /* what is left for the compiler */
    yk_texts folders;   /* folders of headers, in the order of the search */
    /* index from which folders are also searched for #include <...> */
    size_t angled;
    yk_texts files;     /* -include: before the source */
    yk_texts defined;   /* -D: as after a #define; in order */
    yk_texts undefined; /* -U */
} yk_build_options;

/* False: no memory. In either case yk_build_options_fini() frees it. */
bool yk_build_options_read(yk_build_options *options, const char *text);
void yk_build_options_fini(yk_build_options *options);

#endif
