/* SPDX-License-Identifier: MIT */
/*
 * Named shared memory: POSIX segments, with the conventions of Python's
 * multiprocessing.shared_memory. Names are written without the slash that the system wants. A
 * name that begins with a slash is the path of a file, which is used in the same way.
 */
#ifndef YK_SYS_SEGMENT_H
#define YK_SYS_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { YK_SEGMENT_NAME = 250 }; /* maximum length of a name, in bytes */

/* A segment that is open in this process. */
typedef struct yk_segment {
    int fd; /* -1: none */
    uint64_t bytes;
    uint64_t device; /* the file's identity, independent of its name */
    uint64_t inode;
} yk_segment;

#define YK_SEGMENT_NONE ((yk_segment){.fd = -1})

yoke_status yk_segment_check_name(const char *name, yk_error *error);

/* The name of the file at a path: the full path, without symbolic links. YOKE_ENOENT,
 * YOKE_EINVAL if it is longer than names can be. */
yoke_status yk_segment_find_file(const char *path, char name[YK_SEGMENT_NAME + 1],
                                 yk_error *error);

/* What a name refers to: "shared memory" or "file". */
const char *yk_segment_noun(const char *name);

/* Creates a segment for this user alone, zeroed. Its memory is allocated at once: a lack of
 * memory is an error here and not a SIGBUS later. YOKE_EEXIST, YOKE_ENOMEM. */
yoke_status yk_segment_create(yk_segment *segment, const char *name, uint64_t bytes,
                              yk_error *error);

/* YOKE_ENOENT; YOKE_EAGAIN if it has no size: its creator is between two calls, or died there. */
yoke_status yk_segment_open(yk_segment *segment, const char *name, bool read_only,
                            yk_error *error);

/* YOKE_ENOENT. The memory exists as long as a process has it. */
yoke_status yk_segment_unlink(const char *name, yk_error *error);

/* A no-op on YK_SEGMENT_NONE. */
void yk_segment_close(yk_segment *segment);

/* This process's own descriptor for a segment that another one has open: by way of that
 * process's descriptor, so that the name need not exist any more, or, if that is impossible, by
 * name. -1, with errno, on failure or if it is another file by now. Async-signal-safe. */
int yk_segment_borrow(const yk_segment *segment, pid_t owner, const char *name,
                      bool read_only);

/* The present size of such a segment in bytes; UINT64_MAX if unknown. */
uint64_t yk_segment_size_now(const yk_segment *segment, pid_t owner, const char *name);

/* Writes a name that is unlikely to be in use. */
void yk_segment_invent_name(char name[YK_SEGMENT_NAME + 1]);

#endif
