/* SPDX-License-Identifier: MIT */
#include "ipc/readiness.h"

#include "ipc/semaphore.h"

struct yk_ready_kind {
    uint32_t magic;
    yoke_status (*begin)(yk_ready *ready, yk_error *error);
    bool (*check)(const yk_ready *ready, bool link);
};

static yoke_status ready_begin_queue(yk_ready *ready, yk_error *error)
{
    (void)error;
    ready->queue = (yk_queue *)ready->object;
    ready->bell = yk_queue_bell(ready->queue);
    return YOKE_OK;
}

static yoke_status ready_begin_pipe(yk_ready *ready, yk_error *error)
{
    yk_pipe_use use;
    const yoke_status status = yk_pipe_begin(&use, (yk_pipe_end *)ready->object);

    if (status == YOKE_EBUSY) {
        return yk_fail(error, status,
                       "%d living processes have this end of the pipe, the maximum",
                       YK_PIPE_HOLDERS);
    }
    if (status != YOKE_OK) {
        return yk_fail(error, status, "%s",
                       use.is_shut ? "this end of the pipe was closed"
                       : status == YOKE_ECLOSED
                           ? "it was closed or destroyed"
                           : "another process has written over the pipe");
    }
    if (use.in == NULL) {
        return yk_fail(error, YOKE_EINVAL, "this end of the pipe only sends");
    }
    ready->queue = use.in;
    ready->other = use.other;
    ready->bell = yk_queue_bell(use.in);
    return YOKE_OK;
}

static bool ready_check_queue(const yk_ready *ready, bool link)
{
    return link ? yk_queue_link(ready->queue) != YOKE_EAGAIN
                : yk_queue_seems_ready(ready->queue);
}

static yoke_status ready_begin_semaphore(yk_ready *ready, yk_error *error)
{
    (void)error;
    ready->bell = &ready->object->bells[0];
    return YOKE_OK;
}

static bool ready_check_semaphore(const yk_ready *ready, bool link)
{
    if (link) {
        yk_eventcount_link(ready->bell);
    }
    return yk_semaphore_wait((yk_semaphore *)ready->object, YK_AT_ONCE) != YOKE_EAGAIN;
}

static const yk_ready_kind kinds[] = {
    {YK_MAGIC_QUEUE, ready_begin_queue, ready_check_queue},
    {YK_MAGIC_PIPE, ready_begin_pipe, ready_check_queue},
    {YK_MAGIC_EVENT, ready_begin_semaphore, ready_check_semaphore},
    {YK_MAGIC_SEMAPHORE, ready_begin_semaphore, ready_check_semaphore},
};

static const yk_ready_kind *ready_find_kind(uint32_t magic)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].magic == magic) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool yk_ready_is_kind(uint32_t magic)
{
    return ready_find_kind(magic) != NULL;
}

yoke_status yk_ready_begin(yk_ready *ready, yk_ipc_object *object, uint32_t magic,
                           yk_error *error)
{
    *ready = (yk_ready){.kind = ready_find_kind(magic), .object = object};
    return ready->kind->begin(ready, error);
}

bool yk_ready_check(const yk_ready *ready, bool link)
{
    return !yk_ipc_object_is_open(ready->object) || ready->kind->check(ready, link);
}

bool yk_ready_look(const yk_ready *ready)
{
    return ready->other != NULL && yk_pipe_end_is_gone(ready->other);
}
