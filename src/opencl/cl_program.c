/* SPDX-License-Identifier: MIT */
#include "opencl/cl_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/compiling.h"
#include "opencl/pocl_lock.h"

static char *cl_program_join(const char *a, const char *b)
{
    const size_t bytes = strlen(a) + strlen(b) + 1;
    char *const text = malloc(bytes);

    if (text != NULL) {
        (void)snprintf(text, bytes, "%s%s", a, b);
    }
    return text;
}

static yk_cl_program *cl_program_find(const yk_cl_device *device, const char *text,
                                      const char *options)
{
    for (yk_cl_program *p = device->programs; p != NULL; p = p->next) {
        if (strcmp(p->text, text) == 0 && strcmp(p->options, options) == 0) {
            return p;
        }
    }
    return NULL;
}

static void cl_program_destroy(yk_cl_program *program)
{
    if (program->handle != NULL) {
        (void)yk_cl.clReleaseProgram(program->handle);
    }
    free(program->text);
    free(program->options);
    free(program);
}

static char *build_log(const yk_cl_device *device, cl_program program)
{
    size_t bytes = 0;
    char *log;

    if (yk_cl.clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL,
                                    &bytes) != CL_SUCCESS) {
        return NULL;
    }
    log = calloc(bytes + 1, 1);
    if (log != NULL &&
        yk_cl.clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, bytes,
                                    log, NULL) != CL_SUCCESS) {
        free(log);
        return NULL;
    }
    return log;
}

static bool speaks_of_doubles(const char *log)
{
    return strstr(log, "double") != NULL || strstr(log, "fp64") != NULL;
}

static yoke_status fail_build(const yk_cl_device *device, const yk_kernel *kernel,
                              cl_program program, cl_int code, yk_error *error)
{
    const char *const name = device->info.name;
    char *log;

    if (code == CL_COMPILER_NOT_AVAILABLE) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "%s: the driver has no compiler",
                       name);
    }
    if (code == CL_OUT_OF_HOST_MEMORY || code == CL_OUT_OF_RESOURCES) {
        return yk_cl_fail(error, name, "clBuildProgram", code);
    }
    if (code == CL_INVALID_BUILD_OPTIONS || code == CL_INVALID_COMPILER_OPTIONS) {
        return yk_fail(error, YOKE_EBUILD,
                       "%s: kernel '%s': the driver rejects the build options \"%s\"",
                       name, kernel->name, kernel->build_options);
    }
    log = build_log(device, program);
    (void)yk_fail(error, YOKE_EBUILD, "%s: kernel '%s' does not build (%s)", name,
                  kernel->name, yk_cl_error_name(code));
    if (log != NULL && !device->info.has_double && speaks_of_doubles(log)) {
        yk_error_append(error, "; this device does not support double precision");
    }
    yk_error_append(error, ":\n%s", log != NULL ? log : "");
    free(log);
    return YOKE_EBUILD;
}

static cl_int build_once(const yk_cl_device *device, const yk_cl_program *program,
                         bool again)
{
    const uint64_t key = yk_pocl_lock(device, program, again);
    const uint32_t before = yk_compiling_enter(YK_COMPILING_PROGRAM);
    const cl_int code = yk_cl.clBuildProgram(program->handle, 1, &device->id,
                                             program->options, NULL, NULL);

    yk_compiling_leave(before);
    yk_pocl_unlock(device, key, code == CL_SUCCESS);
    return code;
}

static yoke_status cl_program_handle(yk_cl_device *device, yk_cl_program *program,
                                     yk_error *error)
{
    const char *text = program->text;
    cl_int code;

    program->handle =
        yk_cl.clCreateProgramWithSource(device->context, 1, &text, NULL, &code);
    return program->handle != NULL
               ? YOKE_OK
               : yk_cl_fail(error, device->info.name, "clCreateProgramWithSource",
                            code);
}

/* PoCL may have failed because another process changed the cache under it, or because a signal
 * made LLVM delete its files: it gets a second try, with a program that knows nothing of the
 * first. */
static cl_int build_again(yk_cl_device *device, yk_cl_program *program)
{
    (void)yk_cl.clReleaseProgram(program->handle);
    return cl_program_handle(device, program, NULL) == YOKE_OK
               ? build_once(device, program, true)
               : CL_OUT_OF_HOST_MEMORY;
}

static yoke_status cl_program_build(yk_cl_device *device, yk_cl_program *program,
                                    const yk_kernel *kernel, yk_error *error)
{
    yoke_status status = cl_program_handle(device, program, error);
    cl_int code;

    if (status != YOKE_OK) {
        return status;
    }
    code = build_once(device, program, false);
    if (code != CL_SUCCESS && device->is_pocl) {
        code = build_again(device, program);
    }
    return code == CL_SUCCESS
               ? YOKE_OK
               : fail_build(device, kernel, program->handle, code, error);
}

static yoke_status cl_program_create(yk_cl_device *device, yk_cl_program *program,
                                     const yk_kernel *kernel, yk_error *error)
{
    yoke_status status;

    if (program->text == NULL || program->options == NULL) {
        return yk_fail(error, YOKE_ENOMEM,
                       "%s: cannot allocate memory for a kernel's source",
                       device->info.name);
    }
    status = cl_program_build(device, program, kernel, error);
    if (status == YOKE_OK) {
        program->next = device->programs;
        device->programs = program;
    }
    return status;
}

yoke_status yk_cl_program_get(yk_cl_device *device, const char *prefix,
                              const yk_kernel *kernel, yk_cl_program **program,
                              yk_error *error)
{
    yk_cl_program *const fresh = calloc(1, sizeof *fresh);
    yk_cl_program *known = NULL;
    yoke_status status;

    *program = NULL;
    if (fresh == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "cannot allocate memory for a program");
    }
    fresh->text = cl_program_join(prefix, kernel->source);
    fresh->options = cl_program_join("-cl-kernel-arg-info ", kernel->build_options);
    if (fresh->text != NULL && fresh->options != NULL) {
        known = cl_program_find(device, fresh->text, fresh->options);
    }
    status = known != NULL ? YOKE_OK : cl_program_create(device, fresh, kernel, error);
    if (known != NULL || status != YOKE_OK) {
        cl_program_destroy(fresh);
    }
    if (status == YOKE_OK) {
        *program = known != NULL ? known : fresh;
        (*program)->users++;
    }
    return status;
}

void yk_cl_program_put(yk_cl_device *device, yk_cl_program *program)
{
    yk_cl_program **link = &device->programs;

    if (program == NULL || --program->users > 0) {
        return;
    }
    while (*link != NULL && *link != program) {
        link = &(*link)->next;
    }
    if (*link == program) {
        *link = program->next;
    }
    cl_program_destroy(program);
}
