/* SPDX-License-Identifier: MIT */
#include "sys/process/process_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/call_guard.h"

/* The letters are those of proc_pid_stat(5). */
static yk_process_state state_of_letter(char letter)
{
    switch (letter) {
    case 'T':
        return YK_LOOK_STOPPED;
    case 't':
        return YK_LOOK_TRACED;
    case 'D':
        return YK_LOOK_STUCK;
    case 'Z':
    case 'X':
        return YK_LOOK_DEAD;
    default:
        return YK_LOOK_GOES;
    }
}

yk_process_state yk_process_look(pid_t pid, pid_t *parent)
{
    YK_NOT_CANCELLED;
    char text[512]; /* "PID (NAME) S PPID ...": a name has at most 15 characters, any of them */
    char letter = '\0';
    int ppid = 0;
    ssize_t length;
    const char *end;
    int fd;

    (void)snprintf(text, sizeof text, "/proc/%d/stat", (int)pid);
    fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return YK_LOOK_UNKNOWN;
    }
    length = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[length > 0 ? length : 0] = '\0';
    end = strrchr(text, ')');
    if (end == NULL || sscanf(end + 1, " %c %d", &letter, &ppid) != 2) {
        return YK_LOOK_UNKNOWN;
    }
    if (parent != NULL) {
        *parent = (pid_t)ppid;
    }
    return state_of_letter(letter);
}
