/* SPDX-License-Identifier: MIT */
#include "sys/fd_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
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

/* Up to so many numbers are tested one by one, at 0.1 µs each; reading /proc/self/fd costs 5 µs
 * for each open one. */
enum { MAX_TESTED = 1 << 16 };

/* An upper bound of all numbers: the size of the system's table. */
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

/* An entry of a folder, as SYS_getdents64 fills it in. */
typedef struct fd_entry {
    uint64_t number;
    int64_t next;
    uint16_t bytes;
    uint8_t type;
    char name[];
} fd_entry;

typedef struct fd_visit {
    int first;
    int last;
    int folder; /* is left out */
    fd_visitor *visit;
    void *context;
} fd_visit;

/* The numbers in a piece of /proc/self/fd. */
static bool visit_entries(const fd_visit *self, const char *entries, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        const fd_entry *entry = (const void *)(entries + at);
        const int fd = entry->name[0] == '.' ? -1 : atoi(entry->name);

        if (fd >= self->first && fd <= self->last && fd != self->folder &&
            !self->visit(fd, self->context)) {
            return false;
        }
        at += entry->bytes;
    }
    return true;
}

/* /proc/self/fd is in ascending order, and may change while it is read. Allocates nothing: it is
 * read in processes that share another's memory. */
static bool visit_listed(const fd_visit *self)
{
    _Alignas(fd_entry) char entries[4096];
    bool done = true;
    long bytes;

    while (done && (bytes = syscall(SYS_getdents64, self->folder, entries,
                                    sizeof entries)) > 0) {
        done = visit_entries(self, entries, (size_t)bytes);
    }
    return done;
}

/* Calls `visit` for all open numbers from `first` to `last`, in ascending order, until it
 * returns false. Returns the last result. */
static bool visit_open(int first, int last, fd_visitor *visit, void *context)
{
    fd_visit self = {first, last, -1, visit, context};

    if (last - first >= MAX_TESTED) {
        const int size = table_size();

        self.last = last = last < size ? last : size - 1;
    }
    if (last - first >= MAX_TESTED) {
        self.folder = yk_fd_move_up(open("/proc/self/fd", O_RDONLY | O_CLOEXEC));
    }
    if (self.folder >= 0) {
        const bool done = visit_listed(&self);

        (void)close(self.folder);
        return done;
    }
    for (int fd = first; fd <= last; fd++) {
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
    return listed && visit_open(FIRST, INT_MAX, fd_reserve_replace, &all);
}

void yk_fd_replace_all(const int *own, size_t own_count)
{
    replacement all = {NULL, yk_fd_move_up(open_nothing()), own, own_count, NULL, 0};

    (void)visit_open(FIRST, INT_MAX, fd_reserve_replace, &all);
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

static bool fd_reserve_close(int fd, void *context)
{
    (void)context;
    (void)close(fd);
    return true;
}

/* Linux before 5.9, and filters of system calls that are older, do not have close_range(). */
static void close_run(int first, int last)
{
    if (first <= last && syscall(SYS_close_range, first, last, 0) != 0) {
        (void)visit_open(first, last, fd_reserve_close, NULL);
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
