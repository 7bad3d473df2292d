/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/parse.h"

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

static void whole_numbers_are_parsed(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } table[] = {
        {"0", true, 0},
        {"12", true, 12},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1K", false, 0},
        {"0x10", false, 0},
        {"3cows", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t value = 77;

        if (yk_parse_unsigned(table[i].text, &value) != table[i].good ||
            value != (table[i].good ? table[i].value : 77)) {
            fail_msg("\"%s\" gives %llu", table[i].text, (unsigned long long)value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_parsed),
        cmocka_unit_test(numbers_are_parsed),
        cmocka_unit_test(whole_numbers_are_parsed),
    };

    (void)setlocale(LC_ALL, "");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
