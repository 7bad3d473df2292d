/* SPDX-License-Identifier: MIT */
/* For tests of what becomes of a pool when a function of the program does not return. */
#ifndef CALLS_SETUP_H
#define CALLS_SETUP_H

#include "support/yoke_test.h"
#include "yoke/yoke.h"

/* AddressSanitizer takes the frames of a thread that was cancelled for those of functions that
 * still run. */
#if defined(__SANITIZE_ADDRESS__)
#define CALLS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CALLS_SANITIZED 1
#endif
#endif
#ifndef CALLS_SANITIZED
#define CALLS_SANITIZED 0
#endif

enum { CALLS_ITEMS = 1000 };

yoke_pool *calls_open(void);

yoke_kernel *calls_kernel(yoke_pool *pool, const char *name, yoke_native *native);

/* Item i is i. */
yoke_native calls_number;

/* A task: its output, an int, is 1. */
yoke_task_function calls_one;

/* All kinds of calls on the pool work, and none of them waits for what is over; then it can
 * be closed. The test fails if not. */
void calls_check_usable(yoke_pool *pool);
void calls_check_and_close(yoke_pool *pool);

/* A job that has not ended before the gate is opened, an int in the pool's memory. */
yoke_future *calls_held(yoke_pool *pool, _Atomic int *gate);
_Atomic int *calls_gate(yoke_pool *pool);

#endif
