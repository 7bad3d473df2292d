/* SPDX-License-Identifier: MIT */
/* The parts of making a source whole: see source/include.h. */
#ifndef YK_SOURCE_EXPANDER_H
#define YK_SOURCE_EXPANDER_H

#include <stdbool.h>
#include <stdio.h>

#include "source/build_options.h"
#include "source/condition.h"
#include "source/header.h"

enum {
    YK_MAX_INCLUDE_DEPTH = 200, /* as in compilers */
    YK_MAX_SELF_DEPTH = 64,     /* a file within itself */
    YK_MAX_ALIASES = 4,         /* macros that stand for the name of a file */
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
    bool is_changed; /* the text is not the source as it was given */
    bool is_too_large;
    /* #include NAME, where conditions decide what NAME is: each definition of such a macro
     * then gets a number, by which the compiler chooses the file. */
    bool needs_numbers;
    bool has_numbers;
    yk_file_macro *file_macros;
    size_t file_macro_count;
    size_t line_count;                  /* #line directives so far */
    size_t lines_before[YK_MAX_GROUPS]; /* when a group was opened */
    char date[16]; /* as __DATE__ and __TIME__ have them, with quotes */
    char time[16];
} yk_expander;

/* A text that is being read: the source, or a file. */
typedef struct yk_frame {
    const struct yk_frame *outer;
    yk_header *header; /* NULL: the source */
    int folder;        /* in which the file was found */
    const char *at;
    long line;          /* its number, as messages count */
    yk_token name;      /* given by a #line; of kind END if none was */
    size_t group_depth; /* open groups around it */
    size_t level;
    bool has_times; /* __DATE__ and the like occur */
} yk_frame;

/* One logical line of it that begins with a '#'. */
typedef struct yk_directive {
    yk_token word;    /* behind the '#' */
    const char *rest; /* behind the word */
    const char *begin;
    const char *end;
    long next_line;
} yk_directive;

/* All of a text. */
void yk_expand(yk_expander *expander, yk_frame *frame);

/* What the expansion writes. */
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

/* An #if or #elif, in which __has_include(...) is answered. */
void yk_put_condition(yk_expander *expander, const yk_frame *frame,
                      const yk_directive *directive);

/* #define and #undef of what may be the name of a file; `rest` as in yk_directive. */
void yk_number_definition(yk_expander *expander, const char *rest);
void yk_number_undefinition(yk_expander *expander, const char *rest);

#endif
