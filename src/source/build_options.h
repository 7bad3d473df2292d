/* SPDX-License-Identifier: MIT */
/*
 * The build options of a kernel: those that name files and folders, which are read when
 * the kernel is created, and the rest, which is the compiler's.
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
    yk_texts folders;   /* where headers are, in the order in which they are searched */
    size_t angled;      /* from here on also those of #include <...> */
    yk_texts files;     /* -include: in front of the source */
    yk_texts defined;   /* -D: as behind a #define; in order */
    yk_texts undefined; /* -U */
} yk_build_options;

/* False: no memory. In either case yk_build_options_fini() frees it. */
bool yk_build_options_read(yk_build_options *options, const char *text);
void yk_build_options_fini(yk_build_options *options);

#endif
