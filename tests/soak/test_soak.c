/* SPDX-License-Identifier: MIT */
/*
 * Random work of all kinds on random pools whose processes are killed: see soak.h.
 *
 *   test_soak_soak [--seconds S] [--seed N] [--round N] [--rounds N] [--devices LIST]
 *                  [--only ROW,...] [--without ROW,...] [--calm] [--loud] [--list]
 *
 * S is 20, or what YOKE_SOAK_SECONDS says. At the first result that is wrong it says how it
 * can be repeated, and ends with 1; with YOKE_SOAK_HOLD set it stops there, for a debugger.
 */
#include "soak.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/yoke_test.h"

static const soak_row rows[] = {
    {"map", 30, SOAK_ANY, soak_row_map, false},
    {"groups", 10, SOAK_ANY, soak_row_groups, false},
    {"chain", 20, SOAK_ANY, soak_row_chain, false},
    {"fail", 4, SOAK_CPU, soak_row_fail, false},
    {"unkept", 12, SOAK_CPU | SOAK_ALONE, soak_row_unkept, false},
    {"timeout", 1, SOAK_CPU, soak_row_timeout, false},
    {"items", 10, SOAK_CPU, soak_row_items, false},
    {"items-segment", 8, SOAK_CPU, soak_row_items_segment, false},
    {"starmap", 8, SOAK_CPU, soak_row_starmap, false},
    {"apply", 8, SOAK_CPU, soak_row_apply, false},
    {"device", 4, SOAK_DEVICE, soak_row_device, false},
    {"stream", 6, SOAK_CPU, soak_row_stream, false},
    {"stream-kernel", 4, SOAK_ANY, soak_row_stream_kernel, false},
    {"reduce", 8, SOAK_ANY, soak_row_reduce, false},
    {"reduce-map", 5, SOAK_CPU, soak_row_reduce_map, false},
    {"memory", 6, SOAK_ANY, soak_row_memory, false},
    {"segments", 6, SOAK_ANY, soak_row_segments, false},
    {"process", 6, SOAK_ANY, soak_row_process, false},
    {"process-segment", 6, SOAK_ANY, soak_row_process_segment, false},
    {"process-signal", 3, SOAK_ANY, soak_row_process_signal, false},
    {"producers", 3, SOAK_ANY, soak_row_producers, false},
    {"queue", 5, SOAK_CPU, soak_row_queue, false},
    {"lock", 2, SOAK_ANY, soak_row_lock, false},
    {"pipe", 3, SOAK_ANY, soak_row_pipe, false},
    {"kernels", 6, SOAK_SOURCE, soak_row_kernels, false},
    {"header", 8, SOAK_SOURCE, soak_row_header, false},
    {"pool", 1, SOAK_ANY, soak_row_pool, false},
};

enum { ROWS = sizeof rows / sizeof *rows };

/* What the program's memory may grow by while it runs, in KiB. */
enum { GROWTH_KIB = 48 << 10, WARM_ROUNDS = 6 };

soak_settings soak_set = {.seconds = 20, .kills = true};

static unsigned weights[ROWS];
static atomic_ulong turns[ROWS];
static unsigned rounds_done;
static int64_t began_ms;

/* ---- clients ---- */

static const soak_row *draw_row(soak_client *client)
{
    unsigned sum = 0, drawn;

    for (unsigned i = 0; i < ROWS; i++) {
        sum += soak_suits(client->home, &rows[i]) ? weights[i] : 0;
    }
    if (sum == 0) {
        return NULL;
    }
    drawn = soak_between(&client->random, 0, sum - 1);
    for (unsigned i = 0; i < ROWS; i++) {
        const unsigned weight = soak_suits(client->home, &rows[i]) ? weights[i] : 0;

        if (drawn < weight) {
            return &rows[i];
        }
        drawn -= weight;
    }
    return NULL;
}

static void take_turn(soak_client *client)
{
    client->turn++;
    client->excused = false;
    client->note[0] = '\0';
    client->turn_key = (uint32_t)soak_bits(&client->random);
    client->killed_before = atomic_load(&client->home->killed);
    client->hard_before = atomic_load(&client->home->killed_hard);
    atomic_store(&client->since_ms, soak_now_ms());
    client->row->act(client);
    (void)atomic_fetch_add(&turns[client->row - rows], 1);
}

static void *run_client(void *argument)
{
    soak_client *client = argument;

    while (!atomic_load(&client->home->stop) && !client->must_end &&
           (client->row = draw_row(client)) != NULL) {
        take_turn(client);
    }
    atomic_store(&client->ended, true);
    return NULL;
}

static void start_clients(soak_pool *home)
{
    for (unsigned i = 0; i < home->client_count; i++) {
        atomic_store(&home->clients[i].since_ms, soak_now_ms());
        if (pthread_create(&home->clients[i].thread, NULL, run_client,
                           &home->clients[i]) != 0) {
            soak_wrong_pool(home, "there can be no thread");
        }
    }
    soak_killer_start(home);
}

static void stop_clients(soak_pool *home)
{
    atomic_store(&home->stop, true);
    for (unsigned i = 0; i < home->client_count; i++) {
        while (!atomic_load(&home->clients[i].ended)) {
            soak_watch();
            soak_sleep_ms(5);
        }
        (void)pthread_join(home->clients[i].thread, NULL);
    }
    soak_killer_stop(home);
}

/* ---- what must not grow ---- */

static long resident_kib(void)
{
    char line[128];
    long kib = 0;
    FILE *file;

#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
    file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "RssAnon: %ld", &kib);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

static void check_growth(void)
{
    static long base;
    const long now = resident_kib();

    if (rounds_done <= WARM_ROUNDS) {
        base = now > base ? now : base;
    } else if (now > base + GROWTH_KIB) {
        soak_wrong_pool(NULL, "the program's memory grows: %ld KiB, %ld before", now,
                        base);
    }
}

/* ---- rounds ---- */

static void print_excuses(void)
{
    static const yoke_status kinds[] = {YOKE_ECRASHED,  YOKE_ENODEVICE,   YOKE_EDEVICE,
                                        YOKE_ECANCELED, YOKE_EDEPENDENCY, YOKE_ELOST,
                                        YOKE_EBROKEN};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        (void)printf(" %d: %lu", (int)kinds[i], soak_excused(kinds[i]));
    }
    (void)putchar('\n');
}

static void print_statistics(void)
{
    unsigned long sum = 0;

    for (unsigned i = 0; i < ROWS; i++) {
        sum += atomic_load(&turns[i]);
    }
    (void)printf("%5.1f min: %u rounds, %lu turns, %lu killed, %lu stopped, %lu "
                 "supervisors killed, %ld KiB, 0 wrong; failures that may be:",
                 (double)(soak_now_ms() - began_ms) / 60000, rounds_done, sum,
                 atomic_load(&soak_kill_count.killed),
                 atomic_load(&soak_kill_count.stopped),
                 atomic_load(&soak_kill_count.supervisors), resident_kib());
    print_excuses();
    (void)fflush(stdout);
}

static void watch_until(int64_t end)
{
    static int64_t printed_ms;

    while (soak_now_ms() < end) {
        soak_watch();
        soak_sleep_ms(20);
        if (soak_now_ms() - (printed_ms == 0 ? began_ms : printed_ms) >= 60000) {
            printed_ms = soak_now_ms();
            print_statistics();
        }
    }
}

static void say_pool(unsigned round, const soak_pool *home)
{
    if (soak_set.is_loud) {
        (void)printf("round %u, pool %u: %s, %s, %u clients, a kill each %u ms\n",
                     round, home->number, home->devices,
                     home->start == YOKE_START_SPAWN ? "spawn" : "fork",
                     home->client_count, home->pause_ms);
        (void)fflush(stdout);
    }
}

static void run_round(unsigned round)
{
    static soak_pool pools[SOAK_POOLS];
    soak_random random = {soak_set.seed + round * UINT64_C(0xD1342543DE82EF95)};
    const unsigned wanted = soak_chance(&random, 50) ? 1 : soak_between(&random, 2, 3);
    const bool is_staggered = soak_chance(&random, 40);
    const int64_t length_ms = soak_between(&random, 800, 5000);
    size_t count = 0;

    soak_judge_round(round, pools, 0);
    for (unsigned i = 0; i < wanted; i++) {
        if (soak_pool_open(&pools[count], i, &random)) {
            say_pool(round, &pools[count]);
            soak_judge_round(round, pools, ++count);
            if (is_staggered) {
                start_clients(&pools[count - 1]);
            }
        }
    }
    for (size_t i = 0; i < count && !is_staggered; i++) {
        start_clients(&pools[i]);
    }
    watch_until(soak_now_ms() + length_ms);
    for (size_t i = 0; i < count; i++) {
        stop_clients(&pools[i]);
    }
    for (size_t i = 0; i < count; i++) {
        soak_pool_end(&pools[i]);
    }
    soak_judge_round(round, pools, 0);
    rounds_done++;
    if (!yt_nothing_alive()) {
        soak_wrong_pool(NULL, "something is left behind");
    }
    check_growth();
}

/* ---- the command line ---- */

static bool names(const char *list, const char *name)
{
    const size_t length = strlen(name);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0)) {
            return true;
        }
    }
    return false;
}

static void choose_rows(const char *only, const char *without)
{
    for (unsigned i = 0; i < ROWS; i++) {
        const bool is_named = only != NULL && names(only, rows[i].name);
        const bool is_on = only != NULL ? is_named : !rows[i].awaited;

        weights[i] = is_on && !(without != NULL && names(without, rows[i].name))
                         ? rows[i].weight
                         : 0;
        soak_set.has_segments |= weights[i] > 0 && rows[i].act == soak_row_segments;
        soak_set.has_unkept |= weights[i] > 0 && rows[i].act == soak_row_unkept;
    }
}

static int list_rows(void)
{
    for (unsigned i = 0; i < ROWS; i++) {
        (void)printf("%-16s %3u%s\n", rows[i].name, rows[i].weight,
                     rows[i].awaited ? " (only if named)" : "");
    }
    return 0;
}

static int usage(const char *argument)
{
    (void)fprintf(stderr, "unexpected argument '%s'; see the head of test_soak.c\n",
                  argument);
    return 2;
}

/* One option with its value. */
static bool read_option(const char *name, const char *value, const char **only,
                        const char **without)
{
    if (strcmp(name, "--seconds") == 0) {
        soak_set.seconds = strtod(value, NULL);
    } else if (strcmp(name, "--seed") == 0) {
        soak_set.seed = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--round") == 0) {
        soak_set.first_round = (unsigned)strtoul(value, NULL, 0);
    } else if (strcmp(name, "--rounds") == 0) {
        soak_set.rounds = (unsigned)strtoul(value, NULL, 0);
    } else if (strcmp(name, "--devices") == 0) {
        soak_set.devices = value;
    } else if (strcmp(name, "--only") == 0) {
        *only = value;
    } else if (strcmp(name, "--without") == 0) {
        *without = value;
    } else {
        return false;
    }
    return true;
}

static void draw_seed(void)
{
    struct timespec time;
    const char *seconds = getenv("YOKE_SOAK_SECONDS");

    (void)clock_gettime(CLOCK_REALTIME, &time);
    soak_set.seed = (uint64_t)time.tv_sec * 1000003 + (uint64_t)time.tv_nsec;
    soak_set.seed = (soak_set.seed << 16 ^ (uint64_t)getpid()) & 0xffffffffffff;
    if (seconds != NULL) {
        soak_set.seconds = strtod(seconds, NULL);
    }
}

static void run_all(void)
{
    unsigned round = soak_set.first_round;

    began_ms = soak_now_ms();
    (void)printf("seed 0x%llx, %g s\n", (unsigned long long)soak_set.seed,
                 soak_set.seconds);
    (void)fflush(stdout);
    do {
        run_round(round++);
    } while (soak_set.rounds > 0
                 ? rounds_done < soak_set.rounds
                 : (double)(soak_now_ms() - began_ms) < 1000 * soak_set.seconds);
    for (unsigned i = 0; i < ROWS; i++) {
        (void)printf("  %-16s %8lu\n", rows[i].name, atomic_load(&turns[i]));
    }
    print_statistics();
}

int main(int argc, char **argv)
{
    const char *only = NULL, *without = NULL;

    soak_mark(argv);
    draw_seed();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0) {
            return list_rows();
        }
        if (strcmp(argv[i], "--loud") == 0) {
            soak_set.is_loud = true;
        } else if (strcmp(argv[i], "--calm") == 0) {
            soak_set.kills = false;
        } else if (i + 1 < argc && read_option(argv[i], argv[i + 1], &only, &without)) {
            i++;
        } else {
            return usage(argv[i]);
        }
    }
    choose_rows(only, without);
    yt_remember();
    run_all();
    return 0;
}
