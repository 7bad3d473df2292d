/* SPDX-License-Identifier: MIT */
#include "yoke/wait.h"

#include "api/call.h"
#include "api/valid.h"
#include "base/clock.h"
#include "patterns/wait_any.h"
#include "pool/pool.h"
#include "sys/process.h"

/* Why something in the list is not waited for. */
static yoke_status wait_refuse(const void *thing, uint32_t kind, yk_error *error)
{
    static const char possible[] =
        "queues, pipes, events, semaphores, futures and processes can be waited for";

    return thing == NULL ? yk_fail(error, YOKE_EINVAL, "it is NULL; %s", possible)
           : kind == 0
               ? yk_fail(error, YOKE_ECLOSED,
                         "%p is not valid, or already destroyed, or its pool was closed",
                         thing)
               : yk_fail(error, YOKE_EINVAL, "%p is a %s; %s", thing,
                         yk_valid_name(kind), possible);
}

static yoke_status wait_add_future(yk_any_wait *wait, yoke_future *future,
                                   yk_error *error)
{
    return future->pool != NULL && future->owner != yk_process_self()
               ? yk_fail(error, YOKE_EINVAL,
                         "the future belongs to the process that forked this one")
               : yk_any_add_future(wait, future, error);
}

static yoke_status wait_add_process(yk_any_wait *wait, yoke_process *process,
                                    yk_error *error)
{
    const yoke_status status = yk_call_check(process->pool, error);

    return status == YOKE_OK ? yk_any_add_process(wait, process, error) : status;
}

/* A process that this process, which is a pool's own, has started. */
static yoke_status wait_add_member(yk_any_wait *wait, yk_member_process *process,
                                   yk_error *error)
{
    return yk_handle_owner(process) == yk_process_self()
               ? yk_any_add_member(wait, process, error)
               : yk_fail(error, YOKE_EINVAL,
                         "%s was started by another process, of which this one is a copy",
                         process->name);
}

static yoke_status wait_add_thing(yk_any_wait *wait, void *thing, yk_error *error)
{
    const uint32_t kind = yk_valid_kind(thing);

    return kind == YK_HANDLE_FUTURE    ? wait_add_future(wait, thing, error)
           : kind == YK_HANDLE_PROCESS ? wait_add_process(wait, thing, error)
           : kind == YK_HANDLE_MEMBER_PROCESS ? wait_add_member(wait, thing, error)
           : yk_ready_is_kind(kind)    ? yk_any_add_object(wait, thing, kind, error)
                                       : wait_refuse(thing, kind, error);
}

static yoke_status wait_add_all(yk_any_wait *wait, void *const *things, size_t count,
                                yk_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const yoke_status status = wait_add_thing(wait, things[i], error);

        if (status != YOKE_OK) {
            yk_error_prefix(error, "things[%zu]: ", i);
            return status;
        }
    }
    return YOKE_OK;
}

static yoke_status wait_for_list(void *const *things, size_t count, uint64_t deadline,
                                 size_t *index, bool *ready, yk_error *error)
{
    yk_any_wait *wait = yk_any_create(count);
    yoke_status status;

    if (wait == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    status = wait_add_all(wait, things, count, error);
    if (status == YOKE_OK) {
        status = yk_any_wait_until(wait, deadline, index, ready);
        if (status == YOKE_EBROKEN) {
            (void)yk_pool_fail_broken(error);
        } else if (status == YOKE_ESTOPPED &&
                   yk_any_check_supervisor(wait, error) != YOKE_ESTOPPED) {
            (void)yk_fail(error, status, "the pool's supervisor was stopped for a while");
        }
    }
    yk_any_destroy(wait);
    return status;
}

/* Under which name a text is kept: that of the pool of the first thing, or of none. Texts are kept
 * by the application only. */
static yoke_status wait_end_call(const void *thing, yoke_status status,
                                 const yk_error *error)
{
    yk_error ignored;
    yoke_pool *pool = NULL;

    if (status == YOKE_OK || status == YOKE_ETIMEDOUT) {
        return status;
    }
    if (yk_valid_is(thing, YK_HANDLE_FUTURE)) {
        pool = ((const yoke_future *)thing)->pool;
    } else if (yk_valid_is(thing, YK_HANDLE_PROCESS)) {
        pool = ((const yoke_process *)thing)->pool;
    } else {
        (void)yk_call_pool_of(&pool, thing, &ignored);
    }
    return yk_call_end(pool, status, error);
}

yoke_status yoke_wait_any_sized(void *const *things, size_t count, size_t *index,
                                double seconds, const yoke_wait_options *given,
                                size_t size)
{
    yoke_wait_options options;
    size_t first;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_take(&options, YK_CALL_STRUCT(yoke_wait_options), given, size, &error);
    if (status == YOKE_OK) {
        status = yk_call_check_seconds(seconds, &error);
    }
    if (status == YOKE_OK && (things == NULL || count == 0)) {
        status = yk_fail(&error, YOKE_EINVAL,
                         "there is nothing to wait for: `things` is NULL, or `count` is 0");
    }
    if (status == YOKE_OK) {
        status = wait_for_list(things, count, yk_deadline(seconds), &first, options.ready,
                               &error);
    }
    if (status == YOKE_OK && index != NULL) {
        *index = first;
    }
    return wait_end_call(things != NULL && count > 0 ? things[0] : NULL, status, &error);
}
