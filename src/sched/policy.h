/* SPDX-License-Identifier: MIT */
/*
 * Who computes what: pure functions over sizes, speeds and times, so that workers, tests
 * and simulations run the same code. Speeds are in tiles per nanosecond, 0 if unknown.
 */
#ifndef YK_SCHED_POLICY_H
#define YK_SCHED_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "shm/work_range.h"

/* A worker that may get a share. */
typedef struct yk_participant {
    double speed;    /* 0: unknown; less: it gets none */
    double delay_ns; /* until it computes: wake-up, launch, transfer of common inputs */
    double known_ns; /* in so long its speed was measured */
    double known_tiles; /* ... on so much */
} yk_participant;

/*
 * Speeds that were measured at a short sample beside others', or on less than a tile, while others
 * were on more, count as the mean of those others, if that is more: else who was slow to begin with would get no
 * share of longer jobs, and never show what it can do.
 */
void yk_policy_discount_short_samples(yk_participant *participants, size_t n);

/*
 * Divides the tiles [0, count) among n workers in order, so that the last of them finishes
 * as early as whole tiles allow: in proportion to their speeds, less for those that start
 * later. Who would start after the others are through gets none, nor do the slowest if all
 * they bring is a hundredth and one tile might make everybody wait. A worker of unknown
 * speed counts as much as the mean of the known ones; if none is known, delays do not count.
 */
void yk_policy_shares(uint32_t count, const yk_participant *participants, size_t n,
                      yk_tiles *shares);

/* How long a chunk should take at most, in nanoseconds, on a device with memory of its own
 * or not, if each chunk costs overhead_ns beside its items: so long that this is a
 * hundredth at most. */
double yk_policy_chunk_time(int is_remote, double overhead_ns);

/* Speeds of one worker, in tiles per nanosecond; 0: unknown. */
typedef struct yk_speeds {
    double now;   /* of the last chunks: tiles differ, and so do parts of a range */
    double usual; /* over whole jobs */
} yk_speeds;

/* Tiles to take at once from a work range that has `left` > 0, for chunks of at most chunk_ns:
 * a small part of what is left, so that there is something to steal and a part that costs
 * more than the last one does no harm, but not so few that overhead_ns counts; while the
 * speed is unknown, one. At least 1. */
uint32_t yk_policy_chunk(uint32_t left, const yk_speeds *speeds, double overhead_ns,
                         double chunk_ns);

/* The same for a device that has a job to itself: equal chunks of about chunk_ns, in whole
 * multiples of `step` tiles, as many as keep all of the device busy to a chunk's end. */
uint32_t yk_policy_lone_chunk(uint32_t left, double speed, double chunk_ns,
                              uint32_t step);

/* What a thief knows of a victim. */
typedef struct yk_victim {
    uint32_t left; /* tiles in its work range */
    yk_speeds speeds;
    double busy_ns; /* until it takes its next chunk */
    int is_gone;    /* nobody takes from this work range's front */
} yk_victim;

/* How long a chunk of `tiles` tiles will still run that was started elapsed_ns ago: what is
 * expected, and when it is late, as long as it is late. */
double yk_policy_busy(uint32_t tiles, double speed, double elapsed_ns);

/* What is left for all, victims or not; `speeds` matters even where `left` is 0. */
typedef struct yk_summary {
    double rest_ns; /* until all would be through if they shared evenly */
    double mean;    /* speed */
} yk_summary;

yk_summary yk_policy_summarize(const yk_victim *victims, size_t n);

/* Which victim to steal from: one of those that would finish last, the salt says which, so
 * that thieves who look at the same moment part. n if none has tiles. */
size_t yk_policy_pick(const yk_victim *victims, size_t n, uint64_t salt);

/* A worker without tiles. */
typedef struct yk_thief {
    yk_speeds speeds;
    double overhead_ns; /* until it computes what it steals */
} yk_thief;

/* How fast it would be on a victim's tiles: they may cost more than those it is used to,
 * which the victim's speeds show. */
double yk_policy_speed_there(const yk_victim *victim, const yk_thief *thief);

/* How many tiles a thief takes from the back of a victim's work range, so that the later of the
 * two is through as early as possible, but at most twice its part of what is left for all:
 * 0 if the victim is better left alone, or if one tile would keep a slow thief busy for a
 * good part of what all need for the rest. From a work range that nobody works on, or whose
 * owner's speed is unknown, half at most; a thief of unknown speed takes one. */
uint32_t yk_policy_steal_amount(const yk_victim *victim, const yk_thief *thief,
                        const yk_summary *summary);

/* The next estimate of the speed now after a measurement. */
double yk_policy_learn(double estimate, double measured);

/* The next estimate of the usual speed after a job, or as much of it as is done. */
double yk_policy_learn_usual(double estimate, double measured);

/* Whether what was measured in ns tells nothing beside what was measured in other_ns: a few
 * items have clocks, caches and the first touch of their pages to pay for. */
int yk_policy_is_short_sample(double ns, double other_ns);

/* A chunk's speed, its overhead not counted. */
double yk_policy_measured(double tiles, double ns, double overhead_ns);

#endif
