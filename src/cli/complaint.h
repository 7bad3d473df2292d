/* SPDX-License-Identifier: MIT */
/* What is wrong with something the user gave, in one sentence. */
#ifndef YK_CLI_COMPLAINT_H
#define YK_CLI_COMPLAINT_H

#include <stdbool.h>

typedef struct yk_complaint {
    char text[4096];
} yk_complaint;

/* Always false, so that a check can end with it. */
bool yk_complain(yk_complaint *complaint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "where: " before the text that is there. Always false. */
bool yk_complain_about(yk_complaint *complaint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
