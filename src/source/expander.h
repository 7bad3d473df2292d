/* SPDX-License-Identifier: MIT */
/* The parts of the expansion of includes: see source/include.h. */
#ifndef YK_SOURCE_EXPANDER_H
#define YK_SOURCE_EXPANDER_H

#include <stdbool.h>
#include <stdio.h>

#include "source/build_options.h"
#include "source/condition.h"
#include "source/header.h"

enum {
    YK_MAX_INCLUDE_DEPTH = 200, /* as in compilers */
    YK_MAX_SELF_DEPTH = 64,     /* a file that includes itself */
    YK_MAX_ALIASES = 4,         /* nested macros that stand for the name of a file */
    YK_MAX_INCLUDED_BYTES = 1 << 24,
};

/* A definition of a macro that may be the name of a file. */
typedef struct yk_file_macro {
    yk_macro *macro;
    const char *definition;
} yk_file_macro;

typedef struct yk_expander {
    const yk_build_options *options;
    yk_headers headers;
    yk_conditions *conditions;
    FILE *out;
    long max_bytes; /* of what is written */
    bool is_changed; /* the text differs from the given source */
    bool is_too_large;
    /* For #include NAME, if conditions decide what NAME is: each definition of such a macro
     * then gets a number, by which the compiler selects the file. */
    bool needs_numbers;
    bool has_numbers;
    yk_file_macro *file_macros;
    size_t file_macro_count;
    size_t line_count;                  /* #line directives so far */
    size_t lines_before[YK_MAX_GROUPS]; /* the same when a group was opened */
    char date[16];                      /* as in __DATE__ and __TIME__, with quotes */
    char time[16];
} yk_expander;

/* A text that is being read: the source, or a file. */
typedef struct yk_frame {
    const struct yk_frame *outer;
    yk_header *header; /* NULL: the source */
    int folder;        /* index of the folder in which the file was found */
    const char *at;
    long line;          /* its number, as in messages */
    yk_token name;      /* the name that a #line gave; of kind END if none did */
    size_t group_depth; /* open groups around it */
    size_t level;
    bool has_times; /* it contains __DATE__ or the like */
} yk_frame;

/* One logical line that begins with a '#'. */
typedef struct yk_directive {
    yk_token word;    /* after the '#' */
    const char *rest; /* after the word */
    const char *begin;
    const char *end;
    long next_line;
} yk_directive;

/* Expands all of a text. */
void yk_expand(yk_expander *expander, yk_frame *frame);

/* Output of the expansion. */
void yk_put_line(yk_expander *expander, const yk_frame *frame, long line);
void yk_put_error(yk_expander *expander, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void yk_put_text(yk_expander *expander, const yk_frame *frame, const char *begin,
                 const char *end);

/* #include, #include_next, #import. */
void yk_take_include(yk_expander *expander, const yk_frame *frame,
                     const yk_directive *directive);

/* The file of a -include option. */
void yk_include_first(yk_expander *expander, const yk_frame *frame, const char *name);

/* #embed. */
void yk_take_embed(yk_expander *expander, const yk_frame *frame,
                   const yk_directive *directive);

/* An #if or #elif, in which __has_include(...) is replaced by its value. */
void yk_put_condition(yk_expander *expander, const yk_frame *frame,
                      const yk_directive *directive);

/* #define and #undef of macros that may be the name of a file; `rest` as in yk_directive. */
void yk_number_definition(yk_expander *expander, const char *rest);
void yk_number_undefinition(yk_expander *expander, const char *rest);

#endif
