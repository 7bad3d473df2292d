/* SPDX-License-Identifier: MIT */
#include "suite_run.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Bytes after an array that must not be accessed. */
enum { MARGIN = 100, LOCAL_BYTES = 16384, MAX_ARGS = 96 };

/* ---- arrays ---- */

static uint32_t next_random(suite_run *run)
{
    run->seed = run->seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return run->seed >> 8;
}

/* A segment that has lost its name before it is used. */
static void open_named(suite_run *run, suite_block *block)
{
    assert_ok_pool(run->pool,
                   yoke_shm_create(&block->shm, run->pool, NULL, block->bytes, NULL));
    assert_ok_pool(run->pool, yoke_shm_unlink(yoke_shm_name(block->shm)));
    block->data = yoke_shm_pointer(block->shm);
}

void *suite_bytes(suite_run *run, size_t bytes, size_t skip)
{
    suite_block *const block = &run->blocks[run->block_count];

    assert_true(run->block_count < SUITE_MAX_BLOCKS);
    *block = (suite_block){.bytes = skip + bytes + MARGIN};
    if (run->target->named) {
        open_named(run, block);
    } else {
        block->data = yoke_alloc(run->pool, block->bytes);
    }
    if (block->data == NULL) {
        fail_msg("%s", yoke_pool_error(run->pool));
    }
    run->block_count++;
    for (size_t i = 0; i < block->bytes; i++) {
        block->data[i] = (unsigned char)next_random(run);
    }
    return block->data + skip;
}

int32_t *suite_ints(suite_run *run, size_t count, size_t skip)
{
    int32_t *const ints = suite_bytes(run, count * sizeof *ints, skip);

    for (size_t i = 0; i < count; i++) {
        ints[i] = (int32_t)(next_random(run) % 1999) - 999;
    }
    return ints;
}

float *suite_floats(suite_run *run, size_t count, size_t skip)
{
    float *const floats = suite_bytes(run, count * sizeof *floats, skip);

    for (size_t i = 0; i < count; i++) {
        floats[i] = (float)((int32_t)(next_random(run) % 2049) - 1024) / 16.0f;
    }
    return floats;
}

static suite_block *block_of(suite_run *run, const void *array)
{
    const uintptr_t address = (uintptr_t)array;

    for (size_t i = 0; i < run->block_count; i++) {
        const uintptr_t begin = (uintptr_t)run->blocks[i].data;

        if (address >= begin && address - begin < run->blocks[i].bytes) {
            return &run->blocks[i];
        }
    }
    fail_msg("an argument is none of the script's arrays");
    return NULL;
}

void suite_set_tolerance(suite_run *run, const void *array, double tolerance)
{
    block_of(run, array)->tolerance = tolerance;
}

void suite_set_unchecked(suite_run *run, const void *array)
{
    block_of(run, array)->unchecked = true;
}

/* ---- maps ---- */

bool suite_is_whole(const suite_run *run)
{
    return run->pieces == 1;
}

static void copy_new_blocks(suite_run *run)
{
    for (size_t i = 0; i < run->block_count; i++) {
        suite_block *const block = &run->blocks[i];

        if (block->wanted == NULL) {
            block->wanted = malloc(block->bytes);
            assert_non_null(block->wanted);
            memcpy(block->wanted, block->data, block->bytes);
        }
    }
}

static void lend_blocks(suite_run *run)
{
    for (size_t i = 0; i < run->block_count && run->target->lends; i++) {
        suite_block *const block = &run->blocks[i];

        if (!block->is_lent) {
            assert_ok_pool(run->pool, yoke_lend(block->data));
            block->is_lent = true;
        }
    }
}

static void reclaim_blocks(suite_run *run)
{
    for (size_t i = 0; i < run->block_count; i++) {
        suite_block *const block = &run->blocks[i];

        if (block->is_lent) {
            assert_ok_pool(run->pool, yoke_reclaim(block->data));
            block->is_lent = false;
        }
    }
}

static unsigned split_of(const yoke_range *range)
{
    return range->split != YOKE_SPLIT_SLOWEST ? (unsigned)range->split - 1
                                              : range->dimensions - 1;
}

static yoke_span whole_span(const suite_kernel *kernel, yoke_range range)
{
    yoke_span span = {.split = split_of(&range), .range = range};

    span.begin = range.begin[span.split];
    span.end = span.begin + range.size[span.split];
    span.range.split = (yoke_split)(span.split + 1);
    for (unsigned d = 0; d < 3 && kernel->group[0] != 0; d++) {
        span.group[d] = kernel->group[d] != 0 ? kernel->group[d] : 1;
    }
    return span;
}

static void compute_here(suite_run *run, const suite_kernel *kernel, yoke_range range,
                         const yoke_arg *args, size_t count)
{
    static alignas(64) unsigned char local[LOCAL_BYTES];
    const yoke_span span = whole_span(kernel, range);
    unsigned char values[MAX_ARGS][512] __attribute__((aligned(64)));
    void *pointers[MAX_ARGS] = {NULL};
    size_t used = 0;

    assert_true(count <= MAX_ARGS);
    for (size_t i = 0; i < count; i++) {
        const yoke_arg *const arg = &args[i];

        if (arg->kind == YOKE_ARG_ARRAY) {
            const suite_block *const block = block_of(run, arg->pointer);
            const unsigned char *const pointer = arg->pointer;

            pointers[i] = block->wanted + (pointer - block->data);
        } else if (arg->kind == YOKE_ARG_SCALAR_FROM) {
            const suite_block *const block = block_of(run, arg->pointer);

            memcpy(values[i],
                   block->wanted + ((const unsigned char *)arg->pointer - block->data),
                   arg->bytes);
            pointers[i] = values[i];
        } else if (arg->kind == YOKE_ARG_NULL) {
            pointers[i] = NULL;
        } else if (arg->kind == YOKE_ARG_LOCAL) {
            pointers[i] = local + used;
            used += (arg->bytes + 63) / 64 * 64;
            assert_true(used <= sizeof local);
        } else {
            pointers[i] = values[i];
            assert_true(arg->bytes <= sizeof values[i]);
            memcpy(values[i], arg->pointer != NULL ? arg->pointer : arg->value,
                   arg->bytes);
        }
    }
    kernel->native(&span, pointers);
}

static size_t grain_of(const suite_run *run, const yoke_range *range)
{
    return run->pieces == 0 ? 0 : range->size[split_of(range)] / run->pieces + 1;
}

void suite_submit_args(suite_run *run, size_t k, yoke_range range, const yoke_arg *args,
                       size_t count)
{
    const yoke_map_options options = {
        .round_up = run->tested->kernels[k].round_up,
        .grain = grain_of(run, &range),
        .recovery = run->target->keeps ? YOKE_RECOVER_NONE : YOKE_RECOVER_DEFAULT,
    };

    if (run->future_count == SUITE_MAX_JOBS) {
        suite_wait(run);
    }
    copy_new_blocks(run);
    lend_blocks(run);
    assert_ok_pool(run->pool,
                   yoke_map_async(&run->futures[run->future_count], run->pool,
                                  run->kernels[k], range, &options, args, count));
    run->future_count++;
}

void suite_map_args(suite_run *run, size_t k, yoke_range range, const yoke_arg *args,
                    size_t count)
{
    suite_submit_args(run, k, range, args, count);
    compute_here(run, &run->tested->kernels[k], range, args, count);
}

void suite_wait(suite_run *run)
{
    for (size_t i = 0; i < run->future_count; i++) {
        const yoke_status status = yoke_future_wait(run->futures[i], YOKE_FOREVER);

        yt_check_status(status, YOKE_OK, run->tested->name,
                        yoke_future_error(run->futures[i]), __FILE__, __LINE__);
        yoke_future_destroy(run->futures[i]);
        run->futures[i] = NULL;
    }
    run->future_count = 0;
    reclaim_blocks(run);
}

void suite_needs_source(const suite_run *run)
{
    if (run->target->driver == NULL) {
        skip();
    }
}

/* ---- comparison ---- */

static const char *how(const suite_run *run)
{
    return suite_is_whole(run) ? "not split" : "split";
}

static void compare_bytes(const suite_run *run, size_t index)
{
    const suite_block *const block = &run->blocks[index];
    size_t first = 0;
    size_t wrong = 0;

    for (size_t i = block->bytes; i-- > 0;) {
        if (block->data[i] != block->wanted[i]) {
            first = i;
            wrong++;
        }
    }
    if (wrong > 0) {
        fail_msg(
            "array %zu, %s: %zu of %zu bytes are wrong, first byte %zu: 0x%02x, not "
            "0x%02x",
            index, how(run), wrong, block->bytes, first, block->data[first],
            block->wanted[first]);
    }
}

static void compare_floats(const suite_run *run, size_t index)
{
    const suite_block *const block = &run->blocks[index];
    const float *const data = (const float *)(const void *)block->data;
    const float *const wanted = (const float *)(const void *)block->wanted;
    const size_t count = (block->bytes - MARGIN) / sizeof *data;
    double largest = 0;

    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)wanted[i]));
    }
    for (size_t i = 0; i < count; i++) {
        const double error = fabs((double)data[i] - (double)wanted[i]);

        if (!(error <= block->tolerance * largest)) {
            fail_msg("array %zu, %s: float %zu is %.9g, not %.9g", index, how(run), i,
                     (double)data[i], (double)wanted[i]);
        }
    }
}

static void compare(const suite_run *run)
{
    for (size_t i = 0; i < run->block_count; i++) {
        if (run->blocks[i].tolerance > 0) {
            compare_floats(run, i);
        } else if (!run->blocks[i].unchecked) {
            compare_bytes(run, i);
        }
    }
}

void suite_run_script(suite_run *run)
{
    run->seed = 1;
    run->block_count = 0;
    run->future_count = 0;
    run->tested->script(run);
    suite_wait(run);
    compare(run);
    for (size_t i = 0; i < run->block_count; i++) {
        if (run->blocks[i].shm != NULL) {
            assert_ok_pool(run->pool, yoke_shm_close(run->blocks[i].shm));
        } else {
            assert_ok_pool(run->pool, yoke_free(run->blocks[i].data));
        }
        free(run->blocks[i].wanted);
    }
}

/* ---- for host forms and ranges ---- */

suite_box suite_box_of(const yoke_span *span)
{
    suite_box box;

    for (unsigned d = 0; d < 3; d++) {
        box.begin[d] = span->range.begin[d];
        box.end[d] = box.begin[d] + span->range.size[d];
    }
    box.begin[span->split] = span->begin;
    box.end[span->split] = span->end;
    return box;
}
