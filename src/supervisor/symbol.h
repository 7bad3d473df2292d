/* SPDX-License-Identifier: MIT */
/*
 * Names of places in the code of a file: the function, from the file's own table of symbols, and
 * the source line, from debug information. The latter needs libdw, which debuggers and profilers
 * bring along; it is loaded if it is there. Both read what may be damaged and take memory, so they
 * are for a process that may crash.
 */
#ifndef YK_SUPERVISOR_SYMBOL_H
#define YK_SUPERVISOR_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

enum { YK_SYMBOL_NAME_BYTES = 128, YK_SYMBOL_SOURCE_BYTES = 128 };

typedef struct yk_symbol {
    char function[YK_SYMBOL_NAME_BYTES]; /* "": not known */
    char source[YK_SYMBOL_SOURCE_BYTES]; /* the source file; "": not known */
    uint64_t distance; /* bytes from the function's beginning */
    int32_t line;
    uint32_t reserved;
} yk_symbol;

/* The code at an offset of a file: its function, or its line. What is not known stays as it is. */
void yk_symbol_find_function(const char *path, uint64_t offset, yk_symbol *symbol);
void yk_symbol_find_line(const char *path, uint64_t offset, yk_symbol *symbol);

#endif
