/* SPDX-License-Identifier: MIT */
/* Functions as (loaded object, offset), so that they can be named to another process. */
#ifndef YK_SYS_ELF_H
#define YK_SYS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void yk_any_function(void);

/* Where a function lives in its object. */
typedef struct yk_elf_place {
    uint64_t offset;   /* from the object's base; 0: nowhere */
    uint64_t identity; /* of the object's build: its layout, and its build id if it has one */
} yk_elf_place;

/* The path of its object ("" for the program itself) and its place there. False if it lies
 * in no loaded object or the path does not fit. */
bool yk_elf_locate(yk_any_function *function, char *path, size_t path_bytes,
                      yk_elf_place *place);

/* The function again, in this process; loads the object if it is not loaded. NULL if that
 * fails, or if it is another build by now, whose functions lie elsewhere. */
yk_any_function *yk_elf_find(const char *path, yk_elf_place place);

/* The same without loading anything. */
yk_any_function *yk_elf_find_loaded(const char *path, yk_elf_place place);

/* Its name, if the object exports it. */
bool yk_elf_symbol(yk_any_function *function, char *name, size_t bytes);

/* Whether a library is loaded whose file's name begins with one of `names`, the last of
 * which is NULL; that file's name, as far as it fits. */
bool yk_elf_is_loaded(const char *const *names, char *name, size_t bytes);

/* Whether the function's object was loaded before the C library: with the program, as its part or
 * preloaded, and not later. */
bool yk_elf_is_before_libc(yk_any_function *function);

/* Whether the file that this function was loaded from is gone, or another one in its
 * place. */
bool yk_elf_is_stale(yk_any_function *function);

#endif
