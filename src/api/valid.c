/* SPDX-License-Identifier: MIT */
#include "api/valid.h"

#include "shm/window.h"

/* What the program calls it, what ends it, and whether its pool's end does. */
typedef struct valid_kind {
    uint32_t kind;
    const char *name;
    const char *end;
    bool ends_with_pool;
} valid_kind;

static const valid_kind kinds[] = {
    {YK_HANDLE_POOL, "pool", "closed", false},
    {YK_HANDLE_KERNEL, "kernel", "destroyed", true},
    {YK_HANDLE_FUTURE, "future", "destroyed", false},
    {YK_HANDLE_PROCESS, "process", "destroyed", true},
    {YK_HANDLE_MEMBER_PROCESS, "process", "destroyed", true},
    {YK_HANDLE_SHM, "segment", "closed", true},
    {YK_HANDLE_STREAM, "stream", "destroyed", false},
    {YK_HANDLE_GRAPH, "graph", "destroyed", false},
    {YK_MAGIC_LOCK, "mutex", "destroyed", true},
    {YK_MAGIC_RLOCK, "recursive mutex", "destroyed", true},
    {YK_MAGIC_EVENT, "event", "destroyed", true},
    {YK_MAGIC_SEMAPHORE, "semaphore", "destroyed", true},
    {YK_MAGIC_CONDITION, "condition", "destroyed", true},
    {YK_MAGIC_BARRIER, "barrier", "destroyed", true},
    {YK_MAGIC_ARRAY, "array", "destroyed", true},
    {YK_MAGIC_QUEUE, "queue", "destroyed", true},
    {YK_MAGIC_PIPE, "pipe", "destroyed", true},
};

static const valid_kind *valid_find_kind(uint32_t kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

const yk_ipc_object *yk_valid_object_at(const void *pointer)
{
    return (uintptr_t)pointer % sizeof(uint64_t) == 0 &&
                   yk_window_has_objects(pointer, sizeof(yk_ipc_object))
               ? pointer
               : NULL;
}

uint32_t yk_valid_kind(const void *pointer)
{
    const yk_ipc_object *object = yk_valid_object_at(pointer);

    return object != NULL ? atomic_load_explicit(&object->magic, memory_order_acquire)
                          : (uint32_t)yk_handle_kind_of(pointer);
}

const char *yk_valid_name(uint32_t kind)
{
    const valid_kind *found = valid_find_kind(kind);

    return found != NULL ? found->name : "thing of another kind";
}

bool yk_valid_is(const void *pointer, uint32_t kind)
{
    return kind < YK_HANDLE_KINDS ? yk_handle_is(pointer, (yk_handle_kind)kind)
                                  : yk_valid_kind(pointer) == kind;
}

static const char *article_of(const char *noun)
{
    return noun[0] == 'a' || noun[0] == 'e' ? "an" : "a";
}

yoke_status yk_valid_refuse(const void *pointer, uint32_t kind, yk_error *error)
{
    const valid_kind *wanted = valid_find_kind(kind);
    const valid_kind *other = valid_find_kind(yk_valid_kind(pointer));

    if (pointer == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the %s is NULL", wanted->name);
    }
    if (other != NULL && other != wanted) {
        return yk_fail(error, YOKE_EINVAL, "%p is not %s %s but %s %s", pointer,
                       article_of(wanted->name), wanted->name, article_of(other->name),
                       other->name);
    }
    return yk_fail(error, kind == YK_HANDLE_SHM ? YOKE_EINVAL : YOKE_ECLOSED,
                   "%p is not a valid %s, or already %s%s%s", pointer, wanted->name,
                   wanted->end,
                   wanted->ends_with_pool ? ", or its pool was closed" : "",
                   kind == YK_HANDLE_PROCESS
                       ? "; only the process that has started it can use its handle"
                       : "");
}

yoke_status yk_valid_check(const void *pointer, uint32_t kind, yk_error *error)
{
    return yk_valid_is(pointer, kind) ? YOKE_OK : yk_valid_refuse(pointer, kind, error);
}
