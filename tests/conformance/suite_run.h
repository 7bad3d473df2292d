/* SPDX-License-Identifier: MIT */
/* One run of a case: its arrays, what they should hold in the end, its jobs. */
#ifndef SUITE_RUN_H
#define SUITE_RUN_H

#include "suite.h"

enum { SUITE_MAX_BLOCKS = 48, SUITE_MAX_JOBS = 256 };

typedef struct suite_block {
    unsigned char *data;   /* in the pool */
    yoke_shm *shm;         /* it is a named segment; NULL: allocated */
    unsigned char *wanted; /* what it should hold; NULL until the first map */
    size_t bytes;
    double tolerance;
    bool unchecked;
    bool is_lent;
} suite_block;

struct suite_run {
    const suite_target *target;
    const suite_case *tested;
    yoke_pool *pool;
    yoke_kernel *kernels[SUITE_MAX_KERNELS];
    size_t pieces; /* about how many the range is cut into; 0: as the library likes */
    uint32_t seed;
    suite_block blocks[SUITE_MAX_BLOCKS];
    size_t block_count;
    yoke_future *futures[SUITE_MAX_JOBS];
    size_t future_count;
};

/* Runs the script, waits, compares and frees the arrays. */
void suite_run_script(suite_run *run);

#endif
