/* SPDX-License-Identifier: MIT */
/* CPU cores. */
#include <string.h>

#include "device/kind.h"

/* N, or NxK: N workers of K CPUs each. */
static bool native_parse_size(char *text, uint64_t *count, uint64_t *width)
{
    char *by = strchr(text, 'x');
    bool good;

    *width = 1;
    if (by != NULL) {
        *by = '\0';
    }
    good = yk_selector_number(text, count) && *count >= 1 && *count <= YK_MAX_SELECTED;
    if (by != NULL) {
        *by = 'x';
        good = good && yk_selector_number(by + 1, width) && *width >= 1 &&
               *width <= YK_MAX_SELECTED;
    }
    return good;
}

static yoke_status native_parse(yk_selector *selector, char *detail, yk_error *error)
{
    uint64_t count;
    uint64_t width;

    if (detail == NULL) {
        return YOKE_OK;
    }
    if (!native_parse_size(detail, &count, &width)) {
        return yk_fail(error, YOKE_EINVAL,
                       "\"cpu:%s\": expected a number of workers from 1 to %d, or workers "
                       "and CPUs of each, such as cpu:2x4",
                       detail, YK_MAX_SELECTED);
    }
    selector->count = (uint32_t)count;
    selector->width = (uint32_t)width;
    return YOKE_OK;
}

static const yk_device_word native_words[] = {{"cpu", native_parse}, {NULL, NULL}};

const yk_device_kind yk_native_kind = {
    .name = "cpu",
    .words = native_words,
    .grammar = "cpu, cpu:N, cpu:NxK",
    .ops = &yk_native_ops,
    .traits = YK_TRAIT_RUNS_FUNCTIONS | YK_TRAIT_BORROWS_SOURCE | YK_TRAIT_PER_CPU |
              YK_TRAIT_YIELDS_CORE | YK_TRAIT_NEVER_BREAKS | YK_TRAIT_RECYCLES |
              YK_TRAIT_CAN_BE_CHECKED | YK_TRAIT_IS_CALLER,
    .max_lanes = 1,
};
