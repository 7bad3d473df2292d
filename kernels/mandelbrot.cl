/* SPDX-License-Identifier: MIT */
#pragma OPENCL FP_CONTRACT OFF

/*
 * The Mandelbrot set. The pixel (x, y) of a picture `width` pixels wide is the point
 * c = (left + x step, top + y step). counts: how often z -> z^2 + c is applied, starting
 * with z = 0, while |z| <= 16, at most `limit` times. norms: the last |z|^2.
 * Range: width x height.
 */
__kernel void mandelbrot(__global uint *counts, __global float *norms, const uint width,
                         const float left, const float top, const float step,
                         const uint limit)
{
    const size_t pixel = get_global_id(1) * width + get_global_id(0);
    const float cx = left + step * (float)get_global_id(0);
    const float cy = top + step * (float)get_global_id(1);
    float zx = 0.0f;
    float zy = 0.0f;
    uint n = 0;

    while (n < limit && zx * zx + zy * zy <= 256.0f) {
        const float next = zx * zx - zy * zy + cx;
        zy = 2.0f * zx * zy + cy;
        zx = next;
        n++;
    }
    counts[pixel] = n;
    norms[pixel] = zx * zx + zy * zy;
}
