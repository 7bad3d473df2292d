/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>

#include "device/fake/fake.h"
#include "opencl/opencl_kind.h"
#include "protocol/device_kinds.h"
#include "protocol/selection.h"

static yk_error error;

static yk_selection parse(const char *text)
{
    yk_selection selection;

    yk_error_clear(&error);
    if (yk_selection_parse(&selection, text, &error) != YOKE_OK) {
        fail_msg("\"%s\": %s", text, error.text);
    }
    assert_string_equal(selection.text, text);
    return selection;
}

static yk_selector parse_one(const char *text)
{
    const yk_selection selection = parse(text);

    assert_int_equal(selection.count, 1);
    return selection.selectors[0];
}

static yk_opencl_choice parse_opencl(const char *text)
{
    const yk_selector selector = parse_one(text);

    assert_int_equal(selector.kind, YK_DEVICE_OPENCL);
    return yk_opencl_choice_of(&selector.own);
}

static yk_fake_options parse_fake(const char *text)
{
    const yk_selector selector = parse_one(text);

    assert_int_equal(selector.kind, YK_DEVICE_FAKE);
    return yk_fake_options_of(&selector.own);
}

static void test_cpu_and_gpu(void **state)
{
    (void)state;
    assert_int_equal(parse_one("cpu").kind, YK_DEVICE_NATIVE);
    assert_int_equal(parse_one("cpu").count, 0);
    assert_int_equal(parse_one("cpu:1").count, 1);
    assert_int_equal(parse_one("cpu:256").count, 256);
    assert_int_equal(parse_one("gpu").kind, YK_DEVICE_OPENCL);
    assert_true(parse_opencl("gpu").any_gpu != 0);
    assert_int_equal(parse_one("gpu").required, 0);
}

static void test_opencl(void **state)
{
    (void)state;
    assert_int_equal(parse_one("opencl").kind, YK_DEVICE_OPENCL);
    assert_int_equal(parse_one("opencl").required, 1);
    assert_true(parse_opencl("opencl").any_gpu == 0);
    assert_int_equal(parse_opencl("opencl").index, -1);
    assert_string_equal(parse_opencl("opencl").text, "");
    assert_int_equal(parse_opencl("opencl:0").index, 0);
    assert_int_equal(parse_opencl("opencl:12").index, 12);
    assert_string_equal(parse_opencl("opencl:12").text, "");
    assert_string_equal(parse_opencl("opencl:PoCL").text, "pocl");
    assert_string_equal(parse_opencl("opencl:GeForce RTX 4090").text,
                        "geforce rtx 4090");
    assert_string_equal(parse_opencl("opencl:0x1").text, "0x1");
    assert_string_equal(parse_opencl("opencl:a:b").text, "a:b");
}

static void test_fake(void **state)
{
    yk_fake_options fake = parse_fake("fake");

    (void)state;
    assert_int_equal(parse_one("fake").count, 1);
    assert_true(fake.speed == 1);
    assert_int_equal(parse_one("fake:4x0.25").count, 4);
    assert_true(parse_fake("fake:4x0.25").speed == 0.25);
    assert_int_equal(parse_one("fake:3").count, 3);
    assert_true(parse_fake("fake:3").speed == 1);
    assert_int_equal(parse_one("fake:x0.5").count, 1);
    assert_true(parse_fake("fake:x0.5").speed == 0.5);
    fake = parse_fake("fake:2x1/private/crash=5/hang=6/fail=7");
    assert_int_equal(fake.private_memory, 1);
    assert_int_equal(fake.crash_at, 5);
    assert_int_equal(fake.hang_at, 6);
    assert_int_equal(fake.fail_at, 7);
}

static void test_lists(void **state)
{
    const yk_selection selection = parse(" cpu:2 ,\tgpu, opencl:pocl ,fake:1x0.5");

    (void)state;
    assert_int_equal(selection.count, 4);
    assert_int_equal(selection.selectors[0].count, 2);
    assert_true(yk_opencl_choice_of(&selection.selectors[1].own).any_gpu != 0);
    assert_string_equal(yk_opencl_choice_of(&selection.selectors[2].own).text, "pocl");
    assert_true(yk_fake_options_of(&selection.selectors[3].own).speed == 0.5);
    assert_true(yk_selection_has(&selection, YK_DEVICE_FAKE));
    assert_true(yk_selection_wants_discovery(&selection));
}

static void test_what_is_wanted(void **state)
{
    const yk_selection cpu = parse("cpu,fake");
    const yk_selection gpu = parse("gpu");
    const yk_selection any = parse("opencl");

    (void)state;
    assert_false(yk_selection_wants_discovery(&cpu));
    assert_false(yk_selection_has(&cpu, YK_DEVICE_OPENCL));
    assert_true(yk_selection_wants_discovery(&gpu));
    assert_true(yk_selection_wants_discovery(&any));
}

static const yk_candidate pocl = {.kind = YK_DEVICE_OPENCL,
                                  .index = 0,
                                  .type = YK_HARDWARE_CPU,
                                  .driver = "libpocl.so.2",
                                  .platform = "Portable Computing Language",
                                  .device = "pthread-Xeon"};
static const yk_candidate card = {.kind = YK_DEVICE_OPENCL,
                                  .index = 3,
                                  .type = YK_HARDWARE_GPU,
                                  .driver = "libnvidia-opencl.so.1",
                                  .platform = "NVIDIA CUDA",
                                  .device = "NVIDIA H200"};
static const yk_candidate board = {.kind = YK_DEVICE_OPENCL,
                                   .index = 12,
                                   .type = YK_HARDWARE_ACCELERATOR,
                                   .driver = "libfpga.so",
                                   .platform = "FPGA",
                                   .device = "board"};

static bool matches(const char *text, const yk_candidate *candidate)
{
    const yk_selector selector = parse_one(text);

    return yk_selector_matches(&selector, candidate);
}

static void test_matches(void **state)
{
    (void)state;
    assert_true(matches("opencl", &pocl) && matches("opencl", &card));
    assert_true(matches("gpu", &card) && matches("gpu", &board));
    assert_false(matches("gpu", &pocl));
    assert_false(matches("cpu", &pocl) || matches("fake", &card));
    assert_true(matches("opencl:pocl", &pocl));     /* the driver's library */
    assert_true(matches("opencl:PORTABLE", &pocl)); /* the platform */
    assert_true(matches("opencl:h200", &card));     /* the device */
    assert_false(matches("opencl:h200", &pocl));
    assert_false(matches("opencl:h2000", &card));
    assert_true(matches("opencl:3", &card));
    assert_false(matches("opencl:3", &pocl) || matches("opencl:1", &board));
    assert_true(matches("opencl:12", &board));
}

static void test_pick(void **state)
{
    const yk_selection selection = parse("cpu,opencl:h200,gpu");

    (void)state;
    assert_ptr_equal(yk_selection_pick(&selection, &card), &selection.selectors[1]);
    assert_ptr_equal(yk_selection_pick(&selection, &board), &selection.selectors[2]);
    assert_null(yk_selection_pick(&selection, &pocl));
}

/* Whatever is typed: a selection or a reason, never anything else. */
static void test_random_texts(void **state)
{
    static const char *const words[] = {
        "cpu", "gpu", "opencl", "fake",    ":",
        ",",   "/",   "x",      "0.25",    "1",
        "=",   " ",   "-1",     "private", "99999999999999999999"};
    char text[300];
    size_t good = 0;

    (void)state;
    srand(31);
    for (int round = 0; round < 20000; round++) {
        yk_selection selection;
        yoke_status status;

        text[0] = '\0';
        for (int i = rand() % 9; i >= 0; i--) {
            strcat(text, words[(size_t)rand() % (sizeof words / sizeof words[0])]);
        }
        yk_error_clear(&error);
        status = yk_selection_parse(&selection, text, &error);
        if (status == YOKE_OK) {
            good++;
            assert_true(selection.count >= 1 && selection.count <= YK_MAX_SELECTORS);
        } else {
            assert_int_equal(status, YOKE_EINVAL);
            assert_true(strlen(error.text) > 10);
        }
    }
    assert_true(good > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu_and_gpu),    cmocka_unit_test(test_opencl),
        cmocka_unit_test(test_fake),           cmocka_unit_test(test_lists),
        cmocka_unit_test(test_what_is_wanted), cmocka_unit_test(test_matches),
        cmocka_unit_test(test_pick),           cmocka_unit_test(test_random_texts),
    };

    return yt_run_group(tests);
}
