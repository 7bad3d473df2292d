/* SPDX-License-Identifier: MIT */
/* The OpenCL device: what its parts share. */
#ifndef YK_OPENCL_CL_DEVICE_H
#define YK_OPENCL_CL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/device.h"
#include "device/mirror.h"
#include "device/native/binding.h"
#include "driver/cl_api.h"
#include "launch/pixels.h"
#include "opencl/cl_prefix.h"
#include "opencl/cl_shape.h"
#include "sys/lock_file.h"
#include "yoke/task.h"

enum {
    YK_CL_MAX_VARIANTS = 16, /* kept per kernel */
    YK_CL_MAX_WARM = 16,     /* launch shapes remembered per variant */
    YK_CL_MAX_BLOCKS = 64,   /* allocations bound at a time */
    YK_CL_MAX_RESIDENTS = 64, /* lent allocations kept on the device */
    YK_CL_STAGED = 64,       /* bytes at whose multiples staged transfers begin */
    YK_CL_MAX_EVENTS = 8,    /* launches of a lane waited for at a time */
};

/* How a kernel accesses the shared window. */
typedef enum yk_cl_memory {
    YK_CL_COPY,    /* a buffer of the device, filled and read back by transfers */
    YK_CL_BUFFER,  /* a buffer made over the window's pages */
    YK_CL_POINTER, /* the window's address itself */
} yk_cl_memory;

/* Whether kernels can read memory before the address that they get. */
typedef enum yk_cl_front {
    YK_CL_FRONT_UNKNOWN,
    YK_CL_FRONT_READ,
    YK_CL_FRONT_REFUSED,
} yk_cl_front;

/* Whether a kernel's images can be the window's memory. */
typedef enum yk_cl_images {
    YK_CL_IMAGES_UNKNOWN,
    YK_CL_IMAGES_IN_PLACE,
    YK_CL_IMAGES_COPIED,
} yk_cl_images;

/* A program that was built; shared by kernels with the same text and options. */
typedef struct yk_cl_program {
    struct yk_cl_program *next;
    char *text;
    char *options;
    cl_program handle;
    size_t users;
} yk_cl_program;

/* What PoCL compiles a kernel for, at the first launch. */
typedef struct yk_cl_warm {
    size_t local[3];
    bool at_zero;
    bool large;
} yk_cl_warm;

/* A kernel built for one range, or for all. */
typedef struct yk_cl_variant {
    yk_cl_variant_key key;
    yk_cl_program *program;
    cl_kernel handle; /* NULL: empty slot */
    uint64_t used;    /* when it was last used */
    uint64_t max_group;
    uint64_t local_bytes; /* __local memory declared in the source */
    yk_cl_warm warm[YK_CL_MAX_WARM];
    size_t warm_count;
} yk_cl_variant;

typedef struct yk_cl_parameter {
    yk_parameter shown;
    bool is_constant;
    bool is_restrict; /* as far as the driver reports it */
} yk_cl_parameter;

typedef struct yk_cl_kernel {
    struct yk_cl_kernel *next;
    const yk_kernel *kernel;
    uint64_t id;
    bool asks_sizes;
    bool asks_groups;
    bool uses_groups;
    bool has_parameters; /* the compiler reports them */
    size_t required[3];  /* reqd_work_group_size; all 0 if it has none */
    size_t parameter_count;
    yk_cl_parameter parameters[YK_MAX_ARGS];
    yk_cl_variant generic; /* for any range that begins at 0 */
    yk_cl_variant variants[YK_CL_MAX_VARIANTS];
} yk_cl_kernel;

/* A buffer over an allocation of the window. */
typedef struct yk_cl_block {
    uint64_t id; /* 0: empty slot */
    uint64_t address;
    uint64_t bytes;
    uint64_t used;
    cl_mem handle;
} yk_cl_block;

/* A buffer of the device for a lent allocation, kept with its content. */
typedef struct yk_cl_resident {
    yk_mirror mirror;
    cl_mem handle; /* NULL: empty slot */
    uint64_t used;
} yk_cl_resident;

/* A buffer of the device, kept from launch to launch. */
typedef struct yk_cl_private {
    cl_mem handle;
    uint64_t bytes;
} yk_cl_private;

/* An image of the device, kept from launch to launch. */
typedef struct yk_cl_image {
    cl_mem handle;
    yk_pixels pixels;
    cl_mem_flags access;
} yk_cl_image;

/* Host memory from and to which the driver moves bytes at full speed. */
typedef struct yk_cl_staging {
    cl_mem handle;
    unsigned char *pointer; /* where it is mapped, permanently */
    size_t bytes;
    size_t used;
    bool is_final; /* the driver does not provide more */
} yk_cl_staging;

/* A chunk in flight: one queue, in which everything happens in order. */
typedef struct yk_cl_lane {
    cl_command_queue queue;
    cl_event last; /* of the last command submitted; NULL: none */
    cl_event sent; /* of the transfers to lent allocations' buffers; NULL: none */
    cl_event events[YK_CL_MAX_EVENTS]; /* of launches not yet waited for */
    size_t event_count;
    bool is_busy; /* from start to finish */
    uint64_t begin;
    uint64_t end;
    yk_cl_staging out; /* to the device */
    yk_cl_staging in;  /* from the device */
    unsigned char *landed[YK_MAX_ARGS][2]; /* results in `in`; NULL: none, or in place */
    cl_mem copies[YK_MAX_ARGS]; /* sub-buffers of the chunk's own; NULL: none */
} yk_cl_lane;

/* An array argument of the launch that was begun. */
typedef struct yk_cl_binding {
    yk_cl_memory memory;
    cl_mem handle;    /* not for YK_CL_POINTER */
    bool is_own;      /* handle is a sub-buffer made for this launch */
    uint64_t address; /* of the handle's first byte in the window */
    uint64_t bytes;
    /* For transfers: the handle or, if parts of a halo lie before the argument's address, the
     * buffer of which it is a part. */
    cl_mem store;
    uint64_t store_address;
    yk_cl_resident *resident; /* the buffer of which it is a part; NULL: none */
    const yk_pixels *pixels;  /* of the image that the handle is; NULL: a buffer */
} yk_cl_binding;

typedef struct yk_cl_device {
    yk_device base;
    const yk_device_place *place; /* NULL: unknown */
    cl_device_id id;
    cl_context context;
    yk_cl_lane lanes[YK_MAX_LANES]; /* info.lanes of them have a queue */
    yk_device_info info;
    yk_cl_memory memory;
    yk_cl_front front;
    yk_cl_images images_place;
    bool has_images;
    yk_cl_group_limits groups;
    uint64_t max_alloc;
    uint64_t local_bytes;
    uint64_t constant_bytes;
    uint64_t buffer_align; /* bytes */
    unsigned address_bits;
    bool is_discrete;     /* copying was requested: undeclared bytes are poison */
    bool polls;           /* waits do not keep a core busy */
    bool has_failed;      /* later calls may hang */
    bool is_open; /* it has passed its own tests */
    bool is_pocl;
    yk_lock_file builders; /* excludes other builders of a program; not open: none */
    uint64_t clock;       /* counts uses, for eviction */

    yk_cl_program *programs;
    yk_cl_kernel *kernels;
    yk_cl_block blocks[YK_CL_MAX_BLOCKS];
    yk_cl_private privates[YK_MAX_ARGS];
    yk_cl_image images[YK_MAX_ARGS];
    cl_sampler samplers[YK_MAX_ARGS]; /* of the launch that was begun */
    yk_cl_resident residents[YK_CL_MAX_RESIDENTS];

    const yk_launch *launch; /* the launch that was begun; NULL: none */
    uint64_t launch_id;
    yk_cl_kernel *kernel;
    yk_cl_variant *variant;
    yk_cl_shape shape;
    yk_cl_binding bindings[YK_MAX_ARGS];

    /* the function that the launch calls; NULL: it is of a kernel */
    yoke_task_function *task;
    yk_binding task_binding;
    yoke_task_device task_device;
    int index; /* for "opencl:N"; -1: none */
} yk_cl_device;

/* Fills in a zeroed device: context, queue, limits and the best way to access the window. On
 * failure the caller closes the device as it is. */
yoke_status yk_cl_bring_up(yk_cl_device *device, const yk_device_config *config,
                           yk_error *error);

/* The cost of a chunk in addition to its items: nanoseconds from start to finish of a launch of
 * `items` items, with a small transfer each way if the device has memory of its own; the minimum
 * of several. The kernel has an output and an input of 4 bytes per item. 0 if it cannot be
 * measured. */
uint64_t yk_cl_launch_cost(yk_cl_device *device, cl_kernel kernel, size_t items);

#endif
