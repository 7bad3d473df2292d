/* SPDX-License-Identifier: MIT */
#include "device/native/native.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/device.h"
#include "device/native/binding.h"
#include "device/native/tasks.h"
#include "launch/lent.h"
#include "sys/call_guard.h"
#include "sys/elf.h"
#include "sys/topology.h"

typedef struct native_function {
    uint64_t kernel_id;
    yoke_native *function;
} native_function;

/* What yoke_span.context points to. */
typedef struct span_context {
    yk_error *error;
    atomic_flag failed;
    atomic_bool has_failed;
} span_context;

typedef struct native_device {
    yk_device base;
    native_function *functions;
    size_t function_count;
    size_t function_capacity;
    const yk_launch *launch; /* the launch that was begun; NULL: none */
    yoke_native *function;
    uint64_t launch_id;
    yk_binding binding;
    yoke_span span;       /* of the launch; begin and end are each chunk's */
    span_context context; /* of the span */
    bool has_lent;        /* some array is lent */
    bool is_task;         /* function is a yoke_task_function */
    const yk_device_place *place; /* NULL: unknown */
} native_device;

static native_device *native_of(yk_device *device)
{
    return (native_device *)device;
}

static yoke_status native_open(yk_device **device, const yk_device_config *config,
                               yk_error *error)
{
    native_device *native = calloc(1, sizeof *native);

    *device = NULL;
    if (native == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "cannot allocate memory for a device");
    }
    native->base.ops = &yk_native_ops;
    native->place = config->place;
    *device = &native->base;
    return YOKE_OK;
}

static void native_describe(const yk_device *device, yk_device_info *info)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);

    (void)device;
    *info = (yk_device_info){
        .driver = "native",
        .memory_bytes = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0,
        .lanes = 1,
        .shares_memory = true,
        .follows_pointers = true,
        .has_double = true,
        .is_cpu = true,
    };
    yk_cpu_model(info->name, sizeof info->name);
}

static native_function *find_function(native_device *native, uint64_t kernel_id)
{
    for (size_t i = 0; i < native->function_count; i++) {
        if (native->functions[i].kernel_id == kernel_id) {
            return &native->functions[i];
        }
    }
    return NULL;
}

static yoke_status keep_function(native_device *native, uint64_t kernel_id,
                                 yoke_native *function, yk_error *error)
{
    if (native->function_count == native->function_capacity) {
        const size_t capacity = 2 * native->function_capacity + 8;
        native_function *grown =
            realloc(native->functions, capacity * sizeof *native->functions);

        if (grown == NULL) {
            return yk_fail(error, YOKE_ENOMEM,
                           "cannot allocate memory for another kernel");
        }
        native->functions = grown;
        native->function_capacity = capacity;
    }
    native->functions[native->function_count++] =
        (native_function){.kernel_id = kernel_id, .function = function};
    return YOKE_OK;
}

static yoke_status native_build(yk_device *device, const yk_kernel *kernel,
                                yk_error *error)
{
    native_device *native = native_of(device);
    const char *object = kernel->native.object;
    yk_any_function *function;

    if (find_function(native, kernel->id) != NULL) {
        return YOKE_OK;
    }
    if (!yk_kernel_has_native(kernel)) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "kernel '%s' has no native function",
                       kernel->name);
    }
    if (kernel->task == YK_TASK_DEVICE) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "the task asks for an OpenCL device (.on_device)");
    }
    function = yk_elf_find(object, kernel->native.place);
    if (function == NULL) {
        return yk_fail(error, YOKE_EBUILD,
                       "kernel '%s': cannot find its function: this process cannot "
                       "load %s, or the file has been replaced",
                       kernel->name, object[0] != '\0' ? object : "the program");
    }
    return keep_function(native, kernel->id, (yoke_native *)function, error);
}

static int native_parameters(yk_device *device, const yk_kernel *kernel,
                             yk_parameter parameters[YK_MAX_ARGS])
{
    (void)device;
    (void)kernel;
    (void)parameters;
    return -1;
}

static void native_forget(yk_device *device, uint64_t kernel_id)
{
    native_device *native = native_of(device);
    native_function *function = find_function(native, kernel_id);

    if (function != NULL) {
        *function = native->functions[--native->function_count];
    }
}

/* Also the failure of a function that was left by longjmp(). */
static void forget_failure(span_context *context)
{
    atomic_store(&context->has_failed, false);
    atomic_flag_clear(&context->failed);
}

static void native_end(yk_device *device)
{
    native_of(device)->launch = NULL;
    forget_failure(&native_of(device)->context);
}

static yoke_span make_span(const yk_launch *launch, const yk_device_place *place,
                           span_context *context)
{
    yoke_span span = {
        .split = launch->split,
        .range = {.dimensions = launch->dimensions,
                  .split = (yoke_split)(launch->split + 1)},
        .context = context,
    };

    if (place != NULL) {
        span.worker = place->worker;
        span.workers = yk_device_place_count(place);
        span.process = place->process;
    }
    for (unsigned d = 0; d < 3; d++) {
        span.range.begin[d] = (size_t)launch->begin[d];
        span.range.size[d] = (size_t)launch->size[d];
        span.group[d] = (size_t)launch->group[d];
    }
    return span;
}

static bool has_lent(const yk_launch *launch)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        if (yk_lent_table(&launch->args[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static yoke_status native_begin(yk_device *device, const yk_kernel *kernel,
                                const yk_launch *launch, yk_error *error)
{
    native_device *native = native_of(device);
    yoke_status status;

    if (native->launch == launch && native->launch_id == launch->id) {
        return YOKE_OK;
    }
    native_end(device);
    status = native_build(device, kernel, error);
    if (status == YOKE_OK) {
        status = yk_binding_set(&native->binding, launch, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    native->launch = launch;
    native->launch_id = launch->id;
    native->function = find_function(native, kernel->id)->function;
    native->span = make_span(launch, native->place, &native->context);
    native->has_lent = has_lent(launch);
    native->is_task = yk_kernel_is_task(kernel);
    return YOKE_OK;
}

/* A later atomic operation does not order streaming stores, so this does. */
static void finish_stores(void)
{
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
    atomic_thread_fence(memory_order_release);
}

/* Announces that what a chunk writes of lent arrays is about to change, or has changed. */
static void tell_change(const native_device *native, uint64_t begin, uint64_t end)
{
    if (native->has_lent) {
        yk_lent_changed(native->launch, begin, end);
    }
}

static void call_native(void *device)
{
    native_device *native = device;

    native->function(&native->span, native->binding.args);
}

static yoke_status call_function(native_device *native, yk_error *error)
{
    span_context *context = &native->context;
    bool returned;

    if (native->is_task) {
        return yk_tasks_run((yoke_task_function *)(yk_any_function *)native->function,
                            native->launch, native->binding.args, native->span.begin,
                            native->span.end, NULL, native->place, error);
    }
    context->error = error;
    returned = yk_user_call(call_native, native, error);
    if (returned && !atomic_load(&context->has_failed)) {
        return YOKE_OK;
    }
    forget_failure(context);
    return YOKE_EKERNEL;
}

static yoke_status native_start(yk_device *device, unsigned lane, uint64_t begin,
                                uint64_t end, yk_error *error)
{
    native_device *native = native_of(device);
    yoke_status status;

    (void)lane;
    assert(native->launch != NULL);
    native->span.begin = (size_t)begin;
    native->span.end = (size_t)end;
    yk_binding_fill_scalars(&native->binding, native->launch);
    yk_binding_move(&native->binding, native->launch, begin);
    tell_change(native, begin, end);
    status = call_function(native, error);
    finish_stores();
    tell_change(native, begin, end);
    return status;
}

/* The start operation has done all of it. */
static yoke_status native_finish(yk_device *device, unsigned lane, yk_error *error)
{
    (void)device;
    (void)lane;
    (void)error;
    return YOKE_OK;
}

static void native_close(yk_device *device)
{
    native_device *native = native_of(device);

    if (native == NULL) {
        return;
    }
    yk_binding_fini(&native->binding);
    free(native->functions);
    free(native);
}

void yk_native_fail(const yoke_span *span, int code, const char *format, va_list list)
{
    span_context *context = span != NULL ? span->context : NULL;
    char text[1024];

    if (context == NULL || atomic_flag_test_and_set(&context->failed)) {
        return;
    }
    if (format == NULL || vsnprintf(text, sizeof text, format, list) < 0) {
        text[0] = '\0';
    }
    (void)yk_fail(context->error, YOKE_EKERNEL, "code %d%s%s", code,
                  text[0] != '\0' ? ": " : "", text);
    atomic_store(&context->has_failed, true);
}

const yk_device_ops yk_native_ops = {
    .kind = "native",
    .open = native_open,
    .describe = native_describe,
    .build = native_build,
    .parameters = native_parameters,
    .forget = native_forget,
    .begin = native_begin,
    .start = native_start,
    .finish = native_finish,
    .end = native_end,
    .close = native_close,
};
