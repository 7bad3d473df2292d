/* SPDX-License-Identifier: MIT */
/*
 * Two clusters of stars fall into each other. The leapfrog method keeps the energy almost
 * constant; the program prints the drift over the whole run.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

enum { PICTURE = 768 };

static const float step = 0.01f;
static const float softening = 0.05f;

/* As OpenCL's float4; w is the mass in a position, nothing in a velocity. */
typedef struct vector4 {
    float x, y, z, w;
} vector4;

typedef struct settings {
    size_t bodies;
    size_t steps;
    const char *output;
} settings;

typedef struct system {
    yoke_pool *pool;
    yoke_kernel *kick;
    yoke_kernel *drift;
    yoke_kernel *energy;
    vector4 *positions;
    vector4 *velocities;
    float *energies;
    size_t bodies;
} system_of_bodies;

static const char usage[] =
    "usage: nbody [--bodies N] [--steps N] [--output FILE.png]\n"
    "Follows N stars of two clusters that meet.\n";

static settings parse(int argc, char **argv)
{
    static const struct option options[] = {{"bodies", required_argument, NULL, 'n'},
                                            {"steps", required_argument, NULL, 't'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    settings set = {4096, 300, "nbody.png"};
    int option;

    while ((option = getopt_long(argc, argv, "n:t:o:h", options, NULL)) != -1) {
        if (option == 'n') {
            set.bodies = example_number(optarg, "bodies", 2, 1ul << 24);
        } else if (option == 't') {
            set.steps = example_number(optarg, "steps", 1, 1000000);
        } else if (option == 'o') {
            set.output = optarg;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    return set;
}

/* A number from 0 to 1, both excluded. */
static double next_random(void)
{
    static uint64_t state = 2026;

    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(state >> 40) + 0.5) / 16777216.0;
}

/* A point on a sphere of that radius. */
static vector4 random_direction(double radius)
{
    const double z = 2.0 * next_random() - 1.0;
    const double angle = 2.0 * M_PI * next_random();
    const double flat = sqrt(1.0 - z * z);

    return (vector4){(float)(radius * flat * cos(angle)),
                     (float)(radius * flat * sin(angle)), (float)(radius * z), 0.0f};
}

/* A star of a Plummer sphere of mass and radius 1 at rest (Aarseth, Henon and Wielen,
 * Astronomy and Astrophysics 37, 1974). */
static void random_star(vector4 *position, vector4 *velocity)
{
    double radius, speed, chance;

    do {
        radius = 1.0 / sqrt(pow(next_random(), -2.0 / 3.0) - 1.0);
    } while (radius > 8.0);
    do {
        speed = next_random();
        chance = 0.1 * next_random();
    } while (chance > speed * speed * pow(1.0 - speed * speed, 3.5));
    *position = random_direction(radius);
    *velocity = random_direction(speed * M_SQRT2 * pow(1.0 + radius * radius, -0.25));
}

/* Every other star belongs to the cluster on the other side, which moves the opposite way.
 */
static void start_clusters(system_of_bodies *s)
{
    for (size_t i = 0; i < s->bodies; i++) {
        const float side = i % 2 == 0 ? 1.0f : -1.0f;
        random_star(&s->positions[i], &s->velocities[i]);
        s->positions[i].x += side * 2.5f;
        s->positions[i].y += side * 1.0f;
        s->positions[i].w = 2.0f / (float)s->bodies;
        s->velocities[i].x -= side * 0.6f;
    }
}

static yoke_future *queue_kick(const system_of_bodies *s, float seconds)
{
    yoke_future *future = NULL;

    example_check(
        s->pool,
        yoke_map_async(
            &future, s->pool, s->kick, yoke_range_1d(s->bodies), NULL,
            YOKE_ARGS(yoke_inout(s->velocities, sizeof(vector4)),
                      yoke_in_whole(s->positions, s->bodies * sizeof(vector4)),
                      yoke_scalar((uint32_t)s->bodies), yoke_scalar(seconds),
                      yoke_scalar(softening))),
        "kick");
    return future;
}

static yoke_future *queue_drift(const system_of_bodies *s)
{
    yoke_future *future = NULL;

    example_check(s->pool,
                  yoke_map_async(&future, s->pool, s->drift, yoke_range_1d(s->bodies),
                                 NULL,
                                 YOKE_ARGS(yoke_inout(s->positions, sizeof(vector4)),
                                           yoke_in(s->velocities, sizeof(vector4)),
                                           yoke_scalar(step))),
                  "drift");
    return future;
}

/*
 * Leapfrog: kick by half a step, drift, kick by half a step. The last kick of a step
 * and the first of the next are one. Jobs are queued ahead. Each needs what the one
 * before it writes, so they run one after the other.
 */
static void take_steps(const system_of_bodies *s, size_t steps)
{
    yoke_future *kicked = queue_kick(s, 0.5f * step);

    for (size_t i = 1; i <= steps; i++) {
        yoke_future *drifted = queue_drift(s);
        yoke_future *next = queue_kick(s, i < steps ? step : 0.5f * step);
        example_wait(kicked, "kick");
        example_wait(drifted, "drift");
        kicked = next;
        example_progress("nbody", (double)i / (double)steps);
    }
    example_wait(kicked, "kick");
}

static double total_energy(const system_of_bodies *s)
{
    double sum = 0.0;

    example_check(s->pool,
                  yoke_map(s->pool, s->energy, yoke_range_1d(s->bodies),
                           yoke_out(s->energies, sizeof(float)),
                           yoke_in(s->velocities, sizeof(vector4)),
                           yoke_in_whole(s->positions, s->bodies * sizeof(vector4)),
                           yoke_scalar((uint32_t)s->bodies), yoke_scalar(softening)),
                  "energy");
    for (size_t i = 0; i < s->bodies; i++) {
        sum += (double)s->energies[i];
    }
    return sum;
}

/* A star lights its pixel and, weaker, those around it. */
static void draw_star(float *light, const vector4 *star, int cluster)
{
    static const float spread[3] = {0.6f, 1.0f, 0.6f};
    const int column = (int)lrintf((star->x / 8.0f + 0.5f) * (float)PICTURE);
    const int row = (int)lrintf((star->y / 8.0f + 0.5f) * (float)PICTURE);

    for (int i = 0; i < 9; i++) {
        const int x = column + i % 3 - 1;
        const int y = row + i / 3 - 1;
        if (x >= 0 && x < PICTURE && y >= 0 && y < PICTURE) {
            const float part = spread[i % 3] * spread[i / 3];
            float *pixel = light + 3 * (y * PICTURE + x);
            pixel[0] += part * (cluster == 0 ? 1.0f : 0.45f);
            pixel[1] += part * 0.7f;
            pixel[2] += part * (cluster == 0 ? 0.45f : 1.0f);
        }
    }
}

static void write_picture(const char *path, const system_of_bodies *s)
{
    const size_t values = (size_t)3 * PICTURE * PICTURE;
    float *light = calloc(values, sizeof *light);
    uint8_t *pixels = malloc(values);

    if (light == NULL || pixels == NULL) {
        fputs("no memory for the picture\n", stderr);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < s->bodies; i++) {
        draw_star(light, &s->positions[i], (int)(i % 2));
    }
    for (size_t i = 0; i < values; i++) {
        pixels[i] = (uint8_t)(255.0f * (1.0f - expf(-1.2f * light[i])));
    }
    example_picture_write(path, pixels, PICTURE, PICTURE, 3);
    free(light);
    free(pixels);
}

static system_of_bodies create_system(size_t bodies)
{
    yoke_pool *pool = example_pool();
    system_of_bodies s = {
        .pool = pool,
        .kick = example_kernel(pool, "nbody_kick"),
        .drift = example_kernel(pool, "nbody_drift"),
        .energy = example_kernel(pool, "nbody_energy"),
        .positions = example_alloc(pool, bodies * sizeof(vector4)),
        .velocities = example_alloc(pool, bodies * sizeof(vector4)),
        .energies = example_alloc(pool, bodies * sizeof(float)),
        .bodies = bodies,
    };

    start_clusters(&s);
    return s;
}

static void destroy_system(system_of_bodies *s)
{
    yoke_kernel_destroy(s->kick);
    yoke_kernel_destroy(s->drift);
    yoke_kernel_destroy(s->energy);
    example_close(s->pool);
}

int main(int argc, char **argv)
{
    const settings set = parse(argc, argv);
    system_of_bodies s = create_system(set.bodies);
    const double before = total_energy(&s);

    const double start = example_seconds();
    take_steps(&s, set.steps);
    const double seconds = example_seconds() - start;
    const double after = total_energy(&s);
    const double drift = (after - before) / fabs(before);
    printf("energy %.6f -> %.6f, drift %.2e\n", before, after, drift);
    write_picture(set.output, &s);

    char size[64];
    snprintf(size, sizeof size, "%zu bodies, %zu steps", set.bodies, set.steps);
    const int result =
        example_summary(s.pool, "nbody", size, seconds, fabs(drift) < 1e-3);
    destroy_system(&s);
    return result;
}
