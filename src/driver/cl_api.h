/* SPDX-License-Identifier: MIT */
/*
 * The OpenCL functions, as pointers: the loader library is not linked, but opened when the
 * first of them is needed, in workers and probes only.
 */
#ifndef YK_DRIVER_CL_API_H
#define YK_DRIVER_CL_API_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 300
#endif
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include <stdbool.h>

#include "base/error.h"

/* Those that every loader has. */
#define YK_CL_FUNCTIONS(X)                                                               \
    X(clGetPlatformIDs)                                                                  \
    X(clGetPlatformInfo)                                                                 \
    X(clGetDeviceIDs)                                                                    \
    X(clGetDeviceInfo)                                                                   \
    X(clCreateContext)                                                                   \
    X(clReleaseContext)                                                                  \
    X(clCreateCommandQueue)                                                              \
    X(clReleaseCommandQueue)                                                             \
    X(clCreateProgramWithSource)                                                         \
    X(clBuildProgram)                                                                    \
    X(clGetProgramBuildInfo)                                                             \
    X(clGetProgramInfo)                                                                  \
    X(clReleaseProgram)                                                                  \
    X(clCreateKernel)                                                                    \
    X(clGetKernelInfo)                                                                   \
    X(clGetKernelArgInfo)                                                                \
    X(clGetKernelWorkGroupInfo)                                                          \
    X(clSetKernelArg)                                                                    \
    X(clReleaseKernel)                                                                   \
    X(clCreateBuffer)                                                                    \
    X(clCreateSubBuffer)                                                                 \
    X(clCreateImage)                                                                     \
    X(clGetSupportedImageFormats)                                                        \
    X(clCreateSampler)                                                                   \
    X(clReleaseSampler)                                                                  \
    X(clReleaseMemObject)                                                                \
    X(clEnqueueNDRangeKernel)                                                            \
    X(clEnqueueReadBuffer)                                                               \
    X(clEnqueueWriteBuffer)                                                              \
    X(clEnqueueReadBufferRect)                                                           \
    X(clEnqueueWriteBufferRect)                                                          \
    X(clEnqueueFillBuffer)                                                               \
    X(clEnqueueReadImage)                                                                \
    X(clEnqueueWriteImage)                                                               \
    X(clEnqueueMapBuffer)                                                                \
    X(clEnqueueUnmapMemObject)                                                           \
    X(clEnqueueMarkerWithWaitList)                                                       \
    X(clGetEventInfo)                                                                    \
    X(clReleaseEvent)                                                                    \
    X(clFlush)                                                                           \
    X(clFinish)

/* Those that may be NULL. */
#define YK_CL_OPTIONAL_FUNCTIONS(X) X(clSetKernelArgSVMPointer)

typedef struct yk_cl_api {
#define YK_CL_POINTER(name) __typeof__(&name) name;
    YK_CL_FUNCTIONS(YK_CL_POINTER)
    YK_CL_OPTIONAL_FUNCTIONS(YK_CL_POINTER)
#undef YK_CL_POINTER
} yk_cl_api;

/* Filled in by yk_cl_load(). */
extern yk_cl_api yk_cl;

/* How to open the driver. */
typedef struct yk_cl_setup {
    const char *driver;  /* .icd file or library; "": whatever is installed */
    bool one_thread;     /* PoCL: only its device on the calling thread */
} yk_cl_setup;

/* Opens the loader library (YOKE_OPENCL_LIBRARY, otherwise libOpenCL.so.1) with the environment
 * set so that it loads this driver only; a process can load only one. Makes no cl* call.
 * YOKE_ENODEVICE if there is no library. */
yoke_status yk_cl_load(const yk_cl_setup *setup, yk_error *error);

/* The name of a code, such as "CL_OUT_OF_RESOURCES"; never NULL. */
const char *yk_cl_error_name(cl_int code);

/* Sets YOKE_EDEVICE, "DEVICE: CALL failed: CL_...", and returns it. */
yoke_status yk_cl_fail(yk_error *error, const char *device, const char *call,
                       cl_int code);

/* Whether a failure means that there was not enough memory. */
bool yk_cl_is_memory_failure(cl_int code);

#endif
