/* SPDX-License-Identifier: MIT */
/* The list of the kinds of devices. */
#include "support/yoke_test.h"

#include <string.h>

#include "base/text.h"
#include "protocol/device_kinds.h"
#include "protocol/selection.h"
#include "yoke/pool.h"

static const yk_device_kind *entry_of(uint32_t kind)
{
    const yk_device_kind *entry = yk_device_kind_at(kind);

    assert_non_null(entry);
    return entry;
}

static void test_numbers(void **state)
{
    (void)state;
    assert_null(yk_device_kind_at(YK_DEVICE_NONE));
    assert_null(yk_device_kind_at(yk_device_kinds_end()));
    assert_null(yk_device_kind_at(UINT32_MAX));
    assert_ptr_equal(yk_device_kind_at(YOKE_WORKER_CPU), &yk_native_kind);
    assert_ptr_equal(yk_device_kind_at(YOKE_WORKER_OPENCL), &yk_opencl_kind);
    assert_ptr_equal(yk_device_kind_at(YOKE_WORKER_FAKE), &yk_fake_kind);
    assert_false(yk_device_kind_has_drivers(YK_DEVICE_NONE));
    assert_false(yk_device_kind_has_drivers(YK_DEVICE_NATIVE));
    assert_true(yk_device_kind_has_drivers(YK_DEVICE_OPENCL));
}

static void test_entries_are_complete(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < yk_device_kinds_end(); kind++) {
        const yk_device_kind *entry = entry_of(kind);
        const yk_device_ops *ops = entry->ops;

        assert_true(entry->name != NULL && strlen(entry->name) > 0);
        assert_true(strlen(entry->name) + 10 < 32); /* yoke_worker_info.name */
        assert_non_null(entry->words[0].word);
        assert_non_null(strstr(entry->grammar, entry->words[0].word));
        assert_true(entry->max_lanes >= 1 && entry->max_lanes <= YK_MAX_LANES);
        assert_true((entry->traits &
                     (YK_TRAIT_RUNS_FUNCTIONS | YK_TRAIT_COMPILES_SOURCE)) != 0);
        assert_true(ops->kind != NULL && ops->open != NULL && ops->describe != NULL);
        assert_true(ops->build != NULL && ops->parameters != NULL);
        assert_true(ops->forget != NULL && ops->begin != NULL && ops->start != NULL);
        assert_true(ops->finish != NULL && ops->end != NULL && ops->close != NULL);
    }
}

static void test_words_are_unique(void **state)
{
    const char *seen[64];
    size_t count = 0;

    (void)state;
    for (uint32_t kind = 1; kind < yk_device_kinds_end(); kind++) {
        const yk_device_word *word = entry_of(kind)->words;

        for (; word->word != NULL; word++) {
            assert_non_null(word->parse);
            for (size_t i = 0; i < count; i++) {
                assert_string_not_equal(seen[i], word->word);
            }
            seen[count++] = word->word;
        }
    }
}

/* Cores are what the others rely on. */
static void test_traits(void **state)
{
    (void)state;
    assert_int_equal(yk_device_kind_with(YK_TRAIT_IS_CALLER), YK_DEVICE_NATIVE);
    assert_int_equal(yk_device_kind_with(YK_TRAIT_CAN_BE_CHECKED | YK_TRAIT_PER_CPU),
                     YK_DEVICE_NATIVE);
    assert_int_equal(yk_device_kind_with(YK_TRAIT_COMPILES_SOURCE), YK_DEVICE_OPENCL);
    assert_int_equal(yk_device_kind_with(1u << 31), YK_DEVICE_NONE);
}

static void test_an_unknown_word_names_all(void **state)
{
    yk_selection selection;
    yk_error error = {.status = YOKE_OK};
    char expected[YK_ERROR_BYTES] =
        "unknown device \"zebra\": expected cpu, cpu:N, cpu:NxK, gpu, "
        "opencl, opencl:NUMBER, opencl:NAME, fake:NxSPEED";

    (void)state;
    for (uint32_t kind = YK_DEVICE_FAKE + 1; kind < yk_device_kinds_end(); kind++) {
        const size_t length = strlen(expected);

        yk_text_format(expected + length, sizeof expected - length, ", %s",
                       yk_device_kind_at(kind)->grammar);
    }
    assert_status(yk_selection_parse(&selection, "cpu,zebra:3", &error), YOKE_EINVAL);
    assert_string_equal(error.text, expected);
    assert_status(yk_selection_parse(&selection, "zebra", NULL), YOKE_EINVAL);
}

static void test_a_kind_that_is_none_is_not_opened(void **state)
{
    const yk_device_config config = {.kind = UINT32_MAX};
    yk_device *device = (yk_device *)(uintptr_t)1;
    yk_error error = {.status = YOKE_OK};

    (void)state;
    assert_status(yk_device_open(&device, &config, &error), YOKE_EDEVICE);
    assert_null(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_entries_are_complete),
        cmocka_unit_test(test_words_are_unique),
        cmocka_unit_test(test_traits),
        cmocka_unit_test(test_an_unknown_word_names_all),
        cmocka_unit_test(test_a_kind_that_is_none_is_not_opened),
    };

    return yt_run_group(tests);
}
