/* SPDX-License-Identifier: MIT */
#include "yoke_calls.h"

#include <string.h>

enum { WINDOW_CHUNKS = 16 };

static void check(const yoke_pool *pool, yoke_status status, const char *doing)
{
    if (status != YOKE_OK) {
        contender_fail("yoke, %s: %s: %s", doing, yoke_strerror(status),
                       yoke_pool_error(pool));
    }
}

/* ---- reductions ---- */

static void reduce(yoke_pool *pool, const task *t)
{
    float *out = t->arrays[0];
    const float *x = t->arrays[1];
    yoke_reduced result;

    if (t->w->call == CALL_DOT) {
        check(pool,
              yoke_reduce(pool,
                          yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT, x,
                                                t->arrays[2], t->w->items),
                          &result, NULL),
              "multiplying");
    } else {
        check(pool,
              yoke_reduce(
                  pool,
                  yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, t->w->items),
                  &result, NULL),
              "adding up");
    }
    out[0] = (float)result.value.f;
}

/* ---- one call ---- */

/* As many bytes as the input says. */
static int produce(yoke_task *call)
{
    const size_t bytes = *(const size_t *)call->input;
    void *out = yoke_task_output(call, bytes);

    if (out == NULL) {
        return yoke_task_fail(call, 1, "no room");
    }
    memset(out, 1, bytes);
    return 0;
}

static void apply(yoke_pool *pool, const task *t)
{
    const size_t wanted = t->w->work;
    void *result = NULL;
    size_t bytes = 0;

    check(pool,
          yoke_apply(pool, produce, &wanted, sizeof wanted, &result, &bytes, NULL),
          "calling");
    if (bytes != wanted || ((const char *)result)[bytes - 1] != 1) {
        contender_fail("%s: the result is wrong", t->w->name);
    }
    check(pool, yoke_free(result), "freeing");
}

/* ---- items ---- */

static int square(yoke_task *call)
{
    const uint32_t x = *(const uint32_t *)call->input;

    *(uint32_t *)call->output = x * x;
    return 0;
}

static void map_items(yoke_pool *pool, const task *t)
{
    const yoke_task_options options = {.chunk = t->w->chunk};

    check(pool,
          yoke_apply_each(pool, square, t->w->items, &options,
                          YOKE_ARGS(yoke_in(t->arrays[1], sizeof(uint32_t)),
                                    yoke_out(t->arrays[0], sizeof(uint32_t)))),
          "mapping items");
}

static int next_number(void *item, size_t index, void *items)
{
    *(uint32_t *)item = (uint32_t)index;
    return index < *(const size_t *)items;
}

static void take(yoke_pool *pool, yoke_stream *stream, uint32_t *out)
{
    void *result = NULL;

    for (size_t i = 0;; i++) {
        check(pool, yoke_stream_next(stream, &result, YOKE_FOREVER), "streaming");
        if (result == NULL) {
            return;
        }
        out[i] = *(const uint32_t *)result;
    }
}

static void stream_items(yoke_pool *pool, const task *t)
{
    const yoke_stream_options options = {.function = square,
                                         .input_bytes = sizeof(uint32_t),
                                         .output_bytes = sizeof(uint32_t),
                                         .window = WINDOW_CHUNKS * t->w->chunk,
                                         .chunk = t->w->chunk};
    size_t items = t->w->items;
    yoke_stream *stream = NULL;

    check(pool, yoke_stream_create(&stream, pool, &options, next_number, &items),
          "opening a stream");
    take(pool, stream, t->arrays[0]);
    yoke_stream_destroy(stream);
}

void yoke_call(yoke_pool *pool, const task *t)
{
    static void (*const calls[])(yoke_pool * pool, const task *t) = {
        [CALL_SUM] = reduce,      [CALL_DOT] = reduce,          [CALL_APPLY] = apply,
        [CALL_ITEMS] = map_items, [CALL_STREAM] = stream_items,
    };

    calls[t->w->call](pool, t);
}
