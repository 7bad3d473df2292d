/* SPDX-License-Identifier: MIT */
/* Which processes may use a process of the program, and which ones it does not outlive. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process_setup.h"

/* ---- handles ---- */

static void check_refused(yoke_process *process, yoke_status status)
{
    int code = 77;

    assert_status(yoke_process_wait(process, NULL, 0), status);
    assert_status(yoke_process_wait(process, NULL, YOKE_FOREVER), status);
    assert_status(yoke_process_wait(process, &code, 0), status);
    assert_int_equal(code, 77);
    assert_int_equal(yoke_process_pid(process), 0);
    assert_false(yoke_process_is_alive(process));
    assert_int_equal(yoke_process_fd(process), -1);
    assert_status(yoke_process_terminate(process), status);
    assert_status(yoke_process_kill(process), status);
    api_check_sentence(yoke_pool_error(NULL));
}

static void test_handles_not_valid(void **state)
{
    yoke_pool *other = api_open("cpu:1");
    const int code = 4;
    yoke_process *process = start(return_it, &code, sizeof code);
    yoke_process *orphan = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_process_wait(process, NULL, API_SECONDS)); /* no code is wanted */
    assert_int_equal(finish(process), 4);
    check_refused(process, YOKE_ECLOSED);
    check_refused(NULL, YOKE_EINVAL);
    yoke_process_destroy(NULL);
    assert_ok(yoke_process_start(&orphan, other, return_it, &code, sizeof code, NULL));
    api_close(other);
    check_refused(orphan, YOKE_ECLOSED);
    yoke_process_destroy(orphan);
    assert_status(yoke_process_start(&orphan, other, return_it, NULL, 0, NULL),
                  YOKE_ECLOSED);
    assert_status(yoke_process_start(&orphan, NULL, return_it, NULL, 0, NULL),
                  YOKE_EINVAL);
    assert_null(orphan);
}

static int use_in_fork(void *argument)
{
    yoke_process *process = argument;
    int code = 77;

    if (yoke_process_wait(process, NULL, 0) != YOKE_EINVAL ||
        yoke_process_wait(process, NULL, YOKE_FOREVER) != YOKE_EINVAL ||
        strstr(yoke_pool_error(pool), "belongs to process") == NULL ||
        yoke_process_wait(process, &code, 0) != YOKE_EINVAL || code != 77 ||
        yoke_process_pid(process) != 0 || yoke_process_is_alive(process) ||
        yoke_process_fd(process) != -1 ||
        yoke_process_terminate(process) != YOKE_EINVAL ||
        yoke_process_kill(process) != YOKE_EINVAL ||
        yoke_process_start(&process, pool, return_it, NULL, 0, NULL) != YOKE_EINVAL) {
        return 1;
    }
    yoke_process_destroy(argument);
    return 0;
}

static void test_handles_in_fork(void **state)
{
    yoke_process *process = start(wait_for_gate, memory, 0);

    (void)state;
    assert_int_equal(yt_in_child(use_in_fork, process, SECONDS), 0);
    assert_true(yoke_process_is_alive(process));
    atomic_store(&memory->open, 1);
    assert_int_equal(finish(process), 3);
}

/* ---- no more processes to be had ---- */

static int reach_limit(void *argument)
{
    const struct rlimit none = {1, 1};
    yoke_process *process = NULL;
    yoke_worker_info info;
    char path[64], line[256];
    FILE *file;
    int supervisor = 0;

    (void)argument;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
        return 1;
    }
    pool = api_try_open("cpu:1");
    if (pool == NULL || yoke_pool_workers(pool, &info, 1, NULL) != YOKE_OK) {
        return 2;
    }
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)info.pid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "PPid: %d", &supervisor);
    }
    if (file == NULL || supervisor <= 1 ||
        prlimit(supervisor, RLIMIT_NPROC, &none, NULL) != 0) {
        return 3;
    }
    (void)fclose(file);
    if (yoke_process_start(&process, pool, return_it, NULL, 0, NULL) != YOKE_ESYSTEM ||
        process != NULL ||
        strstr(yoke_pool_error(pool), "process-1 cannot be forked: ") == NULL) {
        return 4;
    }
    return api_try_map(pool) == 0 && yoke_pool_close(pool) == YOKE_OK ? 0 : 5;
}

static void test_no_more_processes(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(reach_limit, NULL, SECONDS), 0);
    assert_true(yt_nothing_alive());
}

/* ---- ends of pools and applications ---- */

/* A file of the application's that outlives the pool. */
typedef struct note {
    pid_t application;
    int fd;
} note;

/* Comes to an end after a while, and says so there. */
static int take_a_while(void *argument, size_t bytes)
{
    const note *here = argument;
    char path[64];
    int fd;

    (void)bytes;
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)here->application,
                   here->fd);
    fd = open(path, O_RDWR);
    (void)usleep(300000);
    return fd >= 0 && ftruncate(fd, 1) == 0 ? 0 : 1;
}

static off_t length_of(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 ? info.st_size : -1;
}

static void test_close_waits(void **state)
{
    const note here = {getpid(), memfd_create("note", 0)};

    (void)state;
    assert_true(here.fd >= 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ftruncate(here.fd, 0), 0);
        assert_int_equal(open_pool(NULL), 0);
        if (i == 0) {
            (void)start(take_a_while, &here, sizeof here);
        } else {
            yoke_process_destroy(start(take_a_while, &here, sizeof here));
        }
        assert_int_equal(length_of(here.fd), 0);
        api_close(pool);
        assert_int_equal(length_of(here.fd), 1);
    }
    (void)close(here.fd);
    assert_true(yt_nothing_alive());
}

static void test_close_kills_daemons(void **state)
{
    yoke_process *process = NULL;
    pid_t pids[3];

    (void)state;
    assert_int_equal(open_pool(NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_ok(yoke_process_start(&process, pool,
                                     i == 0 ? be_stubborn : wait_for_ever, memory, 0,
                                     &(yoke_process_options){.daemon = true}));
        pids[i] = yoke_process_pid(process);
        if (i == 2) {
            yoke_process_destroy(process);
        }
    }
    await(3);
    api_close(pool);
    for (int i = 0; i < 3; i++) {
        assert_true(is_gone(&pids[i]));
    }
    assert_true(yt_nothing_alive());
}

static void test_terminate_kills_all(void **state)
{
    pid_t pids[3];

    (void)state;
    assert_int_equal(open_pool(NULL), 0);
    for (int i = 0; i < 3; i++) {
        pids[i] =
            yoke_process_pid(start(i == 0 ? be_stubborn : wait_for_ever, memory, 0));
    }
    await(3);
    assert_ok(yoke_pool_terminate(pool));
    for (int i = 0; i < 3; i++) {
        assert_true(is_gone(&pids[i]));
    }
    assert_true(yt_nothing_alive());
}

typedef struct family {
    _Atomic int up;
    pid_t pids[4];
    bool exits;
} family;

static int leave_alone(void *argument)
{
    family *all = argument;

    pool = api_try_open("cpu:1");
    memory = pool != NULL ? yoke_alloc(pool, sizeof *memory) : NULL;
    for (int i = 0; i < 4; i++) {
        yoke_process *process = NULL;

        if (memory == NULL ||
            yoke_process_start(&process, pool, i == 0 ? be_stubborn : wait_for_ever,
                               memory, 0,
                               &(yoke_process_options){.daemon = i % 2}) != YOKE_OK) {
            return 1;
        }
        all->pids[i] = yoke_process_pid(process);
    }
    atomic_store(&all->up, 1);
    if (all->exits) {
        exit(0);
    }
    for (;;) {
        (void)pause();
    }
}

static bool is_up(void *argument)
{
    return atomic_load(&((family *)argument)->up) != 0;
}

static void test_application_ends(void **state)
{
    family *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(all, MAP_FAILED);
    for (int i = 0; i < 2; i++) {
        int pid;

        memset(all, 0, sizeof *all);
        all->exits = i == 0;
        pid = yt_start_child(leave_alone, all);
        assert_true(yt_wait_until(is_up, all, SECONDS));
        if (!all->exits) {
            assert_int_equal(kill(all->pids[3], 0), 0);
            assert_int_equal(kill(pid, SIGKILL), 0);
        }
        assert_int_equal(yt_wait_child(pid, SECONDS), all->exits ? 0 : -SIGKILL);
        for (int j = 0; j < 4; j++) {
            assert_true(yt_wait_until(is_gone, &all->pids[j], SECONDS));
        }
        assert_true(yt_nothing_alive());
    }
    (void)munmap(all, sizeof *all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        process_test(test_handles_not_valid),   process_test(test_handles_in_fork),
        yt_unit_test(test_no_more_processes),   yt_unit_test(test_close_waits),
        yt_unit_test(test_close_kills_daemons), yt_unit_test(test_terminate_kills_all),
        yt_unit_test(test_application_ends),
    };

    return yt_run_group(tests);
}
