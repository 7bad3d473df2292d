/* SPDX-License-Identifier: MIT */
#include "source/expander.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const time_words[] = {"__DATE__", "__TIME__", "__TIMESTAMP__"};

/* ---- writing ---- */

static void put_quoted(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc((unsigned char)*text < ' ' ? '?' : *text, out);
    }
}

void yk_put_line(yk_expander *x, const yk_frame *frame, long line)
{
    x->line_count++;
    fprintf(x->out, "#line %ld ", line);
    if (frame->name.kind == YK_TOKEN_QUOTED) {
        fprintf(x->out, "%.*s\n", (int)(frame->name.end - frame->name.begin),
                frame->name.begin);
        return;
    }
    fputc('"', x->out);
    put_quoted(x->out, frame->header != NULL ? frame->header->path : "<source>");
    fputs("\"\n", x->out);
}

void yk_put_error(yk_expander *x, const char *format, ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    for (char *at = text; *at != '\0'; at++) {
        if (iscntrl((unsigned char)*at) || *at == '\\') {
            *at = '?';
        }
    }
    fprintf(x->out, "#error %s\n", text);
    x->is_changed = true;
}

static const char *time_of(const yk_expander *x, yk_token word)
{
    if (yk_token_is(word, "__DATE__")) {
        return x->date;
    }
    if (yk_token_is(word, "__TIME__")) {
        return x->time;
    }
    return yk_token_is(word, "__TIMESTAMP__") ? x->date : NULL;
}

/* Times are those of the kernel's creation, since the kernel is built again later. */
void yk_put_text(yk_expander *x, const yk_frame *frame, const char *begin,
                 const char *end)
{
    const char *at = begin;

    while (frame->has_times && at < end) {
        const yk_token token = yk_lex(&at);
        const char *const text = token.kind == YK_TOKEN_WORD ? time_of(x, token) : NULL;

        if (token.kind == YK_TOKEN_END) {
            break;
        }
        if (text != NULL) {
            (void)fwrite(begin, 1, (size_t)(token.begin - begin), x->out);
            fputs(text, x->out);
            begin = token.end;
            x->is_changed = true;
        }
    }
    (void)fwrite(begin, 1, (size_t)(end - begin), x->out);
}

/* ---- directives ---- */

/* Omits the lines of a branch that is never seen. */
static void take_conditional(yk_expander *x, const yk_frame *frame,
                             const yk_directive *directive)
{
    yk_conditions *const c = x->conditions;
    const bool opens = yk_opens_group(directive->word);
    const size_t depth = c->depth;
    const yk_truth before = yk_conditions_here(c);
    yk_truth outside = before;

    if (!opens && c->depth <= frame->group_depth) {
        yk_put_error(x, "#%.*s without #if",
                     (int)(directive->word.end - directive->word.begin),
                     directive->word.begin);
        yk_put_line(x, frame, directive->next_line);
        return;
    }
    if (!opens) {
        outside = c->groups[c->depth - 1].outside;
    }
    yk_conditions_take(c, directive->word, directive->rest);
    if (outside == YK_NO) {
        return;
    }
    yk_put_condition(x, frame, directive);
    if (opens) {
        x->lines_before[c->depth - 1] = x->line_count;
    } else if (x->lines_before[depth - 1] != x->line_count) {
        /* A compiler ignores #line in branches that it skips. */
        yk_put_line(x, frame, directive->next_line);
    }
    if (!yk_token_is(directive->word, "endif") && yk_conditions_here(c) == YK_NO) {
        fputs("#error the following lines were left out, since nothing seemed to "
              "define what they depend on\n",
              x->out);
        x->lines_before[c->depth - 1] = 0;
    }
}

static void take_define(yk_expander *x, yk_frame *frame, const yk_directive *directive)
{
    yk_put_text(x, frame, directive->begin, directive->end);
    yk_conditions_define(x->conditions, directive->rest);
    if (x->has_numbers) {
        yk_number_definition(x, directive->rest);
        yk_put_line(x, frame, directive->next_line);
    }
}

static void take_undef(yk_expander *x, yk_frame *frame, const yk_directive *directive)
{
    yk_put_text(x, frame, directive->begin, directive->end);
    yk_conditions_undefine(x->conditions, directive->rest);
    if (x->has_numbers) {
        yk_number_undefinition(x, directive->rest);
        yk_put_line(x, frame, directive->next_line);
    }
}

static void take_pragma(yk_expander *x, yk_frame *frame, const yk_directive *directive)
{
    const char *at = directive->rest;

    if (frame->header == NULL || !yk_token_is(yk_lex(&at), "once")) {
        yk_put_text(x, frame, directive->begin, directive->end);
        return;
    }
    fprintf(x->out, "#undef %.*s\n#define %s\n",
            (int)strcspn(frame->header->content->once, " "),
            frame->header->content->once, frame->header->content->once);
    yk_conditions_define(x->conditions, frame->header->content->once);
    yk_put_line(x, frame, directive->next_line);
}

/* #line N, #line N "name", # N "name". */
static void take_line(yk_expander *x, yk_frame *frame, yk_directive *directive)
{
    const char *at = directive->rest;
    const yk_token number =
        directive->word.kind == YK_TOKEN_NUMBER ? directive->word : yk_lex(&at);
    const yk_token name = yk_lex(&at);

    yk_put_text(x, frame, directive->begin, directive->end);
    if (number.kind == YK_TOKEN_NUMBER) {
        directive->next_line = strtol(number.begin, NULL, 10);
        frame->name = name.kind == YK_TOKEN_QUOTED ? name : frame->name;
    }
}

static void take_directive(yk_expander *x, yk_frame *frame, yk_directive *directive)
{
    const yk_token word = directive->word;

    if (yk_token_is(word, "include") || yk_token_is(word, "include_next") ||
        yk_token_is(word, "import")) {
        yk_take_include(x, frame, directive);
    } else if (yk_token_is(word, "embed")) {
        yk_take_embed(x, frame, directive);
    } else if (yk_token_is(word, "define")) {
        take_define(x, frame, directive);
    } else if (yk_token_is(word, "undef")) {
        take_undef(x, frame, directive);
    } else if (yk_token_is(word, "pragma")) {
        take_pragma(x, frame, directive);
    } else if (yk_token_is(word, "line") || word.kind == YK_TOKEN_NUMBER) {
        take_line(x, frame, directive);
    } else {
        yk_put_text(x, frame, directive->begin, directive->end);
    }
}

/* ---- texts ---- */

static long lines_in(const char *begin, const char *end)
{
    long count = 0;

    for (; begin < end; begin++) {
        count += *begin == '\n';
    }
    return count;
}

/* Processes one logical line. Returns the kind of the token that ends it. */
static yk_token_kind take_text_line(yk_expander *x, yk_frame *frame)
{
    const yk_token last = yk_line_last(frame->at);
    yk_directive directive = {.begin = frame->at, .end = last.end, .rest = frame->at};

    directive.next_line = frame->line + lines_in(directive.begin, directive.end);
    if (yk_lex(&directive.rest).kind != YK_TOKEN_HASH) {
        if (yk_conditions_here(x->conditions) != YK_NO) {
            yk_put_text(x, frame, directive.begin, directive.end);
        }
    } else {
        directive.word = yk_lex(&directive.rest);
        if (yk_is_conditional(directive.word)) {
            take_conditional(x, frame, &directive);
        } else if (yk_conditions_here(x->conditions) != YK_NO) {
            take_directive(x, frame, &directive);
        }
    }
    frame->at = directive.end;
    frame->line = directive.next_line;
    return last.kind;
}

/* A comment or #if that a file leaves open must not affect what comes after it. */
static void close_file(yk_expander *x, const yk_frame *frame, yk_token_kind last)
{
    yk_conditions *const c = x->conditions;
    const bool is_open = c->depth > frame->group_depth;

    if (last == YK_TOKEN_END) {
        fputs("*/\n", x->out);
    }
    for (; c->depth > frame->group_depth; yk_group_close(c)) {
        if (c->groups[c->depth - 1].outside != YK_NO) {
            fputs("#endif\n", x->out);
        }
    }
    if (is_open || last == YK_TOKEN_END) {
        yk_put_error(x, "\"%s\" ends within %s", frame->header->path,
                     is_open ? "an #if" : "a comment");
    }
}

static bool has_times(const char *text)
{
    for (size_t i = 0; i < sizeof time_words / sizeof time_words[0]; i++) {
        if (strstr(text, time_words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

void yk_expand(yk_expander *x, yk_frame *frame)
{
    yk_token_kind last = YK_TOKEN_NEWLINE;

    frame->group_depth = x->conditions->depth;
    frame->has_times = has_times(frame->at);
    while (*frame->at != '\0' && !x->is_too_large) {
        last = take_text_line(x, frame);
        x->is_too_large = ftell(x->out) > x->max_bytes;
    }
    if (frame->header != NULL) {
        close_file(x, frame, last);
    }
}
