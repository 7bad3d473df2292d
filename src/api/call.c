/* SPDX-License-Identifier: MIT */
#include "api/call.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/valid.h"
#include "base/clock.h"
#include "base/status.h"
#include "shm/window.h"
#include "sys/call_guard.h"
#include "sys/process.h"

/* A process that was executed by a pool's knows only the pool's memory. 0: there is none, or this
 * process has made it, and is closing the pool. */
static pid_t call_foreign_maker(const yoke_pool *pool)
{
    const pid_t maker = yk_window_maker(pool);

    return maker != yk_process_self() ? maker : 0;
}

yoke_status yk_call_check(const yoke_pool *pool, yk_error *error)
{
    pid_t owner;

    if (pool == NULL) {
        return yk_valid_refuse(pool, YK_HANDLE_POOL, error);
    }
    yk_guard_settle();
    owner = yk_valid_is(pool, YK_HANDLE_POOL) ? yk_handle_owner(pool)
                                              : call_foreign_maker(pool);
    if (owner == 0) {
        return yk_valid_refuse(pool, YK_HANDLE_POOL, error);
    }
    if (owner != yk_process_self()) {
        return yk_fail(error, YOKE_EINVAL,
                       "the pool belongs to process %d, from which this one was made",
                       (int)owner);
    }
    return YOKE_OK;
}

yoke_status yk_call_pool_of(yoke_pool **pool, const void *pointer, yk_error *error)
{
    const void *owner = NULL;
    yoke_status status;
    pid_t maker;

    *pool = NULL;
    if (!yk_window_find(pointer, 1, &owner, &maker)) {
        return yk_window_was_there(pointer)
                   ? yk_fail(error, YOKE_ECLOSED,
                             "%p was memory of a pool that was closed", pointer)
                   : yk_fail(error, YOKE_EINVAL,
                             "%p is not the start of an allocation of any pool",
                             pointer);
    }
    status = yk_call_check(owner, error);
    *pool = (yoke_pool *)(uintptr_t)owner;
    return status;
}

yoke_status yk_call_check_seconds(double seconds, yk_error *error)
{
    return yk_clock_is_time(seconds)
               ? YOKE_OK
               : yk_fail(error, YOKE_EINVAL, YK_CALL_NO_TIME, seconds);
}

/* Each byte is as its neighbour, and the first is zero. */
static bool call_is_zero(const void *bytes, size_t count)
{
    const unsigned char *first = bytes;

    return count == 0 || (first[0] == 0 && memcmp(first, first + 1, count - 1) == 0);
}

#define YK_CALL_LIBRARY YOKE_VERSION_MAJOR, YOKE_VERSION_MINOR, YOKE_VERSION_PATCH

yoke_status yk_call_take(void *own, const yk_call_struct *known, const void *callers,
                         size_t bytes, yk_error *error)
{
    memset(own, 0, known->bytes);
    if (callers == NULL) {
        return YOKE_OK;
    }
    if (bytes > known->bytes &&
        !call_is_zero((const char *)callers + known->bytes, bytes - known->bytes)) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "the program was compiled for a newer library: its %s has %zu "
                       "bytes more than that of this library (%d.%d.%d), and asks for "
                       "something in them",
                       known->name, bytes - known->bytes, YK_CALL_LIBRARY);
    }
    memcpy(own, callers, bytes < known->bytes ? bytes : known->bytes);
    return yk_call_check_reserved(own, known, error);
}

yoke_status yk_call_check_reserved(const void *own, const yk_call_struct *known,
                                   yk_error *error)
{
    return call_is_zero((const char *)own + known->reserved, known->reserved_bytes)
               ? YOKE_OK
               : yk_fail(error, YOKE_EUNSUPPORTED,
                         "%s: its reserved bytes are not 0: it was not initialized, or "
                         "asks for something that this library (%d.%d.%d) cannot do",
                         known->name, YK_CALL_LIBRARY);
}

void yk_call_give_elements(void *to, size_t size, const void *from, size_t own_size,
                           size_t count)
{
    const size_t common = size < own_size ? size : own_size;

    for (size_t i = 0; i < count; i++) {
        char *element = (char *)to + i * size;

        memset(element, 0, size);
        memcpy(element, (const char *)from + i * own_size, common);
    }
}

/* ---- the last failure, per thread ---- */

enum { KEPT = 4 };

typedef struct kept_error {
    const yoke_pool *pool;
    uint64_t serial; /* the next pool at this address is another one */
    char *text;
} kept_error;

typedef struct kept_errors {
    kept_error entries[KEPT]; /* latest first */
} kept_errors;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_failed;

static void free_kept(void *value)
{
    kept_errors *kept = value;

    for (int i = 0; i < KEPT; i++) {
        free(kept->entries[i].text);
    }
    free(kept);
}

static void call_create_key(void)
{
    key_failed = pthread_key_create(&key, free_kept);
}

static kept_errors *kept_of_thread(bool create)
{
    kept_errors *kept;

    (void)pthread_once(&key_once, call_create_key);
    if (key_failed != 0) {
        return NULL;
    }
    kept = pthread_getspecific(key);
    if (kept == NULL && create) {
        kept = calloc(1, sizeof *kept);
        if (kept != NULL && pthread_setspecific(key, kept) != 0) {
            free(kept);
            kept = NULL;
        }
    }
    return kept;
}

/* 0 if the pool is not valid. */
static uint64_t call_serial_of(const yoke_pool *pool)
{
    return yk_valid_is(pool, YK_HANDLE_POOL) ? yk_handle_serial(pool) : 0;
}

yoke_status yk_call_end(const yoke_pool *pool, yoke_status status,
                        const yk_error *error)
{
    kept_errors *kept;
    kept_error entry = {.pool = pool};
    const char *text;
    int i = 0;

    if (status == YOKE_OK) {
        return status;
    }
    kept = kept_of_thread(true);
    if (kept == NULL) {
        return status;
    }
    entry.serial = call_serial_of(pool);
    text = yk_error_text(error);
    entry.text = strdup(text[0] != '\0' ? text : yk_status_text(status));
    while (i < KEPT - 1 && kept->entries[i].pool != pool) {
        i++;
    }
    free(kept->entries[i].text);
    memmove(&kept->entries[1], &kept->entries[0], (size_t)i * sizeof entry);
    kept->entries[0] = entry;
    return status;
}

const char *yk_call_last(const yoke_pool *pool)
{
    const kept_errors *kept = kept_of_thread(false);
    const uint64_t serial = call_serial_of(pool);

    for (int i = 0; kept != NULL && i < KEPT; i++) {
        if (kept->entries[i].pool == pool && kept->entries[i].serial == serial &&
            kept->entries[i].text != NULL) {
            return kept->entries[i].text;
        }
    }
    return "";
}

yoke_status yk_call_fail(const yoke_pool *pool, yoke_status status, const char *text)
{
    yk_error error;

    return yk_call_end(pool, yk_fail(&error, status, "%s", text), &error);
}
