/* SPDX-License-Identifier: MIT */
/* Functions as (loaded object, offset), so that they can be named to another process. */
#ifndef YK_SYS_OBJECT_H
#define YK_SYS_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void yk_any_function(void);

/* Where a function lives: the path of its object ("" for the program itself) and its
 * offset there. False if it lies in no loaded object or the path does not fit. */
bool yk_object_locate(yk_any_function *function, char *path, size_t path_bytes,
                      uint64_t *offset);

/* The function again, in this process; loads the object if it is not loaded. NULL if that
 * fails. */
yk_any_function *yk_object_find(const char *path, uint64_t offset);

/* Whether a library is loaded whose file's name begins with one of `names`, the last of
 * which is NULL. */
bool yk_object_is_loaded(const char *const *names);

/* Whether the file that this function was loaded from is gone, or another one in its
 * place. */
bool yk_object_is_stale(yk_any_function *function);

#endif
