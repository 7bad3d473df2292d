/* SPDX-License-Identifier: MIT */
/*
 * The declarations of a source, read token by token as far as variables need it: where a
 * declaration begins and ends, what it declares, and in which memory that is. It is not a
 * compiler's parser: what it does not know it passes over.
 */
#ifndef YK_SOURCE_DECLARATION_H
#define YK_SOURCE_DECLARATION_H

#include <stdbool.h>

#include "source/lexer.h"

/* A declaration, or statement, as far as it has been read. */
typedef struct yk_declaration {
    unsigned base;  /* flags of its type */
    unsigned flags; /* and of the object that comes */
    unsigned words; /* of type and name */
    bool has_pointer;
    bool has_body; /* of a struct */
    bool is_function;
    bool is_initializer;
    bool awaits_operand;
    bool awaits_name; /* in parentheses */
    bool awaits_parameters;
    bool has_pointer_inside;
    bool has_type; /* its last word is one, so that a name comes */
    char name[64];
} yk_declaration;

/* Where the reading is. A copy of it goes back to there. */
typedef struct yk_declaration_state {
    unsigned scope;   /* braces of functions around */
    unsigned nesting; /* parentheses and the like that are passed over */
    yk_declaration now;
    yk_declaration hidden; /* within them */
} yk_declaration_state;

/* All zero at the start. */
typedef struct yk_declarations {
    yk_declaration_state state;
    struct yk_type_name *types;
    const char *here; /* where the token is that is read */
    const char *word; /* where the last word of a declaration was */
    bool is_short_of_memory;
    bool has_constants;   /* const or __constant variables */
    bool has_changeable;  /* one that kernels can change: the first is */
    char name[64];        /* this one */
    const char *position; /* here in the source */
} yk_declarations;

/* Takes the next token, which stands at `position` in the source. */
void yk_declarations_take(yk_declarations *p, yk_token token, const char *position);

/* After two readings of what the source has in two forms: the object that is declared next
 * has a qualifier if it has it in both. */
void yk_declaration_state_join(yk_declaration_state *state,
                               const yk_declaration_state *other);

void yk_declarations_fini(yk_declarations *p);

#endif
