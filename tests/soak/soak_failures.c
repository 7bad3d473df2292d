/* SPDX-License-Identifier: MIT */
/* Jobs that fail, that are not heard of, and that take too long. */
#include "soak.h"

#include <string.h>

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
        SOAK(client, yoke_map_async(&bad, pool, kernel, yoke_range_1d(count), NULL,
                                    YOKE_ARGS(yoke_inout(block.pointer, 4),
                                              yoke_scalar(where)))) &&
        /* It may be refused at once. */
        (SOAK_OR(client, YOKE_EDEPENDENCY,
                 yoke_map_async(
                     &behind, pool, kernel, yoke_range_1d(count), &behind_options,
                     YOKE_ARGS(yoke_inout(block.pointer, 4), yoke_scalar(never)))),
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

/* ---- failures that no future reports ---- */

enum { UNKEPT_ITEMS = 500 };

bool soak_take_failure(soak_client *client, yoke_kernel **kernel, soak_block *block)
{
    *kernel = make_native(client, "fail_at", fail_at);
    return soak_take(client, block, SOAK_POOL_MEMORY,
                     UNKEPT_ITEMS * sizeof(uint32_t)) &&
           *kernel != NULL;
}

bool soak_fail_unkept(soak_client *client, yoke_kernel *kernel, const soak_block *block)
{
    const uint32_t where = soak_between(&client->random, 0, UNKEPT_ITEMS - 1);

    return SOAK(client,
                yoke_map_async(
                    NULL, client->home->pool, kernel, yoke_range_1d(UNKEPT_ITEMS), NULL,
                    YOKE_ARGS(yoke_inout(block->pointer, 4), yoke_scalar(where))));
}

/* Whatever has failed before and was not reported is, and not twice. */
static void wait_for_quiet(soak_client *client)
{
    soak_enter(client, "yoke_pool_wait()");
    if (yoke_pool_wait(client->home->pool, YOKE_FOREVER) != YOKE_OK &&
        !atomic_exchange(&client->home->has_unread, false)) {
        (void)SOAK(client, yoke_pool_wait(client->home->pool, YOKE_FOREVER));
    }
    (void)SOAK(client, yoke_pool_wait(client->home->pool, YOKE_FOREVER));
}

/* They are reported once, by the next wait for all. */
void soak_row_unkept(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const unsigned jobs = soak_between(&client->random, 1, 6);
    soak_block block = {.pointer = NULL};
    yoke_kernel *kernel = NULL;

    wait_for_quiet(client);
    if (soak_take_failure(client, &kernel, &block)) {
        for (unsigned i = 0; i < jobs && !client->excused; i++) {
            (void)soak_fail_unkept(client, kernel, &block);
        }
    }
    if (!client->excused) {
        if (SOAK_OR(client, YOKE_EKERNEL, yoke_pool_wait(pool, YOKE_FOREVER)) ==
            YOKE_OK) {
            soak_wrong(client, "%u jobs failed, and yoke_pool_wait() has not said so",
                       jobs);
        }
        if (!client->excused &&
            strstr(yoke_pool_error(pool), "does not like it") == NULL) {
            soak_wrong(client, "yoke_pool_wait() failed with \"%s\"",
                       yoke_pool_error(pool));
        }
    }
    wait_for_quiet(client);
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
                                    YOKE_ARGS(yoke_out(block.pointer, 4))))) {
        yoke_status status;

        if (is_cancelled) {
            (void)SOAK(client, yoke_future_cancel(future));
        }
        soak_enter(client, "yoke_future_wait() for what takes too long");
        status = yoke_future_wait(future, YOKE_FOREVER);
        if (status == YOKE_OK) {
            soak_wrong(client, "a job that takes 20 s ended well after %g s",
                       options.timeout);
        }
        if (status != YOKE_EDEADLINE && !(is_cancelled && status == YOKE_ECANCELED)) {
            (void)soak_judge(client, status, YOKE_OK, "a job with a time limit",
                             yoke_future_error(future));
        }
        yoke_future_destroy(future);
    }
    soak_give(client, &block);
    yoke_kernel_destroy(kernel);
}
