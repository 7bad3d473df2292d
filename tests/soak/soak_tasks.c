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
        if (SOAK(client, yoke_apply_each_async(
                             &future, pool, sum_piece, count, &options,
                             YOKE_ARGS(yoke_in(pieces.pointer, sizeof(piece)),
                                       yoke_out(sums.pointer, sizeof(uint64_t))))) &&
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
        if (SOAK(client, yoke_apply_each(client->home->pool, blend, count, NULL,
                                         args, 4)) &&
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
    status = yoke_future_wait(future, YOKE_FOREVER);
    (void)soak_judge(client, status, wanted->fails ? YOKE_EKERNEL : YOKE_OK, "a call",
                     yoke_future_error(future));
    if (status == YOKE_OK && wanted->fails) {
        soak_wrong(client, "a call that fails has succeeded");
    }
    if (status == YOKE_OK && soak_chance(&client->random, 90) &&
        SOAK(client, yoke_future_result(future, &result, &bytes))) {
        check_result(client, wanted, result, bytes);
        (void)SOAK(client, yoke_free(result));
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
            if (wishes[i].fails || soak_may_fail(client)) {
                atomic_store(&client->home->has_unread, true);
            }
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
    const yoke_task_options options = {.devices = "opencl", .on_device = true};
    uint32_t inputs[ITEMS], outputs[ITEMS];

    for (uint32_t i = 0; i < ITEMS; i++) {
        inputs[i] = i + client->turn_key;
    }
    soak_enter(client, "yoke_apply_each() with a device");
    /* A device that dies again and again is given up. */
    if (soak_judge(
            client,
            yoke_apply_each(client->home->pool, ask_device, ITEMS, &options,
                            YOKE_ARGS(yoke_in(inputs, sizeof *inputs),
                                      yoke_out(outputs, sizeof *outputs))),
            atomic_load(&client->home->killed) >= 2 ? YOKE_ENODEVICE : YOKE_OK,
            "yoke_apply_each() with a device", NULL) != YOKE_OK) {
        return;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (outputs[i] != soak_scramble(inputs[i], 2)) {
            soak_wrong(client, "a task with a device has a wrong result");
        }
    }
}
