/* SPDX-License-Identifier: MIT */
#include "cli/division.h"

unsigned yk_range_split(const yoke_range *range)
{
    return range->split != YOKE_SPLIT_SLOWEST ? (unsigned)range->split - 1
                                              : range->dimensions - 1;
}

size_t yk_range_items(const yoke_range *range)
{
    return range->size[yk_range_split(range)];
}

size_t yk_range_groups(const yoke_range *range, const size_t group[3])
{
    const unsigned split = yk_range_split(range);
    const size_t size = range->size[split];

    return size / group[split] + (size % group[split] != 0);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static bool divide_evenly(yk_division *division, const yk_npy *array, size_t parts,
                          const char *owner, yk_complaint *complaint)
{
    if (array->count % parts != 0) {
        char what[256];

        yk_npy_describe(what, sizeof what, array);
        return yk_complain(
            complaint,
            "%zu element%s (%s) cannot be divided evenly among %zu %s%s; "
            "a multiple of %zu would fit",
            array->count, plural(array->count), what, parts, owner, plural(parts),
            parts);
    }
    division->bytes = array->bytes / parts;
    division->count = parts;
    return true;
}

static bool divide_axis(yk_division *division, const yk_argument *argument,
                        const yk_npy *array, size_t parts, const char *owner,
                        yk_complaint *complaint)
{
    const size_t skipped = argument->first + argument->at;
    const size_t there = array->shape[0];

    if (skipped > there || there - skipped < parts) {
        return yk_complain(complaint,
                           "its first axis has %zu part%s; %zu %s%s from part %zu on "
                           "would need %zu more",
                           there, plural(there), parts, owner, plural(parts), skipped,
                           skipped > there ? parts + (skipped - there)
                                           : parts - (there - skipped));
    }
    division->bytes = array->bytes / there;
    division->count = there - argument->first;
    return true;
}

static bool find_start(yk_division *division, const yk_argument *argument,
                       const yk_npy *array, yk_complaint *complaint)
{
    division->start = 0;
    division->count = 0;
    if (!argument->by_axis) {
        return true;
    }
    if (array->axes == 0) {
        return yk_complain(complaint, "a 0-dimensional array has no parts to count");
    }
    if (argument->first >= array->shape[0] || argument->at >= array->shape[0]) {
        return yk_complain(complaint, "its first axis has only %zu part%s",
                           array->shape[0], plural(array->shape[0]));
    }
    division->start = argument->first * (array->bytes / array->shape[0]);
    return true;
}

bool yk_divide(yk_division *division, const yk_argument *argument, const yk_npy *array,
               const yoke_range *range, const size_t group[3], yk_complaint *complaint)
{
    const char *owner = argument->per_group ? "work-group" : "item";
    size_t parts;

    if (array->count == 0) {
        return yk_complain(complaint, "the array has no elements");
    }
    if (!find_start(division, argument, array, complaint)) {
        return false;
    }
    if (argument->use->parts == YOKE_PARTS_WHOLE) {
        division->bytes = array->bytes - division->start;
        return true;
    }
    if (argument->per_group && group[yk_range_split(range)] == 0) {
        return yk_complain(complaint, "/group needs a work-group size: --group");
    }
    parts = argument->per_group ? yk_range_groups(range, group) : yk_range_items(range);
    return argument->by_axis
               ? divide_axis(division, argument, array, parts, owner, complaint)
               : divide_evenly(division, array, parts, owner, complaint);
}

yoke_arg yk_division_arg(const yk_division *division, const yk_argument *argument,
                         void *memory)
{
    yoke_arg arg = yoke_array((char *)memory + division->start, division->bytes,
                              argument->use->access, argument->use->parts);

    if (argument->per_group) {
        arg = yoke_per_group(arg);
    }
    if (argument->use->reads_all) {
        arg.reads_all = true;
        arg.count = division->count;
    }
    return yoke_arg_at(arg, argument->at);
}
