/* SPDX-License-Identifier: MIT */
#include "sys/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* A signal that comes right before the wait begins does not end it; one of the next does. */
enum { AGAIN_NS = 20 * YK_NS_PER_MS };

bool yk_lock_file_open(yk_lock_file *lock, const char *path)
{
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    return lock->fd >= 0;
}

void yk_lock_file_close(yk_lock_file *lock)
{
    if (lock->fd >= 0) {
        (void)close(lock->fd);
        lock->fd = -1;
    }
}

/* ---- locks ---- */

/* Of an open file and not of the process: a file that is closed elsewhere in the process does
 * not release it. */
static int lock_byte(const yk_lock_file *lock, uint64_t key, int command, short type)
{
    const uint64_t offset = YK_LOCK_TABLE_BYTES + (key >> 2);
    struct flock range = {.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = (off_t)offset,
                          .l_len = 1};

    return fcntl(lock->fd, command, &range);
}

bool yk_lock_file_try(const yk_lock_file *lock, uint64_t key)
{
    return lock->fd >= 0 && lock_byte(lock, key, F_OFD_SETLK, F_WRLCK) == 0;
}

void yk_lock_file_release(const yk_lock_file *lock, uint64_t key)
{
    if (lock->fd >= 0) {
        (void)lock_byte(lock, key, F_OFD_SETLK, F_UNLCK);
    }
}

/* What interrupts this thread's wait, and what was there before. */
typedef struct lock_alarm {
    timer_t timer;
    struct sigaction action;
    sigset_t mask;
} lock_alarm;

static void lock_alarm_ring(int signal)
{
    (void)signal;
}

static void lock_alarm_restore(const lock_alarm *alarm)
{
    (void)pthread_sigmask(SIG_SETMASK, &alarm->mask, NULL);
    (void)sigaction(SIGURG, &alarm->action, NULL);
}

/* Without the C library, whose function is in a library of its own in older versions. */
static bool lock_alarm_start(lock_alarm *alarm, uint64_t timeout_ns)
{
    const struct sigaction ring = {.sa_handler = lock_alarm_ring};
    const struct itimerspec times = {
        .it_value = {(time_t)(timeout_ns / YK_NS_PER_S),
                     (long)(timeout_ns % YK_NS_PER_S)},
        .it_interval = {0, AGAIN_NS}};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG};
    sigset_t only;
    int timer;

    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    (void)sigemptyset(&only);
    (void)sigaddset(&only, SIGURG);
    if (sigaction(SIGURG, &ring, &alarm->action) != 0) {
        return false;
    }
    (void)pthread_sigmask(SIG_UNBLOCK, &only, &alarm->mask);
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0) {
        lock_alarm_restore(alarm);
        return false;
    }
    alarm->timer = (timer_t)(intptr_t)timer;
    return syscall(SYS_timer_settime, timer, 0, &times, NULL) == 0;
}

static void lock_alarm_stop(const lock_alarm *alarm)
{
    (void)syscall(SYS_timer_delete, (int)(intptr_t)alarm->timer);
    lock_alarm_restore(alarm);
}

bool yk_lock_file_take(const yk_lock_file *lock, uint64_t key, uint64_t timeout_ns)
{
    const uint64_t deadline = yk_clock_ns() + timeout_ns;
    lock_alarm alarm;
    bool taken;

    if (yk_lock_file_try(lock, key)) {
        return true;
    }
    if (lock->fd < 0 || (errno != EAGAIN && errno != EACCES) || timeout_ns == 0 ||
        !lock_alarm_start(&alarm, timeout_ns)) {
        return false;
    }
    do {
        taken = lock_byte(lock, key, F_OFD_SETLKW, F_WRLCK) == 0;
    } while (!taken && errno == EINTR && yk_clock_ns() < deadline);
    lock_alarm_stop(&alarm);
    return taken;
}

/* ---- notes ---- */

/* 0 stands for no key. */
static uint64_t note_of(uint64_t key)
{
    return key != 0 ? key : 1;
}

static off_t note_place(uint64_t key)
{
    return (off_t)(key % YK_LOCK_PLACES * sizeof key);
}

void yk_lock_file_note(const yk_lock_file *lock, uint64_t key)
{
    const uint64_t note = note_of(key);

    if (lock->fd >= 0) {
        (void)!pwrite(lock->fd, &note, sizeof note, note_place(key));
    }
}

bool yk_lock_file_is_noted(const yk_lock_file *lock, uint64_t key)
{
    uint64_t note = 0;

    return lock->fd >= 0 &&
           pread(lock->fd, &note, sizeof note, note_place(key)) == sizeof note &&
           note == note_of(key);
}

/* ---- folders ---- */

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

bool yk_is_writable_folder(const char *path)
{
    return access(path, W_OK | X_OK) == 0;
}
