/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Kernels: OpenCL C source, a native function, or both.
 *
 * With both, CPU workers call the function, unless PoCL turns out to be faster with the
 * source (yoke_kernel_options.cpu_form), and OpenCL devices run the source. With
 * source only, CPU workers run it through PoCL. With a function only, OpenCL devices
 * stand aside.
 */
#ifndef YOKE_KERNEL_H
#define YOKE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "pool.h"
#include "range.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_kernel yoke_kernel;

/** The piece of a range that one call of a native function computes. */
typedef struct yoke_span {
    size_t begin;     /**< first item: global id in the split dimension */
    size_t end;       /**< one past the last item */
    unsigned split;   /**< the split dimension: 0, 1 or 2 */
    yoke_range range; /**< the whole range */
    size_t group[3];  /**< work-group size; 0 where the kernel has none */
    void *context;    /**< the library's */
    /** Where this runs: 0 is the program's own thread that helps, 1 and more are the pool's
     *  workers, in the order of yoke_pool_workers(). No two calls with the same number run at the
     *  same time. Which worker computes which items differs from run to run. */
    size_t worker;
    size_t workers; /**< one more than the highest number there is now */
    size_t process; /**< of this worker, from 1: goes up when its process is replaced */
    size_t reserved[1]; /**< 0 */
} yoke_span;

/**
 * The native form of a kernel: computes the items [begin, end) of the split dimension
 * and, in the other dimensions, the whole range. If the kernel has a work-group size,
 * begin is at a group's start and so is end, except at the end of the range.
 *
 * It runs in a worker process. It sees the pool's memory and the program as it was when
 * the pool was created; what it writes elsewhere the application does not see.
 *
 * Each call begins in the default floating-point environment. A C++ exception that it throws ends
 * the job with YOKE_EKERNEL; the error has its what(). A process that it has forked, and that
 * returns from it, ends there with exit code 1.
 *
 * @param span  what to compute
 * @param args  per argument: an array's pointer, as given to the map; the address of a
 *              scalar's value; scratch memory for a local
 */
typedef void yoke_native(const yoke_span *span, void *const args[]);

/** What CPU workers run of a kernel that has both source and a native function. */
typedef enum yoke_form {
    /** Whichever they have measured to be faster: the function at first; once it has run
     *  for a second or so, the source is tried through PoCL, if that is installed. The two
     *  may differ in the last bits of a result. */
    YOKE_FORM_FASTER = 0,
    YOKE_FORM_NATIVE = 1, /**< always the function */
    YOKE_FORM_SOURCE = 2  /**< always the source */
} yoke_form;

/** What a kernel is. Zero in a field means that the library chooses. */
typedef struct yoke_kernel_options {
    const char *name;   /**< the `__kernel` function in source; names the kernel in errors */
    /** OpenCL C, copied with the files that it includes. Items share arguments only: variables
     *  outside the kernels must be const or __constant. */
    const char *source;
    yoke_native *native; /**< a function of the program or a library loaded in it */
    /** For the OpenCL compiler: -D, -cl-... Folders (-I) and files (-include) are relative to
     *  the working directory. Files are read when the kernel is created. */
    const char *build_options;
    size_t group[3];    /**< work-group size, in all dimensions of the ranges or in none */
    yoke_form cpu_form; /**< what CPU workers run if there is a choice */
    /** Seconds that a worker may take to build the source; then its process is replaced, and it
     *  does not run this kernel. 0: without limit. What a compiler does at a kernel's first
     *  launch is in the job's time. */
    double build_timeout;
    /** Number of arguments that the native function takes: maps with more or fewer are refused.
     *  A source must have the same number of parameters. 0: unknown; only a source's parameters
     *  are counted. */
    size_t parameters;
    /** Seconds that yoke_kernel_create() may take: YOKE_ETIMEDOUT after that, and there is no
     *  kernel. 0: as long as the builds take. It does not end the reading of the source, which
     *  comes first and takes about 0.1 s for a megabyte. */
    double timeout;
    /** A file of OpenCL C, in place of .source: its name, relative to the working directory. What it
     *  includes is searched for in its folder, too. It is read when the kernel is created;
     *  YOKE_ENOENT if there is no such file. NULL: none. */
    const char *source_file;
} yoke_kernel_options;

typedef enum yoke_parameter_kind {
    YOKE_PARAMETER_UNKNOWN = 0,
    YOKE_PARAMETER_ARRAY = 1,
    YOKE_PARAMETER_SCALAR = 2,
    YOKE_PARAMETER_LOCAL = 3,
    YOKE_PARAMETER_IMAGE = 4,  /**< see yoke_arg_image() */
    YOKE_PARAMETER_SAMPLER = 5 /**< see yoke_sampler() */
} yoke_parameter_kind;

/** A parameter of a kernel's source, as its compiler reports it. */
typedef struct yoke_parameter_info {
    yoke_parameter_kind kind;
    size_t bytes;    /**< size of a scalar of a built-in type; 0: unknown */
    char name[64];   /**< "" if unknown */
    char type[64];   /**< "float*", "uint"; "" if unknown */
    /** The type lets the kernel write to the array: it is a pointer to something that is not
     *  const, or an image that is not `read_only`. False if that is unknown. */
    bool may_write;
    unsigned char reserved[7]; /**< 0 */
} yoke_parameter_info;

/** What a kernel is to one worker. */
typedef enum yoke_kernel_state {
    YOKE_KERNEL_PENDING = 1, /**< not built there yet, or being built */
    YOKE_KERNEL_READY = 2,   /**< the worker runs it */
    YOKE_KERNEL_FAILED = 3,  /**< it does not build there, or the worker was given up */
    YOKE_KERNEL_UNSUITED =
        4 /**< the worker cannot run such a kernel and stands aside */
} yoke_kernel_state;

/** Whether one worker runs a kernel. */
typedef struct yoke_kernel_worker_info {
    char name[32]; /**< as in yoke_worker_info */
    yoke_kernel_state state;
    /** Why the worker does not run the kernel. With YOKE_KERNEL_READY, why it last stood aside
     *  from one of the kernel's jobs (too little local memory, for example). "" if neither. */
    char reason[256];
} yoke_kernel_worker_info;

/** Implementation of yoke_kernel_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_kernel_create_sized(yoke_kernel **kernel, yoke_pool *pool,
                                              const yoke_kernel_options *options,
                                              size_t size);

/**
 * Checks a kernel and builds it, once per driver that is up. YOKE_EBUILD if a driver
 * cannot build it, or takes longer than it may: yoke_pool_error() then names the device and
 * has the compiler's log.
 * A device that joins later and cannot build it does not run it. A device that cannot run such a
 * kernel (one with double precision, for example) stands aside, as long as another
 * device can run it: yoke_kernel_workers() and YOKE_LOG report which devices and why.
 * YOKE_ENODEVICE if no device can run it. It waits for the builds, and while another thread creates
 * a kernel with source, for at most .timeout.
 * YOKE_EUNSUPPORTED for a source that has variables in global memory outside its kernels, or
 * that enqueues kernels.
 *
 * @param kernel   where the kernel goes; the caller owns it; NULL on failure
 * @param pool     the pool it belongs to
 * @param options  what it is
 */
static inline yoke_status yoke_kernel_create(yoke_kernel **kernel, yoke_pool *pool,
                                             const yoke_kernel_options *options)
{
    return yoke_kernel_create_sized(kernel, pool, options, sizeof(yoke_kernel_options));
}

/** Destroys a kernel. Jobs that use it still finish. NULL is allowed. The end of the pool does the
 *  same; YOKE_ECLOSED after it. */
YOKE_API yoke_status yoke_kernel_destroy(yoke_kernel *kernel);

/** Implementation of yoke_kernel_parameters(); `size` is sizeof *parameters as compiled. */
YOKE_API yoke_status yoke_kernel_parameters_sized(const yoke_kernel *kernel,
                                                  yoke_parameter_info *parameters,
                                                  size_t capacity, size_t *count,
                                                  size_t size);

/**
 * Lists the parameters of a kernel's source.
 *
 * @param kernel      the kernel
 * @param parameters  array to fill; may be NULL if capacity is 0
 * @param capacity    elements in it
 * @param count       how many there are
 * @return YOKE_EUNSUPPORTED if they are not known: no source, or no driver has reported them
 */
static inline yoke_status yoke_kernel_parameters(const yoke_kernel *kernel,
                                                 yoke_parameter_info *parameters,
                                                 size_t capacity, size_t *count)
{
    return yoke_kernel_parameters_sized(kernel, parameters, capacity, count,
                                        sizeof(yoke_parameter_info));
}

/** Implementation of yoke_kernel_workers(); `size` is sizeof *workers as compiled. */
YOKE_API yoke_status yoke_kernel_workers_sized(const yoke_kernel *kernel,
                                               yoke_kernel_worker_info *workers,
                                               size_t capacity, size_t *count,
                                               size_t size);

/**
 * Reports which workers run a kernel, and why the others do not. Does not wait.
 *
 * @param kernel    the kernel
 * @param workers   array to fill, in the order of yoke_pool_workers(); devices without a worker
 *                  are left out; may be NULL if capacity is 0
 * @param capacity  elements in it
 * @param count     number of workers, even if more than capacity; may be NULL
 */
static inline yoke_status yoke_kernel_workers(const yoke_kernel *kernel,
                                              yoke_kernel_worker_info *workers,
                                              size_t capacity, size_t *count)
{
    return yoke_kernel_workers_sized(kernel, workers, capacity, count,
                                     sizeof(yoke_kernel_worker_info));
}

/**
 * Ends the job with YOKE_EKERNEL and this text in its error. A native function that cannot do its
 * work calls it and returns.
 *
 * @param span    the span it was given
 * @param code    the function's own error code, shown in the text
 * @param format  as for printf
 */
YOKE_API void yoke_span_fail(const yoke_span *span, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
