/* SPDX-License-Identifier: MIT */
__kernel void double_up(__global uint *y, __global const uint *x, const uint more)
{
    const size_t i = get_global_id(0);

    y[i] = mad24(2u, x[i], more);
}
