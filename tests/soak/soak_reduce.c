/* SPDX-License-Identifier: MIT */
/* Reductions: the bits are those of the plainest loop that does what the header says. */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

#include "support/plain_reduce.h"

/* Each operation on each type is a kernel to be built, so pools with sources do few of them. */
static void draw_operation(soak_client *client, yoke_reduce_operation *operation,
                           yoke_type *type)
{
    static const yoke_reduce_operation few[] = {YOKE_REDUCE_SUM, YOKE_REDUCE_ARGMAX};
    soak_random *random = &client->random;

    if (client->home->has_sources) {
        *operation = few[soak_between(random, 0, 1)];
        *type = soak_chance(random, 50) ? YOKE_TYPE_FLOAT : YOKE_TYPE_UINT32;
        return;
    }
    do {
        *operation = (yoke_reduce_operation)soak_between(random, 1, PLAIN_OPERATIONS);
        *type = (yoke_type)soak_between(random, 1, PLAIN_TYPES);
    } while (!plain_exists(*operation, *type));
}

void soak_row_reduce(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const size_t n = soak_chance(&client->random, 20)
                         ? soak_between(&client->random, 1, 200000)
                         : soak_between(&client->random, 1, 20000);
    soak_block x = {.pointer = NULL}, y = {.pointer = NULL};
    yoke_reduced result = {.index = 0}, expected;
    yoke_reduce_operation operation;
    yoke_type type;

    draw_operation(client, &operation, &type);
    if (soak_take(client, &x, soak_draw_place(client), n * plain_size(type)) &&
        soak_take(client, &y, SOAK_POOL_MEMORY, n * plain_size(type))) {
        bool is_done;

        plain_fill(type, x.pointer, n, client->turn_key);
        plain_fill(type, y.pointer, n, client->turn_key + 1);
        is_done = operation == YOKE_REDUCE_DOT
                      ? SOAK(client,
                             yoke_reduce(pool,
                                         yoke_reduction_of_two(YOKE_REDUCE_DOT, type,
                                                               x.pointer, y.pointer, n),
                                         &result, NULL))
                      : SOAK(client,
                             yoke_reduce(
                                 pool, yoke_reduction_of(operation, type, x.pointer, n),
                                 &result, NULL));
        expected = plain_reduce(operation, type, x.pointer, y.pointer, n);
        if (is_done && !plain_same(result, expected)) {
            soak_wrong(
                client,
                "operation %d on %zu elements of type %d: %llx at %llu, not %llx "
                "at %llu",
                (int)operation, n, (int)type, (unsigned long long)result.value.u,
                (unsigned long long)result.index, (unsigned long long)expected.value.u,
                (unsigned long long)expected.index);
        }
    }
    soak_give(client, &x);
    soak_give(client, &y);
}

/* ---- partial results of a kernel, combined by a function ---- */

/* What a run of numbers does to a value: v * factor + term. It does not commute. */
typedef struct affine {
    uint32_t factor, term;
} affine;

static void take_number(const yoke_span *span, void *const args[])
{
    affine *out = args[0];
    const uint32_t *numbers = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (affine){numbers[i] | 1, soak_scramble(numbers[i], 3)};
    }
}

static void combine(void *into, const void *from, void *context)
{
    affine *a = into;
    const affine *b = from;

    atomic_fetch_add((atomic_uint *)context, 1);
    a->term = a->term * b->factor + b->term;
    a->factor *= b->factor;
}

void soak_row_reduce_map(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const uint32_t n = soak_between(&client->random, 1, 5000);
    atomic_uint calls = 0;
    const yoke_reducer reducer = {
        .bytes = sizeof(affine), .combine = combine, .context = &calls};
    affine result = {0, 0}, expected = {1, 0};
    soak_block numbers = {.pointer = NULL};
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;

    if (SOAK(client,
             yoke_kernel_create(&kernel, pool,
                                &(yoke_kernel_options){.name = "take_number",
                                                       .native = take_number})) &&
        soak_take(client, &numbers, soak_draw_place(client), n * 4)) {
        uint32_t *values = numbers.pointer;

        for (uint32_t i = 0; i < n; i++) {
            values[i] = soak_scramble(i + client->turn_key, 2);
            combine(&expected, &(affine){values[i] | 1, soak_scramble(values[i], 3)},
                    &calls);
        }
        atomic_store(&calls, 0);
        if (SOAK(client,
                 yoke_map_reduce_async(&future, pool, kernel, yoke_range_1d(n),
                                       &reducer, &result, NULL,
                                       YOKE_ARGS(yoke_out_partial(sizeof(affine)),
                                                 yoke_in(values, 4)))) &&
            soak_finish(client, future, YOKE_OK) == YOKE_OK &&
            (memcmp(&result, &expected, sizeof result) != 0 ||
             atomic_load(&calls) != n - 1)) {
            soak_wrong(client, "a reduction of %u partial results, combined %u times",
                       n, atomic_load(&calls));
        }
    }
    soak_give(client, &numbers);
    yoke_kernel_destroy(kernel);
}
