/* SPDX-License-Identifier: MIT */
#include "sched/policy.h"

static double mean_speed(const yk_taker *takers, size_t n)
{
    double sum = 0;
    size_t known = 0;

    for (size_t i = 0; i < n; i++) {
        if (takers[i].speed > 0) {
            sum += takers[i].speed;
            known++;
        }
    }
    return known > 0 ? sum / (double)known : 1;
}

static double weight(double speed, double mean)
{
    return speed < 0 ? 0 : speed > 0 ? speed : mean;
}

void yk_policy_shares(uint32_t count, const yk_taker *takers, size_t n,
                      yk_tiles *shares)
{
    const double mean = mean_speed(takers, n);
    double total = 0;
    double sum = 0;
    uint32_t begin = 0;

    for (size_t i = 0; i < n; i++) {
        total += weight(takers[i].speed, mean);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t end;

        sum += weight(takers[i].speed, mean);
        end = total > 0 ? (uint32_t)((double)count * (sum / total) + 0.5) : 0;
        end = end > count ? count : end < begin ? begin : end;
        shares[i] = (yk_tiles){begin, end};
        begin = end;
    }
    /* Rounding must not lose the last tiles; with no takers they are everybody's. */
    if (n > 0 && begin < count) {
        shares[n - 1].end = count;
    }
}

double yk_policy_chunk_time(int is_remote, double overhead_ns)
{
    (void)overhead_ns;
    return is_remote ? 5e6 : 5e5;
}

uint32_t yk_policy_chunk(uint32_t left, double speed, double overhead_ns,
                         double chunk_ns)
{
    enum { FIRST_PIECES = 64 };
    const double wanted = speed > 0 ? speed * chunk_ns : (double)left / FIRST_PIECES;

    (void)overhead_ns;
    if (wanted < 1) {
        return 1;
    }
    return wanted > (double)YK_MAX_TILES ? (uint32_t)YK_MAX_TILES : (uint32_t)wanted;
}

double yk_policy_busy(uint32_t tiles, double speed, double elapsed_ns)
{
    const double expected = speed > 0 ? (double)tiles / speed : 0;

    /* Past what was expected, as long again is the best guess. */
    return expected > elapsed_ns ? expected - elapsed_ns : elapsed_ns;
}

static double time_left(const yk_victim *victim)
{
    const double speed = victim->speed > 0 ? victim->speed : 1e-9;

    return victim->is_gone ? 1e300 : victim->busy_ns + (double)victim->left / speed;
}

size_t yk_policy_pick(const yk_victim *victims, size_t n)
{
    size_t best = n;

    for (size_t i = 0; i < n; i++) {
        if (victims[i].left > 0 &&
            (best == n || time_left(&victims[i]) > time_left(&victims[best]))) {
            best = i;
        }
    }
    return best;
}

uint32_t yk_policy_loot(const yk_victim *victim, double speed, double overhead_ns)
{
    double loot;

    if (victim->is_gone) {
        return victim->left;
    }
    if (speed <= 0 || victim->speed <= 0) {
        return (victim->left + 1) / 2;
    }
    loot = (time_left(victim) - overhead_ns) / (1 / speed + 1 / victim->speed);
    if (loot < 1) {
        return overhead_ns + 1 / speed < time_left(victim) ? 1 : 0;
    }
    return loot < victim->left ? (uint32_t)loot : victim->left;
}

double yk_policy_learn(double estimate, double measured)
{
    const double newest = 0.25;

    return estimate > 0 ? estimate + newest * (measured - estimate) : measured;
}
