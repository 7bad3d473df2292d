/* SPDX-License-Identifier: MIT */
/* Producers and consumers. Parts of a range go through a queue. Each consumer counts the primes
 * in a part and adds the count to a shared value. One consumer is killed after it has taken two
 * parts, with the value half changed. The library reports this; the program repairs the value
 * and continues. consumers.py beside this file does the same in Python, where no process may be
 * killed. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static const char usage[] =
    "usage: consumers [--producers N] [--consumers N] [--limit L]\n"
    "Counts the primes below L (default 2000000) with N producers (default 2) and N\n"
    "consumers (default 3) besides the one that is killed.\n";

enum { PARTS = 400, MOST = 32 };

/* The shared value. A part's count is written before it is added, so that the total can be
 * computed again from the counts. */
typedef struct tally {
    uint64_t total;
    uint64_t counts[PARTS]; /* and 1 more; 0: not yet counted */
} tally;

/* Every process has a copy of this: the objects lie at the same address in all of them. */
typedef struct shared {
    yoke_queue *queue; /* of numbers of parts */
    yoke_array *value;
    yoke_event *begin; /* the other consumers begin */
    yoke_semaphore *mended;
    uint64_t limit;
    unsigned first, step; /* a producer's parts */
} shared;

static bool is_prime(uint64_t n)
{
    for (uint64_t d = 3; d * d <= n; d += 2) {
        if (n % d == 0) {
            return false;
        }
    }
    return n == 2 || (n > 2 && n % 2 == 1);
}

static uint64_t count_primes(const shared *s, unsigned part)
{
    const uint64_t end = s->limit * (part + 1) / PARTS;
    uint64_t count = 0;

    for (uint64_t n = s->limit * part / PARTS; n < end; n++) {
        count += is_prime(n);
    }
    return count;
}

static int produce(void *argument, size_t bytes)
{
    const shared *s = argument;

    (void)bytes;
    for (unsigned part = s->first; part < PARTS; part += s->step) {
        if (yoke_queue_put(s->queue, &part, sizeof part, YOKE_FOREVER) != YOKE_OK) {
            return 1;
        }
    }
    return 0;
}

/* Makes the value correct after a process died while changing it. */
static void mend(tally *t)
{
    t->total = 0;
    for (unsigned part = 0; part < PARTS; part++) {
        t->total += t->counts[part] != 0 ? t->counts[part] - 1 : 0;
    }
}

static bool add(const shared *s, unsigned part, uint64_t count)
{
    tally *t = yoke_array_pointer(s->value);
    const yoke_status status = yoke_array_lock(s->value, YOKE_FOREVER);

    if (status == YOKE_EOWNERDEAD) {
        mend(t);
        (void)yoke_semaphore_release(s->mended, 1);
    } else if (status != YOKE_OK) {
        return false;
    }
    t->counts[part] = count + 1;
    t->total += count;
    return yoke_array_unlock(s->value) == YOKE_OK;
}

static int consume(void *argument, size_t bytes)
{
    const shared *s = argument;
    yoke_status status = yoke_event_wait(s->begin, YOKE_FOREVER);
    unsigned part;

    (void)bytes;
    while (status == YOKE_OK) {
        status = yoke_queue_get(s->queue, &part, NULL, YOKE_FOREVER);
        if (status == YOKE_OK && (!add(s, part, count_primes(s, part)) ||
                                  yoke_queue_mark_done(s->queue) != YOKE_OK)) {
            return 1;
        }
    }
    return status == YOKE_ECLOSED ? 0 : 2;
}

/* Takes two parts, and is killed when it has counted the first but not added it. */
static int be_killed(void *argument, size_t bytes)
{
    const shared *s = argument;
    tally *t = yoke_array_pointer(s->value);
    unsigned first, second;

    (void)bytes;
    if (yoke_queue_get(s->queue, &first, NULL, YOKE_FOREVER) != YOKE_OK ||
        yoke_queue_get(s->queue, &second, NULL, YOKE_FOREVER) != YOKE_OK ||
        yoke_array_lock(s->value, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    t->counts[first] = count_primes(s, first) + 1;
    (void)yoke_event_set(s->begin);
    return kill(getpid(), SIGKILL);
}

/* ---- the program ---- */

static yoke_process *start(yoke_pool *pool, yoke_process_function *function,
                           const shared *s)
{
    yoke_process *process = NULL;

    example_check(pool,
                  yoke_process_start(&process, pool, function, s, sizeof *s, NULL),
                  "starting a process");
    return process;
}

static int finish(yoke_pool *pool, yoke_process *process)
{
    int code = 0;

    example_check(pool, yoke_process_wait(process, NULL, YOKE_FOREVER),
                  "waiting for a process");
    example_check(pool, yoke_process_wait(process, &code, 0), "its exit code");
    yoke_process_destroy(process);
    return code;
}

/* Puts the parts that were not counted into the queue again, and returns their number. */
static unsigned put_again(yoke_pool *pool, const shared *s)
{
    static tally t;
    unsigned count = 0;

    example_check(pool, yoke_array_get(s->value, 0, &t), "looking at the value");
    for (unsigned part = 0; part < PARTS; part++) {
        if (t.counts[part] == 0) {
            example_check(pool,
                          yoke_queue_put(s->queue, &part, sizeof part, YOKE_FOREVER),
                          "putting a part again");
            count++;
        }
    }
    return count;
}

/* Waits until all parts are counted, those that the killed consumer had taken included. */
static bool complete(yoke_pool *pool, const shared *s)
{
    const yoke_status status = yoke_queue_wait(s->queue, YOKE_FOREVER);

    if (status != YOKE_ELOST) {
        example_check(pool, status, "waiting for the consumers");
        return false;
    }
    printf("%s", yoke_pool_error(pool));
    printf("; %u put again\n", put_again(pool, s));
    example_check(pool, yoke_queue_wait(s->queue, YOKE_FOREVER),
                  "waiting for the consumers");
    return true;
}

static uint64_t run(yoke_pool *pool, shared *s, unsigned producers, unsigned consumers,
                    bool *ok)
{
    yoke_process *killed, *putting[MOST], *getting[MOST];
    static tally t;

    s->step = producers;
    for (s->first = 0; s->first < producers; s->first++) {
        putting[s->first] = start(pool, produce, s);
    }
    killed = start(pool, be_killed, s);
    for (unsigned i = 0; i < consumers; i++) {
        getting[i] = start(pool, consume, s);
    }
    *ok = finish(pool, killed) == -SIGKILL;
    for (unsigned i = 0; i < producers; i++) {
        *ok = finish(pool, putting[i]) == 0 && *ok;
    }
    *ok = complete(pool, s) && *ok;
    example_check(pool, yoke_queue_shutdown(s->queue), "closing the queue");
    for (unsigned i = 0; i < consumers; i++) {
        *ok = finish(pool, getting[i]) == 0 && *ok;
    }
    example_check(pool, yoke_array_get(s->value, 0, &t), "looking at the value");
    return t.total;
}

static void create(yoke_pool *pool, shared *s)
{
    example_check(
        pool,
        yoke_queue_create(&s->queue, pool,
                          &(yoke_queue_options){.item_bytes = sizeof(unsigned),
                                                .capacity = 64,
                                                .track_done = true}),
        "creating a queue");
    example_check(pool, yoke_array_create(&s->value, pool, 1, sizeof(tally), NULL),
                  "creating a value");
    example_check(pool, yoke_event_create(&s->begin, pool, NULL), "creating an event");
    example_check(pool, yoke_semaphore_create(&s->mended, pool, 0, NULL),
                  "creating a semaphore");
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"producers", required_argument, NULL, 'p'},
                                            {"consumers", required_argument, NULL, 'c'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    unsigned producers = 2;
    unsigned consumers = 3;
    shared s = {.limit = 2000000};
    bool ok = true;
    int option;

    while ((option = getopt_long(argc, argv, "p:c:l:h", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            producers = (unsigned)example_number(optarg, "producers", 1, MOST);
            break;
        case 'c':
            consumers = (unsigned)example_number(optarg, "consumers", 1, MOST);
            break;
        case 'l':
            s.limit = example_number(optarg, "limit", 1, 1ul << 40);
            break;
        default:
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    yoke_pool *pool = example_pool();
    create(pool, &s);
    const double start = example_seconds();
    const uint64_t primes = run(pool, &s, producers, consumers, &ok);
    const double seconds = example_seconds() - start;
    const uint32_t mended = yoke_semaphore_count(s.mended);

    printf("a consumer died with the value's lock: repaired %s\n",
           mended == 1 ? "once" : "not once");
    printf("%llu primes below %llu\n", (unsigned long long)primes,
           (unsigned long long)s.limit);
    ok = ok && mended == 1 && (s.limit != 2000000 || primes == 148933);
    char size[32];
    snprintf(size, sizeof size, "%u to %u processes", producers, consumers + 1);
    const int result = example_summary(pool, "consumers", size, seconds, ok);
    example_close(pool);
    return result;
}
