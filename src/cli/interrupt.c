/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

enum { FILES = 1024 };

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { SIGNALS = sizeof signals / sizeof signals[0] };

static _Atomic(const char *) unfinished[FILES];
static atomic_bool held;
static atomic_int noted;
static pid_t owner;

static void remove_unfinished(void)
{
    for (int i = 0; i < FILES; i++) {
        const char *path = atomic_load(&unfinished[i]);

        if (path != NULL) {
            (void)unlink(path);
        }
    }
}

static void on_signal(int number)
{
    int none = 0;

    /* A forked process has not got around to resetting its handlers. */
    if (getpid() != owner) {
        _exit(YK_CLI_SIGNAL + number);
    }
    if (atomic_load(&held) && atomic_compare_exchange_strong(&noted, &none, number)) {
        return;
    }
    remove_unfinished();
    _exit(YK_CLI_SIGNAL + number);
}

void yk_interrupt_watch(void)
{
    struct sigaction action;

    owner = getpid();
    /* Writing then fails, and is answered for, instead of ending the program. */
    (void)signal(SIGXFSZ, SIG_IGN);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++) {
        (void)sigaddset(&action.sa_mask, signals[i]);
    }
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction previous;

        if (sigaction(signals[i], NULL, &previous) == 0 &&
            previous.sa_handler != SIG_IGN) {
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

void yk_interrupt_hold(bool hold)
{
    atomic_store(&held, hold);
}

int yk_interrupt_pending(void)
{
    return atomic_load(&noted);
}

void yk_interrupt_block(bool block)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (int i = 0; i < SIGNALS; i++) {
        (void)sigaddset(&set, signals[i]);
    }
    (void)sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

bool yk_interrupt_remove(const char *path)
{
    for (int i = 0; i < FILES; i++) {
        const char *none = NULL;

        if (atomic_compare_exchange_strong(&unfinished[i], &none, path)) {
            return true;
        }
    }
    return false;
}

void yk_interrupt_keep(const char *path)
{
    for (int i = 0; i < FILES; i++) {
        const char *same = path;

        (void)atomic_compare_exchange_strong(&unfinished[i], &same, NULL);
    }
}
