/* SPDX-License-Identifier: MIT */
/* Extents of images as regions of pixels: each pixel of the extent once, and no other. */
#include <string.h>

#include "launch/pixels.h"
#include "support/yoke_test.h"

enum { MOST = 4096, BASE = 1000000 };

static yk_pixels pixels_of(uint32_t shape, uint64_t width, uint64_t height, uint64_t depth,
                           uint64_t row_gap, uint64_t slice_gap)
{
    yk_pixels pixels = {.shape = shape, .pixel = 4, .size = {width, height, depth}};

    pixels.row_pitch = width * 4 + row_gap;
    pixels.slice_pitch = pixels.row_pitch * (height + slice_gap);
    pixels.bytes = (depth - 1) * pixels.slice_pitch + (height - 1) * pixels.row_pitch + width * 4;
    return pixels;
}

/* How often each byte is in the extent, gaps left out. */
static void mark_extent(const yk_pixels *pixels, const yk_extent *extent,
                        unsigned char marks[MOST])
{
    memset(marks, 0, MOST);
    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        for (uint64_t b = 0; b < extent->bytes; b++) {
            const uint64_t at = yk_extent_piece(extent, k) - BASE + b;
            const uint64_t in_slice = at % pixels->slice_pitch;

            if (in_slice % pixels->row_pitch < pixels->size[0] * 4 &&
                in_slice / pixels->row_pitch < pixels->size[1]) {
                marks[at]++;
            }
        }
    }
}

static size_t mark_regions(const yk_pixels *pixels, const yk_extent *extent,
                           unsigned char marks[MOST])
{
    yk_pixel_walk walk = {0, 0};
    yk_region region;
    size_t count = 0;

    memset(marks, 0, MOST);
    while (yk_pixels_next(pixels, BASE, extent, &walk, &region)) {
        count++;
        for (unsigned d = 0; d < 3; d++) {
            assert_true(region.size[d] > 0);
            assert_true(region.origin[d] + region.size[d] <= pixels->size[d]);
        }
        for (uint64_t k = 0; k < region.size[0] * region.size[1] * region.size[2]; k++) {
            const yk_region one = {
                {region.origin[0] + k % region.size[0],
                 region.origin[1] + k / region.size[0] % region.size[1],
                 region.origin[2] + k / region.size[0] / region.size[1]},
                {1, 1, 1}};

            for (unsigned b = 0; b < 4; b++) {
                marks[yk_pixels_offset(pixels, &one) + b]++;
            }
        }
    }
    return count;
}

static void check_extent(const yk_pixels *pixels, yk_extent extent, size_t most)
{
    unsigned char wanted[MOST];
    unsigned char got[MOST];
    size_t count;

    extent.address += BASE;
    mark_extent(pixels, &extent, wanted);
    count = mark_regions(pixels, &extent, got);
    assert_memory_equal(wanted, got, MOST);
    assert_between(count, 0, most);
}

static void test_rows(void **state)
{
    const yk_pixels gaps = pixels_of(YK_SHAPE_2D, 7, 9, 1, 8, 0);
    const yk_pixels tight = pixels_of(YK_SHAPE_2D, 7, 9, 1, 0, 0);

    (void)state;
    check_extent(&gaps, (yk_extent){36, 28, 5, 36, 1, 0}, 1);   /* own rows */
    check_extent(&gaps, (yk_extent){36, 64, 2, 72, 1, 0}, 2);   /* two rows and a gap each */
    check_extent(&gaps, (yk_extent){0, 316, 1, 0, 1, 0}, 1);    /* all of it */
    check_extent(&tight, (yk_extent){28, 140, 1, 0, 1, 0}, 1);  /* rows without gaps */
    check_extent(&gaps, (yk_extent){8, 12, 9, 36, 1, 0}, 1);    /* three columns */
    check_extent(&tight, (yk_extent){8, 48, 1, 0, 1, 0}, 2);    /* from pixel to pixel */
    check_extent(&tight, (yk_extent){8, 200, 1, 0, 1, 0}, 3);   /* the same, with rows */
    check_extent(&gaps, (yk_extent){28, 8, 1, 0, 1, 0}, 0);     /* a gap */
    check_extent(&gaps, (yk_extent){4, 4, 3, 144, 1, 0}, 3);    /* pixels of every fourth row */
}

static void test_slices(void **state)
{
    const yk_pixels volume = pixels_of(YK_SHAPE_3D, 5, 4, 6, 4, 1);
    const yk_pixels tight = pixels_of(YK_SHAPE_2D_ARRAY, 5, 4, 6, 0, 0);

    (void)state;
    check_extent(&volume, (yk_extent){120, 20, 4, 24, 3, 120}, 3); /* own slices */
    check_extent(&volume, (yk_extent){0, 716 - 24, 1, 0, 1, 0}, 6); /* all of it */
    check_extent(&tight, (yk_extent){80, 240, 1, 0, 1, 0}, 3);
    check_extent(&tight, (yk_extent){100, 80, 1, 0, 1, 0}, 2);     /* over a slice's end */
    check_extent(&volume, (yk_extent){48, 20, 6, 120, 1, 0}, 6);   /* a row of each slice */
    check_extent(&tight, (yk_extent){0, 20, 24, 20, 1, 0}, 24);    /* pieces over slices */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_slices),
    };

    return yt_run_group(tests);
}
