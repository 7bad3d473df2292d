/* SPDX-License-Identifier: MIT */
/*
 * #if, #ifdef and the like: which parts of a text a compiler sees, as far as that is known
 * without its predefined macros.
 */
#ifndef YK_SOURCE_CONDITION_H
#define YK_SOURCE_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "source/macros.h"

typedef enum yk_truth { YK_NO, YK_MAYBE, YK_YES } yk_truth;

enum { YK_MAX_GROUPS = 2048 };

/* One #if ... #endif that is open. */
typedef struct yk_group {
    yk_truth outside; /* whether the text around it is seen */
    yk_truth own;     /* whether its present branch is seen, if the text around it is */
    yk_truth here;    /* both */
    yk_truth before;  /* whether an earlier branch is seen, as `own` */
    size_t changes;   /* index where the changes of its present branch begin */
    size_t branch;    /* number of its present branch, from 0 */
    /* a macro that is defined if the first branch is not taken; NULL: unknown */
    yk_macro *absent;
} yk_group;

typedef struct yk_conditions {
    yk_macros macros;
    /* Names that only a driver or another text could have defined count as undefined, unless
     * they look like a driver's. */
    bool guesses;
    /* Conditions that the text does not determine are decided: for the branch of this number in
     * each group. */
    bool decides;
    size_t decided_branch;
    /* branches of all conditions that the text does not determine */
    size_t branches_in_doubt;
    yk_group groups[YK_MAX_GROUPS];
    size_t depth;
    yk_macro **changes; /* macros that were changed in branches that may be seen */
    size_t change_count;
    size_t change_capacity;
    bool is_too_deep;
} yk_conditions;

/* Accepts zeroed conditions, which is how they start. */
void yk_conditions_fini(yk_conditions *conditions);

/* Whether the text at this place is seen. */
yk_truth yk_conditions_here(const yk_conditions *conditions);

/* Whether the word after a '#' opens, continues or closes a group. */
bool yk_is_conditional(yk_token word);
bool yk_opens_group(yk_token word);

/* For #ifndef X or #if !defined(X): the name; otherwise a token of another kind. */
yk_token yk_absent_name(yk_token word, const char *rest);

/* Processes such a directive; `rest` is what follows the word. A directive that belongs to no
 * group is ignored. */
void yk_conditions_take(yk_conditions *conditions, yk_token word, const char *rest);

/* Groups that a caller makes: open, go to the next branch, close. */
void yk_group_open(yk_conditions *conditions, yk_truth truth);
void yk_group_open_absent(yk_conditions *conditions, yk_truth truth, yk_token absent);
void yk_group_next(yk_conditions *conditions, yk_truth truth);
void yk_group_close(yk_conditions *conditions);

/* #define and #undef; `rest` is what follows the word. */
void yk_conditions_define(yk_conditions *conditions, const char *rest);
void yk_conditions_undefine(yk_conditions *conditions, const char *rest);

#endif
