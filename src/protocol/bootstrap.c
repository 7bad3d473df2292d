/* SPDX-License-Identifier: MIT */
#include "protocol/bootstrap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "base/text.h"
#include "sys/exec.h"
#include "sys/wakeup.h"

static bool can_be_preloaded(const char *path)
{
    return strpbrk(path, " :") == NULL;
}

/* AddressSanitizer ends a process in which another library comes before its own. */
static yoke_status name_runtime(yk_bootstrap *bootstrap, yk_error *error)
{
    static const char *const names[] = {"libasan.", "libclang_rt.asan", "libtsan.",
                                        "libclang_rt.tsan", NULL};
    char *const path = bootstrap->runtime;

    if (!yk_elf_find_path(names, path, sizeof bootstrap->runtime)) {
        path[0] = '\0';
    }
    if (!can_be_preloaded(path)) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "cannot preload the sanitizer's library, whose path contains a "
                       "space or a colon: %s",
                       path);
    }
    return YOKE_OK;
}

static yoke_status name_library(yk_bootstrap *bootstrap, void (*constructor)(void),
                                yk_error *error)
{
    const char *const path = bootstrap->head.library;
    int problem;

    if (!yk_elf_locate(constructor, bootstrap->head.library,
                       sizeof bootstrap->head.library, &bootstrap->head.constructor)) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "cannot find the library's own file");
    }
    if (path[0] == '\0') {
        return YOKE_OK; /* the library is part of the program */
    }
    if (!can_be_preloaded(path)) {
        return yk_fail(
            error, YOKE_EUNSUPPORTED,
            "cannot preload a library whose path contains a space or a colon: %s",
            path);
    }
    problem = access(path, R_OK) == 0 ? 0 : errno;
    if (problem != 0 && problem != ENOENT) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "%s cannot be read: %s", path,
                       strerror(problem));
    }
    if (problem != 0 || yk_elf_is_stale(constructor)) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s is no longer the file that was loaded", path);
    }
    return name_runtime(bootstrap, error);
}

yoke_status yk_bootstrap_init(yk_bootstrap *bootstrap, const yk_supervisor_start *start,
                              void (*constructor)(void), yk_error *error)
{
    const char *obstacle = yk_exec_obstacle();

    if (obstacle != NULL) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "%s", obstacle);
    }
    memset(bootstrap, 0, sizeof *bootstrap);
    memcpy(bootstrap->head.magic, YK_BOOTSTRAP_MAGIC, sizeof YK_BOOTSTRAP_MAGIC);
    bootstrap->head.bootstrap_bytes = sizeof *bootstrap;
    bootstrap->head.control_bytes = sizeof *start->control;
    bootstrap->start = *start;
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        bootstrap->undo_files[lane] = -1;
    }
    return name_library(bootstrap, constructor, error);
}

/* The value of LD_PRELOAD: a sanitizer's run-time and the library's own file, in front of what
 * is preloaded already. NULL: no memory. */
static char *make_preload(const yk_bootstrap *bootstrap)
{
    const char *const others = yk_env_text(YK_BOOTSTRAP_PRELOAD);
    const char *const runtime = bootstrap->runtime;
    const char *const library = bootstrap->head.library;
    const size_t bytes = strlen(YK_BOOTSTRAP_PRELOAD) + strlen(runtime) +
                         strlen(library) + (others ? strlen(others) : 0) + 4;
    char *text = malloc(bytes);

    if (text != NULL) {
        (void)snprintf(text, bytes, "%s=%s%s%s%s%s", YK_BOOTSTRAP_PRELOAD, runtime,
                       runtime[0] != '\0' ? ":" : "", library,
                       others != NULL ? ":" : "", others != NULL ? others : "");
    }
    return text;
}

enum { PASSED = 1 + YK_MEMORIES + 4 + YK_MAX_LANES };

/* The descriptors that the new process gets: the library's, then those that the program wants
 * to keep. NULL: no memory. */
static int *list_passed(const yk_bootstrap *bootstrap, int fd, size_t *count)
{
    const yk_supervisor_start *start = &bootstrap->start;
    const yk_kept_fds *kept = &start->control->kept;
    int *list = malloc((PASSED + kept->count) * sizeof *list);
    size_t at = 0;

    if (list == NULL) {
        return NULL;
    }
    list[at++] = fd;
    for (unsigned i = 0; i < YK_MEMORIES; i++) {
        list[at++] = start->memory[i].fd;
    }
    list[at++] = start->life;
    list[at++] = start->alive;
    list[at++] = start->control->supervisor_bell;
    list[at++] = start->control->end_bell;
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        list[at++] = bootstrap->undo_files[lane];
    }
    for (uint64_t i = 0; i < kept->count; i++) {
        list[at++] = kept->fds[i];
    }
    *count = at;
    return list;
}

/* The environment of the new process: what is preloaded first, and the bootstrap block's
 * descriptor. */
typedef struct exec_arguments {
    char where[48];
    char *libraries;
    const char *variables[3];
    int *fds;
    size_t fd_count;
} exec_arguments;

static bool fill_exec_arguments(exec_arguments *self, const yk_bootstrap *bootstrap,
                                int fd)
{
    self->libraries = make_preload(bootstrap);
    self->fds = list_passed(bootstrap, fd, &self->fd_count);
    yk_text_format(self->where, sizeof self->where, "%s=%0*d:%d", YK_BOOTSTRAP_VARIABLE,
                   YK_EXEC_PID_DIGITS, 0, fd);
    self->variables[0] = self->where;
    self->variables[1] = bootstrap->head.library[0] != '\0' ? self->libraries : NULL;
    self->variables[2] = NULL;
    return self->libraries != NULL && self->fds != NULL;
}

static void free_exec_arguments(exec_arguments *self)
{
    free(self->libraries);
    free(self->fds);
}

/* As yk_exec_again(), or in this process if `pidfd` is NULL. */
static pid_t bootstrap_execute(const yk_bootstrap *bootstrap, int *pidfd)
{
    exec_arguments self = {.fds = NULL};
    int fd = yk_sealed_file(bootstrap, sizeof *bootstrap);
    pid_t pid = -1;

    if (fd < 0) {
        return -1;
    }
    errno = ENOMEM;
    if (fill_exec_arguments(&self, bootstrap, fd)) {
        const yk_exec_request request = {
            .variables = self.variables,
            /* after the name and '=' */
            .pid = self.where + sizeof YK_BOOTSTRAP_VARIABLE,
            .fds = self.fds,
            .fd_count = self.fd_count,
        };

        if (pidfd != NULL) {
            pid = yk_exec_again(&request, pidfd);
        } else {
            yk_exec_here(&request);
        }
    }
    free_exec_arguments(&self);
    yk_fd_close(&fd);
    return pid;
}

pid_t yk_bootstrap_send(const yk_bootstrap *bootstrap, int *pidfd)
{
    *pidfd = -1;
    return bootstrap_execute(bootstrap, pidfd);
}

void yk_bootstrap_follow(const yk_bootstrap *bootstrap)
{
    (void)bootstrap_execute(bootstrap, NULL);
}
