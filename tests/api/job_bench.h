/* SPDX-License-Identifier: MIT */
/* What tests of jobs in flight stand on: a pool, its kernels, and jobs that are held. */
#ifndef JOB_BENCH_H
#define JOB_BENCH_H

#include "api_setup.h"

enum { N = 4096 };

/* Two workers, their kernels and a gate that is closed. */
typedef struct job_bench {
    yoke_pool *pool;
    yoke_kernel *fill;
    yoke_kernel *increment;
    yoke_kernel *successor;
    yoke_kernel *hold;
    yoke_kernel *refuse;
    api_gate *gate;
    uint32_t *held; /* what held jobs increment */
} job_bench;

extern job_bench b;

/* Fixtures of a test. */
int job_set_up(void **state);
int job_tear_down(void **state);

yoke_arg gate_arg(void);

/* A job that waits at the gate with as many workers as it has items. */
yoke_future *start_held(size_t items);

yoke_future *start_increment(uint32_t *numbers, size_t count);

/* Waits for a job, compares how it ended and gives it back. */
void finish(yoke_future *future, yoke_status status);

#endif
