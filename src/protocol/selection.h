/* SPDX-License-Identifier: MIT */
/* The device string: "cpu:2,opencl:pocl,fake:4x0.25". */
#ifndef YK_PROTOCOL_SELECTION_H
#define YK_PROTOCOL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "device/kind.h"

enum { YK_MAX_SELECTORS = 16 };

typedef struct yk_selection {
    uint32_t count;
    uint32_t reserved;
    yk_selector selectors[YK_MAX_SELECTORS];
    char text[256]; /* as given */
} yk_selection;

/* YOKE_EINVAL with an error text that says what is wrong and what is expected. */
yoke_status yk_selection_parse(yk_selection *selection, const char *text,
                               yk_error *error);

/* Whether any selector is of a kind. */
bool yk_selection_has(const yk_selection *selection, uint32_t kind);

/* Whether any selector is of a kind whose devices have to be found by asking drivers; whether
 * all are. */
bool yk_selection_wants_discovery(const yk_selection *selection);
bool yk_selection_is_discovered(const yk_selection *selection);

/* Whether any selector must get a worker. */
bool yk_selection_requires(const yk_selection *selection);

/* Whether a selector picks a device that was found. */
bool yk_selector_matches(const yk_selector *selector, const yk_candidate *candidate);

/* The selector that picks a device that was found, or NULL. */
const yk_selector *yk_selection_pick(const yk_selection *selection,
                                     const yk_candidate *candidate);

#endif
