/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include "steps.h"

#include <signal.h>
#include <unistd.h>

#include "ipc/step.h"

static int left; /* steps until it happens */
static void (*interruption)(void);

static void die(void)
{
    if (--left == 0) {
        (void)kill(getpid(), SIGKILL);
    }
}

static void interrupt(void)
{
    if (--left == 0) {
        yk_step_hook = NULL;
        interruption();
    }
}

int steps_start(int (*act)(void *arg), void *arg, int step)
{
    left = step;
    return yt_start_child(act, arg);
}

int steps_run(int (*act)(void *arg), void *arg, int step)
{
    return yt_wait_child(steps_start(act, arg, step), 60);
}

int steps_begin(void)
{
    yk_step_hook = die;
    return 0;
}

void steps_interrupt(void (*act)(void), int step)
{
    left = step;
    interruption = act;
    yk_step_hook = interrupt;
}

bool steps_end(void)
{
    yk_step_hook = NULL;
    return left <= 0;
}
