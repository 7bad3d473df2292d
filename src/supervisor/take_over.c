/* SPDX-License-Identifier: MIT */
/*
 * The process that executes the program for a pool. It never reaches main(), which would create
 * a pool, spawn its supervisor, and so on. It is recognised by two things, each of which is
 * enough: the pid in the variable, and the spelling of the path by which it was executed
 * (exec.h). If it cannot take over, for whatever reason, it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/settings.h"
#include "base/text.h"
#include "protocol/fault_point.h"
#include "protocol/bootstrap.h"
#include "shm/window.h"
#include "supervisor/supervisor.h"
#include "sys/exec.h"
#include "sys/process.h"
#include "sys/wakeup.h"
#include "worker/worker_main.h"

static const char variable[] = YK_BOOTSTRAP_VARIABLE;

static yk_bootstrap received;
static bool has_bootstrap;

/* Writes the reason into the control block for the application, whether or not the block is
 * mapped here, and ends the process. */
static _Noreturn void take_over_refuse(const char *reason)
{
    char text[sizeof((yk_control *)NULL)->start_error];

    yk_text_copy(text, sizeof text, reason);
    if (has_bootstrap) {
        (void)yk_file_write(received.start.memory[YK_MEMORY_CONTROL].fd, text,
                            sizeof text, offsetof(yk_control, start_error));
    }
    yk_process_exit_now(1);
}

static void map_memory(void)
{
    const yk_mapping *arena = &received.start.memory[YK_MEMORY_ARENA];
    char text[128];

    for (unsigned i = 0; i < YK_MEMORIES; i++) {
        const yk_mapping *mapping = &received.start.memory[i];

        if (!yk_mapping_restore(mapping)) {
            yk_text_format(text, sizeof text,
                           "the pool's memory cannot be mapped at its address (%p): %s",
                           mapping->base, strerror(errno));
            take_over_refuse(text);
        }
    }
    (void)yk_window_add(arena->base, &received.start.control->layout,
                        received.start.pool, received.start.application);
}

static void close_on_exec(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        yk_fd_close_on_exec(fds[i]);
    }
}

/* Restores the flags that they had in the program. */
static void restore_kept(const yk_kept_fds *kept)
{
    for (uint64_t i = 0; i < kept->count; i++) {
        (void)fcntl(kept->fds[i], F_SETFD, kept->flags[i]);
    }
}

/* The descriptors came through an exec and must not go through another. The application's ends
 * of the pipes did not come: their numbers may be other files. */
static void keep_descriptors(void)
{
    yk_supervisor_start *start = &received.start;
    const int fds[] = {start->life, start->alive, start->control->supervisor_bell,
                       start->control->end_bell};

    close_on_exec(fds, sizeof fds / sizeof fds[0]);
    close_on_exec(received.undo_files, YK_MAX_LANES);
    for (unsigned i = 0; i < YK_MEMORIES; i++) {
        yk_fd_close_on_exec(start->memory[i].fd);
    }
    start->others[0] = start->others[1] = -1;
    restore_kept(&start->control->kept);
}

static int be_supervisor(void)
{
    yk_control *control = received.start.control;

    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_BEFORE_TAKING);
    atomic_store(&control->taken_over, 1);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_TAKEN);
    yk_eventcount_signal(&control->changed);
    return yk_supervisor_main(&received.start);
}

/* Its view of named segments and guarded allocations starts empty. */
static int be_worker(void)
{
    yk_segment_view *attachments = calloc(1, sizeof *attachments);

    if (attachments == NULL ||
        !yk_segment_view_init(attachments, received.start.control,
                              received.start.memory[YK_MEMORY_ARENA],
                              received.start.application)) {
        return YK_WORKER_EXIT_START;
    }
    return yk_worker_main(received.start.control, attachments, received.index,
                          received.undo_files, NULL);
}

static int take_over_role(void)
{
    switch (received.role) {
    case YK_ROLE_SUPERVISOR:
        return be_supervisor();
    case YK_ROLE_WORKER:
        YK_FAULT_POINT_WHOEVER(received.start.control, YK_FAULT_DEVICE_TAKEN);
        return be_worker();
    default:
        YK_FAULT_POINT_WHOEVER(received.start.control, YK_FAULT_DEVICE_TAKEN);
        return yk_probe_main(received.start.control, received.index);
    }
}

static void take_over_left(void *unused)
{
    (void)unused;
    yk_process_exit_now(1);
}

/* The C library prepares a thread for pthread_exit() when it calls main(), which is never called
 * here. A cleanup handler does the same; processes that are forked from this one inherit it. */
static void take_over(void)
{
    int code;

    (void)unsetenv(variable);
    yk_exec_settle();
    map_memory();
    keep_descriptors();
    pthread_cleanup_push(take_over_left, NULL);
    code = take_over_role();
    pthread_cleanup_pop(0);
    yk_process_exit_now(code);
}

/* What follows `path` in a list with colons that begins with it; NULL: it does not. */
static const char *skip_path(const char *list, const char *path)
{
    const size_t length = strlen(path);

    if (list == NULL || strncmp(list, path, length) != 0) {
        return NULL;
    }
    return list[length] == ':' ? list + length + 1
           : list[length] == '\0' ? list + length
                                   : NULL;
}

/* The program's own children must not preload what was put in front for this process. */
static void restore_preload(void)
{
    const char *rest = yk_env_text(YK_BOOTSTRAP_PRELOAD);

    if (received.head.library[0] == '\0') {
        return;
    }
    if (received.runtime[0] != '\0') {
        rest = skip_path(rest, received.runtime);
    }
    rest = skip_path(rest, received.head.library);
    if (rest == NULL) {
        return;
    }
    if (rest[0] != '\0') {
        char *others = strdup(rest);

        if (others != NULL) {
            (void)setenv(YK_BOOTSTRAP_PRELOAD, others, 1);
            free(others);
        }
    } else {
        (void)unsetenv(YK_BOOTSTRAP_PRELOAD);
    }
}

static bool is_for_this_copy(void)
{
    char path[PATH_MAX];
    yk_elf_place place;

    return yk_elf_locate(yk_start_constructor, path, sizeof path, &place) &&
           place.offset == received.head.constructor.offset &&
           place.identity == received.head.constructor.identity;
}

/* Whether another copy of the library, in the program or in one of its libraries, spawned it. */
static bool is_for_another_copy(void)
{
    received.head.library[sizeof received.head.library - 1] = '\0';
    return !is_for_this_copy() &&
           yk_elf_find_loaded(received.head.library, received.head.constructor) != NULL;
}

/* Reads PID:DESCRIPTOR. Whether it was written for this process; *fd is -1 if there can be no
 * such descriptor. */
static bool read_variable(const char *text, int *fd)
{
    char digits[YK_EXEC_PID_DIGITS + 1];
    uint64_t pid;
    uint64_t number;

    *fd = -1;
    yk_text_copy(digits, sizeof digits, text);
    if (!yk_parse_unsigned(digits, &pid) || pid != (uint64_t)getpid()) {
        return false;
    }
    text += strlen(digits);
    if (text[0] == ':' && yk_parse_unsigned(text + 1, &number) && number <= INT_MAX) {
        *fd = (int)number;
    }
    return true;
}

static bool read_head(int fd)
{
    yk_bootstrap_head *head = &received.head;

    return fd >= 0 && yk_sealed_read(fd, head, sizeof *head) &&
           memcmp(head->magic, YK_BOOTSTRAP_MAGIC, sizeof YK_BOOTSTRAP_MAGIC) == 0;
}

/* Whether both are of the same build, and the bootstrap block is complete. */
static bool read_rest(int fd)
{
    return is_for_this_copy() && received.head.bootstrap_bytes == sizeof received &&
           received.head.control_bytes == sizeof(yk_control) &&
           yk_sealed_read(fd, &received, sizeof received);
}

/* Whether this process was executed for a pool and has not taken over yet. *fd is the bootstrap
 * block's descriptor, or -1. In a program with more privileges than its user it is -1. */
static bool was_executed_here(int *fd)
{
    const char *const text = getenv(variable);

    *fd = -1;
    if (text != NULL && !read_variable(text, fd)) {
        (void)unsetenv(variable);
    } else if (text != NULL) {
        *fd = secure_getenv(variable) != NULL ? *fd : -1;
        return true;
    }
    return yk_exec_is_again();
}

/* A process that opens drivers needs nothing of the program, so it does not wait for the
 * program's constructors. */
static void wait_for_constructors(void)
{
    if (received.role != YK_ROLE_SUPERVISOR) {
        take_over();
    }
    if (!yk_exec_take_over(yk_start_constructor, take_over)) {
        take_over_refuse("the program's list of constructors cannot be changed");
    }
}

__attribute__((constructor)) void yk_start_constructor(void)
{
    int fd;

    if (!was_executed_here(&fd) || yk_exec_is_accepted()) {
        return;
    }
    if (read_head(fd) && is_for_another_copy()) {
        return;
    }
    has_bootstrap = read_head(fd) && read_rest(fd);
    if (!has_bootstrap) {
        yk_process_exit_now(1);
    }
    restore_preload();
    if (received.head.library[0] != '\0' &&
        !yk_elf_is_before_libc(yk_start_constructor)) {
        take_over_refuse("the loader did not preload the library; it was loaded later");
    }
    yk_exec_accept();
    wait_for_constructors();
}

/* A constructor of the program may run before this file's constructor. */
void yk_start_check(void)
{
    int fd;

    if (was_executed_here(&fd)) {
        has_bootstrap = has_bootstrap || (read_head(fd) && read_rest(fd));
        take_over_refuse(
            "the program creates a pool before the library can take over: in a "
            "constructor, or because it loads the library late");
    }
}
