/* SPDX-License-Identifier: MIT */
/*
 * The floating-point environment of a thread: rounding, subnormal numbers, x87 precision,
 * traps, and the flags of past exceptions. All results are computed in the same environment,
 * the C language's default, in every thread, whatever ran there before.
 */
#ifndef YK_BASE_FP_ENVIRONMENT_H
#define YK_BASE_FP_ENVIRONMENT_H

#include <stdint.h>

#if defined(__x86_64__)
typedef struct yk_fp_environment {
    uint32_t mxcsr;
    uint16_t x87_control;
    uint16_t x87_flags;
} yk_fp_environment;
#elif defined(__aarch64__)
typedef struct yk_fp_environment {
    uint64_t control;
    uint64_t status;
} yk_fp_environment;
#else
#include <fenv.h>
typedef struct yk_fp_environment {
    fenv_t all;
} yk_fp_environment;
#endif

/* Sets the default. Returns the environment before. Takes a few nanoseconds: registers are
 * read, and written only if they differ. */
yk_fp_environment yk_fp_use_default(void);

/* Restores the environment, including flags. */
void yk_fp_restore(yk_fp_environment before);

#endif
