/* SPDX-License-Identifier: MIT */
#include "source/token_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/expression.h"
#include "source/source.h"

enum { MAX_PARAMETERS = 128 };

/* The arguments of a macro's call. */
typedef struct call {
    char parameters[MAX_PARAMETERS][YK_WORD_BYTES];
    char *arguments[MAX_PARAMETERS];
    size_t count;
    bool is_variadic; /* the last one takes the rest */
} call;

/* ---- what is known beforehand ---- */

static void token_stream_preset(yk_token_stream *stream, const char *name,
                                yk_macro_state state)
{
    const yk_token token = {YK_TOKEN_WORD, name, name + strlen(name)};
    yk_macro *const macro = yk_macros_get(&stream->conditions.macros, token);

    macro->state = state;
    macro->is_ambiguous = true; /* some value */
    macro->is_mentioned = true;
}

/* Sources that are also meant for a host compiler, or for another language, test these. */
static void preset_languages(yk_token_stream *stream)
{
    static const char *const others[] = {"__cplusplus", "__CUDACC__", "__CUDA_ARCH__",
                                         "__HIPCC__", "__METAL_VERSION__"};

    token_stream_preset(stream, "__OPENCL_VERSION__", YK_MACRO_DEFINED);
    token_stream_preset(stream, "__OPENCL_C_VERSION__", YK_MACRO_DEFINED);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        token_stream_preset(stream, others[i], YK_MACRO_UNDEFINED);
    }
}

/* If a range is split, a macro of the library has such a name: a macro of the source that calls
 * the function would call the driver's, and so would the source after an #undef. */
static void note_wrapper(yk_token_stream *stream, const char *at, bool is_defined)
{
    const yk_token name = yk_lex(&at);
    const yk_truth here = yk_conditions_here(&stream->conditions);
    bool calls_itself = false;
    yk_token token;

    if (name.kind != YK_TOKEN_WORD || !yk_source_is_size_word(name) || here == YK_NO) {
        return;
    }
    while (is_defined && (token = yk_lex(&at)).kind > YK_TOKEN_NEWLINE) {
        char text[YK_WORD_BYTES];

        yk_token_copy(token, text);
        calls_itself |= token.kind == YK_TOKEN_WORD && yk_token_is(name, text);
    }
    if (calls_itself || (!is_defined && here == YK_YES)) {
        yk_token_copy(name, stream->wrapped);
    }
}

void yk_token_stream_init(yk_token_stream *stream, const char *text,
                          const yk_build_options *options)
{
    stream->conditions.guesses = true;
    stream->levels[0] = (yk_stream_level){.at = text};
    stream->depth = 1;
    stream->is_line_start = true;
    preset_languages(stream);
    for (size_t i = 0; i < options->defined.count; i++) {
        yk_conditions_define(&stream->conditions, options->defined.list[i]);
        note_wrapper(stream, options->defined.list[i], true);
    }
    for (size_t i = 0; i < options->undefined.count; i++) {
        yk_conditions_undefine(&stream->conditions, options->undefined.list[i]);
    }
}

static void token_stream_pop(yk_token_stream *stream)
{
    free(stream->levels[--stream->depth].owned);
}

void yk_token_stream_fini(yk_token_stream *stream)
{
    while (stream->depth > 0) {
        token_stream_pop(stream);
    }
    yk_conditions_fini(&stream->conditions);
}

const char *yk_token_stream_position(const yk_token_stream *stream)
{
    return stream->levels[0].at;
}

/* ---- reading ---- */

/* Takes the next token without examining it. The expansion of a macro ends with its line. */
static yk_token next_raw(yk_token_stream *stream)
{
    for (;;) {
        const yk_token token = yk_lex(&stream->levels[stream->depth - 1].at);

        if (token.kind > YK_TOKEN_NEWLINE) {
            return token;
        }
        if (stream->depth > 1) {
            token_stream_pop(stream);
        } else if (token.kind == YK_TOKEN_END) {
            return token;
        } else {
            stream->is_line_start = true;
        }
    }
}

/* Whether an opening parenthesis comes next, perhaps on a later line. */
static bool is_called(const yk_token_stream *stream)
{
    for (size_t i = stream->depth; i > 0; i--) {
        const char *at = stream->levels[i - 1].at;
        yk_token token = yk_lex(&at);

        while (i == 1 && token.kind == YK_TOKEN_NEWLINE) {
            token = yk_lex(&at);
        }
        if (token.kind > YK_TOKEN_NEWLINE) {
            return yk_token_is(token, "(");
        }
    }
    return false;
}

static bool is_active(const yk_token_stream *stream, const yk_macro *macro)
{
    for (size_t i = 0; i < stream->depth; i++) {
        if (stream->levels[i].macro == macro) {
            return true;
        }
    }
    return false;
}

/* ---- calls ---- */

/* The names in "(a, b, ...) body"; returns where the body begins, or NULL. */
static const char *read_parameters(call *c, const char *at)
{
    yk_token token = yk_lex(&at); /* the parenthesis */

    for (;;) {
        token = yk_lex(&at);
        if (yk_token_is(token, ")")) {
            return at;
        }
        if (token.kind <= YK_TOKEN_NEWLINE || c->count == MAX_PARAMETERS) {
            return NULL;
        }
        if (token.kind == YK_TOKEN_WORD) {
            yk_token_copy(token, c->parameters[c->count++]);
        } else if (yk_token_is(token, ".") && !c->is_variadic) {
            c->is_variadic = true;
            if (c->count == 0 || at[-2] == ',' || at[-2] == ' ' || at[-2] == '(') {
                strcpy(c->parameters[c->count++], "__VA_ARGS__");
            }
        }
    }
}

static void put_token(FILE *to, yk_token token)
{
    if (to != NULL) {
        fprintf(to, "%.*s ", (int)(token.end - token.begin), token.begin);
    }
}

/* Reads an argument. Returns the comma or parenthesis that ends it. */
static yk_token read_argument(yk_token_stream *stream, call *c, size_t index)
{
    const bool is_rest = c->is_variadic && index + 1 == c->count;
    size_t bytes;
    FILE *const to =
        index < c->count ? open_memstream(&c->arguments[index], &bytes) : NULL;
    yk_token token;
    int depth = 0;

    for (;;) {
        token = next_raw(stream);
        if (token.kind == YK_TOKEN_END ||
            (depth == 0 &&
             (yk_token_is(token, ")") || (yk_token_is(token, ",") && !is_rest)))) {
            break;
        }
        depth += yk_token_is(token, "(") ? 1 : yk_token_is(token, ")") ? -1 : 0;
        put_token(to, token);
    }
    if (to != NULL) {
        (void)fclose(to);
    }
    return token;
}

static void read_arguments(yk_token_stream *stream, call *c)
{
    yk_token token = next_raw(stream); /* the parenthesis */
    size_t index = 0;

    do {
        token = read_argument(stream, c, index++);
    } while (yk_token_is(token, ","));
}

static const char *argument_of(const call *c, yk_token word)
{
    for (size_t i = 0; i < c->count; i++) {
        if (yk_token_is(word, c->parameters[i])) {
            return c->arguments[i] != NULL ? c->arguments[i] : "";
        }
    }
    return NULL;
}

static void put_argument(FILE *to, const char *argument, bool pastes)
{
    const size_t length = strlen(argument);

    fprintf(to, "%.*s", (int)(pastes && length > 0 ? length - 1 : length), argument);
}

/* The body with arguments substituted; NULL if there is no memory. Strings made of arguments
 * are left empty. */
static char *token_stream_substitute(const call *c, const char *body)
{
    size_t bytes;
    char *text = NULL;
    FILE *const to = open_memstream(&text, &bytes);
    yk_token token = yk_lex(&body);

    while (to != NULL && token.kind > YK_TOKEN_NEWLINE) {
        const yk_token next = yk_lex(&body);
        const bool pastes = next.kind == YK_TOKEN_PASTE;
        const char *const argument =
            token.kind == YK_TOKEN_WORD ? argument_of(c, token) : NULL;

        if (argument != NULL) {
            put_argument(to, argument, pastes);
        } else if (token.kind == YK_TOKEN_HASH) {
            fputs("\"\" ", to);
        } else if (token.kind != YK_TOKEN_PASTE) {
            fprintf(to, "%.*s%s", (int)(token.end - token.begin), token.begin,
                    pastes ? "" : " ");
        }
        token = next;
    }
    return to != NULL && fclose(to) == 0 ? text : NULL;
}

static void token_stream_push(yk_token_stream *stream, const yk_macro *macro,
                              const call *c, const char *body)
{
    char *const text = token_stream_substitute(c, body);

    if (text != NULL) {
        stream->levels[stream->depth++] = (yk_stream_level){text, text, macro};
    } else {
        stream->conditions.macros.is_short_of_memory = true;
    }
}

/* ---- macros ---- */

static bool may_expand(const yk_token_stream *stream, const yk_macro *macro)
{
    return macro != NULL && macro->definition != NULL &&
           macro->state != YK_MACRO_UNDEFINED && !is_active(stream, macro);
}

static void expand_call(yk_token_stream *stream, const yk_macro *macro)
{
    call *const c = calloc(1, sizeof *c);
    const char *const body = c != NULL ? read_parameters(c, macro->definition) : NULL;

    if (body != NULL) {
        read_arguments(stream, c);
        if (stream->depth < YK_MAX_EXPANSIONS) {
            token_stream_push(stream, macro, c, body);
        }
        for (size_t i = 0; i < c->count; i++) {
            free(c->arguments[i]);
        }
    }
    free(c);
}

/* Expands a word. False: the word is not a macro. */
static bool expand_word(yk_token_stream *stream, yk_token word)
{
    static const call none;
    const yk_macro *const macro = yk_macros_find(&stream->conditions.macros, word);

    if (!may_expand(stream, macro)) {
        return false;
    }
    if (stream->depth == YK_MAX_EXPANSIONS ||
        stream->expansion_count++ > YK_MAX_EXPANSION_COUNT) {
        stream->is_incomplete = true;
        return false;
    }
    if (!yk_macro_is_function(macro)) {
        token_stream_push(stream, macro, &none, macro->definition);
        return true;
    }
    if (!is_called(stream)) {
        return false;
    }
    expand_call(stream, macro);
    return true;
}

/* ---- directives ---- */

/* Processes a directive. Whether it is one that the stream returns. */
static bool take_stream_directive(yk_token_stream *stream, yk_token *word)
{
    yk_stream_level *const text = &stream->levels[0];
    const char *const end = yk_line_last(text->at).end;

    *word = yk_lex(&text->at);
    if (yk_is_conditional(*word)) {
        yk_conditions_take(&stream->conditions, *word, text->at);
    } else if (yk_token_is(*word, "define")) {
        yk_conditions_define(&stream->conditions, text->at);
        note_wrapper(stream, text->at, true);
    } else if (yk_token_is(*word, "undef")) {
        yk_conditions_undefine(&stream->conditions, text->at);
        note_wrapper(stream, text->at, false);
    }
    text->at = end;
    stream->is_line_start = true;
    return yk_is_conditional(*word);
}

yk_token yk_token_stream_next(yk_token_stream *stream)
{
    for (;;) {
        yk_token token = next_raw(stream);
        const bool is_text = stream->depth == 1;
        const bool is_first = is_text && stream->is_line_start;

        stream->is_line_start = false;
        if (token.kind == YK_TOKEN_END) {
            return token;
        }
        if (is_first && token.kind == YK_TOKEN_HASH) {
            if (take_stream_directive(stream, &token)) {
                token.kind = YK_TOKEN_HASH;
                return token;
            }
            continue;
        }
        if ((is_text && yk_conditions_here(&stream->conditions) == YK_NO) ||
            (token.kind == YK_TOKEN_WORD && expand_word(stream, token)) ||
            token.kind == YK_TOKEN_HASH) {
            continue;
        }
        return token;
    }
}
