/* SPDX-License-Identifier: MIT */
/* Maps: one at a time, in groups, and in chains that are submitted at once. */
#include "soak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one map ---- */

typedef struct single {
    soak_mix mix;
    soak_block numbers, elements;
    soak_element *expected;
} single;

static void fill_numbers(uint32_t *numbers, size_t count, uint32_t salt)
{
    for (size_t i = 0; i < count; i++) {
        numbers[i] = soak_scramble((uint32_t)i * 13 + salt, 1);
    }
}

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
    fill_numbers(one->numbers.pointer, one->mix.total, one->mix.salt);
    fill_numbers(one->elements.pointer, 2 * (size_t)one->mix.total, ~one->mix.salt);
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
        const bool is_done =
            SOAK(client, yoke_map_args(
                             waits ? NULL : &future, home->pool, home->mix[form],
                             soak_mix_range(&one.mix, soak_chance(&client->random, 50)),
                             &options, args, 3)) &&
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
                  yoke_map_async(&self->futures[self->count], client->home->pool,
                                 client->home->mix[soak_form(client)],
                                 soak_mix_range(&one->mix, true), &options,
                                 soak_mix_write(&one->mix, one->elements.pointer),
                                 soak_mix_read(&one->mix, one->numbers.pointer),
                                 yoke_scalar(one->mix)))) {
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
        fill_numbers(numbers.pointer, count, client->turn_key);
        if (SOAK(client,
                 yoke_map_with(home->pool, home->groups[form], yoke_range_1d(count),
                               &options,
                               yoke_per_group(yoke_out(sums.pointer, sizeof(uint32_t))),
                               yoke_in(numbers.pointer, sizeof(uint32_t)),
                               yoke_local(SOAK_GROUP * sizeof(uint32_t)),
                               yoke_scalar(count), yoke_scalar(client->turn_key)))) {
            check_sums(client, sums.pointer, numbers.pointer, count, client->turn_key);
        }
    }
    soak_give(client, &numbers);
    soak_give(client, &sums);
}

/* ---- chains ---- */

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
        fill_numbers(self->blocks[b].pointer, 2 * (size_t)self->shape.total, b);
        self->expected[b] = malloc(bytes);
        memcpy(self->expected[b], self->blocks[b].pointer, bytes);
        if (self->is_lent &&
            !SOAK(client, yoke_lend(client->home->pool, self->blocks[b].pointer))) {
            return false;
        }
    }
    return true;
}

/* A death may fail jobs that give up recovery; so may a cancelled job those behind it. */
static bool chain_may_fail(const soak_client *client, const chain *self)
{
    return self->is_cancelled ||
           (self->recovery == YOKE_RECOVER_NONE && soak_was_hit(client));
}

static yoke_status chain_finish(soak_client *client, chain *self, yoke_future *future)
{
    yoke_status status;

    soak_enter(client, "yoke_future_wait() in a chain");
    status = yoke_future_wait(future, -1);
    if (status != YOKE_OK && (client->excused || chain_may_fail(client, self)) &&
        (status == YOKE_ECANCELED || status == YOKE_EDEPENDENCY ||
         status == YOKE_ECRASHED || status == YOKE_ELOST)) {
        client->excused = true;
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
    /* Who waits for the last writer of a block has waited for all before. */
    is_kept = self->links - link <= CHAIN_BLOCKS || soak_chance(&client->random, 60);
    is_kept |= self->recovery == YOKE_RECOVER_NONE || self->cancels_at < self->links;
    if (!SOAK(client,
              yoke_map_async(is_kept ? &self->futures[link] : NULL, home->pool,
                             home->mix[form], soak_mix_range(&mix, true), &options,
                             soak_mix_write(&mix, self->blocks[to].pointer),
                             soak_mix_read(&mix, self->blocks[from].pointer),
                             yoke_scalar(mix)))) {
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
    return SOAK(client, yoke_reduce_async(
                            &self->reduction, client->home->pool, YOKE_SUM, YOKE_UINT32,
                            self->blocks[block].pointer, count, &self->sum, NULL));
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
    status = yoke_reduce(client->home->pool, YOKE_SUM, YOKE_UINT32,
                         self->blocks[b].pointer, 2 * (size_t)self->shape.total, &sum);
    if (status != YOKE_OK && status != YOKE_EDEPENDENCY && status != YOKE_ELOST) {
        (void)soak_judge(client, status, YOKE_OK, "yoke_reduce() behind a chain", NULL);
    } else if (status != YOKE_OK) {
        if (!client->excused && !chain_may_fail(client, self)) {
            soak_wrong(client, "behind a chain: %s: %s", yoke_strerror(status),
                       yoke_pool_error(client->home->pool));
        }
        client->excused = true;
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
            SOAK_OR(client, YOKE_ELOST, yoke_reclaim(pool, self->blocks[b].pointer)) ==
                YOKE_ELOST) {
            if (!client->excused && !chain_may_fail(client, self)) {
                soak_wrong(client, "yoke_reclaim(): %s", yoke_pool_error(pool));
            }
            client->excused = true;
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
    free(self);
}

/* ---- jobs that fail, and say so ---- */

enum { FAIL_CODE = 42 };

static void fail_at(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];
    const size_t where = *(const uint32_t *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        if (i == where) {
            yoke_span_fail(span, FAIL_CODE, "item %zu does not like it", i);
            return;
        }
        numbers[i]++;
    }
}

static yoke_kernel *make_native(soak_client *client, const char *name,
                                yoke_native *native)
{
    yoke_kernel *kernel = NULL;

    (void)SOAK(client, yoke_kernel_create(
                           &kernel, client->home->pool,
                           &(yoke_kernel_options){.name = name, .native = native}));
    return kernel;
}

/* A job that fails takes those along that need it, and no others. */
void soak_row_fail(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const uint32_t count = soak_between(&client->random, 1, 3000);
    const uint32_t where = soak_between(&client->random, 0, count - 1),
                   never = UINT32_MAX;
    yoke_kernel *kernel = make_native(client, "fail_at", fail_at);
    yoke_future *bad = NULL, *behind = NULL;
    const yoke_map_options behind_options = {.after = &bad, .after_count = 1};
    soak_block block = {.pointer = NULL}, other = {.pointer = NULL};

    if (kernel != NULL &&
        soak_take(client, &block, soak_draw_place(client), count * 4) &&
        soak_take(client, &other, SOAK_POOL_MEMORY, count * 4) &&
        SOAK(client,
             yoke_map_async(&bad, pool, kernel, yoke_range_1d(count), NULL,
                            yoke_inout(block.pointer, 4), yoke_scalar(where))) &&
        /* It may be refused at once. */
        (SOAK_OR(client, YOKE_EDEPENDENCY,
                 yoke_map_async(&behind, pool, kernel, yoke_range_1d(count),
                                &behind_options, yoke_inout(block.pointer, 4),
                                yoke_scalar(never))),
         !client->excused) &&
        SOAK(client, yoke_map(pool, kernel, yoke_range_1d(count),
                              yoke_inout(other.pointer, 4), yoke_scalar(never)))) {
        for (uint32_t i = 0; i < count; i++) {
            if (((const uint32_t *)other.pointer)[i] != 1) {
                soak_wrong(client, "item %u is %u, not 1", i,
                           ((const uint32_t *)other.pointer)[i]);
            }
        }
    }
    if (behind != NULL && soak_finish(client, behind, YOKE_EDEPENDENCY) == YOKE_OK) {
        soak_wrong(client, "a job behind one that failed has succeeded");
    }
    if (bad != NULL && soak_finish(client, bad, YOKE_EKERNEL) == YOKE_OK) {
        soak_wrong(client, "a job whose kernel reports a failure has succeeded");
    }
    soak_give(client, &block);
    soak_give(client, &other);
    yoke_kernel_destroy(kernel);
}

/* Failures of jobs that no one holds are reported once, by the next wait for all. */
void soak_row_unkept(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const uint32_t count = 500;
    const unsigned jobs = soak_between(&client->random, 1, 6);
    yoke_kernel *kernel = make_native(client, "fail_at", fail_at);
    soak_block block = {.pointer = NULL};
    bool is_submitted = kernel != NULL;

    (void)SOAK(client, yoke_pool_wait(pool, -1));
    is_submitted &= soak_take(client, &block, SOAK_POOL_MEMORY, count * 4);
    for (unsigned i = 0; i < jobs && is_submitted; i++) {
        const uint32_t where = soak_between(&client->random, 0, count - 1);

        is_submitted = SOAK(
            client, yoke_map_async(NULL, pool, kernel, yoke_range_1d(count), NULL,
                                   yoke_inout(block.pointer, 4), yoke_scalar(where)));
    }
    if (is_submitted && !client->excused) {
        if (SOAK_OR(client, YOKE_EKERNEL, yoke_pool_wait(pool, -1)) == YOKE_OK) {
            soak_wrong(client, "%u jobs failed, and yoke_pool_wait() has not said so",
                       jobs);
        }
        if (!client->excused &&
            strstr(yoke_pool_error(pool), "does not like it") == NULL) {
            soak_wrong(client, "yoke_pool_wait() failed with \"%s\"",
                       yoke_pool_error(pool));
        }
        (void)SOAK(client, yoke_pool_wait(pool, -1));
    }
    soak_give(client, &block);
    yoke_kernel_destroy(kernel);
}

/* ---- jobs that take too long ---- */

static void dawdle(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        if (i == 3) {
            soak_sleep_ms(20000);
        }
        numbers[i] = (uint32_t)i;
    }
}

/* It is ended, or was cancelled; then its memory is free for others. */
void soak_row_timeout(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const bool is_cancelled = soak_chance(&client->random, 30);
    const yoke_map_options options = {
        .timeout = 0.001 * soak_between(&client->random, 1, 150), .chunk = 1};
    yoke_kernel *kernel = make_native(client, "dawdle", dawdle);
    soak_block block = {.pointer = NULL};
    yoke_future *future = NULL;

    if (kernel != NULL && soak_take(client, &block, soak_draw_place(client), 400) &&
        SOAK(client, yoke_map_async(&future, pool, kernel, yoke_range_1d(100), &options,
                                    yoke_out(block.pointer, 4)))) {
        yoke_status status;

        if (is_cancelled) {
            (void)SOAK(client, yoke_future_cancel(future));
        }
        soak_enter(client, "yoke_future_wait() for what takes too long");
        status = yoke_future_wait(future, -1);
        if (status == YOKE_OK) {
            soak_wrong(client, "a job that takes 20 s ended well after %g s",
                       options.timeout);
        }
        if (status != YOKE_ETIMEDOUT && !(is_cancelled && status == YOKE_ECANCELED)) {
            (void)soak_judge(client, status, YOKE_OK, "a job with a time limit",
                             yoke_future_error(future));
        }
        yoke_future_destroy(future);
    }
    soak_give(client, &block);
    yoke_kernel_destroy(kernel);
}
