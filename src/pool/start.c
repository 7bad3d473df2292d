/* SPDX-License-Identifier: MIT */
#include "pool/start.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/settings.h"
#include "pool/pool.h"
#include "protocol/bootstrap.h"
#include "supervisor/supervisor_main.h"
#include "sys/process.h"
#include "sys/process/hidden_process.h"
#include "sys/wakeup.h"

/* ---- which method ---- */

yoke_status yk_start_read(yoke_start *method, const char **asked_by, yoke_start option,
                          yk_error *error)
{
    static const char *const names[] = {"auto", "fork", "spawn"};
    const char *const text = yk_setting_text(YK_SETTING_START);
    yoke_status status;

    *method = option == YOKE_START_AUTO ? YOKE_START_FORK : option;
    *asked_by = option == YOKE_START_AUTO ? "the default" : ".start";
    if ((unsigned)option > YOKE_START_SPAWN) {
        return yk_fail(error, YOKE_EINVAL, ".start is not a valid start method");
    }
    if (option != YOKE_START_AUTO || strcmp(text, names[0]) == 0) {
        return YOKE_OK;
    }
    *asked_by = "YOKE_START";
    for (unsigned i = YOKE_START_FORK; i <= YOKE_START_SPAWN; i++) {
        if (strcmp(text, names[i]) == 0) {
            *method = (yoke_start)i;
            return YOKE_OK;
        }
    }
    status = yk_fail(error, YOKE_EINVAL,
                     "not a valid start method; write auto, fork or spawn");
    yk_setting_prefix(YK_SETTING_START, error);
    return status;
}

/* ---- the application's side ---- */

/* How often a wait checks whether the new process still lives. */
static const uint64_t poll_ns = 5 * (uint64_t)YK_NS_PER_MS;

/* Not NULL: why it has not taken over. */
static const char *wait_until_taken(yoke_pool *pool)
{
    yk_control *control = pool->control;
    const uint64_t deadline = yk_clock_ns() + control->start_timeout_ns;

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&control->changed);
        /* In this order: a process that has ended has taken over before, or never will. */
        const bool has_ended = yk_pool_supervisor_ended(pool);

        if (atomic_load(&control->taken_over) != 0) {
            return NULL; /* has it ended, the pool is broken: its books are begun */
        }
        if (has_ended) {
            return control->start_error[0] != '\0'
                       ? control->start_error
                       : "the program ended before the library took over";
        }
        if (yk_clock_ns() >= deadline) {
            return "the library did not take over in time: the program's constructors "
                   "take long, or do not end";
        }
        yk_eventcount_wait(&control->changed, ticket, poll_ns);
    }
}

static void end_process(yoke_pool *pool)
{
    yk_pool_kill_supervisor(pool);
    if (pool->liveness.supervisor_fd >= 0) {
        (void)yk_fd_wait_one(pool->liveness.supervisor_fd, UINT64_MAX);
        yk_process_reap_open(pool->liveness.supervisor_fd);
    }
    yk_fd_close(&pool->liveness.supervisor_fd);
    pool->liveness.supervisor = 0;
}

yoke_status yk_spawn_supervisor(yoke_pool *pool, const yk_supervisor_start *start,
                                yk_error *error)
{
    yk_bootstrap bootstrap;
    const char *obstacle;
    int problem;
    yoke_status status =
        yk_bootstrap_init(&bootstrap, start, yk_start_constructor, error);

    if (status != YOKE_OK) {
        yk_error_prefix(error, "spawn: ");
        return status;
    }
    bootstrap.role = YK_ROLE_SUPERVISOR;
    pool->liveness.supervisor = yk_bootstrap_send(&bootstrap, &pool->liveness.supervisor_fd);
    problem = errno;
    if (pool->liveness.supervisor < 0) {
        pool->liveness.supervisor = 0;
        return yk_fail(error, YOKE_ESYSTEM, "spawn: the program cannot be executed: %s",
                       problem == YK_PROCESS_KILLED
                           ? "the process that was to execute it was killed"
                           : strerror(problem));
    }
    if (pool->liveness.supervisor_fd < 0) {
        end_process(pool);
        return yk_fail(error, YOKE_ESYSTEM,
                       "spawn: the system cannot tell when a process ends (pidfd_open): %s",
                       strerror(problem));
    }
    obstacle = wait_until_taken(pool);
    if (obstacle != NULL) {
        end_process(pool);
        return yk_fail(error, YOKE_ESYSTEM, "spawn: %s", obstacle);
    }
    return YOKE_OK;
}

/* ---- the initializer ---- */

static yoke_status start_options_copy_argument(yoke_pool *pool,
                                               const yoke_pool_options *options,
                                               yk_error *error)
{
    yk_initializer *self = &pool->control->initializer;
    void *copy;

    if (options->initializer_bytes == 0) {
        return YOKE_OK;
    }
    copy = yk_arena_alloc(&pool->store, options->initializer_bytes, error);
    if (copy == NULL) {
        yk_error_prefix(error, "the initializer's argument: ");
        return YOKE_ENOMEM;
    }
    memcpy(copy, options->initializer_argument, options->initializer_bytes);
    self->argument = copy;
    self->bytes = options->initializer_bytes;
    return YOKE_OK;
}

static yoke_status start_options_locate(yk_function *function, yk_any_function *given,
                                        const char *what, yk_error *error)
{
    return given == NULL ? YOKE_OK : yk_function_locate(function, given, what, error);
}

yoke_status yk_initializer_set(yoke_pool *pool, const yoke_pool_options *options,
                               yk_error *error)
{
    yoke_status status;

    if ((options->initializer_argument == NULL) != (options->initializer_bytes == 0)) {
        return yk_fail(error, YOKE_EINVAL,
                       "initializer_argument and initializer_bytes go together");
    }
    if (options->initializer == NULL && options->finalizer == NULL) {
        return options->initializer_bytes == 0
                   ? YOKE_OK
                   : yk_fail(error, YOKE_EINVAL,
                             "initializer_argument is given, but no initializer");
    }
    status = start_options_locate(&pool->control->initializer.function,
                                  (yk_any_function *)options->initializer,
                                  "the initializer", error);
    if (status == YOKE_OK) {
        status = start_options_locate(&pool->control->initializer.finalizer,
                                      (yk_any_function *)options->finalizer,
                                      "the finalizer", error);
    }
    return status == YOKE_OK ? start_options_copy_argument(pool, options, error)
                             : status;
}

/* ---- descriptors ---- */

static yoke_status start_options_check(const yoke_pool_options *options,
                                       yk_error *error)
{
    if ((options->keep_fds == NULL) != (options->keep_fd_count == 0)) {
        return yk_fail(error, YOKE_EINVAL, "keep_fds and keep_fd_count go together");
    }
    for (size_t i = 0; i < options->keep_fd_count; i++) {
        if (fcntl(options->keep_fds[i], F_GETFD) == -1) {
            return yk_fail(error, YOKE_EINVAL,
                           "keep_fds[%zu] is %d, which is not an open descriptor", i,
                           options->keep_fds[i]);
        }
    }
    return YOKE_OK;
}

yoke_status yk_kept_fds_set(yoke_pool *pool, const yoke_pool_options *options,
                            yk_error *error)
{
    const size_t count = options->keep_fd_count;
    const yoke_status status = start_options_check(options, error);
    int *lists;

    if (status != YOKE_OK || count == 0) {
        return status;
    }
    lists = yk_arena_alloc(&pool->store, 2 * count * sizeof *lists, error);
    if (lists == NULL) {
        yk_error_prefix(error, "keep_fds: ");
        return YOKE_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        lists[i] = options->keep_fds[i];
        lists[count + i] = fcntl(lists[i], F_GETFD) & FD_CLOEXEC;
    }
    pool->control->kept = (yk_kept_fds){lists, lists + count, count};
    return YOKE_OK;
}
