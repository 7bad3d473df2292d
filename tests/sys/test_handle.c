/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "support/yoke_test.h"
#include "sys/handle.h"
#include "sys/process.h"

enum { MANY = 5000, RESTING = 512 };

typedef struct thing {
    yk_handle handle;
    uint64_t numbers[37];
} thing;

static thing *thing_create(void)
{
    thing *made = yk_handle_alloc(YK_HANDLE_FUTURE, sizeof *made);

    assert_non_null(made);
    yk_handle_open(made);
    return made;
}

static void test_states(void **state)
{
    thing *made = yk_handle_alloc(YK_HANDLE_FUTURE, sizeof *made);

    (void)state;
    assert_non_null(made);
    assert_int_equal(made->numbers[36], 0);
    assert_false(yk_handle_is(made, YK_HANDLE_FUTURE)); /* not yet */
    assert_false(yk_handle_shut(made));
    yk_handle_open(made);
    assert_true(yk_handle_is(made, YK_HANDLE_FUTURE));
    assert_false(yk_handle_is(made, YK_HANDLE_KERNEL));
    assert_int_equal(yk_handle_kind_of(made), YK_HANDLE_FUTURE);
    assert_int_equal(yk_handle_owner(made), getpid());
    assert_true(yk_handle_suspend(made));
    assert_false(yk_handle_suspend(made));
    assert_false(yk_handle_is(made, YK_HANDLE_FUTURE));
    yk_handle_resume(made);
    assert_true(yk_handle_is(made, YK_HANDLE_FUTURE));
    assert_true(yk_handle_shut(made));
    assert_false(yk_handle_shut(made));
    assert_false(yk_handle_is(made, YK_HANDLE_FUTURE));
    made->numbers[36] = 1; /* the library's until it is free */
    yk_handle_free(made);
    yk_handle_free(NULL);
    assert_false(yk_handle_is(made, YK_HANDLE_FUTURE));
    assert_int_equal(yk_handle_kind_of(made), YK_HANDLE_NONE);
}

/* Any pointer may be asked about: also where nothing can be read. */
static void test_other_memory(void **state)
{
    thing *made = thing_create();
    thing copy;

    (void)state;
    memcpy(&copy, made, sizeof copy);
    assert_false(yk_handle_is(&copy, YK_HANDLE_FUTURE));
    assert_false(yk_handle_is(NULL, YK_HANDLE_FUTURE));
    assert_false(yk_handle_is((void *)(uintptr_t)1, YK_HANDLE_FUTURE));
    assert_false(yk_handle_is((void *)(uintptr_t)4096, YK_HANDLE_FUTURE));
    assert_false(yk_handle_is((void *)UINTPTR_MAX, YK_HANDLE_FUTURE));
    assert_int_equal(yk_handle_kind_of((void *)(uintptr_t)4096), YK_HANDLE_NONE);
    for (size_t at = 1; at < sizeof *made; at++) {
        assert_false(yk_handle_is((char *)made + at, YK_HANDLE_FUTURE));
    }
    yk_handle_free(made);
}

/* A slot comes last of those that rest to be used again, as another handle. */
static void test_rest(void **state)
{
    thing *first = thing_create();
    const uint64_t serial = yk_handle_serial(first);
    size_t count = 0;
    thing *made;

    (void)state;
    first->numbers[0] = 7;
    yk_handle_free(first);
    do {
        made = thing_create();
        assert_int_equal(yk_handle_is(first, YK_HANDLE_FUTURE), made == first);
        yk_handle_free(made);
        count++;
    } while (made != first && count < 100 * RESTING);
    assert_ptr_equal(made, first);
    assert_true(count >= RESTING);
    made = thing_create();
    assert_true(yk_handle_serial(made) > serial);
    assert_int_equal(made->numbers[0], 0);
    yk_handle_free(made);
}

/* More than a region holds. */
static void test_many(void **state)
{
    static thing *all[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        all[i] = thing_create();
        memset(all[i]->numbers, (int)i, sizeof all[i]->numbers);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_true(yk_handle_is(all[i], YK_HANDLE_FUTURE));
        assert_int_equal((unsigned char)all[i]->numbers[36], (unsigned char)i);
        yk_handle_free(all[i]);
        assert_false(yk_handle_is(all[i], YK_HANDLE_FUTURE));
    }
}

/* What is large gives its memory back, and is zero when it is used again. */
static void test_large(void **state)
{
    typedef struct large {
        yk_handle handle;
        unsigned char bytes[100000];
    } large;

    (void)state;
    for (int i = 0; i < 100; i++) {
        large *made = yk_handle_alloc(YK_HANDLE_POOL, sizeof *made);

        assert_non_null(made);
        yk_handle_open(made);
        assert_true(yk_handle_is(made, YK_HANDLE_POOL));
        for (size_t at = 0; at < sizeof made->bytes; at += 99) {
            assert_int_equal(made->bytes[at], 0);
            made->bytes[at] = 1;
        }
        yk_handle_free(made);
        assert_false(yk_handle_is(made, YK_HANDLE_POOL));
    }
}

/* ---- threads and processes ---- */

static atomic_bool is_over;

static void *make_and_free(void *unused)
{
    (void)unused;
    while (!atomic_load(&is_over)) {
        yk_handle_free(thing_create());
    }
    return NULL;
}

/* Of two threads that shut a handle one is told so. */
static void *shut_it(void *made)
{
    return yk_handle_shut(made) ? made : NULL;
}

static void test_two_threads(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        thing *made = thing_create();
        pthread_t other;
        void *there;
        bool here;

        assert_int_equal(pthread_create(&other, NULL, shut_it, made), 0);
        here = yk_handle_shut(made);
        assert_int_equal(pthread_join(other, &there), 0);
        assert_int_equal(here, there == NULL);
        yk_handle_free(made);
    }
}

/* A process that is forked while other threads make handles has the same handles, of another
 * owner, and can make its own. */
static void test_forks(void **state)
{
    thing *made = thing_create();
    pthread_t others[2];

    (void)state;
    atomic_store(&is_over, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&others[i], NULL, make_and_free, NULL), 0);
    }
    for (int i = 0; i < 100; i++) {
        const pid_t child = fork();
        int status = 1;

        if (child == 0) {
            thing *own = yk_handle_alloc(YK_HANDLE_FUTURE, sizeof *own);

            _exit(own != NULL && own != made && yk_handle_is(made, YK_HANDLE_FUTURE) &&
                          yk_handle_owner(made) == getppid() &&
                          own->handle.owner == getpid()
                      ? 0
                      : 1);
        }
        assert_true(yk_process_reap(child, true, &status));
        assert_int_equal(status, 0);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(others[i], NULL), 0);
    }
    yk_handle_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_states), yt_unit_test(test_other_memory),
        yt_unit_test(test_rest),   yt_unit_test(test_many),
        yt_unit_test(test_large),  yt_unit_test(test_two_threads),
        yt_unit_test(test_forks),
    };

    return yt_run_group(tests);
}
