/* SPDX-License-Identifier: MIT */

/*
 * out = in transposed; in has `height` rows of `width` floats. A work-group turns a
 * square through local memory, so that both reads and writes run along rows. The range
 * is that of the output, height x width, rounded up to whole squares; groups are
 * square. tile: side * (side + 1) floats, one more in a row so that columns fall into
 * different banks.
 */
__kernel void transpose(__global float *out, __global const float *in, const uint width,
                        const uint height, __local float *tile)
{
    const size_t side = get_local_size(0);
    const size_t kx = get_local_id(0);
    const size_t ky = get_local_id(1);
    const size_t x = get_global_id(0);
    const size_t y = get_global_id(1);
    const size_t row = x - kx + ky;
    const size_t column = y - ky + kx;

    if (row < height && column < width) {
        tile[ky * (side + 1) + kx] = in[row * width + column];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (x < height && y < width) {
        out[y * height + x] = tile[kx * (side + 1) + ky];
    }
}
