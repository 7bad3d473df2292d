/* SPDX-License-Identifier: MIT */
/*
 * Calls of the program's functions that may never return: a C++ exception is thrown through
 * the library's frames, longjmp() jumps over them, or the thread is cancelled or ends itself
 * in the function. Each thread keeps a list, outside its stack, of what such frames hold and
 * how that is undone:
 *
 *     hold, hold, guard | hold, guard | hold ...
 *
 * A guard is a call of the program's function; the holds before it are those of the library's
 * frames above it. No lock is held across a guard.
 *
 *     the frames go by                  the holds are undone
 *     an exception or cancellation      as it comes past the guard
 *     longjmp()                         later, by yk_guard_settle() in the same thread: the
 *                                       guard's frame is not on its stack any more
 *     longjmp(), then the thread's end  as the thread ends
 */
#ifndef YK_SYS_CALL_GUARD_H
#define YK_SYS_CALL_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fp_environment.h"

typedef void yk_guarded(void *context);
typedef void yk_undo_hold(void *object, uint64_t value);

/* The calling function holds something between these two calls. `object` must not be on its
 * stack, which may have been overwritten when the hold is undone. */
void yk_hold(yk_undo_hold *undo, void *object, uint64_t value);
void yk_hold_end(void);

/* Whether the thread holds this object, with at least this value. First undoes what frames held
 * that longjmp() has left. */
bool yk_is_held(yk_undo_hold *undo, const void *object, uint64_t least);

/* Calls function(context). An exception continues to the program's frames above. */
void yk_guard_pass(yk_guarded *function, void *context);

/* The same, but an exception is caught: false, with its text in `error`, YOKE_EKERNEL. */
bool yk_guard_catch(yk_guarded *function, void *context, yk_error *error);

/* A cancellation point. The library's own system calls are not cancellation points
 * (YK_NOT_CANCELLED). */
void yk_guard_cancel_point(void);

/* Undoes what frames held that longjmp() has left. Costs almost nothing outside of guards, some
 * microseconds inside. */
void yk_guard_settle(void);

/* In a signal handler: whether this is the frame of a guard in this thread. *function: where the
 * function that it calls begins. */
bool yk_guard_has_frame(uintptr_t frame, uintptr_t *function);

/* In a new process: clears the list, which is a copy of its parent's. */
void yk_guard_forget(void);

/* ---- no cancellation ---- */

int yk_cancel_disable(void);
void yk_cancel_restore(const int *state);

/* Until the end of the block the system calls in it are not cancellation points. */
#define YK_NOT_CANCELLED                                                               \
    __attribute__((cleanup(yk_cancel_restore), unused))                                \
    const int cancel_state_before = yk_cancel_disable()

/* ---- the program functions that compute ---- */

/*
 * Calls of the program's functions that compute: kernels, tasks, functions that combine. These
 * give the same results in every process and thread, whatever was called there before: each
 * call has the default floating-point environment, and afterwards the thread has its own again.
 * An exception makes the call fail.
 */

/* The text for a call that was ended by longjmp() or by the end of its thread. */
#define YK_HAS_NOT_RETURNED "did not return: longjmp() left it, or its thread ended"

/* For a function that has returned, and the process that called it. If this is another process, the
 * function has forked it: it would go on with the library's work as a second one of the same kind,
 * so it ends. Costs a load. */
void yk_user_call_returned(pid_t caller);

/* False: an exception, with its text in `error`, YOKE_EKERNEL. */
bool yk_user_call(yk_guarded *function, void *context, yk_error *error);

#endif
