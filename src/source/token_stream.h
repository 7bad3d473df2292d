/* SPDX-License-Identifier: MIT */
/*
 * The tokens of a whole source, with macros expanded and conditions evaluated. If a condition
 * depends on something that a driver defines, all of its branches are read.
 */
#ifndef YK_SOURCE_TOKEN_STREAM_H
#define YK_SOURCE_TOKEN_STREAM_H

#include "source/build_options.h"
#include "source/condition.h"

enum {
    YK_MAX_EXPANSIONS = 1024, /* nested */
    YK_MAX_EXPANSION_COUNT = 1 << 20,
};

/* The text, or the expansion of a macro. */
typedef struct yk_stream_level {
    const char *at;
    char *owned; /* NULL: the text */
    const yk_macro *macro;
} yk_stream_level;

typedef struct yk_token_stream {
    yk_conditions conditions;
    yk_stream_level levels[YK_MAX_EXPANSIONS];
    size_t depth;
    bool is_line_start;
    size_t expansion_count;
    /* A work-item function that the text replaces by a macro that calls it; "" if none. */
    char wrapped[YK_WORD_BYTES];
    bool is_incomplete; /* beyond the maximum, macros are not expanded */
} yk_token_stream;

/* Initialises a zeroed stream. Text and options must remain valid. */
void yk_token_stream_init(yk_token_stream *stream, const char *text,
                          const yk_build_options *options);
void yk_token_stream_fini(yk_token_stream *stream);

/* The next token, until YK_TOKEN_END. Its text is valid until the next call. A token of kind
 * YK_TOKEN_HASH is the word of an #if, #elif and so on that has been processed. */
yk_token yk_token_stream_next(yk_token_stream *stream);

/* How far the text has been read. */
const char *yk_token_stream_position(const yk_token_stream *stream);

#endif
