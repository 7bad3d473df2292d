/* SPDX-License-Identifier: MIT */
#include "source/declaration.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What the words of a declaration say about the object that it declares. */
enum {
    IS_CONST = 1,
    IS_CONSTANT = 2,
    IS_LOCAL = 4,
    IS_SAMPLER = 8,
    IS_STATIC = 16,
    IS_TYPEDEF = 32,
    HAS_TAG = 64,       /* struct, union, enum */
    HAS_OPERAND = 128,  /* parentheses follow that are not parameters */
    IS_QUALIFIER = 256, /* nothing but that */
    IS_TYPE = 512,      /* the name of a known type */
    OF_OBJECT = IS_CONST | IS_CONSTANT | IS_LOCAL | IS_SAMPLER,
};

static const struct {
    const char *word;
    unsigned flags;
} known_words[] = {
    {"const", IS_CONST | IS_QUALIFIER},
    {"__const", IS_CONST | IS_QUALIFIER},
    {"constexpr", IS_CONST | IS_QUALIFIER},
    {"constant", IS_CONSTANT | IS_QUALIFIER},
    {"__constant", IS_CONSTANT | IS_QUALIFIER},
    {"local", IS_LOCAL | IS_QUALIFIER},
    {"__local", IS_LOCAL | IS_QUALIFIER},
    {"sampler_t", IS_SAMPLER | IS_TYPE},
    {"static", IS_STATIC | IS_QUALIFIER},
    {"typedef", IS_TYPEDEF | IS_QUALIFIER},
    {"struct", HAS_TAG | IS_QUALIFIER},
    {"union", HAS_TAG | IS_QUALIFIER},
    {"enum", HAS_TAG | IS_QUALIFIER},
    {"__attribute__", HAS_OPERAND | IS_QUALIFIER},
    {"__attribute", HAS_OPERAND | IS_QUALIFIER},
    {"__declspec", HAS_OPERAND | IS_QUALIFIER},
    {"_Alignas", HAS_OPERAND | IS_QUALIFIER},
    {"_Pragma", HAS_OPERAND | IS_QUALIFIER},
    {"_Static_assert", HAS_OPERAND | IS_QUALIFIER},
    {"static_assert", HAS_OPERAND | IS_QUALIFIER},
    {"__pragma", HAS_OPERAND | IS_QUALIFIER},
    {"_Atomic", HAS_OPERAND | IS_TYPE},
    {"typeof", HAS_OPERAND | IS_TYPE},
    {"__typeof__", HAS_OPERAND | IS_TYPE},
    {"__typeof", HAS_OPERAND | IS_TYPE},
    {"global", IS_QUALIFIER},
    {"__global", IS_QUALIFIER},
    {"private", IS_QUALIFIER},
    {"__private", IS_QUALIFIER},
    {"generic", IS_QUALIFIER},
    {"__generic", IS_QUALIFIER},
    {"extern", IS_QUALIFIER},
    {"inline", IS_QUALIFIER},
    {"__inline", IS_QUALIFIER},
    {"__inline__", IS_QUALIFIER},
    {"volatile", IS_QUALIFIER},
    {"restrict", IS_QUALIFIER},
    {"__restrict", IS_QUALIFIER},
    {"kernel", IS_QUALIFIER},
    {"__kernel", IS_QUALIFIER},
};

/* A typedef name. */
struct yk_type_name {
    struct yk_type_name *next;
    unsigned flags;
    char name[64];
};

/* ---- words ---- */

static unsigned flags_of_type(const yk_declarations *p, yk_token word)
{
    for (const struct yk_type_name *type = p->types; type != NULL; type = type->next) {
        if (yk_token_is(word, type->name)) {
            return type->flags;
        }
    }
    return 0;
}

/* int, uint4, atomic_int and so on. */
static bool is_built_in_type(yk_token word)
{
    static const char *const types[] = {
        "void",     "bool",   "char",      "uchar",    "short",     "ushort", "int",
        "uint",     "long",   "ulong",     "float",    "double",    "half",   "signed",
        "unsigned", "size_t", "ptrdiff_t", "intptr_t", "uintptr_t", "flag"};
    char name[YK_WORD_BYTES];
    const char *at = name;
    size_t length;

    yk_token_copy(word, name);
    at += strncmp(name, "atomic_", 7) == 0 ? 7 : 0;
    length = strcspn(at, "123468");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strlen(types[i]) == length && strncmp(at, types[i], length) == 0) {
            return at[length + strspn(at + length, "123468")] == '\0';
        }
    }
    return false;
}

static unsigned flags_of(const yk_declarations *p, yk_token word)
{
    for (size_t i = 0; i < sizeof known_words / sizeof known_words[0]; i++) {
        if (yk_token_is(word, known_words[i].word)) {
            return known_words[i].flags;
        }
    }
    return is_built_in_type(word) ? IS_TYPE : flags_of_type(p, word);
}

static void copy_name(yk_declarations *p, yk_declaration *to, yk_token word)
{
    char name[YK_WORD_BYTES];

    p->word = p->here;
    yk_token_copy(word, name);
    yk_text_copy(to->name, sizeof to->name, name);
}

static void take_name(yk_declarations *p, yk_token word)
{
    p->state.now.words++;
    copy_name(p, &p->state.now, word);
}

static void take_declaration_word(yk_declarations *p, yk_token word)
{
    yk_declaration *const now = &p->state.now;
    const unsigned flags = flags_of(p, word);

    now->flags |= flags;
    now->base |= now->has_pointer ? 0 : flags;
    now->awaits_operand = (flags & HAS_OPERAND) != 0;
    if ((flags & IS_QUALIFIER) == 0) {
        take_name(p, word);
        now->has_type =
            (flags & IS_TYPE) != 0 ||
            (now->words == 1 && (now->base & HAS_TAG) != 0 && !now->has_body);
    }
}

/* ---- declarations ---- */

static void add_type(yk_declarations *p, const yk_declaration *now)
{
    struct yk_type_name *const made = calloc(1, sizeof *made);

    if (made == NULL) {
        p->is_short_of_memory = true;
        return;
    }
    made->flags = IS_TYPE | (now->flags & OF_OBJECT);
    memcpy(made->name, now->name, sizeof made->name);
    made->next = p->types;
    p->types = made;
}

static void note_changeable(yk_declarations *p, const char name[64])
{
    if (!p->has_changeable) {
        p->has_changeable = true;
        memcpy(p->name, name, sizeof p->name);
        p->position = p->word;
    }
}

static bool is_variable(const yk_declaration *now, unsigned scope)
{
    return !now->is_function && now->words >= (now->has_body ? 1 : 2) &&
           (scope == 0 || (now->flags & IS_STATIC) != 0);
}

static void end_declarator(yk_declarations *p)
{
    yk_declaration *const now = &p->state.now;

    if ((now->flags & IS_TYPEDEF) != 0) {
        add_type(p, now);
    } else if (is_variable(now, p->state.scope)) {
        if ((now->flags & OF_OBJECT) != 0) {
            p->has_constants = true;
        } else {
            note_changeable(p, now->name);
        }
    }
    now->flags = now->base;
    now->words = now->has_body ? 0 : 1; /* the words of the type stay */
    now->has_type = true;
    now->has_pointer = false;
    now->has_pointer_inside = false;
    now->is_function = false;
    now->is_initializer = false;
}

static void begin_statement(yk_declarations *p)
{
    p->state.now = (yk_declaration){.base = 0};
}

static void enter_nesting(yk_declarations *p)
{
    p->state.nesting = 1;
    p->state.hidden = (yk_declaration){.base = 0};
}

static void take_brace(yk_declarations *p)
{
    yk_declaration *const now = &p->state.now;

    if ((now->base & HAS_TAG) != 0 && !now->is_function) {
        now->has_body = true;
        now->has_type = true;
        now->words = 0;
        enter_nesting(p);
    } else {
        p->state.scope++;
        begin_statement(p);
    }
}

/* Qualifiers after it belong to the pointer, those before it to what it points to. */
static void take_pointer(yk_declarations *p)
{
    p->state.now.has_pointer = true;
    p->state.now.flags &= ~(unsigned)OF_OBJECT;
}

/* Parameters, an operand or, after a type, a name: int (n), int (*p)[4]. */
static void take_parenthesis(yk_declarations *p)
{
    yk_declaration *const now = &p->state.now;

    if (now->awaits_operand) {
        now->awaits_operand = false;
    } else if (now->has_type) {
        now->awaits_name = true;
    } else {
        now->is_function |= now->words > 0 && !now->has_pointer_inside;
    }
    enter_nesting(p);
}

/* A name in parentheses: that of a variable or, if parameters follow, of a function. */
static void take_inner_declarator(yk_declarations *p, yk_token token)
{
    yk_declaration *const now = &p->state.now;

    if (token.kind == YK_TOKEN_WORD) {
        take_declaration_word(p, token);
        now->awaits_name = now->has_type;
        now->awaits_parameters = !now->has_type;
    } else if (yk_token_is(token, "*")) {
        now->has_pointer_inside = true;
        take_pointer(p);
    } else if (!yk_token_is(token, "(")) {
        now->awaits_name = false;
        now->is_function = true; /* a block, which nothing can change */
    }
}

/* ---- nesting ---- */

/* Statements within an expression: ({ static int n; n++; }), or a block's. */
static void take_hidden(yk_declarations *p, yk_token token)
{
    yk_declaration *const hidden = &p->state.hidden;
    const char c = *token.begin;

    if (token.kind == YK_TOKEN_WORD) {
        hidden->flags |= flags_of(p, token);
        copy_name(p, hidden, token);
    } else if (c == '*') {
        hidden->flags &= ~(unsigned)OF_OBJECT;
    } else if (token.kind == YK_TOKEN_OTHER && strchr("=,;[]{}", c) != NULL) {
        if ((hidden->flags & (IS_STATIC | OF_OBJECT)) == IS_STATIC && c != ']') {
            note_changeable(p, hidden->name);
        }
        *hidden = (yk_declaration){.base = 0};
    }
}

/* Within parentheses and the like only their end matters. */
static void take_nested(yk_declarations *p, yk_token token)
{
    if (p->state.now.awaits_name) {
        take_inner_declarator(p, token);
    } else if (p->state.now.awaits_parameters) {
        p->state.now.awaits_parameters = false;
        p->state.now.is_function |= yk_token_is(token, "(");
    }
    take_hidden(p, token);
    if (strchr("([{", *token.begin) != NULL) {
        p->state.nesting++;
    } else if (strchr(")]}", *token.begin) != NULL) {
        p->state.nesting--;
    }
}

static void take_initializer(yk_declarations *p, char c)
{
    if (c == '(' || c == '[' || c == '{') {
        enter_nesting(p);
    } else if (c == ',' || c == ';') {
        end_declarator(p);
    }
    if (c == ';') {
        begin_statement(p);
    }
}

static void take_mark(yk_declarations *p, char c)
{
    switch (c) {
    case '(':
        take_parenthesis(p);
        break;
    case '[':
        enter_nesting(p);
        break;
    case '{':
        take_brace(p);
        break;
    case '}':
        p->state.scope -= p->state.scope > 0 ? 1 : 0;
        begin_statement(p);
        break;
    case '*':
        take_pointer(p);
        break;
    case '=':
        p->state.now.is_initializer = true;
        break;
    case ',':
    case ';':
        end_declarator(p);
        if (c == ';') {
            begin_statement(p);
        }
        break;
    case ':':
        begin_statement(p);
        break;
    default:
        break;
    }
}

void yk_declarations_take(yk_declarations *p, yk_token token, const char *position)
{
    p->here = position;
    if (p->state.nesting > 0) {
        take_nested(p, token);
    } else if (p->state.now.is_initializer) {
        take_initializer(p, *token.begin);
    } else if (token.kind == YK_TOKEN_WORD) {
        take_declaration_word(p, token);
    } else if (token.kind == YK_TOKEN_OTHER) {
        take_mark(p, *token.begin);
    }
}

void yk_declaration_state_join(yk_declaration_state *state,
                               const yk_declaration_state *other)
{
    state->now.flags &= other->now.flags | ~(unsigned)OF_OBJECT;
}

void yk_declarations_fini(yk_declarations *p)
{
    while (p->types != NULL) {
        struct yk_type_name *const type = p->types;

        p->types = type->next;
        free(type);
    }
}
