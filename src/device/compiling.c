/* SPDX-License-Identifier: MIT */
#include "device/compiling.h"

#include <stddef.h>

#include "base/clock.h"
#include "sys/signals.h"

static yk_compiling nowhere;
static yk_compiling *noted_in = &nowhere;
static yk_capture captured = {.file = -1};
static void (*call_noted)(void *context);
static void *noted_context;

void yk_compiling_use(yk_compiling *note, int file, uint64_t offset,
                      void (*noted)(void *context), void *context)
{
    noted_in = note;
    captured = (yk_capture){.file = file, .offset = offset};
    call_noted = noted;
    noted_context = context;
}

uint32_t yk_compiling_enter(uint32_t step)
{
    const uint32_t before = atomic_load(&noted_in->step);

    atomic_store(&noted_in->step, step);
    if (before == YK_COMPILING_NOTHING) {
        yk_capture_start(&captured);
        atomic_store(&noted_in->since, yk_clock_ns());
        if (call_noted != NULL) {
            call_noted(noted_context);
        }
    }
    return before;
}

void yk_compiling_leave(uint32_t before)
{
    if (before == YK_COMPILING_NOTHING) {
        atomic_store(&noted_in->since, 0);
        yk_capture_stop(&captured);
    }
    atomic_store(&noted_in->step, before);
}
