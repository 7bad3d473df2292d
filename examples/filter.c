/* SPDX-License-Identifier: MIT */
/*
 * Filters a picture. A row of the result needs some rows around it. The halo declares how
 * many, so that devices with memory of their own receive only those rows.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter_reference.h"
#include "support.h"

typedef void run_filter(yoke_pool *pool, const filter_job *job);

typedef struct filter {
    const char *name;
    run_filter *run;
    filter_reference *reference;
} filter;

typedef struct settings {
    const filter *filter;
    const char *input; /* NULL: a test picture */
    const char *output;
    uint32_t radius;
} settings;

static const char usage[] =
    "usage: filter gaussian|sobel|bilateral [--radius N] [--output FILE.png] "
    "[FILE.png]\n"
    "Filters a PNG, or a test picture. Transparent parts become white.\n";

/* Blur along the rows, then along the columns: two jobs, the second waits for the
 * first because it reads what that one writes. */
static void run_gaussian(yoke_pool *pool, const filter_job *job)
{
    const size_t values = (size_t)job->width * job->channels;
    const size_t weight_bytes = (2 * job->radius + 1) * sizeof(float);
    yoke_kernel *rows = example_kernel(pool, "gaussian_rows");
    yoke_kernel *columns = example_kernel(pool, "gaussian_columns");
    float *between = example_alloc(pool, job->height * values * sizeof *between);
    float *weights = example_alloc(pool, weight_bytes);
    const yoke_range range = yoke_range_2d(job->width, job->height);
    yoke_future *first = NULL;
    yoke_future *second = NULL;

    gaussian_weights(weights, job->radius);
    example_check(
        pool,
        yoke_map_async(&first, pool, rows, range, NULL,
                       YOKE_ARGS(yoke_out(between, values * sizeof *between),
                                 yoke_in(job->in, values),
                                 yoke_in_whole(weights, weight_bytes),
                                 yoke_scalar(job->radius), yoke_scalar(job->width),
                                 yoke_scalar(job->channels))),
        "rows");
    example_check(
        pool,
        yoke_map_async(
            &second, pool, columns, range, NULL,
            YOKE_ARGS(yoke_out(job->out, values),
                      yoke_in_halo(between, values * sizeof *between, job->radius,
                                   job->radius, YOKE_EDGE_CLIPPED),
                      yoke_in_whole(weights, weight_bytes), yoke_scalar(job->radius),
                      yoke_scalar(job->width), yoke_scalar(job->height),
                      yoke_scalar(job->channels))),
        "columns");
    example_wait(first, "rows");
    example_wait(second, "columns");
    yoke_kernel_destroy(rows);
    yoke_kernel_destroy(columns);
}

static void run_sobel(yoke_pool *pool, const filter_job *job)
{
    yoke_kernel *kernel = example_kernel(pool, "sobel");
    yoke_future *future = NULL;

    example_check(
        pool,
        yoke_map_async(
            &future, pool, kernel, yoke_range_2d(job->width, job->height), NULL,
            YOKE_ARGS(yoke_out(job->out, job->width),
                      yoke_in_halo(job->in, (size_t)job->width * job->channels, 1, 1,
                                   YOKE_EDGE_CLIPPED),
                      yoke_scalar(job->width), yoke_scalar(job->height),
                      yoke_scalar(job->channels))),
        "sobel");
    example_wait(future, "sobel");
    yoke_kernel_destroy(kernel);
}

static void run_bilateral(yoke_pool *pool, const filter_job *job)
{
    const size_t pitch = (size_t)job->width * job->channels;
    const size_t side = 2 * job->radius + 1;
    const size_t near_bytes = side * side * sizeof(uint32_t);
    const size_t alike_bytes = (255 * job->channels + 1) * sizeof(uint32_t);
    yoke_kernel *kernel = example_kernel(pool, "bilateral");
    uint32_t *near = example_alloc(pool, near_bytes);
    uint32_t *alike = example_alloc(pool, alike_bytes);
    yoke_future *future = NULL;

    bilateral_weights(near, alike, job->radius, job->channels);
    example_check(
        pool,
        yoke_map_async(&future, pool, kernel, yoke_range_2d(job->width, job->height),
                       NULL,
                       YOKE_ARGS(yoke_out(job->out, pitch),
                                 yoke_in_halo(job->in, pitch, job->radius, job->radius,
                                              YOKE_EDGE_CLIPPED),
                                 yoke_in_whole(near, near_bytes),
                                 yoke_in_whole(alike, alike_bytes),
                                 yoke_scalar(job->radius), yoke_scalar(job->width),
                                 yoke_scalar(job->height), yoke_scalar(job->channels))),
        "bilateral");
    example_wait(future, "bilateral");
    yoke_kernel_destroy(kernel);
}

static const filter filters[] = {{"gaussian", run_gaussian, gaussian_reference},
                                 {"sobel", run_sobel, sobel_reference},
                                 {"bilateral", run_bilateral, bilateral_reference}};

static void leave(FILE *stream, int status)
{
    fputs(usage, stream);
    exit(status);
}

static const filter *find_filter(const char *name)
{
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        if (strcmp(filters[i].name, name) == 0) {
            return &filters[i];
        }
    }
    fprintf(stderr, "there is no filter \"%s\"\n", name);
    leave(stderr, EXIT_FAILURE);
    return NULL;
}

static settings parse(int argc, char **argv)
{
    static const struct option options[] = {{"radius", required_argument, NULL, 'r'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    settings set = {.output = "filter.png", .radius = MAX_RADIUS};
    int option;

    while ((option = getopt_long(argc, argv, "r:o:h", options, NULL)) != -1) {
        if (option == 'r') {
            set.radius = (uint32_t)example_number(optarg, "radius", 1, MAX_RADIUS);
        } else if (option == 'o') {
            set.output = optarg;
        } else {
            leave(option == 'h' ? stdout : stderr,
                  option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    if (optind == argc || argc - optind > 2) {
        leave(stderr, EXIT_FAILURE);
    }
    set.filter = find_filter(argv[optind]);
    set.input = argv[optind + 1]; /* NULL after the last */
    return set;
}

/* Discs and stripes of several colours under some noise. */
static example_picture test_picture(void)
{
    enum { SIZE = 512 };
    example_picture picture = {malloc((size_t)3 * SIZE * SIZE), SIZE, SIZE, 3};
    uint32_t seed = 5;

    if (picture.pixels == NULL) {
        fputs("no memory for the picture\n", stderr);
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < 3 * SIZE * SIZE; i++) {
        const int x = i / 3 % SIZE;
        const int y = i / 3 / SIZE;
        const int dx = x % 128 - 64;
        const int dy = y % 128 - 64;
        const int inside = dx * dx + dy * dy < 48 * 48;
        const int stripe = (x + y) / 32 % 2;
        const int base =
            inside ? 60 + 60 * ((x / 128 + y / 128 + i) % 3) : 90 + 70 * stripe;
        seed = seed * 1664525u + 1013904223u;
        picture.pixels[i] = (uint8_t)(base + (int)((seed >> 24) % 48) - 24);
    }
    return picture;
}

/* Compares the rows at both ends and some between with a plain loop: the same bytes. */
static bool is_right(const filter_job *job, filter_reference *reference)
{
    enum { GAPS = 16 };
    const size_t pitch = (size_t)job->width * job->out_channels;
    uint8_t *row = malloc(pitch);
    bool same = row != NULL;

    for (uint32_t i = 0; same && i <= GAPS; i++) {
        const uint32_t y = (uint32_t)((uint64_t)(job->height - 1) * i / GAPS);
        reference(row, job, y);
        same = memcmp(row, job->out + y * pitch, pitch) == 0;
        if (!same) {
            fprintf(stderr, "row %u is wrong\n", y);
        }
    }
    free(row);
    return same;
}

static filter_job make_job(yoke_pool *pool, const settings *set,
                           example_picture picture)
{
    const size_t bytes = picture.width * picture.height * picture.channels;
    uint8_t *in = example_alloc(pool, bytes);
    const filter_job job = {
        .in = in,
        .out = example_alloc(pool, bytes),
        .width = (uint32_t)picture.width,
        .height = (uint32_t)picture.height,
        .channels = (uint32_t)picture.channels,
        .out_channels = set->filter->run == run_sobel ? 1 : (uint32_t)picture.channels,
        .radius = set->radius,
    };

    memcpy(in, picture.pixels, bytes);
    free(picture.pixels);
    return job;
}

int main(int argc, char **argv)
{
    const settings set = parse(argc, argv);
    const example_picture picture =
        set.input != NULL ? example_picture_read(set.input) : test_picture();
    yoke_pool *pool = example_pool();
    const filter_job job = make_job(pool, &set, picture);

    const double start = example_seconds();
    set.filter->run(pool, &job);
    const double seconds = example_seconds() - start;
    example_picture_write(set.output, job.out, job.width, job.height, job.out_channels);

    char size[64];
    snprintf(size, sizeof size, "%ux%ux%u", job.width, job.height, job.channels);
    const int result = example_summary(pool, set.filter->name, size, seconds,
                                       is_right(&job, set.filter->reference));
    example_close(pool);
    return result;
}
