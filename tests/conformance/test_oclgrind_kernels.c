/* SPDX-License-Identifier: MIT */
/*
 * Every sample kernel on a simulated device that looks for races and stray accesses;
 * and the proof that it would report them.
 */
#include "suite.h"
#include "suite_oclgrind.h"

#include "kernels.h"

/* ---- one script per sample kernel ---- */

static float *units(suite_run *run, size_t count, size_t slack)
{
    float *floats = suite_floats(run, count + slack, 0);

    for (size_t i = 0; i < count + slack; i++) {
        floats[i] = i < count ? (floats[i] + 64.0f) / 128.0f : 0.0f;
    }
    return floats;
}

static void run_saxpy(suite_run *run)
{
    float *z = units(run, 100, 0), *x = units(run, 100, 0), *y = units(run, 100, 0);

    suite_map(run, 0, yoke_range_1d(100), yoke_out(z, 4), yoke_in(x, 4), yoke_in(y, 4),
              yoke_scalar(0.75f));
}

static void run_sum_squares(suite_run *run)
{
    uint64_t *sums = suite_bytes(run, 30 * 8, 0), *limits = suite_bytes(run, 30 * 8, 0);

    for (uint64_t i = 0; i < 30; i++) {
        limits[i] = i * i;
    }
    suite_map(run, 0, yoke_range_1d(30), yoke_out(sums, 8), yoke_in(limits, 8));
}

static void run_mandelbrot(suite_run *run)
{
    uint32_t *counts = suite_bytes(run, 24 * 18 * 4, 0);
    float *norms = units(run, 24 * 18, 0);

    suite_map(run, 0, yoke_range_2d(24, 18), yoke_out(counts, 96), yoke_out(norms, 96),
              yoke_scalar((uint32_t)24), yoke_scalar(-2.0f), yoke_scalar(-1.125f),
              yoke_scalar(0.125f), yoke_scalar((uint32_t)40));
}

static void run_gaussian(suite_run *run, bool columns)
{
    const size_t row = 13 * 3;
    uint8_t *bytes = suite_bytes(run, row * 11, 0);
    float *sums = units(run, row * 11, 0);
    float *weights = units(run, 5, 0);

    for (size_t i = 0; i < 5; i++) {
        weights[i] = i == 2 ? 0.5f : 0.125f;
    }
    if (columns) {
        suite_map(run, 0, yoke_range_2d(13, 11), yoke_out(bytes, row),
                  yoke_in_halo(sums, row * 4, 2, 2, YOKE_EDGE_CLIPPED),
                  yoke_in_whole(weights, 20), yoke_scalar((uint32_t)2),
                  yoke_scalar((uint32_t)13), yoke_scalar((uint32_t)11),
                  yoke_scalar((uint32_t)3));
    } else {
        suite_map(run, 0, yoke_range_2d(13, 11), yoke_out(sums, row * 4),
                  yoke_in(bytes, row), yoke_in_whole(weights, 20),
                  yoke_scalar((uint32_t)2), yoke_scalar((uint32_t)13),
                  yoke_scalar((uint32_t)3));
    }
}

static void run_gaussian_rows(suite_run *run)
{
    run_gaussian(run, false);
}

static void run_gaussian_columns(suite_run *run)
{
    run_gaussian(run, true);
}

static void run_sobel(suite_run *run)
{
    const size_t row = 14 * 4;
    uint8_t *out = suite_bytes(run, 14 * 12, 0), *in = suite_bytes(run, row * 12, 0);

    suite_map(run, 0, yoke_range_2d(14, 12), yoke_out(out, 14),
              yoke_in_halo(in, row, 1, 1, YOKE_EDGE_CLIPPED), yoke_scalar((uint32_t)14),
              yoke_scalar((uint32_t)12), yoke_scalar((uint32_t)4));
}

static void run_bilateral(suite_run *run)
{
    const size_t row = 10 * 3;
    uint8_t *out = suite_bytes(run, row * 9, 0), *in = suite_bytes(run, row * 9, 0);
    uint32_t *near = suite_bytes(run, 25 * 4, 0), *alike = suite_bytes(run, 766 * 4, 0);

    for (uint32_t i = 0; i < 766; i++) {
        alike[i] = 255 - i / 3;
        near[i % 25] = 10 * (i % 25) % 255 + 1;
    }
    suite_map(run, 0, yoke_range_2d(10, 9), yoke_out(out, row),
              yoke_in_halo(in, row, 2, 2, YOKE_EDGE_CLIPPED),
              yoke_in_whole(near, 25 * 4), yoke_in_whole(alike, 766 * 4),
              yoke_scalar((uint32_t)2), yoke_scalar((uint32_t)10),
              yoke_scalar((uint32_t)9), yoke_scalar((uint32_t)3));
}

enum { BODIES = 24, SLACK = 25 };

/* Roots and divisions may differ in their last bits. */
static float *bodies(suite_run *run)
{
    float *floats = units(run, (size_t)4 * BODIES, SLACK);

    suite_set_tolerance(run, floats, 1e-5);
    return floats;
}

static void run_nbody_kick(suite_run *run)
{
    float *velocities = bodies(run), *positions = bodies(run);

    suite_map(run, 0, yoke_range_1d(BODIES), yoke_inout(velocities, 16),
              yoke_in_whole(positions, 16 * BODIES), yoke_scalar((uint32_t)BODIES),
              yoke_scalar(0.125f), yoke_scalar(0.0625f));
}

static void run_nbody_drift(suite_run *run)
{
    float *positions = bodies(run), *velocities = bodies(run);

    suite_map(run, 0, yoke_range_1d(BODIES), yoke_inout(positions, 16),
              yoke_in(velocities, 16), yoke_scalar(0.125f));
}

static void run_nbody_energy(suite_run *run)
{
    float *energies = bodies(run), *velocities = bodies(run), *positions = bodies(run);

    suite_map(run, 0, yoke_range_1d(BODIES), yoke_out(energies, 4),
              yoke_in(velocities, 16), yoke_in_whole(positions, 16 * BODIES),
              yoke_scalar((uint32_t)BODIES), yoke_scalar(0.0625f));
}

static void run_reaction_diffusion(suite_run *run)
{
    float *grids[4];

    for (size_t i = 0; i < 4; i++) {
        grids[i] = units(run, 12 * 10, 0);
    }
    suite_map(run, 0, yoke_range_2d(12, 10), yoke_out(grids[0], 48),
              yoke_out(grids[1], 48),
              yoke_in_halo(grids[2], 48, 1, 1, YOKE_EDGE_PERIODIC),
              yoke_in_halo(grids[3], 48, 1, 1, YOKE_EDGE_PERIODIC),
              yoke_scalar((uint32_t)12), yoke_scalar((uint32_t)10), yoke_scalar(0.2f),
              yoke_scalar(0.1f), yoke_scalar(0.03f), yoke_scalar(0.06f));
}

static void run_philox_fill(suite_run *run)
{
    const uint32_t counter[4] = {0, 7, 0xffffffffU, 1}, key[2] = {5, 0x80000000U};
    uint32_t *numbers = suite_bytes(run, 50 * 16, 0);

    suite_map(run, 0, yoke_range_1d(50), yoke_out(numbers, 16),
              yoke_scalar_bytes(counter, sizeof counter),
              yoke_scalar_bytes(key, sizeof key));
}

static void run_philox_pi(suite_run *run)
{
    const uint32_t key[2] = {5, 0x80000000U};
    uint32_t *hits = suite_bytes(run, 20 * 4, 0);

    suite_map(run, 0, yoke_range_1d(20), yoke_out(hits, 4), yoke_scalar((uint32_t)10),
              yoke_scalar_bytes(key, sizeof key));
}

static void run_reduce_group(suite_run *run)
{
    const uint32_t n = 64 * 3 + 17;
    float *partial = units(run, 4, 0), *in = units(run, n, 0);

    suite_map(run, 0, yoke_range_1d(n), yoke_arg_per_group(yoke_out(partial, 4)),
              yoke_in(in, 4), yoke_scalar(n), yoke_local(64 * 4));
}

static void run_transpose(suite_run *run)
{
    const uint32_t w = 21, h = 35;
    float *out = units(run, w * h, 0), *in = units(run, w * h, 0);

    suite_map(run, 0, yoke_range_2d(h, w), yoke_out(out, h * 4),
              yoke_arg_strided(yoke_in(in, 4), h, w * 4), yoke_scalar(w),
              yoke_scalar(h), yoke_local(16 * 17 * 4));
}

/* Not optimised, so that what is checked is what was written; and Oclgrind does not
 * know the odd widths of integers that clang makes of some loops.
 *
 * The table of the sample kernels names the scripts: one without a script does not
 * compile. */
#define SAMPLE_CASE(function, file, x, y, z)                                           \
    {#function,                                                                        \
     run_##function,                                                                   \
     0,                                                                                \
     {{.name = #function,                                                              \
       .native = sample_##function,                                                    \
       .build_options = "-cl-opt-disable",                                             \
       .group = {x, y, z},                                                             \
       .round_up = (x) != 0}}},

static suite_case sample_cases[] = {SAMPLE_KERNEL_TABLE(SAMPLE_CASE){0}};

/* ---- what must be reported ---- */

static const char racy_source[] =
    "__kernel void racy(__global int *out)\n"
    "{ out[0] = (int)get_global_id(0); }\n"
    "__kernel void racy_in_group(__global int *out, __local int *tile)\n"
    "{ tile[get_local_id(0)] = (int)get_global_id(0);\n"
    "  out[get_global_id(0)] = tile[get_local_size(0) - 1 - get_local_id(0)]; }\n"
    "__kernel void stray(__global int *out)\n"
    "{ out[get_global_id(0) + 100000] = 1; }\n";

/* Runs a kernel in a pool of its own and returns what Oclgrind says about it. */
static void report_of(const char *name, size_t group, char *text, size_t bytes)
{
    const yoke_pool_options options = {.devices = "opencl:0", .wait_ready = true};
    yoke_pool *pool = NULL;
    yoke_kernel *kernel = NULL;
    yoke_arg args[2] = {{0}, yoke_local(16)};
    int *out;
    int findings;

    assert_ok_pool(NULL, suite_oclgrind_create(&pool, &options, &findings));
    out = yoke_alloc(pool, 4096);
    args[0] = yoke_inout_whole(out, 4096);
    assert_ok_pool(pool,
                   yoke_kernel_create(&kernel, pool,
                                      &(yoke_kernel_options){.name = name,
                                                             .source = racy_source,
                                                             .group = {group}}));
    (void)yoke_map_with(pool, kernel, yoke_range_1d(8), NULL, args, group != 0 ? 2 : 1);
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_pool_close(pool));
    (void)suite_oclgrind_read(findings, text, bytes);
}

static void a_race_is_reported(void **state)
{
    char text[4096];

    (void)state;
    report_of("racy", 0, text, sizeof text);
    assert_contains(text, "race");
}

static void a_race_in_local_memory_is_reported(void **state)
{
    char text[4096];

    (void)state;
    report_of("racy_in_group", 4, text, sizeof text);
    assert_contains(text, "race");
}

static void a_stray_write_is_reported(void **state)
{
    char text[4096];

    (void)state;
    report_of("stray", 0, text, sizeof text);
    assert_contains(text, "Invalid write");
}

int main(void)
{
    static const suite_case *const lists[] = {sample_cases, NULL};
    const struct CMUnitTest more[] = {
        cmocka_unit_test(a_race_is_reported),
        cmocka_unit_test(a_race_in_local_memory_is_reported),
        cmocka_unit_test(a_stray_write_is_reported),
    };

    for (suite_case *c = sample_cases; c->name != NULL; c++) {
        c->kernels[0].source = sample_kernel_find(c->name)->source;
    }
    return suite_main_with(
        &(suite_target){
            .devices = "opencl:0", .driver = "oclgrind", .slow = true, .checked = true},
        lists, more, sizeof more / sizeof *more);
}
