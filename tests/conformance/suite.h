/* SPDX-License-Identifier: MIT */
/*
 * One suite of kernels for every kind of device, through the public interface alone.
 *
 * A case is a few kernels and a script that maps them. Each map is also computed here,
 * in the test's own process, by one call of the kernel's host form for the whole range,
 * on copies of the arrays. In the end every byte of every array must be the same, also
 * what lies in front of and behind the parts that were given. Each script runs split
 * finely, split in larger pieces, and not split at all.
 */
#ifndef SUITE_H
#define SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "support/yoke_test.h"

#include "yoke/yoke.h"

/* The kind of device that a program of this folder tests. */
typedef struct suite_target {
    const char *devices;
    const char *driver; /* part of its driver's name, skipped if there is none; NULL */
    bool source_only;   /* the host forms are not given to the pool */
    bool copies;        /* no worker works in place */
    bool lends;         /* arrays are lent while maps use them */
    bool keeps;         /* ... and results stay on devices (YOKE_RECOVER_NONE) */
    bool named;         /* arrays are in shared memory that has, or had, a name */
    bool slow;          /* starting a kernel takes long: ranges are cut less finely */
    bool checked;       /* by Oclgrind, which must find nothing */
    const char *environment[4][2];
} suite_target;

typedef struct suite_kernel {
    const char *name;
    const char *source;
    yoke_native *native; /* NULL: no host form, and no comparison with it */
    size_t group[3];
    bool round_up;
    const char *build_options;
} suite_kernel;

typedef struct suite_run suite_run;

enum { SUITE_DOUBLE = 1, SUITE_MAX_KERNELS = 4 };

typedef struct suite_case {
    const char *name;
    void (*script)(suite_run *run);
    unsigned needs; /* SUITE_DOUBLE */
    suite_kernel kernels[SUITE_MAX_KERNELS];
} suite_case;

/* All cases, in lists that end with a NULL name. */
extern const suite_case suite_array_cases[];
extern const suite_case suite_value_cases[];
extern const suite_case suite_range_cases[];
extern const suite_case suite_shape_cases[];
extern const suite_case suite_run_cases[];
extern const suite_case suite_group_cases[];
extern const suite_case suite_stencil_cases[];
extern const suite_case suite_program_cases[];

/* The result of main(): all of the suite on a kind of device. */
int suite_main(const suite_target *target);

/* The same with other cases, and with tests that make their own pools (may be NULL). */
int suite_main_with(const suite_target *target, const suite_case *const *lists,
                    const struct CMUnitTest *more, size_t more_count);

/* ---- for scripts ----------------------------------------------------------------- */

/* An array in memory of the pool, `skip` bytes into its allocation, filled with random
 * content. It may be changed before it is used in a map, not after. */
void *suite_bytes(suite_run *run, size_t bytes, size_t skip);
int32_t *suite_ints(suite_run *run, size_t count, size_t skip); /* -999 to 999 */
float *suite_floats(suite_run *run, size_t count, size_t skip); /* sixteenths, to 64 */

/* The array's floats may differ by so much, relative to the largest one. */
void suite_set_tolerance(suite_run *run, const void *array, double tolerance);

/* Whether the library was asked not to split the maps of this run. */
bool suite_is_whole(const suite_run *run);

/* Submits a map of the case's k-th kernel; maps of one script depend on each other as
 * their arguments say. suite_map() computes it here too. */
#define suite_map(run, k, range, ...)                                                  \
    suite_map_args(run, k, range, YOKE_ARGS(__VA_ARGS__))
#define suite_submit(run, k, range, ...)                                               \
    suite_submit_args(run, k, range, YOKE_ARGS(__VA_ARGS__))

void suite_map_args(suite_run *run, size_t k, yoke_range range, const yoke_arg *args,
                    size_t count);
void suite_submit_args(suite_run *run, size_t k, yoke_range range, const yoke_arg *args,
                       size_t count);

/* Waits until all that was submitted has ended well. */
void suite_wait(suite_run *run);

/* Leaves an array out of the comparison: what it holds is checked by the script. */
void suite_set_unchecked(suite_run *run, const void *array);

/* Skips the test if the pool's workers would not run a kernel's source. */
void suite_needs_source(const suite_run *run);

/* ---- for host forms -------------------------------------------------------------- */

/* Global ids from begin[d] to end[d] - 1: the span's items, and the whole range in the
 * other dimensions. */
typedef struct suite_box {
    size_t begin[3];
    size_t end[3];
} suite_box;

suite_box suite_box_of(const yoke_span *span);

/* A scalar argument's value. */
#define SUITE_VALUE(type, arg) (*(const type *)(arg))

#endif
