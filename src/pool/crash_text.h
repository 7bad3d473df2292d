/* SPDX-License-Identifier: MIT */
/* What a process that was ended by an access did, in words: for the texts of jobs. */
#ifndef YK_POOL_CRASH_TEXT_H
#define YK_POOL_CRASH_TEXT_H

#include "pool/control.h"

/* Appends to a text that names the signal: how it touched which address, and what is there.
 * Nothing if the process left no word. */
void yk_crash_explain(const yk_control *control, const void *window,
                      const yk_crash *crash, char *text, size_t bytes);

#endif
