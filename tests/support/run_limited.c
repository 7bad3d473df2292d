/* SPDX-License-Identifier: MIT */
/*
 * run_limited COMMAND...: runs a test for at most YOKE_TEST_LIMIT seconds, in its own process
 * group, and ends as it does. The seconds follow the load, which those of ctest do not.
 */
#include "support/yoke_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAP_NS = 20000000, CANNOT_RUN = 127 };

static noreturn void run_command(char **command, pid_t parent)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) {
        (void)execvp(*command, command);
        perror(*command);
    }
    _exit(CANNOT_RUN);
}

/* Ends as a command with this status did. */
static int end_like(int status)
{
    if (WIFSIGNALED(status)) {
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)signal(WTERMSIG(status), SIG_DFL);
        (void)raise(WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    const char *text = getenv("YOKE_TEST_LIMIT");
    const double seconds = text != NULL ? strtod(text, NULL) : 0;
    const struct timespec nap = {0, NAP_NS};
    const pid_t parent = getpid();
    yt_limit limit;
    int status;
    pid_t pid;

    if (argc < 2 || seconds <= 0) {
        (void)fprintf(stderr, "usage: YOKE_TEST_LIMIT=SECONDS run_limited COMMAND...\n");
        return CANNOT_RUN;
    }
    yt_limit_start(&limit, seconds);
    pid = fork();
    if (pid == 0) {
        run_command(argv + 1, parent);
    }
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        if (yt_limit_is_over(&limit)) {
            (void)fprintf(stderr, "not done after %g s, counted by the load: killed\n",
                          seconds);
            (void)kill(-pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return EXIT_FAILURE;
        }
        (void)nanosleep(&nap, NULL);
    }
    return pid > 0 ? end_like(status) : CANNOT_RUN;
}
