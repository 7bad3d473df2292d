/* SPDX-License-Identifier: MIT */
/*
 * Gray-Scott reaction and diffusion: thousands of steps from one pair of grids to the
 * other. The steps are queued ahead. The pool knows which grids each step reads and
 * writes, and keeps the steps in order without a round trip to this program in between.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { AHEAD = 64, CHECKED_STEPS = 10 };

static const float du = 0.16f;
static const float dv = 0.08f;
static const float feed = 0.0545f;
static const float rate = 0.062f;

typedef struct settings {
    size_t size;
    size_t steps;
    const char *output;
} settings;

typedef struct grids {
    float *u[2];
    float *v[2];
} grids;

static const char usage[] =
    "usage: reaction_diffusion [--size N] [--steps N] [--output FILE.png]\n"
    "Grows a pattern on a periodic grid of N by N cells.\n";

static settings parse(int argc, char **argv)
{
    static const struct option options[] = {{"size", required_argument, NULL, 's'},
                                            {"steps", required_argument, NULL, 't'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    settings set = {512, 6000, "reaction_diffusion.png"};
    int option;

    while ((option = getopt_long(argc, argv, "s:t:o:h", options, NULL)) != -1) {
        if (option == 's') {
            set.size = example_number(optarg, "size", 16, 16384);
        } else if (option == 't') {
            set.steps = example_number(optarg, "steps", CHECKED_STEPS, 10000000);
        } else if (option == 'o') {
            set.output = optarg;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    return set;
}

/* Everything is u, with drops of v in scattered places. */
static void start_grids(grids *g, yoke_pool *pool, size_t size)
{
    uint32_t seed = 1;

    for (int k = 0; k < 2; k++) {
        g->u[k] = example_alloc(pool, size * size * sizeof(float));
        g->v[k] = example_alloc(pool, size * size * sizeof(float));
    }
    for (size_t i = 0; i < size * size; i++) {
        g->u[0][i] = 1.0f;
    }
    for (size_t drop = 0; drop < 1 + size / 8; drop++) {
        seed = seed * 1664525u + 1013904223u;
        const size_t x = (seed >> 8) % (size - 8);
        seed = seed * 1664525u + 1013904223u;
        const size_t y = (seed >> 8) % (size - 8);
        for (size_t i = 0; i < 64; i++) {
            g->v[0][(y + i / 8) * size + x + i % 8] = 0.5f;
        }
    }
}

static yoke_future *queue_step(yoke_pool *pool, yoke_kernel *kernel, const grids *g,
                               size_t size, size_t step)
{
    const size_t from = step % 2;
    const size_t to = 1 - from;
    const size_t pitch = size * sizeof(float);
    yoke_future *future = NULL;

    example_check(
        pool,
        yoke_map_async(
            &future, pool, kernel, yoke_range_2d(size, size), NULL,
            YOKE_ARGS(yoke_out(g->u[to], pitch), yoke_out(g->v[to], pitch),
                      yoke_in_halo(g->u[from], pitch, 1, 1, YOKE_EDGE_PERIODIC),
                      yoke_in_halo(g->v[from], pitch, 1, 1, YOKE_EDGE_PERIODIC),
                      yoke_scalar((uint32_t)size), yoke_scalar((uint32_t)size),
                      yoke_scalar(du), yoke_scalar(dv), yoke_scalar(feed),
                      yoke_scalar(rate))),
        "reaction_diffusion");
    return future;
}

/* Runs the steps [first, last), with at most AHEAD of them queued at any time. */
static void run_steps(yoke_pool *pool, yoke_kernel *kernel, const grids *g, size_t size,
                      size_t first, size_t last)
{
    yoke_future *queued[AHEAD];

    for (size_t step = first; step < last + AHEAD; step++) {
        if (step >= first + AHEAD && step - AHEAD < last) {
            example_wait(queued[step % AHEAD], "reaction_diffusion");
            example_progress("reaction_diffusion",
                             (double)(step - AHEAD) / (double)last);
        }
        if (step < last) {
            queued[step % AHEAD] = queue_step(pool, kernel, g, size, step);
        }
    }
}

/* While the steps run only the pool touches the grids: devices with memory of their own
 * keep them, and only the edges of their shares move. */
static void lend(yoke_pool *pool, const grids *g)
{
    for (int k = 0; k < 2; k++) {
        example_check(pool, yoke_lend(g->u[k]), "yoke_lend");
        example_check(pool, yoke_lend(g->v[k]), "yoke_lend");
    }
}

static void reclaim(yoke_pool *pool, const grids *g)
{
    for (int k = 0; k < 2; k++) {
        example_check(pool, yoke_reclaim(g->u[k]), "yoke_reclaim");
        example_check(pool, yoke_reclaim(g->v[k]), "yoke_reclaim");
    }
}

static float laplacian(const float *grid, size_t x, size_t y, size_t size)
{
    const size_t north = (y + size - 1) % size;
    const size_t south = (y + 1) % size;
    const size_t west = (x + size - 1) % size;
    const size_t east = (x + 1) % size;

    return grid[north * size + x] + grid[south * size + x] + grid[y * size + west] +
           grid[y * size + east] - 4.0f * grid[y * size + x];
}

static void plain_step(const grids *g, size_t size, size_t step)
{
    const float *u = g->u[step % 2];
    const float *v = g->v[step % 2];
    float *u_next = g->u[1 - step % 2];
    float *v_next = g->v[1 - step % 2];

    for (size_t i = 0; i < size * size; i++) {
        const float lap_u = laplacian(u, i % size, i / size, size);
        const float lap_v = laplacian(v, i % size, i / size, size);
        const float reaction = u[i] * v[i] * v[i];
        u_next[i] = u[i] + (du * lap_u - reaction + feed * (1.0f - u[i]));
        const float next = v[i] + (dv * lap_v + reaction - (feed + rate) * v[i]);
        v_next[i] = next >= 1e-18f ? next : 0.0f;
    }
}

static float *copy_of(const float *grid, size_t bytes)
{
    float *copy = malloc(bytes);

    if (copy == NULL) {
        fputs("no memory for the check\n", stderr);
        exit(EXIT_FAILURE);
    }
    memcpy(copy, grid, bytes);
    return copy;
}

/* Compares the first steps on the pool with a plain loop: the same bits. */
static bool starts_right(yoke_pool *pool, yoke_kernel *kernel, const grids *g,
                         size_t size)
{
    const size_t bytes = size * size * sizeof(float);
    grids plain;

    for (int k = 0; k < 2; k++) {
        plain.u[k] = copy_of(g->u[k], bytes);
        plain.v[k] = copy_of(g->v[k], bytes);
    }
    run_steps(pool, kernel, g, size, 0, CHECKED_STEPS);
    for (size_t step = 0; step < CHECKED_STEPS; step++) {
        plain_step(&plain, size, step);
    }
    const size_t last = CHECKED_STEPS % 2;
    const bool same = memcmp(plain.u[last], g->u[last], bytes) == 0 &&
                      memcmp(plain.v[last], g->v[last], bytes) == 0;
    for (int k = 0; k < 2; k++) {
        free(plain.u[k]);
        free(plain.v[k]);
    }
    return same;
}

/* Concentrations stay between 0 and 1. */
static bool is_bounded(const float *v, size_t cells)
{
    for (size_t i = 0; i < cells; i++) {
        if (!(v[i] >= 0.0f && v[i] <= 1.0f)) {
            return false;
        }
    }
    return true;
}

static void write_picture(const char *path, const float *v, size_t size)
{
    uint8_t *pixels = malloc(3 * size * size);

    if (pixels == NULL) {
        fputs("no memory for the picture\n", stderr);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < size * size; i++) {
        const float t = v[i] < 0.4f ? v[i] / 0.4f : 1.0f;
        pixels[3 * i] = (uint8_t)(12.0f + 240.0f * t * t);
        pixels[3 * i + 1] = (uint8_t)(24.0f + 200.0f * t);
        pixels[3 * i + 2] = (uint8_t)(60.0f + 110.0f * t);
    }
    example_picture_write(path, pixels, size, size, 3);
    free(pixels);
}

int main(int argc, char **argv)
{
    const settings set = parse(argc, argv);
    yoke_pool *pool = example_pool();
    yoke_kernel *kernel = example_kernel(pool, "reaction_diffusion");
    grids g;

    start_grids(&g, pool, set.size);
    bool ok = starts_right(pool, kernel, &g, set.size);
    const double start = example_seconds();
    lend(pool, &g);
    run_steps(pool, kernel, &g, set.size, CHECKED_STEPS, set.steps);
    reclaim(pool, &g);
    const double seconds = example_seconds() - start;
    const float *v = g.v[set.steps % 2];
    ok = ok && is_bounded(v, set.size * set.size);
    write_picture(set.output, v, set.size);

    char size[64];
    snprintf(size, sizeof size, "%zux%zu, %zu steps", set.size, set.size, set.steps);
    const int result = example_summary(pool, "reaction_diffusion", size, seconds, ok);
    yoke_kernel_destroy(kernel);
    example_close(pool);
    return result;
}
