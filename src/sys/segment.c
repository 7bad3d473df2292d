/* SPDX-License-Identifier: MIT */
#include "sys/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "sys/call_guard.h"
#include "sys/wakeup.h"

enum { PATH_BYTES = YK_SEGMENT_NAME + 2 };

yoke_status yk_segment_check_name(const char *name, yk_error *error)
{
    if (name == NULL || name[0] == '\0') {
        return yk_fail(error, YOKE_EINVAL, "the segment's name is %s",
                       name == NULL ? "NULL" : "empty");
    }
    if (strchr(name, '/') != NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "'%.60s' is not a valid name of a segment: write it without a "
                       "slash, as in Python",
                       name);
    }
    if (strlen(name) > YK_SEGMENT_NAME || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "'%.60s' is not a valid name of a segment: it must have 1 to %d "
                       "bytes and not be '.' or '..'",
                       name, YK_SEGMENT_NAME);
    }
    return YOKE_OK;
}

yoke_status yk_segment_find_file(const char *path, char name[YK_SEGMENT_NAME + 1],
                                 yk_error *error)
{
    YK_NOT_CANCELLED;
    char *whole;
    yoke_status status = YOKE_OK;

    if (path == NULL || path[0] == '\0') {
        return yk_fail(error, YOKE_EINVAL, "the file's path is %s",
                       path == NULL ? "NULL" : "empty");
    }
    whole = realpath(path, NULL);
    if (whole == NULL) {
        return yk_fail(error, errno == ENOENT ? YOKE_ENOENT : YOKE_ESYSTEM,
                       "cannot open file '%.200s': %s", path, strerror(errno));
    }
    if (strlen(whole) > YK_SEGMENT_NAME) {
        status = yk_fail(error, YOKE_EINVAL,
                         "the file's full path is longer than %d bytes: '%.60s...'",
                         YK_SEGMENT_NAME, whole);
    } else {
        (void)strcpy(name, whole);
    }
    free(whole);
    return status;
}

static const char *system_name(char path[PATH_BYTES], const char *name)
{
    (void)snprintf(path, PATH_BYTES, "/%s", name);
    return path;
}

/* Names of segments have no slash. */
static bool is_file(const char *name)
{
    return name[0] == '/';
}

const char *yk_segment_noun(const char *name)
{
    return is_file(name) ? "file" : "shared memory";
}

/* Opens either kind of name. O_NONBLOCK: it may be a pipe. */
static int segment_open_named(const char *name, int flags)
{
    YK_NOT_CANCELLED;
    char path[PATH_BYTES];

    return is_file(name) ? open(name, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
                         : shm_open(system_name(path, name), flags, 0);
}

/* Makes an error from errno after a call on a name. */
static yoke_status fail_call(const char *what, const char *name, yk_error *error)
{
    const yoke_status status = errno == ENOENT                      ? YOKE_ENOENT
                               : errno == EEXIST                    ? YOKE_EEXIST
                               : errno == ENOMEM || errno == ENOSPC ? YOKE_ENOMEM
                                                                    : YOKE_ESYSTEM;

    return yk_fail(error, status, "cannot %s %s '%s': %s", what, yk_segment_noun(name),
                   name,
                   errno == ENOENT   ? "it does not exist"
                   : errno == EEXIST ? "it already exists"
                                     : strerror(errno));
}

static yoke_status segment_identify(yk_segment *segment, const char *name,
                                    yk_error *error)
{
    struct stat info;

    if (fstat(segment->fd, &info) != 0) {
        return fail_call("examine", name, error);
    }
    if (!S_ISREG(info.st_mode)) {
        return yk_fail(error, YOKE_EINVAL, "'%s' is not %s", name,
                       is_file(name) ? "a regular file" : "shared memory");
    }
    segment->bytes = (uint64_t)info.st_size;
    segment->device = (uint64_t)info.st_dev;
    segment->inode = (uint64_t)info.st_ino;
    return YOKE_OK;
}

/* ---- creating ---- */

/* The free space in the file system of segments; UINT64_MAX: it has no limit of its own. */
static uint64_t space_left(int fd)
{
    struct statvfs info;

    return fstatvfs(fd, &info) != 0 || info.f_blocks == 0
               ? UINT64_MAX
               : (uint64_t)info.f_bavail * info.f_frsize;
}

/* Beyond this, ftruncate() raises SIGXFSZ instead of failing. */
static uint64_t file_limit(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY
               ? INT64_MAX
               : limit.rlim_cur;
}

/* Allocates the memory, on systems that can do it; others allocate at first use. */
static bool segment_take_memory(int fd, uint64_t bytes)
{
    YK_NOT_CANCELLED;
    int result;

    do {
        result = fallocate(fd, 0, 0, (off_t)bytes);
    } while (result != 0 && errno == EINTR);
    return result == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
}

static yoke_status give_size(yk_segment *segment, const char *name, uint64_t bytes,
                             yk_error *error)
{
    YK_NOT_CANCELLED;
    const uint64_t left = space_left(segment->fd);

    if (bytes > left) {
        return yk_fail(
            error, YOKE_ENOMEM,
            "cannot create shared memory '%s' of %llu bytes: /dev/shm has %llu "
            "bytes left (in containers its size is an option, --shm-size)",
            name, (unsigned long long)bytes, (unsigned long long)left);
    }
    if (bytes > file_limit()) {
        return yk_fail(
            error, YOKE_ENOMEM,
            "cannot create shared memory '%s' of %llu bytes: the limit of file "
            "sizes (ulimit -f) is lower",
            name, (unsigned long long)bytes);
    }
    if (ftruncate(segment->fd, (off_t)bytes) != 0 ||
        !segment_take_memory(segment->fd, bytes)) {
        return fail_call("create", name, error);
    }
    return segment_identify(segment, name, error);
}

yoke_status yk_segment_create(yk_segment *segment, const char *name, uint64_t bytes,
                              yk_error *error)
{
    YK_NOT_CANCELLED;
    char path[PATH_BYTES];
    yoke_status status;

    *segment = YK_SEGMENT_NONE;
    (void)system_name(path, name);
    segment->fd =
        yk_fd_move_up(shm_open(path, O_CREAT | O_EXCL | O_RDWR, S_IRUSR | S_IWUSR));
    if (segment->fd < 0) {
        return fail_call("create", name, error);
    }
    status = give_size(segment, name, bytes, error);
    if (status != YOKE_OK) {
        (void)shm_unlink(path);
        yk_segment_close(segment);
    }
    return status;
}

/* ---- the rest ---- */

yoke_status yk_segment_open(yk_segment *segment, const char *name, bool read_only,
                            yk_error *error)
{
    yoke_status status;

    *segment = YK_SEGMENT_NONE;
    segment->fd =
        yk_fd_move_up(segment_open_named(name, read_only ? O_RDONLY : O_RDWR));
    if (segment->fd < 0) {
        return fail_call("open", name, error);
    }
    status = segment_identify(segment, name, error);
    if (status == YOKE_OK && segment->bytes == 0 && is_file(name)) {
        status = yk_fail(error, YOKE_EINVAL, "file '%s' is empty", name);
    } else if (status == YOKE_OK && segment->bytes == 0) {
        status = yk_fail(
            error, YOKE_EAGAIN,
            "shared memory '%s' has 0 bytes: its creator has not given it a size "
            "yet, or died before it did",
            name);
    }
    if (status != YOKE_OK) {
        yk_segment_close(segment);
    }
    return status;
}

yoke_status yk_segment_unlink(const char *name, yk_error *error)
{
    YK_NOT_CANCELLED;
    char path[PATH_BYTES];

    return shm_unlink(system_name(path, name)) == 0 ? YOKE_OK
                                                    : fail_call("unlink", name, error);
}

void yk_segment_close(yk_segment *segment)
{
    YK_NOT_CANCELLED;
    if (segment->fd >= 0) {
        (void)close(segment->fd);
    }
    *segment = YK_SEGMENT_NONE;
}

static bool segment_is_same(const yk_segment *segment, int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && (uint64_t)info.st_dev == segment->device &&
           (uint64_t)info.st_ino == segment->inode;
}

/* Returns the descriptor if it belongs to this segment. */
static int keep_if_same(const yk_segment *segment, int fd)
{
    YK_NOT_CANCELLED;
    if (fd >= 0 && !segment_is_same(segment, fd)) {
        (void)close(fd);
        errno = ESTALE;
        return -1;
    }
    return fd;
}

/* ---- async-signal-safe: neither allocates nor locks ---- */

static char *segment_append(char *to, const char *text)
{
    const size_t length = strlen(text);

    memcpy(to, text, length + 1);
    return to + length;
}

static char *append_number(char *to, int number)
{
    char digits[12];
    size_t first = sizeof digits - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return segment_append(to, digits + first);
}

/* O_NONBLOCK: by now the number may be another file's, such as a pipe's. */
static int open_descriptor(pid_t owner, int fd, int flags)
{
    char path[64];
    char *end = segment_append(path, "/proc/");

    end = append_number(end, (int)owner);
    end = segment_append(end, "/fd/");
    (void)append_number(end, fd);
    return open(path, flags | O_NONBLOCK | O_NOCTTY);
}

/* As shm_open() does it. */
static int open_again(const char *name, int flags)
{
    static const char folder[] = "/dev/shm/";
    char path[sizeof folder + YK_SEGMENT_NAME];

    if (is_file(name) || strlen(name) > YK_SEGMENT_NAME) {
        return open(name, flags | O_NONBLOCK | O_NOCTTY);
    }
    (void)segment_append(segment_append(path, folder), name);
    return open(path, flags | O_NOFOLLOW | O_NONBLOCK);
}

int yk_segment_borrow(const yk_segment *segment, pid_t owner, const char *name,
                      bool read_only)
{
    YK_NOT_CANCELLED;
    const int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    int fd = keep_if_same(segment, open_descriptor(owner, segment->fd, flags));

    if (fd < 0) {
        fd = keep_if_same(segment, open_again(name, flags));
    }
    return fd;
}

uint64_t yk_segment_size_now(const yk_segment *segment, pid_t owner, const char *name)
{
    YK_NOT_CANCELLED;
    const int fd = yk_segment_borrow(segment, owner, name, true);
    struct stat info;
    uint64_t bytes = UINT64_MAX;

    if (fd >= 0) {
        bytes = fstat(fd, &info) == 0 ? (uint64_t)info.st_size : UINT64_MAX;
        (void)close(fd);
    }
    return bytes;
}

void yk_segment_invent_name(char name[YK_SEGMENT_NAME + 1])
{
    uint64_t number;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        number =
            (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid();
    }
    (void)snprintf(name, YK_SEGMENT_NAME + 1, "yoke_%016llx",
                   (unsigned long long)number);
}
