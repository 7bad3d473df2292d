/* SPDX-License-Identifier: MIT */
#include "sys/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { STEP_NS = YK_NS_PER_MS };

static bool take_by(int fd, uint64_t deadline)
{
    const struct timespec step = {.tv_nsec = STEP_NS};

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || yk_clock_ns() >= deadline) {
            return false;
        }
        (void)nanosleep(&step, NULL);
    }
    return true;
}

bool yk_lock_file_take(yk_lock_file *lock, const char *path, uint64_t timeout_ns)
{
    const uint64_t deadline = yk_clock_ns() + timeout_ns;

    lock->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (lock->fd < 0) {
        lock->fd = -1;
        return false;
    }
    if (!take_by(lock->fd, deadline)) {
        (void)close(lock->fd);
        lock->fd = -1;
        return false;
    }
    return true;
}

void yk_lock_file_release(yk_lock_file *lock)
{
    if (lock->fd >= 0) {
        (void)close(lock->fd);
        lock->fd = -1;
    }
}

static bool make_one(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

bool yk_make_folder(const char *path)
{
    char part[PATH_MAX];
    const size_t length = strlen(path);
    struct stat status;

    if (length == 0 || length >= sizeof part) {
        return false;
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i < length; i++) {
        if (part[i] == '/') {
            part[i] = '\0';
            (void)make_one(part);
            part[i] = '/';
        }
    }
    return make_one(part) && stat(part, &status) == 0 && S_ISDIR(status.st_mode);
}
