/* SPDX-License-Identifier: MIT */
/*
 * A barrier. One word holds the number of the round and of the threads that wait in it; a list
 * holds their identities.
 *
 *     step (with the lock)                          if the thread dies here
 *     write its own identity after the last one     it has not come
 *     state: one more has come                      another thread finds it dead: the barrier
 *                                                   breaks
 *     or, the last thread: state: next round,       the others go on: they check again by
 *     none waits                                    themselves
 *     signal                                        the same
 *
 * To break the barrier: first set the round's bit in `broken`, then state: next round, halted. If
 * the thread dies between these steps, the next owner of the lock completes them. A thread that
 * has waited finds another round, and in the bit how its own has ended. Bits are reused after 64
 * rounds.
 */
#ifndef YK_IPC_BARRIER_H
#define YK_IPC_BARRIER_H

#include "ipc/ipc_object.h"

enum { YK_MAX_PARTIES = 65536 };

typedef struct yk_barrier {
    yk_ipc_object object;
    /* round << 32 | halted << 31 | number of threads that wait; with the lock */
    _Atomic uint64_t state;
    _Atomic uint64_t broken; /* a bit for each of the last 64 rounds; with the lock */
    uint32_t parties;        /* never changes */
    uint32_t padding;
    uint64_t reserved[5];
    /* Then `parties` identities of the threads that wait; with the lock. */
} yk_barrier;

static_assert(sizeof(yk_barrier) == 128, "the list follows on a cache line");

uint64_t yk_barrier_bytes(uint32_t parties);
void yk_barrier_init(yk_barrier *barrier, uint32_t parties);

/* YOKE_EBROKEN: it broke while this thread waited, or is broken. */
yoke_status yk_barrier_wait(yk_barrier *barrier, uint32_t *index, uint64_t deadline);

/* Breaks it. With `again` it can be used again at once. */
yoke_status yk_barrier_break(yk_barrier *barrier, bool again);

uint32_t yk_barrier_count(const yk_barrier *barrier);

/* 0: it is damaged. */
uint32_t yk_barrier_parties(const yk_barrier *barrier);
bool yk_barrier_is_broken(const yk_barrier *barrier);

#endif
