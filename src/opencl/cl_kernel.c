/* SPDX-License-Identifier: MIT */
#include "opencl/cl_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opencl/cl_parameters.h"
#include "opencl/cl_program.h"
#include "source/source.h"

static void clear_variant(yk_cl_device *device, yk_cl_variant *variant)
{
    if (variant->handle != NULL) {
        (void)yk_cl.clReleaseKernel(variant->handle);
    }
    yk_cl_program_put(device, variant->program);
    memset(variant, 0, sizeof *variant);
}

/* The names of a program's kernels, "a, b, c"; NULL if the driver does not report them. */
static char *kernel_names(cl_program program)
{
    size_t bytes = 0;
    char *names;

    if (yk_cl.clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, 0, NULL, &bytes) !=
        CL_SUCCESS) {
        return NULL;
    }
    names = calloc(bytes + 1, 1);
    if (names != NULL && yk_cl.clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, bytes,
                                                names, NULL) != CL_SUCCESS) {
        free(names);
        return NULL;
    }
    return names;
}

static yoke_status fail_kernel(const yk_cl_device *device, const yk_kernel *kernel,
                               cl_program program, cl_int code, yk_error *error)
{
    char *names;

    if (code != CL_INVALID_KERNEL_NAME) {
        return yk_cl_fail(error, device->info.name, "clCreateKernel", code);
    }
    names = kernel_names(program);
    (void)yk_fail(error, YOKE_EBUILD, "%s: the source has no kernel '%s'",
                  device->info.name, kernel->name);
    if (names != NULL && names[0] != '\0') {
        yk_error_append(error, "; its kernels are: ");
        for (char *name = strtok(names, ";"); name != NULL;) {
            char *const next = strtok(NULL, ";");

            yk_error_append(error, "%s%s", name, next != NULL ? ", " : "");
            name = next;
        }
    }
    free(names);
    return YOKE_EBUILD;
}

/* Old versions of rusticl report the width of their vectors instead of the limit. */
static bool is_mere_multiple(const yk_cl_device *device, cl_kernel kernel, size_t group)
{
    size_t multiple = 0;

    (void)yk_cl.clGetKernelWorkGroupInfo(kernel, device->id,
                                         CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE,
                                         sizeof multiple, &multiple, NULL);
    return group == multiple && strstr(device->info.driver, "rusticl") != NULL;
}

static void cl_kernel_read_limits(const yk_cl_device *device, yk_cl_variant *variant)
{
    size_t group = 0;
    cl_ulong local = 0;

    (void)yk_cl.clGetKernelWorkGroupInfo(variant->handle, device->id,
                                         CL_KERNEL_WORK_GROUP_SIZE, sizeof group,
                                         &group, NULL);
    (void)yk_cl.clGetKernelWorkGroupInfo(variant->handle, device->id,
                                         CL_KERNEL_LOCAL_MEM_SIZE, sizeof local, &local,
                                         NULL);
    if (group == 0 || is_mere_multiple(device, variant->handle, group)) {
        group = (size_t)device->info.max_group;
    }
    variant->max_group = group;
    variant->local_bytes = local;
}

static bool is_generic(const yk_cl_variant_key *key)
{
    static const yk_cl_variant_key generic;

    return memcmp(key, &generic, sizeof generic) == 0;
}

/* PoCL's headers rename kernels that have the name of a built-in function: 'step' or 'dot' is
 * known as '_cl_step' or '_cl_dot'. */
static cl_kernel create_handle(cl_program program, const char *name, cl_int *code)
{
    char renamed[YK_KERNEL_NAME_BYTES + 8];
    cl_kernel handle = yk_cl.clCreateKernel(program, name, code);

    if (handle == NULL && *code == CL_INVALID_KERNEL_NAME) {
        cl_int again;

        (void)snprintf(renamed, sizeof renamed, "_cl_%s", name);
        handle = yk_cl.clCreateKernel(program, renamed, &again);
    }
    return handle;
}

static yoke_status build_variant(yk_cl_device *device, const yk_cl_kernel *kernel,
                                 const yk_cl_variant_key *key, yk_cl_variant *variant,
                                 yk_error *error)
{
    char prefix[YK_CL_PREFIX_BYTES] = "";
    yoke_status status;
    cl_int code;

    if (kernel->asks_groups || !is_generic(key)) {
        yk_cl_prefix_write(key, prefix);
    }
    status =
        yk_cl_program_get(device, prefix, kernel->kernel, &variant->program, error);
    if (status != YOKE_OK) {
        return status;
    }
    variant->key = *key;
    variant->handle =
        create_handle(variant->program->handle, kernel->kernel->name, &code);
    if (variant->handle == NULL) {
        status =
            fail_kernel(device, kernel->kernel, variant->program->handle, code, error);
        clear_variant(device, variant);
        return status;
    }
    cl_kernel_read_limits(device, variant);
    return YOKE_OK;
}

static yk_cl_variant *cl_kernel_oldest_variant(yk_cl_kernel *kernel)
{
    yk_cl_variant *found = &kernel->variants[0];

    for (size_t i = 1; i < YK_CL_MAX_VARIANTS; i++) {
        if (kernel->variants[i].used < found->used) {
            found = &kernel->variants[i];
        }
    }
    return found;
}

static yk_cl_variant *find_variant(yk_cl_kernel *kernel, const yk_cl_variant_key *key)
{
    for (size_t i = 0; i < YK_CL_MAX_VARIANTS; i++) {
        if (kernel->variants[i].handle != NULL &&
            memcmp(&kernel->variants[i].key, key, sizeof *key) == 0) {
            return &kernel->variants[i];
        }
    }
    return NULL;
}

yoke_status yk_cl_kernel_variant(yk_cl_device *device, yk_cl_kernel *kernel,
                                 const yk_cl_variant_key *key, yk_cl_variant **variant,
                                 yk_error *error)
{
    yoke_status status;

    *variant = &kernel->generic;
    if (is_generic(key)) {
        return YOKE_OK;
    }
    *variant = find_variant(kernel, key);
    if (*variant == NULL) {
        *variant = cl_kernel_oldest_variant(kernel);
        clear_variant(device, *variant);
        status = build_variant(device, kernel, key, *variant, error);
        if (status != YOKE_OK) {
            *variant = NULL;
            return status;
        }
    }
    (*variant)->used = ++device->clock;
    return YOKE_OK;
}

static void look_at_source(yk_cl_kernel *made, const yk_kernel *kernel)
{
    const char *const options = kernel->build_options;
    const bool is_hidden = strstr(options, "-include") != NULL;

    made->asks_sizes = kernel->asks_sizes != 0 || is_hidden ||
                       yk_source_asks_sizes(kernel->source) ||
                       yk_source_asks_sizes(options);
    made->asks_groups = is_hidden || yk_source_asks_groups(kernel->source) ||
                        yk_source_asks_groups(options);
    made->uses_groups =
        yk_source_uses_groups(kernel->source) || yk_source_uses_groups(options);
}

static void read_required_group(const yk_cl_device *device, yk_cl_kernel *kernel)
{
    if (yk_cl.clGetKernelWorkGroupInfo(
            kernel->generic.handle, device->id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
            sizeof kernel->required, kernel->required, NULL) != CL_SUCCESS) {
        memset(kernel->required, 0, sizeof kernel->required);
    }
}

static void destroy_kernel(yk_cl_device *device, yk_cl_kernel *kernel)
{
    clear_variant(device, &kernel->generic);
    for (size_t i = 0; i < YK_CL_MAX_VARIANTS; i++) {
        clear_variant(device, &kernel->variants[i]);
    }
    free(kernel);
}

yoke_status yk_cl_kernel_build(yk_cl_device *device, const yk_kernel *kernel,
                               yk_error *error)
{
    static const yk_cl_variant_key any;
    yk_cl_kernel *made;
    yoke_status status;

    if (yk_cl_kernel_find(device, kernel->id) != NULL) {
        return YOKE_OK;
    }
    if (!yk_kernel_has_source(kernel)) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "%s: kernel '%s' has no OpenCL source",
                       device->info.name, kernel->name);
    }
    if (kernel->needs_double != 0 && !device->info.has_double) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: kernel '%s' needs double precision", device->info.name,
                       kernel->name);
    }
    made = calloc(1, sizeof *made);
    if (made == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "cannot allocate memory for a kernel");
    }
    made->kernel = kernel;
    made->id = kernel->id;
    look_at_source(made, kernel);
    status = build_variant(device, made, &any, &made->generic, error);
    if (status == YOKE_EBUILD && !device->has_images &&
        yk_source_names_images(kernel->source)) {
        status = yk_cl_fail_images(device, kernel, error);
    }
    if (status == YOKE_OK) {
        status = yk_cl_read_parameters(device, made, error);
    }
    if (status != YOKE_OK) {
        destroy_kernel(device, made);
        return status;
    }
    read_required_group(device, made);
    made->next = device->kernels;
    device->kernels = made;
    return YOKE_OK;
}

yk_cl_kernel *yk_cl_kernel_find(const yk_cl_device *device, uint64_t id)
{
    yk_cl_kernel *kernel = device->kernels;

    while (kernel != NULL && kernel->id != id) {
        kernel = kernel->next;
    }
    return kernel;
}

void yk_cl_kernel_forget(yk_cl_device *device, uint64_t id)
{
    for (yk_cl_kernel **link = &device->kernels; *link != NULL; link = &(*link)->next) {
        yk_cl_kernel *const kernel = *link;

        if (kernel->id == id) {
            *link = kernel->next;
            destroy_kernel(device, kernel);
            return;
        }
    }
}
