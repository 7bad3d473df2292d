/* SPDX-License-Identifier: MIT */
/*
 * Which worker computes which tiles: pure functions over sizes, speeds and times, so that
 * workers, tests and simulations run the same code. Speeds are in tiles per nanosecond; 0 means
 * unknown.
 */
#ifndef YK_SCHED_POLICY_H
#define YK_SCHED_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "shm/work_range.h"

/* A worker that may get a share. */
typedef struct yk_participant {
    double speed; /* 0: unknown; negative: it gets no share */
    /* time until it computes: wake-up, launch, transfer of common inputs */
    double delay_ns;
    double known_ns;    /* how long its speed was measured */
    double known_tiles; /* ... and on how many tiles */
} yk_participant;

/*
 * A speed that was measured for a much shorter time than the others, or over less than one
 * tile, is a short sample. If other speeds are trusted, it is raised to their mean. Otherwise a
 * worker whose first sample was slow would get no share of longer jobs, and could never show
 * its real speed.
 */
void yk_policy_discount_short_samples(yk_participant *participants, size_t n);

/*
 * Divides the tiles [0, count) among n workers in order, so that the last of them finishes as
 * early as whole tiles allow: in proportion to their speeds, less for those that start later. A
 * worker that would start after the others have finished gets no tiles. Nor do the slowest
 * workers, if all of them together contribute at most a hundredth and a single tile might make
 * all others wait. A worker of unknown speed counts with the mean of the known speeds. If no
 * speed is known, delays do not count.
 */
void yk_policy_shares(uint32_t count, const yk_participant *participants, size_t n,
                      yk_tiles *shares);

/* The maximum time that a chunk should take, in nanoseconds, on a device with memory of its own
 * or without, if each chunk costs overhead_ns in addition to its items: long enough that the
 * overhead is at most a hundredth of it. */
double yk_policy_chunk_time(int is_remote, double overhead_ns);

/* Speeds of one worker, in tiles per nanosecond; 0: unknown. */
typedef struct yk_speeds {
    double now;   /* of the last chunks: tiles differ, and so do parts of a range */
    double usual; /* over whole jobs */
} yk_speeds;

/* The number of tiles to take at once from a work range that has `left` > 0, for chunks of at
 * most chunk_ns. It is a small part of what is left, so that other workers can steal, and so
 * that a part that costs more than the last one does no harm, but large enough that overhead_ns
 * does not matter. One tile while the speed is unknown. At least 1. */
uint32_t yk_policy_chunk(uint32_t left, const yk_speeds *speeds, double overhead_ns,
                         double chunk_ns);

/* The same for a device that has a job to itself: equal chunks of about chunk_ns, in whole
 * multiples of `step` tiles, as many as keep all of the device busy until the end of a chunk. */
uint32_t yk_policy_lone_chunk(uint32_t left, double speed, double chunk_ns,
                              uint32_t step);

/* What a thief knows of a victim. */
typedef struct yk_victim {
    uint32_t left; /* tiles in its work range */
    yk_speeds speeds;
    double busy_ns; /* time until it takes its next chunk */
    int is_gone;    /* no owner takes from the front of this work range */
    int is_away;    /* its owner is in another job, perhaps for ever */
} yk_victim;

/* How much longer a chunk of `tiles` tiles will run that was started elapsed_ns ago: what is
 * left of the expected time or, if the chunk is late, as long as it has been late. */
double yk_policy_busy(uint32_t tiles, double speed, double elapsed_ns);

/* What is left for all workers, victims or not. `speeds` matters even where `left` is 0. */
typedef struct yk_summary {
    double rest_ns; /* time until all would finish if they shared evenly */
    double mean;    /* speed */
} yk_summary;

yk_summary yk_policy_summarize(const yk_victim *victims, size_t n);

/* The victim to steal from: one of those that would finish last. The salt selects among them,
 * so that thieves that choose at the same moment choose differently. Returns n if no victim has
 * tiles. */
size_t yk_policy_pick(const yk_victim *victims, size_t n, uint64_t salt);

/* A worker without tiles. */
typedef struct yk_thief {
    yk_speeds speeds;
    double overhead_ns; /* time until it computes what it steals */
} yk_thief;

/* The speed that a thief would have on a victim's tiles. They may cost more than those that the
 * thief has computed, which the victim's speeds show. */
double yk_policy_speed_there(const yk_victim *victim, const yk_thief *thief);

/* The number of tiles that a thief takes from the back of a victim's work range, so that the
 * later of the two finishes as early as possible, but at most twice the thief's part of what is
 * left for all. 0 if the victim is better left alone, or if one tile would keep a slow thief
 * busy for a large part of the time that all need for the rest, and for longer than the victim is
 * busy. At most half of a work range
 * without an owner, or whose owner's speed is unknown. A thief of unknown speed takes one tile. */
uint32_t yk_policy_steal_amount(const yk_victim *victim, const yk_thief *thief,
                        const yk_summary *summary);

/* The next estimate of the current speed after a measurement. */
double yk_policy_learn(double estimate, double measured);

/* The next estimate of the usual speed after a job, or after as much of it as is done. */
double yk_policy_learn_usual(double estimate, double measured);

/* Whether a measurement over `ns` is too short to be compared with one over other_ns: the time
 * of a few items includes the cost of clocks, caches and the first touch of their pages. */
int yk_policy_is_short_sample(double ns, double other_ns);

/* The speed of a chunk, without its overhead. */
double yk_policy_measured(double tiles, double ns, double overhead_ns);

#endif
