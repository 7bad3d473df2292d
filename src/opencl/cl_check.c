/* SPDX-License-Identifier: MIT */
#include "opencl/cl_check.h"

#include <inttypes.h>

#include "base/bits.h"
#include "launch/check.h"
#include "launch/footprint.h"

/* How texts name a parameter. */
static void write_label(const yk_cl_kernel *kernel, size_t index,
                        char text[YK_PARAMETER_LABEL_BYTES])
{
    yk_parameter_label(&kernel->parameters[index].shown, index, text);
}

static const char *cl_check_kind_name(uint32_t kind)
{
    static const char *const names[] = {
        [YK_PARAMETER_UNKNOWN] = "something",
        [YK_PARAMETER_ARRAY] = "an array",
        [YK_PARAMETER_SCALAR] = "a value",
        [YK_PARAMETER_LOCAL] = "a size of local memory",
        [YK_PARAMETER_IMAGE] = "an image",
        [YK_PARAMETER_SAMPLER] = "a sampler",
    };

    return kind <= YK_PARAMETER_SAMPLER ? names[kind] : names[0];
}

static uint32_t cl_check_kind_of(const yk_arg *arg)
{
    switch (arg->kind) {
    case YK_ARG_ARRAY:
        return (arg->flags & YK_ARG_IMAGE) != 0 ? YK_PARAMETER_IMAGE : YK_PARAMETER_ARRAY;
    case YK_ARG_NULL:
    case YK_ARG_ALIAS:
        return YK_PARAMETER_ARRAY;
    case YK_ARG_SAMPLER:
        return YK_PARAMETER_SAMPLER;
    case YK_ARG_SCALAR:
        return YK_PARAMETER_SCALAR;
    default:
        return YK_PARAMETER_LOCAL;
    }
}

static yoke_status check_argument(const yk_cl_kernel *kernel, const yk_arg *arg,
                                  size_t index, yk_error *error)
{
    const yk_parameter *const shown = &kernel->parameters[index].shown;
    const uint32_t given = cl_check_kind_of(arg);
    char label[YK_PARAMETER_LABEL_BYTES];

    write_label(kernel, index, label);
    if (shown->kind != YK_PARAMETER_UNKNOWN && shown->kind != given) {
        return yk_fail(error, YOKE_EINVAL, "kernel '%s': %s takes %s; %s was given",
                       kernel->kernel->name, label, cl_check_kind_name(shown->kind),
                       cl_check_kind_name(given));
    }
    if (given == YK_PARAMETER_SCALAR && shown->bytes != 0 &&
        shown->bytes != arg->bytes) {
        return yk_fail(error, YOKE_EINVAL,
                       "kernel '%s': %s takes %u bytes; a value of %" PRIu64
                       " bytes was given",
                       kernel->kernel->name, label, shown->bytes, arg->bytes);
    }
    return YOKE_OK;
}

/* The compiler may rely on it that no other parameter is the same memory. What the source's text
 * shows of it was refused at submission. */
static yoke_status check_unshared(const yk_cl_kernel *kernel, size_t index,
                                  size_t other, yk_error *error)
{
    const yk_cl_parameter *const parameter = &kernel->parameters[index];
    char label[YK_PARAMETER_LABEL_BYTES];

    if (!parameter->is_constant && !parameter->is_restrict) {
        return YOKE_OK;
    }
    write_label(kernel, index, label);
    return yk_fail(error, YOKE_EINVAL,
                   "kernel '%s': %s is declared %s, so argument %zu cannot be the same "
                   "array, one of them read and one written; declare it __global "
                   "without restrict",
                   kernel->kernel->name, label,
                   parameter->is_constant ? "__constant" : "restrict", other + 1);
}

static yoke_status check_alias(const yk_cl_kernel *kernel, const yk_launch *launch,
                               size_t index, yk_error *error)
{
    const size_t array = (size_t)launch->args[index].value;
    yoke_status status;

    if (launch->args[index].kind != YK_ARG_ALIAS) {
        return YOKE_OK;
    }
    status = check_unshared(kernel, array, index, error);
    return status == YOKE_OK ? check_unshared(kernel, index, array, error) : status;
}

yoke_status yk_cl_check_arguments(const yk_cl_kernel *kernel, const yk_launch *launch,
                                  yk_error *error)
{
    yoke_status status = YOKE_OK;

    if (launch->arg_count != kernel->parameter_count) {
        return yk_fail(error, YOKE_EINVAL,
                       "kernel '%s' has %zu parameters; %u arguments were given",
                       kernel->kernel->name, kernel->parameter_count,
                       launch->arg_count);
    }
    for (size_t i = 0; i < launch->arg_count && status == YOKE_OK; i++) {
        status = check_argument(kernel, &launch->args[i], i, error);
        status = status == YOKE_OK ? check_alias(kernel, launch, i, error) : status;
    }
    return status;
}

static uint64_t span_bytes(const yk_launch *launch, const yk_arg *arg)
{
    uint64_t low;
    uint64_t high;

    yk_footprint_span(launch, arg, &low, &high);
    return high - low;
}

static yoke_status cl_check_array(const yk_cl_device *device,
                                  const yk_cl_kernel *kernel, const yk_launch *launch,
                                  size_t index, yk_error *error)
{
    const uint64_t bytes = span_bytes(launch, &launch->args[index]);
    const bool is_constant = kernel->parameters[index].is_constant;
    const uint64_t max_count = is_constant
                                   ? yk_min(device->constant_bytes, device->max_alloc)
                                   : device->max_alloc;
    char label[YK_PARAMETER_LABEL_BYTES];

    if (device->memory == YK_CL_POINTER || bytes <= max_count) {
        return YOKE_OK;
    }
    write_label(kernel, index, label);
    return yk_fail(error, YOKE_EUNSUPPORTED,
                   "%s: kernel '%s': the array for %s has %" PRIu64
                   " bytes; the device takes at most %" PRIu64 " in one %sarray",
                   device->info.name, kernel->kernel->name, label, bytes, max_count,
                   is_constant ? "constant " : "");
}

yoke_status yk_cl_check_memory(const yk_cl_device *device, const yk_cl_kernel *kernel,
                               const yk_cl_variant *variant, const yk_launch *launch,
                               yk_error *error)
{
    uint64_t local = variant->local_bytes;
    uint64_t total = 0;
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < launch->arg_count && status == YOKE_OK; i++) {
        const yk_arg *const arg = &launch->args[i];

        if (arg->kind == YK_ARG_LOCAL && !yk_add(local, arg->bytes, &local)) {
            local = UINT64_MAX;
        } else if (arg->kind == YK_ARG_ARRAY) {
            status = cl_check_array(device, kernel, launch, i, error);
            total += status == YOKE_OK ? span_bytes(launch, arg) : 0;
        }
    }
    if (status != YOKE_OK) {
        return status;
    }
    if (local > device->local_bytes) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: kernel '%s' needs %" PRIu64
                       " bytes of local memory; the device has %" PRIu64,
                       device->info.name, kernel->kernel->name, local,
                       device->local_bytes);
    }
    if (device->memory == YK_CL_COPY && total > device->info.memory_bytes) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: the arrays of kernel '%s' need %" PRIu64
                       " bytes; the device has %" PRIu64,
                       device->info.name, kernel->kernel->name, total,
                       device->info.memory_bytes);
    }
    return YOKE_OK;
}

static yoke_status check_required(const yk_cl_kernel *kernel, const yk_launch *launch,
                                  yk_error *error)
{
    const size_t *const required = kernel->required;
    const bool is_given = launch->group[0] != 0;
    bool fits = true;

    if (required[0] == 0) {
        return YOKE_OK;
    }
    for (unsigned d = 0; d < 3; d++) {
        fits = fits && (is_given ? yk_max(1, launch->group[d]) == required[d]
                                 : launch->size[d] % required[d] == 0);
    }
    if (is_given && !fits) {
        return yk_fail(
            error, YOKE_EINVAL,
            "kernel '%s' requires work-groups of %zu x %zu x %zu; its .group "
            "is %" PRIu64 " x %" PRIu64 " x %" PRIu64,
            kernel->kernel->name, required[0], required[1], required[2],
            launch->group[0], yk_max(1, launch->group[1]), yk_max(1, launch->group[2]));
    }
    if (!is_given && (!fits || (required[launch->split] > 1 && launch->whole == 0))) {
        return yk_fail(error, YOKE_EINVAL,
                       "kernel '%s' requires work-groups of %zu x %zu x %zu: set its "
                       ".group to that",
                       kernel->kernel->name, required[0], required[1], required[2]);
    }
    return YOKE_OK;
}

static yoke_status check_divides(const yk_cl_kernel *kernel, const yk_launch *launch,
                                 yk_error *error)
{
    for (unsigned d = 0; d < 3; d++) {
        const uint64_t group = yk_max(1, launch->group[d]);

        if (yk_launch_global_size(launch, d) % group != 0) {
            return yk_fail(error, YOKE_EINVAL,
                           "kernel '%s': %" PRIu64
                           " work-items in dimension %u are not a multiple of the "
                           "work-group's %" PRIu64 " (.round_up pads them)",
                           kernel->kernel->name, launch->size[d], d, group);
        }
    }
    return YOKE_OK;
}

static uint64_t cl_check_items_of(const uint64_t group[3])
{
    return yk_max(1, group[0]) * yk_max(1, group[1]) * yk_max(1, group[2]);
}

static yoke_status fail_group(const yk_cl_device *device, const yk_cl_kernel *kernel,
                              const uint64_t group[3], uint64_t max_count,
                              yk_error *error)
{
    return yk_fail(error, YOKE_EUNSUPPORTED,
                   "%s: kernel '%s': a work-group of %" PRIu64 " x %" PRIu64
                   " x %" PRIu64 " is too large; the device takes at most %" PRIu64
                   " work-items of this kernel, and at most %" PRIu64 " x %" PRIu64
                   " x %" PRIu64 " in the dimensions",
                   device->info.name, kernel->kernel->name, yk_max(1, group[0]),
                   yk_max(1, group[1]), yk_max(1, group[2]), max_count,
                   device->groups.items[0], device->groups.items[1],
                   device->groups.items[2]);
}

yoke_status yk_cl_check_group(const yk_cl_device *device, const yk_cl_kernel *kernel,
                              const yk_launch *launch, yk_error *error)
{
    const uint64_t max_count = yk_min(kernel->generic.max_group, device->groups.group);
    yoke_status status = check_required(kernel, launch, error);

    if (status == YOKE_OK) {
        status = check_divides(kernel, launch, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    for (unsigned d = 0; d < 3; d++) {
        if (launch->group[d] > device->groups.items[d]) {
            return fail_group(device, kernel, launch->group, max_count, error);
        }
    }
    return cl_check_items_of(launch->group) <= max_count
               ? YOKE_OK
               : fail_group(device, kernel, launch->group, max_count, error);
}

yoke_status yk_cl_check_shape(const yk_cl_device *device, const yk_cl_kernel *kernel,
                              const yk_cl_variant *variant, const yk_cl_shape *shape,
                              yk_error *error)
{
    return cl_check_items_of(shape->local) <= variant->max_group
               ? YOKE_OK
               : fail_group(device, kernel, shape->local, variant->max_group, error);
}

/* Of clCreateImage() and clCreateSampler(): the device has no such thing, and is as well as
 * before. */
static bool is_object_refused(const yk_arg *arg, cl_int code)
{
    static const cl_int codes[] = {
        CL_INVALID_IMAGE_SIZE,      CL_INVALID_IMAGE_DESCRIPTOR,
        CL_INVALID_OPERATION,       CL_INVALID_IMAGE_FORMAT_DESCRIPTOR,
        CL_INVALID_VALUE,           CL_IMAGE_FORMAT_NOT_SUPPORTED,
    };
    bool found = false;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        found = found || codes[i] == code;
    }
    return found && (arg->kind == YK_ARG_SAMPLER || (arg->flags & YK_ARG_IMAGE) != 0);
}

yoke_status yk_cl_fail_argument(const yk_cl_device *device, const yk_cl_kernel *kernel,
                                const yk_launch *launch, size_t index, cl_int code,
                                yk_error *error)
{
    char label[YK_PARAMETER_LABEL_BYTES];

    write_label(kernel, index, label);
    if (code == CL_INVALID_ARG_SIZE) {
        return yk_fail(error, YOKE_EINVAL,
                       "kernel '%s': %s does not take %" PRIu64 " bytes",
                       kernel->kernel->name, label, launch->args[index].bytes);
    }
    if (yk_cl_is_memory_failure(code)) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: kernel '%s': cannot allocate device memory for %s (%" PRIu64
                       " bytes)",
                       device->info.name, kernel->kernel->name, label,
                       span_bytes(launch, &launch->args[index]));
    }
    if (is_object_refused(&launch->args[index], code)) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: kernel '%s': the device has no such image or sampler for %s: %s (%d)",
                       device->info.name, kernel->kernel->name, label,
                       yk_cl_error_name(code), (int)code);
    }
    return yk_fail(error, YOKE_EDEVICE, "%s: kernel '%s': %s cannot be set: %s (%d)",
                   device->info.name, kernel->kernel->name, label,
                   yk_cl_error_name(code), (int)code);
}
