/* SPDX-License-Identifier: MIT */
#include "yoke/process.h"

#include "api/call.h"
#include "api/valid.h"
#include "pool/pool.h"
#include "protocol/member/member_process.h"
#include "sys/process.h"

/* ---- handles ---- */

/* A handle of the application, or of one of the pool's own processes that has started the
 * process. */
typedef struct process_handle {
    yk_member_process *own; /* NULL: it is the application's */
    const yoke_pool *pool;  /* NULL: not known */
} process_handle;

/* Whether this process has started it, or has only a copy of its parent's handle. */
static yoke_status process_check_member(const yk_member_process *process, yk_error *error)
{
    if (yk_handle_owner(process) != yk_process_self()) {
        return yk_fail(error, YOKE_EINVAL,
                       "the process %s was started by process %d, from which this one "
                       "was made",
                       process->name, (int)yk_handle_owner(process));
    }
    return YOKE_OK;
}

/* Whether the handle may be used here, whose it is, and of which pool. */
static yoke_status process_open(process_handle *handle, const yoke_process *process,
                                yk_error *error)
{
    yoke_status status;

    yk_error_clear(error);
    *handle = (process_handle){.own = NULL};
    if (yk_valid_is(process, YK_HANDLE_MEMBER_PROCESS)) {
        handle->own = (yk_member_process *)(uintptr_t)process;
        handle->pool = handle->own->pool;
        return process_check_member(handle->own, error);
    }
    status = yk_valid_check(process, YK_HANDLE_PROCESS, error);
    if (status != YOKE_OK) {
        return status;
    }
    handle->pool = process->pool;
    return yk_call_check(handle->pool, error);
}

static yoke_status process_join(const process_handle *handle, yoke_process *process,
                                double seconds, yk_error *error)
{
    return handle->own != NULL ? yk_member_join(handle->own, seconds, error)
                               : yk_process_join(process, seconds, error);
}

/* ---- calls ---- */

static yoke_status process_start_member(yoke_process **process,
                                        const yk_membership *membership,
                                        const yoke_pool *pool,
                                        const yk_process_request *request,
                                        yk_error *error)
{
    const yk_member_request own = {request->function, request->argument, request->bytes,
                                   request->options};
    yk_member_process *started;
    const yoke_status status = yk_member_start(&started, membership, pool, &own, error);

    *process = (yoke_process *)(void *)started;
    return status;
}

yoke_status yoke_process_start_sized(yoke_process **process, yoke_pool *pool,
                                     yoke_process_function *function,
                                     const void *argument, size_t bytes,
                                     const yoke_process_options *options, size_t size)
{
    yk_process_request request = {function, argument, bytes, {.name = NULL}};
    const yk_membership *membership = yk_membership_in(pool);
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = membership != NULL ? YOKE_OK : yk_call_check(pool, &error);
    if (process != NULL) {
        *process = NULL;
    } else if (status == YOKE_OK) {
        status = yk_fail(&error, YOKE_EINVAL, "`process` is NULL");
    }
    if (status == YOKE_OK) {
        status = yk_call_take(&request.options, YK_CALL_RESERVED(yoke_process_options),
                              options, size, &error);
    }
    if (status == YOKE_OK) {
        status = membership != NULL
                     ? process_start_member(process, membership, pool, &request, &error)
                     : yk_process_start(process, pool, &request, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_process_wait(yoke_process *process, int *code, double seconds)
{
    process_handle handle;
    yk_error error;
    yoke_status status = process_open(&handle, process, &error);

    if (status == YOKE_OK) {
        status = yk_call_check_seconds(seconds, &error);
    }
    if (status == YOKE_OK) {
        status = process_join(&handle, process, seconds, &error);
    }
    if (status == YOKE_OK && code != NULL) {
        *code = handle.own != NULL ? handle.own->code : process->code;
    }
    return yk_call_end(handle.pool, status, &error);
}

const char *yoke_process_name(const yoke_process *process)
{
    process_handle handle;
    yk_error error;
    const yoke_status status = process_open(&handle, process, &error);

    (void)yk_call_end(handle.pool, status, &error);
    return status != YOKE_OK    ? ""
           : handle.own != NULL ? handle.own->name
                                : process->name;
}

size_t yoke_pool_process_count(yoke_pool *pool)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    (void)yk_call_end(pool, status, &error);
    return status == YOKE_OK ? yk_processes_count(pool) : 0;
}

const char *yoke_process_own_name(void)
{
    return yk_process_own_name();
}

pid_t yoke_process_pid(yoke_process *process)
{
    process_handle handle;
    yk_error error;
    const yoke_status status = process_open(&handle, process, &error);

    if (status != YOKE_OK) {
        (void)yk_call_end(handle.pool, status, &error);
        return 0;
    }
    return handle.own != NULL ? handle.own->pid : process->pid;
}

int yoke_process_fd(yoke_process *process)
{
    process_handle handle;
    yk_error error;
    yoke_status status = process_open(&handle, process, &error);
    int fd = -1;

    if (status == YOKE_OK) {
        status = handle.own != NULL ? yk_member_fd(handle.own, &fd, &error)
                                    : yk_process_fd(process, &fd, &error);
    }
    (void)yk_call_end(handle.pool, status, &error);
    return fd;
}

bool yoke_process_is_alive(yoke_process *process)
{
    process_handle handle;
    yk_error error;
    const yoke_status status = process_open(&handle, process, &error);

    if (status != YOKE_OK) {
        (void)yk_call_end(handle.pool, status, &error);
        return false;
    }
    return process_join(&handle, process, 0, NULL) == YOKE_ETIMEDOUT;
}

const char *yoke_process_explain(yoke_process *process)
{
    process_handle handle;
    yk_error error;
    const yoke_status status = process_open(&handle, process, &error);

    if (status != YOKE_OK) {
        (void)yk_call_end(handle.pool, status, &error);
        return "";
    }
    return process_join(&handle, process, 0, NULL) == YOKE_ETIMEDOUT ? ""
           : handle.own != NULL                                      ? handle.own->end
                                                                     : process->end;
}

static yoke_status process_ask_for(yoke_process *process, int signal)
{
    process_handle handle;
    yk_error error;
    yoke_status status = process_open(&handle, process, &error);

    if (status == YOKE_OK && handle.own != NULL) {
        yk_member_ask(handle.own, signal);
    } else if (status == YOKE_OK) {
        status = yk_process_ask(process, signal, &error);
    }
    return yk_call_end(handle.pool, status, &error);
}

yoke_status yoke_process_terminate(yoke_process *process)
{
    return process_ask_for(process, yk_process_terminate_signal());
}

yoke_status yoke_process_kill(yoke_process *process)
{
    return process_ask_for(process, yk_process_kill_signal());
}

yoke_status yoke_process_signal(yoke_process *process, int signal)
{
    process_handle handle;
    yk_error error;
    yoke_status status = process_open(&handle, process, &error);

    if (status == YOKE_OK) {
        status = handle.own != NULL ? yk_member_send(handle.own, signal, &error)
                                    : yk_process_send(process, signal, &error);
    }
    return yk_call_end(handle.pool, status, &error);
}

yoke_status yoke_process_destroy(yoke_process *process)
{
    process_handle handle;
    yk_error error;
    yoke_status status;

    if (process == NULL) {
        return YOKE_OK;
    }
    status = process_open(&handle, process, &error);
    if (status == YOKE_OK && handle.own != NULL && yk_handle_shut(handle.own)) {
        yk_member_forget(handle.own);
    } else if (status == YOKE_OK && handle.own == NULL && yk_handle_shut(process)) {
        yk_process_forget(process);
    }
    return yk_call_end(handle.pool, status, &error);
}
