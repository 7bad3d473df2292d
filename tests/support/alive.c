/* SPDX-License-Identifier: MIT */
/* What there is of processes, descriptors, mappings and shared memory, as lines of text:
 * what a test leaves behind is a line that was not there before. */
#include "support/yoke_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { LINES = 4096, LINE_BYTES = 320 };

/* Seconds that processes which are just ending get. */
#define YT_GRACE 5.0

typedef struct yt_lines {
    size_t count;
    char text[LINES][LINE_BYTES];
} yt_lines;

static yt_lines before;
static yt_lines after;

static void add(yt_lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(yt_lines *lines, const char *format, ...)
{
    va_list list;

    if (lines->count == LINES) {
        return;
    }
    va_start(list, format);
    (void)vsnprintf(lines->text[lines->count++], LINE_BYTES, format, list);
    va_end(list);
}

static bool has(const yt_lines *lines, const char *line)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (strcmp(lines->text[i], line) == 0) {
            return true;
        }
    }
    return false;
}

static void for_each_entry(const char *folder, yt_lines *lines,
                           void (*visit)(yt_lines *lines, int folder_fd,
                                         const char *name))
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    if (dir == NULL) {
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            visit(lines, dirfd(dir), entry->d_name);
        }
    }
    (void)closedir(dir);
}

static void add_descriptor(yt_lines *lines, int folder_fd, const char *name)
{
    char target[200];
    const ssize_t length = readlinkat(folder_fd, name, target, sizeof target - 1);

    if (length < 0 || atoi(name) == folder_fd) {
        return;
    }
    target[length] = '\0';
    add(lines, "descriptor %s: %s", name, target);
}

static void add_thread(yt_lines *lines, int folder_fd, const char *name)
{
    (void)folder_fd;
    add(lines, "thread %s", name);
}

/* Tests run side by side. A segment named yoke_test_PID_... is that process's to remove. */
static bool is_of_another_test(const char *name)
{
    int pid = 0;

    return sscanf(name, "yoke_test_%d_", &pid) == 1 && pid > 0 && pid != getpid() &&
           (kill(pid, 0) == 0 || errno == EPERM);
}

static void add_shared_memory(yt_lines *lines, int folder_fd, const char *name)
{
    struct stat info;

    if (!is_of_another_test(name) &&
        fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_uid == geteuid()) {
        add(lines, "shared memory /dev/shm/%s", name);
    }
}

/* A forked process runs the same program file, whatever its parent is by now. */
static bool runs_our_program(const char *pid)
{
    char path[64];
    struct stat ours, theirs;

    (void)snprintf(path, sizeof path, "/proc/%s/exe", pid);
    return stat("/proc/self/exe", &ours) == 0 && stat(path, &theirs) == 0 &&
           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* Reads name, state, parent and start time; false if the process is gone. */
static bool read_stat(const char *pid, char name[64], char *state, int *parent,
                      unsigned long long *start)
{
    char path[64], text[1024];
    const char *open, *close;
    FILE *file;
    size_t length;

    (void)snprintf(path, sizeof path, "/proc/%s/stat", pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = '\0';

    open = strchr(text, '(');
    close = strrchr(text, ')');
    if (open == NULL || close == NULL) {
        return false;
    }
    (void)snprintf(name, 64, "%.*s", (int)(close - open - 1), open + 1);
    return sscanf(close + 1,
                  " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                  "%*s %llu",
                  state, parent, start) == 3;
}

static void add_process(yt_lines *lines, int folder_fd, const char *pid)
{
    char name[64], state;
    int parent;
    unsigned long long start;

    (void)folder_fd;
    if (atoi(pid) <= 0 || atoi(pid) == getpid() ||
        !read_stat(pid, name, &state, &parent, &start)) {
        return;
    }
    if (parent == getpid() || runs_our_program(pid)) {
        add(lines, "process %s (%s), started at %llu%s", pid, name, start,
            state == 'Z' && parent == getpid() ? ", not waited for" : "");
    }
}

static void add_mappings(yt_lines *lines)
{
    char line[1024];
    FILE *file = fopen("/proc/self/maps", "re");

    if (file == NULL) {
        return;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, "/memfd:") != NULL || strstr(line, "/dev/shm/") != NULL) {
            line[strcspn(line, "\n")] = '\0';
            add(lines, "mapping %.300s", line);
        }
    }
    (void)fclose(file);
}

static void take(yt_lines *lines)
{
    lines->count = 0;
    for_each_entry("/proc", lines, add_process);
    for_each_entry("/proc/self/task", lines, add_thread);
    for_each_entry("/proc/self/fd", lines, add_descriptor);
    for_each_entry("/dev/shm", lines, add_shared_memory);
    add_mappings(lines);
}

static bool nothing_new(void *unused)
{
    (void)unused;
    take(&after);
    for (size_t i = 0; i < after.count; i++) {
        if (!has(&before, after.text[i])) {
            return false;
        }
    }
    return true;
}

static void *no_work(void *arg)
{
    return arg;
}

void yt_remember(void)
{
    pthread_t thread;

    /* Mesa's software device shows only when told to. */
    (void)setenv("RUSTICL_ENABLE", "llvmpipe", 0);
    /* ThreadSanitizer adds a thread of its own when the first one is made. */
    if (pthread_create(&thread, NULL, no_work, NULL) == 0) {
        (void)pthread_join(thread, NULL);
    }
    take(&before);
}

bool yt_is_clean(double seconds)
{
    return yt_wait_until(nothing_new, NULL, seconds);
}

bool yt_nothing_alive(void)
{
    if (yt_is_clean(YT_GRACE)) {
        return true;
    }
    for (size_t i = 0; i < after.count; i++) {
        if (!has(&before, after.text[i])) {
            print_error("left behind: %s\n", after.text[i]);
        }
    }
    return false;
}

int yt_test_teardown(void **state)
{
    (void)state;
    return yt_nothing_alive() ? 0 : -1;
}

int yt_finish(int failures)
{
    return yt_nothing_alive() && failures == 0 ? 0 : 1;
}
