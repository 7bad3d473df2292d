/* SPDX-License-Identifier: MIT */
#include "sys/fd_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/wakeup.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { FIRST = STDERR_FILENO + 1 };

/* ---- what is open ---- */

typedef bool fd_visitor(int fd, void *context);

/* An upper bound of all numbers: the size of the system's table. (Reading /proc/self/fd would
 * cost 5 µs per file; testing a number costs 0.1 µs.) */
static int table_size(void)
{
    static const char key[] = "\nFDSize:";
    char text[4096];
    const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const ssize_t bytes = file < 0 ? 0 : read(file, text, sizeof text - 1);
    const char *line;

    if (file >= 0) {
        (void)close(file);
    }
    text[bytes > 0 ? bytes : 0] = '\0';
    line = strstr(text, key);
    return line != NULL ? atoi(line + sizeof key - 1) : (int)sysconf(_SC_OPEN_MAX);
}

/* Calls `visit` for all open numbers, from the first on, until it returns false. Returns the
 * last result. */
static bool visit_open(fd_visitor *visit, void *context)
{
    const int size = table_size();

    for (int fd = FIRST; fd < size; fd++) {
        if (fcntl(fd, F_GETFD) != -1 && !visit(fd, context)) {
            return false;
        }
    }
    return true;
}

static bool fd_reserve_is_among(const int *fds, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] == fd) {
            return true;
        }
    }
    return false;
}

/* ---- what takes their place ---- */

/* If there is no /dev/null either, opens something that can be neither read nor written. */
static int open_nothing(void)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    return null >= 0 ? null : open("/", O_PATH | O_CLOEXEC);
}

typedef struct replacement {
    yk_fd_reserve *reserve; /* NULL: no list */
    int null;
    const int *own;
    size_t own_count;
    const int *kept;
    size_t kept_count;
} replacement;

static bool add_number(yk_fd_reserve *self, int fd)
{
    yk_fd_run *last = self->count > 0 ? &self->runs[self->count - 1] : NULL;

    if (last != NULL && last->last + 1 == fd) {
        last->last = fd;
        return true;
    }
    if (self->count == self->capacity) {
        const size_t capacity = self->capacity == 0 ? 16 : 2 * self->capacity;
        yk_fd_run *runs = realloc(self->runs, capacity * sizeof *runs);

        if (runs == NULL) {
            return false;
        }
        self->runs = runs;
        self->capacity = capacity;
    }
    self->runs[self->count++] = (yk_fd_run){fd, fd};
    return true;
}

/* A number beyond the limit cannot be reserved, but then no file can get it either. */
static bool fd_reserve_replace(int fd, void *context)
{
    const replacement *self = context;

    if (fd_reserve_is_among(self->own, self->own_count, fd)) {
        return true;
    }
    if (!fd_reserve_is_among(self->kept, self->kept_count, fd) && fd != self->null &&
        dup3(self->null, fd, self->reserve != NULL ? O_CLOEXEC : 0) < 0) {
        (void)close(fd);
        return true;
    }
    return self->reserve == NULL || add_number(self->reserve, fd);
}

void yk_fd_reserve_next(void)
{
    struct rlimit limit;
    rlim_t count = YK_FD_MOST_EXTRA;
    const int null = yk_fd_move_up(open_nothing());

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 8 < count) {
        count = limit.rlim_cur / 8;
    }
    for (rlim_t i = 1; i < count; i++) { /* `null` itself is one of them */
        if (fcntl(null, F_DUPFD_CLOEXEC, FIRST) < 0) {
            return;
        }
    }
}

int yk_fd_renumber(int fd)
{
    const int other = fcntl(fd, F_DUPFD_CLOEXEC, FIRST);

    return other < 0 ? fd : other;
}

bool yk_fd_reserve_all(yk_fd_reserve *self, const int *own, size_t own_count,
                       const int *kept, size_t kept_count)
{
    replacement all = {self,      yk_fd_move_up(open_nothing()), own, own_count, kept,
                       kept_count};
    bool listed = true;

    *self = (yk_fd_reserve){NULL, 0, 0};
    for (int fd = 0; fd < FIRST; fd++) {
        if (fd_reserve_is_among(kept, kept_count, fd)) {
            listed = listed && add_number(self, fd);
        }
    }
    return listed && visit_open(fd_reserve_replace, &all);
}

void yk_fd_replace_all(const int *own, size_t own_count)
{
    replacement all = {NULL, yk_fd_move_up(open_nothing()), own, own_count, NULL, 0};

    (void)visit_open(fd_reserve_replace, &all);
}

/* ---- the others ---- */

bool yk_fd_is_reserved(const yk_fd_reserve *self, int fd)
{
    for (size_t i = 0; i < self->count && self->runs[i].first <= fd; i++) {
        if (fd <= self->runs[i].last) {
            return true;
        }
    }
    return false;
}

static void close_run(int first, int last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) {
        return;
    }
    if (last == INT_MAX) {
        last = (int)sysconf(_SC_OPEN_MAX) - 1;
    }
    for (int fd = first; fd <= last; fd++) {
        (void)close(fd);
    }
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

void yk_fd_close_others(const yk_fd_reserve *self, const int *own, size_t own_count)
{
    int sorted[YK_FD_MOST_OWN];
    size_t run = 0;
    size_t i = 0;
    int next = FIRST;

    memcpy(sorted, own, own_count * sizeof *own);
    qsort(sorted, own_count, sizeof *sorted, by_number);
    while (run < self->count || i < own_count) {
        const bool is_run =
            i == own_count || (run < self->count && self->runs[run].first < sorted[i]);
        const yk_fd_run kept =
            is_run ? self->runs[run++] : (yk_fd_run){sorted[i], sorted[i]};

        i += !is_run;
        close_run(next, kept.first - 1);
        next = kept.last >= next ? kept.last + 1 : next;
    }
    close_run(next, INT_MAX);
}
