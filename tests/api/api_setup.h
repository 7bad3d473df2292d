/* SPDX-License-Identifier: MIT */
/* Pools, native kernels and gates for the tests of the public calls. */
#ifndef API_SETUP_H
#define API_SETUP_H

#include <stdatomic.h>
#include <stdint.h>

#include "support/yoke_test.h"
#include "yoke/yoke.h"

/* The allocators of sanitizers do not survive a fork of a process with threads, and they
 * reserve more address space than any limit leaves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define API_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define API_SANITIZED 1
#endif
#endif
#ifndef API_SANITIZED
#define API_SANITIZED 0
#endif

/* How long a wait may take that is not allowed to hang. The limits of the library's calls do not
 * follow the load: that of the whole test does, and comes first where nothing else runs. */
#define API_SECONDS 600.0

/* Lies in the pool's memory; holds what passes through it until it is opened. */
typedef struct api_gate {
    _Atomic uint32_t open;
    _Atomic uint32_t arrived; /* spans that are held, or were */
} api_gate;

yoke_native api_fill;      /* out uint32[i], scalar uint32: all are that value */
yoke_native api_number;    /* out uint32[i]: item i is i */
yoke_native api_increment; /* inout uint32[i]: one more each */
yoke_native api_successor; /* out uint32[i], in uint32[i]: in + 1 */
yoke_native api_hold; /* inout uint32[i], in_whole gate: waits there, then increments */
yoke_native api_refuse; /* out uint32[i]: reports a failure at item 5 */

/* A pool of native workers; the test fails if there can be none. */
yoke_pool *api_open(const char *devices);
void api_close(yoke_pool *pool);

yoke_kernel *api_kernel(yoke_pool *pool, const char *name, yoke_native *native);

uint32_t *api_numbers(yoke_pool *pool, size_t count);
api_gate *api_gate_create(yoke_pool *pool);
void api_gate_open(api_gate *gate);

/* Waits until `arrived` threads are held at the gate. */
void api_gate_await(api_gate *gate, uint32_t arrived);

/* Whether all have the value. */
bool api_all(const uint32_t *numbers, size_t count, uint32_t value);

/* The pool computes something right and in full; the test fails if it does not. */
void api_check_works(yoke_pool *pool);

/* One sentence: a few words in one line. */
void api_check_sentence(const char *text);

/* The call on a pool ends with this status, and the pool says so with these words. */
#define assert_refused(pool, call, status, words)                                      \
    do {                                                                               \
        assert_status_pool(pool, call, status);                                        \
        assert_contains(yoke_pool_error(pool), words);                                 \
        api_check_sentence(yoke_pool_error(pool));                                     \
    } while (0)

/* For child processes, where nothing is asserted: a pool or NULL; 0 if the pool
 * computes something right; 0 if a pool can be created, used and closed here. */
yoke_pool *api_try_open(const char *devices);
int api_try_map(yoke_pool *pool);
int api_try_pool(const char *devices);

#endif
