/* SPDX-License-Identifier: MIT */
/* System calls that fail when a pool is created: the error gives the system's reason. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <yoke/yoke.h>

#include "support/yoke_test.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { NOT_ALLOWED = 50 };

typedef struct refusal {
    const char *name;
    long call;   /* which system call fails */
    int problem; /* with which errno */
    yoke_start start;
    yoke_status status;
    const char *text; /* NULL: the pool works all the same */
} refusal;

/* Lets this system call fail in this process, and in those that it starts. */
static bool refuse(long call, int problem)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)problem),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {sizeof program / sizeof program[0], program};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static int live(void *refusal_)
{
    const refusal *self = refusal_;
    yoke_pool *pool;
    yoke_status status;

    if (!refuse(self->call, self->problem)) {
        return NOT_ALLOWED;
    }
    status = yoke_pool_create(
        &pool, &(yoke_pool_options){.devices = "cpu:1", .start = self->start});
    if (self->text == NULL) {
        return status == YOKE_OK && yoke_pool_close(pool) == YOKE_OK ? 0 : 1;
    }
    if (status != self->status || strstr(yoke_pool_error(NULL), self->text) == NULL) {
        (void)fprintf(stderr, "%s: %d, \"%s\"\n", self->name, (int)status,
                      yoke_pool_error(NULL));
        return 2;
    }
    return 0;
}

static void test_reasons(void **state)
{
    static refusal table[] = {
        {"memfd_create", SYS_memfd_create, EPERM, YOKE_START_FORK, YOKE_ESYSTEM,
         "cannot create shared memory: Operation not permitted"},
        {"memfd_create, full", SYS_memfd_create, ENFILE, YOKE_START_FORK, YOKE_ESYSTEM,
         "cannot create shared memory: Too many open files in system"},
        {"ftruncate", SYS_ftruncate, ENOSPC, YOKE_START_FORK, YOKE_ENOMEM,
         "of shared memory: No space left on device"},
        {"eventfd2", SYS_eventfd2, EPERM, YOKE_START_FORK, YOKE_ESYSTEM,
         "cannot create the pool's pipes: Operation not permitted"},
        {"pipe2", SYS_pipe2, ENFILE, YOKE_START_FORK, YOKE_ESYSTEM,
         "cannot create the pool's pipes: Too many open files in system"},
        {"clone", SYS_clone, EPERM, YOKE_START_FORK, YOKE_ESYSTEM,
         "the supervisor process cannot be forked: Operation not permitted"},
        {"clone, too many", SYS_clone, EAGAIN, YOKE_START_FORK, YOKE_ESYSTEM,
         "too many processes: ulimit -u, or pids.max"},
        {"clone, spawn", SYS_clone, EPERM, YOKE_START_SPAWN, YOKE_ESYSTEM,
         "the program cannot be executed: Operation not permitted"},
        {"execve", SYS_execve, ENFILE, YOKE_START_SPAWN, YOKE_ESYSTEM,
         "the program cannot be executed: Too many open files in system"},
        {"pidfd_open, spawn", SYS_pidfd_open, EPERM, YOKE_START_SPAWN, YOKE_ESYSTEM,
         "when a process ends (pidfd_open): Operation not permitted"},
        {"pidfd_open", SYS_pidfd_open, EPERM, YOKE_START_FORK, YOKE_OK, NULL},
        {"setitimer", SYS_setitimer, EPERM, YOKE_START_FORK, YOKE_OK, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const int code = yt_in_child(live, &table[i], 60);

        if (code == NOT_ALLOWED) {
            print_message("skipped: system calls cannot be filtered here\n");
            return;
        }
        print_message("%s\n", table[i].name);
        assert_int_equal(code, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {yt_unit_test(test_reasons)};

    return yt_run_group(tests);
}
