/* SPDX-License-Identifier: MIT */
/* Named segments, in the application: opened, attached, detached and closed. */
#ifndef YK_POOL_SEGMENTS_H
#define YK_POOL_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sys/handle.h"
#include "sys/segment.h"
#include "yoke/shm.h"

/* A segment that is open in the pool. */
typedef struct yk_open_segment {
    uint32_t handles; /* 0: the slot is free */
    bool read_only;
    void *pointer;
    yk_segment segment;
} yk_open_segment;

/* A handle: written when it is made, but for `next`. */
struct yoke_shm {
    yk_handle handle;
    yoke_pool *pool;
    uint32_t slot; /* of its segment */
    void *pointer;
    size_t bytes;
    yoke_shm *next; /* in the table's list */
    char name[YK_SEGMENT_NAME + 1];
};

/* Under the pool's lock. */
typedef struct yk_segment_table {
    yk_open_segment *by_slot; /* YK_MAX_ATTACHMENTS; NULL: none was ever open */
    yoke_shm *handles;        /* all that the user holds */
} yk_segment_table;

/* Take the lock. */
yoke_status yk_shm_open(yoke_shm **shm, yoke_pool *pool, const char *name,
                        bool read_only, yk_error *error);
yoke_status yk_shm_open_file(yoke_shm **shm, yoke_pool *pool, const char *path,
                             bool read_only, yk_error *error);
yoke_status yk_shm_create(yoke_shm **shm, yoke_pool *pool, const char *name,
                          size_t bytes, yk_error *error);

/* YOKE_EBUSY while jobs use it; else, also with YOKE_ELOST, the handle is freed. Takes the lock; callbacks of what it has collected are to be run then. */
yoke_status yk_shm_close(yoke_pool *pool, yoke_shm *shm, yk_error *error);

/* No job is left: devices give back what they hold of segments that are lent, and what was
 * lost of them is kept as a failure. Takes the lock. */
void yk_shm_flush_all(yoke_pool *pool);

/* Frees all handles, and closes their segments: when the processes are gone. */
void yk_shm_free_all(yoke_pool *pool);

#endif
