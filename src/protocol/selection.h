/* SPDX-License-Identifier: MIT */
/* The device string: "cpu:2,opencl:pocl,fake:4x0.25". */
#ifndef YK_PROTOCOL_SELECTION_H
#define YK_PROTOCOL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { YK_MAX_SELECTORS = 16, YK_SELECTOR_TEXT_BYTES = 64 };

enum {
    YK_SELECT_CPU = 1,
    YK_SELECT_GPU = 2,
    YK_SELECT_OPENCL = 3,
    YK_SELECT_FAKE = 4,
};

typedef struct yk_selector {
    uint32_t kind;
    uint32_t count;    /* cpu, fake: how many; 0: all */
    int32_t index;     /* opencl:N; -1: not by number */
    uint32_t discrete; /* fake: private memory */
    double speed;      /* fake */
    uint64_t crash_at; /* fake */
    uint64_t hang_at;  /* fake */
    uint64_t fail_at;  /* fake */
    char text[YK_SELECTOR_TEXT_BYTES]; /* opencl:TEXT, lower case; "" for any */
} yk_selector;

typedef struct yk_selection {
    uint32_t count;
    uint32_t reserved;
    yk_selector selectors[YK_MAX_SELECTORS];
    char text[256]; /* as given */
} yk_selection;

/* YOKE_EINVAL with what is wrong and what would be right. */
yoke_status yk_selection_parse(yk_selection *selection, const char *text,
                               yk_error *error);

/* Whether any selector is of a kind. */
bool yk_selection_has(const yk_selection *selection, uint32_t kind);

/* Whether OpenCL devices have to be looked for. */
bool yk_selection_wants_opencl(const yk_selection *selection);

/* The OpenCL device that a selector is asked about. */
typedef struct yk_candidate {
    int32_t index;
    uint32_t type; /* YK_OPENCL_... */
    const char *driver;
    const char *platform;
    const char *device;
} yk_candidate;

bool yk_selector_matches(const yk_selector *selector, const yk_candidate *candidate);

/* The selector that picks an OpenCL device, or NULL. */
const yk_selector *yk_selection_pick(const yk_selection *selection,
                                     const yk_candidate *candidate);

#endif
