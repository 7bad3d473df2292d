/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

enum { MOST_ARGUMENTS = 32, PATIENCE_MS = 180000, FAREWELL_MS = 5000 };

static void set_environment(const char *list)
{
    char *copy = strdup(list), *rest = copy;

    for (char *entry; (entry = strsep(&rest, " ")) != NULL;) {
        if (*entry != '\0') {
            putenv(strdup(entry));
        }
    }
    free(copy);
}

static int split(char **argv, int count, char *list)
{
    for (char *word; (word = strsep(&list, " ")) != NULL;) {
        if (*word != '\0' && count < MOST_ARGUMENTS) {
            argv[count++] = word;
        }
    }
    return count;
}

int child_program_path(char *path, size_t size, const char *program)
{
    char self[256] = "";

    if (strstr(program, ".py") != NULL) {
        return snprintf(path, size, "%s/%s", BENCH_SOURCE, program);
    }
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) {
        return -1;
    }
    char *slash = strrchr(self, '/');
    *slash = '\0';
    return snprintf(path, size, "%s/%s", self, program);
}

static _Noreturn void become(const child_command *command)
{
    char path[512], workers[16], reference[16];
    char *argv[MOST_ARGUMENTS + 8], *list = strdup(command->arguments);
    int count = 0;

    child_program_path(path, sizeof path, command->program);
    if (strstr(command->program, ".py") != NULL) {
        argv[count++] = strdup(BENCH_PYTHON);
    }
    argv[count++] = path;
    count = split(argv, count, list);
    snprintf(workers, sizeof workers, "%u", command->workers);
    snprintf(reference, sizeof reference, "%d", command->reference);
    char *const rest[] = {
        "--workers", workers, "--reference", reference, strdup(command->workload),
        NULL};
    memcpy(argv + count, rest, sizeof rest);
    set_environment(command->environment[0]);
    set_environment(command->environment[1]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], argv);
    printf("skip it is not installed\n");
    fflush(stdout);
    _exit(EXIT_SUCCESS);
}

static void set_why(child *c, const char *why, bool failed)
{
    snprintf(c->why, sizeof c->why, "%s", why);
    c->failed = failed;
}

/* One line of its output, without the line feed; false at its end or when it is late. */
static bool read_line(child *c, char *line, size_t size)
{
    size_t length = 0;

    while (length + 1 < size) {
        struct pollfd ready = {.fd = c->from, .events = POLLIN};
        if (poll(&ready, 1, PATIENCE_MS) <= 0 || read(c->from, line + length, 1) != 1) {
            return false;
        }
        if (line[length] == '\n') {
            break;
        }
        length++;
    }
    line[length] = '\0';
    return true;
}

static void await_ready(child *c)
{
    char line[128];

    if (!read_line(c, line, sizeof line)) {
        set_why(c, "it ended or hung while it prepared", true);
    } else if (strncmp(line, "skip ", 5) == 0) {
        set_why(c, line + 5, false);
    } else if (strcmp(line, "ready") != 0) {
        set_why(c, line, true);
    }
}

void child_start(child *c, const child_command *command)
{
    int to[2], from[2];

    *c = (child){.to = -1, .from = -1};
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
        set_why(c, strerror(errno), true);
        return;
    }
    fflush(NULL);
    c->pid = fork();
    if (c->pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        become(command);
    }
    close(to[0]);
    close(from[1]);
    c->to = to[1];
    c->from = from[0];
    await_ready(c);
    if (c->why[0] != '\0') {
        child_stop(c);
    } else {
        kill(c->pid, SIGSTOP);
    }
}

double child_repeat(child *c)
{
    char line[64];

    if (c->pid == 0) {
        return NAN;
    }
    kill(c->pid, SIGCONT);
    if (write(c->to, "\n", 1) != 1 || !read_line(c, line, sizeof line)) {
        set_why(c, "it ended or hung while it was measured", true);
        child_stop(c);
        return NAN;
    }
    kill(c->pid, SIGSTOP);
    return strtod(line, NULL);
}

/* Its end of file is the sign that it has ended: it holds the other end. */
static void await_end(const child *c)
{
    struct pollfd end = {.fd = c->from, .events = POLLIN};
    char rest[64];

    while (poll(&end, 1, FAREWELL_MS) > 0) {
        if (read(c->from, rest, sizeof rest) <= 0) {
            return;
        }
    }
    kill(c->pid, SIGKILL);
}

void child_stop(child *c)
{
    if (c->pid == 0) {
        return;
    }
    kill(c->pid, SIGCONT);
    close(c->to);
    await_end(c);
    close(c->from);
    waitpid(c->pid, NULL, 0);
    c->pid = 0;
}
