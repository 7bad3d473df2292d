/* SPDX-License-Identifier: MIT */
/*
 * Runs a unit several times, with different bytes where it declares nothing: what then differs
 * depends on bytes that it should not have read.
 */
#ifndef YK_CHECKED_COMPARE_H
#define YK_CHECKED_COMPARE_H

#include "checked/finding.h"
#include "checked/stage.h"
#include "device/device.h"

/* The outcome of one run. */
typedef struct yk_outcome {
    unsigned char *before; /* the pages that can be written, as they were */
    unsigned char *after;  /* ... and became */
    yoke_status status;
    bool has_trespassed;
    yk_trespass trespass;
} yk_outcome;

enum { YK_OUTCOMES = 5 };

typedef struct yk_comparison {
    unsigned char *memory; /* of all outcomes; kept, and grown when needed */
    size_t capacity;
    size_t bytes;           /* of each */
    unsigned char *classes; /* YK_BYTE_... */
    unsigned char *kept;    /* 1: not declared, or not written by any run */
    yk_outcome outcomes[YK_OUTCOMES];
} yk_comparison;

/* Runs a kernel in a stage whose images are open and filled. *outcome is how it ended. */
typedef yoke_status yk_stage_runner(void *context, yk_check_stage *stage, yk_unit unit,
                                    yk_outcome *outcome, yk_error *error);

/* Runs a unit, whose images are open, as often as necessary. YOKE_OK: the kernel does what it
 * declares, or *found is what it does otherwise. Any other status: `error` says what failed,
 * the kernel itself or an allocation. */
yoke_status yk_compare_unit(yk_comparison *comparison, yk_check_stage *stage,
                            yk_unit unit, yk_stage_runner *runner, void *context,
                            bool *is_found, yk_finding *found, yk_error *error);

/* Makes a finding from a forbidden access in a stage. */
void yk_finding_from(yk_finding *found, const yk_check_stage *stage, yk_unit unit,
                     const yk_trespass *trespass);

void yk_comparison_fini(yk_comparison *comparison);

#endif
