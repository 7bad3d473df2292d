/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

enum { LONG = 5000 };

/* A text of so many characters, all the same; for the caller to free. */
static char *text_of(char letter, size_t length)
{
    char *text = malloc(length + 1);

    assert_non_null(text);
    memset(text, letter, length);
    text[length] = '\0';
    return text;
}

static void short_texts_lie_in_the_error(void **state)
{
    yk_error error;

    (void)state;
    assert_true(sizeof error <= 1024);
    assert_int_equal(yk_fail(&error, YOKE_EINVAL, "%d is wrong", 3), YOKE_EINVAL);
    assert_int_equal(error.status, YOKE_EINVAL);
    yk_error_append(&error, "; %s", "4 is right");
    yk_error_prefix(&error, "number: ");
    assert_string_equal(yk_error_text(&error), "number: 3 is wrong; 4 is right");
    assert_string_equal(error.text, "number: 3 is wrong; 4 is right");
    yk_error_clear(&error);
    assert_int_equal(error.status, YOKE_OK);
    assert_string_equal(yk_error_text(&error), "");
    assert_int_equal(yk_fail(NULL, YOKE_ENOMEM, "dropped"), YOKE_ENOMEM);
    yk_error_append(NULL, "dropped");
    yk_error_prefix(NULL, "dropped");
    yk_error_clear(NULL);
}

static void long_texts_stay_whole(void **state)
{
    char *log = text_of('l', LONG);
    char *expected = malloc(LONG + 64);
    yk_error error;

    (void)state;
    assert_non_null(expected);
    memset(&error, 0xa5, sizeof error); /* as a stack may be */
    yk_fail(&error, YOKE_EBUILD, "%s", log);
    yk_error_prefix(&error, "kernel '%s': ", "f");
    yk_error_append(&error, "; %d more", 7);
    (void)snprintf(expected, LONG + 64, "kernel 'f': %s; 7 more", log);
    assert_string_equal(yk_error_text(&error), expected);
    yk_fail(&error, YOKE_EINVAL, "short again");
    assert_string_equal(yk_error_text(&error), "short again");
    free(expected);
    free(log);
}

/* Texts become long where they grow, at each length around the limit. */
static void texts_grow_over_the_limit(void **state)
{
    (void)state;
    for (size_t n = YK_ERROR_BYTES - 20; n < YK_ERROR_BYTES + 20; n++) {
        char *base = text_of('b', n);
        char *expected = malloc(n + 16);
        yk_error error;

        assert_non_null(expected);
        yk_fail(&error, YOKE_EINVAL, "%s", base);
        assert_string_equal(yk_error_text(&error), base);
        yk_error_append(&error, "-%s", "end");
        yk_error_prefix(&error, "at ");
        (void)snprintf(expected, n + 16, "at %s-end", base);
        assert_string_equal(yk_error_text(&error), expected);
        free(expected);
        free(base);
    }
}

static void texts_have_a_maximum(void **state)
{
    char *log = text_of('m', 2 * YK_LOG_BYTES);
    yk_error error;

    (void)state;
    yk_fail(&error, YOKE_EBUILD, "%s", log);
    assert_int_equal(strlen(yk_error_text(&error)), YK_LOG_BYTES - 1);
    yk_error_append(&error, "dropped");
    assert_int_equal(strlen(yk_error_text(&error)), YK_LOG_BYTES - 1);
    yk_error_prefix(&error, "where: ");
    assert_int_equal(strlen(yk_error_text(&error)), YK_LOG_BYTES - 1);
    assert_memory_equal(yk_error_text(&error), "where: mmm", 10);
    free(log);
}

/* One error in another's text, as calls inside of calls have them. */
static void errors_nest(void **state)
{
    char *log = text_of('n', LONG);
    char *expected = malloc(LONG + 64);
    yk_error inner;
    yk_error outer;
    yk_error copy;

    (void)state;
    assert_non_null(expected);
    yk_fail(&inner, YOKE_EBUILD, "%s", log);
    yk_fail(&outer, YOKE_EBUILD, "outer: %s", yk_error_text(&inner));
    copy = outer;
    (void)snprintf(expected, LONG + 64, "outer: %s", log);
    assert_string_equal(yk_error_text(&inner), log);
    assert_string_equal(yk_error_text(&outer), expected);
    assert_string_equal(yk_error_text(&copy), expected);
    free(expected);
    free(log);
}

/* What a thread does not keep any more is cut, never another text. */
static void forgotten_texts_are_cut(void **state)
{
    char *log = text_of('f', LONG);
    yk_error error;
    yk_error others[YK_LONG_TEXTS];

    (void)state;
    yk_fail(&error, YOKE_EBUILD, "%s", log);
    for (int i = 0; i < YK_LONG_TEXTS; i++) {
        yk_fail(&others[i], YOKE_EBUILD, "%d%s", i, log);
    }
    assert_int_equal(strlen(yk_error_text(&error)), YK_ERROR_BYTES - 1);
    assert_memory_equal(yk_error_text(&error), log, YK_ERROR_BYTES - 1);
    for (int i = 0; i < YK_LONG_TEXTS; i++) {
        assert_int_equal(strlen(yk_error_text(&others[i])), LONG + 1);
    }
    free(log);
}

static void *read_in_thread(void *context)
{
    const yk_error *error = context;
    char *log = text_of('t', LONG);
    yk_error own;
    bool right;

    right = strlen(yk_error_text(error)) == YK_ERROR_BYTES - 1;
    for (int i = 0; i < 2 * YK_LONG_TEXTS; i++) {
        yk_fail(&own, YOKE_EBUILD, "%s", log);
        right = right && strcmp(yk_error_text(&own), log) == 0 &&
                strlen(yk_error_text(error)) == YK_ERROR_BYTES - 1;
    }
    free(log);
    return right ? context : NULL;
}

/* Each thread has its own; they are freed with it. */
static void threads_do_not_share_texts(void **state)
{
    char *log = text_of('u', LONG);
    yk_error error;
    pthread_t thread;
    void *right;

    (void)state;
    yk_fail(&error, YOKE_EBUILD, "%s", log);
    assert_int_equal(pthread_create(&thread, NULL, read_in_thread, &error), 0);
    assert_int_equal(pthread_join(thread, &right), 0);
    assert_non_null(right);
    assert_string_equal(yk_error_text(&error), log);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_texts_lie_in_the_error),
        cmocka_unit_test(long_texts_stay_whole),
        cmocka_unit_test(texts_grow_over_the_limit),
        cmocka_unit_test(texts_have_a_maximum),
        cmocka_unit_test(errors_nest),
        cmocka_unit_test(forgotten_texts_are_cut),
        cmocka_unit_test(threads_do_not_share_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
