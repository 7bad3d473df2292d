/* SPDX-License-Identifier: MIT */
#include "supervisor/symbol.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/text.h"

/* ---- the file's table of symbols ---- */

typedef ElfW(Ehdr) elf_head;
typedef ElfW(Phdr) elf_part;
typedef ElfW(Shdr) elf_section;
typedef ElfW(Sym) elf_symbol;

enum { SYMBOLS_AT_ONCE = 256, TYPE_MASK = 0xf };

static bool symbol_read(int file, void *to, size_t bytes, uint64_t offset)
{
    return pread(file, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

static bool symbol_read_head(int file, elf_head *head)
{
    return symbol_read(file, head, sizeof *head, 0) &&
           memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
           head->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
           head->e_phentsize == sizeof(elf_part);
}

/* The address that symbols and debug information have for an offset of the file. */
static bool symbol_address_of(int file, const elf_head *head, uint64_t offset,
                              uint64_t *address)
{
    elf_part part;

    for (unsigned i = 0; i < head->e_phnum; i++) {
        if (symbol_read(file, &part, sizeof part, head->e_phoff + i * sizeof part) &&
            part.p_type == PT_LOAD && offset >= part.p_offset &&
            offset - part.p_offset < part.p_filesz) {
            *address = offset - part.p_offset + part.p_vaddr;
            return true;
        }
    }
    return false;
}

/* The last function that begins at or before the address. */
static bool symbol_search(int file, const elf_section *table, uint64_t address,
                          elf_symbol *best)
{
    const uint64_t count = table->sh_size / sizeof *best;
    elf_symbol some[SYMBOLS_AT_ONCE];
    bool found = false;

    for (uint64_t first = 0; first < count; first += SYMBOLS_AT_ONCE) {
        const uint64_t left = count - first;
        const size_t now = (size_t)(left < SYMBOLS_AT_ONCE ? left : SYMBOLS_AT_ONCE);

        if (!symbol_read(file, some, now * sizeof *some,
                         table->sh_offset + first * sizeof *some)) {
            return found;
        }
        for (size_t i = 0; i < now; i++) {
            const unsigned type = some[i].st_info & TYPE_MASK;

            if ((type == STT_FUNC || type == STT_GNU_IFUNC) &&
                some[i].st_shndx != SHN_UNDEF && some[i].st_value <= address &&
                (!found || some[i].st_value > best->st_value)) {
                *best = some[i];
                found = true;
            }
        }
    }
    return found && (best->st_size == 0 || address - best->st_value < best->st_size);
}

static bool symbol_name(int file, const elf_head *head, const elf_section *table,
                        const elf_symbol *best, char *name)
{
    elf_section strings;
    ssize_t count;

    if (!symbol_read(file, &strings, sizeof strings,
                     head->e_shoff + table->sh_link * sizeof strings)) {
        return false;
    }
    count = pread(file, name, YK_SYMBOL_NAME_BYTES - 1,
                  (off_t)(strings.sh_offset + best->st_name));
    name[count > 0 ? count : 0] = '\0';
    return name[0] != '\0';
}

/* The table of all symbols, and the one of exported ones that is left in a stripped file. */
static void symbol_name_function(int file, const elf_head *head, uint64_t address,
                                 yk_symbol *symbol)
{
    elf_section table;
    elf_symbol best;

    for (unsigned i = 0; i < head->e_shnum; i++) {
        if (!symbol_read(file, &table, sizeof table, head->e_shoff + i * sizeof table)) {
            return;
        }
        if ((table.sh_type == SHT_SYMTAB || table.sh_type == SHT_DYNSYM) &&
            symbol_search(file, &table, address, &best) &&
            symbol_name(file, head, &table, &best, symbol->function)) {
            symbol->distance = address - best.st_value;
            if (table.sh_type == SHT_SYMTAB) {
                return;
            }
        }
    }
}

/* ---- debug information ---- */

/* What is used of libdw.so.1, as elfutils/libdwfl.h and elfutils/libdw.h declare it. */
typedef struct dw_session dw_session;
typedef struct dw_module dw_module;
typedef struct dw_line dw_line;
typedef struct dw_unit dw_unit; /* the entry of a compilation unit */
typedef struct dw_source_line dw_source_line;
typedef int dw_callback(void);

typedef struct dw_callbacks {
    dw_callback *find_elf;
    dw_callback *find_debuginfo;
    dw_callback *section_address;
    char **debuginfo_path;
} dw_callbacks;

typedef struct dw_library {
    void *handle;
    dw_session *(*begin)(const dw_callbacks *callbacks);
    void (*end)(dw_session *session);
    dw_module *(*report_offline)(dw_session *session, const char *name,
                                 const char *path, int fd);
    int (*report_end)(dw_session *session, dw_callback *removed, void *argument);
    void *(*module_elf)(dw_module *module, uint64_t *bias);
    dw_line *(*module_line)(dw_module *module, uint64_t address);
    const char *(*line_info)(dw_line *line, uint64_t *address, int *number, int *column,
                             uint64_t *time, uint64_t *length);
    dw_unit *(*next_unit)(dw_module *module, dw_unit *unit, uint64_t *bias);
    int (*unit_has)(dw_unit *unit, uint64_t address);
    dw_source_line *(*unit_line)(dw_unit *unit, uint64_t address);
    const char *(*line_source)(dw_source_line *line, uint64_t *time, uint64_t *length);
    int (*line_number)(dw_source_line *line, int *number);
} dw_library;

/* A function of the library as a pointer of the type of *to. */
static bool symbol_load(void *handle, const char *name, void *to)
{
    void *const address = dlsym(handle, name);

    memcpy(to, &address, sizeof address);
    return address != NULL;
}

static bool symbol_open_library(dw_library *dw, dw_callbacks *callbacks)
{
    dw->handle = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    return dw->handle != NULL && symbol_load(dw->handle, "dwfl_begin", &dw->begin) &&
           symbol_load(dw->handle, "dwfl_end", &dw->end) &&
           symbol_load(dw->handle, "dwfl_report_offline", &dw->report_offline) &&
           symbol_load(dw->handle, "dwfl_report_end", &dw->report_end) &&
           symbol_load(dw->handle, "dwfl_module_getelf", &dw->module_elf) &&
           symbol_load(dw->handle, "dwfl_module_getsrc", &dw->module_line) &&
           symbol_load(dw->handle, "dwfl_lineinfo", &dw->line_info) &&
           symbol_load(dw->handle, "dwfl_module_nextcu", &dw->next_unit) &&
           symbol_load(dw->handle, "dwarf_haspc", &dw->unit_has) &&
           symbol_load(dw->handle, "dwarf_getsrc_die", &dw->unit_line) &&
           symbol_load(dw->handle, "dwarf_linesrc", &dw->line_source) &&
           symbol_load(dw->handle, "dwarf_lineno", &dw->line_number) &&
           symbol_load(dw->handle, "dwfl_build_id_find_elf", &callbacks->find_elf) &&
           symbol_load(dw->handle, "dwfl_standard_find_debuginfo",
                       &callbacks->find_debuginfo) &&
           symbol_load(dw->handle, "dwfl_offline_section_address",
                       &callbacks->section_address);
}

/* By the file's table of addresses, which gcc writes. */
static const char *symbol_line_by_table(const dw_library *dw, dw_module *module,
                                        uint64_t address, int *number)
{
    dw_line *const line = dw->module_line(module, address);

    return line == NULL ? NULL : dw->line_info(line, NULL, number, NULL, NULL, NULL);
}

/* By all compilation units: clang writes no table. */
static const char *symbol_line_by_units(const dw_library *dw, dw_module *module,
                                        uint64_t address, int *number)
{
    uint64_t bias = 0;
    dw_unit *unit = dw->next_unit(module, NULL, &bias);
    dw_source_line *line;

    while (unit != NULL && dw->unit_has(unit, address - bias) <= 0) {
        unit = dw->next_unit(module, unit, &bias);
    }
    line = unit == NULL ? NULL : dw->unit_line(unit, address - bias);
    return line == NULL || dw->line_number(line, number) != 0
               ? NULL
               : dw->line_source(line, NULL, NULL);
}

static void symbol_read_line(const dw_library *dw, dw_session *session,
                             const char *path, uint64_t address, yk_symbol *symbol)
{
    dw_module *const module = dw->report_offline(session, "", path, -1);
    const char *source = NULL;
    uint64_t bias = 0;
    int number = 0;

    if (dw->report_end(session, NULL, NULL) == 0 && module != NULL &&
        dw->module_elf(module, &bias) != NULL) {
        source = symbol_line_by_table(dw, module, address + bias, &number);
        source = source != NULL
                     ? source
                     : symbol_line_by_units(dw, module, address + bias, &number);
    }
    if (source != NULL && number > 0) {
        symbol->line = number;
        yk_text_copy(symbol->source, sizeof symbol->source, source);
    }
}

static void symbol_name_line(const char *path, uint64_t address, yk_symbol *symbol)
{
    dw_callbacks callbacks = {.debuginfo_path = NULL};
    dw_library dw;
    dw_session *session;

    (void)unsetenv("DEBUGINFOD_URLS"); /* it would ask the network */
    if (!symbol_open_library(&dw, &callbacks)) {
        return;
    }
    session = dw.begin(&callbacks);
    if (session != NULL) {
        symbol_read_line(&dw, session, path, address, symbol);
        dw.end(session);
    }
}

/* ---- both ---- */

/* C++ and Rust have made them from the names in the source. */
static void symbol_demangle(char *name)
{
    char *(*demangle)(const char *name, char *to, size_t *bytes, int *status);
    int status = -1;
    char *plain;

    if (strncmp(name, "_Z", 2) == 0 &&
        symbol_load(RTLD_DEFAULT, "__cxa_demangle", &demangle)) {
        plain = demangle(name, NULL, NULL, &status);
        if (plain != NULL && status == 0) {
            yk_text_copy(name, YK_SYMBOL_NAME_BYTES, plain);
        }
        free(plain);
    }
}

/* The open file and the address that belongs to an offset; -1: there is none. */
static int symbol_open(const char *path, uint64_t offset, elf_head *head,
                       uint64_t *address)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file >= 0 && (!symbol_read_head(file, head) ||
                      !symbol_address_of(file, head, offset, address))) {
        (void)close(file);
        file = -1;
    }
    return file;
}

void yk_symbol_find_function(const char *path, uint64_t offset, yk_symbol *symbol)
{
    elf_head head;
    uint64_t address;
    const int file = symbol_open(path, offset, &head, &address);

    if (file >= 0) {
        symbol_name_function(file, &head, address, symbol);
        symbol_demangle(symbol->function);
        (void)close(file);
    }
}

void yk_symbol_find_line(const char *path, uint64_t offset, yk_symbol *symbol)
{
    elf_head head;
    uint64_t address;
    const int file = symbol_open(path, offset, &head, &address);

    if (file >= 0) {
        symbol_name_line(path, address, symbol);
        (void)close(file);
    }
}
