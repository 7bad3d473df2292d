/* SPDX-License-Identifier: MIT */
#include "launch/check.h"

#include <stdlib.h>

#include "base/bits.h"

/* The maximum number of work-items of a range, and the maximum global id, so that later
 * arithmetic does not overflow. */
static const uint64_t max_range = UINT64_C(1) << 48;

static const char axis[] = "xyz";

/* A split is the number of its dimension, and 1. */
static_assert(YOKE_SPLIT_SLOWEST == 0 && YOKE_SPLIT_X == 1 && YOKE_SPLIT_Y == 2 &&
                  YOKE_SPLIT_Z == 3,
              "as choose_split() takes them");

static yoke_status check_sizes(const yoke_range *range, yk_error *error)
{
    uint64_t total = 1;

    if (range->dimensions < 1 || range->dimensions > 3) {
        return yk_fail(error, YOKE_EINVAL, "a range has 1 to 3 dimensions, not %u",
                       range->dimensions);
    }
    for (unsigned d = 0; d < 3; d++) {
        const bool used = d < range->dimensions;

        if (range->size[d] == 0 && used) {
            return yk_fail(error, YOKE_EINVAL,
                           "the range is empty in dimension %u (%c)", d, axis[d]);
        }
        if (!used && (range->size[d] > 1 || range->begin[d] != 0)) {
            return yk_fail(
                error, YOKE_EINVAL,
                "the range has %u dimension(s) but a size in dimension %u (%c)",
                range->dimensions, d, axis[d]);
        }
        if (range->begin[d] > max_range ||
            !yk_mul(total, used ? range->size[d] : 1, &total) || total > max_range) {
            return yk_fail(error, YOKE_EINVAL,
                           "the range is too large: at most 2^48 work-items and ids");
        }
    }
    return YOKE_OK;
}

static yoke_status choose_split(yk_launch *launch, const yoke_range *range,
                                yk_error *error)
{
    if (range->split != YOKE_SPLIT_SLOWEST) {
        const unsigned split = (unsigned)range->split - 1;

        if (split >= range->dimensions) {
            return yk_fail(error, YOKE_EINVAL,
                           "cannot split dimension %u of a range of %u dimension(s)",
                           split, range->dimensions);
        }
        launch->split = split;
        return YOKE_OK;
    }
    launch->split = range->dimensions - 1;
    return YOKE_OK;
}

static yoke_status check_groups(yk_launch *launch, const yk_kernel *kernel,
                                yk_error *error)
{
    for (unsigned d = 0; d < 3; d++) {
        const uint64_t group = kernel->group[d] == 0 ? 1 : kernel->group[d];

        if (d >= launch->dimensions && group > 1) {
            return yk_fail(error, YOKE_EINVAL,
                           "the kernel's work-group has size %llu in dimension %u "
                           "(%c); the range has only %u dimension(s)",
                           (unsigned long long)group, d, axis[d], launch->dimensions);
        }
        launch->group[d] = group;
        if (launch->size[d] % group != 0 && !launch->round_up) {
            return yk_fail(error, YOKE_EINVAL,
                           "the range's %llu work-items in dimension %u (%c) are not a "
                           "multiple of the work-group size %llu (a kernel that tests "
                           "its ids against the bounds can be mapped with .round_up)",
                           (unsigned long long)launch->size[d], d, axis[d],
                           (unsigned long long)group);
        }
    }
    return YOKE_OK;
}

yoke_status yk_launch_fill_range(yk_launch *launch, const yk_kernel *kernel,
                                 const yoke_range *range, bool round_up,
                                 yk_error *error)
{
    yoke_status status = check_sizes(range, error);

    if (status == YOKE_OK) {
        status = choose_split(launch, range, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    launch->dimensions = range->dimensions;
    launch->round_up = round_up;
    for (unsigned d = 0; d < 3; d++) {
        launch->begin[d] = range->begin[d];
        launch->size[d] = d < range->dimensions ? range->size[d] : 1;
        launch->group[d] = 0;
    }
    return yk_kernel_has_group(kernel) ? check_groups(launch, kernel, error) : YOKE_OK;
}

yoke_status yk_range_count_items(yk_range_items *items, const yk_kernel *kernel,
                                 const yoke_range *range, bool round_up, yk_error *error)
{
    yk_launch *launch = calloc(1, sizeof *launch);
    yoke_status status;

    if (launch == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    status = yk_launch_fill_range(launch, kernel, range, round_up, error);
    if (status == YOKE_OK) {
        *items = (yk_range_items){
            .begin = launch->begin[launch->split],
            .count = launch->size[launch->split],
            .group = launch->group[launch->split],
            .groups = yk_launch_group_count(launch),
            .all = launch->size[0] * launch->size[1] * launch->size[2], /* at most 2^48 */
        };
    }
    free(launch);
    return status;
}
