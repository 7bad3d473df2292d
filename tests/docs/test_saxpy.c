/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <yoke/yoke.h>

static const char source[] =
    "__kernel void saxpy(__global float *z, __global const float *x,\n"
    "                    __global const float *y, float a)\n"
    "{ size_t i = get_global_id(0); z[i] = a * x[i] + y[i]; }\n";

static void saxpy(const yoke_span *span, void *const args[])
{
    float *z = args[0];
    const float *x = args[1], *y = args[2], a = *(const float *)args[3];

    for (size_t i = span->begin; i < span->end; i++) {
        z[i] = a * x[i] + y[i];
    }
}

int main(void)
{
    enum { N = 1 << 24 };
    yoke_pool *pool;
    yoke_kernel *kernel;

    if (yoke_pool_create(&pool, NULL) != YOKE_OK) {
        fprintf(stderr, "%s\n", yoke_pool_error(NULL));
        return 1;
    }
    float *x = yoke_alloc(pool, N * sizeof *x);
    float *y = yoke_alloc(pool, N * sizeof *y);
    float *z = yoke_alloc(pool, N * sizeof *z);
    for (int i = 0; x != NULL && y != NULL && i < N; i++) {
        x[i] = (float)i;
        y[i] = 1.0f;
    }
    yoke_status status = yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){
        .name = "saxpy", .source = source, .native = saxpy});
    if (status == YOKE_OK) {
        status = yoke_map(pool, kernel, yoke_range_1d(N), yoke_out(z, sizeof *z),
                          yoke_in(x, sizeof *x), yoke_in(y, sizeof *y), yoke_scalar(2.0f));
    }
    const int right = status == YOKE_OK && z[3] == 7.0f;
    puts(right ? "z is 2 x + y" : yoke_pool_error(pool));
    yoke_pool_close(pool);
    return right ? 0 : 1;
}
