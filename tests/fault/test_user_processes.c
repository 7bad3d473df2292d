/* SPDX-License-Identifier: MIT */
/* Whichever process dies, at whatever step of a process of the program: no wait is endless, and
 * nothing is left. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_setup.h"
#include "pool/pool.h"

typedef struct barrier {
    _Atomic int arrived;
} barrier;

static int return_seven(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return 7;
}

static int wait_for_ever(void *argument, size_t bytes)
{
    barrier *place = argument;

    (void)bytes;
    atomic_fetch_add(&place->arrived, 1);
    while (pause() != 0) {
    }
    return 98;
}

static bool has_arrived(void *place)
{
    return atomic_load(&((barrier *)place)->arrived) != 0;
}

static bool is_gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0 && errno == ESRCH;
}

/* A pool that works: processes run to their end in it. */
static void check_works(yoke_pool *pool)
{
    for (int i = 0; i < 3; i++) {
        yoke_process *process = NULL;
        int code = 0;

        assert_ok_pool(pool,
                       yoke_process_start(&process, pool, return_seven, "x", 1, NULL));
        assert_ok_pool(pool, yoke_process_wait(process, NULL, FT_SECONDS));
        assert_ok_pool(pool, yoke_process_wait(process, &code, 0));
        assert_int_equal(code, 7);
        yoke_process_destroy(process);
    }
}

/* ---- the process ---- */

static void test_process_dies(void **state)
{
    static const char *const places[] = {"process-born", "process-found",
                                         "process-returned"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        yoke_pool *pool = ft_pool("cpu:1", places[p]);
        yoke_process *process = NULL;
        int code = 0;

        assert_ok_pool(pool,
                       yoke_process_start(&process, pool, return_seven, NULL, 0, NULL));
        assert_ok_pool(pool, yoke_process_wait(process, NULL, FT_SECONDS));
        assert_ok(yoke_process_wait(process, &code, 0));
        assert_int_equal(code, -SIGKILL);
        yoke_process_destroy(process);
        check_works(pool);
        ft_close(pool);
    }
}

/* ---- a process that starts another ---- */

typedef struct inner_order {
    yoke_pool *pool;
    bool waits;
} inner_order;

static int start_inner(void *argument, size_t bytes)
{
    const inner_order *self = argument;
    yoke_process *process = NULL;

    (void)bytes;
    if (yoke_process_start(&process, self->pool, return_seven, "abc", 3, NULL) != YOKE_OK ||
        (self->waits && yoke_process_wait(process, NULL, FT_SECONDS) != YOKE_OK)) {
        return 1;
    }
    return yoke_process_destroy(process) == YOKE_OK ? 2 : 3; /* alive */
}

static bool has_free_slots(void *context)
{
    const yoke_pool *pool = context;

    for (uint32_t i = 0; i < YK_MAX_PROCESSES; i++) {
        if (yk_state_of(atomic_load(&pool->control->processes[i].state)) !=
            YK_PROCESS_FREE) {
            return false;
        }
    }
    return true;
}

/* Whatever it has done by then, the slot of the inner one is free in the end. */
static void test_starter_dies(void **state)
{
    static const char *const places[] = {"process-claim:2", "process-fill:2",
                                         "process-request:2", "process-free",
                                         "process-abandon"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        yoke_pool *pool = ft_pool("cpu:1", places[p]);
        const inner_order self = {pool, strcmp(places[p], "process-abandon") != 0};
        yoke_process *process = NULL;
        int code = 0;

        assert_ok_pool(pool, yoke_process_start(&process, pool, start_inner, &self,
                                                sizeof self, NULL));
        assert_ok_pool(pool, yoke_process_wait(process, &code, FT_SECONDS));
        assert_int_equal(code, -SIGKILL);
        yoke_process_destroy(process);
        assert_ok_pool(pool, yoke_pool_wait(pool, FT_SECONDS));
        assert_true(yt_wait_until(has_free_slots, pool, FT_SECONDS));
        check_works(pool);
        ft_close(pool);
    }
}

/* ---- the supervisor ---- */

/* Starts one and waits for its end; how the first call that failed did. */
static yoke_status run_one(yoke_pool *pool, bool terminate, pid_t *pid)
{
    barrier *place = yoke_alloc(pool, sizeof *place);
    yoke_process *process = NULL;
    yoke_status status;
    int code = 0;

    *pid = 0;
    assert_non_null(place);
    status = terminate
                 ? yoke_process_start(&process, pool, wait_for_ever, place, 0, NULL)
                 : yoke_process_start(&process, pool, return_seven, "abc", 3, NULL);
    if (status != YOKE_OK) {
        assert_null(process);
        return status;
    }
    *pid = yoke_process_pid(process);
    if (terminate) {
        assert_true(yt_wait_until(has_arrived, place, FT_SECONDS));
        status = yoke_process_terminate(process);
    }
    if (status == YOKE_OK) {
        status = yoke_process_wait(process, NULL, FT_SECONDS);
    }
    assert_status(yoke_process_wait(process, NULL, FT_SECONDS), status);
    assert_status(yoke_process_wait(process, &code, 0), status);
    assert_false(yoke_process_is_alive(process));
    assert_status(yoke_process_kill(process), status);
    yoke_process_destroy(process);
    return status;
}

static void check_broken(yoke_pool *pool)
{
    yoke_process *process = NULL;

    assert_status(yoke_process_start(&process, pool, return_seven, NULL, 0, NULL),
                  YOKE_EBROKEN);
    assert_null(process);
    assert_contains(yoke_pool_error(pool), "supervisor");
}

static bool has_lost_supervisor(void *context)
{
    return yk_pool_supervisor_ended(context);
}

static void test_supervisor_dies(void **state)
{
    static const char *const places[] = {"process-seen",    "process-forked",
                                         "process-running", "process-signal",
                                         "process-signalled", "process-reaped",
                                         "process-settled",
                                         "process-ended"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        const bool signals = strncmp(places[p], "process-signal", 14) == 0;
        yoke_pool *pool = ft_pool("cpu:1", places[p]);
        pid_t pid;
        yoke_status status = run_one(pool, signals, &pid);

        /* At the last place the end is known already. */
        if (strcmp(places[p], "process-ended") != 0 || status != YOKE_OK) {
            assert_status(status, YOKE_EBROKEN);
            assert_contains(yoke_pool_error(pool), "supervisor");
        }
        if (pid != 0) {
            assert_true(yt_wait_until(is_gone, &pid, FT_SECONDS));
        }
        /* It may be about to die only when the process's end is known. */
        assert_true(yt_wait_until(has_lost_supervisor, pool, FT_SECONDS));
        status = yoke_pool_close(pool);
        assert_true(status == YOKE_EBROKEN);
        assert_true(yt_nothing_alive());
    }
}

static void test_supervisor_killed(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    barrier *place = yoke_alloc(pool, sizeof *place);
    yoke_process *process = NULL;
    struct pollfd ends = {.events = POLLIN};
    int code = 77;
    pid_t pid;

    (void)state;
    assert_ok(yoke_process_start(&process, pool, wait_for_ever, place, 0, NULL));
    pid = yoke_process_pid(process);
    assert_true(yt_wait_until(has_arrived, place, FT_SECONDS));
    ends.fd = yoke_process_fd(process);
    assert_int_equal(poll(&ends, 1, 0), 0);
    assert_int_equal(kill(pool->liveness.supervisor, SIGKILL), 0);
    assert_int_equal(poll(&ends, 1, (int)(FT_SECONDS * 1000)), 1);
    assert_status(yoke_process_wait(process, NULL, YOKE_FOREVER), YOKE_EBROKEN);
    assert_contains(yoke_pool_error(pool), "supervisor");
    assert_true(yt_wait_until(is_gone, &pid, FT_SECONDS));
    assert_false(yoke_process_is_alive(process));
    assert_status(yoke_process_wait(process, &code, 0), YOKE_EBROKEN);
    assert_int_equal(code, 77);
    assert_status(yoke_process_terminate(process), YOKE_EBROKEN);
    assert_int_equal(yoke_process_pid(process), pid);
    check_broken(pool);
    yoke_process_destroy(process);
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    assert_true(yt_nothing_alive());
}

/* The pool is closed without any call before that: it must not wait for a process that is not
 * reaped. */
static void test_supervisor_killed_before_close(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    barrier *place = yoke_alloc(pool, sizeof *place);
    yoke_process *process = NULL;

    (void)state;
    assert_ok(yoke_process_start(&process, pool, wait_for_ever, place, 0, NULL));
    assert_int_equal(kill(pool->liveness.supervisor, SIGKILL), 0);
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    assert_true(yt_nothing_alive());
}

/* Has a child that keeps what the pool's processes have open, and outlives it. */
static int leave_orphan(void *argument, size_t bytes)
{
    barrier *place = argument;
    const pid_t pid = fork();

    (void)bytes;
    if (pid != 0) {
        atomic_store(&place->arrived, (int)pid);
    }
    while (pause() != 0) {
    }
    return 98;
}

/* The next process gets this pid, if the system lets us choose. */
static bool choose_pid(pid_t pid)
{
    FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "we");

    return file != NULL && fprintf(file, "%d", (int)pid - 1) > 0 && fclose(file) == 0;
}

static pid_t fork_victim(void)
{
    const pid_t pid = fork();

    if (pid == 0) {
        (void)pause();
        _exit(0);
    }
    return pid;
}

/* The pool's processes do not all go when it is closed, so the supervisor is killed; but by
 * then its pid is another's. */
static void test_pid_of_supervisor_reused(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    barrier *place = yoke_alloc(pool, sizeof *place);
    yoke_process *process = NULL;
    const pid_t supervisor = pool->liveness.supervisor;
    pid_t victim = 0;
    pid_t orphan;
    int status;

    (void)state;
    assert_ok(yoke_process_start(&process, pool, leave_orphan, place, 0, NULL));
    assert_true(yt_wait_until(has_arrived, place, FT_SECONDS));
    orphan = atomic_load(&place->arrived);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_true(yt_wait_until(has_lost_supervisor, pool, FT_SECONDS));
    (void)waitpid(supervisor, &status, __WALL);
    if (choose_pid(supervisor)) {
        victim = fork_victim();
    }
    (void)yoke_pool_terminate(pool);
    assert_int_equal(kill(orphan, SIGKILL), 0);
    if (victim == supervisor) {
        assert_int_equal(waitpid(victim, &status, WNOHANG), 0);
    }
    if (victim > 0) {
        (void)kill(victim, SIGKILL);
        (void)waitpid(victim, &status, 0);
    }
    if (victim != supervisor) {
        skip();
    }
}

/* ---- the supervisor, on its way ---- */

static void check_create(yoke_start method, const char *fault, yoke_status status,
                         const char *words)
{
    const yoke_pool_options options = {.devices = "cpu:2", .start = method};
    yoke_pool *pool = NULL;

    (void)setenv("YOKE_FAULT", fault, 1);
    assert_status_pool(NULL, yoke_pool_create(&pool, &options), status);
    (void)unsetenv("YOKE_FAULT");
    assert_null(pool);
    assert_contains(yoke_pool_error(NULL), words);
    assert_true(yt_nothing_alive());
}

/* Once it has taken over, the pool's books are not to be begun again by another. */
static void test_supervisor_dies_starting(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        check_create(YOKE_START_SPAWN, "before-taking", YOKE_ESYSTEM, "ended before");
        check_create(YOKE_START_SPAWN, "taken", YOKE_EBROKEN, "supervisor");
        check_create(YOKE_START_SPAWN, "before-started", YOKE_EBROKEN, "supervisor");
        check_create(YOKE_START_FORK, "before-started", YOKE_EBROKEN, "supervisor");
    }
}

/* ---- the application ---- */

static int die_on_the_way(void *fault)
{
    const yoke_pool_options options = {.devices = "cpu:1", .arena_bytes = 1 << 30};
    yoke_pool *pool = NULL;
    yoke_process *process = NULL;
    barrier *place;

    (void)setenv("YOKE_FAULT", fault, 1);
    if (yoke_pool_create(&pool, &options) != YOKE_OK) {
        return 1;
    }
    place = yoke_alloc(pool, sizeof *place);
    /* One that stays, and one that ends. */
    if (place == NULL ||
        yoke_process_start(&process, pool, wait_for_ever, place, 0, NULL) != YOKE_OK ||
        !yt_wait_until(has_arrived, place, FT_SECONDS)) {
        return 2;
    }
    if (yoke_process_start(&process, pool, return_seven, "abc", 3, NULL) != YOKE_OK) {
        return 3;
    }
    (void)yoke_process_wait(process, NULL, FT_SECONDS);
    return 4; /* alive */
}

static void test_application_dies(void **state)
{
    static char places[][32] = {"process-claim",   "process-fill",      "process-request",
                                "process-fill:2", "process-request:2", "process-free"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        assert_int_equal(yt_in_child(die_on_the_way, places[p], FT_SECONDS), -SIGKILL);
        assert_true(yt_nothing_alive());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_process_dies),
        yt_unit_test(test_starter_dies),
        yt_unit_test(test_supervisor_dies),
        yt_unit_test(test_pid_of_supervisor_reused),
        yt_unit_test(test_supervisor_dies_starting),
        yt_unit_test(test_supervisor_killed),
        yt_unit_test(test_supervisor_killed_before_close),
        yt_unit_test(test_application_dies),
    };

    return yt_run_group(tests);
}
