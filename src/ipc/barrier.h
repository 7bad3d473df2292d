/* SPDX-License-Identifier: MIT */
/*
 * A barrier. One word says how many wait in which round; a list says who they are.
 *
 *     step (with the lock)                        if it dies here
 *     write the own identity behind the last      nobody has come
 *     state: one more has come                    another finds it dead: it breaks
 *     or, the last: state: next round, nobody     the others go on: they look again by
 *     signal                                      themselves
 *
 * To break: first the round's bit in `broken`, then state: next round, halted. If it dies
 * between them, the next one with the lock goes on. Whoever waited finds another round, and
 * in the bit how his has ended. Bits are used again after 64 rounds.
 */
#ifndef YK_IPC_BARRIER_H
#define YK_IPC_BARRIER_H

#include "ipc/ipc_object.h"

enum { YK_MAX_PARTIES = 65536 };

typedef struct yk_barrier {
    yk_ipc_object object;
    _Atomic uint64_t
        state; /* round << 32 | halted << 31 | how many wait; with the lock */
    _Atomic uint64_t broken; /* a bit for each of the last 64 rounds; with the lock */
    uint32_t parties;        /* never changes */
    uint32_t padding;
    uint64_t reserved[5];
    /* Then `parties` identities of the threads that wait; with the lock. */
} yk_barrier;

static_assert(sizeof(yk_barrier) == 128, "the list follows on a cache line");

uint64_t yk_barrier_bytes(uint32_t parties);
void yk_barrier_init(yk_barrier *barrier, uint32_t parties);

/* YOKE_EBROKEN: it broke, or is broken. */
yoke_status yk_barrier_wait(yk_barrier *barrier, uint32_t *index, uint64_t deadline);

/* Breaks it; with `again` it can be used at once. */
yoke_status yk_barrier_break(yk_barrier *barrier, bool again);

uint32_t yk_barrier_count(const yk_barrier *barrier);

#endif
