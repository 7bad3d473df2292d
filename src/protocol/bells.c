/* SPDX-License-Identifier: MIT */
#include "protocol/bells.h"

#include "protocol/fault_point.h"
#include "shm/hub.h"
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

static yk_hub *bells_hub(const yk_control *control)
{
    return (yk_hub *)(uintptr_t)control->hub;
}

void yk_control_signal(yk_control *control, yk_eventcount *event)
{
    if (yk_eventcount_signal(event) && control->hub != 0) {
        YK_FAULT_POINT_ANY(control, YK_FAULT_BEFORE_HUB);
        yk_hub_signal(bells_hub(control), event);
    }
}

void yk_control_repair_hub(const yk_control *control)
{
    if (control->hub != 0) {
        yk_hub_repair(bells_hub(control));
    }
}

void yk_control_wake_supervisor(const yk_control *control)
{
    yk_bell_ring(control->supervisor_bell);
}
