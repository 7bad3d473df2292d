/* SPDX-License-Identifier: MIT */
#include "opencl/cl_parameters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

yoke_status yk_cl_fail_images(const yk_cl_device *device, const yk_kernel *kernel,
                              yk_error *error)
{
    return yk_fail(error, YOKE_EUNSUPPORTED,
                   "%s: kernel '%s': its source has images; the device has none",
                   device->info.name, kernel->name);
}

typedef struct type_size {
    const char *name;
    uint32_t bytes; /* 0: the size of an address */
} type_size;

static const type_size types[] = {
    {"char", 1},      {"uchar", 1},     {"unsigned char", 1},
    {"short", 2},     {"ushort", 2},    {"unsigned short", 2},
    {"int", 4},       {"uint", 4},      {"unsigned int", 4},
    {"long", 8},      {"ulong", 8},     {"unsigned long", 8},
    {"half", 2},      {"float", 4},     {"double", 8},
    {"size_t", 0},    {"ptrdiff_t", 0}, {"intptr_t", 0},
    {"uintptr_t", 0},
};

/* Types of parameters for which there is no kind of argument. Images with depth, samples or a
 * buffer are such types, too. */
static const char *const foreign_types[] = {"image", "pipe", "event_t", "queue_t"};

static uint32_t cl_parameter_lanes_of(const char *suffix)
{
    static const struct {
        const char *text;
        uint32_t lanes;
    } known[] = {{"", 1}, {"2", 2}, {"3", 4}, {"4", 4}, {"8", 8}, {"16", 16}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(suffix, known[i].text) == 0) {
            return known[i].lanes;
        }
    }
    return 0;
}

uint32_t yk_cl_type_bytes(const char *type, unsigned address_bits)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const size_t length = strlen(types[i].name);
        const uint32_t bytes = types[i].bytes != 0 ? types[i].bytes : address_bits / 8;
        const uint32_t lanes = strncmp(type, types[i].name, length) == 0
                                   ? cl_parameter_lanes_of(type + length)
                                   : 0;

        if (lanes != 0) {
            return lanes * bytes;
        }
    }
    return 0;
}

/* Removes the space that some drivers put before a '*'. */
static void tidy_type(char *type)
{
    char *to = type;

    for (const char *from = type; *from != '\0'; from++) {
        if (*from != ' ' || from[1] != '*') {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static void cl_parameter_read_text(cl_kernel kernel, cl_uint index,
                                   cl_kernel_arg_info what, char *text, size_t bytes)
{
    char raw[1024] = "";

    text[0] = '\0';
    if (yk_cl.clGetKernelArgInfo(kernel, index, what, sizeof raw - 1, raw, NULL) ==
        CL_SUCCESS) {
        (void)snprintf(text, bytes, "%s", raw);
    }
}

static uint32_t cl_parameter_kind_of(cl_kernel_arg_address_qualifier qualifier)
{
    switch (qualifier) {
    case CL_KERNEL_ARG_ADDRESS_GLOBAL:
    case CL_KERNEL_ARG_ADDRESS_CONSTANT:
        return YK_PARAMETER_ARRAY;
    case CL_KERNEL_ARG_ADDRESS_LOCAL:
        return YK_PARAMETER_LOCAL;
    case CL_KERNEL_ARG_ADDRESS_PRIVATE:
        return YK_PARAMETER_SCALAR;
    default:
        return YK_PARAMETER_UNKNOWN;
    }
}

static uint32_t cl_parameter_shape_of(const char *type)
{
    for (uint32_t shape = YK_SHAPE_1D; shape <= YK_SHAPE_2D_ARRAY; shape++) {
        if (strcmp(type, yk_shape_name(shape)) == 0) {
            return shape;
        }
    }
    return YK_SHAPE_NONE;
}

static bool cl_parameter_is_foreign(const yk_parameter *parameter)
{
    const char *const type = parameter->type;

    if (parameter->kind == YK_PARAMETER_IMAGE) {
        return false;
    }
    for (size_t i = 0; i < sizeof foreign_types / sizeof foreign_types[0]; i++) {
        if (strncmp(type, foreign_types[i], strlen(foreign_types[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* What an array's type says of the accesses to it, as far as the driver reports it. */
static void read_qualifiers(cl_kernel kernel, cl_uint index, yk_cl_parameter *parameter)
{
    cl_kernel_arg_type_qualifier qualifier = 0;

    if (parameter->shown.kind != YK_PARAMETER_ARRAY ||
        yk_cl.clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_TYPE_QUALIFIER,
                                 sizeof qualifier, &qualifier, NULL) != CL_SUCCESS) {
        return;
    }
    parameter->shown.may_write =
        !parameter->is_constant && (qualifier & CL_KERNEL_ARG_TYPE_CONST) == 0;
    parameter->is_restrict = (qualifier & CL_KERNEL_ARG_TYPE_RESTRICT) != 0;
}

/* What the kernel does with an image. */
static void read_image_access(cl_kernel kernel, cl_uint index, yk_parameter *shown)
{
    cl_kernel_arg_access_qualifier qualifier = CL_KERNEL_ARG_ACCESS_NONE;

    (void)yk_cl.clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_ACCESS_QUALIFIER,
                                   sizeof qualifier, &qualifier, NULL);
    shown->access = qualifier == CL_KERNEL_ARG_ACCESS_READ_ONLY    ? YK_READ
                    : qualifier == CL_KERNEL_ARG_ACCESS_WRITE_ONLY ? YK_WRITE
                    : qualifier == CL_KERNEL_ARG_ACCESS_READ_WRITE ? YK_READ | YK_WRITE
                                                                   : 0U;
    shown->may_write = (shown->access & YK_WRITE) != 0;
}

/* Drivers report images and samplers as if they were arrays or values. */
static void read_image_kind(cl_kernel kernel, cl_uint index, yk_parameter *shown)
{
    shown->shape = cl_parameter_shape_of(shown->type);
    if (shown->shape != YK_SHAPE_NONE) {
        shown->kind = YK_PARAMETER_IMAGE;
        read_image_access(kernel, index, shown);
    } else if (strcmp(shown->type, "sampler_t") == 0) {
        shown->kind = YK_PARAMETER_SAMPLER;
    }
}

static bool read_one(const yk_cl_device *device, cl_kernel kernel, cl_uint index,
                     yk_cl_parameter *parameter)
{
    yk_parameter *const shown = &parameter->shown;
    cl_kernel_arg_address_qualifier qualifier = 0;

    *parameter = (yk_cl_parameter){.is_constant = false};
    if (yk_cl.clGetKernelArgInfo(kernel, index, CL_KERNEL_ARG_ADDRESS_QUALIFIER,
                                 sizeof qualifier, &qualifier, NULL) != CL_SUCCESS) {
        return false;
    }
    cl_parameter_read_text(kernel, index, CL_KERNEL_ARG_NAME, shown->name,
                           sizeof shown->name);
    cl_parameter_read_text(kernel, index, CL_KERNEL_ARG_TYPE_NAME, shown->type,
                           sizeof shown->type);
    tidy_type(shown->type);
    shown->kind = cl_parameter_kind_of(qualifier);
    read_image_kind(kernel, index, shown);
    parameter->is_constant = shown->kind == YK_PARAMETER_ARRAY &&
                             qualifier == CL_KERNEL_ARG_ADDRESS_CONSTANT;
    read_qualifiers(kernel, index, parameter);
    if (shown->kind == YK_PARAMETER_SCALAR) {
        shown->bytes = yk_cl_type_bytes(shown->type, device->address_bits);
    }
    return true;
}

yoke_status yk_cl_read_parameters(const yk_cl_device *device, yk_cl_kernel *kernel,
                                  yk_error *error)
{
    const cl_kernel handle = kernel->generic.handle;
    cl_uint count = 0;
    const cl_int code =
        yk_cl.clGetKernelInfo(handle, CL_KERNEL_NUM_ARGS, sizeof count, &count, NULL);

    if (code != CL_SUCCESS) {
        return yk_cl_fail(error, device->info.name, "clGetKernelInfo", code);
    }
    if (count > YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "kernel '%s' has %u parameters; at most %d are supported",
                       kernel->kernel->name, count, YK_MAX_ARGS);
    }
    kernel->parameter_count = count;
    kernel->has_parameters = true;
    for (cl_uint i = 0; i < count; i++) {
        const yk_parameter *const shown = &kernel->parameters[i].shown;

        if (!read_one(device, handle, i, &kernel->parameters[i])) {
            kernel->has_parameters = false;
        }
        if (cl_parameter_is_foreign(shown)) {
            return yk_fail(error, YOKE_EUNSUPPORTED,
                           "kernel '%s': parameter %u ('%s') is of type %s: pipes, and "
                           "images with depth, samples or a buffer are not supported",
                           kernel->kernel->name, i + 1, shown->name, shown->type);
        }
        if (shown->kind == YK_PARAMETER_IMAGE && !device->has_images) {
            return yk_cl_fail_images(device, kernel->kernel, error);
        }
    }
    return YOKE_OK;
}
