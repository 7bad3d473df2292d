/* SPDX-License-Identifier: MIT */
#include "misuse_setup.h"

yoke_pool *pool;
yoke_kernel *fill;
uint32_t *numbers;

int misuse_set_up(void **state)
{
    (void)state;
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) != YOKE_OK) {
        print_error("%s\n", yoke_pool_error(NULL));
        return -1;
    }
    if (yoke_kernel_create(
            &fill, pool, &(yoke_kernel_options){.name = "fill", .native = api_fill}) !=
        YOKE_OK) {
        return -1;
    }
    numbers = yoke_alloc(pool, N * sizeof *numbers);
    return numbers != NULL ? 0 : -1;
}

int misuse_tear_down(void **state)
{
    (void)state;
    return yoke_pool_close(pool) == YOKE_OK ? 0 : -1;
}
