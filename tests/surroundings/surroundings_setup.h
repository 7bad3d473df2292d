/* SPDX-License-Identifier: MIT */
/* For child processes, where nothing is asserted. */
#ifndef SURROUNDINGS_SETUP_H
#define SURROUNDINGS_SETUP_H

#include <yoke/yoke.h>

/* 0 if the pool computes so many numbers right; otherwise the pool's error is printed. */
int surroundings_use(yoke_pool *pool, size_t items);

#endif
