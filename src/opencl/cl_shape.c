/* SPDX-License-Identifier: MIT */
#include "opencl/cl_shape.h"

#include "base/bits.h"

enum {
    UNIFORM_GROUP = 64, /* the same for all devices */
    SPLIT_GROUP = 64,   /* of a chunk that is divided along dimension 0 */
    NARROW = 8,         /* a smaller group wastes vector units */
};

/* One extent of a chunk in one dimension, in groups of one size. */
typedef struct stretch {
    uint64_t offset;
    uint64_t size;
    uint64_t local;
} stretch;

static uint64_t largest_divisor(uint64_t number, uint64_t max_count)
{
    for (uint64_t divisor = yk_min(number, max_count); divisor > 1; divisor--) {
        if (number % divisor == 0) {
            return divisor;
        }
    }
    return 1;
}

static uint64_t max_in(const yk_cl_group_limits *limits, unsigned d, uint64_t wanted)
{
    return yk_max(1, yk_min(wanted, yk_min(limits->items[d], limits->group)));
}

/* Dimension 0 of a range that is split in another dimension. */
static void choose_row(yk_cl_shape *shape, uint64_t size,
                       const yk_cl_group_limits *limits, bool uniform, uint64_t wanted)
{
    const uint64_t divisor = largest_divisor(size, max_in(limits, 0, wanted));

    shape->local[0] = divisor;
    if (uniform || divisor >= NARROW || size < NARROW) {
        return;
    }
    if (size <= max_in(limits, 0, UINT64_MAX)) {
        shape->local[0] = size;
        return;
    }
    shape->local[0] = max_in(limits, 0, wanted);
    shape->cut = size - size % shape->local[0];
}

/* Fills the dimensions from `first` on, except the split one, as far as there is room. */
static uint64_t choose_others(uint64_t local[3], const yk_launch *launch,
                              unsigned first, const yk_cl_group_limits *limits,
                              uint64_t room)
{
    for (unsigned d = first; d < 3; d++) {
        if (d != launch->split) {
            local[d] = largest_divisor(launch->size[d], max_in(limits, d, room));
            room = yk_max(1, room / local[d]);
        }
    }
    return room;
}

static void choose_own(yk_cl_shape *shape, const yk_launch *launch,
                       const yk_cl_group_limits *limits, bool uniform)
{
    const uint64_t wanted =
        yk_min(limits->group, uniform ? (uint64_t)UNIFORM_GROUP : limits->wanted);
    const unsigned split = launch->split;
    uint64_t room;

    if (split == 0) {
        (void)choose_others(shape->rest, launch, 1, limits, wanted);
        if (uniform) {
            *shape = (yk_cl_shape){
                .local = {1, shape->rest[1], shape->rest[2]},
                .rest = {1, shape->rest[1], shape->rest[2]},
                .cut = shape->cut,
            };
        } else {
            shape->local[0] = max_in(limits, 0, SPLIT_GROUP);
        }
        return;
    }
    choose_row(shape, launch->size[0], limits, uniform, wanted);
    room = yk_max(1, wanted / shape->local[0]);
    room = choose_others(shape->local, launch, 1, limits, room);
    for (unsigned d = 0; d < 3; d++) {
        shape->rest[d] = shape->local[d];
    }
    shape->local[split] = uniform ? 1 : max_in(limits, split, room);
}

void yk_cl_shape_choose(yk_cl_shape *shape, const yk_launch *launch,
                        const yk_cl_group_limits *limits, bool uniform)
{
    *shape = (yk_cl_shape){.local = {1, 1, 1}, .rest = {1, 1, 1}};
    shape->cut = yk_launch_global_size(launch, 0);
    if (launch->group[0] == 0) {
        choose_own(shape, launch, limits, uniform);
        return;
    }
    for (unsigned d = 0; d < 3; d++) {
        shape->local[d] = yk_max(1, launch->group[d]);
        shape->rest[d] = shape->local[d];
    }
}

static size_t cl_shape_put(stretch *out, uint64_t offset, uint64_t size, uint64_t local)
{
    *out = (stretch){offset, size, local};
    return size > 0 ? 1 : 0;
}

static size_t cut_split(const yk_cl_shape *shape, const yk_launch *launch,
                        uint64_t begin, uint64_t end, stretch out[2])
{
    const unsigned d = launch->split;
    uint64_t size = end - begin;
    uint64_t main_size;
    size_t count;

    if (launch->group[0] != 0) {
        size = launch->round_up != 0 ? yk_round_up(size, shape->local[d]) : size;
        return cl_shape_put(out, begin, size, shape->local[d]);
    }
    main_size = size - size % shape->local[d];
    count = cl_shape_put(out, begin, main_size, shape->local[d]);
    return count + cl_shape_put(out + count, begin + main_size, size - main_size,
                                shape->rest[d]);
}

static size_t cut_row(const yk_cl_shape *shape, const yk_launch *launch, stretch out[2])
{
    const uint64_t size = yk_launch_global_size(launch, 0);
    const uint64_t begin = launch->begin[0];
    const size_t count = cl_shape_put(out, begin, shape->cut, shape->local[0]);

    return count + cl_shape_put(out + count, begin + shape->cut, size - shape->cut,
                                size - shape->cut);
}

static void set_dimension(yk_cl_piece *piece, unsigned d, stretch part)
{
    piece->offset[d] = (size_t)part.offset;
    piece->global[d] = (size_t)part.size;
    piece->local[d] = (size_t)part.local;
}

static yk_cl_piece make_piece(const yk_cl_shape *shape, const yk_launch *launch,
                              stretch row, stretch items)
{
    const bool is_rest =
        launch->group[0] == 0 && launch->split == 0 && items.local != shape->local[0];
    const uint64_t *const local = is_rest ? shape->rest : shape->local;
    yk_cl_piece piece;

    for (unsigned d = 0; d < 3; d++) {
        set_dimension(
            &piece, d,
            (stretch){launch->begin[d], yk_launch_global_size(launch, d), local[d]});
    }
    set_dimension(&piece, 0, row);
    set_dimension(&piece, launch->split, items);
    return piece;
}

size_t yk_cl_shape_cut(const yk_cl_shape *shape, const yk_launch *launch,
                       uint64_t begin, uint64_t end,
                       yk_cl_piece pieces[YK_CL_MAX_PIECES])
{
    stretch rows[2] = {{0, 1, 1}};
    stretch items[2];
    const size_t row_count = launch->split == 0 ? 1 : cut_row(shape, launch, rows);
    const size_t item_count = cut_split(shape, launch, begin, end, items);
    size_t count = 0;

    for (size_t i = 0; i < item_count; i++) {
        for (size_t r = 0; r < row_count; r++) {
            pieces[count++] = make_piece(shape, launch, rows[r], items[i]);
        }
    }
    return count;
}
