/* SPDX-License-Identifier: MIT */
/*
 * Mutual exclusion between processes that share nothing but a file, for each of many keys. The
 * file also notes keys that need no lock any more. Advisory: a process that does not get a lock in
 * time continues without it.
 *
 *     bytes of the file          content
 *     0 to YK_LOCK_TABLE_BYTES   the last key noted in each place, 8 bytes; 0: none
 *     behind the table           none: the byte at the key's offset is locked, never written
 */
#ifndef YK_SYS_LOCK_FILE_H
#define YK_SYS_LOCK_FILE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    YK_LOCK_PLACES = 8192,
    YK_LOCK_TABLE_BYTES = YK_LOCK_PLACES * 8,
};

typedef struct yk_lock_file {
    int fd; /* -1: not open */
} yk_lock_file;

#define YK_LOCK_FILE_NONE ((yk_lock_file){.fd = -1})

/* Opens the file, and creates it if it is missing. False on failure, with errno; *lock is then
 * YK_LOCK_FILE_NONE. */
bool yk_lock_file_open(yk_lock_file *lock, const char *path);

/* Takes the lock of a key, at once or not at all; false if another process has it. */
bool yk_lock_file_try(const yk_lock_file *lock, uint64_t key);

/*
 * Takes the lock of a key, waiting in the system's queue for at most timeout_ns. False on
 * failure, or if the time is over. The death of a process releases its locks.
 *
 * While it waits, SIGURG of this process is used to end the wait.
 */
bool yk_lock_file_take(const yk_lock_file *lock, uint64_t key, uint64_t timeout_ns);

/* Releases the lock of a key; a no-op if it is not held. */
void yk_lock_file_release(const yk_lock_file *lock, uint64_t key);

/* Notes a key; the caller has its lock. Another key in the same place is forgotten. */
void yk_lock_file_note(const yk_lock_file *lock, uint64_t key);

/* Whether the key is noted. */
bool yk_lock_file_is_noted(const yk_lock_file *lock, uint64_t key);

/* Closes the file, which releases all locks; a no-op if it is not open. */
void yk_lock_file_close(yk_lock_file *lock);

/* Creates a folder and missing folders above it. False if that fails, with errno. */
bool yk_make_folder(const char *path);

/* Whether files can be created in a folder; otherwise errno says why. */
bool yk_is_writable_folder(const char *path);

#endif
