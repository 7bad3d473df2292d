/* SPDX-License-Identifier: MIT */
/*
 * A kernel with a native function and with source: which of them a CPU worker runs. The
 * function, until it has run here for about as long as a compilation may take; then this
 * worker builds the source for its second device, computes a few chunks with it and decides
 * for all CPU workers, which are alike. A trial that kills its worker, or that the compiler
 * refuses, decides for the function, too.
 */
#include "base/clock.h"
#include "protocol/bells.h"
#include "worker/worker.h"
#include "yoke/kernel.h"

/* How long the native form runs before the source is tried. */
static const uint64_t trial_after_ns = YK_NS_PER_S;

/* The factor by which the source must be faster. */
static const double clearly_faster = 1.05;

/* One measurement is enough if the source is slower by this factor. */
static const double clearly_slower = 1.5;

/* Measurements of a trial. The first includes what is compiled at the first launch. */
enum { TRIAL_LOOKS = 4 };

/* Whether its own device calls native functions, so that sources need another device. */
static bool calls_functions(const yk_worker_self *self)
{
    return yk_worker_has(self->worker, YK_TRAIT_BORROWS_SOURCE);
}

static bool has_choice(const yk_worker_self *self, const yk_kernel *kernel)
{
    return calls_functions(self) && yk_kernel_has_native(kernel) &&
           yk_kernel_has_source(kernel);
}

static void form_decide(yk_kernel_slot *slot, uint64_t id, uint32_t form)
{
    atomic_store(&slot->form, yk_form_pack(id, 0, form));
}

/* Which form of a kernel that has both this worker is to run. */
static uint32_t form_for(const yk_worker_self *self, const yk_kernel_slot *slot)
{
    const uint64_t word = atomic_load(&slot->form);
    const uint32_t form = yk_form_of(word, slot->kernel.id);

    if (slot->kernel.cpu_form != YOKE_FORM_FASTER || self->slot == YK_CALLER) {
        return slot->kernel.cpu_form == YOKE_FORM_SOURCE && self->slot != YK_CALLER
                   ? YK_FORM_SOURCE
                   : YK_FORM_NATIVE;
    }
    if (form == YK_FORM_TRIAL) {
        return word == yk_form_pack(slot->kernel.id, self->slot, form) ? YK_FORM_SOURCE
                                                                       : YK_FORM_NATIVE;
    }
    return form == YK_FORM_SOURCE ? YK_FORM_SOURCE : YK_FORM_NATIVE;
}

static yk_forms *forms_of(yk_worker_self *self, uint32_t kernel_slot)
{
    yk_forms *forms = &self->forms[kernel_slot];
    const uint64_t id = self->control->kernels[kernel_slot].kernel.id;

    if (forms->kernel_id != id) {
        *forms = (yk_forms){.kernel_id = id};
    }
    return forms;
}

yk_device *yk_worker_device_for(yk_worker_self *self, uint32_t kernel_slot)
{
    yk_kernel_slot *slot = &self->control->kernels[kernel_slot];
    yk_device *source;

    if (!calls_functions(self) || !yk_kernel_has_source(&slot->kernel)) {
        return self->device;
    }
    if (!yk_kernel_has_native(&slot->kernel)) {
        return yk_worker_source_device(self);
    }
    if (form_for(self, slot) != YK_FORM_SOURCE) {
        return self->device;
    }
    source = yk_worker_source_device(self);
    return source != NULL || !yk_worker_drop_source(self, kernel_slot) ? source
                                                                       : self->device;
}

yoke_status yk_worker_build_source(yk_worker_self *self, uint32_t kernel_slot)
{
    const yk_kernel *kernel = &self->control->kernels[kernel_slot].kernel;
    yk_forms *forms = forms_of(self, kernel_slot);
    yoke_status status;

    if (forms->source_is_built || !has_choice(self, kernel)) {
        return YOKE_OK;
    }
    /* Meanwhile any worker may take its tiles. */
    yk_worker_start_building(self, kernel_slot, kernel->id);
    yk_control_wake_workers(self->control);
    status = self->source_device->ops->build(self->source_device, kernel, &self->error);
    yk_worker_end_building(self);
    forms->source_is_built = status == YOKE_OK;
    return status;
}

bool yk_worker_drop_source(yk_worker_self *self, uint32_t kernel_slot)
{
    yk_kernel_slot *slot = &self->control->kernels[kernel_slot];

    if (!has_choice(self, &slot->kernel) || slot->kernel.cpu_form == YOKE_FORM_SOURCE) {
        return false;
    }
    form_decide(slot, slot->kernel.id, YK_FORM_NATIVE);
    return true;
}

bool yk_worker_should_change_form(yk_worker_self *self, uint32_t kernel_slot,
                                  const yk_device *device)
{
    const yk_kernel_slot *slot = &self->control->kernels[kernel_slot];

    return has_choice(self, &slot->kernel) &&
           (form_for(self, slot) == YK_FORM_SOURCE) != (device != self->device);
}

/* ---- the trial ---- */

static double form_speed_of(uint64_t items, uint64_t ns)
{
    return (double)items / (double)ns;
}

static void begin_trial(yk_worker_self *self, yk_kernel_slot *slot, yk_forms *forms)
{
    uint64_t word = atomic_load(&slot->form);

    if (yk_form_of(word, forms->kernel_id) == YK_FORM_OPEN) {
        (void)atomic_compare_exchange_strong(
            &slot->form, &word,
            yk_form_pack(forms->kernel_id, self->slot, YK_FORM_TRIAL));
    }
}

static bool is_clearly_slower(const yk_forms *forms)
{
    return forms->source_ns > 0 &&
           form_speed_of(forms->source_items, forms->source_ns) <
               forms->native_speed / clearly_slower;
}

/* The chunks of both forms are of the same job or of similar ones, so their speeds can be
 * compared. */
static void end_trial(yk_worker_self *self, uint32_t kernel_slot, yk_forms *forms)
{
    yk_build *build = &self->worker->builds[kernel_slot];
    const double source = form_speed_of(forms->source_items, forms->source_ns);
    const bool better = source > clearly_faster * forms->native_speed;

    form_decide(&self->control->kernels[kernel_slot], forms->kernel_id,
                better ? YK_FORM_SOURCE : YK_FORM_NATIVE);
    atomic_store(&build->speed, yk_double_bits(better ? source : forms->native_speed));
    atomic_store(&build->usual, yk_double_bits(better ? source : forms->native_speed));
    self->measured = (yk_measured){.ref = {UINT32_MAX, 0}}; /* of both forms */
}

void yk_worker_count_form(yk_worker_self *self, uint32_t kernel_slot,
                          const yk_device *device, uint64_t items, uint64_t ns)
{
    yk_kernel_slot *slot = &self->control->kernels[kernel_slot];
    yk_forms *forms;

    if (!has_choice(self, &slot->kernel) || self->slot == YK_CALLER ||
        self->control->check !=
            0 || /* the cost of checks says nothing about the forms */
        slot->kernel.cpu_form != YOKE_FORM_FASTER) {
        return;
    }
    forms = forms_of(self, kernel_slot);
    if (device == self->device) {
        forms->native_ns += ns;
        forms->native_speed =
            yk_bits_double(atomic_load(&self->worker->builds[kernel_slot].speed));
        if (forms->native_ns >= trial_after_ns && self->control->source.kind != 0) {
            begin_trial(self, slot, forms);
        }
    } else if (yk_form_of(atomic_load(&slot->form), forms->kernel_id) ==
               YK_FORM_TRIAL) {
        if (forms->looks++ > 0) {
            forms->source_items += items;
            forms->source_ns += ns;
        }
        if (forms->looks == TRIAL_LOOKS || is_clearly_slower(forms)) {
            end_trial(self, kernel_slot, forms);
        }
    }
}
