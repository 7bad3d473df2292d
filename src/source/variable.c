/* SPDX-License-Identifier: MIT */
#include "source/variable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "source/token_stream.h"

enum { MAX_READINGS = 16 };

/* What the words of a declaration say of the object that it declares. */
enum {
    IS_CONST = 1,
    IS_CONSTANT = 2,
    IS_LOCAL = 4,
    IS_SAMPLER = 8,
    IS_STATIC = 16,
    IS_TYPEDEF = 32,
    HAS_TAG = 64,       /* struct, union, enum */
    HAS_OPERAND = 128,  /* parentheses follow that are no parameters */
    IS_QUALIFIER = 256, /* and no more */
    IS_TYPE = 512,      /* known as one */
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

/* A declaration, or statement, as far as it has been read. */
typedef struct declaration {
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
} declaration;

typedef struct parser_state {
    unsigned scope;   /* braces of functions around */
    unsigned nesting; /* parentheses and the like that are passed over */
    declaration now;
    declaration hidden; /* within them */
} parser_state;

/* The states at an #if and at the end of its first branch. */
typedef struct fork_states {
    parser_state before;
    parser_state after;
    bool has_after;
} fork_states;

typedef struct type_name {
    struct type_name *next;
    unsigned flags;
    char name[64];
} type_name;

typedef struct parser {
    yk_token_stream stream;
    parser_state state;
    fork_states forks[YK_MAX_GROUPS];
    size_t fork_count;
    bool is_seen;     /* the branch that is read may be the compiler's */
    type_name *types; /* typedef names */
    yk_variables *found;
    const char *word;     /* where the last one of a declaration was */
    const char *position; /* of what was found */
} parser;

/* ---- words ---- */

static unsigned flags_of_type(const parser *p, yk_token word)
{
    for (const type_name *type = p->types; type != NULL; type = type->next) {
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

static unsigned flags_of(const parser *p, yk_token word)
{
    for (size_t i = 0; i < sizeof known_words / sizeof known_words[0]; i++) {
        if (yk_token_is(word, known_words[i].word)) {
            return known_words[i].flags;
        }
    }
    return is_built_in_type(word) ? IS_TYPE : flags_of_type(p, word);
}

static void copy_name(parser *p, declaration *to, yk_token word)
{
    char name[YK_WORD_BYTES];

    p->word = yk_token_stream_position(&p->stream);
    yk_token_copy(word, name);
    yk_text_copy(to->name, sizeof to->name, name);
}

static void take_name(parser *p, yk_token word)
{
    p->state.now.words++;
    copy_name(p, &p->state.now, word);
}

static void take_declaration_word(parser *p, yk_token word)
{
    declaration *const now = &p->state.now;
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

static void add_type(parser *p, const declaration *now)
{
    type_name *const made = calloc(1, sizeof *made);

    if (made == NULL) {
        p->stream.conditions.macros.is_short_of_memory = true;
        return;
    }
    made->flags = IS_TYPE | (now->flags & OF_OBJECT);
    memcpy(made->name, now->name, sizeof made->name);
    made->next = p->types;
    p->types = made;
}

static void note_changeable(parser *p, const char name[64])
{
    if (!p->found->has_changeable) {
        p->found->has_changeable = true;
        memcpy(p->found->name, name, sizeof p->found->name);
        p->position = p->word;
    }
}

static bool is_variable(const declaration *now, unsigned scope)
{
    return !now->is_function && now->words >= (now->has_body ? 1 : 2) &&
           (scope == 0 || (now->flags & IS_STATIC) != 0);
}

static void end_declarator(parser *p)
{
    declaration *const now = &p->state.now;

    if ((now->flags & IS_TYPEDEF) != 0) {
        add_type(p, now);
    } else if (is_variable(now, p->state.scope)) {
        if ((now->flags & OF_OBJECT) != 0) {
            p->found->has_constants = true;
        } else {
            note_changeable(p, now->name);
        }
    }
    now->flags = now->base;
    now->words = now->has_body ? 0 : 1; /* the type's stay */
    now->has_type = true;
    now->has_pointer = false;
    now->has_pointer_inside = false;
    now->is_function = false;
    now->is_initializer = false;
}

static void begin_statement(parser *p)
{
    p->state.now = (declaration){.base = 0};
}

static void enter_nesting(parser *p)
{
    p->state.nesting = 1;
    p->state.hidden = (declaration){.base = 0};
}

static void take_brace(parser *p)
{
    declaration *const now = &p->state.now;

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

/* What is behind it belongs to the pointer, what was before to what it points to. */
static void take_pointer(parser *p)
{
    p->state.now.has_pointer = true;
    p->state.now.flags &= ~(unsigned)OF_OBJECT;
}

/* Parameters, an operand, or, behind a type, a name: int (n), int (*p)[4]. */
static void take_parenthesis(parser *p)
{
    declaration *const now = &p->state.now;

    if (now->awaits_operand) {
        now->awaits_operand = false;
    } else if (now->has_type) {
        now->awaits_name = true;
    } else {
        now->is_function |= now->words > 0 && !now->has_pointer_inside;
    }
    enter_nesting(p);
}

/* A name in parentheses: a variable's or a function's, which its parameters tell. */
static void take_inner_declarator(parser *p, yk_token token)
{
    declaration *const now = &p->state.now;

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
static void take_hidden(parser *p, yk_token token)
{
    declaration *const hidden = &p->state.hidden;
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
        *hidden = (declaration){.base = 0};
    }
}

/* Within parentheses and the like little matters but their end. */
static void take_nested(parser *p, yk_token token)
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

static void take_initializer(parser *p, char c)
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

static void take_mark(parser *p, char c)
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

static void take_token(parser *p, yk_token token)
{
    p->found->enqueues |=
        token.kind == YK_TOKEN_WORD && yk_token_is(token, "enqueue_kernel");
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

/* ---- conditions ---- */

/* Each branch may have the head of a function, with the same brace: what the first of them
 * makes of the text counts behind the #endif. A qualifier counts if all have it. */
static void end_branch(parser *p, fork_states *fork)
{
    if (!p->is_seen) {
        return;
    }
    if (fork->has_after) {
        fork->after.now.flags &= p->state.now.flags | ~(unsigned)OF_OBJECT;
    } else {
        fork->after = p->state;
        fork->has_after = true;
    }
}

static void take_condition(parser *p, yk_token word)
{
    if (yk_opens_group(word)) {
        if (p->fork_count < YK_MAX_GROUPS) {
            p->forks[p->fork_count++] = (fork_states){.before = p->state};
        }
    } else if (p->fork_count > 0) {
        fork_states *const fork = &p->forks[p->fork_count - 1];

        end_branch(p, fork);
        p->state = fork->before;
        if (yk_token_is(word, "endif")) {
            p->state = fork->has_after ? fork->after : fork->before;
            p->fork_count--;
        }
    }
    p->is_seen = yk_conditions_here(&p->stream.conditions) != YK_NO;
}

/* ---- the whole ---- */

/* Names the line that a compiler would name. */
static void describe_place(const char *text, const char *place, char *description,
                           size_t bytes)
{
    yk_token name = {.kind = YK_TOKEN_END};
    long line = 1;

    while (*text != '\0' && yk_line_last(text).end < place) {
        const char *begin = text;
        const char *at = text;

        text = yk_line_last(text).end;
        if (yk_lex(&at).kind == YK_TOKEN_HASH && yk_token_is(yk_lex(&at), "line")) {
            line = strtol(at, NULL, 10);
            (void)yk_lex(&at);
            name = yk_lex(&at);
            continue;
        }
        for (; begin < text; begin++) {
            line += *begin == '\n';
        }
    }
    if (name.kind == YK_TOKEN_QUOTED && !yk_token_is(name, "\"<source>\"")) {
        yk_text_format(description, bytes, "line %ld of %.*s", line,
                       (int)(name.end - name.begin - 2), name.begin + 1);
    } else {
        yk_text_format(description, bytes, "line %ld", line);
    }
}

static void free_types(parser *p)
{
    while (p->types != NULL) {
        type_name *const type = p->types;

        p->types = type->next;
        free(type);
    }
}

/* Reads the text with all branches that a compiler may take, or, if it `decides`, with one of
 * each group. */
static bool variable_read_text(parser *p, const char *source,
                               const yk_build_options *options, bool decides,
                               size_t branch)
{
    yk_token token;
    bool good;

    p->is_seen = true;
    p->stream.conditions.decides = decides;
    p->stream.conditions.decided_branch = branch;
    yk_token_stream_init(&p->stream, source, options);
    while ((token = yk_token_stream_next(&p->stream)).kind != YK_TOKEN_END) {
        if (token.kind == YK_TOKEN_HASH) {
            take_condition(p, token);
        } else {
            take_token(p, token);
        }
    }
    if (p->position != NULL) {
        describe_place(source, p->position, p->found->place, sizeof p->found->place);
    }
    p->found->is_incomplete |= p->stream.is_incomplete;
    if (p->stream.wrapped[0] != '\0') {
        yk_text_copy(p->found->wrapped, sizeof p->found->wrapped, p->stream.wrapped);
    }
    good = !p->stream.conditions.macros.is_short_of_memory;
    yk_token_stream_fini(&p->stream);
    free_types(p);
    return good;
}

static bool read_once(const char *source, const yk_build_options *options, bool decides,
                      size_t branch, yk_variables *found, size_t *branches)
{
    parser *const p = calloc(1, sizeof *p);
    bool good;

    if (p == NULL) {
        return false;
    }
    p->found = found;
    good = variable_read_text(p, source, options, decides, branch);
    *branches = p->stream.conditions.branches_in_doubt;
    free(p);
    return good;
}

/* Of a macro that several branches define the first reading takes the last definition; so
 * each branch is read for itself, and the text without them. */
static bool read_variables(const char *source, const yk_build_options *options,
                           yk_variables *found)
{
    size_t branches = 0;
    size_t unused = 0;
    bool good = read_once(source, options, false, 0, found, &branches);

    for (size_t i = 0; i <= branches && i < MAX_READINGS && branches > 0; i++) {
        if (good && !found->has_changeable) {
            good = read_once(source, options, true, i, found, &unused);
        }
    }
    return good;
}

bool yk_variables_read(yk_variables *variables, const char *source, const char *options)
{
    yk_build_options read;
    const bool good = yk_build_options_read(&read, options);
    bool is_read;

    memset(variables, 0, sizeof *variables);
    is_read = good && read_variables(source, &read, variables);
    yk_build_options_fini(&read);
    return is_read;
}

yoke_status yk_variables_check(const char *source, const char *options,
                               const char *noun, yk_error *error)
{
    yk_variables found;

    if (!yk_variables_read(&found, source, options)) {
        return yk_fail(error, YOKE_ENOMEM, "%s: no memory for its source", noun);
    }
    if (found.has_changeable) {
        return yk_fail(
            error, YOKE_EUNSUPPORTED,
            "%s: the variable '%s' (%s) is in global memory outside the kernel: each "
            "device and process would have one of its own, which outlives the job; "
            "pass what items share as a yoke_inout_whole() argument, and declare "
            "what never changes __constant or const",
            noun, found.name, found.place);
    }
    if (found.wrapped[0] != '\0') {
        return yk_fail(
            error, YOKE_EUNSUPPORTED,
            "%s: it has an #undef of %s, or a macro of that name that calls it: "
            "that would be the driver's own function, which knows only the piece "
            "that is launched; give the macro another name",
            noun, found.wrapped);
    }
    if (found.is_incomplete) {
        return yk_fail(
            error, YOKE_EUNSUPPORTED,
            "%s: its macros are too many, or nested too deeply, to see whether "
            "it has variables in global memory; at most %d may be nested",
            noun, YK_MAX_EXPANSIONS);
    }
    return !found.enqueues
               ? YOKE_OK
               : yk_fail(
                     error, YOKE_EUNSUPPORTED,
                     "%s: it calls enqueue_kernel(): kernels that start kernels are "
                     "not supported; start them from the program",
                     noun);
}
