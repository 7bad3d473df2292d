/* SPDX-License-Identifier: MIT */
/* Tasks: items whose inputs hold pointers, several arguments, results of any length. */
#include "soak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- items with pointers into arrays and segments ---- */

typedef struct piece {
    const uint32_t *numbers;
    uint32_t count;
    uint32_t salt;
} piece;

static uint64_t sum_of(const uint32_t *numbers, uint32_t count, uint32_t salt)
{
    uint64_t sum = salt;

    for (uint32_t i = 0; i < count; i++) {
        sum = sum * 31 + soak_scramble(numbers[i], 1);
    }
    return sum;
}

static int sum_piece(yoke_task *task)
{
    const piece *input = task->input;

    *(uint64_t *)task->output = sum_of(input->numbers, input->count, input->salt);
    return 0;
}

static void count_call(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    atomic_fetch_add((atomic_uint *)context, 1);
}

static void draw_pieces(soak_client *client, piece *pieces, uint32_t count,
                        const soak_block *block)
{
    uint32_t *numbers = block->pointer;
    const uint32_t total = (uint32_t)(block->bytes / sizeof *numbers);

    for (uint32_t i = 0; i < total; i++) {
        numbers[i] = soak_scramble(i + client->turn_key, 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t first = soak_between(&client->random, 0, total - 1);
        const uint32_t most = total - first < 300 ? total - first : 300;

        pieces[i] = (piece){numbers + first, soak_between(&client->random, 1, most), i};
    }
}

static void check_pieces(soak_client *client, const piece *pieces, const uint64_t *sums,
                         uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t sum = sum_of(pieces[i].numbers, pieces[i].count, pieces[i].salt);

        if (sums[i] != sum) {
            soak_wrong(client, "item %u of %u has the result %llx, not %llx", i, count,
                       (unsigned long long)sums[i], (unsigned long long)sum);
        }
    }
}

static void run_pieces(soak_client *client, soak_place place)
{
    yoke_pool *pool = client->home->pool;
    const uint32_t count = soak_between(&client->random, 1, 1500);
    atomic_uint called = 0;
    yoke_task_options options = {.on_success = count_call,
                                 .on_error = count_call,
                                 .on_context = &called,
                                 .chunk = soak_chance(&client->random, 50)
                                              ? soak_between(&client->random, 1, 50)
                                              : 0};
    soak_block numbers, pieces = {.pointer = NULL}, sums = {.pointer = NULL};
    const soak_place near =
        soak_chance(&client->random, 50) ? SOAK_PLAIN : SOAK_POOL_MEMORY;
    yoke_future *future = NULL;

    if (soak_take(client, &numbers, place,
                  4 * soak_between(&client->random, 1, 20000)) &&
        soak_take(client, &pieces, near, count * sizeof(piece)) &&
        soak_take(client, &sums, near, count * sizeof(uint64_t))) {
        draw_pieces(client, pieces.pointer, count, &numbers);
        if (SOAK(client, yoke_map_items_async(&future, pool, sum_piece, pieces.pointer,
                                              sizeof(piece), sums.pointer,
                                              sizeof(uint64_t), count, &options)) &&
            soak_finish(client, future, YOKE_OK) == YOKE_OK) {
            check_pieces(client, pieces.pointer, sums.pointer, count);
        }
        if (!client->excused && atomic_load(&called) != 1) {
            soak_wrong(client, "the callback was called %u times",
                       atomic_load(&called));
        }
    }
    soak_give(client, &numbers);
    soak_give(client, &pieces);
    soak_give(client, &sums);
}

void soak_row_items(soak_client *client)
{
    run_pieces(client, SOAK_POOL_MEMORY);
}

void soak_row_items_segment(soak_client *client)
{
    run_pieces(client, SOAK_SEGMENT);
}

/* ---- several arguments ---- */

static int blend(yoke_task *task)
{
    uint32_t *value = task->args[0];
    const uint32_t mine = *(const uint32_t *)task->args[1];
    const uint32_t *table = task->args[2];
    const uint32_t salt = *(const uint32_t *)task->args[3];

    *value = *value * 7 + soak_scramble(mine ^ table[mine % 16], 2) + salt;
    return 0;
}

void soak_row_starmap(soak_client *client)
{
    const uint32_t count = soak_between(&client->random, 1, 4000);
    soak_block values = {.pointer = NULL}, mine = {.pointer = NULL};
    uint32_t table[16], *expected = malloc(count * sizeof *expected);
    uint32_t salt = client->turn_key;
    const soak_place place =
        soak_chance(&client->random, 30) ? SOAK_PLAIN : soak_draw_place(client);

    if (soak_take(client, &values, place, count * 4) &&
        soak_take(client, &mine, soak_draw_place(client), count * 4)) {
        const yoke_arg args[] = {yoke_inout(values.pointer, 4),
                                 yoke_in(mine.pointer, 4),
                                 yoke_in_whole(table, sizeof table), yoke_scalar(salt)};
        void *here[] = {NULL, NULL, table, &salt};

        for (uint32_t i = 0; i < 16; i++) {
            table[i] = soak_scramble(i + salt, 2);
        }
        for (uint32_t i = 0; i < count; i++) {
            ((uint32_t *)values.pointer)[i] = expected[i] = i * 3;
            ((uint32_t *)mine.pointer)[i] = soak_scramble(i, 1);
            here[0] = &expected[i];
            here[1] = (uint32_t *)mine.pointer + i;
            (void)blend(&(yoke_task){.args = here});
        }
        if (SOAK(client,
                 yoke_starmap(client->home->pool, blend, count, NULL, args, 4)) &&
            memcmp(values.pointer, expected, count * sizeof *expected) != 0) {
            soak_wrong(client, "a starmap of %u items has wrong results", count);
        }
    }
    soak_give(client, &values);
    soak_give(client, &mine);
    free(expected);
}

/* ---- results whose length the task alone knows ---- */

typedef struct wish {
    uint32_t bytes, salt, steps;
    bool fails;
} wish;

static unsigned char result_byte(uint32_t i, uint32_t salt)
{
    return (unsigned char)(i * 7 + salt + (i >> 8));
}

static int grant(yoke_task *task)
{
    const wish *wanted = task->input;

    for (uint32_t step = 1; step <= wanted->steps; step++) {
        const uint32_t bytes = step == wanted->steps
                                   ? wanted->bytes
                                   : wanted->bytes / wanted->steps * step;
        unsigned char *result = yoke_task_output(task, bytes);

        if (result == NULL && bytes > 0) {
            return yoke_task_fail(task, 5, "no room for %u bytes", bytes);
        }
        for (uint32_t i = 0; i < bytes; i++) {
            result[i] = result_byte(i, wanted->salt);
        }
    }
    return wanted->fails ? yoke_task_fail(task, 17, "as it was wished") : 0;
}

static void check_result(soak_client *client, const wish *wanted,
                         const unsigned char *result, size_t bytes)
{
    if (bytes != wanted->bytes || (bytes > 0 && result == NULL)) {
        soak_wrong(client, "a result of %u bytes has %zu, at %p", wanted->bytes, bytes,
                   (const void *)result);
    }
    for (uint32_t i = 0; i < bytes; i++) {
        if (result[i] != result_byte(i, wanted->salt)) {
            soak_wrong(client, "byte %u of a result of %zu is %u, not %u", i, bytes,
                       result[i], result_byte(i, wanted->salt));
        }
    }
}

enum { MOST_CALLS = 12 };

static wish draw_wish(soak_client *client)
{
    soak_random *random = &client->random;
    wish drawn = {.salt = client->turn_key, .steps = soak_between(random, 1, 4)};

    drawn.bytes = soak_chance(random, 10)   ? soak_between(random, 0, 3000000)
                  : soak_chance(random, 50) ? soak_between(random, 0, 4096)
                                            : soak_between(random, 0, 60000);
    drawn.fails = soak_chance(random, 10);
    return drawn;
}

static void finish_call(soak_client *client, yoke_future *future, const wish *wanted)
{
    yoke_status status;
    void *result = NULL;
    size_t bytes = 0;

    soak_enter(client, "yoke_future_wait() for a call");
    status = yoke_future_wait(future, -1);
    (void)soak_judge(client, status, wanted->fails ? YOKE_EKERNEL : YOKE_OK, "a call",
                     yoke_future_error(future));
    if (status == YOKE_OK && wanted->fails) {
        soak_wrong(client, "a call that fails has succeeded");
    }
    if (status == YOKE_OK && soak_chance(&client->random, 90) &&
        SOAK(client, yoke_future_result(future, &result, &bytes))) {
        check_result(client, wanted, result, bytes);
        (void)SOAK(client, yoke_free(client->home->pool, result));
    }
    yoke_future_destroy(future);
}

void soak_row_apply(soak_client *client)
{
    const unsigned calls = soak_between(&client->random, 1, MOST_CALLS);
    wish wishes[MOST_CALLS];
    yoke_future *futures[MOST_CALLS] = {NULL};

    for (unsigned i = 0; i < calls && !client->must_end; i++) {
        wishes[i] = draw_wish(client);
        if (!SOAK(client, yoke_apply_async(&futures[i], client->home->pool, grant,
                                           &wishes[i], sizeof wishes[i], NULL))) {
            break;
        }
    }
    for (unsigned i = 0; i < calls; i++) {
        if (futures[i] != NULL && soak_chance(&client->random, 8)) {
            yoke_future_destroy(futures[i]);
        } else if (futures[i] != NULL) {
            finish_call(client, futures[i], &wishes[i]);
        }
    }
}

/* ---- tasks that have a device to themselves ---- */

static int ask_device(yoke_task *task)
{
    const uint32_t *input = task->input;

    if (task->device == NULL || task->device->queue == NULL) {
        return yoke_task_fail(task, 3, "there is no device");
    }
    *(uint32_t *)task->output = soak_scramble(*input, 2);
    return 0;
}

void soak_row_device(soak_client *client)
{
    enum { ITEMS = 8 };
    const yoke_task_options options = {.kind = "opencl"};
    uint32_t inputs[ITEMS], outputs[ITEMS];

    for (uint32_t i = 0; i < ITEMS; i++) {
        inputs[i] = i + client->turn_key;
    }
    soak_enter(client, "yoke_map_items() with a device");
    /* A device that dies again and again is given up. */
    if (soak_judge(client,
                   yoke_map_items(client->home->pool, ask_device, inputs,
                                  sizeof *inputs, outputs, sizeof *outputs, ITEMS,
                                  &options),
                   atomic_load(&client->home->killed) >= 2 ? YOKE_ENODEVICE : YOKE_OK,
                   "yoke_map_items() with a device", NULL) != YOKE_OK) {
        return;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (outputs[i] != soak_scramble(inputs[i], 2)) {
            soak_wrong(client, "a task with a device has a wrong result");
        }
    }
}

/* ---- streams ---- */

typedef struct supply {
    soak_client *client;
    uint32_t count, salt;
} supply;

static int make_number(void *item, size_t index, void *context)
{
    const supply *from = context;

    if (index >= from->count) {
        return 0;
    }
    *(uint32_t *)item = soak_scramble((uint32_t)index + from->salt, 1);
    return 1;
}

static int change_number(yoke_task *task)
{
    *(uint64_t *)task->output =
        (uint64_t)soak_scramble(*(const uint32_t *)task->input, 40) << 8;
    return 0;
}

static uint64_t number_of(const supply *from, size_t index)
{
    const uint32_t item = soak_scramble((uint32_t)index + from->salt, 1);

    return (uint64_t)soak_scramble(item, 40) << 8;
}

/* Takes results to the end, or for a while; gives how many there were. */
static size_t drain(soak_client *client, yoke_stream *stream, const supply *from,
                    bool is_ordered, size_t most)
{
    size_t taken = 0;
    void *result = NULL;

    while (taken < most && SOAK(client, yoke_stream_next(stream, &result, -1)) &&
           result != NULL) {
        const size_t index = yoke_stream_index(stream);

        if (is_ordered && index != taken) {
            soak_wrong(client, "result %zu of a stream in order is that of item %zu",
                       taken, index);
        }
        if (*(const uint64_t *)result != number_of(from, index)) {
            soak_wrong(client, "item %zu of a stream has a wrong result", index);
        }
        taken++;
    }
    return taken;
}

void soak_row_stream(soak_client *client)
{
    soak_random *random = &client->random;
    supply from = {client, soak_between(random, 0, 3000), client->turn_key};
    yoke_stream_options options = {
        .function = change_number,
        .input_bytes = sizeof(uint32_t),
        .output_bytes = sizeof(uint64_t),
        .chunk = soak_chance(random, 50) ? soak_between(random, 1, 20) : 0};
    const bool is_ordered = soak_chance(random, 50), is_short = soak_chance(random, 20);
    const size_t most = is_short ? soak_between(random, 0, 50) : SIZE_MAX;
    yoke_stream *stream = NULL;
    size_t taken;

    if (soak_chance(random, 50)) {
        options.window = soak_between(random, options.chunk > 0 ? 20 : 1, 300);
    }
    if (!(is_ordered
              ? SOAK(client, yoke_imap(&stream, client->home->pool, &options,
                                       make_number, &from))
              : SOAK(client, yoke_imap_unordered(&stream, client->home->pool, &options,
                                                 make_number, &from)))) {
        return;
    }
    taken = drain(client, stream, &from, is_ordered, most);
    if (!client->excused && !is_short && taken != from.count) {
        soak_wrong(client, "a stream of %u items has given %zu", from.count, taken);
    }
    soak_enter(client, "yoke_stream_destroy()");
    yoke_stream_destroy(stream);
}

/* ---- frames through a kernel ---- */

enum { FRAME = 500 };

static int make_frame(void *item, size_t index, void *context)
{
    const supply *from = context;

    for (uint32_t i = 0; i < FRAME && index < from->count; i++) {
        ((uint32_t *)item)[i] = soak_scramble(i + (uint32_t)index + from->salt, 1);
    }
    return index < from->count;
}

static soak_mix frame_mix(const soak_client *client)
{
    return (soak_mix){.dimensions = 1,
                      .size = {FRAME, 1, 1},
                      .height = {FRAME, 1, 1},
                      .step = {1, FRAME, FRAME},
                      .width = 1,
                      .reads = SOAK_READ_CLIPPED,
                      .writes = SOAK_WRITE_OUT,
                      .before = 2,
                      .after = 2,
                      .read_stride = 1,
                      .total = FRAME,
                      .salt = client->turn_key,
                      .rounds = 5};
}

static void check_frame(soak_client *client, const soak_mix *mix, supply *from,
                        size_t index, const void *result)
{
    soak_element expected[FRAME];
    uint32_t item[FRAME];

    (void)make_frame(item, index, from);
    soak_mix_here(mix, expected, item);
    soak_mix_check(client, mix, result, expected);
}

void soak_row_stream_kernel(soak_client *client)
{
    soak_pool *home = client->home;
    supply from = {client, soak_between(&client->random, 1, 40), client->turn_key};
    const soak_mix mix = frame_mix(client);
    const yoke_arg args[] = {soak_mix_write(&mix, NULL), soak_mix_read(&mix, NULL),
                             yoke_scalar(mix)};
    const yoke_stream_options options = {.kernel = home->mix[soak_form(client)],
                                         .range = yoke_range_1d(FRAME),
                                         .args = args,
                                         .arg_count = 3,
                                         .window = soak_between(&client->random, 1, 6)};
    yoke_stream *stream = NULL;
    void *result = NULL;
    size_t taken = 0;

    if (!SOAK(client,
              yoke_imap_unordered(&stream, home->pool, &options, make_frame, &from))) {
        return;
    }
    while (SOAK(client, yoke_stream_next(stream, &result, -1)) && result != NULL) {
        check_frame(client, &mix, &from, yoke_stream_index(stream), result);
        taken++;
    }
    if (!client->excused && taken != from.count) {
        soak_wrong(client, "a stream of %u frames has given %zu", from.count, taken);
    }
    soak_enter(client, "yoke_stream_destroy()");
    yoke_stream_destroy(stream);
}
