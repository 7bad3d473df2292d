/* SPDX-License-Identifier: MIT */
/*
 * What every test includes: cmocka and its prerequisites, checks of a yoke_status that
 * print the call and the reason, functions run in a child process, and the check that a
 * test leaves nothing behind.
 *
 * Never assert in a child process: return a code and check it in the parent.
 */
#ifndef YOKE_TEST_H
#define YOKE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "yoke/status.h"

/* The call must succeed. */
#define assert_ok(call) yt_check_status((call), YOKE_OK, #call, "", __FILE__, __LINE__)

/* The call must end with this status. */
#define assert_status(call, expected)                                                    \
    yt_check_status((call), (expected), #call, "", __FILE__, __LINE__)

/* The same, showing yoke_pool_error(pool); NULL for yoke_pool_create(). */
#define assert_ok_pool(pool, call) assert_status_pool(pool, call, YOKE_OK)
#define assert_status_pool(pool, call, expected)                                         \
    do {                                                                                 \
        const yoke_status yt_status = (call);                                            \
        yt_check_status(yt_status, (expected), #call, yoke_pool_error(pool), __FILE__,   \
                        __LINE__);                                                       \
    } while (0)

/* The text must contain the part. */
#define assert_contains(text, part) yt_check_contains((text), (part), __FILE__, __LINE__)

/* A number that is not negative must be in [low, high]; cmocka's own check has another name in
 * each of its versions. */
#define assert_between(number, low, high)                                                \
    yt_check_between((uint64_t)(number), (uint64_t)(low), (uint64_t)(high), #number,     \
                     __FILE__, __LINE__)

void yt_check_status(yoke_status status, yoke_status expected, const char *call,
                     const char *detail, const char *file, int line);
void yt_check_contains(const char *text, const char *part, const char *file, int line);
void yt_check_between(uint64_t number, uint64_t low, uint64_t high, const char *what,
                      const char *file, int line);

/* A time limit that follows the load: a second counts for less while more threads want to run than
 * there are processors, but for at least 1/YT_MOST_PATIENCE. It catches hangs; no test judges by
 * it how long something takes. All limits below are of this kind. */
enum { YT_MOST_PATIENCE = 10 };

typedef struct yt_limit {
    double left; /* seconds */
    double last; /* when it was looked at */
} yt_limit;

void yt_limit_start(yt_limit *limit, double seconds);

/* To be called often: it asks for the load of this moment. */
bool yt_limit_is_over(yt_limit *limit);

/* Of many combinations, one in `of` is tried, and all if YOKE_TEST_FULL is set. */
bool yt_is_turn(size_t i, size_t of);

/* What yt_in_child() returns for a child that had to be killed at its deadline. */
enum { YT_TIMED_OUT = -1000 };

/* Runs a function in a forked child, which ends with the function's result as its exit
 * code. Returns that code, minus the signal's number if a signal ended the child, or
 * YT_TIMED_OUT. */
int yt_in_child(int (*function)(void *arg), void *arg, double seconds);

/* Starts such a child without waiting; returns its pid. */
int yt_start_child(int (*function)(void *arg), void *arg);

/* Waits for such a child; at the deadline kills it. Returns as yt_in_child(). */
int yt_wait_child(int pid, double seconds);

/* Waits until a condition holds; false if it does not within the time. */
bool yt_wait_until(bool (*condition)(void *arg), void *arg, double seconds);

/* Remembers which processes, descriptors, mappings and shared memory there are. */
void yt_remember(void);

/* Whether nothing has been added since, or is gone again within the time: no child
 * process, however it was made, no other process that runs this program, no thread, no
 * descriptor, no mapping of a memfd, no /dev/shm entry. */
bool yt_is_clean(double seconds);

/* The same, printing what is left after a moment of grace. */
bool yt_nothing_alive(void);

/* Test fixture: after the test nothing may be alive that was not there when the group
 * started. */
int yt_test_teardown(void **state);

/* The result of main() after a group with so many failures. */
int yt_finish(int failures);

/* Runs a group of tests and then checks that nothing is alive; the result of main(). */
#define yt_run_group(tests) yt_run_group_with(tests, NULL, NULL)
#define yt_run_group_with(tests, setup, teardown)                                        \
    (yt_remember(), yt_finish(cmocka_run_group_tests(tests, setup, teardown)))

/* A test after which nothing may be alive, for groups whose tests make their own pool. */
#define yt_unit_test(function) cmocka_unit_test_teardown(function, yt_test_teardown)

#endif
