/* SPDX-License-Identifier: MIT */
#include "sys/process/process_stack.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "sys/elf.h"

/* The most that a process gets, and what no process can access below that: functions with large
 * arrays step over a single page. */
static const size_t max_stack = (size_t)16 << 30;
static const size_t below_stack = (size_t)1 << 20;

void *yk_stack_map(size_t bytes)
{
    char *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

    if (stack == MAP_FAILED) {
        return NULL;
    }
    (void)mprotect(stack, below_stack, PROT_NONE);
    (void)madvise(stack, bytes, MADV_NOHUGEPAGE);
    return stack;
}

/* Whether the system promises no more memory than it has (vm.overcommit_memory is 2). */
static bool stack_counts_as_memory(void)
{
    const int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
    char mode = '0';

    if (fd >= 0) {
        (void)!read(fd, &mode, 1);
        (void)close(fd);
    }
    return mode == '2';
}

/* As much as a main thread could have. */
static size_t stack_bytes(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur <= YK_STACK_BYTES ||
        stack_counts_as_memory()) {
        return YK_STACK_BYTES;
    }
    return limit.rlim_cur < max_stack ? (size_t)limit.rlim_cur : max_stack;
}

/* Whether this process is near the beginning of its main thread's stack, which grows to a limit
 * that is usual. Otherwise it was forked by a thread, whose stack may be small, or the limit is
 * low. The bytes at AT_RANDOM are where that stack begins. */
static bool has_usual_stack(void)
{
    const uintptr_t begin = (uintptr_t)getauxval(AT_RANDOM);
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    struct rlimit limit;

    return here < begin && begin - here < below_stack &&
           getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= YK_STACK_BYTES;
}

#if defined(__GLIBC__)

/* What runs on another stack. */
static struct {
    yk_process_main *entry;
    void *context;
    char *stack;
    size_t bytes;
} elsewhere;

/* AddressSanitizer has to know where the stack is. Functions that it does not have are NULL. */
static void tell_sanitizer(void)
{
    void *begin = dlsym(RTLD_DEFAULT, "__sanitizer_start_switch_fiber");
    void *end = dlsym(RTLD_DEFAULT, "__sanitizer_finish_switch_fiber");
    void (*start_switch)(void **, const void *, size_t) = NULL;
    void (*finish_switch)(void *, const void **, size_t *) = NULL;

    if (begin != NULL && end != NULL) {
        memcpy(&start_switch, &begin, sizeof start_switch);
        memcpy(&finish_switch, &end, sizeof finish_switch);
        start_switch(NULL, elsewhere.stack, elsewhere.bytes);
        finish_switch(NULL, NULL, NULL);
    }
}

static void run_elsewhere(void)
{
    tell_sanitizer();
    _exit(elsewhere.entry(elsewhere.context));
}

/* Returns only if there is no memory for a stack. */
static void run_on_own_stack(yk_process_main *entry, void *context)
{
    static ucontext_t state;
    size_t bytes = stack_bytes();
    char *stack = yk_stack_map(bytes);

    while (stack == NULL && bytes / 2 >= YK_STACK_BYTES) {
        bytes /= 2;
        stack = yk_stack_map(bytes);
    }
    if (stack == NULL || getcontext(&state) != 0) {
        return;
    }
    elsewhere.entry = entry;
    elsewhere.context = context;
    elsewhere.stack = state.uc_stack.ss_sp = stack + below_stack;
    elsewhere.bytes = state.uc_stack.ss_size = bytes - below_stack;
    state.uc_link = NULL;
    makecontext(&state, run_elsewhere, 0);
    (void)setcontext(&state);
}

#else

static void run_on_own_stack(yk_process_main *entry, void *context)
{
    (void)entry;
    (void)context;
}

#endif

/* Valgrind would wonder. */
int yk_stack_run(yk_process_main *entry, void *context)
{
    if (!has_usual_stack() && !yk_elf_has_valgrind()) {
        run_on_own_stack(entry, context);
    }
    return entry(context);
}
