/* SPDX-License-Identifier: MIT */
/*
 * The tokens of OpenCL C, as a preprocessor sees them: comments are white space, and lines that
 * end in a backslash continue in the next.
 */
#ifndef YK_SOURCE_LEXER_H
#define YK_SOURCE_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum { YK_WORD_BYTES = 256 };

typedef enum yk_token_kind {
    YK_TOKEN_END,     /* of the text */
    YK_TOKEN_NEWLINE, /* the end of a logical line */
    YK_TOKEN_WORD,
    YK_TOKEN_NUMBER,
    YK_TOKEN_QUOTED, /* a string or character, closed or ended by the end of the line */
    YK_TOKEN_HASH,   /* # */
    YK_TOKEN_PASTE,  /* ## */
    YK_TOKEN_OTHER,  /* any other character */
} yk_token_kind;

typedef struct yk_token {
    yk_token_kind kind;
    const char *begin;
    const char *end;
} yk_token;

/* Takes the next token and moves *at past it; at the end of the text *at stays. */
yk_token yk_lex(const char **at);

/* Whether the token is this word or character, with or without line splices. */
bool yk_token_is(yk_token token, const char *text);

/* Copies a token without line splices, truncated if it is too long. */
void yk_token_copy(yk_token token, char text[YK_WORD_BYTES]);

/* The last token of the logical line at `at`: its newline or the end of the text. A text that
 * ends with a newline has the latter only if a comment in it is not closed. */
yk_token yk_line_last(const char *at);

/* The next character in this logical line that is neither blank nor part of a comment or of a
 * line splice. */
const char *yk_skip_blanks(const char *at);

#endif
