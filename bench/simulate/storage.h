/* SPDX-License-Identifier: MIT */
#ifndef SIM_STORAGE_H
#define SIM_STORAGE_H

#include <stddef.h>

/* Zeroed memory for free(); ends the program if there is none. */
void *sim_array(size_t count, size_t size);

#endif
