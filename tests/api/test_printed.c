/* SPDX-License-Identifier: MIT */
/* What native functions print through stdio is not lost when they crash, are killed or leave. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { ITEMS = 40, BAD = 17 };

typedef enum ending {
    WELL,
    CRASH,
    ABORT,
    DIVIDE,
    LEAVE,
    HANG,
    KILLED,
    ENDINGS
} ending;

static const char *const names[] = {"well",  "crash", "abort", "divide",
                                    "leave", "hang",  "killed"};

/* What a child of the test does with its standard output in a file. */
typedef struct scene {
    FILE *file;
    ending how;
    bool keeps;
    bool is_process;
} scene;

/* No memory, which the compiler does not know. Not NULL: sanitizers end the process for that. */
static int *volatile nowhere = (int *)(uintptr_t)64;

static void end_badly(ending how)
{
    switch (how) {
    case CRASH: *nowhere = 1; break;
    case ABORT: abort();
    case DIVIDE: (void)raise(SIGFPE); break; /* not all processors trap a division */
    case LEAVE: _exit(3);
    case HANG:
        for (;;) {
            (void)pause();
        }
    case KILLED: (void)raise(SIGKILL); break;
    default: break;
    }
}

static int print_and_end(yoke_task *task)
{
    const ending how = *(const ending *)task->context;

    printf("[%zu]\n", task->index);
    if (task->index == BAD && how != WELL) {
        printf("(part"); /* no line yet */
        end_badly(how);
    }
    return 0;
}

static int print_in_process(void *argument, size_t bytes)
{
    const ending how = *(const ending *)argument;

    (void)bytes;
    printf("[%d]\n(part", BAD);
    end_badly(how);
    return 0;
}

static int run_process(yoke_pool *pool, scene *self)
{
    yoke_process *process = NULL;
    int code = 0;

    if (yoke_process_start(&process, pool, print_in_process, &self->how, sizeof self->how,
                           NULL) != YOKE_OK) {
        return 3;
    }
    if (self->how == HANG) {
        (void)yoke_process_wait(process, &code, 0.3);
        (void)yoke_process_kill(process);
    }
    (void)yoke_process_wait(process, &code, 30);
    (void)yoke_process_destroy(process);
    return 0;
}

static int run_tasks(yoke_pool *pool, scene *self)
{
    const yoke_task_options options = {
        .context = &self->how,
        .context_bytes = sizeof self->how,
        .timeout = self->how == HANG && !self->keeps ? 0.5 : 0,
        .item_timeout = self->keeps ? 0.5 : 0,
        .on_failure = self->keeps ? YOKE_ON_FAILURE_KEEP : YOKE_ON_FAILURE_DEFAULT};

    return (yoke_apply_each(pool, print_and_end, ITEMS, &options, NULL, 0) == YOKE_OK) !=
           (self->how == WELL);
}

/* Its standard output is a file, so it has a buffer. */
static int play(void *argument)
{
    scene *self = argument;
    yoke_pool *pool = NULL;
    int code;

    if (freopen("/dev/null", "w", stdout) == NULL ||
        dup2(fileno(self->file), STDOUT_FILENO) < 0) {
        return 1;
    }
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) != YOKE_OK) {
        return 2;
    }
    code = self->is_process ? run_process(pool, self) : run_tasks(pool, self);
    (void)yoke_pool_close(pool);
    return code;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static void check_text(const scene *self)
{
    static char text[20000];
    const size_t bytes = (rewind(self->file), fread(text, 1, sizeof text - 1, self->file));
    const size_t tries = self->how == KILLED ? 8 : self->how == WELL || self->how == HANG ||
                                                           self->is_process
                                                       ? 1
                                                       : 2;
    char line[16];

    text[bytes] = '\0';
    for (int i = 0; i < ITEMS; i++) {
        size_t count;

        (void)snprintf(line, sizeof line, "[%d]\n", i);
        count = count_of(text, line);
        if (i == BAD) {
            /* once for each time that it was called */
            if (self->keeps ? count != tries : count < 1) {
                fail_msg("%s: the line of item %d is there %zu times", names[self->how], i,
                         count);
            }
        } else if (!self->is_process && !(self->how == HANG && !self->keeps) &&
                   (self->keeps ? count != 1 : count < 1)) {
            fail_msg("%s: the line of item %d is there %zu times: %s", names[self->how], i,
                     count, text);
        }
    }
    if (self->how == CRASH || self->how == ABORT || self->how == DIVIDE) {
        /* the handler writes what is left */
        assert_true(count_of(text, "(part") >= 1);
    }
}

static void try_ending(ending how, bool keeps, bool is_process)
{
    scene self = {.file = tmpfile(), .how = how, .keeps = keeps, .is_process = is_process};

    assert_non_null(self.file);
    assert_int_equal(yt_in_child(play, &self, 60), 0);
    check_text(&self);
    (void)fclose(self.file);
}

static void test_tasks(void **state)
{
    (void)state;
    for (ending how = WELL; how < ENDINGS; how++) {
        try_ending(how, false, false);
    }
}

static void test_items(void **state)
{
    (void)state;
    for (ending how = WELL; how < ENDINGS; how++) {
        try_ending(how, true, false);
    }
}

static void test_processes(void **state)
{
    (void)state;
    for (ending how = WELL; how < ENDINGS; how++) {
        try_ending(how, false, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_tasks),
        yt_unit_test(test_items),
        yt_unit_test(test_processes),
    };

    return yt_run_group(tests);
}
