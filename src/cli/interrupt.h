/* SPDX-License-Identifier: MIT */
/* SIGINT, SIGTERM and SIGHUP: files that are not finished are removed before the end.
 */
#ifndef YK_CLI_INTERRUPT_H
#define YK_CLI_INTERRUPT_H

#include <stdbool.h>

/* From here on such a signal removes the files below and exits with 128 + its number.
 */
void yk_interrupt_watch(void);

/* While held, the first signal is only noted; the second still ends the program. */
void yk_interrupt_hold(bool hold);

/* The signal that was noted, or 0. */
int yk_interrupt_pending(void);

/* While blocked, signals wait. */
void yk_interrupt_block(bool block);

/* A file to remove; the name is kept, not copied. False if there are too many. */
bool yk_interrupt_remove(const char *path);

/* The file is no longer to be removed. */
void yk_interrupt_keep(const char *path);

#endif
