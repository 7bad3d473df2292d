/* SPDX-License-Identifier: MIT */
/* What calls on objects that processes share begin and end with. They may be made in any
 * process that has the pool's memory, so they know the object alone. */
#ifndef YK_API_OBJECT_CALL_H
#define YK_API_OBJECT_CALL_H

#include "api/call.h"
#include "api/valid.h"
#include "base/error.h"
#include "ipc/ipc_object.h"
#include "pool/pool.h"

/* Why it may not be used, as a status; keeps a text. */
yoke_status yk_object_refuse(const void *object, yk_magic magic);

/* Keeps the text for yoke_pool_error() of the object's pool, in the process that made the
 * pool; returns the status. */
yoke_status yk_object_fail(const void *object, yoke_status status, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));

/* A status of a wait as the user gets it, with the usual text. What was not there at once
 * (YOKE_EAGAIN) is YOKE_ETIMEDOUT without a text. */
yoke_status yk_object_end(const void *object, yoke_status status);

/* A time limit; YOKE_EINVAL, with a text, for what is not a time. */
yoke_status yk_object_deadline(const void *object, double seconds, uint64_t *deadline);

/* Takes the options of a call that creates an object, as yk_call_take() does. After a failure
 * *result is NULL, and the text is kept. */
yoke_status yk_object_take(const yoke_pool *pool, void *result, void *own,
                           const yk_call_struct *known, const void *options,
                           size_t size);

/* Memory for an object of a pool; NULL: *status, and a text. In the zone of cells if the
 * program gets a pointer into it. */
void *yk_object_alloc(yoke_pool *pool, void *result, uint64_t bytes, yk_zone_kind zone,
                      yoke_status *status);

/* Opens the object, which lies at the start of its memory; *result is it, or the memory is
 * freed. */
yoke_status yk_object_publish(yoke_pool *pool, void *result, yk_ipc_object *object,
                              yk_magic magic);

/* NULL is allowed. */
yoke_status yk_object_destroy(void *object, yk_magic magic, bool settle);

/* Leaves the call if it is not a valid object of this kind. */
#define YK_OBJECT_CHECK(object, magic)                                                 \
    do {                                                                               \
        if (!yk_valid_is(object, magic)) {                                             \
            return yk_object_refuse(object, magic);                                    \
        }                                                                              \
    } while (0)

#endif
