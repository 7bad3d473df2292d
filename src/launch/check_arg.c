/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "launch/check.h"
#include "launch/check_array.h"
#include "launch/check_copies.h"
#include "launch/check_image.h"
#include "launch/check_used.h"

/* Launches have the numbers of the interface. */
static_assert((int)YK_ARG_ARRAY == (int)YOKE_ARG_ARRAY, "as in yoke_arg_kind");
static_assert((int)YK_ARG_SCALAR == (int)YOKE_ARG_SCALAR, "as in yoke_arg_kind");
static_assert((int)YK_ARG_LOCAL == (int)YOKE_ARG_LOCAL, "as in yoke_arg_kind");
static_assert((int)YK_ARG_NULL == (int)YOKE_ARG_NULL, "as in yoke_arg_kind");
static_assert((int)YK_ARG_SAMPLER == (int)YOKE_ARG_SAMPLER, "as in yoke_arg_kind");
static_assert((int)YK_PARAMETER_ARRAY == (int)YOKE_ARG_ARRAY, "as in yoke_arg_kind");
static_assert((int)YK_PARAMETER_SCALAR == (int)YOKE_ARG_SCALAR, "as in yoke_arg_kind");
static_assert((int)YK_PARAMETER_LOCAL == (int)YOKE_ARG_LOCAL, "as in yoke_arg_kind");

static const char *const parameter_names[] = {"nothing",      "an array", "a scalar",
                                              "local memory", "an image", "a sampler"};

static bool is_scalar(const yoke_arg *arg)
{
    return arg->kind == YOKE_ARG_SCALAR || arg->kind == YOKE_ARG_SCALAR_FROM;
}

/* Puts "argument 3 (y, float*): " before the error text. */
static yoke_status check_arg_refuse(const yk_launch_input *input, size_t index,
                                    yk_error *error)
{
    const yk_parameter *parameter =
        (int)index < input->parameter_count ? &input->parameters[index] : NULL;

    if (parameter != NULL && parameter->name[0] != '\0') {
        yk_error_prefix(error, "argument %zu (%s, %s): ", index + 1, parameter->name,
                        parameter->type);
    } else {
        yk_error_prefix(error, "argument %zu: ", index + 1);
    }
    return YOKE_EINVAL;
}

/* The kind of parameter that the argument is for. */
static uint32_t parameter_kind_for(const yoke_arg *arg)
{
    switch (arg->kind) {
    case YOKE_ARG_ARRAY:
        return yk_arg_is_image(arg) ? YK_PARAMETER_IMAGE : YK_PARAMETER_ARRAY;
    case YOKE_ARG_NULL:
    case YOKE_ARG_SUM:
    case YOKE_ARG_MIN:
    case YOKE_ARG_MAX:
    case YOKE_ARG_FIRST:
    case YOKE_ARG_ANY:
        return YK_PARAMETER_ARRAY;
    case YOKE_ARG_SCALAR:
    case YOKE_ARG_SCALAR_FROM:
        return YK_PARAMETER_SCALAR;
    case YOKE_ARG_LOCAL:
        return YK_PARAMETER_LOCAL;
    case YOKE_ARG_SAMPLER:
        return YK_PARAMETER_SAMPLER;
    case YOKE_ARG_NONE:
    case YOKE_ARG_USES:
    default:
        return YK_PARAMETER_UNKNOWN;
    }
}

/* What would be right for an image parameter that got something else, or the reverse. */
static const char *parameter_remedy(uint32_t given, uint32_t taken)
{
    if (taken == YK_PARAMETER_IMAGE && given == YK_PARAMETER_ARRAY) {
        return ": yoke_arg_image() describes the array";
    }
    return taken == YK_PARAMETER_SAMPLER ? ": yoke_sampler() makes one" : "";
}

static yoke_status check_parameter(const yoke_arg *arg, const yk_parameter *parameter,
                                   yk_error *error)
{
    const uint32_t given = parameter_kind_for(arg);

    if (parameter->kind != YK_PARAMETER_UNKNOWN && parameter->kind != given) {
        return yk_fail(error, YOKE_EINVAL, "%s given, the kernel takes %s%s",
                       arg->kind == YOKE_ARG_NULL   ? "no array"
                       : arg->kind == YOKE_ARG_USES ? "memory that is used"
                                                    : parameter_names[given],
                       parameter_names[parameter->kind],
                       parameter_remedy(given, parameter->kind));
    }
    if (given == YK_PARAMETER_IMAGE) {
        return yk_check_image_parameter(arg, parameter, error);
    }
    if (is_scalar(arg) && parameter->bytes != 0 &&
        arg->bytes != parameter->bytes) {
        return yk_fail(error, YOKE_EINVAL,
                       "a value of %zu bytes given, the kernel takes %u", arg->bytes,
                       parameter->bytes);
    }
    return YOKE_OK;
}

/* Sets to->value to room for so many bytes among the launch's values. */
static yoke_status take_value_room(yk_arg *to, size_t bytes, size_t *used, yk_error *error)
{
    const size_t start = yk_round_up(*used, 16);

    if (bytes > YK_LAUNCH_VALUE_BYTES || start > YK_LAUNCH_VALUE_BYTES - bytes) {
        return yk_fail(
            error, YOKE_EINVAL,
            "the scalar arguments need at least %zu bytes; at most %d are allowed",
            start + bytes, YK_LAUNCH_VALUE_BYTES);
    }
    to->value = start;
    *used = start + bytes;
    return YOKE_OK;
}

static yoke_status fill_scalar(yk_launch *launch, yk_arg *to, const yoke_arg *arg,
                               size_t *used, yk_error *error)
{
    const yoke_status status = take_value_room(to, arg->bytes, used, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (arg->pointer == NULL && arg->bytes > YOKE_ARG_INLINE_BYTES) {
        return yk_fail(error, YOKE_EINVAL, "the value's address is NULL");
    }
    memcpy(launch->values + to->value, arg->pointer != NULL ? arg->pointer : arg->value,
           arg->bytes);
    return YOKE_OK;
}

/* An array, and the description of the image that it is. */
static yoke_status fill_image(yk_launch *launch, yk_arg *to, const yk_launch_input *input,
                              const yoke_arg *arg, size_t *used, yk_error *error)
{
    yk_pixels pixels;
    yoke_status status = yk_check_pixels(&pixels, arg, error);

    if (status == YOKE_OK) {
        status = take_value_room(to, sizeof pixels, used, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    memcpy(launch->values + to->value, &pixels, sizeof pixels);
    to->flags = YK_ARG_IMAGE;
    return yk_check_array(launch, to, input, arg, error);
}

static yoke_status fill_sampler(yk_launch *launch, yk_arg *to, const yoke_arg *arg,
                                size_t *used, yk_error *error)
{
    const yoke_status status = yk_check_sampler(arg, error);

    return status == YOKE_OK ? fill_scalar(launch, to, arg, used, error) : status;
}

/* The value stays where it is: see yk_launch_value(). */
static yoke_status fill_scalar_from(yk_launch *launch, yk_arg *to,
                                    const yk_launch_input *input, const yoke_arg *arg,
                                    yk_error *error)
{
    const yk_used value = {
        .name = "it is read when the job starts, and its memory is",
        .pointer = arg->pointer,
        .bytes = arg->bytes,
        .number = (uint32_t)(to - launch->args) + 1,
        .flags = YK_ARG_AT_START,
    };
    const yk_arg *used = &launch->args[yk_launch_array_count(launch)];
    yoke_status status;

    if (arg->bytes > YK_LAUNCH_VALUE_BYTES) {
        return yk_fail(error, YOKE_EINVAL, "a value of %zu bytes given; at most %d are allowed",
                       arg->bytes, YK_LAUNCH_VALUE_BYTES);
    }
    if (arg->pointer == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the value's address is NULL");
    }
    status = yk_used_add(launch, input, &value, error);
    if (status == YOKE_OK &&
        used->bytes > used->block_address + used->block_bytes - used->address) {
        return yk_fail(error, YOKE_EINVAL,
                       "the value has %zu bytes; its allocation ends after %llu", arg->bytes,
                       (unsigned long long)(used->block_address + used->block_bytes -
                                            used->address));
    }
    to->kind = YK_ARG_SCALAR;
    to->flags = YK_ARG_AT_START;
    to->address = (uint64_t)(uintptr_t)arg->pointer;
    return status;
}

static yoke_status fail_image(const yoke_arg *arg, yk_error *error)
{
    return arg->kind != YOKE_ARG_ARRAY
               ? yk_fail(error, YOKE_EINVAL,
                         "yoke_arg_image() is for arrays that parameters take: yoke_in(), "
                         "yoke_out() and their like")
               : yk_fail(error, YOKE_EINVAL,
                         "an image's parts are not declared by yoke_arg_between() or "
                         "yoke_arg_by()");
}

static yoke_status fill_kind(yk_launch *launch, yk_arg *to,
                             const yk_launch_input *input, size_t index,
                             size_t *values_used, yk_error *error)
{
    const yoke_arg *arg = &input->request->args[index];

    if (yk_arg_is_image(arg) && (arg->kind != YOKE_ARG_ARRAY || arg->ends != NULL)) {
        return fail_image(arg, error);
    }
    if (yk_arg_has_copies(arg)) {
        return yk_check_copies(launch, to, input, index, error);
    }
    if (arg->kind == YOKE_ARG_NULL) {
        return arg->bytes == 0 && arg->pointer == NULL
                   ? YOKE_OK
                   : yk_fail(error, YOKE_EINVAL,
                             "an absent array has no pointer and no bytes");
    }
    if (arg->bytes == 0) {
        return yk_fail(error, YOKE_EINVAL, "its size is 0 bytes");
    }
    switch (arg->kind) {
    case YOKE_ARG_ARRAY:
        return yk_arg_is_image(arg)
                   ? fill_image(launch, to, input, arg, values_used, error)
                   : yk_check_array(launch, to, input, arg, error);
    case YOKE_ARG_SCALAR:
        return fill_scalar(launch, to, arg, values_used, error);
    case YOKE_ARG_SAMPLER:
        return fill_sampler(launch, to, arg, values_used, error);
    case YOKE_ARG_SCALAR_FROM:
        return fill_scalar_from(launch, to, input, arg, error);
    case YOKE_ARG_LOCAL:
        if (arg->bytes > UINT32_MAX) {
            return yk_fail(error, YOKE_EINVAL,
                           "%zu bytes of local memory exceed the maximum of 2^32 - 1",
                           arg->bytes);
        }
        return YOKE_OK;
    case YOKE_ARG_USES:
    case YOKE_ARG_NONE:
    case YOKE_ARG_NULL:
    case YOKE_ARG_SUM:
    case YOKE_ARG_MIN:
    case YOKE_ARG_MAX:
    case YOKE_ARG_FIRST:
    case YOKE_ARG_ANY:
    default:
        return yk_fail(error, YOKE_EINVAL, "%u is not a valid kind of argument",
                       (unsigned)arg->kind);
    }
}

yoke_status yk_launch_fill_arg(yk_launch *launch, size_t index,
                               const yk_launch_input *input, size_t *values_used,
                               yk_error *error)
{
    const yoke_arg *arg = &input->request->args[index];
    yk_arg *to = &launch->args[index];
    yoke_status status = YOKE_OK;

    memset(to, 0, sizeof *to);
    to->kind = (uint32_t)arg->kind;
    to->bytes = arg->bytes;
    if ((int)index < input->parameter_count && (unsigned)arg->kind <= YOKE_ARG_SAMPLER) {
        status = check_parameter(arg, &input->parameters[index], error);
    }
    if (status == YOKE_OK) {
        status = fill_kind(launch, to, input, index, values_used, error);
    }
    return status == YOKE_OK ? YOKE_OK : check_arg_refuse(input, index, error);
}

yoke_status yk_launch_fill_pointed(yk_launch *launch, size_t index,
                                   const yk_launch_input *input, yk_error *error)
{
    const yoke_arg *arg = &input->request->args[index];
    const yoke_status status =
        arg->kind == YOKE_ARG_USES
            ? yk_used_add_pointed(launch, input, arg, (uint32_t)index + 1, error)
            : yk_fail(error, YOKE_EINVAL,
                      "a parameter of the kernel follows a yoke_uses(): what is no parameter "
                      "comes after all that are");

    return status == YOKE_OK ? YOKE_OK : check_arg_refuse(input, index, error);
}
