/* SPDX-License-Identifier: MIT */
/* Functions that do what is wrong on purpose. */
#ifndef YT_UNSANITIZED_H
#define YT_UNSANITIZED_H

/* The undefined-behaviour sanitizer does not look at this function: what it would report at its
 * own place, or end the process for, happens as without it. */
#if defined(__clang__)
#define YT_UNSANITIZED __attribute__((no_sanitize("undefined")))
#else
#define YT_UNSANITIZED __attribute__((no_sanitize_undefined))
#endif

#endif
