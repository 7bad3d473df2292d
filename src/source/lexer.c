/* SPDX-License-Identifier: MIT */
#include "source/lexer.h"

/* The place of the next character, after line splices. */
static const char *skip_splices(const char *at)
{
    while (at[0] == '\\' && (at[1] == '\n' || (at[1] == '\r' && at[2] == '\n'))) {
        at += at[1] == '\n' ? 2 : 3;
    }
    return at;
}

static const char *lexer_step(const char *at)
{
    return *at == '\0' ? at : skip_splices(at + 1);
}

static bool begins_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_digit_char(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_char(char c)
{
    return begins_word(c) || is_digit_char(c);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static const char *skip_line(const char *at)
{
    while (*at != '\0' && *at != '\n') {
        at = lexer_step(at);
    }
    return at;
}

static const char *skip_comment(const char *at)
{
    at = lexer_step(lexer_step(at));
    while (*at != '\0') {
        const char *next = lexer_step(at);

        if (*at == '*' && *next == '/') {
            return lexer_step(next);
        }
        at = next;
    }
    return at;
}

/* Up to the closing quote, or the end of the line if there is none. */
static const char *skip_quoted(const char *at)
{
    const char quote = *at;

    at = lexer_step(at);
    while (*at != '\0' && *at != quote && *at != '\n') {
        const char *next = lexer_step(at);

        at = *at == '\\' && *next != '\n' ? lexer_step(next) : next;
    }
    return *at == quote ? lexer_step(at) : at;
}

static const char *skip_number(const char *at)
{
    while (is_word_char(*at) || *at == '.') {
        at = lexer_step(at);
    }
    return at;
}

static const char *skip_word(const char *at)
{
    while (is_word_char(*at)) {
        at = lexer_step(at);
    }
    return at;
}

const char *yk_skip_blanks(const char *at)
{
    at = skip_splices(at);
    for (;;) {
        if (is_blank(*at)) {
            at = lexer_step(at);
        } else if (*at == '/' && *lexer_step(at) == '/') {
            at = skip_line(at);
        } else if (*at == '/' && *lexer_step(at) == '*') {
            at = skip_comment(at);
        } else {
            return at;
        }
    }
}

static const char *skip_hash(const char *at)
{
    if (*at == '#') {
        return lexer_step(at);
    }
    return *at == '%' && *lexer_step(at) == ':' ? lexer_step(lexer_step(at)) : at;
}

static yk_token take_token_as(const char **at, yk_token_kind kind, const char *end)
{
    const yk_token token = {kind, *at, end};

    *at = end;
    return token;
}

static yk_token take_hash(const char **at, const char *end)
{
    const char *const second = skip_hash(end);

    return second != end ? take_token_as(at, YK_TOKEN_PASTE, second)
                         : take_token_as(at, YK_TOKEN_HASH, end);
}

yk_token yk_lex(const char **at)
{
    const char *const here = yk_skip_blanks(*at);

    *at = here;
    if (*here == '\0') {
        return take_token_as(at, YK_TOKEN_END, here);
    }
    if (*here == '\n') {
        return take_token_as(at, YK_TOKEN_NEWLINE, here + 1);
    }
    if (begins_word(*here)) {
        return take_token_as(at, YK_TOKEN_WORD, skip_word(here));
    }
    if (is_digit_char(*here)) {
        return take_token_as(at, YK_TOKEN_NUMBER, skip_number(here));
    }
    if (*here == '"' || *here == '\'') {
        return take_token_as(at, YK_TOKEN_QUOTED, skip_quoted(here));
    }
    if (skip_hash(here) != here) {
        return take_hash(at, skip_hash(here));
    }
    return take_token_as(at, YK_TOKEN_OTHER, lexer_step(here));
}

bool yk_token_is(yk_token token, const char *text)
{
    const char *at = token.begin;

    while (at < token.end && *text != '\0' && *at == *text) {
        at = lexer_step(at);
        text++;
    }
    return at >= token.end && *text == '\0';
}

void yk_token_copy(yk_token token, char text[YK_WORD_BYTES])
{
    size_t length = 0;

    for (const char *at = token.begin; at < token.end; at = lexer_step(at)) {
        if (length < YK_WORD_BYTES - 1) {
            text[length++] = *at;
        }
    }
    text[length] = '\0';
}

yk_token yk_line_last(const char *at)
{
    yk_token token;

    do {
        token = yk_lex(&at);
    } while (token.kind != YK_TOKEN_NEWLINE && token.kind != YK_TOKEN_END);
    return token;
}
