/* SPDX-License-Identifier: MIT */
#include "device/fake/private_memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/footprint.h"
#include "launch/lent.h"

enum { PAGE = 4096 };

typedef struct extent_list {
    yk_extent extents[YK_MAX_EXTENTS + 1];
    size_t count;
} extent_list;

/* ---- what a chunk touches ---- */

/* The bytes that have to be in place before the kernel runs. */
static extent_list private_loaded(const yk_launch *launch, const yk_arg *arg,
                                  uint64_t begin, uint64_t end)
{
    extent_list list;

    list.count = yk_footprint_load(launch, arg, begin, end, list.extents);
    return list;
}

static extent_list private_stored(const yk_launch *launch, const yk_arg *arg,
                                  uint64_t begin, uint64_t end)
{
    extent_list list;

    list.count = yk_footprint_write(launch, arg, begin, end, list.extents);
    return list;
}

/* ---- one copy ---- */

static unsigned char *private_at(const yk_replica *replica, const yk_arg *arg,
                                 uint64_t address)
{
    return replica->base + (ptrdiff_t)(address - arg->address);
}

static void *arena_at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

/* Copies from the arena, or from what the device keeps of it. Returns how many bytes the device
 * did not have. */
static uint64_t load_extent(const yk_replica *replica, const yk_arg *arg,
                            yk_own_copy *copy, const yk_extent *extent)
{
    const uint64_t brought =
        copy != NULL ? yk_own_copy_bring(copy, arg, extent) : yk_extent_bytes(extent);

    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        const uint64_t address = yk_extent_piece(extent, k);

        memcpy(private_at(replica, arg, address),
               copy != NULL ? yk_own_copy_at(copy, arg, address) : arena_at(address),
               (size_t)extent->bytes);
    }
    return brought;
}

static bool private_copy_stays(const yk_private_memory *memory, const yk_arg *arg,
                               const yk_own_copy *copy)
{
    return memory->copies->device->keeps && copy != NULL && yk_lent_may_stay(arg);
}

static uint64_t store_in_arena(const yk_replica *replica, const yk_arg *arg,
                               const yk_extent *extent)
{
    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        const uint64_t address = yk_extent_piece(extent, k);

        memcpy(arena_at(address), private_at(replica, arg, address),
               (size_t)extent->bytes);
    }
    return yk_extent_bytes(extent);
}

static void store_in_copy(const yk_replica *replica, const yk_arg *arg,
                          const yk_own_copy *copy, const yk_extent *extent)
{
    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        const uint64_t address = yk_extent_piece(extent, k);

        memcpy(yk_own_copy_at(copy, arg, address), private_at(replica, arg, address),
               (size_t)extent->bytes);
    }
}

/* Copies to the arena, except what stays, and to what the device keeps of it. */
static uint64_t store_extent(const yk_private_memory *memory, uint32_t index,
                             yk_own_copy *copy, const yk_extent *extent)
{
    const yk_replica *replica = &memory->replicas[index];
    const yk_arg *arg = &memory->shared->args[index];
    yk_extent ends[2] = {*extent};
    size_t count = 1;
    uint64_t bytes = 0;

    if (copy != NULL) {
        store_in_copy(replica, arg, copy, extent);
    }
    if (private_copy_stays(memory, arg, copy)) {
        count = yk_lent_ends(yk_lent_table(arg), extent, ends);
    }
    for (size_t i = 0; i < count; i++) {
        bytes += store_in_arena(replica, arg, &ends[i]);
    }
    return bytes;
}

static void poison_extents(const yk_replica *replica, const yk_arg *arg,
                           const extent_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const yk_extent *extent = &list->extents[i];

        for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
            memset(private_at(replica, arg, yk_extent_piece(extent, k)), YK_POISON,
                   (size_t)extent->bytes);
        }
    }
}

/* The copy starts at the same place in a page as the array, so that alignment holds. */
static bool replica_init(yk_replica *replica, const yk_launch *launch,
                         const yk_arg *arg)
{
    uint64_t lead;
    uint64_t low;
    uint64_t high;

    yk_footprint_span(launch, arg, &low, &high);
    if (high - low > SIZE_MAX / 2) {
        return false;
    }
    lead = PAGE + yk_round_up(arg->address - low, PAGE) + arg->address % PAGE;
    replica->bytes = (size_t)(high - arg->address);
    replica->block_bytes = (size_t)yk_round_up(lead + replica->bytes + PAGE, PAGE);
    replica->block = aligned_alloc(PAGE, replica->block_bytes);
    if (replica->block == NULL) {
        return false;
    }
    replica->base = replica->block + lead;
    memset(replica->block, YK_POISON, replica->block_bytes);
    return true;
}

/* The first byte that is not poison, as an offset in the block; block_bytes if there is none. */
static size_t first_damage(const yk_replica *replica)
{
    const unsigned char *bytes = replica->block;
    const size_t count = replica->block_bytes;
    size_t at = 0;

    if (bytes[0] == YK_POISON && memcmp(bytes, bytes + 1, count - 1) == 0) {
        return count;
    }
    while (bytes[at] == YK_POISON) {
        at++;
    }
    return at;
}

/* ---- all copies ---- */

yoke_status yk_private_init(yk_private_memory *memory, const yk_launch *launch,
                            yk_own_copies *copies, yk_error *error)
{
    memory->shared = launch;
    memory->copies = copies;
    memcpy(&memory->launch, launch, sizeof *launch);
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        yk_replica *replica = &memory->replicas[i];

        if (launch->args[i].kind != YK_ARG_ARRAY) {
            continue;
        }
        if (!replica_init(replica, launch, &launch->args[i])) {
            yk_private_fini(memory);
            return yk_fail(error, YOKE_ENOMEM,
                           "cannot allocate private memory for argument %" PRIu32,
                           i + 1);
        }
        memory->launch.args[i].address = (uint64_t)(uintptr_t)replica->base;
        memory->launch.args[i].table = 0;
    }
    return YOKE_OK;
}

uint64_t yk_private_load(yk_private_memory *memory, uint64_t begin, uint64_t end)
{
    const yk_launch *launch = memory->shared;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        const extent_list list = private_loaded(launch, arg, begin, end);
        yk_own_copy *copy = yk_own_copy_of(memory->copies, arg);

        for (size_t k = 0; k < list.count; k++) {
            bytes += load_extent(&memory->replicas[i], arg, copy, &list.extents[k]);
        }
    }
    return bytes;
}

uint64_t yk_private_store(const yk_private_memory *memory, uint64_t begin, uint64_t end)
{
    const yk_launch *launch = memory->shared;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        const extent_list list = private_stored(launch, arg, begin, end);
        yk_own_copy *copy = yk_own_copy_of(memory->copies, arg);

        for (size_t k = 0; k < list.count; k++) {
            bytes += store_extent(memory, i, copy, &list.extents[k]);
        }
    }
    return bytes;
}

void yk_private_keep(const yk_private_memory *memory, uint64_t begin, uint64_t end)
{
    const yk_launch *launch = memory->shared;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        const extent_list list = private_stored(launch, arg, begin, end);
        yk_own_copy *copy = yk_own_copy_of(memory->copies, arg);

        for (size_t k = 0; k < list.count && copy != NULL; k++) {
            const yk_extent *extent = &list.extents[k];

            yk_mirror_hold(&copy->mirror, yk_lent_table(arg), extent);
            if (private_copy_stays(memory, arg, copy)) {
                yk_residency_hold(yk_lent_table(arg), extent->address,
                                  extent->address + extent->bytes,
                                  memory->copies->device->holder);
            }
        }
    }
}

static yoke_status check_replica(yk_replica *replica, uint32_t number, yk_error *error)
{
    const size_t damage = first_damage(replica);
    const ptrdiff_t offset = (replica->block + damage) - replica->base;

    if (damage == replica->block_bytes) {
        return YOKE_OK;
    }
    memset(replica->block, YK_POISON, replica->block_bytes);
    return yk_fail(error, YOKE_EKERNEL,
                   "argument %" PRIu32 " was written outside its part, at byte %td",
                   number, offset);
}

yoke_status yk_private_check(yk_private_memory *memory, uint64_t begin, uint64_t end,
                             yk_error *error)
{
    const yk_launch *launch = memory->shared;
    yoke_status status = YOKE_OK;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        yk_replica *replica = &memory->replicas[i];
        const extent_list in = private_loaded(launch, arg, begin, end);
        const extent_list out = private_stored(launch, arg, begin, end);

        if (replica->block == NULL) {
            continue;
        }
        poison_extents(replica, arg, &in);
        poison_extents(replica, arg, &out);
        if (check_replica(replica, i + 1, status == YOKE_OK ? error : NULL) !=
            YOKE_OK) {
            status = YOKE_EKERNEL;
        }
    }
    return status;
}

void yk_private_fini(yk_private_memory *memory)
{
    for (uint32_t i = 0; i < YK_MAX_ARGS; i++) {
        free(memory->replicas[i].block);
        memory->replicas[i] = (yk_replica){0};
    }
    memory->shared = NULL;
}
