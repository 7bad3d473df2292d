/* SPDX-License-Identifier: MIT */
/*
 * Shared mappings: sparse memory files without a name, mapped at the same address in
 * every process of a pool.
 */
#ifndef YK_SYS_MAPPING_H
#define YK_SYS_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { YK_MAX_PARTS = 4 };

/* A part of a mapping that shows the file, at the same offset there. Page-aligned. */
typedef struct yk_part {
    uint64_t begin;
    uint64_t end;
    uint64_t shut; /* 1: nothing can be touched before yk_mapping_open() */
} yk_part;

/* A memory file and where it is mapped. Inherited through fork as it is. */
typedef struct yk_mapping {
    int fd;      /* -1: none */
    uint32_t part_count; /* 0: all of it shows the file */
    void *base;  /* NULL: not mapped */
    size_t size; /* bytes */
    yk_part parts
        [YK_MAX_PARTS]; /* in ascending order; outside them nothing can be touched */
} yk_mapping;

#define YK_MAPPING_NONE ((yk_mapping){.fd = -1})

/* Creates and maps `size` bytes at one of a fixed list of addresses, so that a program
 * executed later can map it there again. If that much address space cannot be had, halves
 * it, down to `least`. The memory is zero, takes no pages until touched and is left out
 * of core dumps. */
yoke_status yk_mapping_create(yk_mapping *mapping, const char *name, size_t size,
                              size_t least, yk_error *error);

/* Tries once, with these parts and nothing that can be touched between and behind them. False
 * with errno if so much cannot be had. */
bool yk_mapping_create_parts(yk_mapping *mapping, const char *name, size_t size,
                             const yk_part *parts, uint32_t count);

/* Address space that nobody can use until it is destroyed. */
bool yk_mapping_reserve(yk_mapping *mapping, size_t size);

/* YOKE_ENOMEM, with the reason in errno or the limit that is to blame. */
yoke_status yk_mapping_fail(yk_error *error, size_t bytes);

/* Maps it again at the same address, in a program that was executed since and has inherited
 * the descriptor. False with errno if there is something else, which stays. */
bool yk_mapping_restore(const yk_mapping *mapping);

/* Unmaps and closes; a no-op on YK_MAPPING_NONE. */
void yk_mapping_destroy(yk_mapping *mapping);

/* Closes the descriptor and keeps the memory. */
void yk_mapping_forget_fd(yk_mapping *mapping);

/* Gives the pages of [offset, offset + bytes) back to the system; they read as zero
 * afterwards in every process. Page-aligned. */
void yk_mapping_punch(const yk_mapping *mapping, size_t offset, size_t bytes);

/* In this process, has [offset, offset + bytes) show the first pages of another file, or
 * nothing at all: an access then raises SIGSEGV. In one step. Page-aligned. False, with
 * errno, and nothing has changed. Safe in signal handlers. */
bool yk_mapping_overlay(const yk_mapping *mapping, uint64_t offset, size_t bytes, int fd,
                      bool read_only);
bool yk_mapping_remove_overlay(const yk_mapping *mapping, uint64_t offset, size_t bytes);

/* In this process, opens or shuts a range of a part for accesses. As above. */
bool yk_mapping_open(const yk_mapping *mapping, uint64_t offset, size_t bytes);
bool yk_mapping_shut(const yk_mapping *mapping, uint64_t offset, size_t bytes);

/* Bytes of the file that take memory now. */
uint64_t yk_mapping_resident(const yk_mapping *mapping);

size_t yk_page_size(void);

/* A memory file that is not mapped, for pread and pwrite; -1 if there can be none. */
int yk_memory_file(const char *name);

/* The same for one that is to be sealed. */
int yk_memory_file_to_seal(const char *name);

/* Write or read all of it at an offset; false on failure. */
bool yk_file_write(int fd, const void *data, size_t bytes, uint64_t offset);
bool yk_file_read(int fd, void *data, size_t bytes, uint64_t offset);

/* Maps the first bytes of a memory file, which takes their memory now; NULL if it cannot. */
void *yk_file_map(int fd, size_t bytes);

/* Gives the file's memory back, beyond `keep` bytes. */
void yk_file_trim(int fd, uint64_t keep);

#endif
