/* SPDX-License-Identifier: MIT */
/* Functions in C++ that throw or print, and a call that catches. */
#ifndef CALLS_THROWERS_H
#define CALLS_THROWERS_H

#include "yoke/yoke.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { THROW_AT = 7 };

/* What is thrown, and what an error says of it. */
typedef struct thrown_kind {
    void (*raise)(void);
    const char *words;
} thrown_kind;

extern const thrown_kind thrown_kinds[];
extern const size_t thrown_kind_count;

void throw_error(void); /* std::runtime_error, "bad row 7" */

/* Runs the function; whether something was thrown, with its what(). */
int caught(void (*function)(void *context), void *context, char *text, size_t bytes);

/* How many exceptions are on their way, and how many objects of throw_error() are alive. */
int exceptions_on_their_way(void);
int objects_alive(void);

/* std::cout gets a buffer of its own. */
void cout_use_own_buffer(void);
void cout_print(const char *text); /* without flush */

#ifdef __cplusplus
}
#endif

#endif
