/* SPDX-License-Identifier: MIT */
#pragma OPENCL FP_CONTRACT OFF

/*
 * Gaussian blur of a picture of interleaved 8-bit channels, in two passes: along rows
 * into floats, then along columns back to 8 bits. Beyond an edge its last pixel is repeated.
 *
 * weights: 2 radius + 1 of them, their sum is 1. Range: width x height.
 */
__kernel void gaussian_rows(__global float *out, __global const uchar *in,
                            __global const float *weights, const uint radius,
                            const uint width, const uint channels)
{
    const int x = (int)get_global_id(0);
    const size_t row = get_global_id(1) * width;
    const int reach = (int)radius;

    for (uint c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (int k = -reach; k <= reach; k++) {
            const size_t near = (size_t)clamp(x + k, 0, (int)width - 1);
            sum += weights[k + reach] * (float)in[(row + near) * channels + c];
        }
        out[(row + (size_t)x) * channels + c] = sum;
    }
}

__kernel void gaussian_columns(__global uchar *out, __global const float *in,
                               __global const float *weights, const uint radius,
                               const uint width, const uint height, const uint channels)
{
    const size_t x = get_global_id(0);
    const int y = (int)get_global_id(1);
    const int reach = (int)radius;

    for (uint c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (int k = -reach; k <= reach; k++) {
            const size_t near = (size_t)clamp(y + k, 0, (int)height - 1);
            sum += weights[k + reach] * in[(near * width + x) * channels + c];
        }
        out[((size_t)y * width + x) * channels + c] = (uchar)min(sum + 0.5f, 255.0f);
    }
}
