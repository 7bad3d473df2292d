/* SPDX-License-Identifier: MIT */
/* A crash on purpose, for devices that pretend to have faults. */
#ifndef YK_SYS_CRASH_H
#define YK_SYS_CRASH_H

#include <stdnoreturn.h>

/* Ends this process by SIGSEGV, whatever handlers are installed. */
noreturn void yk_crash(void);

/* Never returns and uses no CPU. */
noreturn void yk_hang(void);

#endif
