/* SPDX-License-Identifier: MIT */
#include "launch/pixels.h"

#include "base/bits.h"

const char *yk_shape_name(uint32_t shape)
{
    static const char *const names[] = {"an image",  "image1d_t",       "image2d_t",
                                        "image3d_t", "image1d_array_t", "image2d_array_t"};

    return names[shape < sizeof names / sizeof names[0] ? shape : 0];
}

const yk_pixels *yk_launch_pixels(const yk_launch *launch, const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && (arg->flags & YK_ARG_IMAGE) != 0
               ? (const yk_pixels *)(const void *)(launch->values + arg->value)
               : NULL;
}

/* A run of bytes of one piece that is not used up, and where it begins in the image. */
typedef struct pixel_run {
    uint64_t x; /* bytes */
    uint64_t y;
    uint64_t z;
    uint64_t left; /* bytes of the piece from there on */
} pixel_run;

static pixel_run pixels_locate(const yk_pixels *pixels, uint64_t offset, uint64_t left)
{
    const uint64_t in_slice = offset % pixels->slice_pitch;

    return (pixel_run){in_slice % pixels->row_pitch, in_slice / pixels->row_pitch,
                       offset / pixels->slice_pitch, left};
}

/* The number of bytes to the next pixel; 0: there is one here. */
static uint64_t pixels_gap(const yk_pixels *pixels, const pixel_run *run)
{
    if (run->y >= pixels->size[1]) {
        return pixels->slice_pitch - run->y * pixels->row_pitch - run->x;
    }
    return run->x >= pixels->size[0] * pixels->pixel ? pixels->row_pitch - run->x : 0;
}

/* Rows, or what there is of one. Returns the number of bytes that are used up. */
static uint64_t pixels_take_rows(const yk_pixels *pixels, const pixel_run *run,
                                 yk_region *region)
{
    const uint64_t row = pixels->size[0] * pixels->pixel;

    *region = (yk_region){{run->x / pixels->pixel, run->y, run->z}, {1, 1, 1}};
    if (run->x == 0 && run->left >= row) {
        region->size[0] = pixels->size[0];
        region->size[1] = yk_min((run->left - row) / pixels->row_pitch + 1,
                                 pixels->size[1] - run->y);
        return yk_min(run->left, region->size[1] * pixels->row_pitch);
    }
    region->size[0] = yk_min(run->left, row - run->x) / pixels->pixel;
    return yk_min(run->left, pixels->row_pitch - run->x);
}

/* All pieces of a plane at once, if they are pieces of rows that follow each other. */
static bool pixels_take_box(const yk_pixels *pixels, const yk_extent *extent,
                            const pixel_run *run, yk_region *region)
{
    if (extent->blocks == 1 || extent->stride != pixels->row_pitch ||
        run->x + extent->bytes > pixels->size[0] * pixels->pixel ||
        run->y + extent->blocks > pixels->size[1]) {
        return false;
    }
    *region = (yk_region){{run->x / pixels->pixel, run->y, run->z},
                          {extent->bytes / pixels->pixel, extent->blocks, 1}};
    return true;
}

bool yk_pixels_next(const yk_pixels *pixels, uint64_t address, const yk_extent *extent,
                    yk_pixel_walk *walk, yk_region *region)
{
    while (walk->piece < yk_extent_pieces(extent)) {
        const uint64_t offset = yk_extent_piece(extent, walk->piece) - address + walk->done;
        const pixel_run run = pixels_locate(pixels, offset, extent->bytes - walk->done);
        const uint64_t gap = pixels_gap(pixels, &run);

        if (walk->done == 0 && gap == 0 && walk->piece % extent->blocks == 0 &&
            pixels_take_box(pixels, extent, &run, region)) {
            walk->piece += extent->blocks;
            return true;
        }
        walk->done += gap != 0 ? yk_min(gap, run.left)
                               : pixels_take_rows(pixels, &run, region);
        if (walk->done == extent->bytes) {
            *walk = (yk_pixel_walk){walk->piece + 1, 0};
        }
        if (gap == 0) {
            return true;
        }
    }
    return false;
}

uint64_t yk_pixels_offset(const yk_pixels *pixels, const yk_region *region)
{
    return region->origin[0] * pixels->pixel + region->origin[1] * pixels->row_pitch +
           region->origin[2] * pixels->slice_pitch;
}
