/* SPDX-License-Identifier: MIT */
/* What every public call begins and ends with. */
#ifndef YK_API_CALL_H
#define YK_API_CALL_H

#include <stddef.h>

#include "base/error.h"
#include "yoke/pool.h"

/* Whether the pool may be used: created by this process and not closed. Never touches
 * the memory of a pool that was closed. Otherwise fills in error. */
yoke_status yk_call_check(const yoke_pool *pool, yk_error *error);

/* The pool in whose memory this lies, and whether it may be used as in yk_call_check(). NULL and
 * YOKE_EINVAL: in none; YOKE_ECLOSED: the pool was closed. */
yoke_status yk_call_pool_of(yoke_pool **pool, const void *pointer, yk_error *error);

#define YK_CALL_NO_TIME                                                                \
    "the time to wait is %g, which is not a number of seconds from 0 on, nor "         \
    "YOKE_FOREVER"

/* Whether a time to wait is 0 or more, or YOKE_FOREVER. */
yoke_status yk_call_check_seconds(double seconds, yk_error *error);

/* A struct that programs pass in, as this library knows it. */
typedef struct yk_call_struct {
    const char *name;
    size_t bytes;
    size_t reserved;       /* offset of its reserved bytes ... */
    size_t reserved_bytes; /* ... and how many */
} yk_call_struct;

/* clang-format off */
#define YK_CALL_STRUCT(type) (&(const yk_call_struct){#type, sizeof(type), 0, 0})
#define YK_CALL_RESERVED(type)                                                         \
    (&(const yk_call_struct){#type, sizeof(type), offsetof(type, reserved),            \
                             sizeof(((type *)NULL)->reserved)})
/* clang-format on */

/* Copies a struct of which the program was compiled with `bytes` bytes. What an older program does
 * not know is zero. YOKE_EUNSUPPORTED if bytes that this library does not know, or reserved ones,
 * are not zero. NULL: all is zero. */
yoke_status yk_call_take(void *own, const yk_call_struct *known, const void *callers,
                         size_t bytes, yk_error *error);

/* YOKE_EUNSUPPORTED if reserved bytes of a struct are not zero. */
yoke_status yk_call_check_reserved(const void *own, const yk_call_struct *known,
                                   yk_error *error);

/* Fills in an array of structs of which the program was compiled with `size` bytes each. What this
 * library does not know is zero. */
void yk_call_give_elements(void *to, size_t size, const void *from, size_t own_size,
                           size_t count);

/* Keeps a failure's text for yoke_pool_error() in this thread, under the pool's name (NULL:
 * of no pool), and returns the status. Nothing is kept for YOKE_OK. */
yoke_status yk_call_end(const yoke_pool *pool, yoke_status status, const yk_error *error);

/* The text kept, "" if there is none. */
const char *yk_call_last(const yoke_pool *pool);

/* A status without further explanation. */
yoke_status yk_call_fail(const yoke_pool *pool, yoke_status status, const char *text);

#endif
