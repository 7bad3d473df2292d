/* SPDX-License-Identifier: MIT */
/* A library with a pool of its own, as a program may load it that has one too. It has the
 * whole of yoke inside, so there are two of that in the process. */
#include "guest.h"

#include <yoke/yoke.h>

enum { ITEMS = 10000, SECONDS = 60 };

static yoke_pool *pool;
static yoke_kernel *kernel;
static uint32_t *numbers;

static void triple(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i] = (uint32_t)(3 * i);
    }
}

static int tell(void *argument, size_t bytes)
{
    return bytes == 1 ? *(unsigned char *)argument : 0;
}

__attribute__((visibility("default"))) int guest_open(void)
{
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) != YOKE_OK) {
        return 1;
    }
    numbers = yoke_alloc(pool, ITEMS * sizeof *numbers);
    return numbers != NULL && yoke_kernel_create(
                                  &kernel, pool,
                                  &(yoke_kernel_options){.native = triple}) == YOKE_OK
               ? 0
               : 2;
}

static int try_map(void)
{
    if (yoke_map(pool, kernel, yoke_range_1d(ITEMS),
                 yoke_out(numbers, sizeof *numbers)) != YOKE_OK) {
        return 3;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (numbers[i] != 3 * i) {
            return 4;
        }
    }
    return 0;
}

static int try_process(void)
{
    const unsigned char value = 77;
    yoke_process *process = NULL;
    int code = 0;

    if (yoke_process_start(&process, pool, tell, &value, 1, NULL) != YOKE_OK ||
        yoke_process_wait(process, NULL, SECONDS) != YOKE_OK ||
        yoke_process_wait(process, &code, 0) != YOKE_OK) {
        return 5;
    }
    yoke_process_destroy(process);
    return code == 77 ? 0 : 6;
}

__attribute__((visibility("default"))) int guest_work(void)
{
    const int code = try_map();

    return code != 0 ? code : try_process();
}

__attribute__((visibility("default"))) int guest_close(void)
{
    yoke_kernel_destroy(kernel);
    return yoke_pool_close(pool) == YOKE_OK ? 0 : 7;
}

__attribute__((visibility("default"))) int guest_refuses(void *foreign)
{
    return yoke_pool_close(foreign) == YOKE_ECLOSED ? 0 : 8;
}
