/* SPDX-License-Identifier: MIT */
#include "sys/call_guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include "sys/cxx_exception.h"
#include "sys/process.h"

/* Where an exception is caught. It lies on the stack of its guard, which exists while it is
 * used. */
typedef struct catcher {
    jmp_buf back;
    struct _Unwind_Exception *exception; /* NULL: none was thrown */
} catcher;

typedef struct entry {
    yk_undo_hold *undo; /* NULL: a guard */
    void *object;       /* of a guard: its catcher, or NULL */
    uint64_t value;     /* of a guard: where the function that it calls begins */
    uintptr_t frame; /* of a guard: where its frame begins */
    /* forks before it: a forked process has a copy of the list, but holds nothing */
    uint32_t forks;
    bool is_alive; /* of a guard, during the search */
} entry;

enum { FIRST_CAPACITY = 16 };

typedef struct thread_list {
    entry *entries; /* NULL: it has never been used */
    size_t count;
    size_t capacity;
    size_t missing; /* number of the latest holds, for which there was no memory */
} thread_list;

/* So few bytes fit into the fastest kind of thread-local storage even in a library that is
 * loaded late. */
static _Thread_local thread_list list __attribute__((tls_model("initial-exec")));

/* ---- the list ---- */

/* The number of forks between this process and the first that used a list. */
static uint32_t fork_count;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_failed = -1; /* 0: there is a key */

static void call_guard_undo(const entry *hold)
{
    if (hold->undo != NULL && hold->forks == fork_count) {
        hold->undo(hold->object, hold->value);
    }
}

/* Undoes what is held from the first entry on, latest first. */
static void undo_from(size_t first)
{
    list.missing = 0;
    while (list.count > first) {
        const entry last = list.entries[--list.count];

        call_guard_undo(&last);
    }
}

static void free_list(void)
{
    free(list.entries);
    list.entries = NULL;
    list.capacity = 0;
}

/* The thread ends: no frame of the program is on its stack any more. */
static void end_thread(void *value)
{
    (void)value;
    undo_from(0);
    free_list();
}

/* If this library is part of another library, it is unloaded with that one: threads that end
 * later must not call this code. When the program ends, a call may still be in progress. */
__attribute__((destructor)) static void call_guard_unload(void)
{
    if (list.count == 0) {
        free_list();
    }
    if (key_failed == 0) {
        key_failed = pthread_key_delete(key) == 0 ? -1 : key_failed;
    }
}

static void count_fork(void)
{
    fork_count++;
}

static void call_guard_create_key(void)
{
    (void)pthread_atfork(NULL, NULL, count_fork);
    key_failed = pthread_key_create(&key, end_thread);
}

static bool grow_list(void)
{
    const size_t capacity = list.capacity == 0 ? FIRST_CAPACITY : 2 * list.capacity;
    entry *larger = realloc(list.entries, capacity * sizeof *larger);

    if (larger == NULL) {
        return false;
    }
    list.entries = larger;
    list.capacity = capacity;
    (void)pthread_once(&key_once, call_guard_create_key);
    if (key_failed == 0) {
        (void)pthread_setspecific(key, &list);
    }
    return true;
}

/* Room for one more entry. NULL: there is no memory; then all is right as long as the program's
 * functions return. */
static entry *make_room(thread_list *self)
{
    if (self->missing != 0 || (self->count == self->capacity && !grow_list())) {
        self->missing++;
        return NULL;
    }
    return &self->entries[self->count++];
}

static inline void call_guard_push(yk_undo_hold *undo_hold, void *object,
                                   uint64_t value, uintptr_t frame)
{
    thread_list *self = &list;
    entry *one = self->count < self->capacity && self->missing == 0
                     ? &self->entries[self->count++]
                     : make_room(self);

    if (one != NULL) {
        one->undo = undo_hold;
        one->object = object;
        one->value = value;
        one->frame = frame;
        one->forks = fork_count;
    }
}

static inline void call_guard_pop(void)
{
    thread_list *self = &list;

    if (self->missing != 0) {
        self->missing--;
    } else {
        self->count--;
    }
}

void yk_hold(yk_undo_hold *undo_hold, void *object, uint64_t value)
{
    call_guard_push(undo_hold, object, value, 0);
}

void yk_hold_end(void)
{
    call_guard_pop();
}

void yk_guard_forget(void)
{
    list.count = 0;
    list.missing = 0;
}

/* The first entry after the guard that precedes this one. */
static size_t segment_of(size_t guard)
{
    while (guard > 0 && list.entries[guard - 1].undo != NULL) {
        guard--;
    }
    return guard;
}

/* ---- what the unwinder calls ---- */

/* The guard that the unwinder has reached: the latest one whose frame begins slightly above. */
static size_t find_guard(uintptr_t stack_pointer)
{
    enum { MOST_FRAME = 4096 };

    for (size_t i = list.count; i > 0; i--) {
        const entry *guard = &list.entries[i - 1];

        if (guard->undo == NULL && guard->frame > stack_pointer &&
            guard->frame - stack_pointer < MOST_FRAME) {
            return i - 1;
        }
    }
    return list.count;
}

/* All frames below the guard's are gone when the second phase reaches it. */
_Unwind_Reason_Code yk_guard_personality(int version, _Unwind_Action actions,
                                         _Unwind_Exception_Class class,
                                         struct _Unwind_Exception *exception,
                                         struct _Unwind_Context *context);

__attribute__((used, visibility("hidden"))) _Unwind_Reason_Code
yk_guard_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                     struct _Unwind_Exception *exception,
                     struct _Unwind_Context *context)
{
    const size_t guard = find_guard((uintptr_t)_Unwind_GetCFA(context));
    catcher *here = guard < list.count ? list.entries[guard].object : NULL;

    (void)class;
    if (version != 1 || guard == list.count) {
        return _URC_CONTINUE_UNWIND;
    }
    if ((actions & _UA_SEARCH_PHASE) != 0) {
        return here != NULL ? _URC_HANDLER_FOUND : _URC_CONTINUE_UNWIND;
    }
    if ((actions & _UA_HANDLER_FRAME) != 0) {
        undo_from(guard + 1);
        here->exception = exception;
        _longjmp(here->back, 1);
    }
    undo_from(segment_of(guard));
    return _URC_CONTINUE_UNWIND;
}

/* Gives this personality to the frame in which it stands. The directive applies to the whole
 * function, which the compiler therefore may neither inline nor split. */
#define HAS_PERSONALITY __asm__ volatile(".cfi_personality 0x1b, yk_guard_personality")

#if defined(__clang__)
#define ONE_FRAME __attribute__((noinline))
#else
#define ONE_FRAME __attribute__((noinline, noclone, noipa))
#endif

/* ---- guards ---- */

ONE_FRAME void yk_guard_pass(yk_guarded *function, void *context)
{
    HAS_PERSONALITY;
    call_guard_push(NULL, NULL, (uintptr_t)function, (uintptr_t)__builtin_dwarf_cfa());
    function(context);
    call_guard_pop();
}

/* Whether the function has returned. */
static ONE_FRAME bool call_guard_run(catcher *here, yk_guarded *function, void *context)
{
    HAS_PERSONALITY;
    call_guard_push(NULL, here, (uintptr_t)function, (uintptr_t)__builtin_dwarf_cfa());
    if (_setjmp(here->back) == 0) {
        function(context);
    }
    call_guard_pop();
    return here->exception == NULL;
}

bool yk_guard_catch(yk_guarded *function, void *context, yk_error *error)
{
    catcher here;

    here.exception = NULL;
    if (call_guard_run(&here, function, context)) {
        return true;
    }
    (void)yk_exception_end(here.exception, error);
    return false;
}

/* ---- after longjmp() ---- */

typedef struct look {
    uintptr_t first; /* the frames that were seen */
    uintptr_t last;
} look;

static _Unwind_Reason_Code see_frame(struct _Unwind_Context *context, void *argument)
{
    const uintptr_t frame = (uintptr_t)_Unwind_GetCFA(context);
    look *seen = argument;

    seen->first = seen->first == 0 ? frame : seen->first;
    seen->last = frame;
    for (size_t i = 0; i < list.count; i++) {
        list.entries[i].is_alive |= list.entries[i].frame == frame;
    }
    return _URC_NO_REASON;
}

/* Whether an address is on the stack that the system gave the thread: then frames below another
 * one there are gone. The program may have stacks of its own. */
static bool is_on_own_stack(uintptr_t address)
{
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t bytes = 0;

    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        (void)pthread_attr_getstack(&attributes, &lowest, &bytes);
        (void)pthread_attr_destroy(&attributes);
    }
    return address - (uintptr_t)lowest < bytes;
}

/* Frames that the unwinder did not reach count as alive. */
static bool call_guard_is_gone(const entry *guard, const look *seen)
{
    if (guard->is_alive || guard->frame > seen->last) {
        return false;
    }
    return guard->frame >= seen->first ||
           (is_on_own_stack(guard->frame) && is_on_own_stack(seen->first));
}

static bool has_guards(void)
{
    bool found = false;

    for (size_t i = 0; i < list.count; i++) {
        found = found || list.entries[i].undo == NULL;
        list.entries[i].is_alive = false;
    }
    return found;
}

static entry take_out(size_t index)
{
    const entry one = list.entries[index];

    list.count--;
    memmove(&list.entries[index], &list.entries[index + 1],
            (list.count - index) * sizeof one);
    return one;
}

/* Removes a guard that is gone and undoes what was held there; the entries before and after
 * stay. Returns the index of the first of the latter. */
static size_t undo_segment(size_t guard)
{
    const size_t first = segment_of(guard);

    (void)take_out(guard);
    for (size_t i = guard; i > first; i--) {
        const entry hold = take_out(i - 1);

        call_guard_undo(&hold);
    }
    return first;
}

void yk_guard_settle(void)
{
    look seen = {0, 0};

    if (list.count == 0 || !has_guards()) {
        return;
    }
    (void)_Unwind_Backtrace(see_frame, &seen);
    for (size_t i = list.count; i > 0; i--) {
        const entry *last = &list.entries[i - 1];

        if (last->undo == NULL && call_guard_is_gone(last, &seen)) {
            i = undo_segment(i - 1) + 1;
        }
    }
}

bool yk_is_held(yk_undo_hold *undo_hold, const void *object, uint64_t least)
{
    yk_guard_settle();
    for (size_t i = 0; i < list.count; i++) {
        const entry *hold = &list.entries[i];

        if (hold->undo == undo_hold && hold->object == object && hold->value >= least) {
            return true;
        }
    }
    return false;
}

bool yk_guard_has_frame(uintptr_t frame, uintptr_t *function)
{
    for (size_t i = list.count; i > 0; i--) {
        const entry *guard = &list.entries[i - 1];

        if (guard->undo == NULL && guard->frame == frame) {
            *function = (uintptr_t)guard->value;
            return true;
        }
    }
    return false;
}

/* ---- cancellation ---- */

static void test_cancel(void *context)
{
    (void)context;
    pthread_testcancel();
}

void yk_guard_cancel_point(void)
{
    yk_guard_pass(test_cancel, NULL);
}

int yk_cancel_disable(void)
{
    int before = PTHREAD_CANCEL_ENABLE;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void yk_cancel_restore(const int *state)
{
    (void)pthread_setcancelstate(*state, NULL);
}

/* ---- the program functions that compute ---- */

void yk_user_call_returned(pid_t caller)
{
    if (yk_process_self() != caller) {
        yk_process_exit_now(EXIT_FAILURE);
    }
}

bool yk_user_call(yk_guarded *function, void *context, yk_error *error)
{
    const pid_t caller = yk_process_self();
    const yk_fp_environment before = yk_fp_use_default();
    const bool well = yk_guard_catch(function, context, error);

    yk_user_call_returned(caller);
    yk_fp_restore(before);
    return well;
}
