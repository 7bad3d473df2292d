/* SPDX-License-Identifier: MIT */
/*
 * Shared mappings: sparse memory files without a name, mapped at the same address in every
 * process of a pool.
 */
#ifndef YK_SYS_MAPPING_H
#define YK_SYS_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { YK_MAX_PARTS = 4 };

/* A part of a mapping that shows the file, at the same offset. Page-aligned. */
typedef struct yk_part {
    uint64_t begin;
    uint64_t end;
    uint64_t shut; /* 1: no access is possible before yk_mapping_open() */
} yk_part;

/* A memory file and its mapping. A forked process inherits it unchanged. */
typedef struct yk_mapping {
    int fd;      /* -1: none */
    uint32_t part_count; /* 0: all of it shows the file */
    void *base;  /* NULL: not mapped */
    size_t size; /* bytes */
    yk_part parts
        [YK_MAX_PARTS]; /* in ascending order; outside them no access is possible */
} yk_mapping;

#define YK_MAPPING_NONE ((yk_mapping){.fd = -1})

/* Creates and maps `size` bytes at one of a fixed list of addresses, so that a program that is
 * executed later can map them there again. If there is not that much address space, halves the
 * size, down to `least`. The memory is zero, uses no pages until it is accessed, and is left
 * out of core dumps. */
yoke_status yk_mapping_create(yk_mapping *mapping, const char *name, size_t size,
                              size_t least, yk_error *error);

/* Tries once, with these parts; between and after them no access is possible. False with errno
 * if there is not that much. */
bool yk_mapping_create_parts(yk_mapping *mapping, const char *name, size_t size,
                             const yk_part *parts, uint32_t count);

/* Reserves address space that stays unused until it is destroyed. */
bool yk_mapping_reserve(yk_mapping *mapping, size_t size);

/* YOKE_ENOMEM, or YOKE_ESYSTEM if it is not a matter of memory, with a text that gives errno or
 * the limit that is the cause. */
yoke_status yk_mapping_fail(yk_error *error, size_t bytes);

/* Maps it again at the same address, in a program that was executed since and has inherited the
 * descriptor. False with errno if something else is mapped there, which stays. */
bool yk_mapping_restore(const yk_mapping *mapping);

/* Unmaps and closes; a no-op on YK_MAPPING_NONE. */
void yk_mapping_destroy(yk_mapping *mapping);

/* Closes the descriptor and keeps the memory. */
void yk_mapping_forget_fd(yk_mapping *mapping);

/* Gives the pages of [offset, offset + bytes) back to the system; they then read as zero in
 * every process. Page-aligned. */
void yk_mapping_punch(const yk_mapping *mapping, size_t offset, size_t bytes);

/* In this process, makes [offset, offset + bytes) show the first pages of another file, or
 * nothing at all: an access then raises SIGSEGV. In one step. Page-aligned. On failure returns
 * false with errno, and nothing has changed. Async-signal-safe. */
bool yk_mapping_overlay(const yk_mapping *mapping, uint64_t offset, size_t bytes, int fd,
                      bool read_only);
bool yk_mapping_remove_overlay(const yk_mapping *mapping, uint64_t offset, size_t bytes);

/* In this process, opens or shuts a range of a part for accesses. As above. */
bool yk_mapping_open(const yk_mapping *mapping, uint64_t offset, size_t bytes);
bool yk_mapping_shut(const yk_mapping *mapping, uint64_t offset, size_t bytes);

/* The number of bytes of the file that use memory now. */
uint64_t yk_mapping_resident(const yk_mapping *mapping);

size_t yk_page_size(void);

/* A memory file that is not mapped, for pread and pwrite; -1 if there can be none. */
int yk_memory_file(const char *name);

/* The same for a file that is to be sealed. */
int yk_memory_file_to_seal(const char *name);

/* Writes or reads all bytes at an offset; false on failure. */
bool yk_file_write(int fd, const void *data, size_t bytes, uint64_t offset);
bool yk_file_read(int fd, void *data, size_t bytes, uint64_t offset);

/* Maps the first bytes of a memory file, and allocates their memory now; NULL on failure. */
void *yk_file_map(int fd, size_t bytes);

/* Memory of this process alone that is zero, and takes room only where it is touched; malloc()
 * touches all of it if it has been freed before. NULL on failure. */
void *yk_memory_map(size_t bytes);
void yk_memory_unmap(void *memory, size_t bytes);

/* Gives the file's memory back except for the first `keep` bytes. */
void yk_file_trim(int fd, uint64_t keep);

#endif
