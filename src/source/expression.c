/* SPDX-License-Identifier: MIT */
#include "source/expression.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 32 };

/* A number, or an unknown value. */
typedef struct value {
    bool known;
    long long number;
} value;

typedef struct reader {
    const yk_macros *macros;
    bool guesses;
    const char *at;
    int depth;
} reader;

static const value unknown_value = {false, 0};

static value value_known(long long number)
{
    return (value){true, number};
}

static value expression_evaluate(reader *r, int weakest);

/* Whether a name looks like one that drivers and compilers define. */
static bool looks_predefined(const char *name)
{
    static const char *const beginnings[] = {"_",   "cl_",   "CL",  "POCL", "NV",
                                             "AMD", "INTEL", "FP_", "IMAGE"};

    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

yk_truth yk_macro_truth(const yk_macros *macros, bool guesses, yk_token name)
{
    const yk_macro *const macro = yk_macros_find(macros, name);
    char text[YK_WORD_BYTES];

    if (macro != NULL && macro->state != YK_MACRO_UNKNOWN) {
        return macro->state == YK_MACRO_DEFINED ? YK_YES : YK_NO;
    }
    yk_token_copy(name, text);
    return guesses && (macro == NULL || !macro->is_mentioned) && !looks_predefined(text)
               ? YK_NO
               : YK_MAYBE;
}

static yk_token reader_peek(const reader *r)
{
    const char *at = r->at;

    return yk_lex(&at);
}

static bool accept_text(reader *r, const char *text)
{
    const yk_token token = reader_peek(r);

    if (!yk_token_is(token, text)) {
        return false;
    }
    r->at = token.end;
    return true;
}

static value read_defined(reader *r)
{
    const bool has_parentheses = accept_text(r, "(");
    const yk_token name = yk_lex(&r->at);
    const yk_truth truth = yk_macro_truth(r->macros, r->guesses, name);

    if (has_parentheses) {
        (void)accept_text(r, ")");
    }
    return truth == YK_MAYBE ? unknown_value : value_known(truth == YK_YES);
}

static value read_number(yk_token token)
{
    char text[YK_WORD_BYTES];
    char *end;
    long long number;

    yk_token_copy(token, text);
    number = strtoll(text, &end, 0);
    return end[strspn(end, "uUlL")] == '\0' ? value_known(number) : unknown_value;
}

/* Skips what follows the name of a macro with arguments, or of something like __has_include. */
static void skip_operand(reader *r)
{
    int depth = 0;
    yk_token token = reader_peek(r);

    if (!yk_token_is(token, "(")) {
        return;
    }
    do {
        token = yk_lex(&r->at);
        depth += yk_token_is(token, "(") ? 1 : yk_token_is(token, ")") ? -1 : 0;
    } while (depth > 0 && token.kind != YK_TOKEN_END && token.kind != YK_TOKEN_NEWLINE);
}

static value read_macro(reader *r, yk_token name)
{
    const yk_macro *const macro = yk_macros_find(r->macros, name);
    const yk_truth truth = yk_macro_truth(r->macros, r->guesses, name);
    reader inner = *r;

    if (truth == YK_NO) {
        return value_known(0);
    }
    if (truth == YK_MAYBE || macro->is_ambiguous || macro->definition == NULL ||
        yk_macro_is_function(macro) || ++inner.depth > MAX_DEPTH) {
        skip_operand(r);
        return unknown_value;
    }
    inner.at = macro->definition;
    return expression_evaluate(&inner, 0);
}

static value value_negate(value operand, char by)
{
    const unsigned long long bits = (unsigned long long)operand.number;

    if (!operand.known) {
        return operand;
    }
    return by == '!'   ? value_known(operand.number == 0)
           : by == '~' ? value_known((long long)~bits)
                       : value_known((long long)(0 - bits));
}

static value read_operand(reader *r)
{
    const yk_token token = yk_lex(&r->at);
    value inner;

    if (++r->depth > MAX_DEPTH) {
        return unknown_value;
    }
    if (yk_token_is(token, "!") || yk_token_is(token, "~") || yk_token_is(token, "-")) {
        inner = value_negate(read_operand(r), *token.begin);
    } else if (yk_token_is(token, "+")) {
        inner = read_operand(r);
    } else if (yk_token_is(token, "(")) {
        inner = expression_evaluate(r, 0);
        (void)accept_text(r, ")");
    } else if (yk_token_is(token, "defined")) {
        inner = read_defined(r);
    } else if (token.kind == YK_TOKEN_NUMBER) {
        inner = read_number(token);
    } else {
        inner = token.kind == YK_TOKEN_WORD ? read_macro(r, token) : unknown_value;
    }
    r->depth--;
    return inner;
}

/* All known operators, those of two characters first; other operators make a value unknown. */
static const struct {
    char text[3];
    int strength;
} operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<=", 4}, {">=", 4}, {"<", 4},
    {">", 4},  {"+", 5},  {"-", 5},  {"*", 6},  {"/", 6},  {"%", 6},
};

/* The index of the next operator, or -1. */
static int next_operator(reader *r, int weakest)
{
    const char *const at = yk_skip_blanks(r->at);

    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        const size_t length = strlen(operators[i].text);

        if (strncmp(at, operators[i].text, length) == 0) {
            if (operators[i].strength < weakest) {
                return -1;
            }
            r->at = at + length;
            return (int)i;
        }
    }
    return -1;
}

static value compare_numbers(const char *by, long long a, long long b)
{
    const bool equal = a == b;

    switch (by[0]) {
    case '=':
        return value_known(equal);
    case '!':
        return value_known(!equal);
    case '<':
        return value_known(a < b || (by[1] == '=' && equal));
    default:
        return value_known(a > b || (by[1] == '=' && equal));
    }
}

static value compute_number(char by, long long a, long long b)
{
    const unsigned long long left = (unsigned long long)a;
    const unsigned long long right = (unsigned long long)b;

    switch (by) {
    case '+':
        return value_known((long long)(left + right));
    case '-':
        return value_known((long long)(left - right));
    case '*':
        return value_known((long long)(left * right));
    default:
        return b <= 0 || a < 0 ? unknown_value : value_known(by == '/' ? a / b : a % b);
    }
}

static value value_combine(const char *by, value a, value b)
{
    const bool is_or = strcmp(by, "||") == 0;

    if (is_or || strcmp(by, "&&") == 0) {
        if ((a.known && (a.number != 0) == is_or) ||
            (b.known && (b.number != 0) == is_or)) {
            return value_known(is_or);
        }
        return a.known && b.known ? value_known(!is_or) : unknown_value;
    }
    if (!a.known || !b.known) {
        return unknown_value;
    }
    return strchr("=!<>", by[0]) != NULL ? compare_numbers(by, a.number, b.number)
                                         : compute_number(by[0], a.number, b.number);
}

static value expression_evaluate(reader *r, int weakest)
{
    value left = read_operand(r);
    int found;

    while ((found = next_operator(r, weakest)) >= 0) {
        const value right = expression_evaluate(r, operators[found].strength + 1);

        left = value_combine(operators[found].text, left, right);
    }
    return left;
}

yk_truth yk_expression_truth(const yk_macros *macros, bool guesses, const char *text)
{
    reader r = {.macros = macros, .guesses = guesses, .at = text};
    const value result = expression_evaluate(&r, 0);
    const yk_token_kind kind = yk_lex(&r.at).kind;

    if (!result.known || (kind != YK_TOKEN_NEWLINE && kind != YK_TOKEN_END)) {
        return YK_MAYBE; /* or an operator that is not known here */
    }
    return result.number != 0 ? YK_YES : YK_NO;
}
