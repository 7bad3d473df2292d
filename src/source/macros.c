/* SPDX-License-Identifier: MIT */
#include "source/macros.h"

#include <stdlib.h>
#include <string.h>

static unsigned bucket_of(const char *name)
{
    unsigned hash = 5381;

    for (; *name != '\0'; name++) {
        hash = hash * 33 + (unsigned char)*name;
    }
    return hash % YK_MACRO_BUCKETS;
}

void yk_macros_fini(yk_macros *macros)
{
    for (unsigned i = 0; i < YK_MACRO_BUCKETS; i++) {
        while (macros->buckets[i] != NULL) {
            yk_macro *const macro = macros->buckets[i];

            macros->buckets[i] = macro->next;
            free(macro);
        }
    }
}

static yk_macro *find_macro(const yk_macros *macros, const char *name)
{
    yk_macro *macro = macros->buckets[bucket_of(name)];

    while (macro != NULL && strcmp(macro->name, name) != 0) {
        macro = macro->next;
    }
    return macro;
}

yk_macro *yk_macros_find(const yk_macros *macros, yk_token name)
{
    char text[YK_WORD_BYTES];

    yk_token_copy(name, text);
    return find_macro(macros, text);
}

yk_macro *yk_macros_get(yk_macros *macros, yk_token name)
{
    char text[YK_WORD_BYTES];
    yk_macro *macro;

    yk_token_copy(name, text);
    macro = find_macro(macros, text);
    if (macro != NULL) {
        return macro;
    }
    macro = calloc(1, sizeof *macro);
    if (macro == NULL) {
        macros->is_short_of_memory = true;
        macros->spare = (yk_macro){.state = YK_MACRO_UNKNOWN};
        return &macros->spare;
    }
    memcpy(macro->name, text, sizeof text);
    macro->next = macros->buckets[bucket_of(text)];
    macros->buckets[bucket_of(text)] = macro;
    return macro;
}

bool yk_macro_is_function(const yk_macro *macro)
{
    const char *at = macro->definition;

    return at != NULL && yk_lex(&at).begin == macro->definition &&
           *macro->definition == '(';
}
