/* SPDX-License-Identifier: MIT */
#include "launch/check_copies.h"

#include "base/bits.h"
#include "launch/check_array.h"
#include "launch/check_used.h"
#include "shm/work_range.h"

bool yk_arg_has_copies(const yoke_arg *arg)
{
    return arg->kind == YOKE_ARG_SUM || arg->kind == YOKE_ARG_MIN ||
           arg->kind == YOKE_ARG_MAX || yk_arg_searches(arg);
}

bool yk_arg_searches(const yoke_arg *arg)
{
    return arg->kind == YOKE_ARG_FIRST || arg->kind == YOKE_ARG_ANY;
}

static uint64_t copies_element_bytes(const yoke_arg *arg)
{
    if (yk_arg_searches(arg)) {
        return 1;
    }
    return arg->type == YOKE_TYPE_DOUBLE || arg->type == YOKE_TYPE_INT64 ||
                   arg->type == YOKE_TYPE_UINT64
               ? 8
               : 4;
}

uint64_t yk_copies_pitch(const yoke_arg *arg)
{
    return yk_round_up(arg->count * copies_element_bytes(arg), YK_COPY_ALIGNMENT);
}

uint64_t yk_copies_bytes(const yoke_arg *arg, uint64_t blocks)
{
    return (blocks + yk_arg_searches(arg)) * yk_copies_pitch(arg);
}

/* Fields that the functions for such arguments do not set. */
static bool copies_is_plain(const yoke_arg *arg)
{
    return arg->access == YOKE_ACCESS_READ_WRITE && arg->parts == YOKE_PARTS_WHOLE &&
           arg->edge == YOKE_EDGE_CLIPPED && !arg->reads_all && !arg->leaves_some &&
           arg->bytes == 0 && arg->halo_before == 0 && arg->halo_after == 0 &&
           arg->at == 0 && arg->pitch == 0 && arg->stride == 0 && !yk_arg_has_map(arg);
}

yoke_status yk_check_into(const yoke_arg *arg, uint64_t *bytes, yk_error *error)
{
    const uint64_t element = copies_element_bytes(arg);

    if (yk_arg_searches(arg) ? arg->type != 0 : (unsigned)arg->type - 1 >= YOKE_TYPE_UINT64) {
        return yk_fail(error, YOKE_EINVAL, "type %u is not a valid type",
                       (unsigned)arg->type);
    }
    if (!copies_is_plain(arg)) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array that items add into, or store in what they find, has no parts: "
                       "only yoke_arg_copies() can be applied to it");
    }
    if (arg->pointer == NULL && yk_arg_searches(arg)) {
        return yk_fail(error, YOKE_EINVAL, "the array is NULL");
    }
    if (arg->pointer == NULL || (uintptr_t)arg->pointer % element != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is not the address of elements of %llu bytes", arg->pointer,
                       (unsigned long long)element);
    }
    if (arg->count == 0 || !yk_mul(arg->count, element, bytes) ||
        *bytes > UINT64_MAX / 4) {
        return yk_fail(error, YOKE_EINVAL, "an array cannot have %zu elements",
                       arg->count);
    }
    if (arg->blocks > YK_MAX_TILES) {
        return yk_fail(error, YOKE_EINVAL, "%zu copies: the maximum is %d", arg->blocks,
                       YK_MAX_TILES);
    }
    return YOKE_OK;
}

/* ---- in a launch ---- */

/* Listed as an array that is read and written: jobs that use it come before or after. */
static yoke_status copies_list_array(yk_launch *launch, const yk_launch_input *input,
                                     const yoke_arg *arg, uint32_t number,
                                     uint64_t bytes, yk_error *error)
{
    const yoke_arg whole = yoke_arg_array(arg->pointer, (size_t)bytes,
                                          YOKE_ACCESS_READ_WRITE, YOKE_PARTS_WHOLE);
    yk_arg *used;
    yoke_status status = yk_used_place(launch, &used, error);

    if (status != YOKE_OK) {
        return status;
    }
    *used = (yk_arg){.kind = YK_ARG_ARRAY, .bytes = bytes};
    status = yk_check_array(launch, used, input, &whole, error);
    if (status == YOKE_OK && used->table != 0) {
        status = yk_fail(error, YOKE_EINVAL,
                         "items cannot add into, or store what they find in, lent memory: "
                         "yoke_reclaim() it first");
    }
    used->value = number;
    used->flags |= YK_ARG_ADDED;
    launch->used_count += status == YOKE_OK;
    return status;
}

static const char *copies_of(const yk_request *request, size_t index)
{
    const char *copies = request->blocks->copies;

    for (size_t i = 0; i < index; i++) {
        if (yk_arg_has_copies(&request->args[i])) {
            copies += yk_copies_bytes(&request->args[i], request->blocks->count);
        }
    }
    return copies;
}

static void copies_place(yk_arg *to, yk_arena *arena, const char *copies)
{
    yk_allocation block = {.id = 0};

    (void)yk_arena_find(arena, copies, &block);
    to->address = (uint64_t)(uintptr_t)copies;
    to->block_address = (uint64_t)(uintptr_t)arena->mapping.base + block.offset;
    to->block_bytes = block.bytes;
    to->block_id = block.id;
    to->flags |= block.shares_pages ? YK_ARG_SHARES_PAGES : 0U;
}

/* Workers cannot see memory that is not the pool's: the application has copied it behind the
 * copies. */
static uint64_t copies_begin_with(const yk_launch *launch, const yk_arg *to,
                                  const yk_blocks *blocks)
{
    const yk_arg *array = &launch->args[yk_launch_array_count(launch) - 1];

    return array->block_id != 0 ? array->address : to->address + blocks->count * to->pitch;
}

yoke_status yk_check_copies(yk_launch *launch, yk_arg *to, const yk_launch_input *input,
                            size_t index, yk_error *error)
{
    const yoke_arg *arg = &input->request->args[index];
    const yk_blocks *blocks = input->request->blocks;
    uint64_t bytes = 0;
    yoke_status status;

    if (blocks == NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "yoke_sum_into(), yoke_first_into() and their like are for yoke_map() "
                       "and yoke_map_reduce(), not for streams and tasks");
    }
    status = yk_check_into(arg, &bytes, error);
    if (status == YOKE_OK) {
        status = copies_list_array(launch, input, arg, (uint32_t)index + 1, bytes, error);
    }
    *to = (yk_arg){
        .kind = YK_ARG_ARRAY,
        .access = YK_READ | YK_WRITE,
        .parts = YK_PARTS_ITEM,
        .flags = YK_ARG_FROM_BEGIN | YK_ARG_COPIES,
        .bytes = bytes,
        .pitch = yk_copies_pitch(arg),
        .blocks = 1,
        .map = YK_MAP_SCALED,
        .scale_up = 1,
        .scale_down = blocks->items,
        .operation = (uint32_t)arg->kind,
        .type = (uint32_t)arg->type,
    };
    copies_place(to, input->arena, copies_of(input->request, index));
    launch->block_items = blocks->items;
    if (status == YOKE_OK && yk_arg_searches(arg)) {
        to->offsets = copies_begin_with(launch, to, blocks);
    }
    return status;
}

void yk_check_search(yk_launch *launch)
{
    bool is_first = false;
    bool is_any = false;
    bool writes_more = false;

    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        const yk_arg *arg = &launch->args[i];

        if (arg->kind != YK_ARG_ARRAY || (arg->access & YK_WRITE) == 0 ||
            (arg->flags & YK_ARG_ADDED) != 0) {
            continue;
        }
        is_first |= arg->operation == YOKE_ARG_FIRST;
        is_any |= arg->operation == YOKE_ARG_ANY;
        writes_more |= arg->operation < YOKE_ARG_FIRST;
    }
    launch->search = writes_more ? YK_SEARCH_NONE
                     : is_first  ? YK_SEARCH_FIRST
                     : is_any    ? YK_SEARCH_ANY
                                 : YK_SEARCH_NONE;
}
