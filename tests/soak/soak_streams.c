/* SPDX-License-Identifier: MIT */
/* Streams of items through a function, and of frames through a kernel. */
#include "soak.h"

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

    while (taken < most &&
           SOAK(client, yoke_stream_next(stream, &result, YOKE_FOREVER)) &&
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
    options.unordered = !is_ordered;
    if (!SOAK(client, yoke_stream_create(&stream, client->home->pool, &options,
                                         make_number, &from))) {
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
    soak_mix mix = soak_mix_line(FRAME, client->turn_key);

    mix.reads = SOAK_READ_CLIPPED;
    mix.before = mix.after = 2;
    return mix;
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
                                         .window = soak_between(&client->random, 1, 6),
                                         .unordered = true};
    yoke_stream *stream = NULL;
    void *result = NULL;
    size_t taken = 0;

    if (!SOAK(client,
              yoke_stream_create(&stream, home->pool, &options, make_frame, &from))) {
        return;
    }
    while (SOAK(client, yoke_stream_next(stream, &result, YOKE_FOREVER)) &&
           result != NULL) {
        check_frame(client, &mix, &from, yoke_stream_index(stream), result);
        taken++;
    }
    if (!client->excused && taken != from.count) {
        soak_wrong(client, "a stream of %u frames has given %zu", from.count, taken);
    }
    soak_enter(client, "yoke_stream_destroy()");
    yoke_stream_destroy(stream);
}
