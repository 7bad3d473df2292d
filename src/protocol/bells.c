/* SPDX-License-Identifier: MIT */
#include "protocol/bells.h"

#include "sys/wakeup.h"

void yk_control_wake_workers(yk_control *control)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        yk_eventcount_signal(&control->workers[i].bell);
    }
}

void yk_control_notify_end(const yk_control *control)
{
    if (atomic_load(&control->notifies_ends) != 0) {
        yk_bell_ring(control->end_bell);
    }
}

void yk_control_wake_supervisor(const yk_control *control)
{
    yk_bell_ring(control->supervisor_bell);
}
