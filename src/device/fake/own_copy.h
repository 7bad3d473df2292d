/* SPDX-License-Identifier: MIT */
/*
 * What a fake device keeps of lent allocations from launch to launch: a copy of each, with a
 * mirror that records what is current. Chunks still work on copies of their own, which are
 * filled from here.
 */
#ifndef YK_DEVICE_FAKE_OWN_COPY_H
#define YK_DEVICE_FAKE_OWN_COPY_H

#include "device/device.h"
#include "device/mirror.h"
#include "launch/launch.h"

enum { YK_MAX_OWN_COPIES = 64 };

typedef struct yk_own_copy {
    yk_mirror mirror;
    unsigned char *bytes; /* NULL: empty slot */
    uint64_t used;
} yk_own_copy;

typedef struct yk_own_copies {
    yk_device *device; /* the device that they belong to */
    uint64_t clock;
    yk_own_copy slots[YK_MAX_OWN_COPIES];
} yk_own_copies;

/* The copy of a lent allocation; NULL if there is none. */
const yk_own_copy *yk_own_copy_find(const yk_own_copies *copies,
                                    const yk_residency *table);

/* Copies pages from the copy to the arena. Returns how many bytes. */
uint64_t yk_own_copy_fetch(const yk_own_copy *copy, yk_pages blocks);

/* The copy of an argument's allocation, made if necessary. NULL if the allocation is not lent
 * or there is no memory: then everything is moved. */
yk_own_copy *yk_own_copy_of(yk_own_copies *copies, const yk_arg *arg);

/* The place of an address of the arena in the copy. */
unsigned char *yk_own_copy_at(const yk_own_copy *copy, const yk_arg *arg,
                              uint64_t address);

/* Copies what is missing or old in an extent from the arena. Returns how many bytes. */
uint64_t yk_own_copy_bring(yk_own_copy *copy, const yk_arg *arg,
                           const yk_extent *extent);

void yk_own_copies_fini(yk_own_copies *copies);

#endif
