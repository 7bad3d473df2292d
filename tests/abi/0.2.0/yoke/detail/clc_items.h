/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/clc.h: work-items: where a native function is in its range.
 */
#ifndef YOKE_CLC_ITEMS_H
#define YOKE_CLC_ITEMS_H

/* The work-item that runs in this thread. */
typedef struct yoke_clc_item {
    size_t id[3];
    const yoke_span *span;
} yoke_clc_item;

static _Thread_local yoke_clc_item yoke_clc_now;

/* The global ids of a span: begin to end - 1 in each dimension. */
typedef struct yoke_clc_box {
    size_t begin[3];
    size_t end[3];
} yoke_clc_box;

static inline yoke_clc_box yoke_clc_box_of(const yoke_span *span)
{
    yoke_clc_box box;

    for (unsigned d = 0; d < 3; d++) {
        box.begin[d] = d == span->split ? span->begin : span->range.begin[d];
        box.end[d] = d == span->split ? span->end : span->range.begin[d] + span->range.size[d];
    }
    return box;
}

#define YOKE_CLC_ITEM_FUNCTION static inline __attribute__((always_inline, unused))

YOKE_CLC_ITEM_FUNCTION void yoke_clc_item_set(const yoke_span *span, size_t x, size_t y, size_t z)
{
    yoke_clc_now.id[0] = x;
    yoke_clc_now.id[1] = y;
    yoke_clc_now.id[2] = z;
    yoke_clc_now.span = span;
}

/* Dimensions that there are not have one work-item, 0, as in OpenCL. */
YOKE_CLC_ITEM_FUNCTION uint get_work_dim(void)
{
    return yoke_clc_now.span->range.dimensions;
}

YOKE_CLC_ITEM_FUNCTION size_t get_global_id(uint d)
{
    return d < 3 ? yoke_clc_now.id[d] : 0;
}

YOKE_CLC_ITEM_FUNCTION size_t get_global_offset(uint d)
{
    return d < 3 ? yoke_clc_now.span->range.begin[d] : 0;
}

YOKE_CLC_ITEM_FUNCTION size_t get_enqueued_local_size(uint d)
{
    return d < 3 && yoke_clc_now.span->group[d] > 0 ? yoke_clc_now.span->group[d] : 1;
}

/* Of whole groups: with .round_up, devices launch more work-items than the range has. */
YOKE_CLC_ITEM_FUNCTION size_t get_global_size(uint d)
{
    const size_t group = get_enqueued_local_size(d);

    return d < 3 ? (yoke_clc_now.span->range.size[d] + group - 1) / group * group : 1;
}

YOKE_CLC_ITEM_FUNCTION size_t get_group_id(uint d)
{
    return (get_global_id(d) - get_global_offset(d)) / get_enqueued_local_size(d);
}

YOKE_CLC_ITEM_FUNCTION size_t get_local_id(uint d)
{
    return (get_global_id(d) - get_global_offset(d)) % get_enqueued_local_size(d);
}

YOKE_CLC_ITEM_FUNCTION size_t get_local_size(uint d)
{
    return get_enqueued_local_size(d);
}

YOKE_CLC_ITEM_FUNCTION size_t get_num_groups(uint d)
{
    return (get_global_size(d) - 1) / get_enqueued_local_size(d) + 1;
}

YOKE_CLC_ITEM_FUNCTION size_t get_global_linear_id(void)
{
    return ((get_global_id(2) - get_global_offset(2)) * get_global_size(1) +
            get_global_id(1) - get_global_offset(1)) * get_global_size(0) +
           get_global_id(0) - get_global_offset(0);
}

YOKE_CLC_ITEM_FUNCTION size_t get_local_linear_id(void)
{
    return (get_local_id(2) * get_local_size(1) + get_local_id(1)) * get_local_size(0) +
           get_local_id(0);
}

/* The arguments of YOKE_CLC_FUNCTION(), read once: locals named by what is left to read. */
#define YOKE_CLC_TAKE(number, index, type)                                             \
    __typeof__(type) yoke_arg##number = YOKE_NATIVE_GET(type, args + (index));
#define YOKE_CLC_FIRST_OF(...)                                                         \
    YOKE_NATIVE_JOIN(YOKE_CLC_FIRST_, YOKE_NATIVE_COUNT(__VA_ARGS__))
#define YOKE_CLC_FIRST_1 yoke_arg1
#define YOKE_CLC_FIRST_2 yoke_arg2, YOKE_CLC_FIRST_1
#define YOKE_CLC_FIRST_3 yoke_arg3, YOKE_CLC_FIRST_2
#define YOKE_CLC_FIRST_4 yoke_arg4, YOKE_CLC_FIRST_3
#define YOKE_CLC_FIRST_5 yoke_arg5, YOKE_CLC_FIRST_4
#define YOKE_CLC_FIRST_6 yoke_arg6, YOKE_CLC_FIRST_5
#define YOKE_CLC_FIRST_7 yoke_arg7, YOKE_CLC_FIRST_6
#define YOKE_CLC_FIRST_8 yoke_arg8, YOKE_CLC_FIRST_7
#define YOKE_CLC_FIRST_9 yoke_arg9, YOKE_CLC_FIRST_8
#define YOKE_CLC_FIRST_10 yoke_arg10, YOKE_CLC_FIRST_9
#define YOKE_CLC_FIRST_11 yoke_arg11, YOKE_CLC_FIRST_10
#define YOKE_CLC_FIRST_12 yoke_arg12, YOKE_CLC_FIRST_11
#define YOKE_CLC_FIRST_13 yoke_arg13, YOKE_CLC_FIRST_12
#define YOKE_CLC_FIRST_14 yoke_arg14, YOKE_CLC_FIRST_13
#define YOKE_CLC_FIRST_15 yoke_arg15, YOKE_CLC_FIRST_14
#define YOKE_CLC_FIRST_16 yoke_arg16, YOKE_CLC_FIRST_15
#define YOKE_CLC_FIRST_17 yoke_arg17, YOKE_CLC_FIRST_16
#define YOKE_CLC_FIRST_18 yoke_arg18, YOKE_CLC_FIRST_17
#define YOKE_CLC_FIRST_19 yoke_arg19, YOKE_CLC_FIRST_18
#define YOKE_CLC_FIRST_20 yoke_arg20, YOKE_CLC_FIRST_19
#define YOKE_CLC_FIRST_21 yoke_arg21, YOKE_CLC_FIRST_20
#define YOKE_CLC_FIRST_22 yoke_arg22, YOKE_CLC_FIRST_21
#define YOKE_CLC_FIRST_23 yoke_arg23, YOKE_CLC_FIRST_22
#define YOKE_CLC_FIRST_24 yoke_arg24, YOKE_CLC_FIRST_23

/* The body of a native function: the kernel's function for each work-item of the span. */
#define YOKE_CLC_RUN(name, ...)                                                        \
    {                                                                                  \
        const yoke_clc_box yoke_box = yoke_clc_box_of(span);                           \
        YOKE_NATIVE_EACH(YOKE_CLC_TAKE, __VA_ARGS__)                                   \
        for (size_t yoke_z = yoke_box.begin[2]; yoke_z < yoke_box.end[2]; yoke_z++) {  \
            for (size_t yoke_y = yoke_box.begin[1]; yoke_y < yoke_box.end[1]; yoke_y++) { \
                for (size_t yoke_x = yoke_box.begin[0]; yoke_x < yoke_box.end[0]; yoke_x++) { \
                    yoke_clc_item_set(span, yoke_x, yoke_y, yoke_z);                   \
                    name(YOKE_CLC_FIRST_OF(__VA_ARGS__));                              \
                }                                                                      \
            }                                                                          \
        }                                                                              \
    }

#endif
