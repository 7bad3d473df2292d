/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "kernel/check.h"
#include "kernel/check_range.h"
#include "kernel/footprint.h"

static const char *const kind_names[] = {"nothing", "an array", "a scalar",
                                         "local memory"};

/* "argument 3 (y, float*): " in front of what is wrong with it. */
static yoke_status refuse(const yk_launch_request *request, size_t index,
                          yk_error *error)
{
    const yk_parameter *parameter =
        (int)index < request->parameter_count ? &request->parameters[index] : NULL;

    if (parameter != NULL && parameter->name[0] != '\0') {
        yk_error_prefix(error, "argument %zu (%s, %s): ", index + 1, parameter->name,
                        parameter->type);
    } else {
        yk_error_prefix(error, "argument %zu: ", index + 1);
    }
    return YOKE_EINVAL;
}

static yoke_status check_parameter(const yoke_arg *arg, const yk_parameter *parameter,
                                   yk_error *error)
{
    if (parameter->kind != YK_PARAMETER_UNKNOWN &&
        parameter->kind != (unsigned)arg->kind) {
        return yk_fail(error, YOKE_EINVAL, "%s given, the kernel takes %s",
                       kind_names[arg->kind], kind_names[parameter->kind]);
    }
    if (arg->kind == YOKE_ARG_SCALAR && parameter->bytes != 0 &&
        arg->bytes != parameter->bytes) {
        return yk_fail(error, YOKE_EINVAL,
                       "a value of %zu bytes given, the kernel takes %u", arg->bytes,
                       parameter->bytes);
    }
    return YOKE_OK;
}

static yoke_status fill_scalar(yk_launch *launch, yk_arg *to, const yoke_arg *arg,
                               size_t *used, yk_error *error)
{
    const size_t start = yk_round_up(*used, 16);

    if (arg->bytes > YK_LAUNCH_VALUE_BYTES ||
        start > YK_LAUNCH_VALUE_BYTES - arg->bytes) {
        return yk_fail(error, YOKE_EINVAL,
                       "the values passed are %zu bytes and more: at most %d fit",
                       start + arg->bytes, YK_LAUNCH_VALUE_BYTES);
    }
    if (arg->pointer == NULL && arg->bytes > YOKE_ARG_INLINE_BYTES) {
        return yk_fail(error, YOKE_EINVAL, "the value's address is NULL");
    }
    memcpy(launch->values + start, arg->pointer != NULL ? arg->pointer : arg->value,
           arg->bytes);
    to->value = start;
    *used = start + arg->bytes;
    return YOKE_OK;
}

static yoke_status check_whole(const yoke_arg *arg, yk_error *error)
{
    if (arg->halo != 0 || arg->periodic || arg->reads_all || arg->offset != 0 ||
        arg->blocks > 1) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array that is not divided has no parts for halo, offset or "
                       "blocks");
    }
    return YOKE_OK;
}

static yoke_status check_group_parts(const yk_launch *launch, const yoke_arg *arg,
                                     yk_error *error)
{
    if (launch->group[launch->split] == 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "parts per work-group need a kernel with a work-group size "
                       "(.group)");
    }
    if (arg->halo != 0) {
        return yk_fail(error, YOKE_EINVAL, "a halo goes with parts per item only");
    }
    return YOKE_OK;
}

static yoke_status check_array_shape(const yk_launch *launch, const yoke_arg *arg,
                                     yk_error *error)
{
    const unsigned access = (unsigned)arg->access;

    if (arg->pointer == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the array is NULL");
    }
    if (access < 1 || access > 3 || (unsigned)arg->parts > YOKE_PARTS_WHOLE) {
        return yk_fail(error, YOKE_EINVAL, "access %u or parts %u are no known values",
                       access, (unsigned)arg->parts);
    }
    if (arg->halo != 0 && (access & YOKE_ACCESS_WRITE) != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "only an array that is just read has a halo");
    }
    if (arg->parts == YOKE_PARTS_WHOLE) {
        return check_whole(arg, error);
    }
    return arg->parts == YOKE_PARTS_GROUP ? check_group_parts(launch, arg, error)
                                          : YOKE_OK;
}

static uint64_t parts_end(const yk_launch *launch, const yoke_arg *arg)
{
    return arg->parts == YOKE_PARTS_GROUP
               ? yk_launch_group_count(launch)
               : launch->begin[launch->split] + launch->size[launch->split];
}

bool yk_launch_reach(const yk_launch *launch, const yoke_arg *arg, uint64_t *bytes)
{
    uint64_t gap = 0;

    if (arg->parts == YOKE_PARTS_WHOLE) {
        *bytes = arg->bytes;
        return true;
    }
    if (!yk_mul(parts_end(launch, arg), arg->bytes, bytes) ||
        !yk_add(*bytes, arg->offset, bytes)) {
        return false;
    }
    if (arg->blocks > 1 &&
        (!yk_mul(arg->blocks - 1, arg->stride, &gap) || !yk_add(*bytes, gap, bytes))) {
        return false;
    }
    *bytes = arg->reads_all ? yk_max(*bytes, arg->extent) : *bytes;
    return true;
}

static yoke_status check_blocks(const yk_launch *launch, const yoke_arg *arg,
                                yk_error *error)
{
    uint64_t row;

    if (arg->blocks <= 1) {
        return YOKE_OK;
    }
    if (!yk_mul(parts_end(launch, arg), arg->bytes, &row) || arg->stride < row) {
        return yk_fail(error, YOKE_EINVAL,
                       "blocks every %zu bytes: the parts' %zu bytes each do not fit "
                       "between them",
                       arg->stride, arg->bytes);
    }
    return YOKE_OK;
}

static yoke_status find_block(yk_arg *to, const yk_launch_request *request,
                              const yoke_arg *arg, uint64_t bytes, yk_error *error)
{
    const uint64_t address = (uint64_t)(uintptr_t)arg->pointer;
    const uint64_t base = (uint64_t)(uintptr_t)request->arena->mapping.base;
    yk_block block;
    uint64_t left;

    if (!yk_arena_find(request->arena, arg->pointer, &block)) {
        if (request->allow_foreign &&
            !yk_arena_contains(request->arena, arg->pointer)) {
            return YOKE_OK;
        }
        return yk_fail(
            error, YOKE_EINVAL,
            "%p is not memory of this pool (yoke_alloc), and the map does not "
            "say .stage",
            arg->pointer);
    }
    to->block_address = base + block.offset;
    to->block_bytes = block.bytes;
    to->block_id = block.id;
    to->table = block.table;
    to->guest = block.guest;
    if (block.read_only && (to->access & YK_WRITE) != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is in a named segment that was opened for reading only",
                       arg->pointer);
    }
    left = block.offset + block.bytes > address - base
               ? block.offset + block.bytes - (address - base)
               : 0;
    if (bytes > left) {
        return yk_fail(error, YOKE_EINVAL,
                       "the range needs %llu bytes from %p on, its allocation of %llu "
                       "bytes has %llu there",
                       (unsigned long long)bytes, arg->pointer,
                       (unsigned long long)block.bytes, (unsigned long long)left);
    }
    return YOKE_OK;
}

static yoke_status fill_array(yk_launch *launch, yk_arg *to,
                              const yk_launch_request *request, const yoke_arg *arg,
                              yk_error *error)
{
    uint64_t bytes;
    yoke_status status = check_array_shape(launch, arg, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (!yk_launch_reach(launch, arg, &bytes) ||
        bytes > UINT64_MAX - (uint64_t)(uintptr_t)arg->pointer) {
        return yk_fail(error, YOKE_EINVAL, "the range needs more bytes than there are");
    }
    status = check_blocks(launch, arg, error);
    if (status != YOKE_OK) {
        return status;
    }
    to->access = (uint32_t)arg->access;
    to->parts = (uint32_t)arg->parts;
    to->flags = (arg->reads_all ? YK_ARG_READS_ALL : 0U) |
                (arg->periodic && arg->halo != 0 ? YK_ARG_PERIODIC : 0U);
    to->address = (uint64_t)(uintptr_t)arg->pointer;
    to->halo = yk_min(arg->halo, launch->size[launch->split]);
    to->offset = arg->offset;
    to->extent = arg->extent;
    to->blocks = arg->blocks > 1 ? arg->blocks : 1;
    to->stride = arg->blocks > 1 ? arg->stride : 0;
    return find_block(to, request, arg, bytes, error);
}

static yoke_status fill_kind(yk_launch *launch, yk_arg *to,
                             const yk_launch_request *request, const yoke_arg *arg,
                             size_t *values_used, yk_error *error)
{
    if (arg->bytes == 0) {
        return yk_fail(error, YOKE_EINVAL, "it has 0 bytes");
    }
    switch (arg->kind) {
    case YOKE_ARG_ARRAY:
        return fill_array(launch, to, request, arg, error);
    case YOKE_ARG_SCALAR:
        return fill_scalar(launch, to, arg, values_used, error);
    case YOKE_ARG_LOCAL:
        if (arg->bytes > UINT32_MAX) {
            return yk_fail(error, YOKE_EINVAL, "%zu bytes of local memory are too many",
                           arg->bytes);
        }
        return YOKE_OK;
    case YOKE_ARG_NONE:
    default:
        return yk_fail(error, YOKE_EINVAL, "it is of no known kind (%u)",
                       (unsigned)arg->kind);
    }
}

yoke_status yk_launch_fill_arg(yk_launch *launch, size_t index,
                               const yk_launch_request *request, size_t *values_used,
                               yk_error *error)
{
    const yoke_arg *arg = &request->args[index];
    yk_arg *to = &launch->args[index];
    yoke_status status = YOKE_OK;

    memset(to, 0, sizeof *to);
    to->kind = (uint32_t)arg->kind;
    to->bytes = arg->bytes;
    if ((int)index < request->parameter_count &&
        (unsigned)arg->kind <= YOKE_ARG_LOCAL) {
        status = check_parameter(arg, &request->parameters[index], error);
    }
    if (status == YOKE_OK) {
        status = fill_kind(launch, to, request, arg, values_used, error);
    }
    return status == YOKE_OK ? YOKE_OK : refuse(request, index, error);
}
