/* SPDX-License-Identifier: MIT */
/*
 * The application's side of a pool, in its private memory. One lock protects all of it.
 * A thread that holds it never waits for workers. Functions that need it held have names that
 * end in _locked.
 */
#ifndef YK_POOL_POOL_H
#define YK_POOL_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ipc/registry.h"
#include "pool/processes.h"
#include "protocol/control.h"
#include "protocol/job.h"
#include "reduce/reduction.h"
#include "shm/arena.h"
#include "sys/mapping.h"
#include "yoke/future.h"
#include "yoke/kernel.h"
#include "yoke/map.h"
#include "yoke/pool.h"
#include "yoke/shm.h"
#include "yoke/stats.h"
#include "yoke/task.h"

enum { YK_MAX_SPARES = 4, YK_MOST_CONTEXT = 4096 /* bytes, of a task */ };

/* Memory for partial results that no job uses now. */
typedef struct yk_spare {
    void *memory; /* NULL: none */
    size_t bytes;
} yk_spare;

/* The first failure that was not reported and that no future can report. The next wait for all
 * jobs, or the end of the pool, reports it. */
typedef struct yk_unread {
    yoke_status status; /* YOKE_OK: there is none */
    uint64_t sequence;  /* of the job that failed */
    uint64_t others;    /* how many failed beside it */
    char *text;         /* NULL: there was no memory for it */
} yk_unread;

/* What a failed job was to write: see spoiled.c. */
typedef struct yk_spoiled yk_spoiled;

/* Room for a job's result, as the application gave it: what the job's slot says of it may have
 * been written over. */
typedef struct yk_room {
    bool has_result;
    void *block; /* NULL: only what the slot holds */
    size_t bytes;
} yk_room;

/* What the application knows of a segment. */
typedef struct yk_host {
    uint32_t handles; /* 0: the slot is free */
    bool read_only;
    void *pointer;
    yk_segment segment;
} yk_host;

struct yoke_pool {
    yk_mapping control_mapping;
    yk_control *control;
    yk_arena arena; /* yoke_alloc's memory */
    yk_arena store; /* kernels' texts: not where users' pointers go */
    yk_arena tables; /* block tables of lent allocations */
    yk_ipc_registry objects; /* queues, locks and the like, in the arena */
    pid_t owner; /* the process that created the pool */
    pid_t supervisor;
    int supervisor_fd; /* pidfd */
    yoke_start method; /* how it was started: not YOKE_START_AUTO */
    int alive;         /* reads: end of file when every process of the pool is gone */
    int events;        /* for the application's event loop; -1: it has not asked */
    int life;          /* writes: its end tells the supervisor that we are gone */

    pthread_mutex_t lock;
    pthread_mutex_t build_lock; /* one yoke_kernel_create at a time; taken first */
    bool broken;                /* the supervisor died */
    bool ending;                /* it is being closed or terminated: it may die */
    bool was_broken;            /* when its processes were stopped */
    uint64_t next_id;           /* of jobs and kernels */
    uint64_t next_sequence;
    yoke_future *jobs[YK_MAX_JOBS];       /* not collected yet, by slot */
    uint8_t by_age[YK_MAX_JOBS];          /* their slots in order of submission */
    uint32_t job_count;
    uint64_t behind[YK_MAX_JOBS]; /* by slot: the jobs it waits for, however indirectly */
    yk_room rooms[YK_MAX_JOBS];   /* by slot */
    uint64_t relies[YK_MAX_JOBS]; /* ... those it needs, however indirectly */
    yoke_kernel *kernels[YK_MAX_KERNELS]; /* by slot */
    pthread_mutex_t recall_lock; /* one allocation is wanted back at a time; taken first */
    uint64_t explored_ns; /* when a job was last shared to measure */
    pthread_mutex_t caller_lock;    /* held by the thread that helps */
    struct yk_worker_self *caller;  /* what it works with; NULL: nobody has helped yet */
    pthread_mutex_t tasks_lock; /* one function becomes a kernel at a time; taken first */
    yoke_kernel *tasks[YK_MAX_KERNELS]; /* those made of task functions, by slot */
    uint64_t task_uses;
    pthread_mutex_t reduce_lock; /* one reduction is built at a time; taken first */
    yoke_kernel *reductions[YK_REDUCTION_COUNT]; /* NULL: not used yet */
    yk_spare spares[YK_MAX_SPARES];
    yk_host *hosts; /* of segments, by slot; NULL: there has been none */
    yoke_shm *shms; /* all that the user holds */
    yoke_future *finished; /* collected, their callbacks to be run, in this order */
    yoke_future *last_finished; /* if there is one */
    yoke_future *futures;  /* all that the user holds */
    yoke_process *processes[YK_MAX_PROCESSES]; /* by slot; NULL: none, or no handle */
    yoke_process *handles; /* all that the user holds */
    uint64_t process_count; /* started so far */
    /* Threads inside of waits, which the end of the pool has to let out. The highest bit: it
     * has come. */
    _Atomic uint32_t inside;
    yk_unread unread;
    yk_spoiled *spoiled;    /* the newest first */
    uint32_t spoiled_count;
    uint64_t families;      /* of failures: given out so far */
    struct yk_tracer *tracer; /* NULL: nothing has been traced yet */
};

/* A copy of an array outside the pool's memory. */
typedef struct yk_staged {
    uint32_t arg;
    uint64_t original; /* address of its first byte in the application */
    uint64_t bytes;
    uint64_t copy;  /* address of the same byte in the arena */
    uint64_t block; /* of the allocation there */
} yk_staged;

/* What becomes of a reduction's partial results once its job has ended well. */
typedef struct yk_fold {
    yk_reduce_finish *finish; /* NULL: the job is no reduction */
    void *partials;           /* in the arena, or a spare */
    size_t bytes;
    size_t count;
    yoke_reduced *result; /* the program's */
} yk_fold;

/* What becomes of partial results that the program's own function combines. */
typedef struct yk_combine {
    yoke_reducer reducer;
    void *partials; /* memory of the pool; NULL: the job is no such reduction */
    size_t first;   /* of them, the range's */
    size_t count;
    void *result; /* the program's */
    bool by_caller; /* only the thread that waits for the job makes it */
} yk_combine;

/* Whether a future's result is there once its job has been collected. */
typedef enum yk_result_state {
    YK_RESULT_MADE,  /* as of most jobs at once */
    YK_RESULT_DUE,   /* the program's function is to be called */
    YK_RESULT_MAKING /* a thread is in it */
} yk_result_state;

struct yoke_future {
    yoke_pool *pool; /* NULL: the pool is gone */
    pid_t owner;     /* of the pool */
    unsigned references; /* the user's and the pool's, and who waits for it has one */
    bool is_users;       /* one is the user's */
    bool is_left; /* the call that waited for it was left: its results have no place */
    bool collected;
    bool is_seen;      /* yoke_pool_poll() has counted it, and left it where it is */
    bool is_lost;      /* its result went with the pool */
    _Atomic bool told; /* it was reported to the program how the job ended */
    uint64_t sequence; /* the job's, in order of submission */
    uint64_t family;   /* failures that follow from one another have the same */
    bool is_forgiven;  /* a failure of the family was reported */
    double progress; /* when it was collected */
    yk_job_ref ref; /* while not collected */
    yoke_status status;
    char *error; /* NULL: none */
    yoke_kernel *kernel;
    yk_staged *staged;
    size_t staged_count;
    void *result; /* memory of the pool that nobody has taken yet; NULL: none */
    size_t result_bytes;
    yoke_on_done *on_success; /* given at submission; NULL: none */
    yoke_on_done *on_error;
    void *on_context;
    yk_fold fold;
    yk_combine combine;
    yk_result_state result_state;
    yoke_on_done *callback; /* given later */
    void *callback_context;
    yoke_future *next_finished;
    yoke_future *next; /* in pool->futures */
    yoke_future **link; /* what points to it there */
};

struct yoke_shm {
    yoke_pool *pool;
    uint32_t slot; /* of its segment */
    void *pointer;
    size_t bytes;
    yoke_shm *next; /* in pool->shms */
    char name[YK_SEGMENT_NAME + 1];
};

enum { YK_MAX_VARIANTS = 8 };

struct yoke_kernel {
    yoke_pool *pool;
    uint32_t slot;
    uint64_t id;
    unsigned users; /* jobs, and the user; 0: waits to be freed */
    /* Ranges it has been built for, if its source asks for their sizes. */
    uint64_t variants[YK_MAX_VARIANTS][6];
    size_t variant_count;
    uint64_t build_timeout_ns; /* 0: none */
    bool needs_double; /* devices without stand aside */
    bool tolerant;     /* of drivers that cannot build it, if somebody can run it */
    /* By slot, the caller last: the part of all speed that each had when work ranges were last
     * given by speeds. */
    double parts[YK_MAX_SLOTS];
    uint32_t participant_count;
    uint64_t last_use; /* of a task function: pool->task_uses then */
};

/* What is submitted. */
typedef struct yk_submission {
    yoke_kernel *kernel;
    yoke_range range;
    yoke_map_options options;
    const yoke_arg *args;
    size_t count;
    yk_task_call task; /* if the kernel is a task function */
    bool has_result;   /* ... of which each call has a result of a size that it alone knows */
    uint64_t most_result; /* bytes; 0: the library chooses */
    yoke_on_done *on_success; /* NULL: none */
    yoke_on_done *on_error;
    void *on_context;
    yk_fold fold;
    yk_combine combine; /* in a thread of the program, before the job counts as ended */
    bool caller_helps; /* between yk_caller_begin() and yk_caller_end() */
    bool is_users;     /* the future will be */
} yk_submission;

/* ---- pool.c ---- */

/* The pool's lock, which is not recursive. Other locks of the pool are taken before it. */
static inline void yk_pool_lock(yoke_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
}

static inline void yk_pool_unlock(yoke_pool *pool)
{
    (void)pthread_mutex_unlock(&pool->lock);
}

/* Called with a pool that has no process yet, so that each of its processes knows it to be
 * the application's. False if there is no memory to remember it. */
typedef bool yk_pool_announce(const yoke_pool *pool);

/* On failure *pool is what there is of it, to be destroyed, or NULL. */
yoke_status yk_pool_create(yoke_pool **pool, const yoke_pool_options *options,
                           yk_pool_announce *announce, yk_error *error);

/* Ends all processes and jobs, and runs the last callbacks. With `kill`, without waiting for
 * jobs. If a callback is left it may be called again. */
void yk_pool_end(yoke_pool *pool, bool kill);

/* Frees the pool once it has ended, and waits for threads that are inside of waits. */
yoke_status yk_pool_destroy(yoke_pool *pool, bool kill, yk_error *error);

/* Whether the supervisor lives; when it does not, every job ends with YOKE_EBROKEN. Takes
 * the lock. */
bool yk_pool_is_alive(yoke_pool *pool);

/* Whether the supervisor process has ended. Needs no lock. */
bool yk_pool_supervisor_ended(const yoke_pool *pool);

/* Never hits another process that has got its pid. */
void yk_pool_kill_supervisor(yoke_pool *pool);

/* Sleeps until something in the pool changes after `ticket` of control->changed, or for a
 * while. False if the pool broke. Without the lock. */
bool yk_pool_wait_change(yoke_pool *pool, uint32_t ticket);

/* Waits until no job is left, nor a process that is no daemon; runs callbacks. Negative: no
 * limit. YOKE_ETIMEDOUT, YOKE_EBROKEN. Takes the lock. */
yoke_status yk_pool_wait(yoke_pool *pool, double seconds, yk_error *error);

/* Around a wait: the pool's memory stays until the second call, also if somebody terminates
 * the pool meanwhile. */
void yk_pool_enter(yoke_pool *pool);
void yk_pool_leave(yoke_pool *pool);

/* Of a call that was left (sys/call_guard.h): yk_pool_leave(). */
void yk_undo_pool_enter(void *pool, uint64_t unused);

/* The pool ends, and nobody is inside. */
bool yk_pool_is_left(yoke_pool *pool);

yoke_status yk_pool_fail_broken(yk_error *error);

/* The descriptor of yoke_pool_fd(). Takes the lock. */
yoke_status yk_pool_fd(yoke_pool *pool, int *fd, yk_error *error);

/* Collects what has ended and runs callbacks. How many. Takes the lock. */
size_t yk_pool_poll(yoke_pool *pool);

/* ---- pool_info.c ---- */

void yk_pool_describe(yoke_pool *pool, yoke_worker_info *workers, size_t capacity,
                      size_t *count);

/* What a kernel is to each worker. How many. */
size_t yk_pool_describe_kernel(const yoke_kernel *kernel,
                               yoke_kernel_worker_info infos[YK_MAX_WORKERS]);

/* What each has done so far: the workers, then the application's threads. How many. */
size_t yk_pool_get_stats(const yoke_pool *pool, yoke_worker_stats stats[YK_MAX_SLOTS]);

/* Lists the OpenCL devices that were found, for an error's text. */
void yk_pool_append_found(yoke_pool *pool, yk_error *error);

/* ---- kernels.c ---- */

yoke_status yk_kernel_create(yoke_kernel **kernel, yoke_pool *pool,
                             const yoke_kernel_options *options, yk_error *error);

/* The same for a kernel of the library's own: a driver that cannot build it does not run
 * it, and that is all, as long as anybody can. */
yoke_status yk_kernel_create_own(yoke_kernel **kernel, yoke_pool *pool,
                                 const yoke_kernel_options *options, bool needs_double,
                                 yk_error *error);

/* One user fewer; after the last one it is freed, at once or by a later sweep: while a
 * worker is still building it its texts are needed. */
void yk_kernel_release_locked(yoke_kernel *kernel);

/* Frees kernels without users that nobody builds any more. */
void yk_kernels_sweep_locked(yoke_pool *pool);

/* The same for a function that is called for each item; no options but its name. */
yoke_status yk_kernel_create_task(yoke_kernel **kernel, yoke_pool *pool,
                                  const yk_kernel *described, yk_error *error);

/* ---- tasks.c ---- */

/* What is common to the calls that run a function per item. */
typedef struct yk_task_request {
    yoke_task_function *function;
    yoke_task_options options;
    size_t count;
    const yoke_arg *args; /* the first are shown as they are, if `shown` */
    size_t arg_count;
    yk_task_call call;
    bool has_result;
    bool is_users; /* the future will be */
} yk_task_request;

/* Whether it may be submitted, as far as it alone tells. */
yoke_status yk_tasks_check(const yk_task_request *request, yk_error *error);

/* Checks and publishes a job; the caller owns the future. Takes the locks. */
yoke_status yk_tasks_submit(yoke_future **future, yoke_pool *pool,
                            const yk_task_request *request, yk_error *error);

/* Drops the task function that has not been used for longest and is not in use: its slot
 * is free then. False if there is none. */
bool yk_tasks_evict_locked(yoke_pool *pool);

/* ---- submit.c ---- */

/* What can be told of options alone; not of their devices. */
yoke_status yk_map_options_check(const yoke_map_options *options, yk_error *error);

/* Checks and publishes a job. The caller owns the future. The memory of the submission's
 * fold and of its combine is the job's, or given back on failure. Takes the lock, runs
 * callbacks. */
yoke_status yk_submit(yoke_future **future, yoke_pool *pool,
                      const yk_submission *submission, yk_error *error);

/* ---- order.c ---- */

/* Finds what a job that is filled in has to wait for: jobs that conflict with it, and
 * those it names. */
yoke_status yk_order_find_locked(yoke_pool *pool, uint32_t slot,
                                 const yoke_map_options *options, yk_error *error);

/* The job is about to be opened: those it waits for know it. */
void yk_order_add_locked(yoke_pool *pool, uint32_t slot);

/* The job is collected. */
void yk_order_remove_locked(yoke_pool *pool, uint32_t slot);

/* ---- placement.c ---- */

/* Which workers a job may use: all, or those of a device string. */
yoke_status yk_place_allow(yoke_pool *pool, yk_job *job, const char *devices,
                           yk_error *error);

/* Cuts the range into tiles and gives each worker its work range. */
void yk_place_tiles_locked(yoke_pool *pool, yk_job *job, uint32_t generation,
                           const yk_submission *submission);

/* ---- caller.c ---- */

/* The calling thread is to help with its next job: false if it cannot, or another thread
 * is at it. Until yk_caller_end(). */
bool yk_caller_begin(yoke_pool *pool, const yoke_kernel *kernel);

/* Works on the job as long as there is something to take. */
void yk_caller_work(yoke_pool *pool, yk_job_ref ref);

void yk_caller_end(yoke_pool *pool);

/* Of a call that was left (sys/call_guard.h): yk_caller_end(). */
void yk_undo_caller(void *pool, uint64_t unused);

void yk_caller_destroy(yoke_pool *pool);

/* ---- stage.c ---- */

/* Gives arguments outside the arena a copy there, filled as far as it is read. */
yoke_status yk_stage_in_locked(yoke_pool *pool, yoke_future *future, yk_launch *launch,
                               yk_error *error);

/* Copies results back and frees the copies. */
void yk_stage_out_locked(yoke_pool *pool, yoke_future *future, const yk_launch *launch,
                         bool results);

/* A job not collected yet that uses the plain memory of this launch's foreign arguments
 * in conflict with them, or NULL. */
yoke_future *yk_stage_conflict_locked(yoke_pool *pool, const yk_launch *launch);

/* ---- result.c ---- */

/* Room for a result, if the submission has one. */
yoke_status yk_result_reserve_locked(yoke_pool *pool, yk_job *job,
                                     const yk_submission *submission, yk_error *error);

/* The result of a job that has ended becomes the future's; room that is not needed is given
 * back. */
yoke_status yk_result_collect_locked(yoke_pool *pool, yk_job *job, yoke_future *future,
                                     bool succeeded, yk_error *error);
/* ---- reductions.c ---- */

/* What is reduced. */
typedef struct yk_reduce_request {
    const yk_reduction *reduction;
    const void *x;
    const void *y; /* of operations on two arrays */
    size_t n;      /* at least 1, and n elements have a size */
    yoke_reduced *result;
} yk_reduce_request;

/* Creates the operation's kernel in this pool if it is not there. Waits for builds. */
yoke_status yk_reduction_prepare(yoke_pool *pool, const yk_reduction *reduction,
                                 yoke_kernel **kernel, yk_error *error);

/* Fills in range, arguments (eight) and memory for partial results of a submission. */
yoke_status yk_reduction_fill(yoke_pool *pool, const yk_reduce_request *request,
                              yk_submission *submission, yoke_arg args[8],
                              yk_error *error);

/* Makes the result of the partial results, if the job has ended well, and gives their
 * memory back. */
void yk_fold_finish_locked(yoke_pool *pool, yk_fold *fold, bool well);

/* Gives the memory back. */
void yk_fold_drop_locked(yoke_pool *pool, yk_fold *fold);

/* ---- combine.c ---- */

/* Gives the memory of partial results back. */
void yk_combine_drop(yoke_pool *pool, yk_combine *combine);

/* The job has been collected: its result is due, or there is none. */
void yk_combine_begin_locked(yoke_future *future, bool well);

/* Whether it is due, and now the calling thread's to make. */
bool yk_combine_claim_locked(yoke_future *future);

/* Whether another thread makes it, or will. */
bool yk_combine_is_anothers_locked(const yoke_future *future);

/* Makes what was claimed: calls the program's function, and writes the result. Without the
 * lock; the future has a reference. */
void yk_combine_make(yoke_future *future);

/* Whether the thread is in the function that makes this future's result. */
bool yk_combine_is_making(const yoke_future *future);

/* ---- lend.c ---- */

yoke_status yk_lend(yoke_pool *pool, void *pointer, yk_error *error);

/* Waits for jobs that use the memory, and for devices to give back what they hold of it.
 * Takes the lock. */
yoke_status yk_reclaim(yoke_pool *pool, void *pointer, yk_error *error);

/* Frees an allocation, lent or not. Takes the lock. */
yoke_status yk_free(yoke_pool *pool, void *pointer, yk_error *error);

/* Has devices give back what they hold of an allocation that no job uses; what there is
 * of it then, copied to *block. The lock may be given up meanwhile. */
yoke_status yk_flush_allocation_locked(yoke_pool *pool, void *pointer,
                                       yk_allocation *block, yk_error *error);

/* What of a block was lost with a worker and is now as it was before: YOKE_ELOST. With the
 * lock. */
yoke_status yk_check_lost_locked(const yoke_pool *pool, const yk_allocation *block,
                                 yk_error *error);

/* ---- segments.c ---- */

/* Take the lock. */
yoke_status yk_shm_open(yoke_shm **shm, yoke_pool *pool, const char *name,
                        bool read_only, yk_error *error);
yoke_status yk_shm_open_file(yoke_shm **shm, yoke_pool *pool, const char *path,
                             bool read_only, yk_error *error);
yoke_status yk_shm_create(yoke_shm **shm, yoke_pool *pool, const char *name,
                          size_t bytes, yk_error *error);

/* YOKE_EBUSY while jobs use it; else, also with YOKE_ELOST, the handle is the caller's to free.
 * Takes the lock; callbacks of what it has collected are to be run then. */
yoke_status yk_shm_close(yoke_pool *pool, yoke_shm *shm, yk_error *error);

/* No job is left: devices give back what they hold of segments that are lent, and what was
 * lost of them is kept as a failure. Takes the lock. */
void yk_shm_flush_all(yoke_pool *pool);

/* Frees all handles, and closes their segments: when the processes are gone. */
void yk_shm_free_all(yoke_pool *pool);

/* ---- futures.c ---- */

/* Takes the results of a job that has ended out of its slot. */
void yk_collect_locked(yoke_pool *pool, uint32_t slot);

/* Collects every job that has ended. How many. */
size_t yk_collect_ended_locked(yoke_pool *pool);

/* The same, but failed jobs that nothing reports keep their slots, so that jobs submitted later
 * that need their results fail too. They count once. */
size_t yk_collect_all_but_silent_locked(yoke_pool *pool);

/*
 * Collects jobs to make room for others. A failed job that the user has not
 * heard of yet keeps its slot, so that jobs submitted later that need its results fail too
 * rather than compute with what is left of them. With `failed_too` all but the last of
 * those: it is the one that a chain of jobs hangs on.
 */
void yk_collect_for_room_locked(yoke_pool *pool, bool failed_too);

/* Ends all jobs that are not collected, with a status: after the pool's processes are
 * gone. */
void yk_abandon_jobs_locked(yoke_pool *pool, yoke_status status, const char *text);

/* Asks the job to end early. Takes the lock. */
void yk_future_cancel(yoke_future *future);

/* Waits until the job is collected, or the time (negative: no limit) is over. */
bool yk_future_wait(yoke_future *future, double seconds);

/* With one reference: the user's, or the caller's. */
yoke_future *yk_future_create_locked(yoke_pool *pool, const yk_submission *submission);

/* The future of a job with nothing to do: it has ended well. NULL: no memory. Takes the
 * lock, runs callbacks. */
yoke_future *yk_future_create_ended(yoke_pool *pool, const yk_submission *submission);

/* Whether its job has ended, with all that belongs to it. */
bool yk_future_is_over_locked(const yoke_future *future);

/* Inside of its pool, which is returned; NULL: the pool is gone. */
yoke_pool *yk_future_enter(yoke_future *future);

/* The pool ends: its futures stand for themselves from here on. False if somebody is inside. */
bool yk_futures_detach(yoke_pool *pool);

/* One reference more, and inside of its pool, which is returned; NULL: the pool is gone. Takes
 * the lock. Both are given back if the call between these two is left. */
yoke_pool *yk_future_hold(yoke_future *future);
void yk_future_unhold(yoke_future *future, yoke_pool *pool);

/* The same around a call that is the only one to have the future: if it is left, the job is
 * cancelled, and nothing of it is written to the program's memory any more. */
void yk_future_hold_own(yoke_future *future);

/* One reference fewer. Takes the lock, if there is a pool. */
void yk_future_let_go(yoke_future *future);

/* One reference fewer. The lock is held if there is a pool. */
void yk_future_release_locked(yoke_future *future);

/* ---- unread.c ---- */

/* Keeps the failure of a job that is collected, unless it was reported or the program asked for it
 * (YOKE_ECANCELED). */
void yk_unread_note_locked(yoke_pool *pool, const yoke_future *future);

/* Keeps a failure that belongs to no job. */
void yk_unread_note_text_locked(yoke_pool *pool, yoke_status status, const char *text);

/* Returns and forgets the failure that is kept; YOKE_OK: there is none. Takes the lock. */
yoke_status yk_unread_take(yoke_pool *pool, yk_error *error);

/* ---- spoiled.c ---- */

/* A failed job is collected: what it should have written is spoiled. */
void yk_spoiled_note_locked(yoke_pool *pool, yoke_future *future,
                            const yk_launch *launch);

/* Why a job must fail: the text of the failure that spoiled an array it needs; NULL: it need not.
 * The job joins that failure's family. */
const char *yk_spoiled_needed_locked(yoke_pool *pool, yoke_future *future,
                                     const yk_launch *launch);

/* A failure of the family was reported to the program. */
void yk_spoiled_forget_locked(yoke_pool *pool, uint64_t family);

/* The last reference of a future goes. */
void yk_spoiled_leave_locked(yoke_pool *pool, const yoke_future *future);

/* All failures that no future reports were reported to the program. */
void yk_spoiled_forget_orphans_locked(yoke_pool *pool);

void yk_spoiled_free(yoke_pool *pool);

/* ---- callbacks.c ---- */

/* Runs callbacks of collected jobs; inside of one nothing, the loop that called it goes on.
 * Without the lock. */
void yk_run_callbacks(yoke_pool *pool);

/* Runs a callback of a future that has ended, and then those of others that it left. */
void yk_run_callback(yoke_pool *pool, yoke_future *future, yoke_on_done *callback,
                     void *context);

#endif
