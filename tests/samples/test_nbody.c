/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

#include <math.h>

enum { COUNT = 333 };

typedef struct body {
    float x, y, z, w;
} body;

static const float step = 0.25f;
static const float softening = 0.05f;

static void fill_bodies(body *positions, body *velocities)
{
    fill_floats(&positions[0].x, (size_t)4 * COUNT, 0.0f, 1.0f);
    fill_floats(&velocities[0].x, (size_t)4 * COUNT, -1.0f, 0.5f);
}

static double softened(const body *a, const body *b)
{
    const double dx = (double)b->x - (double)a->x;
    const double dy = (double)b->y - (double)a->y;
    const double dz = (double)b->z - (double)a->z;

    return sqrt(dx * dx + dy * dy + dz * dz + (double)softening * (double)softening);
}

static void kick(body *velocity, const body *positions, size_t i)
{
    double a[3] = {0};

    for (size_t j = 0; j < COUNT; j++) {
        const double distance = softened(&positions[i], &positions[j]);
        const double pull = (double)positions[j].w / (distance * distance * distance);
        a[0] += pull * ((double)positions[j].x - (double)positions[i].x);
        a[1] += pull * ((double)positions[j].y - (double)positions[i].y);
        a[2] += pull * ((double)positions[j].z - (double)positions[i].z);
    }
    velocity->x += (float)((double)step * a[0]);
    velocity->y += (float)((double)step * a[1]);
    velocity->z += (float)((double)step * a[2]);
}

static void kicks(void **state)
{
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "nbody_kick");
    body *positions = setup_array(pool, COUNT * sizeof *positions);
    body *velocities = setup_array(pool, COUNT * sizeof *velocities);
    static body expected[COUNT];

    fill_bodies(positions, velocities);
    for (size_t i = 0; i < COUNT; i++) {
        expected[i] = velocities[i];
        kick(&expected[i], positions, i);
    }
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(COUNT),
                                  yoke_inout(velocities, sizeof *velocities),
                                  yoke_in_whole(positions, COUNT * sizeof *positions),
                                  yoke_scalar((uint32_t)COUNT), yoke_scalar(step),
                                  yoke_scalar(softening)));
    assert_floats_near(&velocities[0].x, &expected[0].x, (size_t)4 * COUNT, 1e-5);
    setup_close(pool, kernel);
}

static void drifts(void **state)
{
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "nbody_drift");
    body *positions = setup_array(pool, COUNT * sizeof *positions);
    body *velocities = setup_array(pool, COUNT * sizeof *velocities);
    static body expected[COUNT];

    fill_bodies(positions, velocities);
    for (size_t i = 0; i < COUNT; i++) {
        expected[i] = positions[i];
        expected[i].x += step * velocities[i].x;
        expected[i].y += step * velocities[i].y;
        expected[i].z += step * velocities[i].z;
    }
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(COUNT),
                                  yoke_inout(positions, sizeof *positions),
                                  yoke_in(velocities, sizeof *velocities),
                                  yoke_scalar(step)));
    assert_memory_equal(positions, expected, sizeof expected);
    setup_close(pool, kernel);
}

static float energy(const body *positions, const body *v, size_t i)
{
    double potential = 0;

    for (size_t j = 0; j < COUNT; j++) {
        if (j != i) {
            potential +=
                (double)positions[j].w / softened(&positions[i], &positions[j]);
        }
    }
    const double square = (double)(v->x * v->x + v->y * v->y + v->z * v->z);
    return (float)(0.5 * (double)positions[i].w * (square - potential));
}

static void knows_its_energy(void **state)
{
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "nbody_energy");
    body *positions = setup_array(pool, COUNT * sizeof *positions);
    body *velocities = setup_array(pool, COUNT * sizeof *velocities);
    float *energies = setup_array(pool, COUNT * sizeof *energies);
    float expected[COUNT];

    fill_bodies(positions, velocities);
    for (size_t i = 0; i < COUNT; i++) {
        expected[i] = energy(positions, &velocities[i], i);
    }
    assert_ok_pool(pool,
                   yoke_map(pool, kernel, yoke_range_1d(COUNT),
                            yoke_out(energies, sizeof *energies),
                            yoke_in(velocities, sizeof *velocities),
                            yoke_in_whole(positions, COUNT * sizeof *positions),
                            yoke_scalar((uint32_t)COUNT), yoke_scalar(softening)));
    assert_floats_near(energies, expected, COUNT, 1e-5);
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(kicks), SAMPLE_TESTS(drifts),
                                       SAMPLE_TESTS(knows_its_energy)};

    return yt_run_group(tests);
}
