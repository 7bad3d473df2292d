/* SPDX-License-Identifier: MIT */
/* Fake devices, and how the device string selects them. */
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "device/fake/fake.h"
#include "device/kind.h"

static yoke_status fake_parse_trait(yk_fake_options *options, const char *trait,
                                    yk_error *error)
{
    const struct {
        const char *name;
        uint64_t *value;
    } faults[] = {
        {"crash=", &options->crash_at},
        {"hang=", &options->hang_at},
        {"fail=", &options->fail_at},
    };

    if (strcmp(trait, "private") == 0) {
        options->private_memory = 1;
        return YOKE_OK;
    }
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const size_t length = strlen(faults[i].name);

        if (strncmp(trait, faults[i].name, length) == 0 &&
            yk_selector_number(trait + length, faults[i].value)) {
            return YOKE_OK;
        }
    }
    return yk_fail(
        error, YOKE_EINVAL,
        "unknown fake device trait \"%s\": expected private, crash=N, hang=N or fail=N",
        trait);
}

/* COUNTxSPEED, both optional. */
static bool fake_parse_size(yk_selector *selector, yk_fake_options *options, char *text)
{
    char *by = strchr(text, 'x');
    uint64_t count = 1;

    if (by != NULL) {
        *by = '\0';
        if (!yk_parse_double(by + 1, &options->speed)) {
            return false;
        }
    }
    if (text[0] != '\0' && !yk_selector_number(text, &count)) {
        return false;
    }
    selector->count = (uint32_t)count;
    return count >= 1 && count <= YK_MAX_SELECTED && options->speed > 0 &&
           options->speed <= 1;
}

static yoke_status fake_parse(yk_selector *selector, char *detail, yk_error *error)
{
    yk_fake_options options = {.speed = 1};
    char *rest = detail;
    char *size = strsep(&rest, "/");
    char *trait;

    selector->count = 1;
    yk_text_copy(selector->reason, sizeof selector->reason, "requested");
    if (size != NULL && !fake_parse_size(selector, &options, size)) {
        return yk_fail(error, YOKE_EINVAL,
                       "not a valid fake device: expected fake:COUNTxSPEED with a "
                       "count from 1 to %d and 0 < speed <= 1, such as fake:4x0.25",
                       YK_MAX_SELECTED);
    }
    while ((trait = strsep(&rest, "/")) != NULL) {
        const yoke_status status = fake_parse_trait(&options, trait, error);

        if (status != YOKE_OK) {
            return status;
        }
    }
    yk_kind_data_put(&selector->own, &options, sizeof options);
    return YOKE_OK;
}

static const yk_device_word fake_words[] = {{"fake", fake_parse}, {NULL, NULL}};

const yk_device_kind yk_fake_kind = {
    .name = "fake",
    .words = fake_words,
    .grammar = "fake:NxSPEED",
    .ops = &yk_fake_ops,
    .traits = YK_TRAIT_RUNS_FUNCTIONS,
    .max_lanes = YK_MAX_LANES,
};
