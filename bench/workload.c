/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "workload.h"

#define LOOP(loop) .body = loop_##loop, .kernel = #loop
#define MI ((size_t)1 << 20)

/* The same work for every item; named after their time on two cores, about. */
#define EVEN(count, amount)                                                            \
    .items = (count), .width = 64, .work = (amount), .role = {ROLE_OUT},               \
    .tolerance = 1e-5f

const workload workloads[] = {
    {.name = "empty", LOOP(empty), .items = 2, .batch = 200, .warm = 100},
    {.name = "empty_rested", LOOP(empty), .items = 2, .rest_ms = 100},
    {.name = "start", LOOP(empty), .kind = KIND_START, .items = 2},
    {.name = "chunk", LOOP(empty), .items = 65536, .chunk = 1, .warm = 1},
    {.name = "chunk_small", LOOP(empty), .items = 4096, .chunk = 1},
    {.name = "chunk_large", LOOP(empty), .items = 36864, .chunk = 1},
    {.name = "saxpy_16M",
     LOOP(saxpy),
     .items = 16 * MI,
     .warm = 1,
     .role = {ROLE_OUT, ROLE_IN, ROLE_IN}},
    {.name = "saxpy_100k",
     LOOP(saxpy),
     .items = 100000,
     .batch = 200,
     .warm = 50,
     .role = {ROLE_OUT, ROLE_IN, ROLE_IN}},
    {.name = "saxpy_100k_often",
     LOOP(saxpy),
     .items = 100000,
     .batch = 10000,
     .warm = 50,
     .role = {ROLE_OUT, ROLE_IN, ROLE_IN}},
    {.name = "saxpy_inplace_16M",
     LOOP(saxpy_inplace),
     .items = 16 * MI,
     .warm = 1,
     .role = {ROLE_INOUT, ROLE_IN}},
    {.name = "mandelbrot",
     LOOP(mandelbrot),
     .items = 1024,
     .width = 1024,
     .dimensions = 2,
     .work = 500,
     .role = {ROLE_OUT}},
    {.name = "nbody",
     LOOP(nbody),
     .items = 4096,
     .width = 4,
     .warm = 1,
     .role = {ROLE_INOUT, ROLE_WHOLE},
     .tolerance = 1e-4f},
    {.name = "blur_16MP",
     LOOP(blur),
     .items = 4096,
     .width = 4096,
     .dimensions = 2,
     .warm = 1,
     .role = {ROLE_OUT, ROLE_HALO},
     .halo = 2,
     .tolerance = 1e-5f},
    {.name = "sum_squares",
     LOOP(sum_squares),
     .fill = loop_fill_limits,
     .items = 20,
     .element = sizeof(uint64_t),
     .warm = 1,
     .role = {ROLE_OUT, ROLE_IN}},
    {.name = "sum_16M",
     .body = loop_sum,
     .call = CALL_SUM,
     .items = 16 * MI,
     .warm = 1,
     .role = {ROLE_OUT, ROLE_IN},
     .tolerance = 1e-5f},
    {.name = "dot_16M",
     .body = loop_dot,
     .call = CALL_DOT,
     .items = 16 * MI,
     .warm = 1,
     .role = {ROLE_OUT, ROLE_IN, ROLE_IN},
     .tolerance = 1e-5f},
    {.name = "apply_8",
     .body = loop_empty,
     .call = CALL_APPLY,
     .items = 1,
     .work = 8,
     .batch = 200,
     .warm = 100},
    {.name = "apply_64M",
     .body = loop_empty,
     .call = CALL_APPLY,
     .items = 1,
     .work = 64 * MI,
     .warm = 1},
    {.name = "items_1M",
     .body = loop_square_items,
     .fill = loop_fill_numbers,
     .call = CALL_ITEMS,
     .items = MI,
     .chunk = 16384,
     .warm = 1,
     .role = {ROLE_OUT, ROLE_IN}},
    {.name = "imap_1M",
     .body = loop_square_items,
     .fill = loop_fill_numbers,
     .call = CALL_STREAM,
     .items = MI,
     .chunk = 1024,
     .role = {ROLE_OUT, ROLE_IN}},
    {.name = "tiny_1M",
     LOOP(squares),
     .items = MI,
     .batch = 20,
     .warm = 5,
     .role = {ROLE_OUT}},
    {.name = "stencil_cache",
     LOOP(stencil),
     .items = 512,
     .width = 512,
     .dimensions = 2,
     .steps = 1000,
     .role = {ROLE_OUT, ROLE_HALO},
     .halo = 1,
     .tolerance = 1e-5f},
    {.name = "stencil_waits",
     LOOP(stencil),
     .items = 512,
     .width = 512,
     .dimensions = 2,
     .steps = 900,
     .waits = true,
     .role = {ROLE_OUT, ROLE_HALO},
     .halo = 1,
     .tolerance = 1e-5f},
    {.name = "stencil_memory",
     LOOP(stencil),
     .items = 4096,
     .width = 8192,
     .dimensions = 2,
     .steps = 20,
     .role = {ROLE_OUT, ROLE_HALO},
     .halo = 1,
     .tolerance = 1e-5f},
    {.name = "even_10ms", LOOP(multiply_add), EVEN(2048, 2000), .batch = 5, .warm = 1},
    {.name = "even_100ms", LOOP(multiply_add), EVEN(16384, 2000)},
    {.name = "even_1s", LOOP(multiply_add), EVEN(16384, 40000)},
    {.name = "memory_private",
     LOOP(saxpy),
     .kind = KIND_PRIVATE,
     .items = 8 * MI,
     .role = {ROLE_OUT, ROLE_IN, ROLE_IN}},
    {.name = "memory_resident",
     LOOP(saxpy),
     .kind = KIND_RESIDENT,
     .items = 8 * MI,
     .role = {ROLE_OUT, ROLE_IN, ROLE_IN}},
    {.name = NULL},
};

const workload *workload_find(const char *name)
{
    for (const workload *w = workloads; w->name != NULL; w++) {
        if (strcmp(w->name, name) == 0) {
            return w;
        }
    }
    return NULL;
}

static size_t or_else(size_t value, size_t otherwise)
{
    return value > 0 ? value : otherwise;
}

size_t workload_item_bytes(const workload *w)
{
    return or_else(w->width, 1) * or_else(w->element, sizeof(float));
}

size_t workload_array_bytes(const workload *w)
{
    return w->items * workload_item_bytes(w);
}

size_t workload_arrays(const workload *w)
{
    size_t count = 0;

    while (count < LOOP_ARRAYS && w->role[count] != ROLE_NONE) {
        count++;
    }
    return count;
}

loop_data workload_step(const workload *w, void *const arrays[LOOP_ARRAYS],
                        unsigned step)
{
    const bool swapped = step % 2 == 1;

    return (loop_data){
        .array = {arrays[swapped ? 1 : 0], arrays[swapped ? 0 : 1], arrays[2]},
        .width = (uint32_t)or_else(w->width, 1),
        .height = (uint32_t)w->items,
        .work = w->work,
    };
}

loop_body *workload_fill(const workload *w)
{
    return w->fill != NULL ? w->fill : loop_fill_floats;
}

loop_data workload_filled(const workload *w, void *const arrays[LOOP_ARRAYS], size_t k)
{
    loop_data data = workload_step(w, arrays, 0);

    data.array[0] = arrays[k];
    data.work = (uint32_t)k;
    return data;
}

size_t workload_result(const workload *w)
{
    return w->steps > 0 ? (w->steps - 1) % 2 : 0;
}
