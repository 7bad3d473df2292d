/* SPDX-License-Identifier: MIT */
/* Oclgrind: a simulated device whose findings go to a file. */
#ifndef SUITE_OCLGRIND_H
#define SUITE_OCLGRIND_H

#include "suite.h"

/* False if it is not installed. */
bool suite_oclgrind_is_installed(void);

/* Switches its checks on for the pools created from now on. */
bool suite_oclgrind_set_up(void);

/* Creates a pool whose processes write to a new, unnamed file what they write to
 * standard error, where Oclgrind reports. *findings is its descriptor, -1 on failure.
 */
yoke_status suite_oclgrind_create(yoke_pool **pool, const yoke_pool_options *options,
                                  int *findings);

/* Reads the file's text and closes it; returns its length. */
size_t suite_oclgrind_read(int findings, char *text, size_t bytes);

#endif
