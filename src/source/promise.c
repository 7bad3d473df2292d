/* SPDX-License-Identifier: MIT */
#include "source/promise.h"

#include <stdlib.h>
#include <string.h>

#include "source/token_stream.h"

/* Groups of conditions inside a list of parameters. */
enum { MAX_NESTED = 32 };

/* The reading of a source. */
typedef struct promise_reader {
    yk_token_stream stream;
    const char *name;
    yk_promises *found;
    bool is_kernel;    /* the declaration has the word */
    bool is_named;     /* the last word was the kernel's name */
    unsigned depth;    /* of parentheses in the list; 0: outside */
    uint32_t parameter;
    uint32_t at_fork[MAX_NESTED]; /* the parameter in front of each branch */
    size_t forks;
} promise_reader;

static bool promise_is_one_of(yk_token word, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (yk_token_is(word, words[i])) {
            return true;
        }
    }
    return false;
}

static void promise_note(const promise_reader *p, yk_token word)
{
    static const char *const restricting[] = {"restrict", "__restrict", "__restrict__"};
    static const char *const constant[] = {"constant", "__constant"};
    const uint64_t bit = UINT64_C(1) << p->parameter % 64;

    if (p->parameter / 64 >= YK_PROMISE_WORDS) {
        return;
    }
    if (promise_is_one_of(word, restricting, 3)) {
        p->found->restricted[p->parameter / 64] |= bit;
    } else if (promise_is_one_of(word, constant, 2)) {
        p->found->constant[p->parameter / 64] |= bit;
    }
}

static void promise_take_parameter(promise_reader *p, yk_token token)
{
    if (token.kind == YK_TOKEN_WORD) {
        promise_note(p, token);
    } else if (yk_token_is(token, "(")) {
        p->depth++;
    } else if (yk_token_is(token, ")")) {
        p->depth--;
        p->is_kernel = p->is_kernel && p->depth > 0;
    } else if (yk_token_is(token, "{") || yk_token_is(token, ";")) {
        p->depth = 0; /* two branches have opened it, and one parenthesis has closed it */
        p->is_kernel = false;
    } else if (yk_token_is(token, ",") && p->depth == 1) {
        p->parameter++;
    }
}

/* Outside of a list: until the name of a kernel and a parenthesis. */
static void promise_take_outside(promise_reader *p, yk_token token)
{
    static const char *const kernel[] = {"kernel", "__kernel"};

    if (token.kind == YK_TOKEN_WORD) {
        p->is_kernel |= promise_is_one_of(token, kernel, 2);
        p->is_named = p->is_kernel && yk_token_is(token, p->name);
    } else if (p->is_named && yk_token_is(token, "(")) {
        p->depth = 1;
        p->parameter = 0;
        p->forks = 0;
        p->is_named = false;
    } else {
        p->is_named = false;
        p->is_kernel &= !yk_token_is(token, ";") && !yk_token_is(token, "{");
    }
}

/* Each branch that is seen begins with the parameter that the first one begins with. */
static void promise_take_condition(promise_reader *p, yk_token word)
{
    if (yk_opens_group(word)) {
        if (p->forks < MAX_NESTED) {
            p->at_fork[p->forks] = p->parameter;
        }
        p->forks++;
    } else if (p->forks > 0) {
        if (yk_token_is(word, "endif")) {
            p->forks--;
        } else if (p->forks <= MAX_NESTED &&
                   yk_conditions_here(&p->stream.conditions) != YK_NO) {
            p->parameter = p->at_fork[p->forks - 1];
        }
    }
}

static bool promise_read_text(promise_reader *p, const char *source,
                              const yk_build_options *options)
{
    yk_token token;
    bool good;

    yk_token_stream_init(&p->stream, source, options);
    while ((token = yk_token_stream_next(&p->stream)).kind != YK_TOKEN_END) {
        if (token.kind == YK_TOKEN_HASH) {
            promise_take_condition(p, token);
        } else if (p->depth > 0) {
            promise_take_parameter(p, token);
        } else {
            promise_take_outside(p, token);
        }
    }
    good = !p->stream.conditions.macros.is_short_of_memory;
    yk_token_stream_fini(&p->stream);
    return good;
}

/* Most sources have none of the words, in whatever macro. */
static bool promise_may_be_in(const char *text)
{
    return text != NULL &&
           (strstr(text, "restrict") != NULL || strstr(text, "constant") != NULL);
}

bool yk_promises_read(yk_promises *promises, const char *source, const char *options,
                      const char *name)
{
    promise_reader *p;
    yk_build_options read;
    bool good;

    memset(promises, 0, sizeof *promises);
    if (!promise_may_be_in(source) && !promise_may_be_in(options)) {
        return true;
    }
    p = calloc(1, sizeof *p);
    good = yk_build_options_read(&read, options) && p != NULL;
    if (good) {
        p->name = name;
        p->found = promises;
        good = promise_read_text(p, source, &read);
    }
    yk_build_options_fini(&read);
    free(p);
    return good;
}
