/* SPDX-License-Identifier: MIT */
/* The workers of a simulated pool, and the least time that a job can take on them. */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load.h"
#include "prng.h"

/* Times in nanoseconds. */
typedef struct sim_worker {
    double speed;    /* work per nanosecond */
    double wake;     /* from submission until it looks for work */
    double input;    /* to fetch what all chunks read, once a job */
    double overhead; /* of a chunk */
    double transfer; /* per item */
    double noise;    /* deviation of the log of what takes a millisecond */
    double change_at;
    double change; /* its speed is multiplied by this at change_at; 0: it dies */
    bool remote;
} sim_worker;

typedef enum sim_kind {
    SIM_EQUAL,  /* cores */
    SIM_UNLIKE, /* cores to large GPUs: log-uniform speeds over three decades */
    SIM_GPU,    /* cores and one GPU as fast as a thousand of them */
    SIM_SERVER, /* eight cores for one GPU as fast as fifty */
    SIM_TENTH,  /* cores, the last of them ten times slower */
    SIM_KINDS
} sim_kind;

extern const char *const sim_kind_names[SIM_KINDS];

typedef struct sim_machine {
    sim_worker *workers;
    size_t n;
} sim_machine;

/* How long a chunk takes that starts at a time, without noise. */
double sim_worker_time(const sim_worker *worker, double start, double work,
                       uint64_t items);

/* The same with noise: shorter stretches vary more. */
double sim_worker_noisy_time(const sim_worker *worker, double start, double work,
                             uint64_t items, sim_prng *prng);

/* When it dies; infinite if it does not. */
double sim_worker_death(const sim_worker *worker);

/* When its first results could be there, at the earliest. */
double sim_worker_delay(const sim_worker *worker);

sim_machine *sim_machine_create(sim_kind kind, size_t n, sim_prng *prng);
void sim_machine_destroy(sim_machine *machine);

/* Another one, for one job: a bit faster or slower everywhere. */
sim_machine *sim_machine_drifted(const sim_machine *machine, sim_prng *prng);

/* Makes all speeds so that they do this work in this time. */
void sim_machine_scale(sim_machine *machine, double work, double time);

/* The least time for a load if it could be cut at will and everything were known. */
double sim_machine_bound(const sim_machine *machine, const sim_load *load);

/* The same for whole tiles. */
double sim_machine_tile_bound(const sim_machine *machine, const sim_load *load,
                              uint64_t tile_items);

/* The time that the best of them takes alone, in one chunk. */
double sim_machine_best_alone(const sim_machine *machine, const sim_load *load);

#endif
