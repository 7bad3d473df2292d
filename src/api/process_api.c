/* SPDX-License-Identifier: MIT */
#include "yoke/process.h"

#include "api/call.h"
#include "api/valid.h"
#include "pool/pool.h"

yoke_status yoke_process_start_sized(yoke_process **process, yoke_pool *pool,
                                     yoke_process_function *function,
                                     const void *argument, size_t bytes,
                                     const yoke_process_options *options, size_t size)
{
    yk_process_request request = {function, argument, bytes, {.name = NULL}};
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
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
        status = yk_process_start(process, pool, &request, &error);
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
    const yoke_pool *pool;
    yk_error error;
    yoke_status status = process_check(process, &pool, &error);

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

pid_t yoke_process_pid(yoke_process *process)
{
    const yoke_pool *pool;
    yk_error error;
    const yoke_status status = process_check(process, &pool, &error);

    if (status != YOKE_OK) {
        (void)yk_call_end(pool, status, &error);
        return 0;
    }
    return process->pid;
}

int yoke_process_fd(yoke_process *process)
{
    const yoke_pool *pool;
    yk_error error;
    yoke_status status = process_check(process, &pool, &error);
    int fd = -1;

    if (status == YOKE_OK) {
        status = yk_process_fd(process, &fd, &error);
    }
    (void)yk_call_end(pool, status, &error);
    return fd;
}

bool yoke_process_is_alive(yoke_process *process)
{
    const yoke_pool *pool;
    yk_error error;
    const yoke_status status = process_check(process, &pool, &error);

    if (status != YOKE_OK) {
        (void)yk_call_end(pool, status, &error);
        return false;
    }
    return yk_process_join(process, 0, NULL) == YOKE_ETIMEDOUT;
}

static yoke_status process_want_signal(yoke_process *process, uint32_t wanted)
{
    const yoke_pool *pool;
    yk_error error;
    yoke_status status = process_check(process, &pool, &error);

    if (status == YOKE_OK) {
        status = yk_process_want(process, wanted, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_process_terminate(yoke_process *process)
{
    return process_want_signal(process, YK_WANTED_TERMINATE);
}

yoke_status yoke_process_kill(yoke_process *process)
{
    return process_want_signal(process, YK_WANTED_KILL);
}

yoke_status yoke_process_signal(yoke_process *process, int signal)
{
    const yoke_pool *pool;
    yk_error error;
    yoke_status status = process_check(process, &pool, &error);

    if (status == YOKE_OK) {
        status = yk_process_send(process, signal, &error);
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
    status = process_check(process, &pool, &error);
    if (status == YOKE_OK && yk_handle_shut(process)) {
        yk_process_forget(process);
    }
    return yk_call_end(pool, status, &error);
}
