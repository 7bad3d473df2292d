/* SPDX-License-Identifier: MIT */
#pragma OPENCL FP_CONTRACT OFF

/* z = a x + y */
__kernel void saxpy(__global float *z, __global const float *x, __global const float *y,
                    const float a)
{
    const size_t i = get_global_id(0);

    z[i] = a * x[i] + y[i];
}
