/* SPDX-License-Identifier: MIT */
/* What the text about a crash says: the address, the argument that is near, the function and its
 * line. Whatever happens while the dying process records it, the job goes on. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_setup.h"
#include "support/unsanitized.h"

enum { ITEMS = 64 };

/* Its memcpy() is the program's own. */
#if defined(__SANITIZE_ADDRESS__)
#define CRASH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CRASH_SANITIZED 1
#endif
#endif
#ifndef CRASH_SANITIZED
#define CRASH_SANITIZED 0
#endif

/* What a kernel is to do. */
typedef enum deed {
    DO_NOTHING,
    WRITE_BEHIND,
    WRITE_BEFORE,
    READ_NOWHERE,
    CALL_NOWHERE,
    DIVIDE,
    ABORT,
    RAISE,
    OVERFLOW,
    COPY_NOWHERE,
    USE_NO_ADDRESS,
    EXECUTE_TRAP,
    TWO_THREADS,
    HANDLE_ITSELF,
} deed;

/* In the pool's memory. */
typedef struct plan {
    _Atomic uint32_t deed;
    _Atomic uint32_t times; /* how many workers do that; the others compute */
} plan;

/* The compiler is not to know what is wrong here. */
static volatile uintptr_t nowhere = 0x10;
static volatile int zero;
static volatile size_t copied = ITEMS * sizeof(uint32_t);
static volatile uint32_t sink;
static void (*volatile no_function)(void);

#define APART __attribute__((noinline, noclone))
#if defined(__clang__)
#undef APART
#define APART __attribute__((noinline))
#endif

YT_UNSANITIZED APART static void write_there(volatile uint32_t *x)
{
    *x = 1;
}

APART static uint32_t call_deeper(uint32_t depth)
{
    volatile uint32_t room[1024];

    room[depth % 1024] = depth == UINT32_MAX ? 0 : call_deeper(depth + 1);
    return room[depth % 1024]; /* after the call, so that it is not made a loop */
}

static void *write_nowhere(void *unused)
{
    (void)unused;
    write_there((volatile uint32_t *)nowhere);
    return NULL;
}

static void crash_in_two_threads(void)
{
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, write_nowhere, NULL);
    }
    (void)pthread_join(threads[0], NULL);
}

static void leave_with_three(int number)
{
    (void)number;
    _exit(3);
}

YT_UNSANITIZED APART static void misbehave(uint32_t what, uint32_t *x)
{
    switch (what) {
    case WRITE_BEHIND:
        write_there(x + ITEMS + 1000);
        break;
    case WRITE_BEFORE:
        write_there(x - 2000);
        break;
    case READ_NOWHERE:
        sink = *(volatile uint32_t *)nowhere;
        break;
    case CALL_NOWHERE:
        no_function();
        break;
    case DIVIDE:
        sink = (uint32_t)(1000 / zero);
        break;
    case ABORT:
        abort();
    case RAISE:
        (void)raise(SIGBUS);
        break;
    case OVERFLOW:
        sink = call_deeper(0);
        break;
    case COPY_NOWHERE:
        memcpy(x, (const void *)nowhere, copied);
        break;
    case USE_NO_ADDRESS:
        write_there((volatile uint32_t *)(uintptr_t)0x6b6b6b6b6b6b6b6b);
        break;
    case EXECUTE_TRAP:
        __builtin_trap();
    case TWO_THREADS:
        crash_in_two_threads();
        break;
    case HANDLE_ITSELF:
        (void)signal(SIGSEGV, leave_with_three);
        write_there((volatile uint32_t *)nowhere);
        break;
    default:
        break;
    }
    sink = what; /* so that the last call is no jump */
}

static void stumble(const yoke_span *span, void *const args[])
{
    uint32_t *x = args[0];
    plan *own = args[1];
    uint32_t left = atomic_load(&own->times);

    if (span->begin == 0 && left > 0 &&
        (left == UINT32_MAX ||
         atomic_compare_exchange_strong(&own->times, &left, left - 1))) {
        misbehave(atomic_load(&own->deed), x);
    }
    for (size_t i = span->begin; i < span->end; i++) {
        x[i] = (uint32_t)i;
    }
}

/* ---- one job ---- */

typedef struct stage {
    yoke_pool *pool;
    yoke_kernel *kernel;
    uint32_t *x;
    plan *own;
} stage;

static stage open_stage(const char *fault, bool guarded)
{
    const yoke_kernel_options options = {.name = "stumble", .native = stumble};
    stage self;

    if (guarded) {
        (void)setenv("YOKE_GUARD", "1", 1);
    }
    self.pool = ft_pool("cpu:1", fault);
    (void)unsetenv("YOKE_GUARD");
    assert_ok_pool(self.pool, yoke_kernel_create(&self.kernel, self.pool, &options));
    self.x = yoke_alloc(self.pool, ITEMS * sizeof *self.x);
    self.own = yoke_alloc(self.pool, sizeof *self.own);
    assert_non_null(self.x);
    assert_non_null(self.own);
    return self;
}

static void close_stage(stage *self)
{
    yoke_kernel_destroy(self->kernel);
    ft_close(self->pool);
}

static yoke_status run_deed(const stage *self, deed what, uint32_t times)
{
    atomic_store(&self->own->deed, what);
    atomic_store(&self->own->times, times);
    memset(self->x, 0xff, ITEMS * sizeof *self->x);
    return yoke_map(self->pool, self->kernel, yoke_range_1d(ITEMS),
                    yoke_out(self->x, sizeof *self->x),
                    yoke_in_whole(self->own, sizeof *self->own));
}

/* The text of a job whose worker always crashes. */
static const char *text_of(const stage *self, deed what)
{
    assert_status(run_deed(self, what, UINT32_MAX), YOKE_ECRASHED);
    return yoke_pool_error(self->pool);
}

static bool has_line_numbers(void)
{
    void *library = dlopen("libdw.so.1", RTLD_NOW);

    if (library != NULL) {
        (void)dlclose(library);
    }
    return library != NULL;
}

static void check_names(const char *text, const char *function)
{
    assert_contains(text, function);
    if (has_line_numbers()) {
        assert_contains(text, "test_crash.c:");
    }
}

/* ---- texts ---- */

static void test_arguments(void **state)
{
    stage self = open_stage(NULL, true);
    const char *text;

    (void)state;
    text = text_of(&self, WRITE_BEHIND);
    assert_contains(text, "wrote to address 0x");
    assert_contains(text, "4001 bytes after argument 1");
    check_names(text, "in write_there");
    text = text_of(&self, WRITE_BEFORE);
    assert_contains(text, "8000 bytes before argument 1");
    close_stage(&self);
}

static void test_causes(void **state)
{
    static const struct {
        deed what;
        const char *words;
        const char *function;
    } cases[] = {
        {READ_NOWHERE, "(Segmentation fault): it read from address 0x10", "in misbehave"},
        {CALL_NOWHERE, "in a call to where no code is", "called by misbehave"},
        {DIVIDE, "killed by signal 8", "in misbehave"},
        {ABORT, "killed by signal 6", "called by misbehave"},
        {RAISE, "killed by signal 7", "called by misbehave"},
        {OVERFLOW, "behind the end of its stack", "in call_deeper"},
        {COPY_NOWHERE, "read from address 0x10", "called by misbehave"},
        {USE_NO_ADDRESS, "address that the processor cannot have", "in write_there"},
        {EXECUTE_TRAP, "killed by signal", "in misbehave"},
        {TWO_THREADS, "wrote to address 0x10", "in write_there"},
    };
    stage self = open_stage(NULL, false);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text;

        if (cases[i].what == COPY_NOWHERE && CRASH_SANITIZED) {
            continue;
        }
        text = text_of(&self, cases[i].what);
        assert_contains(text, cases[i].words);
        check_names(text, cases[i].function);
    }
    close_stage(&self);
}

/* A handler that the program's function has installed is the one that runs. */
static void test_own_handler(void **state)
{
    stage self = open_stage(NULL, false);

    (void)state;
    assert_contains(text_of(&self, HANDLE_ITSELF), "exited with code 3");
    assert_ok_pool(self.pool, run_deed(&self, DO_NOTHING, 1));
    close_stage(&self);
}

/* ---- processes of the program ---- */

YT_UNSANITIZED static int divide_by_zero(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return 1000 / zero;
}

static int return_three(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return 3;
}

static void test_process(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    yoke_process *process = NULL;
    int code = 0;

    (void)state;
    assert_ok_pool(pool, yoke_process_start(&process, pool, divide_by_zero, NULL, 0, NULL));
    assert_ok_pool(pool, yoke_process_wait(process, &code, FT_SECONDS));
    assert_int_equal(code, -SIGFPE);
    assert_contains(yoke_process_explain(process), "killed by signal 8");
    check_names(yoke_process_explain(process), "in divide_by_zero");
    yoke_process_destroy(process);
    assert_ok_pool(pool, yoke_process_start(&process, pool, return_three, NULL, 0, NULL));
    assert_ok_pool(pool, yoke_process_wait(process, &code, FT_SECONDS));
    assert_string_equal(yoke_process_explain(process), "exited with code 3");
    yoke_process_destroy(process);
    assert_string_equal(yoke_process_explain(process), "");
    ft_close(pool);
}

/* ---- dying while it is recorded ---- */

static void test_points(void **state)
{
    static const char *const points[] = {"crash-writing", "crash-complete",
                                         "crash-walked", "crash-placed"};

    (void)state;
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        stage self = open_stage(points[p], false);

        assert_ok_pool(self.pool, run_deed(&self, READ_NOWHERE, 2));
        for (uint32_t i = 0; i < ITEMS; i++) {
            assert_int_equal(self.x[i], i);
        }
        assert_int_equal(ft_restarts(self.pool), 2);
        close_stage(&self);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        yt_unit_test(test_arguments), yt_unit_test(test_causes),
        yt_unit_test(test_own_handler), yt_unit_test(test_process),
        yt_unit_test(test_points),
    };

    return yt_run_group(tests);
}
