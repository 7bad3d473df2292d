/* SPDX-License-Identifier: MIT */
/*
 * Pixels: the description of an image argument in a launch, beside the array of its memory. It lies
 * among the launch's values. Kinds of images differ in the sizes that are 1: pixel (x, y, z) of any
 * lies at x * pixel + y * row_pitch + z * slice_pitch.
 */
#ifndef YK_LAUNCH_PIXELS_H
#define YK_LAUNCH_PIXELS_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/extent.h"
#include "launch/launch.h"

/* YK_SHAPE_NONE: of a parameter that is no image, or of an unknown kind. */
enum {
    YK_SHAPE_NONE = 0,
    YK_SHAPE_1D = 1,
    YK_SHAPE_2D = 2,
    YK_SHAPE_3D = 3,
    YK_SHAPE_1D_ARRAY = 4, /* y is the layer */
    YK_SHAPE_2D_ARRAY = 5, /* z is the layer */
};

typedef struct yk_pixels {
    uint32_t shape;
    uint32_t channels; /* yoke_channels */
    uint32_t type;     /* yoke_channel_type */
    uint32_t pixel;    /* bytes */
    uint64_t size[3];  /* in x, y and z; at least 1 */
    uint64_t row_pitch;
    uint64_t slice_pitch;
    uint64_t bytes; /* to the end of the last pixel */
} yk_pixels;

/* "image2d_t" */
const char *yk_shape_name(uint32_t shape);

/* NULL: the argument is no image. */
const yk_pixels *yk_launch_pixels(const yk_launch *launch, const yk_arg *arg);

/* A box of pixels, all in memory at constant distances. */
typedef struct yk_region {
    uint64_t origin[3];
    uint64_t size[3];
} yk_region;

/* Where in an extent the next region begins; zero at first. */
typedef struct yk_pixel_walk {
    uint64_t piece;
    uint64_t done; /* bytes of the piece */
} yk_pixel_walk;

/* The next of the regions that are an extent of an image whose first pixel is at `address`. Gaps
 * belong to no region. False if there are no more. The extent consists of whole pixels. */
bool yk_pixels_next(const yk_pixels *pixels, uint64_t address, const yk_extent *extent,
                    yk_pixel_walk *walk, yk_region *region);

/* The number of bytes from the first pixel of the image to that of the region. */
uint64_t yk_pixels_offset(const yk_pixels *pixels, const yk_region *region);

#endif
