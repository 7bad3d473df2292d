/* SPDX-License-Identifier: MIT */
/* What tests of wrong calls stand on: a pool that must go on working. */
#ifndef MISUSE_SETUP_H
#define MISUSE_SETUP_H

#include "api_setup.h"

enum { N = 1000 };

extern yoke_pool *pool;
extern yoke_kernel *fill; /* api_fill */
extern uint32_t *numbers; /* N of them */

/* Fixtures of a group. */
int misuse_set_up(void **state);
int misuse_tear_down(void **state);

#endif
