/* SPDX-License-Identifier: MIT */
/*
 * The parts of a worker process, which also run in the application's thread that helps with one
 * job of its own (helper.h).
 */
#ifndef YK_WORKER_WORKER_H
#define YK_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"
#include "protocol/segment_view.h"
#include "protocol/job.h"
#include "protocol/undo.h"
#include "worker/own_time.h"
#include "worker/worker_main.h"

/* A chunk between its start and its finish. */
typedef struct yk_flight {
    yk_claim claim;
    uint64_t begin; /* items */
    uint64_t end;
    uint64_t began_ns; /* clock; 0: its time is not recorded */
    bool is_left_out;  /* it is not computed: see protocol/search.h */
} yk_flight;

/* What a worker has measured in a job. */
typedef struct yk_measured {
    yk_job_ref ref;
    double items;
    double ns;    /* in this time */
    double usual; /* its speed before, items per nanosecond */
    uint64_t usual_ns;    /* over what time that was measured */
    uint64_t usual_items; /* ... and over how many */
} yk_measured;

/* What a worker has done since it last read the clock. */
typedef struct yk_stretch {
    const yk_device *device;
    uint64_t began_ns;
    uint64_t items;
    uint32_t chunks;
    uint32_t next_check; /* read it again after that many chunks */
} yk_stretch;

/* Measurements of one form that count; the median of them does. */
enum { YK_FORM_LOOKS = 3 };

/* One form of a kernel in a trial. */
typedef struct yk_form_trial {
    double speeds[YK_FORM_LOOKS]; /* items/ns */
    uint32_t looks;
} yk_form_trial;

/* A kernel with two forms, on a CPU worker. */
typedef struct yk_forms {
    uint64_t kernel_id;
    uint64_t native_ns; /* how long the native form has run */
    yk_form_trial native; /* in the trial */
    yk_form_trial source;
    uint32_t skipped; /* measurements of the source that do not count */
    bool source_is_built;
} yk_forms;

/* Private memory of a worker's process; all 0: it is not limited. */
typedef struct yk_worker_memory {
    uint64_t limit;
    uint64_t at_start;    /* what it had when it was forked, which does not count */
    uint64_t measured_ns; /* clock, when it was measured last */
    bool is_over;
} yk_worker_memory;

/* A worker process's own view of itself. */
typedef struct yk_worker_self {
    yk_control *control;
    yk_worker *worker;
    uint32_t slot;
    yk_segment_view *attachments; /* NULL: the application, which has all attached */
    /* without files in the application, which cannot die without the pool */
    yk_undo_log undo[YK_MAX_LANES];
    yk_device *device;      /* the device of this worker */
    yk_device *source_device; /* for kernels without a native form: control->source */
    yk_device_place place;
    bool source_device_failed;
    yoke_status source_status; /* why */
    char *source_text;         /* NULL: no memory for it */
    uint32_t kernel_changes;  /* of the control block, when it last built */
    yk_forms forms[YK_MAX_KERNELS];
    uint64_t native_launch; /* the last launch that the second device has refused */
    yk_own_time form_began; /* what it has not counted yet of a trial */
    uint64_t entered_ns; /* when it entered its job */
    yk_stretch stretch;
    yk_measured measured; /* of the job it is in, or was in last */
    uint64_t holder;      /* its name in page tables */
    /* of the control block, when it last checked what to write back */
    uint32_t calls;
    uint64_t checked_launch;  /* the launch whose common inputs have been checked */
    uint64_t traced_since;    /* start of the trace that it last recorded in */
    uint64_t traced_sent;     /* of its tally, when it last recorded an event */
    uint64_t traced_received;
    uint64_t last_item; /* it is spent when its tally reaches this; 0: never */
    yk_worker_memory memory;
    /* when it last had nothing to do; 0: that has been used */
    uint64_t idle_since_ns;
    bool has_slept;           /* the last time it waited */
    /* how long it last waited for tiles that are worth stealing */
    uint64_t later_ns;
    yk_flight running;        /* the chunk whose function it called last */
    uint64_t item_began_ns;   /* when the last item began that has a status of its own */
    yk_error error;
} yk_worker_self;

/* Whether this process has computed its maximum number of items, or has too much memory. */
bool yk_worker_is_spent(const yk_worker_self *self);

/* ---- its memory (worker_memory.c) ---- */

/* Right after the fork. */
void yk_worker_start_memory(yk_worker_self *self);

/* Between two chunks: measures if that was long ago. */
void yk_worker_check_memory(yk_worker_self *self);

/* Before it sleeps: measures if it has computed anything since. */
void yk_worker_check_memory_idle(yk_worker_self *self);

/* Calls the program's initializer, if there is one (worker_initializer.c). YOKE_EKERNEL if it
 * cannot be found or reports a failure. */
yoke_status yk_worker_initialize(yk_worker_self *self);

/* Calls the program's finalizer, if there is one: the process is about to end. */
void yk_worker_finalize(yk_worker_self *self);

/* ---- builds (worker_builds.c) ---- */

/* Between these two calls a compiler may take long, or crash the process. */
void yk_worker_start_building(yk_worker_self *self, uint32_t kernel_slot, uint64_t id);
void yk_worker_end_building(yk_worker_self *self);

/* Whether kernels have been announced since it last checked. */
bool yk_worker_has_builds(const yk_worker_self *self);

/* Builds all announced kernels that this worker has not tried yet. */
void yk_worker_build_all(yk_worker_self *self);

/* Builds one kernel if that has not been tried. Whether the kernel can run here. */
bool yk_worker_can_run(yk_worker_self *self, uint32_t kernel_slot);

/* The device that runs sources on this thread; opened at first use. NULL if there is none; the
 * error says why. */
yk_device *yk_worker_source_device(yk_worker_self *self);

/* ---- forms (worker_forms.c) ---- */

/* The device that runs a kernel here; NULL if there is none. */
yk_device *yk_worker_device_for(yk_worker_self *self, uint32_t kernel_slot);

/* The same for one job of the kernel. */
yk_device *yk_worker_device_in(yk_worker_self *self, const yk_job *job);

/* Before chunks of a kernel that may be part of a trial. */
void yk_worker_start_form(yk_worker_self *self, const yk_job *job);

/* Counts items of a job that a device computed in ns nanoseconds. It may be time to try the
 * kernel's source, or to decide. */
void yk_worker_count_form(yk_worker_self *self, const yk_job *job,
                          const yk_device *device, uint64_t items, uint64_t ns);

/* Whether another device than `device` should run the job from now on. */
bool yk_worker_should_change_form(yk_worker_self *self, const yk_job *job,
                                  const yk_device *device);

/* Builds the source of a kernel with two forms, if that has not been done. Other workers may
 * take this worker's tiles meanwhile. */
yoke_status yk_worker_build_source(yk_worker_self *self, uint32_t kernel_slot);

/* The second device cannot run this kernel: the native form runs from now on. False if there
 * is none. */
bool yk_worker_drop_source(yk_worker_self *self, uint32_t kernel_slot);

/* The second device cannot run this job: its native form runs here. Other jobs of the kernel are
 * not concerned. False if it has no native form. */
bool yk_worker_refuse_source(yk_worker_self *self, const yk_job *job);

/* ---- work (worker_jobs.c) ---- */

enum {
    YK_WORK_NONE = 0,  /* nothing to do until the bell rings */
    YK_WORK_LATER = 1, /* other workers have tiles that may soon be worth stealing */
    YK_WORK_DONE = 2,  /* did some work: look again at once */
};

/* Works on the first job in which there is something to do. */
int yk_worker_find_work(yk_worker_self *self);

/* Works on one job that is ready, if there is something to do. */
int yk_worker_work_on(yk_worker_self *self, yk_job_ref ref);

/* ---- claims (worker_claims.c) ---- */

/* Whether there are tiles to take, as seen from outside the job. *later is set if there are
 * none now, but it is worth checking again soon. */
bool yk_worker_would_take(const yk_worker_self *self, yk_job_ref ref, bool *later);

/* Takes the next tiles of a job, published as the claim of a lane. False if there are none to
 * take now; *later is set if it is worth checking again soon. Only a worker with nothing in
 * flight steals, or takes a tile that is to be run alone. */
bool yk_worker_take(yk_worker_self *self, yk_job_ref ref, unsigned lane,
                    bool is_idle, yk_claim *claim, bool *later);

/* ---- chunks (worker_chunks.c) ---- */

/* The device is prepared for a job: takes chunks of it and computes them until there are none,
 * or until something else has to be done first. Whether there were any. */
bool yk_worker_run_chunks(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                          bool *later);

/* Calls the device, which may call the program's function: computes a chunk, or a part of one. */
yoke_status yk_worker_start_on(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                               unsigned lane, const yk_flight *chunk);

/* Handles the status that a device returned for a chunk. False: the job was stopped with an
 * error. */
bool yk_worker_accept(yk_worker_self *self, yk_job_ref ref, yoke_status status,
                      const yk_flight *chunk);

/* ---- items that each have a status (worker_items.c): see item_table.h ---- */

/* Computes those items of a chunk that are not final, one by one. False: the job was stopped. */
bool yk_worker_run_items(yk_worker_self *self, yk_job_ref ref, yk_device *device,
                         unsigned lane, const yk_flight *chunk);

/* The item it is in has failed, with the text of its error. */
void yk_worker_fail_item(yk_worker_self *self, yk_job_ref ref, uint64_t item);

/* ---- output (worker.c) ---- */

/* Writes what native functions have printed and what is still in a buffer of this process. Not in
 * the application. */
void yk_worker_flush_output(const yk_worker_self *self);

/* After a failure of the device, any later call in this process may fail or hang. Leaves the
 * error in the log and ends the process; it is handled like any other death. */
_Noreturn void yk_worker_give_up_device(yk_worker_self *self);

/* ---- tracing (worker_trace.c) ---- */

/* The clock if events are recorded; otherwise 0. */
uint64_t yk_worker_trace_clock(yk_worker_self *self);

/* Records that items of a job were computed in a lane, from began_ns until now. */
void yk_worker_trace_chunk(yk_worker_self *self, const yk_job *job, unsigned lane,
                           uint64_t begin, uint64_t end, uint64_t began_ns);

/* Records that a kernel was built, from began_ns until now. */
void yk_worker_trace_build(yk_worker_self *self, uint64_t kernel_id, uint64_t began_ns);

/* ---- what devices hold (worker_holders.c) ---- */

/* Does this worker's part in the write-back that the job needs. Whether tiles may be taken. */
bool yk_worker_write_back(yk_worker_self *self, yk_job_ref ref);

/* Writes back what the application asks for. */
void yk_worker_answer_flush(yk_worker_self *self);

/* Whether it was asked to write something back since it last checked. */
bool yk_worker_has_flush_request(const yk_worker_self *self);

/* Before the device is prepared for a job: sets whether results stay on it. */
void yk_worker_set_keeping(yk_worker_self *self, const yk_job *job, yk_device *device);

/* Before the items [begin, end) are computed: makes sure that nothing that they read is lost,
 * and that no device holds pages of which they write a part. YOKE_ELOST, with the argument and
 * the bytes. */
yoke_status yk_worker_check_holders(yk_worker_self *self, const yk_job *job,
                                    uint64_t begin, uint64_t end);

/* ---- measuring (worker_speed.c) ---- */

/* Counts the bytes that were moved since the last call. */
void yk_worker_count_transfers(yk_worker_self *self);

/* Starts measuring when a device begins a job. */
void yk_worker_start_stretch(yk_worker_self *self, yk_job_ref ref,
                             const yk_device *device);

/* Counts a chunk of `items` items that is done. */
void yk_worker_count_chunk(yk_worker_self *self, const yk_job *job, uint64_t items);

/* Ends measuring when the job is left: what was done since the last reading of the clock
 * counts, and its usual speed is known. */
void yk_worker_end_stretch(yk_worker_self *self, const yk_job *job);

/* Sets the speed at which a worker computes a job's items, in items per nanosecond. */
void yk_worker_set_speed(yk_worker_self *self, const yk_job *job, double speed);

#endif
