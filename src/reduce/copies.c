/* SPDX-License-Identifier: MIT */
#include "reduce/copies.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/bits.h"
#include "launch/footprint.h"
#include "yoke/arg.h"

/* So much of the array stays in the cache while the copies go by. */
enum { STRETCH_BYTES = 16384 };

bool yk_copies_search(const yk_arg *arg)
{
    return (arg->flags & YK_ARG_COPIES) != 0 && arg->operation >= YOKE_ARG_FIRST;
}

/* ---- what a copy begins with ---- */

#define FILL(T, VALUE)                                                                   \
    do {                                                                                 \
        T *to = at;                                                                      \
                                                                                         \
        for (size_t i = 0; i < bytes / sizeof(T); i++) {                                 \
            to[i] = (VALUE);                                                             \
        }                                                                                \
    } while (0)

static void copies_fill_highest(void *at, size_t bytes, uint32_t type)
{
    switch (type) {
    case YOKE_TYPE_FLOAT:
        FILL(float, INFINITY);
        break;
    case YOKE_TYPE_DOUBLE:
        FILL(double, INFINITY);
        break;
    case YOKE_TYPE_INT32:
        FILL(int32_t, INT32_MAX);
        break;
    case YOKE_TYPE_INT64:
        FILL(int64_t, INT64_MAX);
        break;
    default:
        memset(at, 0xFF, bytes);
    }
}

static void copies_fill_lowest(void *at, size_t bytes, uint32_t type)
{
    switch (type) {
    case YOKE_TYPE_FLOAT:
        FILL(float, -INFINITY);
        break;
    case YOKE_TYPE_DOUBLE:
        FILL(double, -INFINITY);
        break;
    case YOKE_TYPE_INT32:
        FILL(int32_t, INT32_MIN);
        break;
    case YOKE_TYPE_INT64:
        FILL(int64_t, INT64_MIN);
        break;
    default:
        memset(at, 0, bytes);
    }
}

static void copy_fill(const yk_arg *arg, uint64_t address, size_t bytes)
{
    void *at = (void *)(uintptr_t)address;

    if (yk_copies_search(arg)) {
        memcpy(at, (const void *)(uintptr_t)arg->offsets, bytes);
    } else if (arg->operation == YOKE_ARG_MIN) {
        copies_fill_highest(at, bytes, arg->type);
    } else if (arg->operation == YOKE_ARG_MAX) {
        copies_fill_lowest(at, bytes, arg->type);
    } else {
        memset(at, 0, bytes);
    }
}

bool yk_copies_fill(const yk_launch *launch, uint64_t begin, uint64_t end)
{
    bool any = false;

    for (uint32_t i = 0; launch->block_items != 0 && i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        yk_extent copies;

        if ((arg->flags & YK_ARG_COPIES) == 0 ||
            yk_footprint_write(launch, arg, begin, end, &copies) == 0) {
            continue;
        }
        any = true;
        for (uint64_t k = 0; k < yk_extent_pieces(&copies); k++) {
            copy_fill(arg, yk_extent_piece(&copies, k), (size_t)copies.bytes);
        }
    }
    return any;
}

/* ---- adding them to the array ---- */

#define PLUS(a, b) ((a) + (b))
/* A NaN stays. */
#define LEAST(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))
#define GREATEST(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))

#define TAKE(NAME, T, OF)                                                                \
    static void copies_##NAME(void *into, const void *from, size_t bytes)                \
    {                                                                                    \
        T *a = into;                                                                     \
        const T *b = from;                                                               \
                                                                                         \
        for (size_t i = 0; i < bytes / sizeof(T); i++) {                                 \
            a[i] = (T)OF(a[i], b[i]);                                                    \
        }                                                                                \
    }

/* Sums of integers wrap around. */
TAKE(add_float, float, PLUS)
TAKE(add_double, double, PLUS)
TAKE(add_32, uint32_t, PLUS)
TAKE(add_64, uint64_t, PLUS)
TAKE(min_float, float, LEAST)
TAKE(min_double, double, LEAST)
TAKE(min_int32, int32_t, LEAST)
TAKE(min_int64, int64_t, LEAST)
TAKE(min_uint32, uint32_t, LEAST)
TAKE(min_uint64, uint64_t, LEAST)
TAKE(max_float, float, GREATEST)
TAKE(max_double, double, GREATEST)
TAKE(max_int32, int32_t, GREATEST)
TAKE(max_int64, int64_t, GREATEST)
TAKE(max_uint32, uint32_t, GREATEST)
TAKE(max_uint64, uint64_t, GREATEST)

typedef void copies_take(void *into, const void *from, size_t bytes);

static copies_take *copies_operation(const yk_arg *arg)
{
    static copies_take *const all[3][6] = {
        {copies_add_float, copies_add_double, copies_add_32, copies_add_64, copies_add_32,
         copies_add_64},
        {copies_min_float, copies_min_double, copies_min_int32, copies_min_int64,
         copies_min_uint32, copies_min_uint64},
        {copies_max_float, copies_max_double, copies_max_int32, copies_max_int64,
         copies_max_uint32, copies_max_uint64},
    };

    return all[arg->operation - YOKE_ARG_SUM][arg->type - YOKE_TYPE_FLOAT];
}

void yk_copies_combine(void *array, const yk_arg *arg, const void *copies, size_t count)
{
    copies_take *take = copies_operation(arg);

    for (uint64_t at = 0; at < arg->bytes; at += STRETCH_BYTES) {
        const size_t bytes = (size_t)yk_min(STRETCH_BYTES, arg->bytes - at);

        for (size_t c = 0; c < count; c++) {
            take((char *)array + at, (const char *)copies + c * arg->pitch + at, bytes);
        }
    }
}

/* ---- searches ---- */

bool yk_copies_found(const yk_launch *launch, uint64_t begin)
{
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        const uint64_t copy = arg->address + yk_footprint_shift(launch, arg, begin);

        if (yk_copies_search(arg) &&
            memcmp((const void *)(uintptr_t)copy, (const void *)(uintptr_t)arg->offsets,
                   (size_t)arg->bytes) != 0) {
            return true;
        }
    }
    return false;
}
