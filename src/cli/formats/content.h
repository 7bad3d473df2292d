/* SPDX-License-Identifier: MIT */
/* The bytes of a file that is read: mapped, or in memory. */
#ifndef YK_CLI_FORMATS_CONTENT_H
#define YK_CLI_FORMATS_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"

typedef struct yk_content {
    const unsigned char *bytes;
    size_t size;
    void *mapping; /* of the file, or NULL */
    void *memory;  /* on the heap, or NULL */
} yk_content;

/* "-" is standard input, which is read once and kept: it may be opened several times. */
bool yk_content_open(yk_content *content, const char *path, yk_complaint *complaint);

/* Takes the place of what is there; memory is from malloc(), and the content's from here on. */
void yk_content_replace(yk_content *content, void *memory, size_t size);

/* Runs a function that reads the content. False if pages of the file could not be had any more
 * (SIGBUS); the function was left in the middle then, so it must not own anything. Only one thread
 * at a time. */
bool yk_content_guard(void (*read)(void *context), void *context);

/* Copies a mapped file into memory, for readers that own something. */
bool yk_content_load(yk_content *content, yk_complaint *complaint);

/* Accepts a content that is all zero. */
void yk_content_close(yk_content *content);

#endif
