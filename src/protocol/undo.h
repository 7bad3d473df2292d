/* SPDX-License-Identifier: MIT */
/*
 * The undo log: what a chunk changes in place, saved before the kernel runs. A memory file
 * per worker slot that outlives the worker; the bytes of the items' own parts, argument by
 * argument, block by block. What they belong to follows from the launch and the claim.
 */
#ifndef YK_PROTOCOL_UNDO_H
#define YK_PROTOCOL_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/launch.h"

enum { YK_UNDO_WINDOW = 512 << 10 };

/* A worker's view of its log. */
typedef struct yk_undo_log {
    int file;              /* -1: nothing is saved */
    unsigned char *window; /* the log's beginning, mapped: a system call per chunk is too
                              much; NULL: not (yet) */
} yk_undo_log;

/* Bytes that items [begin, end) would take in the log; 0 if nothing is changed in place. */
uint64_t yk_undo_size(const yk_launch *launch, uint64_t begin, uint64_t end);

/* Writes the log. False if there is no memory for it. */
bool yk_undo_save(yk_undo_log *log, const yk_launch *launch, uint64_t begin,
                  uint64_t end);

/* Puts the saved bytes of a log's file back. */
bool yk_undo_restore(int file, const yk_launch *launch, uint64_t begin, uint64_t end);

/* After the chunk is committed: a log that was large gives its memory back. */
void yk_undo_trim(const yk_undo_log *log, const yk_launch *launch, uint64_t begin, uint64_t end);

#endif
