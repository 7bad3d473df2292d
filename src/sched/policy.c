/* SPDX-License-Identifier: MIT */
#include "sched/policy.h"

#include <math.h>

/* ---- what is known ---- */

int yk_policy_is_short_sample(double ns, double other_ns)
{
    return 16 * ns < other_ns;
}

/* The cost of a few items says little: a worker may have lost its CPU in the middle of them. */
static bool is_measured(const yk_participant *participant)
{
    return participant->speed > 0 && participant->known_tiles >= 1;
}

static bool is_trusted(const yk_participant *participant, double longest_ns)
{
    return is_measured(participant) &&
           !yk_policy_is_short_sample(participant->known_ns, longest_ns);
}

void yk_policy_discount_short_samples(yk_participant *participants, size_t n)
{
    double longest = 0;
    double sum = 0;
    double known = 0;

    for (size_t i = 0; i < n; i++) {
        longest =
            fmax(longest, is_measured(&participants[i]) ? participants[i].known_ns : 0);
    }
    for (size_t i = 0; i < n; i++) {
        if (is_trusted(&participants[i], longest)) {
            sum += participants[i].speed;
            known++;
        }
    }
    for (size_t i = 0; i < n && known > 0; i++) {
        if (participants[i].speed > 0 && !is_trusted(&participants[i], longest)) {
            participants[i].speed = fmax(participants[i].speed, sum / known);
        }
    }
}

/* ---- shares ---- */

/* The workers that may get tiles, and the number of tiles. */
typedef struct plan {
    const yk_participant *participants;
    size_t n;
    uint32_t count;
    double guess;   /* used for workers of unknown speed */
    double fastest; /* speed */
    bool timed;     /* a speed is known, so that delays can be compared with work */
    /* a worker that does few tiles until then is left out; 0: none is */
    double horizon;
} plan;

/* With so few tiles, one tile that costs more than the mean could make all others wait. */
enum { FEW_TILES = 2 };

static double policy_delay_of(const plan *all, size_t i)
{
    return all->timed ? fmax(all->participants[i].delay_ns, 0) : 0;
}

static double policy_speed_of(const plan *all, size_t i)
{
    const double known = all->participants[i].speed;
    const double speed = known < 0 ? 0 : known > 0 ? known : all->guess;

    return speed * all->horizon < (double)FEW_TILES && all->horizon > 0 ? 0 : speed;
}

static plan plan_of(uint32_t count, const yk_participant *participants, size_t n)
{
    plan all = {.participants = participants, .n = n, .count = count, .guess = 1};
    double sum = 0;
    size_t known = 0;

    for (size_t i = 0; i < n; i++) {
        if (participants[i].speed > 0) {
            sum += participants[i].speed;
            known++;
        }
    }
    all.timed = known > 0;
    if (known > 0) {
        all.guess = sum / (double)known;
    }
    for (size_t i = 0; i < n; i++) {
        all.fastest = fmax(all.fastest, policy_speed_of(&all, i));
    }
    return all;
}

/* The time at which all workers finish if tiles could be divided at will. This is a
 * water-filling problem: each worker starts after its delay and then fills at its speed.
 * Newton's method on a convex function, from above: each round leaves out the workers that
 * would start too late. *speed: the sum over those that start in time. */
static double level_of(const plan *all, double *speed)
{
    double level = HUGE_VAL;

    for (;;) {
        double work = all->count;
        double sum = 0;

        for (size_t i = 0; i < all->n; i++) {
            if (policy_delay_of(all, i) < level) {
                work += policy_speed_of(all, i) * policy_delay_of(all, i);
                sum += policy_speed_of(all, i);
            }
        }
        if (!(work / sum < level)) {
            return level;
        }
        level = work / sum;
        *speed = sum;
    }
}

/* Leaves the slowest workers out if all of them together contribute at most a hundredth. */
static void leave_out_slow(plan *all)
{
    double speed = 0;
    const double level = level_of(all, &speed);
    double few = 0;

    for (size_t i = 0; i < all->n; i++) {
        if (policy_speed_of(all, i) * level < (double)FEW_TILES) {
            few += policy_speed_of(all, i) * fmax(level - policy_delay_of(all, i), 0);
        }
    }
    if (few > 0 && few * 100 <= all->count) {
        all->horizon = level;
    }
}

/* The number of whole tiles that a worker has done at a given time. */
static uint32_t done_by(const plan *all, size_t i, double when)
{
    const double tiles = policy_speed_of(all, i) * (when - policy_delay_of(all, i));

    return !(tiles >= 1) ? 0 : tiles < all->count ? (uint32_t)tiles : all->count;
}

static uint64_t done_by_all(const plan *all, double when)
{
    uint64_t done = 0;

    for (size_t i = 0; i < all->n; i++) {
        done += done_by(all, i, when);
    }
    return done;
}

/* An interval so short that no worker does more than one tile in it. At its end all tiles are
 * done; at its beginning not too many are. */
typedef struct stretch {
    double begin;
    double end;
} stretch;

static stretch end_of_whole_tiles(const plan *all)
{
    enum { ROUNDS = 64 };
    const double short_enough = 1 / (1024 * all->fastest);
    double speed = 1;
    double middle = level_of(all, &speed) * (1 + 1e-12);
    stretch end = {middle, middle + (double)all->n / speed};

    for (int i = 0; i < ROUNDS && end.end - end.begin > short_enough; i++) {
        const uint64_t done = done_by_all(all, middle);

        if (done == all->count) {
            return (stretch){middle, middle};
        }
        *(done < all->count ? &end.begin : &end.end) = middle;
        middle = (end.begin + end.end) / 2;
    }
    return end;
}

static void give_in_order(const plan *all, stretch end, yk_tiles *shares)
{
    const uint64_t done = done_by_all(all, end.begin);
    uint64_t more = done < all->count ? all->count - done : 0;
    uint32_t left = all->count;

    for (size_t i = 0; i < all->n; i++) {
        uint32_t tiles = done_by(all, i, end.begin);

        if (more > 0 && done_by(all, i, end.end) > tiles) {
            tiles++;
            more--;
        }
        tiles = tiles < left ? tiles : left;
        shares[i] = (yk_tiles){all->count - left, all->count - left + tiles};
        left -= tiles;
    }
}

/* Tiles must not get lost if speeds exceed the precision of the arithmetic: they go to the last
 * worker with a share, or, if none has one, to the last of all. */
static void give_rest(uint32_t count, yk_tiles *shares, size_t n)
{
    size_t last = n - 1;

    while (last > 0 && shares[n - 1].end > 0 && yk_tiles_count(shares[last]) == 0) {
        last--;
    }
    shares[last].end = count;
    for (size_t i = last + 1; i < n; i++) {
        shares[i] = (yk_tiles){count, count};
    }
}

void yk_policy_shares(uint32_t count, const yk_participant *participants, size_t n,
                      yk_tiles *shares)
{
    plan all = plan_of(count, participants, n);
    stretch end = {0, 0};

    if (n == 0) {
        return;
    }
    if (count > 0 && all.fastest > 0) {
        leave_out_slow(&all);
        end = end_of_whole_tiles(&all);
    }
    give_in_order(&all, end, shares);
    give_rest(count, shares, n);
}

/* ---- chunks ---- */

/* The cost of publishing, claiming and marking a chunk, whatever the device adds. */
static const double min_overhead_ns = 100;

/* Chunks of full length lose a hundredth to overhead, those at the end a fiftieth. */
enum { OVERHEADS_PER_CHUNK = 100, OVERHEADS_AT_END = 50 };

/* A running chunk cannot be stolen, so it is a small part of what is left. */
enum { CHUNKS_PER_HOME = 8 };

double yk_policy_chunk_time(int is_remote, double overhead_ns)
{
    return fmax(is_remote ? 5e6 : 5e5, (double)OVERHEADS_PER_CHUNK * overhead_ns);
}

uint32_t yk_policy_chunk(uint32_t left, const yk_speeds *speeds, double overhead_ns,
                         double chunk_ns)
{
    const double least = (double)OVERHEADS_AT_END * fmax(overhead_ns, min_overhead_ns);
    double speed = speeds->now;
    double wanted;

    /* An unknown device may be a thousand times slower than the others: one tile. */
    if (!(speed > 0)) {
        return 1;
    }
    /* A cheap part of the range may end at any moment. */
    if (speeds->usual > 0) {
        speed = fmin(speed, 2 * speeds->usual);
    }
    wanted = fmin(speed * chunk_ns, (double)left / (double)CHUNKS_PER_HOME);
    wanted = fmin(fmax(wanted, speed * least), left);
    return wanted > 1 ? (uint32_t)wanted : 1;
}

uint32_t yk_policy_lone_chunk(uint32_t left, double speed, double chunk_ns,
                              uint32_t step)
{
    const double chunks = fmax(ceil(left / (speed * chunk_ns)), 1);
    const double wanted = ceil(left / chunks / step) * step;

    return (uint32_t)fmin(fmax(wanted, 1), left);
}

/* ---- stealing ---- */

double yk_policy_busy(uint32_t tiles, double speed, double elapsed_ns)
{
    const double expected = speed > 0 ? (double)tiles / speed : 0;

    /* A chunk that is late will probably be late by as much again. */
    return fabs(expected - elapsed_ns);
}

static double policy_time_left(const yk_victim *victim)
{
    const double speed = victim->speeds.now > 0 ? victim->speeds.now : 1e-9;

    return victim->left == 0 ? -1
           : victim->is_gone ? 1e300
                             : victim->busy_ns + (double)victim->left / speed;
}

static uint64_t policy_mix(uint64_t bits)
{
    bits = (bits ^ bits >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return bits ^ bits >> 32;
}

size_t yk_policy_pick(const yk_victim *victims, size_t n, uint64_t salt)
{
    const double nearly = 0.875;
    double longest = 0;
    uint64_t candidates = 0;
    uint64_t skip;

    for (size_t i = 0; i < n; i++) {
        longest = fmax(longest, policy_time_left(&victims[i]));
    }
    for (size_t i = 0; i < n; i++) {
        candidates += policy_time_left(&victims[i]) >= nearly * longest;
    }
    skip = candidates > 0 ? policy_mix(salt) % candidates : 0;
    for (size_t i = 0; i < n; i++) {
        if (policy_time_left(&victims[i]) >= nearly * longest && skip-- == 0) {
            return i;
        }
    }
    return n;
}

/* The time at which both finish if the thief takes steal_amount tiles. */
static double time_after(const yk_victim *victim, double speed, double overhead_ns,
                         double steal_amount)
{
    return fmax(overhead_ns + steal_amount / speed,
                victim->busy_ns + (victim->left - steal_amount) / victim->speeds.now);
}

static double fair_steal_amount(const yk_victim *victim, double speed,
                                double overhead_ns)
{
    const double even =
        (policy_time_left(victim) - overhead_ns) / (1 / speed + 1 / victim->speeds.now);
    const double less = fmin(floor(fmax(even, 0)), victim->left);
    const double more = fmin(less + 1, victim->left);

    return time_after(victim, speed, overhead_ns, more) <
                   time_after(victim, speed, overhead_ns, less)
               ? more
               : less;
}

static double policy_usual_speed(const yk_speeds *speeds)
{
    return speeds->usual > 0 ? speeds->usual : speeds->now;
}

yk_summary yk_policy_summarize(const yk_victim *victims, size_t n)
{
    double left = 0;
    double speed = 0;
    double known = 0;

    for (size_t i = 0; i < n; i++) {
        left += victims[i].left;
        /* A worker that is away is no reason for a slow thief to leave tiles to it. */
        if (!victims[i].is_gone && !victims[i].is_away &&
            policy_usual_speed(&victims[i].speeds) > 0) {
            speed += policy_usual_speed(&victims[i].speeds);
            known++;
        }
    }
    return (yk_summary){.rest_ns = known > 0 ? left / speed : HUGE_VAL,
                        .mean = known > 0 ? speed / known : 0};
}

double yk_policy_speed_there(const yk_victim *victim, const yk_thief *thief)
{
    if (thief->speeds.usual > 0 && victim->speeds.usual > 0 && victim->speeds.now > 0) {
        return thief->speeds.usual * (victim->speeds.now / victim->speeds.usual);
    }
    return thief->speeds.now;
}

/* Whether one tile would keep a thief busy for a large part of the time that all need for the
 * rest, and longer than most others would need, so that those should take it. The fastest
 * worker is never late, so there is always a worker that takes the tiles of work ranges without
 * owners. */
static bool policy_is_late(const yk_summary *summary, double speed)
{
    return summary->mean > 0 && 1 / speed > summary->rest_ns / 4 + 2 / summary->mean;
}

uint32_t yk_policy_steal_amount(const yk_victim *victim, const yk_thief *thief,
                                const yk_summary *summary)
{
    const double speed = yk_policy_speed_there(victim, thief);
    double max_count = ceil((double)victim->left / 2);

    if (victim->left == 0) {
        return 0;
    }
    if (!(speed > 0)) {
        /* One tile to find out its speed, if that were worth it for a worker like the victim. */
        return victim->is_gone || !(victim->speeds.now > 0) ||
               fair_steal_amount(victim, victim->speeds.now, thief->overhead_ns) > 0;
    }
    /* A faster worker would have taken the tiles of a victim that is held up for so long: all of
     * those are held up, too, by items that wait, or cost far more than usual. */
    if (policy_is_late(summary, policy_usual_speed(&thief->speeds)) &&
        1 / speed > victim->busy_ns) {
        return 0;
    }
    if (!victim->is_gone && victim->speeds.now > 0) {
        max_count = fair_steal_amount(victim, speed, thief->overhead_ns);
    }
    return (uint32_t)fmin(max_count, fmax(2 * speed * summary->rest_ns, 1));
}

/* ---- speeds ---- */

double yk_policy_learn(double estimate, double measured)
{
    const double newest = measured > 1.5 * estimate ? 0.5 : 0.25;

    /* The average is of speeds, not of times: a chunk that was held up, however long, changes
     * the estimate by at most a quarter. No device is ever faster than it is, so if a
     * measurement lies far above the estimate, the estimate is wrong. */
    return estimate > 0 ? estimate + newest * (measured - estimate) : measured;
}

double yk_policy_learn_usual(double estimate, double measured)
{
    return estimate > 0 ? (estimate + measured) / 2 : measured;
}

double yk_policy_measured(double tiles, double ns, double overhead_ns)
{
    /* Nearly all of it is overhead: the figure says little. */
    return tiles / fmax(ns - overhead_ns, fmax(ns / 4, 1));
}
