/* SPDX-License-Identifier: MIT */
#pragma OPENCL FP_CONTRACT OFF

/*
 * Gravity between `count` bodies (G = 1), softened: distance^2 + softening^2. A
 * position's fourth component is the body's mass. Leapfrog: kick by half a step, drift
 * by a step, kick by half a step. Range: count.
 *
 * Square root and division may differ in their last bits between devices (OpenCL allows
 * 3 and 2.5 ulp), so results agree to a relative 1e-5 of the whole sum, not bitwise.
 */
__kernel void nbody_kick(__global float4 *velocities, __global const float4 *positions,
                         const uint count, const float step, const float softening)
{
    const size_t i = get_global_id(0);
    const float4 own = positions[i];
    float ax = 0.0f;
    float ay = 0.0f;
    float az = 0.0f;

    for (uint j = 0; j < count; j++) {
        const float4 other = positions[j];
        const float dx = other.x - own.x;
        const float dy = other.y - own.y;
        const float dz = other.z - own.z;
        const float square = dx * dx + dy * dy + dz * dz + softening * softening;
        const float inverse = 1.0f / sqrt(square);
        const float pull = other.w * inverse * inverse * inverse;
        ax += pull * dx;
        ay += pull * dy;
        az += pull * dz;
    }
    velocities[i].x += step * ax;
    velocities[i].y += step * ay;
    velocities[i].z += step * az;
}

__kernel void nbody_drift(__global float4 *positions, __global const float4 *velocities,
                          const float step)
{
    const size_t i = get_global_id(0);

    positions[i].x += step * velocities[i].x;
    positions[i].y += step * velocities[i].y;
    positions[i].z += step * velocities[i].z;
}

/* A body's kinetic energy, and half of its potential energy with all others: the sum
 * over all bodies is the energy of the whole. */
__kernel void nbody_energy(__global float *energies, __global const float4 *velocities,
                           __global const float4 *positions, const uint count,
                           const float softening)
{
    const size_t i = get_global_id(0);
    const float4 own = positions[i];
    const float4 v = velocities[i];
    float potential = 0.0f;

    for (uint j = 0; j < count; j++) {
        const float4 other = positions[j];
        const float dx = other.x - own.x;
        const float dy = other.y - own.y;
        const float dz = other.z - own.z;
        const float square = dx * dx + dy * dy + dz * dz + softening * softening;
        const float mass = j == i ? 0.0f : other.w;
        potential += mass / sqrt(square);
    }
    energies[i] = 0.5f * own.w * (v.x * v.x + v.y * v.y + v.z * v.z - potential);
}
