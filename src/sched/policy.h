/* SPDX-License-Identifier: MIT */
/*
 * Who computes what: pure functions over sizes, speeds and times, so that workers, tests
 * and simulations run the same code. Speeds are in tiles per nanosecond, 0 if unknown.
 */
#ifndef YK_SCHED_POLICY_H
#define YK_SCHED_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "shared/home.h"

/*
 * Divides the tiles [0, count) among n workers in order, in proportion to their speeds;
 * a worker of unknown speed counts as much as the mean of the known ones. A worker with
 * speed < 0 gets none.
 */
void yk_policy_shares(uint32_t count, const double *speeds, size_t n, yk_tiles *shares);

/* How long a chunk should take on a kind of device, in nanoseconds. */
double yk_policy_chunk_time(int is_remote);

/* Tiles to take at once from a home that has `left`, at a speed, for chunks of chunk_ns;
 * while the speed is unknown, few. At least 1. */
uint32_t yk_policy_chunk(uint32_t left, double speed, double chunk_ns);

/* What a thief knows of a victim. */
typedef struct yk_victim {
    uint32_t left;  /* tiles in its home */
    double speed;   /* its speed; 0: unknown */
    double busy_ns; /* until it takes its next chunk */
    int is_gone;    /* nobody takes from this home's front */
} yk_victim;

/* How long a chunk of `tiles` tiles will still run that was started elapsed_ns ago. */
double yk_policy_busy(uint32_t tiles, double speed, double elapsed_ns);

/* Which victim to steal from: the one that would finish last. n if none has tiles. */
size_t yk_policy_pick(const yk_victim *victims, size_t n);

/* How many tiles a thief of a speed takes from the back of a victim's home, so that both
 * finish together: 0 if the victim is better left alone. */
uint32_t yk_policy_loot(const yk_victim *victim, double speed, double overhead_ns);

/* The next estimate of a speed after a measurement. */
double yk_policy_learn(double estimate, double measured);

#endif
