/* SPDX-License-Identifier: MIT */

/*
 * Bilateral filter (Tomasi and Manduchi, 1998) of a picture of 1 to 4 interleaved 8-bit
 * channels: a blur that spares edges, because the weight of a neighbour falls with its
 * distance and with the difference of its colour. Neighbours outside the picture do not
 * count. Range: width x height.
 *
 * near:  (2 radius + 1)^2 weights by position, 0 to 255, the one in the middle not 0
 * alike: 255 channels + 1 weights by sum of differences, 0 to 255, the first not 0
 *
 * Integers only, so the result is the same everywhere. The sums fit for radius <= 7.
 */
__kernel void bilateral(__global uchar *out, __global const uchar *in,
                        __global const uint *near, __global const uint *alike,
                        const uint radius, const uint width, const uint height,
                        const uint channels)
{
    const int x = (int)get_global_id(0);
    const int y = (int)get_global_id(1);
    const int reach = (int)radius;
    const size_t own = ((size_t)y * width + (size_t)x) * channels;
    uint total = 0;
    uint sums[4] = {0, 0, 0, 0};

    for (int dy = max(-reach, -y); dy <= min(reach, (int)height - 1 - y); dy++) {
        for (int dx = max(-reach, -x); dx <= min(reach, (int)width - 1 - x); dx++) {
            const size_t other =
                ((size_t)(y + dy) * width + (size_t)(x + dx)) * channels;
            uint difference = 0;
            for (uint c = 0; c < channels; c++) {
                difference += abs_diff((uint)in[own + c], (uint)in[other + c]);
            }
            const int place = (dy + reach) * (2 * reach + 1) + dx + reach;
            const uint weight = near[place] * alike[difference];
            total += weight;
            for (uint c = 0; c < channels; c++) {
                sums[c] += weight * in[other + c];
            }
        }
    }
    for (uint c = 0; c < channels; c++) {
        out[own + c] = (uchar)((sums[c] + total / 2) / total);
    }
}
