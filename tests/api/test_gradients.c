/* SPDX-License-Identifier: MIT */
/* Conjugate gradients: numbers of one job are scalars of the next, and the program never waits. */
#include <string.h>

#include "api_setup.h"

enum { BLOCKS = 16, BLOCK = 500, UNKNOWNS = BLOCKS * BLOCK, STEPS = 40 };
enum { BLOCK_BYTES = BLOCK * sizeof(double) };

typedef struct numbers {
    double rr[2]; /* of this iteration and the one before */
    double alpha;
    double beta;
} numbers;

typedef struct gradients {
    yoke_pool *pool;
    yoke_kernel *apply, *find_alpha, *advance, *find_beta, *turn;
    double *x, *r, *p, *q, *parts;
    numbers *n;
} gradients;

/* in_halo p, out q, out parts: q = A p, parts = p q; A has -1, 2.5, -1. */
static void apply(const yoke_span *span, void *const args[])
{
    const double *p = args[0];
    double *q = args[1];
    double *parts = args[2];

    for (size_t b = span->begin; b < span->end; b++) {
        parts[b] = 0;
        for (size_t i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
            const double left = i > 0 ? p[i - 1] : 0;
            const double right = i + 1 < UNKNOWNS ? p[i + 1] : 0;

            q[i] = 2.5 * p[i] - left - right;
            parts[b] += p[i] * q[i];
        }
    }
}

static double sum_of(const double *parts)
{
    double sum = 0;

    for (size_t b = 0; b < BLOCKS; b++) {
        sum += parts[b];
    }
    return sum;
}

/* out alpha, in_whole parts, rr */
static void find_alpha(const yoke_span *span, void *const args[])
{
    (void)span;
    *(double *)args[0] = *(const double *)args[2] / sum_of(args[1]);
}

/* inout x, inout r, in p, in q, out parts, alpha */
static void advance(const yoke_span *span, void *const args[])
{
    double *x = args[0], *r = args[1], *parts = args[4];
    const double *p = args[2], *q = args[3];
    const double alpha = *(const double *)args[5];

    for (size_t b = span->begin; b < span->end; b++) {
        parts[b] = 0;
        for (size_t i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
            parts[b] += r[i] * r[i];
        }
    }
}

/* out rr, out beta, in_whole parts, the rr before */
static void find_beta(const yoke_span *span, void *const args[])
{
    const double rr = sum_of(args[2]);

    (void)span;
    *(double *)args[0] = rr;
    *(double *)args[1] = rr / *(const double *)args[3];
}

/* inout p, in r, beta */
static void turn(const yoke_span *span, void *const args[])
{
    double *p = args[0];
    const double *r = args[1];
    const double beta = *(const double *)args[2];

    for (size_t i = span->begin * BLOCK; i < span->end * BLOCK; i++) {
        p[i] = r[i] + beta * p[i];
    }
}

static void gradients_init(gradients *g, yoke_pool *pool)
{
    double **const vectors[] = {&g->x, &g->r, &g->p, &g->q};

    g->pool = pool;
    g->apply = api_kernel(pool, "apply", apply);
    g->find_alpha = api_kernel(pool, "find_alpha", find_alpha);
    g->advance = api_kernel(pool, "advance", advance);
    g->find_beta = api_kernel(pool, "find_beta", find_beta);
    g->turn = api_kernel(pool, "turn", turn);
    for (size_t i = 0; i < 4; i++) {
        *vectors[i] = yoke_alloc(pool, UNKNOWNS * sizeof(double));
        assert_non_null(*vectors[i]);
    }
    g->parts = yoke_alloc(pool, BLOCKS * sizeof(double));
    g->n = yoke_alloc(pool, sizeof *g->n);
    assert_true(g->parts != NULL && g->n != NULL);
}

static void gradients_start(gradients *g)
{
    g->n->rr[0] = 0;
    for (size_t i = 0; i < UNKNOWNS; i++) {
        g->x[i] = 0;
        g->r[i] = g->p[i] = (double)(i * 37 % 101) / 7;
        g->n->rr[0] += g->r[i] * g->r[i];
    }
}

static void gradients_submit(gradients *g, yoke_kernel *kernel, size_t items,
                             const yoke_arg *args, size_t count, bool waits)
{
    yoke_future *future = NULL;

    assert_ok_pool(g->pool, yoke_map_async(waits ? &future : NULL, g->pool, kernel,
                                           yoke_range_1d(items), NULL, args, count));
    if (waits) {
        assert_ok(yoke_future_wait(future, 120));
        yoke_future_destroy(future);
    }
}

/* What a job gets: the value that is there when it starts, or now, after all before it. */
static yoke_arg gradients_value(const double *value, bool waits)
{
    return waits ? yoke_scalar(*value) : yoke_scalar_from(value);
}

static void gradients_step(gradients *g, size_t step, bool waits)
{
    double *rr = &g->n->rr[step % 2];
    double *next = &g->n->rr[(step + 1) % 2];

    gradients_submit(g, g->apply, BLOCKS,
                     YOKE_ARGS(yoke_in_halo(g->p, BLOCK_BYTES, 1, 1, YOKE_EDGE_CLIPPED),
                               yoke_out(g->q, BLOCK_BYTES), yoke_out(g->parts, sizeof(double))),
                     waits);
    gradients_submit(g, g->find_alpha, 1,
                     YOKE_ARGS(yoke_out(&g->n->alpha, sizeof(double)),
                               yoke_in_whole(g->parts, BLOCKS * sizeof(double)),
                               gradients_value(rr, waits)),
                     waits);
    gradients_submit(g, g->advance, BLOCKS,
                     YOKE_ARGS(yoke_inout(g->x, BLOCK_BYTES), yoke_inout(g->r, BLOCK_BYTES),
                               yoke_in(g->p, BLOCK_BYTES), yoke_in(g->q, BLOCK_BYTES),
                               yoke_out(g->parts, sizeof(double)),
                               gradients_value(&g->n->alpha, waits)),
                     waits);
    gradients_submit(g, g->find_beta, 1,
                     YOKE_ARGS(yoke_out(next, sizeof *next),
                               yoke_out(&g->n->beta, sizeof(double)),
                               yoke_in_whole(g->parts, BLOCKS * sizeof(double)),
                               gradients_value(rr, waits)),
                     waits);
    gradients_submit(g, g->turn, BLOCKS,
                     YOKE_ARGS(yoke_inout(g->p, BLOCK_BYTES), yoke_in(g->r, BLOCK_BYTES),
                               gradients_value(&g->n->beta, waits)),
                     waits);
}

static void gradients_run(gradients *g, bool waits)
{
    gradients_start(g);
    for (size_t step = 0; step < STEPS; step++) {
        gradients_step(g, step, waits);
    }
    assert_ok(yoke_pool_wait(g->pool, 120));
}

/* Iterations that are submitted without a wait give the bits of iterations that wait. */
static void conjugate_gradients(void **state)
{
    static const char *const devices[] = {"cpu:2", "cpu:1,fake:1x1/private"};
    static double reference[UNKNOWNS];
    gradients g;

    (void)state;
    for (size_t d = 0; d < 2; d++) {
        gradients_init(&g, api_open(devices[d]));
        gradients_run(&g, true);
        memcpy(reference, g.x, sizeof reference);
        assert_true(g.n->rr[0] < 1e-12);
        for (int i = 0; i < 3; i++) {
            gradients_run(&g, false);
            assert_memory_equal(g.x, reference, sizeof reference);
        }
        api_close(g.pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conjugate_gradients),
    };

    return yt_run_group(tests);
}
