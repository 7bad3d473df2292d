/* SPDX-License-Identifier: MIT */
/* Blocks of the pool's memory and named segments: used, opened twice, unlinked, closed, and
 * what comes to lie in their place. */
#include "soak.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void soak_segment_name(char name[SOAK_NAME_BYTES])
{
    static atomic_uint last;

    /* tests/support/alive.c knows such names as those of another test. */
    (void)snprintf(name, SOAK_NAME_BYTES, "yoke_test_%d_%u", (int)getpid(),
                   atomic_fetch_add(&last, 1));
}

void soak_unlink_all(void)
{
    char prefix[SOAK_NAME_BYTES];
    DIR *folder = opendir("/dev/shm");
    const struct dirent *entry;

    (void)snprintf(prefix, sizeof prefix, "yoke_test_%d_", (int)getpid());
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            (void)yoke_shm_unlink(entry->d_name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

static void check_zero(const soak_client *client, const soak_block *block)
{
    const unsigned char *bytes = block->pointer;

    for (size_t i = 0; i < block->bytes; i++) {
        if (bytes[i] != 0) {
            soak_wrong(client,
                       "new memory (%s) of %zu bytes is not zero: byte %zu is %u",
                       block->place == SOAK_SEGMENT ? "a segment" : "yoke_alloc()",
                       block->bytes, i, bytes[i]);
        }
    }
}

static bool take_segment(soak_client *client, soak_block *block)
{
    yoke_pool *pool = client->home->pool;
    char name[SOAK_NAME_BYTES];

    soak_segment_name(name);
    if (!SOAK(client, yoke_shm_create(&block->shm, pool, name, block->bytes, NULL))) {
        return false;
    }
    block->pointer = yoke_shm_pointer(block->shm);
    if (!SOAK(client, yoke_shm_unlink(name))) {
        return false;
    }
    if (block->pointer == NULL || yoke_shm_bytes(block->shm) != block->bytes) {
        soak_wrong(client, "a segment of %zu bytes is at %p and has %zu", block->bytes,
                   block->pointer, yoke_shm_bytes(block->shm));
    }
    return true;
}

bool soak_take(soak_client *client, soak_block *block, soak_place place, size_t bytes)
{
    *block = (soak_block){.place = place, .bytes = bytes > 0 ? bytes : 1};
    if (place == SOAK_PLAIN) {
        block->pointer = calloc(1, block->bytes);
        return block->pointer != NULL;
    }
    if (place == SOAK_SEGMENT) {
        if (!take_segment(client, block)) {
            return false;
        }
    } else {
        soak_enter(client, "yoke_alloc()");
        block->pointer = yoke_alloc(client->home->pool, block->bytes);
        if (block->pointer == NULL) {
            (void)soak_judge(client, YOKE_EBROKEN, YOKE_OK, "yoke_alloc()", NULL);
            return false;
        }
    }
    check_zero(client, block);
    return true;
}

soak_place soak_draw_place(soak_client *client)
{
    const bool is_named = soak_chance(&client->random, 25) && soak_set.has_segments;

    return is_named ? SOAK_SEGMENT : SOAK_POOL_MEMORY;
}

/* Behind a failure jobs of which no future is left may still use it. */
static yoke_status give_when_free(soak_client *client, const soak_block *block)
{
    yoke_status status;

    do {
        status = block->place == SOAK_SEGMENT ? yoke_shm_close(block->shm)
                                              : yoke_free(block->pointer);
        if (status == YOKE_EBUSY && client->excused) {
            soak_sleep_ms(1);
        }
    } while (status == YOKE_EBUSY && client->excused);
    return status;
}

void soak_give(soak_client *client, soak_block *block)
{
    if (block->pointer == NULL && block->shm == NULL) {
        return;
    }
    if (block->place == SOAK_PLAIN) {
        free(block->pointer);
    } else {
        (void)SOAK(client, give_when_free(client, block));
    }
    *block = (soak_block){.place = block->place};
}

/* ---- memory that is taken and given back ---- */

enum { MOST_BLOCKS = 12 };

/* Fills a block by a job and checks it. */
static void fill_block(soak_client *client, soak_block *block)
{
    soak_mix mix = soak_mix_line((uint32_t)(block->bytes / sizeof(soak_element)),
                                 client->turn_key);
    soak_element *expected;
    soak_block numbers = {.place = SOAK_POOL_MEMORY};

    mix.writes = SOAK_WRITE_INOUT;
    if (mix.total == 0 ||
        !soak_take(client, &numbers, SOAK_POOL_MEMORY, mix.total * sizeof(uint32_t))) {
        return;
    }
    expected = calloc(mix.total, sizeof *expected);
    soak_mix_here(&mix, expected, numbers.pointer);
    if (SOAK(client,
             yoke_map(client->home->pool, client->home->mix[soak_form(client)],
                      soak_mix_range(&mix, false), soak_mix_write(&mix, block->pointer),
                      soak_mix_read(&mix, numbers.pointer), yoke_scalar(mix)))) {
        soak_mix_check(client, &mix, block->pointer, expected);
    }
    free(expected);
    soak_give(client, &numbers);
}

void soak_row_memory(soak_client *client)
{
    soak_block blocks[MOST_BLOCKS] = {{.pointer = NULL}};
    const unsigned steps = soak_between(&client->random, 4, 20);

    for (unsigned i = 0; i < steps && !client->excused; i++) {
        soak_block *block = &blocks[soak_between(&client->random, 0, MOST_BLOCKS - 1)];
        const size_t bytes = soak_chance(&client->random, 5)
                                 ? soak_between(&client->random, 1, 3u << 20)
                                 : soak_between(&client->random, 1, 40000);

        if (block->pointer != NULL) {
            soak_give(client, block);
        } else if (soak_take(client, block, soak_draw_place(client), bytes)) {
            fill_block(client, block);
        }
    }
    for (unsigned i = 0; i < MOST_BLOCKS; i++) {
        soak_give(client, &blocks[i]);
    }
}

/* ---- segments under two handles ---- */

typedef struct two_handles {
    char name[SOAK_NAME_BYTES];
    yoke_shm *first, *second;
    uint32_t *numbers;
    size_t count;
} two_handles;

static bool open_twice(soak_client *client, two_handles *two)
{
    yoke_pool *pool = client->home->pool;

    if (!SOAK(client, yoke_shm_create(&two->first, pool, two->name,
                                      two->count * sizeof(uint32_t), NULL)) ||
        !SOAK(client, yoke_shm_open(&two->second, pool, two->name, NULL))) {
        return false;
    }
    two->numbers = yoke_shm_pointer(two->first);
    if (yoke_shm_pointer(two->second) != two->numbers) {
        soak_wrong(client, "a segment is at %p and at %p", (void *)two->numbers,
                   yoke_shm_pointer(two->second));
    }
    return true;
}

/* Closing is refused while a job uses the segment, if the job has not ended. */
static void close_beside_job(soak_client *client, two_handles *two)
{
    yoke_pool *pool = client->home->pool;
    soak_mix mix = soak_mix_line((uint32_t)two->count / 2, client->turn_key);
    soak_block out;
    soak_element *expected;
    yoke_future *future = NULL;

    mix.read_stride = 2;
    if (!soak_take(client, &out, SOAK_POOL_MEMORY, mix.total * sizeof *expected)) {
        return;
    }
    expected = calloc(mix.total, sizeof *expected);
    soak_fill(two->numbers, two->count, client->turn_key);
    soak_mix_here(&mix, expected, two->numbers);
    if (SOAK(client, yoke_map_async(&future, pool, client->home->mix[soak_form(client)],
                                    soak_mix_range(&mix, true), NULL,
                                    YOKE_ARGS(soak_mix_write(&mix, out.pointer),
                                              soak_mix_read(&mix, two->numbers),
                                              yoke_scalar(mix))))) {
        (void)SOAK(client, yoke_shm_close(two->first));
        if (SOAK_OR(client, YOKE_EBUSY, yoke_shm_close(two->second)) == YOKE_OK) {
            two->second = NULL;
        }
        if (soak_finish(client, future, YOKE_OK) == YOKE_OK) {
            soak_mix_check(client, &mix, out.pointer, expected);
        }
    } else {
        (void)SOAK(client, yoke_shm_close(two->first));
    }
    free(expected);
    soak_give(client, &out);
}

/* Something new, most likely in the segment's place, is zero and is what jobs see. */
static void reuse(soak_client *client, size_t bytes)
{
    soak_block block = {.pointer = NULL};

    if (soak_take(client, &block, soak_draw_place(client), bytes)) {
        fill_block(client, &block);
    }
    soak_give(client, &block);
}

void soak_row_segments(soak_client *client)
{
    two_handles two = {.first = NULL};
    const bool unlinks_early = soak_chance(&client->random, 50);

    two.count = 2 * (size_t)soak_between(&client->random, 1, 10000);
    soak_segment_name(two.name);
    if (!open_twice(client, &two)) {
        (void)yoke_shm_unlink(two.name);
        return;
    }
    if (unlinks_early) {
        (void)SOAK(client, yoke_shm_unlink(two.name));
    }
    close_beside_job(client, &two);
    if (two.second != NULL) {
        (void)SOAK(client, yoke_shm_close(two.second));
    }
    if (!unlinks_early) {
        (void)SOAK(client, yoke_shm_unlink(two.name));
    }
    reuse(client, two.count * sizeof(uint32_t));
}
