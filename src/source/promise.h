/* SPDX-License-Identifier: MIT */
/*
 * What a kernel's source promises of its parameters: that one of them is the only way to its memory
 * (`restrict`), or that its memory does not change (`__constant`). Drivers may not report it, and
 * not before they have built the kernel.
 */
#ifndef YK_SOURCE_PROMISE_H
#define YK_SOURCE_PROMISE_H

#include <stdbool.h>
#include <stdint.h>

enum { YK_PROMISE_WORDS = 4 }; /* 64 parameters each */

/* A bit for each parameter. */
typedef struct yk_promises {
    uint64_t restricted[YK_PROMISE_WORDS];
    uint64_t constant[YK_PROMISE_WORDS];
} yk_promises;

/* Reads what the kernel `name` promises, as far as the text shows it. If branches of the text that
 * only a driver decides differ, what one of them promises counts. False if there is no memory. */
bool yk_promises_read(yk_promises *promises, const char *source, const char *options,
                      const char *name);

static inline bool yk_promise_has(const uint64_t words[YK_PROMISE_WORDS], uint32_t parameter)
{
    return (words[parameter / 64] >> parameter % 64 & 1) != 0;
}

#endif
