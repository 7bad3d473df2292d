/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/env.h"

#define VARIABLE "YOKE_TEST_SETTING"

static yk_error error;

static void sizes_are_parsed(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t bytes;
    } table[] = {
        {"0", true, 0},
        {"4096", true, 4096},
        {"1B", true, 1},
        {"2K", true, 2048},
        {"2k", true, 2048},
        {"3KiB", true, 3072},
        {"3kb", true, 3072},
        {"512M", true, UINT64_C(512) << 20},
        {"2G", true, UINT64_C(2) << 30},
        {"1T", true, UINT64_C(1) << 40},
        {"1tib", true, UINT64_C(1) << 40},
        {"18446744073709551615", true, UINT64_MAX},
        {"16777215T", true, UINT64_C(16777215) << 40},
        {"18446744073709551616", false, 0},
        {"16777216T", false, 0},
        {"", false, 0},
        {"K", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1 K", false, 0},
        {"1.5G", false, 0},
        {"0x10", false, 0},
        {"1KK", false, 0},
        {"1P", false, 0},
        {"1KiBs", false, 0},
        {"1i", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t bytes = 77;

        if (yk_parse_bytes(table[i].text, &bytes) != table[i].good ||
            bytes != (table[i].good ? table[i].bytes : 77)) {
            fail_msg("\"%s\" gives %llu", table[i].text, (unsigned long long)bytes);
        }
    }
}

static void numbers_are_parsed(void **state)
{
    static const struct {
        const char *text;
        bool good;
        double value;
    } table[] = {
        {"0", true, 0},       {"0.25", true, 0.25}, {"1e3", true, 1000},
        {"-2.5", true, -2.5}, {".5", true, 0.5},    {"", false, 0},
        {"x", false, 0},      {"1,5", false, 0},    {"1.5x", false, 0},
        {"nan", false, 0},    {"inf", false, 0},    {"1e999", false, 0},
        {" 1", false, 0},     {"1 ", false, 0},     {"0x1p3", false, 0},
        {"1.5.5", false, 0},  {"e", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double value = 77;

        if (yk_parse_double(table[i].text, &value) != table[i].good ||
            value != (table[i].good ? table[i].value : 77)) {
            fail_msg("\"%s\" gives %g", table[i].text, value);
        }
    }
}

static void unset_and_empty_leave_the_default(void **state)
{
    uint64_t bytes = 5;
    uint64_t number = 6;
    double real = 7;
    bool flag = true;

    (void)state;
    for (int empty = 0; empty < 2; empty++) {
        assert_int_equal(empty ? setenv(VARIABLE, "", 1) : unsetenv(VARIABLE), 0);
        assert_false(yk_env_is_set(VARIABLE));
        assert_null(yk_env_text(VARIABLE));
        assert_int_equal(yk_env_bytes(VARIABLE, &bytes, &error), YOKE_OK);
        assert_int_equal(yk_env_unsigned(VARIABLE, 1, 2, &number, &error), YOKE_OK);
        assert_int_equal(yk_env_double(VARIABLE, 0, 1, &real, &error), YOKE_OK);
        assert_int_equal(yk_env_flag(VARIABLE, &flag, &error), YOKE_OK);
    }
    assert_int_equal(bytes, 5);
    assert_int_equal(number, 6);
    assert_true(real == 7);
    assert_true(flag);
}

static void good_values_are_taken(void **state)
{
    uint64_t bytes = 0;
    uint64_t number = 0;
    double real = 0;

    (void)state;
    assert_int_equal(setenv(VARIABLE, "64K", 1), 0);
    assert_true(yk_env_is_set(VARIABLE));
    assert_string_equal(yk_env_text(VARIABLE), "64K");
    assert_int_equal(yk_env_bytes(VARIABLE, &bytes, &error), YOKE_OK);
    assert_int_equal(bytes, 65536);
    assert_int_equal(setenv(VARIABLE, "12", 1), 0);
    assert_int_equal(yk_env_unsigned(VARIABLE, 12, 12, &number, &error), YOKE_OK);
    assert_int_equal(number, 12);
    assert_int_equal(setenv(VARIABLE, "0.5", 1), 0);
    assert_int_equal(yk_env_double(VARIABLE, 0, 1, &real, &error), YOKE_OK);
    assert_true(real == 0.5);
}

static void bad_values_are_errors_that_name_the_variable(void **state)
{
    uint64_t bytes = 5;
    uint64_t number = 6;
    double real = 7;
    bool flag = true;

    (void)state;
    assert_int_equal(setenv(VARIABLE, "3cows", 1), 0);
    assert_int_equal(yk_env_bytes(VARIABLE, &bytes, &error), YOKE_EINVAL);
    assert_non_null(strstr(error.text, VARIABLE "=3cows"));
    assert_int_equal(yk_env_unsigned(VARIABLE, 0, 9, &number, &error), YOKE_EINVAL);
    assert_int_equal(yk_env_double(VARIABLE, 0, 9, &real, &error), YOKE_EINVAL);
    assert_int_equal(yk_env_flag(VARIABLE, &flag, &error), YOKE_EINVAL);
    assert_non_null(strstr(error.text, VARIABLE "=3cows"));
    assert_int_equal(setenv(VARIABLE, "10", 1), 0);
    assert_int_equal(yk_env_unsigned(VARIABLE, 0, 9, &number, &error), YOKE_EINVAL);
    assert_int_equal(yk_env_unsigned(VARIABLE, 11, 12, &number, NULL), YOKE_EINVAL);
    assert_int_equal(yk_env_double(VARIABLE, 0, 9, &real, &error), YOKE_EINVAL);
    assert_non_null(strstr(error.text, "0 to 9"));
    assert_int_equal(bytes, 5);
    assert_int_equal(number, 6);
    assert_true(real == 7);
    assert_true(flag);
}

static void flags_have_words(void **state)
{
    static const char *const words[][2] = {
        {"0", "1"}, {"no", "YES"}, {"Off", "on"}, {"false", "true"}};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (int answer = 0; answer < 2; answer++) {
            bool flag = answer == 0;

            assert_int_equal(setenv(VARIABLE, words[i][answer], 1), 0);
            assert_int_equal(yk_env_flag(VARIABLE, &flag, &error), YOKE_OK);
            assert_int_equal(flag, answer);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_parsed),
        cmocka_unit_test(numbers_are_parsed),
        cmocka_unit_test(unset_and_empty_leave_the_default),
        cmocka_unit_test(good_values_are_taken),
        cmocka_unit_test(bad_values_are_errors_that_name_the_variable),
        cmocka_unit_test(flags_have_words),
    };

    (void)setlocale(LC_ALL, "");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
