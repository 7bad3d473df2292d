/* SPDX-License-Identifier: MIT */
/* Mutual exclusion between processes that share nothing but a file. Advisory: who
 * cannot have the lock in time goes on without. */
#ifndef YK_SYS_LOCK_FILE_H
#define YK_SYS_LOCK_FILE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct yk_lock_file {
    int fd; /* -1: not held */
} yk_lock_file;

#define YK_LOCK_FILE_NONE ((yk_lock_file){.fd = -1})

/* Takes the lock on a file or folder that exists, waiting up to timeout_ns. False if it
 * cannot be had; *lock is then YK_LOCK_FILE_NONE. A process's death gives it back. */
bool yk_lock_file_take(yk_lock_file *lock, const char *path, uint64_t timeout_ns);

/* Gives it back; a no-op if it is not held. */
void yk_lock_file_release(yk_lock_file *lock);

/* Makes a folder and those above it, as far as they are missing. False if that fails.
 */
bool yk_make_folder(const char *path);

#endif
