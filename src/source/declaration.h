/* SPDX-License-Identifier: MIT */
/*
 * The declarations of a source, read token by token as far as variables need it: where a
 * declaration begins and ends, what it declares, and in which memory that is. It is not a
 * compiler's parser: it skips what it does not know.
 */
#ifndef YK_SOURCE_DECLARATION_H
#define YK_SOURCE_DECLARATION_H

#include <stdbool.h>

#include "source/lexer.h"

/* A declaration, or statement, as far as it has been read. */
typedef struct yk_declaration {
    unsigned base;  /* flags of its type */
    unsigned flags; /* flags of the next object */
    unsigned words; /* number of words of type and name */
    bool has_pointer;
    bool has_body; /* of a struct */
    bool is_function;
    bool is_initializer;
    bool awaits_operand;
    bool awaits_name; /* in parentheses */
    bool awaits_parameters;
    bool has_pointer_inside;
    bool has_type; /* its last word is a type, so that a name follows */
    char name[64];
} yk_declaration;

/* The state of reading. A copy of it allows going back to that place. */
typedef struct yk_declaration_state {
    unsigned scope;   /* enclosing braces of functions */
    unsigned nesting; /* nested parentheses and the like that are skipped */
    yk_declaration now;
    yk_declaration hidden; /* the declaration within them */
} yk_declaration_state;

/* All zero at the start. */
typedef struct yk_declarations {
    yk_declaration_state state;
    struct yk_type_name *types;
    const char *here; /* place of the present token */
    const char *word; /* place of the last word of a declaration */
    bool is_short_of_memory;
    bool has_constants;   /* const or __constant variables */
    bool has_changeable;  /* there is one that kernels can change: the first is */
    char name[64];        /* this one */
    const char *position; /* here in the source */
} yk_declarations;

/* Takes the next token, which stands at `position` in the source. */
void yk_declarations_take(yk_declarations *p, yk_token token, const char *position);

/* After reading both forms of a part of the source: the object that is declared next has a
 * qualifier if it has it in both. */
void yk_declaration_state_join(yk_declaration_state *state,
                               const yk_declaration_state *other);

void yk_declarations_fini(yk_declarations *p);

#endif
