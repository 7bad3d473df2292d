/* SPDX-License-Identifier: MIT */
/*
 * LANES bodies at a time against each other body, so that the loop over the lanes
 * vectorises while each body's sum is still formed in order.
 */
#include <math.h>
#include <stdint.h>

#include "kernels.h"

enum { LANES = 16 };

typedef struct vector4 {
    float x, y, z, w;
} vector4;

typedef struct lanes {
    float x[LANES], y[LANES], z[LANES];
} lanes;

/* The positions of `count` bodies; the lanes beyond get the last one's. */
static void load_lanes(lanes *own, const vector4 *bodies, size_t count)
{
    for (size_t k = 0; k < LANES; k++) {
        const vector4 *body = &bodies[k < count ? k : count - 1];
        own->x[k] = body->x;
        own->y[k] = body->y;
        own->z[k] = body->z;
    }
}

static void accelerate(lanes *sum, const lanes *own, const vector4 *bodies,
                       size_t count, float softening)
{
    const float floor = softening * softening;
    lanes a = {{0}, {0}, {0}};

    for (size_t j = 0; j < count; j++) {
        const vector4 other = bodies[j];
        for (size_t k = 0; k < LANES; k++) {
            const float dx = other.x - own->x[k];
            const float dy = other.y - own->y[k];
            const float dz = other.z - own->z[k];
            const float square = dx * dx + dy * dy + dz * dz + floor;
            const float inverse = 1.0f / sqrtf(square);
            const float pull = other.w * inverse * inverse * inverse;
            a.x[k] += pull * dx;
            a.y[k] += pull * dy;
            a.z[k] += pull * dz;
        }
    }
    *sum = a;
}

void sample_nbody_kick(const yoke_span *span, void *const args[])
{
    vector4 *velocities = args[0];
    const vector4 *positions = args[1];
    const size_t count = *(const uint32_t *)args[2];
    const float step = *(const float *)args[3];
    const float softening = *(const float *)args[4];

    for (size_t first = span->begin; first < span->end; first += LANES) {
        const size_t left = span->end - first;
        const size_t n = left < LANES ? left : LANES;
        lanes own;
        lanes a;

        load_lanes(&own, positions + first, n);
        accelerate(&a, &own, positions, count, softening);
        for (size_t k = 0; k < n; k++) {
            velocities[first + k].x += step * a.x[k];
            velocities[first + k].y += step * a.y[k];
            velocities[first + k].z += step * a.z[k];
        }
    }
}

void sample_nbody_drift(const yoke_span *span, void *const args[])
{
    vector4 *positions = args[0];
    const vector4 *velocities = args[1];
    const float step = *(const float *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        positions[i].x += step * velocities[i].x;
        positions[i].y += step * velocities[i].y;
        positions[i].z += step * velocities[i].z;
    }
}

static float potential_at(const vector4 *bodies, size_t count, size_t i,
                          float softening)
{
    const vector4 own = bodies[i];
    float potential = 0.0f;

    for (size_t j = 0; j < count; j++) {
        const float dx = bodies[j].x - own.x;
        const float dy = bodies[j].y - own.y;
        const float dz = bodies[j].z - own.z;
        const float square = dx * dx + dy * dy + dz * dz + softening * softening;
        const float mass = j == i ? 0.0f : bodies[j].w;
        potential += mass / sqrtf(square);
    }
    return potential;
}

void sample_nbody_energy(const yoke_span *span, void *const args[])
{
    float *energies = args[0];
    const vector4 *velocities = args[1];
    const vector4 *positions = args[2];
    const size_t count = *(const uint32_t *)args[3];
    const float softening = *(const float *)args[4];

    for (size_t i = span->begin; i < span->end; i++) {
        const vector4 v = velocities[i];
        const float potential = potential_at(positions, count, i, softening);
        energies[i] =
            0.5f * positions[i].w * (v.x * v.x + v.y * v.y + v.z * v.z - potential);
    }
}
