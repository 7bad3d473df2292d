/* SPDX-License-Identifier: MIT */
#include "agenda.h"

#include <stdlib.h>
#include <string.h>

#include "storage.h"

static bool is_before(const sim_event *a, const sim_event *b)
{
    return a->time < b->time || (a->time == b->time && a->number < b->number);
}

static void make_room(sim_agenda *agenda)
{
    sim_event *events = sim_array(2 * agenda->room + 64, sizeof *events);

    if (agenda->count > 0) {
        memcpy(events, agenda->events, agenda->count * sizeof *events);
    }
    free(agenda->events);
    agenda->events = events;
    agenda->room = 2 * agenda->room + 64;
}

void sim_agenda_put(sim_agenda *agenda, sim_event event)
{
    size_t at;

    if (agenda->count == agenda->room) {
        make_room(agenda);
    }
    event.number = agenda->numbers++;
    for (at = agenda->count++;
         at > 0 && is_before(&event, &agenda->events[(at - 1) / 2]);
         at = (at - 1) / 2) {
        agenda->events[at] = agenda->events[(at - 1) / 2];
    }
    agenda->events[at] = event;
}

bool sim_agenda_get(sim_agenda *agenda, sim_event *event)
{
    sim_event last;
    size_t at = 0;

    if (agenda->count == 0) {
        return false;
    }
    *event = agenda->events[0];
    last = agenda->events[--agenda->count];
    for (size_t child = 1; child < agenda->count; child = 2 * at + 1) {
        if (child + 1 < agenda->count &&
            is_before(&agenda->events[child + 1], &agenda->events[child])) {
            child++;
        }
        if (!is_before(&agenda->events[child], &last)) {
            break;
        }
        agenda->events[at] = agenda->events[child];
        at = child;
    }
    agenda->events[at] = last;
    return true;
}

void sim_agenda_fini(sim_agenda *agenda)
{
    free(agenda->events);
    *agenda = (sim_agenda){0};
}
