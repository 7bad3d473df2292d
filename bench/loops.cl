/* SPDX-License-Identifier: MIT */
/* The loops of loops.c, one work-item an element (nbody: a body). */
#pragma OPENCL FP_CONTRACT OFF

__kernel void empty(uint width, uint height, uint work)
{
}

__kernel void saxpy(__global float *z, __global const float *x, __global const float *y,
                    uint width, uint height, uint work)
{
    const size_t i = get_global_id(0);

    z[i] = 0.5f * x[i] + y[i];
}

__kernel void saxpy_inplace(__global float *y, __global const float *x, uint width,
                            uint height, uint work)
{
    const size_t i = get_global_id(0);

    y[i] = 0.5f * x[i] + y[i];
}

__kernel void mandelbrot(__global uint *count, uint width, uint height, uint work)
{
    const size_t x = get_global_id(0), y = get_global_id(1);
    const float step = 3.0f / (float)width;
    const float cx = -2.25f + step * (float)x, cy = -1.5f + step * (float)y;
    float zx = 0, zy = 0;
    uint n = 0;

    while (n < work && zx * zx + zy * zy <= 4.0f) {
        const float next = zx * zx - zy * zy + cx;
        zy = 2.0f * zx * zy + cy;
        zx = next;
        n++;
    }
    count[y * width + x] = n;
}

__kernel void nbody(__global float4 *velocity, __global const float4 *position,
                    uint width, uint height, uint work)
{
    const size_t i = get_global_id(0);
    const float3 at = position[i].xyz;
    float3 pull = 0;

    for (uint j = 0; j < height; j++) {
        const float4 p = position[j];
        const float3 d = p.xyz - at;
        const float r2 = d.x * d.x + d.y * d.y + d.z * d.z + 0.01f;
        pull += p.w / (r2 * sqrt(r2)) * d;
    }
    velocity[i].xyz += 1e-3f * pull;
}

__kernel void blur(__global float *out, __global const float *in, uint width, uint height,
                   uint work)
{
    const float weight[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};
    const int x = get_global_id(0), y = get_global_id(1);
    const int last = (int)width - 1, bottom = (int)height - 1;
    float sum = 0;

    for (int j = 0; j < 5; j++) {
        const int column = clamp(x + j - 2, 0, last);
        float part = 0;
        for (int i = 0; i < 5; i++) {
            part += weight[i] * in[(size_t)clamp(y + i - 2, 0, bottom) * width + column];
        }
        sum += weight[j] * part;
    }
    out[(size_t)y * width + x] = sum;
}

__kernel void multiply_add(__global float16 *out, uint width, uint height, uint work)
{
    const uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const size_t item = get_global_id(0);
    float16 v[4];

    for (uint i = 0; i < 4; i++) {
        v[i] = convert_float16(((uint)item + 16 * i + lane) & 1023);
    }
    for (uint k = 0; k < work; k++) {
        v[0] = v[0] * 0.999f + 0.001f;
        v[1] = v[1] * 0.999f + 0.001f;
        v[2] = v[2] * 0.999f + 0.001f;
        v[3] = v[3] * 0.999f + 0.001f;
    }
    for (uint i = 0; i < 4; i++) {
        out[4 * item + i] = v[i];
    }
}
