/* SPDX-License-Identifier: MIT */

/* sums[k] = 0*0 + 1*1 + ... + (n-1)*(n-1) for n = limits[k], modulo 2^64 */
__kernel void sum_squares(__global ulong *sums, __global const ulong *limits)
{
    const size_t k = get_global_id(0);
    const ulong n = limits[k];
    ulong sum = 0;

    for (ulong i = 0; i < n; i++) {
        sum += i * i;
    }
    sums[k] = sum;
}
