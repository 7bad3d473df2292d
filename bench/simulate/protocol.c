/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "sched/policy.h"
#include "storage.h"

/* What the steps cost, in nanoseconds. */
static const double claim_ns = 15;       /* a swap on a work range in the own cache */
static const double far_claim_ns = 100;  /* on a work range in another core's */
static const double mark_ns = 1;         /* a tile, in the tile map */
static const double scan_ns = 0.3;       /* a tile, by whoever ends the job */
static const double look_ns = 10;        /* at a work range */
static const double closer_look_ns = 50; /* at its owner's speed and claim */
static const double publish_ns = 60;     /* a chunk's claims and clock readings */
static const double later_ns = 2e5;      /* until the next look */
static const double notice_ns = 1e6;     /* from a death until it is known */

enum { LOOK, TAKE_LOOT, END_CHUNK, NOTICE };

/* A worker in the job. */
typedef struct sim_hand {
    yk_tiles work_range;
    double work_range_free; /* until then another swap on the work range is under way */
    yk_tiles claim;   /* what it runs */
    double claim_started;
    double death;
    double speed;    /* of its last chunks, items per nanosecond */
    double items;    /* it has done in this job */
    double computed; /* in this time */
    size_t victim;   /* of the theft it has planned */
    uint32_t steal_amount;
    double speed_there; /* on the victim's tiles */
    bool runs;
    bool alone;   /* with a tile dealt out again */
    bool entered; /* its device is prepared */
    bool idle;    /* sees nothing to do until it is rung */
    bool is_gone; /* it died and that is known */
} sim_hand;

typedef struct sim_play {
    const sim_machine *machine;
    const sim_load *load;
    double *speeds; /* over whole jobs, before this one */
    sim_prng *prng;
    yk_tiling tiling;
    sim_hand *hands;
    yk_victim *victims;
    uint8_t *done;
    uint32_t *redo;
    uint32_t redo_count;
    uint32_t in_work_ranges;
    uint32_t left; /* tiles not done */
    sim_agenda agenda;
    sim_outcome outcome;
} sim_play;

static yk_speeds speeds_of(const sim_play *play, size_t i)
{
    const double items = (double)play->tiling.tile_items;

    return (yk_speeds){play->hands[i].speed / items, play->speeds[i] / items};
}

static void put(sim_play *play, double time, size_t i, uint32_t kind)
{
    sim_agenda_put(&play->agenda,
                   (sim_event){.time = time, .worker = (uint32_t)i, .kind = kind});
}

/* ---- work ranges ---- */

/* When a swap on a work range has happened that begins now. */
static double swapped(sim_hand *owner, double now, double cost)
{
    owner->work_range_free = fmax(owner->work_range_free, now) + cost;
    return owner->work_range_free;
}

static yk_tiles take_front(sim_play *play, sim_hand *owner, uint32_t max_count)
{
    const uint32_t left = yk_tiles_count(owner->work_range);
    const uint32_t count = max_count < left ? max_count : left;
    const yk_tiles taken = {owner->work_range.begin, owner->work_range.begin + count};

    owner->work_range.begin = taken.end;
    play->in_work_ranges -= count;
    return taken;
}

static yk_tiles take_back(sim_play *play, sim_hand *owner, uint32_t max_count)
{
    const uint32_t left = yk_tiles_count(owner->work_range);
    const uint32_t count = max_count < left ? max_count : left;
    const yk_tiles taken = {owner->work_range.end - count, owner->work_range.end};

    owner->work_range.end = taken.begin;
    play->in_work_ranges -= count;
    return taken;
}

static void place(sim_play *play)
{
    const size_t n = play->machine->n;
    yk_participant *participants = sim_array(n, sizeof *participants);
    yk_tiles *shares = sim_array(n, sizeof *shares);

    for (size_t i = 0; i < n; i++) {
        participants[i] =
            (yk_participant){.speed = speeds_of(play, i).usual,
                       .delay_ns = sim_worker_delay(&play->machine->workers[i])};
    }
    yk_policy_shares(play->tiling.count, participants, n, shares);
    for (size_t i = 0; i < n; i++) {
        play->hands[i].work_range = shares[i];
        play->in_work_ranges += yk_tiles_count(shares[i]);
    }
    free(participants);
    free(shares);
}

/* ---- chunks ---- */

static void start(sim_play *play, size_t i, double now, yk_tiles tiles, bool alone)
{
    const sim_worker *worker = &play->machine->workers[i];
    sim_hand *hand = &play->hands[i];
    uint64_t begin;
    uint64_t end;
    double time;

    yk_tiling_items(&play->tiling, tiles.begin, tiles.end, &begin, &end);
    hand->claim = tiles;
    hand->claim_started = now;
    hand->runs = true;
    hand->alone = alone;
    time = sim_worker_noisy_time(worker, now, sim_load_work(play->load, begin, end),
                                 end - begin, play->prng);
    time += publish_ns + mark_ns * yk_tiles_count(tiles);
    play->outcome.chunks++;
    if (now + time < hand->death) {
        put(play, now + time, i, END_CHUNK);
    }
}

static bool take_own(sim_play *play, size_t i, double now)
{
    const sim_worker *worker = &play->machine->workers[i];
    sim_hand *hand = &play->hands[i];
    const uint32_t left = yk_tiles_count(hand->work_range);
    const yk_speeds speeds = speeds_of(play, i);

    if (left == 0) {
        return false;
    }
    start(play, i, swapped(hand, now, claim_ns),
          take_front(
              play, hand,
              yk_policy_chunk(left, &speeds, worker->overhead,
                              yk_policy_chunk_time(worker->remote, worker->overhead))),
          false);
    return true;
}

static bool take_redo(sim_play *play, size_t i, double now)
{
    uint32_t tile;

    if (play->redo_count == 0) {
        return false;
    }
    tile = play->redo[--play->redo_count];
    start(play, i, now + far_claim_ns, (yk_tiles){tile, tile + 1}, true);
    return true;
}

static void measure(sim_play *play, size_t i, uint64_t items, double now)
{
    sim_hand *hand = &play->hands[i];
    const double ns = now - hand->claim_started;
    const double speed =
        yk_policy_measured((double)items, ns, play->machine->workers[i].overhead);

    hand->speed = yk_policy_learn(hand->speed, speed);
    hand->items += (double)items;
    hand->computed += (double)items / speed;
}

static void end_chunk(sim_play *play, size_t i, double now)
{
    sim_hand *hand = &play->hands[i];
    uint64_t begin;
    uint64_t end;

    for (uint32_t tile = hand->claim.begin; tile < hand->claim.end; tile++) {
        play->outcome.once &= play->done[tile] == 0;
        play->done[tile] = 1;
    }
    play->left -= yk_tiles_count(hand->claim);
    play->outcome.time = now;
    yk_tiling_items(&play->tiling, hand->claim.begin, hand->claim.end, &begin, &end);
    measure(play, i, end - begin, now);
    hand->runs = false;
}

/* ---- stealing ---- */

static yk_victim look_at(const sim_play *play, size_t i, double now)
{
    const sim_hand *hand = &play->hands[i];
    yk_victim victim = {.left = yk_tiles_count(hand->work_range),
                        .speeds = speeds_of(play, i),
                        .is_gone = hand->is_gone};

    if (hand->runs && victim.left > 0) {
        victim.busy_ns = yk_policy_busy(yk_tiles_count(hand->claim), victim.speeds.now,
                                        now - hand->claim_started);
    }
    return victim;
}

static double theft_overhead(const sim_play *play, size_t i)
{
    const sim_worker *worker = &play->machine->workers[i];

    return worker->overhead + (play->hands[i].entered ? 0 : worker->input);
}

/* From whom it is to steal, and how much. */
static void plan_theft(sim_play *play, size_t i, double now)
{
    const size_t n = play->machine->n;
    const yk_thief thief = {speeds_of(play, i), theft_overhead(play, i)};
    const yk_summary summary = yk_policy_summarize(play->victims, n);
    sim_hand *hand = &play->hands[i];
    const yk_victim *victim;

    hand->victim = yk_policy_pick(play->victims, n, (uint64_t)now ^ i);
    hand->steal_amount = 0;
    if (hand->victim == n) {
        return;
    }
    victim = &play->victims[hand->victim];
    hand->steal_amount = yk_policy_steal_amount(victim, &thief, &summary);
    hand->speed_there =
        yk_policy_speed_there(victim, &thief) * (double)play->tiling.tile_items;
}

/* Whether what a dead worker ran is better left to others. */
static bool may_redo(sim_play *play, size_t i)
{
    const size_t n = play->machine->n;
    const yk_thief thief = {speeds_of(play, i), theft_overhead(play, i)};
    const yk_victim lost = {.left = play->redo_count, .is_gone = 1};
    yk_summary summary;

    play->victims[n] = lost;
    summary = yk_policy_summarize(play->victims, n + 1);
    return yk_policy_steal_amount(&lost, &thief, &summary) > 0;
}

/* Looks at all work ranges; what it takes of them it takes when it is through. */
static void look(sim_play *play, size_t i, double now)
{
    sim_hand *hand = &play->hands[i];
    double time = now;

    if (take_own(play, i, now)) {
        return;
    }
    hand->idle = play->in_work_ranges == 0 && play->redo_count == 0;
    if (hand->idle) {
        return;
    }
    for (size_t k = 0; k < play->machine->n; k++) {
        play->victims[k] = look_at(play, k, now);
        time += look_ns + (play->victims[k].left > 0 ? closer_look_ns : 0);
    }
    play->outcome.looks++;
    plan_theft(play, i, now);
    if (hand->steal_amount > 0) {
        put(play, time, i, TAKE_LOOT);
    } else if (!may_redo(play, i) || !take_redo(play, i, time)) {
        put(play, time + later_ns, i, LOOK);
    }
}

static double enter(sim_play *play, size_t i, double now)
{
    sim_hand *hand = &play->hands[i];

    if (hand->entered) {
        return now;
    }
    hand->entered = true;
    return now + play->machine->workers[i].input;
}

static void take_loot(sim_play *play, size_t i, double now)
{
    sim_hand *hand = &play->hands[i];
    sim_hand *victim = &play->hands[hand->victim];
    const double then = swapped(victim, now, far_claim_ns);
    const yk_tiles tiles = take_back(play, victim, hand->steal_amount);

    if (yk_tiles_count(tiles) == 0) {
        put(play, then, i, LOOK);
        return;
    }
    play->outcome.thefts++;
    hand->work_range = tiles;
    hand->speed = hand->speed_there;
    play->in_work_ranges += yk_tiles_count(tiles);
    put(play, enter(play, i, then), i, LOOK);
}

/* ---- deaths ---- */

/* What the dead one ran is dealt out again, and everyone is rung. */
static void notice(sim_play *play, size_t i, double now)
{
    sim_hand *dead = &play->hands[i];

    dead->is_gone = true;
    if (dead->runs) {
        for (uint32_t tile = dead->claim.begin; tile < dead->claim.end; tile++) {
            play->redo[play->redo_count++] = tile;
        }
    }
    for (size_t k = 0; k < play->machine->n; k++) {
        if (play->hands[k].idle) {
            put(play, now + play->machine->workers[k].wake, k, LOOK);
        }
    }
}

/* ---- the job ---- */

static void prepare(sim_play *play)
{
    const size_t n = play->machine->n;

    play->tiling = sim_protocol_tiling(play->load, n);
    play->left = play->tiling.count;
    play->hands = sim_array(n, sizeof *play->hands);
    play->victims = sim_array(n + 1, sizeof *play->victims);
    play->done = sim_array(play->tiling.count, sizeof *play->done);
    play->redo = sim_array(play->tiling.count, sizeof *play->redo);
    play->outcome.once = true;
    for (size_t i = 0; i < n; i++) {
        play->hands[i].speed = play->speeds[i];
    }
    place(play);
    for (size_t i = 0; i < n; i++) {
        const sim_worker *worker = &play->machine->workers[i];
        sim_hand *hand = &play->hands[i];

        hand->death = sim_worker_death(worker);
        if (hand->death < HUGE_VAL) {
            put(play, hand->death + notice_ns, i, NOTICE);
        }
        put(play,
            yk_tiles_count(hand->work_range) > 0 ? enter(play, i, worker->wake)
                                           : worker->wake,
            i, LOOK);
    }
}

static void remember(sim_play *play)
{
    for (size_t i = 0; i < play->machine->n; i++) {
        const sim_hand *hand = &play->hands[i];

        if (hand->computed > 0) {
            play->speeds[i] =
                yk_policy_learn_usual(play->speeds[i], hand->items / hand->computed);
        }
    }
}

static void clean_up(sim_play *play)
{
    sim_agenda_fini(&play->agenda);
    free(play->hands);
    free(play->victims);
    free(play->done);
    free(play->redo);
}

static void happen(sim_play *play, const sim_event *event)
{
    if (event->kind == NOTICE) {
        notice(play, event->worker, event->time);
        return;
    }
    if (event->time >= play->hands[event->worker].death) {
        return;
    }
    switch (event->kind) {
    case TAKE_LOOT:
        take_loot(play, event->worker, event->time);
        break;
    case END_CHUNK:
        end_chunk(play, event->worker, event->time);
        /* fall through */
    default:
        look(play, event->worker, event->time);
        break;
    }
}

yk_tiling sim_protocol_tiling(const sim_load *load, size_t workers)
{
    return yk_tiling_choose(load->items,
                            &(yk_tiling_limits){.workers = (uint32_t)workers});
}

sim_outcome sim_protocol_run(const sim_machine *machine, const sim_load *load,
                             double *speeds, sim_prng *prng)
{
    sim_play play = {.machine = machine, .load = load, .speeds = speeds, .prng = prng};
    sim_event event;

    prepare(&play);
    while (play.left > 0 && sim_agenda_get(&play.agenda, &event)) {
        happen(&play, &event);
    }
    remember(&play);
    clean_up(&play);
    play.outcome.time += scan_ns * play.tiling.count;
    play.outcome.once &= play.left == 0;
    return play.outcome;
}
