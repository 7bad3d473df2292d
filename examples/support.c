/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <png.h>

yoke_pool *example_pool(void)
{
    const yoke_pool_options options = {.wait_ready = true};
    yoke_pool *pool = NULL;

    if (yoke_pool_create(&pool, &options) != YOKE_OK) {
        fprintf(stderr, "no pool: %s\n", yoke_pool_error(NULL));
        exit(EXIT_FAILURE);
    }
    return pool;
}

void example_close(yoke_pool *pool)
{
    example_check(NULL, yoke_pool_close(pool), "closing the pool");
}

/* If printed output cannot be written, the program fails, however it ends. */
static void close_output(void)
{
    const bool failed_before = ferror(stdout) != 0;

    if (fflush(stdout) != 0 || failed_before) {
        perror("standard output");
        _exit(EXIT_FAILURE);
    }
}

static __attribute__((constructor)) void watch_output(void)
{
    (void)atexit(close_output);
}

void *example_alloc(yoke_pool *pool, size_t bytes)
{
    void *memory = yoke_alloc(pool, bytes);

    if (memory == NULL) {
        example_check(pool, YOKE_ENOMEM, "allocating memory");
    }
    return memory;
}

yoke_kernel *example_kernel(yoke_pool *pool, const char *name)
{
    yoke_kernel *kernel = NULL;

    example_check(pool, sample_kernel_create(&kernel, pool, name, SAMPLE_BOTH), name);
    return kernel;
}

void example_check(yoke_pool *pool, yoke_status status, const char *doing)
{
    if (status != YOKE_OK) {
        fprintf(stderr, "%s: %s: %s\n", doing, yoke_strerror(status),
                yoke_pool_error(pool));
        yoke_pool_terminate(pool);
        exit(EXIT_FAILURE);
    }
}

void example_wait(yoke_future *future, const char *doing)
{
    yoke_status status = yoke_future_wait(future, 0.2);

    while (status == YOKE_ETIMEDOUT) {
        example_progress(doing, yoke_future_progress(future));
        status = yoke_future_wait(future, 0.2);
    }
    if (status != YOKE_OK) {
        fprintf(stderr, "%s: %s: %s\n", doing, yoke_strerror(status),
                yoke_future_error(future));
        exit(EXIT_FAILURE);
    }
    yoke_future_destroy(future);
}

void example_progress(const char *doing, double part)
{
    static double last;
    const double now = example_seconds();

    if (isatty(STDERR_FILENO) && now - last > 0.1) {
        fprintf(stderr, "\r%s: %3.0f %%\r", doing, 100.0 * part);
        last = now;
    }
}

double example_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

unsigned long example_number(const char *text, const char *option, unsigned long low,
                             unsigned long high)
{
    char *end = NULL;

    errno = 0;
    const unsigned long number = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < low || number > high) {
        fprintf(stderr, "--%s takes a number from %lu to %lu, not \"%s\"\n", option,
                low, high, text);
        exit(EXIT_FAILURE);
    }
    return number;
}

static void fail_picture(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(EXIT_FAILURE);
}

example_picture example_picture_read(const char *path)
{
    const png_color white = {255, 255, 255};
    png_image image = {.version = PNG_IMAGE_VERSION};

    if (!png_image_begin_read_from_file(&image, path)) {
        fail_picture(path, image.message);
    }
    const bool colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
    image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    example_picture picture = {malloc(PNG_IMAGE_SIZE(image)), image.width, image.height,
                               colour ? 3 : 1};
    if (picture.pixels == NULL) {
        fail_picture(path, "too large for the memory there is");
    }
    if (!png_image_finish_read(&image, &white, picture.pixels, 0, NULL)) {
        fail_picture(path, image.message);
    }
    return picture;
}

void example_picture_write(const char *path, const uint8_t *pixels, size_t width,
                           size_t height, size_t channels)
{
    png_image image = {.version = PNG_IMAGE_VERSION};

    image.width = (png_uint_32)width;
    image.height = (png_uint_32)height;
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    if (!png_image_write_to_file(&image, path, 0, pixels, 0, NULL)) {
        fail_picture(path, image.message);
    }
}

/* The names of the workers, separated by commas. */
static void print_workers(yoke_pool *pool)
{
    yoke_worker_info workers[64];
    size_t count = 0;
    const char *separator = "";

    example_check(pool, yoke_pool_workers(pool, workers, 64, &count),
                  "asking for workers");
    for (size_t i = 0; i < count && i < 64; i++) {
        if (workers[i].state == YOKE_WORKER_READY) {
            printf("%s%s", separator, workers[i].name);
            separator = ",";
        }
    }
}

int example_summary(yoke_pool *pool, const char *name, const char *size, double seconds,
                    bool ok)
{
    printf("summary\t%s\t%s\t", name, size);
    print_workers(pool);
    printf("\t%.3f s\t%s\n", seconds, ok ? "ok" : "WRONG");
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
