/* SPDX-License-Identifier: MIT */
/*
 * Which addresses are memory of a pool in this process. Without locks, so that it also works in a
 * forked process, even if another thread was changing it at the moment of the fork.
 */
#ifndef YK_SHM_WINDOW_H
#define YK_SHM_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/hub.h"
#include "shm/layout.h"

/* More pools than the address space has room for. */
enum { YK_MAX_WINDOWS = 1024 };

/* Adds the memory of `owner` (an address that is only compared), created by the process
 * `maker`. False: there are YK_MAX_WINDOWS already. */
bool yk_window_add(const void *base, const yk_layout *layout, const void *owner,
                   pid_t maker);
void yk_window_remove(const void *base);

/* Whether the bytes lie in a window; if so, its owner and the process that made it. */
bool yk_window_find(const void *pointer, size_t bytes, const void **owner,
                    pid_t *maker);

/* Whether an object's bytes lie in a zone of objects: only there it may be accessed. Elsewhere
 * in a window there may be pages that cannot be accessed. */
bool yk_window_has_objects(const void *pointer, size_t bytes);

/* The hub of the pool in whose window it lies; NULL: it lies in none. */
yk_hub *yk_window_hub(const void *pointer);

/* Whether it lies where the memory of a pool was that has been closed. Of those of long ago that is
 * forgotten. */
bool yk_window_was_there(const void *pointer);

/* Where the memory of this owner is. False: there is none here. */
bool yk_window_bounds(const void *owner, uint64_t *base, uint64_t *bytes);

/* The process that made the memory of this owner; 0: there is none here. */
pid_t yk_window_maker(const void *owner);

#endif
