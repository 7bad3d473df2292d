/* SPDX-License-Identifier: MIT */
/* What runs in a worker process. */
#ifndef YK_POOL_WORKER_H
#define YK_POOL_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/control.h"
#include "pool/job.h"

/* Exit codes of a worker process. */
enum { YK_EXIT_OK = 0, YK_EXIT_START = 1, YK_EXIT_DEVICE = 2 };

/* What a worker has done of a job. */
typedef struct yk_measured {
    yk_job_ref ref;
    double items;
    double ns;    /* in this time */
    double usual; /* its speed before, items per nanosecond */
} yk_measured;

/* A worker process's own view of itself. */
typedef struct yk_worker_self {
    yk_control *control;
    yk_worker *worker;
    uint32_t slot;
    int undo_file;
    yk_device *device;      /* runs what this worker is for */
    yk_device *source_device; /* CPU worker: PoCL for kernels without a native form */
    bool source_device_failed;
    uint32_t kernel_changes;  /* of the control block, when it last built */
    yk_measured measured;     /* of the job it is in, or was in last */
    yk_error error;
} yk_worker_self;

/* The process: returns its exit code when the pool closes. */
int yk_worker_main(yk_control *control, uint32_t slot, int undo_file);

/* ---- builds (worker_builds.c) ---- */

/* Whether kernels have been announced since it last looked. */
bool yk_worker_has_builds(const yk_worker_self *self);

/* Builds announced kernels that this worker has not looked at. */
void yk_worker_build_all(yk_worker_self *self);

/* Builds one kernel if that has not been tried; whether it can run here. */
bool yk_worker_can_run(yk_worker_self *self, uint32_t kernel_slot);

/* The device that runs a kernel here. */
yk_device *yk_worker_device_for(yk_worker_self *self, const yk_kernel *kernel);

/* ---- work (worker_jobs.c) ---- */

enum {
    YK_WORK_NONE = 0,  /* nothing to do until the bell rings */
    YK_WORK_LATER = 1, /* others have tiles left that may be worth stealing soon */
    YK_WORK_DONE = 2,  /* worked: look again at once */
};

/* Works on the first job that has something to do. */
int yk_worker_find_work(yk_worker_self *self);

/* ---- chunks (worker_chunks.c) ---- */

/* Whether there is something to take, as seen from outside the job. *later is set if
 * not, but it is worth looking again soon. */
bool yk_worker_would_take(const yk_worker_self *self, yk_job_ref ref, bool *later);

/* Measures speeds from here on for a job, from the usual one; after it, or at a pause, the
 * usual speed has become known. */
void yk_worker_measure_start(yk_worker_self *self, yk_job_ref ref);
void yk_worker_measure_stop(yk_worker_self *self, yk_job_ref ref);

/* Takes the next tiles of a job, published as a claim. False: none to be had now; *later
 * is set if it is worth looking again soon. */
bool yk_worker_take(yk_worker_self *self, yk_job_ref ref, yk_claim *claim, bool *later);

/* Computes a claim's tiles and marks them. False: the job was stopped with an error. */
bool yk_worker_run(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                   yk_claim claim);

/* After a failure of the device every later call in this process may fail or hang: leaves
 * the error in the log and ends the process, to be treated as any other death. */
_Noreturn void yk_worker_give_up_device(yk_worker_self *self);

#endif
