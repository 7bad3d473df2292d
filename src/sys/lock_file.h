/* SPDX-License-Identifier: MIT */
/* Mutual exclusion between processes that share nothing but a file. Advisory: a process that
 * does not get the lock in time continues without it. */
#ifndef YK_SYS_LOCK_FILE_H
#define YK_SYS_LOCK_FILE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct yk_lock_file {
    int fd; /* -1: not held */
} yk_lock_file;

#define YK_LOCK_FILE_NONE ((yk_lock_file){.fd = -1})

/* Takes the lock on an existing file or folder, waiting at most timeout_ns. False on failure;
 * *lock is then YK_LOCK_FILE_NONE. The death of a process releases it. */
bool yk_lock_file_take(yk_lock_file *lock, const char *path, uint64_t timeout_ns);

/* Releases the lock; a no-op if it is not held. */
void yk_lock_file_release(yk_lock_file *lock);

/* Creates a folder and missing folders above it. False if that fails. */
bool yk_make_folder(const char *path);

#endif
