/* SPDX-License-Identifier: MIT */
/*
 * A device, as the worker that owns it sees it. Everything here is called in a worker
 * process, by its one thread; nothing in the application or the supervisor.
 *
 * A new kind of device is one folder with an ops table, and one line in
 * protocol/device_kinds.c.
 */
#ifndef YK_DEVICE_DEVICE_H
#define YK_DEVICE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/kernel.h"
#include "launch/launch.h"
#include "shm/residency.h"

enum { YK_MAX_LANES = 2 };

enum {
    YK_DEVICE_NATIVE = 1,
    YK_DEVICE_OPENCL = 2,
    YK_DEVICE_FAKE = 3,
    YK_DEVICE_CHECK = 4,
};

/* What to open. In shared memory; written by the supervisor before the worker exists. */
typedef struct yk_device_config {
    uint32_t kind;
    uint32_t discrete; /* opencl: take the copying path even if memory is shared */
    uint32_t executed; /* opencl: its process executes the program: see bootstrap block.h */
    uint32_t one_thread; /* opencl: PoCL's device on the calling thread alone */
    uint32_t platform; /* opencl: index among the driver's platforms */
    uint32_t device;   /* opencl: index among the platform's devices */
    uint32_t number;   /* opencl: its number for "opencl:N", plus 1; 0: it has none */
    uint32_t checked;  /* check: the kind of the device that computes */
    uint32_t private_memory; /* fake: works on copies; the rest of its memory is poison */
    double speed;      /* fake: relative to a core, 0 < speed <= 1 */
    uint64_t crash_at; /* fake: number of the chunk at which it dies, from 1; 0: never */
    uint64_t hang_at;  /* fake: chunk that never ends */
    uint64_t fail_at;  /* fake: chunk that fails with a status */
    char driver[256];  /* opencl: .icd file or library, for OCL_ICD_VENDORS */
} yk_device_config;

/* What was opened. */
typedef struct yk_device_info {
    char name[128];
    char driver[128];
    uint64_t memory_bytes; /* global memory */
    uint64_t max_block_bytes; /* largest single allocation it can bind; 0: any */
    uint64_t max_group;    /* largest work-group; 0: any */
    uint64_t launch_ns;    /* what one chunk costs beside its items, measured at open; 0: nothing */
    uint32_t compute_units; /* work-groups that run at the same time, at least */
    uint32_t lanes;        /* chunks that may be in flight at once, 1 to YK_MAX_LANES */
    bool shares_memory;    /* works in place on the shared window */
    bool has_double;
    bool is_cpu;
} yk_device_info;

typedef struct yk_device yk_device;

typedef struct yk_device_ops {
    const char *kind; /* "native", "opencl", "fake", "check" */

    /* Brings the device up; may take seconds. On failure *device is NULL, nothing is
     * left behind and error says why. */
    yoke_status (*open)(yk_device **device, const yk_device_config *config,
                        yk_error *error);

    /* Fills in info; after open. */
    void (*describe)(const yk_device *device, yk_device_info *info);

    /* Makes a kernel ready to run; may take seconds. Calling it again for a kernel that
     * is ready is cheap. YOKE_EBUILD with the compiler's log; YOKE_EUNSUPPORTED if this
     * device cannot run this form of kernel. *kernel stays valid until forget. */
    yoke_status (*build)(yk_device *device, const yk_kernel *kernel, yk_error *error);

    /* The parameters of a kernel that was built: fills up to YK_MAX_ARGS and returns how
     * many there are, or -1 if this device does not know. */
    int (*parameters)(yk_device *device, const yk_kernel *kernel,
                      yk_parameter parameters[YK_MAX_ARGS]);

    /* Drops whatever belongs to a kernel; a no-op for one that was never built. */
    void (*forget)(yk_device *device, uint64_t kernel_id);

    /* Prepares to run chunks of a launch whose kernel was built: binds arguments, moves
     * what all chunks read. Ends the launch that was begun before, if any; beginning the
     * same launch (launch->id) again is cheap. YOKE_EUNSUPPORTED: the device stands
     * aside for this launch (too large an array, too large a group); other failures fail
     * the job. *launch stays valid until end. */
    yoke_status (*begin)(yk_device *device, const yk_kernel *kernel,
                         const yk_launch *launch, yk_error *error);

    /* Starts computing the items [begin, end) of the launch that was begun, in a free
     * lane (0 to info.lanes - 1); may do all of the work, and need not do any but that
     * of other lanes may go on meanwhile. Begin is at a group's start and so is end,
     * except at the end of the range. After a failure the lane is free. */
    yoke_status (*start)(yk_device *device, unsigned lane, uint64_t begin, uint64_t end,
                         yk_error *error);

    /* Blocks until the results of what was started in a lane are in shared memory,
     * visible to all processes, but for blocks that stay and have a holder now; the lane
     * is free then, after a failure too. Lanes are finished in the order in which they
     * were started. */
    yoke_status (*finish)(yk_device *device, unsigned lane, yk_error *error);

    /* Copies blocks of a lent allocation that stayed on the device to shared memory, and
     * blocks until they are there. At any time; NULL for devices on which nothing stays. */
    yoke_status (*fetch)(yk_device *device, const yk_residency *table, yk_pages blocks,
                         yk_error *error);

    /* The launch that was begun is over; a no-op without one. Chunks that were started
     * and not finished count as never started; when it returns, nothing of theirs is
     * still being written. All lanes are free. */
    void (*end)(yk_device *device);

    /* Frees everything. NULL is allowed. */
    void (*close)(yk_device *device);
} yk_device_ops;

/* First member of every device. */
struct yk_device {
    const yk_device_ops *ops;
    uint64_t sent;     /* bytes moved into its own memory; the caller sets it back to 0 */
    uint64_t received; /* bytes moved from there; likewise */
    uint64_t holder;   /* the caller, after open: who holds what stays here; 0: nothing does */
    bool keeps;        /* the caller, before begin: results of the launch stay here if they
                          may; those of lent arrays, whole blocks */
};

/* Computes a chunk from start to finish. */
static inline yoke_status yk_device_run(yk_device *device, uint64_t begin, uint64_t end,
                                        yk_error *error)
{
    const yoke_status status = device->ops->start(device, 0, begin, end, error);

    return status == YOKE_OK ? device->ops->finish(device, 0, error) : status;
}

/* Writes back those of some blocks of a lent allocation that only this device has. */
yoke_status yk_device_write_back(yk_device *device, yk_residency *table,
                                yk_pages blocks, yk_error *error);

extern const yk_device_ops yk_native_ops; /* device/native */
extern const yk_device_ops yk_fake_ops;   /* device/fake */
extern const yk_device_ops yk_opencl_ops; /* opencl */
extern const yk_device_ops yk_check_ops;  /* checked */

#endif
