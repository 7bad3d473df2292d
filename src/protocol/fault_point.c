/* SPDX-License-Identifier: MIT */
#include "protocol/fault_point.h"

#include "base/settings.h"
#include "sys/process.h"

#ifdef YOKE_FAULT_POINTS

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t point_of(const char *name)
{
    static const struct {
        const char *name;
        uint32_t point;
    } points[] = {
#define YK_FAULT_ENTRY(name, value, text) {text, value},
        YK_FAULT_TABLE(YK_FAULT_ENTRY)
#undef YK_FAULT_ENTRY
    };

    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        if (strcmp(points[i].name, name) == 0) {
            return points[i].point;
        }
    }
    return 0;
}

/* The number of processes that die after the first: all, or the given number minus one. */
static uint32_t read_more(const char *text)
{
    const char *times = strchr(text, '*');

    if (strchr(text, '+') != NULL) {
        return UINT32_MAX;
    }
    return times != NULL ? (uint32_t)strtoul(times + 1, NULL, 10) - 1 : 0;
}

yoke_status yk_fault_configure(yk_control *control, yk_error *error)
{
    const char *const text = yk_setting_text(YK_SETTING_FAULT);
    char name[32] = "";
    unsigned count = 1;
    int slot = -1;

    if (text == NULL) {
        return YOKE_OK;
    }
    if (sscanf(text, "%31[^:+*]%*[+*0-9]:%u:%d", name, &count, &slot) < 2) {
        (void)sscanf(text, "%31[^:+*]:%u:%d", name, &count, &slot);
    }
    if (point_of(name) == 0) {
        const yoke_status status = yk_fail(
            error, YOKE_EINVAL,
            "not a valid fault point; write NAME[+|*TIMES][:COUNT[:SLOT]], such "
            "as after-run:2");

        yk_setting_prefix(YK_SETTING_FAULT, error);
        return status;
    }
    control->fault.slot = slot;
    atomic_store(&control->fault.more, read_more(text));
    atomic_store(&control->fault.countdown, count);
    atomic_store(&control->fault.point, point_of(name));
    return YOKE_OK;
}

/* The application and the supervisor pass some of the places, too. */
static bool is_worker(const yk_control *control)
{
    const uint32_t self = (uint32_t)yk_process_self();
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&control->workers[i].pid) == self) {
            return true;
        }
    }
    return false;
}

/* Whether another process is to die. */
static bool take_more(yk_fault *fault)
{
    uint32_t left = atomic_load(&fault->more);

    while (left != 0 && left != UINT32_MAX &&
           !atomic_compare_exchange_weak(&fault->more, &left, left - 1)) {
    }
    return left != 0;
}

void yk_fault_visit_whoever(yk_control *control, uint32_t point)
{
    yk_fault *fault = &control->fault;

    if (atomic_load(&fault->point) != point || atomic_load(&fault->countdown) == 0) {
        return;
    }
    if (atomic_load(&fault->countdown) == 1 && take_more(fault)) {
        yk_process_kill(yk_process_self());
    }
    if (atomic_fetch_sub(&fault->countdown, 1) == 1) {
        yk_process_kill(yk_process_self());
    }
}

void yk_fault_visit(yk_control *control, const yk_worker *worker, uint32_t point)
{
    const yk_fault *fault = &control->fault;

    if (atomic_load(&fault->point) != point ||
        (worker == NULL && !is_worker(control)) ||
        (fault->slot >= 0 && worker != NULL &&
         worker != &control->workers[fault->slot])) {
        return;
    }
    yk_fault_visit_whoever(control, point);
}

#else

void yk_fault_visit_whoever(yk_control *control, uint32_t point)
{
    (void)control;
    (void)point;
}

yoke_status yk_fault_configure(yk_control *control, yk_error *error)
{
    (void)control;
    (void)error;
    return YOKE_OK;
}

void yk_fault_visit(yk_control *control, const yk_worker *worker, uint32_t point)
{
    (void)control;
    (void)worker;
    (void)point;
}

#endif
