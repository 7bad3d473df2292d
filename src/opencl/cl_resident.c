/* SPDX-License-Identifier: MIT */
#include "opencl/cl_resident.h"

#include "launch/lent.h"
#include "opencl/cl_memory.h"
#include "opencl/cl_queue.h"

static void cl_resident_release(yk_cl_resident *resident)
{
    if (resident->handle != NULL) {
        (void)yk_cl.clReleaseMemObject(resident->handle);
    }
    yk_mirror_fini(&resident->mirror);
    *resident = (yk_cl_resident){.handle = NULL};
}

static yk_cl_resident *cl_resident_find(yk_cl_device *device, const yk_residency *table)
{
    for (size_t i = 0; i < YK_CL_MAX_RESIDENTS; i++) {
        if (device->residents[i].mirror.id == table->id) {
            return &device->residents[i];
        }
    }
    return NULL;
}

yoke_status yk_cl_residents_fetch(yk_cl_device *device, const yk_residency *table,
                                  yk_pages blocks, yk_error *error)
{
    const yk_cl_resident *const resident = cl_resident_find(device, table);
    uint64_t address;
    const uint64_t bytes = yk_residency_bytes(table, blocks, &address);
    cl_int code = CL_INVALID_MEM_OBJECT;

    if (resident != NULL) {
        code =
            yk_cl.clEnqueueReadBuffer(device->lanes[0].queue, resident->handle, CL_TRUE,
                                      (size_t)(address - table->address), (size_t)bytes,
                                      (void *)(uintptr_t)address, 0, NULL, NULL);
    }
    if (code != CL_SUCCESS) {
        device->has_failed = true;
        (void)yk_cl_fail(error, device->info.name, "a transfer from the device", code);
        return YOKE_EDEVICE;
    }
    device->base.received += bytes;
    return YOKE_OK;
}

static bool cl_resident_is_bound(const yk_cl_device *device,
                                 const yk_cl_resident *resident)
{
    for (size_t i = 0; i < YK_MAX_ARGS; i++) {
        if (device->bindings[i].resident == resident) {
            return true;
        }
    }
    return false;
}

/* Copies to the window what only the buffer has. */
static bool cl_resident_empty(yk_cl_device *device, const yk_cl_resident *resident)
{
    yk_residency *const table = resident->mirror.table;

    return !yk_mirror_is_live(&resident->mirror) ||
           yk_device_write_back(&device->base, table, (yk_pages){0, table->count},
                                NULL) == YOKE_OK;
}

bool yk_cl_resident_evict(yk_cl_device *device)
{
    yk_cl_resident *oldest = NULL;

    for (size_t i = 0; i < YK_CL_MAX_RESIDENTS; i++) {
        yk_cl_resident *const resident = &device->residents[i];

        if (resident->handle != NULL && !cl_resident_is_bound(device, resident) &&
            (oldest == NULL || resident->used < oldest->used)) {
            oldest = resident;
        }
    }
    if (oldest == NULL || !cl_resident_empty(device, oldest)) {
        return false;
    }
    cl_resident_release(oldest);
    return true;
}

static yk_cl_resident *cl_resident_free_slot(yk_cl_device *device)
{
    do {
        for (size_t i = 0; i < YK_CL_MAX_RESIDENTS; i++) {
            if (device->residents[i].handle == NULL) {
                return &device->residents[i];
            }
        }
    } while (yk_cl_resident_evict(device));
    return NULL;
}

static yk_cl_resident *cl_resident_make(yk_cl_device *device, yk_residency *table)
{
    yk_cl_resident *const resident = cl_resident_free_slot(device);
    cl_int code;

    if (resident == NULL || !yk_mirror_init(&resident->mirror, table)) {
        return NULL;
    }
    do {
        code = yk_cl_buffer_make(device, table->bytes, &resident->handle);
    } while (yk_cl_is_memory_failure(code) && yk_cl_resident_evict(device));
    if (code != CL_SUCCESS) {
        cl_resident_release(resident);
        return NULL;
    }
    return resident;
}

static yk_cl_resident *resident_of(yk_cl_device *device, yk_residency *table)
{
    yk_cl_resident *const found = cl_resident_find(device, table);

    return found != NULL ? found : cl_resident_make(device, table);
}

bool yk_cl_resident_stays(const yk_cl_device *device, size_t index)
{
    return device->base.keeps && device->bindings[index].resident != NULL &&
           yk_lent_may_stay(&device->launch->args[index]);
}

bool yk_cl_resident_bind(yk_cl_device *device, const yk_arg *arg,
                         yk_cl_binding *binding)
{
    yk_residency *const table = yk_lent_table(arg);
    yk_cl_resident *resident;
    uint64_t low;
    uint64_t high;

    if (table->bytes > device->max_alloc ||
        (arg->address - table->address) % device->buffer_align != 0) {
        return false;
    }
    resident = resident_of(device, table);
    if (resident == NULL || !yk_cl_bind_part(resident->handle, arg, binding)) {
        return false;
    }
    resident->used = ++device->clock;
    binding->resident = resident;
    yk_footprint_span(device->launch, arg, &low, &high);
    if (low < arg->address) {
        binding->store = resident->handle;
        binding->store_address = table->address;
    }
    return true;
}

static bool has_residents(const yk_cl_device *device)
{
    for (size_t i = 0; i < device->launch->arg_count; i++) {
        if (device->bindings[i].resident != NULL) {
            return true;
        }
    }
    return false;
}

cl_int yk_cl_residents_follow(const yk_cl_device *device, const yk_cl_lane *lane)
{
    cl_int code = CL_SUCCESS;

    for (unsigned i = 0; i < device->info.lanes && code == CL_SUCCESS; i++) {
        const yk_cl_lane *const other = &device->lanes[i];

        if (other != lane && other->sent != NULL) {
            code =
                yk_cl.clEnqueueMarkerWithWaitList(lane->queue, 1, &other->sent, NULL);
        }
    }
    return code;
}

cl_int yk_cl_residents_lead(const yk_cl_device *device, yk_cl_lane *lane)
{
    yk_cl_event_release(&lane->sent);
    return has_residents(device)
               ? yk_cl.clEnqueueMarkerWithWaitList(lane->queue, 0, NULL, &lane->sent)
               : CL_SUCCESS;
}

void yk_cl_residents_keep(yk_cl_device *device, const yk_cl_lane *lane)
{
    const yk_launch *const launch = device->launch;
    yk_extent extent;

    for (size_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *const arg = &launch->args[i];
        yk_cl_resident *const resident = device->bindings[i].resident;

        if (resident != NULL &&
            yk_footprint_write(launch, arg, lane->begin, lane->end, &extent) != 0) {
            yk_mirror_hold(&resident->mirror, yk_lent_table(arg), &extent);
        }
        if (yk_cl_resident_stays(device, i)) {
            yk_residency_hold(yk_lent_table(arg), extent.address,
                              extent.address + extent.bytes, device->base.holder);
        }
    }
}

void yk_cl_residents_forget(yk_cl_device *device)
{
    for (size_t i = 0; i < YK_CL_MAX_RESIDENTS; i++) {
        yk_mirror_forget(&device->residents[i].mirror);
    }
}

void yk_cl_residents_close(yk_cl_device *device)
{
    for (size_t i = 0; i < YK_CL_MAX_RESIDENTS; i++) {
        cl_resident_release(&device->residents[i]);
    }
}
