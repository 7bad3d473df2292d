/* SPDX-License-Identifier: MIT */
/*
 * The control block: all that the processes of a pool know about each other. It is a shared
 * mapping of its own, so that a stray write through a user's pointer does not hit it. It starts
 * as zeros. The comment of each field names the process that writes it:
 *
 *     app         the application, under its submit lock unless said otherwise
 *     supervisor  the supervisor
 *     owner       the worker in this slot; the supervisor once it has reaped it
 *     any         any process, by compare-and-swap
 */
#ifndef YK_PROTOCOL_CONTROL_H
#define YK_PROTOCOL_CONTROL_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "device/compiling.h"
#include "device/device.h"
#include "device/kind.h"
#include "launch/kernel.h"
#include "launch/launch.h"
#include "protocol/cpu_tally.h"
#include "protocol/crash.h"
#include "protocol/job_set.h"
#include "protocol/process_slot.h"
#include "protocol/selection.h"
#include "sched/policy.h"
#include "sched/tiling.h"
#include "shm/eventcount.h"
#include "shm/guard.h"
#include "shm/work_range.h"
#include "shm/layout.h"
#include "shm/tile_map.h"
#include "shm/trace_ring.h"
#include "sys/segment.h"
#include "yoke/pool.h"

enum {
    YK_MAX_WORKERS = 512,
    YK_MAX_KERNELS = 256,
    YK_MAX_FOUND = 64,
    YK_MAX_REDO = 32,
    YK_MAX_STRIKES = 32,
    YK_MAX_ATTACHMENTS = 1024,
    YK_CACHE_LINE = 64,

    /* Each process that computes has a slot: the workers, and after them the one thread of the
     * application that may help at a time. */
    YK_CALLER = YK_MAX_WORKERS,
    YK_MAX_SLOTS = YK_MAX_WORKERS + 1,
    YK_SLOT_WORDS = (YK_MAX_SLOTS + 63) / 64,
    YK_NO_SLOT = YK_MAX_SLOTS,

    /* Each process that records events has a ring: the slots, and after them the supervisor. */
    YK_RING_SUPERVISOR = YK_MAX_SLOTS,
    YK_TRACE_RINGS = YK_MAX_SLOTS + 1,
};

/* The number of closed segments that a process has detached, if there is no such process (any
 * more). */
#define YK_SEEN_ALL UINT64_MAX

/* ---- workers ---------------------------------------------------------------------- */

enum {
    YK_WORKER_EMPTY = 0,
    YK_WORKER_STARTING = 1, /* its process exists and is opening its device */
    YK_WORKER_READY = 2,
    /* ready, but takes no work: its core serves a GPU's process */
    YK_WORKER_PARKED = 3,
    YK_WORKER_GIVEN_UP = 4,
};

/* The state of a kernel's build in a worker. */
enum {
    YK_BUILD_NONE = 0,
    YK_BUILD_RUNNING = 1,
    YK_BUILD_READY = 2,
    YK_BUILD_FAILED = 3, /* the compiler's log is in the worker's log */
    /* this worker's device does not run kernels of this kind */
    YK_BUILD_UNSUITABLE = 4,
    YK_BUILD_STALE = 5, /* ready in an earlier process; built again at first use */
};

/* Why a process has done its part, and another takes its place. */
enum {
    YK_SPENT_NOT = 0,
    YK_SPENT_ITEMS = 1,  /* it has computed its maximum number of items */
    YK_SPENT_MEMORY = 2, /* it has more private memory than it may have */
};

/* Which form of a kernel that has two forms CPU workers run. */
enum {
    YK_FORM_OPEN = 0,   /* the native one; the source has not been tried */
    YK_FORM_TRIAL = 1,  /* one worker tries the source */
    YK_FORM_NATIVE = 2, /* decided */
    YK_FORM_SOURCE = 3, /* decided */
};

/* Stages of a claim. From the step to COMMITTED on the results count. */
enum {
    YK_CLAIM_NONE = 0,
    YK_CLAIM_TAKEN = 1,     /* tiles are taken; none of their data has been touched */
    YK_CLAIM_RUNNING = 2,   /* the undo log is complete; the kernel may have begun */
    YK_CLAIM_COMMITTED = 3, /* all results are in shared memory; marks are being set */
};

typedef struct yk_build {
    /* owner: kernel id << 8 | YK_BUILD_...; supervisor: FAILED, if compilers end processes */
    _Atomic uint64_t word;
    /* owner: items per nanosecond, a double's bits; app: 0 */
    _Atomic uint64_t speed; /* of the last chunks */
    _Atomic uint64_t usual; /* over whole jobs */
    /* owner: the time and the number of items over which `usual` was measured; app: 0 */
    _Atomic uint64_t usual_ns;
    _Atomic uint64_t usual_items;
} yk_build;

enum { YK_ASIDE_BYTES = 248 };

/* Why a worker does not run a kernel: see aside.h. */
typedef struct yk_aside {
    _Atomic uint64_t
        kernel_id; /* owner: the reason's kernel, written after the text; 0: no reason */
    char text[YK_ASIDE_BYTES]; /* owner */
} yk_aside;

/* Totals of a worker. */
typedef struct yk_tally {
    _Atomic uint64_t chunks;
    _Atomic uint64_t items;
    _Atomic uint64_t steals;
    _Atomic uint64_t busy_ns;
    _Atomic uint64_t sent;     /* bytes into the device's memory */
    _Atomic uint64_t received; /* bytes from there */
    /* private memory of its process: when last measured, at most, and how often too much */
    _Atomic uint64_t memory;
    _Atomic uint64_t max_memory;
    _Atomic uint64_t memory_ends;
} yk_tally;

typedef struct yk_worker {
    /* supervisor, before the process exists */
    yk_device_config config;
    uint32_t kind;         /* YK_DEVICE_..., of device_kinds.h */
    uint32_t traits;       /* YK_TRAIT_..., its kind's */
    int32_t cpu;           /* to bind to; -1: none */
    int32_t found;         /* index in found[], -1: none */
    uint32_t driver_class; /* workers of one class build kernels alike */
    uint32_t cpu_count;    /* of kinds with YK_TRAIT_PER_CPU: how many CPUs it stands for */
    uint32_t cpu_first;    /* of several: index of the first in the supervisor's list */
    uint32_t reserved;
    char name[32];

    /* supervisor */
    _Atomic uint32_t pid;  /* 0: no process */
    _Atomic uint32_t incarnation; /* processes so far */
    _Atomic uint32_t failures;    /* deaths since it last finished a chunk */
    uint32_t was_killed;          /* its last process ended by SIGKILL */
    /* item_since of the item for whose time limit it was killed; 0: none: see item_table.h */
    uint64_t overdue_since;
    /* number of processes that were reaped: what they held is lost */
    _Atomic uint32_t life;
    char reason[256];

    /* supervisor: STARTING, PARKED, GIVEN_UP; owner: READY */
    alignas(YK_CACHE_LINE) _Atomic uint32_t state;
    _Atomic uint32_t open_status; /* owner: a yoke_status if opening failed */
    _Atomic uint32_t initializing; /* owner: it is in the program's initializer */
    _Atomic uint32_t spent; /* owner: YK_SPENT_..., why it ends by itself */
    /* owner: clock, when it entered the program's finalizer; 0: it has not */
    _Atomic uint64_t finalizing_since;
    /* owner; supervisor, before the process exists and after it: see segment_view.h */
    _Atomic uint64_t detached_seen;
    yk_compiling compiling; /* owner */
    /* supervisor: its last process ended in a compiler that a launch had called */
    uint32_t compiler_died;

    /* owner; active and building: stores sequentially consistent */
    alignas(YK_CACHE_LINE) _Atomic uint64_t active; /* see yk_active_pack() */
    _Atomic uint64_t claims[YK_MAX_LANES]; /* see yk_claim_pack(); one per chunk in flight */
    _Atomic uint64_t checked_ns;   /* clock at its last check, between two chunks */
    _Atomic uint64_t item_since;   /* clock; start of the item it is in: see item_table.h */
    _Atomic uint64_t chunks;       /* finished by this incarnation */
    _Atomic uint64_t building;     /* kernel id << 8 | kernel slot while it builds one */
    _Atomic uint64_t building_since; /* clock; before building */
    _Atomic uint64_t speed_last;   /* of the kernel it ran last, items/s, a double's bits */
    /* from when a job is ready to its start here: while this worker looks for work, and when it
     * sleeps; 0: unknown */
    _Atomic uint64_t wake_ns[2];

    /* What its device holds: see writeback.h. Sequentially consistent. */
    _Atomic uint32_t holds; /* owner: its device may hold something; supervisor: 0 */
    /* owner: the last control->flush_request that it has answered */
    _Atomic uint64_t flush_answered;
    /* owner, by job slot: generation << 8 | the YK_WRITEBACK_... of which it has done its part */
    _Atomic uint64_t writeback_done[YK_MAX_JOBS];

    /* owner, all incarnations: what yoke_pool_stats() reports */
    alignas(YK_CACHE_LINE) yk_tally tally;
    yk_cpu_tally cpu_tally; /* supervisor */

    alignas(YK_CACHE_LINE) yk_eventcount bell; /* any: something has changed */

    alignas(YK_CACHE_LINE) yk_device_info info; /* owner, before READY */
    yk_build builds[YK_MAX_KERNELS];
    /* owner: why opening or the last build failed; supervisor: if compilers end processes */
    char log[YK_LOG_BYTES];
    yk_crash crash; /* owner */
} yk_worker;

/* ---- kernels ---------------------------------------------------------------------- */

typedef struct yk_kernel_slot {
    _Atomic uint64_t id; /* app: of the kernel, published last; 0: none */
    yk_kernel kernel;    /* app, before id */
    /* app, before id: maximum time of its build in a worker; 0: no limit */
    uint64_t build_timeout_ns;
    _Atomic uint64_t form; /* any: see yk_form_pack() */
    _Atomic uint32_t parameters_state; /* any: 0: none, 1: being written, 2: complete */
    int32_t parameter_count;           /* the process that made the step from 0 to 1 */
    yk_parameter parameters[YK_MAX_ARGS];
} yk_kernel_slot;

/* ---- jobs ------------------------------------------------------------------------- */

enum { YK_JOB_FREE = 0, YK_JOB_OPEN = 1, YK_JOB_ENDED = 2 };

/* A counter per worker, on its own cache line. */
typedef struct yk_counter {
    alignas(YK_CACHE_LINE) _Atomic uint32_t value;
} yk_counter;

typedef struct yk_work_range_line {
    alignas(YK_CACHE_LINE) yk_work_range work_range;
} yk_work_range_line;

/* Which workers may take tiles of a job while devices hold parts of its arrays: see
 * writeback.h. */
enum {
    YK_WRITEBACK_FREE = 0,
    YK_WRITEBACK_SHARES = 1,
    YK_WRITEBACK_BOUND = 2,
    YK_WRITEBACK_ALL = 3,
};

enum { YK_TEXT_NONE = 0, YK_TEXT_WRITING = 1, YK_TEXT_READY = 2 };

/* The weight of the deaths of workers that ran a tile alone. */
typedef struct yk_strike {
    uint32_t tile;
    uint32_t weight;
} yk_strike;

typedef struct yk_job {
    /* generation << 8 | YK_JOB_...; app: FREE -> OPEN -> (any: ENDED) -> FREE */
    _Atomic uint64_t state;
    _Atomic uint64_t stop;    /* any: generation << 32 | -status that ends it early */
    _Atomic uint32_t failed_tiles_status; /* supervisor: -status for tiles given up */
    _Atomic uint32_t damaged; /* supervisor: a worker died in it */
    _Atomic uint64_t found;   /* any: a block that has found something, from 1; see search.h */
    /* app: jobs, by slot, that must have ended before this one starts */
    yk_job_set waits_for;
    yk_job_set needs;     /* app: of those, the ones that must have succeeded */
    yk_job_set waited_by; /* app: jobs, by slot, to check when this one ends */
    _Atomic uint64_t ready_ns;  /* clock; the process that makes it ready */
    /* any: all workers were woken, not only those with tiles */
    _Atomic uint32_t woke_all;
    _Atomic uint64_t writeback; /* app, then any: generation << 8 | YK_WRITEBACK_... */
    yk_eventcount ended;             /* any */

    /* app, before OPEN */
    uint64_t sequence;    /* order of submission */
    uint64_t deadline_ns; /* clock; 0: none */
    uint32_t kernel_slot;
    uint32_t in_place;    /* some argument is changed in place */
    uint32_t saves;       /* ... and is saved before each chunk */
    uint32_t max_tiles;   /* maximum number to take at once; 0: any */
    uint32_t has_latecomers; /* workers without a work range may soon be able to run it */
    /* number of workers that may take part, the caller included */
    uint32_t participants;
    uint32_t keeps;       /* results of lent arrays may stay on devices */
    uint32_t has_holders; /* ... and those of earlier jobs may be there */
    /* of tiling; for processes that are not active in the job */
    _Atomic uint32_t tile_count;
    yk_tiling tiling;
    uint64_t allowed[YK_SLOT_WORDS]; /* slots that may run it */

    /* owner, its bit: its device declines the job */
    _Atomic uint64_t declined[YK_SLOT_WORDS];
    /* generation << 8 | YK_TEXT_...; app: NONE; any: -> WRITING -> READY */
    _Atomic uint64_t error_state;
    char error[4096]; /* the process that made the step from NONE to WRITING */
    /* The same for the reason why a worker declines: reported if no other worker does the job. */
    _Atomic uint64_t remark_state;
    char remark[1024];

    /* tiles to be run alone; the supervisor adds, any worker takes */
    yk_work_range redo[YK_MAX_REDO];
    yk_strike strikes[YK_MAX_STRIKES]; /* supervisor */
    uint32_t fruitless;     /* supervisor: strikes in a row with no tile done in between */
    uint32_t done_at_strike; /* supervisor */

    yk_task_result result; /* app, before OPEN; then of the worker that runs its one item */
    yk_work_range_line work_ranges[YK_MAX_SLOTS]; /* app, then any */
    /* owner: number of tiles that it has marked, a hint */
    yk_counter done[YK_MAX_SLOTS];
    yk_launch launch;                   /* app, before OPEN */
    alignas(YK_CACHE_LINE) yk_tile map[YK_MAX_TILES]; /* owner; supervisor for the dead */
} yk_job;

/* ---- segments -------------------------------------------------------------------------- */

/* A named segment that is attached in the arena's window: see segment_view.h. */
typedef struct yk_attachment {
    _Atomic uint64_t id; /* app: of its allocation; set last, cleared first; 0: none */
    /* app, before id */
    yk_segment segment; /* fd: the application's */
    uint64_t offset;    /* in the arena */
    uint64_t span;
    uint32_t read_only;
    uint32_t reserved;
    char name[YK_SEGMENT_NAME + 6];
} yk_attachment;

/* ---- devices that were found ------------------------------------------------------ */

/* One device of a driver, or a driver without devices. */
typedef struct yk_found {
    uint32_t kind;   /* YK_DEVICE_... */
    uint32_t index;  /* among the kind's: for "opencl:N"; UINT32_MAX: a driver without devices */
    int32_t worker;  /* slot, -1: not a worker */
    uint32_t failed; /* the driver crashed, hung or could not be loaded */
    yk_found_device device;
    char driver[256];  /* yk_driver.path */
    char library[256]; /* what that loads; "opencl:NAME" looks here too */
    char reason[256];
} yk_found;

/* What a probe process reports about its driver. */
typedef struct yk_probe {
    yk_driver driver; /* supervisor */
    /* probe */
    _Atomic uint32_t finished;
    int32_t status;
    uint64_t count;
    yk_found_device devices[YK_MAX_DRIVER_DEVICES];
    char error[512];
} yk_probe;

/* ---- the program's initializer ------------------------------------------------------ */

/* What processes that call native functions call first: see worker_initializer.c. */
typedef struct yk_initializer {
    yk_function function; /* place.offset 0: none */
    const void *argument; /* in the store; NULL: none */
    uint64_t bytes;
    yk_function finalizer; /* called before such a process ends; place.offset 0: none */
} yk_initializer;

/* ---- descriptors that the program wants kept ---------------------------------------- */

/* See .keep_fds in yoke/pool.h. Both lists are in the store. */
typedef struct yk_kept_fds {
    const int *fds;
    const int *flags; /* FD_CLOEXEC or 0, of each */
    uint64_t count;
} yk_kept_fds;

/* ---- all of it --------------------------------------------------------------------- */

enum { YK_DISCOVERY_NONE = 0, YK_DISCOVERY_RUNNING = 1, YK_DISCOVERY_DONE = 2 };

enum { YK_QUIT_NO = 0, YK_QUIT_CLOSE = 1, YK_QUIT_KILL = 2 };

/* The fault point at which a worker is to die, in builds with YOKE_FAULT_POINTS. */
typedef struct yk_fault {
    _Atomic uint32_t point;
    _Atomic uint32_t countdown; /* dies when it gets from 1 to 0 */
    int32_t slot;               /* -1: any worker */
    /* number of further workers that die there; UINT32_MAX: all */
    _Atomic uint32_t more;
} yk_fault;

typedef struct yk_control {
    /* app, before the supervisor exists */
    yk_selection selection;
    yk_initializer initializer;
    yk_kept_fds kept;
    uint64_t pool; /* address of its handle, which is only compared */
    /* of a pool in a process of another pool: where that one's memory is, and how many there are
     * around this one; 0: none */
    uint64_t outer_base;
    uint64_t outer_bytes;
    uint64_t depth;
    /* after that many items a CPU worker's process is replaced; 0: never */
    uint64_t items_per_process;
    /* with more private memory, in bytes, likewise; 0: no limit */
    uint64_t memory_per_process;
    uint64_t start_timeout_ns;
    uint32_t discover;  /* ask the drivers even if no device of theirs is selected */
    uint32_t discrete;  /* YOKE_FORCE_DISCRETE */
    uint32_t log;       /* YOKE_LOG */
    uint32_t check;     /* kernels are checked, by CPU workers only */
    yk_layout layout;   /* of the pool's window */
    uint64_t hub;       /* address of the yk_hub */
    uint64_t guards;    /* address of the yk_guard_table; 0: blocks are not guarded */
    /* descriptor: any process rings, the supervisor waits on it */
    int32_t supervisor_bell;
    /* descriptor: the process that ends a job rings, if notifies_ends */
    int32_t end_bell;
    yk_fault fault;

    _Atomic uint32_t quit;    /* app: YK_QUIT_... */
    _Atomic uint32_t notifies_ends; /* app: yoke_pool_fd() was called */
    _Atomic uint64_t trace; /* app: address of the yk_trace to record in; 0: tracing is off */
    _Atomic uint32_t kernel_changes; /* app: number of kernels announced so far */
    /* any: number of times that holders were asked to write back */
    _Atomic uint32_t calls;
    /* app: number of times that it asked for an allocation to be written back */
    _Atomic uint64_t flush_request;
    _Atomic uint64_t segments_opened; /* app: number of segments opened so far */
    _Atomic uint64_t segments_closed; /* app: ... closed so far */
    /* app: slots of attachments[] ever used, from 0 */
    _Atomic uint32_t attachment_slots;
    _Atomic uint64_t detached_seen;    /* supervisor: see segment_view.h */
    /* app, before flush_request: page table of the allocation that it asks for */
    uint64_t recall_table;
    /* app: 1, supervisor: 0; the supervisor looks at the jobs once a second: see watch.h */
    _Atomic uint32_t watching;
    yk_job_set live;          /* app: job slots that are OPEN or ENDED */
    _Atomic uint32_t job_slots; /* app: slots of jobs[] ever used, from 0 */
    uint32_t max_jobs; /* app, before the supervisor exists: slots that are mapped */

    /* any: generation + 1 of the job in each slot once it is ready and may be worked on; 0:
     * none. A hint that saves checking all jobs: their states decide. */
    alignas(YK_CACHE_LINE) _Atomic uint32_t ready[YK_MAX_JOBS];

    /* supervisor */
    _Atomic uint32_t taken_over;   /* a spawned supervisor has the pool's memory */
    /* why a spawned one has not taken over; "" if unknown */
    char start_error[256];
    _Atomic uint64_t identity;     /* its own, before started */
    _Atomic uint32_t started;      /* workers that need no discovery have their slots */
    _Atomic uint32_t discovery;    /* YK_DISCOVERY_... */
    _Atomic uint32_t worker_count; /* slots in use, from 0 */
    _Atomic uint32_t found_count;
    uint32_t driver_count;
    char loaded_driver[64]; /* that was there before the fork; "": none */
    yk_device_config source; /* what workers with YK_TRAIT_BORROWS_SOURCE run sources with;
                                kind 0: nothing */

    /* worker: errno of the first write to its standard output that failed; app: 0 */
    _Atomic uint32_t output_errno;

    /* any: workers, kernels, discovery or processes have changed; the application waits on it */
    yk_eventcount changed;

    yk_probe probes[YK_MAX_DRIVERS];
    yk_found found[YK_MAX_FOUND];
    _Atomic uint32_t process_slots; /* any: slots ever used, from 0 */
    _Atomic uint64_t processes_started; /* any: number of names given so far */
    yk_process_slot processes[YK_MAX_PROCESSES];
    yk_attachment attachments[YK_MAX_ATTACHMENTS];
    /* app: kernel slots ever used, from 0. The others need not be looked at: a new worker would
     * touch a page for each */
    _Atomic uint32_t kernel_slots;
    yk_kernel_slot kernels[YK_MAX_KERNELS];
    yk_worker workers[YK_MAX_SLOTS];
    yk_aside asides[YK_MAX_SLOTS]
                   [YK_MAX_KERNELS]; /* few of these pages are ever touched */
    yk_job jobs[YK_MAX_JOBS]; /* the last: only max_jobs of them are mapped */
} yk_control;

/* The size of a control block with room for so many jobs. */
static inline size_t yk_control_bytes(size_t jobs)
{
    return offsetof(yk_control, jobs) + jobs * sizeof(yk_job);
}

static_assert(offsetof(yk_worker, active) % YK_CACHE_LINE == 0, "own line");
static_assert(sizeof(yk_work_range_line) == YK_CACHE_LINE, "own line");
static_assert(sizeof(yk_counter) == YK_CACHE_LINE, "own line");

/* ---- packed words ------------------------------------------------------------------ */

static inline uint64_t yk_state_pack(uint32_t generation, uint32_t state)
{
    return (uint64_t)generation << 8 | state;
}

static inline uint32_t yk_state_generation(uint64_t word)
{
    return (uint32_t)(word >> 8);
}

static inline uint32_t yk_state_of(uint64_t word)
{
    return (uint32_t)(word & 0xff);
}

/* Which job a worker works on: 0 for none, else (slot + 1) << 32 | generation. */
static inline uint64_t yk_active_pack(uint32_t slot, uint32_t generation)
{
    return (uint64_t)(slot + 1) << 32 | generation;
}

static inline uint32_t yk_active_slot(uint64_t word)
{
    return (uint32_t)(word >> 32) - 1;
}

static inline uint32_t yk_active_generation(uint64_t word)
{
    return (uint32_t)word;
}

/* YK_FORM_... of a kernel, and during a trial the slot of the worker that makes it. */
static inline uint64_t yk_form_pack(uint64_t kernel_id, uint32_t slot, uint32_t form)
{
    return kernel_id << 24 | (uint64_t)slot << 8 | form;
}

static inline uint32_t yk_form_of(uint64_t word, uint64_t kernel_id)
{
    return word >> 24 == kernel_id ? (uint32_t)(word & 0xff) : (uint32_t)YK_FORM_OPEN;
}

typedef struct yk_claim {
    yk_tiles tiles;
    uint32_t stage; /* YK_CLAIM_... */
    uint32_t alone; /* one tile that was dealt out again after a death */
} yk_claim;

static inline uint64_t yk_claim_pack(yk_claim claim)
{
    return (uint64_t)claim.tiles.begin << 32 | (uint64_t)claim.tiles.end << 8 |
           claim.alone << 4 | claim.stage;
}

static inline yk_claim yk_claim_unpack(uint64_t word)
{
    return (yk_claim){
        .tiles = {(uint32_t)(word >> 32), (uint32_t)(word >> 8 & 0xffffff)},
        .stage = (uint32_t)(word & 0xf),
        .alone = (uint32_t)(word >> 4 & 0xf),
    };
}

static inline uint64_t yk_double_bits(double value)
{
    uint64_t bits;

    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double yk_bits_double(uint64_t bits)
{
    double value;

    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/* At most the number of slots, even if another process has written over the count. */
static inline uint32_t yk_worker_count(const yk_control *control)
{
    const uint32_t count = atomic_load(&control->worker_count);

    return count < YK_MAX_WORKERS ? count : (uint32_t)YK_MAX_WORKERS;
}

/* The number of job slots to look at. Never fewer than the usual ones, even if another process has
 * written over the count. */
static inline uint32_t yk_job_slot_count(const yk_control *control)
{
    const uint32_t count = atomic_load_explicit(&control->job_slots, memory_order_relaxed);

    return count <= YK_USUAL_JOBS      ? (uint32_t)YK_USUAL_JOBS
           : count < control->max_jobs ? count
                                       : control->max_jobs;
}

/* Iterates over the slots of workers and the caller: starts at 0, goes on with the result, and
 * ends at YK_NO_SLOT. */
static inline uint32_t yk_slot_next(const yk_control *control, uint32_t slot)
{
    return slot + 1 < yk_worker_count(control) ? slot + 1
           : slot < YK_CALLER                  ? (uint32_t)YK_CALLER
                                               : (uint32_t)YK_NO_SLOT;
}

static inline int yk_bit_is_set(const uint64_t *words, uint32_t bit)
{
    return (int)(words[bit / 64] >> (bit % 64) & 1);
}

/* The state YK_BUILD_... of a kernel in a worker. */
static inline uint32_t yk_build_of(const yk_worker *worker, uint32_t kernel_slot,
                                   uint64_t kernel_id)
{
    const uint64_t word = atomic_load(&worker->builds[kernel_slot].word);

    return word >> 8 == kernel_id ? (uint32_t)(word & 0xff) : YK_BUILD_NONE;
}

/* Whether a worker's kind has a trait. */
static inline bool yk_worker_has(const yk_worker *worker, uint32_t trait)
{
    return (worker->traits & trait) != 0;
}

/* Whether a worker is ready for a kernel at once, without a compiler. */
static inline bool yk_worker_calls_tasks(const yk_worker *worker, const yk_kernel *kernel)
{
    return kernel->task == YK_TASK_HOST && yk_worker_has(worker, YK_TRAIT_RUNS_FUNCTIONS);
}

/* Whether the worker in a slot has declined the job. */
static inline bool yk_job_is_declined(const yk_job *job, uint32_t slot)
{
    return (atomic_load(&job->declined[slot / 64]) >> (slot % 64) & 1) != 0;
}

/* Whether the worker in a slot will come to take its tiles of the job. */
static inline bool yk_job_is_written_back_by(const yk_job *job, const yk_control *control,
                                       uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const uint32_t build = yk_build_of(worker, job->kernel_slot, job->launch.kernel_id);

    return build != YK_BUILD_FAILED && build != YK_BUILD_UNSUITABLE &&
           atomic_load(&worker->building) == 0 && /* a compilation may take long */
           atomic_load(&worker->state) == YK_WORKER_READY &&
           yk_bit_is_set(job->allowed, slot) && !yk_job_is_declined(job, slot);
}

/* The worker in the slot declines the job from now on. */
static inline void yk_job_decline(yk_job *job, uint32_t slot)
{
    atomic_fetch_or(&job->declined[slot / 64], UINT64_C(1) << (slot % 64));
}

/* The speed at which a worker runs a job's kernel, in tiles of the job per nanosecond. */
static inline yk_speeds yk_job_speeds(const yk_job *job, const yk_worker *worker)
{
    const yk_build *build = &worker->builds[job->kernel_slot];
    const double items = (double)job->tiling.tile_items;

    return (yk_speeds){yk_bits_double(atomic_load(&build->speed)) / items,
                       yk_bits_double(atomic_load(&build->usual)) / items};
}

/* The trace to record events in; NULL: tracing is off. */
static inline yk_trace *yk_control_trace(const yk_control *control)
{
    return (yk_trace *)(uintptr_t)atomic_load_explicit(&control->trace,
                                                       memory_order_acquire);
}

/* A found device, to be compared with selectors. */
static inline yk_candidate yk_found_candidate(const yk_found *found)
{
    return (yk_candidate){
        .kind = found->kind,
        .index = (int32_t)found->index,
        .type = found->device.type,
        .driver = found->library,
        .platform = found->device.platform,
        .device = found->device.name,
    };
}

#endif
