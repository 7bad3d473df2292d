/* SPDX-License-Identifier: MIT */
/*
 * The sample kernels: for each its OpenCL C source (NAME.cl, embedded in the program)
 * and its host form (NAME.c). A new kernel is two files and one line in the table.
 *
 * Unless a kernel's source says otherwise, both forms give the same bits.
 */
#ifndef SAMPLE_KERNELS_H
#define SAMPLE_KERNELS_H

#include <stddef.h>

#include <yoke/yoke.h>

/* kernel, the file it is in, its work-group size (zeros: the library chooses) */
#define SAMPLE_KERNEL_TABLE(X)                                                         \
    X(saxpy, saxpy, 0, 0, 0)                                                           \
    X(sum_squares, sum_squares, 0, 0, 0)                                               \
    X(mandelbrot, mandelbrot, 0, 0, 0)                                                 \
    X(gaussian_rows, gaussian, 0, 0, 0)                                                \
    X(gaussian_columns, gaussian, 0, 0, 0)                                             \
    X(sobel, sobel, 0, 0, 0)                                                           \
    X(bilateral, bilateral, 0, 0, 0)                                                   \
    X(nbody_kick, nbody, 0, 0, 0)                                                      \
    X(nbody_drift, nbody, 0, 0, 0)                                                     \
    X(nbody_energy, nbody, 0, 0, 0)                                                    \
    X(reaction_diffusion, reaction_diffusion, 0, 0, 0)                                 \
    X(philox_fill, philox, 0, 0, 0)                                                    \
    X(philox_pi, philox, 0, 0, 0)                                                      \
    X(reduce_group, reduce_group, 64, 1, 1)                                            \
    X(transpose, transpose, 16, 16, 1)

typedef struct sample_kernel {
    const char *name;    /* the __kernel function in source */
    const char *source;  /* OpenCL C */
    yoke_native *native; /* the host form */
    size_t group[3];     /* work-group size, or zeros */
} sample_kernel;

/* Which forms of a kernel to use; SOURCE may be combined with NATIVE or CLC. CLC is the source
 * compiled as C (clc_forms.h), and NATIVE where there is none. */
enum { SAMPLE_SOURCE = 1, SAMPLE_NATIVE = 2, SAMPLE_BOTH = 3, SAMPLE_CLC = 4 };

/* All sample kernels; the one after the last has a NULL name. */
extern const sample_kernel sample_kernels[];

/* The kernel of that name, or NULL. */
const sample_kernel *sample_kernel_find(const char *name);

/* Creates a kernel in a pool from its name and the forms to use. YOKE_EINVAL if there
 * is no such kernel; otherwise as yoke_kernel_create(). */
yoke_status sample_kernel_create(yoke_kernel **kernel, yoke_pool *pool,
                                 const char *name, unsigned forms);

/* A part of the range in one dimension: global ids from begin to end - 1. */
typedef struct sample_interval {
    size_t begin;
    size_t end;
} sample_interval;

/* What a host form computes in dimension d: its span in the split dimension, the whole
 * range in the others. */
static inline sample_interval sample_span(const yoke_span *span, unsigned d)
{
    const yoke_range *range = &span->range;

    if (d == span->split) {
        return (sample_interval){span->begin, span->end};
    }
    return (sample_interval){range->begin[d], range->begin[d] + range->size[d]};
}

/* The host forms, sample_saxpy() and so on. */
#define SAMPLE_DECLARE_NATIVE(kernel, file, x, y, z) yoke_native sample_##kernel;
SAMPLE_KERNEL_TABLE(SAMPLE_DECLARE_NATIVE)
#undef SAMPLE_DECLARE_NATIVE

#endif
