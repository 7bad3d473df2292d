/* SPDX-License-Identifier: MIT */
#include "sys/elf.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/call_guard.h"
#include "base/fp_environment.h"

/* What to search for: by address if path is NULL, otherwise by path. */
typedef struct object_search {
    const char *path;
    uintptr_t address;
    const char *found_path; /* borrowed from the loader */
    uintptr_t found_base;
    uint64_t identity;
    bool found;
    bool has_code; /* the address lies in an executable part of the object */
} object_search;

/* FNV-1a. */
static uint64_t elf_mix_hash(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *byte = data;

    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Hashes the table of the object's parts, and its notes, which include the build id. */
static uint64_t elf_identify(const struct dl_phdr_info *object)
{
    uint64_t hash = elf_mix_hash(UINT64_C(0xcbf29ce484222325), object->dlpi_phdr,
                                 object->dlpi_phnum * sizeof *object->dlpi_phdr);

    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];

        if (part->p_type == PT_NOTE) {
            hash = elf_mix_hash(hash, (const void *)(object->dlpi_addr + part->p_vaddr),
                                part->p_memsz);
        }
    }
    return hash;
}

static bool object_has_code(const struct dl_phdr_info *object, uintptr_t address)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0 &&
            address - (object->dlpi_addr + part->p_vaddr) < part->p_memsz) {
            return true;
        }
    }
    return false;
}

static int by_address(struct dl_phdr_info *object, size_t size, void *context)
{
    object_search *search = context;

    (void)size;
    if (!object_has_code(object, search->address)) {
        return 0;
    }
    search->found = true;
    search->found_path = object->dlpi_name != NULL ? object->dlpi_name : "";
    search->found_base = object->dlpi_addr;
    search->identity = elf_identify(object);
    return 1;
}

/* search->address is the offset in the object here. */
static int by_path(struct dl_phdr_info *object, size_t size, void *context)
{
    object_search *search = context;

    (void)size;
    if (object->dlpi_name == NULL || strcmp(object->dlpi_name, search->path) != 0) {
        return 0;
    }
    search->found = true;
    search->found_base = object->dlpi_addr;
    search->identity = elf_identify(object);
    search->has_code = object_has_code(object, object->dlpi_addr + search->address);
    return 1;
}

/* An object may be loaded by a relative path, which is meaningless in another process. */
static bool copy_path(const char *path, char *out, size_t bytes)
{
    YK_NOT_CANCELLED;
    char absolute[PATH_MAX];
    size_t length;

    if (strchr(path, '/') != NULL && path[0] != '/' &&
        realpath(path, absolute) != NULL) {
        path = absolute;
    }
    length = strlen(path);
    if (length >= bytes) {
        return false;
    }
    memcpy(out, path, length + 1);
    return true;
}

bool yk_elf_locate(yk_any_function *function, char *path, size_t path_bytes,
                   yk_elf_place *place)
{
    object_search search = {.address = (uintptr_t)function};

    if (function == NULL || dl_iterate_phdr(by_address, &search) == 0 ||
        !copy_path(search.found_path, path, path_bytes)) {
        return false;
    }
    *place = (yk_elf_place){search.address - search.found_base, search.identity};
    return true;
}

static yk_any_function *elf_search_loaded(const char *path, yk_elf_place place,
                                          bool *is_loaded)
{
    object_search search = {.path = path, .address = (uintptr_t)place.offset};

    (void)dl_iterate_phdr(by_path, &search);
    *is_loaded = search.found;
    if (!search.has_code || search.identity != place.identity) {
        return NULL;
    }
    return (yk_any_function *)(search.found_base + (uintptr_t)place.offset);
}

yk_any_function *yk_elf_find_loaded(const char *path, yk_elf_place place)
{
    bool is_loaded;

    return elf_search_loaded(path, place, &is_loaded);
}

/* The object stays loaded: its functions are used from now on. */
static yk_any_function *find_by_loading(const char *path, yk_elf_place place)
{
    const yk_fp_environment before = yk_fp_use_default();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    struct link_map *map = NULL;
    bool is_loaded;

    yk_fp_restore(
        before); /* libraries compiled with -Ofast change it as they are loaded */

    if (handle == NULL || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) {
        return NULL;
    }
    return elf_search_loaded(map->l_name, place, &is_loaded);
}

yk_any_function *yk_elf_find(const char *path, yk_elf_place place)
{
    bool is_loaded;
    yk_any_function *function = elf_search_loaded(path, place, &is_loaded);

    return is_loaded ? function : find_by_loading(path, place);
}

typedef struct name_search {
    const char *const *names;
    const char *found; /* borrowed from the loader */
} name_search;

static const char *file_of(const struct dl_phdr_info *object)
{
    const char *path = object->dlpi_name != NULL ? object->dlpi_name : "";
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int by_names(struct dl_phdr_info *object, size_t size, void *context)
{
    name_search *search = context;
    const char *file = file_of(object);

    (void)size;
    for (const char *const *name = search->names; *name != NULL; name++) {
        if (strncmp(file, *name, strlen(*name)) == 0) {
            search->found = file;
            return 1;
        }
    }
    return 0;
}

typedef struct path_search {
    const char *const *names;
    char path[PATH_MAX];
} path_search;

static int path_by_names(struct dl_phdr_info *object, size_t size, void *context)
{
    path_search *search = context;

    if (by_names(object, size, &(name_search){.names = search->names}) == 0) {
        return 0;
    }
    (void)snprintf(search->path, sizeof search->path, "%s", object->dlpi_name);
    return 1;
}

bool yk_elf_is_loaded(const char *const *names, char *name, size_t bytes)
{
    name_search search = {.names = names};

    if (dl_iterate_phdr(by_names, &search) == 0) {
        return false;
    }
    (void)snprintf(name, bytes, "%s", search.found);
    return true;
}

bool yk_elf_find_path(const char *const *names, char *path, size_t bytes)
{
    path_search search = {.names = names};

    return dl_iterate_phdr(path_by_names, &search) != 0 &&
           (size_t)snprintf(path, bytes, "%s", search.path) < bytes;
}

yk_any_function *yk_elf_find_function(const char *const *names, const char *function)
{
    path_search search = {.names = names};
    void *library = NULL;
    void *address = NULL;
    yk_any_function *result = NULL;

    if (dl_iterate_phdr(path_by_names, &search) != 0) {
        library = dlopen(search.path, RTLD_NOW | RTLD_NOLOAD);
    }
    if (library != NULL) {
        address = dlsym(library, function);
        (void)dlclose(library); /* the reference: it stays loaded */
    }
    if (address == NULL) {
        address = dlsym(RTLD_DEFAULT, function);
    }
    memcpy(&result, &address, sizeof result);
    return result;
}

/* Asked once: what is preloaded stays. */
bool yk_elf_has_valgrind(void)
{
    static const char *const names[] = {"vgpreload_core", NULL};
    static atomic_int known; /* 0: not asked yet */
    char name[64];

    if (atomic_load(&known) == 0) {
        atomic_store(&known, yk_elf_is_loaded(names, name, sizeof name) ? 2 : 1);
    }
    return atomic_load(&known) == 2;
}

bool yk_elf_has_address_rules(void)
{
    static atomic_int known; /* 0: not asked yet */

    if (atomic_load(&known) == 0) {
        const bool found = dlsym(RTLD_DEFAULT, "__tsan_init") != NULL ||
                           dlsym(RTLD_DEFAULT, "__msan_init") != NULL;

        atomic_store(&known, found ? 2 : 1);
    }
    return atomic_load(&known) == 2;
}

/* Objects are listed in the order in which they were loaded. */
static int before_libc(struct dl_phdr_info *object, size_t size, void *context)
{
    static const char *const names[] = {"libc.", "ld-musl", NULL};
    object_search *search = context;

    search->found = object_has_code(object, search->address);
    return search->found || by_names(object, size, &(name_search){.names = names}) != 0;
}

bool yk_elf_is_before_libc(yk_any_function *function)
{
    object_search search = {.address = (uintptr_t)function};

    (void)dl_iterate_phdr(before_libc, &search);
    return search.found;
}

bool yk_elf_is_stale(yk_any_function *function)
{
    YK_NOT_CANCELLED;
    static const char mark[] = " (deleted)\n";
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL;
    size_t capacity = 0;
    bool is_stale = false;
    ssize_t length;

    while (maps != NULL && (length = getline(&line, &capacity, maps)) > 0) {
        uintptr_t begin;
        uintptr_t end;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end) == 2 &&
            (uintptr_t)function >= begin && (uintptr_t)function < end) {
            is_stale = (size_t)length > strlen(mark) &&
                       strcmp(line + length - strlen(mark), mark) == 0;
            break;
        }
    }
    free(line);
    if (maps != NULL) {
        (void)fclose(maps);
    }
    return is_stale;
}

bool yk_elf_symbol(yk_any_function *function, char *name, size_t bytes)
{
    Dl_info info;
    void *address;

    memcpy(&address, &function, sizeof address);
    return dladdr(address, &info) != 0 && info.dli_saddr == address &&
           info.dli_sname != NULL && strlen(info.dli_sname) < bytes &&
           strcpy(name, info.dli_sname) != NULL;
}
