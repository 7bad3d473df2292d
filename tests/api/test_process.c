/* SPDX-License-Identifier: MIT */
/* Processes that run functions: starting, ending, what they see, who may use them. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_setup.h"

/* Far longer than anything here takes. */
#define SECONDS 60.0

typedef struct shared {
    _Atomic int arrived;
    _Atomic int open;
    _Atomic int value;
    char text[512];
} shared;

static yoke_pool *pool;
static shared *memory;

static int open_pool(void **state)
{
    (void)state;
    pool = api_open("cpu:1");
    memory = yoke_alloc(pool, sizeof *memory);
    assert_non_null(memory);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    api_close(pool);
    pool = NULL;
    return yt_nothing_alive() ? 0 : -1;
}

#define process_test(function)                                                         \
    cmocka_unit_test_setup_teardown(function, open_pool, close_pool)

/* ---- what the processes run ---- */

static int return_it(void *argument, size_t bytes)
{
    return bytes == sizeof(int) ? *(int *)argument : 99;
}

static int exit_with_it(void *argument, size_t bytes)
{
    (void)bytes;
    _exit(*(int *)argument);
}

static int raise_it(void *argument, size_t bytes)
{
    (void)bytes;
    (void)raise(*(int *)argument);
    return 99;
}

static int wait_for_ever(void *argument, size_t bytes)
{
    shared *here = argument;

    (void)bytes;
    atomic_fetch_add(&here->arrived, 1);
    while (pause() != 0) {
    }
    return 98;
}

static int wait_for_gate(void *argument, size_t bytes)
{
    shared *here = argument;

    (void)bytes;
    atomic_fetch_add(&here->arrived, 1);
    while (atomic_load(&here->open) == 0) {
        (void)usleep(200);
    }
    atomic_fetch_add(&here->value, 1);
    return 3;
}

static int be_stubborn(void *argument, size_t bytes)
{
    (void)signal(SIGTERM, SIG_IGN);
    return wait_for_ever(argument, bytes);
}

/* ---- what the tests share ---- */

static yoke_process *start(yoke_process_function *function, const void *argument,
                           size_t bytes)
{
    yoke_process *process = NULL;

    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, function, argument, bytes, NULL));
    assert_non_null(process);
    return process;
}

/* Waits for its end, gives the handle back, and tells how it ended. */
static int finish(yoke_process *process)
{
    int code = 1000;

    assert_ok_pool(pool, yoke_process_join(process, SECONDS));
    assert_false(yoke_process_is_alive(process));
    assert_ok_pool(pool, yoke_process_exitcode(process, &code));
    yoke_process_destroy(process);
    return code;
}

static int run(yoke_process_function *function, int argument)
{
    return finish(start(function, &argument, sizeof argument));
}

static bool have_arrived(void *count)
{
    return atomic_load(&memory->arrived) >= *(int *)count;
}

static void await(int count)
{
    assert_true(yt_wait_until(have_arrived, &count, SECONDS));
}

static bool is_gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0 && errno == ESRCH;
}

/* ---- ends ---- */

static void test_exit_codes(void **state)
{
    (void)state;
    for (int code = 0; code < 256; code++) {
        assert_int_equal(run(code % 2 == 0 ? return_it : exit_with_it, code), code);
    }
    assert_int_equal(run(return_it, 256 + 7), 7);
    assert_int_equal(run(return_it, -1), 255);
}

static void test_signals(void **state)
{
    const int numbers[] = {SIGKILL, SIGTERM, SIGABRT, SIGSEGV,
                           SIGUSR1, SIGALRM, SIGPIPE, SIGRTMAX};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_int_equal(run(raise_it, numbers[i]), -numbers[i]);
    }
    /* These are the terminal's, and the application's business. */
    assert_int_equal(run(raise_it, SIGINT), 99);
    assert_int_equal(run(raise_it, SIGQUIT), 99);
    assert_int_equal(run(raise_it, SIGHUP), 99);
}

static void test_join(void **state)
{
    yoke_process *process;
    int code = 77;

    (void)state;
    process = start(wait_for_gate, memory, 0);
    await(1);
    assert_true(yoke_process_is_alive(process));
    assert_refused(pool, yoke_process_join(process, 0), YOKE_EAGAIN, "process-1");
    assert_refused(pool, yoke_process_join(process, 0.001), YOKE_EAGAIN, "not ended");
    assert_refused(pool, yoke_process_exitcode(process, &code), YOKE_EAGAIN,
                   "not ended");
    assert_int_equal(code, 77);
    assert_refused(pool, yoke_process_join(process, (double)NAN), YOKE_EINVAL,
                   "number");
    atomic_store(&memory->open, 1);
    assert_ok(yoke_process_join(process, -1));
    for (int i = 0; i < 3; i++) {
        assert_ok(yoke_process_join(process, i - 1));
        assert_ok(yoke_process_exitcode(process, &code));
        assert_int_equal(code, 3);
        assert_true(yoke_process_pid(process) > 0);
    }
    assert_int_equal(finish(process), 3);
    assert_int_equal(atomic_load(&memory->value), 1);
}

static void test_terminate_and_kill(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        yoke_process *process = start(wait_for_ever, memory, 0);

        /* The first may not have its handlers yet. */
        if (i > 0) {
            await(i);
        }
        assert_ok(i == 2 ? yoke_process_kill(process)
                         : yoke_process_terminate(process));
        assert_ok(yoke_process_join(process, SECONDS));
        assert_ok(yoke_process_terminate(process));
        assert_ok(yoke_process_kill(process));
        assert_int_equal(finish(process), i == 2 ? -SIGKILL : -SIGTERM);
        atomic_store(&memory->arrived, i + 1);
    }
}

/* SIGTERM arrives however early it is sent. */
static void test_terminate_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        yoke_process *process = start(wait_for_ever, memory, 0);

        assert_ok(yoke_process_terminate(process));
        assert_int_equal(finish(process), -SIGTERM);
    }
}

static void test_stubborn(void **state)
{
    yoke_process *process = start(be_stubborn, memory, 0);

    (void)state;
    await(1);
    for (int i = 0; i < 10; i++) {
        assert_ok(yoke_process_terminate(process));
    }
    assert_status(yoke_process_join(process, 0.05), YOKE_EAGAIN);
    assert_true(yoke_process_is_alive(process));
    assert_ok(yoke_process_kill(process));
    assert_ok(yoke_process_terminate(process));
    assert_int_equal(finish(process), -SIGKILL);
}

/* Somebody else's signal is an end as any other. */
static void test_killed_from_outside(void **state)
{
    yoke_process *process = start(wait_for_ever, memory, 0);

    (void)state;
    await(1);
    assert_int_equal(kill(yoke_process_pid(process), SIGKILL), 0);
    assert_int_equal(finish(process), -SIGKILL);
}

static void test_handle_given_back(void **state)
{
    yoke_process *process = start(wait_for_gate, memory, 0);

    (void)state;
    await(1);
    yoke_process_destroy(process);
    yoke_process_destroy(process); /* and again */
    assert_refused(pool, yoke_process_start(NULL, pool, return_it, NULL, 0, NULL),
                   YOKE_EINVAL, "where the process goes");
    assert_int_equal(atomic_load(&memory->value), 0);
    atomic_store(&memory->open, 1);
    /* It goes on; closing waits for it. */
}

/* ---- many ---- */

static void test_hundred_at_once(void **state)
{
    enum { COUNT = 100 };
    yoke_process *processes[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        processes[i] = start(wait_for_gate, memory, 0);
    }
    await(COUNT);
    api_check_works(pool);
    for (int i = 0; i < COUNT; i++) {
        assert_true(yoke_process_is_alive(processes[i]));
        for (int j = 0; j < i; j++) {
            assert_int_not_equal(yoke_process_pid(processes[i]),
                                 yoke_process_pid(processes[j]));
        }
    }
    atomic_store(&memory->open, 1);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(finish(processes[i]), 3);
    }
    assert_int_equal(atomic_load(&memory->value), COUNT);
}

static void test_too_many(void **state)
{
    enum { MOST = 256 };
    yoke_process *processes[MOST];
    yoke_process *more = NULL;

    (void)state;
    for (int i = 0; i < MOST; i++) {
        processes[i] = start(wait_for_gate, memory, 0);
    }
    assert_refused(pool,
                   yoke_process_start(&more, pool, wait_for_gate, memory, 0, NULL),
                   YOKE_EBUSY, "256 processes");
    assert_null(more);
    assert_ok(yoke_process_kill(processes[100]));
    assert_ok(yoke_process_join(processes[100], SECONDS));
    more = start(wait_for_gate, memory, 0);
    assert_int_equal(finish(processes[100]), -SIGKILL); /* its slot is another's */
    processes[100] = more;
    atomic_store(&memory->open, 1);
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(finish(processes[i]), 3);
    }
}

/* Handles of processes that have ended take no room from others. */
static void test_many_handles(void **state)
{
    enum { MOST = 600 };
    yoke_process *processes[MOST];

    (void)state;
    for (int i = 0; i < MOST; i++) {
        processes[i] = start(return_it, &i, sizeof i);
        assert_ok(yoke_process_join(processes[i], SECONDS));
    }
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(finish(processes[i]), i % 256);
    }
}

static void test_again_and_again(void **state)
{
    const int times = API_SANITIZED ? 500 : 2000;

    (void)state;
    for (int i = 0; i < times; i++) {
        assert_int_equal(run(return_it, i % 256), i % 256);
    }
}

/* ---- what a process sees ---- */

static int sum_up(void *argument, size_t bytes)
{
    unsigned char *own = argument;
    unsigned sum = 0;

    for (size_t i = 0; i < bytes; i++) {
        sum += own[i];
        own[i] = 0;
    }
    return (int)(sum % 251);
}

static void check_argument(size_t bytes)
{
    unsigned char *data = malloc(bytes);
    unsigned sum = 0;

    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (unsigned char)(i * 7 + 3);
        sum += data[i];
    }
    assert_int_equal(finish(start(sum_up, data, bytes)), (int)(sum % 251));
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(data[i], (unsigned char)(i * 7 + 3)); /* it had its own */
    }
    free(data);
}

static int has_none(void *argument, size_t bytes)
{
    return argument == NULL && bytes == 0 ? 5 : 6;
}

static void test_arguments(void **state)
{
    static const size_t sizes[] = {1, 7, 4096, 4097, 1000000, 40000000};
    const int on_stack = 0;
    yoke_process *process = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_argument(sizes[i]);
    }
    assert_int_equal(finish(start(has_none, NULL, 0)), 5);
    assert_refused(pool,
                   yoke_process_start(&process, pool, has_none, &on_stack, 0, NULL),
                   YOKE_EINVAL, "not memory of the pool");
    assert_refused(pool, yoke_process_start(&process, pool, has_none, NULL, 8, NULL),
                   YOKE_EINVAL, "NULL and has 8 bytes");
    assert_refused(
        pool,
        yoke_process_start(&process, pool, has_none, memory, (size_t)1 << 60, NULL),
        YOKE_ENOMEM, "the argument of a process");
    assert_refused(pool, yoke_process_start(&process, pool, NULL, NULL, 0, NULL),
                   YOKE_EINVAL, "function of the process is NULL");
    assert_null(process);
}

/* What a process was given takes no room when it has ended. */
static void test_arguments_are_freed(void **state)
{
    const size_t bytes = 24 << 20;
    unsigned char *data = calloc(1, bytes);
    yoke_pool *whole = pool;

    (void)state;
    assert_non_null(data);
    data[bytes - 1] = 9;
    pool = NULL;
    assert_ok(yoke_pool_create(
        &pool, &(yoke_pool_options){.devices = "cpu:1", .arena_bytes = 64 << 20}));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(finish(start(sum_up, data, bytes)), 9);
    }
    for (int i = 0; i < 10; i++) {
        yoke_process *process = start(sum_up, data, bytes);

        assert_ok(yoke_process_join(process, SECONDS));
        yoke_process_destroy(process);
    }
    api_close(pool);
    pool = whole;
    free(data);
}

static int set_at_creation = 1;

static int tell_setting(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return set_at_creation;
}

/* As the program was when the pool was created. */
static void test_private_memory(void **state)
{
    (void)state;
    set_at_creation = 2;
    assert_int_equal(finish(start(tell_setting, NULL, 0)), 1);
    set_at_creation = 1;
}

static int look_around(void *argument, size_t bytes)
{
    shared *here = argument;
    FILE *file = fopen("/proc/self/comm", "re");
    struct stat;
    sigset_t mask;

    (void)bytes;
    if (file == NULL || fgets(here->text, sizeof here->text, file) == NULL) {
        return 1;
    }
    (void)fclose(file);
    if (read(0, here->text + 100, 1) != 0) {
        return 2; /* /dev/null */
    }
    if (sigprocmask(SIG_SETMASK, NULL, &mask) != 0 ||
        sigismember(&mask, SIGTERM) != 0 || sigismember(&mask, SIGUSR1) != 0) {
        return 3;
    }
    /* The pool's own two descriptors, and no other. */
    for (int fd = 3; fd < 1000; fd++) {
        atomic_fetch_add(&here->value, fcntl(fd, F_GETFD) != -1);
    }
    return atomic_load(&here->value) <= 2 ? 0 : 4;
}

static void test_surroundings(void **state)
{
    const yoke_process_options options = {.name = "a look around"};
    const yoke_process_options too_long = {
        .name =
            "a name that is so much longer than any that somebody would want to see"};
    yoke_process *process = NULL;
    int fds[20];

    (void)state;
    for (int i = 0; i < 20; i++) {
        fds[i] = open("/dev/null", O_RDONLY);
    }
    assert_ok(yoke_process_start(&process, pool, look_around, memory, 0, &options));
    assert_int_equal(finish(process), 0);
    assert_string_equal(memory->text, "a look around\n");
    for (int i = 0; i < 20; i++) {
        (void)close(fds[i]);
    }
    assert_refused(
        pool, yoke_process_start(&process, pool, look_around, memory, 0, &too_long),
        YOKE_EINVAL, "longer than 63 bytes");
}

static int use_pool(void *argument, size_t bytes)
{
    yoke_pool *its = *(yoke_pool **)argument;
    yoke_process *process = NULL;
    yoke_kernel *kernel = NULL;

    (void)bytes;
    if (yoke_alloc(its, 100) != NULL ||
        strstr(yoke_pool_error(its), "belongs to process") == NULL) {
        return 1;
    }
    if (yoke_free(its, memory) != YOKE_EINVAL ||
        yoke_lend(its, memory) != YOKE_EINVAL ||
        yoke_reclaim(its, memory) != YOKE_EINVAL) {
        return 2;
    }
    if (yoke_process_start(&process, its, return_it, NULL, 0, NULL) != YOKE_EINVAL ||
        process != NULL) {
        return 3;
    }
    if (yoke_kernel_create(&kernel, its,
                           &(yoke_kernel_options){.native = api_number}) !=
        YOKE_EINVAL) {
        return 4;
    }
    if (yoke_map_args(NULL, its, NULL, yoke_range_1d(1), NULL, NULL, 0) !=
            YOKE_EINVAL ||
        strstr(yoke_pool_error(its), "belongs to process") == NULL) {
        return 5;
    }
    if (yoke_pool_poll(its) != 0 ||
        yoke_pool_workers(its, NULL, 0, NULL) != YOKE_EINVAL ||
        yoke_pool_close(its) != YOKE_EINVAL ||
        yoke_pool_terminate(its) != YOKE_EINVAL) {
        return 6;
    }
    return 0;
}

static void test_pool_in_process(void **state)
{
    (void)state;
    assert_int_equal(finish(start(use_pool, &pool, sizeof pool)), 0);
    api_check_works(pool);
}

static int use_own_pool(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return api_try_pool("cpu:1");
}

static void test_own_pool_in_process(void **state)
{
    (void)state;
    assert_int_equal(finish(start(use_own_pool, NULL, 0)), 0);
}

static int have_children(void *argument, size_t bytes)
{
    int status = 0;
    const pid_t pid = fork();

    (void)argument;
    (void)bytes;
    if (pid == 0) {
        _exit(9);
    }
    if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 9) {
        return 1;
    }
    if (fork() == 0) { /* an orphan, soon */
        (void)pause();
        _exit(0);
    }
    return 0;
}

static int become_another(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    (void)execlp("sh", "sh", "-c", "exit 44", (char *)NULL);
    return 1;
}

static void test_children_and_programs(void **state)
{
    (void)state;
    assert_int_equal(finish(start(have_children, NULL, 0)), 0);
    assert_int_equal(finish(start(become_another, NULL, 0)), 44);
    /* Closing leaves no orphan. */
}

/* ---- output ---- */

static int talk(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    printf("<said by the process>");
    return 0;
}

static int talk_and_listen(void *path)
{
    yoke_process *process = NULL;

    if (freopen(path, "w", stdout) == NULL) {
        return 1;
    }
    printf("<before>");
    pool = api_try_open("cpu:1");
    if (pool == NULL ||
        yoke_process_start(&process, pool, talk, NULL, 0, NULL) != YOKE_OK ||
        yoke_process_join(process, SECONDS) != YOKE_OK) {
        return 2;
    }
    printf("<after>");
    return yoke_pool_close(pool) == YOKE_OK && fclose(stdout) == 0 ? 0 : 3;
}

static void test_output(void **state)
{
    char path[] = "/tmp/yoke-output-XXXXXX";
    char text[256];
    FILE *file;
    size_t length;

    (void)state;
    (void)close(mkstemp(path));
    assert_int_equal(yt_in_child(talk_and_listen, path, SECONDS), 0);
    file = fopen(path, "re");
    assert_non_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    (void)fclose(file);
    (void)unlink(path);
    assert_string_equal(text, "<said by the process><before><after>");
}

/* ---- functions ---- */

#define RARE_LIBRARY "libBrokenLocale.so.1"

static void *address_in_rare_library(void)
{
    void *handle = dlopen(RARE_LIBRARY, RTLD_NOW | RTLD_LOCAL);

    assert_non_null(handle);
    return dlsym(handle, "__ctype_get_mb_cur_max");
}

/* A library that was loaded after the pool was created; its function takes no arguments,
 * and tells how long a character can be. */
static void test_library_loaded_later(void **state)
{
    void *address = address_in_rare_library();
    yoke_process_function *function;

    (void)state;
    memcpy(&function, &address, sizeof function);
    assert_int_equal(finish(start(function, NULL, 0)), 1);
}

static void copy_file(const char *from, const char *to)
{
    char buffer[4096];
    FILE *in = fopen(from, "re");
    FILE *out = fopen(to, "we");
    size_t length;

    assert_non_null(in);
    assert_non_null(out);
    while ((length = fread(buffer, 1, sizeof buffer, in)) > 0) {
        assert_int_equal(fwrite(buffer, 1, length, out), length);
    }
    (void)fclose(in);
    (void)fclose(out);
}

static void test_library_gone(void **state)
{
    char path[] = "/tmp/yoke-library-XXXXXX";
    void *address = address_in_rare_library();
    yoke_process_function *function;
    yoke_process *process;
    Dl_info info;
    void *handle;
    int code = 77;

    (void)state;
    assert_true(dladdr(address, &info) != 0);
    (void)close(mkstemp(path));
    copy_file(info.dli_fname, path);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    address = dlsym(handle, "__ctype_get_mb_cur_max");
    memcpy(&function, &address, sizeof function);
    (void)unlink(path);
    process = start(function, NULL, 0);
    assert_refused(pool, yoke_process_join(process, SECONDS), YOKE_ESYSTEM, path);
    assert_refused(pool, yoke_process_exitcode(process, &code), YOKE_ESYSTEM,
                   "process-1");
    assert_int_equal(code, 77);
    assert_false(yoke_process_is_alive(process));
    yoke_process_destroy(process);
    (void)dlclose(handle);
}

static void test_function_nowhere(void **state)
{
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    yoke_process_function *function;
    yoke_process *process = NULL;

    (void)state;
    memcpy(&function, &page, sizeof function);
    assert_refused(pool, yoke_process_start(&process, pool, function, NULL, 0, NULL),
                   YOKE_EINVAL, "in no loaded program or library");
    (void)munmap(page, 4096);
}

/* ---- handles ---- */

static void check_refused(yoke_process *process, yoke_status status)
{
    int code = 77;

    assert_status(yoke_process_join(process, 0), status);
    assert_status(yoke_process_join(process, -1), status);
    assert_status(yoke_process_exitcode(process, &code), status);
    assert_int_equal(code, 77);
    assert_int_equal(yoke_process_pid(process), 0);
    assert_false(yoke_process_is_alive(process));
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
    assert_refused(pool, yoke_process_exitcode(process, NULL), YOKE_EINVAL,
                   "exit code");
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

    if (yoke_process_join(process, 0) != YOKE_EINVAL ||
        yoke_process_join(process, -1) != YOKE_EINVAL ||
        strstr(yoke_pool_error(pool), "belongs to process") == NULL ||
        yoke_process_exitcode(process, &code) != YOKE_EINVAL || code != 77 ||
        yoke_process_pid(process) != 0 || yoke_process_is_alive(process) ||
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

/* Comes to an end after a while, and says so in memory that outlives the pool. */
static int take_a_while(void *argument, size_t bytes)
{
    shared *here = *(shared **)argument;

    (void)bytes;
    (void)usleep(300000);
    atomic_store(&here->value, 1);
    return 0;
}

static void test_close_waits(void **state)
{
    shared *here = mmap(NULL, sizeof *here, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(here, MAP_FAILED);
    for (int i = 0; i < 2; i++) {
        atomic_store(&here->value, 0);
        assert_int_equal(open_pool(NULL), 0);
        if (i == 0) {
            (void)start(take_a_while, &here, sizeof here);
        } else {
            yoke_process_destroy(start(take_a_while, &here, sizeof here));
        }
        assert_int_equal(atomic_load(&here->value), 0);
        api_close(pool);
        assert_int_equal(atomic_load(&here->value), 1);
        assert_true(yt_nothing_alive());
    }
    (void)munmap(here, sizeof *here);
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
        process_test(test_exit_codes),
        process_test(test_signals),
        process_test(test_join),
        process_test(test_terminate_and_kill),
        process_test(test_terminate_at_once),
        process_test(test_stubborn),
        process_test(test_killed_from_outside),
        process_test(test_handle_given_back),
        process_test(test_hundred_at_once),
        process_test(test_too_many),
        process_test(test_many_handles),
        process_test(test_again_and_again),
        process_test(test_arguments),
        process_test(test_arguments_are_freed),
        process_test(test_private_memory),
        process_test(test_surroundings),
        process_test(test_pool_in_process),
        process_test(test_own_pool_in_process),
        process_test(test_children_and_programs),
        yt_unit_test(test_output),
        process_test(test_library_loaded_later),
        process_test(test_library_gone),
        process_test(test_function_nowhere),
        process_test(test_handles_not_valid),
        process_test(test_handles_in_fork),
        yt_unit_test(test_no_more_processes),
        yt_unit_test(test_close_waits),
        yt_unit_test(test_close_kills_daemons),
        yt_unit_test(test_terminate_kills_all),
        yt_unit_test(test_application_ends),
    };

    return yt_run_group(tests);
}
