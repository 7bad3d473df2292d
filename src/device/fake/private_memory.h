/* SPDX-License-Identifier: MIT */
/*
 * A fake device's own memory: every array argument of a launch has a copy in which all bytes
 * are poison except those that a chunk was given. A kernel that reads bytes that it did not
 * declare computes nonsense; one that writes such bytes is detected.
 */
#ifndef YK_DEVICE_FAKE_PRIVATE_MEMORY_H
#define YK_DEVICE_FAKE_PRIVATE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "device/fake/own_copy.h"
#include "launch/launch.h"

enum { YK_POISON = 0xA5 };

/* The copy of one array argument, between two guards of poison. */
typedef struct yk_replica {
    unsigned char *block; /* NULL: no array */
    size_t block_bytes;
    unsigned char *base; /* what the kernel gets */
    size_t bytes;        /* from base on */
} yk_replica;

typedef struct yk_private_memory {
    yk_own_copies *copies;   /* the device's, for lent allocations */
    const yk_launch *shared; /* arguments in shared memory; NULL: none */
    yk_launch launch;        /* the same with arguments in private memory */
    yk_replica replicas[YK_MAX_ARGS];
} yk_private_memory;

/* Makes copies, filled with poison, for a launch's arguments. *memory starts zeroed. */
yoke_status yk_private_init(yk_private_memory *memory, const yk_launch *launch,
                            yk_own_copies *copies, yk_error *error);

/* Copies in what the items [begin, end) may read. Returns how many bytes came from the arena. */
uint64_t yk_private_load(yk_private_memory *memory, uint64_t begin, uint64_t end);

/* Copies out what they may write, except what stays. Returns how many bytes. */
uint64_t yk_private_store(const yk_private_memory *memory, uint64_t begin,
                          uint64_t end);

/* Records that what they wrote to lent allocations is current on the device, too. Called after
 * it was stored and its pages' versions were raised. What stays now has a holder. */
void yk_private_keep(const yk_private_memory *memory, uint64_t begin, uint64_t end);

/* Fills the copies with poison again. YOKE_EKERNEL, with the argument and the byte, if bytes
 * were written that the items may neither read nor write. */
yoke_status yk_private_check(yk_private_memory *memory, uint64_t begin, uint64_t end,
                             yk_error *error);

/* Frees the copies; a no-op on a zeroed one. */
void yk_private_fini(yk_private_memory *memory);

#endif
