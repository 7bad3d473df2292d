/* SPDX-License-Identifier: MIT */

/*
 * The sum of each work-group's items, one number per group, by a tree in local memory;
 * the group size is a power of two. Elements at or after `count` count as 0, so a range
 * may be rounded up. Range: count. scratch: a float per item of a group.
 */
__kernel void reduce_group(__global float *partial, __global const float *in,
                           const uint count, __local float *scratch)
{
    const size_t i = get_global_id(0);
    const size_t k = get_local_id(0);

    scratch[k] = i < count ? in[i] : 0.0f;
    for (size_t width = get_local_size(0) / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (k < width) {
            scratch[k] += scratch[k + width];
        }
    }
    if (k == 0) {
        partial[get_group_id(0)] = scratch[0];
    }
}
