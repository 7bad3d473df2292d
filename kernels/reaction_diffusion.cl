/* SPDX-License-Identifier: MIT */
#pragma OPENCL FP_CONTRACT OFF

/*
 * One step of the Gray-Scott model (Pearson, Science 261, 1993) on a periodic grid:
 *
 *     u' = u + Du lap(u) - u v^2 + feed (1 - u)
 *     v' = v + Dv lap(v) + u v^2 - (feed + kill) v
 *
 * Values of v below 1e-18 become 0. Otherwise the far tails of the diffusion would be
 * subnormal numbers, which are slow on some devices and zero on others.
 * Range: width x height.
 */
__kernel void reaction_diffusion(__global float *u_next, __global float *v_next,
                                 __global const float *u, __global const float *v,
                                 const uint width, const uint height, const float du,
                                 const float dv, const float feed, const float kill)
{
    const size_t x = get_global_id(0);
    const size_t y = get_global_id(1);
    const size_t row = y * width;
    const size_t north = (y > 0 ? y - 1 : height - 1) * width + x;
    const size_t south = (y + 1 < height ? y + 1 : 0) * width + x;
    const size_t west = row + (x > 0 ? x - 1 : width - 1);
    const size_t east = row + (x + 1 < width ? x + 1 : 0);
    const size_t here = row + x;
    const float a = u[here];
    const float b = v[here];
    const float lap_a = u[north] + u[south] + u[west] + u[east] - 4.0f * a;
    const float lap_b = v[north] + v[south] + v[west] + v[east] - 4.0f * b;
    const float reaction = a * b * b;
    const float next = b + (dv * lap_b + reaction - (feed + kill) * b);

    u_next[here] = a + (du * lap_a - reaction + feed * (1.0f - a));
    v_next[here] = next >= 1e-18f ? next : 0.0f;
}
