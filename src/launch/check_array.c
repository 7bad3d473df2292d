/* SPDX-License-Identifier: MIT */
#include "launch/check_array.h"

#include <stdbool.h>

#include "base/bits.h"
#include "launch/check_between.h"
#include "launch/check_image.h"
#include "launch/check_offsets.h"
#include "launch/footprint.h"

/* ---- which fields go together ---- */

/* Launches have the numbers of the interface. */
static_assert((int)YK_READ == (int)YOKE_ACCESS_READ, "as in yoke_access");
static_assert((int)YK_WRITE == (int)YOKE_ACCESS_WRITE, "as in yoke_access");
static_assert((int)YK_READ + (int)YK_WRITE == (int)YOKE_ACCESS_READ_WRITE,
              "as in yoke_access");
static_assert((int)YK_PARTS_ITEM == (int)YOKE_PARTS_ITEM, "as in yoke_parts");
static_assert((int)YK_PARTS_GROUP == (int)YOKE_PARTS_GROUP, "as in yoke_parts");
static_assert((int)YK_PARTS_WHOLE == (int)YOKE_PARTS_WHOLE, "as in yoke_parts");

static bool is_scaled(const yoke_arg *arg)
{
    return arg->scale_up != 0 || arg->scale_down != 0;
}

bool yk_arg_has_map(const yoke_arg *arg)
{
    return is_scaled(arg) || arg->mirrored || arg->from_begin || arg->offsets != NULL ||
           arg->ends != NULL || arg->parts_function != NULL;
}

static yoke_status check_whole(const yoke_arg *arg, yk_error *error)
{
    if (arg->halo_before != 0 || arg->halo_after != 0 ||
        arg->edge != YOKE_EDGE_CLIPPED || arg->reads_all || arg->leaves_some ||
        arg->at != 0 || arg->count != 0 || arg->pitch != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array that is not divided cannot have a halo, an offset, a "
                       "number of parts or a pitch; yoke_arg_strided(array, rows, "
                       "pitch) declares gaps between its rows");
    }
    if (yk_arg_has_map(arg)) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array that is not divided cannot be scaled, mirrored, ragged "
                       "or counted from the range's begin: it has no parts");
    }
    return YOKE_OK;
}

static bool has_halo(const yoke_arg *arg)
{
    return arg->halo_before != 0 || arg->halo_after != 0;
}

static yoke_status check_group_parts(const yk_launch *launch, const yoke_arg *arg,
                                     yk_error *error)
{
    if (launch->group[launch->split] == 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "parts per work-group need a kernel with a work-group size "
                       "(.group)");
    }
    if (has_halo(arg)) {
        return yk_fail(error, YOKE_EINVAL,
                       "parts per work-group cannot have a halo; parts per item can");
    }
    return YOKE_OK;
}

/* Which part belongs to an item: at most one rule, with numbers that make sense. */
static yoke_status check_map(const yoke_arg *arg, yk_error *error)
{
    static const size_t max_scale = UINT32_C(1) << 31;
    const bool writes = ((unsigned)arg->access & YOKE_ACCESS_WRITE) != 0;

    if (is_scaled(arg) + arg->mirrored + (arg->offsets != NULL || arg->ends != NULL) > 1) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array can be scaled, mirrored or ragged, not two of these");
    }
    if (arg->parts_function != NULL && arg->ends == NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "the items and results of a stream cannot be divided by a function");
    }
    if (arg->ends != NULL && arg->offsets == NULL) {
        return yk_fail(error, YOKE_EINVAL, "`begins` is NULL");
    }
    if (is_scaled(arg) && (arg->scale_up == 0 || arg->scale_down == 0 ||
                           arg->scale_up > max_scale || arg->scale_down > max_scale)) {
        return yk_fail(error, YOKE_EINVAL,
                       "cannot scale by %zu / %zu: both are numbers from 1 to 2^31",
                       arg->scale_up, arg->scale_down);
    }
    if (writes && arg->scale_up < arg->scale_down) {
        return yk_fail(error, YOKE_EINVAL,
                       "scaled by %zu / %zu several items have the same part; an array "
                       "that is written needs at least one part for each item",
                       arg->scale_up, arg->scale_down);
    }
    if (arg->mirrored && arg->at != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "a mirrored array cannot have an offset (yoke_arg_at()); pass a "
                       "pointer to the part that mirrors the last item's");
    }
    return YOKE_OK;
}

static yoke_status check_access(const yoke_arg *arg, yk_error *error)
{
    const unsigned access = (unsigned)arg->access;

    if (has_halo(arg) && access != YOKE_ACCESS_READ) {
        return yk_fail(
            error, YOKE_EINVAL,
            "an array that is written cannot have a halo; with yoke_inout_read_all() "
            "items read all parts of an array that is written");
    }
    if (arg->reads_all && (access == YOKE_ACCESS_WRITE || has_halo(arg))) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array all of whose parts are read by every item must be "
                       "read, and cannot have a halo");
    }
    if (arg->leaves_some && access != YOKE_ACCESS_WRITE) {
        return yk_fail(error, YOKE_EINVAL,
                       "yoke_out_some() is for an array that is written but not read; "
                       "with yoke_inout() items may leave bytes unchanged");
    }
    return YOKE_OK;
}

static yoke_status check_array_shape(const yk_launch *launch, const yoke_arg *arg,
                                     yk_error *error)
{
    const unsigned access = (unsigned)arg->access;
    yoke_status status = YOKE_OK;

    if (access < 1 || access > 3 || (unsigned)arg->parts > YOKE_PARTS_WHOLE ||
        (unsigned)arg->edge > YOKE_EDGE_PRESENT) {
        return yk_fail(error, YOKE_EINVAL,
                       "access %u, parts %u or edge %u is not a valid value", access,
                       (unsigned)arg->parts, (unsigned)arg->edge);
    }
    if (arg->parts == YOKE_PARTS_WHOLE) {
        return check_whole(arg, error);
    }
    if (arg->pitch != 0 && arg->pitch < arg->bytes) {
        return yk_fail(error, YOKE_EINVAL,
                       "a pitch of %zu bytes is less than the %zu bytes of a part",
                       arg->pitch, arg->bytes);
    }
    if (arg->parts == YOKE_PARTS_GROUP) {
        status = check_group_parts(launch, arg, error);
    }
    if (status == YOKE_OK) {
        status = check_map(arg, error);
    }
    return status == YOKE_OK ? check_access(arg, error) : status;
}

/* ---- where the parts are ---- */

/* Numbers of parts, at most UINT64_MAX / 4, so that sums do not overflow. */
typedef struct part_numbers {
    uint64_t first; /* of the range's first item or group */
    uint64_t count; /* of those that belong to items or groups */
} part_numbers;

static const uint64_t max_parts = UINT64_MAX / 4;

static yoke_status fail_overflow(yk_error *error)
{
    return yk_fail(
        error, YOKE_EINVAL,
        "size overflow: the range needs more bytes than the address space has");
}

static bool find_numbers(part_numbers *numbers, const yk_launch *launch,
                         const yk_arg *to, const yoke_arg *arg)
{
    const yk_part_run owned = yk_footprint_owned(launch, to);

    if (owned.end >= max_parts || arg->at >= max_parts || arg->count >= max_parts) {
        return false;
    }
    *numbers = (part_numbers){owned.begin + arg->at, owned.end - owned.begin};
    return true;
}

static yoke_status fail_beyond(const yoke_arg *arg, const part_numbers *numbers,
                               yk_error *error)
{
    return yk_fail(error, YOKE_EINVAL,
                   "the array has %zu parts; %s would own part %llu (counted from 0)",
                   arg->count,
                   arg->ends != NULL ? "an item of the range" : "the range's last item",
                   (unsigned long long)(numbers->first + numbers->count - 1));
}

/* ---- which part is whose ---- */

/* Item i owns part n - 1 - i of n parts: as many as the array has, or the range's items. */
static yoke_status place_mirrored(yk_arg *to, const yk_launch *launch,
                                  const yoke_arg *arg, yk_error *error)
{
    const yk_part_run straight = yk_footprint_owned(launch, to);
    const part_numbers numbers = {straight.begin, straight.end - straight.begin};

    if (arg->count == 0 && straight.begin != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "a mirrored array needs its number of parts, yoke_arg_of(), if the "
                       "range does not begin at 0: item i owns part n - 1 - i of n");
    }
    if (arg->count != 0 && arg->count < straight.end) {
        return fail_beyond(arg, &numbers, error);
    }
    to->map = YK_MAP_MIRRORED;
    to->mirror = arg->count != 0 ? arg->count : straight.end;
    return YOKE_OK;
}

static yoke_status place_parts(yk_arg *to, yk_launch *launch,
                               const yk_launch_input *input, const yoke_arg *arg,
                               yk_error *error)
{
    if (arg->mirrored) {
        return place_mirrored(to, launch, arg, error);
    }
    if (is_scaled(arg)) {
        to->map = YK_MAP_SCALED;
        to->scale_up = arg->scale_up;
        to->scale_down = arg->scale_down;
    }
    if (arg->ends != NULL) {
        return yk_check_between(launch, to, input, arg, error);
    }
    return arg->offsets != NULL ? yk_check_offsets(launch, to, input, arg, error)
                                : YOKE_OK;
}

/* ---- what is around them ---- */

/* Sets the number of parts before and after the range's, in an array of known length. */
static yoke_status place_in_array(yk_arg *to, const yoke_arg *arg,
                                  const part_numbers *numbers, yk_error *error)
{
    if (numbers->first + numbers->count > arg->count) {
        return fail_beyond(arg, numbers, error);
    }
    to->before = numbers->first;
    to->after = arg->count - numbers->first - numbers->count;
    return YOKE_OK;
}

/* A halo that ends where the range does would otherwise end in the middle of the array. */
static yoke_status check_starts_at_zero(const yoke_arg *arg,
                                        const part_numbers *numbers, yk_error *error)
{
    const bool wraps = arg->edge == YOKE_EDGE_PERIODIC;

    if (!has_halo(arg) || numbers->first == 0) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_EINVAL,
                   "the range's first item owns part %llu, where a %s halo would %s: "
                   "YOKE_EDGE_PRESENT reads the parts before it; if the halo %s at the "
                   "ends of an array of n parts, use yoke_arg_of(halo, n)%s",
                   (unsigned long long)numbers->first, wraps ? "periodic" : "clipped",
                   wraps ? "wrap around" : "end", wraps ? "wraps around" : "ends",
                   wraps ? "; otherwise yoke_in_whole()" : "");
}

/* For a halo that is present: all of it has to lie in an array of known length. */
static yoke_status check_present(const yk_arg *to, const yoke_arg *arg, yk_error *error)
{
    if (to->before >= arg->halo_before && to->after >= arg->halo_after) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_EINVAL,
                   "the halo needs %zu parts before the range's first item and %zu "
                   "after its last; the array has %llu and %llu there",
                   arg->halo_before, arg->halo_after, (unsigned long long)to->before,
                   (unsigned long long)to->after);
}

/* Sets the number of parts there are in addition to those of the range's items. */
static yoke_status fill_neighbours(yk_arg *to, const yoke_arg *arg,
                                   const part_numbers *numbers, yk_error *error)
{
    const bool is_known = arg->count != 0;
    yoke_status status = YOKE_OK;
    uint64_t there;

    if (is_known) {
        status = place_in_array(to, arg, numbers, error);
    } else if (arg->reads_all) {
        to->before = numbers->first;
    } else if (arg->edge == YOKE_EDGE_PRESENT) {
        to->before = arg->halo_before;
        to->after = arg->halo_after;
    } else {
        status = check_starts_at_zero(arg, numbers, error);
    }
    if (status == YOKE_OK && is_known && arg->edge == YOKE_EDGE_PRESENT) {
        status = check_present(to, arg, error);
    }
    if (!arg->reads_all && arg->edge != YOKE_EDGE_PERIODIC) {
        to->before = yk_min(to->before, arg->halo_before);
        to->after = yk_min(to->after, arg->halo_after);
    }
    there = to->before + numbers->count + to->after;
    to->halo_before = yk_min(arg->halo_before, there);
    to->halo_after = yk_min(arg->halo_after, there);
    return status;
}

/* The number of bytes from the first of `parts` parts to the end of the last one's first block. */
static bool row_bytes(uint64_t parts, const yk_arg *to, uint64_t *bytes)
{
    return yk_mul(yk_max(parts, 1) - 1, to->pitch, bytes) && yk_add(*bytes, to->bytes, bytes);
}

static bool column_bytes(const yk_arg *to, uint64_t *bytes)
{
    return yk_mul(to->blocks - 1, to->stride, bytes) &&
           yk_add(*bytes, to->bytes, bytes);
}

/* Blocks lie in the gaps between parts, or parts between blocks. */
static yoke_status check_array_blocks(const yk_arg *to, const yoke_arg *arg,
                                      uint64_t parts, yk_error *error)
{
    uint64_t row;
    uint64_t column;

    if (to->blocks == 1) {
        return YOKE_OK;
    }
    if (!row_bytes(parts, to, &row) || !column_bytes(to, &column)) {
        return fail_overflow(error);
    }
    if (to->stride >= row ||
        (to->stride >= to->bytes && (parts == 1 || to->pitch >= column))) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_EINVAL,
                   "blocks every %zu bytes: %llu parts of %zu bytes every %llu bytes "
                   "do not fit between them",
                   arg->stride, (unsigned long long)parts, arg->bytes,
                   (unsigned long long)to->pitch);
}

/* Whether all addresses can be computed without overflow. Parts are counted from the pointer. */
static bool fits_in_numbers(const yk_arg *to, const part_numbers *numbers)
{
    const uint64_t parts = numbers->first + numbers->count + to->after;
    uint64_t bytes;
    uint64_t column;
    uint64_t front;

    return to->before < max_parts && to->after < max_parts &&
           yk_mul(to->before, to->pitch, &front) && row_bytes(parts, to, &bytes) &&
           column_bytes(to, &column) && yk_add(bytes, column, &bytes) &&
           yk_add(bytes, front, &bytes) && bytes < UINT64_MAX / 4;
}

static yoke_status lay_out_parts(yk_arg *to, yk_launch *launch,
                                 const yk_launch_input *input, const yoke_arg *arg,
                                 yk_error *error)
{
    part_numbers numbers;
    yoke_status status = place_parts(to, launch, input, arg, error);

    if (status != YOKE_OK) {
        return status;
    }
    to->pitch = arg->pitch != 0 ? arg->pitch : arg->bytes;
    if (!find_numbers(&numbers, launch, to, arg)) {
        return fail_overflow(error);
    }
    status = fill_neighbours(to, arg, &numbers, error);
    if (status != YOKE_OK) {
        return status;
    }
    if (!fits_in_numbers(to, &numbers)) {
        return fail_overflow(error);
    }
    to->offset = arg->at * to->pitch;
    return check_array_blocks(to, arg,
                              arg->edge == YOKE_EDGE_PRESENT
                                  ? numbers.count
                                  : to->before + numbers.count + to->after,
                              error);
}

static yoke_status lay_out_whole(yk_arg *to, const yoke_arg *arg, yk_error *error)
{
    uint64_t bytes;

    if (!column_bytes(to, &bytes) || bytes >= UINT64_MAX / 4) {
        return fail_overflow(error);
    }
    return check_array_blocks(to, arg, 1, error);
}

/* Fills in all of an array argument that does not depend on its address. */
static yoke_status lay_out(yk_arg *to, yk_launch *launch,
                           const yk_launch_input *input, const yoke_arg *arg,
                           yk_error *error)
{
    const yoke_status status = check_array_shape(launch, arg, error);

    if (status != YOKE_OK) {
        return status;
    }
    to->access = (uint32_t)arg->access;
    to->parts = (uint32_t)arg->parts;
    to->flags =
        (to->flags & YK_ARG_IMAGE) | (arg->reads_all ? YK_ARG_READS_ALL : 0U) |
        (arg->leaves_some ? YK_ARG_LEAVES_SOME : 0U) |
        (arg->from_begin ? YK_ARG_FROM_BEGIN : 0U) |
        (arg->edge == YOKE_EDGE_PERIODIC && has_halo(arg) ? YK_ARG_PERIODIC : 0U);
    to->blocks = arg->blocks > 1 ? arg->blocks : 1;
    to->stride = arg->blocks > 1 ? arg->stride : 0;
    return arg->parts == YOKE_PARTS_WHOLE ? lay_out_whole(to, arg, error)
                                          : lay_out_parts(to, launch, input, arg, error);
}

yoke_status yk_launch_reach(yk_launch *launch, const yoke_arg *arg,
                            uint64_t *bytes, yk_error *error)
{
    static const uint64_t middle = UINT64_MAX / 2;
    yk_arg to = {.kind = YK_ARG_ARRAY, .bytes = arg->bytes, .address = middle};
    uint64_t low;
    yoke_status status;

    if (arg->bytes == 0) {
        return yk_fail(error, YOKE_EINVAL, "its size is 0 bytes");
    }
    if (yk_arg_is_image(arg)) {
        return yk_fail(error, YOKE_EINVAL, "an image needs the memory of all of it");
    }
    status = lay_out(&to, launch, NULL, arg, error);
    if (status != YOKE_OK) {
        return status;
    }
    yk_footprint_span(launch, &to, &low, bytes);
    *bytes -= middle;
    return low == middle ? YOKE_OK
                         : yk_fail(error, YOKE_EINVAL,
                                   "there are no parts before the array for its halo");
}

/* ---- where the array is ---- */

static yoke_status find_block(yk_arg *to, const yk_launch_input *input,
                              const yoke_arg *arg, yk_error *error)
{
    const uint64_t base = (uint64_t)(uintptr_t)input->arena->mapping.base;
    yk_allocation block;

    if (!yk_arena_find(input->arena, arg->pointer, &block)) {
        if (input->request->options.stage &&
            !yk_arena_contains(input->arena, arg->pointer)) {
            return YOKE_OK;
        }
        return yk_fail(
            error, YOKE_EINVAL,
            "%p is not memory of this pool (yoke_alloc), and .stage is not set",
            arg->pointer);
    }
    to->block_address = base + block.offset;
    to->block_bytes = block.bytes;
    to->block_id = block.id;
    to->table = block.table;
    to->attachment = block.attachment;
    to->flags |= block.shares_pages ? YK_ARG_SHARES_PAGES : 0U;
    if (block.read_only && (to->access & YK_WRITE) != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is in a named segment that was opened read-only",
                       arg->pointer);
    }
    return YOKE_OK;
}

/* The error for a halo that does not fit in the allocation. */
static yoke_status fail_present(const yk_launch *launch, const yk_arg *to,
                                yk_error *error)
{
    yk_arg own = *to;
    uint64_t there[2];
    uint64_t low;
    uint64_t high;

    own.before = own.after = 0;
    yk_footprint_span(launch, &own, &low, &high);
    low += own.offset + yk_footprint_owned(launch, &own).begin * own.pitch;
    there[0] = (low - to->block_address) / to->pitch;
    there[1] = (to->block_address + to->block_bytes - high) / to->pitch;
    return yk_fail(error, YOKE_EINVAL,
                   "the halo needs %llu part%s before the range's first item and %llu "
                   "after its last; the allocation has %llu and %llu there",
                   (unsigned long long)to->before, to->before == 1 ? "" : "s",
                   (unsigned long long)to->after, (unsigned long long)there[0],
                   (unsigned long long)there[1]);
}

static bool is_in_block(const yk_launch *launch, const yk_arg *to)
{
    uint64_t low;
    uint64_t high;

    yk_footprint_span(launch, to, &low, &high);
    return low >= to->block_address && high <= to->block_address + to->block_bytes;
}

static yoke_status check_block(const yk_launch *launch, const yk_arg *to,
                               const yoke_arg *arg, yk_error *error)
{
    const uint64_t end = to->block_address + to->block_bytes;
    const uint64_t left = end > to->address ? end - to->address : 0;
    yk_arg own = *to;
    uint64_t low;
    uint64_t high;

    if (to->block_id == 0 || is_in_block(launch, to)) {
        return YOKE_OK;
    }
    if (arg->edge == YOKE_EDGE_PRESENT) {
        own.before = own.after = 0;
        if (is_in_block(launch, &own)) {
            return fail_present(launch, to, error);
        }
    }
    yk_footprint_span(launch, to, &low, &high);
    return yk_fail(error, YOKE_EINVAL,
                   "the range needs %llu bytes from %p on; its allocation of %llu "
                   "bytes has %llu from there to its end: allocate more, or map a smaller "
                   "range or smaller parts",
                   (unsigned long long)(high - to->address), arg->pointer,
                   (unsigned long long)to->block_bytes, (unsigned long long)left);
}

yoke_status yk_check_array(yk_launch *launch, yk_arg *to,
                           const yk_launch_input *input, const yoke_arg *arg,
                           yk_error *error)
{
    yoke_status status;
    uint64_t low;
    uint64_t high;

    if (arg->pointer == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the array is NULL");
    }
    status = lay_out(to, launch, input, arg, error);
    if (status != YOKE_OK) {
        return status;
    }
    to->address = (uint64_t)(uintptr_t)arg->pointer;
    yk_footprint_span(launch, to, &low, &high);
    if (low > to->address || high < to->address || high == UINT64_MAX) {
        return fail_overflow(error);
    }
    if (yk_arg_is_image(arg)) {
        status = yk_check_image_parts(launch, to, yk_launch_pixels(launch, to), error);
    }
    if (status == YOKE_OK) {
        status = find_block(to, input, arg, error);
    }
    return status == YOKE_OK ? check_block(launch, to, arg, error) : status;
}
