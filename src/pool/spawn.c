/* SPDX-License-Identifier: MIT */
/*
 * Application and spawned process agree by a letter: a sealed memory file that says where the
 * pool's memory is to be mapped, from which descriptors. Its own descriptor is in the
 * environment variable YOKE_SPAWN, behind the new process's pid: whoever merely inherits the
 * variable has another pid, and ignores it.
 *
 * A process that was executed here never reaches main(), since that would create a pool, spawn
 * its supervisor, and so on. Two things tell it what it is, of which each is enough: the pid in
 * the variable, and the spelling of the path it was executed by (exec.h). If it cannot take
 * over, for whatever reason, it ends.
 */
#include "pool/spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/text.h"
#include "pool/fault_point.h"
#include "pool/kept_fds.h"
#include "shared/window.h"
#include "sys/exec.h"
#include "sys/mapping.h"
#include "sys/object.h"
#include "sys/process.h"
#include "sys/wakeup.h"

static const char variable[] = "YOKE_SPAWN";
static const char preload[] = "LD_PRELOAD";

/* Resident memory of its own from which a process is not forked: page tables of a GiB take
 * more than 10 ms to copy, for each process. */
static const uint64_t big_bytes = (uint64_t)1 << 30;

enum { MAPPINGS = 4, ARENA = 1 };

/* The same in all builds. */
typedef struct letter_head {
    char magic[24];
    /* Whether both are of the same build: */
    uint64_t letter_bytes;
    uint64_t control_bytes;
    yk_object_place constructor; /* of the copy of the library that is to take over */
    char library
        [PATH_MAX]; /* where it lies; was put in front of LD_PRELOAD. "": nothing was,
                               it is part of the program */
} letter_head;

typedef struct letter {
    letter_head head;
    yk_mapping mappings[MAPPINGS]; /* the control block first */
    yk_supervisor_start start;
    const void *pool; /* the application's handle, which means nothing here */
} letter;

static const char magic[24] = "yoke start letter";

static void constructor(void);

/* ---- which method ---- */

yoke_status yk_start_read(yoke_start *method, yoke_start option, yk_error *error)
{
    static const char *const names[] = {"auto", "fork", "spawn"};
    const char *text = yk_env_text("YOKE_START");

    *method = option;
    if ((unsigned)option > YOKE_START_SPAWN) {
        return yk_fail(error, YOKE_EINVAL, "start is none of the start methods");
    }
    if (option != YOKE_START_AUTO || text == NULL) {
        return YOKE_OK;
    }
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *method = (yoke_start)i;
            return YOKE_OK;
        }
    }
    return yk_fail(error, YOKE_EINVAL, "YOKE_START=%s is none of auto, fork and spawn",
                   text);
}

yoke_start yk_start_pick(void)
{
    static const char *const drivers[] = {"libOpenCL", "libcuda",     "libpocl",
                                          "libnvidia", "libamdhip64", NULL};
    const bool wanted = yk_process_thread_count() > 1 || yk_object_is_loaded(drivers) ||
                        yk_process_private_bytes() >= big_bytes;

    /* A program that inherits orphans would find the supervisor among its children. */
    return wanted && yk_exec_obstacle() == NULL && !yk_exec_inherits_orphans()
               ? YOKE_START_SPAWN
               : YOKE_START_FORK;
}

/* ---- the application's side ---- */

/* How often a wait looks whether the new process still lives. */
static const uint64_t look_ns = 5 * (uint64_t)YK_NS_PER_MS;

static yoke_status name_library(letter *out, yk_error *error)
{
    const char *const path = out->head.library;

    if (!yk_object_locate(constructor, out->head.library, sizeof out->head.library,
                          &out->head.constructor)) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "spawn: the library's own file cannot be found");
    }
    if (path[0] == '\0') {
        return YOKE_OK; /* it is part of the program */
    }
    if (strpbrk(path, " :") != NULL) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "spawn: the loader takes no library whose path has a space or a "
                       "colon: %s",
                       path);
    }
    if (access(path, R_OK) != 0 || yk_object_is_stale(constructor)) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "spawn: %s is not the file any more that was loaded", path);
    }
    return YOKE_OK;
}

static yoke_status write_letter(letter *out, const yoke_pool *pool,
                                const yk_supervisor_start *start, yk_error *error)
{
    memset(out, 0, sizeof *out);
    memcpy(out->head.magic, magic, sizeof magic);
    out->head.letter_bytes = sizeof *out;
    out->head.control_bytes = sizeof *pool->control;
    out->mappings[0] = pool->control_mapping;
    out->mappings[ARENA] = pool->arena.mapping;
    out->mappings[2] = pool->store.mapping;
    out->mappings[3] = pool->tables.mapping;
    out->start = *start;
    out->pool = pool;
    return name_library(out, error);
}

/* The library's own file, in front of what is preloaded anyway; NULL: no memory. */
static char *make_preload(const char *library)
{
    const char *const others = yk_env_text(preload);
    const size_t bytes =
        strlen(preload) + strlen(library) + (others ? strlen(others) : 0) + 3;
    char *text = malloc(bytes);

    if (text != NULL) {
        (void)snprintf(text, bytes, "%s=%s%s%s", preload, library,
                       others != NULL ? ":" : "", others != NULL ? others : "");
    }
    return text;
}

enum { PASSED = MAPPINGS + 5 };

/* The descriptors that pass: the library's, then those that the program wants kept. NULL: no
 * memory. */
static int *list_passed(const letter *out, int fd, size_t *count)
{
    const yk_control *control = out->start.control;
    const yk_kept_fds *kept = &control->kept;
    const int own[PASSED] = {
        fd,
        out->mappings[0].fd,
        out->mappings[1].fd,
        out->mappings[2].fd,
        out->mappings[3].fd,
        out->start.life,
        out->start.alive,
        control->supervisor_bell,
        control->end_bell,
    };
    int *list = malloc((PASSED + kept->count) * sizeof *list);

    *count = PASSED + kept->count;
    if (list != NULL) {
        memcpy(list, own, sizeof own);
        if (kept->count > 0) {
            memcpy(list + PASSED, kept->fds, kept->count * sizeof *list);
        }
    }
    return list;
}

static pid_t execute(const letter *out, int fd, int *pidfd)
{
    char *libraries = make_preload(out->head.library);
    char where[48];
    const char *variables[] = {where, out->head.library[0] != '\0' ? libraries : NULL,
                               NULL};
    size_t count;
    int *fds = list_passed(out, fd, &count);
    const yk_exec_request request = {
        .variables = variables,
        .pid = where + sizeof variable, /* behind the name and the sign */
        .fds = fds,
        .fd_count = count,
    };
    pid_t pid = -1;

    yk_text_format(where, sizeof where, "%s=%0*d:%d", variable, YK_EXEC_PID_DIGITS, 0, fd);
    errno = ENOMEM;
    if (libraries != NULL && fds != NULL) {
        pid = yk_exec_again(&request, pidfd);
    }
    free(fds);
    free(libraries);
    return pid;
}

/* Not NULL: why it has not taken over. */
static const char *wait_until_taken(yoke_pool *pool)
{
    yk_control *control = pool->control;
    const uint64_t deadline = yk_clock_ns() + control->start_timeout_ns;

    for (;;) {
        const uint32_t ticket = yk_event_ticket(&control->changed);
        /* In this order: who has ended has taken over before, or never will. */
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
        yk_event_wait(&control->changed, ticket, look_ns);
    }
}

static void end_process(yoke_pool *pool)
{
    yk_pool_kill_supervisor(pool);
    if (pool->supervisor_fd >= 0) {
        (void)yk_fd_wait_one(pool->supervisor_fd, UINT64_MAX);
        yk_process_reap_open(pool->supervisor_fd);
    }
    yk_fd_close(&pool->supervisor_fd);
    pool->supervisor = 0;
}

yoke_status yk_spawn_supervisor(yoke_pool *pool, const yk_supervisor_start *start,
                                yk_error *error)
{
    const char *obstacle = yk_exec_obstacle();
    letter out;
    yoke_status status;
    int fd;

    if (obstacle != NULL) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "spawn: %s", obstacle);
    }
    status = write_letter(&out, pool, start, error);
    if (status != YOKE_OK) {
        return status;
    }
    fd = yk_sealed_file(&out, sizeof out);
    if (fd < 0) {
        return yk_fail(error, YOKE_ESYSTEM, "spawn: no memory file: %s",
                       strerror(errno));
    }
    pool->supervisor = execute(&out, fd, &pool->supervisor_fd);
    status = errno;
    yk_fd_close(&fd);
    if (pool->supervisor < 0) {
        pool->supervisor = 0;
        return yk_fail(error, YOKE_ESYSTEM, "spawn: the program cannot be executed: %s",
                       strerror((int)status));
    }
    obstacle = pool->supervisor_fd < 0 ? "the system cannot tell when a process ends"
                                       : wait_until_taken(pool);
    if (obstacle != NULL) {
        end_process(pool);
        return yk_fail(error, YOKE_ESYSTEM, "spawn: %s", obstacle);
    }
    return YOKE_OK;
}

/* ---- the new process ---- */

static letter received;
static bool has_letter;

/* The application finds the reason in the control block, be it mapped here or not. */
static _Noreturn void refuse(const char *reason)
{
    char text[sizeof((yk_control *)NULL)->start_error];

    yk_text_copy(text, sizeof text, reason);
    if (has_letter) {
        (void)yk_file_write(received.mappings[0].fd, text, sizeof text,
                            offsetof(yk_control, start_error));
    }
    yk_process_exit_now(1);
}

static void map_memory(void)
{
    char text[128];

    for (unsigned i = 0; i < MAPPINGS; i++) {
        yk_mapping *mapping = &received.mappings[i];

        if (!yk_mapping_restore(mapping)) {
            yk_text_format(text, sizeof text,
                           "the pool's memory cannot be mapped at its address (%p): %s",
                           mapping->base, strerror(errno));
            refuse(text);
        }
    }
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (i != ARENA) { /* its descriptor goes on with received.start */
            yk_mapping_forget_fd(&received.mappings[i]);
        }
    }
    (void)yk_window_add(received.mappings[ARENA].base, received.mappings[ARENA].size,
                        received.pool, received.start.application);
}

/* They came by way of an exec, which is to be the last they go through. The application's ends
 * of the pipes did not come: their numbers may be anything's. */
static void keep_descriptors(void)
{
    const yk_supervisor_start *start = &received.start;
    const int fds[] = {start->life, start->alive, start->arena.fd,
                       start->control->supervisor_bell, start->control->end_bell};

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        yk_fd_close_on_exec(fds[i]);
    }
    received.start.others[0] = received.start.others[1] = -1;
    yk_kept_fds_restore(&start->control->kept);
}

static void take_over(void)
{
    yk_control *control = received.start.control;

    (void)unsetenv(variable);
    yk_exec_settle();
    map_memory();
    keep_descriptors();
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_BEFORE_TAKING);
    atomic_store(&control->taken_over, 1);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_TAKEN);
    yk_event_signal(&control->changed);
    yk_process_exit_now(yk_supervisor_main(&received.start));
}

/* The program's own children shall not load us. */
static void restore_preload(void)
{
    const char *const all = yk_env_text(preload);
    const size_t own = strlen(received.head.library);

    if (own == 0 || all == NULL || strncmp(all, received.head.library, own) != 0) {
        return;
    }
    if (all[own] == ':' && all[own + 1] != '\0') {
        char *others = strdup(all + own + 1);

        if (others != NULL) {
            (void)setenv(preload, others, 1);
            free(others);
        }
    } else {
        (void)unsetenv(preload);
    }
}

static bool is_for_this_copy(void)
{
    char path[PATH_MAX];
    yk_object_place place;

    return yk_object_locate(constructor, path, sizeof path, &place) &&
           place.offset == received.head.constructor.offset &&
           place.identity == received.head.constructor.identity;
}

/* Another copy of the library, in the program or in one of its libraries, spawned it. */
static bool is_for_another_copy(void)
{
    received.head.library[sizeof received.head.library - 1] = '\0';
    return !is_for_this_copy() &&
           yk_object_find_loaded(received.head.library, received.head.constructor) !=
               NULL;
}

/* PID:DESCRIPTOR, as it was written for this process. Whether it was; *fd is -1 if there can
 * be no such descriptor. */
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
    letter_head *head = &received.head;

    return fd >= 0 && yk_sealed_read(fd, head, sizeof *head) &&
           memcmp(head->magic, magic, sizeof magic) == 0;
}

/* Whether both are of the same build, and the letter is there. */
static bool read_rest(int fd)
{
    return is_for_this_copy() && received.head.letter_bytes == sizeof received &&
           received.head.control_bytes == sizeof(yk_control) &&
           yk_sealed_read(fd, &received, sizeof received);
}

/* Whether this process was executed for a pool and has not taken over. The letter's
 * descriptor, or -1. In a program with more rights than its user it has none. */
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

__attribute__((constructor)) static void constructor(void)
{
    int fd;

    if (!was_executed_here(&fd) || yk_exec_is_accepted()) {
        return;
    }
    if (read_head(fd) && is_for_another_copy()) {
        return;
    }
    has_letter = read_head(fd) && read_rest(fd);
    if (!has_letter) {
        yk_process_exit_now(1);
    }
    restore_preload();
    if (received.head.library[0] != '\0' && !yk_object_is_before_libc(constructor)) {
        refuse(
            "the loader did not take the library, which came with the program instead");
    }
    yk_exec_accept();
    if (!yk_exec_take_over(constructor, take_over)) {
        refuse("the program's list of constructors cannot be changed");
    }
}

/* A constructor of the program's may run before this file's. */
void yk_start_check(void)
{
    int fd;

    if (was_executed_here(&fd)) {
        has_letter = has_letter || (read_head(fd) && read_rest(fd));
        refuse("the program creates a pool before the library can take over: in a "
               "constructor, or because it loads the library late");
    }
}
