/* SPDX-License-Identifier: MIT */
/* A launch built by hand: arrays in page-aligned memory, what they must hold in the
 * end, and chunks run one after another or in lanes. Works in a child process: no assertions. */
#ifndef TEST_OPENCL_BENCH_H
#define TEST_OPENCL_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "launch/lent.h"
#include "protocol/device_kinds.h"
#include "support/yoke_test.h"

enum { BENCH_PAGE = 4096, BENCH_ARRAYS = 8 };

typedef struct bench_array {
    unsigned char *memory; /* the block */
    unsigned char *first;  /* its content before */
    unsigned char *wanted; /* and after */
    size_t bytes;
    size_t room; /* whole pages: the rest must not change */
    uint64_t id;
    yk_residency *table; /* NULL: it is not lent */
} bench_array;

typedef struct bench {
    yk_kernel kernel;
    yk_launch launch;
    bench_array arrays[BENCH_ARRAYS];
    size_t array_count;
    uint64_t value_bytes;
} bench;

static uint64_t bench_next_id = 1;
static bool bench_lends; /* all blocks that are made from now on */

static inline void bench_lend(bench_array *array)
{
    array->table = calloc(1, yk_residency_size(array->bytes));
    yk_residency_init(array->table, bench_next_id++, (uint64_t)(uintptr_t)array->memory,
                      array->bytes);
}

/* A new block of random bytes; returns its number. */
static inline size_t bench_block(bench *b, size_t bytes)
{
    bench_array *const array = &b->arrays[b->array_count];

    array->bytes = bytes;
    array->room = (bytes + BENCH_PAGE) / BENCH_PAGE * BENCH_PAGE;
    array->id = bench_next_id++;
    array->memory = aligned_alloc(BENCH_PAGE, array->room);
    array->first = malloc(array->room);
    array->wanted = malloc(array->room);
    for (size_t i = 0; i < array->room; i++) {
        array->first[i] =
            (unsigned char)((i * 37 + b->array_count * 11 + i / 256) & 0x7f);
    }
    memcpy(array->wanted, array->first, array->room);
    if (bench_lends) {
        bench_lend(array);
    }
    return b->array_count++;
}

/* An argument at an offset in a block. */
static inline yk_arg *bench_arg_in(bench *b, size_t block, size_t offset,
                                   uint32_t access, uint32_t parts, size_t bytes)
{
    yk_arg *const arg = &b->launch.args[b->launch.arg_count++];
    const bench_array *const array = &b->arrays[block];

    *arg = (yk_arg){
        .kind = YK_ARG_ARRAY,
        .access = access,
        .parts = parts,
        .address = (uint64_t)(uintptr_t)(array->memory + offset),
        .bytes = bytes,
        .blocks = 1,
        .block_address = (uint64_t)(uintptr_t)array->memory,
        .block_bytes = array->bytes,
        .block_id = array->id,
        .table = (uint64_t)(uintptr_t)array->table,
    };
    return arg;
}

/* An array argument that is a block of its own. */
static inline yk_arg *bench_array_arg(bench *b, uint32_t access, uint32_t parts,
                                      size_t bytes, size_t total)
{
    return bench_arg_in(b, bench_block(b, total), 0, access, parts, bytes);
}

static inline void bench_scalar(bench *b, const void *value, size_t bytes)
{
    yk_arg *const arg = &b->launch.args[b->launch.arg_count++];

    *arg = (yk_arg){.kind = YK_ARG_SCALAR, .bytes = bytes, .value = b->value_bytes};
    memcpy(b->launch.values + b->value_bytes, value, bytes);
    b->value_bytes += (bytes + 15) / 16 * 16;
}

static inline void bench_local(bench *b, size_t bytes)
{
    b->launch.args[b->launch.arg_count++] =
        (yk_arg){.kind = YK_ARG_LOCAL, .bytes = bytes};
}

static inline void bench_free(bench *b)
{
    for (size_t i = 0; i < b->array_count; i++) {
        free(b->arrays[i].memory);
        free(b->arrays[i].first);
        free(b->arrays[i].wanted);
        free(b->arrays[i].table);
    }
    b->array_count = 0;
}

/* Compares all blocks with what they should hold. */
static inline bool bench_is_right(const bench *b, const char *what)
{
    for (size_t i = 0; i < b->array_count; i++) {
        const bench_array *const array = &b->arrays[i];

        for (size_t k = 0; k < array->room; k++) {
            if (array->memory[k] != array->wanted[k]) {
                (void)fprintf(
                    stderr, "%s: block %zu, byte %zu of %zu: %02x instead of %02x\n",
                    what, i, k, array->bytes, array->memory[k], array->wanted[k]);
                return false;
            }
        }
    }
    return true;
}

/* Chunk lengths that are taken in turn; 0 ends the list. */
typedef struct bench_split {
    const char *name;
    bool whole;
    uint64_t lengths[6];
    unsigned lanes; /* chunks in flight at once */
} bench_split;

/* Chunks on their way, lane by lane. */
typedef struct bench_flight {
    yk_device *device;
    unsigned lanes;
    uint64_t started;
    uint64_t finished;
} bench_flight;

static inline yoke_status bench_land(bench_flight *flight, yk_error *error)
{
    const unsigned lane = (unsigned)(flight->finished++ % flight->lanes);

    return flight->device->ops->finish(flight->device, lane, error);
}

static inline yoke_status bench_take_off(bench_flight *flight, uint64_t begin,
                                         uint64_t end, yk_error *error)
{
    const unsigned lane = (unsigned)(flight->started % flight->lanes);
    yoke_status status = YOKE_OK;

    if (flight->started - flight->finished == flight->lanes) {
        status = bench_land(flight, error);
    }
    if (status == YOKE_OK) {
        status = flight->device->ops->start(flight->device, lane, begin, end, error);
    }
    flight->started += status == YOKE_OK;
    return status;
}

static inline yoke_status bench_run_chunks(yk_device *device, const bench *b,
                                           const bench_split *split, yk_error *error)
{
    bench_flight flight = {.device = device,
                           .lanes = split->lanes != 0 ? split->lanes : 1};
    const yk_launch *const launch = &b->launch;
    const unsigned d = launch->split;
    const uint64_t end = launch->begin[d] + launch->size[d];
    const uint64_t grain = launch->group[d] != 0 ? launch->group[d] : 1;
    uint64_t at = launch->begin[d];
    yoke_status status = YOKE_OK;

    for (size_t i = 0; at < end && status == YOKE_OK; i++) {
        const uint64_t length =
            split->lengths[0] == 0 ? end - at : split->lengths[i % 6] * grain;
        const uint64_t next = length == 0 || length > end - at ? end : at + length;

        status = bench_take_off(&flight, at, next, error);
        at = next;
    }
    while (status == YOKE_OK && flight.finished < flight.started) {
        status = bench_land(&flight, error);
    }
    return status;
}

/* Gives the arrays what they held in the beginning. */
static inline void bench_reset(const bench *b)
{
    for (size_t i = 0; i < b->array_count; i++) {
        const bench_array *const array = &b->arrays[i];

        memcpy(array->memory, array->first, array->room);
        if (array->table != NULL) {
            yk_residency_raise(array->table, array->table->address,
                               array->table->address + array->bytes);
        }
    }
}

/* Runs a launch from the start, cut one way. */
static inline bool bench_run(yk_device *device, bench *b, const bench_split *split)
{
    yk_error error = {.status = YOKE_OK};
    char what[160];
    yoke_status status;

    bench_reset(b);
    b->launch.id = bench_next_id++;
    b->launch.whole = split->whole;
    (void)snprintf(what, sizeof what, "kernel '%s', %s", b->kernel.name, split->name);
    status = device->ops->begin(device, &b->kernel, &b->launch, &error);
    if (status == YOKE_OK) {
        status = bench_run_chunks(device, b, split, &error);
    }
    device->ops->end(device);
    if (status != YOKE_OK) {
        (void)fprintf(stderr, "%s: status %d: %s\n", what, (int)status, error.text);
        return false;
    }
    return bench_is_right(b, what);
}

#endif
