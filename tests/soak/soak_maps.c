/* SPDX-License-Identifier: MIT */
/* Maps: one at a time, in groups, and those that are under way when their pool ends. */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

/* ---- one map ---- */

typedef struct single {
    soak_mix mix;
    soak_block numbers, elements;
    soak_element *expected;
} single;

static bool single_begin(soak_client *client, single *one, bool is_staged)
{
    const soak_place place = is_staged ? SOAK_PLAIN : soak_draw_place(client);
    const size_t bytes = one->mix.total * sizeof(soak_element);

    if (!soak_take(client, &one->numbers,
                   is_staged ? SOAK_PLAIN : soak_draw_place(client),
                   one->mix.total * sizeof(uint32_t)) ||
        !soak_take(client, &one->elements, place, bytes)) {
        return false;
    }
    one->expected = malloc(bytes);
    soak_fill(one->numbers.pointer, one->mix.total, one->mix.salt);
    soak_fill(one->elements.pointer, 2 * (size_t)one->mix.total, ~one->mix.salt);
    memcpy(one->expected, one->elements.pointer, bytes);
    soak_mix_here(&one->mix, one->expected, one->numbers.pointer);
    return true;
}

static void single_end(soak_client *client, single *one)
{
    soak_give(client, &one->numbers);
    soak_give(client, &one->elements);
    free(one->expected);
}

void soak_row_map(soak_client *client)
{
    soak_pool *home = client->home;
    const bool is_staged = soak_chance(&client->random, 20);
    const bool waits = soak_chance(&client->random, 50);
    const unsigned form = soak_form(client);
    yoke_map_options options = {.stage = is_staged};
    yoke_future *future = NULL;
    single one = {.expected = NULL};

    soak_mix_draw(client, &one.mix);
    soak_draw_options(client, &options);
    options.caller_helps = waits && soak_chance(&client->random, 40);
    if (single_begin(client, &one, is_staged)) {
        const yoke_arg args[] = {soak_mix_write(&one.mix, one.elements.pointer),
                                 soak_mix_read(&one.mix, one.numbers.pointer),
                                 yoke_scalar(one.mix)};
        const yoke_range range =
            soak_mix_range(&one.mix, soak_chance(&client->random, 50));
        const bool is_done =
            SOAK(client, waits ? yoke_map_with(home->pool, home->mix[form],
                                               range, &options, args, 3)
                               : yoke_map_async(&future, home->pool,
                                                home->mix[form], range, &options,
                                                args, 3)) &&
            (waits || soak_finish(client, future, YOKE_OK) == YOKE_OK);

        if (is_done) {
            soak_mix_check(client, &one.mix, one.elements.pointer, one.expected);
        }
    }
    single_end(client, &one);
}

/* ---- jobs that are under way when their pool ends ---- */

enum { PARTING = 6 };

struct soak_parting {
    unsigned count;
    single jobs[PARTING];
    yoke_future *futures[PARTING];
};

soak_parting *soak_parting_begin(soak_client *client)
{
    const yoke_map_options options = {.stage = true};
    soak_parting *self = calloc(1, sizeof *self);

    while (self->count < PARTING && !client->excused) {
        single *one = &self->jobs[self->count];

        soak_mix_draw(client, &one->mix);
        if (!single_begin(client, one, true) ||
            !SOAK(client,
                  yoke_map_async(
                      &self->futures[self->count], client->home->pool,
                      client->home->mix[soak_form(client)],
                      soak_mix_range(&one->mix, true), &options,
                      YOKE_ARGS(soak_mix_write(&one->mix, one->elements.pointer),
                                soak_mix_read(&one->mix, one->numbers.pointer),
                                yoke_scalar(one->mix))))) {
            break;
        }
        self->count++;
    }
    return self;
}

/* The futures outlive the pool, and so do results outside of its memory. */
void soak_parting_end(soak_client *client, soak_parting *self, yoke_status allowed)
{
    for (unsigned i = 0; i < self->count; i++) {
        single *one = &self->jobs[i];

        if (soak_finish(client, self->futures[i], allowed) == YOKE_OK) {
            soak_mix_check(client, &one->mix, one->elements.pointer, one->expected);
        }
    }
    for (unsigned i = 0; i < PARTING; i++) {
        single_end(client, &self->jobs[i]);
    }
    free(self);
}

/* ---- work-groups ---- */

static void check_sums(soak_client *client, const uint32_t *sums,
                       const uint32_t *numbers, uint32_t count, uint32_t salt)
{
    for (uint32_t first = 0; first < count; first += SOAK_GROUP) {
        uint32_t sum = 0;

        for (uint32_t i = first; i < first + SOAK_GROUP; i++) {
            sum = sum * 17 + (i < count ? soak_scramble(numbers[i] + salt, 3) : 0);
        }
        if (sums[first / SOAK_GROUP] != sum) {
            soak_wrong(client, "the sum of group %u of %u items is %u, not %u",
                       first / SOAK_GROUP, count, sums[first / SOAK_GROUP], sum);
        }
    }
}

void soak_row_groups(soak_client *client)
{
    soak_pool *home = client->home;
    yoke_map_options options = {.round_up = true};
    const uint32_t count = soak_between(&client->random, 1, 6000);
    const uint32_t groups = (count + SOAK_GROUP - 1) / SOAK_GROUP;
    const unsigned form = soak_form(client);
    soak_block numbers, sums = {.pointer = NULL};

    soak_draw_options(client, &options);
    if (soak_take(client, &numbers, soak_draw_place(client),
                  count * sizeof(uint32_t)) &&
        soak_take(client, &sums, soak_draw_place(client), groups * sizeof(uint32_t))) {
        soak_fill(numbers.pointer, count, client->turn_key);
        if (SOAK(client,
                 yoke_map_with(
                     home->pool, home->groups[form], yoke_range_1d(count),
                     &options,
                     YOKE_ARGS(
                         yoke_arg_per_group(yoke_out(sums.pointer, sizeof(uint32_t))),
                         yoke_in(numbers.pointer, sizeof(uint32_t)),
                         yoke_local(SOAK_GROUP * sizeof(uint32_t)), yoke_scalar(count),
                         yoke_scalar(client->turn_key))))) {
            check_sums(client, sums.pointer, numbers.pointer, count, client->turn_key);
        }
    }
    soak_give(client, &numbers);
    soak_give(client, &sums);
}
