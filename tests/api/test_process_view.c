/* SPDX-License-Identifier: MIT */
/* What a process sees: its argument, the program, the pool, output, libraries. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process_setup.h"

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

        assert_ok(yoke_process_wait(process, NULL, SECONDS));
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

/* As the program was when the pool was created, or before main(). */
static void test_private_memory(void **state)
{
    yoke_pool *before = pool;

    (void)state;
    set_at_creation = 2;
    pool = api_open("cpu:1");
    set_at_creation = 3;
    assert_int_equal(finish(start(tell_setting, NULL, 0)),
                     yoke_pool_start_method(pool) == YOKE_START_SPAWN ? 1 : 2);
    api_close(pool);
    pool = before;
    set_at_creation = 1;
}

static int look_around(void *argument, size_t bytes)
{
    shared *here = argument;
    FILE *file = fopen("/proc/self/comm", "re");
    struct stat null;
    sigset_t mask;

    (void)bytes;
    if (file == NULL || fgets(here->text, sizeof here->text, file) == NULL) {
        return 1;
    }
    (void)fclose(file);
    if (read(0, here->text + 100, 1) != 0 || fstat(0, &null) != 0) {
        return 2; /* /dev/null */
    }
    if (sigprocmask(SIG_SETMASK, NULL, &mask) != 0 ||
        sigismember(&mask, SIGTERM) != 0 || sigismember(&mask, SIGUSR1) != 0) {
        return 3;
    }
    /* The pool's own two descriptors; the others are /dev/null. */
    for (int fd = 3; fd < 1000; fd++) {
        struct stat status;

        atomic_fetch_add(&here->value,
                         fstat(fd, &status) == 0 && status.st_rdev != null.st_rdev);
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

/* A process that was spawned does not find them in the program's variables. */
typedef struct application {
    yoke_pool *pool;
    void *memory;
} application;

static int use_pool(void *argument, size_t bytes)
{
    const application *self = argument;
    yoke_pool *its = self->pool;
    yoke_process *process = NULL;
    yoke_kernel *kernel = NULL;

    (void)bytes;
    if (yoke_alloc(its, 100) != NULL ||
        strstr(yoke_pool_error(its), "belongs to process") == NULL) {
        return 1;
    }
    if (yoke_free(self->memory) != YOKE_EINVAL ||
        yoke_lend(self->memory) != YOKE_EINVAL ||
        yoke_reclaim(self->memory) != YOKE_EINVAL) {
        return 2;
    }
    if (yoke_process_start(&process, its, return_it, NULL, 0, NULL) != YOKE_OK ||
        yoke_process_destroy(process) != YOKE_OK) { /* it may */
        return 3;
    }
    if (yoke_kernel_create(&kernel, its,
                           &(yoke_kernel_options){.native = api_number}) !=
        YOKE_EINVAL) {
        return 4;
    }
    if (yoke_map_with(its, NULL, yoke_range_1d(1), NULL, NULL, 0) != YOKE_EINVAL ||
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
    const application self = {pool, memory};

    (void)state;
    assert_non_null(memory);
    assert_int_equal(finish(start(use_pool, &self, sizeof self)), 0);
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

/* Another program must not hold what tells that the pool is gone. */
static int become_a_look_around(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    (void)execlp("sh", "sh", "-c",
                 "for f in /proc/$$/fd/*; do case $f in */[0-2]) ;; *) [ ! -e $f ] || "
                 "exit 1;; esac; done; exit 45",
                 (char *)NULL);
    return 2;
}

static void test_programs_inherit_nothing(void **state)
{
    static const yoke_start methods[] = {YOKE_START_FORK, YOKE_START_SPAWN};

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_ok_pool(
            NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1",
                                                               .start = methods[i]}));
        assert_int_equal(finish(start(become_a_look_around, NULL, 0)), 45);
        api_close(pool);
    }
}

/* Has children that become the supervisor's, and end. */
static int leave_orphans(void *argument, size_t bytes)
{
    const int count = *(int *)argument;
    const pid_t supervisor = getppid();

    (void)bytes;
    for (int i = 0; i < count; i++) {
        const pid_t pid = fork();

        if (pid == 0) {
            if (fork() == 0) {
                while (getppid() != supervisor) {
                    (void)usleep(100);
                }
            }
            _exit(0);
        }
        (void)waitpid(pid, NULL, 0);
    }
    return 0;
}

/* Children of the supervisor: its only worker. */
static bool has_no_orphans(void *unused)
{
    yoke_worker_info worker;
    char path[64];
    int pids[3] = {0};
    int supervisor = 0;
    FILE *file;

    (void)unused;
    if (yoke_pool_workers(pool, &worker, 1, NULL) != YOKE_OK) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)worker.pid);
    file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%*d %*s %*c %d", &supervisor) != 1) {
        supervisor = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", supervisor,
                   supervisor);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        (void)!fscanf(file, "%d", &pids[i]);
    }
    (void)fclose(file);
    return pids[0] == (int)worker.pid && pids[1] == 0;
}

/* They do not pile up. */
static void test_orphans_are_reaped(void **state)
{
    (void)state;
    assert_int_equal(run(leave_orphans, 50), 0);
    assert_true(yt_wait_until(has_no_orphans, NULL, 10));
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
        yoke_process_wait(process, NULL, SECONDS) != YOKE_OK) {
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

/* Starts a function of a library that is gone, of which `path` was the file; the handle to be
 * closed. */
static void *start_gone(yoke_process **process, char *path)
{
    void *address = address_in_rare_library();
    yoke_process_function *function;
    Dl_info info;
    void *handle;

    assert_true(dladdr(address, &info) != 0);
    (void)close(mkstemp(path));
    copy_file(info.dli_fname, path);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    address = dlsym(handle, "__ctype_get_mb_cur_max");
    memcpy(&function, &address, sizeof function);
    (void)unlink(path);
    *process = start(function, NULL, 0);
    return handle;
}

static void test_library_gone(void **state)
{
    char path[] = "/tmp/yoke-library-XXXXXX";
    yoke_process *process;
    void *handle = start_gone(&process, path);
    int code = 77;

    (void)state;
    assert_refused(pool, yoke_process_wait(process, NULL, SECONDS), YOKE_ESYSTEM, path);
    assert_refused(pool, yoke_process_wait(process, &code, 0), YOKE_ESYSTEM,
                   "process-1");
    assert_int_equal(code, 77);
    assert_false(yoke_process_is_alive(process));
    yoke_process_destroy(process);
    assert_ok_pool(pool, yoke_pool_wait(pool, SECONDS)); /* it has been told */
    (void)dlclose(handle);
}

/* The function never ran, and the program has not asked. */
static void test_library_gone_untold(void **state)
{
    char first[] = "/tmp/yoke-library-XXXXXX";
    char second[] = "/tmp/yoke-library-XXXXXX";
    char third[] = "/tmp/yoke-library-XXXXXX";
    yoke_process *process;
    void *handle = start_gone(&process, first);

    (void)state;
    yoke_process_destroy(process);
    assert_refused(pool, yoke_pool_wait(pool, SECONDS), YOKE_ESYSTEM, first);
    assert_ok_pool(pool, yoke_pool_wait(pool, SECONDS));
    (void)dlclose(handle);
    handle = start_gone(&process, second);
    assert_ok_pool(pool, yoke_pool_wait(pool, SECONDS)); /* the handle can be asked */
    yoke_process_destroy(process);
    assert_refused(pool, yoke_pool_wait(pool, SECONDS), YOKE_ESYSTEM, second);
    (void)dlclose(handle);
    handle = start_gone(&process, third);
    assert_status(yoke_pool_close(pool), YOKE_ESYSTEM); /* it cannot any more */
    assert_contains(yoke_pool_error(NULL), third);
    pool = api_open("cpu:1");
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
                   YOKE_EINVAL, "not in the program or a loaded library");
    (void)munmap(page, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        process_test(test_arguments),
        process_test(test_arguments_are_freed),
        process_test(test_private_memory),
        process_test(test_surroundings),
        process_test(test_pool_in_process),
        process_test(test_own_pool_in_process),
        process_test(test_children_and_programs),
        yt_unit_test(test_programs_inherit_nothing),
        process_test(test_orphans_are_reaped),
        yt_unit_test(test_output),
        process_test(test_library_loaded_later),
        process_test(test_library_gone),
        process_test(test_library_gone_untold),
        process_test(test_function_nowhere),
    };

    return yt_run_group(tests);
}
