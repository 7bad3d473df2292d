/* SPDX-License-Identifier: MIT */
#include "protocol/aside.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void aside_print(const yk_control *control, uint32_t worker_slot,
                        const yk_kernel *kernel, const char *text)
{
    (void)fprintf(stderr, "yoke: %s does not run %s '%s': %s\n",
                  control->workers[worker_slot].name, yk_kernel_noun(kernel),
                  kernel->name, text);
}

void yk_aside_note(yk_control *control, uint32_t worker_slot, uint32_t kernel_slot,
                   bool by_design, const char *text)
{
    const yk_kernel *kernel = &control->kernels[kernel_slot].kernel;
    yk_aside *aside = &control->asides[worker_slot][kernel_slot];
    char now[YK_ASIDE_BYTES];

    yk_text_copy(now, sizeof now,
                 text[0] != '\0' ? text : "it does not run kernels of this kind");
    if (atomic_load(&aside->kernel_id) == kernel->id && strcmp(aside->text, now) == 0) {
        return;
    }
    atomic_store(&aside->kernel_id, 0);
    memcpy(aside->text, now, sizeof now);
    atomic_store(&aside->kernel_id, kernel->id);
    if (control->log != 0 && !by_design) {
        aside_print(control, worker_slot, kernel, now);
    }
}

void yk_aside_read(const yk_control *control, uint32_t worker_slot,
                   uint32_t kernel_slot, uint64_t kernel_id, char text[YK_ASIDE_BYTES])
{
    const yk_aside *aside = &control->asides[worker_slot][kernel_slot];

    text[0] = '\0';
    if (atomic_load(&aside->kernel_id) == kernel_id) {
        memcpy(text, aside->text, YK_ASIDE_BYTES);
        text[YK_ASIDE_BYTES - 1] = '\0';
    }
    /* If it has been rewritten meanwhile, the result is as if this call had come a moment
     * earlier. */
    if (atomic_load(&aside->kernel_id) != kernel_id) {
        text[0] = '\0';
    }
}
