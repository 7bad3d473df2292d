/* SPDX-License-Identifier: MIT */
/*
 * A device, as its worker sees it. All operations of a device are called by one thread, the one
 * that opened it: that of a worker process or, for the native device only, a thread of the
 * application that helps in a job (worker/helper.h).
 *
 * A new kind of device is one folder with an ops table and an entry (kind.h), and one line in
 * protocol/device_kinds.h.
 */
#ifndef YK_DEVICE_DEVICE_H
#define YK_DEVICE_DEVICE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "launch/kernel.h"
#include "launch/launch.h"
#include "shm/residency.h"

enum { YK_MAX_LANES = 2 };

/* What belongs to one kind of device; all others only copy it. */
typedef struct yk_kind_data {
    alignas(8) unsigned char bytes[96];
} yk_kind_data;

static inline void yk_kind_data_put(yk_kind_data *data, const void *value, size_t bytes)
{
    memcpy(data->bytes, value, bytes);
}

static inline void yk_kind_data_get(const yk_kind_data *data, void *value, size_t bytes)
{
    memcpy(value, data->bytes, bytes);
}

/* Where a device is, as functions that it calls are told. */
typedef struct yk_device_place {
    uint32_t worker;  /* 0: the application's thread that helps; otherwise the slot, plus 1 */
    uint32_t process; /* of this worker, from 1 */
    const _Atomic uint32_t *worker_count; /* of the pool: slots in use */
} yk_device_place;

/* What to open. In shared memory; written by the supervisor before the worker exists. */
typedef struct yk_device_config {
    uint32_t kind;       /* YK_DEVICE_... */
    uint32_t checked;    /* the checking mode wraps it */
    uint32_t executed;   /* its process executes the program: see protocol/bootstrap.h */
    uint32_t discrete;   /* copy arrays even if memory is shared */
    uint32_t one_thread; /* the driver's device on the calling thread alone */
    uint32_t number;     /* of a device that was found, plus 1; 0: none */
    char driver[256];    /* of a device that was found: yk_driver.path */
    yk_kind_data own;    /* the selector's, or of the device that was found */
    /* in the copy of the process that opens it, and as long as the device; NULL: unknown */
    const yk_device_place *place;
} yk_device_config;

/* How many processes and threads may compute: the pool's workers, and the application's thread. */
static inline uint32_t yk_device_place_count(const yk_device_place *place)
{
    return atomic_load_explicit(place->worker_count, memory_order_relaxed) + 1;
}

/* What was opened. */
typedef struct yk_device_info {
    char name[128];
    char driver[128];
    uint64_t memory_bytes; /* global memory */
    /* maximum size of an allocation that it can bind; 0: any */
    uint64_t max_block_bytes;
    uint64_t max_group; /* maximum size of a work-group; 0: any */
    /* cost of a chunk in addition to its items, measured at open or known; 0: nothing, or unknown */
    uint64_t launch_ns;
    /* minimum number of work-groups that run at the same time; 0: unknown */
    uint32_t compute_units;
    uint32_t lanes;     /* maximum number of chunks in flight, 1 to YK_MAX_LANES */
    bool shares_memory; /* it works in place on the shared window */
    /* kernels can use the window's addresses that they find in memory */
    bool follows_pointers;
    bool has_double;
    bool is_cpu;
} yk_device_info;

typedef struct yk_device yk_device;

typedef struct yk_device_ops {
    const char *kind; /* "native", "opencl", "fake", "check" */

    /* Opens the device; may take seconds. On failure *device is NULL, nothing is left behind,
     * and the error says why. */
    yoke_status (*open)(yk_device **device, const yk_device_config *config,
                        yk_error *error);

    /* Fills in info; after open. */
    void (*describe)(const yk_device *device, yk_device_info *info);

    /* Makes a kernel ready to run; may take seconds. A repeated call for a kernel that is ready
     * is cheap. YOKE_EBUILD with the compiler's log; YOKE_EUNSUPPORTED if this device cannot
     * run this form of the kernel. *kernel stays valid until forget. */
    yoke_status (*build)(yk_device *device, const yk_kernel *kernel, yk_error *error);

    /* The parameters of a kernel that was built: fills in at most YK_MAX_ARGS and returns how
     * many there are, or -1 if this device does not know. */
    int (*parameters)(yk_device *device, const yk_kernel *kernel,
                      yk_parameter parameters[YK_MAX_ARGS]);

    /* Frees what belongs to a kernel; a no-op for one that was never built. */
    void (*forget)(yk_device *device, uint64_t kernel_id);

    /* Prepares to run chunks of a launch whose kernel was built: binds arguments, moves what
     * all chunks read. Ends the launch that was begun before, if any. Beginning the same launch
     * (launch->id) again is cheap. YOKE_EUNSUPPORTED: the device declines this launch (an array
     * or a work-group is too large); other failures fail the job. *launch stays valid until
     * end. */
    yoke_status (*begin)(yk_device *device, const yk_kernel *kernel,
                         const yk_launch *launch, yk_error *error);

    /* Starts computing the items [begin, end) of the launch that was begun, in a free lane (0
     * to info.lanes - 1). May do anything from all of the work to none of it; the work of other
     * lanes may go on meanwhile. begin and end are at the start of a work-group, except that
     * end may be the end of the range. After a failure the lane is free. */
    yoke_status (*start)(yk_device *device, unsigned lane, uint64_t begin, uint64_t end,
                         yk_error *error);

    /* Blocks until the results of what was started in a lane are in shared memory, visible to
     * all processes, except for pages that stay on the device and now have a holder. The lane
     * is free then, after a failure too. Lanes are finished in the order in which they were
     * started. */
    yoke_status (*finish)(yk_device *device, unsigned lane, yk_error *error);

    /* Copies pages of a lent allocation that stayed on the device to shared memory, and blocks
     * until they are there. At any time. NULL for devices on which nothing stays. */
    yoke_status (*fetch)(yk_device *device, const yk_residency *table, yk_pages blocks,
                         yk_error *error);

    /* Ends the launch that was begun; a no-op without one. Chunks that were started and not
     * finished count as never started; when this returns, none of their results are still being
     * written. All lanes are free. */
    void (*end)(yk_device *device);

    /* Closes the device and frees it. NULL is allowed. */
    void (*close)(yk_device *device);
} yk_device_ops;

/* First member of every device. */
struct yk_device {
    const yk_device_ops *ops;
    uint64_t sent;     /* bytes moved into its own memory; the caller resets it to 0 */
    uint64_t received; /* bytes moved from there; likewise */
    bool compiled;     /* the driver may have compiled during a chunk; the caller resets it */
    /* caller, after open: the holder of what stays here; 0: nothing stays */
    uint64_t holder;
    /* caller, before begin: results of the launch stay here if they may; those of lent arrays,
     * whole pages */
    bool keeps;
};

/* Computes a chunk from start to finish. */
static inline yoke_status yk_device_run(yk_device *device, uint64_t begin, uint64_t end,
                                        yk_error *error)
{
    const yoke_status status = device->ops->start(device, 0, begin, end, error);

    return status == YOKE_OK ? device->ops->finish(device, 0, error) : status;
}

/* Writes back those of the given pages of a lent allocation that only this device has. */
yoke_status yk_device_write_back(yk_device *device, yk_residency *table,
                                yk_pages blocks, yk_error *error);

extern const yk_device_ops yk_native_ops; /* device/native */
extern const yk_device_ops yk_fake_ops;   /* device/fake */
extern const yk_device_ops yk_opencl_ops; /* opencl */

#endif
