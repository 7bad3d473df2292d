/* SPDX-License-Identifier: MIT */
#include "launch/check_offsets.h"

#include <stdbool.h>

#include "base/bits.h"
#include "launch/check_used.h"
#include "launch/footprint.h"
#include "launch/lent.h"

/* The number of the first offset greater than the one behind it, counted from `at`; `count - 1`:
 * there is none. In blocks without a branch: millions of them are looked at for each job. */
#define FIRST_DESCENT(type, at, count)                                                   \
    do {                                                                                 \
        const type *const all = (at);                                                    \
        uint64_t begin = 0;                                                              \
        while (begin + 1 < (count)) {                                                    \
            const uint64_t end = yk_min(begin + BLOCK, (count) - 1);                     \
            unsigned descents = 0;                                                       \
            for (uint64_t i = begin; i < end; i++) {                                     \
                descents |= (unsigned)(all[i] > all[i + 1]);                             \
            }                                                                            \
            if (descents != 0) {                                                         \
                break;                                                                   \
            }                                                                            \
            begin = end;                                                                 \
        }                                                                                \
        while (begin + 1 < (count) && all[begin] <= all[begin + 1]) {                    \
            begin++;                                                                     \
        }                                                                                \
        return begin;                                                                    \
    } while (0)

enum { BLOCK = 1024 };

static uint64_t first_descent_4(const uint32_t *at, uint64_t count)
{
    FIRST_DESCENT(uint32_t, at, count);
}

static uint64_t first_descent_8(const uint64_t *at, uint64_t count)
{
    FIRST_DESCENT(uint64_t, at, count);
}

static uint64_t offset_at(const void *offsets, size_t bytes, uint64_t number)
{
    return bytes == 4 ? ((const uint32_t *)offsets)[number]
                      : ((const uint64_t *)offsets)[number];
}

yoke_status yk_check_offset_size(const yk_launch_input *input, const void *offsets,
                                 size_t bytes, yk_error *error)
{
    if (input == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the items and results of a stream cannot be ragged");
    }
    if ((bytes != 4 && bytes != 8) || (uintptr_t)offsets % bytes != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "offsets are aligned integers of 4 or 8 bytes, not of %zu at %p", bytes,
                       offsets);
    }
    return YOKE_OK;
}

yoke_status yk_list_offsets(yk_launch *launch, const yk_arg *to, const yk_launch_input *input,
                            const void *offsets, size_t bytes, yk_part_run numbers,
                            yk_error *error)
{
    const yk_used memory = {
        .name = "its offsets are",
        .pointer = offsets,
        .skipped = numbers.begin * bytes,
        .bytes = (numbers.end - numbers.begin) * bytes,
        .number = (uint32_t)(to - launch->args) + 1,
        .flags = YK_ARG_READ_EARLY,
    };
    const yk_arg *used = &launch->args[yk_launch_array_count(launch)];
    const yoke_status status = yk_used_add(launch, input, &memory, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (used->table != 0 && yk_lent_table(used)->keeper != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "its offsets lie in lent memory whose content may be on a device: "
                       "yoke_reclaim() it first");
    }
    if (used->address + used->bytes > used->block_address + used->block_bytes) {
        return yk_fail(error, YOKE_EINVAL,
                       "the range needs the offsets %llu to %llu, and their allocation ends "
                       "before: n items have n + 1 offsets, or n begins and n ends",
                       (unsigned long long)numbers.begin,
                       (unsigned long long)numbers.end - 1);
    }
    return YOKE_OK;
}

static yoke_status check_offsets_ascend(const yoke_arg *arg, yk_part_run numbers,
                                        yk_error *error)
{
    const size_t bytes = arg->offset_bytes;
    const uint64_t count = numbers.end - numbers.begin + 1;
    const char *first = (const char *)arg->offsets + numbers.begin * bytes;
    const uint64_t at =
        numbers.begin + (bytes == 4
                             ? first_descent_4((const void *)first, count)
                             : first_descent_8((const void *)first, count));

    if (at == numbers.end) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_EINVAL,
                   "its offsets do not ascend: offset %llu is %llu, offset %llu is %llu",
                   (unsigned long long)at,
                   (unsigned long long)offset_at(arg->offsets, bytes, at),
                   (unsigned long long)at + 1,
                   (unsigned long long)offset_at(arg->offsets, bytes, at + 1));
}

yoke_status yk_check_offsets(yk_launch *launch, yk_arg *to, const yk_launch_input *input,
                             const yoke_arg *arg, yk_error *error)
{
    /* The map is not set yet: these are the numbers of the items, or groups. */
    const yk_part_run numbers = yk_footprint_owned(launch, to);
    const size_t bytes = arg->offset_bytes;
    yoke_status status = yk_check_offset_size(input, arg->offsets, bytes, error);

    if (status == YOKE_OK) {
        const yk_part_run needed = {numbers.begin, numbers.end + 1};

        status = yk_list_offsets(launch, to, input, arg->offsets, bytes, needed, error);
    }
    if (status == YOKE_OK) {
        status = check_offsets_ascend(arg, numbers, error);
    }
    if (status == YOKE_OK) {
        to->map = YK_MAP_OFFSETS;
        to->offset_bytes = arg->offset_bytes;
        to->offsets = (uint64_t)(uintptr_t)arg->offsets;
        to->offsets_low = offset_at(arg->offsets, arg->offset_bytes, numbers.begin);
        to->offsets_high = offset_at(arg->offsets, arg->offset_bytes, numbers.end);
    }
    return status;
}
