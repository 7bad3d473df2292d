/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "company.h"
#include "instructions.h"
#include "measure.h"
#include "quiet.h"

/* After so many rounds only the fastest variant of each peer goes on. */
enum { TRIAL_ROUNDS = 3, MOST_RUNNERS = 20 };

typedef struct runner {
    const char *peer;
    const char *program;
    char arguments[128];
    child process;
    samples figures;
    double spent; /* seconds */
    bool retired;
} runner;

typedef struct field {
    const metric *metric;
    const measure_limits *limits;
    int reference;
    runner runners[MOST_RUNNERS];
    size_t count;
    size_t rounds;
} field;

static double now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static child_command command_for(const field *f, const char *program,
                                 const char *arguments, const char *environment)
{
    const metric *m = f->metric;

    return (child_command){
        .program = program,
        .arguments = arguments,
        .environment = {environment, m->environment != NULL ? m->environment : ""},
        .workload = m->workload,
        .workers = m->workers > 0 ? m->workers : f->limits->workers,
        .reference = f->reference,
    };
}

/* The serial loop's result is what all others are compared with. */
static bool make_reference(const field *f)
{
    const child_command command = command_for(f, "bench_serial", "", "");
    child serial;

    child_start(&serial, &command);
    child_stop(&serial);
    return serial.why[0] == '\0';
}

static void add_runner(field *f, const char *name, const char *program,
                       const char *arguments, const char *environment)
{
    runner *r = &f->runners[f->count++];

    r->peer = name;
    r->program = program;
    snprintf(r->arguments, sizeof r->arguments, "%s", arguments);
    samples_init(&r->figures);
    const child_command command = command_for(f, program, r->arguments, environment);
    child_start(&r->process, &command);
}

/* yoke first, then on single devices, then the peers. */
static void add_runners(field *f)
{
    const metric *m = f->metric;
    char arguments[128];

    add_runner(f, "yoke", "bench_yoke", m->yoke, "");
    for (size_t i = 0; i < METRIC_DEVICES && m->alone[i] != NULL; i++) {
        snprintf(arguments, sizeof arguments, "--devices %s", m->alone[i]);
        add_runner(f, m->alone[i], "bench_yoke", arguments, "");
    }
    for (const variant *v = variants; v->program != NULL; v++) {
        const bool first = v == variants || v[-1].of != v->of;
        if ((m->peers & v->of) != 0 && (first || !f->limits->first_variants)) {
            add_runner(f, v->peer, v->program, v->arguments, v->environment);
        }
    }
}

static double runner_median(const field *f, const runner *r)
{
    return samples_summary(&r->figures, f->rounds).median;
}

/* The fastest variant of a peer, or the last that could not run. */
static const runner *fastest(const field *f, const char *name)
{
    const runner *best = NULL;

    for (const runner *r = f->runners; r < f->runners + f->count; r++) {
        if (strcmp(r->peer, name) != 0) {
            continue;
        }
        if (best == NULL || isnan(runner_median(f, best)) ||
            (!r->retired &&
             (best->retired || runner_median(f, r) < runner_median(f, best)))) {
            best = r;
        }
    }
    return best;
}

static void retire_slower_variants(field *f)
{
    const runner *best[MOST_RUNNERS];

    for (size_t i = 0; i < f->count; i++) {
        best[i] = fastest(f, f->runners[i].peer);
    }
    for (size_t i = 0; i < f->count; i++) {
        runner *r = &f->runners[i];
        r->retired = r != best[i];
        if (r->retired) {
            child_stop(&r->process);
        }
    }
}

/* A slow contender sits out rounds once it has had its share of the time. */
static bool takes_part(const field *f, const runner *r)
{
    const size_t had = samples_summary(&r->figures, f->rounds).count;

    return r->process.pid != 0 && !r->retired &&
           (had < f->limits->rounds || r->spent < f->limits->seconds / 3);
}

static void shuffle(size_t *order, size_t count)
{
    static unsigned state = 1;

    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (size_t i = count; i > 1; i--) {
        state = state * 1103515245u + 12345u;
        const size_t j = (state >> 16) % i;
        const size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void run_round(field *f)
{
    size_t order[MOST_RUNNERS];
    const size_t round = f->rounds++;

    shuffle(order, f->count);
    for (size_t i = 0; i < f->count; i++) {
        runner *r = &f->runners[order[i]];
        if (takes_part(f, r)) {
            const double start = now_seconds();
            r->figures.value[round] = child_repeat(&r->process) / f->metric->scale;
            r->spent += now_seconds() - start;
        }
    }
}

static void run_rounds(field *f)
{
    double spent = 0, patience = f->limits->patience;

    while (f->rounds < MOST_ROUNDS &&
           (f->rounds < f->limits->rounds || spent < f->limits->seconds)) {
        quiet_await(&patience);
        const double start = now_seconds();
        run_round(f);
        spent += now_seconds() - start;
        if (f->rounds == TRIAL_ROUNDS) {
            retire_slower_variants(f);
        }
    }
    retire_slower_variants(f);
}

static row *add_row(measurement *result, const field *f, const char *name)
{
    row *line = &result->rows[result->count++];

    *line = (row){.metric = f->metric,
                  .peer = name,
                  .yoke = samples_summary(&f->runners[0].figures, f->rounds),
                  .rounds = f->rounds};
    return line;
}

static void compare(row *line, const field *f, const samples *other)
{
    samples ratio;

    samples_ratio(&ratio, other, &f->runners[0].figures);
    line->other = samples_summary(other, f->rounds);
    line->ratio = samples_summary(&ratio, f->rounds);
}

static void add_peer_row(measurement *result, const field *f, const runner *r)
{
    row *line = add_row(result, f, r->peer);

    snprintf(line->variant, sizeof line->variant, "%.63s", r->arguments);
    snprintf(line->why, sizeof line->why, "%s", r->process.why);
    compare(line, f, &r->figures);
}

/* The devices alone: the best of them, and what all would give undisturbed. */
static void add_alone_rows(measurement *result, const field *f, size_t devices)
{
    samples best, sum;

    for (size_t i = 0; i < MOST_ROUNDS; i++) {
        double rate = 0;
        best.value[i] = INFINITY;
        for (size_t d = 1; d <= devices; d++) {
            best.value[i] = fmin(best.value[i], f->runners[d].figures.value[i]);
            rate += 1 / f->runners[d].figures.value[i];
        }
        sum.value[i] = 1 / rate;
        best.value[i] = isnan(rate) ? NAN : best.value[i];
    }
    compare(add_row(result, f, devices == 1 ? "one core" : "best device alone"), f,
            &best);
    if (devices > 1) {
        compare(add_row(result, f, "sum of devices"), f, &sum);
    }
}

static void add_rows(measurement *result, const field *f)
{
    size_t first = 1;

    while (first <= METRIC_DEVICES && f->metric->alone[first - 1] != NULL) {
        first++;
    }
    if (first > 1) {
        add_alone_rows(result, f, first - 1);
    }
    for (size_t i = first; i < f->count; i++) {
        if (fastest(f, f->runners[i].peer) == &f->runners[i]) {
            add_peer_row(result, f, &f->runners[i]);
        }
    }
}

/* Instructions need no rounds: they are the same every time. */
static void count_instructions(field *f)
{
    const metric *m = f->metric;

    f->rounds = 1;
    for (size_t i = 0; i < f->count; i++) {
        runner *r = &f->runners[i];
        if (r->process.why[0] != '\0') {
            continue;
        }
        const double small = instructions_count(r->program, r->arguments, m->workload);
        const double large = instructions_count(r->program, r->arguments, m->larger);
        r->figures.value[0] = (large - small) / m->scale;
        if (isnan(r->figures.value[0])) {
            snprintf(r->process.why, sizeof r->process.why, "valgrind cannot run it");
        }
    }
    retire_slower_variants(f);
}

static void finish(measurement *result, field *f)
{
    for (size_t i = 0; i < f->count; i++) {
        runner *r = &f->runners[i];
        child_stop(&r->process);
        if (r->process.failed) {
            fprintf(stderr, "%s: %s %s: %s\n", f->metric->name, r->peer, r->arguments,
                    r->process.why);
            result->failed = true;
        }
    }
}

void measure(measurement *result, const metric *m, const measure_limits *limits)
{
    static field f;

    memset(&f, 0, sizeof f);
    *result = (measurement){.count = 0};
    f.metric = m;
    f.limits = limits;
    f.reference = memfd_create("reference", 0);
    result->failed = !make_reference(&f);
    add_runners(&f);
    company_start(m->company);
    if (m->larger != NULL) {
        count_instructions(&f);
    } else {
        run_rounds(&f);
    }
    company_stop();
    add_rows(result, &f);
    finish(result, &f);
    close(f.reference);
}
