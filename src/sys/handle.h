/* SPDX-License-Identifier: MIT */
/*
 * The handles that the program has of the library's things, and whether a pointer is one.
 *
 * A handle is the address of a slot in memory of the library's own, which is never given back.
 * So any pointer can be checked without reading memory that may be gone: a handle lies in a
 * region of its kind, at the start of a slot, and the head of that slot says that it is valid.
 *
 *     alloc    a slot that is not valid yet: what is in it may be filled in
 *     open     valid from now on
 *     shut     not valid any more; what is in it lives as long as the library needs it
 *     free     the slot rests behind all others that rest, and comes last to be used again
 *
 * As slots rest, a pointer that the program has kept for too long is answered as not valid for a
 * long time. Checks need no lock, and are right in a process that was forked at any moment: it
 * finds copies of the handles, which have another owner.
 */
#ifndef YK_SYS_HANDLE_H
#define YK_SYS_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum yk_handle_kind {
    YK_HANDLE_NONE,
    YK_HANDLE_POOL,
    YK_HANDLE_KERNEL,
    YK_HANDLE_FUTURE,
    YK_HANDLE_PROCESS,
    YK_HANDLE_SHM,
    YK_HANDLE_STREAM,
    YK_HANDLE_GRAPH,
    YK_HANDLE_MEMBER_PROCESS,
    YK_HANDLE_KINDS
} yk_handle_kind;

/* The head of a slot, and the first field of what the handle stands for. */
typedef struct yk_handle {
    _Atomic uint32_t state; /* of the enum in handle.c; 0: not valid */
    yk_handle_kind kind;
    uint64_t serial;        /* a number that no other has or had */
    struct yk_handle *next; /* of the slots that rest */
    pid_t owner;            /* the process that has made it */
    uint32_t reserved;
} yk_handle;

/* Zeroed memory of `bytes`, the same for all of a kind, that begins with a yk_handle. Not valid
 * yet. NULL: there is no memory. */
void *yk_handle_alloc(yk_handle_kind kind, size_t bytes);

/* Also of one that is valid. NULL is allowed. */
void yk_handle_free(void *handle);

void yk_handle_open(void *handle);

/* False: it was not valid; of several threads that shut it one gets true. */
bool yk_handle_shut(void *handle);

/* Not valid until yk_handle_resume(), or for good. As above. */
bool yk_handle_suspend(void *handle);
void yk_handle_resume(void *handle);

/* Whether this is a valid handle of this kind. Any pointer may be asked about. */
bool yk_handle_is(const void *pointer, yk_handle_kind kind);

/* Of which kind it is a valid handle; YK_HANDLE_NONE: of none. */
yk_handle_kind yk_handle_kind_of(const void *pointer);

/* Of a handle that is valid. */
static inline pid_t yk_handle_owner(const void *handle)
{
    return ((const yk_handle *)handle)->owner;
}

static inline uint64_t yk_handle_serial(const void *handle)
{
    return ((const yk_handle *)handle)->serial;
}

#endif
