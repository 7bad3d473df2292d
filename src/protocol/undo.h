/* SPDX-License-Identifier: MIT */
/*
 * The undo log: the bytes that a chunk changes in place, saved before the kernel runs. It is a
 * memory file per worker slot, which outlives the worker. It contains the bytes of the items'
 * own parts, argument by argument, block by block. The launch and the claim determine where
 * they belong.
 */
#ifndef YK_PROTOCOL_UNDO_H
#define YK_PROTOCOL_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/launch.h"

enum { YK_UNDO_WINDOW = 512 << 10 };

/* Behind any log, the same file has what compilers print (device/compiling.h). */
#define YK_UNDO_TEXT (UINT64_C(1) << 46)

/* A worker's view of its log. */
typedef struct yk_undo_log {
    int file;              /* -1: nothing is saved */
    /* the beginning of the log, mapped, since a system call per chunk costs too much; NULL: not
     * (yet) */
    unsigned char *window;
} yk_undo_log;

/* Bytes that items [begin, end) would take in the log; 0 if nothing is changed in place. */
uint64_t yk_undo_size(const yk_launch *launch, uint64_t begin, uint64_t end);

/* Writes the log. False if there is not enough memory. */
bool yk_undo_save(yk_undo_log *log, const yk_launch *launch, uint64_t begin,
                  uint64_t end);

/* Restores the bytes that were saved in a log's file. */
bool yk_undo_restore(int file, const yk_launch *launch, uint64_t begin, uint64_t end);

/* After the chunk is committed: a large log gives its memory back. */
void yk_undo_trim(const yk_undo_log *log, const yk_launch *launch, uint64_t begin, uint64_t end);

#endif
