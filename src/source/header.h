/* SPDX-License-Identifier: MIT */
/*
 * The files that a kernel's source includes. They are found as a compiler finds them, relative
 * to the present working directory, and read once.
 */
#ifndef YK_SOURCE_HEADER_H
#define YK_SOURCE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "source/build_options.h"

/* The content of a file, which may have several names. */
typedef struct yk_header_text {
    struct yk_header_text *next;
    dev_t device;
    ino_t inode;
    char *text;    /* ends with a newline and a 0 */
    size_t bytes;  /* as in the file */
    char once[32]; /* a macro of its own, and 1: the replacement of #pragma once */
    bool is_once;  /* it has a #pragma once */
    bool is_text;  /* no 0 in it */
} yk_header_text;

/* A file under one of its names. */
typedef struct yk_header {
    struct yk_header *next;
    yk_header_text *content;
    char path[]; /* as in messages */
} yk_header;

enum {
    YK_NO_FOLDER = -1
}; /* found beside the file that includes it, or by its full path */

typedef struct yk_headers {
    const yk_build_options *options;
    int root; /* the working directory */
    yk_header *headers;
    yk_header_text *texts;
    unsigned count;
    bool is_short_of_memory;
} yk_headers;

/* What to search for, and for which file. */
typedef struct yk_header_name {
    const char *name;
    bool is_quoted;
    const char *includer; /* its path; "": the source itself */
    /* search only folders after this one (#include_next); YK_NO_FOLDER: all */
    int after;
    bool is_next;
} yk_header_name;

typedef struct yk_header_place {
    yk_header *header; /* NULL: not found, or not readable */
    int folder;        /* folder where it was found */
    int code;          /* errno: why it cannot be read; 0 if it does not exist */
} yk_header_place;

/* The options remain the caller's, and must remain valid. */
void yk_headers_init(yk_headers *headers, const yk_build_options *options);
void yk_headers_fini(yk_headers *headers);

yk_header_place yk_headers_find(yk_headers *headers, const yk_header_name *name);

#endif
