/* SPDX-License-Identifier: MIT */
/* What the pool's processes do about signals: what the program ignores stays ignored, its handlers
 * do not come along. And what they print where standard output cannot be written. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { SIGNALS = 65, DEFAULT = 1, IGNORED = 2, HANDLED = 3 };

typedef struct dispositions {
    unsigned char of[SIGNALS];
} dispositions;

static void look(dispositions *seen)
{
    for (int number = 1; number < SIGNALS; number++) {
        struct sigaction action;

        if (sigaction(number, NULL, &action) == 0) {
            seen->of[number] = action.sa_handler == SIG_IGN   ? IGNORED
                               : action.sa_handler == SIG_DFL ? DEFAULT
                                                              : HANDLED;
        }
    }
}

static int look_in_worker(yoke_task *task)
{
    look(task->output);
    return 0;
}

static int look_in_process(void *seen, size_t bytes)
{
    (void)bytes;
    look(seen);
    return 0;
}

static void handle(int number)
{
    (void)number;
}

/* ---- cases ---- */

typedef struct habits {
    int ignored[8]; /* 0 behind the last */
    int handled;
} habits;

static const habits cases[] = {
    {{0}, 0},
    {{SIGPIPE}, SIGUSR1},
    {{SIGHUP, SIGPIPE, SIGXFSZ, SIGUSR1}, SIGALRM},
    {{SIGTERM, SIGTSTP, SIGTTOU}, SIGPIPE},
    {{SIGCHLD, SIGUSR2}, SIGHUP},
    {{34, 64}, SIGTERM}, /* of those that have no names */
};

static void adopt(const habits *wanted)
{
    for (int i = 0; wanted->ignored[i] != 0; i++) {
        (void)signal(wanted->ignored[i], SIG_IGN);
    }
    if (wanted->handled != 0) {
        (void)signal(wanted->handled, handle);
    }
}

static bool is_ignored_by(const habits *habit, int number)
{
    for (int i = 0; habit->ignored[i] != 0; i++) {
        if (habit->ignored[i] == number) {
            return true;
        }
    }
    return false;
}

/* The first signal of which a process thinks otherwise than it should; 0: none. */
static int compare(const dispositions *seen, const habits *habit, bool is_worker)
{
    for (int number = 1; number < SIGNALS; number++) {
        const bool terminal = number == SIGINT || number == SIGQUIT || number == SIGHUP;
        const bool own = is_worker ? number == SIGTERM : false;
        const bool reaped = is_worker && number == SIGCHLD;
        const bool ignored =
            terminal || own || (is_ignored_by(habit, number) && !reaped);

        /* Workers may have handlers of their own; the C library keeps 32 and 33. */
        if (seen->of[number] != 0 && (seen->of[number] == IGNORED) != ignored) {
            return number;
        }
        /* That for SIGSEGV brings named segments, and passes on what is not about them. The others
         * write what was printed. */
        if (!is_worker && seen->of[number] == HANDLED && number != SIGSEGV &&
            number != SIGABRT && number != SIGBUS && number != SIGFPE && number != SIGILL) {
            return number;
        }
    }
    return 0;
}

static int check_habits(void *arg)
{
    const habits *habit = arg;
    yoke_pool *pool;
    dispositions *seen;
    yoke_process *process = NULL;
    int wrong;

    adopt(habit);
    pool = api_try_open("cpu:1");
    seen = pool != NULL ? yoke_alloc(pool, 2 * sizeof *seen) : NULL;
    if (seen == NULL ||
        yoke_apply_each(pool, look_in_worker, 1, NULL,
                        YOKE_ARGS(yoke_out(seen, sizeof *seen))) != YOKE_OK ||
        yoke_process_start(&process, pool, look_in_process, seen + 1, 0, NULL) !=
            YOKE_OK ||
        yoke_process_wait(process, NULL, API_SECONDS) != YOKE_OK) {
        return 100;
    }
    wrong = compare(&seen[0], habit, true);
    wrong = wrong != 0 ? wrong : compare(&seen[1], habit, false);
    return yoke_pool_close(pool) == YOKE_OK ? wrong : 101;
}

static void test_what_is_ignored_stays_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        habits habit = cases[i];

        assert_int_equal(yt_in_child(check_habits, &habit, 60), 0);
    }
}

/* A pool that a process of another pool makes goes by that process's habits. */
static int nest(void *argument, size_t bytes)
{
    habits habit = {.ignored = {SIGUSR1}};

    (void)argument;
    (void)bytes;
    (void)signal(SIGPIPE, SIG_DFL); /* as it was not when the first pool was made */
    return check_habits(&habit);
}

static int check_nested(void *arg)
{
    yoke_process *process = NULL;
    yoke_pool *pool;
    int code = 102;

    (void)arg;
    (void)signal(SIGPIPE, SIG_IGN);
    pool = api_try_open("cpu:1");
    if (pool == NULL ||
        yoke_process_start(&process, pool, nest, NULL, 0, NULL) != YOKE_OK ||
        yoke_process_wait(process, NULL, API_SECONDS) != YOKE_OK ||
        yoke_process_wait(process, &code, 0) != YOKE_OK) {
        return 103;
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 104;
}

static void test_pools_in_processes(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(check_nested, NULL, 60), 0);
}

/* ---- output ---- */

static void print_items(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (uint32_t)i;
        printf("item %zu of a kernel that prints\n", i);
    }
}

typedef struct printing {
    bool to_pipe; /* whose reader is gone; else to a device that is full */
    size_t items;
} printing;

static bool replace_output(bool to_pipe)
{
    int ends[2] = {-1, -1};

    if (to_pipe && pipe(ends) == 0) {
        (void)close(ends[0]);
        (void)signal(SIGPIPE, SIG_IGN);
    } else if (!to_pipe) {
        ends[1] = open("/dev/full", O_WRONLY);
    }
    return ends[1] >= 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO &&
           close(ends[1]) == 0;
}

/* The results are there, and the lost output is reported once. */
static int print_into_nothing(void *arg)
{
    const printing *how = arg;
    const char *words = how->to_pipe ? "Broken pipe" : "No space left";
    yoke_kernel *kernel = NULL;
    yoke_status status;
    yoke_pool *pool;
    uint32_t *out;

    if (!replace_output(how->to_pipe)) {
        return 1;
    }
    pool = api_try_open("cpu:2");
    out = pool != NULL ? yoke_alloc(pool, how->items * sizeof *out) : NULL;
    if (out == NULL ||
        yoke_kernel_create(&kernel, pool,
                           &(yoke_kernel_options){.native = print_items}) != YOKE_OK) {
        return 2;
    }
    if (yoke_map(pool, kernel, yoke_range_1d(how->items), yoke_out(out, 4)) !=
            YOKE_OK ||
        out[how->items - 1] != how->items - 1) {
        return 3;
    }
    status = yoke_pool_close(pool);
    if (status != YOKE_ESYSTEM) {
        return 4;
    }
    return strstr(yoke_pool_error(NULL), "standard output") != NULL &&
                   strstr(yoke_pool_error(NULL), words) != NULL
               ? 0
               : 5;
}

static void test_output_that_is_lost(void **state)
{
    printing few = {.to_pipe = false, .items = 10};
    printing many = {.to_pipe = false, .items = 10000};
    printing gone = {.to_pipe = true, .items = 100};

    (void)state;
    assert_int_equal(yt_in_child(print_into_nothing, &few, 60), 0);
    assert_int_equal(yt_in_child(print_into_nothing, &many, 60), 0);
    assert_int_equal(yt_in_child(print_into_nothing, &gone, 60), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_what_is_ignored_stays_ignored),
        yt_unit_test(test_pools_in_processes),
        yt_unit_test(test_output_that_is_lost),
    };

    return yt_run_group(tests);
}
