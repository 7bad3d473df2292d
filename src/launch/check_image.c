/* SPDX-License-Identifier: MIT */
#include "launch/check_image.h"

#include <string.h>

#include "base/bits.h"
#include "launch/footprint.h"
#include "yoke/image.h"

bool yk_arg_is_image(const yoke_arg *arg)
{
    return arg->image_channels != 0;
}

/* As yoke_arg_image() has stored it. */
static yoke_image image_of(const yoke_arg *arg)
{
    yoke_image image = {.channels = (yoke_channels)arg->image_channels,
                        .type = (yoke_channel_type)arg->image_type};

    memcpy(&image.width, arg->value, sizeof image.width);
    memcpy(&image.height, arg->value + 4, sizeof image.height);
    memcpy(&image.depth, arg->value + 8, sizeof image.depth);
    memcpy(&image.layers, arg->value + 12, sizeof image.layers);
    memcpy(&image.row_pitch, arg->value + 16, sizeof image.row_pitch);
    memcpy(&image.slice_pitch, arg->value + 24, sizeof image.slice_pitch);
    return image;
}

static uint32_t image_shape_of(const yoke_image *image)
{
    if (image->layers != 0) {
        return image->height != 0 ? YK_SHAPE_2D_ARRAY : YK_SHAPE_1D_ARRAY;
    }
    return image->depth != 0 ? YK_SHAPE_3D : image->height != 0 ? YK_SHAPE_2D : YK_SHAPE_1D;
}

static yoke_status check_image_sizes(const yoke_image *image, yk_error *error)
{
    if (image->width == 0) {
        return yk_fail(error, YOKE_EINVAL, "the image's width is 0");
    }
    if (image->depth != 0 && (image->height == 0 || image->layers != 0)) {
        return yk_fail(error, YOKE_EINVAL,
                       "an image with a depth is a 3D image: it has a height, and no layers");
    }
    return YOKE_OK;
}

static yoke_status check_image_channels(const yoke_image *image, yk_error *error)
{
    return yoke_image_pixel_bytes(*image) != 0
               ? YOKE_OK
               : yk_fail(error, YOKE_EINVAL,
                         "the image's format is not valid: its channels are a yoke_channels, "
                         "their type a yoke_channel_type");
}

static yoke_status check_image_pitches(const yoke_image *image, const yk_pixels *pixels,
                                       yk_error *error)
{
    const uint64_t row = pixels->size[0] * pixels->pixel;

    if (pixels->row_pitch < row || pixels->row_pitch % pixels->pixel != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "a row pitch of %llu bytes given; a row of %u pixels has %llu bytes, and "
                       "the pitch is a multiple of a pixel's %u bytes",
                       (unsigned long long)pixels->row_pitch, image->width,
                       (unsigned long long)row, pixels->pixel);
    }
    if (pixels->size[2] == 1 && image->slice_pitch == 0) {
        return YOKE_OK;
    }
    return pixels->slice_pitch / pixels->row_pitch >= pixels->size[1] &&
                   pixels->slice_pitch % pixels->row_pitch == 0
               ? YOKE_OK
               : yk_fail(error, YOKE_EINVAL,
                         "a slice pitch of %llu bytes given; %llu rows every %llu bytes need a "
                         "multiple of that, at least %llu",
                         (unsigned long long)pixels->slice_pitch,
                         (unsigned long long)pixels->size[1],
                         (unsigned long long)pixels->row_pitch,
                         (unsigned long long)(pixels->size[1] * pixels->row_pitch));
}

/* Products of what is given, which may overflow. */
static bool image_fits_in_numbers(const yk_pixels *pixels)
{
    uint64_t slice;
    uint64_t all;

    return pixels->row_pitch < UINT64_MAX / 8 && pixels->slice_pitch < UINT64_MAX / 8 &&
           yk_mul(pixels->row_pitch, pixels->size[1], &slice) && slice < UINT64_MAX / 8 &&
           yk_mul(yk_max(pixels->slice_pitch, slice), pixels->size[2], &all) &&
           all < UINT64_MAX / 8;
}

yoke_status yk_check_pixels(yk_pixels *pixels, const yoke_arg *arg, yk_error *error)
{
    const yoke_image image = image_of(arg);
    yoke_status status = check_image_channels(&image, error);

    if (status == YOKE_OK) {
        status = check_image_sizes(&image, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    *pixels = (yk_pixels){
        .shape = image_shape_of(&image),
        .channels = (uint32_t)image.channels,
        .type = (uint32_t)image.type,
        .pixel = (uint32_t)yoke_image_pixel_bytes(image),
        .size = {image.width, 1, 1},
        .row_pitch = yoke_image_row_pitch(image),
    };
    pixels->size[1] = yk_max(image.height != 0 ? image.height : image.layers, 1);
    pixels->size[2] = yk_max(image.height != 0 ? yk_max(image.depth, image.layers) : 1, 1);
    pixels->slice_pitch = image.slice_pitch;
    if (!image_fits_in_numbers(pixels)) {
        return yk_fail(error, YOKE_EINVAL, "the image has more bytes than the address space");
    }
    if (pixels->slice_pitch == 0) {
        pixels->slice_pitch = pixels->row_pitch * pixels->size[1];
    }
    pixels->bytes = (pixels->size[2] - 1) * pixels->slice_pitch +
                    (pixels->size[1] - 1) * pixels->row_pitch +
                    pixels->size[0] * pixels->pixel;
    return check_image_pitches(&image, pixels, error);
}

yoke_status yk_check_image_parts(const yk_launch *launch, const yk_arg *to,
                                 const yk_pixels *pixels, yk_error *error)
{
    const uint64_t pixel = pixels->pixel;
    yk_arg array = *to;
    uint64_t low;
    uint64_t high;

    array.flags &= ~(uint32_t)YK_ARG_IMAGE;
    yk_footprint_span(launch, &array, &low, &high);
    if (low < to->address || high - to->address > pixels->bytes) {
        return yk_fail(error, YOKE_EINVAL,
                       "the items' parts reach from byte %lld to byte %llu; the image has %llu "
                       "bytes: its pointer is to its first pixel, and all parts lie in it",
                       (long long)(low - to->address),
                       (unsigned long long)(high - to->address),
                       (unsigned long long)pixels->bytes);
    }
    if (to->bytes % pixel != 0 || yk_arg_pitch(to) % pixel != 0 ||
        to->stride % pixel != 0 || to->offset % pixel != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "the parts of an image are whole pixels of %u bytes: parts of %llu "
                       "bytes every %llu bytes, in blocks every %llu bytes, are not",
                       pixels->pixel, (unsigned long long)to->bytes,
                       (unsigned long long)yk_arg_pitch(to),
                       (unsigned long long)to->stride);
    }
    return YOKE_OK;
}

static yoke_status check_image_access(const yoke_arg *arg, const yk_parameter *parameter,
                                      yk_error *error)
{
    const unsigned access = (unsigned)arg->access;

    if (parameter->access == YK_READ && (access & YK_WRITE) != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "the parameter is read_only, and the argument is declared as written: "
                       "declare it with yoke_in(), yoke_in_halo() or yoke_in_whole()");
    }
    if ((parameter->access & YK_WRITE) != 0 && access == YK_READ) {
        return yk_fail(error, YOKE_EINVAL,
                       "the parameter is %s, and the argument is declared as read only: declare "
                       "it with %s",
                       parameter->access == YK_WRITE ? "write_only" : "read_write",
                       parameter->access == YK_WRITE ? "yoke_out() or yoke_out_some()"
                                                     : "yoke_inout()");
    }
    return YOKE_OK;
}

yoke_status yk_check_image_parameter(const yoke_arg *arg, const yk_parameter *parameter,
                                     yk_error *error)
{
    yk_pixels pixels;
    const yoke_status status = yk_check_pixels(&pixels, arg, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (parameter->shape != YK_SHAPE_NONE && parameter->shape != pixels.shape) {
        return yk_fail(error, YOKE_EINVAL,
                       "the image is %s (width %llu, height %llu, depth or layers %llu), the "
                       "kernel takes %s",
                       yk_shape_name(pixels.shape), (unsigned long long)pixels.size[0],
                       (unsigned long long)pixels.size[1], (unsigned long long)pixels.size[2],
                       yk_shape_name(parameter->shape));
    }
    return check_image_access(arg, parameter, error);
}

yoke_status yk_check_sampler(const yoke_arg *arg, yk_error *error)
{
    yoke_sampling sampling;

    memcpy(&sampling, arg->value, sizeof sampling);
    if (arg->bytes != sizeof sampling || arg->pointer != NULL ||
        sampling.addressing > YOKE_ADDRESSING_MIRRORED ||
        sampling.filter > YOKE_FILTER_LINEAR || sampling.normalized > 1) {
        return yk_fail(error, YOKE_EINVAL,
                       "addressing %u, filter %u or normalized %u is not a valid value",
                       sampling.addressing, sampling.filter, sampling.normalized);
    }
    if (sampling.addressing >= YOKE_ADDRESSING_REPEAT && sampling.normalized == 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "a sampler that repeats or mirrors needs normalized coordinates");
    }
    return YOKE_OK;
}
