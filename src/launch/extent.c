/* SPDX-License-Identifier: MIT */
#include "launch/extent.h"

#include "base/bits.h"

/* The maximum number of pairs of rows that are compared; then two extents count as overlapping. */
enum { MOST_STEPS = 1 << 16 };

/* Pieces at one distance. */
typedef struct piece_row {
    uint64_t address;
    uint64_t bytes;
    uint64_t count;
    uint64_t step;
} piece_row;

/* ---- the plainest form ---- */

static void swap_levels(yk_extent *extent)
{
    const yk_extent old = *extent;

    extent->blocks = old.planes;
    extent->stride = old.plane_stride;
    extent->planes = old.blocks;
    extent->plane_stride = old.stride;
}

static bool is_out_of_order(const yk_extent *extent)
{
    return extent->blocks == 1 ||
           (extent->planes > 1 && extent->plane_stride < extent->stride);
}

/* Joins blocks without gaps into one piece. */
static void join_blocks(yk_extent *extent)
{
    if (extent->blocks > 1 && extent->stride <= extent->bytes) {
        extent->bytes += (extent->blocks - 1) * extent->stride;
        extent->blocks = 1;
    }
}

/* Joins planes that continue each other into one long row of blocks. */
static void join_planes(yk_extent *extent)
{
    if (extent->planes > 1 && extent->plane_stride == extent->blocks * extent->stride) {
        extent->blocks *= extent->planes;
        extent->planes = 1;
    }
}

yk_extent yk_extent_joined(yk_extent extent)
{
    for (int level = 0; level < 2; level++) {
        if (is_out_of_order(&extent)) {
            swap_levels(&extent);
        }
        join_blocks(&extent);
    }
    join_planes(&extent);
    if (extent.blocks == 1) {
        extent.stride = extent.bytes;
    }
    if (extent.planes == 1) {
        extent.plane_stride = extent.blocks * extent.stride;
    }
    return extent;
}

/* ---- common bytes ---- */

static uint64_t row_end(const piece_row *row)
{
    return row->address + (row->count - 1) * row->step + row->bytes;
}

static bool runs_meet(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
    return a < b_end && b < a_end;
}

/* Whether a piece lies in the run [low, high), which overlaps the row's own span. */
static bool row_meets_run(const piece_row *row, uint64_t low, uint64_t high)
{
    uint64_t first = 0; /* the first piece that ends after `low` */

    if (low >= row->address + row->bytes) {
        first = (low - row->address - row->bytes) / row->step + 1;
    }
    return first < row->count && row->address + first * row->step < high;
}

/* For rows with the same distance whose spans overlap: only the place within the distance
 * matters. */
static bool columns_meet(const piece_row *a, const piece_row *b)
{
    const uint64_t step = a->step;
    const uint64_t shift = b->address > a->address
                               ? (b->address - a->address) % step
                               : (step - (a->address - b->address) % step) % step;

    return shift < a->bytes || shift + b->bytes > step;
}

static bool rows_meet(const piece_row *a, const piece_row *b, uint64_t *steps)
{
    const piece_row *few = a->count <= b->count ? a : b;
    const piece_row *many = few == a ? b : a;

    if (!runs_meet(a->address, row_end(a), b->address, row_end(b))) {
        return false;
    }
    if (few->count > 1 && few->step == many->step) {
        return columns_meet(a, b);
    }
    for (uint64_t i = 0; i < few->count; i++) {
        const uint64_t low = few->address + i * few->step;

        if (++*steps > MOST_STEPS || row_meets_run(many, low, low + few->bytes)) {
            return true;
        }
    }
    return false;
}

static piece_row extent_row_of(const yk_extent *extent, uint64_t plane)
{
    return (piece_row){extent->address + plane * extent->plane_stride, extent->bytes,
                       extent->blocks, yk_max(extent->stride, 1)};
}

/* The first plane that ends after an address. */
static uint64_t plane_behind(const yk_extent *extent, uint64_t address)
{
    const piece_row first = extent_row_of(extent, 0);
    const uint64_t end = row_end(&first);

    return address < end || extent->plane_stride == 0
               ? 0
               : (address - end) / extent->plane_stride + 1;
}

bool yk_extents_meet(const yk_extent *a, const yk_extent *b)
{
    uint64_t steps = 0;

    if (!runs_meet(a->address, yk_extent_end(a), b->address, yk_extent_end(b))) {
        return false;
    }
    for (uint64_t i = 0; i < a->planes; i++) {
        const piece_row x = extent_row_of(a, i);

        for (uint64_t k = plane_behind(b, x.address); k < b->planes; k++) {
            const piece_row y = extent_row_of(b, k);

            if (y.address >= row_end(&x)) {
                break;
            }
            if (++steps > MOST_STEPS || rows_meet(&x, &y, &steps)) {
                return true;
            }
        }
        if (++steps > MOST_STEPS) {
            return true;
        }
    }
    return false;
}
