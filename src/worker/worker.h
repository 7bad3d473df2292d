/* SPDX-License-Identifier: MIT */
/*
 * What runs in a worker process; and what runs in the application's thread that helps, which
 * works on one job of its own as a worker would (helper.h).
 */
#ifndef YK_WORKER_WORKER_H
#define YK_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"
#include "protocol/segment_view.h"
#include "protocol/job.h"
#include "protocol/undo.h"
#include "worker/worker_main.h"

/* A chunk between its start and its finish. */
typedef struct yk_flight {
    yk_claim claim;
    uint64_t begin; /* items */
    uint64_t end;
    uint64_t began_ns; /* clock; 0: its time is not recorded */
} yk_flight;

/* What a worker has done of a job. */
typedef struct yk_measured {
    yk_job_ref ref;
    double items;
    double ns;    /* in this time */
    double usual; /* its speed before, items per nanosecond */
    uint64_t usual_ns; /* in how long that was measured */
    uint64_t usual_items; /* ... and on how many */
} yk_measured;

/* What a worker has done since it last looked at the clock. */
typedef struct yk_stretch {
    const yk_device *device;
    uint64_t began_ns;
    uint64_t items;
    uint32_t chunks;
    uint32_t next_check; /* look again after so many chunks more */
} yk_stretch;

/* Of a kernel with two forms, on a CPU worker. */
typedef struct yk_forms {
    uint64_t kernel_id;
    uint64_t native_ns;    /* so long the native form has run */
    double native_speed;   /* items/ns */
    uint64_t source_items; /* in its trial, from the second look on */
    uint64_t source_ns;
    uint32_t looks;        /* at the source in its trial */
    bool source_is_built;
} yk_forms;

/* A worker process's own view of itself. */
typedef struct yk_worker_self {
    yk_control *control;
    yk_worker *worker;
    uint32_t slot;
    yk_segment_view *attachments; /* NULL: the application, which has them all */
    yk_undo_log undo[YK_MAX_LANES]; /* no files: it cannot die without the pool */
    yk_device *device;      /* runs what this worker is for */
    yk_device *source_device; /* for kernels without a native form: control->source */
    bool source_device_failed;
    yoke_status source_status; /* why */
    char *source_text;         /* NULL: no memory for it */
    uint32_t kernel_changes;  /* of the control block, when it last built */
    yk_forms forms[YK_MAX_KERNELS];
    uint64_t entered_ns; /* when the job was begun that it works on */
    yk_stretch stretch;
    yk_measured measured; /* of the job it is in, or was in last */
    uint64_t holder;      /* its name in block tables */
    uint32_t calls;       /* of the control block, when it last looked for what to give */
    uint64_t checked_launch; /* what all its chunks read was looked at */
    uint64_t traced_since; /* when the trace began that it last recorded for */
    uint64_t traced_sent;     /* of its tally, when it last recorded an event */
    uint64_t traced_received;
    uint64_t last_item;       /* spent when its tally has come so far; 0: never */
    uint64_t idle_since_ns;   /* when it last had nothing to do; 0: it has been told */
    bool has_slept;           /* the last time it waited */
    uint64_t later_ns;        /* how long it waited last for something worth stealing */
    yk_flight running;        /* the chunk whose function it called last */
    yk_error error;
} yk_worker_self;

/* Whether this process has computed as many items as it is to. */
bool yk_worker_is_spent(const yk_worker_self *self);

/* Calls the program's initializer, if there is one (worker_initializer.c). YOKE_EKERNEL if it is
 * not there or reports a failure. */
yoke_status yk_worker_initialize(yk_worker_self *self);

/* ---- builds (worker_builds.c) ---- */

/* From here until the second call a compiler may take its time, or the process down. */
void yk_worker_start_building(yk_worker_self *self, uint32_t kernel_slot, uint64_t id);
void yk_worker_end_building(yk_worker_self *self);

/* Whether kernels have been announced since it last looked. */
bool yk_worker_has_builds(const yk_worker_self *self);

/* Builds announced kernels that this worker has not looked at. */
void yk_worker_build_all(yk_worker_self *self);

/* Builds one kernel if that has not been tried; whether it can run here. */
bool yk_worker_can_run(yk_worker_self *self, uint32_t kernel_slot);

/* The device that runs sources on this thread; opened when first asked for. NULL if there is
 * none, error says why. */
yk_device *yk_worker_source_device(yk_worker_self *self);

/* ---- forms (worker_forms.c) ---- */

/* The device that runs a kernel here; NULL if there is none. */
yk_device *yk_worker_device_for(yk_worker_self *self, uint32_t kernel_slot);

/* A kernel's items were computed by a device in so long: it may be time to try its source,
 * or to decide. */
void yk_worker_count_form(yk_worker_self *self, uint32_t kernel_slot,
                          const yk_device *device, uint64_t items, uint64_t ns);

/* Whether the job it is in would now be run by another device than `device`. */
bool yk_worker_should_change_form(yk_worker_self *self, uint32_t kernel_slot,
                                  const yk_device *device);

/* Builds the source of a kernel with two forms, if that has not been done; others may take
 * this worker's tiles meanwhile. */
yoke_status yk_worker_build_source(yk_worker_self *self, uint32_t kernel_slot);

/* The second device cannot run this kernel: the native form does it from now on. False if there is
 * none. */
bool yk_worker_drop_source(yk_worker_self *self, uint32_t kernel_slot);

/* ---- work (worker_jobs.c) ---- */

enum {
    YK_WORK_NONE = 0,  /* nothing to do until the bell rings */
    YK_WORK_LATER = 1, /* others have tiles left that may be worth stealing soon */
    YK_WORK_DONE = 2,  /* worked: look again at once */
};

/* Works on the first job that has something to do. */
int yk_worker_find_work(yk_worker_self *self);

/* Works on one job that is ready, if there is something to do. */
int yk_worker_work_on(yk_worker_self *self, yk_job_ref ref);

/* ---- claims (worker_claims.c) ---- */

/* Whether there is something to take, as seen from outside the job. *later is set if
 * not, but it is worth looking again soon. */
bool yk_worker_would_take(const yk_worker_self *self, yk_job_ref ref, bool *later);

/* Takes the next tiles of a job, published as the claim of a lane. False: none to be had
 * now; *later is set if it is worth looking again soon. Only a worker with nothing in flight
 * steals, or takes a tile that is to be run alone. */
bool yk_worker_take(yk_worker_self *self, yk_job_ref ref, unsigned lane,
                    bool is_idle, yk_claim *claim, bool *later);

/* ---- chunks (worker_chunks.c) ---- */

/* The device was prepared for a job: takes chunks of it and computes them until there are
 * none, or something else is to be done first. Whether there were any. */
bool yk_worker_run_chunks(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                          bool *later);

/* After a failure of the device every later call in this process may fail or hang: leaves
 * the error in the log and ends the process, to be treated as any other death. */
_Noreturn void yk_worker_give_up_device(yk_worker_self *self);

/* ---- tracing (worker_trace.c) ---- */

/* The clock if events are recorded, else 0. */
uint64_t yk_worker_trace_clock(yk_worker_self *self);

/* Items of a job were computed in a lane, from `began_ns` on until now. */
void yk_worker_trace_chunk(yk_worker_self *self, const yk_job *job, unsigned lane,
                           uint64_t begin, uint64_t end, uint64_t began_ns);

/* A kernel was built, from `began_ns` on. */
void yk_worker_trace_build(yk_worker_self *self, uint64_t kernel_id, uint64_t began_ns);

/* ---- what devices hold (worker_holders.c) ---- */

/* Does this worker's part in giving back what the job needs. Whether tiles may be taken. */
bool yk_worker_write_back(yk_worker_self *self, yk_job_ref ref);

/* Gives back what the application wants back. */
void yk_worker_answer_flush(yk_worker_self *self);

/* Whether it was called to give something back since it last looked. */
bool yk_worker_has_flush_request(const yk_worker_self *self);

/* Before the device is prepared for a job: results stay on it, or not. */
void yk_worker_set_keeping(yk_worker_self *self, const yk_job *job, yk_device *device);

/* Before the items [begin, end) are computed: nothing that they read is lost, and nobody
 * holds blocks of which they write a part. YOKE_ELOST, with the argument and the bytes. */
yoke_status yk_worker_check_holders(yk_worker_self *self, const yk_job *job,
                                    uint64_t begin, uint64_t end);

/* ---- measuring (worker_speed.c) ---- */

/* What was moved since the last time counts. */
void yk_worker_count_transfers(yk_worker_self *self);

/* Between two chunks, a job is begun on a device. */
void yk_worker_start_stretch(yk_worker_self *self, yk_job_ref ref,
                             const yk_device *device);

/* A chunk of so many items is done. */
void yk_worker_count_chunk(yk_worker_self *self, const yk_job *job, uint64_t items);

/* The job is left: what was done since the last look counts, and its usual speed is known. */
void yk_worker_end_stretch(yk_worker_self *self, const yk_job *job);

/* From here on a worker computes a job's items at this speed, items per nanosecond. */
void yk_worker_set_speed(yk_worker_self *self, const yk_job *job, double speed);

#endif
