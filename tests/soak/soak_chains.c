/* SPDX-License-Identifier: MIT */
/* Chains of jobs that are submitted at once: lent or not, with reductions inside, with futures
 * that are kept, given back early or never taken. */
#include "soak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_BLOCKS = 3, MOST_LINKS = 24 };

/* Jobs of one shape, each of which reads one of the blocks and writes another. */
typedef struct chain {
    soak_mix shape;
    unsigned links;
    soak_block blocks[CHAIN_BLOCKS];
    soak_element *expected[CHAIN_BLOCKS];
    yoke_future *futures[MOST_LINKS];
    unsigned last_writer[CHAIN_BLOCKS]; /* link + 1 */
    soak_mix last_mix[CHAIN_BLOCKS];
    yoke_reduced sum; /* of a block, as it is in the middle of the chain */
    uint64_t expected_sum;
    yoke_future *reduction;
    unsigned cancels_at; /* link whose job is cancelled */
    bool is_lent, is_cancelled;
    yoke_recovery recovery;
} chain;

static bool chain_begin(soak_client *client, chain *self)
{
    soak_mix_draw(client, &self->shape);
    self->shape.read_stride = 2;
    self->shape.read_shift = self->shape.write_shift = 0;
    self->links = soak_between(&client->random, 1, MOST_LINKS);
    self->is_lent = soak_chance(&client->random, 40);
    self->cancels_at =
        soak_chance(&client->random, 10) ? soak_between(&client->random, 0, 12) : 99;
    self->recovery =
        soak_chance(&client->random, 20) ? YOKE_RECOVER_NONE : YOKE_RECOVER_RETRY;
    for (unsigned b = 0; b < CHAIN_BLOCKS; b++) {
        const size_t bytes = self->shape.total * sizeof(soak_element);
        const soak_place place =
            self->is_lent ? SOAK_POOL_MEMORY : soak_draw_place(client);

        if (!soak_take(client, &self->blocks[b], place, bytes)) {
            return false;
        }
        soak_fill(self->blocks[b].pointer, 2 * (size_t)self->shape.total, b);
        self->expected[b] = malloc(bytes);
        memcpy(self->expected[b], self->blocks[b].pointer, bytes);
        if (self->is_lent && !SOAK(client, yoke_lend(self->blocks[b].pointer))) {
            return false;
        }
    }
    return true;
}

/* A death may fail jobs that give up recovery; so may a cancelled job those behind it. */
static bool chain_may_fail(const soak_client *client, const chain *self)
{
    return self->is_cancelled || soak_may_crash(client) ||
           (self->recovery == YOKE_RECOVER_NONE && soak_was_hit(client));
}

static yoke_status chain_finish(soak_client *client, chain *self, yoke_future *future)
{
    yoke_status status;

    soak_enter(client, "yoke_future_wait() in a chain");
    status = yoke_future_wait(future, YOKE_FOREVER);
    if (status != YOKE_OK && (client->excused || chain_may_fail(client, self)) &&
        (status == YOKE_ECANCELED || status == YOKE_EDEPENDENCY ||
         status == YOKE_ECRASHED || status == YOKE_ELOST)) {
        soak_excuse(client, status);
    } else {
        (void)soak_judge(client, status, YOKE_OK, "yoke_future_wait() in a chain",
                         yoke_future_error(future));
    }
    yoke_future_destroy(future);
    return status;
}

static bool chain_submit(soak_client *client, chain *self, unsigned link)
{
    soak_pool *home = client->home;
    const unsigned form = soak_form(client);
    const unsigned to = soak_between(&client->random, 0, CHAIN_BLOCKS - 1);
    const unsigned from =
        (to + soak_between(&client->random, 1, CHAIN_BLOCKS - 1)) % CHAIN_BLOCKS;
    yoke_map_options options = {.recovery = self->recovery};
    soak_mix mix = self->shape;
    bool is_kept;

    soak_draw_options(client, &options);
    soak_mix_draw_forms(client, &mix, true);
    /* A wait for the last writer of a block is a wait for all writers before it. */
    is_kept = self->links - link <= CHAIN_BLOCKS || soak_chance(&client->random, 60);
    is_kept |= self->recovery == YOKE_RECOVER_NONE || self->cancels_at < self->links;
    if (!SOAK(client, yoke_map_async(
                          is_kept ? &self->futures[link] : NULL, home->pool,
                          home->mix[form], soak_mix_range(&mix, true), &options,
                          YOKE_ARGS(soak_mix_write(&mix, self->blocks[to].pointer),
                                    soak_mix_read(&mix, self->blocks[from].pointer),
                                    yoke_scalar(mix))))) {
        return false;
    }
    soak_mix_here(&mix, self->expected[to], self->expected[from]);
    self->last_writer[to] = link + 1;
    self->last_mix[to] = mix;
    return true;
}

/* The sum of a block as the links so far leave it. */
static bool chain_reduce(soak_client *client, chain *self, unsigned block)
{
    const uint32_t *numbers = (const uint32_t *)self->expected[block];
    const size_t count = 2 * (size_t)self->shape.total;

    for (size_t i = 0; i < count; i++) {
        self->expected_sum += numbers[i];
    }
    return SOAK(client,
                yoke_reduce_async(&self->reduction, client->home->pool,
                                  yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32,
                                                    self->blocks[block].pointer, count),
                                  &self->sum, NULL));
}

static bool chain_run(soak_client *client, chain *self)
{
    const unsigned reduces_at =
        soak_chance(&client->random, 30) ? soak_between(&client->random, 0, 12) : 99;

    for (unsigned link = 0; link < self->links; link++) {
        if (link == reduces_at && !chain_reduce(client, self, link % CHAIN_BLOCKS)) {
            return false;
        }
        if (!chain_submit(client, self, link)) {
            return false;
        }
        if (link == self->cancels_at && self->futures[link] != NULL) {
            self->is_cancelled = true;
            (void)SOAK(client, yoke_future_cancel(self->futures[link]));
        }
    }
    return true;
}

/* A future that is given back early takes nothing away. */
static void chain_wait(soak_client *client, chain *self)
{
    const bool is_reduced = self->reduction != NULL &&
                            chain_finish(client, self, self->reduction) == YOKE_OK;

    for (unsigned link = 0; link < self->links; link++) {
        const bool is_last = self->links - link <= CHAIN_BLOCKS;

        if (self->futures[link] != NULL && !is_last && !chain_may_fail(client, self) &&
            soak_chance(&client->random, 30)) {
            yoke_future_destroy(self->futures[link]);
        } else if (self->futures[link] != NULL) {
            (void)chain_finish(client, self, self->futures[link]);
        }
    }
    (void)snprintf(client->note, sizeof client->note, "%u links; recovery %d%s%s",
                   self->links, (int)self->recovery, self->is_lent ? ", lent" : "",
                   self->is_cancelled ? ", one cancelled" : "");
    if (is_reduced && !client->excused && self->sum.value.u != self->expected_sum) {
        soak_wrong(client, "a sum inside a chain is %llu, not %llu",
                   (unsigned long long)self->sum.value.u,
                   (unsigned long long)self->expected_sum);
    }
}

/* The jobs behind the last kept future may still run: this waits for all that touch a block. */
static void chain_settle(soak_client *client, chain *self, unsigned b)
{
    yoke_reduced sum;
    yoke_status status;

    soak_enter(client, "yoke_reduce() behind a chain");
    status = yoke_reduce(client->home->pool,
                         yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32,
                                           self->blocks[b].pointer,
                                           2 * (size_t)self->shape.total),
                         &sum, NULL);
    if (status != YOKE_OK && status != YOKE_EDEPENDENCY && status != YOKE_ELOST) {
        (void)soak_judge(client, status, YOKE_OK, "yoke_reduce() behind a chain", NULL);
    } else if (status != YOKE_OK) {
        if (!client->excused && !chain_may_fail(client, self)) {
            soak_wrong(client, "behind a chain: %s: %s", yoke_strerror(status),
                       yoke_pool_error(client->home->pool));
        }
        soak_excuse(client, status);
    }
}

static void chain_end(soak_client *client, chain *self)
{
    yoke_pool *pool = client->home->pool;

    for (unsigned b = 0; b < CHAIN_BLOCKS; b++) {
        if (self->blocks[b].pointer != NULL && !client->must_end) {
            chain_settle(client, self, b);
        }
    }
    for (unsigned b = 0; b < CHAIN_BLOCKS && self->is_lent && !client->must_end; b++) {
        if (self->blocks[b].pointer != NULL &&
            SOAK_OR(client, YOKE_ELOST, yoke_reclaim(self->blocks[b].pointer)) ==
                YOKE_ELOST) {
            if (!client->excused && !chain_may_fail(client, self)) {
                soak_wrong(client, "yoke_reclaim(): %s", yoke_pool_error(pool));
            }
            soak_excuse(client, YOKE_ELOST);
        }
    }
    for (unsigned b = 0; b < CHAIN_BLOCKS; b++) {
        if (!client->excused && self->last_writer[b] > 0) {
            soak_mix_check(client, &self->last_mix[b], self->blocks[b].pointer,
                           self->expected[b]);
        }
    }
    for (unsigned b = 0; b < CHAIN_BLOCKS; b++) {
        soak_give(client, &self->blocks[b]);
        free(self->expected[b]);
    }
}

void soak_row_chain(soak_client *client)
{
    chain *self = calloc(1, sizeof *self);

    if (chain_begin(client, self)) {
        (void)chain_run(client, self);
        chain_wait(client, self);
    }
    chain_end(client, self);
    if (soak_may_fail(client) || chain_may_fail(client, self)) {
        /* Links without a future, too, and futures that were given back before a failure. */
        atomic_store(&client->home->has_unread, true);
    }
    free(self);
}
