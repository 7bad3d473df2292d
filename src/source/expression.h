/* SPDX-License-Identifier: MIT */
/* The value of an #if expression, as far as it is known. */
#ifndef YK_SOURCE_EXPRESSION_H
#define YK_SOURCE_EXPRESSION_H

#include "source/condition.h"

/* `guesses` as in yk_conditions. */
yk_truth yk_expression_truth(const yk_macros *macros, bool guesses, const char *text);

/* The same for one macro: is it defined? */
yk_truth yk_macro_truth(const yk_macros *macros, bool guesses, yk_token name);

#endif
