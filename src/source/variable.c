/* SPDX-License-Identifier: MIT */
#include "source/variable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "source/declaration.h"
#include "source/token_stream.h"

enum { MAX_READINGS = 16 };

/* The states at an #if and at the end of its first branch. */
typedef struct fork_states {
    yk_declaration_state before;
    yk_declaration_state after;
    bool has_after;
} fork_states;

/* One reading of the source. */
typedef struct source_reader {
    yk_token_stream stream;
    yk_declarations declarations;
    fork_states forks[YK_MAX_GROUPS];
    size_t fork_count;
    bool is_seen; /* the branch that is read may be the compiler's */
} source_reader;

/* ---- conditions ---- */

/* Each branch may contain the head of a function, with the same brace: after the #endif the
 * state after the first branch applies. A qualifier counts if all branches have it. */
static void end_branch(source_reader *p, fork_states *fork)
{
    if (!p->is_seen) {
        return;
    }
    if (fork->has_after) {
        yk_declaration_state_join(&fork->after, &p->declarations.state);
    } else {
        fork->after = p->declarations.state;
        fork->has_after = true;
    }
}

static void take_condition(source_reader *p, yk_token word)
{
    if (yk_opens_group(word)) {
        if (p->fork_count < YK_MAX_GROUPS) {
            p->forks[p->fork_count++] = (fork_states){.before = p->declarations.state};
        }
    } else if (p->fork_count > 0) {
        fork_states *const fork = &p->forks[p->fork_count - 1];

        end_branch(p, fork);
        p->declarations.state = fork->before;
        if (yk_token_is(word, "endif")) {
            p->declarations.state = fork->has_after ? fork->after : fork->before;
            p->fork_count--;
        }
    }
    p->is_seen = yk_conditions_here(&p->stream.conditions) != YK_NO;
}

/* ---- the whole ---- */

/* Describes the line that a compiler would name. */
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

/* Adds what a reading has found to what earlier ones have. */
static void add_findings(const source_reader *p, const char *source,
                         yk_variables *found)
{
    const yk_declarations *const read = &p->declarations;

    found->has_constants |= read->has_constants;
    if (read->has_changeable && !found->has_changeable) {
        found->has_changeable = true;
        memcpy(found->name, read->name, sizeof found->name);
        describe_place(source, read->position, found->place, sizeof found->place);
    }
    found->is_incomplete |= p->stream.is_incomplete;
    if (p->stream.wrapped[0] != '\0') {
        yk_text_copy(found->wrapped, sizeof found->wrapped, p->stream.wrapped);
    }
}

/* Reads the text with all branches that a compiler may take or, if `decides`, with one branch
 * of each group. */
static bool variable_read_text(source_reader *p, const char *source,
                               const yk_build_options *options, bool decides,
                               size_t branch, yk_variables *found)
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
            continue;
        }
        found->enqueues |=
            token.kind == YK_TOKEN_WORD && yk_token_is(token, "enqueue_kernel");
        yk_declarations_take(&p->declarations, token,
                             yk_token_stream_position(&p->stream));
    }
    add_findings(p, source, found);
    good = !p->stream.conditions.macros.is_short_of_memory &&
           !p->declarations.is_short_of_memory;
    yk_token_stream_fini(&p->stream);
    yk_declarations_fini(&p->declarations);
    return good;
}

static bool variable_read_once(const char *source, const yk_build_options *options,
                               bool decides, size_t branch, yk_variables *found,
                               size_t *branches)
{
    source_reader *const p = calloc(1, sizeof *p);
    bool good;

    if (p == NULL) {
        return false;
    }
    good = variable_read_text(p, source, options, decides, branch, found);
    *branches = p->stream.conditions.branches_in_doubt;
    free(p);
    return good;
}

/* If several branches define a macro, the first reading uses the last definition. So each
 * branch is also read by itself, and the text without them. */
static bool read_variables(const char *source, const yk_build_options *options,
                           yk_variables *found)
{
    size_t branches = 0;
    size_t unused = 0;
    bool good = variable_read_once(source, options, false, 0, found, &branches);

    for (size_t i = 0; i <= branches && i < MAX_READINGS && branches > 0; i++) {
        if (good && !found->has_changeable) {
            good = variable_read_once(source, options, true, i, found, &unused);
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
        return yk_fail(error, YOKE_ENOMEM, "%s: cannot allocate memory for its source",
                       noun);
    }
    if (found.has_changeable) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: the variable '%s' (%s) is in global memory outside the "
                       "kernel: each device and process would have its own copy, which "
                       "outlives the job; pass shared data as a yoke_inout_whole() "
                       "argument, and declare constants __constant or const",
                       noun, found.name, found.place);
    }
    if (found.wrapped[0] != '\0') {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: the source has an #undef of %s, or a macro of that name "
                       "that calls it: that would be the driver's own function, which "
                       "knows only the piece that is launched; rename the macro",
                       noun, found.wrapped);
    }
    if (found.is_incomplete) {
        return yk_fail(
            error, YOKE_EUNSUPPORTED,
            "%s: the source has too many macros, or they are nested too deeply, to "
            "check whether it has variables in global memory; at most %d may be nested",
            noun, YK_MAX_EXPANSIONS);
    }
    return !found.enqueues
               ? YOKE_OK
               : yk_fail(error, YOKE_EUNSUPPORTED,
                         "%s: the source calls enqueue_kernel(): kernels that start "
                         "kernels are not supported; start them from the program",
                         noun);
}
