/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

enum { WIDTH = 97, HEIGHT = 61, CELLS = WIDTH * HEIGHT, STEPS = 9 };

static const float du = 0.16f;
static const float dv = 0.08f;
static const float feed = 0.035f;
static const float kill_rate = 0.065f;

static float laplacian(const float *grid, size_t x, size_t y)
{
    const size_t north = (y + HEIGHT - 1) % HEIGHT;
    const size_t south = (y + 1) % HEIGHT;
    const size_t west = (x + WIDTH - 1) % WIDTH;
    const size_t east = (x + 1) % WIDTH;

    return grid[north * WIDTH + x] + grid[south * WIDTH + x] + grid[y * WIDTH + west] +
           grid[y * WIDTH + east] - 4.0f * grid[y * WIDTH + x];
}

static void reference_step(float *u_next, float *v_next, const float *u, const float *v)
{
    for (size_t i = 0; i < CELLS; i++) {
        const size_t x = i % WIDTH;
        const size_t y = i / WIDTH;
        const float reaction = u[i] * v[i] * v[i];
        u_next[i] = u[i] + (du * laplacian(u, x, y) - reaction + feed * (1.0f - u[i]));
        const float next =
            v[i] + (dv * laplacian(v, x, y) + reaction - (feed + kill_rate) * v[i]);
        v_next[i] = next >= 1e-18f ? next : 0.0f;
    }
}

/* All steps are queued before the first is waited for; which grid is read and which is
 * written keeps them in order. */
static void steps_in_order(void **state)
{
    enum { PITCH = WIDTH * sizeof(float) };
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "reaction_diffusion");
    float *u[2], *v[2];
    static float expected_u[2][CELLS], expected_v[2][CELLS];
    yoke_future *futures[STEPS];

    for (int k = 0; k < 2; k++) {
        u[k] = setup_array(pool, CELLS * sizeof(float));
        v[k] = setup_array(pool, CELLS * sizeof(float));
    }
    fill_floats(u[0], CELLS, 0.5f, 1.0f);
    fill_floats(v[0], CELLS / 2, 0.0f, 0.5f);
    fill_floats(v[0] + CELLS / 2, CELLS / 2, 0.0f, 1e-17f);
    memcpy(expected_u[0], u[0], sizeof expected_u[0]);
    memcpy(expected_v[0], v[0], sizeof expected_v[0]);
    for (int step = 0; step < STEPS; step++) {
        const int from = step % 2;
        const int to = 1 - from;
        reference_step(expected_u[to], expected_v[to], expected_u[from],
                       expected_v[from]);
        assert_ok_pool(
            pool,
            yoke_map_async(
                &futures[step], pool, kernel, yoke_range_2d(WIDTH, HEIGHT), NULL,
                YOKE_ARGS(yoke_out(u[to], PITCH), yoke_out(v[to], PITCH),
                          yoke_in_halo(u[from], PITCH, 1, 1, YOKE_EDGE_PERIODIC),
                          yoke_in_halo(v[from], PITCH, 1, 1, YOKE_EDGE_PERIODIC),
                          yoke_scalar((uint32_t)WIDTH), yoke_scalar((uint32_t)HEIGHT),
                          yoke_scalar(du), yoke_scalar(dv), yoke_scalar(feed),
                          yoke_scalar(kill_rate))));
    }
    for (int step = 0; step < STEPS; step++) {
        assert_ok(yoke_future_wait(futures[step], YOKE_FOREVER));
        yoke_future_destroy(futures[step]);
    }
    assert_memory_equal(u[STEPS % 2], expected_u[STEPS % 2], CELLS * sizeof(float));
    assert_memory_equal(v[STEPS % 2], expected_v[STEPS % 2], CELLS * sizeof(float));
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(steps_in_order)};

    return yt_run_group(tests);
}
