/* SPDX-License-Identifier: MIT */
/* Names of the functions in crash records. They are looked up in a process of their own, which
 * may crash, and has a time limit. What was found is kept: most crashes of a kernel are alike. */
#ifndef YK_SUPERVISOR_CRASH_SYMBOLS_H
#define YK_SUPERVISOR_CRASH_SYMBOLS_H

#include "protocol/crash.h"
#include "supervisor/symbol.h"

/* Looks up the frames whose bit is set in `wanted`: symbols[i] is that of frame i, all "" if
 * nothing is known. Waits for at most two seconds. */
void yk_crash_find_symbols(const yk_crash *crash, uint32_t wanted,
                           yk_symbol symbols[YK_CRASH_FRAMES]);

#endif
