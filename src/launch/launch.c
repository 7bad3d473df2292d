/* SPDX-License-Identifier: MIT */
#include "launch/launch.h"

#include <stddef.h>
#include <string.h>

#include "base/bits.h"

void yk_launch_copy(yk_launch *to, const yk_launch *from)
{
    const size_t head = offsetof(yk_launch, args);

    memcpy(to, from, head + yk_launch_array_count(from) * sizeof from->args[0]);
    memcpy(to->values, from->values, (size_t)from->value_bytes);
}

uint64_t yk_launch_global_size(const yk_launch *launch, unsigned d)
{
    const uint64_t group = launch->group[d];

    if (launch->round_up == 0 || group == 0) {
        return launch->size[d];
    }
    return yk_round_up(launch->size[d], group);
}

uint64_t yk_launch_group_count(const yk_launch *launch)
{
    const uint64_t group = launch->group[launch->split];

    return group == 0 ? 0 : yk_div_up(launch->size[launch->split], group);
}

bool yk_arg_is_changed_in_place(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && arg->access == (YK_READ | YK_WRITE) &&
           (arg->flags & (YK_ARG_COPIES | YK_ARG_ADDED)) == 0;
}

bool yk_arg_leaves_some(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && arg->access == YK_WRITE &&
           (arg->parts == YK_PARTS_WHOLE || (arg->flags & YK_ARG_LEAVES_SOME) != 0);
}

uint32_t yk_launch_array_count(const yk_launch *launch)
{
    return launch->arg_count + launch->used_count;
}

bool yk_launch_uses(const yk_launch *launch, uint32_t flags)
{
    for (uint32_t i = launch->arg_count; i < yk_launch_array_count(launch); i++) {
        if ((launch->args[i].flags & flags) != 0) {
            return true;
        }
    }
    return false;
}

uint32_t yk_launch_number(const yk_launch *launch, uint32_t index)
{
    return index < launch->arg_count ? index + 1 : (uint32_t)launch->args[index].value;
}

const void *yk_launch_value(const yk_launch *launch, const yk_arg *arg)
{
    return (arg->flags & YK_ARG_AT_START) != 0 ? (const void *)(uintptr_t)arg->address
                                               : launch->values + arg->value;
}

const yk_arg *yk_launch_array_of(const yk_launch *launch, const yk_arg *arg)
{
    return arg->kind == YK_ARG_ALIAS ? &launch->args[arg->value] : arg;
}

uint64_t yk_arg_pitch(const yk_arg *arg)
{
    return arg->pitch != 0 ? arg->pitch : arg->bytes;
}
