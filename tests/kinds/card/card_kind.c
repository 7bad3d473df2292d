/* SPDX-License-Identifier: MIT */
/*
 * A kind of device with a driver: two cards, which a probe lists, as it lists OpenCL devices.
 * "card" selects both, "card:N" one of them. Each calls native functions.
 */
#include <string.h>

#include "base/text.h"
#include "device/kind.h"

/* In a selector: the number of the card, plus 1; 0: any. */
static yoke_status card_parse(yk_selector *selector, char *detail, yk_error *error)
{
    uint64_t number = 0;

    if (detail != NULL && !yk_selector_number(detail, &number)) {
        return yk_fail(error, YOKE_EINVAL, "\"card:%s\": a number is expected", detail);
    }
    number += detail != NULL;
    selector->required = 1;
    yk_kind_data_put(&selector->own, &number, sizeof number);
    yk_text_copy(selector->reason, sizeof selector->reason, "a card");
    return YOKE_OK;
}

static bool card_matches(const yk_selector *selector, const yk_candidate *candidate)
{
    uint64_t number;

    yk_kind_data_get(&selector->own, &number, sizeof number);
    return number == 0 || number - 1 == (uint64_t)candidate->index;
}

static size_t card_list_drivers(yk_driver drivers[YK_MAX_DRIVERS])
{
    drivers[0] = (yk_driver){.path = "card driver", .library = "libcard.so"};
    return 1;
}

static yoke_status card_list_devices(const yk_driver *driver,
                                     yk_found_device devices[YK_MAX_DRIVER_DEVICES],
                                     size_t *count, yk_error *error)
{
    *count = 0;
    if (strcmp(driver->path, "card driver") != 0) {
        return yk_fail(error, YOKE_ENODEVICE, "%s is not a card's", driver->path);
    }
    for (; *count < 2; ++*count) {
        devices[*count] = (yk_found_device){
            .type = YK_HARDWARE_GPU,
            .has_double = 1,
            .memory_bytes = 1 << 20,
            .platform = "Cards",
            .version = "1.0",
        };
        yk_text_format(devices[*count].name, sizeof devices[*count].name, "card %c",
                       (char)('A' + *count));
    }
    return YOKE_OK;
}

static const yk_device_discovery card_discovery = {
    .drivers = card_list_drivers,
    .devices = card_list_devices,
    .matches = card_matches,
    .no_driver = "no card is plugged in",
};

static const yk_device_word card_words[] = {{"card", card_parse}, {NULL, NULL}};

const yk_device_kind yk_card_kind = {
    .name = "card",
    .words = card_words,
    .grammar = "card, card:NUMBER",
    .ops = &yk_native_ops,
    .traits = YK_TRAIT_RUNS_FUNCTIONS | YK_TRAIT_NEEDS_CORE,
    .max_lanes = 1,
    .discovery = &card_discovery,
};
