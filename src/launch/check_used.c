/* SPDX-License-Identifier: MIT */
#include "launch/check_used.h"

#include "launch/check_array.h"

yoke_status yk_used_place(yk_launch *launch, yk_arg **place, yk_error *error)
{
    const uint32_t count = yk_launch_array_count(launch);

    *place = NULL;
    if (count == YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EINVAL,
                       "%u arguments, offsets of ragged arrays, scalars in memory and arrays "
                       "that items add into given; at most %d are allowed",
                       count + 1, YK_MAX_ARGS);
    }
    *place = &launch->args[count];
    return YOKE_OK;
}

yoke_status yk_used_add(yk_launch *launch, const yk_launch_input *input, const yk_used *memory,
                        yk_error *error)
{
    yk_allocation block;
    yk_arg *used;
    const yoke_status status = yk_used_place(launch, &used, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (!yk_arena_find(input->arena, memory->pointer, &block)) {
        return yk_fail(error, YOKE_EINVAL, "%s not memory of this pool (yoke_alloc): %p",
                       memory->name, memory->pointer);
    }
    *used = (yk_arg){
        .kind = YK_ARG_ARRAY,
        .access = YK_READ,
        .parts = YK_PARTS_WHOLE,
        .flags = memory->flags,
        .address = (uint64_t)(uintptr_t)memory->pointer + memory->skipped,
        .bytes = memory->bytes,
        .blocks = 1,
        .value = memory->number,
        .block_address = (uint64_t)(uintptr_t)input->arena->mapping.base + block.offset,
        .block_bytes = block.bytes,
        .block_id = block.id,
        .table = block.table,
        .attachment = block.attachment,
    };
    launch->used_count++;
    return YOKE_OK;
}

yoke_status yk_used_add_pointed(yk_launch *launch, const yk_launch_input *input,
                                const yoke_arg *arg, uint32_t number, yk_error *error)
{
    yk_allocation block;
    yk_arg *used;
    yoke_status status = yk_used_place(launch, &used, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (arg->bytes == 0) {
        return yk_fail(error, YOKE_EINVAL, "its size is 0 bytes");
    }
    if (arg->image_channels != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "an image is a parameter's: memory that is reached through pointers is "
                       "none");
    }
    if (arg->parts != YOKE_PARTS_WHOLE) {
        return yk_fail(error, YOKE_EINVAL,
                       "memory that is reached through pointers has no parts: any item may "
                       "access all of it");
    }
    if (arg->pointer != NULL && !yk_arena_find(input->arena, arg->pointer, &block)) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is not memory of this pool (yoke_alloc); .stage cannot copy memory "
                       "that is reached through pointers, since they would not point to the copy",
                       arg->pointer);
    }
    *used = (yk_arg){.kind = YK_ARG_ARRAY, .bytes = arg->bytes, .value = number};
    status = yk_check_array(launch, used, input, arg, error);
    used->flags |= YK_ARG_BY_POINTER;
    launch->used_count += status == YOKE_OK;
    return status;
}

yoke_status yk_used_refuse_overlap(const yk_launch *launch, uint32_t first, uint32_t second,
                                   yk_error *error)
{
    const yk_arg *used = &launch->args[second];
    const uint32_t a = yk_launch_number(launch, first);

    if ((used->flags & YK_ARG_ADDED) != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "argument %u overlaps an array that items add into, or store in what they "
                       "find, that of argument %u",
                       a, yk_launch_number(launch, second));
    }
    if ((used->flags & YK_ARG_BY_POINTER) != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "arguments %u and %u overlap and one of them is written: what is "
                       "written through pointers can be no argument as well",
                       a, yk_launch_number(launch, second));
    }
    return yk_fail(error, YOKE_EINVAL,
                   "argument %u is written and overlaps %s", a,
                   (used->flags & YK_ARG_READ_EARLY) != 0 ? "the offsets of a ragged array"
                                                          : "the memory of a scalar argument");
}
