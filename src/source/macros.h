/* SPDX-License-Identifier: MIT */
/*
 * What is known about macros at a place in a text. Drivers define some of their own, and
 * conditions on those cannot be decided here, so a macro may also be unknown.
 */
#ifndef YK_SOURCE_MACROS_H
#define YK_SOURCE_MACROS_H

#include <stdbool.h>

#include "source/lexer.h"

typedef enum yk_macro_state {
    YK_MACRO_UNKNOWN,
    YK_MACRO_UNDEFINED,
    YK_MACRO_DEFINED,
} yk_macro_state;

typedef struct yk_macro {
    struct yk_macro *next;
    yk_macro_state state;
    /* defined, but which of several definitions applies is unknown */
    bool is_ambiguous;
    bool is_mentioned; /* the text has defined or undefined it */
    bool is_guarded;   /* it has a guard, or cannot have one any more */
    struct yk_macro *guard; /* wherever that macro is defined, this one is, too */
    const char *definition; /* what follows the name in its line; NULL: never seen */
    char name[YK_WORD_BYTES];
} yk_macro;

enum { YK_MACRO_BUCKETS = 1024 };

typedef struct yk_macros {
    yk_macro *buckets[YK_MACRO_BUCKETS];
    yk_macro spare; /* returned when there is no memory */
    bool is_short_of_memory;
} yk_macros;

/* Accepts zeroed macros, as all functions do. */
void yk_macros_fini(yk_macros *macros);

/* The macro of this name, added if necessary; never NULL. */
yk_macro *yk_macros_get(yk_macros *macros, yk_token name);

/* The macro of this name, or NULL. */
yk_macro *yk_macros_find(const yk_macros *macros, yk_token name);

/* Whether it takes arguments. */
bool yk_macro_is_function(const yk_macro *macro);

#endif
