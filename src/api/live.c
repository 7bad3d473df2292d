/* SPDX-License-Identifier: MIT */
#include "api/live.h"

#include <pthread.h>
#include <stdlib.h>

#include "sys/process.h"

typedef struct live_handle {
    const void *handle; /* the pool itself, or something of it */
    const yoke_pool *pool;
    pid_t owner;
    uint64_t serial;
    bool is_closing; /* the pool is: calls are refused, but it is there */
    struct live_handle *next;
} live_handle;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static live_handle *live;
static uint64_t last_serial;

static pthread_once_t forks_once = PTHREAD_ONCE_INIT;

static void take_lock(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* Whoever is forked finds the lock free and the list whole. */
static void live_hold_during_forks(void)
{
    (void)pthread_atfork(take_lock, give_lock, give_lock);
}

static bool live_add(const void *handle, const yoke_pool *pool)
{
    live_handle *entry = malloc(sizeof *entry);

    (void)pthread_once(&forks_once, live_hold_during_forks);
    if (entry == NULL) {
        return false;
    }
    (void)pthread_mutex_lock(&lock);
    *entry = (live_handle){handle, pool, yk_process_self(), ++last_serial, false, live};
    live = entry;
    (void)pthread_mutex_unlock(&lock);
    return true;
}

bool yk_live_add_pool(const yoke_pool *pool)
{
    return live_add(pool, pool);
}

bool yk_live_add_kernel(const yoke_pool *pool, const yoke_kernel *kernel)
{
    return live_add(kernel, pool);
}

bool yk_live_add_handle(const yoke_pool *pool, const void *handle)
{
    return live_add(handle, pool);
}

bool yk_live_add_alone(const void *handle)
{
    return live_add(handle, NULL);
}

/* With the lock. */
static const live_handle *live_find_locked(const void *handle, const yoke_pool *pool)
{
    const live_handle *entry = live;

    while (entry != NULL && (entry->handle != handle || entry->pool != pool)) {
        entry = entry->next;
    }
    return entry;
}

static live_handle live_look_up(const void *handle, const yoke_pool *pool)
{
    live_handle copy = {.handle = NULL};
    const live_handle *entry;

    (void)pthread_mutex_lock(&lock);
    entry = live_find_locked(handle, pool);
    if (entry != NULL && !entry->is_closing) {
        copy = *entry;
    }
    (void)pthread_mutex_unlock(&lock);
    return copy;
}

bool yk_live_close_pool(const yoke_pool *pool, bool closing)
{
    bool changed = false;

    (void)pthread_mutex_lock(&lock);
    for (live_handle *entry = live; entry != NULL; entry = entry->next) {
        if (entry->pool == pool && entry->is_closing != closing) {
            entry->is_closing = closing;
            changed |= entry->handle == pool;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return changed;
}

bool yk_live_remove_pool(const yoke_pool *pool)
{
    live_handle **link = &live;
    bool found;

    (void)pthread_mutex_lock(&lock);
    found = live_find_locked(pool, pool) != NULL;
    while (*link != NULL) {
        live_handle *entry = *link;

        if (entry->pool == pool) {
            *link = entry->next;
            free(entry);
        } else {
            link = &entry->next;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

bool yk_live_remove_handle(const void *handle)
{
    const pid_t self = yk_process_self();
    live_handle **link = &live;
    live_handle *entry;

    (void)pthread_mutex_lock(&lock);
    while (*link != NULL && ((*link)->handle != handle || (*link)->owner != self ||
                             (*link)->is_closing)) {
        link = &(*link)->next;
    }
    entry = *link;
    if (entry != NULL) {
        *link = entry->next;
    }
    (void)pthread_mutex_unlock(&lock);
    free(entry);
    return entry != NULL;
}

bool yk_live_remove_kernel(const yoke_kernel *kernel)
{
    return yk_live_remove_handle(kernel);
}

const yoke_pool *yk_live_pool_of(const void *handle)
{
    const live_handle *entry;
    const yoke_pool *pool;

    (void)pthread_mutex_lock(&lock);
    entry = live;
    while (entry != NULL && (entry->handle != handle || entry->is_closing)) {
        entry = entry->next;
    }
    pool = entry != NULL ? entry->pool : NULL;
    (void)pthread_mutex_unlock(&lock);
    return pool;
}

bool yk_live_is_alone(const void *handle)
{
    return handle != NULL && live_look_up(handle, NULL).handle != NULL;
}

pid_t yk_live_owner(const yoke_pool *pool)
{
    return live_look_up(pool, pool).owner;
}

uint64_t yk_live_serial(const yoke_pool *pool)
{
    return live_look_up(pool, pool).serial;
}

bool yk_live_has_kernel(const yoke_pool *pool, const yoke_kernel *kernel)
{
    return live_look_up(kernel, pool).handle != NULL;
}
