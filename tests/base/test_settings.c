/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/settings.h"

/* One of each type, and one without a default. */
#define FLAG "YOKE_GUARD"
#define SIZE "YOKE_ARENA"
#define TEXT "YOKE_DEVICES"
#define BARE "YOKE_TRACE"

static const char *const variables[] = {FLAG, SIZE, TEXT, BARE};

static yk_error error;

static void set_all(const char *value)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        assert_int_equal(
            value != NULL ? setenv(variables[i], value, 1) : unsetenv(variables[i]), 0);
    }
}

static void unset_and_empty_give_the_default(void **state)
{
    uint64_t bytes = 5;
    bool flag = true;

    (void)state;
    for (int empty = 0; empty < 2; empty++) {
        set_all(empty ? "" : NULL);
        assert_false(yk_setting_is_set(YK_SETTING_DEVICES));
        assert_false(yk_setting_is_set(YK_SETTING_TRACE));
        assert_string_equal(yk_setting_text(YK_SETTING_DEVICES), "cpu,gpu");
        assert_null(yk_setting_text(YK_SETTING_TRACE));
        assert_null(yk_env_text(BARE));
        assert_int_equal(yk_setting_bytes(YK_SETTING_ARENA, &bytes, &error), YOKE_OK);
        assert_int_equal(bytes, UINT64_C(1) << 40);
        assert_int_equal(yk_setting_flag(YK_SETTING_GUARD, &flag, &error), YOKE_OK);
        assert_false(flag);
        bytes = 5;
        flag = true;
    }
}

static void good_values_are_taken(void **state)
{
    uint64_t bytes = 0;

    (void)state;
    set_all("64K");
    assert_true(yk_setting_is_set(YK_SETTING_TRACE));
    assert_string_equal(yk_setting_text(YK_SETTING_TRACE), "64K");
    assert_string_equal(yk_setting_text(YK_SETTING_DEVICES), "64K");
    assert_string_equal(yk_env_text(BARE), "64K");
    assert_int_equal(yk_setting_bytes(YK_SETTING_ARENA, &bytes, &error), YOKE_OK);
    assert_int_equal(bytes, 65536);
}

static void bad_values_are_errors_that_name_the_variable(void **state)
{
    uint64_t bytes = 5;
    bool flag = true;

    (void)state;
    set_all("3cows");
    assert_int_equal(yk_setting_bytes(YK_SETTING_ARENA, &bytes, &error), YOKE_EINVAL);
    assert_string_equal(error.text, SIZE "=3cows: not a valid size; write a number of "
                                         "bytes, such as 4096, 512M or 2G");
    assert_int_equal(yk_setting_flag(YK_SETTING_GUARD, &flag, &error), YOKE_EINVAL);
    assert_string_equal(error.text, FLAG "=3cows: not a valid flag; write 1 or 0");
    assert_int_equal(yk_setting_flag(YK_SETTING_GUARD, &flag, NULL), YOKE_EINVAL);
    assert_int_equal(bytes, 5);
    assert_true(flag);
}

static void a_prefix_is_of_a_variable_that_is_set(void **state)
{
    (void)state;
    (void)yk_fail(&error, YOKE_EINVAL, "wrong");
    set_all(NULL);
    yk_setting_prefix(YK_SETTING_DEVICES, &error);
    assert_string_equal(error.text, "wrong");
    set_all("camel");
    yk_setting_prefix(YK_SETTING_DEVICES, &error);
    assert_string_equal(error.text, TEXT "=camel: wrong");
}

static void flags_have_words(void **state)
{
    static const char *const words[][2] = {
        {"0", "1"}, {"no", "YES"}, {"Off", "on"}, {"false", "true"}};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (int answer = 0; answer < 2; answer++) {
            bool flag = answer == 0;

            assert_int_equal(setenv(FLAG, words[i][answer], 1), 0);
            assert_int_equal(yk_setting_flag(YK_SETTING_GUARD, &flag, &error), YOKE_OK);
            assert_int_equal(flag, answer);
        }
    }
}

/* Of the type that the table names. */
static void defaults_are_valid(void **state)
{
    uint64_t bytes;
    bool flag;

    (void)state;
#define CHECK_text(identifier) (void)yk_setting_text(identifier)
#define CHECK_flag(identifier)                                                         \
    assert_int_equal(yk_setting_flag(identifier, &flag, &error), YOKE_OK)
#define CHECK_size(identifier)                                                         \
    assert_int_equal(yk_setting_bytes(identifier, &bytes, &error), YOKE_OK)
#define CHECK(identifier, name, type, standard, help)                                  \
    assert_int_equal(unsetenv(name), 0);                                               \
    CHECK_##type(identifier);
    YK_SETTING_TABLE(CHECK)
    YK_SETTING_TEST_TABLE(CHECK)
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unset_and_empty_give_the_default),
        cmocka_unit_test(good_values_are_taken),
        cmocka_unit_test(bad_values_are_errors_that_name_the_variable),
        cmocka_unit_test(a_prefix_is_of_a_variable_that_is_set),
        cmocka_unit_test(flags_have_words),
        cmocka_unit_test(defaults_are_valid),
    };

    (void)setlocale(LC_ALL, "");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
