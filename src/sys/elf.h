/* SPDX-License-Identifier: MIT */
/* Functions as (loaded object, offset), so that another process can find them. */
#ifndef YK_SYS_ELF_H
#define YK_SYS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void yk_any_function(void);

/* The place of a function in its object. */
typedef struct yk_elf_place {
    uint64_t offset;   /* from the object's base; 0: nowhere */
    uint64_t identity; /* of the object's build: its layout, and its build id if it has one */
} yk_elf_place;

/* The path of the function's object ("" for the program itself) and its place there. False if
 * it lies in no loaded object, or the path does not fit. */
bool yk_elf_locate(yk_any_function *function, char *path, size_t path_bytes,
                      yk_elf_place *place);

/* The function in this process; loads the object if necessary. NULL if that fails, or if the
 * file is another build by now, whose functions are at other places. */
yk_any_function *yk_elf_find(const char *path, yk_elf_place place);

/* The same without loading the object. */
yk_any_function *yk_elf_find_loaded(const char *path, yk_elf_place place);

/* The function's name, if its object exports it. */
bool yk_elf_symbol(yk_any_function *function, char *name, size_t bytes);

/* Whether a library is loaded whose file name begins with one of `names`, the last of which is
 * NULL; copies the file name, as far as it fits. */
bool yk_elf_is_loaded(const char *const *names, char *name, size_t bytes);

/* The same, with the library's path. False, too, if the path does not fit. */
bool yk_elf_find_path(const char *const *names, char *path, size_t bytes);

/* A function by its name, in the loaded library whose file name begins with one of `names` (the
 * last is NULL), or else in the program and what it is linked with; NULL if there is none. */
yk_any_function *yk_elf_find_function(const char *const *names, const char *function);

/* Whether this process runs under valgrind, which preloads an object of its own. */
bool yk_elf_has_valgrind(void);

/* Whether the program was built with a sanitizer that allows memory at certain addresses only:
 * ThreadSanitizer or MemorySanitizer. */
bool yk_elf_has_address_rules(void);

/* Whether the function's object was loaded before the C library: as part of the program or
 * preloaded, and not later. */
bool yk_elf_is_before_libc(yk_any_function *function);

/* Whether the file from which this function was loaded is gone, or was replaced. */
bool yk_elf_is_stale(yk_any_function *function);

#endif
