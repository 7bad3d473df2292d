/* SPDX-License-Identifier: MIT */
/* CPU cores. */
#include "device/kind.h"

static yoke_status native_parse(yk_selector *selector, char *detail, yk_error *error)
{
    uint64_t count;

    if (detail == NULL) {
        return YOKE_OK;
    }
    if (!yk_selector_number(detail, &count) || count < 1 || count > YK_MAX_SELECTED) {
        return yk_fail(error, YOKE_EINVAL,
                       "\"cpu:%s\": expected a number of workers from 1 to %d", detail,
                       YK_MAX_SELECTED);
    }
    selector->count = (uint32_t)count;
    return YOKE_OK;
}

static const yk_device_word native_words[] = {{"cpu", native_parse}, {NULL, NULL}};

const yk_device_kind yk_native_kind = {
    .name = "cpu",
    .words = native_words,
    .grammar = "cpu, cpu:N",
    .ops = &yk_native_ops,
    .traits = YK_TRAIT_RUNS_FUNCTIONS | YK_TRAIT_BORROWS_SOURCE | YK_TRAIT_PER_CPU |
              YK_TRAIT_YIELDS_CORE | YK_TRAIT_NEVER_BREAKS | YK_TRAIT_RECYCLES |
              YK_TRAIT_CAN_BE_CHECKED | YK_TRAIT_IS_CALLER,
    .max_lanes = 1,
};
