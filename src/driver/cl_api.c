/* SPDX-License-Identifier: MIT */
#include "driver/cl_api.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "driver/drivers.h"
#include "driver/pocl_cache.h"
#include "sys/signals.h"

yk_cl_api yk_cl;

typedef struct function_slot {
    const char *name;
    size_t offset;
    bool optional;
} function_slot;

static const function_slot slots[] = {
#define REQUIRED_SLOT(function) {#function, offsetof(yk_cl_api, function), false},
#define OPTIONAL_SLOT(function) {#function, offsetof(yk_cl_api, function), true},
    YK_CL_FUNCTIONS(REQUIRED_SLOT) YK_CL_OPTIONAL_FUNCTIONS(OPTIONAL_SLOT)
#undef REQUIRED_SLOT
#undef OPTIONAL_SLOT
};

static void set_driver(const char *driver)
{
    char library[256];

    if (driver[0] == '\0') {
        return;
    }
    /* The second variable is the Khronos loader's: it takes libraries, and it ignores the first
     * variable if that is not a folder. */
    (void)setenv("OCL_ICD_VENDORS", driver, 1);
    if (yk_opencl_driver_library(driver, library, sizeof library)) {
        (void)setenv("OCL_ICD_FILENAMES", library, 1);
    }
}

static void set_environment(const yk_cl_setup *setup)
{
    set_driver(setup->driver);
    (void)setenv("OCL_ICD_PLATFORM_SORT", "none", 1);
    yk_pocl_mend_environment();
    if (setup->one_thread) {
        /* The same device by its old and its new name: PoCL ignores the name that it does not
         * know. With POCL_AFFINITY all one-thread devices would share the first CPU. */
        (void)setenv("POCL_DEVICES", "basic cpu-minimal", 1);
        (void)unsetenv("POCL_AFFINITY");
    }
}

static yoke_status cl_api_fill(void *library, const char *path, yk_error *error)
{
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        void *const function = dlsym(library, slots[i].name);

        if (function == NULL && !slots[i].optional) {
            return yk_fail(error, YOKE_ENODEVICE,
                           "%s has no %s: it is older than OpenCL 1.2", path,
                           slots[i].name);
        }
        memcpy((char *)&yk_cl + slots[i].offset, &function, sizeof function);
    }
    return YOKE_OK;
}

yoke_status yk_cl_load(const yk_cl_setup *setup, yk_error *error)
{
    const char *const path = yk_setting_text(YK_SETTING_OPENCL_LIBRARY);
    void *library;

    if (yk_cl.clGetPlatformIDs != NULL) {
        return YOKE_OK;
    }
    set_environment(setup);
    /* LLVM replaces even ignored signals by handlers that delete its temporary files, so Ctrl-C
     * would fail a build. The driver's threads and the linkers that it runs inherit the mask. */
    yk_signals_block_requests();
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const yoke_status status =
            yk_fail(error, YOKE_ENODEVICE,
                    "the OpenCL loader library cannot be opened: %s", dlerror());

        yk_setting_prefix(YK_SETTING_OPENCL_LIBRARY, error);
        return status;
    }
    return cl_api_fill(library, path, error);
}

typedef struct code_name {
    cl_int code;
    const char *name;
} code_name;

static const code_name code_names[] = {
#define CODE(name) {name, #name},
    CODE(CL_SUCCESS)
    CODE(CL_DEVICE_NOT_FOUND)
    CODE(CL_DEVICE_NOT_AVAILABLE)
    CODE(CL_COMPILER_NOT_AVAILABLE)
    CODE(CL_MEM_OBJECT_ALLOCATION_FAILURE)
    CODE(CL_OUT_OF_RESOURCES)
    CODE(CL_OUT_OF_HOST_MEMORY)
    CODE(CL_PROFILING_INFO_NOT_AVAILABLE)
    CODE(CL_MEM_COPY_OVERLAP)
    CODE(CL_IMAGE_FORMAT_MISMATCH)
    CODE(CL_IMAGE_FORMAT_NOT_SUPPORTED)
    CODE(CL_BUILD_PROGRAM_FAILURE)
    CODE(CL_MAP_FAILURE)
    CODE(CL_MISALIGNED_SUB_BUFFER_OFFSET)
    CODE(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
    CODE(CL_COMPILE_PROGRAM_FAILURE)
    CODE(CL_LINKER_NOT_AVAILABLE)
    CODE(CL_LINK_PROGRAM_FAILURE)
    CODE(CL_DEVICE_PARTITION_FAILED)
    CODE(CL_KERNEL_ARG_INFO_NOT_AVAILABLE)
    CODE(CL_INVALID_VALUE)
    CODE(CL_INVALID_DEVICE_TYPE)
    CODE(CL_INVALID_PLATFORM)
    CODE(CL_INVALID_DEVICE)
    CODE(CL_INVALID_CONTEXT)
    CODE(CL_INVALID_QUEUE_PROPERTIES)
    CODE(CL_INVALID_COMMAND_QUEUE)
    CODE(CL_INVALID_HOST_PTR)
    CODE(CL_INVALID_MEM_OBJECT)
    CODE(CL_INVALID_IMAGE_FORMAT_DESCRIPTOR)
    CODE(CL_INVALID_IMAGE_SIZE)
    CODE(CL_INVALID_SAMPLER)
    CODE(CL_INVALID_BINARY)
    CODE(CL_INVALID_BUILD_OPTIONS)
    CODE(CL_INVALID_PROGRAM)
    CODE(CL_INVALID_PROGRAM_EXECUTABLE)
    CODE(CL_INVALID_KERNEL_NAME)
    CODE(CL_INVALID_KERNEL_DEFINITION)
    CODE(CL_INVALID_KERNEL)
    CODE(CL_INVALID_ARG_INDEX)
    CODE(CL_INVALID_ARG_VALUE)
    CODE(CL_INVALID_ARG_SIZE)
    CODE(CL_INVALID_KERNEL_ARGS)
    CODE(CL_INVALID_WORK_DIMENSION)
    CODE(CL_INVALID_WORK_GROUP_SIZE)
    CODE(CL_INVALID_WORK_ITEM_SIZE)
    CODE(CL_INVALID_GLOBAL_OFFSET)
    CODE(CL_INVALID_EVENT_WAIT_LIST)
    CODE(CL_INVALID_EVENT)
    CODE(CL_INVALID_OPERATION)
    CODE(CL_INVALID_BUFFER_SIZE)
    CODE(CL_INVALID_GLOBAL_WORK_SIZE)
    CODE(CL_INVALID_PROPERTY)
    CODE(CL_INVALID_COMPILER_OPTIONS)
    CODE(CL_INVALID_LINKER_OPTIONS)
#undef CODE
    {-1001, "CL_PLATFORM_NOT_FOUND_KHR"},
};

const char *yk_cl_error_name(cl_int code)
{
    for (size_t i = 0; i < sizeof code_names / sizeof code_names[0]; i++) {
        if (code_names[i].code == code) {
            return code_names[i].name;
        }
    }
    return "unknown error";
}

yoke_status yk_cl_fail(yk_error *error, const char *device, const char *call,
                       cl_int code)
{
    return yk_fail(error, YOKE_EDEVICE, "%s: %s failed: %s (%d)", device, call,
                   yk_cl_error_name(code), (int)code);
}

bool yk_cl_is_memory_failure(cl_int code)
{
    return code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES ||
           code == CL_OUT_OF_HOST_MEMORY || code == CL_INVALID_BUFFER_SIZE;
}
