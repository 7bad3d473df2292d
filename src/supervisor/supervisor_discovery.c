/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/bells.h"
#include "protocol/device_kinds.h"
#include "protocol/fault_point.h"
#include "protocol/bootstrap.h"
#include "supervisor/supervisor.h"
#include "sys/process.h"

/* ---- probes ---- */

typedef struct probe_args {
    yk_control *control;
    uint32_t driver;
} probe_args;

int yk_probe_main(yk_control *control, uint32_t driver)
{
    yk_probe *probe = &control->probes[driver];
    const yk_device_kind *kind = yk_device_kind_at(probe->driver.kind);
    yk_error error = {.status = YOKE_OK};
    size_t count = 0;

    YK_FAULT_POINT(control, NULL, YK_FAULT_PROBE);
    probe->status =
        kind->discovery->devices(&probe->driver, probe->devices, &count, &error);
    probe->count = probe->status == YOKE_OK ? count : 0;
    yk_text_copy(probe->error, sizeof probe->error, yk_error_text(&error));
    atomic_store(&probe->finished, 1);
    return 0;
}

static int probe_entry(void *context)
{
    const probe_args *self = context;

    yk_process_set_name("yoke:probe");
    return yk_probe_main(self->control, self->driver);
}

/* What workers that call functions run sources with. */
static void find_source_device(yk_control *control)
{
    for (uint32_t i = 0; i < control->driver_count; i++) {
        const yk_driver *driver = &control->probes[i].driver;

        if (driver->lends_cores != 0) {
            control->source = (yk_device_config){
                .kind = driver->kind,
                .checked = control->check,
                .discrete = control->check == 0 && control->discrete != 0,
                .one_thread = 1,
            };
            yk_text_copy(control->source.driver, sizeof control->source.driver,
                         driver->path);
            return;
        }
    }
}

static bool fork_probe(yk_supervisor *supervisor, uint32_t i, yk_error *error)
{
    probe_args self = {supervisor->control, i};
    yk_child *child = &supervisor->probes[i];

    if (supervisor->executes_devices) {
        return yk_supervisor_execute(supervisor, child, YK_ROLE_PROBE, i, NULL, error);
    }
    if (!yk_supervisor_fork(supervisor, child, NULL, probe_entry, &self)) {
        yk_fail(error, YOKE_ESYSTEM, "its probe cannot be forked: %s",
                strerror(child->fork_error));
    }
    return child->pid != 0;
}

static void start_probe(yk_supervisor *supervisor, uint32_t i)
{
    yk_control *control = supervisor->control;
    yk_error error = {.status = YOKE_OK};

    if (!fork_probe(supervisor, i, &error)) {
        yk_text_format(control->probes[i].error, sizeof control->probes[i].error,
                       "%s: %s", control->probes[i].driver.path, yk_error_text(&error));
        return;
    }
    supervisor->probes[i].deadline_ns = yk_clock_ns() + control->start_timeout_ns;
}

/* A driver that was loaded before the fork does not work after it. Processes that open a driver
 * therefore execute the program. CPU workers, which have to see the program's variables, open
 * none. */
static void discovery_find_loaded(yk_supervisor *supervisor,
                                  const yk_device_discovery *discovery)
{
    yk_control *control = supervisor->control;
    char name[sizeof control->loaded_driver];

    if (discovery->has_driver != NULL && discovery->has_driver(name, sizeof name)) {
        yk_text_copy(control->loaded_driver, sizeof control->loaded_driver, name);
    }
    if (discovery->has_runtime != NULL && discovery->has_runtime(name, sizeof name)) {
        supervisor->executes_devices = true;
        yk_supervisor_log(supervisor,
                          "%s is loaded in the program: processes that open drivers "
                          "are executed, not forked",
                          name);
    }
}

static void discovery_add_drivers(yk_control *control, uint32_t kind)
{
    yk_driver drivers[YK_MAX_DRIVERS];
    const size_t count = yk_device_kind_at(kind)->discovery->drivers(drivers);

    for (size_t i = 0; i < count && control->driver_count < YK_MAX_DRIVERS; i++) {
        yk_driver *driver = &control->probes[control->driver_count++].driver;

        *driver = drivers[i];
        driver->kind = kind;
    }
}

void yk_supervisor_find_drivers(yk_supervisor *supervisor)
{
    yk_control *control = supervisor->control;
    const bool wanted =
        control->discover != 0 || yk_selection_wants_discovery(&control->selection);

    for (uint32_t kind = 1; kind < yk_device_kinds_end(); kind++) {
        const yk_device_discovery *discovery = yk_device_kind_at(kind)->discovery;

        if (discovery != NULL) {
            discovery_add_drivers(control, kind);
            discovery_find_loaded(supervisor, discovery);
        }
    }
    if (control->loaded_driver[0] == '\0') {
        find_source_device(control);
    }
    atomic_store(&control->discovery, wanted && control->driver_count > 0
                                          ? YK_DISCOVERY_RUNNING
                                          : YK_DISCOVERY_DONE);
}

void yk_supervisor_start_probes(yk_supervisor *supervisor)
{
    yk_control *control = supervisor->control;

    if (atomic_load(&control->discovery) == YK_DISCOVERY_RUNNING) {
        for (uint32_t i = 0; i < control->driver_count; i++) {
            start_probe(supervisor, i);
        }
    }
}

/* ---- what was found ---- */

static yk_found *add_found(yk_control *control, const yk_probe *probe)
{
    const uint32_t i = atomic_load(&control->found_count);
    yk_found *found = &control->found[i];

    if (i == YK_MAX_FOUND) {
        return NULL;
    }
    found->kind = probe->driver.kind;
    found->index = UINT32_MAX;
    found->worker = -1;
    memcpy(found->driver, probe->driver.path, sizeof found->driver);
    memcpy(found->library, probe->driver.library, sizeof found->library);
    atomic_store(&control->found_count, i + 1);
    return found;
}

static void explain_unused(const yk_control *control, yk_found *found)
{
    const char *const list = control->selection.text;
    char *text = found->reason;
    const size_t bytes = sizeof found->reason;

    if (found->device.type == YK_HARDWARE_CPU) {
        yk_text_format(text, bytes,
                       "not used: it is the CPU, whose cores are workers already; "
                       "%s:%u in the device list (now \"%s\") uses it",
                       yk_device_kind_at(found->kind)->name, found->index, list);
    } else {
        yk_text_format(text, bytes, "not used: not in the device list \"%s\"", list);
    }
}

static void discovery_employ(yk_supervisor *supervisor, yk_found *found,
                             uint32_t driver, const yk_selector *selector)
{
    yk_control *control = supervisor->control;
    yk_worker *worker = yk_supervisor_add_worker(supervisor, found->kind, found->index);

    if (worker == NULL) {
        return;
    }
    found->worker = (int32_t)(worker - control->workers);
    worker->found = (int32_t)(found - control->found);
    worker->driver_class = yk_device_kinds_end() + driver;
    worker->config.discrete = control->discrete;
    worker->config.executed = supervisor->executes_devices;
    worker->config.own = found->device.own;
    worker->config.number = found->index + 1; /* UINT32_MAX: none */
    memcpy(worker->config.driver, found->driver, sizeof worker->config.driver);
    yk_text_copy(worker->reason, sizeof worker->reason, selector->reason);
    yk_supervisor_start_worker(supervisor, (uint32_t)found->worker);
}

static void discovery_settle_device(yk_supervisor *supervisor, uint32_t driver,
                                    const yk_found_device *device, uint32_t *index)
{
    yk_control *control = supervisor->control;
    const yk_probe *probe = &control->probes[driver];
    yk_found *found = add_found(control, probe);
    const yk_selector *selector;
    yk_candidate candidate;

    if (found == NULL) {
        return;
    }
    found->index = (*index)++;
    found->device = *device;
    candidate = yk_found_candidate(found);
    selector = yk_selection_pick(&control->selection, &candidate);
    if (selector != NULL) {
        discovery_employ(supervisor, found, driver, selector);
    } else {
        explain_unused(control, found);
    }
}

static void settle_driver(yk_supervisor *supervisor, uint32_t driver, uint32_t *index)
{
    yk_control *control = supervisor->control;
    const yk_probe *probe = &control->probes[driver];

    for (uint64_t i = 0; i < probe->count; i++) {
        discovery_settle_device(supervisor, driver, &probe->devices[i], index);
    }
    if (probe->count == 0) {
        yk_found *found = add_found(control, probe);

        if (found != NULL) {
            found->failed =
                atomic_load(&probe->finished) == 0 || probe->status != YOKE_OK;
            yk_text_copy(found->reason, sizeof found->reason, probe->error);
        }
    }
}

/* ---- progress ---- */

static void reap_probe(yk_supervisor *supervisor, uint32_t i)
{
    yk_probe *probe = &supervisor->control->probes[i];
    yk_child *child = &supervisor->probes[i];
    int status;

    if (!yk_supervisor_reap(child, &status) || atomic_load(&probe->finished) != 0) {
        return;
    }
    probe->count = 0;
    if (child->killed_hung) {
        yk_text_format(probe->error, sizeof probe->error,
                       "%s: the driver hangs when asked for its devices",
                       probe->driver.path);
    } else {
        char how[128];

        yk_process_describe_exit(status, how, sizeof how);
        yk_text_format(probe->error, sizeof probe->error,
                       "%s: the driver crashes when asked for its devices: %s",
                       probe->driver.path, how);
    }
}

/* Whether a probe still runs. Kills it if its time is up. */
static bool is_probing(yk_child *child, uint64_t now, uint64_t *next)
{
    if (child->pid == 0) {
        return false;
    }
    if (now >= child->deadline_ns && !child->killed_hung) {
        child->killed_hung = true;
        yk_process_kill(child->pid);
    }
    if (!child->killed_hung) {
        *next = yk_min(*next, child->deadline_ns);
    }
    return true;
}

uint64_t yk_supervisor_check_probes(yk_supervisor *supervisor)
{
    yk_control *control = supervisor->control;
    const uint64_t now = yk_clock_ns();
    uint64_t next = UINT64_MAX;
    uint32_t index[YK_MAX_DEVICE_KINDS] = {0};
    bool probing = false;

    if (atomic_load(&control->discovery) != YK_DISCOVERY_RUNNING) {
        return UINT64_MAX;
    }
    for (uint32_t i = 0; i < control->driver_count; i++) {
        reap_probe(supervisor, i);
        probing |= is_probing(&supervisor->probes[i], now, &next);
    }
    if (probing) {
        return next;
    }
    for (uint32_t i = 0; i < control->driver_count; i++) {
        settle_driver(supervisor, i, &index[control->probes[i].driver.kind]);
    }
    atomic_store(&control->discovery, YK_DISCOVERY_DONE);
    yk_eventcount_signal(&control->changed);
    yk_control_wake_workers(control);
    return UINT64_MAX;
}
