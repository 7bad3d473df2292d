/* SPDX-License-Identifier: MIT */
#include "launch/alias.h"

static bool alias_has_neighbours(const yk_arg *arg)
{
    return arg->halo_before != 0 || arg->halo_after != 0 ||
           (arg->flags & YK_ARG_READS_ALL) != 0;
}

static bool is_same_map(const yk_arg *a, const yk_arg *b)
{
    return a->map == b->map &&
           (a->flags & YK_ARG_FROM_BEGIN) == (b->flags & YK_ARG_FROM_BEGIN) &&
           a->scale_up == b->scale_up && a->scale_down == b->scale_down &&
           a->mirror == b->mirror && a->offsets == b->offsets &&
           a->offset_bytes == b->offset_bytes && a->ends == b->ends;
}

/* Whether both are one array, and item i has the same bytes of both and accesses no others. */
static bool is_same_array(const yk_arg *a, const yk_arg *b)
{
    return a->kind == YK_ARG_ARRAY && b->kind == YK_ARG_ARRAY &&
           a->address == b->address && a->parts == YK_PARTS_ITEM &&
           b->parts == YK_PARTS_ITEM &&
           !alias_has_neighbours(a) && !alias_has_neighbours(b) &&
           a->bytes == b->bytes && a->offset == b->offset &&
           yk_arg_pitch(a) == yk_arg_pitch(b) && a->blocks == b->blocks &&
           a->stride == b->stride && is_same_map(a, b);
}

/* Several work-items that share a part run in any order: one of them could read what another
 * has written. */
static bool has_shared_parts(const yk_launch *launch)
{
    for (unsigned d = 0; d < 3; d++) {
        if (d != launch->split && launch->size[d] > 1) {
            return true;
        }
    }
    return false;
}

/* A task's output is cleared before the task is called. */
static bool alias_is_cleared(const yk_launch *launch, uint32_t first, uint32_t second)
{
    return launch->task.output == first + 1 || launch->task.output == second + 1;
}

static bool alias_has_image(const yk_arg *a, const yk_arg *b)
{
    return ((a->flags | b->flags) & YK_ARG_IMAGE) != 0;
}

static const char *alias_remedy(const yk_launch *launch, uint32_t first,
                                uint32_t second)
{
    const yk_arg *a = &launch->args[first];
    const yk_arg *b = &launch->args[second];

    if ((a->access & b->access & YK_WRITE) != 0) {
        return "";
    }
    if (alias_has_image(a, b)) {
        return "; an image that is changed in place is one read_write parameter, with yoke_inout()";
    }
    if (!is_same_array(a, b)) {
        return "; if one is read and one is written, both have to be the same pointer with "
               "the same parts per item, without a halo";
    }
    if (alias_is_cleared(launch, first, second)) {
        return "; the output of a task is cleared before each call: yoke_inout() declares an "
               "array that a task reads and writes";
    }
    return has_shared_parts(launch)
               ? "; the same array can be read and written by two arguments in a range with "
                 "one work-item per part, such as yoke_range_1d()"
               : NULL;
}

yoke_status yk_alias_check(const yk_launch *launch, uint32_t first, uint32_t second,
                           yk_error *error)
{
    const uint32_t both = launch->args[first].access & launch->args[second].access;
    const char *remedy = alias_remedy(launch, first, second);

    return remedy == NULL ? YOKE_OK
                          : yk_fail(error, YOKE_EINVAL,
                                    "arguments %u and %u overlap and %s written: results "
                                    "would depend on the order of execution%s",
                                    first + 1, second + 1,
                                    (both & YK_WRITE) != 0 ? "both are" : "one is",
                                    remedy);
}

/* What is done with the array of an argument by it and all later ones that are the same. */
static uint32_t alias_access(const yk_launch *launch, uint32_t first)
{
    uint32_t access = launch->args[first].access;

    for (uint32_t i = first + 1; i < launch->arg_count; i++) {
        if (is_same_array(&launch->args[first], &launch->args[i])) {
            access |= launch->args[i].access;
        }
    }
    return access;
}

static void join_later(yk_launch *launch, uint32_t first)
{
    yk_arg *array = &launch->args[first];
    bool any = false;

    for (uint32_t i = first + 1; i < launch->arg_count; i++) {
        yk_arg *arg = &launch->args[i];

        if (is_same_array(array, arg)) {
            *arg = (yk_arg){.kind = YK_ARG_ALIAS, .bytes = arg->bytes, .value = first};
            any = true;
        }
    }
    if (any) {
        array->access = YK_READ | YK_WRITE;
        array->flags &= ~(uint32_t)YK_ARG_LEAVES_SOME;
    }
}

void yk_alias_join(yk_launch *launch)
{
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        if (launch->args[i].kind == YK_ARG_ARRAY &&
            (alias_access(launch, i) & YK_WRITE) != 0) {
            join_later(launch, i);
        }
    }
}
