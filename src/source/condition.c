/* SPDX-License-Identifier: MIT */
#include "source/condition.h"

#include <stdlib.h>

#include "source/expression.h"

void yk_conditions_fini(yk_conditions *conditions)
{
    yk_macros_fini(&conditions->macros);
    free((void *)conditions->changes);
}

yk_truth yk_conditions_here(const yk_conditions *conditions)
{
    return conditions->depth == 0 ? YK_YES
                                  : conditions->groups[conditions->depth - 1].here;
}

/* ---- macros ---- */

/* Notes that a macro changed in a text that may be seen: it is in doubt after that text. */
static void note_change(yk_conditions *c, yk_macro *macro)
{
    const size_t wanted = c->change_capacity == 0 ? 64 : 2 * c->change_capacity;

    macro->is_mentioned = true;
    if (c->depth == 0) {
        return;
    }
    if (c->change_count == c->change_capacity) {
        yk_macro **const more =
            realloc((void *)c->changes, wanted * sizeof c->changes[0]);

        if (more == NULL) {
            c->macros.is_short_of_memory = true;
            return;
        }
        c->changes = more;
        c->change_capacity = wanted;
    }
    c->changes[c->change_count++] = macro;
}

void yk_conditions_define(yk_conditions *c, const char *rest)
{
    const yk_token name = yk_lex(&rest);
    yk_macro *macro;

    if (yk_conditions_here(c) == YK_NO || name.kind != YK_TOKEN_WORD) {
        return;
    }
    macro = yk_macros_get(&c->macros, name);
    macro->state = YK_MACRO_DEFINED;
    macro->is_ambiguous = false;
    macro->definition = rest;
    note_change(c, macro);
}

void yk_conditions_undefine(yk_conditions *c, const char *rest)
{
    const yk_token name = yk_lex(&rest);
    yk_macro *macro;

    if (yk_conditions_here(c) == YK_NO || name.kind != YK_TOKEN_WORD) {
        return;
    }
    macro = yk_macros_get(&c->macros, name);
    macro->state = YK_MACRO_UNDEFINED;
    macro->is_guarded = true;
    macro->guard = NULL;
    note_change(c, macro);
}

/* Whether a macro is defined wherever the guard is. */
static bool is_implied(const yk_macro *macro, const yk_macro *guard)
{
    for (int i = 0; i < YK_MAX_GROUPS && macro != NULL; i++) {
        if (macro == guard) {
            return true;
        }
        macro = macro->guard;
    }
    return false;
}

/* Macros that a guarded text defines are defined wherever its guard is, until they are
 * undefined. */
static void note_guard(yk_conditions *c, const yk_group *group)
{
    yk_macro *const guard = group->absent;

    if (guard == NULL || guard->state != YK_MACRO_DEFINED) {
        return;
    }
    for (size_t i = group->changes; i < c->change_count; i++) {
        yk_macro *const macro = c->changes[i];

        if (macro != guard && macro->state == YK_MACRO_DEFINED && !macro->is_guarded &&
            !is_implied(guard, macro)) {
            macro->is_guarded = true;
            macro->guard = guard;
        }
    }
}

/* After #ifndef X, #define X, #endif: X is now defined in any case, and so is what it guards. */
static void forget_changes(yk_conditions *c, const yk_group *group, bool is_last)
{
    const bool guards =
        is_last && group->absent != NULL && group->absent->state == YK_MACRO_DEFINED;

    for (size_t i = group->changes; i < c->change_count; i++) {
        yk_macro *const macro = c->changes[i];
        const bool holds = guards && macro->state == YK_MACRO_DEFINED &&
                           is_implied(macro, group->absent);

        if (!holds) {
            macro->state = YK_MACRO_UNKNOWN;
        }
        macro->is_ambiguous = true;
    }
}

/* ---- groups ---- */

void yk_group_open(yk_conditions *c, yk_truth truth)
{
    const yk_truth outside = yk_conditions_here(c);

    if (c->depth == YK_MAX_GROUPS) {
        c->is_too_deep = true;
        return;
    }
    c->groups[c->depth++] = (yk_group){
        .outside = outside,
        .own = truth,
        .here = truth < outside ? truth : outside,
        .before = truth,
        .changes = c->change_count,
    };
}

void yk_group_open_absent(yk_conditions *c, yk_truth truth, yk_token absent)
{
    const size_t depth = c->depth;

    yk_group_open(c, truth);
    if (absent.kind == YK_TOKEN_WORD && c->depth > depth) {
        c->groups[depth].absent = yk_macros_get(&c->macros, absent);
    }
}

/* Changes that a branch may have made are also noted by the group around it. */
static void leave_branch(yk_conditions *c, bool is_last)
{
    const yk_group *const group = &c->groups[c->depth - 1];

    if (is_last) {
        note_guard(c, group);
    }
    if (group->own == YK_MAYBE) {
        forget_changes(c, group, is_last);
    }
    if (group->outside == YK_YES) {
        c->change_count = group->changes;
    }
}

void yk_group_next(yk_conditions *c, yk_truth truth)
{
    yk_group *group;
    yk_truth left;

    if (c->depth == 0) {
        return;
    }
    group = &c->groups[c->depth - 1];
    leave_branch(c, false);
    group->branch++;
    left = group->before == YK_YES ? YK_NO : group->before == YK_NO ? YK_YES : YK_MAYBE;
    truth = truth < left ? truth : left;
    group->own = truth;
    group->here = truth < group->outside ? truth : group->outside;
    group->before = truth > group->before ? truth : group->before;
    group->absent = NULL;
}

void yk_group_close(yk_conditions *c)
{
    if (c->depth > 0) {
        leave_branch(c, true);
        c->depth--;
    }
}

/* ---- directives ---- */

static const char *const openers[] = {"if", "ifdef", "ifndef"};
static const char *const followers[] = {"elif", "elifdef", "elifndef", "else", "endif"};

#define IS_ONE_OF(word, list)                                                          \
    condition_is_one_of(word, list, sizeof(list) / sizeof(list)[0])

static bool condition_is_one_of(yk_token word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (yk_token_is(word, words[i])) {
            return true;
        }
    }
    return false;
}

bool yk_opens_group(yk_token word)
{
    return IS_ONE_OF(word, openers);
}

bool yk_is_conditional(yk_token word)
{
    return IS_ONE_OF(word, openers) || IS_ONE_OF(word, followers);
}

static yk_truth truth_negate(yk_truth truth)
{
    return truth == YK_MAYBE ? YK_MAYBE : truth == YK_YES ? YK_NO : YK_YES;
}

/* If the text does not determine a condition, each number of a branch is one way to read the
 * text. */
static yk_truth condition_decide(yk_conditions *c, size_t branch, yk_truth truth)
{
    if (truth != YK_MAYBE) {
        return truth;
    }
    c->branches_in_doubt =
        branch < c->branches_in_doubt ? c->branches_in_doubt : branch + 1;
    return !c->decides ? truth : branch == c->decided_branch ? YK_YES : YK_NO;
}

/* #ifndef X and #ifdef X are decided in the same way. */
static yk_truth truth_of(yk_conditions *c, size_t branch, yk_token word,
                         const char *rest)
{
    const yk_token absent = yk_absent_name(word, rest);

    if (yk_token_is(word, "else")) {
        return YK_YES;
    }
    if (absent.kind == YK_TOKEN_WORD) {
        return truth_negate(condition_decide(
            c, branch, yk_macro_truth(&c->macros, c->guesses, absent)));
    }
    if (yk_token_is(word, "ifdef") || yk_token_is(word, "elifdef")) {
        return condition_decide(c, branch,
                                yk_macro_truth(&c->macros, c->guesses, yk_lex(&rest)));
    }
    return condition_decide(c, branch,
                            yk_expression_truth(&c->macros, c->guesses, rest));
}

yk_token yk_absent_name(yk_token word, const char *rest)
{
    const yk_token none = {YK_TOKEN_END, rest, rest};
    yk_token token = yk_lex(&rest);
    yk_token name;

    if (yk_token_is(word, "ifndef") || yk_token_is(word, "elifndef")) {
        return token;
    }
    if (!yk_token_is(word, "if") || !yk_token_is(token, "!") ||
        !yk_token_is(yk_lex(&rest), "defined")) {
        return none;
    }
    token = yk_lex(&rest);
    if (!yk_token_is(token, "(")) {
        return yk_lex(&rest).kind <= YK_TOKEN_NEWLINE ? token : none;
    }
    name = yk_lex(&rest);
    return yk_token_is(yk_lex(&rest), ")") && yk_lex(&rest).kind <= YK_TOKEN_NEWLINE
               ? name
               : none;
}

void yk_conditions_take(yk_conditions *c, yk_token word, const char *rest)
{
    if (yk_opens_group(word)) {
        yk_group_open_absent(c, truth_of(c, 0, word, rest), yk_absent_name(word, rest));
    } else if (yk_token_is(word, "endif")) {
        yk_group_close(c);
    } else if (c->depth > 0) {
        leave_branch(c, false); /* its definitions do not apply to the next branch */
        yk_group_next(c, truth_of(c, c->groups[c->depth - 1].branch + 1, word, rest));
    }
}
