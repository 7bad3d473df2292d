/* SPDX-License-Identifier: MIT */
/* The Mandelbrot set as a PNG. The costs of rows differ a lot; the devices distribute them
 * while they run. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

typedef struct settings {
    size_t size;
    uint32_t limit;
    float left, top, step;
    const char *output;
} settings;

static const char usage[] =
    "usage: mandelbrot [--size N] [--iterations N] [--output FILE.png]\n"
    "Draws the Mandelbrot set, N by N pixels.\n";

static settings parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"size", required_argument, NULL, 's'},
        {"iterations", required_argument, NULL, 'i'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    settings set = {.size = 1024, .limit = 500, .output = "mandelbrot.png"};
    int option;

    while ((option = getopt_long(argc, argv, "s:i:o:h", options, NULL)) != -1) {
        if (option == 's') {
            set.size = example_number(optarg, "size", 1, 32768);
        } else if (option == 'i') {
            set.limit = (uint32_t)example_number(optarg, "iterations", 1, 1000000000);
        } else if (option == 'o') {
            set.output = optarg;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    set.step = 2.6f / (float)set.size;
    set.left = -2.05f;
    set.top = -1.3f;
    return set;
}

/* Goes around these once per period, from one to the next without a step. */
static const double palette[][3] = {
    {8, 12, 60}, {32, 107, 203}, {237, 255, 255}, {255, 170, 0}, {110, 20, 40}};

static void blend(uint8_t *pixel, double phase)
{
    enum { COLOURS = sizeof palette / sizeof palette[0] };
    const double position = (phase - floor(phase)) * (double)COLOURS;
    const size_t first = (size_t)position % COLOURS;
    const double *from = palette[first];
    const double *to = palette[(first + 1) % COLOURS];
    const double part = position - floor(position);

    for (int c = 0; c < 3; c++) {
        pixel[c] = (uint8_t)(from[c] + part * (to[c] - from[c]));
    }
}

/* Continuous in the escape time, count + 1 - log2(log2 |z|). */
static void colour(uint8_t *pixel, uint32_t count, float norm, uint32_t limit)
{
    if (count == limit) {
        pixel[0] = pixel[1] = pixel[2] = 0;
        return;
    }
    const double time = (double)count + 1.0 - log2(0.5 * log2((double)norm));
    blend(pixel, 0.16 * log2(1.0 + fmax(time, 0.0)) - 0.25);
}

static void write_picture(const settings *set, const uint32_t *counts,
                          const float *norms)
{
    const size_t pixels = set->size * set->size;
    uint8_t *picture = malloc(3 * pixels);

    if (picture == NULL) {
        fputs("no memory for the picture\n", stderr);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < pixels; i++) {
        colour(picture + 3 * i, counts[i], norms[i], set->limit);
    }
    example_picture_write(set->output, picture, set->size, set->size, 3);
    free(picture);
}

static uint32_t expected_count(const settings *set, size_t x, size_t y)
{
    const float cx = set->left + set->step * (float)x;
    const float cy = set->top + set->step * (float)y;
    float zx = 0.0f;
    float zy = 0.0f;
    uint32_t n = 0;

    for (; n < set->limit && zx * zx + zy * zy <= 256.0f; n++) {
        const float next = zx * zx - zy * zy + cx;
        zy = 2.0f * zx * zy + cy;
        zx = next;
    }
    return n;
}

/* Compares about 16,000 pixels, evenly spread, with the plain loop. */
static bool is_right(const settings *set, const uint32_t *counts)
{
    const size_t pixels = set->size * set->size;

    for (size_t i = 0; i < pixels; i += 1 + pixels / 16000) {
        const uint32_t expected = expected_count(set, i % set->size, i / set->size);
        if (counts[i] != expected) {
            fprintf(stderr, "pixel %zu has %u, not %u\n", i, counts[i], expected);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    const settings set = parse(argc, argv);
    const size_t pixels = set.size * set.size;
    yoke_pool *pool = example_pool();
    yoke_kernel *kernel = example_kernel(pool, "mandelbrot");
    uint32_t *counts = example_alloc(pool, pixels * sizeof *counts);
    float *norms = example_alloc(pool, pixels * sizeof *norms);
    yoke_future *future = NULL;

    const double start = example_seconds();
    example_check(
        pool,
        yoke_map_async(&future, pool, kernel, yoke_range_2d(set.size, set.size), NULL,
                       YOKE_ARGS(yoke_out(counts, set.size * sizeof *counts),
                                 yoke_out(norms, set.size * sizeof *norms),
                                 yoke_scalar((uint32_t)set.size), yoke_scalar(set.left),
                                 yoke_scalar(set.top), yoke_scalar(set.step),
                                 yoke_scalar(set.limit))),
        "mandelbrot");
    example_wait(future, "mandelbrot");
    const double seconds = example_seconds() - start;
    write_picture(&set, counts, norms);

    char size[64];
    snprintf(size, sizeof size, "%zux%zu", set.size, set.size);
    const int result =
        example_summary(pool, "mandelbrot", size, seconds, is_right(&set, counts));
    yoke_kernel_destroy(kernel);
    example_close(pool);
    return result;
}
