/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Arguments for the image and sampler parameters of OpenCL C. An image is an array argument in
 * memory of the pool with a description, so its parts belong to items as those of any array do:
 * yoke_in(), yoke_in_halo(), yoke_in_whole(), yoke_out() and so on.
 *
 *     const yoke_image picture = {.width = w, .height = h,
 *                                 .channels = YOKE_CHANNELS_RGBA, .type = YOKE_CHANNEL_UNORM8};
 *
 *     yoke_map(pool, blur, yoke_range_2d(w, h),
 *              yoke_arg_image(yoke_out(to, 0), picture),
 *              yoke_arg_image(yoke_in_halo(from, 0, 2, 2, YOKE_EDGE_CLIPPED), picture));
 *
 * | parameter                      | image                      | a part of 0 bytes is |
 * |--------------------------------|----------------------------|----------------------|
 * | `image1d_t`                    | width                      | a pixel              |
 * | `image2d_t`                    | width, height              | a row                |
 * | `image3d_t`                    | width, height, depth       | a slice              |
 * | `image1d_array_t`              | width, layers              | a layer              |
 * | `image2d_array_t`              | width, height, layers      | a layer              |
 *
 * On every device the kernel sees an image of the whole size: coordinates are those of the whole,
 * as global ids are, get_image_width() and its like are right, and a sampler's edges are the
 * image's. A device that takes the host's memory uses it in place. Another gets what items may
 * read, and what they wrote is taken back, nothing else. So a halo covers all that the kernel
 * reads: with CLK_FILTER_LINEAR also the neighbours that have the weight 0.
 *
 * A device without images, or without this format, this size or so many of them, stands aside:
 * yoke_kernel_workers() says why. A native form gets the memory, and a pointer to the
 * yoke_sampling.
 */
#ifndef YOKE_IMAGE_H
#define YOKE_IMAGE_H

#include "yoke/arg.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The channels of a pixel, in the order of memory. */
typedef enum yoke_channels {
    YOKE_CHANNELS_R = 1,
    YOKE_CHANNELS_RG = 2,
    YOKE_CHANNELS_RGBA = 3,
    YOKE_CHANNELS_BGRA = 4 /**< most devices have it for YOKE_CHANNEL_UNORM8 alone */
} yoke_channels;

/** What a channel is in memory. UNORM is a float from 0 to 1 for the kernel (read_imagef()). */
typedef enum yoke_channel_type {
    YOKE_CHANNEL_UNORM8 = 1,
    YOKE_CHANNEL_UNORM16 = 2,
    YOKE_CHANNEL_INT8 = 3,
    YOKE_CHANNEL_INT16 = 4,
    YOKE_CHANNEL_INT32 = 5,
    YOKE_CHANNEL_UINT8 = 6,
    YOKE_CHANNEL_UINT16 = 7,
    YOKE_CHANNEL_UINT32 = 8,
    YOKE_CHANNEL_HALF = 9,
    YOKE_CHANNEL_FLOAT = 10
} yoke_channel_type;

/** An image in memory. Sizes that its kind does not have are 0. */
typedef struct yoke_image {
    unsigned width;     /**< pixels of a row */
    unsigned height;    /**< rows */
    unsigned depth;     /**< slices of a 3D image */
    unsigned layers;    /**< images of an array */
    size_t row_pitch;   /**< bytes from a row to the next, a multiple of a pixel; 0: no gaps */
    /** Bytes from a slice or layer of rows to the next, a multiple of row_pitch; 0: no gaps. */
    size_t slice_pitch;
    yoke_channels channels;
    yoke_channel_type type;
} yoke_image;

/** Bytes of a pixel; 0 if there is no such format. */
static inline size_t yoke_image_pixel_bytes(yoke_image image)
{
    static const unsigned char channels[] = {0, 1, 2, 4, 4};
    static const unsigned char bytes[] = {0, 1, 2, 1, 2, 4, 1, 2, 4, 2, 4};

    return (unsigned)image.channels < sizeof channels && (unsigned)image.type < sizeof bytes
               ? (size_t)channels[image.channels] * bytes[image.type]
               : 0;
}

/** Bytes from a row to the next, also if row_pitch is 0. */
static inline size_t yoke_image_row_pitch(yoke_image image)
{
    return image.row_pitch != 0 ? image.row_pitch : image.width * yoke_image_pixel_bytes(image);
}

/** Bytes from a slice, or layer of rows, to the next, also if slice_pitch is 0. */
static inline size_t yoke_image_slice_pitch(yoke_image image)
{
    return image.slice_pitch != 0 ? image.slice_pitch
                                  : yoke_image_row_pitch(image) * image.height;
}

/** Bytes of memory from the first pixel to the end of the last: what yoke_alloc() has to give. */
static inline size_t yoke_image_bytes(yoke_image image)
{
    const size_t slices = image.depth + (image.height != 0 ? image.layers : 0);
    const size_t rows = image.height != 0 ? image.height : image.layers;

    return (slices > 1 ? slices - 1 : 0) * yoke_image_slice_pitch(image) +
           (rows > 1 ? rows - 1 : 0) * yoke_image_row_pitch(image) +
           image.width * yoke_image_pixel_bytes(image);
}

/**
 * The argument of an array for an image parameter. Its pointer is to the image's first pixel. All
 * of the image is in memory, also if the items need only some of it. The array's parts consist of
 * whole pixels and lie in the image; if the argument was made with 0 for their bytes, they are
 * rows, slices and so on, as in the table above.
 *
 * The argument's access fits the parameter: only read for `read_only`, written for `write_only` and
 * `read_write`. No other argument may overlap an image that is written: for a kernel that changes
 * an image in place it is one `read_write` parameter (OpenCL C 2.0 or later) and yoke_inout().
 * Results stay on no device: YOKE_RECOVER_NONE makes no difference for images.
 *
 * @param arg    of yoke_in() and its like, before or after yoke_arg_at() and the others
 * @param image  copied
 */
static inline yoke_arg yoke_arg_image(yoke_arg arg, yoke_image image)
{
    const bool is_valid = yoke_image_pixel_bytes(image) != 0;
    const size_t row = image.width * yoke_image_pixel_bytes(image);
    const bool has_slices = image.depth != 0 || (image.height != 0 && image.layers != 0);
    const bool has_rows = image.height != 0 || image.layers != 0;

    if (arg.bytes == 0 && arg.parts == YOKE_PARTS_WHOLE) {
        arg.bytes = has_slices ? yoke_image_bytes(image) : row;
        arg.blocks = has_slices ? 1 : image.height + image.layers;
        arg.stride = yoke_image_row_pitch(image);
    } else if (arg.bytes == 0) {
        arg.bytes = has_rows ? row : yoke_image_pixel_bytes(image);
        arg.blocks = has_slices ? image.height : 1;
        arg.stride = has_slices ? yoke_image_row_pitch(image) : 0;
        arg.pitch = has_slices ? yoke_image_slice_pitch(image)
                    : has_rows ? yoke_image_row_pitch(image)
                               : 0;
    }
    arg.image_channels = is_valid ? (unsigned char)image.channels : 255;
    arg.image_type = (unsigned char)image.type;
    memcpy(arg.value, &image.width, sizeof image.width);
    memcpy(arg.value + 4, &image.height, sizeof image.height);
    memcpy(arg.value + 8, &image.depth, sizeof image.depth);
    memcpy(arg.value + 12, &image.layers, sizeof image.layers);
    memcpy(arg.value + 16, &image.row_pitch, sizeof image.row_pitch);
    memcpy(arg.value + 24, &image.slice_pitch, sizeof image.slice_pitch);
    return arg;
}

/** What a sampler gives for coordinates outside of the image. */
typedef enum yoke_addressing {
    YOKE_ADDRESSING_NONE = 0, /**< undefined: the kernel does not read there */
    YOKE_ADDRESSING_CLAMP_TO_EDGE = 1,
    YOKE_ADDRESSING_CLAMP = 2,   /**< the border: 0, with alpha 1 if the image has no alpha */
    YOKE_ADDRESSING_REPEAT = 3,  /**< for normalized coordinates */
    YOKE_ADDRESSING_MIRRORED = 4 /**< the same */
} yoke_addressing;

typedef enum yoke_filter {
    YOKE_FILTER_NEAREST = 0,
    YOKE_FILTER_LINEAR = 1
} yoke_filter;

/** What a native form gets for a sampler. */
typedef struct yoke_sampling {
    unsigned addressing; /**< yoke_addressing */
    unsigned filter;     /**< yoke_filter */
    unsigned normalized; /**< 1: coordinates are from 0 to 1 */
} yoke_sampling;

/** A sampler, for a `sampler_t` parameter. Samplers that the source declares need no argument. */
static inline yoke_arg yoke_sampler(yoke_addressing addressing, yoke_filter filter,
                                    bool normalized)
{
    yoke_sampling sampling;
    yoke_arg arg;

    sampling.addressing = (unsigned)addressing;
    sampling.filter = (unsigned)filter;
    sampling.normalized = normalized;
    arg = yoke_scalar_bytes(&sampling, sizeof sampling);
    arg.kind = YOKE_ARG_SAMPLER;
    return arg;
}

#ifdef __cplusplus
}
#endif

#endif
