/* SPDX-License-Identifier: MIT */
#include "sys/wakeup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/call_guard.h"

int yk_fd_move_up(int fd)
{
    YK_NOT_CANCELLED;
    int moved;
    int problem;

    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    problem = errno;
    (void)close(fd);
    errno = problem;
    return moved;
}

void yk_fd_close_on_exec(int fd)
{
    YK_NOT_CANCELLED;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int yk_bell_create(void)
{
    return yk_fd_move_up(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void yk_bell_ring(int fd)
{
    YK_NOT_CANCELLED;
    const uint64_t one = 1;

    (void)!write(fd, &one, sizeof one);
}

void yk_bell_clear(int fd)
{
    YK_NOT_CANCELLED;
    uint64_t count;

    (void)!read(fd, &count, sizeof count);
}

bool yk_pipe_create(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    ends[0] = yk_fd_move_up(ends[0]);
    ends[1] = yk_fd_move_up(ends[1]);
    if (ends[0] < 0 || ends[1] < 0) {
        yk_fd_close(&ends[0]);
        yk_fd_close(&ends[1]);
        return false;
    }
    return true;
}

void yk_fd_close(int *fd)
{
    YK_NOT_CANCELLED;
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void yk_fd_wait(const int *fds, bool *ready, size_t count, uint64_t timeout_ns)
{
    YK_NOT_CANCELLED;
    const struct timespec timeout = {
        .tv_sec = (time_t)(timeout_ns / YK_NS_PER_S),
        .tv_nsec = (long)(timeout_ns % YK_NS_PER_S),
    };
    struct pollfd list[YK_MAX_WAIT_FDS];

    if (count > sizeof list / sizeof list[0]) {
        count = sizeof list / sizeof list[0];
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        ready[i] = false;
    }
    if (ppoll(list, (nfds_t)count, timeout_ns == UINT64_MAX ? NULL : &timeout, NULL) <=
        0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ready[i] = list[i].revents != 0;
    }
}

bool yk_fd_wait_one(int fd, uint64_t timeout_ns)
{
    const uint64_t deadline =
        timeout_ns == UINT64_MAX ? UINT64_MAX : yk_clock_ns() + timeout_ns;
    bool ready = false;

    for (;;) {
        const uint64_t now = yk_clock_ns();

        yk_fd_wait(&fd, &ready, 1,
                   deadline == UINT64_MAX ? UINT64_MAX
                   : deadline > now       ? deadline - now
                                          : 0);
        if (ready || yk_clock_ns() >= deadline) {
            return ready;
        }
    }
}

int yk_fd_set_create(const int *fds, size_t count)
{
    int set = yk_fd_move_up(epoll_create1(EPOLL_CLOEXEC));

    for (size_t i = 0; i < count && set >= 0; i++) {
        struct epoll_event event = {.events = EPOLLIN};

        if (epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) != 0) {
            yk_fd_close(&set);
        }
    }
    return set;
}

void yk_fd_set_remove(int set, int fd)
{
    struct epoll_event event = {.events = 0};

    (void)epoll_ctl(set, EPOLL_CTL_DEL, fd, &event);
}

/* ---- standard output ---- */

/* The original standard output; -1: it is not muted. The descriptor is kept open, as is the
 * file that replaces it. */
static int kept = -1;
static int nowhere = -1;

void yk_output_mute(void)
{
    (void)fflush(stdout);
    if (nowhere < 0) {
        nowhere = yk_fd_move_up(open("/dev/null", O_WRONLY | O_CLOEXEC));
    }
    kept = yk_fd_move_up(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (nowhere >= 0 && kept >= 0) {
        (void)dup2(nowhere, STDOUT_FILENO);
    }
}

void yk_output_unmute(void)
{
    if (kept >= 0) {
        (void)fflush(stdout);
        (void)dup2(kept, STDOUT_FILENO);
        yk_fd_close(&kept);
    }
}
