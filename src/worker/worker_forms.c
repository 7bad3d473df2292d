/* SPDX-License-Identifier: MIT */
/*
 * A kernel with a native function and with source: which of them a CPU worker runs. The
 * function, until it has run here for about as long as a compilation may take; then this
 * worker builds the source for its second device, computes a few chunks with either, in turn, and
 * decides for all CPU workers, which are alike. A trial that kills its worker, or that the compiler
 * refuses, decides for the function, too.
 *
 * The choice is for the rest of the kernel's life, so it must not be wrong because the machine was
 * busy. What counts is the time in which the worker ran, without that in which others had its
 * processor; and of several chunks the median, since load also slows down what runs.
 */
#include "base/clock.h"
#include "protocol/bells.h"
#include "worker/worker.h"
#include "yoke/kernel.h"

/* How long the native form runs before the source is tried. */
static const uint64_t trial_after_ns = YK_NS_PER_S;

/* The factor by which the source must be faster. */
static const double clearly_faster = 1.05;

/* Two measurements are enough if the source is slower by this factor: more than a busy neighbour,
 * with which a core is shared, slows it down. */
static const double clearly_slower = 3;

/* Chunks in which a driver compiled for a new shape of launch do not count, nor does the first; but
 * a source that compiles all the time is slow. */
enum { SOURCE_MOST_SKIPPED = 16 };

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

static yk_forms *forms_of(yk_worker_self *self, uint32_t kernel_slot)
{
    yk_forms *forms = &self->forms[kernel_slot];
    const uint64_t id = self->control->kernels[kernel_slot].kernel.id;

    if (forms->kernel_id != id) {
        *forms = (yk_forms){.kernel_id = id};
    }
    return forms;
}

static bool is_on_trial(const yk_worker_self *self, const yk_kernel_slot *slot)
{
    return atomic_load(&slot->form) ==
           yk_form_pack(slot->kernel.id, self->slot, YK_FORM_TRIAL);
}

/* The next form in a trial: source, function, source, ... */
static uint32_t form_in_turn(const yk_forms *forms)
{
    return forms->skipped == 0 || forms->source.looks < forms->native.looks
               ? YK_FORM_SOURCE
               : YK_FORM_NATIVE;
}

/* Which form of a kernel that has both this worker is to run. */
static uint32_t form_for(yk_worker_self *self, uint32_t kernel_slot)
{
    const yk_kernel_slot *slot = &self->control->kernels[kernel_slot];
    const uint32_t form = yk_form_of(atomic_load(&slot->form), slot->kernel.id);

    if (slot->kernel.cpu_form != YOKE_FORM_FASTER || self->slot == YK_CALLER) {
        return slot->kernel.cpu_form == YOKE_FORM_SOURCE && self->slot != YK_CALLER
                   ? YK_FORM_SOURCE
                   : YK_FORM_NATIVE;
    }
    if (form == YK_FORM_TRIAL && is_on_trial(self, slot)) {
        return form_in_turn(forms_of(self, kernel_slot));
    }
    return form == YK_FORM_SOURCE ? YK_FORM_SOURCE : YK_FORM_NATIVE;
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
    if (form_for(self, kernel_slot) != YK_FORM_SOURCE) {
        return self->device;
    }
    source = yk_worker_source_device(self);
    return source != NULL || !yk_worker_drop_source(self, kernel_slot) ? source
                                                                       : self->device;
}

/* The second device has refused the launch. */
static bool form_is_refused(const yk_worker_self *self, const yk_job *job)
{
    return self->native_launch == job->launch.id;
}

yk_device *yk_worker_device_in(yk_worker_self *self, const yk_job *job)
{
    return form_is_refused(self, job) ? self->device
                                      : yk_worker_device_for(self, job->kernel_slot);
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

/* Whether the native form can take the source's place. */
static bool form_may_be_native(const yk_worker_self *self, const yk_kernel *kernel)
{
    return has_choice(self, kernel) && kernel->cpu_form != YOKE_FORM_SOURCE;
}

bool yk_worker_drop_source(yk_worker_self *self, uint32_t kernel_slot)
{
    yk_kernel_slot *slot = &self->control->kernels[kernel_slot];

    if (!form_may_be_native(self, &slot->kernel)) {
        return false;
    }
    form_decide(slot, slot->kernel.id, YK_FORM_NATIVE);
    return true;
}

bool yk_worker_refuse_source(yk_worker_self *self, const yk_job *job)
{
    if (!form_may_be_native(self, &self->control->kernels[job->kernel_slot].kernel)) {
        return false;
    }
    self->native_launch = job->launch.id;
    return true;
}

bool yk_worker_should_change_form(yk_worker_self *self, const yk_job *job,
                                  const yk_device *device)
{
    const yk_kernel_slot *slot = &self->control->kernels[job->kernel_slot];

    return has_choice(self, &slot->kernel) && !form_is_refused(self, job) &&
           (form_for(self, job->kernel_slot) == YK_FORM_SOURCE) !=
               (device != self->device);
}

/* ---- the trial ---- */

static double form_median(const yk_form_trial *trial)
{
    const double *v = trial->speeds;
    const double low = v[0] < v[1] ? v[0] : v[1];
    const double high = v[0] < v[1] ? v[1] : v[0];

    static_assert(YK_FORM_LOOKS == 3, "the median of three");
    return v[2] < low ? low : v[2] > high ? high : v[2];
}

static void begin_trial(yk_worker_self *self, yk_kernel_slot *slot, yk_forms *forms)
{
    uint64_t word = atomic_load(&slot->form);

    if (yk_form_of(word, forms->kernel_id) == YK_FORM_OPEN &&
        atomic_compare_exchange_strong(
            &slot->form, &word,
            yk_form_pack(forms->kernel_id, self->slot, YK_FORM_TRIAL))) {
        self->form_began = yk_own_time_now();
    }
}

static double form_best(const yk_form_trial *trial)
{
    double best = 0;

    for (size_t i = 0; i < YK_FORM_LOOKS && i < trial->looks; i++) {
        best = trial->speeds[i] > best ? trial->speeds[i] : best;
    }
    return best;
}

static bool is_clearly_slower(const yk_forms *forms)
{
    return forms->source.looks >= 2 && forms->native.looks >= 2 &&
           form_best(&forms->source) * clearly_slower < form_best(&forms->native);
}

/* The chunks of both forms are of the same job or of similar ones, so their speeds can be
 * compared. */
static void end_trial(yk_worker_self *self, uint32_t kernel_slot, const yk_forms *forms)
{
    yk_build *build = &self->worker->builds[kernel_slot];
    const bool slower = is_clearly_slower(forms);
    const double native = slower ? form_best(&forms->native) : form_median(&forms->native);
    const double source = form_median(&forms->source);
    const bool better = !slower && source > clearly_faster * native;

    form_decide(&self->control->kernels[kernel_slot], forms->kernel_id,
                better ? YK_FORM_SOURCE : YK_FORM_NATIVE);
    atomic_store(&build->speed, yk_double_bits(better ? source : native));
    atomic_store(&build->usual, yk_double_bits(better ? source : native));
    self->measured = (yk_measured){.ref = {UINT32_MAX, 0}}; /* of both forms */
}

static void form_look(yk_form_trial *trial, uint64_t items, uint64_t ns)
{
    trial->speeds[trial->looks % YK_FORM_LOOKS] = (double)items / (double)ns;
    trial->looks++;
}

static bool source_look_counts(yk_worker_self *self, yk_forms *forms)
{
    const bool counts = forms->skipped > 0 && (!self->source_device->compiled ||
                                               forms->skipped == SOURCE_MOST_SKIPPED);

    self->source_device->compiled = false;
    forms->skipped += !counts;
    return counts;
}

/* Counts what was computed in a trial. */
static void count_trial(yk_worker_self *self, uint32_t kernel_slot, yk_forms *forms,
                        bool is_native, uint64_t items)
{
    const uint64_t ns = yk_own_time_since(&self->form_began);

    if (is_native) {
        form_look(&forms->native, items, ns);
    } else if (source_look_counts(self, forms)) {
        form_look(&forms->source, items, ns);
    }
    if (is_clearly_slower(forms) || (forms->source.looks >= YK_FORM_LOOKS &&
                                     forms->native.looks >= YK_FORM_LOOKS)) {
        end_trial(self, kernel_slot, forms);
    }
    self->form_began = yk_own_time_now();
}

/* Whether it is measured which form of a kernel is faster. */
static bool is_open_choice(const yk_worker_self *self, const yk_kernel *kernel)
{
    return has_choice(self, kernel) && self->slot != YK_CALLER &&
           kernel->cpu_form == YOKE_FORM_FASTER &&
           self->control->check == 0; /* the cost of checks says nothing about the forms */
}

void yk_worker_start_form(yk_worker_self *self, const yk_job *job)
{
    const yk_kernel_slot *slot = &self->control->kernels[job->kernel_slot];

    if (is_open_choice(self, &slot->kernel) && is_on_trial(self, slot)) {
        self->form_began = yk_own_time_now();
    }
}

void yk_worker_count_form(yk_worker_self *self, const yk_job *job,
                          const yk_device *device, uint64_t items, uint64_t ns)
{
    yk_kernel_slot *slot = &self->control->kernels[job->kernel_slot];
    const bool is_native = device == self->device;
    yk_forms *forms;

    /* Both forms are measured in the same jobs. */
    if (!is_open_choice(self, &slot->kernel) || form_is_refused(self, job)) {
        return;
    }
    forms = forms_of(self, job->kernel_slot);
    if (is_on_trial(self, slot)) {
        count_trial(self, job->kernel_slot, forms, is_native, items);
    } else if (is_native) {
        forms->native_ns += ns;
        if (forms->native_ns >= trial_after_ns && self->control->source.kind != 0) {
            begin_trial(self, slot, forms);
        }
    }
}
