/* SPDX-License-Identifier: MIT */
#ifndef YK_CLI_MAPPED_COPY_H
#define YK_CLI_MAPPED_COPY_H

#include <stdbool.h>
#include <stddef.h>

/* Copies from a mapped file; false if its pages cannot be had any more (SIGBUS). Only
 * one thread at a time. */
bool yk_mapped_copy(void *to, const void *from, size_t bytes);

#endif
