/* SPDX-License-Identifier: MIT */
/*
 * Shared memory by name between this library and Python's multiprocessing.shared_memory,
 * with numpy, in both directions. The two talk in lines: Python tells a name, or is told one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 100000 };

/* ---- Python ---- */

typedef struct python {
    pid_t pid;
    FILE *to;
    FILE *from;
} python;

/* Before 3.13, which has track=False, Python takes each process that attaches a segment for its
 * owner: its resource tracker would unlink the segment at the end of the process. */
#define PYTHON_ATTACH                                                                  \
    "import sys\n"                                                                     \
    "import numpy as np\n"                                                             \
    "from multiprocessing import shared_memory, resource_tracker\n"                    \
    "def attach(name):\n"                                                              \
    "    if sys.version_info >= (3, 13):\n"                                            \
    "        return shared_memory.SharedMemory(name, track=False)\n"                   \
    "    shm = shared_memory.SharedMemory(name)\n"                                     \
    "    resource_tracker.unregister(shm._name, 'shared_memory')\n"                    \
    "    return shm\n"                                                                 \
    "def say(text):\n"                                                                 \
    "    print(text, flush=True)\n"                                                    \
    "def hear():\n"                                                                    \
    "    return sys.stdin.readline().strip()\n"

static int run(const char *interpreter, const char *script)
{
    const pid_t pid = fork();
    int status = 1;

    if (pid == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        (void)execlp(interpreter, interpreter, "-c", script, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(pid, &status, 0);
    return status;
}

/* An interpreter that has numpy; NULL: none. */
static const char *find_python(void)
{
    static const char *const names[] = {"/usr/bin/python3", "python3"};

    for (size_t i = 0; i < 2; i++) {
        if (run(names[i], "import numpy, multiprocessing.shared_memory") == 0) {
            return names[i];
        }
    }
    return NULL;
}

static python start(const char *script)
{
    const char *interpreter = find_python();
    python child = {.pid = 0};
    int in[2];
    int out[2];

    if (interpreter == NULL) {
        skip();
    }
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)close(in[1]);
        (void)close(out[0]);
        (void)execlp(interpreter, interpreter, "-c", script, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    child.to = fdopen(in[1], "w");
    child.from = fdopen(out[0], "r");
    assert_true(child.to != NULL && child.from != NULL);
    return child;
}

static void tell(const python *child, const char *text)
{
    assert_true(fprintf(child->to, "%s\n", text) > 0 && fflush(child->to) == 0);
}

/* The next line it says; "" at its end. */
static const char *listen_to(const python *child)
{
    static char line[300];

    if (fgets(line, sizeof line, child->from) == NULL) {
        line[0] = '\0';
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* It must end well. */
static void end(python *child)
{
    int status = 1;

    (void)fclose(child->to);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    (void)fclose(child->from);
    assert_int_equal(status, 0);
}

/* ---- tests ---- */

/* A name that says whose it is, to tests that run beside this one. */
static const char *name_of(const char *part)
{
    static char name[64];

    (void)snprintf(name, sizeof name, "yoke_test_%d_%s", (int)getpid(), part);
    return name;
}

static void twice(const yoke_span *span, void *const args[])
{
    double *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] *= 2;
    }
}

static void twice_all(yoke_pool *pool, double *x)
{
    yoke_kernel *kernel = api_kernel(pool, "twice", twice);

    assert_ok_pool(pool,
                   yoke_map(pool, kernel, yoke_range_1d(N), yoke_inout(x, sizeof *x)));
    yoke_kernel_destroy(kernel);
}

/* Python creates a segment with an array, jobs change it in place, Python sees that. */
static void test_python_creates(void **state)
{
    static const char script[] = PYTHON_ATTACH
        "n = 100000\n"
        "shm = shared_memory.SharedMemory(hear(), create=True, size=8 * n)\n"
        "x = np.ndarray(n, np.float64, shm.buf)\n"
        "x[:] = np.arange(n)\n"
        "say(shm.name)\n"
        "hear()\n"
        "say('right' if (x == 2 * np.arange(n)).all() else 'wrong')\n"
        "hear()\n" /* the other side has closed it: it must be here still */
        "say('there' if shared_memory.SharedMemory(shm.name).size >= 8 * n else "
        "'gone')\n"
        "del x\n"
        "shm.close()\n"
        "shm.unlink()\n";
    python child = start(script);
    yoke_pool *pool = api_open("cpu:2,fake:1x1/private");
    yoke_shm *shm = NULL;

    (void)state;
    tell(&child, name_of("python"));
    assert_ok_pool(pool, yoke_shm_open(&shm, pool, listen_to(&child), NULL));
    assert_int_equal(yoke_shm_bytes(shm), 8 * N);
    twice_all(pool, yoke_shm_pointer(shm));
    tell(&child, "done");
    assert_string_equal(listen_to(&child), "right");
    assert_ok_pool(pool, yoke_shm_close(shm));
    api_close(pool);
    tell(&child, "closed");
    assert_string_equal(listen_to(&child), "there");
    end(&child);
}

/* A program creates one and jobs fill it; Python attaches, changes it and ends; it is here
 * still, and has what Python wrote. */
static void test_python_attaches(void **state)
{
    static const char script[] = PYTHON_ATTACH
        "shm = attach(hear())\n"
        "x = np.ndarray(100000, np.float64, shm.buf)\n"
        "say('right' if (x == 2 * np.arange(100000)).all() else 'wrong')\n"
        "x += 1\n"
        "del x\n"
        "shm.close()\n";
    python child = start(script);
    yoke_pool *pool = api_open("cpu:2");
    yoke_shm *shm = NULL;
    yoke_shm *again = NULL;
    double *x;

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, name_of("yoke"), 8 * N, NULL));
    x = yoke_shm_pointer(shm);
    for (int i = 0; i < N; i++) {
        x[i] = i;
    }
    twice_all(pool, x);
    tell(&child, yoke_shm_name(shm));
    assert_string_equal(listen_to(&child), "right");
    end(&child);
    assert_true(x[0] == 1 && x[N - 1] == 2.0 * (N - 1) + 1);
    assert_ok_pool(pool, yoke_shm_open(&again, pool, yoke_shm_name(shm), NULL));
    assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
    twice_all(pool, x);
    assert_true(x[N - 1] == 2 * (2.0 * (N - 1) + 1));
    api_close(pool);
}

/* Names that one side makes up are names for the other. */
static void test_names(void **state)
{
    static const char script[] =
        PYTHON_ATTACH "try:\n"
                      "    shared_memory.SharedMemory(hear(), create=True, size=10)\n"
                      "    say('created')\n"
                      "except FileExistsError:\n"
                      "    say('exists')\n"
                      "shm = shared_memory.SharedMemory(hear(), create=True, size=1)\n"
                      "shm.buf[0] = 7\n"
                      "say(shm.name)\n"
                      "hear()\n"
                      "shm.close()\n"
                      "shm.unlink()\n";
    python child = start(script);
    yoke_pool *pool = api_open("cpu:1");
    yoke_shm *shm = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, name_of("both"), 8, NULL));
    tell(&child, yoke_shm_name(shm));
    assert_string_equal(listen_to(&child), "exists");
    assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
    assert_ok_pool(pool, yoke_shm_close(shm));
    tell(&child, name_of("a name with spaces"));
    assert_ok_pool(pool,
                   yoke_shm_open(&shm, pool, listen_to(&child),
                                 &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}));
    assert_int_equal(*(unsigned char *)yoke_shm_pointer(shm), 7);
    tell(&child, "seen");
    api_close(pool);
    end(&child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_python_creates),
        yt_unit_test(test_python_attaches),
        yt_unit_test(test_names),
    };

    return yt_run_group(tests);
}
