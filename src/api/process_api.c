/* SPDX-License-Identifier: MIT */
#include "yoke/process.h"

#include "api/call.h"
#include "api/valid.h"
#include "pool/pool.h"
#include "protocol/member/member_process.h"
#include "sys/process.h"

/* ---- in the pool's own processes ---- */

/* The handle, if a process of the pool has it; NULL: it is the application's, or not valid. */
static yk_member_process *process_of_member(yoke_process *process)
{
    return yk_valid_is(process, YK_HANDLE_MEMBER_PROCESS) ? (yk_member_process *)(void *)process
                                                          : NULL;
}

/* Whether this process has started it, or has only a copy of its parent's handle. */
static yoke_status process_check_member(const yk_member_process *process, yk_error *error)
{
    yk_error_clear(error);
    if (yk_handle_owner(process) != yk_process_self()) {
        return yk_fail(error, YOKE_EINVAL,
                       "the process %s was started by process %d, from which this one "
                       "was made",
                       process->name, (int)yk_handle_owner(process));
    }
    return YOKE_OK;
}

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

static yoke_status process_wait_member(yk_member_process *process, int *code,
                                       double seconds)
{
    yk_error error;
    yoke_status status = process_check_member(process, &error);

    if (status == YOKE_OK) {
        status = yk_call_check_seconds(seconds, &error);
    }
    if (status == YOKE_OK) {
        status = yk_member_join(process, seconds, &error);
    }
    if (status == YOKE_OK && code != NULL) {
        *code = process->code;
    }
    return yk_call_end(process->pool, status, &error);
}

static bool process_is_members(yk_member_process *process)
{
    yk_error error;
    const yoke_status status = process_check_member(process, &error);

    return yk_call_end(process->pool, status, &error) == YOKE_OK;
}

static yoke_status process_destroy_member(yk_member_process *process)
{
    yk_error error;
    const yoke_status status = process_check_member(process, &error);
    const void *pool = process->pool;

    if (status == YOKE_OK && yk_handle_shut(process)) {
        yk_member_forget(process);
    }
    return yk_call_end(pool, status, &error);
}

/* ---- in all processes ---- */

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

/* Whether the handle may be used here, and of which pool it is. */
static yoke_status process_check(const yoke_process *process, const yoke_pool **pool,
                                 yk_error *error)
{
    yoke_status status;

    yk_error_clear(error);
    *pool = NULL;
    status = yk_valid_check(process, YK_HANDLE_PROCESS, error);
    if (status != YOKE_OK) {
        return status;
    }
    *pool = process->pool;
    return yk_call_check(*pool, error);
}

yoke_status yoke_process_wait(yoke_process *process, int *code, double seconds)
{
    yk_member_process *own = process_of_member(process);
    const yoke_pool *pool;
    yk_error error;
    yoke_status status;

    if (own != NULL) {
        return process_wait_member(own, code, seconds);
    }
    status = process_check(process, &pool, &error);
    if (status == YOKE_OK) {
        status = yk_call_check_seconds(seconds, &error);
    }
    if (status == YOKE_OK) {
        status = yk_process_join(process, seconds, &error);
    }
    if (status == YOKE_OK && code != NULL) {
        *code = process->code;
    }
    return yk_call_end(pool, status, &error);
}

const char *yoke_process_name(const yoke_process *process)
{
    const yoke_pool *pool;
    yk_error error;
    const yoke_status status = process_check(process, &pool, &error);

    (void)yk_call_end(pool, status, &error);
    return status == YOKE_OK ? process->name : "";
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
    yk_member_process *own = process_of_member(process);
    const yoke_pool *pool;
    yk_error error;
    yoke_status status;

    if (own != NULL) {
        return process_is_members(own) ? own->pid : 0;
    }
    status = process_check(process, &pool, &error);
    if (status != YOKE_OK) {
        (void)yk_call_end(pool, status, &error);
        return 0;
    }
    return process->pid;
}

int yoke_process_fd(yoke_process *process)
{
    yk_member_process *own = process_of_member(process);
    const yoke_pool *pool = own != NULL ? own->pool : NULL;
    yk_error error;
    yoke_status status = own != NULL ? process_check_member(own, &error)
                                     : process_check(process, &pool, &error);
    int fd = -1;

    if (status == YOKE_OK) {
        status = own != NULL ? yk_member_fd(own, &fd, &error)
                             : yk_process_fd(process, &fd, &error);
    }
    (void)yk_call_end(pool, status, &error);
    return fd;
}

bool yoke_process_is_alive(yoke_process *process)
{
    yk_member_process *own = process_of_member(process);
    const yoke_pool *pool;
    yk_error error;
    yoke_status status;

    if (own != NULL) {
        return process_is_members(own) && yk_member_join(own, 0, NULL) == YOKE_ETIMEDOUT;
    }
    status = process_check(process, &pool, &error);
    if (status != YOKE_OK) {
        (void)yk_call_end(pool, status, &error);
        return false;
    }
    return yk_process_join(process, 0, NULL) == YOKE_ETIMEDOUT;
}

const char *yoke_process_explain(yoke_process *process)
{
    yk_member_process *own = process_of_member(process);
    const yoke_pool *pool = own != NULL ? own->pool : NULL;
    yk_error error;
    const yoke_status status = own != NULL ? process_check_member(own, &error)
                                           : process_check(process, &pool, &error);

    if (status != YOKE_OK) {
        (void)yk_call_end(pool, status, &error);
        return "";
    }
    if (own != NULL) {
        return yk_member_join(own, 0, &error) == YOKE_ETIMEDOUT ? "" : own->end;
    }
    return yk_process_join(process, 0, NULL) == YOKE_ETIMEDOUT ? "" : process->end;
}

static yoke_status process_ask_for(yoke_process *process, int signal)
{
    yk_member_process *own = process_of_member(process);
    const yoke_pool *pool = own != NULL ? own->pool : NULL;
    yk_error error;
    yoke_status status = own != NULL ? process_check_member(own, &error)
                                     : process_check(process, &pool, &error);

    if (status == YOKE_OK && own != NULL) {
        yk_member_ask(own, signal);
    } else if (status == YOKE_OK) {
        status = yk_process_ask(process, signal, &error);
    }
    return yk_call_end(pool, status, &error);
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
    yk_member_process *own = process_of_member(process);
    const yoke_pool *pool = own != NULL ? own->pool : NULL;
    yk_error error;
    yoke_status status = own != NULL ? process_check_member(own, &error)
                                     : process_check(process, &pool, &error);

    if (status == YOKE_OK) {
        status = own != NULL ? yk_member_send(own, signal, &error)
                             : yk_process_send(process, signal, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_process_destroy(yoke_process *process)
{
    const yoke_pool *pool;
    yk_error error;
    yoke_status status;

    if (process == NULL) {
        return YOKE_OK;
    }
    if (process_of_member(process) != NULL) {
        return process_destroy_member(process_of_member(process));
    }
    status = process_check(process, &pool, &error);
    if (status == YOKE_OK && yk_handle_shut(process)) {
        yk_process_forget(process);
    }
    return yk_call_end(pool, status, &error);
}
