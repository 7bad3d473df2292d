/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "loops.h"

enum { LANES = 64, BLOCK = 4096, BODY_LANES = 16, FIRST_LIMIT = 1000000 };

void loop_empty(size_t begin, size_t end, const loop_data *data)
{
    (void)begin;
    (void)end;
    (void)data;
}

void loop_saxpy(size_t begin, size_t end, const loop_data *data)
{
    float *restrict z = data->array[0];
    const float *restrict x = data->array[1];
    const float *restrict y = data->array[2];

    for (size_t i = begin; i < end; i++) {
        z[i] = 0.5f * x[i] + y[i];
    }
}

void loop_saxpy_inplace(size_t begin, size_t end, const loop_data *data)
{
    float *restrict y = data->array[0];
    const float *restrict x = data->array[1];

    for (size_t i = begin; i < end; i++) {
        y[i] = 0.5f * x[i] + y[i];
    }
}

static uint32_t escape_time(float cx, float cy, uint32_t limit)
{
    float zx = 0, zy = 0;
    uint32_t n = 0;

    while (n < limit && zx * zx + zy * zy <= 4.0f) {
        const float next = zx * zx - zy * zy + cx;
        zy = 2.0f * zx * zy + cy;
        zx = next;
        n++;
    }
    return n;
}

void loop_mandelbrot(size_t begin, size_t end, const loop_data *data)
{
    uint32_t *count = data->array[0];
    const float step = 3.0f / (float)data->width;

    for (size_t y = begin; y < end; y++) {
        for (size_t x = 0; x < data->width; x++) {
            count[y * data->width + x] = escape_time(
                -2.25f + step * (float)x, -1.5f + step * (float)y, data->work);
        }
    }
}

typedef struct bodies {
    float x[BODY_LANES], y[BODY_LANES], z[BODY_LANES];
} bodies;

/* What body j, at p[0..2] with mass p[3], does to some bodies. */
static inline void attract(bodies *pull, const bodies *at, const float *p)
{
    for (size_t i = 0; i < BODY_LANES; i++) {
        const float dx = p[0] - at->x[i], dy = p[1] - at->y[i], dz = p[2] - at->z[i];
        const float r2 = dx * dx + dy * dy + dz * dz + 0.01f;
        const float s = p[3] / (r2 * sqrtf(r2));
        pull->x[i] += s * dx;
        pull->y[i] += s * dy;
        pull->z[i] += s * dz;
    }
}

/* The n bodies from `first` on, together, so that the compiler can use vectors. */
static void kick(float *velocity, const float *position, size_t first, size_t n,
                 size_t count)
{
    bodies at = {{0}, {0}, {0}}, pull = {{0}, {0}, {0}};

    for (size_t i = 0; i < n; i++) {
        at.x[i] = position[4 * (first + i)];
        at.y[i] = position[4 * (first + i) + 1];
        at.z[i] = position[4 * (first + i) + 2];
    }
    for (size_t j = 0; j < count; j++) {
        attract(&pull, &at, position + 4 * j);
    }
    for (size_t i = 0; i < n; i++) {
        velocity[4 * (first + i)] += 1e-3f * pull.x[i];
        velocity[4 * (first + i) + 1] += 1e-3f * pull.y[i];
        velocity[4 * (first + i) + 2] += 1e-3f * pull.z[i];
    }
}

void loop_nbody(size_t begin, size_t end, const loop_data *data)
{
    for (size_t first = begin; first < end; first += BODY_LANES) {
        const size_t left = end - first;
        kick(data->array[0], data->array[1], first,
             left < BODY_LANES ? left : BODY_LANES, data->height);
    }
}

static const float blur_weight[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};

static size_t clamped(size_t at, size_t offset, size_t count)
{
    const size_t shifted = at + offset < 2 ? 0 : at + offset - 2;
    return shifted < count ? shifted : count - 1;
}

static float blur_at_edge(const float *const row[5], size_t x, size_t width)
{
    float sum = 0;

    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
            sum += blur_weight[i] * blur_weight[j] * row[i][clamped(x, j, width)];
        }
    }
    return sum;
}

static void blur_row(float *restrict out, const float *const row[5], size_t width)
{
    const float *const a = row[0], *const b = row[1], *const c = row[2],
                       *const d = row[3], *const e = row[4];

    for (size_t x = 2; x + 2 < width; x++) {
        float sum = 0;
        for (size_t j = 0; j < 5; j++) {
            const size_t at = x + j - 2;
            sum += blur_weight[j] * (0.0625f * a[at] + 0.25f * b[at] + 0.375f * c[at] +
                                     0.25f * d[at] + 0.0625f * e[at]);
        }
        out[x] = sum;
    }
    for (size_t x = 0; x < 2; x++) {
        out[x] = blur_at_edge(row, x, width);
        out[width - 1 - x] = blur_at_edge(row, width - 1 - x, width);
    }
}

void loop_blur(size_t begin, size_t end, const loop_data *data)
{
    const size_t width = data->width;
    float *out = data->array[0];
    const float *in = data->array[1];

    for (size_t y = begin; y < end; y++) {
        const float *row[5];
        for (size_t i = 0; i < 5; i++) {
            row[i] = in + clamped(y, i, data->height) * width;
        }
        blur_row(out + y * width, row, width);
    }
}

void loop_sum_squares(size_t begin, size_t end, const loop_data *data)
{
    uint64_t *sums = data->array[0];
    const uint64_t *limits = data->array[1];

    for (size_t k = begin; k < end; k++) {
        uint64_t sum = 0;
        for (uint64_t i = 0; i < limits[k]; i++) {
            sum += i * i;
        }
        sums[k] = sum;
    }
}

void loop_squares(size_t begin, size_t end, const loop_data *data)
{
    uint32_t *out = data->array[0];

    for (size_t i = begin; i < end; i++) {
        out[i] = (uint32_t)i * (uint32_t)i;
    }
}

void loop_square_items(size_t begin, size_t end, const loop_data *data)
{
    uint32_t *restrict out = data->array[0];
    const uint32_t *restrict in = data->array[1];

    for (size_t i = begin; i < end; i++) {
        out[i] = in[i] * in[i];
    }
}

/* At most BLOCK products, in lanes, so that the compiler can use vectors. */
static double dot_block(const float *x, const float *y, size_t count)
{
    float lane[LANES] = {0};
    double sum = 0;
    size_t i = 0;

    for (; i + LANES <= count; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            lane[l] += x[i + l] * (y != NULL ? y[i + l] : 1.0f);
        }
    }
    for (; i < count; i++) {
        sum += (double)(x[i] * (y != NULL ? y[i] : 1.0f));
    }
    for (size_t l = 0; l < LANES; l++) {
        sum += (double)lane[l];
    }
    return sum;
}

/* In blocks, so that rounding errors do not grow. */
static float dot(const float *x, const float *y, size_t begin, size_t end)
{
    double sum = 0;

    for (size_t i = begin; i < end; i += BLOCK) {
        sum += dot_block(x + i, y != NULL ? y + i : NULL,
                         end - i < BLOCK ? end - i : BLOCK);
    }
    return (float)sum;
}

void loop_sum(size_t begin, size_t end, const loop_data *data)
{
    *(float *)data->array[0] = dot(data->array[1], NULL, begin, end);
}

void loop_dot(size_t begin, size_t end, const loop_data *data)
{
    *(float *)data->array[0] = dot(data->array[1], data->array[2], begin, end);
}

static void stencil_row(float *restrict out, const float *in, size_t width)
{
    const float *const above = in - width, *const below = in + width;

    out[0] = in[0];
    out[width - 1] = in[width - 1];
    for (size_t x = 1; x + 1 < width; x++) {
        out[x] = 0.2f * (in[x] + in[x - 1] + in[x + 1] + above[x] + below[x]);
    }
}

void loop_stencil(size_t begin, size_t end, const loop_data *data)
{
    const size_t width = data->width;

    for (size_t y = begin; y < end; y++) {
        float *out = (float *)data->array[0] + y * width;
        const float *in = (const float *)data->array[1] + y * width;

        if (y == 0 || y + 1 == data->height) {
            for (size_t x = 0; x < width; x++) {
                out[x] = in[x];
            }
        } else {
            stencil_row(out, in, width);
        }
    }
}

static void multiply_add(float *out, size_t item, uint32_t work)
{
    float v[LANES];

    for (size_t i = 0; i < LANES; i++) {
        v[i] = (float)((item + i) & 1023);
    }
    for (uint32_t k = 0; k < work; k++) {
        for (size_t i = 0; i < LANES; i++) {
            v[i] = v[i] * 0.999f + 0.001f;
        }
    }
    for (size_t i = 0; i < LANES; i++) {
        out[item * LANES + i] = v[i];
    }
}

void loop_multiply_add(size_t begin, size_t end, const loop_data *data)
{
    for (size_t item = begin; item < end; item++) {
        multiply_add(data->array[0], item, data->work);
    }
}

void loop_fill_floats(size_t begin, size_t end, const loop_data *data)
{
    float *out = data->array[0];

    for (size_t i = begin * data->width; i < end * data->width; i++) {
        const uint32_t mixed = (uint32_t)(i + data->work) * 2654435761u;
        out[i] = (float)(mixed >> 16) / 65536.0f;
    }
}

void loop_fill_limits(size_t begin, size_t end, const loop_data *data)
{
    uint64_t *out = data->array[0];

    for (size_t i = begin; i < end; i++) {
        out[i] = FIRST_LIMIT + i;
    }
}

void loop_fill_numbers(size_t begin, size_t end, const loop_data *data)
{
    uint32_t *out = data->array[0];

    for (size_t i = begin; i < end; i++) {
        out[i] = (uint32_t)i;
    }
}
