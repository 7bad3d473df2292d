/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/number.h"
#include "cli/run/scalar.h"

static bool parse(yk_scalar *scalar, const char *type, const char *text,
                  yk_complaint *complaint)
{
    return yk_scalar_parse(scalar, type, strlen(type), text, complaint);
}

static void expect(const char *type, const char *text, const void *bytes, size_t size)
{
    yk_complaint complaint = {""};
    yk_scalar scalar;

    if (!parse(&scalar, type, text, &complaint)) {
        fail_msg("%s:%s: %s", type, text, complaint.text);
    }
    assert_int_equal(scalar.bytes, size);
    assert_memory_equal(scalar.data, bytes, size);
    yk_scalar_fini(&scalar);
}

static void expect_refused(const char *type, const char *text, const char *why)
{
    yk_complaint complaint = {""};
    yk_scalar scalar;

    if (parse(&scalar, type, text, &complaint)) {
        yk_scalar_fini(&scalar);
        fail_msg("%s:%s was accepted", type, text);
    }
    assert_null(scalar.data);
    if (strstr(complaint.text, why) == NULL) {
        fail_msg("%s:%s: '%s' does not say '%s'", type, text, complaint.text, why);
    }
}

#define EXPECT(ctype, type, text, value)                                               \
    do {                                                                               \
        const ctype wanted = (value);                                                  \
        expect(type, text, &wanted, sizeof wanted);                                    \
    } while (0)

static void integers_of_every_size(void **state)
{
    (void)state;
    EXPECT(int8_t, "int8", "-128", INT8_MIN);
    EXPECT(int8_t, "int8", "127", INT8_MAX);
    EXPECT(uint8_t, "uint8", "255", UINT8_MAX);
    EXPECT(int16_t, "int16", "-32768", INT16_MIN);
    EXPECT(uint16_t, "uint16", "0xffff", UINT16_MAX);
    EXPECT(int32_t, "int32", "-2147483648", INT32_MIN);
    EXPECT(int32_t, "int32", "+5", 5);
    EXPECT(uint32_t, "uint32", "4294967295", UINT32_MAX);
    EXPECT(int64_t, "int64", "-9223372036854775808", INT64_MIN);
    EXPECT(uint64_t, "uint64", "18446744073709551615", UINT64_MAX);
    EXPECT(int32_t, "int32", "-0x10", -16);
    EXPECT(uint32_t, "uint32", "-0", 0);
    EXPECT(int32_t, "int32", "010", 10);
    EXPECT(uint8_t, "bool", "true", 1);
}

static void integers_out_of_range(void **state)
{
    (void)state;
    expect_refused("int8", "128", "out of the range of int8");
    expect_refused("int8", "-129", "out of the range");
    expect_refused("uint8", "256", "out of the range");
    expect_refused("uint8", "-1", "out of the range");
    expect_refused("int32", "2147483648", "out of the range");
    expect_refused("uint64", "18446744073709551616", "out of the range");
    expect_refused("int64", "9223372036854775808", "out of the range");
    expect_refused("uint64", "99999999999999999999999999", "out of the range");
    expect_refused("bool", "2", "0 or 1");
}

static void garbage_is_no_integer(void **state)
{
    static const char *const texts[] = {"",    "5x",  " 5",  "5 ", "1.5", "--5",  "0x",
                                        "0xg", "abc", "1e3", "-",  "+-1", "0x0x5"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect_refused("int32", texts[i], "not an integer");
    }
}

static void floats(void **state)
{
    (void)state;
    EXPECT(float, "float32", "1.5", 1.5F);
    EXPECT(float, "float32", "0.1", 0.1F);
    EXPECT(float, "float32", "-2e-3", -2e-3F);
    EXPECT(float, "float32", "inf", INFINITY);
    EXPECT(float, "float32", "-inf", -INFINITY);
    EXPECT(float, "float32", "1e-45", 1e-45F);
    EXPECT(double, "float64", "0.1", 0.1);
    EXPECT(double, "float64", "1e308", 1e308);
    EXPECT(uint16_t, "float16", "1", 0x3c00);
    EXPECT(uint16_t, "float16", "-inf", 0xfc00);
    expect_refused("float32", "1e39", "out of the range of float32");
    expect_refused("float64", "1e309", "out of the range");
    expect_refused("float16", "65520", "out of the range");
    expect_refused("float32", "1.5f", "not a number");
    expect_refused("float32", " 1", "not a number");
    expect_refused("float32", "", "not a number");
    expect_refused("float64", "1,5", "2 values given, 1 would fit");
}

static void halves_round_to_nearest_even(void **state)
{
    static const struct {
        double value;
        uint16_t half;
    } cases[] = {
        {0.0, 0x0000},
        {-0.0, 0x8000},
        {1.0, 0x3c00},
        {-2.0, 0xc000},
        {0.1, 0x2e66},
        {1.0 / 3, 0x3555},
        {65504.0, 0x7bff},
        {65519.999, 0x7bff},
        {65520.0, 0x7c00},
        {1e300, 0x7c00},
        {1 + 0x1p-11, 0x3c00},
        {1 + 0x1.8p-10, 0x3c02},
        {1 + 0x1.1p-11, 0x3c01},
        {0x1p-14, 0x0400},
        {0x1p-24, 0x0001},
        {0x1p-25, 0x0000},
        {0x1.8p-25, 0x0001},
        {0x1.8p-24, 0x0002},
        {0x1.ff8p-15, 0x03ff},
        {0x1.ffcp-15, 0x0400},
        {0x1p-26, 0x0000},
        {0x1p-1074, 0x0000},
        {2047.5 * 0x1p-1, 0x6400},
        {INFINITY, 0x7c00},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (yk_half_from_double(cases[i].value) != cases[i].half) {
            fail_msg("%a became %04x, not %04x", cases[i].value,
                     yk_half_from_double(cases[i].value), cases[i].half);
        }
    }
    assert_int_equal(yk_half_from_double(NAN) & 0x7e00, 0x7e00);
}

/* The nearest half of every value between two neighbours, by their exact middle. */
static void every_half_is_itself_and_attracts_its_neighbourhood(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x7bff; h++) {
        const unsigned exponent = h >> 10;
        const double step = ldexp(1.0, (exponent > 0 ? (int)exponent : 1) - 25);
        const double value =
            exponent > 0 ? (1024 + (h & 0x3ff)) * step : (h & 0x3ff) * step;

        assert_int_equal(yk_half_from_double(value), h);
        assert_int_equal(yk_half_from_double(value + 0.49 * step), h);
        assert_int_equal(yk_half_from_double(value + 0.51 * step), h + 1);
        assert_int_equal(yk_half_from_double(value + 0.5 * step), h + (h & 1));
    }
}

static void vectors(void **state)
{
    static const float four[] = {1, 2, 3, 4};
    static const float three[] = {1, 2, 3, 0};
    static const int8_t two[] = {-1, 1};
    static const uint16_t halves[] = {0x3c00, 0x4000};

    (void)state;
    expect("float32x4", "1,2,3,4", four, sizeof four);
    expect("float32x3", "1,2,3", three, sizeof three);
    expect("int8x2", "-1,1", two, sizeof two);
    expect("float16x2", "1,2", halves, sizeof halves);
    expect_refused("float32x4", "1,2,3", "3 values given, 4 would fit");
    expect_refused("float32x2", "1,2,3", "3 values given, 2 would fit");
    expect_refused("float32x2", "1,", "not a number");
    expect_refused("int8x2", "1,128", "out of the range");
    expect_refused("complex64", "1,2", "float32x2:RE,IM");
}

static void bytes(void **state)
{
    static const unsigned char wanted[] = {0x00, 0xff, 0xAB};

    (void)state;
    expect("bytes", "00ffaB", wanted, sizeof wanted);
    expect_refused("bytes", "0", "1 hexadecimal digits");
    expect_refused("bytes", "", "0 hexadecimal digits");
    expect_refused("bytes", "0g", "'g'");
}

static void types(void **state)
{
    (void)state;
    assert_true(yk_scalar_is_type("int32", 5));
    assert_true(yk_scalar_is_type("float64x16", 10));
    assert_true(yk_scalar_is_type("bytes", 5));
    assert_true(yk_scalar_is_type("complex64", 9));
    assert_false(yk_scalar_is_type("float32x5", 9));
    assert_false(yk_scalar_is_type("float32x", 8));
    assert_false(yk_scalar_is_type("float128", 8));
    assert_false(yk_scalar_is_type("", 0));
}

static void sizes(void **state)
{
    size_t value = 7;

    (void)state;
    assert_true(yk_parse_size("18446744073709551615", &value));
    assert_true(value == SIZE_MAX);
    assert_false(yk_parse_size("18446744073709551616", &value));
    assert_false(yk_parse_size("", &value));
    assert_false(yk_parse_size("-1", &value));
    assert_false(yk_parse_size("1 ", &value));
}

static void cl_types(void **state)
{
    yk_cl_type type;
    char text[64];

    (void)state;
    assert_true(yk_cl_type_parse(&type, "__global const float4 *"));
    assert_true(type.pointer && type.width == 4 && type.bytes == 4 && type.code == 'f');
    assert_true(yk_cl_type_parse(&type, "unsigned int*"));
    assert_true(type.pointer && type.width == 1 && type.bytes == 4 && type.code == 'u');
    yk_element_fitting(text, sizeof text, &type);
    assert_string_equal(text, "int32 or uint32");
    assert_true(yk_cl_type_parse(&type, "float3"));
    yk_element_fitting(text, sizeof text, &type);
    assert_string_equal(text, "float32x3");
    assert_false(yk_cl_type_parse(&type, "struct body"));
    assert_false(yk_cl_type_parse(&type, "void*"));
    assert_false(yk_cl_type_parse(&type, "float**"));
    assert_false(yk_cl_type_parse(&type, ""));
    assert_true(yk_cl_type_parse(&type, "double2*"));
    assert_true(yk_element_fits_pointer(yk_element_named("complex128", 10), &type));
    assert_false(yk_element_fits_pointer(yk_element_named("complex64", 9), &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_every_size),
        cmocka_unit_test(integers_out_of_range),
        cmocka_unit_test(garbage_is_no_integer),
        cmocka_unit_test(floats),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(every_half_is_itself_and_attracts_its_neighbourhood),
        cmocka_unit_test(vectors),
        cmocka_unit_test(bytes),
        cmocka_unit_test(types),
        cmocka_unit_test(sizes),
        cmocka_unit_test(cl_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
