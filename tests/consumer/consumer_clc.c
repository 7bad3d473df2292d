/* SPDX-License-Identifier: MIT */
/*
 * A kernel whose text is embedded and compiled as C, and a native function whose arguments have
 * names, from the installed headers and CMake functions.
 */
#include <stdio.h>

/* begin clc */
#include <yoke/clc.h>

#include "double_up.cl.h" /* const char double_up_cl[] */

#include "double_up.cl" /* __kernel void double_up(...) */

YOKE_CLC_FUNCTION(double_up, double_up_native, __global uint *, __global const uint *, uint)
/* end */

#ifndef YOKE_CLC
#error "YOKE_CLC is not defined"
#endif

/* begin native */
YOKE_NATIVE_FUNCTION(add_up, (uint *, sums), (const uint *, x), (uint, more))
{
    for (size_t i = span->begin; i < span->end; i++) {
        sums[i] = x[i] + more;
    }
}
/* end */

int main(void)
{
    enum { N = 1000 };
    yoke_pool *pool;
    yoke_kernel *forms[2];
    size_t wrong = 0;

    if (yoke_pool_create(&pool, NULL) != YOKE_OK) {
        fprintf(stderr, "%s\n", yoke_pool_error(NULL));
        return 1;
    }
    uint *x = yoke_alloc(pool, N * sizeof *x), *y = yoke_alloc(pool, N * sizeof *y);
    for (uint i = 0; x != NULL && y != NULL && i < N; i++) {
        x[i] = i;
    }
    const yoke_kernel_options described[2] = {
        {.name = "double_up",
         .source = double_up_cl,
         .native = double_up_native,
         .cpu_form = YOKE_FORM_NATIVE,
         .parameters = double_up_native_parameters},
        {.name = "add_up", .native = add_up, .parameters = add_up_parameters}};
    for (uint k = 0; k < 2; k++) {
        if (yoke_kernel_create(&forms[k], pool, &described[k]) != YOKE_OK ||
            yoke_map(pool, forms[k], yoke_range_1d(N), yoke_out(y, sizeof *y),
                     yoke_in(x, sizeof *x), yoke_scalar((uint)3)) != YOKE_OK) {
            fprintf(stderr, "%s\n", yoke_pool_error(pool));
            return 1;
        }
        for (uint i = 0; i < N; i++) {
            wrong += y[i] != (k == 0 ? 2 * i + 3 : i + 3);
        }
    }
    yoke_pool_close(pool);
    printf("%zu wrong\n", wrong);
    return wrong > 0;
}
