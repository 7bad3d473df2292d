/* SPDX-License-Identifier: MIT */
#include "opencl/image/cl_image_format.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "driver/cl_query.h"
#include "yoke/image.h"

typedef struct format_name {
    const char *name;
    cl_uint value;
} format_name;

static const format_name orders[] = {
    [YOKE_CHANNELS_R] = {"R", CL_R},
    [YOKE_CHANNELS_RG] = {"RG", CL_RG},
    [YOKE_CHANNELS_RGBA] = {"RGBA", CL_RGBA},
    [YOKE_CHANNELS_BGRA] = {"BGRA", CL_BGRA},
};

static const format_name channel_types[] = {
    [YOKE_CHANNEL_UNORM8] = {"UNORM8", CL_UNORM_INT8},
    [YOKE_CHANNEL_UNORM16] = {"UNORM16", CL_UNORM_INT16},
    [YOKE_CHANNEL_INT8] = {"INT8", CL_SIGNED_INT8},
    [YOKE_CHANNEL_INT16] = {"INT16", CL_SIGNED_INT16},
    [YOKE_CHANNEL_INT32] = {"INT32", CL_SIGNED_INT32},
    [YOKE_CHANNEL_UINT8] = {"UINT8", CL_UNSIGNED_INT8},
    [YOKE_CHANNEL_UINT16] = {"UINT16", CL_UNSIGNED_INT16},
    [YOKE_CHANNEL_UINT32] = {"UINT32", CL_UNSIGNED_INT32},
    [YOKE_CHANNEL_HALF] = {"HALF", CL_HALF_FLOAT},
    [YOKE_CHANNEL_FLOAT] = {"FLOAT", CL_FLOAT},
};

static cl_mem_object_type image_type_of(uint32_t shape)
{
    static const cl_mem_object_type object_types[] = {
        [YK_SHAPE_1D] = CL_MEM_OBJECT_IMAGE1D,
        [YK_SHAPE_2D] = CL_MEM_OBJECT_IMAGE2D,
        [YK_SHAPE_3D] = CL_MEM_OBJECT_IMAGE3D,
        [YK_SHAPE_1D_ARRAY] = CL_MEM_OBJECT_IMAGE1D_ARRAY,
        [YK_SHAPE_2D_ARRAY] = CL_MEM_OBJECT_IMAGE2D_ARRAY,
    };

    return object_types[shape];
}

cl_image_format yk_cl_format_of(const yk_pixels *pixels)
{
    return (cl_image_format){orders[pixels->channels].value,
                             channel_types[pixels->type].value};
}

void yk_cl_format_name(const yk_pixels *pixels, char text[32])
{
    (void)snprintf(text, 32, "%s %s", orders[pixels->channels].name,
                   channel_types[pixels->type].name);
}

cl_image_desc yk_cl_image_desc_of(const yk_pixels *pixels, bool has_pitches)
{
    const bool is_row = pixels->shape == YK_SHAPE_1D;
    const bool has_rows = pixels->shape != YK_SHAPE_1D_ARRAY;
    const uint64_t slice = has_rows ? pixels->slice_pitch : pixels->row_pitch;
    cl_image_desc desc = {
        .image_type = image_type_of(pixels->shape),
        .image_width = (size_t)pixels->size[0],
        .image_height = (size_t)pixels->size[1],
        .image_depth = (size_t)pixels->size[2],
        .image_array_size = (size_t)(has_rows ? pixels->size[2] : pixels->size[1]),
    };

    if (has_pitches && !is_row) {
        desc.image_row_pitch = (size_t)pixels->row_pitch;
        desc.image_slice_pitch = pixels->shape != YK_SHAPE_2D ? (size_t)slice : 0;
    }
    return desc;
}

bool yk_cl_format_is_supported(const yk_cl_device *device, const yk_pixels *pixels,
                               cl_mem_flags access)
{
    const cl_image_format wanted = yk_cl_format_of(pixels);
    const cl_mem_object_type type = image_type_of(pixels->shape);
    cl_image_format *formats;
    cl_uint count = 0;
    bool found = false;

    if (yk_cl.clGetSupportedImageFormats(device->context, access, type, 0, NULL, &count) !=
            CL_SUCCESS ||
        count == 0) {
        return false;
    }
    formats = calloc(count, sizeof *formats);
    if (formats == NULL || yk_cl.clGetSupportedImageFormats(device->context, access, type, count,
                                                            formats, NULL) != CL_SUCCESS) {
        count = 0;
    }
    for (cl_uint i = 0; i < count; i++) {
        found = found ||
                (formats[i].image_channel_order == wanted.image_channel_order &&
                 formats[i].image_channel_data_type == wanted.image_channel_data_type);
    }
    free(formats);
    return found;
}

void yk_cl_image_limits(const yk_cl_device *device, uint32_t shape, uint64_t limits[3])
{
    static const cl_device_info asked[][3] = {
        [YK_SHAPE_1D] = {CL_DEVICE_IMAGE2D_MAX_WIDTH},
        [YK_SHAPE_2D] = {CL_DEVICE_IMAGE2D_MAX_WIDTH, CL_DEVICE_IMAGE2D_MAX_HEIGHT},
        [YK_SHAPE_3D] = {CL_DEVICE_IMAGE3D_MAX_WIDTH, CL_DEVICE_IMAGE3D_MAX_HEIGHT,
                         CL_DEVICE_IMAGE3D_MAX_DEPTH},
        [YK_SHAPE_1D_ARRAY] = {CL_DEVICE_IMAGE2D_MAX_WIDTH,
                               CL_DEVICE_IMAGE_MAX_ARRAY_SIZE},
        [YK_SHAPE_2D_ARRAY] = {CL_DEVICE_IMAGE2D_MAX_WIDTH, CL_DEVICE_IMAGE2D_MAX_HEIGHT,
                               CL_DEVICE_IMAGE_MAX_ARRAY_SIZE},
    };

    for (unsigned d = 0; d < 3; d++) {
        const cl_device_info what = asked[shape][d];

        limits[d] = what == 0 ? 1 : yk_cl_device_number(device->id, what);
    }
}
