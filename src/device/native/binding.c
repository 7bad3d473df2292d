/* SPDX-License-Identifier: MIT */
#include "device/native/binding.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/footprint.h"

static bool needs_scratch(const yk_arg *arg)
{
    return arg->kind == YK_ARG_SCALAR || arg->kind == YK_ARG_LOCAL ||
           arg->kind == YK_ARG_SAMPLER;
}

static uint64_t scratch_of(const yk_arg *arg)
{
    return yk_round_up(yk_max(arg->bytes, 1), YK_BINDING_ALIGNMENT);
}

/* Adds an argument's scratch memory to *total. False if that becomes too large. */
static bool add_scratch(uint64_t *total, const yk_arg *arg)
{
    return arg->bytes <= SIZE_MAX / 2 && yk_add(*total, scratch_of(arg), total) &&
           *total <= SIZE_MAX / 2;
}

static bool scratch_size(const yk_launch *launch, uint64_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];

        if (needs_scratch(arg) && !add_scratch(total, arg)) {
            return false;
        }
    }
    return true;
}

static bool grow_scratch(yk_binding *binding, size_t bytes)
{
    if (bytes <= binding->scratch_bytes) {
        return true;
    }
    yk_binding_fini(binding);
    binding->scratch = aligned_alloc(YK_BINDING_ALIGNMENT, bytes);
    binding->scratch_bytes = binding->scratch == NULL ? 0 : bytes;
    return binding->scratch != NULL;
}

yoke_status yk_binding_set(yk_binding *binding, const yk_launch *launch,
                           yk_error *error)
{
    uint64_t total;
    size_t at = 0;

    if (!scratch_size(launch, &total) || !grow_scratch(binding, (size_t)total)) {
        return yk_fail(
            error, YOKE_ENOMEM,
            "cannot allocate memory for the local and scalar arguments of a kernel");
    }
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];

        if (needs_scratch(arg)) {
            binding->args[i] = binding->scratch + at;
            at += (size_t)scratch_of(arg);
        } else {
            binding->args[i] =
                (void *)(uintptr_t)yk_launch_array_of(launch, arg)->address;
        }
    }
    /* The number of arguments that a function takes is unknown: one that takes more than were
     * given must not find those of an earlier job. */
    for (uint32_t i = launch->arg_count; i < binding->arg_count; i++) {
        binding->args[i] = NULL;
    }
    binding->arg_count = launch->arg_count;
    return YOKE_OK;
}

void yk_binding_fill_scalars(yk_binding *binding, const yk_launch *launch)
{
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];

        if (arg->kind == YK_ARG_SCALAR || arg->kind == YK_ARG_SAMPLER) {
            memcpy(binding->args[i], yk_launch_value(launch, arg), (size_t)arg->bytes);
        }
    }
}

void yk_binding_move(yk_binding *binding, const yk_launch *launch, uint64_t begin)
{
    for (uint32_t i = 0; launch->block_items != 0 && i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];

        if (arg->kind == YK_ARG_ARRAY) {
            binding->args[i] = (void *)(uintptr_t)(
                arg->address + yk_footprint_shift(launch, arg, begin));
        }
    }
}

void yk_binding_fini(yk_binding *binding)
{
    free(binding->scratch);
    binding->scratch = NULL;
    binding->scratch_bytes = 0;
}
