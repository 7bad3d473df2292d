/* SPDX-License-Identifier: MIT */
#include "kernel/check.h"

#include "kernel/check_range.h"
#include "kernel/footprint.h"

/* Where an argument's bytes lie in the whole launch: `bytes` at `start`, repeated
 * `blocks` times every `stride`. */
typedef struct pattern {
    uint64_t start;
    uint64_t bytes;
    uint64_t blocks;
    uint64_t stride;
} pattern;

static pattern pattern_of(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t first = launch->begin[launch->split];
    uint64_t low;
    uint64_t high;

    if (arg->blocks > 1) {
        const yk_extent own =
            yk_footprint_own(launch, arg, first, first + launch->size[launch->split]);

        return (pattern){own.address, own.bytes, own.blocks, own.stride};
    }
    if (arg->parts == YK_PARTS_WHOLE || (arg->flags & YK_ARG_READS_ALL) != 0) {
        yk_footprint_span(launch, arg, &low, &high);
        return (pattern){low, high - low, 1, 0};
    }
    {
        const yk_extent own =
            yk_footprint_own(launch, arg, first, first + launch->size[launch->split]);

        return (pattern){own.address, own.bytes, 1, 0};
    }
}

static bool intervals_meet(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static uint64_t pattern_bytes(pattern p)
{
    return p.bytes + (p.blocks - 1) * p.stride;
}

/* Columns of one matrix: disjoint if they are within a row. */
static bool columns_meet(pattern a, pattern b)
{
    const uint64_t shift = b.start > a.start
                               ? (b.start - a.start) % a.stride
                               : (a.stride - (a.start - b.start) % a.stride) % a.stride;

    return shift < a.bytes || shift + b.bytes > a.stride;
}

static bool patterns_meet(pattern a, pattern b)
{
    if (!intervals_meet(a.start, pattern_bytes(a), b.start, pattern_bytes(b))) {
        return false;
    }
    if (a.blocks > 1 && b.blocks > 1 && a.stride == b.stride) {
        return columns_meet(a, b);
    }
    return true;
}

bool yk_args_conflict(const yk_launch *a, const yk_arg *x, const yk_launch *b,
                      const yk_arg *y)
{
    if (x->kind != YK_ARG_ARRAY || y->kind != YK_ARG_ARRAY ||
        ((x->access | y->access) & YK_WRITE) == 0) {
        return false;
    }
    return patterns_meet(pattern_of(a, x), pattern_of(b, y));
}

yoke_status yk_launch_check_overlap(const yk_launch *launch, yk_error *error)
{
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const yk_arg *a = &launch->args[j];
            const yk_arg *b = &launch->args[i];

            if (yk_args_conflict(launch, a, launch, b)) {
                return yk_fail(error, YOKE_EINVAL,
                               "arguments %u and %u overlap and %s written: results "
                               "would depend on the order of execution",
                               j + 1, i + 1,
                               (a->access & b->access & YK_WRITE) != 0 ? "both are"
                                                                       : "one is");
            }
        }
    }
    return YOKE_OK;
}

static yoke_status check_count(const yk_launch_request *request, yk_error *error)
{
    const int expected = request->parameter_count;

    if (request->arg_count > YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EINVAL, "%zu arguments: at most %d are possible",
                       request->arg_count, YK_MAX_ARGS);
    }
    if (request->arg_count > 0 && request->args == NULL) {
        return yk_fail(error, YOKE_EINVAL, "args is NULL");
    }
    if (expected >= 0 && request->arg_count != (size_t)expected) {
        return yk_fail(error, YOKE_EINVAL, "%zu argument(s) given, the kernel takes %d",
                       request->arg_count, expected);
    }
    return YOKE_OK;
}

static bool writes_whole(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && arg->parts == YK_PARTS_WHOLE &&
           (arg->access & YK_WRITE) != 0;
}

yoke_status yk_launch_fill(yk_launch *launch, const yk_launch_request *request,
                           yk_error *error)
{
    size_t values_used = 0;
    yoke_status status = yk_launch_fill_range(launch, request->kernel, &request->range,
                                              request->round_up, error);

    if (status == YOKE_OK) {
        status = check_count(request, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    launch->kernel_id = request->kernel->id;
    launch->whole = 0;
    launch->arg_count = (uint32_t)request->arg_count;
    for (size_t i = 0; i < request->arg_count; i++) {
        status = yk_launch_fill_arg(launch, i, request, &values_used, error);
        if (status != YOKE_OK) {
            return status;
        }
        launch->whole |= writes_whole(&launch->args[i]);
    }
    return yk_launch_check_overlap(launch, error);
}
