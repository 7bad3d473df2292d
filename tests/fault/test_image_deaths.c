/* SPDX-License-Identifier: MIT */
/* A worker that dies while images are changed in place, or written, costs only time. */
#include <stdlib.h>

#include "fault_setup.h"

enum { WIDTH = 33, ROWS = 300, GAP = 4, PITCH = WIDTH * 4 + GAP, MOST_RUNS = 200 };

static const char raise_source[] =
    "__kernel void raise(read_write image2d_t picture, __write_only image2d_t twice)\n"
    "{ int2 at = (int2)((int)get_global_id(0), (int)get_global_id(1));\n"
    "  uint4 value = read_imageui(picture, at) + (uint4)(1u, 0u, 0u, 2u);\n"
    "  write_imageui(picture, at, value & 255u);\n"
    "  write_imageui(twice, at, (value * 2u) & 255u); }\n";

static const yoke_image picture = {.width = WIDTH,
                                   .height = ROWS,
                                   .row_pitch = PITCH,
                                   .channels = YOKE_CHANNELS_RGBA,
                                   .type = YOKE_CHANNEL_UINT8};

typedef struct image_job {
    yoke_pool *pool;
    yoke_kernel *kernel;
    unsigned char *pixels;
    unsigned char *twice;
    unsigned times;
} image_job;

static bool image_job_is_right(const image_job *job)
{
    bool right = true;

    for (size_t i = 0; i < (size_t)ROWS * PITCH; i++) {
        const bool is_gap = i % PITCH >= WIDTH * 4;
        const unsigned more = i % PITCH % 4 == 0 ? 1 : i % PITCH % 4 == 3 ? 2 : 0;
        const unsigned wanted = (unsigned)i * 7 + (is_gap ? 0 : more * job->times);

        right = right && job->pixels[i] == (unsigned char)wanted &&
                job->twice[i] == (unsigned char)(is_gap ? 0 : wanted % 256 * 2);
    }
    return right;
}

static void image_job_run(image_job *job)
{
    assert_ok_pool(job->pool, yoke_map(job->pool, job->kernel, yoke_range_2d(WIDTH, ROWS),
                                       yoke_arg_image(yoke_inout(job->pixels, 0), picture),
                                       yoke_arg_image(yoke_out(job->twice, 0), picture)));
    job->times++;
    assert_true(image_job_is_right(job));
}

static void run_through_death(const char *devices, const char *fault)
{
    const yoke_kernel_options options = {
        .name = "raise", .source = raise_source, .build_options = "-cl-std=CL2.0"};
    image_job job = {.pool = ft_pool(devices, fault)};
    unsigned runs = 0;

    assert_ok_pool(job.pool, yoke_kernel_create(&job.kernel, job.pool, &options));
    job.pixels = yoke_alloc(job.pool, ROWS * PITCH);
    job.twice = yoke_alloc(job.pool, ROWS * PITCH);
    assert_true(job.pixels != NULL && job.twice != NULL);
    for (size_t i = 0; i < (size_t)ROWS * PITCH; i++) {
        job.pixels[i] = (unsigned char)(i * 7);
    }
    while (ft_restarts(job.pool) == 0 && runs++ < MOST_RUNS) {
        image_job_run(&job);
    }
    assert_true(ft_recovers(job.pool, 1));
    image_job_run(&job);
    yoke_kernel_destroy(job.kernel);
    ft_close(job.pool);
}

static void test_in_place(void **state)
{
    (void)state;
    run_through_death("cpu:2", "before-run:2");
    run_through_death("cpu:2", "after-run:2");
}

static void test_copied(void **state)
{
    (void)state;
    (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    run_through_death("opencl:pocl", "after-run:2");
    (void)unsetenv("YOKE_FORCE_DISCRETE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_in_place),
        yt_unit_test(test_copied),
    };

    return yt_run_group(tests);
}
