/* SPDX-License-Identifier: MIT */
/* What happens next: events in the order of their times, and of their making. */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim_event {
    double time;
    uint64_t number; /* set by put */
    uint32_t worker;
    uint32_t kind;
} sim_event;

typedef struct sim_agenda {
    sim_event *events; /* a heap */
    size_t count;
    size_t room;
    uint64_t numbers;
} sim_agenda;

void sim_agenda_put(sim_agenda *agenda, sim_event event);

/* The earliest; false if there is none. */
bool sim_agenda_get(sim_agenda *agenda, sim_event *event);

void sim_agenda_fini(sim_agenda *agenda);

#endif
