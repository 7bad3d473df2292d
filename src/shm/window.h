/* SPDX-License-Identifier: MIT */
/*
 * Which addresses are memory of a pool in this process, without locks: whoever was forked
 * knows it too, even if another thread was changing it at that moment.
 */
#ifndef YK_SHM_WINDOW_H
#define YK_SHM_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/layout.h"

/* More pools than the address space has room for. */
enum { YK_MAX_WINDOWS = 1024 };

/* The memory of `owner` (an address that is only compared), which the process `maker` made.
 * False: there are YK_MAX_WINDOWS already. */
bool yk_window_add(const void *base, const yk_layout *layout, const void *owner,
                   pid_t maker);
void yk_window_remove(const void *base);

/* Whether the bytes lie in one; then whose it is and which process made it. */
bool yk_window_find(const void *pointer, size_t bytes, const void **owner,
                    pid_t *maker);

/* Whether an object's bytes lie where objects are: only there it may be looked at. Elsewhere in
 * a window there may be pages that cannot be touched. */
bool yk_window_has_objects(const void *pointer, size_t bytes);

/* Whether it lies where the memory of a pool was that has been closed. Of those of long ago that is
 * forgotten. */
bool yk_window_was_there(const void *pointer);

/* Which process made the memory of this owner; 0: there is none of it here. */
pid_t yk_window_maker(const void *owner);

#endif
